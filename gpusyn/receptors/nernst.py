"""The equilibrium of ions across a membrane: RT/F and the Nernst equation."""

from __future__ import annotations

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.numerics import portable_math
from gpusyn.parameters.scalars import integer, public, real

__all__ = ["ROOM", "nernst", "thermal_voltage"]

GAS_CONSTANT = 8.314462618  # J/(mol K), as the Faraday constant: CODATA 2018
FARADAY = 96485.33212  # C/mol
ROOM = 21.0  # degrees Celsius: most recordings of blocking constants


def thermal_voltage(temperature: float = ROOM) -> float:
    """RT/F (mV) at a temperature (degrees Celsius): 25.35 mV at 21, 26.73 mV at 37.

    >>> round(thermal_voltage(37.0), 2)
    26.73
    """
    kelvin = 273.15 + real(temperature, "thermal_voltage().temperature", above=-273.15, high=1000.0)
    return GAS_CONSTANT * kelvin / FARADAY * 1e3


@public
def nernst(outside: float, inside: float, *, valence: int = 1, temperature: float = 37.0) -> float:
    """Equilibrium potential of an ion, RT/(zF) ln(outside/inside): the E_rev of a channel that passes only this ion.

    Parameters
    ----------
    outside, inside : float
        Concentrations (mM), > 0.
    valence : int
        Charge of the ion: -1 for chloride, 1 for potassium, 2 for calcium.
    temperature : float
        In degrees Celsius.

    Returns
    -------
    float
        Potential (mV).

    Examples
    --------
    >>> round(nernst(outside=125.0, inside=7.55, valence=-1), 1)
    -75.0
    """
    here = "nernst()"
    z = integer(valence, f"{here}.valence")
    if z == 0:
        raise ParameterError(f"{here}.valence: must not be 0 (got 0); an uncharged particle has no such potential")
    ratio = real(outside, f"{here}.outside", unit="mM", above=0.0) / real(
        inside, f"{here}.inside", unit="mM", above=0.0
    )
    return thermal_voltage(temperature) / z * float(portable_math.log(np.float64(ratio)))
