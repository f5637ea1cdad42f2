"""The `cuda` backend: the kernels, launched through CuPy's RawModule. Only this file imports CuPy.

Arrays, spike counts and the step counter are on the device. Steps are replayed as CUDA graphs, so the host does no work
within a chunk of steps.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from gpusyn.backends.cuda.detect import LAST_DEVICE, Device, detect
from gpusyn.backends.cuda.gpu import Gpu
from gpusyn.backends.cuda.launcher import CudaLauncher
from gpusyn.backends.cuda.session import CudaSession
from gpusyn.errors import BackendError, ParameterError
from gpusyn.kernels.occupancy import BLOCK, WARP
from gpusyn.kernels.program import Program
from gpusyn.parameters.scalars import integer


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
    device : int, optional
        Number of the GPU in CUDA, >= 0; by default the first that is new enough. The environment variable
        ``CUDA_VISIBLE_DEVICES`` hides GPUs, and changes the numbers of the others.
    place : int, optional
        Number of this process among those of the machine that simulate a network together, >= 0: in place of the first
        GPU it takes the one of this number, from the first on again if there are fewer.

    Raises
    ------
    BackendError
        If the GPU cannot be used; the message says why, and how to fix it.
    ParameterError
        If `block` is not such a multiple, or `device` is negative or above 1023.
    """

    name = "cuda"
    workers = 1

    def __init__(
        self,
        block: int = BLOCK,
        threads: int | None = None,
        device: int | None = None,
        place: int | None = None,
        *,
        importer: Callable[[], Any] = import_cupy,
    ) -> None:
        self.block = integer(block, "CudaBackend.block", low=WARP, high=1024)
        if self.block % WARP:
            raise ParameterError(f"CudaBackend.block: must be a multiple of 32, the threads of a warp (got {block})")
        if device is not None:
            device = integer(device, "CudaBackend.device", low=0, high=LAST_DEVICE)
        found = detect(importer, device=device, place=place)
        if not found.usable or found.device is None:
            raise BackendError(f"{found.reason}; fix: {found.fix}")
        self.gpu, self._importer = Gpu(importer(), found.device), importer

    @property
    def device(self) -> Device:
        """The GPU."""
        return self.gpu.device

    def on_device(self, device: int) -> CudaBackend:
        """Return such a backend on the GPU of another number.

        Raises
        ------
        BackendError
            If there is no such GPU, or it cannot be used.
        """
        return CudaBackend(self.block, device=device, importer=self._importer)

    def describe(self) -> str:
        """Return one phrase that names the device."""
        return str(self.gpu.device)

    def free_memory(self) -> int:
        """Return the free bytes of the device, with the unused bytes in CuPy's pool."""
        return self.gpu.free_memory()

    def launcher(self) -> CudaLauncher:
        """Return launches of the kernels that build networks, on the GPU."""
        return CudaLauncher(self.gpu, self.block)

    def start(self, program: Program) -> CudaSession:
        """Compile, move the arrays to the device, and return the session."""
        return CudaSession(self.gpu, self.block, program)
