"""CUDA kernels without a GPU: the emulator's Python side and a stand-in for CuPy.

Typical use in a test::

    from tests.emulation import ORDERS, install, pretend, using

    def test_something(monkeypatch):
        cupy = install(monkeypatch)                 # `import cupy` now gives the stand-in
        with using(order=ORDERS["backward"], flush=True):
            ...                                     # every launch in here runs under that schedule
        with pretend(driver_version=0):
            ...                                     # no driver: CuPy's own errors
"""

from .compile import CompileFailure, compiler, kernel_names, load, sanitizer_environment
from .device import Machine, StrictError, check_guards, machine, pretend
from .settings import ORDERS, Settings, schedule, settings, using
from .stand_in_cupy import cupy, install

__all__ = [
    "ORDERS",
    "CompileFailure",
    "Machine",
    "Settings",
    "StrictError",
    "check_guards",
    "compiler",
    "cupy",
    "install",
    "kernel_names",
    "load",
    "machine",
    "pretend",
    "sanitizer_environment",
    "schedule",
    "settings",
    "using",
]
