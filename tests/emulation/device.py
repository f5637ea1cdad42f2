"""The pretended machine: what it is, what is wrong with it, its memory, and CuPy's errors."""

from __future__ import annotations

import collections
import contextlib
import ctypes
import dataclasses
import threading
import weakref
from collections.abc import Iterator

import numpy as np

from .settings import settings

__all__ = [
    "Block",
    "CUDADriverError",
    "CUDARuntimeError",
    "CompileException",
    "DynamicLibNotFoundError",
    "Machine",
    "OutOfMemoryError",
    "StrictError",
    "calls",
    "check_device",
    "check_guards",
    "current_device",
    "free_pool",
    "machine",
    "pooled_bytes",
    "pretend",
    "set_device",
    "used_bytes",
]


class StrictError(AssertionError):
    """Something that CuPy would let pass in silence, or that the stand-in has no equal of."""


# ---- CuPy's errors ----

_RUNTIME = {
    1: "cudaErrorInvalidValue: invalid argument",
    2: "cudaErrorMemoryAllocation: out of memory",
    3: "cudaErrorInitializationError: initialization error",
    9: "cudaErrorInvalidConfiguration: invalid configuration argument",
    35: "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version",
    46: "cudaErrorDevicesUnavailable: CUDA-capable device(s) is/are busy or unavailable",
    100: "cudaErrorNoDevice: no CUDA-capable device is detected",
    101: "cudaErrorInvalidDevice: invalid device ordinal",
    214: "cudaErrorECCUncorrectable: uncorrectable ECC error encountered",
    304: "cudaErrorOperatingSystem: OS call failed or operation not supported on this OS",
    700: "cudaErrorIllegalAddress: an illegal memory access was encountered",
    702: "cudaErrorLaunchTimeout: the launch timed out and was terminated",
    709: "cudaErrorContextIsDestroyed: context is destroyed",
    710: "cudaErrorAssert: device-side assert triggered",
    714: "cudaErrorHardwareStackError: hardware stack error",
    715: "cudaErrorIllegalInstruction: an illegal instruction was encountered",
    716: "cudaErrorMisalignedAddress: misaligned address",
    717: "cudaErrorInvalidAddressSpace: operation not supported on global/shared address space",
    718: "cudaErrorInvalidPc: invalid program counter",
    719: "cudaErrorLaunchFailure: unspecified launch failure",
    802: "cudaErrorSystemNotReady: system not yet initialized",
    803: "cudaErrorSystemDriverMismatch: system has unsupported display driver / cuda driver combination",
    900: "cudaErrorStreamCaptureUnsupported: operation not permitted when stream is capturing",
    901: "cudaErrorStreamCaptureInvalidated: operation failed due to a previous error during capture",
    906: "cudaErrorStreamCaptureImplicit: operation would make the legacy stream depend on a capturing blocking stream",
    999: "cudaErrorUnknown: unknown error",
}
_DRIVER = {
    1: "CUDA_ERROR_INVALID_VALUE: invalid argument",
    2: "CUDA_ERROR_OUT_OF_MEMORY: out of memory",
    200: "CUDA_ERROR_INVALID_IMAGE: device kernel image is invalid",
    209: "CUDA_ERROR_NO_BINARY_FOR_GPU: no kernel image is available for execution on the device",
    222: "CUDA_ERROR_UNSUPPORTED_PTX_VERSION: the provided PTX was compiled with an unsupported toolchain.",
    500: "CUDA_ERROR_NOT_FOUND: named symbol not found",
    701: "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES: too many resources requested for launch",
}


class CUDARuntimeError(RuntimeError):
    """Has ``status``, as CuPy's."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(_RUNTIME[status])


class CUDADriverError(RuntimeError):
    """Has ``status``, as CuPy's."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(_DRIVER[status])


class OutOfMemoryError(MemoryError):
    def __init__(self, size: int, total: int, limit: int = 0) -> None:
        text = f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes"
        super().__init__(text + (f", limit set to: {limit:,} bytes)." if limit else ")."))


class CompileException(Exception):
    """The compiler's log is the message."""

    def __init__(self, msg: str, source: str, name: str, options: tuple[str, ...], backend: str = "nvrtc") -> None:
        super().__init__(msg)
        self._msg, self.source, self.name, self.options, self.backend = msg, source, name, options, backend

    def get_message(self) -> str:
        return self._msg

    def __str__(self) -> str:
        return self._msg


class DynamicLibNotFoundError(RuntimeError):
    """What ``cuda.pathfinder`` raises where a wheel's library is missing."""


# ---- the machine ----


@dataclasses.dataclass
class Machine:
    """What the stand-in pretends to run on; change it with :func:`pretend`.

    Attributes
    ----------
    devices : int
        How many, each with this memory; 0: "no CUDA-capable device is detected".
    driver_version : int
        0: no driver; below the major version of ``runtime_version``: a driver too old.
    nvrtc : bool
        False: compiling raises DynamicLibNotFoundError.
    compile_error : str
        If not "", every compilation fails with this log.
    cache_error : OSError or None
        What CuPy's cache of compiled kernels raises.
    load_error : int
        What the driver answers when a compiled module is loaded.
    kernel_error : int
        What becomes of the next kernel that runs: from then on, `broken`.
    capture_error : int
        What the end of a capture answers.
    answer : int
        What the driver answers to every call.
    broken : int
        The same, after a kernel failed.
    old_devices : tuple of int
        Numbers of the devices that are of compute capability 6.1.
    multiprocessors : int
        Few, since emulated blocks run one after another.
    """

    devices: int = 1
    driver_version: int = 13020
    runtime_version: int = 13020
    nvrtc: bool = True
    compute_capability: tuple[int, int] = (9, 0)
    name: str = "Emulated GPU"
    total_memory: int = 8 << 30
    free_memory: int = 7 << 30
    multiprocessors: int = 4
    max_shared_memory: int = 227 << 10
    compile_error: str = ""
    cache_error: OSError | None = None
    load_error: int = 0
    kernel_error: int = 0
    capture_error: int = 0
    answer: int = 0
    broken: int = 0
    old_devices: tuple[int, ...] = ()

    def capability_of(self, number: int) -> tuple[int, int]:
        return (6, 1) if number in self.old_devices else self.compute_capability


machine = Machine()


@contextlib.contextmanager
def pretend(**changes: object) -> Iterator[Machine]:
    """Change the machine for the duration of a ``with`` block."""
    before, current = dataclasses.replace(machine), current_device()
    for name, value in changes.items():
        if not hasattr(machine, name):
            raise TypeError(f"the machine has no {name!r}; there are {', '.join(vars(machine))}")
        setattr(machine, name, value)
    try:
        yield machine
    finally:
        vars(machine).update(vars(before))
        _of_thread.device = current


calls: collections.Counter[str] = collections.Counter()  # of the host: launches, graphs, copies, synchronisations


def check_device(number: int = 0) -> None:
    """Raise what the CUDA runtime would raise at its next call on this machine."""
    if machine.broken or machine.answer:
        raise CUDARuntimeError(machine.broken or machine.answer)
    if machine.driver_version < machine.runtime_version // 1000 * 1000:
        raise CUDARuntimeError(35)
    if not machine.devices:
        raise CUDARuntimeError(100)
    if not 0 <= number < machine.devices:
        raise CUDARuntimeError(101)


touched: set[int] = set()  # devices on which the process has taken memory, by making them current or asking for it
_of_thread = threading.local()  # each thread has a current device of its own


def current_device() -> int:
    """Number of the device to which the calls of this thread go."""
    return getattr(_of_thread, "device", 0)


def set_device(number: int) -> None:
    check_device(number)
    touched.add(number)
    _of_thread.device = number


# ---- its memory ----

_GUARD, _ALIGN = 256, 256
_GUARD_BYTES = b"\xa5" * _GUARD
_libc = ctypes.CDLL(None)
_libc.posix_memalign.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t]
_libc.free.argtypes = [ctypes.c_void_p]
_blocks: weakref.WeakSet[Block] = weakref.WeakSet()
_pooled: collections.Counter[tuple[int, int]] = collections.Counter()  # device and size of blocks that pools hold back
_lock = threading.RLock()  # of both: several threads allocate


class Block:
    """One allocation: bytes 0xff to begin with, between guards that no kernel may touch.

    Under sanitizers there are no guards: AddressSanitizer knows the exact end itself.
    """

    def __init__(self, size: int) -> None:
        self.size, self.device_id = size, current_device()
        with _lock:
            self._take()
        self._guard = 0 if settings.sanitize else _GUARD
        place = ctypes.c_void_p()
        if _libc.posix_memalign(ctypes.byref(place), _ALIGN, max(size + 2 * self._guard, 1)):
            raise MemoryError(f"the host has no {size} bytes for the pretended device")
        start = int(place.value or 0)
        self._free = weakref.finalize(self, _libc.free, start)
        self.ptr = start + self._guard
        whole = (ctypes.c_ubyte * (size + 2 * self._guard)).from_address(start)
        view = memoryview(whole).cast("B")
        self._before, self._after = view[: self._guard], view[self._guard + size :]
        self._before[:] = self._after[:] = _GUARD_BYTES[: self._guard]
        self.bytes = np.frombuffer(view, np.uint8)[self._guard : self._guard + size]
        self.bytes[:] = 0xFF
        with _lock:
            _blocks.add(self)

    def _take(self) -> None:
        """Take the bytes from the device, or from those that the pool holds back."""
        key = self.device_id, self.size
        if _pooled[key]:
            _pooled[key] -= 1
        elif self.size > machine.free_memory - used_bytes(self.device_id) - pooled_bytes(self.device_id):
            free_pool(self.device_id)
            if self.size > machine.free_memory - used_bytes(self.device_id):
                raise OutOfMemoryError(self.size, used_bytes(self.device_id))
        weakref.finalize(self, _pooled.update, (key,))

    def check_here(self, what: str, *others: int) -> None:
        """Raise if the block is not on the current device, or others are not."""
        here = current_device()
        for there in (self.device_id, *others):
            if there != here:
                raise StrictError(f"{what}: an array or a stream of GPU {there} is used while GPU {here} is current")

    def check(self, culprit: str) -> None:
        """Raise if a guard was written to, and mend it so that nobody else is blamed."""
        guard = _GUARD_BYTES[: self._guard]
        if self._before != guard or self._after != guard:
            self._before[:] = self._after[:] = guard
            raise StrictError(f"{culprit} wrote outside an array of {self.size} bytes")


def used_bytes(device: int | None = None) -> int:
    """Bytes that live arrays occupy, on one device or on all."""
    with _lock:
        return sum(block.size for block in _blocks if device in (None, block.device_id))


def pooled_bytes(device: int | None = None) -> int:
    """Bytes that no array has, but that CuPy's pool has not given back."""
    with _lock:
        return sum(size * number for (there, size), number in _pooled.items() if device in (None, there))


def free_pool(device: int | None = None) -> None:
    with _lock:
        for key in list(_pooled):
            if device in (None, key[0]):
                del _pooled[key]


def check_guards() -> None:
    """Raise if any live array was written past its ends."""
    with _lock:
        blocks = list(_blocks)
    for block in blocks:
        block.check("something")
