"""The equations of gates in numpy: each module is the twin of the file of the same name in ``kernels/kinetics/``.

A new file needs no line here: every module of this folder is imported, and registers its gates with `lumped`,
`source_gate` and `synapse_gate`.
"""

from gpusyn.equations.kinetics.base import LUMPED, SOURCE_GATES, SYNAPSE_GATES
from gpusyn.utils.modules import import_modules

__all__ = ["LUMPED", "SOURCE_GATES", "SYNAPSE_GATES"]

import_modules(__name__, __path__)
