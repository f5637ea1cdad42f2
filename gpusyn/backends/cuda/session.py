"""One program on the GPU: its arrays, and its steps as captured graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpusyn.backends.base import part_to_read, part_to_write
from gpusyn.backends.cuda.failures import cuda_errors, ends_the_process
from gpusyn.backends.cuda.gpu import Gpu
from gpusyn.errors import BackendError, GpusynError, PlanMemoryError
from gpusyn.kernels.modules import module_of
from gpusyn.kernels.occupancy import WARP, blocks_of
from gpusyn.kernels.program import STATE, Launch, Program
from gpusyn.kernels.spec import KERNELS
from gpusyn.utils.memory import size_text

GRAPH_STEPS = (32, 8, 1)  # steps of the graphs of which every number of steps is made
PIECE = 64 << 20  # bytes that are copied to the device at once


class CudaSession:
    """One program on the GPU; see `gpusyn.backends.base.Session`."""

    def __init__(self, gpu: Gpu, block: int, program: Program) -> None:
        cupy = self._cupy = gpu.cupy
        self._gpu, self._block, self._ended = gpu, block, ""
        self._arrays: dict[str, Any] = {}
        self._modules: dict[str, Any] = {}
        self._graphs: dict[tuple[int, int, int], Any] = {}  # by number of steps, and part of the launch list
        self._calls: list[Callable[[], None]] = []
        self._loaded: set[tuple[int, int]] = set()  # parts of the launch list that have run
        with cuda_errors("the start of the program"), gpu.current():
            self._stream = cupy.cuda.Stream(non_blocking=True)
            self._reader = cupy.cuda.Stream(non_blocking=True)  # for what is read while later steps run
        try:
            with self._doing("the copy of the arrays"):
                self._allocate(program)
            self.rebind(program, {})
        except BaseException:
            with suppress(Exception):  # the error that ended the start says more than another one
                self.close()
            raise

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        """Work on this session's device and stream; after an error that ends the process, refuse with its sentence."""
        if self._ended:
            raise BackendError(f"cuda backend: {what} is not possible any more, since this session has ended: "
                               f"{self._ended}")  # fmt: skip
        try:
            with cuda_errors(what), self._gpu.current(), self._stream:
                yield
        except GpusynError as error:
            if ends_the_process(error):
                self._ended = str(error)
            raise

    # ---- arrays ----
    def _allocate(self, program: Program) -> None:
        there = sum(array.nbytes for array in program.initial.values() if isinstance(array, self._cupy.ndarray))
        needed, free = program.nbytes - there, self._gpu.free_memory()
        if needed > free:
            raise PlanMemoryError(
                f"the arrays need {size_text(needed)} but {size_text(free)} of "
                f"{size_text(self._gpu.device.total)} are free on the GPU; "
                "nothing was allocated: use a smaller network or close other programs on this GPU"
            )
        for name, spec in program.specs.items():
            self._arrays[name] = self._copied(program.initial[name])
            if spec.role != STATE:
                self._stream.synchronize()  # until then, the copy may still read the host's array
                del program.initial[name]  # free the host's copy as soon as the device has its own
        self._stream.synchronize()

    def _copied(self, array: NDArray[np.generic]) -> Any:
        """Return an array on the device: itself if it was built there, else a copy.

        The host never holds more than a piece beside the array itself.
        """
        if isinstance(array, self._cupy.ndarray):
            return array
        copy = self._cupy.empty(array.shape, array.dtype)
        flat, length = copy.reshape(-1), max(1, PIECE // array.itemsize)
        whole = array.reshape(-1) if array.flags.c_contiguous else None
        for begin in range(0, array.size, length):
            piece = slice(begin, begin + length)
            values = array.flat[piece] if whole is None else whole[piece]
            flat[piece].set(values, stream=self._stream)
            if whole is None:
                self._stream.synchronize()  # until then, the copy may still read this piece
        return copy

    def rebind(self, program: Program, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace arrays by larger ones, and take the launches of `program`."""
        with self._doing("making room for larger inputs" if arrays else "the start of the program"):
            copies = {name: self._copied(array) for name, array in arrays.items()}
            bound = self._arrays | copies if copies else self._arrays
            calls = [self._prepare(launch, program, bound) for launch in program.launches]
            self._stream.synchronize()  # until then, a copy may still read the host's arrays
        self._arrays, self._calls = bound, calls
        self._graphs.clear()

    def read(self, name: str, start: int = 0, stop: int | None = None, after: object = None) -> NDArray[np.generic]:
        """Return a copy of an array, or of the part [start, stop) of its flattened form."""
        part = part_to_read("cuda", self._arrays, name, start, stop)
        with self._doing(f"reading array '{name}'"):
            stream = self._stream if after is None else self._reader
            if after is not None:
                stream.wait_event(after)
            host: NDArray[np.generic] = part.get(stream=stream)
        return host

    def write(self, name: str, values: NDArray[np.generic], start: int = 0) -> None:
        """Replace the part of the flattened array that begins at `start`."""
        part, flat = part_to_write("cuda", self._arrays, name, values, start)
        if flat.size:
            with self._doing(f"writing array '{name}'"):
                part.set(flat, stream=self._stream)
                self._stream.synchronize()  # otherwise `flat` may be freed before an asynchronous copy has read it

    # ---- steps ----
    def _prepare(self, launch: Launch, program: Program, arrays: dict[str, Any]) -> Callable[[], None]:
        spec, numbers = KERNELS[launch.kernel], program.numbers
        module = module_of(launch.kernel, launch.signature, numbers)
        if module.name not in self._modules:
            self._modules[module.name] = self._gpu.compiled(module)
        kernel = self._modules[module.name].get_function(launch.kernel)
        block = min(self._block, int(kernel.max_threads_per_block) // WARP * WARP)
        arguments = tuple(spec.bind(launch.arrays, arrays, launch.scalars, numbers).values())
        resident = self._gpu.resident(kernel, block)
        grid = blocks_of(spec.unit, launch.items, block, self._gpu.multiprocessors, resident)
        return lambda: kernel((grid,), (block,), arguments)

    def run(self, steps: int, first: int = 0, end: int | None = None) -> object:
        """Run the launch list, or a part of it, `steps` times; return a mark of their end, as they may still run then.

        The first step of a session, or of a part, is launched singly, which loads the kernels: this is not allowed
        during a capture. All others are parts of graphs. Every graph is captured before the first one is launched, so
        an error during a capture leaves the state as it was.
        """
        with self._doing("running steps"):
            part = first, len(self._calls) if end is None else end
            if steps and part not in self._loaded:
                self._step(part)
                self._loaded.add(part)
                steps -= 1
            for graph in self._split(steps, part):
                graph.launch(self._stream)
            mark = self._cupy.cuda.Event(disable_timing=True)
            mark.record(self._stream)
        return mark

    def _split(self, steps: int, part: tuple[int, int]) -> list[Any]:
        """Return the graphs that make up a number of steps, in order."""
        graphs = []
        for length in GRAPH_STEPS:
            number, steps = divmod(steps, length)
            if number and (length, *part) not in self._graphs:
                self._graphs[length, *part] = self._captured(length, part)
            graphs += [self._graphs[length, *part]] * number if number else []
        return graphs

    def _captured(self, steps: int, part: tuple[int, int]) -> Any:
        self._stream.begin_capture()
        try:
            for _ in range(steps):
                self._step(part)
        except BaseException:
            with suppress(Exception):  # it may say once more that the capture failed
                self._stream.end_capture()
            raise
        return self._stream.end_capture()

    def _step(self, part: tuple[int, int]) -> None:
        for call in self._calls[slice(*part)]:
            call()

    def close(self) -> None:
        """Release the memory of the device, CuPy's pool included."""
        try:
            if not self._ended:
                with self._doing("the end of the session"):
                    self._stream.synchronize()  # steps may still run, on these arrays
        finally:
            self._calls = []
            self._graphs.clear()
            self._arrays.clear()
            self._modules.clear()
        if not self._ended:
            with self._doing("the end of the session"):
                self._gpu.free_pools()
