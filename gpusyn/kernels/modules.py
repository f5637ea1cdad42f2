"""The kernel modules: deterministic texts assembled from `kernels/`, each the unit of compilation on every backend.

A module's text depends on the number types and, for `advance_neurons`, on the model's signature; on nothing else.
"""

from __future__ import annotations

import functools
from itertools import product
from typing import NamedTuple

from gpusyn.kernels.signature import NEURONS, Numbers, ReceptorSignature, Signature
from gpusyn.kernels.source import kernel_names, read_kernel
from gpusyn.kernels.spec import KERNELS

_BASE = ("common.cuh", "records.cuh", "portable_math.cuh", "philox.cuh", "spikes.cuh")
_RECEPTORS = ("receptors/kinetics.cuh", "receptors/effects.cuh")
_NEURON_FILES = {
    "LIF": "lif",
    "ExactLIF": "lif",
    "AdEx": "adex",
    "Izhikevich": "izhikevich",
    "HodgkinHuxley": "hodgkin_huxley",
}
_NEURON_KERNELS = ("advance_neurons.cu",)
_COMMON_PARTS = ("gates.cuh", "advance_sources.cu", "advance_gates.cu", "deliver_spikes.cu")
_SYNAPSE_PART = "advance_synapses.cu"


class Module(NamedTuple):
    """A text that holds some kernels.

    Attributes
    ----------
    name : short name for messages and tables
    text : the whole CUDA C++ text, no `#include` in it
    kernels : names of the kernels in it
    """

    name: str
    text: str
    kernels: tuple[str, ...]


def _receptor_parts() -> tuple[str, ...]:
    """The structs of all receptors: first those that others may use."""
    return _RECEPTORS + tuple(n for n in kernel_names() if n.startswith("receptors/") and n not in _RECEPTORS)


def _join(prelude: str, files: tuple[str, ...]) -> str:
    parts = [prelude]
    for file in files:
        body = "".join(line for line in read_kernel(file).splitlines(keepends=True) if line.strip() != "#pragma once")
        parts.append(f'#line 1 "kernels/{file}"\n{body}')
    return "".join(parts)


def _kernels_of(files: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(spec.name for spec in KERNELS.values() if spec.file in files)


@functools.cache
def neuron_module(signature: Signature) -> Module:
    """The module that advances all neurons of one signature."""
    parts = "+".join(
        f"{r.kinetics}{'' if r.effect == 'Conductance' else r.effect}{'*' if r.synaptic else ''}"
        for r in signature.receptors
    )
    numbers = signature.numbers
    more = "+calcium" * signature.calcium + "+bath" * signature.bathed
    return Module(
        f"{signature.neuron}({parts}{more}) {numbers}",
        _join(
            signature.prelude(),
            (
                *_BASE,
                *_receptor_parts(),
                f"neurons/{_NEURON_FILES[signature.neuron]}.cuh",
                "cells.cuh",
                *_NEURON_KERNELS,
            ),
        ),
        _kernels_of(_NEURON_KERNELS),
    )


@functools.cache
def common_module(numbers: Numbers) -> Module:
    """The module of everything that no neuron model changes: sources, their gates, delivery."""
    return Module(
        f"common {numbers}",
        _join(numbers.prelude(), (*_BASE, *_COMMON_PARTS)),
        _kernels_of(_COMMON_PARTS),
    )


@functools.cache
def synapse_module(kernel: str, numbers: Numbers) -> Module:
    """The module of one per-synapse kernel: the file without the lines that make the others."""
    text = _join(numbers.prelude(), (*_BASE, "gates.cuh", _SYNAPSE_PART))
    made = [line for line in text.splitlines() if line.startswith("SYNAPSE_KERNEL(")]
    for line in made:
        if not line.startswith(f"SYNAPSE_KERNEL({kernel},"):
            text = text.replace(line + "\n", "\n")
    return Module(f"{kernel} {numbers}", text, (kernel,))


def module_of(kernel: str, signature: Signature | None, numbers: Numbers) -> Module:
    """The module that holds `kernel`."""
    if signature is not None:
        return neuron_module(signature)
    return synapse_module(kernel, numbers) if KERNELS[kernel].file == _SYNAPSE_PART else common_module(numbers)


ALL_NUMBERS = (Numbers("float32", "int32"), Numbers("float32", "int64"), Numbers("float64", "int64"))


def modules_in_common_use() -> list[Module]:
    """The committed list that CI compiles for every architecture.

    The signatures of the README's network, of current-based networks, of Vogels and Abbott's networks, and of
    per-synapse gating, in all three sets of number types.
    """
    conductance = ReceptorSignature("Exponential", "Conductance")
    rising = ReceptorSignature("Rising", "Conductance")
    nmda = ReceptorSignature("Rising", "MagnesiumBlocked")
    current = ReceptorSignature("Exponential", "Current")
    alpha = ReceptorSignature("Rising", "Current")
    pulsed = ReceptorSignature("Pulsed<1>", "Conductance")
    gated = ReceptorSignature("Unlumped", "Conductance", synaptic=True)
    gated_nmda = ReceptorSignature("Unlumped", "MagnesiumBlocked", synaptic=True)
    models: list[tuple[str, tuple[ReceptorSignature, ...]]] = [
        ("LIF", (conductance, nmda, conductance)),
        ("LIF", (rising, nmda, rising)),
        ("LIF", (conductance, conductance)),
        ("LIF", (conductance,)),
        ("LIF", (pulsed,)),
        (
            "LIF",
            (pulsed, pulsed._replace(effect="MagnesiumBlocked"), pulsed, ReceptorSignature("Followed", "Conductance")),
        ),
        ("LIF", (ReceptorSignature("Pulsed<5>", "Conductance"), ReceptorSignature("Pulsed<4>", "MagnesiumBlocked"))),
        ("LIF", (gated,)),
        ("LIF", (gated, gated_nmda, gated)),
        ("LIF", (conductance._replace(synaptic=True), nmda._replace(synaptic=True))),
        ("ExactLIF", ()),
        ("ExactLIF", (current, current)),
        ("ExactLIF", (alpha,)),
        ("LIF", (conductance, alpha)),
        ("AdEx", ()),
        ("AdEx", (conductance, nmda, conductance)),
        ("Izhikevich", ()),
        ("Izhikevich", (conductance, conductance)),
        ("HodgkinHuxley", ()),
        ("HodgkinHuxley", (conductance, conductance)),
    ]
    assert {m[0] for m in models} == set(NEURONS)
    neurons = [neuron_module(Signature(neuron, rs, n)) for n, (neuron, rs) in product(ALL_NUMBERS, models)]
    slow = (conductance, ReceptorSignature("Rising", "SlowlyUnblocked"), rising)
    neurons += [neuron_module(Signature("LIF", slow, n, calcium=True, bathed=True)) for n in ALL_NUMBERS]
    reals = ALL_NUMBERS[0], ALL_NUMBERS[-1]  # per-synapse gates know no integer sums
    synapses = [synapse_module(kernel, n) for n, kernel in product(reals, _kernels_of((_SYNAPSE_PART,)))]
    return [common_module(n) for n in ALL_NUMBERS] + synapses + neurons
