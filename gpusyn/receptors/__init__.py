"""Receptors by name.

A new receptor needs a file in this folder and a line below, and a struct in ``kernels/receptors`` if its effect on the
membrane is new (docs/adding_a_receptor.md).
"""

from gpusyn.receptors.ampa import AMPA
from gpusyn.receptors.base import Receptor
from gpusyn.receptors.current import CurrentReceptor
from gpusyn.receptors.delta import DeltaReceptor
from gpusyn.receptors.gaba_a import GABA_A
from gpusyn.receptors.gaba_b import GABA_B
from gpusyn.receptors.glycine import GlycineSite
from gpusyn.receptors.magnesium_block import MgBlock, SlowUnblock
from gpusyn.receptors.nmda import NMDA

__all__ = [
    "AMPA",
    "GABA_A",
    "GABA_B",
    "NMDA",
    "RECEPTORS",
    "CurrentReceptor",
    "DeltaReceptor",
    "GlycineSite",
    "MgBlock",
    "Receptor",
    "SlowUnblock",
]

#: Every receptor class by its name.
RECEPTORS: dict[str, type[Receptor]] = {
    name: kind
    for name, kind in globals().copy().items()
    if isinstance(kind, type) and issubclass(kind, Receptor) and kind is not Receptor
}
