"""portable_math: within 2 ulp of independent references, and the same bits in numpy and compiled C."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from gpusyn.errors import ArgumentError
from gpusyn.numerics import portable_math
from tests.helpers import host_functions

FORMATS = (np.float32, np.float64)
FUNCTIONS = [(name, kind) for name in ("exp", "expm1", "log") for kind in FORMATS]
CASES = pytest.mark.parametrize(("name", "kind"), FUNCTIONS, ids=lambda a: getattr(a, "__name__", a))
LIMITS = {np.float32: (-87.0, 88.0, -18.0), np.float64: (-708.0, 709.0, -38.0)}


@pytest.fixture(scope="module")
def c(tmp_path_factory):
    return host_functions.library(tmp_path_factory)


def edges(kind):
    info = np.finfo(kind)
    points = [0.0, 1.0, 2.0, 0.5, info.max, info.tiny, info.smallest_subnormal, info.tiny / 2, 0.35, 1e-3]
    points += [2.0**-k for k in (20, 24, 53, 54, 60, 62, 63, 64, 100, 120)] + [info.eps, info.eps / 2]
    points += [abs(x) for x in LIMITS[kind]] + [math.sqrt(0.5), math.sqrt(2.0), 100.0, 1000.0]
    points += [k * math.log(2) / 2 for k in range(1, 256 if kind is np.float32 else 2047)]
    middle = np.array(points).astype(kind)
    with np.errstate(over="ignore"):
        near = np.concatenate([middle, np.nextafter(middle, kind(0)), np.nextafter(middle, kind(np.inf))])
    return np.concatenate([near, -near, np.array([np.inf, -np.inf, np.nan], kind)])


def samples(kind, n=20_000):
    """Random arguments over the whole range, at every scale, and random bit patterns."""
    g = np.random.default_rng(1)
    low, high, _ = LIMITS[kind]
    exponents = g.uniform(-0.43 * 87 if kind is np.float32 else -300, 2.5, n)
    scales = 10.0**exponents * g.choice([-1.0, 1.0], n)
    integer = np.uint32 if kind is np.float32 else np.uint64
    patterns = g.integers(0, np.iinfo(integer).max, n, dtype=integer, endpoint=True).view(kind)
    return np.concatenate([g.uniform(low, high, n), g.uniform(-1, 1, n), scales]).astype(kind), patterns


def arguments(kind):
    return np.concatenate([edges(kind), *samples(kind)])


def domain(name, kind, x):
    """The finite normal arguments (and zero) at which the function is not clamped."""
    low, high, _ = LIMITS[kind]
    normal = np.isfinite(x) & ((x == 0) | (np.abs(x) >= np.finfo(kind).tiny))
    if name == "log":
        return x[normal & (x > 0)]
    return x[normal & (x <= high) & ((x >= low) | (name == "expm1"))]


def exact(name, x):
    """Return e**x, e**x - 1 or log(x) to 50 digits."""
    with localcontext() as context:
        context.prec = 60
        value = Decimal(float(x))
        if name == "log":
            return value.ln()
        if name == "exp":
            return value.exp()
        if value < -1000:
            return Decimal(-1)
        if abs(value) < Decimal("1e-12"):
            return value + value * value / 2 + value**3 / 6 + value**4 / 24
        return value.exp() - 1


def ulp_errors(name, x, y):
    """Errors of y in units of the spacing of its type at the exact result."""
    errors = []
    with localcontext() as context:
        context.prec = 60
        for argument, result in zip(x, y, strict=True):
            wanted = exact(name, argument)
            spacing = float(np.spacing(np.abs(y.dtype.type(float(wanted)))))
            errors.append(float(abs(Decimal(float(result)) - wanted) / Decimal(spacing)))
    return np.array(errors)


def assert_same(a, b):
    """Every bit equal; two NaNs are equal whatever their payload."""
    assert a.dtype == b.dtype
    bits = np.uint32 if a.dtype == np.float32 else np.uint64
    both_nan = np.isnan(a) & np.isnan(b)
    different = np.flatnonzero((a.view(bits) != b.view(bits)) & ~both_nan)
    assert different.size == 0, (different[:5], a[different[:5]], b[different[:5]])


@CASES
def test_two_ulp_at_edges_and_random_arguments(name, kind):
    random, patterns = samples(kind, 1000)
    x = domain(name, kind, np.concatenate([edges(kind), random, patterns]))
    if name == "log":
        x = np.concatenate([x, np.random.default_rng(2).uniform(0.4, 2.5, 2000).astype(kind)])
    assert x.size > 1500
    assert ulp_errors(name, x, getattr(portable_math, name)(x)).max() <= 2.0


@pytest.mark.parametrize("name", ["exp", "expm1", "log"])
def test_two_ulp_of_every_thousandth_float32(name):
    x = np.arange(0, 2**32, 997, dtype=np.uint64).astype(np.uint32).view(np.float32)
    x = domain(name, np.float32, x)
    wanted = getattr(np, name)(x.astype(np.float64))
    y = getattr(portable_math, name)(x)
    errors = np.abs(y - wanted) / np.spacing(np.abs(wanted.astype(np.float32)))
    assert errors.max() <= 2.0


@CASES
def test_the_ulp_check_can_fail(name, kind):
    x = domain(name, kind, samples(kind, 200)[0])
    y = getattr(portable_math, name)(x)
    off = y.copy()
    for _ in range(4):
        off[7] = np.nextafter(off[7], kind(np.inf))
    errors = ulp_errors(name, x, off)
    assert np.flatnonzero(errors > 2.0).tolist() == [7]
    # The same functions computed from arguments rounded to fewer bits are caught too.
    coarse = getattr(portable_math, name)((x * kind(1 + 8 * np.finfo(kind).eps)).astype(kind))
    assert ulp_errors(name, x, coarse).max() > 2.0


@CASES
@pytest.mark.parametrize("flushed", [False, True], ids=["ieee", "subnormals-flushed"])
def test_numpy_and_compiled_bits_are_equal(name, kind, flushed, c):
    if flushed and not c.can_flush():
        pytest.skip("this processor has no known flush-to-zero switch")
    x = arguments(kind)
    assert_same(getattr(portable_math, name)(x), host_functions.compiled(c, name, x, flushed))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("flushed", [False, True], ids=["ieee", "subnormals-flushed"])
def test_exprel_is_the_same_and_right(kind, flushed, c):
    x = arguments(kind)
    x = x[~(x < -1e30)]
    with np.errstate(all="ignore"):
        y = portable_math.exprel(x)
    assert_same(y, host_functions.compiled(c, "exprel", x, flushed))
    assert np.all(y[np.abs(x) < 2.0**-60] == 1)
    x = x[(np.abs(x) >= 2.0**-60) & (np.abs(x) < LIMITS[kind][1])]
    wanted = np.expm1(x.astype(np.float64)) / x.astype(np.float64)
    np.testing.assert_allclose(portable_math.exprel(x), wanted, rtol=4 * np.finfo(kind).eps)
    assert portable_math.exprel(kind(-1e4)) == kind(1e-4)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("flushed", [False, True], ids=["ieee", "subnormals-flushed"])
def test_flush_is_the_same_and_hides_subnormals(kind, flushed, c):
    x = arguments(kind)
    y = portable_math.flush(x)
    assert_same(y, host_functions.compiled(c, "flush", x, flushed))
    bound = kind(2.0**-60)
    kept = np.abs(x) >= bound
    assert np.array_equal(y[kept], x[kept])
    zeros = np.abs(x) < bound
    assert not y[zeros].any()
    assert not np.signbit(y[zeros]).any()
    assert np.isnan(y[np.isnan(x)]).all()


def test_processor_really_flushes(c):
    """A plain product that leaves the normal range changes, so the comparison above means something."""
    if not c.can_flush():
        pytest.skip("this processor has no known flush-to-zero switch")
    x = np.array([2.0**-140], np.float32)  # below the smallest normal number
    assert host_functions.compiled(c, "halved", x, False)[0] == x[0] / 2
    assert host_functions.compiled(c, "halved", x, True)[0] == 0.0


def test_simple_loops_become_simd(tmp_path):
    assert host_functions.vectorised_loops(tmp_path) == set(host_functions.SIMD_LOOPS)


@pytest.mark.parametrize("kind", FORMATS)
def test_clamps_and_special_values(kind):
    low, high, _ = LIMITS[kind]
    special = np.array([-np.inf, np.finfo(kind).min, low, high, np.finfo(kind).max, np.inf], kind)
    y = portable_math.exp(special)
    assert (y[:3] == y[2]).all()
    assert (y[3:] == y[3]).all()
    z = portable_math.expm1(special)
    assert (z[:3] == -1).all()
    assert (z[3:] == z[3]).all()
    assert portable_math.exp(kind(0)) == 1
    for zero in (kind(0.0), kind(-0.0), np.finfo(kind).smallest_subnormal, -np.finfo(kind).tiny / kind(2)):
        assert portable_math.exp(zero) == 1
        assert portable_math.expm1(zero) == 0
        assert not np.signbit(portable_math.expm1(zero))
    assert np.isnan(portable_math.exp(kind(np.nan)))
    assert np.isnan(portable_math.expm1(kind(np.nan)))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_special_values_of_log(kind):
    tiny, least = np.finfo(kind).tiny, np.finfo(kind).smallest_subnormal
    x = np.array([0.0, -0.0, least, -least, np.inf, 1.0, -tiny, -1.0, -np.inf, np.nan], kind)
    y = portable_math.log(x)
    assert y[:6].tolist() == [-np.inf] * 4 + [np.inf, 0.0]
    assert np.isnan(y[6:]).all()


@CASES
def test_no_result_is_subnormal(name, kind):
    y = getattr(portable_math, name)(arguments(kind))
    finite = y[np.isfinite(y)]
    assert ((finite == 0) | (np.abs(finite) >= np.finfo(kind).tiny)).all()


@CASES
def test_type_and_shape_are_kept(name, kind):
    function = getattr(portable_math, name)
    x = np.linspace(0.5, 3.0, 24).astype(kind)
    before = x.copy()
    flat = function(x)
    assert flat.dtype == kind
    assert_same(function(x.reshape(2, 3, 4)), flat.reshape(2, 3, 4))
    assert_same(function(x[::3]), flat[::3])
    assert_same(function(np.asfortranarray(x.reshape(4, 6))), flat.reshape(4, 6))
    assert function(x[:0]).shape == (0,)
    scalar = function(x[5])
    assert type(scalar) is kind
    assert scalar == flat[5]
    assert np.array_equal(x, before)


def test_other_types_are_refused():
    for function in (portable_math.exp, portable_math.expm1, portable_math.log, portable_math.flush):
        with pytest.raises(ArgumentError, match="int64"):
            function(np.arange(3, dtype=np.int64))
    with pytest.raises(ArgumentError, match="float16"):
        portable_math.exp(np.zeros(3, np.float16))
    with pytest.raises(ArgumentError, match="float16"):
        portable_math.log(np.ones(3, np.float16))


def test_a_python_float_counts_as_float64():
    assert portable_math.exp(1.0) == portable_math.exp(np.float64(1.0))
