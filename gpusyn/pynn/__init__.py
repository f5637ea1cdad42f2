"""gpusyn as a back end of PyNN: ``import gpusyn.pynn as sim``, then PyNN's own interface (docs/pynn.md).

Importing this package needs PyNN (extra ``pynn``). It registers itself as ``pyNN.gpusyn``.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from gpusyn.utils.optional import require

require("pyNN.standardmodels", "the PyNN back end", "pynn>=0.13,<0.14")

import pyNN
from pyNN import common, errors, random, space
from pyNN.common.procedural_api import set
from pyNN.network import Network
from pyNN.random import GSLRNG, NumpyRNG, RandomDistribution
from pyNN.recording import *
from pyNN.space import Space
from pyNN.standardmodels import StandardCellType

from gpusyn.pynn import state as simulator
from gpusyn.pynn.connectors import *
from gpusyn.pynn.connectors import FixedProbabilityConnector
from gpusyn.pynn.control import (
    end,
    get_current_time,
    get_max_delay,
    get_min_delay,
    get_time_step,
    initialize,
    num_processes,
    rank,
    reset,
    run,
    run_for,
    run_until,
    setup,
)
from gpusyn.pynn.electrodes import *
from gpusyn.pynn.models import *
from gpusyn.pynn.populations import Assembly, Population, PopulationView
from gpusyn.pynn.projections import Projection
from gpusyn.pynn.sources import *
from gpusyn.pynn.synapses import *
from gpusyn.pynn.synapses import StaticSynapse

NATIVE = "models of NEST itself are not here: docs/coming_from/nest.md has their names in gpusyn"
ABSENT = {
    "GIF_cond_exp": "it spikes at random, which has no exact form here",
    "SpikeSourceInhGamma": "its shape changes with time; SpikeSourceGamma has one shape",
    "MultiCompartmentNeuron": "it has a morphology; gs.Compartments has a soma with passive dendrites",
    "native_cell_type": NATIVE,
    "native_synapse_type": NATIVE,
    "native_electrode_type": NATIVE,
}

create = common.build_create(Population)
connect = common.build_connect(Projection, FixedProbabilityConnector, StaticSynapse)
record = common.build_record(simulator)


def record_v(source: object, filename: str) -> None:
    """Record the membrane potential of some cells to a file."""
    record(["v"], source, filename)


def record_gsyn(source: object, filename: str) -> None:
    """Record the synaptic conductances of some cells to a file."""
    record(["gsyn_exc", "gsyn_inh"], source, filename)


def list_standard_models() -> list[str]:
    """Return the names of the cell types."""
    return sorted(
        name for name, one in globals().items()
        if isinstance(one, type) and issubclass(one, StandardCellType) and one.__module__.startswith(__name__)
    )  # fmt: skip


def __getattr__(name: str) -> NoReturn:
    why = ABSENT.get(name, "docs/pynn.md lists what there is")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}: {why}")


def register() -> None:
    """Let PyNN know this package as ``pyNN.gpusyn``, as importing it has done."""
    sys.modules["pyNN.gpusyn"] = sys.modules[__name__]
    pyNN.gpusyn = sys.modules[__name__]


register()
