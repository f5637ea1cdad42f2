"""What a plan says about learning."""

from __future__ import annotations

from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Bundle
from gpusyn.builder.plasticity.calcium import calcium_of, is_noisy
from gpusyn.builder.plasticity.learning import learned_bundles
from gpusyn.builder.plasticity.modulators import is_modulated
from gpusyn.builder.plasticity.scaling import scaled_bundles, scaled_every
from gpusyn.builder.plasticity.spines import SpineTables, spine_bundles
from gpusyn.builder.plasticity.trains import TrainTables, rule_of, scaling_of
from gpusyn.utils.memory import size_text


def learning_rows(layout: Layout) -> list[tuple[str, str]]:
    """Return how many synapses learn by each rule, how, and what that takes."""
    kinds: dict[str, list[Bundle]] = {}
    for bundle in learned_bundles(layout):
        kinds.setdefault(type(rule_of(bundle)).__name__, []).append(bundle)
    rows = [(f"learning by {name}", _text(bundles, layout)) for name, bundles in kinds.items()]
    spines = spine_bundles(layout)
    rows += [("learning by NMDAPlasticity", _spines_text(spines, layout))] if spines else []
    rows += [("homeostatic scaling", _scaling(bundle, layout)) for bundle in scaled_bundles(layout)]
    return [*rows, ("spikes to learn from", _trains(layout))] if rows else []


def _scaling(bundle: Bundle, layout: Layout) -> str:
    pathway, rule = bundle.pathways[0], scaling_of(bundle)
    assert rule is not None
    every = scaled_every(bundle, layout) * layout.dt
    return (
        f"{bundle.expected:.6g} weights of {pathway.projection.name}.{bundle.learns} are multiplied by one factor for "
        f"each target every {every:g} ms, which holds {rule.rate:g} Hz; {layout.numbers.weight_dtype.itemsize} bytes "
        "for the weight of a synapse, no more than a static one of its own"
    )


def _of_what(bundles: list[Bundle]) -> str:
    """Return how many synapses learn, and of which projections."""
    synapses = sum(bundle.expected for bundle in bundles)
    projections = list(dict.fromkeys(f"{b.pathways[0].projection.name}.{b.learns}" for b in bundles))
    more = f" and {len(projections) - 1} more" if len(projections) > 1 else ""
    return f"{synapses:.6g} synapses of {projections[0]}{more}"


def _spines_text(bundles: list[Bundle], layout: Layout) -> str:
    real, weight = layout.numbers.real_dtype.itemsize, layout.numbers.weight_dtype.itemsize
    means = SpineTables(layout, TrainTables(layout)).extents()["gate means"] * real
    return (
        f"{_of_what(bundles)}, whose calcium and weights are advanced in every step, second order in dt; "
        f"{weight + 2 * real} bytes for the weight of a synapse, its calcium, and what its weight has below its unit; "
        f"{size_text(means)} for the gates of the sources in the steps of the longest delay"
    )


def _text(bundles: list[Bundle], layout: Layout) -> str:
    return (
        f"{_of_what(bundles)}, each visited when a spike of its source reaches it, {_how(bundles[0])}; "
        f"{layout.numbers.weight_dtype.itemsize} bytes for the weight of a synapse, no more than a static one of its "
        f"own{_kept(bundles, layout)}"
    )


def _how(bundle: Bundle) -> str:
    """Return what is done in a visit, and whether it is exact."""
    if calcium_of(bundle) is None:
        return "which is exact: the spikes of its target since the last visit come first, in their order"
    return (
        "and then taken from event to event: times of calcium above thresholds are exact, what it does meanwhile is of "
        "second order"
    )


def _kept(bundles: list[Bundle], layout: Layout) -> str:
    """Return what else is kept of a synapse."""
    numbers = layout.numbers
    if is_modulated(bundles[0]):
        return f", and {numbers.real_dtype.itemsize} for its eligibility"
    if any(map(is_noisy, bundles)):
        return f", and with noise {numbers.weight_dtype.itemsize} for what its bounds cut off and 4 for its number"
    return ""


def _trains(layout: Layout) -> str:
    sets = TrainTables(layout).sets
    depths = " to ".join(str(n) for n in sorted({min(s.depth for s in sets), max(s.depth for s in sets)}))
    visits = "; before one is lost, all synapses are visited" if learned_bundles(layout) else ""
    n = sum(s.size for s in sets)
    return f"{size_text(trains_bytes(layout))} for the last {depths} of {n} neurons and sources{visits}"


def trains_bytes(layout: Layout) -> int:
    """Return the bytes of the last spikes of the neurons and sources whose synapses learn."""
    tables = TrainTables(layout)
    return 8 * (tables.spikes + tables.sources) + tables.values * layout.numbers.real_dtype.itemsize
