"""``kernels/cells.cuh`` in numpy: a population with its receptors: their conductances, calcium and recorded values."""

from __future__ import annotations

from enum import IntEnum
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from gpusyn.backends.numpy.spikes import Step
from gpusyn.equations.coefficients import read
from gpusyn.equations.effects import Effect, Real
from gpusyn.equations.kinetics.base import Lumped
from gpusyn.equations.neurons import CalciumCoefficients, MembraneCoefficients, Neuron
from gpusyn.kernels.records import Bath, Chunk, PoissonDrive, Ring
from gpusyn.numerics.portable_math import flush
from gpusyn.utils.typing import Array

HEAD = len(MembraneCoefficients._fields)  # number of the coefficients that every neuron has


class ProbeVariable(IntEnum):
    """Variable that a probe records."""

    V = 0
    G = 1
    I = 2
    B = 3
    H = 4
    CA = 5
    OWN = 6  # a state of the neuron model


class CellReceptor(NamedTuple):
    """One receptor of a population: equations, states of gate and effect, per-synapse sums (mean, end) if any."""

    kinetics: Lumped
    effect: type[Effect]
    input: int
    coef: int
    effect_coef: int
    x: tuple[Array, ...]
    effect_x: tuple[Array, ...]
    synaptic: tuple[Array, Array] | None
    bath: Bath


class Bathed(NamedTuple):
    """The state of a receptor in one step: coefficients of kinetics and effect, factors of its gate and magnesium."""

    receptor: CellReceptor
    c: Any  # by name
    effect_c: Any  # by name
    scale: Real | None
    Mg: Real

    def conductance(self, *, end: bool) -> Real:
        """Return the conductance (or current) without voltage factors: its value now (`end`), or the step's mean."""
        r = self.receptor
        gate = r.kinetics.value(r.x) if end else r.kinetics.average(r.x, self.c)
        if r.synaptic:
            gate = gate + r.synaptic[int(end)]
        return gate if self.scale is None else self.scale * gate

    def current(self, v: Real, *, end: bool) -> Real:
        """Return the current at potential v."""
        r = self.receptor
        return r.effect.current(self.conductance(end=end), r.effect_x, v, self.effect_c, self.Mg)


class CellProbes(NamedTuple):
    """Probes of one population that record the same variable at the same steps."""

    variable: ProbeVariable
    receptor: int
    every: int
    neurons: Array
    first: Array  # places of the first samples in `trace`
    columns: Array  # distances to the next samples


class Cells(NamedTuple):
    """Neurons of one population, as views of the session's arrays."""

    chunk: Chunk
    V: Array
    x: Any  # the model's own states, by name
    refractory: Array
    current: Array
    current_wave: Array
    clamp_wave: Array
    c: Array  # (N_COEF,) if all neurons share one row, else (N_COEF, count)
    receptors: tuple[CellReceptor, ...]
    Ca: Array | None
    calcium_c: Array  # CalciumCoefficients, then Pf of each receptor
    rings: list[Ring]
    drives: list[PoissonDrive]
    probes: list[CellProbes]

    @property
    def head(self) -> MembraneCoefficients:
        """Coefficients that every neuron has."""
        return MembraneCoefficients(*self.c[:HEAD])

    def own(self, model: type[Neuron]) -> Any:
        """Return the model's own coefficients."""
        return model.COEFFICIENTS(*self.c[HEAD : HEAD + len(model.COEFFICIENTS._fields)])


def bathe(a: SimpleNamespace, r: CellReceptor, c: Array, waves: Array, step: Step) -> Bathed:
    """Return a receptor with the changes of this step by drugs, [Mg] and glycine."""
    own, bath = c[r.coef :], r.bath
    if bath.kinetics >= 0:
        own = a.bath_kinetics[step.local * int(a.bath_width) + bath.kinetics :]
    return Bathed(
        r,
        r.kinetics.read(own),
        read(r.effect.COEFFICIENTS, c[r.effect_coef :]),
        waves[bath.scale] if bath.scale >= 0 else None,
        waves[bath.magnesium] if bath.magnesium >= 0 else c.dtype.type(1),
    )


def advance_calcium(cells: Cells, bathed: list[Bathed], v: Array) -> None:
    """Advance the calcium that flows in with a fraction of the current: Ca' = -Ca / tau + k sum |Pf I|."""
    assert cells.Ca is not None
    c, Pf = CalciumCoefficients(*cells.calcium_c[:2]), cells.calcium_c[2:]
    inward = v.dtype.type(0)
    for k, b in enumerate(bathed):
        inward = inward + Pf[k] * np.abs(b.current(v, end=False))
    cells.Ca[:] = flush(c.decay * cells.Ca + c.rise * inward)


def sample(cells: Cells, bathed: list[Bathed], variable: ProbeVariable, receptor: int) -> Array:
    """Return the recorded values of all neurons at the end of the step."""
    v = cells.V
    value: Real
    if variable == ProbeVariable.V:
        value = v + cells.head.rest
    elif variable == ProbeVariable.CA:
        value = cells.Ca
    elif variable == ProbeVariable.OWN:
        value = cells.x[receptor]
    elif variable == ProbeVariable.H:
        value = cells.receptors[receptor].x[1]
    elif variable == ProbeVariable.I:
        value = bathed[receptor].current(v, end=True)
    elif variable == ProbeVariable.B:
        b = bathed[receptor]
        value = b.receptor.effect.block(b.receptor.effect_x, v, b.effect_c, b.Mg)
    else:
        value = bathed[receptor].conductance(end=True)
    return np.broadcast_to(flush(value), v.shape)
