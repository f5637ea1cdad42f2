"""Inhibitory plasticity that balances a recurrent network, after Vogels et al. (2011).

T. P. Vogels, H. Sprekeler, F. Zenke, C. Clopath and W. Gerstner, Science 334: 1569. The numbers of the network are
those of the script that Zenke published of it (examples of the simulator Brian, 2012).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.connectivity.fixed_probability import FixedProbability
from gpusyn.models.demonstration import (
    Built,
    Demonstration,
    Populations,
    Published,
    Run,
    Runs,
    mosaic,
    record_spikes,
    some,
    synchrony,
)
from gpusyn.network.network import Network
from gpusyn.neurons.lif import LIF
from gpusyn.parameters.distributions import Uniform
from gpusyn.parameters.scalars import public, real
from gpusyn.plasticity.stdp import InhibitorySTDP
from gpusyn.plot.panels import BLUE, VERMILLION
from gpusyn.plot.spike_plots import raster
from gpusyn.receptors.ampa import AMPA
from gpusyn.receptors.gaba_a import GABA_A

SIZE, LEAST = 10_000, 200  # neurons; at least as many as have the synapses of one
SYNAPSES = 200  # onto each neuron, on average, four fifths of them excitatory
W_E, W_II, W_MAX = 0.3, 3.0, 100.0  # nS
TAU, RATE, ETA = 20.0, 3.0, 0.01  # ms, Hz and nS
DELAY = 0.1  # ms


@public
def stdp(scale: float = 1.0, *, eta: float = ETA, rate: float = RATE) -> Built:
    """Return the network of Vogels et al. (2011), Science 334: 1569, in which inhibition learns to balance excitation.

    It has 8000 excitatory and 2000 inhibitory neurons with 200 synapses each on average, and a current that makes all
    of them fire. Synapses from I to E begin at 0, and all of E fire synchronously and regularly at more than 100 Hz. By
    `InhibitorySTDP`, these synapses find weights in seconds at which E fires asynchronously and irregularly, and go on
    for minutes to bring the rate of each neuron to `rate`.

    Parameters
    ----------
    scale : float
        Number of neurons by that of the paper, at least 0.02; the number of synapses of each stays.
    eta : float
        Change of a weight for a trace of 1 (nS), >= 0; with 0, nothing is learned.
    rate : float
        Rate of E at which weights rest (Hz), >= 0.

    Returns
    -------
    net : Network
    populations : dict of str to Population
        E and I. The weights that learn are those of the projection ``net.projections["I->E:GABA_A"]``.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If an argument is out of range.

    Examples
    --------
    >>> net, populations = stdp(scale=0.1)
    >>> list(net.projections)
    ['E->E+I:AMPA', 'I->I:GABA_A', 'I->E:GABA_A']
    """
    where = "models.stdp()"
    size = round(SIZE * real(scale, f"{where}.scale", low=LEAST / SIZE))
    rule = InhibitorySTDP(
        eta=real(eta, f"{where}.eta", unit="nS", low=0.0),
        tau=TAU,
        rate=real(rate, f"{where}.rate", unit="Hz", low=0.0),
    )
    net = Network()
    cell = LIF(C_m=200.0, g_L=10.0, E_L=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0, I_e=200.0)
    receptors = [AMPA(tau_decay=5.0, E_rev=0.0), GABA_A(tau_decay=10.0, E_rev=-80.0)]
    V = Uniform(-60.0, -50.0)
    E = net.population("E", size * 4 // 5, cell, receptors=receptors, V=V)
    I = net.population("I", size - E.size, cell, receptors=receptors, V=V)
    sparse = FixedProbability(SYNAPSES / size)
    net.connect(E, E + I, sparse, receptor="AMPA", weight=W_E, delay=DELAY)
    net.connect(I, I, sparse, receptor="GABA_A", weight=W_II, delay=DELAY)
    net.connect(I, E, sparse, receptor="GABA_A", weight=0.0, w_max=W_MAX, plasticity=rule, delay=DELAY)
    return net, {"E": E, "I": I}


LEARNING = "I->E:GABA_A"  # the projection, whose weights are recorded under this name
FIRST, LATE = 100.0, 1000.0  # ms: periods at the start and at the end
SHOWN, DRAWN = 150.0, 500  # ms and neurons in a raster
SAMPLES, EACH = 1000.0, 16  # ms between two samples of weights, of every 16th synapse


def record(net: Network, populations: Populations) -> None:
    """Record the spikes of all neurons, and now and then some of the weights that learn."""
    record_spikes(net, populations)
    learning = net.projections[LEARNING]
    certain = 0.9 * learning.rule.expected(populations["I"].size, populations["E"].size)  # of a number that is drawn
    net.record(learning, "weight", every=SAMPLES, synapses=np.arange(0, int(certain), EACH), name="weights")


def parts(run: Run) -> dict[str, Run]:
    """Return the first moments of a run, and its end."""
    stop = run.stop
    periods = {"at first": (0.0, min(FIRST, stop)), "at the end": (max(stop - LATE, 0.0), stop)}
    return {
        when: run._replace(data={"spikes": run.spikes.between(start, last)}, start=start)
        for when, (start, last) in periods.items()
    }


def measure(runs: Runs) -> dict[str, float]:
    """Return rates, irregularity and synchrony at first and at the end, and the mean of the weights that learned."""
    numbers: dict[str, float] = {}
    for when, part in parts(runs[""]).items():
        numbers |= {f"rate of {name} {when} (Hz)": part.rate(name) for name in ("E", "I")}
        numbers[f"CV of intervals of E {when}"] = part.cv("E")
        numbers[f"synchrony of E {when}"] = synchrony(part, "E")
    weights = runs[""].data["weights"]["weight"]
    return numbers | ({"mean weight at the end (nS)": float(weights[-1].mean())} if len(weights) else {})


def figure(runs: Runs) -> Any:
    """Draw what inhibition learns: rasters at first and at the end, the rate of E over time, and the weights."""
    run = runs[""]
    spikes, weights = run.spikes, run.data["weights"]
    drawn, axes = mosaic(["first end", "rate weights"], (7.6, 5.2), height_ratios=[1.5, 1.0])
    for name, (when, part) in zip(("first", "end"), parts(run).items(), strict=True):
        start, stop = max(part.start, part.stop - SHOWN), part.stop
        raster(some(part, DRAWN), axes[name], start=start, stop=stop)
        axes[name].set_title(f"{when}: E fires at {part.rate('E'):.0f} Hz", loc="left", fontsize="medium")
        axes[name].set_xlim(start, stop)
    seconds = 1e-3 * np.append(spikes.binned_rate(FIRST)[0], run.stop)
    for name, colour in (("E", BLUE), ("I", VERMILLION)):
        rate = spikes.binned_rate(FIRST, name)[1]
        axes["rate"].stairs(rate, seconds[: len(rate) + 1], baseline=None, color=colour, label=name)
    axes["rate"].axhline(RATE, color=BLUE, linestyle=":", label="target of E")
    axes["rate"].set(yscale="log", xlabel="time (s)", ylabel="rate (Hz)")
    axes["rate"].legend(frameon=False, fontsize="small")
    axes["weights"].set(xlabel="weight of I to E at the end (nS)", ylabel="synapses")
    if len(weights.t):
        axes["weights"].hist(weights["weight"][-1], bins=60, color=VERMILLION)
    axes["weights"].set_yscale("log")
    drawn.suptitle(
        "Inhibition that learns makes fast, synchronous spikes slow, asynchronous and irregular", fontsize="medium"
    )
    return drawn


BRIAN2 = "Brian2 2.9, one run"
DEMONSTRATION = Demonstration(
    build=stdp,
    title="inhibitory plasticity of Vogels et al. (2011), Science 334: 1569",
    duration=10_000.0,
    start=0.0,
    record=record,
    measure=measure,
    figure=figure,
    published={
        "rate of E at the end (Hz)": Published(8.92, 0.15, BRIAN2),
        "rate of I at the end (Hz)": Published(8.69, 0.1, BRIAN2),
        "mean weight at the end (nS)": Published(1.58, 0.1, BRIAN2),
    },
)
