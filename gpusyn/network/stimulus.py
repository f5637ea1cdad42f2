"""Input from outside the network: Poisson drive, injected current and voltage clamp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gpusyn.network.populations import Selection
from gpusyn.parameters.waveform import Waveform
from gpusyn.utils.typing import Floats

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution

__all__ = ["Clamp", "Drive", "Injection"]


@dataclass(frozen=True, eq=False)
class Drive:
    """Private, independent Poisson input to every neuron; made by :meth:`gpusyn.Network.drive`.

    Attributes
    ----------
    name : str
        Unique in the network; it keys the random stream.
    target : Selection
        Neurons that get the input.
    receptor : str
        Receptor that it arrives at.
    rate : float, ndarray (target.size,) or Waveform
        Rate (Hz) of each neuron's input.
    weight : float, ndarray (target.size,) or Distribution
        Weight of each event (nS, or pA for a CurrentReceptor), one per neuron.
    start, stop : float
        When it is on (ms); a stop of ``None`` is never.
    """

    name: str
    target: Selection
    receptor: str
    rate: float | Floats | Waveform
    weight: float | Floats | Distribution
    start: float
    stop: float | None


@dataclass(frozen=True, eq=False)
class Injection:
    """A current into every neuron; made by :meth:`gpusyn.Network.inject`.

    Attributes
    ----------
    name : str
        Unique in the network.
    target : Selection
        Neurons that get the current.
    current : float, ndarray (target.size,) or Waveform
        Current (pA), positive inward: depolarising.
    start, stop : float
        When it is on (ms); a stop of ``None`` is never.
    """

    name: str
    target: Selection
    current: float | Floats | Waveform
    start: float
    stop: float | None


@dataclass(frozen=True, eq=False)
class Clamp:
    """A voltage clamp on every neuron; made by :meth:`gpusyn.Network.clamp`.

    Attributes
    ----------
    name : str
        Unique in the network.
    target : Selection
        Clamped neurons; they do not spike.
    V : float or Waveform
        Command potential (mV).
    """

    name: str
    target: Selection
    V: float | Waveform
