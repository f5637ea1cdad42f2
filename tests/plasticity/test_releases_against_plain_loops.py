"""What spikes release, against the plain recursion of Tsodyks & Markram; random release, against its moments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from tests.helpers.runs import backend_named
from tests.helpers.tolerances import assert_within
from tests.plasticity.lab import REST, TAU, Contact, conductance, network, run, sources
from tests.plasticity.plain_loops import Moments, Synapse, moments, released
from tests.plasticity.test_against_plain_loops import DT, LONGEST, MACHINES, PRE, STEPS, positive

pytestmark = pytest.mark.fuzz  # the shorter ones of the default suite are in the other files

FACILITATION = st.one_of(st.just(0.0), positive(0.01, 500.0))
FORMS = ["shared", "each"]  # the state lives on the source, or on every synapse


class Drawn:
    """A drawn experiment: trains of sources, and synapses of one cell each."""

    def __init__(self, draw: Any, form: str) -> None:
        self.pre = draw(st.lists(PRE, min_size=1, max_size=3))
        count = draw(st.integers(len(self.pre), 6))
        alike = draw(st.booleans())
        w_max, w0 = draw(st.sampled_from([1.0, 5.0, 117.25])), draw(positive(0.01, 1.0))
        self.contacts, drawn = [], []
        for k in range(count):
            pre = k if k < len(self.pre) else draw(st.integers(0, len(self.pre) - 1))
            delay = draw(st.one_of(st.integers(1, 5), st.integers(1, LONGEST)))
            own = w0 if alike else draw(positive(0.01, 1.0))
            self.contacts.append(Contact(pre, k, Synapse(own * w_max, w_max, delay, 0, DT)))
            drawn.append((draw(positive(0.0, 1.0)), draw(positive(1.0, 800.0)), draw(FACILITATION)))
        self.parameters = [drawn[0]] * count if form == "shared" else drawn
        given = drawn[0] if form == "shared" else map(list, zip(*drawn, strict=True))
        self.rule = gs.TsodyksMarkram(*given)

    def wanted(self) -> np.ndarray:
        """Conductances by step and cell."""
        columns = []
        for contact, own in zip(self.contacts, self.parameters, strict=True):
            train = self.pre[contact.pre]
            parts = [contact.synapse.w0 * part for part in released(*own, train, DT)]
            arrivals = [step + contact.synapse.delay for step in train]
            columns.append(conductance(list(zip(arrivals, parts, strict=True)), STEPS, DT))
        return np.stack(columns, axis=1)


@st.composite
def experiments(draw: Any, form: str) -> Drawn:
    return Drawn(draw, form)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("backend", "precision"), MACHINES)
def test_releases_are_those_of_the_recursion(backend, form, precision):
    how = {"backend": backend_named(backend), "precision": precision}

    @settings(max_examples=10 if backend == "cpu" else 3)
    @given(drawn=experiments(form))
    def check(drawn):
        net = network(drawn.contacts, drawn.pre, [[]] * len(drawn.contacts), 0.0, drawn.rule)
        found, wanted = run(net, drawn.contacts, [STEPS], **how), drawn.wanted()
        w_max = drawn.contacts[0].synapse.w_max
        assert_within(found.conductance, wanted, max(w_max, wanted.max()), "release", precision)
        assert_within(found.weights[0], [c.synapse.w0 for c in drawn.contacts], w_max, "release", precision)

    check()


# ---- random release ----

SPIKES = [1, 4, 4, 60, 62, 110]  # steps of 1 ms
COUNT, WEIGHT = 3000, 5.0
SHORT = {"U": 0.4, "tau_rec": 80.0, "tau_facil": 50.0}


def amplitudes(plastic: Any, **how: Any) -> np.ndarray:
    """What each spike of one source delivers to each cell, by step and cell, in units of the weight."""
    net = gs.Network()
    source = sources(net, "pre", [SPIKES], 1.0)
    receptors = [gs.AMPA(tau_decay=TAU, E_rev=REST)]
    cells = net.population("cells", COUNT, gs.LIF(), receptors=receptors)
    net.connect(source, cells, gs.AllToAll(), receptor="AMPA", weight=WEIGHT, delay=2.0, plasticity=plastic)
    recorder = net.record(cells, "g_AMPA")
    with gs.Simulator(net, **{"dt": 1.0, "seed": 3, "precision": "double"} | how) as sim:
        sim.step(SPIKES[-1] + 5)
        g = np.asarray(sim.data[recorder]["g_AMPA"], np.float64)
    before = np.vstack([np.zeros(COUNT), g[:-1]]) * math.exp(-1.0 / TAU)
    jumps = (g - before) / WEIGHT
    at = np.unique(SPIKES) + 2 - 1
    quiet = np.setdiff1d(np.arange(len(g)), at)
    assert np.abs(jumps[quiet]).max() < 1e-6
    return jumps[at]


def together(wanted: Moments) -> Moments:
    """Moments of what arrives in each step: spikes of the same step add up."""
    steps = np.unique(SPIKES)
    sums = np.array([[step == spike for spike in SPIKES] for step in steps], float)
    return Moments((sums @ wanted.mean).tolist(), (sums @ wanted.covariance @ sums.T).tolist())


@pytest.mark.parametrize("backend", ["numpy", "cpu"])
@pytest.mark.parametrize(("n", "cv"), [(1, 0.0), (5, 0.3), (3, 1.0)])
@pytest.mark.parametrize("short", [None, SHORT], ids=["alone", "with depression"])
def test_random_release_has_its_mean_variance_and_autocovariance(backend, short, n, cv):
    given = (0.3, 0.0, 0.0) if short is None else tuple(short.values())
    plastic = [gs.QuantalRelease(n, None if short else 0.3, cv=cv), *([gs.TsodyksMarkram(**short)] if short else [])]
    found = amplitudes(plastic, backend=backend_named(backend))
    mean, covariance = together(moments(n, cv, *given, SPIKES, 1.0))
    variance = np.diag(covariance)
    assert np.all(np.abs(found.mean(axis=1) - mean) < 5.0 * np.sqrt(variance / COUNT))
    errors = np.sqrt(2.0 * np.outer(variance, variance) / COUNT)
    assert np.all(np.abs(np.cov(found) - covariance) < 5.0 * errors)
    if cv == 0.0:
        quanta = found * n
        assert np.abs(quanta - np.rint(quanta)).max() < 1e-6


def test_neighbours_release_independently():
    found = amplitudes(gs.QuantalRelease(2, 0.5, cv=0.5), backend="numpy")
    centred = (found - found.mean(axis=1, keepdims=True)) / found.std(axis=1, keepdims=True)
    for lag in (1, 2, 7):
        products = centred[:, lag:] * centred[:, :-lag]
        assert np.all(np.abs(products.mean(axis=1)) < 5.0 / math.sqrt(COUNT))


def test_release_that_is_certain_or_never_happens():
    assert (
        np.abs(amplitudes(gs.QuantalRelease(7, 1.0), backend="numpy") - [[1.0], [2.0], [1.0], [1.0], [1.0]]).max()
        < 1e-9
    )
    assert np.abs(amplitudes(gs.QuantalRelease(7, 0.0, cv=0.5), backend="numpy")).max() == 0.0


def test_sizes_of_quanta_stay_within_two_means():
    sizes = amplitudes(gs.QuantalRelease(1, 1.0, cv=1.0), backend="numpy")[[0, 2, 3, 4]]  # single spikes
    assert sizes.min() >= 0.0
    assert 1.95 < sizes.max() <= 2.0 + 1e-9


@pytest.mark.parametrize(
    ("plastic", "changes"), [(gs.QuantalRelease(5, 0.5, cv=0.3), True), (gs.TsodyksMarkram(0.4), False)]
)
def test_a_trial_draws_anew_and_a_seed_draws_again(plastic, changes):
    first, again, other = (amplitudes(plastic, backend="numpy", trial=trial) for trial in (0, 0, 1))
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) == (not changes)
