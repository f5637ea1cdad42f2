"""The gates of each kinetics: their owner, their structs and their coefficients.

Each file holds the records of one family of kinetics. A new file needs no line here: every module of this folder is
imported, and registers its records with `forms.enter`.
"""

from gpusyn.utils.modules import import_modules

import_modules(__name__, __path__)
