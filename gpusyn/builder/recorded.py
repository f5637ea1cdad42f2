"""The memory of recordings: those of traces exactly, those of spikes by expected rates, synapses by their number."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.builder.inputs.courses import window
from gpusyn.builder.layout import Layout
from gpusyn.builder.neuron_tables import sample_steps
from gpusyn.network.populations import Part
from gpusyn.network.projections import Projection, weight_variable
from gpusyn.network.recorder import Recorder, SpikeRecorder, SynapseRecorder, TraceRecorder
from gpusyn.neurons.base import NeuronModel
from gpusyn.neurons.sources import RateSource, SpikeSource
from gpusyn.parameters.waveform import Waveform

SECOND = 1000.0  # ms; the part of a recording without an end that a plan counts
USUAL_RATE = 20.0  # Hz; expected of neurons, whose rates a plan cannot know
_SPIKE = 16  # bytes: step and neuron
_POSITION = 8  # bytes for each neuron of the network, to find those that are recorded
LISTED = 150  # bytes of a synapse while all of a projection are listed and sorted
_SYNAPSE = 24  # bytes for each recorded synapse: its number and its neurons
_PLACE = 24  # bytes for each variable of it: its source, where it is stored, and in which column it is recorded


def recorded_bytes(recorder: Recorder, layout: Layout) -> int:
    """Return the bytes that a recorder keeps in memory: up to its end, or in one second if it has none."""
    dt = layout.dt
    start, stop = window(recorder, dt, f"Recorder '{recorder.name}'")
    stop = start + SECOND if np.isinf(stop) else stop
    kept = recorder.file is None
    if isinstance(recorder, SpikeRecorder):
        spikes = sum(_spikes(part, start, stop) for part in recorder.source.parts) if kept else 0.0
        return _POSITION * layout.n_ids + round(_SPIKE * spikes)
    every = sample_steps(recorder, dt)
    samples = round(stop / dt) // every - round(start / dt) // every if kept else 0
    if isinstance(recorder, SynapseRecorder):
        dtypes = dtypes_of(recorder.source, layout)
        each = _SYNAPSE + sum(_PLACE + samples * dtypes[name].itemsize for name in recorder.variables)
        return round(recorded_synapses(recorder, layout) * each)
    assert isinstance(recorder, TraceRecorder)
    return samples * recorder.source.size * len(recorder.variables) * layout.numbers.real_dtype.itemsize


def recorded_synapses(recorder: SynapseRecorder, layout: Layout) -> float:
    """Return the number of synapses that are recorded, if all are and it is drawn the expected one."""
    if recorder.synapses is not None:
        return len(recorder.synapses)
    return sum(pathway.expected for pathway in layout.pathways_of(recorder.source))


def listing_bytes(layout: Layout) -> float:
    """Return the bytes that are needed for a moment to find the order of recorded synapses, of one projection at once.

    It is found when the network is built.
    """
    recorded = (r.source for r in layout.net.recorders.values() if isinstance(r, SynapseRecorder))
    return LISTED * max((sum(p.expected for p in layout.pathways_of(one)) for one in recorded), default=0.0)


def dtypes_of(projection: Projection, layout: Layout) -> dict[str, np.dtype[Any]]:
    """Return the type of each variable of synapses: float64 for weights, as in `sim.weights`, else the run's precision.

    A weight that is stored as an integer has more bits than a float32.
    """
    weights = {weight_variable(projection.weights, receptor) for receptor in projection.weights}
    real = layout.numbers.real_dtype
    return {name: np.dtype(np.float64) if name in weights else real for name in projection.variables}


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
    if isinstance(model, RateSource):
        return model.rate_bound if isinstance(model.rate, Waveform) else float(np.mean(model.rate))
    pause = model.values.get("t_ref")
    return min(USUAL_RATE, 1000.0 / pause) if isinstance(pause, int | float) and pause > 0 else USUAL_RATE
