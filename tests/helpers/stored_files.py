"""The simulation whose files are kept in `tests/data`, as versions of gpusyn wrote them: one of each format.

`python -m tests.helpers.stored_files DIR` writes them in today's formats. The compressed file of a new format goes to
`tests/data` in the change that begins it, and stays there for good.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import gpusyn as gs
from tests.helpers.paths import ROOT

SAVED, END = 5.0, 10.0  # times of the checkpoint and of the end (ms)


def describe() -> gs.Network:
    """Neurons that fire, and synapses that learn."""
    net = gs.Network()
    cells = net.population("cells", 4, gs.LIF(), receptors=[gs.AMPA()], V=gs.Uniform(-60.0, -56.0))
    net.drive(cells, "AMPA", rate=900.0, weight=4.0)
    learning = {"w_max": 2.0, "plasticity": gs.STDP()}
    net.connect(cells, cells, gs.AllToAll(), receptor="AMPA", weight=0.5, delay=1.5, **learning)
    net.record(cells, "spikes", name="spikes")
    net.record(cells[:2], "V", every=1.0, name="V")
    return net


def stored(name: str, folder: Path) -> Path:
    """Unpack a file of `tests/data` into a folder, and return its path."""
    path = folder / name
    path.write_bytes(gzip.decompress((ROOT / "tests" / "data" / f"{name}.gz").read_bytes()))
    return path


def main(folder: Path) -> None:
    """Write a checkpoint after 5 ms, and the results of 10 ms."""
    with gs.Simulator(describe(), dt=0.1, seed=3, backend="numpy") as sim:
        sim.run(SAVED)
        sim.save_checkpoint(folder / "checkpoint.h5")
        sim.run(END - SAVED)
        sim.save(folder / "results.h5")
    for path in folder.glob("*.h5"):
        path.with_suffix(".h5.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
