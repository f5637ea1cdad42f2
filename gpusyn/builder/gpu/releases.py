"""The work of `advance_releases` in one step."""

from __future__ import annotations

from gpusyn.builder.gpu.work import WAITS, Given, Phase, Work
from gpusyn.builder.plasticity.releases import release_signature, releases_of
from gpusyn.kernels.occupancy import WARP

# Instructions of a spike, of the state of its source with two exponentials, and of one with a y: two more.
_SPIKE, _RELEASE, _ACTIVE = 40, 90, 80


def releases(given: Given) -> Work:
    """Return the work of `advance_releases`."""
    layout, activity, counts = given.layout, given.activity, given.counts
    spikes, moved = activity.all_spikes, 0.0
    for one in releases_of(layout):
        moved += activity.spikes[one.place.population.name] * one.size / max(one.place.size, 1)
    active = release_signature(layout) is not None
    y, each = moved * active, _RELEASE + _ACTIVE * active
    elements = {
        "clock": (1, 0), "spike_total": (1, 0), "spike_begin": (1, 0), "spike_id": (2 * spikes, 0),
        "spike_events": (moved, 0), "spike_release": (0, moved), "source_population": (spikes, 0),
        "set_begin": (2 * spikes, 0), "sets": (counts["release sets"], 0), "coef": (counts["coefficients"], 0),
        "u": (moved, moved), "x": (moved, moved), "y": (y, y), "last_step": (moved, moved),
    }  # fmt: skip
    phases = [Phase(1, near=2), Phase(spikes / WARP, near=6, cycles=WAITS * each)]
    return given.work(elements, phases, (_SPIKE * spikes + each * moved) / WARP)
