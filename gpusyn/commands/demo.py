"""`gpusyn demo`: simulate a balanced network, and write a recording and a figure.

A network of excitatory and inhibitory cells after Vogels & Abbott (2005), J Neurosci 25: 10786, as in the
benchmarks of Brette et al. (2007), J Comput Neurosci 23: 349, with NMDA beside AMPA on every excitatory synapse,
heterogeneous delays and a weak background. It fires asynchronously and irregularly at 15 to 20 Hz.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import gpusyn as gs
from gpusyn.backends.cpu.ziglang import INSTALL
from gpusyn.backends.select import Choice, choose
from gpusyn.errors import FileError
from gpusyn.io.hdf5 import writing
from gpusyn.io.targets import check_target
from gpusyn.network.recorder import Recorder
from gpusyn.parameters.scalars import integer, real, whole_steps
from gpusyn.utils.messages import warnings_only
from gpusyn.utils.paths import as_path

DT = 0.1
FAN_IN = 80  # synapses of a cell from the network, for any size
CHUNK = 200  # steps between two updates of the progress bar
LEAST_SIZE = 10


class DemoNetwork(NamedTuple):
    """The network with its recorders."""

    net: gs.Network
    spikes: Recorder
    traces: Recorder


def demo_network(size: int = 4000) -> DemoNetwork:
    """Return the network of the demo.

    Parameters
    ----------
    size : int
        Number of neurons, >= 10, four fifths of them excitatory. If there are enough neurons, each receives about 80
        synapses from the network and 20 from the background, so rates hardly depend on the size.

    Returns
    -------
    DemoNetwork

    Examples
    --------
    >>> demo = demo_network(1000)
    >>> [(p.name, p.size) for p in demo.net.populations.values()]
    [('E', 800), ('I', 200), ('bg', 250)]
    """
    size = integer(size, "size", low=LEAST_SIZE)
    excitatory = size * 4 // 5
    rule = gs.FixedProbability(min(1.0, FAN_IN / size))

    net = gs.Network()
    cell = gs.LIF(C_m=200.0, g_L=10.0, E_L=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0)
    receptors = [gs.AMPA(tau_decay=5.0, E_rev=0.0), gs.NMDA(Mg=1.0), gs.GABA_A(tau_decay=10.0, E_rev=-80.0)]
    E = net.population("E", excitatory, cell, receptors=receptors, V=gs.Uniform(-60.0, -50.0))
    I = net.population("I", size - excitatory, cell, receptors=receptors, V=gs.Uniform(-60.0, -50.0))
    bg = net.population("bg", max(1, size // 4), gs.PoissonSource(rate=20.0))

    net.connect(bg, E + I, rule, receptor="AMPA", weight=1.2)
    net.connect(E, E + I, rule, weight={"AMPA": 4.0, "NMDA": gs.Ratio("AMPA", 0.08)}, delay=1.5)
    inhibition = gs.LogNormal(mean=51.0, std=5.0)
    net.connect(I, E + I, rule, receptor="GABA_A", weight=inhibition, delay=gs.Uniform(0.5, 2.0))

    spikes = net.record(E + I, "spikes", name="spikes")
    variables = ["V", "I_AMPA", "I_NMDA", "I_GABA_A"]
    traces = net.record(E[: min(10, excitatory)], variables, every=0.5, name="traces")
    return DemoNetwork(net, spikes, traces)


def run_demo(
    size: int = 4000,
    duration: float = 1000.0,
    backend: str = "auto",
    out: str | os.PathLike[str] = ".",
    *,
    seed: int = 42,
    threads: int | None = None,
) -> dict[str, float]:
    """Run the demo: print each stage, and write ``demo.h5`` and ``demo.png``.

    Parameters
    ----------
    size : int
        Number of neurons.
    duration : float
        Model time (ms), a multiple of 0.1.
    backend : {"auto", "cuda", "cpu", "numpy"}
        Backend that computes.
    out : path
        Directory of the files; it is created if it does not exist.
    seed, threads
        As for :class:`gpusyn.Simulator`.

    Returns
    -------
    dict of str to float
        Mean rate of each population (Hz).

    Raises
    ------
    GpusynError
        If a value is out of range, the backend cannot be used, or the directory cannot be written; it is raised before
        anything is computed.
    """
    duration = real(duration, "--duration", unit="ms", above=0.0)
    whole_steps(duration, DT, "--duration")
    integer(seed, "--seed", low=0)
    demo = demo_network(integer(size, "--size", low=LEAST_SIZE))
    choice = choose(backend, threads)
    missing = [name for name in ("h5py", "matplotlib") if importlib.util.find_spec(name) is None]
    directory = _prepare(as_path(out, "--out"), missing)
    _introduce(size, duration, choice, missing)
    with warnings_only():  # the lines above and the plan tell the rest
        sim = gs.Simulator(
            demo.net, dt=DT, seed=seed, backend=backend, threads=threads, chunk_steps=CHUNK, progress=True
        )
    with sim:
        _say(sim.plan.describe(), "")
        begin = time.perf_counter()
        sim.run(duration)
        _report_speed(time.perf_counter() - begin, duration)
        spikes, traces = sim.data[demo.spikes], sim.data[demo.traces]
        rates = {name: spikes.rate(name) for name in spikes.names}
        _say(*(f"rate of {name}: {rate:.1f} Hz" for name, rate in rates.items()))
        _write(sim, spikes, traces, directory, missing)
    _say(
        "next: gpusyn info, gpusyn check, gpusyn bench; "
        "the network is described in gpusyn/commands/demo.py, and a shorter one in README"
    )
    return rates


def _say(*lines: str) -> None:
    # Flush, so that the lines appear before the bar, which goes to stderr.
    print("\n".join(lines), flush=True)


def _introduce(size: int, duration: float, choice: Choice, missing: list[str]) -> None:
    _say(
        f"gpusyn {gs.__version__} demo: {size:,} neurons, AMPA + NMDA + GABA_A, random delays, "
        f"{duration:g} ms at dt = {DT:g} ms",
        *choice.lines(),
    )
    if choice.backend.name == "numpy":
        _say(
            "slow: numpy is the reference, 10 to 20 times slower than compiled code; "
            f"a C++ compiler ({INSTALL}) gives the cpu backend and the same bits"
        )
    for package in missing:
        file = {"h5py": "demo.h5", "matplotlib": "demo.png"}[package]
        _say(f"without {file}: {package} is not installed; pip install {package}")
    _say("")


def _prepare(directory: Path, missing: list[str]) -> Path:
    """Create the directory, and check that it can be written and that no other file than a result is in the way."""
    if directory.exists() and not directory.is_dir():
        raise FileError(f"--out {directory}: is a file; give a directory")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise FileError(f"--out {directory}: cannot be written ({error.strerror}); give another directory") from None
    if "h5py" not in missing:
        check_target(directory / "demo.h5", overwrite=True)
    _check_figure(directory / "demo.png")
    return directory


def _check_figure(path: Path) -> None:
    """Raise a FileError if there is anything but a figure of an earlier demo."""
    if path.is_dir():
        raise FileError(f"{path}: is a directory; give another --out")
    if not path.exists():
        return
    with path.open("rb") as file:
        begin = file.read(4096)
    if not begin.startswith(b"\x89PNG") or b"Software\0gpusyn" not in begin:
        raise FileError(f"{path}: is not a figure of gpusyn, which alone is replaced; move it, or give another --out")


def _report_speed(wall: float, duration: float) -> None:
    ratio = wall / duration * 1000.0
    _say("", f"ran {duration:g} ms in {wall:.2f} s: {ratio:.2f} s of wall time per second of model time")


def _write(sim: Any, spikes: Any, traces: Any, directory: Path, missing: list[str]) -> None:
    """Write the files for which packages are installed; each gets its name only when it is complete."""
    if "h5py" not in missing:
        sim.save(directory / "demo.h5", overwrite=True)
        _say(f"wrote {directory / 'demo.h5'}: spikes and frame reports in SONATA's layout")
    if "matplotlib" not in missing:
        target = directory / "demo.png"
        with writing(target), tempfile.TemporaryDirectory(prefix=".demo", dir=directory) as scratch:
            gs.plot.overview(spikes, traces, Path(scratch) / target.name)
            os.replace(Path(scratch) / target.name, target)
        _say(f"wrote {target}: raster, population rates, EPSC and IPSC of three cells")
