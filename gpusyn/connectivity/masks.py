"""Masks: regions around a neuron in which those lie that it may contact."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from decimal import Decimal, localcontext
from typing import Any, ClassVar

import numpy as np

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import public, real, show
from gpusyn.parameters.units import as_floats
from gpusyn.utils.typing import Bools, Floats

__all__ = ["Annulus", "Ellipse", "Mask", "Rectangle"]

Point = tuple[float, ...]

_PI = Decimal("3.141592653589793238462643383279502884197169399375")
_TERMS = 60  # of a series in the sine and cosine of up to 360 degrees: the last is below 1e-30


class Mask(ABC):
    """Base class of masks: a region of the differences ``position of post - position of pre``.

    Attributes
    ----------
    reach : float
        Distance that no point of the region exceeds.
    """

    _DIMENSIONS: ClassVar[tuple[int, ...]] = (1, 2, 3)

    @property
    @abstractmethod
    def reach(self) -> float:
        """Distance from the neuron that no point of the region exceeds."""

    @abstractmethod
    def box(self, dimensions: int) -> tuple[Point, Point]:
        """Return the lowest and the highest coordinates of the region.

        Parameters
        ----------
        dimensions : int
            Number of dimensions of the positions.

        Returns
        -------
        low, high : tuple of float
        """

    @abstractmethod
    def contains(self, along: Sequence[Floats]) -> Bools:
        """Return which points lie in the region, its border included.

        Parameters
        ----------
        along : sequence of ndarray, one per dimension
            Coordinates relative to the neuron.

        Returns
        -------
        ndarray of bool
        """

    def check(self, dimensions: int, extent: Point | None, where: str) -> None:
        """Check that the region fits positions of so many dimensions, and into space.

        Parameters
        ----------
        dimensions : int
            Number of dimensions of the positions.
        extent : tuple of float, or None
            Length after which space repeats itself, one per dimension.
        where : str
            Place of the mask, for the message.

        Raises
        ------
        ParameterError
            If it does not.
        """
        known = self._dimensions()
        if dimensions not in known:
            raise ParameterError(
                f"{where}: {self!r} is a mask for positions of {' or '.join(map(str, known))} dimensions "
                f"(got positions of {dimensions}); give it as many, or another mask"
            )
        for low, high, length in zip(*self.box(dimensions), extent or (), strict=False):
            if max(-low, high) > length / 2:
                raise ParameterError(
                    f"{where}: {self!r} must lie within half of the extent on either side, {-length / 2:g} to "
                    f"{length / 2:g}, as beyond it the other side of space is nearer (got {low:g} to {high:g}); "
                    "make it smaller"
                )

    def _dimensions(self) -> tuple[int, ...]:
        """Return for positions of how many dimensions the mask is made."""
        return self._DIMENSIONS


@public
@dataclass(frozen=True)
class Rectangle(Mask):
    """A mask with sides along the axes: an interval, a rectangle or a box.

    Parameters
    ----------
    lower_left, upper_right : float or sequence of float
        Lowest and highest coordinates relative to the presynaptic neuron, one per dimension, in the unit of the
        positions.

    Raises
    ------
    ArgumentError
        If a corner is not one to three numbers.
    ParameterError
        If the corners differ in length, or the upper right one does not lie above the lower left one.

    Examples
    --------
    Targets up to 200 to the right of a neuron and 50 above or below it:

    >>> Rectangle((0.0, -50.0), (200.0, 50.0))
    Rectangle(lower_left=(0.0, -50.0), upper_right=(200.0, 50.0))
    """

    lower_left: float | Sequence[float]
    upper_right: float | Sequence[float]
    _corners: tuple[Point, Point] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        low, high = (_point(getattr(self, name), f"Rectangle.{name}") for name in ("lower_left", "upper_right"))
        if len(low) != len(high):
            raise ParameterError(
                f"Rectangle: lower_left and upper_right must have the same dimensions (got {low} and {high})"
            )
        if not all(below < above for below, above in zip(low, high, strict=True)):
            raise ParameterError(
                f"Rectangle.upper_right: must be above lower_left = {low} in each dimension (got {high})"
            )
        for name, value in (("lower_left", low), ("upper_right", high), ("_corners", (low, high))):
            object.__setattr__(self, name, value)

    def _dimensions(self) -> tuple[int, ...]:
        return (len(self._corners[0]),)

    @property
    def reach(self) -> float:
        """Distance from the neuron to the farthest corner."""
        return _length([max(-low, high) for low, high in zip(*self._corners, strict=True)])

    def box(self, dimensions: int) -> tuple[Point, Point]:
        """Return the lowest and the highest coordinates."""
        return self._corners

    def contains(self, along: Sequence[Floats]) -> Bools:
        """Return which points lie in the rectangle, its sides included."""
        sides = zip(along, *self._corners, strict=True)
        inside: Bools = np.logical_and.reduce([(x >= low) & (x <= high) for x, low, high in sides])
        return inside


@public
@dataclass(frozen=True)
class Annulus(Mask):
    """A mask between two distances from a centre: a ring, or a disc or a ball if there is no hole.

    Parameters
    ----------
    inner_radius : float
        Radius of the hole, >= 0, in the unit of the positions; points at this distance belong to it, as in NEST.
        0: there is no hole.
    outer_radius : float
        Outer radius, > `inner_radius`; points at this distance belong to the ring.
    anchor : sequence of float, optional
        Centre relative to the presynaptic neuron, one number per dimension; the neuron itself by default.

    Raises
    ------
    ArgumentError
        If an argument is not a number, or the anchor is not one to three numbers.
    ParameterError
        If a radius is out of range.

    Examples
    --------
    >>> Annulus(100.0, 200.0)
    Annulus(inner_radius=100.0, outer_radius=200.0)
    """

    inner_radius: float
    outer_radius: float
    _: KW_ONLY
    anchor: Sequence[float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "inner_radius", real(self.inner_radius, "Annulus.inner_radius", low=0.0))
        outer = real(self.outer_radius, "Annulus.outer_radius", above=self.inner_radius)
        object.__setattr__(self, "outer_radius", outer)
        if self.anchor is not None:
            object.__setattr__(self, "anchor", _point(self.anchor, "Annulus.anchor"))

    def _dimensions(self) -> tuple[int, ...]:
        return self._DIMENSIONS if self.anchor is None else (len(self.anchor),)

    @property
    def reach(self) -> float:
        """Distance from the neuron to the farthest point."""
        return self.outer_radius + _length(self.anchor or ())

    def box(self, dimensions: int) -> tuple[Point, Point]:
        """Return the lowest and the highest coordinates."""
        return _around(self.anchor, [self.outer_radius] * dimensions)

    def contains(self, along: Sequence[Floats]) -> Bools:
        """Return which points lie in the ring."""
        square = sum(x * x for x in _from_anchor(along, self.anchor))
        inside = np.asarray(square <= self.outer_radius * self.outer_radius)
        return inside & (square > self.inner_radius * self.inner_radius) if self.inner_radius else inside

    def __repr__(self) -> str:
        return _told(self, "inner_radius", "outer_radius", "anchor")


@public
@dataclass(frozen=True)
class Ellipse(Mask):
    """A mask with the shape of an ellipse, or of an ellipsoid in three dimensions.

    Parameters
    ----------
    major_axis, minor_axis : float
        Whole lengths of its axes, in the unit of the positions; `major_axis` must not be smaller.
    azimuth_angle : float
        Angle from the x axis to the major axis, towards the y axis (degrees).
    polar_axis : float, optional
        Length of its axis along z, which makes it an ellipsoid.
    anchor : sequence of float, optional
        Centre relative to the presynaptic neuron, one number per dimension; the neuron itself by default.

    Raises
    ------
    ArgumentError
        If an argument is not a number, or the anchor is not two or three numbers.
    ParameterError
        If a length is out of range, or the anchor has another number of dimensions than the ellipse.

    Examples
    --------
    >>> Ellipse(400.0, 100.0, azimuth_angle=45.0)
    Ellipse(major_axis=400.0, minor_axis=100.0, azimuth_angle=45.0)
    """

    major_axis: float
    minor_axis: float
    _: KW_ONLY
    azimuth_angle: float = 0.0
    polar_axis: float | None = None
    anchor: Sequence[float] | None = None
    _turn: Point = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keep: dict[str, Any] = {name: real(getattr(self, name), f"Ellipse.{name}", above=0.0)
                                for name in ("major_axis", "minor_axis")}  # fmt: skip
        if keep["minor_axis"] > keep["major_axis"]:
            raise ParameterError(
                f"Ellipse.minor_axis: must be at most major_axis = {keep['major_axis']:g} (got "
                f"{keep['minor_axis']:g}); exchange them, and add 90 to azimuth_angle"
            )
        keep["azimuth_angle"] = real(self.azimuth_angle, "Ellipse.azimuth_angle")
        if self.polar_axis is not None:
            keep["polar_axis"] = real(self.polar_axis, "Ellipse.polar_axis", above=0.0)
        if self.anchor is not None:
            keep["anchor"] = _point(self.anchor, "Ellipse.anchor")
        keep["_turn"] = _cosine_and_sine(keep["azimuth_angle"])
        for name, value in keep.items():
            object.__setattr__(self, name, value)
        if self.anchor is not None and len(self.anchor) not in self._dimensions():
            raise ParameterError(
                f"Ellipse.anchor: must have {self._dimensions()[0]} numbers (got {self.anchor}); three are for an "
                "ellipsoid, which has a polar_axis"
            )

    def _dimensions(self) -> tuple[int, ...]:
        return (2,) if self.polar_axis is None else (3,)

    @property
    def reach(self) -> float:
        """Distance from the neuron that no point exceeds."""
        return max(self.major_axis, self.polar_axis or 0.0) / 2 + _length(self.anchor or ())

    def box(self, dimensions: int) -> tuple[Point, Point]:
        """Return the lowest and the highest coordinates."""
        (c, s), a, b = self._turn, self.major_axis / 2, self.minor_axis / 2
        polar = () if self.polar_axis is None else (self.polar_axis / 2,)
        return _around(self.anchor, (_length([a * c, b * s]), _length([a * s, b * c]), *polar))

    def contains(self, along: Sequence[Floats]) -> Bools:
        """Return which points lie in the ellipse, its border included."""
        x, y, *z = _from_anchor(along, self.anchor)
        c, s = self._turn
        parts = [(c * x + s * y) / (self.major_axis / 2), (c * y - s * x) / (self.minor_axis / 2)]
        parts += [one / ((self.polar_axis or math.inf) / 2) for one in z]
        return np.asarray(sum(part * part for part in parts) <= 1.0)

    def __repr__(self) -> str:
        return _told(self, "major_axis", "minor_axis", "azimuth_angle", "polar_axis", "anchor")


def _point(given: Any, where: str) -> Point:
    """Return one to three finite numbers."""
    array = np.atleast_1d(as_floats(given, where, "", "must be one to three numbers, one per dimension"))
    if array.ndim != 1 or not 1 <= len(array) <= 3:
        raise ArgumentError(f"{where}: must be one to three numbers, one per dimension (got {show(given)})")
    Limits().check(array, where)
    return tuple(array.tolist())


def _length(point: Sequence[float]) -> float:
    """Return the distance of a point from the origin."""
    return math.sqrt(sum(x * x for x in point))


def _around(anchor: Sequence[float] | None, half: Sequence[float]) -> tuple[Point, Point]:
    """Return the corners of a box of half lengths around an anchor."""
    centre = anchor or (0.0,) * len(half)
    pairs = list(zip(centre, half, strict=True))
    return tuple(x - h for x, h in pairs), tuple(x + h for x, h in pairs)


def _from_anchor(along: Sequence[Floats], anchor: Sequence[float] | None) -> list[Floats]:
    """Return coordinates relative to the centre of a mask."""
    return list(along) if anchor is None else [x - at for x, at in zip(along, anchor, strict=True)]


def _told(mask: Mask, *names: str) -> str:
    """Return a mask as it was made, without what was left out."""
    given = {name: getattr(mask, name) for name in names}
    return f"{type(mask).__name__}({', '.join(f'{k}={v!r}' for k, v in given.items() if v is not None)})"


def _cosine_and_sine(degrees: float) -> Point:
    """Return the cosine and the sine of an angle, rounded correctly: libraries differ in the last bit.

    >>> _cosine_and_sine(60.0), _cosine_and_sine(-90.0)
    ((0.5, 0.8660254037844386), (0.0, -1.0))
    """
    with localcontext(prec=60):
        angle = Decimal(math.fmod(degrees, 360.0)) * _PI / 180
        term, sums = Decimal(1), [Decimal(0), Decimal(0)]
        for k in range(_TERMS):  # of the exponential function of i times the angle
            sums[k % 2] += term if k % 4 < 2 else -term
            term *= angle / (k + 1)
        cosine, sine = (float(round(each, 30)) for each in sums)
    return cosine, sine
