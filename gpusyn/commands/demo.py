"""`gpusyn demo`: simulate a balanced network, and write a recording and a figure.

A network of excitatory and inhibitory cells after Vogels & Abbott (2005), J Neurosci 25: 10786, as in the
benchmarks of Brette et al. (2007), J Comput Neurosci 23: 349, with NMDA beside AMPA on every excitatory synapse,
heterogeneous delays and a weak background. It fires asynchronously and irregularly at 15 to 20 Hz.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple

import gpusyn as gs
from gpusyn.backends.select import choose
from gpusyn.commands.demo_output import CHUNK, Files, introduce, report_speed, say
from gpusyn.network.recorder import Recorder
from gpusyn.parameters.scalars import integer, real, whole_steps
from gpusyn.utils.messages import warnings_only

DT = 0.1
FAN_IN = 80  # synapses of a cell from the network, for any size
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
    files = Files.prepare(out, ["demo.h5"], "demo.png")
    what = f"{size:,} neurons, AMPA + NMDA + GABA_A, random delays, {duration:g} ms at dt = {DT:g} ms"
    introduce(f"gpusyn {gs.__version__} demo: {what}", choice)
    files.tell_missing()
    with warnings_only():  # the lines above and the plan tell the rest
        sim = gs.Simulator(
            demo.net, dt=DT, seed=seed, backend=backend, threads=threads, chunk_steps=CHUNK, progress=True
        )
    with sim:
        say(sim.plan.describe(), "")
        begin = time.perf_counter()
        sim.run(duration)
        report_speed(time.perf_counter() - begin, duration)
        spikes, traces = sim.data[demo.spikes], sim.data[demo.traces]
        rates = {name: spikes.rate(name) for name in spikes.names}
        say(*(f"rate of {name}: {rate:.1f} Hz" for name, rate in rates.items()))
        files.save(sim, "demo.h5")
        panels = "raster, population rates, EPSC and IPSC of three cells"
        files.draw(lambda path: gs.plot.overview(spikes, traces, path), panels)
    say(
        "next: gpusyn info, gpusyn check, gpusyn bench; "
        "the network is described in gpusyn/commands/demo.py, and a shorter one in README"
    )
    return rates
