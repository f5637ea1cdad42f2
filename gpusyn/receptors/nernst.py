"""Equilibrium of ions across a membrane: RT/F and the Nernst equation."""

from __future__ import annotations

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.numerics import portable_math
from gpusyn.parameters.scalars import integer, public, real

__all__ = ["ROOM", "nernst", "thermal_voltage"]

GAS_CONSTANT = 8.314462618  # J/(mol K); both constants are those of CODATA 2018
FARADAY = 96485.33212  # C/mol
ROOM = 21.0  # degrees Celsius, at which most constants of blockers were measured


def thermal_voltage(temperature: float = ROOM) -> float:
    """Return RT/F (mV) at a temperature (degrees Celsius); it is 25.35 mV at 21 C.

    >>> round(thermal_voltage(37.0), 2)
    26.73
    """
    kelvin = 273.15 + real(temperature, "thermal_voltage().temperature", above=-273.15, high=1000.0)
    return GAS_CONSTANT * kelvin / FARADAY * 1e3


@public
def nernst(outside: float, inside: float, *, valence: int = 1, temperature: float = 37.0) -> float:
    """Return the equilibrium potential of an ion, RT/(zF) ln(outside/inside).

    It is the reversal potential of a channel that passes only this ion.

    Parameters
    ----------
    outside, inside : float
        Concentrations (mM), > 0.
    valence : int
        Charge z of the ion: -1 for chloride, 1 for potassium, 2 for calcium; not 0.
    temperature : float
        Temperature (degrees Celsius).

    Returns
    -------
    float
        Potential (mV).

    Raises
    ------
    ParameterError
        If a number is out of range, or `valence` is 0.

    Examples
    --------
    >>> round(nernst(outside=125.0, inside=7.55, valence=-1), 1)
    -75.0
    """
    here = "nernst()"
    z = integer(valence, f"{here}.valence", low=-100, high=100)
    if z == 0:
        raise ParameterError(
            f"{here}.valence: must not be 0 (got 0); an uncharged particle has no equilibrium potential"
        )
    ratio = real(outside, f"{here}.outside", unit="mM", above=0.0) / real(
        inside, f"{here}.inside", unit="mM", above=0.0
    )
    return thermal_voltage(temperature) / z * float(portable_math.log(np.float64(ratio)))
