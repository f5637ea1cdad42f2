"""Synapses that learn from their calcium: gates of their sources, influx into the spines of targets, rows.

The currents stay where the planner puts them. Beside them, calcium and weight of each synapse are streamed, and take
the gate from its source (all synapses of a source have the same, each after its delay) and the influx from its target.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from gpusyn.builder.bundles import power_of_2
from gpusyn.builder.gating.forms import (
    GateStep,
    form_of,
    pulse_steps,
    synapse_coefficients,
    synapse_states,
)
from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Bundle
from gpusyn.builder.places import PlacedPopulation
from gpusyn.builder.plasticity.trains import TrainTables, spine_rule
from gpusyn.equations.effects import EFFECTS
from gpusyn.equations.kinetics import SYNAPSE_GATES
from gpusyn.equations.spines import InfluxCoefficients, SpineCoefficients
from gpusyn.kernels.arrays import Extents, Owner, array_name
from gpusyn.kernels.records import InfluxSet, Route, Spine, SpineGateSet, write_rows
from gpusyn.kinetics import Kinetics
from gpusyn.numerics.propagators import exp, expm1
from gpusyn.parameters.scalars import whole_steps
from gpusyn.plasticity import NMDAPlasticity
from gpusyn.receptors import Receptor
from gpusyn.utils.typing import Array

GATES, INFLUX, SPINES = "remember_gates", "find_influx", "advance_spines"  # the kernels, in the order of a step


class _Spikes(NamedTuple):
    """What an influx depends on beside the receptor: spikes in the spine, and the reversal potential of calcium."""

    V_Ca: float
    bap: float
    part_fast: float
    tau_fast: float
    tau_slow: float
    delay: int  # steps


class _Influx(NamedTuple):
    """The influx through one receptor of a population."""

    population: str
    k: int  # index of the receptor
    spikes: _Spikes


class Potentials(NamedTuple):
    """The place of the potentials of the targets of an influx in the array V of their group."""

    array: str
    first: int
    size: int


POTENTIALS = array_name("V_before", kernel=INFLUX)


class SpineTables:
    """What the kernels of spines read, of a layout; the sets of gates and of influx follow from the layout alone."""

    def __init__(self, layout: Layout, trains: TrainTables, first_release: int = 0) -> None:
        """Place them; releases of transmitter follow `first_release` others."""
        self._layout, self._trains = layout, trains
        self.releases = first_release
        self._gates: dict[tuple[str, Kinetics], SpineGateSet] = {}
        self._gate_coef: list[float] = []
        self._gate_states = self._gate_means = 0
        self._influx: dict[_Influx, int] = {}  # place of the first target
        self._influxes = 0
        self._rows: list[tuple[Route, Spine]] = []
        self._coef: list[float] = []
        self._spines = 0
        self.states: dict[Bundle, int] = {}  # place of what is kept of the first synapse
        for bundle in spine_bundles(layout):
            self._add_gates(bundle)
        for bundle in spine_bundles(layout):
            key = influx_of(bundle, layout)
            if key not in self._influx:
                self._influx[key] = self._influxes
                self._influxes += bundle.pathways[0].post.kept
        self._decays = {key: tuple(map(trains.decaying, key.spikes[3:5])) for key in self._influx}

    def _add_gates(self, bundle: Bundle) -> None:
        """Add the gates of the sources of a bundle, deep enough for the longest delay of any that looks at them."""
        pathway, receptor, dt = bundle.pathways[0], calcium_receptor(bundle), self._layout.dt
        pre, kinetics, key = pathway.pre, receptor.kinetics, _gate_key(bundle)
        if key in self._gates:
            return
        where = f"receptor '{receptor.name}'.kinetics"
        pulse, dead = pulse_steps(kinetics, dt, where)
        form = form_of(kinetics)
        longest = max(b.pathways[0].longest for b in spine_bundles(self._layout) if _gate_key(b) == key)
        slots = power_of_2(longest + 1)
        self._gates[key] = SpineGateSet(
            kind=list(SYNAPSE_GATES).index(form.synapse_gate.name), source=pre.source, size=pre.sources,
            gates=self._gate_states, coef=len(self._gate_coef), components=form.components(kinetics), pulse=pulse,
            dead=dead, release=self.releases, means=self._gate_means, mask=slots - 1,
        )  # fmt: skip
        step = GateStep(dt, self._layout.numbers.real, pre.most_events, where)
        self._gate_coef += synapse_coefficients(kinetics, step)
        self._gate_states += synapse_states(kinetics) * pre.sources
        self._gate_means += slots * pre.sources
        self.releases += pre.sources if pulse else 0

    def add(self, bundle: Bundle, routes: list[Route], synapses: int, w_max: int) -> None:
        """Add the routes of delivery to the receptor of a bundle whose weight learns: one for each block of delays."""
        pathway, rule, gates = bundle.pathways[0], _rule_of(bundle), self._gates[_gate_key(bundle)]
        first, end = bundle.pre_range
        spine = Spine(
            coef=len(self._coef), means=gates.means + first * (gates.mask + 1), mask=gates.mask, delay=0,
            offset=pathway.post.targets_here.start, influx=self._influx[influx_of(bundle, self._layout)], w_max=w_max,
            state=self._spines,
        )  # fmt: skip
        self._coef += spine_coefficients(rule, self._layout.dt, w_max)
        self.states[bundle] = self._spines
        self._spines += synapses
        for block, route in enumerate(routes):  # sources, where gates send the events
            own = route._replace(
                source=pathway.pre.source + first, source_end=pathway.pre.source + end, payload=-1, payload_step=0,
                channels=1,
            )  # fmt: skip
            self._rows.append((own, spine._replace(delay=bundle.timing.first + block * bundle.timing.width)))

    def arrays(self, baths: Mapping[str, int]) -> dict[str, Array]:
        """Return the tables by name, none if no synapse has calcium; `baths` are the first rows of populations."""
        if not self._gates:
            return {}
        layout, real = self._layout, self._layout.numbers.real_dtype
        own = {
            (GATES, "sets"): write_rows(list(self._gates.values()), SpineGateSet),
            (GATES, "coef"): np.array(self._gate_coef).astype(real),
            (SPINES, "routes"): write_rows([route for route, _ in self._rows], Route),
            (SPINES, "spines"): write_rows([spine for _, spine in self._rows], Spine),
            (SPINES, "coef"): np.array(self._coef).astype(real),
            (SPINES, "Ca"): np.zeros(self._spines, real),
            (SPINES, "rest_of"): np.zeros(self._spines, real),
        }
        found = {array_name(name, kernel=kernel): array for (kernel, name), array in own.items()}
        for g in range(len(layout.groups)):
            sets = [key for key in self._influx if layout.populations[key.population].group == g]
            if sets:
                rows = [self._influx_row(key, number, baths) for number, key in enumerate(sets)]
                coef = [x for key in sets for x in influx_coefficients(key.spikes, self._layout.dt)]
                found[array_name("sets", kernel=INFLUX, group=g)] = write_rows(rows, InfluxSet)
                found[array_name("influx_coef", kernel=INFLUX, group=g)] = np.array(coef).astype(real)
        return found

    def _influx_row(self, key: _Influx, number: int, baths: Mapping[str, int]) -> InfluxSet:
        (name, k, spikes), place = key, self._layout.populations[key.population]
        receptor, own = place.population.receptors[k], self._layout.groups[place.group].signature.layout()[k]
        bath, (fast, slow) = baths.get(name), self._decays[key]
        return InfluxSet(
            size=place.kept, first=self._first(key), row=place.row, row_step=int(not place.uniform),
            effect=list(EFFECTS).index(receptor.effect), effect_coef=own.effect_coef,
            bath=-1 if bath is None else bath + k, train=self._trains.numbers[name, ()],
            first_train=place.below(place.hull[0]), delay=spikes.delay, fast=fast, slow=slow,
            influx_coef=number * len(InfluxCoefficients._fields), influx=self._influx[key],
        )  # fmt: skip

    def _first(self, key: _Influx) -> int:
        """Return the place of V of the first target, in the compartment that has the receptor."""
        place = self._layout.populations[key.population]
        group = self._layout.groups[place.group]
        return int(group.places(place, group.signature.layout()[key.k].compartment).start)

    def gate_sets(self) -> list[tuple[PlacedPopulation, Kinetics, SpineGateSet]]:
        """Return the gates that spines look at in order, each set with the population and the kinetics."""
        return [(self._layout.populations[name], kinetics, row) for (name, kinetics), row in self._gates.items()]

    def potentials(self) -> list[Potentials]:
        """Return where the potentials of all targets are, in the order of `V_before`."""
        places = [(self._layout.populations[key.population], self._first(key)) for key in self._influx]
        return [Potentials(array_name("V", group=place.group), first, place.kept) for place, first in places]

    def initial_potentials(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return `V_before` by name, given the initial V of each group by name; none if no synapse has calcium."""
        found = [arrays[p.array][p.first : p.first + p.size] for p in self.potentials()]
        known = np.concatenate(found) if found else np.zeros(0)
        return {POTENTIALS: known if known.size else np.zeros(1, self._layout.numbers.real_dtype)} if found else {}

    def extents(self) -> Extents:
        """Return the extents of the program's arrays."""
        return {"gate means": self._gate_means, "influxes": self._influxes}

    def kernel_extents(self) -> dict[Owner, Extents]:
        """Return the extents of the arrays of the kernels; none if no synapse has calcium."""
        if not self._gates:
            return {}
        bundles = spine_bundles(self._layout)
        found: dict[Owner, Extents] = {
            (GATES, None): {
                "sets": len(self._gates), "coefficients": len(self._gate_coef), "source states": self._gate_states,
            },
            (INFLUX, None): {"influxes": self._influxes},
            (SPINES, None): {
                "routes": sum(bundle.timing.blocks for bundle in bundles),
                "coefficients": len(bundles) * len(SpineCoefficients._fields),
                "spines": sum(round(bundle.expected) for bundle in bundles),
            },
        }  # fmt: skip
        for g in influx_groups(self._layout):
            sets = len(influx_targets(self._layout, g))
            found[INFLUX, g] = {"sets": sets, "coefficients": sets * len(InfluxCoefficients._fields)}
        return found


# ---- from a layout alone ----
def spine_bundles(layout: Layout) -> list[Bundle]:
    """Return the bundles whose synapses learn from their calcium."""
    return [bundle for bundle in layout.bundles if has_spines(bundle)]


def has_spines(bundle: Bundle) -> bool:
    """Return whether the synapses of a bundle learn from their calcium."""
    return spine_rule(bundle) is not None


def influx_groups(layout: Layout) -> list[int]:
    """Return the groups of neurons with spines."""
    return sorted({bundle.pathways[0].post.group for bundle in spine_bundles(layout)})


def influx_targets(layout: Layout, group: int | None) -> list[PlacedPopulation]:
    """Return the target populations of each influx into neurons of a group."""
    found = dict.fromkeys(influx_of(bundle, layout) for bundle in spine_bundles(layout))
    places = [layout.populations[key.population] for key in found]
    return [place for place in places if place.group == group]


def gate_sources(layout: Layout) -> list[tuple[PlacedPopulation, Kinetics]]:
    """Return the population and the kinetics of each set of gates that spines look at."""
    found = dict.fromkeys(map(_gate_key, spine_bundles(layout)))
    return [(layout.populations[name], kinetics) for name, kinetics in found]


def calcium_receptor(bundle: Bundle) -> Receptor:
    """Return the receptor through which calcium enters the spines of a bundle."""
    return bundle.pathways[0].post.population.receptors[_calcium_index(bundle)]


def influx_of(bundle: Bundle, layout: Layout) -> _Influx:
    """Return the influx into the spines of a bundle."""
    rule, pathway = _rule_of(bundle), bundle.pathways[0]
    where = f"Projection '{pathway.projection.name}'.plasticity: NMDAPlasticity.bap_delay"
    delay = whole_steps(rule.bap_delay, layout.dt, where, low=0)
    spikes = _Spikes(rule.V_Ca, rule.bap, rule.part_fast, rule.tau_fast, rule.tau_slow, delay)
    return _Influx(pathway.post.population.name, _calcium_index(bundle), spikes)


def _rule_of(bundle: Bundle) -> NMDAPlasticity:
    rule = spine_rule(bundle)
    assert rule is not None
    return rule


def _calcium_index(bundle: Bundle) -> int:
    names = [receptor.name for receptor in bundle.pathways[0].post.population.receptors]
    return names.index(_rule_of(bundle).calcium)


def _gate_key(bundle: Bundle) -> tuple[str, Kinetics]:
    return bundle.pathways[0].pre.population.name, calcium_receptor(bundle).kinetics


def influx_coefficients(spikes: _Spikes, dt: float) -> InfluxCoefficients:
    """Return the coefficients of an influx: a spike in the middle of the first step after it."""
    fast, slow = (float(exp(-0.5 * dt / tau)) for tau in (spikes.tau_fast, spikes.tau_slow))
    part = spikes.part_fast
    return InfluxCoefficients(spikes.V_Ca, spikes.bap * part * fast, spikes.bap * (1.0 - part) * slow)


def spine_coefficients(rule: NMDAPlasticity, dt: float, w_max: int) -> SpineCoefficients:
    """Return the coefficients of calcium and weights, whose largest is stored as `w_max`."""
    fall, rate = -float(expm1(-dt / rule.tau_Ca)), rule.speed * dt
    return SpineCoefficients(
        decay=1.0 - fall,
        gain=rule.G * rule.tau_Ca * fall,
        W_rest=rule.W_rest,
        minus_beta=-rule.beta,
        depressing=float(exp(rule.beta * rule.theta_d)),
        potentiating=float(exp(rule.beta * rule.theta_p)),
        P1=rule.P1,
        P2=rule.P2,
        rate=rate,
        slowest=rule.P4 + 0.5 * rate,
        unit=1.0 / w_max,
        w_max=float(w_max),
    )
