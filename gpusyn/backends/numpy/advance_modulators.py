"""``kernels/advance_modulators.cu`` in numpy: modulators of learning, and what they make of eligibilities."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.numpy.trains import decayed
from gpusyn.equations.coefficients import read
from gpusyn.equations.plasticity.eligibility import DopamineCoefficients
from gpusyn.kernels.records import Clock, Modulator, ModulatorPart, TraceDecay, read_rows
from gpusyn.kernels.signature import Signature
from gpusyn.numerics.portable_math import flush


class Modulation(NamedTuple):
    """A modulator, its sources, its coefficients and the decay of its eligibilities."""

    record: Modulator
    parts: list[ModulatorPart]
    c: Any
    decay: TraceDecay


def prepare_modulators(a: SimpleNamespace, signature: Signature | None) -> list[Modulation]:
    """Return the modulators."""
    parts, traces = read_rows(a.modulator_parts, ModulatorPart), read_rows(a.traces, TraceDecay)
    return [
        Modulation(
            m, parts[m.part : m.part_end], read(DopamineCoefficients, a.coef[m.coef :]), traces[m.decay]
        )
        for m in read_rows(a.modulators, Modulator, int(a.n_modulators))
    ]  # fmt: skip


def advance_modulators(a: SimpleNamespace, prepared: list[Modulation]) -> None:
    """Add up what a unit of eligibility has made of a weight in the step that ends now, and advance the modulators."""
    clock = Clock(*a.clock.tolist())
    now, waves = clock.now, a.waves[(clock.now - clock.start) * int(a.n_waves) :]
    spikes = np.arange(a.spike_begin[now & a.step_mask], a.spike_total[0]) & a.spike_mask
    source, events = a.spike_id[spikes], a.spike_events[spikes]
    for i, one in enumerate(prepared):
        m, c = one.record, one.c
        k = now - 1 & m.mask  # steps since all synapses were settled
        steady, d = waves[m.column] * c.rate, a.modulation[i]
        gain = c.own * (d - steady) + c.steady * steady
        before = a.gains[m.gains + k] if k else d.dtype.type(0)
        a.gains[m.gains + k + 1] = before + decayed(a, one.decay, np.array(k)) * gain
        count = sum(events[(part.source <= source) & (source < part.source_end)].sum() for part in one.parts)
        a.modulation[i] = flush(c.decay * (d - steady) + steady + d.dtype.type(count) * c.jump)
