"""Calcium that synaptic currents carry into a neuron."""

from __future__ import annotations

from dataclasses import dataclass, fields

from gpusyn.equations.neurons import CalciumCoefficients
from gpusyn.numerics.propagators import exp, expm1
from gpusyn.parameters.scalars import public, real

__all__ = ["Calcium"]


@public
@dataclass(frozen=True)
class Calcium:
    """Trace of calcium: dCa/dt = -Ca/tau + gain times the sum over receptors of `|Pf I|`.

    Pf is the fraction of a receptor's current that calcium carries (Dingledine et al. 1999, Table 7). The trace is
    recorded as ``Ca`` and computed only where it is recorded. The trace is not valid above about -10 mV: real calcium
    still flows near the reversal potential of 0 mV, where a fraction of the current vanishes.

    Parameters
    ----------
    tau : float
        Decay time constant (ms), > 0; fits of plasticity give 12 to 50 ms (Graupner & Brunel 2012).
    gain : float
        Increase of the concentration per charge of calcium (uM/fC), > 0; it replaces a volume, which a point neuron
        does not have.

    Raises
    ------
    ParameterError
        If a number is out of range.

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
        """Return the coefficients of the trace.

        Parameters
        ----------
        dt : float
            Time step (ms).

        Returns
        -------
        CalciumCoefficients
            Decay over a step, and rise (uM/pA) by a unit of current that lasts for the step.
        """
        return CalciumCoefficients(decay=exp(-dt / self.tau), rise=self.gain * self.tau * -expm1(-dt / self.tau))
