"""``kernels/cells.cuh`` in numpy: a population with its receptors: their conductances, calcium and recorded values."""

from __future__ import annotations

from enum import IntEnum
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import numpy as np

from gpusyn.backends.numpy.spikes import Step
from gpusyn.equations.coefficients import read
from gpusyn.equations.dendrites import DendriteCoefficients
from gpusyn.equations.effects import Effect, Real
from gpusyn.equations.kinetics.base import Arrivals, Lumped
from gpusyn.equations.kinetics.instantaneous import Instantaneous
from gpusyn.equations.neurons import CalciumCoefficients, MembraneCoefficients, Neuron
from gpusyn.kernels.records import Bath, Chunk, PoissonDrive, Ring
from gpusyn.numerics.portable_math import flush
from gpusyn.utils.typing import Array, Bools

LIMIT = 1e30  # a potential of larger magnitude, or not a number, is a fault
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
    compartment: int  # 0: the soma, k: dendrite k - 1


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


class Compartment(NamedTuple):
    """Views of one compartment of the neurons: potential, current, clamp, calcium if there is any, coefficients."""

    V: Array
    current: Array
    current_wave: Array
    clamp_wave: Array
    Ca: Array | None
    calcium_coef: Array
    coef: Array  # of a dendrite

    @property
    def calcium_c(self) -> CalciumCoefficients:
        """Present coefficients of calcium."""
        return CalciumCoefficients(*self.calcium_coef)

    @property
    def c(self) -> DendriteCoefficients:
        """Present coefficients of a dendrite."""
        return DendriteCoefficients(*self.coef)

    def injected(self, waves: Array | None) -> Array:
        """Return the current into the compartment; without waves, none changes with time."""
        return self.current if waves is None else self.current + waves[self.current_wave]


class Cells(NamedTuple):
    """Neurons of one population, as views of the session's arrays."""

    chunk: Chunk
    compartments: tuple[Compartment, ...]  # the soma, then each dendrite
    x: Any  # the model's own states, by name
    refractory: Array
    c: Array  # (N_COEF,) if all neurons share one row, else (N_COEF, count)
    receptors: tuple[CellReceptor, ...]
    Pf: Array  # of each receptor, if there is calcium
    rings: list[Ring]
    drives: list[PoissonDrive]
    probes: list[CellProbes]

    @property
    def soma(self) -> Compartment:
        """The soma."""
        return self.compartments[0]

    @property
    def dendrites(self) -> tuple[Compartment, ...]:
        """The dendrites."""
        return self.compartments[1:]

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


def valid(v: Array) -> Array:
    """Return a mask of the potentials that are valid."""
    sound: Array = np.abs(v) < v.dtype.type(LIMIT)
    return sound


def add_receptors(bathed: list[Bathed], compartment: int, v: Array, G: Real, D: Real) -> tuple[Real, Real]:
    """Return G and D with the receptors of one compartment at potential v, each with the mean of its gate."""
    for b in bathed:
        r = b.receptor
        if r.compartment == compartment:
            G, D = r.effect.add(b.conductance(end=False), r.effect_x, v, b.effect_c, b.Mg, G, D)
    return G, D


def jumped(bathed: list[Bathed], compartment: int, v: Array, held: Bools, arrivals: Arrivals) -> Array:
    """Return v of a compartment after the jumps by what arrives at the end of the step; `held` are those held."""
    for b in bathed:
        r, effect = b.receptor, cast("Any", b.receptor.effect)
        if r.compartment == compartment and isinstance(r.kinetics, Instantaneous):
            arrived = r.kinetics.arrived(b.c, arrivals.since(r.input), v.dtype)
            v = flush(v + effect.jump(arrived, held, r.effect_x))
    return v


def advance_calcium(cells: Cells, bathed: list[Bathed], compartment: int, v: Array) -> None:
    """Advance the calcium that flows in with a fraction of the current: Ca' = -Ca / tau + k sum |Pf I|."""
    own = cells.compartments[compartment]
    assert own.Ca is not None
    c, inward = own.calcium_c, v.dtype.type(0)
    for k, b in enumerate(bathed):
        if b.receptor.compartment == compartment:
            inward = inward + cells.Pf[k] * np.abs(b.current(v, end=False))
    own.Ca[:] = flush(c.decay * own.Ca + c.rise * inward)


def sample(cells: Cells, bathed: list[Bathed], variable: ProbeVariable, number: int) -> Array:
    """Return the recorded values of all neurons at the end of the step.

    The number is that of a compartment, of a state of the neuron model, or of a receptor.
    """
    value: Real
    if variable == ProbeVariable.V:
        value = cells.compartments[number].V + cells.head.rest
    elif variable == ProbeVariable.CA:
        value = cells.compartments[number].Ca
    elif variable == ProbeVariable.OWN:
        value = cells.x[number]
    elif variable == ProbeVariable.H:
        value = cells.receptors[number].x[1]
    elif variable == ProbeVariable.G:
        value = bathed[number].conductance(end=True)
    else:
        b = bathed[number]
        v = cells.compartments[b.receptor.compartment].V
        value = (
            b.current(v, end=True)
            if variable == ProbeVariable.I
            else b.receptor.effect.block(b.receptor.effect_x, v, b.effect_c, b.Mg)
        )
    return np.broadcast_to(flush(value), cells.soma.V.shape)
