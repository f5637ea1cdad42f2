"""Published networks to start from: each function returns a network and its populations by name.

>>> import gpusyn as gs
>>> net, populations = gs.models.microcircuit(scale=0.01)
>>> spikes = net.record(populations["L23E"] + populations["L23I"], "spikes")

`gpusyn demo --model NAME` runs one, prints its numbers beside published ones, and draws what it is famous for.
"""

from typing import TYPE_CHECKING

from gpusyn.models.brunel import brunel
from gpusyn.models.decision import decision
from gpusyn.models.microcircuit import microcircuit
from gpusyn.models.stdp import stdp
from gpusyn.models.vogels_abbott import vogels_abbott
from gpusyn.models.working_memory import working_memory
from gpusyn.utils.calls import getattr_of

__all__ = ["brunel", "decision", "microcircuit", "stdp", "vogels_abbott", "working_memory"]

if not TYPE_CHECKING:  # hidden from type checkers, which would take any name for an attribute
    __getattr__ = getattr_of(__name__, __all__)
