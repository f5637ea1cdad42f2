"""SONATA circuits and configurations: read, simulated, and written back as SONATA files.

>>> from gpusyn.io import sonata
>>> "nest:iaf_psc_alpha" in sonata.TEMPLATES
True

``read_config`` resolves the files, ``build`` makes a :class:`gpusyn.Network` of them, ``run_config`` does
everything that ``gpusyn run`` does. ``TEMPLATES`` says what each ``model_template`` of nodes means and may be
extended; one that is not in it is refused by name.
"""

from __future__ import annotations

from gpusyn.sonata.build import build
from gpusyn.sonata.config import Config, read_config
from gpusyn.sonata.model import SonataModel
from gpusyn.sonata.run import RunResult, TypeRate, run_config
from gpusyn.sonata.templates import SYNAPSES, TEMPLATES, Cell, Parameter, Synapse, Template, Variable

__all__ = [
    "SYNAPSES",
    "TEMPLATES",
    "Cell",
    "Config",
    "Parameter",
    "RunResult",
    "SonataModel",
    "Synapse",
    "Template",
    "TypeRate",
    "Variable",
    "build",
    "read_config",
    "run_config",
]
