"""The gates of each kinetics: who keeps them, in which structs, with which coefficients.

Each file holds the records of one family of kinetics. A new file needs no line here: every module of this folder is
imported, and enters its records by `forms.enter`.
"""

from gpusyn.utils.modules import import_modules

import_modules(__name__, __path__)
