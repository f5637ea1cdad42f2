"""Every rule of plasticity against its plain loop, on drawn trains: weights at any time, and what spikes deliver."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from tests.helpers.long_checks import pairs
from tests.helpers.runs import backend_named
from tests.helpers.tolerances import assert_within
from tests.plasticity.lab import SPACING, Contact, Trial, conductance, network, run, trains_of
from tests.plasticity.plain_loops import Synapse, learned

STEPS, LONGEST = 240, 130
DT = 0.1
MACHINES = [("numpy", "double"), ("cpu", "double"), ("cpu", "single")]  # numpy has the bits of the others


def positive(low: float, high: float) -> Any:
    return st.floats(low, high, allow_subnormal=False)


def gaps(low: int, high: int) -> Any:
    """Trains with drawn gaps, from a drawn step on."""
    between = st.lists(st.integers(low, high), min_size=1, max_size=STEPS // low)
    return between.map(lambda found: [int(step) for step in np.cumsum(found) if step <= STEPS])


SPARSE = st.lists(st.integers(1, STEPS), max_size=6).map(sorted)
PRE = st.one_of(SPARSE, gaps(1, 4), gaps(8, 50), SPARSE.map(lambda train: sorted([*train, *train])))
POST = st.one_of(gaps(SPACING, 6), gaps(30, 100), gaps(8, 30), st.just([]))
TAUS, SLOW = positive(1.0, 60.0), positive(1.0, 300.0)
MUS = st.one_of(st.sampled_from([0.0, 1.0]), positive(0.01, 2.0))
AMPLITUDES = st.one_of(positive(1e-3, 0.3), st.just(0.0))
PAIRS = st.builds(
    gs.STDP, AMPLITUDES, AMPLITUDES, TAUS, TAUS, mu_plus=MUS, mu_minus=MUS, pairing=st.sampled_from(["all", "nearest"])
)
TRIPLETS = st.builds(
    gs.TripletSTDP, *[AMPLITUDES] * 4, tau_plus=TAUS, tau_x=SLOW, tau_minus=TAUS, tau_y=SLOW
)  # fmt: skip
INHIBITION = st.builds(gs.InhibitorySTDP, eta=positive(1e-3, 0.3), tau=TAUS, rate=positive(0.0, 50.0))
RULES = {"pairs": PAIRS, "triplets": TRIPLETS, "inhibition": INHIBITION}


class Drawn:
    """A drawn experiment: trains of both sides, synapses between them, and times of reading."""

    def __init__(self, draw: Any, rule: Any) -> None:
        self.rule = draw(rule)
        self.pre = draw(st.lists(PRE, min_size=1, max_size=3))
        self.post = draw(st.lists(POST, min_size=1, max_size=3))
        self.share = draw(st.sampled_from([0.0, 0.3, 1.0]))
        w_max = draw(st.sampled_from([1.0, 5.0, 0.3, 117.25]))
        pairs = [(i, j) for i in range(len(self.pre)) for j in range(len(self.post))]
        pairs += draw(st.lists(st.sampled_from(pairs), max_size=2))  # some twice
        self.contacts = []
        for i, j in draw(st.permutations(pairs)):
            delay = draw(st.one_of(st.integers(1, 5), st.integers(1, LONGEST)))
            w0 = draw(st.one_of(st.sampled_from([0.0, 1.0]), positive(0.01, 0.99))) * w_max
            self.contacts.append(Contact(i, j, Synapse(w0, w_max, delay, round(self.share * delay), DT)))
        self.stops = sorted({*draw(st.lists(st.integers(1, STEPS), max_size=3)), STEPS})

    def network(self) -> gs.Network:
        return network(self.contacts, self.pre, self.post, self.share, self.rule)

    def check(self, found: Trial, precision: str) -> None:
        """Compare everything that came out with the plain loops."""
        wanted = np.zeros((len(self.stops), len(self.contacts)))
        g = np.zeros((STEPS, len(self.post)))
        for k, contact in enumerate(self.contacts):
            trains = self.pre[contact.pre], self.post[contact.post]
            for row, stop in zip(wanted, self.stops, strict=True):
                row[k] = learned(self.rule, contact.synapse, *trains, until=stop).weight
            delivered = learned(self.rule, contact.synapse, *trains).delivered
            g[:, contact.post] += conductance(delivered, STEPS, DT)
        w_max = self.contacts[0].synapse.w_max
        assert_within(np.array(found.weights), wanted, w_max, "learning", precision)
        assert_within(found.conductance, g, w_max * max(1.0, g.max() / w_max), "learning", precision)


@st.composite
def experiments(draw: Any, rule: Any) -> Drawn:
    return Drawn(draw, rule)


@pytest.mark.parametrize(("machine", "rule"), pairs(MACHINES, [*RULES]))
def test_weights_and_deliveries_are_those_of_the_loop(machine, rule):
    backend, precision = machine
    how = {"backend": backend_named(backend), "precision": precision}

    @settings(max_examples=10 if backend == "cpu" else 3)
    @given(drawn=experiments(RULES[rule]))
    def check(drawn):
        drawn.check(run(drawn.network(), drawn.contacts, drawn.stops, **how), precision)

    check()


@settings(max_examples=2)
@given(drawn=experiments(PAIRS))
def test_neurons_spike_when_they_are_made_to(drawn):
    with gs.Simulator(drawn.network(), dt=DT, backend="numpy") as sim:
        sim.step(STEPS)
        assert trains_of(sim.data["pre spikes"], len(drawn.pre), DT) == drawn.pre
        assert trains_of(sim.data["post spikes"], len(drawn.post), DT) == drawn.post
