"""The kernel modules: texts assembled from `kernels/`, each compiled as one unit on every backend.

A module's text depends only on the number types, for `advance_neurons` on the signature of the model, and for the
kernels of learning on the rules of a user's own.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gpusyn.equations import effects, neurons
from gpusyn.equations.blocker import BlockerCoefficients
from gpusyn.equations.effects import EFFECTS, Effect, jumps
from gpusyn.equations.kinetics import LUMPED, SOURCE_GATES, SYNAPSE_GATES, base
from gpusyn.equations.neurons import NEURONS
from gpusyn.equations.noise import NoiseCoefficients
from gpusyn.equations.plasticity import LEARNING_RULES
from gpusyn.equations.plasticity import base as plasticity
from gpusyn.equations.plasticity.eligibility import DopamineCoefficients
from gpusyn.equations.plasticity.scaling import ScalingCoefficients
from gpusyn.equations.release import SynapseReleaseCoefficients
from gpusyn.equations.renewals import RenewalCoefficients
from gpusyn.equations.short_term import ActiveReleaseCoefficients, ReleaseCoefficients
from gpusyn.equations.spines import InfluxCoefficients, SpineCoefficients
from gpusyn.errors import BackendError
from gpusyn.kernels.signature import (
    GIVEN_RULES,
    Numbers,
    ReleaseSignature,
    RuleSignature,
    Signature,
    coefficient_enum,
    coefficient_struct,
    neuron_enums,
)
from gpusyn.kernels.source import has_kernel, kernel_folder, read_kernel
from gpusyn.kernels.spec import BUILD_KERNELS, KERNELS

BASE = ("common.cuh", "records.cuh", "portable_math.cuh", "philox.cuh", "spikes.cuh", "poisson.cuh")
_COLUMNS = "columns.cuh"
_EFFECTS = "receptors/effects.cuh"
_NEURON_BASE = "neurons/base.cuh"
_NEURON_KERNELS = ("advance_neurons.cu",)
_COMMON_PARTS = (
    "advance_sources.cu", "advance_gates.cu", "short_term.cuh", "advance_releases.cu", "segments.cuh",
    "deliver_changes.cu", "deliver_spikes.cu",
)  # fmt: skip
_SYNAPSE_PART = "advance_synapses.cu"
_DRAW_PARTS = ("portable_math.cuh", "philox.cuh", "distributions.cuh", "draw_rows.cuh")
_BUILD_PARTS = ("common.cuh", *_DRAW_PARTS, "draw_synapses.cu", "build_rows.cu")
_PROCEDURAL_PART = "deliver_procedural.cu"
_LEARNING_BASE = ("segments.cuh", "trains.cuh", "plasticity/base.cuh")
_LEARNING_PARTS = ("remember_spikes.cu", "advance_modulators.cu", "lessons.cuh", "learn_weights.cu", "scale_weights.cu")
_DRIFTING_PARTS = (*_LEARNING_PARTS[:3], "drifting_lessons.cuh", *_LEARNING_PARTS[3:])
_NORMAL_PARTS = ("philox.cuh", "distributions.cuh")
_RENEWAL_PARTS = ("renewals.cuh", "advance_renewals.cu")
_RELEASE_PART = "deliver_releases.cu"
_SHARED_RELEASE_PART = "advance_releases.cu"
_ACTIVE_PARTS = ("short_term.cuh", "held_back.cuh", "active_release.cuh", _SHARED_RELEASE_PART)
_GATHERING_PARTS = ("noise.cuh", "junctions.cuh", "gather_currents.cu", "gather_potentials.cu")
_RELEASE = "#define RELEASE {}\n"
_BATHS = "baths.cuh"
_SPINE_PARTS = ("segments.cuh", "spines.cuh", "remember_gates.cu", "advance_spines.cu")
_INFLUX_PART = "find_influx.cu"
_LIMITS_PART = "find_limits.cu"


class Module(NamedTuple):
    """A text that contains one or more kernels.

    Attributes
    ----------
    name : str
        Short name for messages and tables.
    text : str
        Complete CUDA C++ text, without any `#include`.
    kernels : tuple of str
        Names of the kernels in it.
    """

    name: str
    text: str
    kernels: tuple[str, ...]


def _holds(what: str, struct: str, file: str, page: str) -> str:
    """Return the name of a kernel file; refuse it if it lacks a struct."""
    if not has_kernel(file):
        missing = f"there is no file {file} in {kernel_folder()}; write struct {struct} in it"
    elif not re.search(rf"\bstruct {struct}\b", read_kernel(file)):
        missing = f"there is no struct {struct} in {file} of {kernel_folder()}; write it"
    else:
        return file
    raise BackendError(f"{what} {struct!r}: {missing} ({page}), or use backend='numpy', which needs none")


def gate_file(gate: base.Gate) -> str:
    """Return the kernel file of a gate, which has the name of the Python file of its twin.

    >>> gate_file(SYNAPSE_GATES["RisingGate"])
    'kinetics/linear.cuh'

    Raises
    ------
    BackendError
        If there is no such file, or it has no struct of the gate's name.
    """
    return _holds("gate", gate.name.partition("<")[0], gate.kernel_file, base.PAGE)


def _gate_text(gates: Iterable[base.Gate]) -> str:
    """Return the structs that name the coefficients of all gates in the files of some gates, then these files."""
    gates = [LUMPED["Unlumped"], *gates]
    files = tuple(dict.fromkeys(map(gate_file, gates)))
    every = [*LUMPED.values(), *SOURCE_GATES.values(), *SYNAPSE_GATES.values()]
    kinds = dict.fromkeys(gate.C for file in files for gate in every if gate.kernel_file == file)
    return _join("".join(coefficient_struct(kind) for kind in kinds), (_COLUMNS, *files))


def effect_file(effect: str) -> str:
    """Return the kernel file of an effect, which has the name of the Python file of its class.

    >>> effect_file("Conductance")
    'receptors/effects.cuh'

    Raises
    ------
    BackendError
        If there is no such file, or it has no struct of the effect's name.
    """
    return _holds("effect", effect, _place(EFFECTS[effect]), effects.PAGE)


def _place(effect: type[Effect]) -> str:
    return f"receptors/{effect.__module__.rpartition('.')[2]}.cuh"


def _effect_text(names: Iterable[str]) -> str:
    """Return the structs that name the coefficients of all effects in the files of some effects, then these files."""
    files = tuple(dict.fromkeys([_EFFECTS, *map(effect_file, names)]))  # other files may use the first one
    kinds = {name: kind for name, kind in EFFECTS.items() if _place(kind) in files}
    return _join("".join(coefficient_enum(name, kind.COEFFICIENTS._fields) for name, kind in kinds.items()), files)


def neuron_file(neuron: str) -> str:
    """Return the kernel file of a neuron model, which has the name of the Python file of its class.

    >>> neuron_file("ExactLIF")
    'neurons/lif.cuh'

    Raises
    ------
    BackendError
        If there is no such file, or it has no struct of the model's name.
    """
    file = f"neurons/{NEURONS[neuron].__module__.rpartition('.')[2]}.cuh"
    return _holds("neuron model", neuron, file, neurons.PAGE)


def _neuron_text(neuron: str) -> str:
    """Return the kernel file of a model after those of the models that it is made from.

    The structs that name the coefficients and states of all equations in a file stand before it.
    """
    made_from = [kind.__name__ for kind in reversed(NEURONS[neuron].__mro__) if NEURONS.get(kind.__name__) is kind]
    files = {neuron_file(name): name for name in made_from}
    return _join("", (_NEURON_BASE,)) + "".join(_join(neuron_enums(name), (file,)) for file, name in files.items())


def _counts_hold(struct: str, **counts: int) -> str:
    """Return the line that stops the compiler where a struct has other counts than its twin in Python."""
    same = " && ".join(f"(int){struct}::{name} == {int(n)}" for name, n in counts.items())
    said = ", ".join(f"{name} {int(n)}" for name, n in counts.items())
    where = '#line 1 "counts of the structs"'
    return f'{where}\nstatic_assert({same}, "{struct} must have {said}, as its Python class");\n'


def _receptors_hold(signature: Signature) -> str:
    """Return the lines that hold the structs of a signature's receptors against their twins."""
    kinetics = {r.kinetics: LUMPED[r.kinetics] for r in signature.receptors}
    kinds = {r.effect: EFFECTS[r.effect] for r in signature.receptors}
    return "".join(
        [
            *(_counts_hold(k, STATES=x.STATES, COEFS=x.COEFS, INPUTS=x.INPUTS) for k, x in kinetics.items()),
            *(_counts_hold(k, STATES=x.STATES, COEFS=len(x.COEFFICIENTS._fields)) for k, x in kinds.items()),
        ]
    )


def _join(prelude: str, files: tuple[str, ...]) -> str:
    parts = [f'#line 1 "names from Python"\n{prelude}'] if prelude else []
    parts += [_part(f"kernels/{file}", read_kernel(file)) for file in files]
    return "".join(parts)


def _part(name: str, text: str) -> str:
    """Return the text of a file as a part of a module; its lines keep their numbers."""
    body = text.replace("#pragma once\n", "\n")
    return f'#line 1 "{name}"\n{body}'


def _kernels_of(files: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(spec.name for spec in KERNELS.values() if spec.file in files)


LEARNING_KERNELS = _kernels_of(_LEARNING_PARTS)


@functools.cache
def neuron_module(signature: Signature) -> Module:
    """Return the module that advances all neurons of one signature."""
    parts = "+".join(
        f"{r.kinetics}{'' if r.effect == 'Conductance' else r.effect}{'*' if r.synaptic else ''}"
        f"{f'@{r.compartment}' if r.compartment else ''}"
        for r in signature.receptors
    )
    numbers = signature.numbers
    more = "+calcium" * signature.calcium + "+bath" * signature.bathed
    more += f"+{signature.dendrites} dendrites" if signature.dendrites else ""
    return Module(
        f"{signature.neuron}({parts}{more}) {numbers}",
        _join(signature.prelude(), BASE)
        + _gate_text(LUMPED[r.kinetics] for r in signature.receptors)
        + _effect_text(r.effect for r in signature.receptors)
        + _receptors_hold(signature)
        + _neuron_text(signature.neuron)
        + _join("", (_BATHS, "cells.cuh", "dendrites.cuh", *_NEURON_KERNELS)),
        _kernels_of(_NEURON_KERNELS),
    )


def _listed(macro: str, structs: Iterable[str]) -> str:
    """Return the macro that lists structs: X(number, struct)."""
    return _numbered(macro, dict(enumerate(structs)))


def _numbered(macro: str, structs: Mapping[int, str]) -> str:
    """Return the macro that lists some structs with numbers of their own."""
    rows = " ".join(f"X({number}, {name})" for number, name in structs.items())
    return f"#define {macro}(X) {rows}\n"


@functools.cache
def common_module(numbers: Numbers) -> Module:
    """Return the module of the kernels that do not depend on a neuron model: sources, their gates, delivery."""
    prelude = numbers.prelude() + _RELEASE.format("Release")
    return Module(
        f"common {numbers}",
        _join(prelude + _listed("SOURCE_GATES", SOURCE_GATES) + coefficient_struct(ReleaseCoefficients), BASE)
        + _gate_text(SOURCE_GATES.values())
        + "".join(_counts_hold(name, PULSES=gate.PULSES) for name, gate in SOURCE_GATES.items())
        + _join("", _COMMON_PARTS),
        _kernels_of(_COMMON_PARTS),
    )


@functools.cache
def synapse_module(kernel: str, numbers: Numbers) -> Module:
    """Return the module of one per-synapse kernel: the streaming of gates, for one struct of them."""
    gate = next(gate for gate in SYNAPSE_GATES.values() if kernel == gate.KERNEL)
    prelude = numbers.prelude() + coefficient_struct(BlockerCoefficients)
    text = _join(prelude, BASE) + _gate_text([gate]) + _counts_hold(gate.name, PULSES=gate.PULSES)
    text += _join("", (_SYNAPSE_PART,))
    return Module(f"{kernel} {numbers}", f"{text}\nSYNAPSE_KERNEL({kernel}, {gate.name})\n", (kernel,))


@functools.cache
def procedural_module(numbers: Numbers) -> Module:
    """Return the module of the kernel that delivers events along rows that it draws."""
    files = ("common.cuh", "records.cuh", *_DRAW_PARTS, _PROCEDURAL_PART)
    return Module(f"procedural {numbers}", _join(numbers.prelude(), files), _kernels_of(files))


def rule_file(rule: plasticity.Rule) -> str:
    """Return the kernel file of a rule of learning, which has the name of the Python file of its twin.

    >>> rule_file(LEARNING_RULES["PairRule"])
    'plasticity/pair.cuh'

    Raises
    ------
    BackendError
        If there is no such file, or it has no struct of the rule's name.
    """
    return _holds("rule of learning", rule.name, rule.kernel_file, plasticity.PAGE)


def own_rule_text(rule: plasticity.Rule) -> str:
    """Return the text of the file with the struct of a rule of a user's own, which is beside its module.

    Raises
    ------
    BackendError
        If there is no such file, it cannot be read, or it has no struct of the rule's name.
    """
    if rule.MODULE_FILE is None:
        missing = "is defined in no file (as in a notebook), beside which its struct could be; write it into a .py file"
    else:
        missing, folder = "", rule.MODULE_FILE.parent
        try:
            text = folder.joinpath(rule.kernel_file).read_text(encoding="utf-8").replace("\r\n", "\n")
        except FileNotFoundError:
            missing = f"there is no file {rule.kernel_file} in {folder}; write struct {rule.name} in it"
        except (OSError, UnicodeDecodeError) as error:
            missing = f"{folder / rule.kernel_file} cannot be read ({error}); make it a text in UTF-8"
        else:
            if re.search(rf"\bstruct {rule.name}\b", text):
                return f"{text}\n"  # the last line may have no end
            missing = f"there is no struct {rule.name} in {rule.kernel_file} of {folder}; write it"
    raise BackendError(
        f"rule of learning {rule.name!r}: {missing} ({plasticity.PAGE}), or use backend='numpy', which needs none"
    )


@functools.lru_cache(maxsize=64)
def learning_module(numbers: Numbers, signature: RuleSignature = GIVEN_RULES) -> Module:
    """Return the module of the kernels by which weights learn, with all rules of gpusyn, and those of a user's own."""
    rules, own = signature.rules, signature.own
    drifting = [rule.name for rule in rules if rule.DRIFTS]
    parts = _DRIFTING_PARTS if drifting else _LEARNING_PARTS
    files = dict.fromkeys(rule_file(rule) for rule in rules if not rule.own)
    base = (*BASE[:3], *(_NORMAL_PARTS if drifting else ()), *_LEARNING_BASE, *files)
    own_texts = {rule.MODULE_FILE: _part(rule.kernel_file, own_rule_text(rule)) for rule in own}
    given = _join("", (*base, *parts))
    for rule in own:
        if re.search(rf"\bstruct {rule.name}\b", given):
            raise BackendError(
                f"rule of learning {rule.name!r}: gpusyn's kernels have a struct of this name; choose another name"
            )
    beside = [rule for rule in LEARNING_RULES.values() if rule.own and rule.MODULE_FILE in own_texts]
    kinds = {rule.C.__name__: rule.C for rule in (*rules, *beside)}  # the last one, if a class was defined again
    kinds |= {rule.C.__name__: rule.C for rule in own}
    kinds |= {kind.__name__: kind for kind in (DopamineCoefficients, ScalingCoefficients)}
    names = [rule.name for rule in rules]
    prelude = numbers.prelude() + "".join(map(coefficient_struct, kinds.values()))
    return Module(
        " + ".join([f"learning {numbers}", *drifting, *(rule.name for rule in own)]),
        _join(prelude + _listed("LEARNING_RULES", names), base)
        + "".join(own_texts.values())
        + "".join(_counts_hold(rule.name, PRE=rule.PRE, POST=rule.POST, ELIGIBLE=rule.ELIGIBLE) for rule in rules)
        + _join("", parts),
        LEARNING_KERNELS,
    )


@functools.cache
def renewal_module() -> Module:
    """Return the module of the kernel of renewal processes; no number type of a run enters it."""
    files = *BASE[:3], *_NORMAL_PARTS, "spikes.cuh", *_RENEWAL_PARTS
    return Module("renewals", _join(coefficient_struct(RenewalCoefficients), files), _kernels_of(files))


@functools.cache
def gathering_module(numbers: Numbers) -> Module:
    """Return the module of the kernels that gather currents that are not the same in each step."""
    files = (*BASE[:5], "distributions.cuh", _COLUMNS, *_GATHERING_PARTS)
    prelude = numbers.prelude() + coefficient_struct(NoiseCoefficients)
    return Module(f"currents {numbers}", _join(prelude, files), _kernels_of(files))


@functools.cache
def active_module(numbers: Numbers) -> Module:
    """Return the module of short-term plasticity on sources some of whose releases are active before they recover."""
    structs = map(coefficient_struct, (ReleaseCoefficients, ActiveReleaseCoefficients))
    prelude = numbers.prelude() + _RELEASE.format("ActiveRelease") + "".join(structs)
    return Module(f"active releases {numbers}", _join(prelude, (*BASE[:3], *_ACTIVE_PARTS)), _kernels_of(_ACTIVE_PARTS))


@functools.cache
def release_module(numbers: Numbers, active: bool = False) -> Module:
    """Return the module of the kernels of synapses that release one by one; `active`: some have a y."""
    drawing = "portable_math.cuh", "philox.cuh", "distributions.cuh"
    recovery = ("held_back.cuh", "releases.cuh", "active_recovery.cuh") if active else ("releases.cuh", "recovery.cuh")
    files = ("common.cuh", "records.cuh", *drawing, "segments.cuh", *recovery, _RELEASE_PART)
    prelude = numbers.prelude() + coefficient_struct(SynapseReleaseCoefficients)
    return Module(f"releases {numbers}" + " + active" * active, _join(prelude, files), _kernels_of(files))


@functools.cache
def spine_module(numbers: Numbers) -> Module:
    """Return the module of the kernels of synapses that learn from their calcium, with the gates of all kinetics."""
    gates = SYNAPSE_GATES.values()
    return Module(
        f"spines {numbers}",
        _join(numbers.prelude() + _listed("SYNAPSE_GATES", SYNAPSE_GATES) + coefficient_struct(SpineCoefficients), BASE)
        + _gate_text(gates)
        + "".join(_counts_hold(gate.name, PULSES=gate.PULSES) for gate in gates)
        + _join("", _SPINE_PARTS),
        _kernels_of(_SPINE_PARTS),
    )


def influx_module(numbers: Numbers) -> Module:
    """Return the module of the kernel that finds what calcium enters spines, with all effects that have no states."""
    through = tuple(name for name, kind in EFFECTS.items() if has_kernel(_place(kind)) and not jumps(name))
    return _influx_module(numbers, through)


@functools.lru_cache(maxsize=64)
def _influx_module(numbers: Numbers, effects: tuple[str, ...]) -> Module:
    numbered = {number: name for number, name in enumerate(EFFECTS) if name in effects and not EFFECTS[name].STATES}
    own = [name for name in numbered.values() if effect_file(name) != _EFFECTS]
    return Module(
        " + ".join([f"influx {numbers}", *own]),
        _join(numbers.prelude() + _numbered("EFFECTS", numbered) + coefficient_struct(InfluxCoefficients), BASE[:3])
        + _join("", (_COLUMNS,))
        + _effect_text(numbered.values())
        + _join("", (_BATHS, "trains.cuh", _INFLUX_PART)),
        _kernels_of((_INFLUX_PART,)),
    )


@functools.cache
def limits_module() -> Module:
    """Return the module of the kernel that makes limits of Poisson events; no number type of a run enters it."""
    files = ("common.cuh", "records.cuh", "portable_math.cuh", "spikes.cuh", _LIMITS_PART)
    return Module("limits", _join("", files), _kernels_of(files))


@functools.cache
def build_module() -> Module:
    """Return the module of the kernels that build rows of synapses; no number type of a run enters it."""
    return Module("rows", _join("", _BUILD_PARTS), tuple(BUILD_KERNELS))


def module_of(kernel: str, signature: Signature | RuleSignature | ReleaseSignature | None, numbers: Numbers) -> Module:
    """Return the module that contains `kernel`."""
    file = KERNELS[kernel].file
    if file == _INFLUX_PART:
        return influx_module(numbers)
    if isinstance(signature, Signature):
        return neuron_module(signature)
    if file == _PROCEDURAL_PART:
        return procedural_module(numbers)
    if file in _LEARNING_PARTS:
        return learning_module(numbers, signature if isinstance(signature, RuleSignature) else GIVEN_RULES)
    if file in _RENEWAL_PARTS:
        return renewal_module()
    if file == _RELEASE_PART:
        return release_module(numbers, active=signature is not None)
    if file == _SHARED_RELEASE_PART and signature is not None:
        return active_module(numbers)
    if file in _GATHERING_PARTS:
        return gathering_module(numbers)
    if file in _SPINE_PARTS:
        return spine_module(numbers)
    if file == _LIMITS_PART:
        return limits_module()
    return synapse_module(kernel, numbers) if file == _SYNAPSE_PART else common_module(numbers)
