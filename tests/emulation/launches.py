"""``RawModule`` and ``RawKernel`` on emulated kernels; each launch is checked against its signature."""

from __future__ import annotations

import ctypes
import re
import sys
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpusyn.kernels.records import RECORDS

from . import compile as emulation
from .arrays import ndarray
from .device import (
    Block,
    CompileException,
    CUDADriverError,
    DynamicLibNotFoundError,
    StrictError,
    calls,
    check_device,
    current_device,
    machine,
)
from .registers import most_threads, resident_blocks
from .streams import Stream, capturing, current_stream

__all__ = ["RawKernel", "RawModule", "occupancyMaxActiveBlocksPerMultiprocessor"]

_DTYPES = {
    name: np.dtype(dtype)
    for name, dtype in {
        "bool": "bool",
        "char": "int8",
        "signed char": "int8",
        "unsigned char": "uint8",
        "short": "int16",
        "unsigned short": "uint16",
        "int": "int32",
        "unsigned int": "uint32",
        "long": "int64",
        "unsigned long": "uint64",
        "long long": "int64",
        "unsigned long long": "uint64",
        "float": "float32",
        "double": "float64",
    }.items()
}
# What CuPy makes of Python's own numbers, whatever the kernel wants.
_PASSED_AS = {bool: np.bool_, int: np.int64, float: np.float64}


def _pointee(parameter: str) -> np.dtype | None:
    """Element type of an array parameter; None where the kernel leaves it open (``void*``, vector types).

    A record is a struct of 64-bit integers.
    """
    name = parameter.removesuffix("*").removeprefix("const ")
    return np.dtype("int64") if name in RECORDS else _DTYPES.get(name)


def _array_fault(parameter: str, value: Any) -> str:
    """What is wrong with an array argument, "" if nothing is."""
    if not isinstance(value, ndarray):
        return f"got {type(value).__name__}, not a device array"
    want = _pointee(parameter)
    if want is not None and value.dtype != want:
        return f"got an array of {value.dtype}"
    if not value._host.flags.c_contiguous:
        return "got an array that is not contiguous, and a kernel does not see its strides"
    return ""


def _number_fault(parameter: str, value: Any) -> str:
    if not isinstance(value, np.generic):
        return f"got {type(value).__name__}"
    want = _DTYPES.get(parameter)
    if value.dtype == want:
        return ""
    return f"got {value.dtype}" + (f"; pass numpy.{want}(...)" if want else "")


class _Launch:
    """One launch with its arguments packed, ready to run now, later or again and again."""

    def __init__(
        self, kernel: emulation.Kernel, args: Sequence[Any], stream: Stream, grid: int, block: int, shared: int
    ) -> None:
        if len(args) != len(kernel.parameters):
            raise StrictError(f"kernel {kernel.name!r} takes {len(kernel.parameters)} arguments, got {len(args)}")
        self._kernel, self._shape = kernel, (grid, block, shared)
        slots: list[int] = []
        blocks: set[Block] = set()
        for i, (parameter, value) in enumerate(zip(kernel.parameters, args, strict=True)):
            if parameter[-1] != "*":
                value = _PASSED_AS.get(type(value), type(value))(value)
                fault = _number_fault(parameter, value)
                slots.append(0 if fault else int.from_bytes(value.tobytes(), sys.byteorder))
            elif value is None:  # CuPy's null pointer
                fault = ""
                slots.append(0)
            else:
                fault = _array_fault(parameter, value)
                slots.append(0 if fault else value._ptr)
                if not fault:
                    blocks.add(value._block)
            if fault:
                raise StrictError(f"kernel {kernel.name!r}: argument {i} is {parameter!r}, {fault}")
        for memory in blocks:
            memory.check_here(f"kernel {kernel.name!r}", stream.device_id)
        self._slots = (ctypes.c_uint64 * max(1, len(slots)))(*slots)
        # A graph holds addresses only: it does not keep an array alive.
        hold: Callable[[Block], Callable[[], Block | None]] = weakref.ref if capturing() else _strong
        self._blocks = [hold(block) for block in blocks]

    def __call__(self) -> None:
        if machine.kernel_error and not machine.broken:
            machine.broken = machine.kernel_error
        if machine.broken:
            return
        blocks = [block for block in (get() for get in self._blocks) if block is not None]
        if len(blocks) < len(self._blocks):
            raise StrictError(f"kernel {self._kernel.name!r}: a graph launches it on an array that has been freed")
        error = self._kernel.launch(self._slots, *self._shape)
        if error:
            raise StrictError(f"kernel {self._kernel.name!r}: {error}{_nearest(error, blocks)}")
        for block in blocks:
            block.check(f"kernel {self._kernel.name!r}")


def _nearest(error: str, blocks: Sequence[Block]) -> str:
    """For an access to nowhere: which of the arrays is meant, most likely."""
    found = re.search(r"at address (0x\w+)", error)
    if not found or not blocks:
        return ""
    address = int(found[1], 16)

    def place(block: Block) -> int:
        return (address - block.ptr + 2**63) % 2**64 - 2**63  # addresses wrap around

    block = min(blocks, key=lambda b: abs(place(b)))
    return f"; the nearest array has {block.size} bytes, and this is at byte {place(block)}"


def _strong(block: Block) -> Callable[[], Block]:
    return lambda: block


def _extent(what: str, value: Any) -> int:
    if not isinstance(value, tuple):
        raise TypeError(f"Argument '{what}' has incorrect type (expected tuple, got {type(value).__name__})")
    first, *rest = (int(n) for n in value)
    if any(n != 1 for n in rest):
        raise StrictError(f"{what} {value}: the emulator has one dimension only")
    if first < 1:
        raise StrictError(f"{what} {value}: CuPy would launch 1 in place of {first}; skip the launch")
    return first


class Function:
    """The loaded function behind a kernel, which the driver knows by `ptr`."""

    def __init__(self, kernel: RawKernel) -> None:
        self.ptr = id(kernel)
        _functions[self.ptr] = kernel


_functions: weakref.WeakValueDictionary[int, RawKernel] = weakref.WeakValueDictionary()


# The names are those of CuPy.
def occupancyMaxActiveBlocksPerMultiprocessor(func: int, blockSize: int, dynamicSMemSize: int) -> int:
    kernel, capability = _functions[func], machine.capability_of(current_device())
    return resident_blocks(kernel._source.code, kernel.name, capability, blockSize)


class RawKernel:
    """A kernel ready to launch; made by ``RawModule.get_function``."""

    def __init__(
        self, code: str, name: str, options: tuple[str, ...] = (), backend: str = "nvrtc",
        translate_cucomplex: bool = False, *, enable_cooperative_groups: bool = False, jitify: object = None,
    ) -> None:  # fmt: skip
        self._source = RawModule(code=code, options=options, backend=backend)
        self.name = name
        self._emulated: emulation.Kernel | None = None
        self._dynamic_limit = 48 << 10

    def _found(self) -> emulation.Kernel:
        if self._emulated is None:
            self._emulated = self._source._find(self.name)
        return self._emulated

    def compile(self, log_stream: Any = None) -> None:
        self._found()

    @property
    def max_threads_per_block(self) -> int:
        registers = most_threads(self._source.code, self.name, machine.capability_of(current_device()))
        return min(self._found().bound, registers)

    @property
    def kernel(self) -> Function:
        return Function(self)

    @property
    def attributes(self) -> dict[str, int]:
        return {
            "max_threads_per_block": self.max_threads_per_block,
            "max_dynamic_shared_size_bytes": self._dynamic_limit,
        }

    @property
    def max_dynamic_shared_size_bytes(self) -> int:
        return self._dynamic_limit

    @max_dynamic_shared_size_bytes.setter
    def max_dynamic_shared_size_bytes(self, size: int) -> None:
        if size > machine.max_shared_memory:
            raise CUDADriverError(1)
        self._dynamic_limit = size

    def __call__(
        self, grid: tuple[int, ...], block: tuple[int, ...], args: Sequence[Any], *, shared_mem: int = 0,
        stream: Stream | None = None,
    ) -> None:  # fmt: skip
        kernel = self._found()
        blocks, threads = _extent("grid", grid), _extent("block", block)
        if threads > 1024 or shared_mem > self._dynamic_limit:
            raise CUDADriverError(1)
        if threads > self.max_threads_per_block:
            raise CUDADriverError(701)
        check_device()
        calls["launches"] += 1
        stream = stream or current_stream()
        stream._put(_Launch(kernel, args, stream, blocks, threads, shared_mem))


class RawModule:
    """Kernel text, compiled at the first ``get_function`` or ``compile``."""

    def __init__(
        self, code: str | None = None, *, path: str | None = None, options: tuple[str, ...] = (),
        backend: str = "nvrtc", translate_cucomplex: bool = False, enable_cooperative_groups: bool = False,
        name_expressions: Any = None, jitify: object = None,
    ) -> None:  # fmt: skip
        if not isinstance(options, tuple):
            raise TypeError(f"Argument 'options' has incorrect type (expected tuple, got {type(options).__name__})")
        if code is None or path is not None or name_expressions is not None or enable_cooperative_groups:
            raise StrictError("the stand-in compiles code= with extern C kernels only")
        if backend != "nvrtc":
            raise StrictError(f"backend={backend!r}: users have no nvcc; gpusyn compiles with NVRTC")
        self.code, self.options, self.backend = code, options, backend
        self._module: emulation.Module | None = None

    def compile(self, log_stream: Any = None) -> None:
        check_device()
        if not machine.nvrtc:
            raise DynamicLibNotFoundError('Failure finding "libnvrtc.so": No such file: libnvrtc.so*')
        try:
            if machine.compile_error:
                raise emulation.CompileFailure(machine.compile_error)
            if machine.cache_error:
                raise machine.cache_error
            self._module = emulation.load(self.code, self.options)
        except emulation.CompileFailure as error:
            raise CompileException(str(error), self.code, "module.cu", self.options) from None
        if machine.load_error:
            raise CUDADriverError(machine.load_error)

    def _find(self, name: str) -> emulation.Kernel:
        if self._module is None:
            self.compile()
        kernel = self._module.get(name) if self._module is not None else None
        if kernel is None:
            raise CUDADriverError(500)
        return kernel

    def get_function(self, name: str) -> RawKernel:
        kernel = object.__new__(RawKernel)
        kernel.name, kernel._source, kernel._dynamic_limit = name, self, 48 << 10
        kernel._emulated = self._find(name)
        return kernel
