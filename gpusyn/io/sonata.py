"""Former name of `gpusyn.sonata`, importable until version 0.2; both names are the same package."""

import sys
import warnings

from gpusyn import sonata
from gpusyn.sonata import *  # noqa: F403

warnings.warn(
    "gpusyn.io.sonata is the former name of gpusyn.sonata, and goes in version 0.2.0; import gpusyn.sonata",
    DeprecationWarning,
    stacklevel=2,
)
sys.modules[__name__] = sonata
