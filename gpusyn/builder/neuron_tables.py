"""The neurons as kernels read them: state, coefficients, chunks of work, and the samples to take."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.gating.forms import into_v_coefficients, target_coefficients
from gpusyn.builder.gating.strategy import SOURCE
from gpusyn.builder.inputs.tables import CHUNK, InputTables
from gpusyn.builder.layout import Group, Layout, PopulationLayout, Ring
from gpusyn.equations.kinetics import LUMPED
from gpusyn.equations.neurons import NEURONS, MembraneCoefficients
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.network.populations import Population
from gpusyn.network.recorder import Recorder
from gpusyn.neurons import Membrane
from gpusyn.numerics import portable_math
from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.scalars import whole_steps_array

Array = NDArray[Any]
Floats = NDArray[np.float64]
VARIABLES = {"V": 0, "g": 1, "I": 2, "B": 3, "h": 4, "Ca": 5}
OWN_STATE = 6  # of the neuron model, by its number


def parameter(place: PopulationLayout, name: str, seed: int) -> Any:
    """A parameter as the user gave it: a number, or one value a neuron (drawn here if it is a distribution)."""
    population = place.population
    return drawn(population.model.values[name], place.size, f"{population.name}.{name}", seed, StreamPurpose.PARAMETER)


def drawn(value: Any, size: int, name: str, seed: int, purpose: StreamPurpose) -> Any:
    """A number or an array; distributions are drawn from the stream of (purpose, name), one value a neuron."""
    if isinstance(value, Distribution):
        return value.draw(Stream(stream_key(seed, purpose, name)), np.arange(size))
    return value


class NeuronTables:
    """State, coefficients and currents of one group of populations."""

    def __init__(self, layout: Layout, group: Group, seed: int) -> None:
        self.layout, self.group = layout, group
        real = layout.numbers.real_dtype
        signature = group.signature
        self.coef = np.zeros((signature.n_coef, group.rows))
        self.V, self.current = np.zeros(group.size), np.zeros(group.size)
        self.rest = np.zeros(group.size)  # what V is counted from
        self.parameters: list[dict[str, Any]] = []
        for place in group.members:
            self._fill(place, seed)
        self.coef = self.coef.astype(real)

    def _fill(self, place: PopulationLayout, seed: int) -> None:
        neurons = slice(place.first, place.first + place.size)
        rows = slice(place.row, place.row + (1 if place.uniform else place.size))
        model = place.population.model
        assert isinstance(model, Membrane)
        p = {name: parameter(place, name, seed) for name in model.values}
        self.parameters.append(p)
        where = f"Population '{place.population.name}'"
        model.check_drawn(p, where)
        initial = drawn(place.population.V, place.size, place.population.name, seed, StreamPurpose.INITIAL_V)
        rest = p[model.REST]
        self.rest[neurons] = rest
        self.V[neurons] = rest if initial is None else initial
        self.V[neurons] -= self.rest[neurons]
        self.current[neurons] = p["I_e"]
        pause = whole_steps_array(np.atleast_1d(np.asarray(p["t_ref"], float)), self.layout.dt, f"{where}.t_ref", low=0)
        if pause.max(initial=0) >= 2**24:
            raise ParameterError(
                f"{where}.t_ref: {pause.max()} steps; at most {2**24 - 1} are possible: use a larger dt"
            )
        head = MembraneCoefficients(
            threshold=p[model.THRESHOLD] - rest,
            reset=p[model.RESET] - rest if model.RESET else 0.0,
            refractory=pause if pause.size > 1 else pause[0],
            rest=rest,
        )
        table = [*head, *self._own(place, p, rest)]
        for k, value in enumerate(table):
            self.coef[k, rows] = value

    def _own(self, place: PopulationLayout, p: dict[str, Any], rest: Any) -> list[Any]:
        dt, equations = self.layout.dt, NEURONS[self.group.signature.neuron]
        table: list[Any] = list(equations.coefficients(dt, p))
        for k, receptor in enumerate(place.population.receptors):
            quantum = place.rings[k].quantum.value
            if equations.EXACT:
                tau_m = np.asarray(p["C_m"]) / p["g_L"]
                table += into_v_coefficients(receptor.kinetics, dt, quantum, tau_m, p["C_m"])
            elif receptor.kinetics.linear or place.strategies[k].owner == SOURCE:
                table += target_coefficients(receptor.kinetics, dt, quantum)
            table += receptor.effect_coefficients(dt, np.asarray(rest, dtype=np.float64))
        if self.group.signature.calcium:
            table += place.population.calcium.coefficients(dt)
            table += [receptor.Pf for receptor in place.population.receptors]
        return table

    def _states(self, V: Floats) -> Floats:
        """Initial states of the receptors: closed gates, and effects at their steady state for V."""
        group = self.group
        states = np.zeros((max(group.signature.n_states, 1), max(group.size, 1)))
        for place in group.members:
            neurons = slice(place.first, place.first + place.size)
            for receptor, layout in zip(place.population.receptors, group.signature.layout(), strict=True):
                first = layout.state + LUMPED[layout.kinetics].STATES
                for k, value in enumerate(receptor.effect_states((V + self.rest)[neurons])):
                    states[first + k, neurons] = value
        return states

    def arrays(self, prefix: str, inputs: InputTables, g: int) -> dict[str, Array]:
        """The group's arrays by name."""
        group, numbers = self.group, self.layout.numbers
        real = numbers.real_dtype
        V = self.V.copy()
        clamped = inputs.clamp_wave[g] > 0
        V[clamped] = inputs.clamp_start[g][clamped] - self.rest[clamped]
        rings = [row for m in group.members for r in m.rings for row in _ring_rows(r, m.size)]
        return {
            prefix + "V": V.astype(real),
            prefix + "rest": self.rest,
            prefix + "reference": self.rest.astype(real),
            prefix + "refractory": np.zeros(group.size, np.int32),
            prefix + "membrane": self._steady(V).astype(real),
            prefix + "gates": self._states(V).astype(real),
            prefix + "synaptic": np.zeros((max(2 * group.signature.n_synaptic, 1), max(group.size, 1)), real),
            prefix + "coef": np.ascontiguousarray(self.coef),
            prefix + "current": (self.current + inputs.current[g]).astype(real),
            prefix + "current_wave": inputs.current_wave[g],
            prefix + "clamp_wave": inputs.clamp_wave[g],
            prefix + "rings": np.array(rings or [[0, 0, 0, -1, 0]], np.int64),
        }

    def _steady(self, V: Floats) -> Floats:
        """Return the models' own states where they do not move at the initial V, (states, neurons)."""
        n_own = self.group.signature.n_own
        found = np.zeros((n_own, self.group.size) if n_own else (1, 1))
        for place, p in zip(self.group.members, self.parameters, strict=True):
            neurons = slice(place.first, place.first + place.size)
            model = place.population.model
            assert isinstance(model, Membrane)
            steady = model.steady(V[neurons] + self.rest[neurons], p)
            if len(steady) != n_own:
                raise ArgumentError(
                    f"{model.kind}.steady: must return one value for each of the {n_own} STATES "
                    f"({', '.join(model.STATES) or 'none'}), returned {len(steady)}; add or drop some"
                )
            for k, value in enumerate(steady):
                found[k, neurons] = portable_math.flush(np.broadcast_to(value, place.size))
        return found


def _ring_rows(ring: Ring, size: int) -> list[list[int]]:
    """Fields of each of a receptor's inputs (RingField in kernels/advance_neurons.cu)."""
    shared = [ring.shared + i * ring.shared_slots if ring.shared >= 0 else -1 for i in range(ring.inputs)]
    return [
        [ring.base + i * ring.slots * size, ring.slots - 1, size, shared[i], max(ring.shared_slots - 1, 0)]
        for i in range(ring.inputs)
    ]


class Probes:
    """The samples that trace recorders take, sorted by chunk, and where in the trace buffer each goes."""

    def __init__(self, layout: Layout, steps: int) -> None:
        self.layout, self.steps = layout, steps
        self.size = 0
        self.regions: dict[tuple[str, str], tuple[int, int, int]] = {}  # (recorder, variable) -> start, every, columns
        self.rows: list[list[tuple[int, list[int]]]] = [[] for _ in layout.groups]
        for recorder in layout.net.recorders.values():
            if not recorder.is_spikes:
                for variable in recorder.variables:
                    self._add(recorder, variable)

    def _add(self, recorder: Recorder, variable: str) -> None:
        every = sample_steps(recorder, self.layout.dt)
        columns = recorder.source.size
        self.regions[recorder.name, variable] = self.size, every, columns
        column = 0
        for population, ids in recorder.source.parts:
            place = self.layout.populations[population.name]
            what = _what(population, variable)
            for i in ids:
                self.rows[place.group].append((place.first + int(i), [*what, every, self.size, column, columns]))
                column += 1
        self.size += (self.steps // every + 1) * columns

    def table(self, g: int) -> tuple[Array, Array]:
        """Neurons (index in the group) and fields of the group's probes, in order of the neurons."""
        rows = sorted(self.rows[g], key=lambda row: row[0])
        neurons = np.array([r[0] for r in rows], np.int64)
        return neurons, np.array([r[1] for r in rows], np.int64).reshape(len(rows), 6)


def _what(population: Population, variable: str) -> tuple[int, int]:
    """Number of a variable, and of the receptor or of the model's own state that it is of."""
    own = list(population.model.STATES)
    if variable in own:
        return OWN_STATE, own.index(variable)
    kind, _, receptor = variable.partition("_")
    return VARIABLES[kind], [r.name for r in population.receptors].index(receptor) if receptor else 0


def sample_steps(recorder: Recorder, dt: float) -> int:
    """Steps between the samples of a trace recorder."""
    if recorder.every is None:
        return 1
    where = f"Recorder '{recorder.name}'.every"
    return int(whole_steps_array(np.array([recorder.every]), dt, where)[0])


def chunk_table(group: Group, inputs: InputTables, g: int, probe_neurons: Array) -> tuple[Array, Array]:
    """The group's units of work (ChunkField in kernels/advance_neurons.cu) and each probe's neuron within its chunk."""
    rows: list[list[int]] = []
    rings = 0
    local = np.zeros(len(probe_neurons), np.int64)
    for place in group.members:
        name = place.population.name
        waves = int(name in inputs.wavy)
        drive, drive_end = inputs.drive_range.get(name, (0, 0))
        for start in range(0, place.size, CHUNK):
            count, first = min(CHUNK, place.size - start), place.first + start
            step = 0 if place.uniform else 1
            a, b = np.searchsorted(probe_neurons, (first, first + count))
            local[a:b] = probe_neurons[a:b] - first
            rows.append([first, count, place.row + start * step, step, waves, place.source + start, start, rings,
                         drive, drive_end, int(a), int(b), inputs.bath_at.get(name, -1)])  # fmt: skip
        rings += group.signature.n_inputs
    return np.array(rows or [[0] * 13], np.int64), local
