"""What all ranks must have in common: the code, the network, its seed, and the arguments of collective methods.

Each rank describes what it has in words; where ranks differ, the error names what differs, and how.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.builder.plan import Asked
from gpusyn.distributed.operations import listed
from gpusyn.distributed.ranks import Ranks
from gpusyn.errors import ParameterError
from gpusyn.kernels.source import kernel_names, read_kernel
from gpusyn.network.network import Network
from gpusyn.parameters.scalars import show
from gpusyn.simulation.checkpoint_description import LONG, described, differences, parts_of
from gpusyn.utils.version import __version__

OWN = frozenset({"self", "path", "checkpoint", "progress"})  # arguments that each rank may choose for itself
_LARGEST = 2**53  # up to it, whole numbers are floats too


def same_start(ranks: Ranks, net: Any, asked: Asked, seed: int, trial: int) -> None:
    """Check that all ranks have the same code, network, step of time and random numbers, before anything is built.

    Raises
    ------
    ParameterError
        On every rank, if those of any rank differ from those of rank 0.
    SimulationError
        If a rank has failed, or calls something else.
    """
    where = asked.where
    assert asked.spread is not None
    facts = {
        "the code of gpusyn": code(),
        f"{where}.dt": _text(asked.dt),
        f"{where}.seed": str(seed),
        f"{where}.trial": str(trial),
        f"{where}.precision": _text(asked.precision),
        f"{where}.weights": _text(asked.weights),
        f"{where}.owners": asked.spread.owners,
    }
    network = _network(net)
    digest = hashlib.sha256(repr(sorted(network.items())).encode(errors="backslashreplace")).hexdigest()
    told = ranks.objects((facts, digest))
    require_same([facts for facts, _ in told])
    if len({digest for _, digest in told}) > 1:
        found = ranks.objects(network)
        different = [rank for rank, one in enumerate(found) if one != found[0]]
        how = differences(found[0], found[different[0]], "on rank 0", f"on rank {different[0]}")
        raise _differ(f"{where}.net", different, len(found), how)


def same_arguments(ranks: Ranks, here: str, arguments: Mapping[str, Any]) -> None:
    """Check that all ranks call a method with the same arguments.

    Raises
    ------
    ParameterError
        On every rank, if those of any rank differ from those of rank 0.
    SimulationError
        If a rank has failed, or calls something else.
    """
    own = {name: value for name, value in arguments.items() if name not in OWN}
    if arguments.keys() != {"self"}:
        require_same(ranks.objects({f"{here}.{name}": _text(value) for name, value in own.items()}))


def require_same(told: list[dict[str, str]]) -> None:
    """Refuse what ranks have told, in words by name, if it differs.

    >>> require_same([{"seed": "5"}, {"seed": "6"}, {"seed": "5"}])
    Traceback (most recent call last):
        ...
    gpusyn.errors.ParameterError: seed: must be the same on all 3 ranks (rank 1 differs from rank 0: 5 on rank 0, \
6 on rank 1)
    """
    for name in dict.fromkeys(name for one in told for name in one):
        texts = [one.get(name, "not given") for one in told]
        different = [rank for rank, text in enumerate(texts) if text != texts[0]]
        if different:
            how = f"{texts[0]} on rank 0, {texts[different[0]]} on rank {different[0]}"
            raise _differ(name, different, len(told), how)


def _differ(name: str, different: list[int], size: int, how: str) -> ParameterError:
    which = f"rank {different[0]} differs" if len(different) == 1 else f"ranks {listed(different)} differ"
    return ParameterError(f"{name}: must be the same on all {size} ranks ({which} from rank 0: {how})")


def _network(net: Any) -> dict[str, str]:
    """Return what determines a network and its files."""
    if not isinstance(net, Network):
        return {"type": type(net).__name__}
    files = {name: str(recorder.file) for name, recorder in net.recorders.items()}
    return described(net) | {f"recorder '{name}', file": file for name, file in files.items()}


@functools.cache
def code() -> str:
    """Return the version of gpusyn, and a digest of its modules and kernels."""
    digest = hashlib.blake2b(digest_size=8)
    package = Path(__file__).parents[1]
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    for name in kernel_names():
        digest.update(f"{name}\0{read_kernel(name)}\0".encode())
    return f"version {__version__}, digest {digest.hexdigest()}"


def _text(value: Any) -> str:
    """Return a value in words: its type, where it has none."""
    try:
        return "; ".join(f"{name} {text}".lstrip() for name, text in _parts(value))
    except Exception:
        return type(value).__name__  # of an object that is none of gpusyn's, which may be anything


def _parts(value: Any) -> Iterator[tuple[str, str]]:
    """Yield what a value consists of."""
    if hasattr(value, "__array__") or (isinstance(value, list | tuple) and len(value) > LONG):
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and not value.ndim:
        value = value[()]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST:
        value = float(value)
    if isinstance(value, float):
        yield "", f"{value:.17g}"
    elif isinstance(value, str):
        yield "", show(value)
    elif value is None or isinstance(value, bool):
        yield "", str(value)
    else:
        yield from parts_of(value)
