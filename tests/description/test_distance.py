"""Connecting by distance: what is promised of every pair, statistics, bounds, and distance-dependent delays."""

import math

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.connectivity import FixedProbability, base
from gpusyn.connectivity import geometry as places
from gpusyn.connectivity.base import Pairs, tail_bound
from gpusyn.connectivity.distance_delay import DistanceDelay
from gpusyn.connectivity.distance_dependent import DistanceDependent
from gpusyn.connectivity.geometry import Places
from gpusyn.connectivity.grid import grid_of
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from gpusyn.numerics import portable_math, sampling
from gpusyn.numerics.rng import Stream, stream_key, uniform53

STREAM = Stream(stream_key(3, "connect", "E->I:AMPA"))
RANDOM = np.random.default_rng(7)
SHEET = RANDOM.uniform(0.0, 1.0, (120, 2)), RANDOM.uniform(0.0, 1.0, (90, 2))
PROFILES = {
    "gaussian": lambda d, sigma: np.exp(-((d / sigma) ** 2) / 2),
    "exponential": lambda d, sigma: np.exp(-d / sigma),
    "step": lambda d, sigma: (d <= sigma) * 1.0,
}


def distances(pre, post, extent=None):
    apart = np.abs(pre[:, None, :] - post[None, :, :])
    if extent is not None:
        apart = np.minimum(apart % extent, extent - apart % extent)
    return np.sqrt((apart**2).sum(axis=2))


def pairs(drawn):
    return set(zip(*(side.tolist() for side in drawn), strict=True))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("p", [0.3, 1.0, 1e-3])
def test_it_thins_a_fixed_probability(profile, p):
    """In plain loops: each pair that FixedProbability draws is kept by a number that belongs to the pair."""
    sheet = [side[:: 1 if p < 0.01 else 3] for side in SHEET]
    sizes = [len(side) for side in sheet]
    rule = DistanceDependent(p, sigma=0.3, profile=profile, max_distance=0.7, positions=sheet)
    pre, post = rule.draw(*sizes, STREAM)
    d = distances(*sheet)
    kept = []
    for i, j in zip(*FixedProbability(p).draw(*sizes, STREAM), strict=True):
        words = STREAM.words(int(i), int(j), 1)
        f = PROFILES[profile](d[i, j], 0.3) if d[i, j] <= 0.7 else 0.0
        if uniform53(words[0], words[1]) < f:
            kept.append((i, j))
    assert list(zip(pre, post, strict=True)) == kept
    assert pre.dtype == post.dtype == np.int32


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("extent", [None, 1.0])
def test_every_distance_is_connected_with_its_probability(profile, extent):
    stats = pytest.importorskip("scipy.stats")
    boundary = {} if extent is None else {"boundary": "periodic", "extent": extent}
    where = RANDOM.uniform(0.0, 1.0, (600, 2)), RANDOM.uniform(0.0, 1.0, (500, 2))
    rule = DistanceDependent(0.6, sigma=0.15, profile=profile, positions=where, **boundary)
    pre, post = rule.draw(600, 500, STREAM)
    d = distances(*where, extent)
    probability = 0.6 * PROFILES[profile](d, 0.15)
    hit = np.zeros(d.shape, bool)
    hit[pre, post] = True
    assert hit.sum() == len(pre)
    place = np.digitize(d, np.linspace(0.05, 0.45, 9))
    for k in range(10):
        inside = place == k
        mean, variance = probability[inside].sum(), (probability * (1 - probability))[inside].sum()
        if variance == 0.0:
            assert hit[inside].sum() == mean
        else:
            assert abs(hit[inside].sum() - mean) < 4.5 * math.sqrt(variance), k
    assert rule.expected(600, 500) == pytest.approx(probability.sum(), rel=1e-9)
    degrees = stats.zscore(hit.sum(axis=0) - probability.sum(axis=0))
    assert abs(np.corrcoef(degrees[:-1], degrees[1:])[0, 1]) < 0.2


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_nearest_image_counts(dimensions):
    where = [RANDOM.uniform(-3.0, 3.0, (n, dimensions)) for n in (20, 30)]
    extent = (1.0, 2.0, 4.0)[:dimensions]
    found = Places(*where, extent, "here")
    i, j = np.meshgrid(np.arange(20), np.arange(30), indexing="ij")
    np.testing.assert_allclose(found.distance(i, j), distances(*where, np.array(extent)), atol=1e-12)
    open_ = Places(*where, None, "here")
    np.testing.assert_allclose(open_.distance(i, j), distances(*where), atol=1e-12)
    for space in (found, open_):
        assert space.distance(i, j).max() <= space.farthest()


def test_a_pair_depends_on_its_own_places_alone():
    moved = SHEET[0].copy()
    moved[50:] += 0.3
    rule = DistanceDependent(0.8, sigma=0.2, positions=SHEET)
    again = DistanceDependent(0.8, sigma=0.2, positions=(moved, SHEET[1]))
    one, other = rule.draw(120, 90, STREAM), again.draw(120, 90, STREAM)
    assert {p for p in pairs(one) if p[0] < 50} == {p for p in pairs(other) if p[0] < 50}
    assert pairs(one) != pairs(other)
    wider = DistanceDependent(0.8, sigma=0.4, positions=SHEET).draw(120, 90, STREAM)
    assert pairs(one) < pairs(wider)
    cut = DistanceDependent(0.8, sigma=0.2, max_distance=0.3, positions=SHEET).draw(120, 90, STREAM)
    d = distances(*SHEET)
    assert pairs(cut) == {(i, j) for i, j in pairs(one) if d[i, j] <= 0.3}


def test_autapses_can_be_left_out():
    line = np.arange(60.0)[:, None]
    keys = np.arange(60), np.arange(60)
    with_ = DistanceDependent(0.9, sigma=3.0, positions=(line, line))
    without = DistanceDependent(0.9, sigma=3.0, autapses=False, positions=(line, line))
    own = pairs(with_.draw(60, 60, STREAM, keys)) - pairs(without.draw(60, 60, STREAM, keys))
    assert own
    assert all(i == j for i, j in own)
    assert with_.expected(60, 60, keys) - without.expected(60, 60, keys) == pytest.approx(0.9 * 60)
    assert without.expected(60, 60) == with_.expected(60, 60)


def test_synapses_do_not_depend_on_the_size_of_a_block(monkeypatch):
    rule = DistanceDependent(0.5, sigma=0.3, positions=SHEET)
    whole = rule.draw(120, 90, STREAM)
    for module in (base, sampling):
        monkeypatch.setattr(module, "BLOCK", 50)
    np.testing.assert_array_equal(rule.draw(120, 90, STREAM), whole)


@pytest.mark.parametrize("profile", PROFILES)
def test_only_portable_arithmetic(profile, monkeypatch):
    def drawn():
        rule = DistanceDependent(0.5, sigma=0.3, profile=profile, positions=SHEET)
        return rule.draw(120, 90, STREAM), rule.max_in_degree(120, 90)

    expected = drawn()

    def forbidden(*args, **kwargs):
        raise AssertionError("the bits of this function depend on the machine")

    for name in ("log", "exp", "log1p", "expm1", "power", "hypot", "dot", "einsum", "matmul"):
        monkeypatch.setattr(np, name, forbidden)
    found = drawn()
    np.testing.assert_array_equal(found[0], expected[0])
    assert found[1] == expected[1]


# ---- bounds ----


def lattice(n):
    return np.stack(np.meshgrid(np.arange(n), np.arange(n)), axis=-1).reshape(-1, 2) / n


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("extent", [None, 1.0])
@pytest.mark.parametrize("cells", [1024, 16])
def test_the_bound_on_the_in_degree_is_safe_and_not_wasteful(profile, extent, cells, monkeypatch):
    stats = pytest.importorskip("scipy.stats")
    monkeypatch.setattr(places, "SOURCE_CELLS", cells)
    monkeypatch.setattr(places, "TARGET_CELLS", cells)
    where = lattice(20), RANDOM.uniform(0.0, 1.0, (300, 2))
    boundary = {} if extent is None else {"boundary": "periodic", "extent": extent}
    rule = DistanceDependent(0.7, sigma=0.2, profile=profile, positions=where, **boundary)
    bound = rule.max_in_degree(400, 300)
    d = distances(*where, extent)
    mean = 0.7 * PROFILES[profile](d, 0.2).sum(axis=0).max()
    sharp = int(np.argmax(stats.binom.sf(np.arange(401), 400, mean / 400) < 1e-15 / 300))
    reach = (d <= 0.2).sum(axis=0).max() if profile == "step" else 400
    assert bound >= min(sharp, reach)
    if cells == 1024:
        assert bound <= min(sharp + 0.1 * (sharp - mean) + 2, reach)
    for seed in range(3):
        _, post = rule.draw(400, 300, Stream(seed))
        assert np.bincount(post).max() <= bound


def halves(points, most):
    """The definition of cells: every group of several points is halved along its longest side, repeatedly."""
    groups = [list(range(len(points)))]
    while 2 * len(groups) <= most and any(len(ids) > 1 for ids in groups):
        cut = []
        for ids in groups:
            side = np.argmax(np.ptp(points[ids], axis=0))
            ids = sorted(ids, key=lambda i: points[i, side]) if len(ids) > 1 else ids
            cut += [half for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]) if half]
        groups = cut
    return groups


@pytest.mark.parametrize("points", [lattice(9), RANDOM.normal(size=(70, 3)), np.zeros((5, 1)), np.zeros((1, 2))])
@pytest.mark.parametrize("most", [1, 8, 1000])
def test_cells_are_halved_along_their_longest_side(points, most, monkeypatch):
    found = places.cells_of(points, most)
    assert [ids.tolist() for ids in np.split(found.order, found.bounds[1:-1])] == halves(points, most)
    further = places.cells_of(points, most, places.cells_of(points, 4))
    for one, other in zip(further, places.cells_of(points, max(most, 4)), strict=True):
        np.testing.assert_array_equal(one, other)
    low, high = found.boxes(points)
    for ids, *box in zip(halves(points, most), low, high, strict=True):
        np.testing.assert_array_equal(box, [points[ids].min(axis=0), points[ids].max(axis=0)])


def test_no_more_than_are_within_reach():
    points = lattice(10)
    rule = DistanceDependent(
        1.0, sigma=0.1, profile="step", boundary="periodic", extent=1.0, positions=(points, points)
    )
    assert rule.max_in_degree(100, 100) == 5  # itself and four neighbours; none is lost to rounding
    _, post = rule.draw(100, 100, STREAM)
    assert (np.bincount(post) <= 5).all()
    assert rule.max_in_degree(100, 100) >= np.bincount(post).max()


def test_nothing_and_nobody():
    empty = np.empty((0, 2))
    assert DistanceDependent(0.5, sigma=1.0, positions=(empty, SHEET[1])).max_in_degree(0, 90) == 0
    for where in ((empty, SHEET[1]), (SHEET[0], empty), (empty, empty)):
        rule = DistanceDependent(0.5, sigma=1.0, positions=where)
        n = len(where[0]), len(where[1])
        assert len(rule.draw(*n, STREAM)[0]) == rule.expected(*n) == rule.max_in_degree(*n) == 0
    none = DistanceDependent(0.0, sigma=1.0, positions=SHEET)
    assert none.exact
    assert len(none.draw(120, 90, STREAM)[0]) == none.expected(120, 90) == none.max_in_degree(120, 90) == 0


def test_the_expected_number_from_some_of_the_rows(monkeypatch):
    points = lattice(40)
    sheet = DistanceDependent(0.5, sigma=0.1, positions=(points, points))
    whole = sheet.expected(1600, 1600)
    monkeypatch.setattr("gpusyn.connectivity.distance_dependent._MOST_PAIRS", 100 * 1600)
    some = DistanceDependent(0.5, sigma=0.1, positions=(points, points)).expected(1600, 1600)
    assert some != whole
    assert some == pytest.approx(whole, rel=0.02)


# ---- kernels and masks ----

MASKS = {
    "rectangle": gs.Rectangle((-0.1, -0.3), (0.4, 0.2)),
    "ring": gs.Annulus(0.1, 0.35, anchor=(0.1, 0.0)),
    "ellipse": gs.Ellipse(0.7, 0.3, azimuth_angle=30.0),
}


FEW = SHEET[0][::3], SHEET[1][::3]


def wave(d):
    return (1.0 + np.sin(d * 20.0)) / 2.0


def shares(rule, kernel, mask, extent=None):
    """The share of each pair in plain loops."""
    found = np.zeros((40, 30))
    for i, here in enumerate(FEW[0]):
        for j, there in enumerate(FEW[1]):
            way = there - here
            if extent is not None:
                way = (way + extent / 2) % extent - extent / 2
            d = np.sqrt(way @ way)
            inside = mask is None or mask.contains([np.array([x]) for x in way])[0]
            found[i, j] = kernel(d) * inside
    return found


@pytest.mark.parametrize("extent", [None, 1.3])
@pytest.mark.parametrize("name", [None, *MASKS])
@pytest.mark.parametrize("kernel", [None, wave])
def test_a_pair_is_kept_by_the_kernel_within_the_mask(extent, name, kernel):
    if name is None and kernel is None:
        return
    mask = MASKS.get(name)
    boundary = {} if extent is None else {"boundary": "periodic", "extent": extent}
    rule = DistanceDependent(0.7, kernel=kernel, mask=mask, positions=FEW, **boundary)
    pre, post = rule.draw(40, 30, STREAM)
    share = shares(rule, kernel or (lambda d: 1.0), mask, extent)
    np.testing.assert_allclose(rule.between(*np.indices((40, 30)).reshape(2, -1)), share.ravel(), atol=1e-12)
    assert rule.expected(40, 30) == pytest.approx(0.7 * share.sum())
    kept = []
    for i, j in zip(*FixedProbability(0.7).draw(40, 30, STREAM), strict=True):
        words = STREAM.words(int(i), int(j), 1)
        if share[i, j] == 1.0 or uniform53(words[0], words[1]) < share[i, j]:
            kept.append((i, j))
    assert list(zip(pre, post, strict=True)) == kept
    assert len(kept) > 20


@pytest.mark.parametrize("name", MASKS)
def test_near_pairs_of_a_mask_are_those_that_all_pairs_have(name):
    """Beyond a short reach no pair is looked at; whom the mask holds, among these, does not change."""
    where = RANDOM.uniform(0.0, 4.0, (300, 2)), RANDOM.uniform(0.0, 4.0, (200, 2))
    rule = DistanceDependent(1.0, mask=MASKS[name], positions=where)
    assert grid_of(rule.positions) is not None
    i, j = np.indices((300, 200)).reshape(2, -1)
    inside = rule.between(i, j) > 0
    assert pairs(rule.draw(300, 200, STREAM)) == set(zip(i[inside].tolist(), j[inside].tolist(), strict=True))
    assert rule.expected(300, 200) == inside.sum()
    assert rule.max_in_degree(300, 200) == np.bincount(j[inside]).max()


@pytest.mark.parametrize("counted", [True, False])
def test_the_bound_on_the_in_degree_holds_for_kernels_that_rise(counted, monkeypatch):
    if not counted:  # but for cells with many neurons, which count as if all were at the nearest place
        monkeypatch.setattr("gpusyn.connectivity.distance_dependent._MOST_COUNTED", 0)
        monkeypatch.setattr(places, "SOURCE_CELLS", 4)
        monkeypatch.setattr(places, "TARGET_CELLS", 4)
    for mask in (None, *MASKS.values()):
        rule = DistanceDependent(0.3, kernel=lambda d: np.minimum(d, 1.0), mask=mask, max_distance=0.5, positions=SHEET)
        bound = rule.max_in_degree(120, 90)
        within = (distances(*SHEET) <= 0.5).sum(axis=0).max()
        assert not counted or bound <= within
        for seed in range(5):
            assert np.bincount(rule.draw(120, 90, Stream(seed))[1]).max() <= bound
        share = rule.between(*np.indices((120, 90)).reshape(2, -1)).reshape(120, 90)
        sharp = min(tail_bound(120, 0.3 * share.sum(axis=0).max() / 120, 90), (share > 0).sum(axis=0).max())
        assert bound >= sharp
        assert not counted or bound <= sharp + 1


def test_new_synapses_follow_the_kernel_and_the_mask():
    rule = DistanceDependent(0.5, kernel=lambda d: 1.0 - np.minimum(d, 1.0), mask=MASKS["ring"], positions=SHEET)
    drawn = Pairs(*rule.draw(120, 90, STREAM))
    half = Pairs(drawn.pre[::2], drawn.post[::2]), Pairs(drawn.pre[1::2], drawn.post[1::2])
    pre, post = rule.checked_rewire(*half, 120, 90, Stream(5))
    assert len(pre) == len(half[1].pre)
    assert (rule.between(pre, post) > 0).all()
    assert not pairs((pre, post)) & pairs(half[0])


def test_a_kernel_is_not_called_for_pairs_outside():
    seen = []

    def kernel(d):
        seen.append(d)
        return 0.5

    rule = DistanceDependent(kernel=kernel, mask=gs.Annulus(0.2, 0.4), max_distance=0.3, positions=SHEET)
    rule.draw(120, 90, STREAM)
    rule.max_in_degree(120, 90)
    every = np.concatenate(seen)
    assert every.size
    assert every.min() > 0.2
    assert every.max() <= 0.3


@pytest.mark.parametrize(
    ("kernel", "error", "text"),
    [
        (lambda d: d * 3.0, ParameterError, r"kernel: .*<lambda> must return finite numbers >= 0 and <= 1 \(got .* at"),
        (lambda d: d - 5.0, ParameterError, r"must return .*>= 0 and <= 1 \(got -"),
        (lambda d: d * np.nan, ParameterError, r"\(got nan at distance"),
        (lambda d: 0.5 if d < 1 else 0.0, ArgumentError, r"raised ValueError .*np\.where in place of if"),
        (lambda d: d[:-1], ArgumentError, r"must return an array of \d+ numbers, one for each distance"),
        (lambda d: "near", ArgumentError, r"must return an array of .*got .*near"),
        (lambda d: None, ArgumentError, r"must return an array of"),
        (lambda: 1.0, ArgumentError, r"raised TypeError"),
        (0.5, ArgumentError, r"kernel: must be a function of an array of distances.*got 0\.5"),
        ("gaussian", ArgumentError, r"kernel: must be a function"),
        (float, ArgumentError, r"kernel: must be a function"),
    ],
)
def test_what_a_kernel_returns_is_checked(kernel, error, text):
    with pytest.raises(error, match=rf"DistanceDependent\.{text}" if "kernel" in text else text):
        DistanceDependent(kernel=kernel, positions=SHEET).check(120, 90, "here")


def test_a_kernel_may_return_one_number_or_truth():
    for kernel in (lambda d: 0.25, lambda d: 1, lambda d: d < 0.3, lambda d: np.float32(d * 0)):
        DistanceDependent(kernel=kernel, positions=SHEET).check(120, 90, "here")
    near = DistanceDependent(kernel=lambda d: d < 0.3, positions=SHEET).draw(120, 90, STREAM)
    assert pairs(near) == set(zip(*np.nonzero(distances(*SHEET) < 0.3), strict=True))


# ---- positions and arguments ----


def test_rules_are_equal_when_their_positions_are():
    one, same = (DistanceDependent(0.5, sigma=0.1, positions=SHEET) for _ in range(2))
    other = DistanceDependent(0.5, sigma=0.1, positions=(SHEET[0] + 1e-9, SHEET[1]))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != DistanceDependent(0.5, sigma=0.1)
    assert repr(one) == "DistanceDependent(p=0.5, sigma=0.1, profile='gaussian', boundary='open', autapses=True)"
    ring = [DistanceDependent(0.5, kernel=wave, mask=gs.Annulus(0.1, r), positions=SHEET) for r in (0.2, 0.2, 0.3)]
    assert ring[0] == ring[1] != ring[2]
    assert hash(ring[0]) == hash(ring[1])
    assert ring[0] != DistanceDependent(0.5, kernel=lambda d: 0.5, mask=gs.Annulus(0.1, 0.2), positions=SHEET)
    assert repr(ring[0]) == (
        "DistanceDependent(p=0.5, kernel=wave, mask=Annulus(inner_radius=0.1, outer_radius=0.2), boundary='open', "
        "autapses=True)"
    )


def test_what_is_refused():
    unplaced = DistanceDependent(0.5, sigma=0.1)
    with pytest.raises(ParameterError, match="has no positions; give the populations positions="):
        unplaced.draw(3, 3, STREAM)
    with pytest.raises(ParameterError, match=r"Projection 'x'.rule: DistanceDependent has positions of 120 and 90"):
        DistanceDependent(0.5, sigma=0.1, positions=SHEET).check(120, 91, "Projection 'x'.rule")
    for options, error, text in [
        ({"p": 1.5}, ParameterError, "DistanceDependent.p"),
        ({"sigma": 0.0}, ParameterError, "DistanceDependent.sigma"),
        ({"profile": "gausian"}, UnknownNameError, "did you mean 'gaussian'"),
        ({"max_distance": -1.0}, ParameterError, "max_distance"),
        ({"boundary": "torus"}, UnknownNameError, "open, periodic"),
        ({"boundary": "periodic"}, ArgumentError, "needs extent="),
        ({"extent": 1.0}, ArgumentError, "is only for boundary='periodic'"),
        ({"boundary": "periodic", "extent": 0.0}, ParameterError, "extent"),
        ({"boundary": "periodic", "extent": [1.0] * 4}, ParameterError, "extent"),
        ({"boundary": "periodic", "extent": [1.0] * 3, "positions": SHEET}, ParameterError, "2, one per dimension"),
        ({"autapses": 1}, ArgumentError, "True or False"),
        ({"positions": SHEET[0]}, ArgumentError, "a pair of arrays"),
        ({"positions": (SHEET[0], SHEET[1][:, 0])}, ParameterError, "one row per neuron"),
        ({"positions": (SHEET[0], SHEET[1][:, :1])}, ParameterError, "the same space"),
        ({"positions": (SHEET[0] * np.nan, SHEET[1])}, ParameterError, "finite"),
        ({"sgma": 1.0}, ArgumentError, "did you mean 'sigma'"),
        ({"sigma": None}, ArgumentError, "needs sigma=.*kernel=.*mask=.*FixedProbability"),
        ({"sigma": None, "profile": "step"}, ArgumentError, "profile='step' needs sigma="),
        ({"kernel": wave}, ArgumentError, r"takes sigma= or kernel= \(got both\)"),
        ({"mask": 3.0}, ArgumentError, r"mask: must be a mask \(gs\.Rectangle.*got 3"),
    ]:
        with pytest.raises(error, match=text):
            DistanceDependent(**({"p": 0.5, "sigma": 0.1} | options))


# ---- delays ----


def test_a_delay_grows_with_distance():
    delay = DistanceDelay(0.5, offset=0.8, positions=SHEET)
    pre, post = DistanceDependent(0.5, sigma=0.3, positions=SHEET).draw(120, 90, STREAM)
    found = delay.between(pre, post)
    np.testing.assert_allclose(found, 0.8 + distances(*SHEET)[pre, post] / 0.5)
    low, high = delay.bounds()
    assert low == 0.8
    assert found.max() <= high <= 0.8 + math.sqrt(2.0) / 0.5 + 1e-6


def test_delays_refuse():
    for options, error, text in [
        ({"velocity": 0.0}, ParameterError, "DistanceDelay.velocity"),
        ({"offset": -1.0}, ParameterError, "DistanceDelay.offset"),
        ({"extent": 1.0}, ArgumentError, "periodic"),
        ({"boundary": "periodic"}, ArgumentError, "needs extent="),
        ({"positions": 3}, ArgumentError, "a pair of arrays"),
    ]:
        with pytest.raises(error, match=text):
            DistanceDelay(**({"velocity": 1.0} | options))
    with pytest.raises(ParameterError, match="has no positions yet"):
        DistanceDelay(1.0).bounds()


def test_the_profile_is_portable_and_right():
    d = np.linspace(0.0, 3.0, 1000)
    for profile, f in PROFILES.items():
        rule = DistanceDependent(0.5, sigma=0.7, profile=profile)
        np.testing.assert_allclose(rule.share(d), f(d, 0.7), rtol=1e-14)
        assert rule.share(np.zeros(1))[0] == 1.0
    assert portable_math.exp(np.zeros(1))[0] == 1.0
