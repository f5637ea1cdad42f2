"""Values of the gamma distribution by rejection, vectorised (Marsaglia and Tsang 2000, ACM TOMS 26, 363-372).

``kernels/renewals.cuh`` is the same in C++, operation for operation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.numerics import portable_math
from gpusyn.numerics.normal_quantile import normal_quantile
from gpusyn.numerics.philox import Words, uniform53
from gpusyn.utils.typing import Bools, Floats

LEAST_LOG = -500.0  # of a factor of a value: its exponential is far from subnormal numbers


def gamma_constants(shape: Any) -> tuple[Any, Any]:
    """Return the two constants of `try_gamma` for a shape of at least 1, or for many.

    >>> d, c = gamma_constants(1.0)
    >>> round(d, 4), round(float(c), 4)
    (0.6667, 0.4082)
    """
    d = shape - 1.0 / 3.0
    return d, 1.0 / np.sqrt(9.0 * d)


def try_gamma(words: Words, d: Any, c: Any) -> tuple[Floats, Bools]:
    """Return values that four random words give, with scale 1, and which of them are to be kept.

    Parameters
    ----------
    words : tuple of four uint32 arrays
        Random words of each value.
    d, c : float or ndarray
        Constants of `gamma_constants`, one or one for each value.
    """
    z = normal_quantile(uniform53(words[0], words[1]))
    log_u = portable_math.log(uniform53(words[2], words[3]))
    root = 1.0 + c * z
    positive = np.maximum(root, 1e-90)
    v = positive * positive * positive
    good: Bools = (root > 0) & (log_u < 0.5 * z * z + d * (1.0 - v + portable_math.log(v)))
    return d * v, good


def power_of_uniform(words: Words, shape: Any) -> Floats:
    """Return uniform numbers to the power 1 / shape: with them, values of shape + 1 become those of a shape.

    Parameters
    ----------
    words : tuple of four uint32 arrays
        Random words of each number, of which two are used.
    shape : float or ndarray
        Shape, one or one for each number.
    """
    log_power = portable_math.log(uniform53(words[0], words[1])) / shape
    power: Floats = portable_math.exp(np.maximum(log_power, LEAST_LOG))
    return power
