"""The kernels that build rows of synapses, launched one by one on the GPU, in whose memory the rows stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gpusyn.backends.cuda.failures import cuda_errors
from gpusyn.backends.cuda.gpu import Gpu
from gpusyn.kernels.modules import build_module
from gpusyn.kernels.occupancy import BUILDING_BLOCKS, WARP
from gpusyn.kernels.spec import BUILD_KERNELS
from gpusyn.utils.typing import Array

BLOCKS_PER_PROCESSOR = 4
_NUMBERS: dict[str, Any] = {"int": np.int32, "double": np.float64}


class CudaMemory:
    """The memory of a GPU; see `gpusyn.kernels.memory.Memory`.

    Parameters
    ----------
    gpu : Gpu
        The GPU.
    """

    def __init__(self, gpu: Gpu) -> None:
        self._gpu, self._cupy = gpu, gpu.cupy
        with cuda_errors("the start of building"), gpu.current():
            self._stream = gpu.cupy.cuda.Stream(non_blocking=True)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Work on this GPU and in the order of one stream."""
        with cuda_errors(what), self._gpu.current(), self._stream:
            yield

    def empty(self, shape: Any, dtype: Any) -> Any:
        """Return an array whose values are undefined."""
        with self.doing("making room for synapses"):
            return self._cupy.empty(shape, dtype)

    def zeros(self, shape: Any, dtype: Any) -> Any:
        """Return an array of zeros."""
        with self.doing("making room for synapses"):
            return self._cupy.zeros(shape, dtype)

    def grown(self, array: Any, size: int) -> Any:
        """Return a larger array that begins with the elements of another one."""
        larger = self.empty(size, array.dtype)
        with self.doing("making room for synapses"):
            larger[: array.size] = array
        return larger

    def write(self, array: Any, values: Array) -> None:
        """Set the values of an array."""
        with self.doing("a copy to the GPU"):
            array.set(np.ascontiguousarray(values), stream=self._stream)
            self._stream.synchronize()  # until then, the copy may still read the host's array

    def host(self, array: Any) -> Any:
        """Return the values of an array on the host."""
        if not self.holds(array):
            return array
        with self.doing("a copy from the GPU"):
            return array.get(stream=self._stream)

    def holds(self, array: Any) -> bool:
        """Return whether an array is of the GPU."""
        return isinstance(array, self._cupy.ndarray)

    def moved(self, array: Any) -> Any:
        """Return an array of the GPU with these values: itself if it is there."""
        if self.holds(array):
            return array
        made = self.empty(array.shape, array.dtype)
        self.write(made, array)
        return made

    def synchronize(self) -> None:
        """Wait for all copies and launches."""
        with self.doing("the end of building"):
            self._stream.synchronize()


class CudaLauncher:
    """Launches of building kernels on a GPU; see `gpusyn.kernels.program.Launcher`.

    Parameters
    ----------
    gpu : Gpu
        The GPU.
    block : int
        Threads per block; a kernel whose registers do not suffice for so many gets the largest block that it can have.
    """

    workers = 1
    in_order = False

    def __init__(self, gpu: Gpu, block: int) -> None:
        self.memory = CudaMemory(gpu)
        self.blocks = min(gpu.multiprocessors * BLOCKS_PER_PROCESSOR, BUILDING_BLOCKS)
        self._gpu, self._block = gpu, block
        with self.memory.doing("the start of building"):
            self._module = gpu.compiled(build_module())

    def launch(self, kernel: str, **arguments: Any) -> None:
        """Run one kernel; arrays of the host are copied to the GPU before, and back if the kernel writes them."""
        spec = BUILD_KERNELS[kernel]
        bound = [value if argument.array else _number(ctype, value)
                 for argument, (ctype, value) in zip(spec.arguments, spec.given(arguments), strict=True)]  # fmt: skip
        moved = [self.memory.moved(value) if isinstance(value, np.ndarray) else value for value in bound]
        with self.memory.doing(f"kernel '{kernel}'"):
            run = self._module.get_function(kernel)
            block = min(self._block, int(run.max_threads_per_block) // WARP * WARP)
            run((self.blocks,), (block,), tuple(moved))
        for argument, host, device in zip(spec.arguments, bound, moved, strict=True):
            if isinstance(host, np.ndarray) and argument.intent != "in":
                host[...] = self.memory.host(device)

    def close(self) -> None:
        """Wait for all launches, and give back memory that is no longer used."""
        self.memory.synchronize()
        with self.memory.doing("the end of building"):
            self._gpu.free_pools()


def _number(ctype: str, value: Any) -> Any:
    """Return a number as a kernel takes it; keys of streams are unsigned."""
    return np.uint64(int(value) % 2**64).astype(np.int64) if ctype == "int64" else _NUMBERS[ctype](value)
