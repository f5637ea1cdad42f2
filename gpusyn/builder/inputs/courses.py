"""Courses in time that the host samples ahead of each chunk of steps: windows, drugs, magnesium, glycine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gpusyn.builder.gating.strategy import TARGET
from gpusyn.builder.notes import Note
from gpusyn.drugs.actions import DecayModulator, OpenChannelBlocker
from gpusyn.drugs.combined import ANTAGONISTS, decay_factor, gate_scale
from gpusyn.drugs.infusion import Infusion, concentrations
from gpusyn.errors import ParameterError
from gpusyn.parameters.grid import off_grid
from gpusyn.parameters.scalars import whole_steps
from gpusyn.parameters.waveform import Waveform, mean_of
from gpusyn.receptors import RECEPTORS, Receptor
from gpusyn.utils.typing import Array, Floats, Integers

if TYPE_CHECKING:
    from gpusyn.builder.layout import Layout
    from gpusyn.builder.places import PlacedPopulation

Course = Callable[[Floats], Floats]  # times (ms) -> values


Places = Any  # integers, or the slice that they are


def consecutive(places: Integers) -> Places:
    """Return the slice of some places if they are consecutive, because it is faster; otherwise, the places.

    >>> consecutive(np.array([3, 4, 5]))
    slice(3, 6, None)
    """
    first, stop = int(places[0]), int(places[0]) + len(places)
    return slice(first, stop) if np.array_equal(places, np.arange(first, stop)) else places


class StepTimes(NamedTuple):
    """Times (ms) of the middle and of the end of each step of a chunk."""

    middle: Floats
    end: Floats


Column = Callable[[StepTimes], Floats]  # one column of the waves: a value for each step


class Write(NamedTuple):
    """Values that replace those of a flattened array from `start` on."""

    array: str
    values: Array
    start: int = 0


def step_times(start: int, steps: int, dt: float) -> StepTimes:
    """Return the times of `steps` steps from step `start` on."""
    step: Floats = start + np.arange(steps, dtype=np.float64)
    return StepTimes((step + 0.5) * dt, (step + 1.0) * dt)


def at_middle(course: Course) -> Column:
    """Return the column of a course, which is sampled at the middle of each step."""
    return lambda times: course(times.middle)


def step_mean(waveform: Waveform, dt: float, middle: Floats, before: float = 0.0) -> Floats:
    """Return a waveform's mean over each step, given the middles of consecutive steps.

    The mean keeps the charge of a current and the expected number of events of a rate. It is the value at the middle
    wherever the waveform neither jumps nor bends inside the step.
    """
    values = waveform.sample(middle, before)
    first, stop = np.searchsorted(waveform.times, (middle[0] - 0.5 * dt, middle[-1] + 0.5 * dt))
    times = waveform.times[first:stop]
    bent = times[off_grid(times, dt)] // dt
    if bent.size:
        step = np.floor(middle / dt)
        inside = np.isin(step, bent)
        values[inside] = mean_of(waveform, step[inside] * dt, (step[inside] + 1.0) * dt, before)
    return values


class Window(NamedTuple):
    """The time during which a stimulus is on: from `start` to `stop` (ms, on the time grid; inf: it never ends)."""

    start: float
    stop: float


def window(stimulus: Any, dt: float, where: str) -> Window:
    """Return the window of an injection or a drive; refuse times off the grid."""
    start = whole_steps(stimulus.start, dt, f"{where}.start", low=0) * dt
    if stimulus.stop is None or np.isinf(stimulus.stop):
        return Window(start, np.inf)
    return Window(start, whole_steps(stimulus.stop, dt, f"{where}.stop", low=0) * dt)


class ReceptorBath(NamedTuple):
    """Courses in time of the changes of a receptor; None for what does not change.

    Attributes
    ----------
    scale : Course or None
        Factor of the gate, from free receptors and glycine.
    magnesium : Course or None
        Concentration of magnesium (mM).
    decay : Course or None
        Factor of the decay's time constant.
    """

    scale: Course | None
    magnesium: Course | None
    decay: Course | None

    def __bool__(self) -> bool:
        return any(course is not None for course in self)


def concentration(given: float | Waveform | None, dt: float) -> Callable[[Floats], Any]:
    """Return the course of a receptor's magnesium or glycine; before its first time, a waveform has its first value."""
    if isinstance(given, Waveform):
        return partial(step_mean, given, dt, before=float(given.values[0]))
    return lambda _: given


def receptor_bath(receptor: Receptor, infusions: Iterable[Infusion], dt: float) -> ReceptorBath:
    """Return the bath of a receptor, from its own waveforms and the infusions of its network."""
    Mg, glycine = concentration(receptor.Mg, dt), concentration(receptor.glycine, dt)
    here = [i for i in infusions if any(a.receptor == receptor.kind for a in i.drug.actions)]
    actions = [a for i in here for a in i.drug.actions if a.receptor == receptor.kind]

    def scale(t: Floats) -> Floats:
        return np.broadcast_to(gate_scale(receptor, concentrations(here, t), glycine(t)), t.shape)

    def magnesium(t: Floats) -> Floats:
        return np.broadcast_to(Mg(t), t.shape)

    def decay(t: Floats) -> Floats:
        return np.broadcast_to(decay_factor(receptor.kind, concentrations(here, t)), t.shape)

    return ReceptorBath(
        scale if receptor.glycine is not None or any(isinstance(a, ANTAGONISTS) for a in actions) else None,
        magnesium if isinstance(receptor.Mg, Waveform) else None,
        decay if any(isinstance(a, DecayModulator) for a in actions) else None,
    )


def check_infusions(layout: Layout) -> None:
    """Refuse infusions that are off the time grid or that a receptor cannot follow; note those without a receptor."""
    for name, infusion in layout.net.infusions.items():
        where = f"Infusion '{name}'"
        whole_steps(infusion.start, layout.dt, f"{where}.start", low=0)
        if infusion.stop is not None:
            whole_steps(infusion.stop, layout.dt, f"{where}.stop", low=0)
        reached = [_check(place, infusion, where) for place in layout.populations.values()]
        if not any(reached):
            layout.notes.append(Note("Infusion", name, "", _no_effect(layout, infusion), logging.WARNING))


def _no_effect(layout: Layout, infusion: Infusion) -> str:
    """Return a text on a drug that acts on no receptor of the network."""
    kinds = list(dict.fromkeys(action.receptor for action in infusion.drug.actions))
    classes = tuple(RECEPTORS[kind] for kind in kinds)
    text = f"has no effect, because no population has a receptor of class {', '.join(kinds)}"
    for place in layout.populations.values():
        for receptor in place.population.receptors:
            if isinstance(receptor, classes):
                return f"{text}; its subclass {receptor.kind} is a class of its own, for a drug with an action on it"
    return text


def _check(place: PlacedPopulation, infusion: Infusion, where: str) -> bool:
    """Return True if the drug acts on a receptor of a population; refuse a change that the receptor cannot follow."""
    reached = False
    for receptor, strategy in zip(place.population.receptors, place.strategies, strict=True):
        for action in infusion.drug.actions:
            if action.receptor != receptor.kind:
                continue
            reached = True
            which = f"receptor '{receptor.name}' of population '{place.population.name}'"
            if isinstance(action, DecayModulator) and not (receptor.kinetics.linear and strategy.owner == TARGET):
                raise ParameterError(
                    f"{where}: {infusion.drug.name} changes the decay, "
                    f"which {which} cannot follow with {receptor.kinetics!r}, gating={receptor.gating!r}; "
                    "use gs.kinetics.DualExponential and gating='auto'"
                )
    return reached


def blocker_dose(blocker: OpenChannelBlocker, infusions: Iterable[Infusion], dt: float) -> Course:
    """Return the course of P_open k_on [drug] dt of a blocker."""
    given = [infusion for infusion in infusions if blocker in infusion.drug.actions]

    def course(t: Floats) -> Floats:
        total = np.zeros(t.shape)
        for dose in concentrations(given, t).values():
            total = total + dose
        return blocker.P_open * blocker.k_on * dt * total

    return course
