"""Edges whose weights or delays the configuration overrides, by the node sets of their sources and targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gpusyn.sonata.circuit import Circuit
from gpusyn.sonata.configured_overrides import Override
from gpusyn.sonata.edges import EdgeValues
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.grid import check_grid
from gpusyn.utils.typing import Bools, Integers

__all__ = ["override_edges"]

NONE = np.empty(0, dtype=np.int64)


def override_edges(
    several: Sequence[EdgeValues], overrides: Sequence[Override], circuit: Circuit, dt: float, findings: Findings
) -> list[EdgeValues]:
    """Return edges with the weights and delays that overrides give them; of two that meet, the later one counts.

    Raises
    ------
    FileError
        If a node set is unknown.
    ParameterError
        If a delay is not a multiple of `dt`.
    """
    factors = [np.ones(len(values.weight)) for values in several]
    delays = [values.delay.copy() for values in several]
    for one in overrides:
        with findings.step():
            sources = circuit.select(one.source, f"{one.where}.source", findings)
            targets = circuit.select(one.target, f"{one.where}.target", findings)
            if one.delay is not None:
                check_grid(np.array([one.delay]), dt, f"{one.where}.synapse_delay_override")
            changed = 0
            for values, factor, delay in zip(several, factors, delays, strict=True):
                met = _between(values, sources, targets)
                changed += int(met.sum())
                if one.weight is not None:
                    factor[met] = one.weight
                if one.delay is not None:
                    delay[met] = one.delay
            parts = [f"weight x {one.weight:g}"] if one.weight is not None else []
            parts += [f"delay {one.delay:g} ms"] if one.delay is not None else []
            findings.note(f"{one.where}: {' and '.join(parts) or 'nothing'} for {changed:,} edges")
    return [
        replace(values, weight=values.weight * factor, delay=delay, kept=values.kept & (factor != 0))
        for values, factor, delay in zip(several, factors, delays, strict=True)
    ]


def _between(values: EdgeValues, sources: dict[str, Integers], targets: dict[str, Integers]) -> Bools:
    """Return a mask of the edges from some rows to some rows."""
    edges = values.edges
    return np.isin(edges.source, sources.get(edges.source_population, NONE)) & np.isin(
        edges.target, targets.get(edges.target_population, NONE)
    )
