"""The kernels that build rows of synapses, compiled for the CPU and launched one by one."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from gpusyn.backends.cpu.threads import Team
from gpusyn.kernels.memory import HOST
from gpusyn.kernels.modules import build_module
from gpusyn.kernels.spec import BUILD_KERNELS

_CELLS = {"int": ctypes.c_int, "int64": ctypes.c_longlong, "double": ctypes.c_double}


class _Launch(ctypes.Structure):
    _fields_ = [("entry", ctypes.c_void_p), ("args", ctypes.c_void_p)]


class CpuLauncher:
    """Launches of building kernels on CPU threads; see `gpusyn.kernels.program.Launcher`.

    Parameters
    ----------
    library : ctypes.CDLL
        The compiled module of these kernels.
    driver : ctypes.CDLL
        The loop over launches, with its teams of threads.
    threads : int
        Number of threads.
    """

    in_order = True
    memory = HOST

    def __init__(self, library: ctypes.CDLL, driver: ctypes.CDLL, threads: int) -> None:
        self.workers = self.blocks = threads
        self._driver = driver
        self._team = Team(driver, threads) if threads > 1 else None
        self._entries = {
            name: ctypes.cast(getattr(library, f"entry_{name}"), ctypes.c_void_p).value
            for name in build_module().kernels
        }

    def launch(self, kernel: str, **arguments: Any) -> None:
        """Run one kernel on all threads, and return when it is done."""
        values = BUILD_KERNELS[kernel].given(arguments)
        cells: list[Any] = [
            ctypes.c_void_p(value.ctypes.data) if isinstance(value, np.ndarray) else _CELLS[ctype](value)
            for ctype, value in values
        ]
        slots = (ctypes.c_void_p * len(cells))(*(ctypes.addressof(cell) for cell in cells))
        launch = _Launch(self._entries[kernel], ctypes.addressof(slots))
        team = self._team.pointer if self._team else None
        self._driver.run_steps(team, ctypes.byref(launch), 1, 1, 0, None)

    def close(self) -> None:
        """End the threads."""
        if self._team:
            self._team.close()
            self._team = None
