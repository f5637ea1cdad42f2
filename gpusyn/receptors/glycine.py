"""The co-agonist site of NMDA receptors."""

from __future__ import annotations

from dataclasses import dataclass

from gpusyn.parameters.scalars import public, real

__all__ = ["GlycineSite"]


@public
@dataclass(frozen=True)
class GlycineSite:
    """Share of NMDA receptors that have glycine bound and so can open: Gly^h/(Gly^h + EC50^h).

    The concentration is the receptor's ``glycine=``. EC50 by subunit (Traynelis et al. 2010): GluN2A 1.1, 2B 0.72, 2C
    0.34, 2D 0.13 uM; their order is certain, the values less so.

    Parameters
    ----------
    EC50 : float
        Glycine for half of the receptors (uM), > 0.
    h : float
        Hill coefficient, > 0; with two sites a receptor, between 1 and 2.

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
