"""A script of a user, for type checkers alone: what they know of it, and what they refuse.

mypy reads this file with the package (see pyproject.toml). A line that it must refuse carries the code of the error
that it must report; where it reports none, it complains of the comment.
"""

from __future__ import annotations

from typing import assert_type

import numpy as np
import numpy.typing as npt

import gpusyn as gs


def known() -> None:
    """Use what a type checker knows."""
    net = gs.Network()
    cells = net.population("cells", 10, gs.LIF(), receptors=[gs.AMPA()])
    spikes, traces = net.record(cells, "spikes"), net.record(cells, ["V", "g_AMPA"], every=1.0)
    synapses = net.record(net.connect(cells, cells, gs.AllToAll(), receptor="AMPA", weight=1.0), "weight", every=10.0)
    some = net.record(net.projections["cells->cells:AMPA"], ["weight"], every=10.0, synapses=[0, 3])
    with gs.Simulator(net) as sim:
        assert_type(sim.data[synapses], gs.SynapseData)
        assert_type(sim.data[some].select(sim.data[some].post == 3).pre, npt.NDArray[np.int64])
        assert_type(sim.data[spikes], gs.SpikeData)
        assert_type(sim.data[traces], gs.TraceData)
        assert_type(sim.data[net.record(cells, "V")], gs.TraceData)
        assert_type(sim.data[spikes].rate(cells[:3], start=10.0), float)
        assert_type(sim.data[spikes].trains(), list[npt.NDArray[np.float64]])
        sim.data[traces]["V"].mean()
        both = net.record(cells, ("spikes", "V"), start=10.0, stop=20.0)
        assert_type(sim.data[both].spikes, gs.SpikeData)
        assert_type(sim.data[both.traces], gs.TraceData)
        spikes, traces = net.record(cells, ["spikes", "V", "g_AMPA"])
        assert_type(sim.data[traces], gs.TraceData)
        pair = net.record(cells, ["V", "spikes"])
        assert_type(sim.data[pair].spikes, gs.SpikeData)
        assert_type(sim.data[net.record(cells, ["spikes"])], gs.SpikeData)
        _, mine = net.record(cells, ["spikes", "g_mine"])  # nothing is known of the name of a user's receptor
        sim.data[mine]["g_mine"].mean()
        typed: tuple[gs.SpikeRecorder, gs.TraceRecorder, gs.RecorderPair] = spikes, traces, both
        assert_type(sim.data[typed[0]], gs.SpikeData)
        for name, data in sim.data.items():
            assert_type(name, str)
            assert_type(data, gs.SpikeData | gs.TraceData)
    results = gs.open_results("run.h5")
    assert_type(results, gs.Results)
    assert_type(results[spikes], gs.SpikeData)
    assert_type(results[traces], gs.TraceData)
    assert_type(results[synapses].between(10.0, 20.0), gs.SynapseData)
    assert_type(results[both].traces, gs.TraceData)
    assert_type(gs.sweep(rate, [1, 2], processes=2), list[float])


def described(rule: gs.Rule, weight: gs.Distribution) -> gs.Plan:
    """Describe a network with types of gpusyn, weights of several kinds, and whole numbers of numpy."""
    net = gs.Network()
    cells = net.population("cells", np.int64(10), gs.LIF(), receptors=[gs.AMPA(), gs.NMDA()])
    contact = {"AMPA": 1.0, "NMDA": gs.Ratio("AMPA", 0.1)}
    net.connect(cells, cells, rule, weight=contact)
    net.connect(cells, cells, rule, receptor="AMPA", weight=weight)
    net.connect(cells, cells, rule, receptor="AMPA", weight=gs.DistanceWeight(np.sqrt), name="by distance")
    masks = gs.Rectangle(-1.0, 2), gs.Rectangle([0.0, 1.0], (2.0, 3.0)), gs.Annulus(1.0, 2.0, anchor=[0.0, 1.0])
    net.connect(cells, cells, gs.DistanceDependent(0.5, kernel=np.cos, mask=masks[0]), receptor="AMPA", weight=1.0)
    gaps: gs.Coupling = net.couple(cells, cells[:3], rule, weight, name="gaps")
    net.couple(gaps.A, "cells", rule, conductance=[0.1, 0.2])
    gs.Simulator(net, seed=np.int64(1), trial=np.arange(3)[1]).close()
    return gs.plan(net)


def rate(seed: int) -> float:
    """Return the number that a sweep computes."""
    return float(seed)


def refused(sim: gs.Simulator, data: gs.SpikeData) -> None:
    """Make mistakes that a type checker finds."""
    gs.Netwrok()  # type: ignore[attr-defined]
    data.rates()  # type: ignore[attr-defined]
    data.between("start")  # type: ignore[arg-type]
    sim.data[3]  # type: ignore[call-overload]
    sim.net.record(sim.net.populations["E"], "V", synapses=[0])  # type: ignore[call-overload]
    gs.open_results("run.h5")[3]  # type: ignore[call-overload]
    gs.sweep(rate, ["seed"])  # type: ignore[arg-type]
