"""Digests of what a set of networks does, kept in digests.json: no change of the code may change a bit of it.

Print what differs from the file with ``python -m tests.digests``; write the file with ``python -m tests.digests
--write``. Write it only where results change on purpose, and say why in the commit.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import gpusyn as gs
from tests.digests.case import Case
from tests.digests.networks import CASES

FILE = Path(__file__).with_name("digests.json")
#: Every case in every precision, by the name of its line in the file.
LINES = {f"{case.name}, {precision}": (case, precision) for case in CASES.values() for precision in case.precisions}


def stored() -> dict[str, str]:
    """Return the digests of the file."""
    found: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def digest(case: Case, precision: str, backend: Any = "numpy") -> str:
    """Run a case and return the SHA-256 digest of everything that came out, which depends on no backend."""
    found = hashlib.sha256()
    for name, array in outcome(case, precision, backend).items():
        found.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def outcome(case: Case, precision: str, backend: Any = "numpy") -> dict[str, np.ndarray]:
    """Run a case and return everything that came out as arrays in little-endian order."""
    steps = round(case.duration / case.dt)
    with gs.Simulator(case.network(), dt=case.dt, seed=case.seed, backend=backend, precision=precision) as sim:
        sim.step(steps // 2)
        case.midway(sim)
        sim.step(steps - steps // 2)
        found = dict([*recordings(sim), *synapses(sim), *states(sim)])
    return {name: array.astype(array.dtype.newbyteorder("<")) for name, array in found.items()}


def recordings(sim: gs.Simulator) -> Iterator[tuple[str, np.ndarray]]:
    """Yield spikes, their times as whole steps, and traces."""
    for name, recorder in sim.net.recorders.items():
        data = sim.data[name]
        if recorder.is_spikes:
            yield from ((f"{name} times", whole(data.times, sim.dt)), (f"{name} ids", data.ids))
        else:
            yield f"{name} t", whole(data.t, sim.dt)
            yield from ((f"{name} {variable}", data[variable]) for variable in data)


def synapses(sim: gs.Simulator) -> Iterator[tuple[str, np.ndarray]]:
    """Yield sources, targets, weights and delays of all projections."""
    for name, projection in sim.net.projections.items():
        for receptor in projection.weights:
            pre, post, weight, delay = sim.weights(name, receptor)
            columns = {"pre": pre, "post": post, "weight": weight, "delay": whole(delay, sim.dt)}
            yield from ((f"{name} {receptor} {column}", values) for column, values in columns.items())


def states(sim: gs.Simulator) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the states at the end of all neurons; calcium where it is recorded; no currents and blocks have a state."""
    traced = {
        part.population.name for it in sim.net.recorders.values() if "Ca" in it.variables for part in it.source.parts
    }
    for name, population in sim.net.populations.items():
        for variable in population.variables:
            if not variable.startswith(("I_", "B_")) and (variable != "Ca" or name in traced):
                yield f"{name} {variable} at the end", sim.get(population, variable)


def whole(times: np.ndarray, dt: float) -> np.ndarray:
    """Return times (ms) as whole steps."""
    return np.rint(np.asarray(times) / dt).astype(np.int64)


def main() -> int:
    """Compare with the file, or write it; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.digests", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the file instead of comparing with it")
    parser.add_argument("--backend", default="numpy", help="where to compute (default: numpy)")
    options = parser.parse_args()
    known, found, different = stored() if FILE.exists() else {}, {}, 0
    for line, (case, precision) in LINES.items():
        reason = case.lacks()
        if reason is not None:
            print(f"not computed: {line}: {reason}")
            found |= {line: known[line]} if line in known else {}
            continue
        with contextlib.redirect_stderr(io.StringIO()):  # what is said about rounded delays
            found[line] = digest(case, precision, options.backend)
        if found[line] != known.get(line):
            different += 1
            print(f"{'different' if line in known else 'new'}: {line}")
    gone = [line for line in known if line not in LINES]
    print(*(f"no such case: {line}" for line in gone), f"{different + len(gone)} of {len(found)} differ", sep="\n")
    if options.write:
        FILE.write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8")
        return 0
    return int(bool(different or gone))
