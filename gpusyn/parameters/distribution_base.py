"""The base class of distributions: values are drawn for each element, and drawn again while outside a range."""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod
from dataclasses import fields
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.laws import Law
from gpusyn.parameters.scalars import public, real, show
from gpusyn.parameters.units import conversion, unit_of
from gpusyn.utils.typing import Bools, Floats, Integers

__all__ = ["NODES", "U_MAX", "ByQuantile", "Distribution"]


MAX_TRIES = 100_000  # redraws of one element; at LEAST_ACCEPTANCE one element in 1e43 would need more
LEAST_ACCEPTANCE = 1e-3  # share of draws inside low .. high below which a range is refused
U_MIN, U_MAX = 2.0**-53, 1 - 2.0**-53  # ends of the 53-bit uniforms
NODES = 1 << 14  # points of the quadratures over a distribution
_CHUNK = 1 << 15  # elements at a time, so that the scratch stays in a core's cache


class Distribution(ABC):
    """Base class of distributions: draw values, draw those outside of `low` to `high` again, and describe them."""

    low: float | None
    high: float | None
    _unit: str | None = None  # of quantities that were given; None: of what is drawn
    _PURE: ClassVar[tuple[str, ...]] = ()  # parameters that never have a unit

    @abstractmethod
    def _propose(self, stream: Stream, elements: Integers, attempt: Integers) -> tuple[Floats, Bools | None]:
        """Return values without regard to low and high, and a mask of those that are valid draws (None: all)."""

    @abstractmethod
    def _nodes(self) -> tuple[Floats, Floats]:
        """Return points and their probabilities that represent the distribution without low and high."""

    @abstractmethod
    def _whole_mean(self) -> float:
        """Return the mean without low and high."""

    @abstractmethod
    def _whole_bounds(self) -> tuple[float, float]:
        """Return the smallest and largest value that a draw can give, without low and high."""

    def draw(self, stream: Stream, elements: npt.ArrayLike) -> Floats:
        """Draw one value for each element.

        Parameters
        ----------
        stream : Stream
            Random stream of the object to which the values belong.
        elements : array_like of int, shape (n,)
            Indices of the neurons or synapses, in any order.

        Returns
        -------
        ndarray of float64, shape (n,)
            The values, in the unit of the quantity that is drawn.

        Raises
        ------
        ParameterError
            If an element is still outside ``low .. high`` after 100,000 draws.
        """
        index = np.asarray(elements, dtype=np.int64)
        out = np.empty(len(index))
        for start in range(0, len(index), _CHUNK):
            part = slice(start, start + _CHUNK)
            out[part] = self._draw_chunk(stream, index[part])
        return out

    def checked_draw(self, stream: Stream, elements: npt.ArrayLike) -> Floats:
        """Draw as `draw` does; refuse what is not one number for each element.

        Parameters
        ----------
        stream : Stream
            Random stream of the object to which the values belong.
        elements : array_like of int, shape (n,)
            Indices of the neurons or synapses, in any order.

        Returns
        -------
        ndarray of float64, shape (n,)
            The values, in the unit of the quantity that is drawn.

        Raises
        ------
        ArgumentError
            If `draw` returns anything else.
        ParameterError
            If an element is still outside ``low .. high`` after 100,000 draws.
        """
        values: Any = self.draw(stream, elements)
        n = np.size(elements)
        if not isinstance(values, np.ndarray) or values.shape != (n,) or values.dtype.kind not in "fiu":
            wrong = show(values)
        elif np.isnan(values).any():
            wrong = "NaN"
        else:
            return values.astype(np.float64, copy=False)
        raise ArgumentError(
            f"{type(self).__name__}.draw: must return an array of {n} numbers, one for each element (got {wrong}); "
            "return one value for each of `elements`, as numpy.full does of one"
        )

    def _draw_chunk(self, stream: Stream, elements: Integers) -> Floats:
        values, good = self._try(stream, elements, np.zeros(1, dtype=np.int64))
        left = np.empty(0, dtype=np.int64) if good is None else np.flatnonzero(~good)
        done, batch = 1, 1
        while left.size:
            if done >= MAX_TRIES:
                raise ParameterError(
                    f"{self!r}: {left.size} of {elements.size} elements are outside low .. high "
                    f"after {done} draws each; about {self.acceptance():.2g} of all draws are inside: widen the range"
                )
            # The first attempt inside the range counts, so making several attempts at once changes only the speed.
            attempts = np.arange(done, done + batch, dtype=np.int64)
            tried, good = self._try(stream, elements[left][:, None], attempts[None, :])
            assert good is not None
            first = good.argmax(axis=1)
            found = good[np.arange(left.size), first]
            values[left[found]] = tried[found, first[found]]
            left = left[~found]
            done += batch
            batch = max(1, min(2 * batch, _CHUNK // max(1, left.size), MAX_TRIES - done))
        return values

    def _limits(self) -> tuple[float | None, float | None]:
        """Return the limits outside which values are drawn again."""
        return self.low, self.high

    def _try(self, stream: Stream, elements: Integers, attempt: Integers) -> tuple[Floats, Bools | None]:
        values, good = self._propose(stream, elements, attempt)
        if self._limits() != (None, None):
            inside = self._inside(values)
            good = inside if good is None else good & inside
        return values, good

    def _inside(self, x: Floats) -> Bools:
        low, high = self._limits()
        inside: Bools = np.ones(x.shape, dtype=np.bool_)
        if low is not None:
            inside &= x >= low
        if high is not None:
            inside &= x <= high
        return inside

    @public
    def acceptance(self) -> float:
        """Return the fraction of draws that lie inside ``low .. high``.

        Returns
        -------
        float
            The fraction, accurate to about 1e-3.

        Examples
        --------
        >>> from gpusyn import Normal
        >>> round(Normal(0.0, 1.0, low=0.0).acceptance(), 3)
        0.5
        """
        return self._acceptance

    @functools.cached_property
    def _acceptance(self) -> float:
        if self._limits() == (None, None):
            return 1.0
        x, weight = self._nodes()
        return math.fsum(weight[self._inside(x)]) / math.fsum(weight)

    @public
    def mean_value(self) -> float:
        """Return the mean of the values that are drawn: with `low` or `high`, of the truncated distribution.

        Returns
        -------
        float
            The mean; of a truncated distribution it is accurate to about 1e-3.

        Examples
        --------
        >>> from gpusyn import Normal
        >>> round(Normal(0.0, 1.0, low=0.0).mean_value(), 3)    # sqrt(2 / pi)
        0.798
        """
        return self._mean_value

    @functools.cached_property
    def _mean_value(self) -> float:
        low, high = self._limits()
        if low is None and high is None:
            return self._whole_mean()
        x, weight = self._nodes()
        inside = self._inside(x)
        total, kept = math.fsum(weight), math.fsum(weight[inside])
        if high is None:  # the part that is cut off is bounded; the closed form covers the open tail
            return (self._whole_mean() * total - math.fsum((x * weight)[~inside])) / kept
        return math.fsum((x * weight)[inside]) / kept

    @public
    def bounds(self) -> tuple[float, float]:
        """Return the smallest and the largest value that `draw` can return.

        Returns
        -------
        (float, float)
            Smallest and largest value.

        Examples
        --------
        >>> from gpusyn import Normal, Uniform
        >>> Uniform(0.5, 2.0).bounds()
        (0.5, 2.0)
        >>> [round(x, 2) for x in Normal(0.0, 1.0).bounds()]    # 53-bit uniforms reach 8.2 sd
        [-8.21, 8.21]
        """
        low, high = self._whole_bounds()
        low = low if self.low is None else max(low, self.low)
        high = high if self.high is None else min(high, self.high)
        return low, high

    def in_unit(self, unit: str, where: str) -> Self:
        """Return the distribution in `unit`, the unit of what is drawn.

        Parameters
        ----------
        unit : str
            Unit of gpusyn; ``""``: a pure number.
        where : str
            Place of the distribution, for the message.

        Returns
        -------
        Distribution
            Itself, if it was given in plain numbers.

        Raises
        ------
        ParameterError
            If it was given in quantities of another dimension.
        """
        factor = conversion(self._unit, unit, self, where)
        if factor == 1:
            return self
        given = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return type(self)(**{k: x if x is None or k in self._PURE else factor * x for k, x in given.items()})

    def _check(self, **allowed: dict[str, Any]) -> None:
        """Convert the parameters to floats, and refuse ranges that contain (nearly) no draws."""
        name = type(self).__name__
        given = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        unit = unit_of([x for key, x in given.items() if key not in self._PURE and x is not None], name)
        object.__setattr__(self, "_unit", unit)
        for key, value in given.items():
            if value is not None or key in allowed:
                own = "" if unit is None or key in self._PURE else unit
                number = real(value, f"{name}.{key}", unit=own, **allowed.get(key, {}))
                object.__setattr__(self, key, number)
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ParameterError(f"{name}.low: must be below high = {self.high:g} (got {self.low:g})")
        share = self.acceptance()
        if share < LEAST_ACCEPTANCE:
            raise ParameterError(
                f"{name}: low .. high must hold at least {LEAST_ACCEPTANCE:g} of the draws, "
                f"because those outside are drawn again (got {self!r}, which holds about {share:.2g}); "
                "widen the range or move the mean"
            )

    def __repr__(self) -> str:
        given = ((f.name, getattr(self, f.name)) for f in fields(self))  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in given if v is not None)})"


class ByQuantile(Distribution):
    """A distribution that is drawn by its inverse cumulative distribution function: one uniform number per value."""

    @abstractmethod
    def law(self) -> Law:
        """Return the law of the values, in the form that kernels know."""

    def _quantile(self, u: Floats) -> Floats:
        return self.law().quantile(u)

    def _propose(self, stream: Stream, elements: Integers, attempt: Integers) -> tuple[Floats, Bools | None]:
        return self._quantile(stream.uniform(elements, attempt)), None

    def _nodes(self) -> tuple[Floats, Floats]:
        return self._quantile((np.arange(NODES) + 0.5) / NODES), np.full(NODES, 1.0 / NODES)

    def _whole_bounds(self) -> tuple[float, float]:
        low, high = self._quantile(np.array([U_MIN, U_MAX]))
        return float(low), float(high)
