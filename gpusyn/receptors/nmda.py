"""NMDA: the slow glutamate receptor with its magnesium block."""

from __future__ import annotations

from typing import Any, ClassVar

from gpusyn.kinetics import Kinetics
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter
from gpusyn.parameters.waveform import Waveform, number_array_or_waveform
from gpusyn.receptors.base import Receptor, choose_kinetics
from gpusyn.receptors.block import MgBlock
from gpusyn.receptors.glycine import GlycineSite


class NMDA(Receptor):
    """Slow glutamate receptor with magnesium block: I = g B(V) (V - E_rev).

    B(V) = 1 / (1 + [Mg]/3.57 exp(-0.062 V)), with [Mg] in mM and V in mV (Jahr & Stevens 1990); `block=` has others.

    Parameters
    ----------
    Mg : float or Waveform
        Extracellular magnesium (mM), >= 0; 0 removes the block. A waveform changes it in the course of a run.
    tau_rise, tau_decay : float, optional
        Time constants (ms) of the normalised dual exponential, default 2 and 100.
    E_rev : float
        Reversal potential (mV).
    block : MgBlock, optional
        Form of the block.
    glycine : float or Waveform, optional
        Extracellular glycine (uM), >= 0, which the receptor needs as well; 0: no current. By default saturating.
    glycine_site : GlycineSite, optional
        Affinity of the glycine site.
    Pf : float
        Fraction of the current that calcium carries, by default 0.1 (GluN1/2A: 0.1 to 0.19, Dingledine et al. 1999).
    kinetics : Kinetics, optional
        In place of the time constants.
    gating : {"auto", "per-synapse"}
        ``"per-synapse"`` forces a gate on every synapse.
    name : str, optional
        Name within the population, default ``"NMDA"``.

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
        Parameter("block", None, "", "gs.MgBlock of another form than Jahr and Stevens's"),
        Parameter("glycine", None, "uM", "extracellular glycine; none: saturating, 0: no current"),
        Parameter("glycine_site", None, "", "gs.GlycineSite of another affinity"),
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
