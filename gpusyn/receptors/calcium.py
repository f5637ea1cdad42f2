"""The calcium that synaptic currents bring into a neuron."""

from __future__ import annotations

from dataclasses import dataclass, fields

from gpusyn.equations.neurons import CalciumCoefficients
from gpusyn.numerics.propagators import exp, expm1
from gpusyn.parameters.scalars import public, real

__all__ = ["Calcium"]


@public
@dataclass(frozen=True)
class Calcium:
    """A trace of calcium: dCa/dt = -Ca/tau + gain sum over receptors of |Pf I|.

    Pf is the fraction of a receptor's current that calcium carries (Dingledine et al. 1999, Table 7). The trace is
    recorded as ``Ca``, and computed only where it is recorded. Near the reversal potential of 0 mV calcium would still
    flow in life, which a fraction of the current cannot show: read the trace below about -10 mV.

    Parameters
    ----------
    tau : float
        Time constant of the decay (ms), > 0; 12 to 50 in fits of plasticity (Graupner & Brunel 2012).
    gain : float
        Rise by 1 fC of calcium (uM/fC), > 0; it stands for the volume, which a point neuron does not have.

    Examples
    --------
    >>> Calcium(tau=50.0)
    Calcium(tau=50.0, gain=0.001)
    """

    tau: float = 20.0
    gain: float = 1e-3

    def __post_init__(self) -> None:
        units = {"tau": "ms", "gain": "uM/fC"}
        for field in fields(self):
            value = real(getattr(self, field.name), f"Calcium.{field.name}", unit=units[field.name], above=0.0)
            object.__setattr__(self, field.name, value)

    def coefficients(self, dt: float) -> CalciumCoefficients:
        """Return the decay over a step (ms), and the rise per unit of current that lasts for the step."""
        return CalciumCoefficients(decay=exp(-dt / self.tau), rise=self.gain * self.tau * -expm1(-dt / self.tau))
