"""``kernels/find_limits.cu`` in numpy: the limits of Poisson events whose rates change in time for each element."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from gpusyn.backends.numpy import pieces
from gpusyn.backends.numpy.spikes import step_of
from gpusyn.kernels.records import LimitSet, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.numerics.poisson import piece_limits


def prepare_limits(a: SimpleNamespace, signature: Signature | None) -> list[LimitSet]:
    """Return the sets."""
    return read_rows(a.sets, LimitSet, int(a.n_sets))


def find_limits(a: SimpleNamespace, prepared: list[LimitSet]) -> None:
    """Make the limits of all elements whose rate is not that of the step before."""
    local = step_of(a).local
    means = a.means.reshape(-1, int(a.n_means))
    for s in prepared:
        words = 2 * s.levels * s.size
        limits = a.drive_limits[s.limits : s.limits + words].reshape(2, s.levels, s.size)
        for start, stop in pieces.parts(s.size, pieces.NEURONS):
            own = slice(s.mean + start, s.mean + stop)
            changed = np.flatnonzero((means[local, own] != means[local - 1, own]) | (local == 0))
            limits[:, :, start + changed] = piece_limits(means[local, own][changed], s.levels)
