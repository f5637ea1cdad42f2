"""The work of `advance_neurons`, `advance_poisson` and `advance_lists` in one step."""

from __future__ import annotations

from math import ceil, sqrt

from gpusyn.builder.gpu.work import WAITS, Elements, Given, Phase, Work
from gpusyn.builder.layout import Layout
from gpusyn.builder.neuron_tables import sample_steps
from gpusyn.kernels.occupancy import WARP
from gpusyn.kernels.records import CHUNK
from gpusyn.neurons.sources import PoissonSource
from gpusyn.parameters.waveform import Waveform

_NEURON, _RECEPTOR, _EXPM1 = 90, 40, 45  # instructions of a neuron, of each receptor, and of a conductance's step
_PHILOX, _FOUR_LIMITS, _DRIVE = 130, 22, 30  # of a call for four elements, of four limits, of a drive
_CHAIN = 0.4  # part of a neuron's instructions that wait for one another


def neurons(given: Given) -> Work:
    """Return the work of `advance_neurons`."""
    layout, counts, g = given.layout, given.counts, given.group
    assert g is not None
    group, n, chunks = layout.groups[g], counts["neurons"], counts["chunks"]
    names = {place.population.name for place in group.members}
    spikes = sum(given.activity.spikes[name] for name in names)
    remembered = spikes if counts["remembered ids"] > 1 else 0.0
    waved = sum(place.size for place in group.members if _has_waves(layout, place.population.name))
    due = _input_elements(layout, g)
    drives = [
        (drive.rate, drive.rate_max * layout.dt * 1e-3, layout.populations[part.population.name].size, drive.weight)
        for drive in layout.net.drives.values() for part in drive.target.parts if part.population.name in names
    ]  # fmt: skip
    limits = [_limits_read(rate, mean, size) for rate, mean, size, _ in drives]
    weights = sum(_chunks(size) if isinstance(weight, int | float) else size for _, _, size, weight in drives)
    samples = sum(
        part.size * len(r.variables) / sample_steps(r, layout.dt)
        for r in layout.net.recorders.values() if not r.is_spikes
        for part in r.source.parts if part.population.name in names
    )  # fmt: skip
    each = _NEURON + _RECEPTOR * len(group.signature.receptors) + (_EXPM1 if group.signature.receptors else 0)
    drawn = sum(_drawing(mean, size) for _, mean, size, _ in drives)
    own = each * n / WARP
    elements: Elements = {
        "clock": (1, 1),
        "chunks": (chunks, 0),
        "V": (n, n),
        "refractory": (n, n),
        "membrane": (counts["own states"] * n,) * 2,
        "gates": (counts["gate states"] * n,) * 2,
        "synaptic": (counts["synaptic sums"] * n, 0),
        "coef": (counts["coefficients"] * counts["coefficient rows"], 0),
        "current": (n, 0),
        "current_wave": (waved, 0),
        "clamp_wave": (waved, 0),
        "waves": (counts["waves"], 0),
        "bath": (counts["baths"] if waved else 0, 0),
        "bath_kinetics": (counts["bath width"] if waved else 0, 0),
        "ring": (due, due),
        "rings": (chunks * group.signature.n_inputs, 0),
        "drives": (sum(_chunks(size) for _, _, size, _ in drives), 0),
        "drive_limits": (sum(limits), 0),
        "drive_weight": (weights, 0),
        "spike_total": (1, 1),
        "spike_id": (0, spikes),
        "spike_events": (0, spikes),
        "event_step": (0, remembered),
        "event_count": (0, remembered),
        "probes": (counts["probes"], 0),
        "trace": (0, samples),
        "fault": (0, 0),
    }
    serial = WAITS * (_CHAIN * each + (_PHILOX if drives else 0)) + 4 * drawn * WARP / max(n, 1)
    phase = Phase(chunks, near=4 + (2 if spikes else 0) + len(drives) / max(len(group.members), 1), cycles=serial)
    return given.work(elements, [phase], own + drawn, atomics=spikes)


def _has_waves(layout: Layout, population: str) -> bool:
    """Return True if current, voltage or receptors of a population may change in time."""
    given = [*layout.net.injections.values(), *layout.net.clamps.values()]
    named = any(part.population.name == population for one in given for part in one.target.parts)
    return named or bool(layout.net.infusions)


def _input_elements(layout: Layout, g: int) -> float:
    """Return the sums of events that the neurons of a group read, and write, in a step; some are carried on."""
    group = layout.groups[g]
    kept = sum(r.kinetics.startswith(("Pulsed", "Followed")) for r in group.signature.receptors)
    return (group.signature.n_inputs + kept) * group.size


def _chunks(n: int) -> int:
    return -(-n // CHUNK)


def _fours(mean: float) -> int:
    """Return how often four limits are compared with the words of a chunk: until nobody's count can be larger."""
    return ceil((mean + 3.0 * sqrt(mean) + 1.0) / 4.0)


def _limits_read(rate: object, mean: float, size: int) -> float:
    """Return the words of limits that a population reads: those of each neuron, or the same for each chunk."""
    own = hasattr(rate, "__len__") and not isinstance(rate, Waveform)
    return 4 * _fours(mean) * (size if own else _chunks(size))


def _drawing(mean: float, size: int) -> float:
    """Return the instructions of warps that draw the Poisson counts of a population."""
    return size / WARP * (_PHILOX / 4 + _FOUR_LIMITS * _fours(mean) + _DRIVE)


def poisson_sources(given: Given) -> Work:
    """Return the work of `advance_poisson`."""
    layout, chunks = given.layout, given.counts["chunks"]
    sources = [(place, place.population.model) for place in layout.sources("advance_poisson")]
    assert all(isinstance(model, PoissonSource) for _, model in sources)
    spikes = sum(given.activity.spikes[place.population.name] for place, _ in sources)
    remembered = spikes if given.counts["remembered ids"] > 1 else 0.0
    means = [(place.size, model.rate, model.rate_bound * layout.dt * 1e-3) for place, model in sources]
    elements: Elements = {
        "clock": (1, 1), "chunks": (chunks, 0), "drives": (chunks, 0),
        "drive_limits": (sum(_limits_read(rate, mean, size) for size, rate, mean in means), 0),
        "spike_total": (1, 1), "spike_id": (0, spikes), "spike_events": (0, spikes),
        "event_step": (0, remembered), "event_count": (0, remembered),
    }  # fmt: skip
    instructions = sum(_drawing(mean, size) for size, _, mean in means)
    cycles = WAITS * (_PHILOX + _FOUR_LIMITS)
    return given.work(elements, [Phase(chunks, near=6, cycles=cycles)], instructions, atomics=spikes)


def listed_sources(given: Given) -> Work:
    """Return the work of `advance_lists`."""
    layout = given.layout
    spikes = sum(given.activity.spikes[place.population.name] for place in layout.sources("advance_lists"))
    remembered = spikes if given.counts["remembered ids"] > 1 else 0.0
    elements: Elements = {
        "clock": (1, 1), "listed_begin": (2, 0), "listed_id": (spikes, 0), "listed_events": (spikes, 0),
        "spike_total": (1, 1), "spike_id": (0, spikes), "spike_events": (0, spikes),
        "event_step": (0, remembered), "event_count": (0, remembered),
    }  # fmt: skip
    return given.work(elements, [Phase(spikes / WARP, near=4)], 20 * (1 + spikes / WARP), atomics=spikes)
