"""The routes along which spikes teach: those of delivery, with the rule, the trains and the bounds of the weights."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from gpusyn.builder.bundles import stored_form
from gpusyn.builder.inputs.tables import InputTables
from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Bundle
from gpusyn.builder.plasticity.calcium import coefficients_of, is_noisy, lag_of, noise_key
from gpusyn.builder.plasticity.modulators import ModulatorTables, is_modulated
from gpusyn.builder.plasticity.scaling import ScalingTables, scaled_every
from gpusyn.builder.plasticity.spines import SPINES, SpineTables, has_spines
from gpusyn.builder.plasticity.trains import TrainTables, is_taught, keys_of, rule_of, scaling_of
from gpusyn.builder.rows.routes import in_units
from gpusyn.builder.rows.stored import Pool
from gpusyn.equations.coefficients import count
from gpusyn.equations.plasticity import LEARNING_RULES
from gpusyn.kernels.arrays import Extents, Owner, array_name
from gpusyn.kernels.records import Learning, Route, write_rows
from gpusyn.kernels.signature import rule_signature
from gpusyn.utils.typing import Array

LEARNING = "learn_weights"  # the kernel
ELIGIBILITY = array_name("eligibility", kernel=LEARNING)
SPINE_STATES = tuple(array_name(name, kernel=SPINES) for name in ("Ca", "rest_of"))


class LearningTables:
    """What the kernel of learning reads, of a layout.

    Attributes
    ----------
    settled : dict of Bundle to int
        Place of the step up to which the weights of each bundle have been settled by the host, or for a scaling.
    noisy : dict of Bundle to int
        Place of what is kept of the synapses of each bundle whose weights noise moves.
    kept : dict of Bundle to dict of str to int
        What is kept of each synapse of a bundle beside its weight: names of arrays, and where they begin in each.
    signature : RuleSignature
        The rules that the kernels know.
    spines : SpineTables
        What those read that learn from calcium.
    """

    def __init__(self, layout: Layout, inputs: InputTables, first_release: int, seed: int, trial: int) -> None:
        self._layout, self._trains, self._baths = layout, TrainTables(layout), inputs.bath.begin
        self._seed, self._trial = seed, trial
        self._modulators = ModulatorTables(layout, self._trains, inputs.modulator_column)
        self._scalings = ScalingTables(layout, self._trains)
        self.spines = SpineTables(layout, self._trains, first_release)
        self._eligible = 0
        self._number = Pool(np.uint32)
        self._lessons: list[tuple[int, Bundle, Route, Learning]] = []
        self._coef: list[float] = []
        self.settled: dict[Bundle, int] = {}
        self.noisy: dict[Bundle, int] = {}
        self.kept: dict[Bundle, dict[str, int]] = {}
        self.signature = rule_signature(rule_of(bundle).struct for bundle in learned_bundles(layout))
        self._numbers = {rule.name: number for number, rule in enumerate(self.signature.rules)}

    def add(self, bundle: Bundle, routes: list[Route], number: Array, synapses: int) -> None:
        """Add the routes of delivery to the receptor of a bundle whose weight changes: one for each block of delays.

        `number` are those of the synapses in the order of creation, if noise moves their weights.
        """
        limit = stored_limit(bundle, self._layout)
        self.kept[bundle] = {}
        if has_spines(bundle):
            self.spines.add(bundle, routes, synapses, limit)
            self.kept[bundle] |= dict.fromkeys(SPINE_STATES, self.spines.states[bundle])
        if is_taught(bundle):
            self._teach(bundle, routes, number, synapses, limit)
        if scaling_of(bundle) is not None:
            self._scalings.add(bundle, routes, limit, self.settled.get(bundle, -1))

    def _teach(self, bundle: Bundle, routes: list[Route], number: Array, synapses: int, limit: int) -> None:
        """Add the routes along which spikes change weights."""
        pathway, rule = bundle.pathways[0], rule_of(bundle)
        w_max = self._layout.weight_ranges[pathway.projection.name, str(bundle.learns)].largest
        pre, post = (self._trains.numbers[key] for key in keys_of(bundle))
        if is_noisy(bundle):
            self.noisy[bundle] = self._number.add(number)
        one = Learning(
            rule=self._numbers[rule.struct], coef=len(self._coef), pre=pre, post=post,
            offset=pathway.post.trained, dendritic=0, early=0, w_max=limit,
            settled=self.settled.setdefault(bundle, len(self.settled)),
            eligibility=self._eligible if is_modulated(bundle) else -1,
            modulator=self._modulators.numbers.get(id(rule), -1), scaled=scaled_every(bundle, self._layout),
            lag=lag_of(rule, self._layout.dt), noisy=self.noisy.get(bundle, -1),
        )  # fmt: skip
        self._coef += coefficients_of(rule, w_max, self._layout.dt)
        kept = self.kept[bundle]
        kept |= {ELIGIBILITY: self._eligible} if is_modulated(bundle) else {}
        kept |= {array_name("excess", kernel=LEARNING): self.noisy[bundle]} if bundle in self.noisy else {}
        self._eligible += synapses * is_modulated(bundle)
        sender = list(self._layout.populations).index(pathway.pre.population.name)
        first, end = (pathway.pre.source + place for place in bundle.pre_range)
        for route, way in zip(routes, bundle.timing.ways, strict=True):  # spikes teach, where gates send events, too
            taught = route._replace(source=first, source_end=end, age=way.age, payload=-1, payload_step=0, channels=1)
            lesson = one._replace(dendritic=way.dendritic, early=way.early)
            self._lessons.append((sender, bundle, taught, lesson))
        self._lessons.sort(key=lambda lesson: lesson[0])

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name; none if no weights change."""
        found = self._trains.arrays() | self._modulators.arrays() | self._lesson_arrays()
        return found | self.spines.arrays(self._baths) | self._scalings.arrays()

    def _lesson_arrays(self) -> dict[str, Array]:
        """Return the tables of what spikes teach; none if nothing learns."""
        if not self._lessons:
            return {}
        routes = in_units([(sender, route) for sender, _, route, _ in self._lessons])
        senders = np.bincount([sender for sender, _ in routes], minlength=_senders(self._layout))
        own = {
            "routes": write_rows([route for _, route in routes], Route),
            "route_begin": np.concatenate([[0], np.cumsum(senders)]).astype(np.int32),
            "ages": np.array(learning_ages(self._layout), np.int32),
            "learnings": write_rows([one for _, _, _, one in self._lessons], Learning),
            "coef": np.array(self._coef).astype(self._layout.numbers.real_dtype),
            "eligibility": np.zeros(self._eligible, self._layout.numbers.real_dtype),
            "number": self._number.join(),
            "excess": np.zeros(self._number.size, self._layout.numbers.weight_dtype),
            "keys": self.keys(self._trial),
        }
        return {array_name(name, kernel=LEARNING): array for name, array in own.items()}

    def keys(self, trial: int) -> Array:
        """Return the random key of the noise of each route in a trial."""
        found = [noise_key(bundle, self._seed, trial) for _, bundle, _, _ in self._lessons]
        return np.array(found, np.uint64).view(np.int64)


def stored_limit(bundle: Bundle, layout: Layout) -> int:
    """Return the largest weight of a bundle that learns, in the unit of stored weights."""
    pathway = bundle.pathways[0]
    k = next(k for k, r in enumerate(pathway.post.population.receptors) if r.name == bundle.learns)
    w_max = layout.weight_ranges[pathway.projection.name, str(bundle.learns)].largest
    stored = round(math.ldexp(w_max, -stored_form(pathway, k, layout).exponent))
    return min(stored, (1 << layout.learned_bits - 2) - 1)  # rounding reaches the next power of two


# ---- from a layout alone ----
def learned_bundles(layout: Layout) -> list[Bundle]:
    """Return the bundles whose weights spikes change."""
    return [bundle for bundle in layout.bundles if is_taught(bundle)]


def learning_ages(layout: Layout) -> list[int]:
    """Return the ages (steps) at which spikes teach, the smallest first."""
    return sorted({way.age for bundle in learned_bundles(layout) for way in bundle.timing.ways})


def learning_units(layout: Layout) -> Counter[str]:
    """Return the units of work for a spike of each population."""
    units: Counter[str] = Counter()
    for bundle in learned_bundles(layout):
        units[bundle.pathways[0].pre.population.name] += bundle.timing.blocks * bundle.slices * bundle.parts
    return units


def train_extents(layout: Layout) -> Extents:
    """Return the extents of the program's arrays that learning needs."""
    trains = TrainTables(layout)
    modulators = ModulatorTables(layout, trains).extents()[None, None]
    spines = SpineTables(layout, trains).extents()
    return trains.extents() | modulators | spines | {"learning pathways": len(learned_bundles(layout))}


def settle_mask(layout: Layout) -> int:
    """Return a number such that all synapses are settled in the steps that are a multiple of it + 1."""
    return ModulatorTables(layout, TrainTables(layout)).mask


def learning_extents(layout: Layout) -> dict[Owner, Extents]:
    """Return the extents of the arrays of the kernels of learning; none if nothing learns."""
    bundles, spines = learned_bundles(layout), SpineTables(layout, TrainTables(layout)).kernel_extents()
    if not bundles:
        return spines
    own: dict[Owner, Extents] = {
        (LEARNING, None): {
            "routes": sum(bundle.timing.blocks for bundle in bundles),
            "route bounds": _senders(layout) + 1,
            "ages": len(learning_ages(layout)),
            "coefficients": sum(count(LEARNING_RULES[rule_of(bundle).struct].C) for bundle in bundles),
            "eligible synapses": sum(round(bundle.expected) for bundle in bundles if is_modulated(bundle)),
            "noisy synapses": sum(round(bundle.expected) for bundle in bundles if is_noisy(bundle)),
        }
    }
    modulators = ModulatorTables(layout, TrainTables(layout)).extents()
    return own | spines | {owner: sizes for owner, sizes in modulators.items() if owner[0]}


def _senders(layout: Layout) -> int:
    """Return the number of populations and sets of gates that send events."""
    return len(layout.populations) + len(layout.gates)
