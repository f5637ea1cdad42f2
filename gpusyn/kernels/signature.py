"""Signatures: the neuron model, the kinds of its receptors in order, and the precision.

The text of a kernel depends on a signature alone. Sizes, values, names and the network do not enter it, so a second
network with a known signature compiles nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gpusyn.equations.coefficients import fields_of
from gpusyn.equations.dendrites import DendriteCoefficients
from gpusyn.equations.effects import EFFECTS, jumps
from gpusyn.equations.kinetics import LUMPED
from gpusyn.equations.neurons import NEURONS, CalciumCoefficients, MembraneCoefficients
from gpusyn.equations.plasticity import LEARNING_RULES
from gpusyn.equations.plasticity.base import Rule


def coefficient_enum(name: str, fields: tuple[str, ...], base: str = "") -> str:
    r"""Return the CUDA struct that names the coefficients of the struct `name`, so both languages use the same names.

    >>> coefficient_enum("LIF", ("g_L", "dt_C"))
    'struct LIFCoefficients { enum { g_L, dt_C, COUNT }; };\n'
    """
    return f"struct {name}Coefficients{base} {{ enum {{ {', '.join((*fields, 'COUNT'))} }}; }};\n"


def coefficient_struct(kind: type[tuple[Any, ...]]) -> str:
    """Return the CUDA struct of a coefficient tuple, whose name ends in ``Coefficients``.

    If fields are vectors or matrices, the struct is made for a number of components M and holds their offsets.

    >>> from gpusyn.equations.kinetics.pulsed import PulsedSourceCoefficients
    >>> print(coefficient_struct(PulsedSourceCoefficients).strip())  # doctest: +NORMALIZE_WHITESPACE
    struct PulsedSourceCoefficients {
        int64 on, off, drive, COUNT;
        MEMBER constexpr PulsedSourceCoefficients(int M)
            : on(0), off(on + M * M), drive(off + M * M), COUNT(drive + M) {}
    };
    """
    fields = fields_of(kind)
    name = kind.__name__.removesuffix("Coefficients")
    if all(field.power in (0, None) for field in fields):
        return coefficient_enum(name, tuple(field.name for field in fields))
    names = [*(field.name for field in fields), "COUNT"]
    sizes = [" * ".join(["M"] * (field.power or 0)) or "1" for field in fields]
    offsets = ["0", *(f"{field.name} + {size}" for field, size in zip(fields, sizes, strict=True))]
    made = ", ".join(f"{name}({offset})" for name, offset in zip(names, offsets, strict=True))
    return (
        f"struct {name}Coefficients {{\n    int64 {', '.join(names)};\n"
        f"    MEMBER constexpr {name}Coefficients(int M) : {made} {{}}\n}};\n"
    )


def neuron_enums(neuron: str) -> str:
    """Return the structs that name coefficients and states of the equations in one file of kernels/neurons."""
    text = ""
    for name, kind in NEURONS.items():
        if kind.__module__ == NEURONS[neuron].__module__:
            text += coefficient_enum(name, kind.COEFFICIENTS._fields, " : NeuronBase")
            text += f"struct {name}States {{ enum {{ {', '.join((*kind.STATES, 'COUNT'))} }}; }};\n"
    return text


class ReceptorSignature(NamedTuple):
    """One receptor: its lumped kinetics, its effect on the membrane, True if synapses own gates of it, its compartment.

    Compartment 0 is the soma, and k is dendrite k - 1.
    """

    kinetics: str
    effect: str
    synaptic: bool = False
    compartment: int = 0


class ReceptorLayout(NamedTuple):
    """Places of the states, coefficients, synaptic sums (-1: none) and inputs of receptor `number`; its compartment."""

    number: int
    kinetics: str
    effect: str
    state: int
    coef: int
    effect_coef: int
    synaptic: int
    input: int
    inputs: int
    compartment: int


@dataclass(frozen=True)
class Numbers:
    """The number types of a run: state `real`, integer sums `acc`, stored weights `weight`."""

    real: str = "float32"
    acc: str = "int32"
    weight: str = "int32"

    def __str__(self) -> str:
        usual = "int32" if self.real == "float32" else "int64"
        return f"{self.real}/{self.acc}" + ("" if self.weight == usual else f"/{self.weight} weights")

    @property
    def real_dtype(self) -> np.dtype[np.floating]:
        """Numpy type of the state."""
        return np.dtype(self.real)

    @property
    def acc_dtype(self) -> np.dtype[np.signedinteger]:
        """Numpy type of the integer sums."""
        return np.dtype(self.acc)

    @property
    def weight_dtype(self) -> np.dtype[np.signedinteger]:
        """Numpy type of a stored weight."""
        return np.dtype(self.weight)

    def prelude(self) -> str:
        """Return the first lines of every assembled text."""
        c = {"float32": "float", "float64": "double", "int16": "short", "int32": "int", "int64": "long long"}
        return f"typedef {c[self.real]} real;\ntypedef {c[self.acc]} acc;\ntypedef {c[self.weight]} weight_t;\n"


@dataclass(frozen=True)
class Signature:
    """A neuron model with its receptors, as the kernel `advance_neurons` sees them."""

    neuron: str
    receptors: tuple[ReceptorSignature, ...]
    numbers: Numbers
    calcium: bool = False
    bathed: bool = False  # True if some receptor changes with time
    dendrites: int = 0

    def layout(self) -> tuple[ReceptorLayout, ...]:
        """Return the receptors with the places of their states and coefficients."""
        state, coef, synaptic, first, rows = 0, self._receptor_coef, 0, 0, []
        for k, r in enumerate(self.receptors):
            kinetics = LUMPED[r.kinetics]
            states, coefs, inputs = kinetics.STATES, kinetics.COEFS, kinetics.INPUTS
            own = synaptic if r.synaptic else -1
            places = state, coef, coef + coefs, own, first, inputs
            rows.append(ReceptorLayout(k, r.kinetics, r.effect, *places, r.compartment))
            effect = EFFECTS[r.effect]
            state, coef = state + states + effect.STATES, coef + coefs + len(effect.COEFFICIENTS._fields)
            synaptic, first = synaptic + r.synaptic, first + inputs
        return tuple(rows)

    @property
    def n_own(self) -> int:
        """Number of state variables of the neuron model itself, beside V."""
        return len(NEURONS[self.neuron].STATES)

    @property
    def n_states(self) -> int:
        """Number of states of one neuron's receptors: lumped gates, effects, and calcium of each compartment if any."""
        return self._receptor_states + (self.compartments if self.calcium else 0)

    @property
    def calcium_state(self) -> int:
        """Place of the calcium of the soma, which that of each dendrite follows; -1 if there is none."""
        return self._receptor_states if self.calcium else -1

    @property
    def _receptor_states(self) -> int:
        return sum(LUMPED[r.kinetics].STATES + EFFECTS[r.effect].STATES for r in self.receptors)

    @property
    def compartments(self) -> int:
        """Number of compartments: the soma and the dendrites."""
        return 1 + self.dendrites

    @property
    def n_coef(self) -> int:
        """Number of coefficients in one row of the coefficient table."""
        own = self.compartments * len(CalciumCoefficients._fields) + len(self.receptors)
        return self.calcium_coef + (own if self.calcium else 0)

    @property
    def calcium_coef(self) -> int:
        """Place of the coefficients of calcium, which come last: those of each compartment, then Pf of receptors."""
        own = sum(LUMPED[r.kinetics].COEFS + len(EFFECTS[r.effect].COEFFICIENTS._fields) for r in self.receptors)
        return self._receptor_coef + own

    @property
    def dendrite_coef(self) -> int:
        """Place of the coefficients of the dendrites, which come after those of the neuron model."""
        return len(MembraneCoefficients._fields) + len(NEURONS[self.neuron].COEFFICIENTS._fields)

    @property
    def _receptor_coef(self) -> int:
        return self.dendrite_coef + self.dendrites * len(DendriteCoefficients._fields)

    @property
    def n_inputs(self) -> int:
        """Number of integer sums to which events are added."""
        return sum(LUMPED[r.kinetics].INPUTS for r in self.receptors)

    @property
    def n_synaptic(self) -> int:
        """Number of receptors with per-synapse gates."""
        return sum(r.synaptic for r in self.receptors)

    def prelude(self) -> str:
        """Return the definitions that make kernels/advance_neurons.cu the kernel of this signature."""
        rows = {
            f"X({r.number}, {r.kinetics}, {r.effect}, {r.state}, {r.coef}, {r.synaptic}, {r.input}, {r.compartment})": r
            for r in self.layout()
        }
        neuron = NEURONS[self.neuron]
        return (
            self.numbers.prelude()
            + coefficient_enum("Membrane", MembraneCoefficients._fields)
            + coefficient_enum("Calcium", CalciumCoefficients._fields)
            + coefficient_enum("Dendrite", DendriteCoefficients._fields)
            + f"#define NEURON {self.neuron}\n#define N_COEF {self.n_coef}\n#define N_INPUTS {self.n_inputs}\n"
            + f"#define N_RECEPTORS {len(rows)}\n"
            + f"enum {{ BATHED = {int(self.bathed)}, CALCIUM_STATE = {self.calcium_state}, "
            + f"CALCIUM_COEF = {self.calcium_coef}, N_OWN = {self.n_own}, HOLDS = {int(bool(neuron.RESET))}, "
            + f"N_DENDRITES = {self.dendrites}, DENDRITE_COEF = {self.dendrite_coef} }};\n"
            + f"#define RECEPTORS(X) {' '.join(rows)}\n"
            + f"#define JUMPS(X) {' '.join(row for row, r in rows.items() if jumps(r.effect))}\n"
            + f"#define DENDRITES(X) {' '.join(f'X({k})' for k in range(1, self.compartments))}\n"
        )


class ReleaseSignature(NamedTuple):
    """What the kernels of short-term plasticity know beside u and x; a network without it has no such signature.

    Attributes
    ----------
    active : bool
        True if what is released is active for a time before it recovers.
    """

    active: bool = True


@dataclass(frozen=True, eq=False)
class RuleSignature:
    """The rules that the kernels of learning know, in the order of their numbers: gpusyn's, then a network's own.

    Those of gpusyn by which weights drift between spikes are among them only if a network has them, because they take
    registers from the others.

    Each program with rules of a user's own has a signature of its own, which is equal to no other, because a rule can
    be defined again, and its file edited, between two programs.
    """

    rules: tuple[Rule, ...]

    @property
    def own(self) -> tuple[Rule, ...]:
        """Rules of a user's own."""
        return tuple(rule for rule in self.rules if rule.own)


#: The rules of gpusyn that all kernels of learning know.
GIVEN_RULES = RuleSignature(tuple(rule for rule in LEARNING_RULES.values() if not rule.own and not rule.DRIFTS))


@functools.cache
def _with_drifting(names: tuple[str, ...]) -> RuleSignature:
    """Return the signature of the rules of gpusyn with those that drift of some names."""
    return RuleSignature(GIVEN_RULES.rules + tuple(LEARNING_RULES[name] for name in names)) if names else GIVEN_RULES


def rule_signature(names: Iterable[str]) -> RuleSignature:
    """Return the signature of a network that has the rules of some names.

    Raises
    ------
    UnknownNameError
        If a rule has no equations.
    """
    wanted = [LEARNING_RULES[name] for name in dict.fromkeys(names)]
    given = _with_drifting(tuple(sorted(rule.name for rule in wanted if rule.DRIFTS)))
    own = tuple(rule for rule in wanted if rule.own)
    return RuleSignature(given.rules + own) if own else given
