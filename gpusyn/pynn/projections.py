"""Projections: connections as columns of numbers, or a rule of gpusyn that draws them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from pyNN import common, errors
from pyNN.space import Space

from gpusyn.pynn import state as simulator
from gpusyn.pynn.built_projections import BuiltProjection
from gpusyn.pynn.columns import Columns, matrix, on_steps
from gpusyn.pynn.connectors import drawn
from gpusyn.pynn.state import state
from gpusyn.pynn.synapses import ElectricalSynapse, StaticSynapse, Synapse
from gpusyn.pynn.translation import GAP

__all__ = ["Connection", "Projection"]

INDICES = {"presynaptic_index": "pre", "postsynaptic_index": "post"}


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


class Projection(BuiltProjection, common.Projection):
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
        for side in (presynaptic_population, postsynaptic_population):
            for one in getattr(side, "populations", [side]):
                one._root()[0].check_made()
                if side is postsynaptic_population and not one.celltype.receptor_types:
                    kind = type(one.celltype).__name__
                    raise errors.ConnectionError(f"Projection onto '{side.label}': {kind} receives no spikes")
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
        self.groups = ()
        self.columns = None
        by_target = isinstance(self.decays(), np.ndarray)  # numbers of each synapse, which a rule of gpusyn lacks
        self.drawn = None if electrical or by_target else drawn(self, connector)
        if self.drawn is None:
            self.columns = Columns(self.synapse_type.translations)
            connector.connect(self)
        elif connector.safe and "weight" in self.drawn.numbers:
            self.synapse_type.parameter_checks["weight"](self.drawn.numbers["weight"], self)
        self.check()
        state.projections.append(self)

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
        values["delay"] = on_steps(values["delay"])
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
    def _value_list_to_array(self, attributes: Any) -> Any:
        """Return attributes with lists as matrices; without lists, no matrix of all pairs is made."""
        lists = any(
            isinstance(one, list) or (isinstance(one, np.ndarray) and one.ndim == 1) for one in attributes.values()
        )
        return super()._value_list_to_array(attributes) if lists else attributes

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
        given = on_steps(value) if name == "delay" else value
        described, now = np.array(columns[name]), np.array(self.column(name))  # not the same where weights were learned
        described[places] = now[places] = given
        with state.changing(f"{self}, set({name}=...)") as sim:
            if sim is not None:
                self._set_live(sim, now)
            before, columns[name] = columns[name], described
            try:
                if sim is None:
                    self.check()
            except Exception:
                columns[name] = before
                raise

    def _set_initial_value_array(self, variable: str, value: Any) -> None:
        """Accept the values that synapses have at first."""
        given, rested = value.evaluate(simplify=True), self.synapse_type.at_first
        allowed = (self.column(one) if isinstance(one, str) else one for one in rested.get(variable, ()))
        if not any(np.all(given == one) for one in allowed):
            known = "; ".join(f"{name} = {' or '.join(map(str, some))}" for name, some in rested.items())
            raise errors.InvalidParameterValueError(
                f"{self}: initialize({variable}=...): {type(self.synapse_type).__name__} of pyNN.gpusyn starts rested"
                f"{f', with {known}' if known else ''}; leave it out"
            )
