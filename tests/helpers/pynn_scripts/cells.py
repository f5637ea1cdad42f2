"""Cells of every type: unequal ones, driven by two trains and a constant current. The last one stays quiet."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.helpers.pynn_scripts.observed import Observed, begin, spikes, trace
from tests.helpers.pynn_scripts.registry import script

DURATION = 200.0
COMMON = {"tau_refrac": [2.0, 1.07, 3.0, 2.0], "v_rest": [-65.0, -66.0, -64.0, -65.0]}
RESET = {"v_reset": [-60.0, -65.0, -63.0, -60.0], "v_thresh": [-52.0, -50.0, -51.0, -50.0]}
MEMBRANE = COMMON | RESET | {"cm": [0.2, 0.25, 0.3, 0.2], "tau_m": [10.0, 15.0, 20.0, 10.0]}
GATES = {"tau_syn_E": [2.0, 5.0, 3.0, 2.0], "tau_syn_I": [5.0, 8.0, 10.0, 5.0]}
REVERSALS = {"e_rev_E": [0.0, -5.0, 3.0, 0.0], "e_rev_I": [-70.0, -80.0, -75.0, -70.0]}
SHARE = np.array([[1.0, 1.0, 1.0, 0.2]])  # of the weights, for each cell
START = [-60.0, -65.0, -55.0, -65.0]
RUNGE_KUTTA = "NEST: adaptive Runge-Kutta, here: exponential steps"
UPSTROKE = f"{RUNGE_KUTTA}; the upstroke amplifies it, and moves later spikes"


def trains(seed: int, count: int = 40) -> list[float]:
    """Times on the grid of 0.1 ms, from 1 ms on."""
    steps = np.random.default_rng(seed).choice(np.arange(10, 10 * int(DURATION) - 100), count, replace=False)
    return [float(time) for time in np.round(0.1 * np.sort(steps), 1)]


def driven(
    sim: Any, cell: Any, start: dict[str, Any], weights: dict[str, float], record: list[str], delays: Any = (1.5, 0.1)
) -> Any:
    """Run four cells of a type with a train onto all for each receptor, and two delays in turn."""
    population = sim.Population(4, cell)
    population.initialize(**start)
    for k, (receptor, weight) in enumerate(weights.items()):
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=trains(k)))
        synapse = sim.StaticSynapse(weight=weight * SHARE, delay=delays[k % 2])
        sim.Projection(source, population, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    population.record(["spikes", *record])
    sim.run(DURATION)
    return population


def exactly(cells: Any) -> dict[str, Observed]:
    """Spikes and V of cells that both simulators solve exactly."""
    return {"spikes": spikes(cells), "v": trace(cells, "v", 1e-10)}


@script
def if_curr_exp(sim: Any) -> dict[str, Observed]:
    """Exponential currents."""
    begin(sim)
    cell = sim.IF_curr_exp(**MEMBRANE, **GATES, i_offset=[0.35, 0.3, 0.25, 0.0])
    return exactly(driven(sim, cell, {"v": START}, {"excitatory": 0.3, "inhibitory": -0.2}, ["v"]))


@script
def if_curr_alpha(sim: Any) -> dict[str, Observed]:
    """Alpha currents."""
    begin(sim)
    cell = sim.IF_curr_alpha(**MEMBRANE, **GATES, i_offset=[0.35, 0.3, 0.25, 0.0])
    return exactly(driven(sim, cell, {"v": START}, {"excitatory": 0.3, "inhibitory": -0.2}, ["v"]))


@script
def if_curr_delta(sim: Any) -> dict[str, Observed]:
    """Jumps of V."""
    begin(sim)
    cell = sim.IF_curr_delta(**MEMBRANE, i_offset=[0.3, 0.25, 0.2, 0.0])
    return exactly(driven(sim, cell, {"v": START}, {"excitatory": 4.0, "inhibitory": -3.0}, ["v"]))


@script
def point_neuron(sim: Any) -> dict[str, Observed]:
    """A LIF neuron with three named receptors."""
    begin(sim)
    times = {"fast": 2.0, "slow": 30.0, "inhibitory": 8.0}
    receptors = {name: sim.CurrExpPostSynapticResponse(tau_syn=time) for name, time in times.items()}
    cell = sim.PointNeuron(sim.LIF(**MEMBRANE, i_offset=0.2), **receptors)
    return exactly(driven(sim, cell, {"v": START}, {"fast": 0.4, "slow": 0.05, "inhibitory": -0.2}, ["v"]))


def conductances(cells: Any) -> dict[str, Observed]:
    """Both gates."""
    return {name: trace(cells, name, 1e-9, RUNGE_KUTTA) for name in ("gsyn_exc", "gsyn_inh")}


@script
def if_cond_exp(sim: Any) -> dict[str, Observed]:
    """Exponential conductances."""
    begin(sim)
    cell = sim.IF_cond_exp(**MEMBRANE, **GATES, **REVERSALS, i_offset=[0.4, 0.4, 0.4, 0.0])
    weights = {"excitatory": 0.01, "inhibitory": 0.01}
    cells = driven(sim, cell, {"v": START}, weights, ["v", "gsyn_exc", "gsyn_inh"])
    return {"spikes": spikes(cells), "v": trace(cells, "v", 2e-3, RUNGE_KUTTA), **conductances(cells)}


@script
def if_cond_alpha(sim: Any) -> dict[str, Observed]:
    """Alpha conductances."""
    begin(sim)
    cell = sim.IF_cond_alpha(**MEMBRANE, **GATES, **REVERSALS, i_offset=[0.4, 0.4, 0.4, 0.0])
    weights = {"excitatory": 0.01, "inhibitory": 0.01}
    cells = driven(sim, cell, {"v": START}, weights, ["v", "gsyn_exc", "gsyn_inh"])
    return {"spikes": spikes(cells), "v": trace(cells, "v", 2e-3, RUNGE_KUTTA), **conductances(cells)}


def nearly(cells: Any, spikes_within: float, why: str, within: dict[str, float]) -> dict[str, Observed]:
    """Spikes of all; variables of the cell that stays quiet."""
    quiet = {f"{name}, quiet": trace(cells[3:], name, limit, RUNGE_KUTTA) for name, limit in within.items()}
    return {"spikes": spikes(cells, spikes_within, why), **quiet}


ADAPTING = {"a": [4.0, 2.0, 0.0, 4.0], "b": 0.08, "tau_w": [144.0, 100.0, 50.0, 144.0], "delta_T": [2.0, 1.0, 3.0, 2.0]}


def adapting(sim: Any, cell: Any) -> dict[str, Observed]:
    """Exponential cells with adaptation. w starts at 0, because PyNN gives NEST nA for pA."""
    begin(sim, 0.02)
    cell = cell(**MEMBRANE, **GATES, **REVERSALS, **ADAPTING, v_spike=-40.0, i_offset=[0.6, 0.5, 0.5, 0.1])
    weights = {"excitatory": 0.01, "inhibitory": 0.01}
    cells = driven(sim, cell, {"v": -65.0, "w": 0.0}, weights, ["v", "w", "gsyn_exc", "gsyn_inh"])
    return nearly(cells, 0.2, UPSTROKE, {"v": 1e-4, "w": 1e-6, "gsyn_exc": 1e-9, "gsyn_inh": 1e-9})


@script
def eif_cond_exp_isfa_ista(sim: Any) -> dict[str, Observed]:
    """Exponential cells with adaptation and exponential conductances."""
    return adapting(sim, sim.EIF_cond_exp_isfa_ista)


@script
def eif_cond_alpha_isfa_ista(sim: Any) -> dict[str, Observed]:
    """Exponential cells with adaptation and alpha conductances."""
    return adapting(sim, sim.EIF_cond_alpha_isfa_ista)


@script
def hh_cond_exp(sim: Any) -> dict[str, Observed]:
    """Cells of Traub and Miles."""
    begin(sim, 0.02)
    cell = sim.HH_cond_exp(
        **GATES, gbar_Na=[20.0, 18.0, 22.0, 20.0], cm=[0.2, 0.25, 0.3, 0.2], i_offset=[0.5, 0.3, 0.2, -0.1]
    )
    weights = {"excitatory": 0.02, "inhibitory": 0.04}
    cells = driven(sim, cell, {"v": [-65.0, -60.0, -70.0, -65.0]}, weights, ["v", "gsyn_exc", "gsyn_inh"])
    why = f"NEST: the peak, here: the passage of 0 mV; {RUNGE_KUTTA}"
    return nearly(cells, 0.3, why, {"v": 1e-2, "gsyn_exc": 1e-9, "gsyn_inh": 1e-9})


@script
def izhikevich(sim: Any) -> dict[str, Observed]:
    """Cells of Izhikevich, which take weights in mV."""
    begin(sim, 0.01)
    kinds = {"a": [0.02, 0.02, 0.1, 0.02], "c": [-65.0, -65.0, -65.0, -65.0], "d": [8.0, 6.0, 3.0, 8.0]}
    cell = sim.Izhikevich(**kinds, b=0.2, i_offset=[0.01, 0.015, 0.01, 0.0])
    weights = {"excitatory": 1.0, "inhibitory": -0.5}
    cells = driven(sim, cell, {"v": [-65.0, -70.0, -60.0, -70.0], "u": -14.0}, weights, ["v", "u"], (1.5, 0.5))
    why = "NEST: Euler, here: second order"
    quiet = {f"{name}, quiet": trace(cells[3:], name, 0.05, why) for name in ("v", "u")}
    return {"spikes": spikes(cells, 1.0, why), **quiet}


@script
def if_facets_hardware1(sim: Any) -> dict[str, Observed]:
    """Cells of the FACETS chip."""
    begin(sim)
    cell = sim.IF_facets_hardware1(**GATES, g_leak=[40.0, 30.0, 35.0, 40.0], v_thresh=[-57.0, -58.0, -56.0, -50.0])
    weights = {"excitatory": 0.01, "inhibitory": 0.004}
    cells = driven(sim, cell, {"v": START}, weights, ["v", "gsyn_exc", "gsyn_inh"])
    return {"spikes": spikes(cells), "v": trace(cells, "v", 2e-3, RUNGE_KUTTA), **conductances(cells)}


def composed(sim: Any, weights: dict[str, float], **receptors: Any) -> dict[str, Observed]:
    """A PointNeuron with adaptation."""
    begin(sim, 0.02)
    membrane = {name: value[:1] * 3 + value[3:] for name, value in MEMBRANE.items()}
    cell = sim.PointNeuron(sim.AdExp(**membrane, v_spike=-40.0, i_offset=[0.6, 0.5, 0.5, 0.1]), **receptors)
    recorded = ["v", "w", *(f"{name}.gsyn" for name in receptors)]
    cells = driven(sim, cell, {"v": -65.0, "w": 0.0}, weights, recorded)
    limits = {"v": 1e-4, "w": 1e-6} | {f"{name}.gsyn": 1e-9 for name in receptors}
    return nearly(cells, 0.2, UPSTROKE, limits)


@script
def point_neuron_alpha(sim: Any) -> dict[str, Observed]:
    """An exponential neuron with three named alpha conductances."""
    fast, slow, third = (
        sim.AlphaPSR(tau_syn=time, e_syn=e_syn) for time, e_syn in ((1.0, 0.0), (8.0, 0.0), (4.0, -75.0))
    )
    return composed(sim, {"fast": 0.004, "slow": 0.001, "third": 0.004}, fast=fast, slow=slow, third=third)


@script
def point_neuron_beta(sim: Any) -> dict[str, Observed]:
    """An exponential neuron with two conductances of dual exponential form."""
    first = sim.BetaPSR(tau_rise=1.0, tau_decay=3.0)
    second = sim.BetaPSR(e_syn=-75.0, tau_decay=9.0)
    return composed(sim, {"first": 0.004, "second": 0.004}, first=first, second=second)
