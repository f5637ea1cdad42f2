"""The `cuda` backend: the kernels, launched through CuPy's RawModule. Only this file imports CuPy.

Arrays, spike counts and the step counter are on the device. Steps are replayed as CUDA graphs, so the host does no work
within a chunk of steps.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.backends.base import part_to_read, part_to_write
from gpusyn.backends.cpu.backend import CpuBackend
from gpusyn.backends.cpu.cache import cache_folder
from gpusyn.backends.cpu.launcher import CpuLauncher
from gpusyn.backends.cuda.detect import detect, error_text
from gpusyn.errors import BackendError, GpusynError, ParameterError, PlanMemoryError
from gpusyn.kernels.modules import Module, module_of
from gpusyn.kernels.occupancy import BLOCK, blocks_of
from gpusyn.kernels.program import STATE, Launch, Program
from gpusyn.kernels.spec import KERNELS
from gpusyn.parameters.scalars import integer
from gpusyn.utils.memory import size_text

OPTIONS = ("--std=c++17", "--fmad=false")  # no contraction, so that the bits are the same as elsewhere
GRAPH_STEPS = 32  # steps in one graph; the rest of a chunk is launched singly


def import_cupy() -> Any:
    """Import CuPy and return it."""
    return importlib.import_module("cupy")


@contextmanager
def _errors_of_cupy(doing: str) -> Iterator[None]:
    """Turn whatever CuPy, the driver or a library of CUDA raises into a BackendError."""
    try:
        yield
    except GpusynError:
        raise
    except Exception as error:
        raise BackendError(
            f"cuda backend: {doing} failed ({error_text(error)}); see what gpusyn info and nvidia-smi say, "
            "or use backend='cpu'"
        ) from error


class CudaBackend:
    """Kernels on an NVIDIA GPU of compute capability 7.5 or newer.

    Parameters
    ----------
    block : int
        Threads per block, a multiple of 32 up to 1024. No result depends on it.
    threads : int, optional
        Ignored; every backend accepts this argument, but CPU threads play no role here.

    Raises
    ------
    BackendError
        If the GPU cannot be used; the message says why, and how to fix it.
    ParameterError
        If `block` is not such a multiple.
    """

    name = "cuda"
    workers = 1

    def __init__(
        self, block: int = BLOCK, threads: int | None = None, *, importer: Callable[[], Any] = import_cupy
    ) -> None:
        self.block = integer(block, "CudaBackend.block", low=32, high=1024)
        if self.block % 32:
            raise ParameterError(f"CudaBackend.block: must be a multiple of 32, the threads of a warp (got {block})")
        found = detect(importer)
        if not found.usable:
            raise BackendError(f"{found.reason}; fix: {found.fix}")
        self.cupy = importer()
        self.device = found.devices[0]

    def describe(self) -> str:
        """Return one phrase that names the device."""
        return str(self.device)

    def free_memory(self) -> int:
        """Return the free bytes of the device, without the unused bytes in CuPy's pool."""
        with _errors_of_cupy("asking for the free memory"):
            free, _ = self.cupy.cuda.runtime.memGetInfo()
        return int(free)

    def launcher(self) -> CpuLauncher | None:
        """Return launches of the kernels that build networks, on the host; None if it has no C++ compiler."""
        with suppress(BackendError):
            return CpuBackend().launcher()
        return None

    def start(self, program: Program) -> CudaSession:
        """Compile, move the arrays to the device, and return the session."""
        with _errors_of_cupy("the start of the program"):
            return CudaSession(self, program)

    def module(self, module: Module) -> Any:
        """Return the compiled form of a kernel module; CuPy keeps it in its cache on disk."""
        compiled = self.cupy.RawModule(code=module.text, options=OPTIONS)
        try:
            compiled.compile()
        except self.cupy.cuda.compiler.CompileException as error:
            raise BackendError(_compile_message(module, str(error))) from error
        return compiled


def _compile_message(module: Module, log: str) -> str:
    first = next((line.strip() for line in log.splitlines() if "error" in line), log.strip()[:200])
    try:
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "nvrtc.log").write_text(log, encoding="utf-8")
        where = f"full log: {folder / 'nvrtc.log'}"
    except (OSError, BackendError) as error:
        where = f"the full log could not be written ({error})"
    return f"cuda backend: kernels '{module.name}' ({', '.join(module.kernels)}) do not compile: {first}; {where}"


class CudaSession:
    """One program on the GPU; see `gpusyn.backends.base.Session`."""

    def __init__(self, backend: CudaBackend, program: Program) -> None:
        self._backend, self._cupy = backend, backend.cupy
        self._stream = self._cupy.cuda.Stream(non_blocking=True)
        self._arrays: dict[str, Any] = {}
        self._graph: Any = None
        self._modules: dict[str, Any] = {}
        with self._stream:
            self._allocate(program)
        self.rebind(program, {})

    def _allocate(self, program: Program) -> None:
        cupy = self._cupy
        needed = program.nbytes
        free, total = cupy.cuda.runtime.memGetInfo()
        if needed > free:
            raise PlanMemoryError(
                f"the arrays need {size_text(needed)} but {size_text(free)} of {size_text(total)} are free on the GPU; "
                "nothing was allocated: use a smaller network or close other programs on this GPU"
            )
        try:
            for name, spec in program.specs.items():
                self._arrays[name] = cupy.asarray(program.live(name))
                if spec.role != STATE:
                    del program.initial[name]  # free the host's copy as soon as the device has its own
        except cupy.cuda.memory.OutOfMemoryError as error:
            self._arrays.clear()
            raise PlanMemoryError(f"the GPU ran out of memory while the arrays were moved there: {error}") from error

    def rebind(self, program: Program, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace arrays by larger ones, and take the launches of `program`."""
        with _errors_of_cupy("making room for larger inputs"), self._stream:
            bound = self._arrays | {name: self._cupy.asarray(array) for name, array in arrays.items()}
            calls = [self._prepare(launch, program, bound) for launch in program.launches]
            self._stream.synchronize()  # until then, a copy may still read the host's arrays
        self._arrays, self._calls, self._graph = bound, calls, None

    def _prepare(self, launch: Launch, program: Program, arrays: dict[str, Any]) -> Callable[[], None]:
        backend, modules = self._backend, self._modules
        spec, numbers = KERNELS[launch.kernel], program.numbers
        arguments = tuple(spec.bind(launch.arrays, arrays, launch.scalars, numbers).values())
        module = module_of(launch.kernel, launch.signature, numbers)
        if module.name not in modules:
            modules[module.name] = backend.module(module)
        kernel = modules[module.name].get_function(launch.kernel)
        processors = int(backend.cupy.cuda.Device().attributes["MultiProcessorCount"])
        grid = (blocks_of(spec.unit, launch.items, backend.block, processors),)
        return lambda: kernel(grid, (backend.block,), arguments)

    def run(self, steps: int) -> None:
        """Run the launch list `steps` times, first as whole graphs, then as single steps."""
        with self._stream:
            if self._graph is None and steps >= GRAPH_STEPS:
                self._step()  # this loads the kernels, which is not allowed during a capture
                steps -= 1
                self._stream.begin_capture()
                for _ in range(GRAPH_STEPS):
                    self._step()
                self._graph = self._stream.end_capture()
            while steps >= GRAPH_STEPS and self._graph is not None:
                self._graph.launch(self._stream)
                steps -= GRAPH_STEPS
            for _ in range(steps):
                self._step()
            self._stream.synchronize()

    def _step(self) -> None:
        for call in self._calls:
            call()

    def read(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[np.generic]:
        """Return a copy of an array, or of the part [start, stop) of its flattened form."""
        part = part_to_read("cuda", self._arrays, name, start, stop)
        with self._stream:
            host: NDArray[np.generic] = part.get(stream=self._stream)
        return host

    def write(self, name: str, values: NDArray[np.generic], start: int = 0) -> None:
        """Replace the part of the flattened array that begins at `start`."""
        part, flat = part_to_write("cuda", self._arrays, name, values, start)
        if flat.size:
            with self._stream:
                part.set(flat, stream=self._stream)
                self._stream.synchronize()  # otherwise `flat` may be freed before an asynchronous copy has read it

    def close(self) -> None:
        """Release the memory of the device."""
        self._calls, self._graph = [], None
        self._arrays.clear()
