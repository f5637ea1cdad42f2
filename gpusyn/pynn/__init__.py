"""gpusyn as a back end of PyNN: ``import gpusyn.pynn as sim``, then PyNN's own interface (docs/pynn.md).

Importing this package needs PyNN (``pip install 'gpusyn[pynn]'``). It registers itself as ``pyNN.gpusyn``.
"""

from __future__ import annotations

import sys

from gpusyn.utils.optional import require

require("pyNN", "the PyNN back end", "gpusyn[pynn]")

import pyNN  # noqa: E402
from pyNN import common, errors, random, space  # noqa: E402, F401
from pyNN.common.procedural_api import set  # noqa: E402, F401
from pyNN.network import Network  # noqa: E402, F401
from pyNN.random import GSLRNG, NumpyRNG, RandomDistribution  # noqa: E402, F401
from pyNN.recording import *  # noqa: E402, F403
from pyNN.space import Space  # noqa: E402, F401
from pyNN.standardmodels import StandardCellType  # noqa: E402

from gpusyn.pynn.connectors import *  # noqa: E402, F403
from gpusyn.pynn.connectors import FixedProbabilityConnector  # noqa: E402
from gpusyn.pynn.control import (  # noqa: E402, F401
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
from gpusyn.pynn.electrodes import *  # noqa: E402, F403
from gpusyn.pynn.models import *  # noqa: E402, F403
from gpusyn.pynn.populations import Assembly, Population, PopulationView  # noqa: E402, F401
from gpusyn.pynn.projections import Projection  # noqa: E402
from gpusyn.pynn.synapses import *  # noqa: E402, F403
from gpusyn.pynn.synapses import StaticSynapse  # noqa: E402
from gpusyn.pynn import state as simulator  # noqa: E402

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


def register() -> None:
    """Let PyNN know this package as ``pyNN.gpusyn``, as importing it has done."""
    sys.modules["pyNN.gpusyn"] = sys.modules[__name__]
    pyNN.gpusyn = sys.modules[__name__]


register()
