"""`gpusyn.plan`: the plan of a network for a backend, which is given by name or as an object."""

from __future__ import annotations

from typing import Any

from gpusyn.backends.select import resolve
from gpusyn.builder import plan as builder
from gpusyn.builder.plan import Plan
from gpusyn.network.network import Network
from gpusyn.parameters.scalars import public


@public
def plan(
    net: Network,
    dt: float = 0.1,
    *,
    precision: str = "single",
    backend: Any = None,
    threads: int | None = None,
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
    backend : {"auto", "cuda", "cpu", "numpy"} or Backend, optional
        Backend whose free memory counts; by default the main memory of this computer.
    threads : int, optional
        Worker threads of the `cpu` backend.

    Returns
    -------
    Plan
        Print it, or read its attributes.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If a value is out of range, or a delay or time of the network is not a multiple of `dt`.
    BackendError
        If the requested backend cannot be used here.
    UnknownNameError
        If the precision or the name of the backend is unknown.

    Examples
    --------
    >>> import gpusyn as gs
    >>> net = gs.Network()
    >>> cells = net.population("cells", 1000, gs.LIF(), receptors=gs.AMPA())
    >>> net.connect(cells, cells, gs.FixedInDegree(80), receptor="AMPA", weight=0.5).name
    'cells->cells:AMPA'
    >>> gs.plan(net).synapses
    80000.0
    """
    machine = None if backend is None else resolve(backend, threads, where="plan()")
    return builder.plan(net, dt, precision, machine, threads)
