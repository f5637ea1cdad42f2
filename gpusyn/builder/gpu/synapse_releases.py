"""The work of `begin_releases` and `deliver_releases` in one step."""

from __future__ import annotations

from math import ceil

from gpusyn.builder.gpu.activity import Stream
from gpusyn.builder.gpu.delivery import UNIT, adding, phases_of, rows_of, run_of
from gpusyn.builder.gpu.work import WAITS, Given, Phase, Work
from gpusyn.builder.plasticity.synapse_releases import ReleaseForm, release_form, releasing
from gpusyn.builder.specs import most_units
from gpusyn.kernels.occupancy import WARP
from gpusyn.network.plasticity import release_of
from gpusyn.network.projections import Projection

_BEGUN, _SPIKE = 90, 30  # instructions of a source that spikes, and of a spike that is looked at for one set
# Instructions of a synapse: its parameters and state without sites, an exponential of its own, four random words, a
# site, the size of a quantum, and what it adds to the sums of one receptor.
_STATE, _EXPONENTIAL, _WORDS, _SITE, _SIZE, _ADD = 40, 25, 90, 8, 220, 14
_KNOWN = 3  # numbers of a source


def begun_releases(given: Given) -> Work:
    """Return the work of `begin_releases`."""
    activity, counts = given.activity, given.counts
    spikes, begun = activity.all_spikes, sum(s.senders for s in _streams(given))
    looked = spikes * counts["sets"]
    elements = {
        "clock": (1, 0), "spike_total": (1, 0), "spike_begin": (1, 0), "spike_id": (looked, 0),
        "spike_events": (begun, 0), "sets": (counts["sets"], 0), "coef": (counts["coefficients"], 0),
        "last_use": (begun, begun), "used": (begun, begun), "rested": (0, _KNOWN * begun),
    }  # fmt: skip
    phases = [Phase(1, near=2), Phase(spikes / WARP, near=4, cycles=WAITS * _BEGUN, times=counts["sets"])]
    return given.work(elements, phases, (_SPIKE * looked + _BEGUN * begun) / WARP)


def synapse_releases(given: Given) -> Work:
    """Return the work of `deliver_releases`; a row is passed once for all receptors."""
    layout, counts, activity = given.layout, given.counts, given.activity
    streams, spikes = _streams(given), activity.all_spikes
    units = spikes * most_units(layout, given.kernel)
    forms = [(s, release_form(s.bundle.pathways[0].projection)) for s in streams]
    weighted = [activity.stream(bundle, name) for bundle in releasing(layout) for name in bundle.receptors]
    ringed = sum(s.events for s in weighted)

    def kept(size: int, number: float, s: Stream) -> float:
        return number * run_of(s.events, s.filled, size)

    real = layout.numbers.real_dtype.itemsize
    u, x, y, full = (sum(kept(size, getattr(form, name), s) for s, form in forms)
                     for name, size in (("u", real), ("x", real), ("y", real), ("full", 1)))  # fmt: skip
    elements = rows_of(given, streams, spikes) | {
        "weights": rows_of(given, weighted, spikes)["weights"],
        "clock": (1, 0), "spike_total": (1, 0), "spike_begin": (1, 0), "spike_id": (spikes, 0),
        "spike_events": (spikes, 0), "releases": (counts["routes"], 0), "receptors": (counts["releasing receptors"], 0),
        "rested": (_KNOWN * sum(s.segments for s in streams), 0), "coef": (counts["coefficients"], 0),
        "keys": (2 * counts["releasing rows"], 0), "number": (sum(kept(4, form.numbered, s) for s, form in forms), 0),
        "own": (sum(kept(real, len(form.own), s) for s, form in forms), 0),
        "u": (u, u), "x": (x, x), "y": (y, y), "full": (full, full), "ring": (ringed, ringed),
    }  # fmt: skip
    each = sum(s.events * _instructions(s.bundle.pathways[0].projection, form) for s, form in forms) / WARP
    longest = max((_instructions(s.bundle.pathways[0].projection, form) for s, form in forms), default=0.0)
    filled = sum(s.filled * s.bundle.parts for s in streams)
    more = [Phase(filled, far=1, cycles=WAITS * longest)] if filled else []
    instructions = UNIT * units + adding(streams) + each + _ADD * ringed / WARP
    return given.work(elements, [Phase(1, near=2), *phases_of(streams, units), *more], instructions, atomics=ringed)


def _streams(given: Given) -> list[Stream]:
    """Return what happens along each set of rows, once for all receptors."""
    return [given.activity.stream(bundle, bundle.receptors[0]) for bundle in releasing(given.layout)]


def _instructions(projection: Projection, form: ReleaseForm) -> float:
    """Return the instructions of what one synapse releases at an event."""
    own = _STATE + _EXPONENTIAL * (form.u + ("tau_rec" in form.own) + 3 * form.y)  # of y and of what it holds back
    release = release_of(projection.plasticity)
    if release is None:
        return own
    return own + _WORDS * ceil(release.n / 4) + _SITE * release.n + (_SIZE * release.n if release.cv > 0 else 0)
