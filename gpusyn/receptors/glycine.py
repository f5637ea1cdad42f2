"""The binding site of glycine, the co-agonist of NMDA receptors."""

from __future__ import annotations

from dataclasses import dataclass

from gpusyn.parameters.scalars import public, real

__all__ = ["GlycineSite"]


@public
@dataclass(frozen=True)
class GlycineSite:
    """Fraction of NMDA receptors that have glycine bound and can open: Gly^h/(Gly^h + EC50^h).

    The concentration Gly is the receptor's ``glycine=``. The EC50 depends on the subunit (Traynelis et al. 2010):
    1.1 uM with GluN2A, 0.72 with 2B, 0.34 with 2C and 0.13 with 2D. Their order is certain, the values less so.

    Parameters
    ----------
    EC50 : float
        Concentration at which half of the receptors have glycine bound (uM), > 0.
    h : float
        Hill coefficient, > 0 and at most 10; a receptor has two sites, so h is between 1 and 2.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Examples
    --------
    >>> GlycineSite(EC50=0.72)
    GlycineSite(EC50=0.72, h=1.4)
    """

    EC50: float = 1.0
    h: float = 1.4

    def __post_init__(self) -> None:
        object.__setattr__(self, "EC50", real(self.EC50, "GlycineSite.EC50", unit="uM", above=0.0))
        object.__setattr__(self, "h", real(self.h, "GlycineSite.h", above=0.0, high=10.0))
