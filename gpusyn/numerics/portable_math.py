"""exp, expm1, exprel and log with the same bits on every machine.

numpy's own ``exp`` uses different algorithms on different processors, and so do the C and the CUDA libraries. The
functions here use only additions, multiplications, divisions, comparisons, selections and integer operations on the bit
pattern, in a fixed order. ``kernels/portable_math.cuh`` has the same operations line by line in C++, so both return the
same bits.

The method is the classical one: ``x = n ln 2 + r`` with ``|r| <= ln(2) / 2`` (ln 2 in two parts, Cody and Waite 1980),
a near-minimax polynomial in ``r``, and a multiplication by ``2**n``, which is exact. The polynomial has the lowest
degree that keeps every result within 2 ulp: 6 in float32, 11 in float64.

No result depends on subnormal numbers: they count as zero, so flushing them to zero changes nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gpusyn.errors import ArgumentError
from gpusyn.utils.typing import Array

__all__ = ["exp", "expm1", "exprel", "flush", "log", "log1p", "log_of"]


class _Format(NamedTuple):
    """Constants of one floating-point format, each of that type."""

    bits: Any  # unsigned integer type of the same width
    mantissa: Any  # stored mantissa bits
    bias: Any  # bit pattern of 1.0
    magic: Any  # 1.5 * 2**mantissa: adding it rounds to an integer held in the low bits
    log2_e: Any
    ln2_high: Any  # short enough for n * ln2_high to be exact
    ln2_low: Any
    lowest: Any  # exp does not change below this argument ...
    highest: Any  # ... nor above this one
    lowest_expm1: Any  # expm1 is -1 to half an ulp from here down
    highest_expm1: Any  # expm1 of `highest`
    tiny: Any  # smallest normal number
    zero: Any
    one: Any
    polynomial: tuple[Any, ...]  # (exp(r) - 1 - r) / r**2, highest power first
    sqrt_half: Any  # bit pattern of sqrt(1/2), in double precision of its first word
    log_polynomial: tuple[Any, ...]  # log: 2 atanh(s) = 2 s + s R(s**2); R / s**2, highest power first


_SINGLE = _Format(
    bits=np.uint32,
    mantissa=np.uint32(23),
    bias=np.uint32(0x3F800000),
    magic=np.float32(12582912.0),
    log2_e=np.float32(1.44269504),
    ln2_high=np.float32(0.693359375),
    ln2_low=np.float32(-2.12194440e-4),
    lowest=np.float32(-87.0),
    highest=np.float32(88.0),
    lowest_expm1=np.float32(-18.0),
    highest_expm1=np.float32(1.65163626e38),
    tiny=np.float32(2.0**-126),
    zero=np.float32(0.0),
    one=np.float32(1.0),
    polynomial=tuple(
        np.float32(c) for c in (1.38356420e-3, 8.36712401e-3, 4.16677557e-2, 1.66665390e-1, 4.99999970e-1)
    ),
    sqrt_half=np.uint32(0x3F3504F3),
    log_polynomial=tuple(np.float32(c) for c in (0.24279079, 0.28498787, 0.40000972, 0.66666663)),
)

_DOUBLE = _Format(
    bits=np.uint64,
    mantissa=np.uint64(52),
    bias=np.uint64(0x3FF0000000000000),
    magic=np.float64(6755399441055744.0),
    log2_e=np.float64(1.4426950408889634),
    ln2_high=np.float64(0.69314718036912382),
    ln2_low=np.float64(1.9082149292705877e-10),
    lowest=np.float64(-708.0),
    highest=np.float64(709.0),
    lowest_expm1=np.float64(-38.0),
    highest_expm1=np.float64(8.218407461554972e307),
    tiny=np.float64(2.0**-1022),
    zero=np.float64(0.0),
    one=np.float64(1.0),
    polynomial=tuple(
        np.float64(c)
        for c in (
            2.5100375832561234e-08,
            2.7620075879983367e-07,
            2.7557268480310024e-06,
            2.4801521322368692e-05,
            1.9841269863040545e-04,
            1.3888888917196719e-03,
            8.3333333333300650e-03,
            4.1666666666624164e-02,
            1.6666666666666669e-01,
            5.0000000000000011e-01,
        )
    ),
    sqrt_half=np.uint64(0x3FE6A09E00000000),
    log_polynomial=tuple(
        np.float64(c)
        for c in (
            0.14616449685043406,
            0.15331721600556042,
            0.18182889125261723,
            0.2222221113479508,
            0.28571428625975487,
            0.39999999999899505,
            0.666666666666667,
        )
    ),
)
_FLUSH_BELOW = 2.0**-60


def exp(x: Any) -> Any:
    """Return e**x to 2 ulp, the same bits on every machine.

    Parameters
    ----------
    x : float32 or float64 array or scalar
        Arguments, clamped to [-87, 88] in float32 and to [-708, 709] in float64, so that no result is
        subnormal or infinite. NaN gives NaN.

    Returns
    -------
    array or scalar of the type and shape of `x`

    Raises
    ------
    ArgumentError
        If `x` is of another type.

    Examples
    --------
    >>> import numpy as np
    >>> from gpusyn.numerics import portable_math
    >>> float(portable_math.exp(np.float64(1.0)))
    2.7182818284590455
    """
    x, f = _format(x, "exp")
    with np.errstate(all="ignore"):
        x = np.where(x < f.lowest, f.lowest, x)
        x = np.where(x > f.highest, f.highest, x)
        high, low, scale = _reduce(x, f)
        r = high - low
        q = _horner(r, f.polynomial)
        q *= r * r
        q += r
        q += f.one
        q *= scale
    return q[()]


def expm1(x: Any) -> Any:
    """Return e**x - 1 to 2 ulp, also for small `x`, the same bits on every machine.

    Parameters
    ----------
    x : float32 or float64 array or scalar
        Arguments, clamped to at most 88 in float32 and 709 in float64. Subnormal arguments count as zero; the result
        for a zero of either sign is +0. NaN gives NaN.

    Returns
    -------
    array or scalar of the type and shape of `x`

    Raises
    ------
    ArgumentError
        If `x` is of another type.
    """
    x, f = _format(x, "expm1")
    with np.errstate(all="ignore"):
        high, low, scale = _reduce(x, f)
        r = high - low
        q = _horner(r, f.polynomial)
        q *= r * r
        # r is rounded but high is not, so the terms of 2**n - 1 + 2**n high cancel exactly.
        q -= low
        q *= scale
        high *= scale
        high += scale - f.one
        high += q
        # The limits come last: on a processor, nothing waits for the comparisons.
        high = np.where(x < f.lowest_expm1, -f.one, high)
        high = np.where(x > f.highest, f.highest_expm1, high)
        high = np.where((x < f.tiny) & (x > -f.tiny), f.zero, high)
    return high[()]


def exprel(x: Any) -> Any:
    """Return (e**x - 1) / x, which is 1 at 0, the same bits on every machine.

    Parameters
    ----------
    x : float32 or float64 array or scalar
        Arguments, >= -1e30, so that no result is subnormal; e**x - 1 is that of `expm1`, and arguments below
        2**-60 in magnitude count as 0.

    Returns
    -------
    array or scalar of the type and shape of `x`
    """
    x = flush(x)
    one = x.dtype.type(1)
    divisor = np.where(x == 0, one, x)
    return np.where(x == 0, one, expm1(divisor) / divisor)[()]


def log(x: Any) -> Any:
    """Return the natural logarithm to 2 ulp, the same bits on every machine.

    Parameters
    ----------
    x : float32 or float64 array or scalar
        Zeros and subnormal numbers of either sign give -inf, negative numbers NaN.

    Returns
    -------
    array or scalar of the type and shape of `x`

    Raises
    ------
    ArgumentError
        If `x` is of another type.
    """
    x, f = _format(x, "log")
    with np.errstate(all="ignore"):
        # x = 2**n m with m in [sqrt(1/2), sqrt(2)); the shift makes the exponent change at sqrt(1/2).
        shifted = np.asarray(x.view(f.bits) + (f.bias - f.sqrt_half))
        n = (shifted >> f.mantissa).astype(x.dtype) - (f.bias >> f.mantissa).astype(x.dtype)
        m = np.asarray((shifted & ((f.bits(1) << f.mantissa) - f.bits(1))) + f.sqrt_half).view(x.dtype)
        d = m - f.one
        s = d / (d + (f.one + f.one))
        z = s * s
        half_square = x.dtype.type(0.5) * d * d
        series = _horner(z, f.log_polynomial) * z
        y = n * f.ln2_high - ((half_square - (s * (half_square + series) + n * f.ln2_low)) - d)
        y = np.where(x > np.finfo(x.dtype).max, x, y)
        y = np.where(x < f.tiny, x.dtype.type(-np.inf), y)
        y = np.where(x <= -f.tiny, x.dtype.type(np.nan), y)
        y = np.where(x != x, x, y)
    return y[()]


def flush(x: Any) -> Any:
    """Return `x` with everything below 2**-60 in magnitude replaced by +0.

    Every value passes through this function before it is stored, so no stored value is ever subnormal.

    Parameters
    ----------
    x : float32 or float64 array or scalar

    Returns
    -------
    array or scalar of the type and shape of `x`
    """
    x, f = _format(x, "flush")
    bound = x.dtype.type(_FLUSH_BELOW)
    with np.errstate(all="ignore"):
        return np.where(np.abs(x) < bound, f.zero, x)[()]


def _format(x: Any, function: str) -> tuple[Array, _Format]:
    """Return `x` as an array, and the constants of its type."""
    array = np.asarray(x)
    if array.dtype == np.float64:
        return array, _DOUBLE
    if array.dtype == np.float32:
        return array, _SINGLE
    raise ArgumentError(f"portable_math.{function}: x must be float32 or float64 (got {array.dtype})")


def _reduce(x: Array, f: _Format) -> tuple[Array, Array, Array]:
    """Return (high, low, 2**n) with x = n ln 2 + high - low; high is exact, low is small."""
    shifted = np.asarray(x * f.log2_e + f.magic)
    scale = np.asarray((shifted.view(f.bits) << f.mantissa) + f.bias).view(x.dtype)
    n = shifted - f.magic
    return np.asarray(x - n * f.ln2_high), np.asarray(n * f.ln2_low), scale


def _horner(x: Array, coefficients: tuple[Any, ...]) -> Array:
    """Evaluate a polynomial, highest power first."""
    y = np.asarray(x * coefficients[0])
    for c in coefficients[1:-1]:
        y += c
        y *= x
    y += coefficients[-1]
    return y


def log_of(x: float) -> float:
    """Return the logarithm of one number."""
    return float(log(np.array([x]))[0])


def log1p(x: float) -> float:
    """Return log(1 + x) of one number > -1, accurate for small x too (Kahan: undo the rounding of 1 + x).

    >>> log1p(-1e-12)
    -1.0000000000005e-12
    """
    one_plus = 1.0 + x
    return x if one_plus == 1.0 else log_of(one_plus) * (x / (one_plus - 1.0))
