"""The `cuda` backend: the kernels, launched through CuPy's RawModule. Only this file imports CuPy.

Arrays, spike counts and the step counter are on the device. Steps are replayed as CUDA graphs, so the host does no work
within a chunk of steps.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any

from gpusyn.backends.cpu.backend import CpuBackend
from gpusyn.backends.cpu.cache import cache_folder
from gpusyn.backends.cpu.launcher import CpuLauncher
from gpusyn.backends.cuda.detect import detect
from gpusyn.backends.cuda.failures import cuda_errors
from gpusyn.backends.cuda.session import CudaSession
from gpusyn.errors import BackendError, ParameterError
from gpusyn.kernels.modules import Module
from gpusyn.kernels.occupancy import BLOCK, WARP
from gpusyn.kernels.program import Program
from gpusyn.parameters.scalars import integer

OPTIONS = ("--std=c++17", "--fmad=false")  # no contraction, so that the bits are the same as elsewhere


def import_cupy() -> Any:
    """Import CuPy and return it."""
    return importlib.import_module("cupy")


class CudaBackend:
    """Kernels on an NVIDIA GPU of compute capability 7.5 or newer.

    Parameters
    ----------
    block : int
        Threads per block, a multiple of 32 up to 1024. A kernel whose registers do not suffice for so many gets the
        largest block that it can have. No result depends on it.
    threads : int, optional
        Ignored; every backend accepts this argument, but CPU threads play no role here.
    device : int
        Number of the GPU in CUDA, >= 0; the environment variable ``CUDA_VISIBLE_DEVICES`` changes the numbers.

    Raises
    ------
    BackendError
        If the GPU cannot be used; the message says why, and how to fix it.
    ParameterError
        If `block` is not such a multiple, or `device` is negative.
    """

    name = "cuda"
    workers = 1

    def __init__(
        self,
        block: int = BLOCK,
        threads: int | None = None,
        device: int = 0,
        *,
        importer: Callable[[], Any] = import_cupy,
    ) -> None:
        self.block = integer(block, "CudaBackend.block", low=WARP, high=1024)
        if self.block % WARP:
            raise ParameterError(f"CudaBackend.block: must be a multiple of 32, the threads of a warp (got {block})")
        number = integer(device, "CudaBackend.device", low=0)
        found = detect(importer, device=number)
        if not found.usable:
            raise BackendError(f"{found.reason}; fix: {found.fix}")
        self.cupy = importer()
        self.device = found.devices[number]

    def describe(self) -> str:
        """Return one phrase that names the device."""
        return str(self.device)

    def on_device(self) -> AbstractContextManager[Any]:
        """Return the context in which calls of CuPy go to this backend's GPU."""
        device: AbstractContextManager[Any] = self.cupy.cuda.Device(self.device.number)
        return device

    @property
    def multiprocessors(self) -> int:
        """Number of multiprocessors of the GPU."""
        return int(self.cupy.cuda.Device(self.device.number).attributes["MultiProcessorCount"])

    def resident(self, kernel: Any, block: int) -> int:
        """Return how many blocks of a kernel a multiprocessor holds at once, as the driver counts them."""
        count = self.cupy.cuda.driver.occupancyMaxActiveBlocksPerMultiprocessor
        return max(int(count(kernel.kernel.ptr, block, 0)), 1)

    def free_memory(self) -> int:
        """Return the free bytes of the device, with the unused bytes in CuPy's pool, which it gives to new arrays."""
        with cuda_errors("asking for the free memory"), self.on_device():
            free, _ = self.cupy.cuda.runtime.memGetInfo()
            return int(free) + int(self.cupy.get_default_memory_pool().free_bytes())

    def free_pools(self) -> None:
        """Give the unused memory in CuPy's pools, on the device and of the host, back to the system."""
        self.cupy.get_default_memory_pool().free_all_blocks()
        self.cupy.get_default_pinned_memory_pool().free_all_blocks()

    def launcher(self) -> CpuLauncher | None:
        """Return launches of the kernels that build networks, on the host; None if it has no C++ compiler."""
        with suppress(BackendError):
            return CpuBackend().launcher()
        return None

    def start(self, program: Program) -> CudaSession:
        """Compile, move the arrays to the device, and return the session."""
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
