"""Former name of `gpusyn.sonata`, which stays importable; both names are the same package."""

import sys

from gpusyn import sonata
from gpusyn.sonata import *  # noqa: F403

sys.modules[__name__] = sonata
