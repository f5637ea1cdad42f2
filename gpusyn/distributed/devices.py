"""Which rank computes on which GPU: said once, with a warning where ranks share one."""

from __future__ import annotations

from collections import Counter

from gpusyn.backends.base import Backend
from gpusyn.distributed.ranks import Ranks
from gpusyn.utils.messages import LOGGER

FEW = 8  # ranks that are told one by one


def tell_devices(ranks: Ranks, backend: Backend) -> None:
    """Say on rank 0 which GPU each rank computes on, if there is any; this is a collective operation."""
    device, described = getattr(backend, "device", None), f"{backend.name}, {backend.describe()}"
    found = ranks.objects((device, described))
    devices = [one for one, _ in found if one is not None]
    if ranks.rank or not devices:
        return
    LOGGER.info(f"{ranks.size} ranks on {_number(len(set(devices)), 'GPU')}: {_list(found)}")
    without = len(found) - len(devices)
    if without:
        LOGGER.warning(
            f"{_number(without, 'rank')} of {ranks.size} found no GPU that can be used, and the others wait for the "
            "slowest; see what `gpusyn info` says on each machine, or take fewer ranks"
        )
    most = max(Counter(devices).values())
    if most > 1:
        LOGGER.warning(
            f"up to {most} ranks share one GPU, which is slower than one rank a GPU; "
            "start as many ranks on a machine as it has GPUs, or see whether CUDA_VISIBLE_DEVICES hides some"
        )


def _list(found: list[tuple[str | None, str]]) -> str:
    """Return what the first ranks compute on; GPUs have the numbers in which they appear."""
    numbers = {device: i for i, device in enumerate(dict.fromkeys(device for device, _ in found if device is not None))}
    parts = [
        f"rank {rank}: {described}" + ("" if device is None else f", GPU {numbers[device]}")
        for rank, (device, described) in enumerate(found[:FEW])
    ]
    more = len(found) - len(parts)
    return "; ".join(parts) + (f"; and {_number(more, 'other')}" if more else "")


def _number(count: int, of: str) -> str:
    return f"{count} {of}{'' if count == 1 else 's'}"
