"""Which backend a simulation runs on, and why, in one line."""

from __future__ import annotations

import os
import sys
from typing import Any

from gpusyn.backends.base import Backend
from gpusyn.errors import BackendError
from gpusyn.parameters.scalars import integer, one_of

NAMES = ("auto", "cuda", "cpu", "numpy")


def make_backend(name: str, threads: int | None = None, **options: Any) -> Backend:
    """The backend of that name.

    Raises
    ------
    BackendError
        It cannot be used on this machine; the message says why and what to do.
    """
    if name == "numpy":
        from gpusyn.backends.numpy.backend import NumpyBackend

        return NumpyBackend(**options)
    if name == "cpu":
        from gpusyn.backends.cpu.backend import CpuBackend

        return CpuBackend(threads, **options)
    from gpusyn.backends.cuda.backend import CudaBackend

    return CudaBackend(**options)


def choose_backend(name: str = "auto", threads: int | None = None, *, quiet: bool = False) -> Backend:
    """The backend asked for; `auto` takes cuda, else cpu, else numpy, and says in one line on stderr which and why.

    The environment variable `GPUSYN_BACKEND` replaces `auto`.
    """
    name = one_of(name, NAMES, "backend")
    if threads is not None:
        threads = integer(threads, "Simulator.threads", low=1, high=1024)
    if name == "auto":
        name = one_of(os.environ.get("GPUSYN_BACKEND", "auto"), NAMES, "environment variable GPUSYN_BACKEND")
    if name != "auto":
        return make_backend(name, threads)
    reasons = []
    for candidate in ("cuda", "cpu", "numpy"):
        try:
            backend = make_backend(candidate, threads)
        except BackendError as error:
            reasons.append(str(error))
            continue
        if not quiet:
            why = f" ({'; '.join(reasons)})" if reasons else ""
            print(f"gpusyn: backend {backend.name}: {backend.describe()}{why}", file=sys.stderr)
        return backend
    raise AssertionError("the numpy backend is always there")
