"""Drugs: a library of common drugs, the actions that a drug can have, and the equations of pharmacology.

``net.infuse`` puts a drug into the bath. The drug is given by its name in the library or as a :class:`Drug`.

>>> from gpusyn import drugs
>>> list(drugs.LIBRARY)[:4]
['NBQX', 'CNQX', 'D-AP5', 'MK-801']
>>> drugs.LIBRARY["NBQX"]
Drug('NBQX', CompetitiveAntagonist(receptor='AMPA', K=0.15))
>>> round(drugs.remaining(10.0, K=0.15), 3)
0.015
"""

from typing import TYPE_CHECKING

from gpusyn.drugs.actions import (
    Action,
    CompetitiveAntagonist,
    DecayModulator,
    GlycineSiteAntagonist,
    NonCompetitiveAntagonist,
    OpenChannelBlocker,
)
from gpusyn.drugs.drug import Drug
from gpusyn.drugs.formulas import cheng_prusoff, dose_ratio, gaddum, hill, remaining, woodhull
from gpusyn.drugs.infusion import Infusion
from gpusyn.drugs.library import LIBRARY
from gpusyn.utils.calls import getattr_of

__all__ = [
    "LIBRARY",
    "Action",
    "CompetitiveAntagonist",
    "DecayModulator",
    "Drug",
    "GlycineSiteAntagonist",
    "Infusion",
    "NonCompetitiveAntagonist",
    "OpenChannelBlocker",
    "cheng_prusoff",
    "dose_ratio",
    "gaddum",
    "hill",
    "remaining",
    "woodhull",
]

if not TYPE_CHECKING:  # hidden from type checkers, which would take any name for an attribute
    __getattr__ = getattr_of(__name__, __all__)
