"""Currents that fluctuate: white noise in pieces, and the Ornstein-Uhlenbeck process."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import frozen, public, real, show
from gpusyn.parameters.units import as_floats
from gpusyn.parameters.waveform import Waveform, number_array_or_waveform
from gpusyn.utils.immutable import Immutable
from gpusyn.utils.typing import Floats

Value = float | Floats  # a number, or one per neuron
_OTHERS = "a gs.Waveform, or noise (gs.WhiteNoise, gs.OrnsteinUhlenbeck)"


class Noise(Immutable):
    """Base class of currents that fluctuate, independently for each neuron.

    Attributes
    ----------
    mean, std : float or ndarray of float64
        Mean and standard deviation (pA), of all neurons or of each.
    """

    PARAMETERS: ClassVar[tuple[str, ...]] = ("mean", "std")

    mean: Value
    std: Value

    @property
    def kind(self) -> str:
        """Name of the class."""
        return type(self).__name__

    @property
    def values(self) -> dict[str, Any]:
        """Parameters by name."""
        return {name: getattr(self, name) for name in self.PARAMETERS}

    def _checked(self, name: str, value: Any, **limits: Any) -> Value:
        """Return a parameter: a number, or a read-only array of one value per neuron."""
        where, allowed = f"{self.kind}.{name}", Limits(**limits)
        words = f"must be {allowed.words()} or an array of one per neuron"
        array = as_floats(value, where, allowed.unit, words)
        if array.ndim > 1 or array.size == 0:
            raise ArgumentError(f"{where}: {words} (got {show(value)})")
        allowed.check(array.reshape(-1), where)
        return frozen(array) if array.ndim else float(array)

    def __repr__(self) -> str:
        words = (f"{name}={f'{x:g}' if isinstance(x, float) else f'array of {len(x)}'}" for name, x in
                 self.values.items())  # fmt: skip
        return f"{self.kind}({', '.join(words)})"


def injected(value: Any, size: int, where: str) -> float | Floats | Waveform | Noise:
    """Return a current (pA): a number, a read-only array of one value per neuron, a waveform, or noise.

    Raises
    ------
    ArgumentError
        If the value is none of these.
    ParameterError
        If a value is out of range, or an array has the wrong length.
    """
    if not isinstance(value, Noise):
        return number_array_or_waveform(value, size, where, others=_OTHERS, unit="pA")
    for name, given in value.values.items():
        if isinstance(given, np.ndarray) and len(given) != size:
            raise ParameterError(
                f"{where}: {value.kind}.{name} has {len(given)} values, must be a number or an array of {size}, one "
                "per neuron of the target"
            )
    return value


class WhiteNoise(Noise):
    """White noise: a current that is drawn anew every `dt` from a normal distribution, and held meanwhile.

    Each neuron has its own, and so has each injection. The first piece begins when the injection begins. `std` is that
    of the pieces, as in NEST's noise_generator, so a membrane follows shorter pieces less.

    Parameters
    ----------
    mean : float or array_like, shape (n,)
        Mean (pA), of all neurons or of each.
    std : float or array_like, shape (n,)
        Standard deviation of each piece (pA), >= 0.
    dt : float
        Duration of a piece (ms), > 0, a multiple of the time step of the simulation.

    Raises
    ------
    ArgumentError
        If a parameter is neither a number nor an array.
    ParameterError
        If a value is out of range.

    Examples
    --------
    >>> import gpusyn as gs
    >>> net = gs.Network()
    >>> cells = net.population("cells", 10, gs.LIF())
    >>> net.inject(cells, gs.WhiteNoise(mean=100.0, std=50.0)).current
    WhiteNoise(mean=100, std=50, dt=1)
    """

    PARAMETERS = ("mean", "std", "dt")

    dt: float

    @public
    def __init__(self, mean: Any = 0.0, *, std: Any, dt: float = 1.0) -> None:
        self._set(
            mean=self._checked("mean", mean, unit="pA"),
            std=self._checked("std", std, unit="pA", low=0.0),
            dt=real(dt, "WhiteNoise.dt", unit="ms", above=0.0),
        )


class OrnsteinUhlenbeck(Noise):
    """The Ornstein-Uhlenbeck process: a current that fluctuates with a time constant, as that of many synapses does.

    Its values are normal, with `mean` and `std`, from the beginning of the injection on; those that are t apart have
    the correlation exp(-t / tau). The values at the time steps are exact for any step, and held during each. Each
    neuron has its own process, and so has each injection.

    Parameters
    ----------
    mean : float or array_like, shape (n,)
        Mean (pA), of all neurons or of each.
    std : float or array_like, shape (n,)
        Stationary standard deviation (pA), >= 0.
    tau : float or array_like, shape (n,)
        Time constant of the correlation (ms), > 0.

    Raises
    ------
    ArgumentError
        If a parameter is neither a number nor an array.
    ParameterError
        If a value is out of range.

    Examples
    --------
    >>> import gpusyn as gs
    >>> net = gs.Network()
    >>> cells = net.population("cells", 10, gs.LIF())
    >>> net.inject(cells, gs.OrnsteinUhlenbeck(std=50.0, tau=5.0)).current
    OrnsteinUhlenbeck(mean=0, std=50, tau=5)
    """

    PARAMETERS = ("mean", "std", "tau")

    tau: Value

    @public
    def __init__(self, mean: Any = 0.0, *, std: Any, tau: Any) -> None:
        self._set(
            mean=self._checked("mean", mean, unit="pA"),
            std=self._checked("std", std, unit="pA", low=0.0),
            tau=self._checked("tau", tau, unit="ms", above=0.0),
        )
