"""From edges to projections: at which receptor each edge ends, and with which plasticity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gpusyn.connectivity import FromArrays
from gpusyn.errors import FileError
from gpusyn.network.network import Network
from gpusyn.network.populations import Population
from gpusyn.sonata.drafts import Draft
from gpusyn.sonata.edges import EdgeGroup, EdgeValues, place
from gpusyn.sonata.findings import Findings, located
from gpusyn.sonata.parameters import uniform
from gpusyn.utils.typing import Bools, Floats, Integers

__all__ = ["Connection", "connect", "connections"]


@dataclass(frozen=True)
class Connection:
    """Edges between two drafts that become one projection."""

    values: EdgeValues
    pre: Draft
    post: Draft
    receptor: str
    index: Integers
    weight: float | Floats
    named: bool  # whether its name names the populations
    options: Mapping[str, Any] = field(default_factory=dict)


def connections(
    values: EdgeValues, sources: Sequence[Draft], targets: Sequence[Draft], findings: Findings, *, named: bool = False
) -> list[Connection]:
    """Return the projections of one edge population: one per pair of drafts, synapse model and receptor.

    Their names name the populations if they are `named`, or if there is more than one pair.

    Raises
    ------
    FileError
        If edges end at virtual nodes, at nodes that have no receptor for them, or have weights of the wrong sign.
    """
    found: list[Connection] = []
    for group in values.groups:
        for pre in sources:
            for post in targets:
                rows = group.rows & values.kept & np.isin(values.edges.source, pre.rows)
                rows &= np.isin(values.edges.target, post.rows)
                if rows.any():
                    with findings.step():
                        found += between(values, group, pre, post, rows, named or len(sources) * len(targets) > 1)
    return found


def between(
    values: EdgeValues, group: EdgeGroup, pre: Draft, post: Draft, rows: Bools, named: bool
) -> Iterator[Connection]:
    """Yield the projections of edges with one synapse model between two drafts."""
    where, cell = place(values.edges), post.cell
    if cell is None:
        name = post.nodes.name
        raise FileError(f"{where}/target_node_id: edges end at virtual nodes of {name!r}; remove these edges")
    for receptor, mask, weight in ways(values, group, post, rows):
        if not mask.any():
            continue
        index = np.flatnonzero(mask)
        options: dict[str, Any] = {}
        if group.synapse.options is not None:
            given = {key: uniform(column, index) for key, column in group.values.items()}
            with located(f"{where}, {group.name}"):
                options = group.synapse.options(given | {"tau_minus": cell.tau_minus})
            check_learning(weight[index], options, f"{where}, {group.name}")
        yield Connection(values, pre, post, receptor, index, uniform(weight, index), named, options)


def check_learning(weight: Floats, options: Mapping[str, Any], where: str) -> None:
    """Raise a FileError if weights that learn are not from 0 to their bound."""
    if "w_max" in options and not ((weight >= 0) & (weight <= options["w_max"])).all():
        raise FileError(
            f"{where}: weights that learn must be from 0 to Wmax = {options['w_max']:g} "
            f"(got {weight.min():g} to {weight.max():g}); correct Wmax or the weights"
        )


def ways(values: EdgeValues, group: EdgeGroup, post: Draft, rows: Bools) -> list[tuple[str, Bools, Floats]]:
    """Return (receptor, edges, weights) for the edges of a group."""
    cell, where = post.cell, place(values.edges)
    assert cell is not None
    negative = values.weight < 0
    if group.synapse.receptor is not None:
        if not cell.membrane:
            raise FileError(
                f"{where}: edges of {group.name} end at nodes of {post.template}, which have no membrane; leave their "
                "model_template out"
            )
        with located(f"{where}, {group.name}"):
            receptor = post.bring(group)
        if not receptor.signed and (negative & rows).any():
            least = values.weight[rows].min()
            raise FileError(f"{where}: weights of {group.name} must be >= 0 nS (got {least:g}); correct them")
        return [(receptor.name, rows, values.weight)]
    types = np.nan_to_num(group.values["receptor_type"])
    kind = float(types[np.flatnonzero(rows)[0]])
    if kind:
        if kind not in cell.receptor_types:
            known = ", ".join(str(one) for one in (0, *cell.receptor_types))
            raise FileError(
                f"{where}: receptor_type {kind:g} of dynamics_params: {post.template} has no such receptor in gpusyn; "
                f"known here: {known}; correct it"
            )
        return [(cell.receptor_types[int(kind)], rows, values.weight)]
    if cell.excitatory is None or cell.inhibitory is None:
        raise FileError(
            f"{where}: edges of {group.name} end at nodes of {post.template}: {cell.lacking}; "
            "change the model_template of the edges to a receptor, such as gpusyn:AMPA"
        )
    if cell.excitatory == cell.inhibitory:
        return [(cell.excitatory, rows, values.weight)]
    size = values.weight if cell.signed else np.abs(values.weight)
    return [(cell.excitatory, rows & ~negative, values.weight), (cell.inhibitory, rows & negative, size)]


def connect(net: Network, one: Connection, populations: Mapping[Draft, Population]) -> None:
    """Add one projection."""
    edges, index = one.values.edges, one.index
    pre, post = populations[one.pre], populations[one.post]
    between = f"{pre.name}->{post.name}:" if one.named else ""
    net.connect(
        pre,
        post,
        FromArrays(one.pre.positions(edges.source[index]), one.post.positions(edges.target[index])),
        receptor=one.receptor,
        weight=one.weight,
        delay=uniform(one.values.delay, index),
        name=net._unused_name(f"{edges.name}:{between}{one.receptor}"),
        **one.options,
    )
