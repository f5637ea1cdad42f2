"""A quantity given by its values at some times: a rate, an injected current or a command voltage."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import frozen, one_of, public, show
from gpusyn.parameters.table import Immutable
from gpusyn.parameters.units import as_floats

Floats = npt.NDArray[np.float64]

SLACK = 1e-9  # ms: k * dt may fall short of the k-th time by a rounding error


class Waveform(Immutable):
    """Values at times, held (``"step"``) or joined by straight lines (``"linear"``).

    Before the first time a rate or current is 0, and a clamp or a concentration has the first value; after the last
    time the last value stays.

    Parameters
    ----------
    times : sequence of float, shape (n,)
        Increasing times in ms.
    values : sequence of float, shape (n,)
        Values at these times, in the unit of what they are used for (Hz, pA, mV, mM or uM).
    interpolation : {"step", "linear"}
        Whether a value is held until the next time or runs linearly to the next value.

    Raises
    ------
    ParameterError
        If the lengths differ, a value is not finite, or the times do not increase.

    Examples
    --------
    >>> import numpy as np
    >>> pulse = Waveform([10.0, 30.0], [150.0, 0.0])
    >>> pulse.sample(np.array([0.0, 10.0, 29.9, 30.0, 99.0]))
    array([  0., 150., 150.,   0.,   0.])
    >>> Waveform([0.0, 10.0], [0.0, 5.0], interpolation="linear").sample(np.array([4.0]))
    array([2.])
    """

    times: Floats
    values: Floats
    interpolation: str

    @public
    def __init__(self, times: Any, values: Any, interpolation: str = "step") -> None:
        kept_times = _points(times, "Waveform.times", "ms")
        kept_values = _points(values, "Waveform.values", "")
        if len(kept_times) != len(kept_values):
            raise ParameterError(
                f"Waveform.values: must be one value a time (got {len(kept_values)} values and "
                f"{len(kept_times)} times); make the two equally long"
            )
        backwards = np.flatnonzero(np.diff(kept_times) <= 0)
        if backwards.size:
            k = int(backwards[0]) + 1
            raise ParameterError(
                f"Waveform.times[{k}]: must be later than the time before it (got {kept_times[k]:.10g} after "
                f"{kept_times[k - 1]:.10g}); sort the times and drop repeated ones"
            )
        way = one_of(interpolation, ("step", "linear"), "Waveform.interpolation")
        self._set(times=kept_times, values=kept_values, interpolation=way)

    def sample(self, t: npt.ArrayLike, before: float = 0.0) -> Floats:
        """Return the values at times `t` (ms, any shape), with `before` ahead of the first time."""
        at = np.asarray(t, dtype=np.float64)
        left = np.searchsorted(self.times, at + (SLACK + 2 * np.spacing(np.abs(at))), side="right") - 1
        inside = np.maximum(left, 0)
        result: Floats = self.values[inside]
        if self.interpolation == "linear" and len(self.times) > 1:
            right = np.minimum(inside + 1, len(self.times) - 1)
            span = np.where(right > inside, self.times[right] - self.times[inside], 1.0)
            fraction = np.maximum(at - self.times[inside], 0.0) / span
            result = result + (self.values[right] - result) * fraction
        return np.where(left >= 0, result, before)

    def __repr__(self) -> str:
        span = f"{self.times[0]:g} to {self.times[-1]:g} ms"
        return f"Waveform({len(self.times)} values, {span}, {self.interpolation!r})"


def _points(value: Any, where: str, unit: str) -> Floats:
    array = as_floats(value, where, unit, "must be a sequence of finite numbers")
    if array.ndim != 1:
        raise ArgumentError(f"{where}: must be a sequence of finite numbers (got {show(value)})")
    if len(array) == 0:
        raise ParameterError(f"{where}: must have at least one entry (got none)")
    Limits(unit).check(array, where)
    return frozen(array)
