"""The inverse of the standard normal distribution, which uses only + - * /, sqrt and the portable logarithm.

M. J. Wichura 1988, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics
37, 477-484 (PPND16: about 1e-16 relative).
"""

from __future__ import annotations

import numpy as np

from gpusyn.numerics import portable_math
from gpusyn.utils.typing import Floats

__all__ = ["normal_quantile"]


# Numerator and denominator of the three pieces, constant term first.
_CENTRE = (
    (3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
     45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727),
    (1.0, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077,
     21213.794301586595867, 39307.895800092710610, 28729.085735721942674, 5226.4952788528545610),
)  # fmt: skip
_TAIL = (
    (1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
     1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550,
     0.148103976427480074590, 0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
_FAR_TAIL = (
    (6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
     0.0265321895265761230930, 1.24266094738807843860e-3, 2.71155556874348757815e-5,
     2.01033439929228813265e-7),
    (1.0, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15),
)  # fmt: skip


def _ratio(x: Floats, coefficients: tuple[tuple[float, ...], tuple[float, ...]]) -> Floats:
    """Return the quotient of two polynomials (Horner's rule)."""
    above, below = (np.full_like(x, series[-1]) for series in coefficients)
    for up, down in zip(coefficients[0][-2::-1], coefficients[1][-2::-1], strict=True):
        above *= x
        above += up
        below *= x
        below += down
    return above / below


def normal_quantile(u: Floats) -> Floats:
    """Return the standard normal deviate below which a fraction `u` lies (Wichura 1988, AS 241), 0 < u < 1.

    >>> float(normal_quantile(np.array([0.975]))[0])
    1.95996398454...
    """
    q = u - 0.5
    z = q * _ratio(0.180625 - q * q, _CENTRE)
    tail = np.nonzero(np.abs(q) > 0.425)
    q_tail = q[tail]
    r = np.sqrt(-portable_math.log(np.where(q_tail < 0, u[tail], 1.0 - u[tail])))
    size = np.where(r <= 5.0, _ratio(r - 1.6, _TAIL), _ratio(r - 5.0, _FAR_TAIL))
    z[tail] = np.where(q_tail < 0, -size, size)
    return z
