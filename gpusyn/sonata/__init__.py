"""SONATA circuits and configurations: gpusyn reads and simulates them, and writes the results as SONATA files.

>>> from gpusyn import sonata
>>> "nest:iaf_psc_alpha" in sonata.TEMPLATES
True

``read_config`` reads a configuration, ``build`` makes a :class:`gpusyn.Network` of its circuit, and ``run_config`` does
everything that the command ``gpusyn run`` does. ``check_config`` runs nothing, and lists all that is in the way.
``TEMPLATES`` gives the meaning of each ``model_template`` of nodes and ``SYNAPSES`` that of edges; users may add
entries. A template that is in neither raises an error that names it.
"""

from __future__ import annotations

from gpusyn.sonata.build import build
from gpusyn.sonata.check import CheckResult, check_config
from gpusyn.sonata.config import Config, read_config
from gpusyn.sonata.model import SonataModel
from gpusyn.sonata.run import RunResult, TypeRate, run_config
from gpusyn.sonata.template_classes import Cell, Initial, Parameter, Synapse, Template, Variable
from gpusyn.sonata.templates import SYNAPSES, TEMPLATES

__all__ = [
    "SYNAPSES",
    "TEMPLATES",
    "Cell",
    "CheckResult",
    "Config",
    "Initial",
    "Parameter",
    "RunResult",
    "SonataModel",
    "Synapse",
    "Template",
    "TypeRate",
    "Variable",
    "build",
    "check_config",
    "read_config",
    "run_config",
]
