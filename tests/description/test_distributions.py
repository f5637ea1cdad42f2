"""Distributions: the right law, the same values in any order, nothing that depends on a libm."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.numerics.normal_quantile import normal_quantile
from gpusyn.numerics.rng import Stream, stream_key
from gpusyn.parameters import distribution_base
from gpusyn.parameters.distributions import Distribution, Exponential, Gamma, LogNormal, Normal, Uniform, log1p

N = 100_000
STREAM = Stream(stream_key(7, "weight", "E->I:AMPA"))

WHOLE = [
    Uniform(-60.0, -50.0),
    Normal(1.5, 0.75),
    LogNormal(51.0, 5.0),
    LogNormal(1.0, 2.0),
    Exponential(3.0),
    Gamma(4.0, 0.5),
    Gamma(0.3, 2.0),
    Gamma(2e4, 1e-3),
]
CUT = [
    Normal(1.5, 0.75, low=0.1),
    Normal(0.0, 1.0, low=-0.5, high=1.0),
    Normal(0.0, 1.0, low=1.5),
    LogNormal(1.0, 2.0, low=0.5),
    LogNormal(1.0, 2.0, high=3.0),
    Exponential(2.0, low=1.0, high=3.0),
    Gamma(0.3, 2.0, low=0.5),
    Gamma(4.0, 0.5, low=1.0, high=2.5),
]


def _scipy(distribution: Distribution):
    """Return scipy's frozen distribution without low and high."""
    stats = pytest.importorskip("scipy.stats")
    match distribution:
        case Uniform(low=low, high=high):
            return stats.uniform(low, high - low)
        case Normal(mean=mean, std=std):
            return stats.norm(mean, std)
        case LogNormal(mean=mean, std=std):
            variance = math.log1p((std / mean) ** 2)
            return stats.lognorm(math.sqrt(variance), scale=mean * math.exp(-variance / 2))
        case Exponential(mean=mean):
            return stats.expon(scale=mean)
        case Gamma(shape=shape, scale=scale):
            return stats.gamma(shape, scale=scale)
    raise AssertionError(distribution)


@pytest.mark.parametrize("distribution", WHOLE + CUT, ids=repr)
def test_law_is_the_one_of_scipy(distribution):
    stats = pytest.importorskip("scipy.stats")
    law = _scipy(distribution)
    low, high = (-np.inf, np.inf) if isinstance(distribution, Uniform) else (distribution.low, distribution.high)
    below = 0.0 if low is None else law.cdf(low)
    share = (1.0 if high is None else law.cdf(high)) - below
    drawn = distribution.draw(STREAM, np.arange(N))
    assert stats.kstest(drawn, lambda x: (law.cdf(x) - below) / share).pvalue > 1e-3
    assert abs(distribution.acceptance() - share) < 2e-3
    error = drawn.std() / math.sqrt(N)
    assert abs(drawn.mean() - distribution.mean_value()) < 5 * error + 1e-3 * abs(distribution.mean_value())


@pytest.mark.parametrize("distribution", WHOLE, ids=repr)
def test_moments(distribution):
    law = _scipy(distribution)
    drawn = distribution.draw(STREAM, np.arange(N))
    assert distribution.mean_value() == pytest.approx(law.mean(), rel=1e-12)
    assert drawn.mean() == pytest.approx(law.mean(), abs=5 * law.std() / math.sqrt(N))
    assert drawn.std() == pytest.approx(law.std(), rel=0.1 if isinstance(distribution, LogNormal) else 0.02)


@pytest.mark.parametrize("distribution", CUT, ids=repr)
def test_mean_of_the_truncated_distribution(distribution):
    law = _scipy(distribution)
    low = law.support()[0] if distribution.low is None else distribution.low
    high = law.support()[1] if distribution.high is None else distribution.high
    assert distribution.mean_value() == pytest.approx(law.expect(lb=low, ub=high, conditional=True), rel=2e-3)
    drawn = distribution.draw(STREAM, np.arange(N))
    assert low <= drawn.min()
    assert drawn.max() <= high


def test_normal_quantile_agrees_with_scipy():
    special = pytest.importorskip("scipy.special")
    tails = 10.0 ** -np.linspace(0.31, 15.9, 20001)
    u = np.concatenate([tails, 1.0 - tails, np.linspace(0.01, 0.99, 20001)])
    np.testing.assert_allclose(normal_quantile(u), special.ndtri(u), rtol=4e-15, atol=1e-15)
    assert normal_quantile(np.array([0.5]))[0] == 0.0


@pytest.mark.parametrize("x", [-0.9999, -0.5, -1e-3, -1e-9, -1e-17, 0.0, 1e-20, 1e-8, 0.3, 1e6])
def test_log1p(x):
    assert log1p(x) == pytest.approx(math.log1p(x), rel=1e-15, abs=0)


@pytest.mark.parametrize("distribution", WHOLE + CUT, ids=repr)
def test_a_value_does_not_depend_on_what_is_drawn_beside_it(distribution, monkeypatch):
    everything = distribution.draw(STREAM, np.arange(5000))
    some = np.random.default_rng(1).permutation(5000)[:700]
    np.testing.assert_array_equal(distribution.draw(STREAM, some), everything[some])
    np.testing.assert_array_equal(distribution.draw(STREAM, [17]), everything[[17]])
    monkeypatch.setattr(distribution_base, "_CHUNK", 37)
    np.testing.assert_array_equal(distribution.draw(STREAM, np.arange(300)), everything[:300])


def test_nothing_drawn_for_no_elements():
    drawn = Normal(0.0, 1.0, low=0.0).draw(STREAM, np.empty(0, dtype=np.int64))
    assert drawn.shape == (0,)
    assert drawn.dtype == np.float64


def test_elements_beyond_32_bits_have_values_of_their_own():
    element = np.array([5, 2**32 + 5, 2**33 + 5])
    assert len(set(Normal(0.0, 1.0).draw(STREAM, element).tolist())) == 3


@pytest.mark.parametrize("distribution", WHOLE, ids=repr)
def test_streams_and_neighbours_are_independent(distribution):
    stats = pytest.importorskip("scipy.stats")
    here = distribution.draw(STREAM, np.arange(20_000))
    there = distribution.draw(Stream(stream_key(7, "weight", "E->I:NMDA")), np.arange(20_000))
    other_seed = distribution.draw(Stream(stream_key(8, "weight", "E->I:AMPA")), np.arange(20_000))
    for a, b in ((here, there), (here, other_seed), (here[1:], here[:-1])):
        assert abs(stats.spearmanr(a, b).statistic) < 4 / math.sqrt(20_000)


class _Extreme:
    """A stream whose words are all the same."""

    def __init__(self, *words):
        self.fixed = words

    def words(self, element, draw, block=0):
        shape = np.broadcast_shapes(np.shape(element), np.shape(draw))
        return tuple(np.full(shape, word, dtype=np.uint32) for word in self.fixed)

    def uniform(self, element, draw=0):
        from gpusyn.numerics.rng import uniform53

        return uniform53(*self.words(element, draw)[:2])


LOWEST, HIGHEST = 0, 2**32 - 1


@pytest.mark.parametrize("distribution", WHOLE, ids=repr)
def test_the_extreme_words_stay_within_the_bounds(distribution):
    low, high = distribution.bounds()
    assert math.isfinite(low)
    assert math.isfinite(high)
    for word in (LOWEST, HIGHEST):
        # Gamma: the last two words decide about rejection; 0 accepts.
        stream = _Extreme(word, word, LOWEST, LOWEST)
        if isinstance(distribution, Gamma) and word == LOWEST:
            continue  # a deviate of -8.2 sd is rejected or next to 0
        (value,) = distribution.draw(stream, np.array([0]))  # type: ignore[arg-type]
        assert low <= value <= high
    drawn = distribution.draw(STREAM, np.arange(N))
    assert low <= drawn.min()
    assert drawn.max() <= high


def test_bounds_obey_low_and_high():
    assert Normal(1.5, 0.75, low=0.1).bounds()[0] == 0.1
    assert Exponential(1.0, high=4.0).bounds()[1] == 4.0
    assert Gamma(2.0, 1.0, low=0.5, high=4.0).bounds() == (0.5, 4.0)


def test_no_spread_gives_the_mean():
    np.testing.assert_array_equal(Normal(3.0, 0.0, low=0.0).draw(STREAM, np.arange(10)), 3.0)
    np.testing.assert_allclose(LogNormal(3.0, 0.0).draw(STREAM, np.arange(10)), 3.0, rtol=1e-15)


def test_tiny_shapes_give_no_subnormal_numbers():
    drawn = Gamma(0.01, 1.0).draw(STREAM, np.arange(N))
    assert drawn.min() > np.finfo(np.float64).tiny


@pytest.mark.parametrize("distribution", WHOLE + CUT, ids=repr)
def test_only_portable_arithmetic(distribution, monkeypatch):
    def forbidden(*args, **kwargs):
        raise AssertionError("the bits of this function depend on the machine")

    for name in ("log", "exp", "log1p", "expm1", "power", "sin", "cos"):
        monkeypatch.setattr(np, name, forbidden)
    for name in ("log", "exp", "log1p", "expm1", "pow", "lgamma", "erf"):
        monkeypatch.setattr(math, name, forbidden)
    distribution.draw(STREAM, np.arange(100))
    distribution.mean_value()
    distribution.bounds()


def test_redraw_ends_with_an_error(monkeypatch):
    monkeypatch.setattr(distribution_base, "MAX_TRIES", 3)
    with pytest.raises(ParameterError, match=r"Normal\(mean=0\.0, std=1\.0, low=2\.0\): \d+ of 1000 .* 3 draws"):
        Normal(0.0, 1.0, low=2.0).draw(STREAM, np.arange(1000))


@given(st.floats(-2.5, 2.5), st.floats(0.2, 3.0))
def test_redraw_stays_inside_any_range(low, width):
    drawn = Normal(0.0, 1.0, low=low, high=low + width).draw(STREAM, np.arange(200))
    assert low <= drawn.min()
    assert drawn.max() <= low + width


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Uniform(2.0, 2.0), r"Uniform\.low: must be below high = 2 \(got 2\)"),
        (lambda: Uniform(0.0, math.inf), r"Uniform\.high: must be a finite number"),
        (lambda: Normal(math.nan, 1.0), r"Normal\.mean: must be a finite number"),
        (lambda: Normal(0.0, -1.0), r"Normal\.std: .*>= 0 \(got -1\)"),
        (lambda: Normal(0.0, 1.0, low=1.0, high=1.0), r"Normal\.low: must be below high"),
        (lambda: Normal(0.0, 1.0, low=6.5), r"Normal: low \.\. high must hold at least 0\.001 of the draws"),
        (lambda: Normal(0.0, 0.0, low=1.0), r"must hold"),
        (lambda: LogNormal(0.0, 1.0), r"LogNormal\.mean: .*> 0"),
        (lambda: LogNormal(1.0, 1.0, high=-1.0), r"must hold"),
        (lambda: Exponential(-1.0), r"Exponential\.mean: .*> 0"),
        (lambda: Exponential(1.0, low=30.0), r"must hold"),
        (lambda: Gamma(0.0, 1.0), r"Gamma\.shape: .*>= 0\.01"),
        (lambda: Gamma(1.0, 0.0), r"Gamma\.scale: .*> 0"),
        (lambda: Gamma(4.0, 1.0, high=1e-4), r"must hold"),
    ],
)
def test_wrong_values_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Normal(0.0),
        lambda: Normal(0.0, 1.0, lo=3.0),
        lambda: Normal("a", 1.0),
        lambda: Normal(None, 1.0),
    ],
)
def test_wrong_arguments_are_refused(make):
    with pytest.raises(ArgumentError):
        make()


def test_unknown_keyword_names_the_nearest():
    with pytest.raises(ArgumentError, match=r"LogNormal\(\): unknown argument 'sdt' \(did you mean 'std'\?\)"):
        LogNormal(1.0, sdt=2.0)  # type: ignore[call-arg]


def test_text_and_equality():
    assert repr(Normal(1, 2, low=0)) == "Normal(mean=1.0, std=2.0, low=0.0)"
    assert repr(Gamma(1, 2)) == "Gamma(shape=1.0, scale=2.0)"
    assert Normal(1, 2) == Normal(1.0, 2.0)
    assert Normal(1, 2) != Normal(1, 2, low=0)
    assert Normal(1, 2) != LogNormal(1, 2)
    assert len({Normal(1, 2), Normal(1.0, 2.0)}) == 1
    with pytest.raises(AttributeError):
        Normal(1, 2).mean = 3.0  # type: ignore[misc]
