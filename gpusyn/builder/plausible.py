"""Warnings of time constants below the time step: signs of a capacitance in nF, as in PyNN, or of a time in s."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np

from gpusyn.builder.layout import Layout
from gpusyn.builder.notes import Note
from gpusyn.network.populations import Population
from gpusyn.parameters.distributions import Distribution

_UNITS = "gpusyn uses ms, pF, nS, mV and pA (PyNN nF, uS and nA)"


def short_times(layout: Layout) -> Iterator[Note]:
    """Yield a warning for each population and time constant below the time step; of distributions the mean counts."""
    for name, population in layout.net.populations.items():
        for what, time in _times(population):
            if time < layout.dt:
                text = f"= {time:.3g} ms is below dt = {layout.dt:g} ms; {_UNITS}"
                yield Note("Population", name, what, text, logging.WARNING)


def _times(population: Population) -> Iterator[tuple[str, float]]:
    """Yield name and least value of the time constants of the membrane and of each receptor's decay (ms)."""
    given = population.model.values
    if "C_m" in given and "g_L" in given:
        yield "C_m / g_L", float(np.min(_typical(given["C_m"]) / _typical(given["g_L"]), initial=np.inf))
    if "tau_w" in given:
        yield "tau_w", float(np.min(_typical(given["tau_w"]), initial=np.inf))
    for receptor in population.receptors:
        for name in receptor.kinetics.time_names[-1:]:  # the decay; a rise may be as short as one likes
            yield f"{receptor.name}'s {name}", float(getattr(receptor.kinetics, name))


def _typical(value: Any) -> Any:
    return value.mean_value() if isinstance(value, Distribution) else np.asarray(value)
