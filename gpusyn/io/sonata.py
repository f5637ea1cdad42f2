"""The former name of `gpusyn.sonata`, kept importable: both names are one package."""

import sys

from gpusyn import sonata
from gpusyn.sonata import *  # noqa: F403

sys.modules[__name__] = sonata
