"""SONATA circuits and configurations: gpusyn reads and simulates them, and writes the results as SONATA files.

>>> from gpusyn.io import sonata
>>> "nest:iaf_psc_alpha" in sonata.TEMPLATES
True

``read_config`` reads a configuration, ``build`` makes a :class:`gpusyn.Network` of its circuit, and ``run_config`` does
everything that the command ``gpusyn run`` does. ``TEMPLATES`` gives the meaning of each ``model_template`` of nodes;
users may add entries. A template that is not in it raises an error that names it.
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
