"""GABA_B: slow inhibition by potassium channels behind G proteins."""

from __future__ import annotations

from typing import ClassVar

from gpusyn.kinetics import GProtein, Kinetics
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter
from gpusyn.receptors.base import Receptor, choose_kinetics


class GABA_B(Receptor):
    """Potassium channels that GABA opens by way of G proteins: I = g (V - E_rev).

    One spike opens next to nothing; a burst does (Destexhe & Sejnowski 1995). Weights are the conductance of all
    channels open.

    Parameters
    ----------
    E_rev : float
        Reversal potential of potassium (mV).
    kinetics : Kinetics, optional
        By default ``gs.kinetics.GProtein()``.
    gating : {"auto", "per-synapse"}
        ``"per-synapse"`` forces a gate on every synapse.
    name : str, optional
        Name within the population, default ``"GABA_B"``.

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
