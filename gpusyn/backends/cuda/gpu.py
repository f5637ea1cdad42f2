"""One GPU, as CuPy shows it: its memory, its multiprocessors, and kernels that are compiled for it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from gpusyn.backends.cpu.cache import cache_folder
from gpusyn.backends.cuda.detect import Device
from gpusyn.backends.cuda.failures import cuda_errors
from gpusyn.errors import BackendError
from gpusyn.kernels.modules import Module
from gpusyn.utils.progress import COMPILING, meanwhile

OPTIONS = ("--std=c++17", "--fmad=false")  # no contraction, so that the bits are the same as elsewhere


class Gpu:
    """A GPU.

    Attributes
    ----------
    cupy : module
        CuPy.
    device : Device
        The GPU that is used.
    """

    def __init__(self, cupy: Any, device: Device) -> None:
        self.cupy, self.device = cupy, device

    def current(self) -> AbstractContextManager[Any]:
        """Return the context in which calls of CuPy go to this GPU."""
        device: AbstractContextManager[Any] = self.cupy.cuda.Device(self.device.number)
        return device

    @property
    def multiprocessors(self) -> int:
        """Number of multiprocessors."""
        return int(self.cupy.cuda.Device(self.device.number).attributes["MultiProcessorCount"])

    def resident(self, kernel: Any, block: int) -> int:
        """Return how many blocks of a kernel a multiprocessor holds at once, as the driver counts them."""
        count = self.cupy.cuda.driver.occupancyMaxActiveBlocksPerMultiprocessor
        return max(int(count(kernel.kernel.ptr, block, 0)), 1)

    def free_memory(self) -> int:
        """Return the free bytes, with the unused bytes in CuPy's pool, which it gives to new arrays."""
        with cuda_errors("asking for the free memory"), self.current():
            free, _ = self.cupy.cuda.runtime.memGetInfo()
            return int(free) + int(self.cupy.get_default_memory_pool().free_bytes())

    def free_pools(self) -> None:
        """Give the unused memory in CuPy's pools, on the GPU and of the host, back to the system."""
        self.cupy.get_default_memory_pool().free_all_blocks()
        self.cupy.get_default_pinned_memory_pool().free_all_blocks()

    def compiled(self, module: Module) -> Any:
        """Return the compiled form of a kernel module; CuPy keeps it in its cache on disk."""
        made = self.cupy.RawModule(code=module.text, options=OPTIONS)
        try:
            with meanwhile(COMPILING):
                made.compile()
        except self.cupy.cuda.compiler.CompileException as error:
            raise BackendError(_compile_message(module, str(error))) from error
        return made


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
