"""Three factors against their plain loop: eligibility, and dopamine from the spikes of a population or from a rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from tests.helpers.runs import backend_named
from tests.helpers.tolerances import assert_within
from tests.plasticity.lab import Contact, Trial, conductance, network, run, sources
from tests.plasticity.plain_loops import Synapse, learned_by_reward
from tests.plasticity.test_against_plain_loops import (
    AMPLITUDES,
    DT,
    LONGEST,
    MACHINES,
    POST,
    PRE,
    STEPS,
    TAUS,
    positive,
)

pytestmark = pytest.mark.fuzz  # the shorter ones of the default suite are in the other files

REWARDS = st.lists(st.lists(st.integers(1, STEPS), max_size=4).map(sorted), min_size=1, max_size=3)
RATES = st.lists(positive(0.0, 400.0), min_size=1, max_size=5)


class Drawn:
    """A drawn experiment: trains of both sides, synapses between them, a modulator, and times of reading."""

    def __init__(self, draw: Any, modulator: str) -> None:
        pairing = draw(st.sampled_from(["all", "nearest"]))
        self.stdp = gs.STDP(draw(AMPLITUDES), draw(AMPLITUDES), draw(TAUS), draw(TAUS), pairing=pairing)
        self.taus = draw(positive(1.0, 1000.0)), draw(positive(1.0, 300.0))
        self.pre = draw(st.lists(PRE, min_size=1, max_size=2))
        self.post = draw(st.lists(POST, min_size=1, max_size=2))
        self.share = draw(st.sampled_from([0.0, 0.3]))
        w_max = draw(st.sampled_from([1.0, 5.0, 117.25]))
        self.contacts = []
        for i in range(len(self.pre)):
            for j in range(len(self.post)):
                delay = draw(st.one_of(st.integers(2, 6), st.integers(2, LONGEST)))
                w0 = draw(st.one_of(st.sampled_from([0.0, 1.0]), positive(0.01, 0.99))) * w_max
                self.contacts.append(Contact(i, j, Synapse(w0, w_max, delay, round(self.share * delay), DT)))
        self.stops = sorted({*draw(st.lists(st.integers(1, STEPS), max_size=2)), STEPS})
        self.rewards = draw(REWARDS) if modulator == "spikes" else []
        self.rates = draw(RATES) if modulator == "rate" else []

    def rule(self, modulator: Any) -> gs.DopamineSTDP:
        return gs.DopamineSTDP(self.stdp, *self.taus, modulator=modulator)

    def network(self) -> gs.Network:
        """The network; rates change at equal distances, the last of them lasts."""
        if self.rates:
            times = [k * self.length * DT for k in range(len(self.rates))]
            return network(self.contacts, self.pre, self.post, self.share, self.rule(gs.Waveform(times, self.rates)))
        net = gs.Network()
        sources(net, "reward", self.rewards, DT)
        return network(self.contacts, self.pre, self.post, self.share, self.rule("reward"), net)

    @property
    def length(self) -> int:
        """Steps of one rate."""
        return STEPS // len(self.rates)

    def check(self, found: Trial, precision: str) -> None:
        """Compare everything that came out with the plain loop."""
        wanted = np.zeros((len(self.stops), len(self.contacts)))
        g = np.zeros((STEPS, len(self.post)))
        steps = range(STEPS)
        rates = [self.rates[min(step // self.length, len(self.rates) - 1)] for step in steps] if self.rates else []
        reward = [step for train in self.rewards for step in train]
        for k, contact in enumerate(self.contacts):
            trains = contact.synapse, self.pre[contact.pre], self.post[contact.post]
            how: dict[str, Any] = {"spikes": reward, "rates": rates}
            for row, stop in zip(wanted, self.stops, strict=True):
                row[k] = learned_by_reward(self.rule("reward"), *trains, **how, until=stop).weight
            delivered = learned_by_reward(self.rule("reward"), *trains, **how, until=STEPS).delivered
            g[:, contact.post] += conductance(delivered, STEPS, DT)
        w_max = self.contacts[0].synapse.w_max
        assert_within(np.array(found.weights), wanted, w_max, "dopamine", precision)
        assert_within(found.conductance, g, max(w_max, g.max()), "dopamine", precision)


@st.composite
def experiments(draw: Any, modulator: str) -> Drawn:
    return Drawn(draw, modulator)


@pytest.mark.parametrize("modulator", ["spikes", "rate"])
@pytest.mark.parametrize(("backend", "precision"), MACHINES)
def test_weights_and_deliveries_are_those_of_the_loop(backend, modulator, precision):
    how = {"backend": backend_named(backend), "precision": precision}

    @settings(max_examples=8 if backend == "cpu" else 3)
    @given(drawn=experiments(modulator))
    def check(drawn):
        drawn.check(run(drawn.network(), drawn.contacts, drawn.stops, **how), precision)

    check()
