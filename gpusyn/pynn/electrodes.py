"""Electrodes: current sources whose course is put in force before each run."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN.parameters import ParameterSpace, Sequence
from pyNN.standardmodels import electrodes

from gpusyn.builder.inputs.noise import noise_key
from gpusyn.errors import SimulationError
from gpusyn.network.network import Network
from gpusyn.network.stimulus import Injection
from gpusyn.numerics.normal_quantile import normal_quantile
from gpusyn.numerics.philox import uniform32
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.noise import WhiteNoise
from gpusyn.parameters.waveform import Waveform
from gpusyn.pynn.populations import selected
from gpusyn.pynn.state import on_grid, state
from gpusyn.pynn.translation import kept
from gpusyn.simulation.simulator import Simulator

__all__ = ["ACSource", "DCSource", "NoisyCurrentSource", "StepCurrentSource"]

PICO = 1e3  # pA of a nA
DISTANT = 1e9  # ms: times beyond are never reached


class CurrentSource:
    """What electrodes have in common: parameters, targets, and a course in steps.

    Attributes
    ----------
    fluctuates : bool
        Whether its course is described anew for each run.
    """

    default_parameters: dict[str, Any]
    translations: Any
    fluctuates = False

    def __init_subclass__(cls, **given: Any) -> None:
        """Let PyNN keep its names and units."""
        super().__init_subclass__(**given)
        cls.translations = kept(cls.default_parameters)

    def __init__(self, **parameters: Any) -> None:
        self._values: dict[str, Any] = {}
        self._history: list[tuple[int, dict[str, Any]]] = []  # what was in force from which step on
        self._targets: list[Any] = []
        self._injections: list[Injection] = []
        self._changed = True
        self.parameter_space = ParameterSpace(self.default_parameters, self.get_schema(), shape=(1,))  # type: ignore[attr-defined]
        self.parameter_space.update(**parameters)
        self.set_native_parameters(self.translate(self.parameter_space))  # type: ignore[attr-defined]
        self._number, self._setups = len(state.electrodes), state.setups
        state.electrodes.append(self)

    # ---- PyNN's side ----
    def set_native_parameters(self, parameters: Any) -> None:
        """Set parameters; they are in force from now on."""
        parameters.shape = (1,)
        new = dict(self._values)
        for name, value in parameters.items():
            found = value.evaluate(simplify=True)
            found = found.value if isinstance(found, Sequence) else found
            new[name] = np.array(found, np.float64) if np.ndim(found) else float(found)
            if not np.all(np.isfinite(new[name]) | (name == "stop") & (new[name] == np.inf)):
                raise ValueError(f"{type(self).__name__}: {name} must be finite (got {found})")
        new = self._checked(new)
        self._values, self._changed = new, True
        if state.step:
            state.stale = True

    def get_native_parameters(self) -> Any:
        """Return the parameters."""
        return ParameterSpace(dict(self._values))

    def inject_into(self, cells: Any) -> None:
        """Inject the current into each of some cells."""
        state.check_made(type(self).__name__, self._setups)
        for cell in cells:
            if not cell.celltype.injectable:
                raise TypeError("Can't inject current into a spike source.")
        targets = [cells] if hasattr(cells, "all_cells") else [cell.as_view() for cell in cells]
        for target in targets:
            for one in getattr(target, "populations", [target]):
                one._root()[0].check_made()
        if state.step:
            self._inject_late(targets)
        else:
            state.redescribe(f"{type(self).__name__}.inject_into()")
        self._targets += targets

    def _inject_late(self, targets: list[Any]) -> None:
        """Inject into cells of a running simulation."""
        for target in targets:
            for one in getattr(target, "populations", [target]):
                population, indices = one._root()
                population.late.append((self, indices))
        self._changed, state.stale = True, True

    def record(self) -> None:
        """Record the current; it is always known."""

    def _get_data(self) -> tuple[Any, Any]:
        steps = np.arange(state.step + 1)
        found = np.zeros(len(steps))
        for first, values in self._history or [(0, self._values)]:
            found[first:] = self.current(steps[first:], values)
        return on_grid(steps * state.dt), found

    # ---- gpusyn's side ----
    @property
    def changing(self) -> bool:
        """Whether its course must be put in force again."""
        return self._changed or self.fluctuates

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        return values

    def current(self, steps: Any, values: dict[str, Any]) -> Any:
        """Return the current during some steps, by the first of each (nA)."""
        raise NotImplementedError

    def course(self, now: int, stop: int) -> Waveform | float:
        """Return the course of the current from one step to another (pA)."""
        raise NotImplementedError

    def build(self, network: Network) -> None:
        """Add injections to a network."""
        self._injections = [
            network.inject(selected(target)[0], 0.0, name=f"electrode {self._number} into target {k}")
            for k, target in enumerate(self._targets)
        ]

    def begin(self, sim: Simulator) -> None:
        """Begin at t = 0."""
        self._changed, self._history = True, []

    def advance(self, sim: Simulator, now: int, stop: int) -> None:
        """Put the course of the coming steps in force."""
        if self._changed:
            self._history = [*self._history, (now, self._values)]
        if self.changing:
            self._set(sim, now, stop)
        self._changed = False

    def _set(self, sim: Simulator, now: int, stop: int) -> None:
        for injection in self._injections:
            sim.set(injection, self.course(now, stop))


def window(steps: Any, values: dict[str, Any]) -> Any:
    """Return whether each step lies between `start` and `stop`."""
    first, stop = (state.steps(min(values[name], DISTANT)) for name in ("start", "stop"))
    return (steps >= first) & (steps < stop)


class DCSource(CurrentSource, electrodes.DCSource):
    """A constant current for some time."""

    def current(self, steps: Any, values: dict[str, Any]) -> Any:
        """Return the current during some steps (nA)."""
        return np.where(window(steps, values), values["amplitude"], 0.0)

    def course(self, now: int, stop: int) -> Waveform | float:
        """Return the whole course of the current (pA)."""
        first, last = (state.steps(min(self._values[name], DISTANT)) for name in ("start", "stop"))
        if last <= first:
            return 0.0
        return Waveform(on_grid(np.array([first, last]) * state.dt), [PICO * self._values["amplitude"], 0.0])


class StepCurrentSource(CurrentSource, electrodes.StepCurrentSource):
    """A current that changes at given times."""

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        times, amplitudes = np.atleast_1d(values["times"]), np.atleast_1d(values["amplitudes"])
        if len(times) != len(amplitudes):
            raise ValueError(
                f"StepCurrentSource: times and amplitudes must have equal lengths (got {len(times)} and "
                f"{len(amplitudes)})"
            )
        if np.any(times < 0.0):
            raise ValueError(f"StepCurrentSource: times must not be negative (got {times.min():g} ms)")
        if np.any(np.diff(times) <= 0.0):
            raise ValueError(f"StepCurrentSource: times must increase (got {times})")
        steps = np.rint(times / state.dt)
        last = np.append(np.diff(steps) > 0, True)[: len(steps)]
        return {"times": on_grid(steps[last] * state.dt), "amplitudes": amplitudes[last]}

    def current(self, steps: Any, values: dict[str, Any]) -> Any:
        """Return the current during some steps (nA)."""
        amplitudes = np.concatenate([[0.0], values["amplitudes"]])
        edges = np.rint(values["times"] / state.dt)
        return amplitudes[np.searchsorted(edges, steps, side="right")]

    def course(self, now: int, stop: int) -> Waveform | float:
        """Return the whole course of the current (pA)."""
        if not len(self._values["times"]):
            return 0.0
        return Waveform(self._values["times"], PICO * self._values["amplitudes"])


class ACSource(CurrentSource, electrodes.ACSource):
    """A sinusoidal current, whose phase is that at its start."""

    fluctuates = True

    def current(self, steps: Any, values: dict[str, Any]) -> Any:
        """Return the current during some steps (nA)."""
        v = values
        seconds = 1e-3 * (steps - state.steps(v["start"])) * state.dt
        angle = 2.0 * np.pi * v["frequency"] * seconds + np.deg2rad(v["phase"])
        return np.where(window(steps, v), v["offset"] + v["amplitude"] * np.sin(angle), 0.0)

    def course(self, now: int, stop: int) -> Waveform | float:
        """Return the current of each of the coming steps (pA)."""
        steps = np.arange(now, stop + 1)
        return Waveform(on_grid(steps * state.dt), PICO * self.current(steps, self._values))


class NoisyCurrentSource(CurrentSource, electrodes.NoisyCurrentSource):
    """A gs.WhiteNoise: each cell has its own."""

    def noise(self) -> WhiteNoise:
        """Return the noise of gpusyn."""
        v = self._values
        pieces = max(state.steps(v["dt"]), 1) * state.dt
        return WhiteNoise(mean=PICO * v["mean"], std=PICO * v["stdev"], dt=pieces)

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        first, stop = (state.steps(min(values[name], DISTANT)) for name in ("start", "stop"))
        if not 0 <= first < stop:
            raise ValueError(
                f"NoisyCurrentSource: start must be >= 0 ms, and stop at least a step of {state.dt:g} ms later (got "
                f"{values['start']:g} and {values['stop']:g} ms); for no noise, set mean=0 and stdev=0"
            )
        if values["stdev"] < 0.0:
            raise ValueError(f"NoisyCurrentSource: stdev must be at least 0 nA (got {values['stdev']:g})")
        if state.step and any(values[name] != self._values[name] for name in ("start", "stop")):
            raise ValueError(
                f"NoisyCurrentSource: start and stop cannot change at t = {state.t:g} ms; set mean and stdev, or "
                "change them before the first run() or after reset()"
            )
        return values

    def _inject_late(self, targets: list[Any]) -> None:
        raise SimulationError(
            f"NoisyCurrentSource.inject_into(): noise cannot be added at t = {state.t:g} ms; inject it before the "
            "first run() with mean=0 and stdev=0, and set these later"
        )

    def build(self, network: Network) -> None:
        """Add injections to a network."""
        first, stop = (on_grid(state.steps(min(self._values[n], DISTANT)) * state.dt) for n in ("start", "stop"))
        self._injections = [
            network.inject(
                selected(target)[0], self.noise(), start=float(first), stop=float(stop),
                name=f"electrode {self._number} into target {k}",
            )
            for k, target in enumerate(self._targets)
        ]  # fmt: skip

    def current(self, steps: Any, values: dict[str, Any]) -> Any:
        """Return the current into the first cell during some steps (nA): the numbers are those that were drawn."""
        if not self._injections:
            return np.zeros(len(steps))
        part = self._injections[0].target.parts[0]
        first, every = state.steps(values["start"]), max(state.steps(values["dt"]), 1)
        pieces = first + (np.maximum(steps - first, 0) // every) * every
        key = noise_key(state.options.get("seed", 0), state.segment_counter, self._injections[0], part.population)
        cell = int(part.span[0])
        drawn = normal_quantile(uniform32(Stream(key).words(cell // 4, pieces)[cell % 4]))
        return np.where(window(steps, values), values["mean"] + values["stdev"] * drawn, 0.0)

    def _set(self, sim: Simulator, now: int, stop: int) -> None:
        if now:
            for injection in self._injections:
                sim.set(injection, self.noise())
