"""A stand-in for the part of CuPy that gpusyn uses, on emulated kernels; strict wherever CuPy is silent.

``install()`` or ``install(monkeypatch)`` makes ``import cupy`` find it. What gpusyn does not use is not
here, so its first use fails by name. ``test_stand_in_signatures.py`` compares every name and signature with the
real CuPy.
"""

from __future__ import annotations

import sys
import types
from collections.abc import MutableMapping
from typing import Any

import numpy as np

from . import arrays, device, launches, streams
from .device import (
    CUDARuntimeError,
    check_device,
    current_device,
    free_pool,
    machine,
    pooled_bytes,
    set_device,
    touched,
    used_bytes,
)

__all__ = ["cupy", "install"]

VERSION = "14.2.0"


# ---- cupy.cuda.runtime ----


def getDeviceCount() -> int:
    check_device()
    return machine.devices


def driverGetVersion() -> int:
    return machine.driver_version


def runtimeGetVersion() -> int:
    return machine.runtime_version


def memGetInfo() -> tuple[int, int]:
    check_device()
    return _mem_info(current_device())


def _mem_info(device: int) -> tuple[int, int]:
    touched.add(device)
    return machine.free_memory - used_bytes(device) - pooled_bytes(device), machine.total_memory


def getDeviceProperties(device: int) -> dict[str, Any]:
    check_device(device)
    major, minor = machine.capability_of(device)
    return {
        "name": machine.name.encode(),
        "uuid": bytes([*range(15), device]),
        "totalGlobalMem": machine.total_memory,
        "sharedMemPerBlock": 48 << 10,
        "sharedMemPerBlockOptin": machine.max_shared_memory,
        "regsPerBlock": 65536,
        "warpSize": 32,
        "maxThreadsPerBlock": 1024,
        "maxThreadsPerMultiProcessor": 2048,
        "multiProcessorCount": machine.multiprocessors,
        "major": major,
        "minor": minor,
        "l2CacheSize": 50 << 20,
    }


def getDevice() -> int:
    check_device()
    return current_device()


def setDevice(device: int) -> None:
    set_device(device)


def deviceSynchronize() -> None:
    check_device()
    streams.synchronize_all()


# ---- cupy.cuda ----


def is_available() -> bool:
    try:
        return getDeviceCount() > 0
    except CUDARuntimeError:
        return False


class Device:
    def __init__(self, device: int | None = None) -> None:
        self.id = current_device() if device is None else int(device)
        self._outer: list[int] = []

    def __int__(self) -> int:
        return self.id

    def __enter__(self) -> Device:
        outer = current_device()
        self.use()
        self._outer.append(outer)
        return self

    def __exit__(self, *exception: object) -> None:
        setDevice(self._outer.pop())

    def use(self) -> None:
        setDevice(self.id)

    def synchronize(self) -> None:
        with self:
            streams.synchronize_all()

    @property
    def compute_capability(self) -> str:
        check_device(self.id)
        return "".join(map(str, machine.capability_of(self.id)))

    @property
    def mem_info(self) -> tuple[int, int]:
        check_device(self.id)
        return _mem_info(self.id)

    @property
    def attributes(self) -> dict[str, int]:
        properties = getDeviceProperties(self.id)
        return {
            "MultiProcessorCount": properties["multiProcessorCount"],
            "MaxThreadsPerBlock": properties["maxThreadsPerBlock"],
            "MaxThreadsPerMultiProcessor": properties["maxThreadsPerMultiProcessor"],
            "MaxSharedMemoryPerBlock": properties["sharedMemPerBlock"],
            "MaxSharedMemoryPerBlockOptin": properties["sharedMemPerBlockOptin"],
            "WarpSize": properties["warpSize"],
            "L2CacheSize": properties["l2CacheSize"],
        }


class MemoryPool:
    """Keeps the memory of dead arrays back until it is told to free it, or an allocation needs it; one a device."""

    def __init__(self, allocator: Any = None) -> None:
        pass

    def malloc(self, size: int) -> arrays.MemoryPointer:
        check_device()
        streams.no_capture()
        return arrays.MemoryPointer(device.Block(size), 0)

    def used_bytes(self) -> int:
        return used_bytes(current_device())

    def total_bytes(self) -> int:
        return used_bytes(current_device()) + pooled_bytes(current_device())

    def free_bytes(self) -> int:
        return pooled_bytes(current_device())

    def free_all_blocks(self, stream: Any = None) -> None:
        check_device()
        streams.no_capture()
        free_pool(current_device())


class PinnedMemoryPointer(bytearray):
    """Host memory; a buffer for ``numpy.frombuffer``."""


def alloc_pinned_memory(size: int) -> PinnedMemoryPointer:
    check_device()
    return PinnedMemoryPointer(b"\xff" * size)


class PinnedMemoryPool:
    """The pool from which CuPy takes the host memory of the copies that `asarray` makes."""

    def __init__(self, allocator: Any = None) -> None:
        self.frees = 0

    def free_all_blocks(self) -> None:
        self.frees += 1


_pool, _pinned_pool = MemoryPool(), PinnedMemoryPool()


def get_default_pinned_memory_pool() -> PinnedMemoryPool:
    return _pinned_pool


def get_default_memory_pool() -> MemoryPool:
    return _pool


def nvrtc_version() -> tuple[int, int]:
    if not machine.nvrtc:
        raise device.DynamicLibNotFoundError('Failure finding "libnvrtc.so": No such file: libnvrtc.so*')
    return machine.runtime_version // 1000, machine.runtime_version % 1000 // 10


def get_array_module(*args: Any) -> types.ModuleType:
    return cupy if any(isinstance(a, arrays.ndarray) for a in args) else np


# ---- modules ----


def _module(name: str, **contents: Any) -> types.ModuleType:
    module = types.ModuleType(name, "Stand-in; see tests/emulation.")
    vars(module).update(contents)
    return module


_runtime = _module(
    "cupy.cuda.runtime",
    CUDARuntimeError=CUDARuntimeError,
    **{
        f.__name__: f
        for f in (
            getDeviceCount,
            driverGetVersion,
            runtimeGetVersion,
            memGetInfo,
            getDeviceProperties,
            getDevice,
            setDevice,
            deviceSynchronize,
        )
    },
)
_submodules = {
    "cupy.cuda.runtime": _runtime,
    "cupy.cuda.compiler": _module("cupy.cuda.compiler", CompileException=device.CompileException),
    "cupy.cuda.memory": _module(
        "cupy.cuda.memory",
        OutOfMemoryError=device.OutOfMemoryError,
        MemoryPointer=arrays.MemoryPointer,
        MemoryPool=MemoryPool,
    ),
    "cupy.cuda.graph": _module("cupy.cuda.graph", Graph=streams.Graph),
}
_cuda = _module(
    "cupy.cuda",
    Device=Device,
    Event=streams.Event,
    Graph=streams.Graph,
    MemoryPointer=arrays.MemoryPointer,
    MemoryPool=MemoryPool,
    PinnedMemoryPointer=PinnedMemoryPointer,
    PinnedMemoryPool=PinnedMemoryPool,
    Stream=streams.Stream,
    alloc_pinned_memory=alloc_pinned_memory,
    get_current_stream=streams.current_stream,
    get_elapsed_time=streams.elapsed_time,
    is_available=is_available,
    # In CuPy these two are attributes, not modules that can be imported.
    driver=_module(
        "cupy.cuda.driver",
        CUDADriverError=device.CUDADriverError,
        occupancyMaxActiveBlocksPerMultiprocessor=launches.occupancyMaxActiveBlocksPerMultiprocessor,
    ),
    nvrtc=_module("cupy.cuda.nvrtc", getVersion=nvrtc_version),
    **{name.rpartition(".")[2]: module for name, module in _submodules.items()},
)
_NAMES = [
    "bool_",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "dtype",
    "newaxis",
    "inf",
    "nan",
    "pi",
]
cupy = _module(
    "cupy",
    __version__=VERSION,
    RawKernel=launches.RawKernel,
    RawModule=launches.RawModule,
    array=arrays.array,
    asarray=arrays.asarray,
    asnumpy=arrays.asnumpy,
    cuda=_cuda,
    empty=arrays.empty,
    empty_like=arrays.empty_like,
    full=arrays.full,
    get_array_module=get_array_module,
    get_default_memory_pool=get_default_memory_pool,
    get_default_pinned_memory_pool=get_default_pinned_memory_pool,
    is_available=is_available,
    ndarray=arrays.ndarray,
    ones=arrays.ones,
    zeros=arrays.zeros,
    zeros_like=arrays.zeros_like,
    **{name: getattr(np, name) for name in _NAMES},
)
_pathfinder = _module("cuda.pathfinder", DynamicLibNotFoundError=device.DynamicLibNotFoundError)
_installed = {
    "cupy": cupy,
    "cupy.cuda": _cuda,
    **_submodules,
    "cuda": _module("cuda", pathfinder=_pathfinder, __path__=[]),
    "cuda.pathfinder": _pathfinder,
}
cupy.__path__ = _cuda.__path__ = []  # so that `import cupy.cuda.runtime` works


def install(where: Any = None) -> types.ModuleType:
    """Make ``import cupy`` give the stand-in, and return it.

    Parameters
    ----------
    where : pytest.MonkeyPatch or mutable mapping, optional
        A monkeypatch takes it out again at the end of its test; the default is ``sys.modules``, for good.
    """
    mapping: MutableMapping[str, types.ModuleType] = sys.modules if not isinstance(where, MutableMapping) else where
    for name, module in _installed.items():
        if hasattr(where, "setitem"):
            where.setitem(sys.modules, name, module)
        else:
            mapping[name] = module
    return cupy
