"""``kernels/gather_currents.cu`` in numpy: the current into each compartment during the step that begins."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gpusyn.backends.numpy import pieces
from gpusyn.backends.numpy.junctions import Row, add_junctions, prepare_junctions
from gpusyn.equations import noise as equations
from gpusyn.equations.coefficients import read
from gpusyn.equations.noise import NoiseCoefficients
from gpusyn.kernels.records import Clock, NoiseCurrent, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.numerics.normal_quantile import normal_quantile
from gpusyn.numerics.philox import philox, uniform32
from gpusyn.utils.typing import Array


class Prepared(NamedTuple):
    """What adds to constant currents: noises, and the junctions of neurons."""

    noises: list[NoiseCurrent]
    junctions: list[Row]


def prepare_currents(a: SimpleNamespace, signature: Signature | None) -> Prepared:
    """Return the noises and junctions."""
    return Prepared(read_rows(a.noises, NoiseCurrent, int(a.n_noises)), prepare_junctions(a))


def gather_currents(a: SimpleNamespace, prepared: Prepared) -> None:
    """Write the current of this step into each compartment: what is constant, noise, and those of gap junctions."""
    now = Clock(*a.clock.tolist()).next
    a.gathered[:] = a.current
    for noise in prepared.noises:
        if noise.start <= now < noise.stop:
            for start, stop in pieces.parts(noise.size, pieces.NEURONS):
                _add_noise(a, noise, now, start, stop)
    add_junctions(a, prepared.junctions)


def _add_noise(a: SimpleNamespace, noise: NoiseCurrent, now: int, start: int, stop: int) -> None:
    """Add the noise of some of the neurons that an injection reaches."""
    rows = noise.size if noise.coef_step else 1
    table = a.noise_coef[noise.coef :][: len(NoiseCoefficients._fields) * rows].reshape(-1, rows)
    c = read(NoiseCoefficients, table[:, start:stop] if noise.coef_step else table)
    x = a.noise[noise.noise + start : noise.noise + stop]
    current = a.gathered[noise.current + start : noise.current + stop]
    if (now - noise.start) % noise.every == 0:
        fresh = _normals(noise, now, noise.offset + start, stop - start).astype(x.dtype)
        x[:] = equations.moved(x, fresh, c, now == noise.start or not noise.lasts)
    current[:] = equations.added(current, x, c)


def _normals(noise: NoiseCurrent, now: int, first: int, size: int) -> Array:
    """Return a standard normal number for each of some neurons of a population, from neuron `first` on."""
    four = np.arange(first // 4, (first + size + 3) // 4)
    words = philox(noise.key_high << 32 | noise.key_low, four, now & 0xFFFFFFFF, now >> 32, 0)
    skipped = first % 4
    return normal_quantile(uniform32(np.stack(words, axis=1).reshape(-1)[skipped : skipped + size]))
