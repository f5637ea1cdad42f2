"""`gpusyn.plan`: the plan of a network for a backend, which is given by name or as an object."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from gpusyn.backends.base import Backend
from gpusyn.backends.select import checked_threads, use_backend
from gpusyn.builder import plan as builder
from gpusyn.builder.gpu.devices import AbsentGpu, device_named
from gpusyn.builder.notes import tell
from gpusyn.builder.ownership import Spread
from gpusyn.builder.plan import Plan
from gpusyn.distributed.spreading import OWNERS
from gpusyn.errors import ArgumentError, PlanMemoryError
from gpusyn.network.network import Network
from gpusyn.parameters.scalars import integer, one_of, public, real, show
from gpusyn.simulation import simulator  # noqa: F401  so that both measure the free memory with all modules loaded
from gpusyn.utils.typing import Whole

MOST_RANKS = 2**24


@public
def plan(
    net: Network,
    dt: float = 0.1,
    *,
    precision: str = "single",
    weights: str = "exact",
    backend: Any = None,
    threads: Whole | None = None,
    device: str | None = None,
    rate: float | None = None,
    ranks: Whole | None = None,
    owners: str = "contiguous",
) -> Plan:
    """Plan a network: the method for each receptor, memory, rounding of weights. Nothing is drawn or allocated.

    Parameters
    ----------
    net : Network
        Network to plan.
    dt : float
        Time step (ms), > 0.
    precision : {"single", "double"}
        Precision of the state: float32 or float64.
    weights : {"exact", "compact"}
        Way in which the weights of synapses are stored, as for :class:`Simulator`.
    backend : {"auto", "cuda", "cpu", "numpy"} or Backend, optional
        Backend whose free memory counts; for ``"auto"`` the fastest in which the network fits. By default, the main
        memory of this computer counts.
    threads : int, optional
        Worker threads of the `cpu` backend.
    device : {"T4", "RTX4090", "A100", "H100", "H200"}, optional
        GPU for which to plan, which need not be there: whether the network fits, and a model of the time of a step. It
        takes the place of `backend`.
    rate : float, optional
        Mean rate of all neurons (Hz), >= 0, that the model of a `device` and the traffic of `ranks` assume; by default
        what is expected of them for recordings. Sources have their own rates.
    ranks : int, optional
        Number of ranks on which the network is spread: the plan is that of rank 0, and `backend` or `device` what each
        rank has for itself.
    owners : {"contiguous", "dealt"}
        Which neurons each of `ranks` owns, as for :class:`Simulator`. Where blocks are dealt, a rank has places for
        nearly all neurons.

    Returns
    -------
    Plan
        Print it, or read its attributes.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type, `device` and `backend` are both given, or `rate` is given with neither
        `device` nor `ranks`.
    ParameterError
        If a value is out of range, or a delay or time of the network is not a multiple of `dt`.
    BackendError
        If the requested backend cannot be used here, or a model of the network has no kernel for a `device`.
    UnknownNameError
        If the precision, the way to store weights, `owners`, or the name of the backend or of the device is unknown.

    Examples
    --------
    >>> import gpusyn as gs
    >>> net = gs.Network()
    >>> cells = net.population("cells", 1000, gs.LIF(), receptors=gs.AMPA())
    >>> net.connect(cells, cells, gs.FixedInDegree(80), receptor="AMPA", weight=0.5).name
    'cells->cells:AMPA'
    >>> gs.plan(net).synapses
    80000.0
    >>> gs.plan(net, device="H100", rate=5.0).fits
    True
    >>> gs.plan(net, ranks=4).synapses
    20160.0
    """
    threads = checked_threads(threads, "plan().threads")
    owners = one_of(owners, OWNERS, "plan().owners")
    spread = None if ranks is None else Spread(0, integer(ranks, "plan().ranks", low=1, high=MOST_RANKS), owners)
    if rate is not None and device is None and spread is None:
        raise ArgumentError(
            f"plan().rate: is of use to the model of a GPU and to ranks alone (got {show(rate)}); give device= or "
            "ranks= too"
        )
    rate = None if rate is None else real(rate, "plan().rate", unit="Hz", low=0.0)
    asked = builder.Asked(dt, precision, weights, threads, "plan()", spread, rate)
    if device is not None:
        return _warned(builder.plan(net, asked, _absent(device, rate, backend)))
    if backend is None:
        return _warned(builder.plan(net, asked, None))
    planned: list[Plan] = []

    def fit(machine: Backend) -> None:
        planned.append(builder.plan(net, asked, machine))
        planned[-1].require_fit()  # so that `auto` passes over a GPU without room, as for a simulator

    with contextlib.suppress(PlanMemoryError):  # a network that fits nowhere has a plan too, which says so
        use_backend(backend, threads, "plan()", fit)
    return _warned(planned[-1])


def _absent(device: str, rate: float | None, backend: Any) -> AbsentGpu:
    """Return the GPU that is named, whether it is there or not."""
    if backend is not None:
        raise ArgumentError(
            f"plan(): takes either backend or device (got {show(backend)} and {show(device)}); leave one out"
        )
    return AbsentGpu(device_named(device, "plan().device"), rate)


def _warned(plan: Plan) -> Plan:
    """Log the warnings among the notes of a plan, and return it; the plan itself tells the rest."""
    tell(plan.layout.notes, logging.WARNING)
    return plan
