"""AMPA: the fast glutamate receptor."""

from __future__ import annotations

from typing import ClassVar

from gpusyn.kinetics import Kinetics
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter
from gpusyn.receptors.base import Receptor, choose_kinetics


class AMPA(Receptor):
    """Fast glutamate receptor: I = g (V - E_rev).

    Parameters
    ----------
    tau_decay : float, optional
        Decay time constant (ms), > 0; 2 by default.
    E_rev : float
        Reversal potential (mV).
    tau_rise : float, optional
        Rise time constant (ms), > 0 and at most `tau_decay`; it makes the gate a normalised dual exponential.
    Pf : float
        Fraction of the current that calcium carries, 0 to 1; by default 0.005 (GluA1/GluA2, Dingledine et al. 1999).
    kinetics : Kinetics, optional
        Kinetics of the gate; replaces the time constants.
    gating : {"auto", "per-synapse"}
        ``"auto"`` chooses the cheapest exact method; ``"per-synapse"`` gives every synapse a gate of its own.
    name : str, optional
        Name within the population, ``"AMPA"`` by default.

    Raises
    ------
    ArgumentError
        If both `kinetics` and a time constant are given, or an argument has the wrong type.
    ParameterError
        If a number is out of range.
    UnknownNameError
        If `gating` is unknown.

    Examples
    --------
    >>> AMPA(tau_decay=5.0).kinetics
    Exponential(tau=5.0)
    >>> AMPA(tau_rise=0.2, tau_decay=1.7, name="AMPA_slow")
    AMPA(name='AMPA_slow', kinetics=DualExponential(tau_rise=0.2, tau_decay=1.7), E_rev=0)
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("tau_decay", 2.0, "ms", "decay time constant"),
        Parameter("E_rev", 0.0, "mV", "reversal potential"),
        Parameter("tau_rise", None, "ms", "rise time constant; None: instantaneous"),
        Parameter("Pf", 0.005, "", "fraction of the current that calcium carries"),
    )

    @public
    def __init__(
        self,
        *,
        tau_decay: float | None = None,
        E_rev: float = 0.0,
        tau_rise: float | None = None,
        Pf: float = 0.005,
        kinetics: Kinetics | None = None,
        gating: str = "auto",
        name: str | None = None,
    ) -> None:
        chosen = choose_kinetics("AMPA", kinetics, tau_rise, tau_decay, default_decay=2.0)
        self._describe(name, chosen, gating, E_rev=E_rev, Pf=Pf)
