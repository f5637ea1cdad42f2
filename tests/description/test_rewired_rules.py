"""What a rule of connection draws anew: as many pairs as were deleted, none twice, and each with its probability."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.connectivity import free_pairs
from gpusyn.connectivity.base import Pairs, Rule
from gpusyn.numerics.rng import Stream

LINE = np.arange(12.0)[:, None]


def rules(draw):
    """A rule, and the numbers of sources and targets."""
    n_pre, n_post = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    autapses, multapses = draw(st.booleans()) or min(n_pre, n_post) < 3, draw(st.booleans())
    kind = draw(st.sampled_from(["in", "out", "p", "total", "distance", "near"]))
    least = min(n_pre, n_post) - (not autapses)
    k = draw(st.integers(0, 20 if multapses else least))
    options = {"autapses": autapses, "multapses": multapses}
    if kind == "in":
        rule = gs.FixedInDegree(k, **options)
    elif kind == "out":
        rule = gs.FixedOutDegree(k, **options)
    elif kind == "total":
        rule = gs.FixedTotalNumber(draw(st.integers(0, 200 if multapses else n_pre * least)), **options)
    elif kind == "p":
        rule = gs.FixedProbability(draw(st.sampled_from([0.0, 0.1, 0.6, 1.0])), autapses=autapses)
    else:
        width = {"sigma": 2.0} if kind == "distance" else {"sigma": 1.5, "profile": "step"}
        places = 3.0 * LINE[:n_pre] if kind == "near" else LINE[:n_pre], LINE[:n_post]
        rule = gs.DistanceDependent(draw(st.sampled_from([0.3, 1.0])), positions=places, autapses=autapses, **width)
    return rule, n_pre, n_post


def cells(pairs, n_post):
    return np.asarray(pairs[0], np.int64) * n_post + pairs[1]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_new_synapses_keep_what_the_rule_promises(data):
    rule, n_pre, n_post = rules(data.draw)
    shared = data.draw(st.booleans())
    same = (np.arange(n_pre), np.arange(n_post)) if shared else None
    pre, post = rule.draw(n_pre, n_post, Stream(1), same)
    seed, share = data.draw(st.integers(0, 10**6)), data.draw(st.sampled_from([0.0, 0.2, 1.0]))
    gone = np.random.default_rng(seed).random(len(pre)) < share
    kept, deleted = Pairs(pre[~gone], post[~gone]), Pairs(pre[gone], post[gone])
    new = rule.checked_rewire(kept, deleted, n_pre, n_post, Stream(seed), same)

    drawn = cells(new, n_post)
    assert len(set(drawn)) == len(drawn)
    assert not set(drawn) & set(cells(kept, n_post))
    if shared and not rule.autapses:
        assert (new.pre != new.post).all()
    allowed = np.ones((n_pre, n_post), bool)
    if shared and not rule.autapses:
        np.fill_diagonal(allowed, False)
    if isinstance(rule, gs.DistanceDependent):
        where = np.arange(n_pre * n_post)
        allowed &= (rule.share(rule.positions.distance(*np.divmod(where, n_post))) > 1e-15).reshape(n_pre, n_post)
    allowed[kept] = False
    axis = {gs.FixedInDegree: 0, gs.FixedOutDegree: 1}.get(type(rule))
    if axis is None:
        assert len(drawn) == min(len(deleted.pre), int(allowed.sum()))
    else:  # each row gets what it lost, as far as there are partners
        sides, size = (1, n_post) if axis == 0 else (0, n_pre)
        lost, got = (np.bincount(pairs[sides], minlength=size) for pairs in (deleted, new))
        assert got.tolist() == np.minimum(lost, allowed.sum(axis)).tolist()
    again = rule.checked_rewire(kept, deleted, n_pre, n_post, Stream(seed), same)
    assert np.array_equal(again, new)


NO_AUTAPSES = [
    gs.FixedInDegree(5, autapses=False),
    gs.FixedInDegree(1, autapses=False),
    gs.FixedOutDegree(5, autapses=False, multapses=False),
    gs.FixedTotalNumber(9, autapses=False),
    gs.FixedTotalNumber(30, autapses=False, multapses=False),
    gs.FixedProbability(0.6, autapses=False),
    gs.DistanceDependent(0.5, sigma=9.0, positions=(LINE[:6], LINE[:6]), autapses=False),
]


@pytest.mark.parametrize("rule", NO_AUTAPSES)
def test_no_neuron_contacts_itself_anew(rule):
    ids = np.arange(6)
    deleted = Pairs(*rule.draw(6, 6, Stream(1), (ids, ids)))
    none = Pairs(ids[:0], ids[:0])
    for key in range(5):
        new = rule.checked_rewire(none, deleted, 6, 6, Stream(key), (ids, ids))
        assert len(new.pre) > 0
        assert (new.pre != new.post).all()


def p_value(counts, expected, left=1.0):
    """Of counts; `left` is the share of what can be drawn that is not drawn each time.

    Draws without replacement vary less than independent ones, by about that share.
    """
    stats = pytest.importorskip("scipy.stats")
    keep = expected > 0
    assert not counts[~keep].any()
    number = np.count_nonzero(keep)
    statistic = np.sum((counts - expected)[keep] ** 2 / expected[keep]) * (number - 1) / (number * left)
    return stats.chi2.sf(statistic, number - 1)


FREE = {  # of 10 columns of a row: those with synapses, and the number of synapses that it has lost
    "few are free": (7, 2),
    "many are free": (2, 2),
}


@pytest.mark.parametrize("kind", ["in", "out"])
@pytest.mark.parametrize("crowd", FREE)
def test_every_free_partner_is_drawn_equally_often(kind, crowd):
    """Many rows, each with the first columns taken."""
    (full, wanted), n = FREE[crowd], 1500
    row, column = np.divmod(np.arange(n * full), full)
    kept, deleted = (row, column), (np.repeat(np.arange(n), wanted), np.zeros(n * wanted, int))
    if kind == "in":
        pre, post = gs.FixedInDegree(9).rewire(Pairs(*kept[::-1]), Pairs(*deleted[::-1]), 10, n, Stream(8))
    else:
        post, pre = gs.FixedOutDegree(9).rewire(Pairs(*kept), Pairs(*deleted), n, 10, Stream(8))
    counts = np.bincount(pre, minlength=10)
    assert (np.bincount(post) == wanted).all()
    expected = np.where(np.arange(10) < full, 0.0, n * wanted / (10 - full))
    assert 1e-4 < p_value(counts, expected, left=1 - wanted / (10 - full)) < 1 - 1e-4


@pytest.mark.parametrize("rule", [gs.FixedTotalNumber(60), gs.FixedProbability(0.5)])
@pytest.mark.parametrize("crowd", FREE)
def test_every_free_pair_is_drawn_equally_often(rule, crowd):
    full, wanted = FREE[crowd]
    row, column = np.divmod(np.arange(60), 10)
    taken = (column + row) % 10 < full
    kept, deleted = Pairs(row[taken], column[taken]), Pairs(*np.zeros((2, 6 * wanted), int))
    counts = np.zeros(60)
    for key in range(300):
        counts[cells(rule.rewire(kept, deleted, 6, 10, Stream(key)), 10)] += 1
    expected = np.where(taken, 0.0, 300 * wanted / (10 - full))
    assert 1e-4 < p_value(counts, expected, left=1 - wanted / (10 - full)) < 1 - 1e-4


@pytest.mark.parametrize("limit", [None, 4.0])
@pytest.mark.parametrize("few", [False, True])
def test_pairs_are_drawn_in_proportion_to_their_probability(limit, few, monkeypatch):
    """A small part of all pairs, with a reach that needs a grid and without."""
    if few:  # all free pairs are ranked
        monkeypatch.setattr("gpusyn.connectivity.distance_dependent.free_among", lambda *given: None)
    n = 400
    line = np.arange(float(n))[:, None]
    rule = gs.DistanceDependent(0.5, sigma=2.0, max_distance=limit, positions=(line, line))
    ids = np.arange(n)
    pre, post = rule.rewire(Pairs(ids, ids), Pairs(*np.zeros((2, 150), int)), n, n, Stream(4))
    counts = np.bincount(np.abs(pre - post), minlength=n)[:6]
    expected = 2 * (n - np.arange(6)) * rule.share(np.arange(6.0))
    expected[0] = 0  # taken
    assert counts.sum() >= 148
    assert 1e-4 < p_value(counts, counts.sum() * expected / expected.sum()) < 1 - 1e-4


def test_a_row_does_not_depend_on_how_many_are_drawn_at_a_time(monkeypatch):
    taken, rows = np.arange(0, 300, 7), np.arange(10)
    every = free_pairs.free_in_rows(Stream(3), rows, np.arange(10), taken, 30)
    monkeypatch.setattr(free_pairs, "BLOCK", 1)
    assert sorted(free_pairs.free_in_rows(Stream(3), rows, np.arange(10), taken, 30)) == sorted(every)


class Wrong(gs.FixedProbability):
    """A rule of a user's own that returns what it is told to."""

    def rewire(self, kept, deleted, n_pre, n_post, stream, same=None):
        return self.__dict__["returned"]

    def rewired_in_degree(self, n_pre, n_post):
        return 2


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "rewire: must return two integer arrays"),
        (([5], [0]), "rewire: must return two integer arrays"),
        (([0, 1, 2], [0, 0, 0]), "3 synapses in place of 2"),
        (([0, 0], [0, 0]), "1 pairs that are connected already"),
        (([0, 1], [1, 1]), "1 pairs that are connected already"),
        (([0, 1], [2, 2]), "3 synapses of a target, but its rewired_in_degree is 2"),
    ],
)
def test_wrong_answers_of_a_users_rule_are_refused(returned, message):
    rule = Wrong(0.5)
    rule.__dict__["returned"] = returned if returned is None else tuple(np.array(x) for x in returned)
    kept = Pairs(np.array([1, 2]), np.array([1, 2]))
    with pytest.raises(gs.ArgumentError, match=message):
        rule.checked_rewire(kept, Pairs(np.array([0, 0]), np.array([0, 1])), 5, 5, Stream(1))


def test_rules_that_draw_nothing_say_so():
    for rule in (gs.OneToOne(), gs.AllToAll(), gs.FromArrays([0], [0])):
        assert not rule.rewires
        with pytest.raises(NotImplementedError, match="does not draw synapses anew"):
            Rule.rewire(rule, *[Pairs(np.zeros(0), np.zeros(0))] * 2, 1, 1, Stream(1))
    assert gs.FixedProbability(0.1).rewires
