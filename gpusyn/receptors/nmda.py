"""NMDA: the slow glutamate receptor with its magnesium block."""

from __future__ import annotations

from typing import Any, ClassVar

from gpusyn.kinetics import Kinetics
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter
from gpusyn.parameters.waveform import Waveform, number_array_or_waveform
from gpusyn.receptors.base import Receptor, choose_kinetics
from gpusyn.receptors.glycine import GlycineSite
from gpusyn.receptors.magnesium_block import MgBlock


class NMDA(Receptor):
    """Slow glutamate receptor with magnesium block: I = g B(V) (V - E_rev).

    B(V) = 1 / (1 + [Mg]/3.57 exp(-0.062 V)), with [Mg] in mM and V in mV (Jahr & Stevens 1990); `block=` sets another
    form.

    Parameters
    ----------
    Mg : float or Waveform
        Extracellular magnesium (mM), >= 0; 0 removes the block. A waveform changes it during a run.
    tau_rise, tau_decay : float, optional
        Time constants (ms) of the normalised dual exponential, > 0; 2 and 100 by default.
    E_rev : float
        Reversal potential (mV).
    block : MgBlock, optional
        Form of the block; that of Jahr & Stevens (1990) by default.
    glycine : float or Waveform, optional
        Extracellular glycine (uM), >= 0, the co-agonist; without it (0) there is no current. By default glycine
        saturates the receptor.
    glycine_site : GlycineSite, optional
        Affinity of the glycine site.
    Pf : float
        Fraction of the current that calcium carries, 0 to 1; by default 0.1 (0.1 to 0.19 in GluN1/2A, Dingledine et
        al. 1999).
    kinetics : Kinetics, optional
        Kinetics of the gate; replaces the time constants.
    gating : {"auto", "per-synapse"}
        ``"auto"`` chooses the cheapest exact method; ``"per-synapse"`` gives every synapse a gate of its own.
    name : str, optional
        Name within the population, ``"NMDA"`` by default.

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
    >>> NMDA(Mg=1.2)
    NMDA(name='NMDA', kinetics=DualExponential(tau_rise=2.0, tau_decay=100.0), E_rev=0, Mg=1.2)
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("Mg", 1.0, "mM", "extracellular magnesium; 0: no block"),
        Parameter("tau_rise", 2.0, "ms", "rise time constant"),
        Parameter("tau_decay", 100.0, "ms", "decay time constant"),
        Parameter("E_rev", 0.0, "mV", "reversal potential"),
        Parameter("block", None, "", "form of the block, gs.MgBlock; None: Jahr & Stevens (1990)"),
        Parameter("glycine", None, "uM", "extracellular glycine; None: saturating, 0: no current"),
        Parameter("glycine_site", None, "", "affinity of the glycine site, gs.GlycineSite"),
        Parameter("Pf", 0.1, "", "fraction of the current that calcium carries"),
    )

    @public
    def __init__(
        self,
        *,
        Mg: float | Waveform = 1.0,
        tau_rise: float | None = None,
        tau_decay: float | None = None,
        E_rev: float = 0.0,
        block: MgBlock | None = None,
        glycine: float | Waveform | None = None,
        glycine_site: GlycineSite | None = None,
        Pf: float = 0.1,
        kinetics: Kinetics | None = None,
        gating: str = "auto",
        name: str | None = None,
    ) -> None:
        chosen = choose_kinetics("NMDA", kinetics, tau_rise, tau_decay, default_rise=2.0, default_decay=100.0)
        self._describe(
            name,
            chosen,
            gating,
            E_rev=E_rev,
            Mg=_concentration(Mg, "NMDA.Mg", "mM"),
            block=block,
            glycine=None if glycine is None else _concentration(glycine, "NMDA.glycine", "uM"),
            glycine_site=glycine_site,
            Pf=Pf,
        )


def _concentration(value: Any, where: str, unit: str) -> float | Waveform:
    kept = number_array_or_waveform(value, None, where, arrays=False, unit=unit, low=0.0, high=1e6)
    assert isinstance(kept, (float, Waveform))
    return kept
