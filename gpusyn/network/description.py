"""A network as tables, in the form of Nordlie, Gewaltig & Plesser (2009), PLoS Comput Biol 5: e1000456."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gpusyn.network.populations import Population
from gpusyn.network.projections import Projection, Ratio
from gpusyn.network.stimulus import Clamp, Injection
from gpusyn.neurons import NeuronModel
from gpusyn.neurons.compartments import SOMA, Compartments
from gpusyn.plasticity import Plasticity, WeightRule
from gpusyn.utils.tables import html_table, text_table

Objects = Mapping[Any, Mapping[str, Any]]  # kind -> name -> object


class Table(NamedTuple):
    """A table with its title."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


def as_text(tables: Iterable[Table]) -> str:
    """Return tables as text, one below the other."""
    return "\n\n".join(f"{table.title}\n\n{text_table(table.head, table.rows)}" for table in tables)


def as_html(tables: Iterable[Table]) -> str:
    """Return tables as HTML, one below the other."""
    return "".join(f"<h4>{table.title}</h4>{html_table(table.head, table.rows)}" for table in tables)


def tables_of(objects: Objects) -> list[Table]:
    """Return the tables of a network that have any rows."""
    populations, projections = objects["population"].values(), objects["projection"].values()
    couplings = objects["coupling"].values()
    tables = (
        Table("Model summary", ("item", "description"), _summary(objects)),
        Table("Populations", ("name", "elements", "size", "initial V"), [_population(p) for p in populations]),
        Table("Neuron models", ("populations", "model", "parameters"), _models(populations)),
        Table("Receptors", ("populations", "receptor"), _receptors(populations)),
        Table(
            "Connectivity",
            ("name", "source", "target", "rule", "weight", "delay"),
            [_projection(p) for p in projections],
        ),
        Table(
            "Gap junctions",
            ("name", "between", "and", "rule", "conductance"),
            [(c.name, c.A.name, c.B.name, repr(c.rule), said(c.conductance, "nS")) for c in couplings],
        ),
        Table(
            "Plasticity",
            ("projection", "rule", "weights that learn"),
            [(p.name, repr(one), _learned(p, one)) for p in projections for one in p.plasticity],
        ),
        Table("Input", ("name", "target", "description"), list(_inputs(objects))),
        Table("Measurements", ("name", "source", "variables"), [_recorder(r) for r in objects["recorder"].values()]),
    )
    return [table for table in tables if table.rows]


def said(value: Any, unit: str) -> str:
    """Return a value with its unit, in short.

    >>> said(0.25, "nS"), said(np.array([1.0, 4.0]), "ms"), said((np.zeros(3), np.zeros(2)), "ms")
    ('0.25 nS', '2 values from 1 to 4 ms', '2 lists')
    """
    if isinstance(value, np.ndarray):
        span = f" from {value.min():g} to {value.max():g}" if value.size else ""
        return f"{len(value)} values{span} {unit}".rstrip()
    if isinstance(value, tuple):
        return f"{len(value)} lists"
    return f"{value:g} {unit}".rstrip() if isinstance(value, (int, float)) else f"{value!r} {unit}".rstrip()


def _summary(objects: Objects) -> list[tuple[str, ...]]:
    populations, projections = objects["population"].values(), objects["projection"].values()
    placed = [population.name for population in populations if population.positions is not None]
    kinds = ("drive", "injection", "clamp", "infusion")
    rows = {
        "populations": ", ".join(population.name for population in populations),
        "topology": f"positions of {', '.join(placed)}" if placed else "",
        "connectivity": _counted(type(projection.rule).__name__ for projection in projections),
        "gap junctions": _counted(type(coupling.rule).__name__ for coupling in objects["coupling"].values()),
        "neuron models": ", ".join(dict.fromkeys(population.model.kind for population in populations)),
        "receptors": ", ".join(dict.fromkeys(r.name for population in populations for r in population.receptors)),
        "plasticity": _counted(type(one).__name__ for projection in projections for one in projection.plasticity),
        "input": _counted(kind for kind in kinds for _ in objects[kind]),
        "measurements": ", ".join(dict.fromkeys(v for r in objects["recorder"].values() for v in r.variables)),
    }
    return [row for row in rows.items() if row[1]]


def _counted(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(f"{found.count(name)} x {name}" for name in dict.fromkeys(found))


def _population(population: Population) -> tuple[str, ...]:
    starts = [(one.name, "rest" if one.V is None else said(one.V, "mV")) for one in population.compartments]
    if len(starts) < 2:
        return population.name, population.model.kind, f"{population.size:,}", starts[0][1] if starts else "-"
    named = ", ".join(f"{name}: {start}" for name, start in starts)
    return population.name, f"{population.model.kind} ({', '.join(dict(starts))})", f"{population.size:,}", named


def _models(populations: Iterable[Population]) -> list[tuple[str, ...]]:
    def told(population: Population) -> Iterable[tuple[str, ...]]:
        model = population.model
        soma = f", the soma is a {model.soma.kind}" if isinstance(model, Compartments) else ""
        return [(model.kind + soma, _parameters(model))]

    return _together(populations, told)


def _parameters(model: NeuronModel) -> str:
    units = {parameter.name: parameter.unit for parameter in model.PARAMETERS}
    given = ((name, said(value, units.get(name, ""))) for name, value in model.values.items() if value is not None)
    return ", ".join(f"{name} = {text}" for name, text in given)


def _receptors(populations: Iterable[Population]) -> list[tuple[str, ...]]:
    return _together(populations, lambda population: [(repr(receptor),) for receptor in population.receptors])


def _together(
    populations: Iterable[Population], told: Callable[[Population], Iterable[tuple[str, ...]]]
) -> list[tuple[str, ...]]:
    """Return one row for all populations of which the same is told, which begins with their names."""
    found: dict[tuple[str, ...], list[str]] = {}
    for population in populations:
        for cells in told(population):
            found.setdefault(cells, []).append(population.name)
    return [(", ".join(names), *cells) for cells, names in found.items()]


def _projection(projection: Projection) -> tuple[str, ...]:
    units = _units(projection)
    weights = ", ".join(
        f"{name}: {given.factor:g} x {given.receptor}"
        if isinstance(given, Ratio)
        else f"{name}: {said(given, units[name])}"
        for name, given in projection.weights.items()
    )
    names = projection.name, projection.pre.name, projection.post.name
    drawn = ", procedural" if projection.procedural else ""
    return *names, f"{projection.rule!r}{drawn}", weights, said(projection.delay, "ms")


def _units(projection: Projection) -> dict[str, str]:
    return {receptor.name: receptor.weight_unit for receptor in projection.post.parts[0].population.receptors}


def _learned(projection: Projection, one: Plasticity) -> str:
    """Return where what changes weights keeps them, and the axonal part of the delay."""
    if not isinstance(one, WeightRule):
        return "-"
    name = projection.learned
    assert name is not None
    assert projection.w_max is not None
    axonal = f"; {projection.axonal:g} of the delay is axonal" if projection.axonal else ""
    return f"{name}: 0 to {said(projection.w_max[name], _units(projection)[name])}{axonal}"


def _inputs(objects: Objects) -> Iterable[tuple[str, ...]]:
    for drive in objects["drive"].values():
        unit = drive.target.parts[0].population.receptor(drive.receptor).weight_unit
        what = f"Poisson events at {drive.receptor}, {said(drive.rate, 'Hz')} of {said(drive.weight, unit)}"
        yield drive.name, drive.target.name, what + _window(drive)
    for injection in objects["injection"].values():
        what = f"current {said(injection.current, 'pA')}{_dendrite(injection, 'into')}"
        yield injection.name, injection.target.name, what + _window(injection)
    for clamp in objects["clamp"].values():
        yield clamp.name, clamp.target.name, f"voltage clamp{_dendrite(clamp, 'of')} to {said(clamp.V, 'mV')}"
    for infusion in objects["infusion"].values():
        what = f"{infusion.drug.name}, {said(infusion.concentration, 'uM')}"
        yield infusion.name, "bath", what + _window(infusion)


def _dendrite(given: Injection | Clamp, preposition: str) -> str:
    """Return the dendrite that is meant, in words; nothing if it is the soma."""
    return "" if given.compartment == SOMA else f" {preposition} {given.compartment}"


def _window(timed: Any) -> str:
    start = f" from {timed.start:g} ms" if timed.start else ""
    return start + (f" to {timed.stop:g} ms" if timed.stop is not None else "")


def _recorder(recorder: Any) -> tuple[str, ...]:
    every = f", every {recorder.every:g} ms" if recorder.every is not None else ""
    into = f", into {recorder.file}" if recorder.file is not None else ""
    chosen = getattr(recorder, "synapses", None)  # of a recorder of synapses
    source = recorder.source.name + (f" ({len(chosen)} synapses)" if chosen is not None else "")
    return recorder.name, source, ", ".join(recorder.variables) + every + _window(recorder) + into
