"""A program: the arrays and launches that a backend runs, as the builder makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.kernels.signature import Numbers, Signature


class Launch(NamedTuple):
    """One kernel launch of a step.

    Attributes
    ----------
    kernel : name in `gpusyn.kernels.spec.KERNELS`
    arrays : argument name -> name of the array that is passed
    scalars : argument name -> number
    items : independent units of work (blocks, warps or items); sets the size of a GPU grid
    signature : the neuron model's signature, for `advance_neurons` alone
    """

    kernel: str
    arrays: Mapping[str, str]
    scalars: Mapping[str, int]
    items: int
    signature: Signature | None = None


class Program(NamedTuple):
    """What a backend runs: number types, initial arrays by name (the session's afterwards), launches."""

    numbers: Numbers
    arrays: dict[str, NDArray[np.generic]]
    launches: Sequence[Launch]
