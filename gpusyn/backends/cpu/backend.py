"""The `cpu` backend: the kernels, compiled by the C++ compiler of the machine and run by one C++ loop.

A worker thread owns slices of the targets and a contiguous share of everything else. Sums of events are integers, so no
result depends on the number of workers.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.backends.base import part_to_read, part_to_write
from gpusyn.backends.cpu.cache import compile_library
from gpusyn.backends.cpu.compiler import Compiler, find_compiler
from gpusyn.errors import BackendError
from gpusyn.kernels.modules import Module, module_of
from gpusyn.kernels.program import STATE, Launch, Program
from gpusyn.kernels.source import read_kernel
from gpusyn.kernels.spec import KERNELS
from gpusyn.utils.memory import free_memory

# Below this many states of neurons and gates, a second worker costs more in barriers than it saves.
_WORK_PER_WORKER = 2000


class _CLaunch(ctypes.Structure):
    _fields_ = [("entry", ctypes.c_void_p), ("args", ctypes.c_void_p)]


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class CpuBackend:
    """Compiled kernels on CPU threads.

    Parameters
    ----------
    threads : int, optional
        Worker threads; by default as many as the cores that the process may use, and fewer for a small network.
    flush_to_zero : bool
        If True, run with the processor's flush-to-zero and denormals-are-zero flags set. No result depends on it.

    Raises
    ------
    BackendError
        If no C++ compiler works on this machine, or its libraries cannot be stored or loaded: the loop over steps is
        compiled at once, or taken from the cache.
    """

    name = "cpu"

    def __init__(self, threads: int | None = None, *, flush_to_zero: bool = False) -> None:
        self.compiler: Compiler = find_compiler()
        self.threads = threads
        self.flush_to_zero = flush_to_zero
        driver = compile_library(self.compiler, read_kernel("host/driver.cpp"), "driver")
        #: The C++ loop over steps and launches.
        self.run_steps = _function(driver, "run_steps")

    @property
    def workers(self) -> int:
        """Upper limit on worker threads per session; targets are split into this many slices."""
        return self.threads or available_cores()

    def free_memory(self) -> int | None:
        """Return the free bytes of main memory, None if the system does not report them."""
        return free_memory()

    def describe(self) -> str:
        """Return one phrase that names the compiler and the number of threads."""
        return f"{self.compiler.description}, up to {self.workers} threads"

    def start(self, program: Program) -> CpuSession:
        """Compile the modules that are not in the cache, and return a running session."""
        return CpuSession(self, program)

    def library(self, module: Module) -> ctypes.CDLL:
        """Return the compiled form of a kernel module."""
        entries = "".join(f"HOST_ENTRY({name})\n" for name in module.kernels)
        return compile_library(self.compiler, read_kernel("host/host.h") + module.text + entries, module.name)


def _function(library: ctypes.CDLL, name: str) -> Any:
    try:
        return getattr(library, name)
    except AttributeError as error:
        raise BackendError(
            f"a compiled library lacks the function {name} ({error}); "
            "try another compiler through the environment variable CXX, or use backend='numpy'"
        ) from error


class CpuSession:
    """One program on CPU threads; see `gpusyn.backends.base.Session`."""

    def __init__(self, backend: CpuBackend, program: Program) -> None:
        self._backend = backend
        self._arrays: dict[str, NDArray[np.generic]] = {}
        self._keep: list[object] = []  # objects to which C++ holds pointers
        self._flush = int(backend.flush_to_zero)
        self._run_steps = backend.run_steps
        self._libraries: dict[str, ctypes.CDLL] = {}
        self.rebind(program, {name: program.live(name) for name in program.specs})
        work = sum(spec.size for spec in program.of_role(STATE) if spec.dtype == program.numbers.real_dtype)
        self.threads = backend.threads or max(1, min(available_cores(), work // _WORK_PER_WORKER))

    def rebind(self, program: Program, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace arrays by larger ones, and take the launches of `program`."""
        bound = {**self._arrays, **arrays}
        launches = [self._pack(launch, program, bound) for launch in program.launches]
        self._arrays, self._n, self._list = bound, len(launches), (_CLaunch * len(launches))(*launches)
        self._labels = [launch.label for launch in program.launches]

    def _pack(self, launch: Launch, program: Program, arrays: dict[str, NDArray[np.generic]]) -> _CLaunch:
        spec = KERNELS[launch.kernel]
        values = spec.bind(launch.arrays, arrays, launch.scalars, program.numbers)
        slots = (ctypes.c_void_p * len(values))()
        for i, value in enumerate(values.values()):
            cell: object
            if isinstance(value, np.ndarray):
                cell = ctypes.c_void_p(value.ctypes.data)
            else:
                cell = ctypes.create_string_buffer(value.tobytes(), value.nbytes)
            self._keep.append(cell)
            slots[i] = ctypes.addressof(cell)
        module = module_of(launch.kernel, launch.signature, program.numbers)
        if module.name not in self._libraries:
            self._libraries[module.name] = self._backend.library(module)
        entry = _function(self._libraries[module.name], f"entry_{launch.kernel}")
        self._keep += [slots, entry]
        return _CLaunch(ctypes.cast(entry, ctypes.c_void_p).value, ctypes.addressof(slots))

    def run(self, steps: int) -> None:
        """Run the launch list `steps` times in C++."""
        self._run_steps(self._list, self._n, ctypes.c_longlong(steps), self.threads, self._flush, None)

    def profile(self, steps: int) -> dict[str, float]:
        """Run the launch list `steps` times, and return the seconds of each launch by its label, in order."""
        seconds = (ctypes.c_double * self._n)()
        self._run_steps(self._list, self._n, ctypes.c_longlong(steps), self.threads, self._flush, seconds)
        return dict(zip(self._labels, seconds, strict=False))

    def read(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[np.generic]:
        """Return a copy of an array, or of the part [start, stop) of its flattened form."""
        part: NDArray[np.generic] = part_to_read("cpu", self._arrays, name, start, stop)
        return part.copy()

    def write(self, name: str, values: NDArray[np.generic], start: int = 0) -> None:
        """Replace the part of the flattened array that begins at `start`."""
        part, flat = part_to_write("cpu", self._arrays, name, values, start)
        part[:] = flat

    def close(self) -> None:
        """Release the arrays."""
        self._arrays = {}
        self._keep.clear()
        self._n = 0
