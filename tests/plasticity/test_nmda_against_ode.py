"""Whole protocols of pairing against the system of differential equations, which scipy solves: the error is dt^2."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.runs import cpu
from tests.plasticity.lab import PULSE
from tests.plasticity.nmda_ode import Cell, Course, DualExponential, Exponential, Gate, Rule, protocol

CELL = Cell(g_AMPA=4.0, g_NMDA=1e-6)  # the current of NMDA does not move V, which sees its block a step late
DELAY, W0, END = 1.6, 0.4, 440.0
TIMES = np.array([20.0, 60.0, 100.0, 200.0, 440.0])


class Pairing(NamedTuple):
    """Spikes of the source at a rate (Hz), each with one of the target `lag` ms after its arrival; None: without."""

    rate: float
    lag: float | None

    @property
    def arrivals(self) -> list[float]:
        return [20.0 + 1000.0 / self.rate * k for k in range(5)]

    @property
    def posts(self) -> list[float]:
        return [] if self.lag is None else [round(t + self.lag, 6) for t in self.arrivals]


PAIRINGS = [Pairing(12.5, 10.0), Pairing(12.5, -10.0), Pairing(50.0, 4.0), Pairing(100.0, None), Pairing(12.5, None)]


class Condition(NamedTuple):
    """Kinetics of NMDA on both sides, constants of the rule, magnesium, and what may be different from the ODE."""

    kinetics: Any
    gate: Gate
    rule: Rule
    Mg: float = 1.0


CONDITIONS = {
    "dual": Condition(gs.kinetics.DualExponential(2.0, 100.0), DualExponential(2.0, 100.0), Rule(speed=30.0)),
    "jump": Condition(gs.kinetics.Exponential(60.0), Exponential(60.0), Rule(speed=50.0, bap_delay=2.0, tau_Ca=20.0)),
    "low magnesium": Condition(gs.kinetics.Exponential(60.0), Exponential(60.0), Rule(speed=50.0, bap=0.0), 0.05),
}


def plasticity(rule: Rule) -> gs.NMDAPlasticity:
    """The rule, in the names of the library."""
    given = rule._asdict()
    return gs.NMDAPlasticity(part_fast=given.pop("bap_fast"), **given)


def by_gpusyn(condition: Condition, dt: float) -> Course:
    """Each pairing on a source and a cell of its own; what they are like at some times."""
    net = gs.Network()
    net_delay = [[t - DELAY for t in pairing.arrivals] for pairing in PAIRINGS]
    sources = net.population("sources", len(PAIRINGS), gs.SpikeSource(net_delay))
    model = gs.LIF(C_m=CELL.C_m, g_L=CELL.g_L, E_L=CELL.E_L, V_reset=CELL.V_reset, t_ref=CELL.t_ref, V_th=-45.0)
    receptors = [gs.AMPA(tau_decay=CELL.tau_AMPA), gs.NMDA(kinetics=condition.kinetics, Mg=condition.Mg)]
    cells = net.population("cells", len(PAIRINGS), model, receptors=receptors)
    for k, pairing in enumerate(PAIRINGS):
        if pairing.posts:
            edges = [x for t in pairing.posts for x in (t - dt, t)]
            current = [PULSE / dt * CELL.C_m, 0.0] * len(pairing.posts)
            net.inject(cells[k : k + 1], gs.Waveform(edges, current), name=f"force {k}")
    w_max = CELL.g_AMPA
    net.connect(
        sources, cells, gs.OneToOne(), weight={"AMPA": W0 * w_max, "NMDA": CELL.g_NMDA}, w_max={"AMPA": w_max},
        delay=DELAY, plasticity=plasticity(condition.rule), name="p",
    )  # fmt: skip
    net.record(cells, "spikes", name="spikes")
    found = []
    with gs.Simulator(net, dt=dt, backend="cpu", precision="double", threads=1) as sim:
        for before, after in zip([0.0, *TIMES], TIMES, strict=False):
            sim.run(after - before)
            found.append((sim.get(cells, "V"), sim.weights("p").weight["AMPA"] / w_max))
        spikes = sim.data["spikes"]
    for k, pairing in enumerate(PAIRINGS):
        assert spikes.times[spikes.ids == k] == pytest.approx(pairing.posts)
    V, W = np.moveaxis(np.array(found, np.float64), 0, 2)
    return Course(V, np.empty(0), np.empty(0), W)


@functools.cache
def by_scipy(name: str) -> Course:
    """The same by scipy."""
    gate, rule, Mg = CONDITIONS[name].gate, CONDITIONS[name].rule, CONDITIONS[name].Mg
    courses = [protocol(p.arrivals, p.posts, TIMES, gate, rule, CELL, W0, Mg, ahead=DELAY) for p in PAIRINGS]
    return Course(*(np.array([getattr(course, field) for course in courses]) for field in Course._fields))


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_whole_protocol_has_an_error_of_second_order(name: str) -> None:
    cpu()  # or skip
    expected = by_scipy(name)
    assert np.ptp(expected.W[:, -1]) > 0.1
    coarse, fine = (np.abs(by_gpusyn(CONDITIONS[name], dt).W - expected.W).max() for dt in (0.2, 0.1))
    assert fine < 3e-5
    assert coarse / fine == pytest.approx(4.0, rel=0.02)
