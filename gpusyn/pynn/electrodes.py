"""Electrodes: current sources whose course is put in force before each run."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN.parameters import ParameterSpace, Sequence
from pyNN.standardmodels import build_translations, electrodes

from gpusyn.network.network import Network
from gpusyn.network.stimulus import Injection
from gpusyn.parameters.noise import WhiteNoise
from gpusyn.parameters.waveform import Waveform
from gpusyn.pynn.populations import selected
from gpusyn.pynn.state import on_grid, state
from gpusyn.simulation.simulator import Simulator

__all__ = ["ACSource", "DCSource", "NoisyCurrentSource", "StepCurrentSource"]

PICO = 1e3  # pA of a nA
DISTANT = 1e9  # ms: times beyond are never reached


class CurrentSource:
    """What electrodes have in common: parameters, targets, and a course in steps."""

    default_parameters: dict[str, Any]
    translations: Any
    fluctuates = False  # its course is described anew for each run

    def __init_subclass__(cls, **given: Any) -> None:
        """Let PyNN keep its names and units."""
        super().__init_subclass__(**given)
        cls.translations = build_translations(*((name, name) for name in cls.default_parameters))

    def __init__(self, **parameters: Any) -> None:
        self._values: dict[str, Any] = {}
        self._targets: list[Any] = []
        self._injections: list[Injection] = []
        self._courses: list[tuple[int, Any]] = []
        self._changed, self._recorded = True, False
        self.parameter_space = ParameterSpace(self.default_parameters, self.get_schema(), shape=(1,))  # type: ignore[attr-defined]
        self.parameter_space.update(**parameters)
        self.set_native_parameters(self.translate(self.parameter_space))  # type: ignore[attr-defined]
        self._number = len(state.electrodes)
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
        self._values = self._checked(new)
        self._changed = True
        if state.step:
            state.stale = True

    def get_native_parameters(self) -> Any:
        """Return the parameters."""
        return ParameterSpace(dict(self._values))

    def inject_into(self, cells: Any) -> None:
        """Inject the current into each of some cells."""
        for cell in cells:
            if not cell.celltype.injectable:
                raise TypeError("Can't inject current into a spike source.")
        state.redescribe(f"{type(self).__name__}.inject_into()")
        self._targets += [cells] if hasattr(cells, "all_cells") else [cell.as_view() for cell in cells]

    def record(self) -> None:
        """Record the current."""
        object.__setattr__(self, "_recorded", True)

    def _get_data(self) -> tuple[Any, Any]:
        times = np.arange(state.step + 1)
        return on_grid(times * state.dt), self.current(times)

    # ---- gpusyn's side ----
    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        return values

    def current(self, steps: Any) -> Any:
        """Return the current during some steps, by the first of each (nA)."""
        raise NotImplementedError

    def _window(self, steps: Any) -> Any:
        first, stop = (min(self._values[name], DISTANT) for name in ("start", "stop"))
        return (steps >= state.steps(first)) & (steps < state.steps(stop))

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
        self._changed = True

    def advance(self, sim: Simulator, now: int, stop: int) -> None:
        """Put the course of the coming steps in force."""
        if self._changed or self.fluctuates:
            for injection in self._injections:
                sim.set(injection, self.course(now, stop))
        self._changed = False


class DCSource(CurrentSource, electrodes.DCSource):
    """A constant current for some time."""

    def current(self, steps: Any) -> Any:
        """Return the current during some steps (nA)."""
        return np.where(self._window(steps), self._values["amplitude"], 0.0)

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
        last = np.append(np.diff(steps) > 0, [True] * (len(steps) > 0))
        return {"times": on_grid(steps[last] * state.dt), "amplitudes": amplitudes[last]}

    def current(self, steps: Any) -> Any:
        """Return the current during some steps (nA)."""
        amplitudes = np.concatenate([[0.0], self._values["amplitudes"]])
        edges = np.rint(self._values["times"] / state.dt)
        return amplitudes[np.searchsorted(edges, steps, side="right")]

    def course(self, now: int, stop: int) -> Waveform | float:
        """Return the whole course of the current (pA)."""
        if not len(self._values["times"]):
            return 0.0
        return Waveform(self._values["times"], PICO * self._values["amplitudes"])


class ACSource(CurrentSource, electrodes.ACSource):
    """A sinusoidal current, whose phase is that at its start."""

    fluctuates = True

    def current(self, steps: Any) -> Any:
        """Return the current during some steps (nA)."""
        v = self._values
        seconds = 1e-3 * (steps - state.steps(v["start"])) * state.dt
        angle = 2.0 * np.pi * v["frequency"] * seconds + np.deg2rad(v["phase"])
        return np.where(self._window(steps), v["offset"] + v["amplitude"] * np.sin(angle), 0.0)

    def course(self, now: int, stop: int) -> Waveform | float:
        """Return the current of each of the coming steps (pA)."""
        steps = np.arange(now, stop + 1)
        return Waveform(on_grid(steps * state.dt), PICO * self.current(steps))


class NoisyCurrentSource(CurrentSource, electrodes.NoisyCurrentSource):
    """A gs.WhiteNoise: each cell has its own."""

    def noise(self) -> WhiteNoise:
        """Return the noise of gpusyn."""
        v = self._values
        pieces = max(state.steps(v["dt"]), 1) * state.dt
        return WhiteNoise(mean=PICO * v["mean"], std=PICO * v["stdev"], dt=pieces)

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

    def advance(self, sim: Simulator, now: int, stop: int) -> None:
        """Put the parameters in force."""
        if self._changed and now:
            for injection in self._injections:
                sim.set(injection, self.noise())
        self._changed = False
