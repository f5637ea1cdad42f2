"""The work of `remember_gates`, `find_influx` and `advance_spines` in one step."""

from __future__ import annotations

from math import ceil

from gpusyn.builder.gating.forms import form_of, pulse_steps, synapse_states
from gpusyn.builder.gpu.delivery import run_of
from gpusyn.builder.gpu.work import SECTOR, WAITS, Elements, Given, Phase, Work
from gpusyn.builder.pathways import Bundle
from gpusyn.builder.plasticity.spines import gate_sources, influx_targets, spine_bundles
from gpusyn.equations.coefficients import count
from gpusyn.equations.spines import InfluxCoefficients, SpineCoefficients
from gpusyn.kernels.occupancy import WARP
from gpusyn.kernels.records import RECENT

# Instructions of a gate, of a target, of a segment, and of a pass over 32 synapses of it.
_GATE, _TARGET, _SEGMENT, _PASS = 70, 170, 130, 110


def remembered_gates(given: Given) -> Work:
    """Return the work of `remember_gates`."""
    layout = given.layout
    sets = gate_sources(layout)
    n = sum(place.size for place, _ in sets)
    states = sum(place.size * synapse_states(kinetics) for place, kinetics in sets)
    pulsed = sum(place.size for place, kinetics in sets if pulse_steps(kinetics, layout.dt, "gates")[0])
    kept = sum(count(form_of(kinetics).synapse_gate.C) for _, kinetics in sets)
    elements: Elements = {
        "clock": (1, 0), "sets": (len(sets), 0), "coef": (kept, 0), "gates": (states, states),
        "release_step": (pulsed, pulsed), "event_step": (n, 0), "event_count": (n, 0),
        "gate_means": (0, n * SECTOR / layout.numbers.real_dtype.itemsize),
    }  # fmt: skip
    phases = [Phase(place.size / WARP, near=5, cycles=WAITS * _GATE) for place, _ in sets]
    return given.work(elements, phases, _GATE * n / WARP)


def found_influx(given: Given) -> Work:
    """Return the work of `find_influx`."""
    places = influx_targets(given.layout, given.group)
    n = sum(place.size for place in places)
    real = given.layout.numbers.real_dtype.itemsize
    elements: Elements = {
        "clock": (1, 0), "sets": (len(places), 0), "V": (n, 0), "rest": (n, 0),
        "coef": (sum(3 if place.uniform else 3 * place.size for place in places), 0), "waves": (2 * len(places), 0),
        "bath": (len(places), 0), "trains": (len(places), 0), "traces": (2 * len(places), 0),
        "decays": (4 * n * SECTOR / real, 0), "train_step": (RECENT * n, 0), "train_value": (0, 0),
        "train_count": (0, 0), "influx_coef": (len(places) * count(InfluxCoefficients), 0),
        "V_before": (n, n), "influx": (0, n),
    }  # fmt: skip
    phases = [Phase(place.size / WARP, near=6, cycles=WAITS * _TARGET) for place in places]
    return given.work(elements, phases, _TARGET * n / WARP)


def advanced_spines(given: Given) -> Work:
    """Return the work of `advance_spines`: each synapse once, in whole rows."""
    layout = given.layout
    bundles = spine_bundles(layout)
    n, segments = sum(bundle.expected for bundle in bundles), sum(bundle.segments for bundle in bundles)
    weight = layout.numbers.weight_dtype.itemsize
    changed = run_of(n, segments, weight)
    late = sum(run_of(b.expected * b.timing.late_bits / 8, b.segments, 1) for b in bundles if b.timing.late_bits)
    means = sum(bundle.rows * bundle.slices * (_late_steps(bundle) + 1) for bundle in bundles)
    elements: Elements = {
        "clock": (1, 0), "routes": (given.counts["routes"], 0), "spines": (given.counts["routes"], 0),
        "segment_begin": (2 * segments, 0), "segment_sizes": (0, 0), "targets": (n, 0), "late": (late, 0),
        "weights": (changed, changed), "gate_means": (means, 0), "influx": (n, 0),
        "coef": (segments * count(SpineCoefficients), 0), "Ca": (n, n), "rest_of": (n, n),
    }  # fmt: skip
    phases = [Phase(1, near=2)]
    passes = 0.0
    for bundle in bundles:
        pieces = bundle.segments * bundle.parts
        each = ceil(bundle.expected / max(pieces, 1) / WARP)
        passes += each * pieces
        phases.append(Phase(pieces, near=3, far=2 * each, cycles=WAITS * (_SEGMENT + _PASS * each) / 4))
    return given.work(elements, phases, _SEGMENT * segments + _PASS * passes, scattered=n, gathered="influx")


def _late_steps(bundle: Bundle) -> int:
    """Return by how many steps the latest synapses of a bundle are late, of all blocks."""
    return bundle.timing.width * bundle.timing.blocks - 1
