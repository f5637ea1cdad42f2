"""The tables of neurons that kernels read: state, coefficients, chunks of work, and the samples to take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.gating.forms import into_v_coefficients, target_coefficients
from gpusyn.builder.gating.strategy import SOURCE
from gpusyn.builder.inputs.tables import InputTables
from gpusyn.builder.layout import Layout
from gpusyn.builder.ownership import Range
from gpusyn.builder.placement import refractory_steps
from gpusyn.builder.places import Group, PlacedPopulation
from gpusyn.equations.dendrites import dendrite_coefficients
from gpusyn.equations.effects import coefficients_of, states_of
from gpusyn.equations.kinetics import LUMPED
from gpusyn.equations.neurons import NEURONS, MembraneCoefficients, Neuron, Parameters, own_coefficients
from gpusyn.errors import ArgumentError
from gpusyn.kernels.records import Chunk, Probe, Ring, write_rows
from gpusyn.network.compartment_names import compartment_of
from gpusyn.network.populations import Population
from gpusyn.network.recorder import Recorder
from gpusyn.neurons import Membrane
from gpusyn.neurons.compartments import Dendrite
from gpusyn.numerics import portable_math
from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.grid import rounded_steps
from gpusyn.parameters.scalars import whole_steps_array
from gpusyn.utils.typing import Array, Floats

VARIABLES = {"V": 0, "g": 1, "I": 2, "B": 3, "h": 4, "Ca": 5}
OWN_STATE = 6  # number of the variable "state of the neuron model"


def parameter(place: PlacedPopulation, name: str, seed: int) -> Any:
    """Return a parameter: a number, or a value of each neuron that has a place; those of a distribution are drawn."""
    population = place.population
    return drawn(population.model.values[name], place.hull, f"{population.name}.{name}", seed, StreamPurpose.PARAMETER)


def drawn(value: Any, ids: Range, name: str, seed: int, purpose: StreamPurpose) -> Any:
    """Return a number, or the value of each neuron of a range, drawn from the stream of the given name."""
    if isinstance(value, Distribution):
        return value.checked_draw(Stream(stream_key(seed, purpose, name)), np.arange(*ids))
    return value[slice(*ids)] if isinstance(value, np.ndarray) and value.ndim else value


class NeuronTables:
    """State, coefficients and currents of one group of populations."""

    def __init__(self, layout: Layout, group: Group, seed: int) -> None:
        self.layout, self.group = layout, group
        real = layout.numbers.real_dtype
        signature = group.signature
        self.coef = np.zeros((signature.n_coef, group.rows))
        self.V = np.zeros((signature.compartments, group.size))
        self.current = np.zeros(group.size)  # I_e, into the soma
        self.rest = np.zeros(group.size)  # potential from which V of all compartments is counted
        self.described: dict[str, Parameters] = {}  # by population: values of neurons that have places
        for place in group.members:
            self._fill(place, seed)
        self.parameters = dict(self.described)  # parameters in force
        self.coef = self.coef.astype(real)

    def _fill(self, place: PlacedPopulation, seed: int) -> None:
        neurons, first = place.neurons, place.hull[0]
        model, name = place.population.model, place.population.name
        assert isinstance(model, Membrane)
        p = Parameters(model.kind, {key: parameter(place, key, seed) for key in model.values})
        self.described[name] = p
        counted = f" (neurons counted from {first} on)" if first else ""  # on one of several ranks
        model.check_drawn(p, f"Population '{name}'{counted}")
        if isinstance(model.values["t_ref"], Distribution):
            p["t_ref"] = on_grid("t_ref", p["t_ref"], self.layout.dt)
        self.rest[neurons] = p[model.REST]
        for k, (dendrite, V, _) in enumerate(place.population.compartments):
            stream, rest = (f"{name}.V_{dendrite}", f"E_L_{dendrite}") if k else (name, model.REST)
            initial = drawn(V, place.hull, stream, seed, StreamPurpose.INITIAL_V)
            self.V[k, neurons] = p[rest] if initial is None else initial
        self.V[:, neurons] -= self.rest[neurons]
        self.current[neurons] = p["I_e"]
        rows = slice(place.row, place.row + place.rows)
        for k, value in enumerate(self.coefficients(place, p)):
            self.coef[k, rows] = value

    def coefficients(self, place: PlacedPopulation, p: dict[str, Any]) -> list[Any]:
        """Return the coefficients of a population with the given parameters: numbers, or one value per neuron here."""
        model, where = place.population.model, f"Population '{place.population.name}'"
        assert isinstance(model, Membrane)
        rest = p[model.REST]
        pause = refractory_steps(p["t_ref"], self.layout.dt, where, between=model.BETWEEN_STEPS)
        head = MembraneCoefficients(
            threshold=p[model.THRESHOLD] - rest,
            reset=p[model.RESET] - rest if model.RESET else 0.0,
            refractory=pause if pause.size > 1 else pause[0],
            rest=rest,
        )
        return [*head, *self._own(place, p, rest)]

    def _own(self, place: PlacedPopulation, p: dict[str, Any], rest: Any) -> list[Any]:
        dt, equations = self.layout.dt, NEURONS[self.group.signature.neuron]
        table: list[Any] = list(own_coefficients(self.group.signature.neuron, dt, p))
        for dendrite in place.population.compartments[1:]:
            table += dendrite_coefficients(
                dt, {q.name: p[f"{q.name}_{dendrite.name}"] for q in Dendrite.PARAMETERS}, rest
            )
        for k, receptor in enumerate(place.population.receptors):
            quantum = place.sums[k].quantum.value
            if equations.EXACT:
                tau_m = np.asarray(p["C_m"]) / p["g_L"]
                table += into_v_coefficients(receptor.kinetics, dt, quantum, tau_m, p["C_m"])
            elif receptor.kinetics.linear or place.strategies[k].owner == SOURCE:
                table += target_coefficients(receptor.kinetics, dt, quantum)
            table += coefficients_of(receptor, dt, np.asarray(rest, np.float64))
        if self.group.signature.calcium:
            table += [c for one in place.population.compartments for c in one.calcium.coefficients(dt)]
            table += [receptor.Pf for receptor in place.population.receptors]
        return table

    def _states(self, V: Floats) -> Floats:
        """Return the initial states of the receptors: closed gates, and effects in their steady state at V."""
        group = self.group
        states = np.zeros((group.signature.n_states, group.size))
        for place in group.members:
            neurons = place.neurons
            for receptor, layout in zip(place.population.receptors, group.signature.layout(), strict=True):
                first = layout.state + LUMPED[layout.kinetics].STATES
                effect = states_of(receptor, (V[layout.compartment] + self.rest)[neurons])
                for k, value in enumerate(effect):
                    states[first + k, neurons] = value
        return states

    def arrays(self, inputs: InputTables, g: int) -> dict[str, Array]:
        """Return the group's arrays by name, except those that are all zeros."""
        group, real = self.group, self.layout.numbers.real_dtype
        V = self.V.copy()
        for own, wave in zip(V, inputs.clamps.wave[g].reshape(V.shape), strict=True):
            clamped = wave > 0
            own[clamped] = inputs.clamps.start[wave[clamped]] - self.rest[clamped]
        rings = [row for m in group.members for row in _ring_rows(m)]
        return {
            "V": V.reshape(-1).astype(real),
            "rest": np.tile(self.rest.astype(real), len(V)),
            "membrane": self._steady(V[0]).astype(real),
            "gates": self._states(V).astype(real),
            "coef": np.ascontiguousarray(self.coef),
            **self.currents(inputs, g),
            "clamp_wave": inputs.clamps.wave[g],
            "rings": write_rows(rings, Ring),
        }

    def currents(self, inputs: InputTables, g: int) -> dict[str, Array]:
        """Return the group's arrays of injected and constant currents; without the column of waves if there is none."""
        current = np.zeros((self.group.signature.compartments, self.group.size), self.layout.numbers.real_dtype)
        for place in self.group.members:
            for k in range(len(current)):
                current[k, place.neurons] = self.current_of(place, inputs, *place.hull, k)
        wave = inputs.injections.wave.get(g)
        return {"current": current.reshape(-1)} | ({} if wave is None else {"current_wave": wave})

    def current_of(
        self, place: PlacedPopulation, inputs: InputTables, first: int, stop: int, compartment: int = 0
    ) -> Array:
        """Return the constant current into a compartment of the neurons `first` to `stop`: injections, and I_e."""
        total = inputs.injections.constant(place.population.name, first, stop, compartment)
        if compartment == 0:
            total = self.current[place.first + first : place.first + stop] + total
        return total.astype(self.layout.numbers.real_dtype)

    def _steady(self, V: Floats) -> Floats:
        """Return the steady states of the neuron models at the initial V, shape (states, neurons)."""
        n_own = self.group.signature.n_own
        found = np.zeros((n_own, self.group.size))
        for place in self.group.members:
            neurons, model = place.neurons, place.population.model
            assert isinstance(model, Membrane)
            p = self.described[place.population.name]
            steady = model.soma.steady(V[neurons] + self.rest[neurons], p)
            if len(steady) != n_own:
                states = ", ".join(NEURONS[self.group.signature.neuron].STATES) or "none"
                raise ArgumentError(
                    f"{model.kind}.steady: must return one value for each of the {n_own} STATES ({states}), "
                    f"returned {len(steady)}; add or drop some"
                )
            for k, value in enumerate(steady):
                found[k, neurons] = portable_math.flush(np.broadcast_to(value, place.kept))
        return found


def on_grid(name: str, drawn: Any, dt: float) -> Any:
    """Return drawn values of a parameter, once they are checked: refractory times are rounded to the time grid."""
    return rounded_steps(drawn, dt, low=0) * dt if name == "t_ref" else drawn


def _ring_rows(place: PlacedPopulation) -> list[Ring]:
    """Return one row for each input of the receptors of a population."""
    return [
        Ring(
            base=sums.ring.base + i * sums.ring.input_step + place.offset,
            mask=sums.ring.slots - 1,
            stride=place.targets.size,
            shared=sums.shared + i * sums.shared_slots if sums.shared >= 0 else -1,
            shared_mask=max(sums.shared_slots - 1, 0),
        )
        for sums in place.sums
        for i in range(sums.inputs)
    ]


class Region(NamedTuple):
    """The samples of one recorder's variable in the trace: rows of `columns` samples, one every `every` steps."""

    start: int
    every: int
    columns: int


def sample_regions(layout: Layout, steps: int) -> tuple[dict[tuple[str, str], Region], int]:
    """Return the region of each (recorder, variable) for chunks of `steps` steps, and their total size."""
    regions: dict[tuple[str, str], Region] = {}
    size = 0
    for recorder in layout.probing:
        every, columns = sample_steps(recorder, layout.dt), recorder.source.size
        for variable in recorder.variables:
            regions[recorder.name, variable] = Region(size, every, columns)
            size += (steps // every + 1) * columns
    return regions, size


class Probes:
    """The samples that trace recorders take, and the place of each of them in the trace.

    Attributes
    ----------
    regions : dict of (str, str) to Region
        Regions by recorder and variable.
    """

    def __init__(self, layout: Layout, steps: int) -> None:
        self.layout = layout
        self.regions, _ = sample_regions(layout, steps)

    def _pieces(self, g: int) -> Iterator[tuple[Array, Array]]:
        """Yield neurons and table of the probes of one variable in one population of a group after the other."""
        for (recorder, variable), region in self.regions.items():
            column = 0
            for part in self.layout.net.recorders[recorder].source.parts:
                place = self.layout.populations[part.population.name]
                if place.group == g:
                    equations = NEURONS[self.layout.groups[g].signature.neuron]
                    what, receptor = _what(part.population, equations, variable)
                    fields: dict[str, Any] = {
                        "neuron": self.layout.in_unit(place, part.ids), "variable": what, "receptor": receptor,
                        "every": region.every,
                        "trace": region.start, "column": np.arange(column, column + part.size),
                        "columns": region.columns,
                    }  # fmt: skip
                    table = [np.broadcast_to(fields[name], part.size) for name in Probe._fields]
                    yield place.first + part.ids, np.stack(table, axis=1)
                column += part.size

    def of_group(self, g: int) -> tuple[Array, Array]:
        """Return the neurons (as indices in the group) and the table of probes of one group, in order of the neurons.

        They are made anew: many probes take more memory than the neurons.
        """
        pieces = list(self._pieces(g))
        if not pieces:
            return np.zeros(0, np.int64), write_rows([], Probe)
        neurons, table = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
        order = np.argsort(neurons, kind="stable")
        return neurons[order], table[order]


def _what(population: Population, equations: type[Neuron], variable: str) -> tuple[int, int]:
    """Return the number of a variable, and that of its compartment, of its receptor or of the neuron model's state."""
    if variable in population.model.STATES:
        return OWN_STATE, list(equations.STATES).index(variable)
    for kind in ("V", "Ca"):
        if (number := compartment_of(population, variable, kind)) is not None:
            return VARIABLES[kind], number
    kind, _, receptor = variable.partition("_")
    return VARIABLES[kind], [r.name for r in population.receptors].index(receptor)


def sample_steps(recorder: Recorder, dt: float) -> int:
    """Return the number of steps between two samples of a trace recorder."""
    if recorder.every is None:
        return 1
    where = f"Recorder '{recorder.name}'.every"
    return int(whole_steps_array(np.array([recorder.every]), dt, where)[0])


def chunks_of(layout: Layout, group: Group, inputs: InputTables, probed: Array) -> list[Chunk]:
    """Return the group's units of work; `probed` are the neurons of its probes."""
    chunks: list[Chunk] = []
    rings = 0
    for place in group.members:
        name = place.population.name
        drive, drive_end = inputs.poisson.drive_range[name]
        row_step = 0 if place.uniform else 1
        row = place.row - place.hull[0] * row_step
        for offset, size in layout.pieces(place):
            first = place.first + offset
            probe, probe_end = np.searchsorted(probed, (first, first + size)).tolist()
            chunks.append(
                Chunk(
                    first=first,
                    size=size,
                    row=row + offset * row_step,
                    row_step=row_step,
                    has_waves=int(inputs.has_waves(name)),
                    source=place.sender(offset),
                    offset=offset,
                    rings=rings,
                    drive=drive,
                    drive_end=drive_end,
                    probe=probe,
                    probe_end=probe_end,
                    bath=inputs.bath.begin.get(name, -1),
                )
            )
        rings += group.signature.n_inputs
    return chunks
