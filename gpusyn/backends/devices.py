"""What a user asks for by `devices=`: a backend on each of several GPUs of this machine."""

from __future__ import annotations

import os
from typing import Any

from gpusyn.backends.base import Backend
from gpusyn.backends.select import BACKENDS, make_backend, names
from gpusyn.distributed.communicators import as_ranks
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.scalars import integer, listed, one_of, show


def backends_on(devices: Any, backend: Any, comm: Any, where: str) -> list[Backend]:
    """Return a backend on each of some devices.

    Parameters
    ----------
    devices : sequence of int
        Numbers of the devices.
    backend : str or Backend
        Name or object; ``"auto"`` is cuda here, unless the environment variable `GPUSYN_BACKEND` says else.
    comm : object
        Communicator that was given with them, or None.
    where : str
        Function that was given all this, for messages.

    Raises
    ------
    ArgumentError
        If the devices are no whole numbers, or the communicator is none.
    BackendError
        If there is no such device, or it cannot be used.
    ParameterError
        If a device is named twice or none is, the backend has no devices, or there are several ranks already.
    """
    numbers = _numbers(devices, f"{where}.devices")
    if comm is not None and as_ranks(comm).size > 1:
        raise ParameterError(
            f"{where}.devices: cannot be given together with comm= of several ranks (got {show(numbers)}); leave it "
            "out, and start one MPI rank a GPU: each takes the GPU of its number among the ranks of its machine"
        )
    if isinstance(backend, str):
        return _named(numbers, backend, where)
    if not callable(getattr(backend, "on_device", None)):
        raise _without_devices(numbers, f"backend {show(getattr(backend, 'name', backend))}", where)
    return [backend.on_device(number) for number in numbers]


def _numbers(devices: Any, where: str) -> list[int]:
    if isinstance(devices, int | str):
        example = f"[{devices}]" if isinstance(devices, int) and not isinstance(devices, bool) else "[0, 1]"
        raise ArgumentError(f"{where}: must be a list of numbers of GPUs (got {show(devices)}); write {example}")
    numbers = [integer(one, f"{where}[{i}]", low=0) for i, one in enumerate(listed(devices, where, "a list of numbers"))]
    twice = next((number for number in numbers if numbers.count(number) > 1), None)
    if twice is not None:
        raise ParameterError(f"{where}: must be different GPUs (got {twice} twice, in {show(numbers)}); name each once")
    if not numbers:
        raise ParameterError(f"{where}: must name at least one GPU (got []); leave it out for the first, or write [0]")
    return numbers


def _named(numbers: list[int], backend: str, where: str) -> list[Backend]:
    name, said = one_of(backend, names(), f"{where}.backend"), ""
    if name == "auto":
        name, said = os.environ.get("GPUSYN_BACKEND", "auto"), " of the environment variable GPUSYN_BACKEND"
        name = "cuda" if name == "auto" else one_of(name, BACKENDS, "environment variable GPUSYN_BACKEND")
    if name != "cuda":
        raise _without_devices(numbers, f"backend '{name}'{said}", where)
    return [make_backend(name, device=number) for number in numbers]


def _without_devices(numbers: list[int], backend: str, where: str) -> ParameterError:
    return ParameterError(
        f"{where}.devices: are numbers of GPUs (got {show(numbers)}), and {backend} uses none; "
        "use backend='cuda', or threads= for several cores, or comm= for several processes"
    )
