"""Connecting by distance within a short reach: pairs are drawn among the targets in the cells around each source."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusyn.connectivity import FixedProbability, base, distance_dependent
from gpusyn.connectivity.distance_dependent import DistanceDependent
from gpusyn.connectivity.grid import MOST_CELLS, grid_of
from gpusyn.numerics import portable_math, sampling
from gpusyn.numerics.rng import Stream, stream_key, uniform32

STREAM = Stream(stream_key(3, "connect", "E->I:AMPA"))
RANDOM = np.random.default_rng(11)
SURE = math.log(2e9)  # a bound that holds with probability 1 - 1e-9


class CountingStream(Stream):
    """A stream that counts the words asked for."""

    count = 0

    def words(self, element, draw, block=0):
        found = super().words(element, draw, block)
        self.count += found[0].size
        return found


def sheet(n_pre, n_post, dimensions=2, low=0.0, high=1.0):
    return tuple(RANDOM.uniform(low, high, (n, dimensions)) for n in (n_pre, n_post))


def step(p, reach, positions, extent=None, **options):
    boundary = {} if extent is None else {"boundary": "periodic", "extent": extent}
    return DistanceDependent(p, sigma=reach, profile="step", positions=positions, **boundary, **options)


def draw(rule, stream=STREAM, same=None):
    return rule.draw(len(rule.positions.pre), len(rule.positions.post), stream, same)


def pairs(drawn):
    return list(zip(*(side.tolist() for side in drawn), strict=True))


def every_distance(rule):
    i, j = (np.arange(len(side)) for side in (rule.positions.pre, rule.positions.post))
    return rule.positions.distance(i[:, None], j[None, :])


@st.composite
def rules(draw, certain=False):
    """Rules with a grid: lattices and coinciding positions too, and positions outside the extent."""
    dimensions = draw(st.integers(1, 3))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    scale, shift = draw(st.sampled_from([1e-6, 1.0, 350.0])), draw(st.sampled_from([0.0, -0.5, 1000.0]))
    extent = draw(st.sampled_from([None, 1.0, 0.8]))
    cells = draw(st.integers(4, 12))
    reach = (extent or 1.0) / (cells + draw(st.sampled_from([0.001, 0.5])))
    points = [random.uniform(0.0, 1.0, (draw(st.integers(1, 60)), dimensions)) for _ in range(2)]
    if draw(st.booleans()):  # onto a lattice whose points are within reach or on its edge
        points = [np.floor(where / reach) * reach for where in points]
    if extent is None:  # the whole space has neurons
        points[0] = np.concatenate([points[0], np.zeros((1, dimensions)), np.ones((1, dimensions))])
    points = [(where + shift) * scale for where in points]
    options = {"sigma": reach * scale, "profile": "step"}
    if draw(st.booleans()):
        options = {"sigma": reach * scale, "max_distance": reach * scale, "profile": "gaussian"}
    if extent is not None:
        options |= {"boundary": "periodic", "extent": extent * scale}
    return DistanceDependent(1.0 if certain else draw(st.floats(0.05, 1.0)), positions=points, **options)


@given(rules(certain=True))
def test_a_certain_step_connects_all_within_reach(rule):
    assert grid_of(rule.positions) is not None
    drawn = pairs(draw(rule))
    share = rule.share(every_distance(rule))
    if rule.profile == "step":
        assert drawn == list(zip(*np.nonzero(share), strict=True))
    assert set(drawn) <= set(zip(*np.nonzero(share), strict=True))
    assert rule.expected(*share.shape) == pytest.approx(share.sum(), rel=1e-9)


@given(rules())
def test_synapses_are_as_many_as_their_probabilities_say(rule):
    """Bernstein's bound on a sum of independent draws, over several networks."""
    probability = rule.p * rule.share(every_distance(rule))
    count = 0
    for seed in range(20):
        drawn = pairs(draw(rule, Stream(seed)))
        assert drawn == sorted(set(drawn))
        assert all(probability[pair] > 0.0 for pair in drawn)
        count += len(drawn)
    variance = 20 * float((probability * (1 - probability)).sum())
    most = SURE / 3 + math.sqrt(SURE**2 / 9 + 2 * SURE * variance)
    assert abs(count - 20 * float(probability.sum())) <= most


@pytest.mark.parametrize("p", [0.7, 5e-4])
@pytest.mark.parametrize("extent", [None, (1.0, 0.5, 0.1)])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_candidates_are_drawn_by_their_place_in_the_list(p, extent, dimensions):
    """In plain loops: the gaps of FixedProbability over the targets in the cells around the source."""
    extent = extent and extent[:dimensions]
    rule = step(p, 0.08, sheet(120, 90, dimensions), extent)
    where = rule.positions
    low = np.zeros(dimensions) if extent else np.minimum(where.pre.min(axis=0), where.post.min(axis=0))
    high = np.array(extent) if extent else np.maximum(where.pre.max(axis=0), where.post.max(axis=0))
    count = [int(along) if along >= 4 else 1 for along in (high - low) / 0.08]
    steps = list(itertools.product(*((-1, 0, 1) if n > 1 else (0,) for n in count)))

    def cell(point):
        along = np.mod(point, extent) if extent else point - low
        return [min(int(x * n / side), n - 1) for x, n, side in zip(along, count, high - low, strict=True)]

    kept = []
    distance, cells = every_distance(rule), [cell(point) for point in where.post]
    for i, point in enumerate(where.pre):
        around = [[c + s for c, s in zip(cell(point), step, strict=True)] for step in steps]
        if extent:
            around = [[c % n for c, n in zip(one, count, strict=True)] for one in around]
        candidates = [j for one in around for j in range(90) if cells[j] == one]
        at, call, drawn = -1, 0, []
        while at < len(candidates):
            words = STREAM.words(i, call)
            fine = [sampling.uniform53(*words[:2]), sampling.uniform53(*words[2:])]
            for u in map(uniform32, words) if p > 0.001 else fine:
                at += 1 + int(portable_math.log(np.float64(u)) / portable_math.log(np.float64(1 - p)))
                drawn += candidates[at : at + 1]
            call += 1
        kept += [(i, j) for j in sorted(drawn) if distance[i, j] <= 0.08]
    assert pairs(draw(rule)) == kept


@pytest.mark.parametrize("extent", [None, 1.0])
def test_every_pair_has_its_probability_and_is_independent(extent):
    stats = pytest.importorskip("scipy.stats")
    boundary = {} if extent is None else {"boundary": "periodic", "extent": extent}
    rule = DistanceDependent(0.6, sigma=0.15, max_distance=0.2, positions=sheet(40, 50), **boundary)
    probability = 0.6 * rule.share(every_distance(rule))
    hits, counts = np.zeros((40, 50)), []
    for seed in range(400):
        pre, post = draw(rule, Stream(seed))
        hits[pre, post] += 1
        counts.append(len(pre))
    assert (hits[probability == 0] == 0).all()
    near = probability > 0.05
    variance = (probability * (1 - probability))[near]
    z = (hits - 400 * probability)[near] / np.sqrt(400 * variance)
    assert 1e-4 < stats.chi2.cdf((z**2).sum(), z.size) < 1 - 1e-4
    assert stats.kstest(z, "norm").pvalue > 1e-4
    spread = ((np.array(counts) - probability.sum()) ** 2).sum() / (probability * (1 - probability)).sum()
    assert 1e-4 < stats.chi2.cdf(spread, 400) < 1 - 1e-4


def test_the_work_is_that_of_the_candidates():
    """Four times the neurons at the same density need four times the draws, wherever the neurons are crowded."""

    def draws(n, side, crowd=0):
        where = RANDOM.uniform(0.0, side, (n, 2))
        where[RANDOM.permutation(n)[:crowd]] = side / 2
        stream = CountingStream(7)
        rule = step(0.5, 1.0, (where, where), float(side))
        drawn = sum(len(pre) for pre, _ in rule.blocks(n, n, stream))
        return stream.count, drawn * 9 / math.pi  # pairs drawn: the area of 9 cells to that within reach

    for n, side in ((2000, 20), (8000, 40)):
        count, expected = draws(n, side)
        assert count < 0.6 * expected  # four a call, and some more in case
    count, expected = draws(8000, 80, crowd=400)
    assert count < 2 * (8000 * 8 + 400**2)  # all rows have room for few, those of the crowd for its square
    assert expected > 200_000


def test_the_expected_number_needs_the_candidates_alone(monkeypatch):
    """The profile is evaluated for candidates, and for no more than a limit."""
    where = sheet(3000, 3000)
    seen = []
    share = DistanceDependent.share
    monkeypatch.setattr(DistanceDependent, "share", lambda rule, d: seen.append(d.size) or share(rule, d))
    exact = step(0.5, 0.05, where, 1.0).expected(3000, 3000)
    assert exact == 0.5 * (every_distance(step(0.5, 0.05, where, 1.0)) <= 0.05).sum()
    assert sum(seen) < 1.05 * 3000**2 * 9 / 19**2  # 9 of 19 by 19 cells
    seen.clear()
    monkeypatch.setattr(distance_dependent, "_MOST_PAIRS", 50_000)
    some = step(0.5, 0.05, where, 1.0).expected(3000, 3000)
    assert sum(seen) < 60_000
    assert some != exact
    assert some == pytest.approx(exact, rel=0.05)


def test_synapses_do_not_depend_on_the_size_of_a_block(monkeypatch):
    rules = [step(p, 0.1, sheet(300, 200)) for p in (0.3, 1.0)]
    whole = [draw(rule) for rule in rules]
    assert all(len(pre) > 100 for pre, _ in whole)
    for module in (base, sampling, distance_dependent):
        monkeypatch.setattr(module, "BLOCK", 50)
    monkeypatch.setattr("gpusyn.connectivity.grid._ROWS", 7)
    for rule, expected in zip(rules, whole, strict=True):
        np.testing.assert_array_equal(draw(rule), expected)


def test_autapses_can_be_left_out():
    where = RANDOM.uniform(0.0, 1.0, (200, 2))
    keys = np.arange(200), np.arange(200)
    with_, without = (step(0.8, 0.1, (where, where), autapses=autapses) for autapses in (True, False))
    kept = [(i, j) for i, j in pairs(draw(with_, same=keys)) if i != j]
    assert pairs(draw(without, same=keys)) == kept
    assert len(kept) < len(draw(with_, same=keys)[0])
    assert with_.expected(200, 200, keys) - without.expected(200, 200, keys) == pytest.approx(0.8 * 200)


def test_targets_elsewhere_do_not_matter():
    pre, post = sheet(200, 200)
    moved = post.copy()
    away = (post[:, 0] > 0.6) & (post[:, 0] < 0.85)
    moved[away] = post[away][:, ::-1] * [0.0, 1.0] + [0.75, 0.0]
    here = {i for i in range(200) if pre[i, 0] < 0.35}
    one, other = (pairs(draw(step(0.7, 0.1, (pre, where), 1.0))) for where in (post, moved))
    assert [pair for pair in one if pair[0] in here] == [pair for pair in other if pair[0] in here]
    assert one != other


@pytest.mark.parametrize("n", [(0, 90), (90, 0), (0, 0), (1, 1)])
def test_few_and_nobody(n):
    rule = step(1.0, 0.01, sheet(*n), 1.0)
    assert len(draw(rule)[0]) == rule.expected(*n) <= rule.max_in_degree(*n) <= n[0] * n[1]
    none = step(0.0, 0.01, sheet(90, 90), 1.0)
    assert len(draw(none)[0]) == none.expected(90, 90) == 0


def test_sources_without_candidates():
    where = np.linspace(0.0, 1.0, 500)[:, None], np.array([[0.0], [0.5], [0.5], [1.0]])
    d = np.abs(where[0] - where[1].T)
    assert pairs(draw(step(1.0, 0.01, where))) == list(zip(*np.nonzero(d <= 0.01), strict=True))
    some = pairs(draw(step(0.5, 0.01, where)))
    assert 0 < len(some) < (d <= 0.01).sum()


def test_positions_may_coincide():
    where = np.zeros((50, 3)), np.full((40, 3), 2.0)  # periodic: the same place again
    assert len(draw(step(1.0, 0.01, where, 1.0))[0]) == 2000
    assert len(draw(step(1.0, 0.01, where))[0]) == 0
    alone = step(0.4, 0.01, (where[0], where[0]))
    assert grid_of(alone.positions) is None
    np.testing.assert_array_equal(draw(alone), FixedProbability(0.4).draw(50, 50, STREAM))


@pytest.mark.parametrize("reach", [0.3, 0.9, 1.5, 100.0])
@pytest.mark.parametrize("extent", [None, 1.0])
def test_a_long_reach_draws_among_all_pairs(reach, extent):
    rule = step(0.4, reach, sheet(80, 70), extent)
    assert grid_of(rule.positions) is None
    d = every_distance(rule)
    drawn = pairs(FixedProbability(0.4).draw(80, 70, STREAM))
    assert pairs(draw(rule)) == [pair for pair in drawn if d[pair] <= reach]


def test_one_dimension_may_be_cut_and_another_not():
    where = tuple(side * [1.0, 0.01] for side in sheet(300, 300))
    rule = step(1.0, 0.05, where)
    assert pairs(draw(rule)) == list(zip(*np.nonzero(every_distance(rule) <= 0.05), strict=True))


def test_a_tiny_reach_has_no_more_cells_than_numbers():
    where = RANDOM.uniform(0.0, 1.0, (100, 3))
    for extent in (None, 1.0):
        for reach in (1e-12, 0.4 / MOST_CELLS):
            assert pairs(draw(step(1.0, reach, (where, where), extent))) == [(i, i) for i in range(100)]


def test_only_portable_arithmetic(monkeypatch):
    where = sheet(120, 90)

    def drawn():
        rule = DistanceDependent(0.5, sigma=0.1, max_distance=0.1, positions=where)
        assert grid_of(rule.positions) is not None
        return draw(rule)

    expected = drawn()

    def forbidden(*args, **kwargs):
        raise AssertionError("the bits of this function depend on the machine")

    for name in ("log", "exp", "log1p", "expm1", "power", "hypot", "dot", "einsum", "matmul"):
        monkeypatch.setattr(np, name, forbidden)
    np.testing.assert_array_equal(drawn(), expected)


@pytest.mark.parametrize("far", [0.0, 1e5])
def test_no_pair_is_lost_to_rounding(far):
    """Distances that are rounded to the reach, between neurons on both sides of multiples of the reach."""
    line = np.arange(8)[:, None] / 8
    before = np.nextafter(line, -1.0) - np.spacing(far) * np.arange(8)[:, None]
    for where in ((before + far, line - far), (line - far, before + far)):
        rule = step(1.0, 0.125, where, 1.0)
        assert grid_of(rule.positions) is not None
        assert pairs(draw(rule)) == list(zip(*np.nonzero(every_distance(rule) <= 0.125), strict=True))
    where = np.array([[np.nextafter(0.125, 0.0)]]), np.array([[0.0], [0.25], [1.0]])
    assert pairs(draw(step(1.0, 0.125, where))) == [(0, 0), (0, 1)]
