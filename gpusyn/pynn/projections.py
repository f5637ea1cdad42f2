"""Projections: connections as columns of numbers, or a rule of gpusyn that draws them."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from pyNN import common, errors
from pyNN.space import Space

from gpusyn.builder.fixed_point import weight_range
from gpusyn.connectivity import FromArrays
from gpusyn.errors import GpusynError
from gpusyn.network.network import Network
from gpusyn.network.projections import Projection as Native
from gpusyn.pynn import state as simulator
from gpusyn.pynn.connectors import drawn, law
from gpusyn.pynn.models import GAP, THOUSAND
from gpusyn.pynn.populations import selected
from gpusyn.pynn.state import state
from gpusyn.pynn.synapses import ElectricalSynapse, StaticSynapse, Synapse
from gpusyn.simulation.simulator import Simulator

__all__ = ["Connection", "Projection"]

MOST_GROUPS = 1000
HEADROOM = 10.0  # by what weights may grow later, if setup does not say it
INDICES = {"presynaptic_index": "pre", "postsynaptic_index": "post"}


class Group(NamedTuple):
    """Synapses that are one projection of gpusyn: places among the columns, in the order of Simulator.weights.

    A weight of gpusyn is `scale` times PyNN's, which can be set to `limit` at most while time runs.
    """

    native: Native
    places: Any
    scale: float
    limit: float


class Connection(common.Connection):
    """One connection, which reads and writes the columns of its projection."""

    def __init__(self, projection: Any, index: int) -> None:
        object.__setattr__(self, "projection", projection)
        object.__setattr__(self, "index", index)

    def __getattr__(self, name: str) -> Any:
        if name not in INDICES and name not in self.projection.synapse_type.translations:
            raise AttributeError(f"{type(self.projection.synapse_type).__name__} has no parameter {name}")
        return self.projection.column(name)[self.index].item()

    def __setattr__(self, name: str, value: Any) -> None:
        self.projection.put(name, np.array([self.index]), value)

    def as_tuple(self, *names: str) -> tuple[Any, ...]:
        """Return some attributes."""
        return tuple(getattr(self, name) for name in names)


class Columns:
    """Connections as columns, which grow by chunks."""

    def __init__(self, names: Any) -> None:
        self.chunks: dict[str, list[Any]] = {name: [] for name in ("pre", "post", *names)}

    def add(self, size: int, values: Mapping[str, Any]) -> None:
        """Add connections; each value is a number or an array."""
        for name, chunks in self.chunks.items():
            kind = np.int64 if name in ("pre", "post") else np.float64
            chunks.append(np.broadcast_to(np.asarray(values[name], kind), size))

    def __getitem__(self, name: str) -> Any:
        chunks = self.chunks[name]
        if len(chunks) != 1 or not chunks[0].flags.writeable:
            kind = np.int64 if name in ("pre", "post") else np.float64
            self.chunks[name] = [np.concatenate([np.empty(0, kind), *chunks])]
        return self.chunks[name][0]

    def __setitem__(self, name: str, values: Any) -> None:
        self.chunks[name] = [values]


class Projection(common.Projection):
    """Connections from one group of cells to another."""

    _simulator = simulator
    _static_synapse_class = StaticSynapse

    def __init__(
        self,
        presynaptic_population: Any,
        postsynaptic_population: Any,
        connector: Any,
        synapse_type: Any = None,
        source: Any = None,
        receptor_type: str | None = None,
        space: Any = None,
        label: str | None = None,
    ) -> None:
        state.redescribe(f"Projection {label or ''}")
        if isinstance(synapse_type, ElectricalSynapse) and receptor_type is None:
            receptor_type = GAP
        super().__init__(
            presynaptic_population, postsynaptic_population, connector, synapse_type, source, receptor_type,
            Space() if space is None else space, label,
        )  # fmt: skip
        if not isinstance(self.synapse_type, Synapse):
            raise errors.ConnectionError(
                f"{self}: {type(self.synapse_type).__name__} is no synapse type of pyNN.gpusyn; take one of it"
            )
        electrical = isinstance(self.synapse_type, ElectricalSynapse)
        if electrical != (self.receptor_type == GAP):
            raise errors.ConnectionError(f"{self}: ElectricalSynapse and the receptor type {GAP!r} need each other")
        self.number = len(state.projections)
        self.groups: tuple[Group, ...] = ()
        self.columns: Columns | None = None
        self.drawn = None if electrical else drawn(self, connector)
        if self.drawn is None:
            self.columns = Columns(self.synapse_type.translations)
            connector.connect(self)
        elif connector.safe and "weight" in self.drawn.numbers:
            self.synapse_type.parameter_checks["weight"](self.drawn.numbers["weight"], self)
        state.projections.append(self)

    def in_order(self) -> bool:
        """Return whether gpusyn has the cells of both sides in PyNN's order."""
        return not any(
            isinstance(population._values[name], np.ndarray)
            for side in (self.pre, self.post)
            for one in getattr(side, "populations", [side])
            for population in [one._root()[0]]
            for name in population.celltype.shared
        )

    # ---- collecting ----
    def _convergent_connect(
        self, presynaptic_indices: Any, postsynaptic_index: int, location_selector: Any = None, **parameters: Any
    ) -> None:
        """Add connections onto one cell."""
        if location_selector is not None:
            raise errors.ConnectionError(f"{self}: pyNN.gpusyn has point neurons alone; leave location_selector out")
        assert self.columns is not None
        if "delay" in parameters:
            parameters["delay"] = on_steps(parameters["delay"])
        pre = np.asarray(presynaptic_indices, np.int64)
        self.columns.add(len(pre), {"pre": pre, "post": postsynaptic_index, **parameters})

    # ---- building ----
    @property
    def response(self) -> Any:
        """Receptor of the target."""
        one = getattr(self.post, "populations", [self.post])[0]
        return next(r for r in one.celltype.responses if r.name == self.receptor_type)

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
        p, synapse = how.numbers, self.synapse_type
        scale = self.response.factor * synapse.scale(p)
        weight = law(how.values["weight"], scale)
        delay = on_steps(p["delay"]) if "delay" in p else law(how.values["delay"], 1.0)
        limit = self._limit(p, weight_range(weight).largest / scale)
        made = network.connect(
            pre, post, how.rule, receptor=self.receptor_type, weight=weight, delay=delay, name=name,
            w_max=scale * limit or None, plasticity=synapse.plasticity(p, self.response.factor) or None,
        )  # fmt: skip
        self.groups = (Group(made, slice(None), scale, limit),)

    def _build_lists(self, network: Network, name: str, pre: Any, post: Any) -> None:
        columns, groups = self.columns, []
        assert columns is not None
        parts = list(self._alike())
        for k, own in enumerate(parts):
            sources, targets = self.pre_places[columns["pre"][own]], self.post_places[columns["post"][own]]
            p = {n: columns[n][own] for n in self.synapse_type.translations}
            p = {n: v if n in self.synapse_type.per_synapse and np.ptp(v) else float(v[0]) for n, v in p.items()
                 if n not in ("weight", "delay")}  # fmt: skip
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

    # ---- reading ----
    def list_connections(self) -> Columns:
        """Return the connections as columns; those that a rule of gpusyn draws are drawn."""
        if self.columns is not None:
            return self.columns
        assert self.drawn is not None
        sim = state.built()
        (group,) = self.groups
        found = sim.weights(group.native)
        pre, post = np.argsort(self.pre_places)[found.pre], np.argsort(self.post_places)[found.post]
        values = {"weight": found.weight / group.scale, "delay": found.delay, **self.drawn.numbers}
        columns = self.columns = Columns(self.synapse_type.translations)
        columns.add(len(pre), {"pre": pre, "post": post, **values})
        self.groups = (group._replace(places=np.arange(len(pre))),)
        return columns

    def column(self, name: str) -> Any:
        """Return an attribute of all connections."""
        columns = self.list_connections()
        if name == "weight" and self.synapse_type.learns and state.step:
            found = np.array(columns["weight"])
            for group in self.groups:
                found[group.places] = state.built().weights(group.native).weight / group.scale
            return found
        return columns[INDICES.get(name, name)]

    def __len__(self) -> int:
        return len(self.column("presynaptic_index"))

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [Connection(self, k) for k in range(len(self))[i]]
        return Connection(self, range(len(self))[i])

    @property
    def connections(self) -> Iterator[Connection]:
        """All connections."""
        return (Connection(self, k) for k in range(len(self)))

    def smallest_delay(self) -> float | None:
        """Return the smallest delay (ms), None if no connection is listed."""
        if self.columns is None and self.drawn is not None:
            delay = self.drawn.numbers.get("delay")
            return None if delay is None else float(on_steps(delay))
        if isinstance(self.synapse_type, ElectricalSynapse):
            return None
        assert self.columns is not None
        delays = self.columns["delay"]
        return float(delays.min()) if len(delays) else None

    def _get_attributes_as_list(self, names: Any) -> list[tuple[Any, ...]]:
        return list(zip(*(self.column(name).tolist() for name in names), strict=True))

    def _get_attributes_as_arrays(self, names: Any, multiple_synapses: str = "sum") -> list[Any]:
        pre, post = self.column("presynaptic_index"), self.column("postsynaptic_index")
        return [matrix(self.column(name), pre, post, self.shape, multiple_synapses) for name in names]

    # ---- changing ----
    def _set_attributes(self, parameter_space: Any) -> None:
        pre, post = self.column("presynaptic_index"), self.column("postsynaptic_index")
        for name, value in parameter_space.items():
            if value.is_homogeneous:
                self.put(name, np.arange(len(pre)), value.evaluate(simplify=True))
            else:
                self.put(name, np.arange(len(pre)), value.evaluate(simplify=False)[pre, post])

    def put(self, name: str, places: Any, value: Any) -> None:
        """Set an attribute of some connections."""
        columns = self.list_connections()
        if name not in self.synapse_type.translations:
            raise errors.NonExistentParameterError(
                name, type(self.synapse_type).__name__, list(self.synapse_type.translations)
            )
        if state.step and name != "weight":
            raise errors.ConnectionError(
                f"{self}: {name} cannot change at t = {state.t:g} ms, only weights can; set it before the first run() "
                "or after reset()"
            )
        new = np.array(self.column(name))
        new[places] = on_steps(value) if name == "delay" else value
        with state.changing(f"{self}, set({name}=...)") as sim:
            if sim is not None:
                self._set_live(sim, new)
            columns[name] = new

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

    def _set_initial_value_array(self, variable: str, value: Any) -> None:
        raise errors.InvalidParameterValueError(
            f"{self}: pyNN.gpusyn has no initial value of {variable}; synapses start rested"
        )


def on_steps(delays: Any) -> Any:
    """Return delays as whole steps, the nearest number of them, at least one."""
    steps = np.asarray(delays, np.float64) / state.dt
    rounded = np.maximum(np.rint(steps), 1.0)
    return np.where(np.abs(steps - rounded) < 1e-6, delays, rounded * state.dt)[()]


def places_of(wanted: Any, among: Any) -> Any:
    """Return the place of each number among others, -1 of those that are not there."""
    order = np.argsort(among)
    found = order[np.minimum(np.searchsorted(among, wanted, sorter=order), len(among) - 1)]
    return np.where(among[found] == wanted, found, -1)


def number_or_array(values: Any) -> Any:
    """Return the number that all values are, or the values."""
    return values if np.ptp(values) else float(values[0])


def matrix(values: Any, pre: Any, post: Any, shape: tuple[int, int], multiple: str) -> Any:
    """Return values as a matrix, NaN where there is no connection; those of one pair become one."""
    operation = common.Projection.MULTI_SYNAPSE_OPERATIONS[multiple]
    found = np.full(shape, np.nan)
    if operation is operator.iadd:
        found[pre, post] = 0.0
        np.add.at(found, (pre, post), values)
    elif multiple in ("min", "max"):
        found[pre, post] = values
        (np.minimum if multiple == "min" else np.maximum).at(found, (pre, post), values)
    else:
        order = slice(None) if multiple == "last" else slice(None, None, -1)
        found[pre[order], post[order]] = values[order]
    return found
