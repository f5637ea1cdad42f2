"""Input from outside the network: Poisson drive, injected current and voltage clamp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gpusyn.network.populations import Selection
from gpusyn.neurons.compartments import SOMA
from gpusyn.parameters.noise import Noise
from gpusyn.parameters.scalars import public
from gpusyn.parameters.waveform import Waveform
from gpusyn.utils.calls import Hinting
from gpusyn.utils.reprs import ShortRepr
from gpusyn.utils.typing import Floats

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution

__all__ = ["Clamp", "Drive", "Injection"]


@public
@dataclass(frozen=True, eq=False, repr=False)
class Drive(ShortRepr, Hinting):
    """Private, independent Poisson input to every neuron; made by :meth:`gpusyn.Network.drive`.

    Attributes
    ----------
    name : str
        Name, unique in the network and the key of the random stream.
    target : Selection
        Neurons that receive the input.
    receptor : str
        Name of the receptor at which the input arrives.
    rate : float, ndarray of float64, shape (target.size,), or Waveform
        Rate of the input to each neuron (Hz).
    weight : float, ndarray of float64, shape (target.size,), or Distribution
        Weight of each event, one per neuron (nS, pA for a CurrentReceptor, mV for a DeltaReceptor).
    start : float
        Time at which the input begins (ms).
    stop : float or None
        Time at which the input ends (ms); ``None``: never.
    rate_max : float
        Largest rate to which :meth:`gpusyn.Simulator.set` may change the rate (Hz).
    """

    _MADE_BY: ClassVar[str] = "net.drive(target, receptor, rate=..., weight=...)"

    name: str
    target: Selection
    receptor: str
    rate: float | Floats | Waveform
    weight: float | Floats | Distribution
    start: float
    stop: float | None
    rate_max: float


@public
@dataclass(frozen=True, eq=False, repr=False)
class Injection(ShortRepr, Hinting):
    """A current into every neuron; made by :meth:`gpusyn.Network.inject`.

    Attributes
    ----------
    name : str
        Name, unique in the network.
    target : Selection
        Neurons that receive the current.
    current : float, ndarray of float64, shape (target.size,), Waveform, WhiteNoise or OrnsteinUhlenbeck
        Current into each neuron (pA); positive is inward (depolarising).
    start : float
        Time at which the current begins (ms).
    stop : float or None
        Time at which the current ends (ms); ``None``: never.
    compartment : str
        Compartment into which it flows.
    """

    _MADE_BY: ClassVar[str] = "net.inject(target, current)"

    name: str
    target: Selection
    current: float | Floats | Waveform | Noise
    start: float
    stop: float | None
    compartment: str = SOMA


@public
@dataclass(frozen=True, eq=False, repr=False)
class Clamp(ShortRepr, Hinting):
    """A voltage clamp on every neuron; made by :meth:`gpusyn.Network.clamp`.

    Attributes
    ----------
    name : str
        Name, unique in the network.
    target : Selection
        Clamped neurons; they emit no spikes if their soma is clamped.
    V : float, ndarray of float64, shape (target.size,), or Waveform
        Command potential of each neuron (mV).
    compartment : str
        Compartment that is clamped.
    """

    _MADE_BY: ClassVar[str] = "net.clamp(target, V)"

    name: str
    target: Selection
    V: float | Floats | Waveform
    compartment: str = SOMA
