"""The work of `advance_neurons`, `advance_poisson`, `advance_renewals` and `advance_lists` in one step."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any, NamedTuple

from gpusyn.builder.gpu.work import WAITS, Elements, Given, Phase, Work
from gpusyn.builder.inputs.poisson import is_apart, own_rates
from gpusyn.builder.layout import Layout
from gpusyn.builder.neuron_tables import sample_steps
from gpusyn.builder.places import Group
from gpusyn.equations.renewals import RenewalCoefficients
from gpusyn.kernels.occupancy import WARP
from gpusyn.kernels.records import CHUNK
from gpusyn.neurons.sources import RENEWALS
from gpusyn.parameters.noise import Noise

_NEURON, _RECEPTOR, _EXPM1 = 90, 40, 45  # instructions of a neuron, of each receptor, and of a conductance's step
_DENDRITE = 2 * (_EXPM1 + 15)  # of a dendrite, which takes half a step twice
PHILOX, _FOUR_LIMITS, _DRIVE = 130, 22, 30  # of a call for four elements, of four limits, of a drive
_EXP, _TERM = 60, 40  # of an exponential in double precision, and of each limit: a division, and a sum
_PASSES, _INTERVAL = 25, 2 * PHILOX + 400  # of a source without a spike, and of an interval that is drawn
_CHAIN = 0.4  # part of a neuron's instructions that wait for one another


class _Drawn(NamedTuple):
    """Poisson counts of the neurons, or sources, of one population: their rate, mean count of a step and weight."""

    rate: Any
    mean: float
    size: int
    weight: Any = 0.0

    @property
    def chunks(self) -> int:
        """Chunks of the population."""
        return _chunks(self.size)

    @property
    def fours(self) -> int:
        """How often four limits are compared with the words of a chunk: until nobody's count can be larger."""
        return ceil((self.mean + 3.0 * sqrt(self.mean) + 1.0) / 4.0)

    @property
    def limits_read(self) -> float:
        """Words of limits that are read: those of each neuron, or the same for each chunk."""
        return 4 * self.fours * (self.size if is_apart(self.rate) else self.chunks)

    @property
    def weights_read(self) -> int:
        """Weights that are read: those of each neuron, or the same for each chunk."""
        return self.chunks if isinstance(self.weight, int | float) else self.size

    @property
    def instructions(self) -> float:
        """Instructions of warps that draw the counts."""
        return self.size / WARP * (PHILOX / 4 + _FOUR_LIMITS * self.fours + _DRIVE)


def neurons(given: Given) -> Work:
    """Return the work of `advance_neurons`."""
    layout, counts, g = given.layout, given.counts, given.group
    assert g is not None
    group, n = layout.groups[g], counts["neurons"]
    names = {place.population.name for place in group.members}
    drives = [
        _Drawn(drive.rate, drive.rate_max * layout.dt * 1e-3, part.population.size, drive.weight)
        for drive in layout.net.drives.values() for part in drive.target.parts if part.population.name in names
    ]  # fmt: skip
    spikes = sum(given.activity.spikes[name] for name in names)
    receptors = group.signature.receptors
    each = _NEURON + _RECEPTOR * len(receptors) + (_EXPM1 if receptors else 0)
    each += _DENDRITE * group.signature.dendrites + _RECEPTOR * sum(r.compartment > 0 for r in receptors)
    drawn = sum(drive.instructions for drive in drives)
    cycles = WAITS * (_CHAIN * each + (PHILOX if drives else 0)) + WAITS * drawn * WARP / max(n, 1)
    near = 4 + (2 if spikes else 0) + len(drives) / max(len(group.members), 1)
    elements = _cells(given, group, n) | _events(given, spikes) | {
        "drives": (sum(drive.chunks for drive in drives), 0),
        "drive_limits": (sum(drive.limits_read for drive in drives), 0),
        "drive_weight": (sum(drive.weights_read for drive in drives), 0),
        "probes": (counts["probes"], 0),
        "trace": (0, _samples(layout, names)),
        "fault": (0, 0),
    }  # fmt: skip
    phase = Phase(counts["chunks"], near=near, cycles=cycles)
    return given.work(elements, [phase], each * n / WARP + drawn, atomics=spikes)


def _cells(given: Given, group: Group, n: int) -> Elements:
    """Return what is read and written of the arrays of neurons, and of what changes in time."""
    counts, layout, compartments = given.counts, given.layout, group.signature.compartments
    waved = sum(place.size for place in group.members if _has_waves(layout, place.population.name)) * compartments
    due = _sums(group)
    return {
        "chunks": (counts["chunks"], 0),
        "V": (compartments * n,) * 2,
        "refractory": (n, n),
        "membrane": (counts["own states"] * n,) * 2,
        "gates": (counts["gate states"] * n,) * 2,
        "synaptic": (counts["synaptic sums"] * n, 0),
        "coef": (counts["coefficients"] * counts["coefficient rows"], 0),
        "current": (compartments * n, 0),
        "current_wave": (waved, 0),
        "clamp_wave": (waved, 0),
        "waves": (counts["waves"], 0),
        "bath": (counts["baths"] if waved else 0, 0),
        "bath_kinetics": (counts["bath width"] if waved else 0, 0),
        "ring": (due, due),
        "rings": (counts["chunks"] * group.signature.n_inputs, 0),
    }


def _events(given: Given, spikes: float) -> Elements:
    """Return what is read and written to append spikes to their list."""
    remembered = spikes if given.counts["remembered ids"] > 1 else 0.0
    return {
        "clock": (1, 1), "spike_total": (1, 1), "spike_id": (0, spikes), "spike_events": (0, spikes),
        "event_step": (0, remembered), "event_count": (0, remembered),
    }  # fmt: skip


def _samples(layout: Layout, names: set[str]) -> float:
    """Return the samples that trace recorders take of some populations in one step, on average."""
    samples = 0.0
    for r in layout.probing:
        neurons = sum(part.size for part in r.source.parts if part.population.name in names)
        samples += neurons * len(r.variables) / sample_steps(r, layout.dt)
    return samples


def _has_waves(layout: Layout, population: str) -> bool:
    """Return True if current, voltage or receptors of a population may change in time."""
    currents = [one for one in layout.net.injections.values() if not isinstance(one.current, Noise)]
    given = [*currents, *layout.net.clamps.values()]
    named = any(part.population.name == population for one in given for part in one.target.parts)
    return named or bool(layout.net.infusions)


def _sums(group: Group) -> float:
    """Return the sums of events that the neurons of a group read, and write, in a step; some are carried on."""
    kept = sum(r.kinetics.startswith(("Pulsed", "Followed")) for r in group.signature.receptors)
    return (group.signature.n_inputs + kept) * group.size


def _chunks(n: int) -> int:
    return -(-n // CHUNK)


def poisson_sources(given: Given) -> Work:
    """Return the work of `advance_poisson`."""
    layout, chunks = given.layout, given.counts["chunks"]
    places = layout.sources("advance_poisson")
    models: list[Any] = [place.population.model for place in places]
    drawn = [
        _Drawn(model.rate, model.rate_bound * layout.dt * 1e-3, place.size)
        for place, model in zip(places, models, strict=True)
    ]
    spikes = sum(given.activity.spikes[place.population.name] for place in places)
    elements = _events(given, spikes) | {
        "chunks": (chunks, 0), "drives": (chunks, 0), "drive_limits": (sum(d.limits_read for d in drawn), 0),
    }  # fmt: skip
    phase = Phase(chunks, near=6, cycles=WAITS * (PHILOX + _FOUR_LIMITS))
    return given.work(elements, [phase], sum(d.instructions for d in drawn), atomics=spikes)


def found_limits(given: Given) -> Work:
    """Return the work of `find_limits`, if all rates change in each step."""
    own = own_rates(given.layout)
    n, words = sum(one.size for one in own), sum(one.words for one in own)
    elements: Elements = {
        "clock": (1, 0), "sets": (len(own), 0), "means": (2 * n, 0), "drive_limits": (words, 2 * words),
    }  # fmt: skip
    phases = [Phase(one.size / WARP, near=2, cycles=WAITS * (_EXP + _TERM * one.words / one.size / 2)) for one in own]
    return given.work(elements, phases, (_EXP * n + _TERM * words / 2) / WARP)


def renewal_sources(given: Given) -> Work:
    """Return the work of `advance_renewals`."""
    layout, counts, names = given.layout, given.counts, [p.population.name for p in given.layout.sources(RENEWALS)]
    places = [layout.populations[name] for name in names]
    n, spikes = counts["renewing sources"], sum(given.activity.spikes[name] for name in names)
    rates: list[Any] = [place.population.model.rate for place in places]
    advances = sum(
        place.size if is_apart(rate) else _chunks(place.size) for place, rate in zip(places, rates, strict=True)
    )
    elements = _events(given, spikes) | {
        "chunks": (counts["chunks"], 0), "renewals": (counts["chunks"], 0), "advances": (advances, 0),
        "intervals": (len(RenewalCoefficients._fields) * spikes, 0), "waiting": (n, n),
    }  # fmt: skip
    # a warp draws while any of its sources has a spike
    drawing = n / WARP * (1.0 - (1.0 - min(spikes / max(n, 1), 1.0)) ** WARP)
    phase = Phase(counts["chunks"], near=7, cycles=WAITS * (_PASSES + _INTERVAL * min(spikes, 1.0)))
    return given.work(elements, [phase], n / WARP * _PASSES + drawing * _INTERVAL, atomics=spikes)


def listed_sources(given: Given) -> Work:
    """Return the work of `advance_lists`."""
    spikes = sum(given.activity.spikes[place.population.name] for place in given.layout.sources("advance_lists"))
    elements = _events(given, spikes) | {
        "listed_begin": (2, 0), "listed_id": (spikes, 0), "listed_events": (spikes, 0),
    }  # fmt: skip
    return given.work(elements, [Phase(spikes / WARP, near=4)], 20 * (1 + spikes / WARP), atomics=spikes)
