"""Every public callable, found by introspection, with arguments that it takes."""

from __future__ import annotations

import importlib
import inspect
import operator
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import gpusyn as gs
from gpusyn import drugs, kinetics, measure, models, plot, sonata
from gpusyn.connectivity import Rule
from gpusyn.errors import GpusynError
from gpusyn.parameters.distributions import Distribution
from gpusyn.results import SpikeData, TraceData
from tests.fuzz.arguments import ARGUMENTS, EXEMPT, MADE, METHOD_ARGUMENTS, SURPLUS, VARIANTS, io
from tests.fuzz.world import World

MODULES = (gs, drugs, kinetics, measure, models, plot, importlib.import_module("gpusyn.results"), io, sonata)
FAMILIES = (gs.NeuronModel, gs.Receptor, kinetics.Kinetics, Rule, Distribution, drugs.Action, gs.LearningRule)


class Call(NamedTuple):
    """A callable of a world, and arguments that it takes, by name."""

    target: Callable[[World], Callable[..., Any]]
    arguments: Callable[[World], dict[str, Any]]
    operator: bool = False  # an operator, which takes no argument too many, and which another object may answer
    variant: bool = False  # another use of a call that is listed, too


def public_names() -> Iterator[tuple[str, Any]]:
    """Yield each public class and function once, with a name that no other has."""
    seen = set()
    for module in MODULES:
        for name in module.__all__:
            made = getattr(module, name)
            if not (inspect.isclass(made) or inspect.isfunction(made)) or id(made) in seen:
                continue
            if not (inspect.isclass(made) and issubclass(made, GpusynError)):
                seen.add(id(made))
                yield (name if module is gs else f"{module.__name__.rpartition('.')[2]}.{name}"), made


def family(kind: type) -> str:
    """Return the name under which the methods of a class are listed above."""
    return next((base for base in FAMILIES if issubclass(kind, base)), kind).__name__


def methods(kind: type) -> Iterator[str]:
    """Yield the names of the public methods of a class."""
    for name in dir(kind):
        member = inspect.getattr_static(kind, name)
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, (classmethod, staticmethod))):
            yield name


def instance(kind: type) -> Callable[[World], Any]:
    arguments = ARGUMENTS.get(kind, lambda w: {})
    return MADE.get(kind, lambda w: made_with(kind, arguments(w)))


def made_with(kind: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """Call something with arguments by name, and those that have none."""
    named = {name: value for name, value in arguments.items() if name != SURPLUS}
    return kind(*arguments.get(SURPLUS, ()), **named)


def all_calls() -> dict[str, Call]:
    """Return every call by name."""
    exempt = set().union(*EXEMPT.values())
    found: dict[str, Call] = {}
    for name, made in public_names():
        short = name.rpartition(".")[2]
        if short not in exempt:
            found[name] = Call(lambda w, made=made: made, ARGUMENTS.get(made, lambda w: {}))
        if not inspect.isclass(made) or (short in exempt and made not in MADE):
            continue
        for method in methods(made):
            place = f"{family(made)}.{method}"
            if place not in exempt and f"{made.__name__}.{method}" not in exempt:
                target = lambda w, made=made, method=method: getattr(instance(made)(w), method)  # noqa: E731
                arguments = METHOD_ARGUMENTS.get(f"{made.__name__}.{method}", METHOD_ARGUMENTS.get(place, lambda w: {}))
                found[f"{name}.{method}"] = Call(target, arguments)
    for name, (method, arguments) in VARIANTS.items():
        found[name] = Call(operator.attrgetter(method), arguments, variant=True)
    return found | dict(operators())


def operators() -> Iterator[tuple[str, Call]]:
    """Yield the operators of objects, as calls of one argument."""
    keys: dict[str, tuple[Callable[[World], Any], Callable[[World], Any]]] = {
        "Population": (lambda w: w.E, lambda w: slice(3)),
        "Selection": (lambda w: w.E[:3] + w.I, lambda w: [0, 1]),
        "Simulator.data": (lambda w: w.sim.data, lambda w: w.spike_recorder),
        "SpikeData": (lambda w: w.spikes, lambda w: "E"),
        "TraceData": (lambda w: w.traces, lambda w: "V"),
        "Results": (lambda w: w.results, lambda w: "E:spikes"),
        "Results.traces": (lambda w: w.results.traces, lambda w: "V"),
    }
    for name, (made, key) in keys.items():
        yield f"{name} getitem", operation(made, operator.getitem, key)
    for name in ("TraceData", "Results.traces"):
        yield f"{name} contains", operation(keys[name][0], operator.contains, lambda w: "V")
    for name, made in (("Population", lambda w: w.I), ("Selection", lambda w: w.I[:2])):
        yield f"{name} add", operation(made, operator.add, lambda w: w.E)
        yield f"{name} radd", operation(made, lambda a, b: b + a, lambda w: 0)
    for kind in (SpikeData, TraceData, gs.AllToAll, gs.FromArrays, gs.Normal, gs.MgBlock, gs.Drug):
        yield f"{kind.__name__} eq", operation(instance(kind), operator.eq, lambda w: None)


def operation(made: Callable[[World], Any], verb: Callable[[Any, Any], Any], other: Callable[[World], Any]) -> Call:
    def target(w: World) -> Callable[..., Any]:
        def operate(other: Any) -> Any:
            return verb(made(w), other)

        return operate

    return Call(target, lambda w: {"other": other(w)}, operator=True)


CALLS = all_calls()
