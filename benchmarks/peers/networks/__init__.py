"""The networks, one module each: the numbers once, and the same equations in the language of each simulator.

Each module has

* ``Numbers``, a named tuple of what distinguishes the cases, with ``populations`` (name to size, in order),
  ``synapses`` (expected number) and ``lacking(simulator)``: why a simulator cannot run it, None if it can;
* ``TITLE``, ``EQUATIONS`` and ``METHODS`` for the page, and ``TOLERANCE``, the largest relative difference of a mean
  rate between simulators;
* for networks that change, ``twin`` of the numbers: those of the same network that stays, beside which it is measured,
  None if it is one; with ``plastic_synapses``, ``events(rates)`` in a second, and ``w_max`` of synapses called LEARNED;
* the functions ``gpusyn``, ``nest``, ``brian2`` and ``genn``, which describe the network in each of them. They take the
  simulator's module (or model) and the numbers, and import nothing: each runs in the environment of its simulator.
"""

from __future__ import annotations

import functools
import importlib
from types import ModuleType
from typing import Any

DT = 0.1  # ms
#: GeNN's number of Poisson events of a step: `mean` of them, exp(-mean) = `exp_mean`.
GENN_POISSON = """\
scalar p = exp_mean, sum = exp_mean;
int events = 0;
const scalar u = gennrand_uniform();
while (u > sum && events < 100) {
    events += 1;
    p *= mean / events;
    sum += p;
}
"""
LEARNED = "learned"  # what synapses whose weights change are called (NEST: their model; GeNN: the first part)
NAMES = ("coba", "brunel_wang", "microcircuit", "gates", "plastic")


def network(name: str) -> ModuleType:
    """Return the module of a network."""
    return importlib.import_module(f"benchmarks.peers.networks.{name}")


@functools.cache  # GeNN keeps no reference to it
def genn_delay(pygenn: Any) -> Any:
    """Return GeNN's way to draw a delay: a whole number of steps, uniform between `low` and `high`."""
    code = "value = rint(low + (high - low) * gennrand_uniform());"
    return pygenn.create_var_init_snippet("delay", params=["low", "high"], var_init_code=code)


def numbers(name: str, values: dict[str, Any]) -> Any:
    """Return the numbers of a network, of which JSON has made lists and strings."""
    kept = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return network(name).Numbers(**kept)
