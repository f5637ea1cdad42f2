"""Which rank computes on which GPU: what a user asks for by `devices=`, and what is said of it."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from gpusyn.backends.base import Backend
from gpusyn.backends.cuda.detect import LAST_DEVICE
from gpusyn.backends.select import BACKENDS, make_backend, names
from gpusyn.distributed.communicators import as_ranks
from gpusyn.distributed.crew import Crew
from gpusyn.distributed.ranks import Ranks
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.scalars import integer, listed, one_of, show
from gpusyn.utils.messages import LOGGER

Member = TypeVar("Member")

FEW = 8  # ranks that are told one by one


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


def crew_on(backends: list[Backend], make: Callable[..., Member], where: str) -> Crew[Member]:
    """Return simulators, each of which is a rank on one of some backends, and which do everything together.

    Parameters
    ----------
    backends : list of Backend
        A backend on each device.
    make : callable
        Takes the keywords `backend` and `comm`, and returns the simulator of a rank.
    where : str
        Function that makes them, for messages.
    """
    return Crew(len(backends), lambda ranks: make(backend=backends[ranks.rank], comm=ranks), where)


def _numbers(devices: Any, where: str) -> list[int]:
    if isinstance(devices, int | str):
        single = isinstance(devices, int) and not isinstance(devices, bool) and 0 <= devices <= LAST_DEVICE
        example = f"[{devices}]" if single else "[0, 1]"
        raise ArgumentError(f"{where}: must be a list of numbers of GPUs (got {show(devices)}); write {example}")
    given = listed(devices, where, "a list of numbers")
    numbers = [integer(one, f"{where}[{i}]", low=0, high=LAST_DEVICE) for i, one in enumerate(given)]
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


class Used(NamedTuple):
    """What a rank computes on: a machine, a phrase for it, and the device there, which has an identity if it is one."""

    machine: str
    phrase: str
    identity: str


def tell_devices(ranks: Ranks, backend: Backend) -> None:
    """Say on rank 0 which GPU each rank computes on, if there is any; this is a collective operation."""
    device, phrase = getattr(backend, "device", None), f"{backend.name}, {backend.describe()}"
    here = platform.node()
    mine = Used(here, phrase, "") if device is None else Used(here, f"GPU {device.number}, {device}", device.identity)
    found = [Used(*one) for one in ranks.objects(tuple(mine))]
    devices = Counter(one.identity for one in found if one.identity)
    if ranks.rank or not devices:
        return
    LOGGER.info(f"{_number(ranks.size, 'rank')} on {_number(len(devices), 'GPU')}: {_list(found)}")
    without = len(found) - devices.total()
    if without:
        LOGGER.warning(
            f"{_number(without, 'rank')} of {ranks.size} found no GPU that can be used, and the others wait for the "
            "slowest; see what `gpusyn info` says on each machine, or take fewer ranks"
        )
    most = max(devices.values())
    if most > 1:
        LOGGER.warning(
            f"up to {most} ranks share one GPU, which is slower than one rank a GPU; "
            "start as many ranks on a machine as it has GPUs, or see whether CUDA_VISIBLE_DEVICES hides some"
        )


def _list(found: list[Used]) -> str:
    """Return what the first ranks compute on."""
    several = len({one.machine for one in found}) > 1
    parts = [
        f"rank {rank}: {one.phrase}" + (f", of {one.machine}" if several else "")
        for rank, one in enumerate(found[:FEW])
    ]
    more = len(found) - len(parts)
    return "; ".join(parts) + (f"; and {_number(more, 'other')}" if more else "")


def _number(count: int, of: str) -> str:
    return f"{count} {of}{'' if count == 1 else 's'}"
