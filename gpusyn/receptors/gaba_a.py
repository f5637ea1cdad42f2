"""GABA_A: the chloride channel that mediates fast inhibition."""

from __future__ import annotations

from typing import ClassVar

from gpusyn.kinetics import Kinetics
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter
from gpusyn.receptors.base import Receptor, choose_kinetics


class GABA_A(Receptor):
    """Chloride channel that mediates fast inhibition: I = g (V - E_rev).

    Weights are >= 0. The receptor hyperpolarises or shunts because of its reversal potential, not because of a negative
    weight.

    Parameters
    ----------
    tau_decay : float, optional
        Decay time constant (ms), > 0; 10 by default.
    E_rev : float
        Reversal potential (mV).
    tau_rise : float, optional
        Rise time constant (ms), > 0 and at most `tau_decay`; it makes the gate a normalised dual exponential.
    kinetics : Kinetics, optional
        Kinetics of the gate; replaces the time constants.
    gating : {"auto", "per-synapse"}
        ``"auto"`` chooses the cheapest exact method; ``"per-synapse"`` gives every synapse a gate of its own.
    name : str, optional
        Name within the population, ``"GABA_A"`` by default.

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
    >>> GABA_A(E_rev=-80.0)
    GABA_A(name='GABA_A', kinetics=Exponential(tau=10.0), E_rev=-80)
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("tau_decay", 10.0, "ms", "decay time constant"),
        Parameter("E_rev", -75.0, "mV", "reversal potential"),
        Parameter("tau_rise", None, "ms", "rise time constant; None: instantaneous"),
    )

    @public
    def __init__(
        self,
        *,
        tau_decay: float | None = None,
        E_rev: float = -75.0,
        tau_rise: float | None = None,
        kinetics: Kinetics | None = None,
        gating: str = "auto",
        name: str | None = None,
    ) -> None:
        chosen = choose_kinetics("GABA_A", kinetics, tau_rise, tau_decay, default_decay=10.0)
        self._describe(name, chosen, gating, E_rev=E_rev)
