"""GABA_B: slow inhibition by potassium channels that G proteins open."""

from __future__ import annotations

from typing import ClassVar

from gpusyn.kinetics import GProtein, Kinetics
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter
from gpusyn.receptors.base import Receptor, choose_kinetics


class GABA_B(Receptor):
    """Potassium channels that GABA opens through G proteins: I = g (V - E_rev).

    A single spike opens almost no channels, a burst opens many (Destexhe & Sejnowski 1995). The weight is the
    conductance with all channels open.

    Parameters
    ----------
    E_rev : float
        Reversal potential of potassium (mV).
    kinetics : Kinetics, optional
        Kinetics of the gate; ``gs.kinetics.GProtein()`` by default.
    gating : {"auto", "per-synapse"}
        ``"auto"`` chooses the cheapest exact method; ``"per-synapse"`` gives every synapse a gate of its own.
    name : str, optional
        Name within the population, ``"GABA_B"`` by default.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If a number is out of range.
    UnknownNameError
        If `gating` is unknown.

    Examples
    --------
    >>> GABA_B().kinetics.n
    4
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (Parameter("E_rev", -95.0, "mV", "reversal potential"),)

    @public
    def __init__(
        self,
        *,
        E_rev: float = -95.0,
        kinetics: Kinetics | None = None,
        gating: str = "auto",
        name: str | None = None,
    ) -> None:
        chosen = choose_kinetics("GABA_B", GProtein() if kinetics is None else kinetics, None, None, default_decay=1.0)
        self._describe(name, chosen, gating, E_rev=E_rev)
