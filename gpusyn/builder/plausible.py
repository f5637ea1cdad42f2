"""Warnings of what can be described but is probably not meant, such as a time constant below the time step."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np

from gpusyn.builder.layout import Layout
from gpusyn.builder.notes import Note
from gpusyn.network.populations import Population
from gpusyn.network.projections import Projection
from gpusyn.network.recorder import SynapseRecorder
from gpusyn.neurons.compartments import SOMA
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.noise import Noise
from gpusyn.parameters.waveform import Waveform

_UNITS = "gpusyn uses ms, pF, nS, mV and pA (PyNN nF, uS and nA)"
_FASTEST = 0.2  # ms, the shortest time constant of a membrane
_WEAKEST = 0.05  # mV by which an input current moves V; less has no effect that anyone wants
_MEMBRANE = "C_m / g_L"
_FEW = 1e-3  # fraction of negative draws that is not known to be more than 0


def warnings_of(layout: Layout) -> Iterator[Note]:
    """Yield the warnings about a network, without drawing anything."""
    for name, population in layout.net.populations.items():
        for what, time in _times(population):
            if time < layout.dt:
                text = f"= {time:.3g} ms is below dt = {layout.dt:g} ms; {_UNITS}"
                yield Note("Population", name, what, text, logging.WARNING)
            elif time < _FASTEST and what == _MEMBRANE:
                text = f"= {time:.3g} ms is less than that of any neuron; C_m is that of a whole neuron in pF"
                yield Note("Population", name, what, text, logging.WARNING)
        yield from _weak(Note("Population", name, "I_e", ""), population.model.values.get("I_e", 0.0), population)
    for name, injection in layout.net.injections.items():
        for population in injection.target.populations if injection.compartment == SOMA else ():
            yield from _weak(Note("Injection", name, "current", ""), injection.current, population)
    for projection in layout.net.projections.values():
        expected = sum(pathway.expected for pathway in layout.pathways_of(projection))
        for what, text in (*_negative(projection), *_counted(projection, expected)):
            yield Note("Projection", projection.name, what, text, logging.WARNING)
    for recorder in layout.net.recorders.values():
        if isinstance(recorder, SynapseRecorder) and recorder.every is None:
            text = "are read by the host after every step, which takes longer than the step; give every="
            yield Note("Recorder", recorder.name, "synapses", text, logging.WARNING)


def _times(population: Population) -> Iterator[tuple[str, float]]:
    """Yield name and least value of the time constants of the membrane and of each receptor's decay (ms)."""
    given = population.model.values
    if "C_m" in given and "g_L" in given:
        yield _MEMBRANE, float(np.min(_typical(given["C_m"]) / _typical(given["g_L"]), initial=np.inf))
    for dendrite in population.compartments[1:]:
        C_m, g_L, g_c = (_typical(given[f"{name}_{dendrite.name}"]) for name in ("C_m", "g_L", "g_c"))
        yield f"C_m / (g_L + g_c) of {dendrite.name}", float(np.min(C_m / (g_L + g_c), initial=np.inf))
    if "tau_w" in given:
        yield "tau_w", float(np.min(_typical(given["tau_w"]), initial=np.inf))
    for receptor in population.receptors:
        for name in receptor.kinetics.time_names[-1:]:  # the decay; a rise may be as short as one likes
            yield f"{receptor.name}'s {name}", float(getattr(receptor.kinetics, name))


def _weak(note: Note, current: Any, population: Population) -> Iterator[Note]:
    """Yield a warning if the largest of the currents moves V by very little, but does flow."""
    if "g_L" not in population.model.values:
        return
    if isinstance(current, Noise):
        values = np.abs(current.mean) + current.std
    else:
        values = current.values if isinstance(current, Waveform) else _typical(current)
    strongest = float(np.max(np.abs(values), initial=0.0))
    moved = strongest / float(np.min(_typical(population.model.values["g_L"])))
    if 0 < moved < _WEAKEST:
        text = f"of {strongest:.3g} pA moves V by {moved:.2g} mV alone; {_UNITS}"
        yield note._replace(text=text, level=logging.WARNING)


def _typical(value: Any) -> Any:
    """Return a number or an array as it is, and the mean of a distribution."""
    return value.mean_value() if isinstance(value, Distribution) else np.asarray(value)


def _negative(projection: Projection) -> Iterator[tuple[str, str]]:
    """Yield a text on each conductance that is drawn from a distribution with negative values."""
    receptors = {receptor.name: receptor for receptor in projection.post.parts[0].population.receptors}
    for name, given in projection.weights.items():
        if isinstance(given, Distribution) and not receptors[name].signed and given.bounds()[0] < 0:
            kept = dataclasses.replace(given, low=0.0).acceptance()  # type: ignore[type-var]  # all are dataclasses
            if kept < given.acceptance() * (1 - _FEW):
                lost = f"about {100 * (1 - kept / given.acceptance()):.2g} % of {given!r} is negative"
                yield f"weights onto '{name}':", f"{lost}, which is refused when it is drawn; give low=0.0"


def _counted(projection: Projection, expected: float) -> Iterator[tuple[str, str]]:
    """Yield a text on each array of one value per synapse whose number is drawn."""
    if projection.rule.exact:
        return  # connect() has compared the numbers
    weights = {f"weights onto '{name}'": given for name, given in projection.weights.items()}
    for what, given in {"delays": projection.delay, **weights}.items():
        if isinstance(given, np.ndarray):
            many = f"{len(given)} values for a number of synapses that is drawn, about {expected:.6g}"
            yield f"{what}:", f"{many}; another number is refused when it is drawn; give a distribution"
