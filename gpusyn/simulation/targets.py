"""What `Simulator.get` and `Simulator.set` are asked for: an object of the network or its name, and what of it."""

from __future__ import annotations

from typing import Any

from gpusyn.builder.layout import Description
from gpusyn.drugs.infusion import Infusion
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.network.coupling import Coupling
from gpusyn.network.populations import Selection
from gpusyn.network.projections import Projection
from gpusyn.network.recorder import Recorder
from gpusyn.network.stimulus import Clamp, Drive, Injection
from gpusyn.neurons.sources import Source
from gpusyn.parameters.scalars import instance, one_of, show

Target = Selection | Injection | Drive | Clamp | Coupling
Readable = Target | Projection
KINDS = {Injection: "injections", Drive: "drives", Clamp: "clamps", Coupling: "couplings"}
#: What can be set of each kind of stimulus, and of gap junctions; the first is meant where none is named.
OF_STIMULUS: dict[type, tuple[str, ...]] = {
    Injection: ("current",),
    Drive: ("rate", "weight"),
    Clamp: ("V",),
    Coupling: ("conductance",),
}
OF_SOURCE = {"advance_poisson": "rate", "advance_lists": "times", "advance_renewals": "rate"}  # by kernel
FIXED = ("rate_max", "max_events", "shape", "dead_time")  # of spike sources: sums are planned for them
ALLOWED = "a population, selection, injection, drive, clamp or coupling of this network, or the name of one"
#: Where other objects are changed, by their kind.
ELSEWHERE = {
    Projection: "the weights of a projection have Simulator.weights() and Simulator.set_weights(); other variables "
    "of synapses can be read and recorded only, and the parameters of plasticity cannot change during a simulation",
    Infusion: "an infusion cannot change during a simulation; give its times with net.infuse(start=, stop=)",
    Recorder: "the data of a recorder are Simulator.data[...]",
}


def find(net: Description, target: Any, where: str) -> Target:
    """Return the object of a network that is meant.

    Raises
    ------
    ArgumentError
        If it is something else than ALLOWED, or belongs to another network.
    UnknownNameError
        If there is no object of this name.
    """
    place = f"{where}.target"
    if isinstance(target, str):
        target = next((kind[target] for kind in net if target in kind), target)
    if isinstance(target, str):
        known = [*net.populations, *net.injections, *net.drives, *net.clamps, *net.couplings]
        one_of(target, known, place)
    for kind, move in ELSEWHERE.items():
        if isinstance(target, kind):
            raise ArgumentError(f"{place}: must be {ALLOWED} (got {show(target)}); {move}")
    found: Target = instance(target, (Selection, *KINDS), place, ALLOWED)
    if isinstance(found, Selection):
        strange = [p.name for p in found.populations if net.populations.get(p.name) is not p]
    else:
        strange = [found.name] if getattr(net, KINDS[type(found)]).get(found.name) is not found else []
    if strange:
        raise ArgumentError(f"{place}: '{strange[0]}' belongs to another network; use one of this network")
    return found


def find_readable(net: Description, target: Any, where: str) -> Readable:
    """Return the object of a network that is meant, as `find` does; it may be a projection.

    Raises
    ------
    ArgumentError
        If it is something else, or belongs to another network.
    UnknownNameError
        If there is no object of this name.
    """
    projection = net.projections.get(target) if isinstance(target, str) else target
    if not isinstance(projection, Projection):
        return find(net, target, where)
    if net.projections.get(projection.name) is not projection:
        raise ArgumentError(f"{where}.target: '{projection.name}' belongs to another network; use one of this network")
    return projection


def here(target: Target, name: str) -> str:
    """Return the place of a value that is set, for messages and as the name of its draws."""
    return f"Simulator.set({target.name!r}, {name!r})"


def names_of(target: Readable) -> list[str]:
    """Return the names of what can be read or set of a target: for a selection, of what all its populations have."""
    if isinstance(target, Projection):
        return list(target.variables)
    if not isinstance(target, Selection):
        return list(OF_STIMULUS[type(target)])
    every = []
    for population in target.populations:
        model = population.model
        states = [v for v in population.variables if not v.startswith(("I_", "B_"))]
        every.append([OF_SOURCE[model.kernel]] if isinstance(model, Source) else [*states, *model.values])
    return [name for name in every[0] if all(name in names for names in every)]


def asked(target: Readable, variable: Any, where: str) -> str:
    """Return the name of what is read of a target.

    Raises
    ------
    ArgumentError
        If nothing is named of a selection or a projection.
    UnknownNameError
        If the target has nothing of this name.
    """
    names = names_of(target)
    if variable is None and not isinstance(target, (Selection, Projection)):
        return names[0]
    return one_of(variable, names, f"{where}.variable")


def changes(target: Target, variable: Any, values: Any, named: dict[str, Any], where: str) -> dict[str, Any]:
    """Return the new values by name, given as positional arguments or by keyword.

    Raises
    ------
    ArgumentError
        If nothing is given, something is given twice, or the name or the value is missing.
    UnknownNameError
        If the target has nothing of this name.
    """
    names = names_of(target)
    found = {name: value for name, value in named.items() if value is not None}
    listed = ", ".join(names)
    if variable is not None and not isinstance(target, Selection) and not isinstance(variable, str):
        if values is not None:
            raise ArgumentError(f"{where}: got two values; give one, or name it: one of {listed}")
        variable, values = names[0], variable
    if isinstance(target, Selection) and isinstance(variable, str) and variable in FIXED and variable not in names:
        raise ParameterError(
            f"{where}: {variable} cannot change, because sums were planned for it; give it when the population is made"
        )
    if variable is not None:
        variable = one_of(variable, names, f"{where}.variable")
        if values is None:
            raise ArgumentError(f"{where}: needs the new value of {variable!r}; give it after the name")
        if variable in found:
            raise ArgumentError(f"{where}: {variable!r} is given twice; drop one of the two")
        found[variable] = values
    elif values is not None:
        raise ArgumentError(f"{where}: got a value without a name; name one of {listed}")
    if not found:
        raise ArgumentError(f"{where}: needs what to set of {target.name!r}, and its new value; it has {listed}")
    for name in found:
        one_of(name, names, f"{where}.variable")
        for population in target.populations if isinstance(target, Selection) else ():
            if name in population.model.CHOICES:
                raise ParameterError(
                    f"{where}: {name} cannot change, because it chooses the equations of '{population.name}'; give it "
                    "when the population is made"
                )
    return found
