"""Access to the inputs of a network between runs: injections, drives, clamps and spike sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.fixed_point import weight_range
from gpusyn.builder.inputs.noise import check_noise
from gpusyn.builder.inputs.poisson import drive_weights, has_columns
from gpusyn.builder.inputs.spike_lists import ListedSpikes, NewLists
from gpusyn.builder.inputs.tables import InputTables
from gpusyn.errors import ParameterError
from gpusyn.network.compartment_names import number_of
from gpusyn.network.populations import Selection
from gpusyn.network.projections import receptor_at, weight_value
from gpusyn.network.stimulus import Clamp, Drive, Injection
from gpusyn.neurons.sources import Source, most_coincident, spike_times
from gpusyn.parameters.grid import off_grid
from gpusyn.parameters.noise import Noise, injected
from gpusyn.parameters.scalars import show
from gpusyn.parameters.waveform import HIGHEST_RATE, Waveform, largest, number_array_or_waveform
from gpusyn.simulation.drawn_sets import DrawnSets
from gpusyn.simulation.targets import here
from gpusyn.utils.typing import Array, Floats

Rate = float | Floats | Waveform


class InputAccess:
    """Read and replace the inputs that are in force."""

    def __init__(self, compiled: Compiled, session: Session, drawn: DrawnSets) -> None:
        self.compiled, self.session, self.drawn = compiled, session, drawn

    # ---- what is in force ----
    def get(self, target: Injection | Drive | Clamp, name: str) -> Any:
        """Return a value of a stimulus: a number, an array of one value per neuron, or a waveform."""
        inputs = self.compiled.inputs
        if isinstance(target, Injection):
            return inputs.injections.given[target.name].current
        if isinstance(target, Clamp):
            return inputs.clamps.given[target.name].V
        drive = inputs.drives[target.name]
        if name == "rate":
            return drive.rate
        weight = drive_weights(drive, inputs.poisson.seed)
        return float(weight) if weight.ndim == 0 else weight

    def get_source(self, selection: Selection, name: str) -> Any:
        """Return the rates of Poisson sources (one per source, or a waveform), or the listed times of each source."""
        models: dict[str, Any] = self.compiled.inputs.models
        if name == "times":
            return tuple(_lists(models[p.name].times, p.size)[k] for p, ids in selection.parts for k in ids)
        rates = [models[p.name].rate for p in selection.populations]
        if isinstance(rates[0], Waveform) and all(rate is rates[0] for rate in rates):
            return rates[0].part(np.concatenate([ids for _, ids in selection.parts]))
        mixed = next((p.name for p in selection.populations if isinstance(models[p.name].rate, Waveform)), None)
        if mixed is not None:
            raise ParameterError(
                f"Simulator.get({selection.name!r}, 'rate'): the rate of '{mixed}' is a Waveform; "
                "read one population at a time"
            )
        parts = [np.broadcast_to(r, p.size)[ids] for r, (p, ids) in zip(rates, selection.parts, strict=True)]
        return np.concatenate(parts).astype(np.float64)

    # ---- stimuli ----
    def set_injection(self, target: Injection, given: Any, where: str) -> None:
        """Replace a current."""
        before = self.compiled.inputs.injections
        current = injected(given, target.target.size, where)
        if isinstance(current, Noise) or isinstance(target.current, Noise):
            return self._set_noise(target, current, where)
        inputs = self.compiled.inputs.with_injection(replace(before.given[target.name], current=current))
        if inputs.injections.wave is not before.wave:
            return self._switch(inputs)
        self.compiled.inputs = inputs  # the columns of all currents are as before
        for population, ids in target.target.parts:
            place = self.compiled.layout.populations[population.name]
            number = number_of(population, target.compartment)
            self.session.write(*self.compiled.current_write(place, int(ids[0]), int(ids[-1]) + 1, number))

    def _set_noise(self, target: Injection, current: Any, where: str) -> None:
        """Replace noise by noise, which goes on from the present values."""
        if not isinstance(current, Noise):
            raise ParameterError(
                f"{where}: the injection was described as {target.current!r}, so it must be gs.WhiteNoise or "
                f"gs.OrnsteinUhlenbeck (got {show(current)}); set the mean of a noise with std=0.0"
            )
        if not isinstance(target.current, Noise):
            raise ParameterError(
                f"{where}: the injection was not described as noise (got {current!r}); describe it as "
                "gs.WhiteNoise(mean=..., std=0.0), and set it to noise later"
            )
        check_noise(current, self.compiled.layout.dt, where)
        given = self.compiled.inputs.injections.given[target.name]
        self._switch(self.compiled.inputs.with_injection(replace(given, current=current)))

    def set_clamp(self, target: Clamp, given: Any, where: str) -> None:
        """Replace a command potential."""
        V = number_array_or_waveform(given, target.target.size, where, potential=True, unit="mV")
        self._switch(self.compiled.inputs.with_clamp(replace(self.compiled.inputs.clamps.given[target.name], V=V)))

    def set_drive(self, target: Drive, given: dict[str, Any]) -> None:
        """Replace the rate, the weight or both of a drive."""
        changed, size = self.compiled.inputs.drives[target.name], target.target.size
        if "rate" in given:
            rate = _checked_rate(given["rate"], size, target.rate_max, here(target, "rate"), "net.drive(...)")
            _check_apart(rate, target.rate, here(target, "rate"), "the drive")
            changed = replace(changed, rate=rate)
        if "weight" in given:
            changed = replace(changed, weight=self._checked_weight(target, given["weight"], here(target, "weight")))
        self._set_poisson({target.name: changed}, {})
        self.drawn.used(given.get("weight"), here(target, "weight"))

    def _checked_weight(self, target: Drive, given: Any, where: str) -> float | Floats:
        """Return new weights, of which none is larger than those for which the sums were planned."""
        size = target.target.size
        kind = receptor_at(target.target, target.receptor, where)
        weight: float | Floats = self.drawn.draw(weight_value(given, kind, size, where, per="neuron"), size, where)
        planned, needed = weight_range(target.weight).largest, weight_range(weight).largest
        if needed > planned:
            raise ParameterError(
                f"{where}: must be at most {planned:g} {kind.weight_unit} in magnitude, the largest weight of the "
                f"described drive, for which sums were planned (got {needed:g}); describe it with a larger weight"
            )
        return weight

    # ---- sources ----
    def set_rates(self, selection: Selection, given: Any, where: str) -> None:
        """Replace the rates of Poisson sources."""
        models: dict[str, Any] = dict(self.compiled.inputs.models)
        offset = 0
        for population, ids in selection.parts:
            model: Any = population.model
            rate = _checked_rate(given, selection.size, model.rate_bound, where, f"{model.kind}(...)")
            _check_apart(rate, model.rate, where, f"the sources of '{population.name}'")
            part = rate[offset : offset + len(ids)] if isinstance(rate, np.ndarray) else rate
            if isinstance(part, Waveform):
                part = part.part(slice(offset, offset + len(ids)))
            offset += len(ids)
            before = models[population.name]
            if len(ids) < population.size:
                part = _in_part(before.rate, part, ids, population, where)
            models[population.name] = before.replaced(rate=part)
        names = {p.name for p in selection.populations}
        self._set_poisson({}, {name: models[name] for name in names})

    def set_times(self, selection: Selection, given: Any, now: int, where: str) -> None:
        """Replace the listed spikes of sources after step `now`."""
        dt = self.compiled.layout.dt
        times = spike_times(given, where)
        if isinstance(times, tuple) and len(times) != selection.size:
            raise ParameterError(
                f"{where}: has {len(times)} lists, must be one list for all or {selection.size}, one per source; "
                "give as many lists as sources"
            )
        lists = _lists(times, selection.size)
        earliest = min((float(t[0]) for t in lists if len(t)), default=np.inf)
        if earliest <= now * dt or (earliest / dt < now + 0.5 and not off_grid(np.array([earliest]), dt)[0]):
            raise ParameterError(
                f"{where}: must be later than now, t = {now * dt:g} ms (got {earliest:.10g}); "
                "drop the times that are over"
            )
        models: dict[str, Any] = dict(self.compiled.inputs.models)
        new: dict[str, list[NewLists]] = {}
        offset = 0
        for population, ids in selection.parts:
            part = lists[offset : offset + len(ids)]
            offset += len(ids)
            self._check_coincident(population.name, part, now, where)
            all_lists = list(_lists(models[population.name].times, population.size))
            for k, train in zip(ids, part, strict=True):
                all_lists[k] = train
            models[population.name] = models[population.name].replaced(times=tuple(all_lists))
            new.setdefault(population.name, []).append(NewLists(ids, part))
        inputs = self.compiled.inputs
        self._switch(inputs.with_lists(models, inputs.spike_lists.replaced(new, now)))

    def put_times(self, population: str, times: Any, spikes: ListedSpikes, now: int) -> None:
        """Put listed times of a population in force at step `now`, with the spikes to which they have led before."""
        inputs = self.compiled.inputs
        models: dict[str, Any] = dict(inputs.models)
        models[population] = models[population].replaced(times=times)
        self._switch(inputs.with_lists(models, inputs.spike_lists.restored(population, spikes, now)))

    def _check_coincident(self, population: str, lists: tuple[Floats, ...], now: int, where: str) -> None:
        most = self.compiled.layout.populations[population].most_events
        found = most_coincident(lists, self.compiled.layout.dt, now)
        if found > most:
            raise ParameterError(
                f"{where}: {found} spike times of one source fall into one step, but sums were planned for {most}; "
                f"give SpikeSource(..., max_events={found}) when the population is made"
            )

    # ---- putting in force ----
    def _set_poisson(self, drives: dict[str, Drive], models: dict[str, Source]) -> None:
        inputs, writes = self.compiled.inputs.with_poisson(drives, models)
        if writes is None:
            return self._switch(inputs)
        self.compiled.inputs = inputs
        for write in writes:
            self.session.write(*write)

    def restore(self, trial: int) -> None:
        """Put the described inputs in force again, in a trial."""
        self._switch(self.compiled.described.with_trial(trial, self.compiled.inputs.width))

    def _switch(self, inputs: InputTables) -> None:
        """Put other inputs in force, in larger arrays where the present ones are too small."""
        self._put(self.compiled.differing(inputs))
        self.compiled.inputs = inputs

    def _put(self, arrays: Mapping[str, Array]) -> None:
        specs = self.compiled.program.specs
        larger = {
            name: np.array(array) for name, array in arrays.items()
            if array.size > specs[name].size or array.shape[1:] != specs[name].shape[1:]
        }  # fmt: skip
        if larger:
            program = self.compiled.enlarged(larger)
            self.session.rebind(program, larger)
            self.compiled.program = program
        for name, array in arrays.items():
            if name not in larger and array.size:
                self.session.write(name, array)


def _checked_rate(given: Any, size: int, rate_max: float, where: str, maker: str) -> Rate:
    """Return a rate, of which no value is above the bound for which sums were planned."""
    rate = number_array_or_waveform(given, size, where, unit="Hz", low=0.0, high=HIGHEST_RATE)
    if (most := largest(rate)) > rate_max:
        raise ParameterError(
            f"{where}: must be at most rate_max = {rate_max:g} Hz, for which sums were planned (got {most:g}); "
            f"give {maker} a larger rate_max="
        )
    return rate


def _check_apart(rate: Rate, described: Rate, where: str, what: str) -> None:
    """Refuse rates that change for each element apart where none were described: no memory was planned for them."""
    if has_columns(rate) and not has_columns(described):
        raise ParameterError(
            f"{where}: a gs.Waveform with columns can be set only where one was described (got {rate!r}, described "
            f"was {described!r}); describe {what} with columns from the beginning, as gs.Waveform([0.0], [rates])"
        )


def _in_part(before: Rate, part: Rate, ids: Array, population: Selection, where: str) -> Floats:
    """Return the rates of a population of which some sources get others."""
    if isinstance(part, Waveform) or isinstance(before, Waveform):
        raise ParameterError(
            f"{where}: a Waveform is the rate of a whole population, of which only a part is meant; "
            f"set the rate of all of '{population.name}'"
        )
    everyone = np.array(np.broadcast_to(np.asarray(before, np.float64), population.size))
    everyone[ids] = part
    return everyone


def _lists(times: Floats | tuple[Floats, ...], size: int) -> tuple[Floats, ...]:
    """Return one list of times per source."""
    return times if isinstance(times, tuple) else (times,) * size
