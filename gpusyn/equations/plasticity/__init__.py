"""The rules of learning in numpy: each module is the twin of the file of the same name in ``kernels/plasticity/``.

A new file needs no line here: every module of this folder is imported, and registers its rules with `learning_rule`.
"""

from gpusyn.equations.plasticity.base import LEARNING_RULES
from gpusyn.utils.modules import import_modules

__all__ = ["LEARNING_RULES"]

import_modules(__name__, __path__)
