"""Checks of the receptors and positions that a population is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.neurons import NeuronModel
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import frozen, instance, show
from gpusyn.parameters.units import as_floats
from gpusyn.receptors import Receptor
from gpusyn.utils.typing import Floats


def checked_receptors(given: Any, model: NeuronModel, where: str) -> tuple[Receptor, ...]:
    """Return the receptors of a population, or of one of its compartments; their names must differ."""
    listed = [given] if isinstance(given, Receptor) else given
    if not isinstance(listed, (list, tuple)):
        raise ArgumentError(f"{where}: must be a list such as [gs.AMPA(), gs.GABA_A()] (got {show(given)})")
    for k, receptor in enumerate(listed):
        instance(receptor, Receptor, f"{where}[{k}]", "a receptor such as gs.AMPA()")
    if listed and model.is_source:
        raise ParameterError(f"{where}: a {model.kind} has no receptors (got {show(listed)}); drop them")
    names = [receptor.name for receptor in listed]
    for k, name in enumerate(names):
        if name in names[:k]:
            raise ParameterError(
                f"{where}[{k}]: {name!r} is the name of two receptors; "
                f"give one another, as in gs.{listed[k].kind}(name={name + '_2'!r})"
            )
    return tuple(listed)


def checked_positions(positions: Any, size: int, where: str) -> Floats | None:
    """Return the coordinates of the neurons of a population, shape (size, 1 to 3); None if none are given."""
    if positions is None:
        return None
    must = f"must be an array of shape ({size}, 1 to 3)"
    if isinstance(positions, (list, tuple)):
        positions = [list(p) if isinstance(p, (list, tuple, np.ndarray)) else p for p in positions]
    array = as_floats(positions, f"{where}.positions", "", must)
    if array.ndim != 2 or array.shape[0] != size or not 1 <= array.shape[1] <= 3:
        raise ParameterError(f"{where}.positions: {must}, one row per neuron (got shape {array.shape})")
    Limits().check(array.ravel(), f"{where}.positions")
    return frozen(array)
