"""The comparisons with plain loops fail for a rule with a wrong sign, trace, order or bound, in either precision."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.tolerances import TABLE, assert_within
from tests.plasticity import plain_loops
from tests.plasticity.plain_loops import Inhibitory, Meeting, Pair, Synapse, Triplet, learned, released

STEPS = 240
RULES = {
    "pairs": gs.STDP(0.02, 0.03, 17.0, 34.0, mu_plus=0.4, mu_minus=1.0),
    "nearest pairs": gs.STDP(0.02, 0.03, 17.0, 34.0, pairing="nearest"),
    "triplets": gs.TripletSTDP(2e-3, 4e-3, 4e-4, 2e-4),
    "inhibition": gs.InhibitorySTDP(eta=5e-3, tau=20.0, rate=400.0),
}
PRECISIONS = ["single", "double"]


def train(seed: int, count: int = 25) -> list[int]:
    return sorted(random.Random(seed).sample(range(1, STEPS), count))


PRE = train(1)
POST = sorted({*train(2), *(step - 10 + 2 * 3 for step in PRE[::4])})  # some meet at the synapse
SYNAPSE = Synapse(2.0, 5.0, 10, 3)


def weights(rule: Any, synapse: Synapse = SYNAPSE, pre: Any = PRE, post: Any = POST) -> np.ndarray:
    """All delivered weights, and the last one."""
    found = learned(rule, synapse, pre, post)
    return np.array([*(w for _, w in found.delivered), found.weight])


def rejected(wrong: np.ndarray, right: np.ndarray, kind: str = "learning", scale: float = SYNAPSE.w_max) -> None:
    """Check that both precisions tell a wrong result."""
    for precision in PRECISIONS:
        assert_within(right * (1.0 + 1e-14), right, scale, kind, precision)
        with pytest.raises(AssertionError, match="values differ by more than"):
            assert_within(wrong, right, scale, kind, precision)


def changed(rule: Any, monkeypatch: pytest.MonkeyPatch, **methods: Callable[..., Any]) -> np.ndarray:
    """What a rule gives whose loop has other methods."""
    kind = plain_loops.LOOPS[type(rule)]
    with monkeypatch.context() as patch:
        patch.setitem(plain_loops.LOOPS, type(rule), type("Wrong", (kind,), methods))
        return weights(rule)


SIDES: dict[type, dict[str, Callable[..., float]]] = {
    kind: {"at_pre": kind.at_pre, "at_post": kind.at_post} for kind in (Pair, Triplet, Inhibitory)
}


def wrong_traces(at: Callable[..., float]) -> list[Callable[..., float]]:
    """A change with each trace after the spikes of its step, or a hundredth off."""

    def shifted(index: int, by: float, factor: float, of_pre: bool) -> Callable[..., float]:
        def change(self: Any, w: float, pre: Any, post: Any) -> float:
            traces = list(pre if of_pre else post)
            traces[index] = factor * traces[index] + by
            return at(self, w, traces, post) if of_pre else at(self, w, pre, traces)

        return change

    return [shifted(0, 1.0, 1.0, True), shifted(-1, 1.0, 1.0, False), shifted(0, 0.0, 1.01, True)]


@pytest.mark.parametrize("name", RULES)
def test_a_wrong_sign_or_amplitude_is_told(name, monkeypatch):
    rule = RULES[name]
    right, kind = weights(rule), plain_loops.LOOPS[type(rule)]
    assert 0.0 < right.min() < right.max() < SYNAPSE.w_max
    for side, at in SIDES[kind].items():
        for factor in (-1.0, 0.0, 1.001):
            rejected(
                changed(rule, monkeypatch, **{side: lambda *given, at=at, factor=factor: factor * at(*given)}), right
            )


@pytest.mark.parametrize("name", RULES)
def test_sides_that_are_exchanged_are_told(name, monkeypatch):
    rule = RULES[name]
    sides = SIDES[plain_loops.LOOPS[type(rule)]]
    rejected(changed(rule, monkeypatch, at_pre=sides["at_post"], at_post=sides["at_pre"]), weights(rule))


@pytest.mark.parametrize("name", RULES)
def test_a_trace_after_the_spike_or_a_wrong_trace_is_told(name, monkeypatch):
    rule, told = RULES[name], 0
    for side, at in SIDES[plain_loops.LOOPS[type(rule)]].items():
        for wrong in wrong_traces(at):
            found = changed(rule, monkeypatch, **{side: wrong})
            if not np.array_equal(found, weights(rule)):  # some changes have no such trace
                rejected(found, weights(rule))
                told += 1
    assert told >= 3


@pytest.mark.parametrize("name", RULES)
def test_a_wrong_time_constant_is_told(name):
    rule = RULES[name]
    names = [field.name for field in dataclasses.fields(rule) if field.name.startswith("tau")]
    used = {"tau_x": "A3_minus", "tau_y": "A3_plus"}
    for tau in names:
        assert getattr(rule, used.get(tau, tau))
        rejected(weights(dataclasses.replace(rule, **{tau: 1.001 * getattr(rule, tau)})), weights(rule))


@pytest.mark.parametrize("name", RULES)
def test_a_wrong_delay_or_order_is_told(name):
    rule, right = RULES[name], weights(RULES[name])
    for wrong in (
        SYNAPSE._replace(axonal=4),
        SYNAPSE._replace(axonal=0),
        SYNAPSE._replace(axonal=7),  # axonal and dendritic parts exchanged
        SYNAPSE._replace(delay=11),
        SYNAPSE._replace(w0=SYNAPSE.w0 * 1.0001),
        SYNAPSE._replace(dt=0.101),
    ):
        rejected(weights(rule, wrong), right)
    late = weights(rule, pre=[step + 1 for step in PRE])
    rejected(late, right)
    assert not np.allclose(weights(rule, post=[step + 1 for step in POST]), right, atol=1e-4)


@pytest.mark.parametrize("first", ["pre", "post"])
@pytest.mark.parametrize("name", RULES)
def test_pairs_that_meet_and_count_are_told(name, first, monkeypatch):
    """One after the other, so that the second spike sees the first one's trace."""
    meetings = plain_loops.meetings

    def parted(*given: Any) -> list[Meeting]:
        found = []
        for step, post, pre in meetings(*given):
            sides = [Meeting(step, post, 0), Meeting(step, 0, pre)]
            found += sides if first == "post" else sides[::-1]
        return found

    right = weights(RULES[name])
    monkeypatch.setattr(plain_loops, "meetings", parted)
    rejected(weights(RULES[name]), right)


def test_the_pairing_is_told():
    rejected(weights(dataclasses.replace(RULES["nearest pairs"], pairing="all")), weights(RULES["nearest pairs"]))
    rejected(weights(dataclasses.replace(RULES["pairs"], pairing="nearest")), weights(RULES["pairs"]))


def test_the_powers_are_told():
    for mu in ("mu_plus", "mu_minus"):
        for other in (0.0, 0.999 * getattr(RULES["pairs"], mu)):
            rejected(weights(dataclasses.replace(RULES["pairs"], **{mu: other})), weights(RULES["pairs"]))


def test_clipping_in_the_end_alone_is_told(monkeypatch):
    given = gs.STDP(1.0, 0.25), SYNAPSE, [100, 150], [110]
    right = weights(*given)
    assert right[-1] < SYNAPSE.w_max
    with monkeypatch.context() as patch:
        patch.setattr(plain_loops, "clipped", lambda w, w_max: w)
        wrong = weights(*given)
    rejected(np.clip(wrong, 0.0, SYNAPSE.w_max), right)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", ["learning", "release", "dopamine"])
def test_the_comparison_is_as_tight_as_the_table_says(kind, precision):
    wanted, limit = np.array([0.0, 1.0, 4.0]), getattr(TABLE[kind], precision)
    assert_within(wanted + 0.9 * limit * 5.0, wanted, 5.0, kind, precision)
    for wrong in (wanted + 1.1 * limit * 5.0, wanted - 1.1 * limit * 5.0, np.where(wanted == 1.0, np.nan, wanted)):
        with pytest.raises(AssertionError, match="values differ by more than"):
            assert_within(wrong, wanted, 5.0, kind, precision)
    with pytest.raises(AssertionError, match="shapes"):
        assert_within(wanted[:2], wanted, 5.0, kind, precision)
    with pytest.raises(AssertionError, match="nothing to compare"):
        assert_within(wanted[:0], wanted[:0], 5.0, kind, precision)


def test_wrong_releases_are_told():
    right = np.array(released(0.3, 130.0, 90.0, PRE))
    for wrong in ((0.3003, 130.0, 90.0), (0.3, 130.2, 90.0), (0.3, 130.0, 90.2), (0.3, 130.0, 0.0), (0.3, 90.0, 130.0)):
        rejected(np.array(released(*wrong, PRE)), right, "release", 1.0)
    first = [0.0, *released(0.3, 130.0, 90.0, PRE)[:-1]]  # a spike late
    rejected(np.array(first), right, "release", 1.0)
    rejected(np.array(released(0.3, 130.0, 90.0, PRE, 0.101)), right, "release", 1.0)
