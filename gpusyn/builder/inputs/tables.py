"""Input from outside as kernels read it: injected currents, clamps, Poisson drive, Poisson sources and spike lists.

Whatever changes with time is sampled by the host for one chunk of steps ahead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.builder.fixed_point import most_events
from gpusyn.builder.gating.forms import lumped_form, target_coefficients
from gpusyn.builder.inputs.courses import Course, ReceptorBath, receptor_bath
from gpusyn.builder.layout import Layout, PopulationLayout
from gpusyn.equations.kinetics import LUMPED
from gpusyn.kinetics import Kinetics
from gpusyn.numerics.rng import Stream, StreamPurpose, poisson_parameters, stream_key
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.scalars import whole_steps
from gpusyn.parameters.waveform import Waveform

Array = NDArray[Any]
Floats = NDArray[np.float64]
NEVER = 2**62
CHUNK = 128  # items in a unit of work, as in kernels/common.cuh


class InputTables:
    """All input of a layout."""

    def __init__(self, layout: Layout, seed: int) -> None:
        self.layout, self.seed = layout, seed
        sizes = [group.size for group in layout.groups]
        self.current = [np.zeros(n) for n in sizes]
        self.current_wave = [np.zeros(n, np.int32) for n in sizes]
        self.clamp_wave = [np.zeros(n, np.int32) for n in sizes]
        self.clamp_start = [np.zeros(n) for n in sizes]
        self.wavy: set[str] = set()  # populations with a waveform or clamp
        self.waves: list[list[tuple[Any, float, float, float]]] = [
            []
        ]  # a slot: (waveform or 1, factor, start, stop); 0 is zero
        self.voltages: dict[int, Any] = {}  # slots that are command voltages
        for injection in layout.net.injections.values():
            self._inject(injection)
        for clamp in layout.net.clamps.values():
            self._clamp(clamp)
        self.bath_at: dict[str, int] = {}  # populations whose receptors change in time: row of their first
        self.bath: list[list[int]] = []
        self.bath_width = 0
        self.courses: dict[int, Course] = {}  # slots that are factors of gates or magnesium
        self.slower: list[tuple[int, Kinetics, float, Course]] = []  # place, kinetics, quantum, factor of the decay
        self._add_baths()
        self.drives: list[list[int]] = []
        self.drive_range: dict[str, tuple[int, int]] = {}
        self.rates: list[Array] = []
        self.pieces: list[Array] = []
        self.n_rates = 0
        self.drive_weights: list[Array] = []
        self.n_weights = 0
        self.rate_waves: list[Waveform] = []
        self.poisson_chunks: list[list[int]] = []
        self._add_drives()
        self._add_sources()
        self._add_lists()

    # ---- currents and clamps ----
    def _inject(self, injection: Any) -> None:
        window = _window(injection, self.layout.dt, f"Injection '{injection.name}'")
        offset = 0
        for population, ids in injection.target.parts:
            place = self.layout.populations[population.name]
            where = place.first + np.asarray(ids)
            amount = injection.current
            if isinstance(amount, np.ndarray):
                amount = amount[offset : offset + len(ids)]
            offset += len(ids)
            if isinstance(amount, Waveform):
                self._add_wave(place, where, [(amount, 1.0, *window)], np.zeros(len(ids), np.int64))
            elif window == (0.0, np.inf):
                self.current[place.group][where] += amount
            else:
                steps, inverse = np.unique(np.broadcast_to(np.asarray(amount, float), len(ids)), return_inverse=True)
                self._add_wave(place, where, [(None, float(x), *window) for x in steps], inverse)

    def _add_wave(self, place: PopulationLayout, where: Array, parts: list[Any], which: Array) -> None:
        """Give neurons `where` one more waveform, parts[which]; neurons with the same set of them share a slot."""
        self.wavy.add(place.population.name)
        slots = self.current_wave[place.group]
        old = slots[where].astype(np.int64)
        for key in np.unique(old * len(parts) + which):
            self.waves.append([*self.waves[int(key) // len(parts)], parts[int(key) % len(parts)]])
            slots[where[old * len(parts) + which == key]] = len(self.waves) - 1

    def _clamp(self, clamp: Any) -> None:
        self.voltages[len(self.waves)] = clamp.V
        self.waves.append([])
        start = (
            clamp.V.sample(np.zeros(1), before=float(clamp.V.values[0]))[0]
            if isinstance(clamp.V, Waveform)
            else clamp.V
        )
        for population, ids in clamp.target.parts:
            place = self.layout.populations[population.name]
            self.wavy.add(population.name)
            self.clamp_wave[place.group][place.first + np.asarray(ids)] = len(self.waves) - 1
            self.clamp_start[place.group][place.first + np.asarray(ids)] = start

    def wave_table(self, start: int, steps: int) -> Array:
        """Value of every slot in each of the steps: currents at the middle of the step, voltages at its end."""
        dt = self.layout.dt
        middle: Floats = np.asarray((start + np.arange(steps) + 0.5) * dt, np.float64)
        end = (start + np.arange(steps) + 1.0) * dt
        table = np.zeros((steps, len(self.waves)))
        for slot, parts in enumerate(self.waves):
            for waveform, factor, on, off in parts:
                value = waveform.sample(middle) if waveform is not None else np.ones(steps)
                table[:, slot] += np.where((middle >= on) & (middle < off), factor * value, 0.0)
        for slot, voltage in self.voltages.items():
            if isinstance(voltage, Waveform):
                # within half a step: a jump on the grid counts from its own step on
                table[:, slot] = voltage.sample(end + 1e-6 * dt, before=float(voltage.values[0]))
            else:
                table[:, slot] = voltage
        for slot, course in self.courses.items():
            table[:, slot] = course(middle)
        return table.astype(self.layout.numbers.real_dtype)

    # ---- drugs, magnesium, glycine ----
    def _add_baths(self) -> None:
        infusions = self.layout.net.infusions.values()
        for name, place in self.layout.populations.items():
            baths = [receptor_bath(r, infusions) for r in place.population.receptors]
            if any(baths):
                self.bath_at[name] = len(self.bath)
                self.bath += [self._bath_row(place, k, bath) for k, bath in enumerate(baths)]

    def _bath_row(self, place: PopulationLayout, k: int, bath: ReceptorBath) -> list[int]:
        """Fields of one receptor (BathField in kernels/cells.cuh)."""
        row = [self.column(bath.scale), self.column(bath.magnesium), -1]
        if bath.decay is not None:
            row[2] = self.bath_width
            kinetics = place.population.receptors[k].kinetics
            self.slower.append((self.bath_width, kinetics, place.rings[k].quantum.value, bath.decay))
            self.bath_width += LUMPED[lumped_form(kinetics, on_synapses=False)].COEFS
        return row

    def column(self, course: Course | None) -> int:
        """The column of the waves that a course gets; -1 for none."""
        if course is None:
            return -1
        self.courses[len(self.waves)] = course
        self.waves.append([])
        return len(self.waves) - 1

    def scale(self, population: str, k: int, step: int) -> Any:
        """Factor of a receptor's gate in the step that ended at `step` (at 0: in the first); None if it has none."""
        if population not in self.bath_at:
            return None
        slot = self.bath[self.bath_at[population] + k][0]
        if slot < 0:
            return None
        middle: Floats = np.array([max(step - 1, 0) + 0.5]) * self.layout.dt
        return self.courses[slot](middle).astype(self.layout.numbers.real_dtype)[0]

    def kinetics_table(self, start: int, steps: int) -> Array:
        """Coefficients of kinetics whose decay changes, in each of the steps."""
        middle: Floats = np.asarray((start + np.arange(steps) + 0.5) * self.layout.dt, np.float64)
        table = np.zeros((steps, self.bath_width))
        for at, kinetics, quantum, course in self.slower:
            # with the fastest decay, 1, among them the factors of a chunk have no say in each other's roundings
            factors, which = np.unique(np.concatenate([[1.0], course(middle)]), return_inverse=True)
            coef = [
                np.broadcast_to(c, factors.shape)
                for c in target_coefficients(kinetics, self.layout.dt, quantum, slower=factors)
            ]
            table[:, at : at + len(coef)] = np.stack(coef, axis=1)[which[1:]]
        return table.astype(self.layout.numbers.real_dtype)

    # ---- Poisson input ----
    def _rate_row(self, rate: Any, key: int, size: int, ids: Array | None, cap: int) -> list[int]:
        """Fields of a drive that concern its rate; `ids` are the neurons that have it (None: all)."""
        wave, stride, at = -1, 0, self.n_rates
        if isinstance(rate, Waveform):
            wave = len(self.rate_waves)
            self.rate_waves.append(rate)
            at = 0  # of the table of waves, placed when all rates are known
        else:
            mean = np.asarray(rate, float) * self.layout.dt * 1e-3
            if ids is not None:
                everyone = np.zeros(size)
                everyone[ids] = mean
                mean = everyone
            stride = int(mean.ndim > 0)
            self._add_rates(np.atleast_1d(mean))
        return [key & 0xFFFFFFFF, key >> 32, 0, at, stride, 0, 0, wave, 0, cap, 0, NEVER]

    def _add_rates(self, mean: Array) -> None:
        piece, p0, pieces, _ = poisson_parameters(mean)
        self.rates.append(np.stack([piece, p0], axis=1))
        self.pieces.append(pieces)
        self.n_rates += len(mean)

    def _add_drives(self) -> None:
        """Drives, sorted by population; one that covers a part of a population has rate 0 (or weight 0) elsewhere."""
        for name, place in self.layout.populations.items():
            begin = len(self.drives)
            for drive in self.layout.net.drives.values():
                offset = 0
                for population, ids in drive.target.parts:
                    if population.name == name:
                        self._add_drive(drive, place, np.asarray(ids), offset)
                    offset += len(ids)
            self.drive_range[name] = begin, len(self.drives)

    def _add_drive(self, drive: Any, place: PopulationLayout, ids: Array, offset: int) -> None:
        k = [r.name for r in place.population.receptors].index(drive.receptor)
        part = slice(offset, offset + len(ids))
        all_of_it = len(ids) == place.size
        rate = drive.rate[part] if isinstance(drive.rate, np.ndarray) else drive.rate
        cap = most_events(drive, self.layout.dt, f"Drive '{drive.name}'")
        key = stream_key(self.seed, StreamPurpose.DRIVE, f"{drive.name}\0{place.population.name}")
        row = self._rate_row(rate, key, place.size, None if all_of_it or isinstance(rate, Waveform) else ids, cap)
        given = drive.weight
        if isinstance(given, Distribution):
            given = given.draw(
                Stream(stream_key(self.seed, StreamPurpose.WEIGHT, drive.name)), np.arange(drive.target.size)
            )
        weight = np.asarray(given[part] if isinstance(given, np.ndarray) else given, float)
        if not all_of_it and (weight.ndim or isinstance(rate, Waveform)):
            everyone = np.zeros(place.size)
            everyone[ids] = weight
            weight = everyone
        exponent = place.rings[k].quantum.exponent
        stored = np.rint(np.ldexp(np.atleast_1d(weight), -exponent))
        dt, where = self.layout.dt, f"Drive '{drive.name}'"
        signature = self.layout.groups[place.group].signature
        row[2], row[5], row[6] = signature.layout()[k].input, self.n_weights, int(weight.ndim > 0)
        on, off = _window(drive, dt, where)
        row[10], row[11] = round(on / dt), NEVER if np.isinf(off) else round(off / dt)
        self.drive_weights.append(stored)
        self.n_weights += len(stored)
        self.drives.append(row)

    def _add_sources(self) -> None:
        for name, place in self.layout.populations.items():
            if place.population.model.kind != "PoissonSource":
                continue
            model = place.population.model
            rate = model.rate
            if isinstance(rate, Distribution):
                rate = rate.draw(
                    Stream(stream_key(self.seed, StreamPurpose.PARAMETER, f"{name}.rate")), np.arange(place.size)
                )
            key = stream_key(self.seed, StreamPurpose.SOURCE, name)
            for start in range(0, place.size, CHUNK):
                count = min(CHUNK, place.size - start)
                self.poisson_chunks.append([place.source + start, start, count, len(self.drives)])
            self.drives.append(self._rate_row(rate, key, place.size, None, place.most_events))

    def rate_table(self, start: int, steps: int) -> tuple[Array, Array]:
        """Rates of waveforms in this chunk of steps, a row a step: (pairs, pieces), kept behind the constant rates."""
        middle: Floats = np.asarray((start + np.arange(steps) + 0.5) * self.layout.dt, np.float64)
        mean = np.stack([w.sample(middle) for w in self.rate_waves], axis=1) * self.layout.dt * 1e-3
        piece, p0, pieces, _ = poisson_parameters(mean.reshape(-1))
        return np.stack([piece, p0], axis=1), pieces

    def drive_arrays(self, steps: int) -> dict[str, Array]:
        """The tables of drives and Poisson sources, with room for `steps` steps of waveforms."""
        room = steps * len(self.rate_waves)
        for row in self.drives:
            if row[7] >= 0:
                row[3], row[8] = self.n_rates, len(self.rate_waves)
        rates = np.concatenate([*self.rates, np.zeros((room, 2)), np.zeros((1, 2))])
        pieces = np.concatenate([*self.pieces, np.ones(room + 1, np.int32)]).astype(np.int32)
        weights = np.concatenate([*self.drive_weights, np.zeros(1)])
        return {
            "drives": np.array(self.drives or [[0] * 12], np.int64),
            "drive_rate": rates.astype(np.float64),
            "drive_pieces": pieces,
            "drive_weight": weights.astype(self.layout.numbers.acc_dtype),
            "poisson_chunks": np.array(self.poisson_chunks or [[0] * 4], np.int64),
        }

    # ---- lists of spikes ----
    def _add_lists(self) -> None:
        """All events of spike sources: step (the one that ends at the spike's time), global id, how many at once."""
        steps, ids, moved, largest = [], [], 0, 0.0
        for place in self.layout.populations.values():
            if place.population.model.kind != "SpikeSource":
                continue
            times = place.population.model.times
            lists = times if isinstance(times, tuple) else (times,) * place.size
            who = np.repeat(np.arange(place.size), [len(t) for t in lists])
            when = np.concatenate([np.asarray(t, float) for t in lists]) if lists else np.zeros(0)
            on_grid = np.maximum(np.rint(when / self.layout.dt), 1)
            shift = np.abs(when / self.layout.dt - on_grid)
            moved += int(np.count_nonzero(shift > 1e-6))
            largest = max(largest, float(shift.max(initial=0.0)))
            steps.append(on_grid.astype(np.int64) - 1)
            ids.append(place.source + who)
        self.has_lists = bool(steps)
        if moved:
            self.layout.notes.append(
                f"{moved} input spike times rounded to the grid of {self.layout.dt:g} ms, by at most "
                f"{largest * self.layout.dt:.3g} ms"
            )
        step = np.concatenate(steps) if steps else np.zeros(0, np.int64)
        source = np.concatenate(ids) if ids else np.zeros(0, np.int64)
        pairs, counts = np.unique(np.stack([step, source], axis=1), axis=0, return_counts=True)
        self.due_step = pairs[:, 0]
        self.due_id, self.due_events = pairs[:, 1].astype(np.int32), counts.astype(np.int32)

    def due_begin(self, start: int, steps: int) -> Array:
        """Bounds of each step's events."""
        return np.searchsorted(self.due_step, start + np.arange(steps + 1)).astype(np.int64)


def _window(thing: Any, dt: float, where: str) -> tuple[float, float]:
    """Start and stop, on the grid."""
    stop = (
        np.inf
        if thing.stop is None or np.isinf(thing.stop)
        else whole_steps(thing.stop, dt, f"{where}.stop", low=0) * dt
    )
    return whole_steps(thing.start, dt, f"{where}.start", low=0) * dt, stop
