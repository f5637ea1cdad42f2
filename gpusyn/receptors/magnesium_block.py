"""Published forms of the magnesium block of NMDA receptors."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from gpusyn.equations.effects import MagnesiumBlockedCoefficients, SlowlyUnblockedCoefficients
from gpusyn.numerics.portable_math import exp
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import instance, public, real
from gpusyn.parameters.units import as_floats
from gpusyn.utils.typing import Floats

__all__ = ["MgBlock", "SlowUnblock"]


def _check(thing: Any, limits: dict[str, dict[str, Any]]) -> None:
    for field in fields(thing):
        if field.name in limits:
            where = f"{type(thing).__name__}.{field.name}"
            object.__setattr__(thing, field.name, real(getattr(thing, field.name), where, **limits[field.name]))


@public
@dataclass(frozen=True)
class SlowUnblock:
    """Slow relief of the magnesium block in two stages; the block itself is instantaneous.

    A stage that is below the steady state B(V) relaxes to it with its time constant; a stage above it follows at once.
    The fraction of the fast stage is ``fraction + slope V`` (Vargas-Caballero & Robinson 2003, as in Hill & Tononi
    2005; values as in NEST's ``ht_neuron``).

    Parameters
    ----------
    tau_fast, tau_slow : float
        Time constants of the stages (ms), > 0.
    fraction : float
        Fraction of the fast stage at 0 mV.
    slope : float
        Change of this fraction with V (1/mV).

    Raises
    ------
    ParameterError
        If a number is out of range.
    """

    tau_fast: float = 0.68
    tau_slow: float = 22.7
    fraction: float = 0.51
    slope: float = -0.0028

    def __post_init__(self) -> None:
        positive = {"unit": "ms", "above": 0.0}
        _check(self, {"tau_fast": positive, "tau_slow": positive, "fraction": {}, "slope": {"unit": "1/mV"}})


@public
@dataclass(frozen=True)
class MgBlock:
    """Fraction of channels that magnesium leaves open: B(V) = 1/(1 + eta [Mg] exp(-gamma V)).

    The default constants are those of Jahr & Stevens (1990). [Mg] is the receptor's ``Mg=``.

    Parameters
    ----------
    eta : float
        Affinity at 0 mV (1/mM), > 0.
    gamma : float
        Steepness (1/mV), > 0; for a blocker within the membrane's field it is z delta F/RT (Woodhull 1973).
    unblock : SlowUnblock, optional
        Stages of a slow unblock; by default the unblock is instantaneous.

    Raises
    ------
    ArgumentError
        If `unblock` is not a SlowUnblock.
    ParameterError
        If a number is out of range.

    Examples
    --------
    >>> MgBlock.Mel()
    MgBlock(eta=0.33, gamma=0.06, unblock=None)
    """

    eta: float = 1 / 3.57
    gamma: float = 0.062
    unblock: SlowUnblock | None = None

    def __post_init__(self) -> None:
        _check(self, {"eta": {"unit": "1/mM", "above": 0.0}, "gamma": {"unit": "1/mV", "above": 0.0}})
        if self.unblock is not None:
            instance(self.unblock, SlowUnblock, "MgBlock.unblock", "gs.SlowUnblock(...) or None")

    @public
    def open_fraction(self, V: npt.ArrayLike, Mg: float) -> Floats:
        """Return the fraction B of open channels.

        Parameters
        ----------
        V : array_like
            Potentials (mV), of any shape.
        Mg : float
            Concentration of magnesium (mM), >= 0.

        Returns
        -------
        ndarray of float64
            B at each potential.

        Raises
        ------
        ArgumentError
            If an argument is not a number.
        ParameterError
            If a number is out of range.
        """
        where = "MgBlock.open_fraction()"
        at = as_floats(V, f"{where}.V", "mV", "must be potentials in mV")
        Limits("mV").check(at.reshape(-1), f"{where}.V")
        found: Floats = 1.0 / (1.0 + self.eta * real(Mg, f"{where}.Mg", unit="mM", low=0.0) * exp(-self.gamma * at))
        return found

    def coefficients(
        self, e: Floats, Mg: float, dt: float, E_L: Floats
    ) -> MagnesiumBlockedCoefficients | SlowlyUnblockedCoefficients:
        """Return the coefficients of a blocked conductance for potentials relative to E_L.

        Parameters
        ----------
        e : ndarray of float64
            Reversal potential relative to E_L (mV), one number or one per neuron.
        Mg : float
            Concentration of magnesium (mM).
        dt : float
            Time step (ms).
        E_L : ndarray of float64
            Resting potential (mV), one number or one per neuron.

        Returns
        -------
        MagnesiumBlockedCoefficients or SlowlyUnblockedCoefficients
            Coefficients by name, each a number or an array of one value per neuron.
        """
        affinity, slow = self.eta * Mg * exp(-self.gamma * E_L), self.unblock
        if slow is None:
            return MagnesiumBlockedCoefficients(e=e, affinity=affinity, minus_gamma=-self.gamma)
        return SlowlyUnblockedCoefficients(
            e=e,
            affinity=affinity,
            minus_gamma=-self.gamma,
            decay_fast=exp(np.float64(-dt / slow.tau_fast)),
            decay_slow=exp(np.float64(-dt / slow.tau_slow)),
            fraction=slow.fraction + slow.slope * E_L,
            slope=slow.slope,
        )

    @classmethod
    @public
    def Mel(cls) -> MgBlock:
        """Return the block of Mel (1992) and of many models of pyramidal cells: eta 0.33 /mM, gamma 0.06 /mV."""
        return cls(eta=0.33, gamma=0.06)

    @classmethod
    @public
    def HillTononi(cls) -> MgBlock:
        """Return the block of Hill & Tononi (2005) with its slow unblock.

        At 1 mM it blocks half of the channels at -25.57 mV; gamma is 0.081 /mV.
        """
        return cls(eta=0.12603823, gamma=0.081, unblock=SlowUnblock())
