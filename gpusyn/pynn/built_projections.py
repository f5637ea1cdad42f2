"""Connections in a gs.Network, and their weights while time runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from pyNN import errors

from gpusyn.builder.fixed_point import weight_range
from gpusyn.connectivity import FromArrays, OneToOne
from gpusyn.errors import GpusynError
from gpusyn.network.network import Network
from gpusyn.network.projections import Projection as Native
from gpusyn.parameters.distributions import Distribution
from gpusyn.pynn.columns import Columns, on_steps, places_of
from gpusyn.pynn.connectors import Drawn, law
from gpusyn.pynn.populations import selected
from gpusyn.pynn.state import state
from gpusyn.pynn.synapses import ElectricalSynapse
from gpusyn.pynn.translation import THOUSAND
from gpusyn.pynn.values import number_or_array
from gpusyn.simulation.simulator import Simulator

MOST_GROUPS = 1000
HEADROOM = 10.0  # by what weights may grow later, if setup does not say it


class Group(NamedTuple):
    """Synapses that are one projection of gpusyn: places among the columns, in the order of Simulator.weights.

    A weight of gpusyn is `scale` times PyNN's, which can be set to `limit` at most while time runs.
    """

    native: Native
    places: Any
    scale: float
    limit: float


class BuiltProjection:
    """What a projection is in gpusyn.

    Attributes
    ----------
    columns : Columns or None
        The connections, None as long as they are only a rule.
    drawn : Drawn or None
        How gpusyn draws them, None if PyNN has listed them.
    groups : tuple of Group
        The projections of gpusyn.
    """

    pre: Any
    post: Any
    synapse_type: Any
    receptor_type: str
    number: int
    columns: Columns | None
    drawn: Drawn | None
    groups: tuple[Group, ...]

    def decays(self) -> Any:
        """Return the time constant of the receptor (ms) that the plasticity needs: a number, or an array of targets."""
        if not self.synapse_type.of_target or self.response.decay is None:
            return None
        name, found = self.response.numbers[self.response.decay], []
        for one in getattr(self.post, "populations", [self.post]):
            population, indices = one._root()
            found.append(np.broadcast_to(population.of(indices)[name], len(indices)))
        return number_or_array(np.concatenate(found))

    # ---- building ----
    @property
    def response(self) -> Any:
        """Receptor of the target."""
        one = getattr(self.post, "populations", [self.post])[0]
        return next(r for r in one.celltype.responses if r.name == self.receptor_type)

    def check(self) -> None:
        """Refuse values that gpusyn would refuse when a network is built, in PyNN's names and units.

        Raises
        ------
        ConnectionError
            If gpusyn refuses a weight.
        InvalidParameterValueError
            If gpusyn refuses a value of the plasticity.
        """
        if self.columns is None:
            assert self.drawn is not None
            self.synapse_type.check(self.drawn.numbers)
            try:
                weight = law(self.drawn.values["weight"], 1.0)
            except GpusynError as error:
                raise errors.ConnectionError(f"{self}: weight: {error}") from error
            self._check_weights(self.drawn.numbers, weight)
            return
        for own in self._alike():
            p = self._numbers(self.columns, own)
            self.synapse_type.check(p)
            self._check_weights(p, self.columns["weight"][own])

    def _check_weights(self, p: Mapping[str, Any], weight: Any) -> None:
        """Refuse weights that cannot learn, or conduct."""
        if isinstance(self.synapse_type, ElectricalSynapse):
            if np.min(weight) < 0.0:
                raise errors.ConnectionError(f"{self}: weights must be >= 0 uS (got {np.min(weight):g})")
            return
        most, unit = self.synapse_type.largest(p), self.response.unit
        if most is None:
            return
        if most <= 0.0:
            raise errors.ConnectionError(f"{self}: w_max must be > 0 {unit} (got {most:g})")
        low, high = weight.bounds() if isinstance(weight, Distribution) else (np.min(weight), np.max(weight))
        if low < 0.0 or most < high < np.inf:  # what has no end is checked when it is drawn
            got = f"{low:g} {unit}" if low == high else f"{low:g} to {high:g} {unit}"
            raise errors.ConnectionError(
                f"{self}: weights that learn must be 0 to w_max = {most:g} {unit} (got {got}); give other weights or "
                "another w_max"
            )

    def _numbers(self, columns: Columns, own: Any) -> dict[str, Any]:
        """Return parameters of alike connections, beside weight and delay: a number, or an array where they differ."""
        names = [name for name in self.synapse_type.translations if name not in ("weight", "delay")]
        p = {name: columns[name][own] for name in names}
        if (decays := self.decays()) is not None:
            p[self.synapse_type.of_target] = np.broadcast_to(decays, self.post.size)[columns["post"][own]]
        return {n: v if n in self.synapse_type.per_synapse and np.ptp(v) else float(v[0]) for n, v in p.items()}

    def build(self, network: Network) -> None:
        """Add the connections to a network."""
        pre, self.pre_places = selected(self.pre)
        post, self.post_places = selected(self.post)
        name = f"projection {self.number}"
        try:
            if isinstance(self.synapse_type, ElectricalSynapse):
                self._couple(network, name, pre, post)
            elif self.columns is None:
                self._build_rule(network, name, pre, post)
            else:
                self._build_lists(network, name, pre, post)
        except GpusynError as error:
            raise errors.ConnectionError(f"{self}: {error}") from error

    def _limit(self, p: Mapping[str, Any], largest: float) -> float:
        """Return the largest weight that may be set while time runs; 0: none."""
        learned: float | None = self.synapse_type.largest(p)
        if learned is not None:
            return learned
        if not state.changing_weights:
            return 0.0
        return max(state.max_weight or HEADROOM * largest or 1.0, largest)

    def _build_rule(self, network: Network, name: str, pre: Any, post: Any) -> None:
        how = self.drawn
        assert how is not None
        p, synapse, decay = how.numbers, self.synapse_type, self.decays()
        if isinstance(decay, np.ndarray):
            raise errors.ConnectionError(
                f"{self}: time constants of the targets' receptors became different after it was connected; set them "
                "before"
            )
        if decay is not None:
            p[synapse.of_target] = decay
        scale = self.response.factor * synapse.scale(p)
        weight = law(how.values["weight"], scale)
        delay = on_steps(p["delay"]) if "delay" in p else law(how.values["delay"], 1.0)
        rule = how.rule
        if isinstance(rule, OneToOne) and np.any(self.pre_places != self.post_places):  # gpusyn has another order
            rule = FromArrays(self.pre_places, self.post_places)
        limit = self._limit(p, weight_range(weight).largest / scale)
        made = network.connect(
            pre, post, rule, receptor=self.receptor_type, weight=weight, delay=delay, name=name,
            w_max=scale * limit or None, plasticity=synapse.plasticity(p, self.response.factor) or None,
        )  # fmt: skip
        self.groups = (Group(made, slice(None), scale, limit),)

    def _build_lists(self, network: Network, name: str, pre: Any, post: Any) -> None:
        columns, groups = self.columns, []
        assert columns is not None
        parts = list(self._alike())
        for k, own in enumerate(parts):
            sources, targets = self.pre_places[columns["pre"][own]], self.post_places[columns["post"][own]]
            p = self._numbers(columns, own)
            scale = self.response.factor * self.synapse_type.scale(p)
            weight = columns["weight"][own]
            limit = self._limit(p, float(np.max(np.abs(weight))))
            made = network.connect(
                pre, post, FromArrays(sources, targets), receptor=self.receptor_type,
                weight=number_or_array(scale * weight), delay=number_or_array(columns["delay"][own]),
                w_max=scale * limit or None, plasticity=self.synapse_type.plasticity(p, self.response.factor) or None,
                name=name if len(parts) == 1 else f"{name} part {k}",
            )  # fmt: skip
            groups.append(Group(made, own[np.lexsort((targets, sources))], scale, limit))
        self.groups = tuple(groups)

    def _alike(self) -> Iterator[Any]:
        """Yield the places of connections that can be one projection of gpusyn."""
        columns, synapse = self.columns, self.synapse_type
        assert columns is not None
        size = len(columns["pre"])
        if not size:
            return
        shared = [n for n in synapse.translations if n not in ("weight", "delay", *synapse.per_synapse)]
        differ = [columns[n] for n in shared if np.ptp(columns[n])]
        if not differ:
            yield np.arange(size)
            return
        found, kind = np.unique(np.stack(differ), axis=1, return_inverse=True)
        if found.shape[1] > MOST_GROUPS:
            raise errors.ConnectionError(
                f"{self}: {', '.join(n for n in shared if np.ptp(columns[n]))} have {found.shape[1]} different sets of "
                f"values; gpusyn takes at most {MOST_GROUPS}, because each is a projection of its own; round them"
            )
        for k in range(found.shape[1]):
            yield np.flatnonzero(np.ravel(kind) == k)

    def _couple(self, network: Network, name: str, pre: Any, post: Any) -> None:
        """Add gap junctions: connections of one pair add up, in whatever direction they are."""
        columns = self.columns
        assert columns is not None
        own, others = pre.keys(), post.keys()
        ends = np.stack([own[self.pre_places[columns["pre"]]], others[self.post_places[columns["post"]]]])
        self.pairs, self.pair_of = np.unique(np.sort(ends, axis=0), axis=1, return_inverse=True)
        both = np.concatenate([self.pairs, self.pairs[::-1]], axis=1)
        rows, partners = places_of(both[0], own), places_of(both[1], others)
        self.listed = (rows >= 0) & (partners >= 0) & (both[0] != both[1])
        self.coupling = None
        if self.listed.any():
            rule = FromArrays(rows[self.listed], partners[self.listed])
            self.coupling = network.couple(pre, post, rule, self._conductances(columns["weight"]), name=name)

    def _conductances(self, weights: Any) -> Any:
        """Return the conductance of each listed pair (nS)."""
        summed = THOUSAND * np.bincount(np.ravel(self.pair_of), weights, self.pairs.shape[1])
        return np.tile(summed, 2)[self.listed]

    # ---- while time runs ----
    def _set_live(self, sim: Simulator, weights: Any) -> None:
        """Set the weights of all connections in the running simulation."""
        if isinstance(self.synapse_type, ElectricalSynapse):
            if self.coupling is not None:
                sim.set(self.coupling, self._conductances(weights))
            return
        for group in self.groups:
            largest = float(np.max(np.abs(weights[group.places])))
            if largest > group.limit:
                way = "set it before the first run() or after reset()"
                if not self.synapse_type.learns:
                    way = f"give setup(changing_weights=True, max_weight=...), or {way}"
                raise errors.ConnectionError(
                    f"{self}: weights must be at most {group.limit:g} at t = {state.t:g} ms (got {largest:g}); {way}"
                )
        for group in self.groups:
            sim.set_weights(group.native, group.scale * weights[group.places])
