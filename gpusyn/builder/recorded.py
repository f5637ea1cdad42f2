"""The memory of recordings that are kept in memory: those of traces exactly, those of spikes by expected rates."""

from __future__ import annotations

import numpy as np

from gpusyn.builder.inputs.courses import window
from gpusyn.builder.layout import Layout
from gpusyn.builder.neuron_tables import sample_steps
from gpusyn.network.populations import Part
from gpusyn.network.recorder import Recorder
from gpusyn.neurons.base import NeuronModel
from gpusyn.neurons.sources import PoissonSource, SpikeSource
from gpusyn.parameters.waveform import Waveform

SECOND = 1000.0  # ms; the part of a recording without an end that a plan counts
USUAL_RATE = 20.0  # Hz; expected of neurons, whose rates a plan cannot know
_SPIKE = 16  # bytes: step and neuron
_POSITION = 8  # bytes for each neuron of the network, to find those that are recorded


def recorded_bytes(recorder: Recorder, layout: Layout) -> int:
    """Return the bytes that a recorder keeps in memory: up to its end, or in one second if it has none."""
    dt = layout.dt
    start, stop = window(recorder, dt, f"Recorder '{recorder.name}'")
    stop = start + SECOND if np.isinf(stop) else stop
    own = _POSITION * layout.n_ids if recorder.is_spikes else 0
    if recorder.file is not None:
        return own
    if recorder.is_spikes:
        return own + round(_SPIKE * sum(_spikes(part, start, stop) for part in recorder.source.parts))
    every = sample_steps(recorder, dt)
    samples = round(stop / dt) // every - round(start / dt) // every
    return samples * recorder.source.size * len(recorder.variables) * layout.numbers.real_dtype.itemsize


def _spikes(part: Part, start: float, stop: float) -> float:
    """Return the number of spikes that are expected of neurons between two times (ms)."""
    model = part.population.model
    if isinstance(model, SpikeSource):
        times = model.times
        if isinstance(times, tuple):
            return sum(float(np.count_nonzero((t > start) & (t <= stop))) for t in times)
        return part.size * float(np.count_nonzero((np.asarray(times) > start) & (np.asarray(times) <= stop)))
    return part.size * usual_rate(model) * (stop - start) * 1e-3


def usual_rate(model: NeuronModel) -> float:
    """Return the mean rate that is expected of neurons of a model, other than lists of spikes (Hz)."""
    if isinstance(model, PoissonSource):
        return model.rate_bound if isinstance(model.rate, Waveform) else float(np.mean(model.rate))
    pause = model.values.get("t_ref")
    return min(USUAL_RATE, 1000.0 / pause) if isinstance(pause, int | float) and pause > 0 else USUAL_RATE
