"""The networks of Vogels and Abbott (2005), in the three forms of the benchmarks of Brette et al. (2007).

Tim P. Vogels and L. F. Abbott, J Neurosci 25: 10786; Romain Brette et al., J Comput Neurosci 23: 349, benchmarks 1 to
3. Sparse random connections with strong synapses: activity sustains itself, asynchronous and irregular, with no input
from outside.

The weights of CUBA differ between published scripts. They stand for a conductance of 0.27 nS or 4.5 nS, times the
driving force at an average potential. The paper takes -60 mV, hence 16.2 pA (0.27 nS x 60 mV) and -90 pA (4.5 nS x
-20 mV), and so does this model. NEST's example has -139.5 pA (4.5 nS x -31 mV), and NEURON's takes 49 mV and -31 mV for
both, at which the network fires at about 4 instead of 6 Hz.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from gpusyn.connectivity.fixed_probability import FixedProbability
from gpusyn.errors import ParameterError
from gpusyn.models.demonstration import (
    Built,
    Demonstration,
    Full,
    Populations,
    Published,
    Run,
    Runs,
    mosaic,
    record_spikes,
    some,
)
from gpusyn.network.network import Network
from gpusyn.neurons.hodgkin_huxley import HodgkinHuxley
from gpusyn.neurons.lif import LIF
from gpusyn.parameters.distribution_base import Distribution
from gpusyn.parameters.distributions import Uniform
from gpusyn.parameters.scalars import one_of, public, real
from gpusyn.plot.panels import BLUE
from gpusyn.plot.spike_plots import raster
from gpusyn.receptors.ampa import AMPA
from gpusyn.receptors.base import Receptor
from gpusyn.receptors.current import CurrentReceptor
from gpusyn.receptors.gaba_a import GABA_A

SIZE, LEAST = 4000, 10  # neurons
SYNAPSES = 80  # onto each neuron, on average
DELAY = 0.1  # ms
V = Uniform(-60.0, -50.0)  # mV, at the start
STIMULATION = 300.0  # Hz, of each neuron


class Kind(NamedTuple):
    """What distinguishes the networks: cells; receptors and weights of E and I; the stimulation at the start (ms)."""

    cell: Callable[..., Any]
    receptors: tuple[Receptor, Receptor]
    weights: tuple[float, float]
    stimulation: float


_LIF = partial(LIF, C_m=200.0, g_L=10.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0)
_CONDUCTANCES = (AMPA(tau_decay=5.0, E_rev=0.0), GABA_A(tau_decay=10.0, E_rev=-80.0))
_CURRENTS = (CurrentReceptor("ex", tau=5.0), CurrentReceptor("in", tau=10.0))
KINDS: Mapping[str, Kind] = {
    "COBA": Kind(partial(_LIF, E_L=-60.0), _CONDUCTANCES, (6.0, 67.0), 50.0),
    "CUBA": Kind(partial(_LIF, E_L=-49.0), _CURRENTS, (16.2, -90.0), 0.0),
    "COBAHH": Kind(HodgkinHuxley, _CONDUCTANCES, (6.0, 67.0), 50.0),
}


@public
def vogels_abbott(
    kind: str = "COBA",
    scale: float = 1.0,
    *,
    synapses: float = SYNAPSES,
    I_e: float | Distribution = 0.0,
    stimulation: float | None = None,
) -> Built:
    """Return a network of Vogels and Abbott (2005), J Neurosci 25: 10786, as in Brette et al. (2007).

    It has 4000 neurons, of which a fifth is inhibitory, with 80 synapses each on average, and no input from outside but
    for a stimulation at the start: its asynchronous, irregular activity sustains itself.

    Parameters
    ----------
    kind : {"COBA", "CUBA", "COBAHH"}
        Benchmark 1, 2 or 3 of Brette et al. (2007), J Comput Neurosci 23: 349: LIF neurons with synaptic conductances
        or synaptic currents, or Hodgkin-Huxley neurons with synaptic conductances. The weights of CUBA are those of the
        paper, 16.2 pA and -90 pA; other published scripts have others.
    scale : float
        Number of neurons by that of the paper, above 0; the number of synapses of each stays.
    synapses : float
        Mean number of synapses onto each neuron, above 0; with others than 80, weights are scaled to the same sum.
        Fluctuations of the input then differ, and hardly sustain activity with many more.
    I_e : float or Distribution
        Constant current into each neuron (pA).
    stimulation : float, optional
        Time from the start in which each neuron receives excitatory spikes at 300 Hz (ms), >= 0. By default 50 ms, and
        none of CUBA, which needs none.

    Returns
    -------
    net : Network
    populations : dict of str to Population
        E and I. Receptors are AMPA and GABA_A, or ex and in of CUBA.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If an argument is out of range, or there are fewer neurons than synapses of each.
    UnknownNameError
        If `kind` is unknown.

    Examples
    --------
    >>> net, populations = vogels_abbott("CUBA")
    >>> {name: population.size for name, population in populations.items()}
    {'E': 3200, 'I': 800}
    """
    where = "models.vogels_abbott()"
    form = KINDS[one_of(kind, KINDS, f"{where}.kind")]
    size = max(round(SIZE * real(scale, f"{where}.scale", above=0.0)), LEAST)
    mean = real(synapses, f"{where}.synapses", above=0.0)
    if mean > size:
        allowed = f"must be at most the {size} neurons (got {mean:g})"
        raise ParameterError(f"{where}.synapses: {allowed}; give a larger scale, or fewer synapses")
    if stimulation is None:
        stop = form.stimulation
    else:
        stop = real(stimulation, f"{where}.stimulation", unit="ms", low=0.0)

    net = Network()
    cell = form.cell(I_e=I_e)
    E = net.population("E", size * 4 // 5, cell, receptors=form.receptors, V=V)
    I = net.population("I", size - E.size, cell, receptors=form.receptors, V=V)
    weights = [weight * (SYNAPSES / mean) for weight in form.weights]
    for pre, receptor, weight in zip((E, I), form.receptors, weights, strict=True):
        net.connect(pre, E + I, FixedProbability(mean / size), receptor=receptor, weight=weight, delay=DELAY)
    if stop:
        net.drive(E + I, form.receptors[0], rate=STIMULATION, weight=weights[0], stop=stop)
    return net, {"E": E, "I": I}


SHOWN, DRAWN = 500.0, 250  # ms and neurons in the raster
CELLS = 50  # of E, of which the figure has the one that fires most
PEAK = 0.0  # mV, to which the figure draws the spikes of LIF neurons


def record(net: Network, populations: Populations) -> None:
    """Record the spikes of all neurons, and the potential of some."""
    record_spikes(net, populations)
    net.record(populations["E"][:CELLS], "V", every=0.2, stop=SHOWN, name="cells")


def measure(runs: Runs) -> dict[str, float]:
    """Return the rates, and the mean CV of the interspike intervals of E, of each kind: means over trials."""
    numbers = {}
    for kind, run in runs.items():
        parts = [run._replace(data=data) for data in (run.data, *run.others)]
        for name in ("E", "I"):
            numbers[f"{kind}: rate of {name} (Hz)"] = float(np.mean([part.rate(name) for part in parts]))
        numbers[f"{kind}: CV of intervals of E"] = float(np.mean([part.cv("E") for part in parts]))
    return numbers


def figure(runs: Runs) -> Any:
    """Draw how each kind goes on by itself: raster, mean rate, and the potential of one cell."""
    rows = [" ".join(f"{kind}_{row}" for kind in runs) for row in ("raster", "rate", "V")]
    drawn, axes = mosaic(rows, (8.0, 5.2), height_ratios=[2.0, 1.0, 1.0])
    for kind, run in runs.items():
        stop = min(SHOWN, run.stop)
        top, middle, bottom = (axes[f"{kind}_{row}"] for row in ("raster", "rate", "V"))
        raster(some(run, DRAWN), top, stop=stop)
        top.set_title(f"{kind}: {run.rate('E'):.0f} Hz", loc="left", fontsize="medium")
        edges, rate = run.spikes.binned_rate(5.0, stop=stop)
        middle.stairs(rate, np.append(edges, stop), baseline=None, color="black")
        middle.set(ylim=(0.0, None), ylabel="rate (Hz)")
        _draw_cell(run, bottom, stop)
        bottom.set(ylabel="V (mV)", xlabel="time (ms)")
        for panel in (top, middle, bottom):
            panel.set_xlim(0.0, stop)
            panel.axvspan(0.0, KINDS[kind].stimulation, color="0.85", linewidth=0.0, zorder=0)
    drawn.suptitle("Activity goes on by itself after 50 ms of stimulation (grey); CUBA needs none", fontsize="medium")
    return drawn


def _draw_cell(run: Run, axes: Any, stop: float) -> None:
    """Draw V of the recorded cell that fires most, with its spikes if V does not have them."""
    cells = run.data["cells"]
    trains = run.spikes.trains(run.populations["E"][: len(cells.ids)], 0.0, stop)
    most = int(np.argmax([len(train) for train in trains]))
    axes.plot(cells.t, cells["V"][:, most], color=BLUE, linewidth=0.7)
    if cells["V"].max() < PEAK:
        axes.vlines(trains[most], cells["V"][:, most].max(), PEAK, color=BLUE, linewidth=0.7)


NEST = "NEST 3.10, two networks"
BRIAN2 = "Brian2 2.9, E and I"
DEMONSTRATION = Demonstration(
    build=vogels_abbott,
    title="networks of Vogels & Abbott (2005), J Neurosci 25: 10786, as in Brette et al. (2007)",
    duration=1200.0,
    start=200.0,
    variants={kind: {"kind": kind} for kind in KINDS},
    record=record,
    measure=measure,
    figure=figure,
    published={
        "COBA: rate of E (Hz)": (Published(19.5, 0.25, NEST), Published(18.9, 0.25, BRIAN2)),
        "COBA: CV of intervals of E": Published(1.51, 0.1, NEST),
        "CUBA: rate of E (Hz)": (Published(5.82, 0.15, NEST), Published(5.75, 0.15, BRIAN2)),
        "CUBA: CV of intervals of E": Published(0.51, 0.1, NEST),
        "COBAHH: rate of E (Hz)": (Published(40.2, 0.25, NEST), Published(37.4, 0.25, BRIAN2)),
        "COBAHH: CV of intervals of E": Published(2.01, 0.1, NEST),
    },
    full=Full(trials=8),
)
