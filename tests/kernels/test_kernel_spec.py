"""Kernel arguments are declared once: the declarations are those of the kernel text, and every launch is checked."""

import dataclasses
import re

import numpy as np
import pytest

from benchmarks.common_modules import ALL_NUMBERS, modules_in_common_use
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.errors import BackendError
from gpusyn.kernels.modules import Module, common_module, neuron_module, synapse_module
from gpusyn.kernels.signature import Numbers, ReceptorSignature, Signature
from gpusyn.kernels.source import kernel_names, read_kernel
from gpusyn.kernels.spec import BUILD_KERNELS, KERNELS, Argument, KernelSpec
from tests.emulation import CompileFailure, load
from tests.emulation import kernel_names as kernels_of_text
from tests.helpers.hand_made import SINGLE, make
from tests.helpers.runs import cpu, emulated

FILES = [name for name in kernel_names() if name.endswith(".cu")]
MAKER = re.compile(r"#define\s+(\w+)\(name\b[^)]*\)\s*\\\n\s*KERNEL\(name,([^)]*)\)")
C_TYPES = {
    "float32": "float", "float64": "double", "int32": "int", "int64": "long long",
    "uint8": "unsigned char", "uint16": "unsigned short", "uint32": "unsigned int",
    "uint64": "unsigned long long",
}  # fmt: skip


def without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*", "", text)


def arguments_of(parameters: str) -> list[tuple[str, str, bool, bool]]:
    """(name, C type, array, written to) of each parameter."""
    found = []
    for parameter in parameters.replace("\\\n", " ").split(","):
        m = re.fullmatch(r"\s*(const\s+)?(\w+)\s*(\*\s*(?:RESTRICT\s+)?)?(\w+)\s*", parameter)
        assert m, f"not read: {parameter!r}"
        array = m[3] is not None
        found.append((m[4], m[2], array, array and m[1] is None))
    return found


def declared_in_text() -> dict[str, tuple[str, list[tuple[str, str, bool, bool]]]]:
    """Kernels of all files: name -> (file, arguments). A macro that makes kernels is read where modules use it."""
    kernels = {}
    for file in FILES:
        text = without_comments(read_kernel(file))
        for m in re.finditer(r"^KERNEL\((\w+),([^)]*)\)", text, re.M):
            kernels[m[1]] = file, arguments_of(m[2])
        for maker, parameters in MAKER.findall(text):
            for module in modules_in_common_use():
                for m in re.finditer(rf"^{maker}\((\w+)", module.text, re.M):
                    kernels[m[1]] = file, arguments_of(parameters)
    return kernels


IN_TEXT = declared_in_text()
DECLARED = {**KERNELS, **BUILD_KERNELS}


def test_every_kernel_is_declared_and_every_declaration_has_a_kernel():
    assert set(IN_TEXT) == {*KERNELS, *BUILD_KERNELS}
    assert {file for file, _ in IN_TEXT.values()} == set(FILES)
    assert all(name == spec.name for name, spec in DECLARED.items())


@pytest.mark.parametrize("kernel", DECLARED)
def test_declaration_is_that_of_the_text(kernel):
    file, arguments = IN_TEXT[kernel]
    spec = DECLARED[kernel]
    assert spec.file == file
    assert [(a.name, a.ctype, a.array, a.intent != "in") for a in spec.arguments] == arguments
    assert {a.intent for a in spec.arguments if not a.array} <= {"in"}
    assert spec.unit in ("block", "warp", "thread")


@pytest.mark.parametrize("change", ["name", "type", "order", "const", "array"])
def test_the_comparison_can_fail(change):
    original = arguments_of("const Chunk *RESTRICT chunks, int n_chunks, real *RESTRICT V")
    assert original == [("chunks", "Chunk", True, False), ("n_chunks", "int", False, False), ("V", "real", True, True)]
    changed = {
        "name": "const Chunk *RESTRICT chunk, int n_chunks, real *RESTRICT V",
        "type": "const Ring *RESTRICT chunks, int n_chunks, real *RESTRICT V",
        "order": "int n_chunks, const Chunk *RESTRICT chunks, real *RESTRICT V",
        "const": "Chunk *RESTRICT chunks, int n_chunks, real *RESTRICT V",
        "array": "const Chunk *RESTRICT chunks, int n_chunks, real V",
    }[change]
    assert arguments_of(changed) != original


def modules() -> list[Module]:
    numbers = ALL_NUMBERS[0]
    receptors = (ReceptorSignature("Rising", "MagnesiumBlocked"), ReceptorSignature("Unlumped", "Conductance", True))
    neurons = neuron_module(Signature("LIF", receptors, numbers, calcium=True, bathed=True))
    return [common_module(numbers), synapse_module("advance_markov", numbers), neurons]


@pytest.mark.parametrize("module", modules(), ids=lambda m: m.name)
def test_compiled_signatures_are_the_declared_ones(module):
    """What a compiler makes of the text, typedefs and macros resolved."""
    try:
        compiled = load(module.text, ("--std=c++17", "--fmad=false"))
    except CompileFailure as error:
        if "g++" in str(error):
            pytest.skip(str(error))
        raise
    assert set(compiled) == set(module.kernels)
    for name, kernel in compiled.items():
        want = []
        for a in DECLARED[name].arguments:
            ctype = a.ctype if a.record else C_TYPES[a.dtype(ALL_NUMBERS[0]).name]
            want.append(f"{'const ' if a.intent == 'in' else ''}{ctype}*" if a.array else ctype)
        assert list(kernel.parameters) == want


def test_the_kernels_of_a_module_are_those_of_its_text():
    seen = set()
    for module in {module.kernels: module for module in modules_in_common_use()}.values():  # one of each kind
        try:
            assert set(kernels_of_text(module.text)) == set(module.kernels)
        except CompileFailure as error:
            pytest.skip(str(error))
        seen |= set(module.kernels)
    assert seen == set(DECLARED)


# ---- texts depend on signatures alone ----


def test_a_text_is_the_same_each_time_and_differs_by_signature():
    numbers = Numbers()
    ampa, gaba = ReceptorSignature("Exponential", "Conductance"), ReceptorSignature("Rising", "Conductance")
    one, other = Signature("LIF", (ampa, gaba), numbers), Signature("LIF", (gaba, ampa), numbers)
    again = neuron_module(dataclasses.replace(one))
    neuron_module.cache_clear()
    assert neuron_module(one).text == again.text != neuron_module(other).text
    texts = [m.text for m in modules_in_common_use()]
    assert len(set(texts)) == len(texts)


# ---- every launch passes one gate ----

SPEC = KernelSpec(
    "k",
    "k.cu",
    "thread",
    (
        Argument("x", "real"),
        Argument("sums", "acc", intent="inout"),
        Argument("w", "weight_t"),
        Argument("word", "uint32"),
        Argument("baths", "Bath"),
        Argument("n", "int64", array=False),
    ),
)


def arguments(numbers: Numbers) -> dict[str, object]:
    arrays = {a.name: np.zeros((2, 3), a.dtype(numbers)) for a in SPEC.arguments if a.array}
    return {**arrays, "n": np.int64(3)}


@pytest.mark.parametrize("numbers", ALL_NUMBERS)
def test_right_arguments_pass(numbers):
    SPEC.check(arguments(numbers), numbers)


WRONG = {
    "narrower": ("x", np.zeros(6, np.float16), "'x' must be float32, got float16"),
    "wider": ("x", np.zeros(6), "'x' must be float32, got float64"),
    "signed": ("word", np.zeros(6, np.int32), "'word' must be uint32, got int32"),
    "byte order": ("x", np.zeros(6, ">f4"), "'x' must be float32, got >f4"),
    "list": ("x", [0.0], "'x' must be float32, got <class 'list'>"),
    "strided": ("x", np.zeros(12, np.float32)[::2], "'x' must be contiguous"),
    "transposed": ("sums", np.zeros((3, 2), np.int32).T, "'sums' must be contiguous"),
    "table of another type": ("baths", np.zeros(6, np.int32), "'baths' must be int64, got int32"),
    "parts of rows": (
        "baths",
        np.zeros(7, np.int64),
        "'baths' has 7 elements, not rows of Bath with the 3 fields scale, magnesium, kinetics",
    ),
    "number for an array": ("x", np.float32(1), "'x' must be an array"),
    "no dimension": ("x", np.zeros((), np.float32), "'x' must be an array"),
    "array for a number": ("n", np.zeros(1, np.int64), "'n' must be a number"),
    "python number": ("n", 3, "'n' must be int64, got <class 'int'>"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_argument_is_refused(case):
    name, value, said = WRONG[case]
    with pytest.raises(BackendError, match=re.escape(f"kernel k: argument {said}")):
        SPEC.check(arguments(Numbers()) | {name: value}, Numbers())


def test_missing_and_unknown_arguments_are_refused():
    right = arguments(Numbers())
    fewer = {k: v for k, v in right.items() if k != "w"}
    for wrong in (fewer, right | {"more": np.zeros(1)}, fewer | {"weight": right["w"]}):
        with pytest.raises(BackendError, match="kernel k: takes"):
            SPEC.check(wrong, Numbers())


@pytest.mark.parametrize("backend", ["numpy", "cpu", "cuda"])
def test_every_backend_checks_its_launches(backend):
    program = make(numbers=SINGLE).program()
    start = {"numpy": NumpyBackend, "cpu": cpu, "cuda": emulated}[backend]().start
    launch = program.launches[0]
    wrong = launch._replace(arrays=dict(launch.arrays, V="refractory"))
    with pytest.raises(BackendError, match="advance_neurons: argument 'V' must be float32, got int32"):
        start(program._replace(launches=[wrong]))
