"""What a plan says about methods, rounding and memory: one row for each kind, the largest first.

With `details`, every projection, population and part of the memory has a row of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gpusyn.builder.fixed_point import Quantum
from gpusyn.builder.gating.strategy import SYNAPSE
from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Bundle, Pathway
from gpusyn.builder.plasticity.releases import SHARED_REASON, release_signature, releases_of, shared_short_term
from gpusyn.builder.plasticity.synapse_releases import release_reason
from gpusyn.builder.specs import procedural_bytes, released_bytes
from gpusyn.network.plasticity import releases_one_by_one
from gpusyn.receptors import Receptor
from gpusyn.utils.memory import size_text

Row = tuple[str, str]  # a heading and a text
MOST = 6  # rows of one kind of thing


class _Delivery(NamedTuple):
    """A pathway onto one receptor."""

    pathway: Pathway
    receptor: Receptor
    how: str

    @property
    def kind(self) -> tuple[str, str, str]:
        """What is told in one row."""
        return self.receptor.name, type(self.receptor.kinetics).__name__, self.how


def method_rows(layout: Layout, details: bool) -> list[Row]:
    """Return where the gates of each receptor are, with the reason, and how many synapses that concerns."""
    kinds: dict[object, list[_Delivery]] = {}
    for number, delivery in enumerate(_deliveries(layout)):
        kinds.setdefault(number if details else delivery.kind, []).append(delivery)
    by_size = sorted(kinds.values(), key=_synapses, reverse=True)
    shown = by_size if details else by_size[:MOST]
    rows = [(_heading(found), f"{found[0].how}; {_synapses(found):.6g} synapses") for found in shown]
    if rest := by_size[len(shown) :]:
        rows.append((f"{len(rest)} more kinds of receptor", f"{sum(map(_synapses, rest)):.6g} synapses"))
    return rows


def _deliveries(layout: Layout) -> list[_Delivery]:
    found = []
    for pathway in layout.pathways:
        for k, receptor in sorted(pathway.receptors(False) + pathway.receptors(True)):
            strategy = pathway.post.strategies[k]
            how = strategy.reason
            if shared_short_term(pathway.projection) is not None:
                how += f"; {SHARED_REASON}"
            if pathway.shared and strategy.owner != SYNAPSE:
                how += "; all to all with one weight and one delay: the targets share one sum"
            if releases_one_by_one(pathway.projection):
                how += f"; {release_reason(pathway.projection)}"
            found.append(_Delivery(pathway, receptor, how))
    return found


def _synapses(found: Sequence[_Delivery]) -> float:
    return sum(delivery.pathway.expected for delivery in found)


def _heading(found: Sequence[_Delivery]) -> str:
    projections = list(dict.fromkeys(delivery.pathway.projection.name for delivery in found))
    targets = list(dict.fromkeys(delivery.pathway.post.population.name for delivery in found))
    name, kinetics, _ = found[0].kind
    who = projections[0] if len(projections) == 1 else f"{len(projections)} projections"
    onto = f"{targets[0]}.{name}" if len(targets) == 1 else f"{name} of {len(targets)} populations"
    return f"{who} onto {onto} ({kinetics})"


def delivery_rows(layout: Layout) -> list[Row]:
    """Return when the synapses of spikes are delivered, and how many synapses that concerns."""
    kinds: dict[str, list[Bundle]] = {}
    for bundle in layout.bundles:
        if not bundle.taken_back:
            kinds.setdefault(_delivered(bundle), []).append(bundle)
    rows = _procedural_rows(layout)
    for how, bundles in kinds.items():
        synapses = sum(bundle.expected for bundle in bundles)
        segments = sum(bundle.segments for bundle in bundles)
        each = "" if bundles[0].shared else f", {synapses / max(segments, 1):.3g} in each segment on average"
        if bundles[0].one_by_one:
            beside = sum(released_bytes(bundle, layout) for bundle in bundles) / max(synapses, 1)
            each += f"; {beside:.3g} bytes a synapse beside its row"
        rows.append(
            (f"delivery {how}", f"{synapses:.6g} synapses in {len(bundles)} set{'s'[: len(bundles) > 1]} of rows{each}")
        )
    return rows


def _procedural_rows(layout: Layout) -> list[Row]:
    """Return how many synapses are not stored."""
    if not layout.procedural:
        return []
    synapses = sum(bundle.expected for bundle in layout.procedural)
    names = dict.fromkeys(bundle.pathways[0].projection.name for bundle in layout.procedural)
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    each = synapses / max(sum(bundle.rows for bundle in layout.procedural), 1)
    kept = size_text(sum(procedural_bytes(bundle, layout) for bundle in layout.procedural))
    text = f"{synapses:.6g} synapses of {next(iter(names))}{more}: nothing stored, rows drawn at each spike"
    return [("procedural", f"{text}, {each:.3g} in each on average, as storage= asks; {kept} are kept of sources")]


def release_rows(layout: Layout) -> list[Row]:
    """Return how many sources keep the state of short-term plasticity, and what that takes."""
    found = releases_of(layout)
    if not found:
        return []
    sources, real = sum(one.size for one in found), layout.numbers.real_dtype.itemsize
    names = dict.fromkeys(one.projection.name for one in found)
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    active = release_signature(layout) is not None
    states, each = ("u, x and y", 3 * real + 8) if active else ("u and x", 2 * real + 8)
    slots = max(one.slot for one in found) + 1
    return [
        (
            "short-term plasticity",
            f"{states} of {sources} sources of {next(iter(names))}{more}, {size_text(sources * each)}, and "
            f"{slots * real} B more for each spike in the list of spikes",
        )
    ]


def _delivered(bundle: Bundle) -> str:
    timing = bundle.timing
    if bundle.shared:
        return "to shared sums"
    if bundle.one_by_one:
        return "when the event occurs, each synapse releasing by itself"
    if timing.at_once:
        return "when the event occurs"
    return "when due" if timing.width == 1 else "into rings of sums for the coming steps"


def quantum_rows(layout: Layout, details: bool) -> list[Row]:
    """Return the quanta of the sums of each receptor, the error of rounding weights to them, and how deep rings are."""
    kinds: dict[tuple[str, str, str], list[tuple[str, Quantum, int]]] = {}
    for population, place in layout.populations.items():
        for receptor, sums in zip(place.population.receptors, place.sums, strict=True):
            if sums.quantum.inputs:
                kind = receptor.name, receptor.weight_unit, population if details else ""
                kinds.setdefault(kind, []).append((population, sums.quantum, sums.ring.slots))
    rows = []
    for (name, unit, _), found in kinds.items():
        exponents = sorted({quantum.exponent for _, quantum, _ in found})
        powers = " to ".join(f"2^{e}" for e in dict.fromkeys((exponents[0], exponents[-1])))
        error, slots = max(quantum.error for _, quantum, _ in found), max(slots for _, _, slots in found)
        of = f"{found[0][0]}.{name}" if len(found) == 1 else f"{name} in {len(found)} populations"
        rounding = f"rounding at most {error:.1e} of the mean weight"
        held = f"ring of {slots} steps" if slots > 1 else "sums of one step"
        rows.append((f"quantum of {of}", f"{powers} {unit}, {rounding}, {held}"))
    return rows if details or len(rows) <= MOST else [*rows[:MOST], ("more quanta", f"of {len(rows) - MOST} receptors")]


def memory_text(parts: Mapping[str, int], details: bool) -> str:
    """Return a line for each part of the memory, the largest first; many projections have one line together."""
    kept = dict(parts)
    projections = sorted((part for part in parts if part.startswith("synapses ")), key=lambda part: -parts[part])
    if not details and len(projections) > MOST:
        largest = f"{projections[0].removeprefix('synapses ')} {size_text(parts[projections[0]])}"
        total = sum(kept.pop(part) for part in projections)
        kept[f"synapses of {len(projections)} projections, the largest {largest}"] = total
    return "\n".join(f"{size_text(n):>12}  {part}" for part, n in sorted(kept.items(), key=lambda part: -part[1]))


def recording_rows(recordings: Mapping[str, int], layout: Layout) -> list[Row]:
    """Return what recordings in memory take."""
    if not recordings:
        return []
    by_size = sorted(recordings, key=lambda name: -recordings[name])
    endless = any(layout.net.recorders[name].stop is None for name in recordings)
    text = size_text(sum(recordings.values())) + (" in the first second" if endless else "")
    largest = ", ".join(f"{name} {size_text(recordings[name])}" for name in by_size[:MOST])
    return [("recordings in memory", f"{text}: {largest}{', ...' if len(by_size) > MOST else ''}")]


def lost_text(lost: Mapping[str, int], details: bool) -> str:
    """Return how many weights round to 0, and in which projections."""
    by_number = sorted(lost.items(), key=lambda one: -one[1])
    shown = by_number if details else by_number[:MOST]
    more = f", and in {len(by_number) - len(shown)} more projections" if len(shown) < len(by_number) else ""
    return f"{sum(lost.values())}" + "".join(f", {name} {n}" for name, n in shown) + more
