"""The `cpu` backend: the kernels, compiled by the C++ compiler of the machine and run by one C++ loop.

A worker thread owns slices of the targets and a contiguous share of everything else. Sums of events are integers, so no
result depends on the number of workers. The number of slices is fixed when the program is built; a session may run on
fewer threads (`gpusyn.backends.cpu.threads.Pace`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.backends.base import part_to_read, part_to_write
from gpusyn.backends.cpu.cache import compile_libraries, compile_library
from gpusyn.backends.cpu.compiler import Compiler, find_compiler, pass_over
from gpusyn.backends.cpu.launcher import CpuLauncher
from gpusyn.backends.cpu.threads import Pace, Team
from gpusyn.errors import BackendError
from gpusyn.kernels.modules import Module, build_module, module_of
from gpusyn.kernels.program import STATE, Launch, Program
from gpusyn.kernels.source import read_kernel
from gpusyn.kernels.spec import KERNELS
from gpusyn.utils.cores import available_cores, default_threads
from gpusyn.utils.memory import free_memory

# Below this many states of neurons and gates, a second worker costs more in barriers than it saves.
_WORK_PER_WORKER = 2000
_AT_ONCE = 2  # modules that are compiled at the same time


class _CLaunch(ctypes.Structure):
    _fields_ = [("entry", ctypes.c_void_p), ("args", ctypes.c_void_p)]


class CpuBackend:
    """Compiled kernels on CPU threads.

    Parameters
    ----------
    threads : int, optional
        Worker threads of every session. By default, a session runs on one thread or on as many as the cores that the
        process may use, whichever its own steps show to be faster; on one for a small network, and in a worker process.
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
        self.threads = threads
        self.flush_to_zero = flush_to_zero
        self.compiler, driver = _first_that_compiles(read_kernel("host/driver.cpp"), "driver")
        #: The C++ loop over steps and launches, with its teams of threads.
        self.driver = _driver(driver)

    @property
    def workers(self) -> int:
        """Upper limit on worker threads per session; targets are split into this many slices."""
        return self.threads or default_threads()

    def free_memory(self) -> int | None:
        """Return the free bytes of main memory, None if the system does not report them."""
        return free_memory()

    def describe(self) -> str:
        """Return one phrase that names the compiler and the number of threads."""
        most = "1 thread" if self.workers == 1 else f"{self.workers} threads"
        return f"{self.compiler.description}, {'' if self.threads or self.workers == 1 else 'up to '}{most}"

    def launcher(self) -> CpuLauncher:
        """Compile the kernels that build networks, unless they are in the cache, and return their launches."""
        module = build_module()
        return CpuLauncher(self.libraries([module])[module.name], self.driver, self.workers)

    def start(self, program: Program) -> CpuSession:
        """Compile the modules that are not in the cache, and return a running session."""
        return CpuSession(self, program)

    def host_library(self, name: str) -> ctypes.CDLL:
        """Compile a text of `kernels/host`, unless it is in the cache, and return it."""
        return compile_library(self.compiler, read_kernel(f"host/{name}.cpp"), name)

    def libraries(self, modules: Iterable[Module]) -> dict[str, ctypes.CDLL]:
        """Return the compiled forms of kernel modules by name; two are compiled at a time where there are two cores."""
        texts = {}
        for module in modules:
            entries = "".join(f"HOST_ENTRY({name})\n" for name in module.kernels)
            texts[module.name] = read_kernel("host/host.h") + module.text + entries
        return compile_libraries(self.compiler, texts, at_once=min(available_cores(), _AT_ONCE))


def _first_that_compiles(text: str, name: str) -> tuple[Compiler, ctypes.CDLL]:
    """Return the compiler to use, and the library that it made of a text; one that cannot is passed over."""
    while True:
        compiler = find_compiler()
        try:
            return compiler, compile_library(compiler, text, name)
        except BackendError:
            if not pass_over(compiler, text, name):
                raise


def _function(library: ctypes.CDLL, name: str) -> Any:
    try:
        return getattr(library, name)
    except AttributeError as error:
        raise BackendError(
            f"a compiled library lacks the function {name} ({error}); "
            "try another compiler through the environment variable CXX, or use backend='numpy'"
        ) from error


def _driver(library: ctypes.CDLL) -> ctypes.CDLL:
    """Return the driver with the types of its functions declared."""
    p = ctypes.c_void_p
    _function(library, "run_steps").argtypes = [p, p, ctypes.c_int, ctypes.c_longlong, ctypes.c_int, p]
    _function(library, "make_team").argtypes = [ctypes.c_int, ctypes.c_double]
    _function(library, "make_team").restype = p
    _function(library, "end_team").argtypes = [p]
    return library


class CpuSession:
    """One program on CPU threads; see `gpusyn.backends.base.Session`."""

    def __init__(self, backend: CpuBackend, program: Program) -> None:
        self._backend = backend
        self._arrays: dict[str, NDArray[np.generic]] = {}
        self._keep: list[object] = []  # objects to which C++ holds pointers
        self._flush = int(backend.flush_to_zero)
        self._libraries: dict[str, ctypes.CDLL] = {}
        self.rebind(program, {name: program.live(name) for name in program.specs})
        work = sum(spec.size for spec in program.of_role(STATE) if spec.dtype == program.numbers.real_dtype)
        most = max(1, min(backend.workers, work // _WORK_PER_WORKER))
        self._pace = Pace([backend.threads] if backend.threads else [1, most])
        self._team = Team(backend.driver, max(self._pace.choices)) if max(self._pace.choices) > 1 else None

    def rebind(self, program: Program, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace arrays by larger ones, and take the launches of `program`."""
        bound = {**self._arrays, **arrays}
        modules = [module_of(launch.kernel, launch.signature, program.numbers) for launch in program.launches]
        self._libraries |= self._backend.libraries(m for m in modules if m.name not in self._libraries)
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
        entry = _function(self._libraries[module.name], f"entry_{launch.kernel}")
        self._keep += [slots, entry]
        return _CLaunch(ctypes.cast(entry, ctypes.c_void_p).value, ctypes.addressof(slots))

    @property
    def threads(self) -> int:
        """Number of threads on which the session runs now."""
        return self._pace.threads

    def run(self, steps: int, first: int = 0, end: int | None = None) -> None:
        """Run the launch list, or a part of it, `steps` times in C++."""
        end = self._n if end is None else end
        if (first, end) == (0, self._n):
            self._pace.run(steps, self._compute)
        else:
            self._compute(self.threads, steps, part=(first, end))

    def run_with(self, steps: int, at: int, function: Any, arguments: Any) -> None:
        """Run the launch list `steps` times, and a function of C in each step before the launch of number `at`.

        Parameters
        ----------
        steps : int
            Number of steps.
        at : int
            Number of a launch.
        function : object of ctypes
            Is called by each worker, as an entry of a kernel.
        arguments : array of ctypes.c_void_p
            Its arguments.
        """
        own = _CLaunch(ctypes.cast(function, ctypes.c_void_p).value, ctypes.addressof(arguments))
        launches = (_CLaunch * (self._n + 1))(*self._list[:at], own, *self._list[at:])
        self._pace.run(steps, lambda threads, some: self._launch(ctypes.byref(launches), self._n + 1, threads, some))

    def memory(self, name: str) -> NDArray[np.generic]:
        """Return an array itself, not a copy; it is the session's until `rebind` replaces it."""
        return self._arrays[name]

    def host_library(self, name: str) -> ctypes.CDLL:
        """Compile a text of `kernels/host`, unless it is in the cache, and return it."""
        return self._backend.host_library(name)

    def profile(self, steps: int) -> dict[str, float]:
        """Run the launch list `steps` times, and return the seconds of each launch by its label, in order."""
        seconds = (ctypes.c_double * self._n)()
        self._compute(self.threads, steps, seconds)
        return dict(zip(self._labels, seconds, strict=False))

    def _compute(self, threads: int, steps: int, seconds: Any = None, part: tuple[int, int] | None = None) -> None:
        first, end = part or (0, self._n)
        self._launch(ctypes.byref(self._list, first * ctypes.sizeof(_CLaunch)), end - first, threads, steps, seconds)

    def _launch(self, launches: Any, n: int, threads: int, steps: int, seconds: Any = None) -> None:
        """Run `n` launches `steps` times on so many threads."""
        team = self._team.pointer if self._team and threads > 1 else None
        self._backend.driver.run_steps(team, launches, n, steps, self._flush, seconds)

    def read(self, name: str, start: int = 0, stop: int | None = None, after: object = None) -> NDArray[np.generic]:
        """Return a copy of an array, or of the part [start, stop) of its flattened form."""
        part: NDArray[np.generic] = part_to_read("cpu", self._arrays, name, start, stop)
        return part.copy()

    def write(self, name: str, values: NDArray[np.generic], start: int = 0) -> None:
        """Replace the part of the flattened array that begins at `start`."""
        part, flat = part_to_write("cpu", self._arrays, name, values, start)
        part[:] = flat

    def close(self) -> None:
        """Release the arrays and the threads."""
        self._arrays = {}
        self._keep.clear()
        self._n = 0
        if self._team:
            self._team.close()
            self._team = None
