"""The work of the kernels of learning in one step: without the seldom sweeps, and with a step's share of scalings."""

from __future__ import annotations

from gpusyn.builder.gpu.activity import Activity, Stream
from gpusyn.builder.gpu.delivery import UNIT, phases_of, rows_of, run_of
from gpusyn.builder.gpu.work import SECTOR, WAITS, Elements, Given, Phase, Work
from gpusyn.builder.layout import Layout
from gpusyn.builder.plasticity.calcium import calcium_of, is_noisy
from gpusyn.builder.plasticity.learning import learned_bundles, learning_ages
from gpusyn.builder.plasticity.modulators import is_modulated
from gpusyn.builder.plasticity.scaling import scaled_bundles, scaled_every
from gpusyn.builder.plasticity.trains import TrainTables, rule_of
from gpusyn.builder.specs import most_units
from gpusyn.equations.coefficients import count
from gpusyn.equations.plasticity import LEARNING_RULES
from gpusyn.kernels.occupancy import WARP
from gpusyn.kernels.records import RECENT

# Instructions of a spike in one train, of what a row's synapses have in common, of a synapse without and with a
# postsynaptic spike, and of such a spike.
_APPENDED, _ROW, _SYNAPSE, _SPIKE = 120, 160, 90, 60
_SCALED = 20  # of a weight that is scaled
_DRIFT, _DRAW = 450, 250  # of a time in which calcium moves a weight, and of its noise


def remembered(given: Given) -> Work:
    """Return the work of `remember_spikes`."""
    layout, counts = given.layout, given.counts
    spikes = given.activity.all_spikes
    appended = _appended(layout, given.activity)
    traced = _traced(layout, given.activity)
    elements = {
        "clock": (1, 0), "spike_total": (1, 0), "spike_begin": (1, 0), "spike_id": (spikes, 0),
        "spike_events": (appended, 0), "source_population": (spikes, 0), "train_begin": (2 * spikes, 0),
        "trains": (counts["trains"], 0), "traces": (counts["traces"], 0), "decays": (2 * traced, 0),
        "train_step": ((RECENT + 1) * appended, (RECENT + 1) * appended), "train_value": (traced, 2 * traced),
        "train_count": (appended, appended), "sweep": (2, 1),
    }  # fmt: skip
    phases = [Phase(1, near=2), Phase(spikes / WARP, near=8, cycles=WAITS * _APPENDED)]
    return given.work(elements, phases, _APPENDED * appended / WARP)


def learning(given: Given) -> Work:
    """Return the work of `learn_weights`, with one postsynaptic spike for each visit of a synapse."""
    layout, counts, activity = given.layout, given.counts, given.activity
    bundles = learned_bundles(layout)
    streams = [activity.stream(bundle, str(bundle.learns))._replace(of_gates=False, channels=1) for bundle in bundles]
    ages = learning_ages(layout)
    spikes = activity.all_spikes * len(ages)
    units, rows, visits = spikes * most_units(layout, given.kernel), _rows(streams), sum(s.events for s in streams)
    traces = [(s, len(rule_of(s.bundle).traces.pre), len(rule_of(s.bundle).traces.post)) for s in streams]
    weight, real = layout.numbers.weight_dtype.itemsize, layout.numbers.real_dtype.itemsize
    changed = sum(run_of(s.events, s.filled, weight) for s in streams)
    elements: Elements = rows_of(given, streams, spikes) | {
        "clock": (1, 0), "spike_total": (1, 0), "spike_begin": (2 * len(ages), 0), "ages": (len(ages), 0),
        "spike_id": (spikes, 0), "spike_events": (spikes, 0), "learnings": (counts["routes"], 0),
        "weights": (changed, changed), "trains": (counts["trains"], 0), "traces": (counts["traces"], 0),
        "decays": (counts["decays"], 0), "train_step": (visits * SECTOR / 8 + rows * SECTOR / 8, 0),
        "train_value": (sum(s.events * post + s.segments * pre for s, pre, post in traces) * SECTOR / real, 0),
        "train_count": (rows, 0),
        "coef": (sum(s.segments * count(LEARNING_RULES[rule_of(s.bundle).struct].C) for s in streams), 0),
        "sweep": (2, 0), "settled": (rows, 0),
    } | _of_eligibility(streams) | _of_noise(streams)  # fmt: skip
    filled = sum(s.filled * s.bundle.parts for s in streams)
    each = _SYNAPSE + _SPIKE
    more = [Phase(filled, near=6, far=1, cycles=WAITS * (_ROW + each))] if filled else []
    phases = [Phase(1, near=3), *phases_of(streams, units), *more]
    return given.work(elements, phases, UNIT * units + _ROW * filled + (each * visits + _drifts(streams)) / WARP)


def _drifts(streams: list[Stream]) -> float:
    """Return the instructions of the times between events in which calcium moves weights: three for each visit."""
    drifting = [s for s in streams if calcium_of(s.bundle) is not None]
    return sum(3 * s.events * (_DRIFT + _DRAW * is_noisy(s.bundle)) for s in drifting)


def _of_noise(streams: list[Stream]) -> Elements:
    """Return what is read and written where noise moves weights."""
    noisy = [stream for stream in streams if is_noisy(stream.bundle)]
    visits = sum(stream.events for stream in noisy)
    return {"excess": (visits, visits), "number": (visits, 0), "keys": (sum(stream.segments for stream in noisy), 0)}


def _of_eligibility(streams: list[Stream]) -> Elements:
    """Return what is read and written where a modulator makes changes of weights: two changes for each visit."""
    eligible = [stream for stream in streams if is_modulated(stream.bundle)]
    visits = sum(stream.events for stream in eligible)
    return {
        "modulators": (sum(stream.segments for stream in eligible), 0), "gains": (4 * visits, 0),
        "eligibility": (visits, visits),
    }  # fmt: skip


def modulating(given: Given) -> Work:
    """Return the work of `advance_modulators`: one thread for each looks at all spikes."""
    n, spikes = given.counts["modulators"], given.activity.all_spikes
    parts = given.counts["modulator parts"]
    elements: Elements = {
        "clock": (1, 0), "spike_total": (1, 0), "spike_begin": (1, 0), "spike_id": (n * spikes, 0),
        "spike_events": (n * spikes, 0), "modulators": (n, 0), "modulator_parts": (parts * spikes, 0),
        "coef": (given.counts["coefficients"], 0), "traces": (n, 0), "decays": (2 * n, 0), "waves": (n, 0),
        "modulation": (n, n), "gains": (n, n),
    }  # fmt: skip
    each = 4 * parts / max(n, 1)
    return given.work(elements, [Phase(n / WARP, near=4 + 2 * spikes, cycles=WAITS * each * spikes)], n * each * spikes)


def scaling(given: Given) -> Work:
    """Return the work of `scale_weights`: that of a scaling, divided by the steps from one to the next."""
    layout, counts = given.layout, given.counts
    bundles = [(bundle, 1.0 / scaled_every(bundle, layout)) for bundle in scaled_bundles(layout)]
    segments = sum(bundle.segments * share for bundle, share in bundles)
    synapses = sum(bundle.expected * share for bundle, share in bundles)
    neurons = sum(bundle.pathways[0].post.size * share for bundle, share in bundles)
    n, routes = counts["scalings"], counts["routes"]
    elements: Elements = {
        "clock": (1, 0), "routes": (routes, 0), "scaling_of": (routes, 0), "scalings": (routes + n, 0),
        "segment_begin": (segments, 0), "segment_sizes": (segments, 0), "targets": (synapses, 0),
        "weights": (synapses, synapses), "trains": (n, 0), "traces": (n, 0), "decays": (3 * neurons, 0),
        "train_step": (neurons, 0), "train_value": (neurons, 0), "train_count": (neurons, 0), "coef": (2 * n, 0),
        "growth": (synapses, neurons), "sweep": (0, 1), "settled": (0, 1),
    }  # fmt: skip
    phases = [Phase(1, near=3), Phase(segments, near=3, far=1, cycles=WAITS * _SCALED)]
    return given.work(elements, phases, UNIT * segments + _SCALED * synapses / WARP)


def _rows(streams: list[Stream]) -> float:
    """Return the segments whose sources are looked up in their trains."""
    return sum(s.segments for s in streams)


def _appended(layout: Layout, activity: Activity) -> float:
    """Return the spikes that enter some train."""
    return sum(activity.spikes[name] for name, _ in TrainTables(layout).numbers)


def _traced(layout: Layout, activity: Activity) -> float:
    """Return the traces of these spikes."""
    return sum(activity.spikes[name] * len(traces) for name, traces in TrainTables(layout).numbers)
