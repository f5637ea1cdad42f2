"""The kernel modules: texts assembled from `kernels/`, each compiled as one unit on every backend.

A module's text depends only on the number types and, for `advance_neurons`, on the signature of the model.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from gpusyn.equations.neurons import NEURONS, PAGE
from gpusyn.errors import FileError
from gpusyn.kernels.signature import Numbers, Signature
from gpusyn.kernels.source import kernel_folder, kernel_names, read_kernel
from gpusyn.kernels.spec import KERNELS

_BASE = ("common.cuh", "records.cuh", "portable_math.cuh", "philox.cuh", "spikes.cuh")
_COLUMNS = ("columns.cuh",)
_RECEPTORS = ("receptors/kinetics.cuh", "receptors/effects.cuh")
_NEURON_KERNELS = ("advance_neurons.cu",)
_COMMON_PARTS = ("gates.cuh", "advance_sources.cu", "advance_gates.cu", "deliver_spikes.cu")
_SYNAPSE_PART = "advance_synapses.cu"


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


def _receptor_parts() -> tuple[str, ...]:
    """Return the files with the structs of all receptors; those that others use come first."""
    return _RECEPTORS + tuple(n for n in kernel_names() if n.startswith("receptors/") and n not in _RECEPTORS)


def neuron_file(neuron: str) -> str:
    """Return the kernel file of a neuron model, which has the name of the Python file of its class.

    >>> neuron_file("ExactLIF")
    'neurons/lif.cuh'

    Raises
    ------
    FileError
        If there is no such file, or it has no struct of the model's name.
    """
    file = f"neurons/{NEURONS[neuron].__module__.rpartition('.')[2]}.cuh"
    if file not in kernel_names():
        raise FileError(
            f"neuron model {neuron!r}: there is no file {file} in {kernel_folder()}; write struct {neuron} in it "
            f"({PAGE}), or use backend='numpy', which needs none"
        )
    if not re.search(rf"^struct {neuron}\b", read_kernel(file), re.MULTILINE):
        raise FileError(
            f"neuron model {neuron!r}: there is no struct {neuron} in {file} of {kernel_folder()}; write it ({PAGE}), "
            "or use backend='numpy', which needs none"
        )
    return file


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
    """Return the module that advances all neurons of one signature."""
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
                *_COLUMNS,
                *_receptor_parts(),
                neuron_file(signature.neuron),
                "cells.cuh",
                *_NEURON_KERNELS,
            ),
        ),
        _kernels_of(_NEURON_KERNELS),
    )


@functools.cache
def common_module(numbers: Numbers) -> Module:
    """Return the module of the kernels that do not depend on a neuron model: sources, their gates, delivery."""
    return Module(
        f"common {numbers}",
        _join(numbers.prelude(), (*_BASE, *_COMMON_PARTS)),
        _kernels_of(_COMMON_PARTS),
    )


@functools.cache
def synapse_module(kernel: str, numbers: Numbers) -> Module:
    """Return the module of one per-synapse kernel: the file without the lines that make the others."""
    text = _join(numbers.prelude(), (*_BASE, "gates.cuh", _SYNAPSE_PART))
    made = [line for line in text.splitlines() if line.startswith("SYNAPSE_KERNEL(")]
    for line in made:
        if not line.startswith(f"SYNAPSE_KERNEL({kernel},"):
            text = text.replace(line + "\n", "\n")
    return Module(f"{kernel} {numbers}", text, (kernel,))


def module_of(kernel: str, signature: Signature | None, numbers: Numbers) -> Module:
    """Return the module that contains `kernel`."""
    if signature is not None:
        return neuron_module(signature)
    return synapse_module(kernel, numbers) if KERNELS[kernel].file == _SYNAPSE_PART else common_module(numbers)
