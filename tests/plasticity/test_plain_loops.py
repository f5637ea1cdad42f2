"""The plain loops, against sums over pairs and triplets, closed forms, an integrated equation, and drawn sites.

Whatever else is compared with the loops rests on this.
"""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

import gpusyn as gs
from tests.helpers.tolerances import assert_row
from tests.helpers.validation.lab import ROWS
from tests.plasticity.plain_loops import Synapse, learned, learned_by_reward, moments, released, variance_of_a_quantum

STEPS = 400
TRAINS = st.lists(st.integers(1, STEPS), max_size=12).map(sorted)
ONCE = st.lists(st.integers(1, STEPS), max_size=12, unique=True).map(sorted)
PLACES = st.tuples(st.integers(1, 150), st.floats(0.0, 1.0)).map(lambda place: (place[0], round(place[0] * place[1])))
WIDE = 1e6  # times all that spikes can change: nothing is clipped


def arrivals(synapse: Synapse, pre: list[int], post: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """When spikes reach the synapse (ms)."""
    there, back = np.array(pre, float) + synapse.axonal, np.array(post, float) + synapse.delay - synapse.axonal
    return there * synapse.dt, back * synapse.dt


def kernel(later: float, earlier: np.ndarray, tau: float, nearest: bool = False) -> float:
    """The sum over all earlier spikes, or what the last one of them leaves."""
    gone = later - earlier[earlier < later - 1e-9]
    if nearest:
        return float(np.exp(-gone.min() / tau)) if gone.size else 0.0
    return float(np.exp(-gone / tau).sum())


@pytest.mark.parametrize("pairing", ["all", "nearest"])
@given(pre=TRAINS, post=ONCE, place=PLACES)
def test_additive_pairs_are_a_sum_over_pairs(pairing, pre, post, place):
    rule = gs.STDP(0.01, 0.012, 17.0, 34.0, pairing=pairing)
    synapse = Synapse(0.5 * WIDE, WIDE, *place)
    there, back = arrivals(synapse, pre, post)
    near = pairing == "nearest"
    up = sum(kernel(t, there, 17.0, near) for t in back)
    down = sum(kernel(t, back, 34.0, near) for t in there)
    found = learned(rule, synapse, pre, post).weight / WIDE
    assert found - 0.5 == pytest.approx(0.01 * up - 0.012 * down, abs=1e-12)


@given(pre=TRAINS, post=ONCE, place=PLACES)
def test_triplets_are_a_sum_over_triplets(pre, post, place):
    rule = gs.TripletSTDP(1e-4, 2e-4, 3e-4, 4e-4, tau_plus=16.0, tau_x=90.0, tau_minus=33.0, tau_y=110.0)
    synapse = Synapse(0.5 * WIDE, WIDE, *place)
    there, back = arrivals(synapse, pre, post)
    up = sum(kernel(t, there, 16.0) * (1e-4 + 3e-4 * kernel(t, back, 110.0)) for t in back)
    down = sum(kernel(t, back, 33.0) * (2e-4 + 4e-4 * kernel(t, there, 90.0)) for t in there)
    found = learned(rule, synapse, pre, post).weight / WIDE
    assert found - 0.5 == pytest.approx(up - down, abs=1e-12)


@given(pre=TRAINS, post=ONCE, place=PLACES)
def test_inhibition_is_a_sum_over_pairs_less_a_part_for_each_spike(pre, post, place):
    rule = gs.InhibitorySTDP(eta=0.01, tau=20.0, rate=5.0)
    synapse = Synapse(0.5 * WIDE, WIDE, *place)
    there, back = arrivals(synapse, pre, post)
    pairs = sum(kernel(t, there, 20.0) for t in back) + sum(kernel(t, back, 20.0) for t in there)
    found = learned(rule, synapse, pre, post).weight
    assert found - 0.5 * WIDE == pytest.approx(0.01 * (pairs - 0.2 * len(pre)), abs=1e-8)  # of 5e5


@pytest.mark.parametrize(("name", "order"), [("G1", 1), ("G2", -1)])
def test_one_pair(name, order):
    rule = gs.STDP(A_plus=0.005, A_minus=0.00525, tau_plus=20.0, tau_minus=20.0)
    for place in ((1, 0), (30, 0), (30, 9), (30, 30)):
        synapse = Synapse(0.5, 1.0, *place)
        post = 500 + order * 100 + 2 * synapse.axonal - synapse.delay
        assert_row(ROWS[name], learned(rule, synapse, [500], [post]).weight - 0.5, "double")


@pytest.mark.parametrize("name", [name for name in ROWS if name.startswith("G3_")])
def test_sixty_pairings_of_the_triplet_rule(name):
    _, rate, order = name.split("_")
    pre = [1000 + 10_000 // int(rate) * k for k in range(60)]
    post = [step + (99 if order == "p" else -101) for step in pre]  # one step of dendritic delay
    small = gs.TripletSTDP(A2_minus=7.1e-6, A3_plus=6.5e-6)  # a thousandth: nothing is clipped
    found = learned(small, Synapse(0.5, 1.0, 1), pre, post).weight
    assert_row(ROWS[name], 1e3 * (found - 0.5), "double")


def test_weights_that_are_multiplied_close_in_on_their_bounds():
    up, down = gs.STDP(0.1, 0.0, mu_plus=1.0), gs.STDP(0.0, 0.1, mu_minus=0.5)
    apart = [10_000 * k for k in range(1, 6)]
    w = 0.25
    for _ in apart:
        w += 0.1 * (1.0 - w) * math.exp(-5.0 / 20.0)
    assert learned(up, Synapse(1.0, 4.0, 1), apart, [k + 49 for k in apart]).weight == pytest.approx(4.0 * w, rel=1e-9)
    w = 0.25
    for _ in apart:
        w -= 0.1 * w**0.5 * math.exp(-5.0 / 20.0)
    assert learned(down, Synapse(1.0, 4.0, 1), apart, [k - 51 for k in apart]).weight == pytest.approx(4 * w, rel=1e-9)


def test_weights_are_clipped_at_each_event():
    """Up beyond w_max, then down: the part beyond is lost."""
    rule = gs.STDP(A_plus=1.0, A_minus=0.25, tau_plus=20.0, tau_minus=20.0)
    found = learned(rule, Synapse(0.9, 1.0, 1), [100, 150], [109])
    assert found.weight == pytest.approx(1.0 - 0.25 * math.exp(-4.0 / 20.0))
    assert [w for _, w in found.delivered] == [0.9, found.weight]
    assert learned(rule, Synapse(0.1, 1.0, 1), [100], [99]).weight == 0.1  # at the same time
    assert learned(rule, Synapse(0.1, 1.0, 1), [101], [99]).weight == 0.0


def test_a_spike_delivers_the_weight_after_its_own_update():
    rule = gs.STDP(0.1, 0.2)
    synapse = Synapse(0.5, 1.0, 20, 5)
    # at the synapse: post 95, pre 105, post 115
    found = learned(rule, synapse, [100], [80, 100])
    after = 0.5 - 0.2 * math.exp(-1.0 / 20.0)
    assert found.delivered == [(120, pytest.approx(after))]
    assert found.weight == pytest.approx(after + 0.1 * math.exp(-1.0 / 20.0))
    assert learned(rule, synapse, [100], [80, 100], until=114).weight == found.delivered[0][1]


@given(pre=TRAINS, post=ONCE, place=PLACES)
def test_what_meets_at_the_same_time_counts_neither_way(pre, post, place):
    """With spikes only where the others are, one step of each pair apart or none at all."""
    delay, axonal = place
    rule = gs.STDP(0.01, 0.012)
    synapse = Synapse(0.5 * WIDE, WIDE, delay, axonal)
    met = [step + 2 * axonal - delay for step in pre[:1]]
    assert learned(rule, synapse, pre[:1], met).weight == 0.5 * WIDE
    later = learned(rule, synapse, pre[:1], [step + 1 for step in met]).weight
    assert later >= 0.5 * WIDE
    assert (later > 0.5 * WIDE) == bool(pre)


# ---- dopamine ----


@pytest.mark.parametrize("clipping", [False, True])
def test_three_factors_are_those_of_the_integrated_equations(clipping):
    rule = gs.DopamineSTDP(gs.STDP(3.0 if clipping else 0.3, 0.2), 50.0, 10.0, modulator="reward")
    synapse = Synapse(0.9 if clipping else 0.2, 1.0, 12, 4)
    pre, post, reward = [20, 60, 61, 200], [40, 55, 150], [45, 45, 180, 230]
    rates = 20.0 * np.sin(np.arange(300) / 40.0) ** 2
    found = learned_by_reward(rule, synapse, pre, post, spikes=reward, rates=rates, until=300).weight
    pairs = dict.fromkeys(range(301), 0.0)
    there, back = arrivals(synapse, pre, post)
    for t in back:
        pairs[round(10 * t)] += rule.stdp.A_plus * kernel(t, there, 20.0)
    for t in there:
        pairs[round(10 * t)] -= 0.2 * kernel(t, back, 20.0)
    y = np.array([0.0, 0.0, synapse.w0])
    for step in range(1, 301):
        m = rates[step - 1] / 1000.0
        slope = lambda t, y, m=m: [-y[0] / 50.0, (m - y[1]) / 10.0, y[0] * y[1]]  # noqa: E731
        y = solve_ivp(slope, (0.0, 0.1), y, rtol=1e-10, atol=1e-14).y[:, -1]
        y = np.array([y[0] + pairs[step], y[1] + reward.count(step) / 10.0, min(max(y[2], 0.0), 1.0)])
    assert found == pytest.approx(float(y[2]), rel=1e-8)
    assert (found == 1.0) == clipping


def test_dopamine_that_comes_late_adds_the_eligibility_that_is_left():
    rule = gs.DopamineSTDP(gs.STDP(A_plus=0.2), 1e6, 1.0, modulator="reward")
    found = learned_by_reward(rule, Synapse(0.5, 1.0, 1), [100], [149], spikes=[300], until=2000).weight
    assert found - 0.5 == pytest.approx(0.2 * math.exp(-5.0 / 20.0), rel=1e-4)
    early = dataclasses.replace(rule, tau_eligibility=20.0)
    assert learned_by_reward(early, Synapse(0.5, 1.0, 1), [100], [149], spikes=[100], until=130).weight == 0.5


# ---- release ----


def regular(name: str, count: int = 400) -> list[float]:
    """Amplitudes of a train of 20 Hz, for the parameters of group F's rows."""
    depressing = name in ("F1", "F2", "F3")
    given = (0.5, 800.0, 0.0) if depressing else (0.03, 130.0, 530.0)
    return released(*given, [1 + 500 * k for k in range(count)])


def test_amplitudes_of_regular_trains():
    depressed, facilitated = regular("F1"), regular("F5")
    assert_row(ROWS["F1"], depressed[-1] / 0.5, "double")
    assert_row(ROWS["F2"], depressed[1] / depressed[0], "double")
    assert_row(ROWS["F3"], depressed[-1] / depressed[0], "double")
    assert_row(ROWS["F5"], facilitated[4], "double")
    u = ROWS["F4"]["value"]  # in the steady state, of which x follows
    q = math.exp(-50.0 / 130.0)
    assert facilitated[-1] == pytest.approx(u * (1.0 - q) / (1.0 - (1.0 - u) * q), rel=1e-9)


@given(spikes=TRAINS, U=st.floats(0.0, 1.0), tau_rec=st.floats(1.0, 1e3), tau_facil=st.floats(0.0, 1e3))
def test_the_other_form_gives_the_same_amplitudes(spikes, U, tau_rec, tau_facil):
    """u rests at U, and grows after the release (science.md 3.1, form B)."""
    u, x, parts = U, 1.0, []
    for k, spike in enumerate(spikes):
        if k:
            h = 0.1 * (spike - spikes[k - 1])
            u = U + (u - U) * (math.exp(-h / tau_facil) if tau_facil > 0.0 else 0.0)
            x = 1.0 + (x - 1.0) * math.exp(-h / tau_rec)
        parts.append(u * x)
        x -= u * x
        u += U * (1.0 - u)
    assert released(U, tau_rec, tau_facil, spikes) == pytest.approx(parts, rel=1e-9, abs=1e-15)


def test_moments_of_drawn_sites():
    """Sites that are drawn one by one, within five standard errors."""
    n, cv, U, tau_rec, tau_facil = 3, 0.5, 0.4, 200.0, 100.0
    spikes, draw, trials = [1, 30, 500, 505, 900], np.random.default_rng(1), 40_000
    full, u, amplitudes = np.ones((trials, n), bool), 0.0, []
    for earlier, spike in pairwise([1, *spikes]):
        h = 0.1 * (spike - earlier)
        u *= math.exp(-h / tau_facil)
        u += U * (1.0 - u)
        full |= draw.random(full.shape) < 1.0 - math.exp(-h / tau_rec)
        released_now = full & (draw.random(full.shape) < u)
        amplitudes.append((released_now * sizes(draw, cv, full.shape)).mean(axis=1))
        full &= ~released_now
    wanted = moments(n, cv, U, tau_rec, tau_facil, spikes)
    variance = np.diag(wanted.covariance)
    assert np.all(np.abs(np.mean(amplitudes, axis=1) - wanted.mean) < 5.0 * np.sqrt(variance / trials))
    errors = np.sqrt(2.0 * np.outer(variance, variance) / trials)
    assert np.all(np.abs(np.cov(amplitudes) - wanted.covariance) < 5.0 * errors)
    assert wanted.mean == pytest.approx(released(U, tau_rec, tau_facil, spikes))


def sizes(draw: np.random.Generator, cv: float, shape: tuple[int, ...]) -> np.ndarray:
    """Sizes of quanta, drawn again where they are outside 0 to 2."""
    found = draw.normal(1.0, cv, shape)
    while (outside := (found < 0.0) | (found > 2.0)).any():
        found[outside] = draw.normal(1.0, cv, int(outside.sum()))
    return found


def test_moments_of_sites_that_are_always_full():
    found = moments(10, 0.0, 0.3, 0.0, 0.0, [1, 2, 500])
    assert found.mean == [0.3] * 3
    assert_row(ROWS["F8"] | {"rtol": 1e-12}, math.sqrt(found.covariance[1][1]) / 0.3, "double")
    assert np.count_nonzero(found.covariance) == 3
    for cv in (0.1, 0.5, 1.0):
        drawn = sizes(np.random.default_rng(2), cv, (200_000,))
        assert drawn.var() == pytest.approx(variance_of_a_quantum(cv), rel=0.02)
