"""The description of a network as texts, by which a checkpoint knows the network to which it belongs."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gpusyn.builder.layout import Description
from gpusyn.drugs import Drug
from gpusyn.network.populations import Population, Selection
from gpusyn.network.projections import Projection
from gpusyn.utils.typing import Array

# What says nothing of a network: names, whether files may be replaced, where values are from, units of values.
SILENT = frozenset({"name", "overwrite", "LIMITS", "PARAMETERS", "STATES", "REST", "THRESHOLD", "RESET"})
# What a checkpoint of an older version does not name is a part that it did not have. A network that goes on has none of
# it: a parameter that was added is None, other parts have the text given here.
LATER = {"couplings": "none"}
LONG = 16  # entries of a sequence that are named one by one
DEEPEST = 30  # parts of parts
SHOWN = 3  # differences that a message names


def described(net: Any) -> dict[str, str]:
    """Return what determines a network: names of its parts, and their values in words; of arrays, a digest."""
    found: dict[str, str] = {}
    for kind in Description._fields:
        objects = getattr(net, kind)
        found[kind] = ", ".join(objects) or "none"
        for name, one in objects.items():
            found |= dict(_parts(one, f"{kind.removesuffix('s')} '{name}'", ""))
    return found


def parts_of(one: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of everything that an object consists of; of a part of a network, its name."""
    kind = type(one).__name__
    if isinstance(one, Selection):
        yield kind, _selected(one)
    elif isinstance(one, Population | Projection) or type(one).__module__.startswith("gpusyn.network."):
        yield kind, str(getattr(one, "name", ""))
    else:
        yield from _parts(one, kind, "")


def differences(
    before: Mapping[str, str], now: Mapping[str, str], here: str = "in the checkpoint", there: str = "now"
) -> str:
    """Return in words what differs first between two descriptions, `here` and `there`; nothing if nothing does.

    >>> differences({"population 'E', size": "80", "populations": "E"}, {"population 'E', size": "100"})
    "population 'E', size: 80 in the checkpoint, 100 now; populations: E in the checkpoint, missing now"
    >>> differences({}, {"couplings": "none", "population 'E', model.tau_theta": "None"})
    ''
    """
    unsaid = {name: text for name, text in now.items() if text in ("None", LATER.get(name))}
    names = [name for name in {**before, **now} if before.get(name, unsaid.get(name)) != now.get(name)]
    told = [f"{n}: {before.get(n, 'missing')} {here}, {now.get(n, 'missing')} {there}" for n in names]
    more = f" (and {len(told) - SHOWN} more differences)" if len(told) > SHOWN else ""
    return "; ".join(told[:SHOWN]) + more


def _parts(one: Any, owner: str, path: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of everything that an object consists of."""
    where = f"{owner}, {path}" if path else owner
    if path == "file":
        yield where, "none" if one is None else "a file"
    elif isinstance(one, Selection) and path:
        yield where, _selected(one)
    elif (text := _as_text(one)) is not None:
        yield where, text
    elif path.count(".") > DEEPEST:  # a part that leads back to itself
        yield where, type(one).__name__
    elif isinstance(one, list | tuple) and not hasattr(one, "_asdict"):
        yield from _sequence(one, owner, path)
    else:
        if path and path.rpartition(".")[2] != "values":
            yield where, ", ".join(map(str, one)) if isinstance(one, Mapping) else type(one).__name__
        for name, part in _attributes(one).items():
            inner = path if name == "values" and isinstance(part, Mapping) else f"{path}.{name}".lstrip(".")
            yield from _parts(part, owner, inner)


def _as_text(one: Any) -> str | None:
    """Return a value in words, None if it consists of parts."""
    if isinstance(one, np.generic):
        one = one.item()
    if one is None or isinstance(one, bool | int | float | complex | str | bytes | range):
        return str(one)
    if isinstance(one, np.ndarray):
        return _array_text(one)
    if isinstance(one, type) or (callable(one) and hasattr(one, "__qualname__")):
        return f"{one.__module__}.{one.__qualname__}"
    return None


def _array_text(array: Array) -> str:
    kept = array if array.dtype != object else np.array([str(x) for x in array.ravel()])
    span = ""
    if array.size and array.dtype.kind in "iuf":
        span = f" from {array.min():g} to {array.max():g}"
    return f"{array.size} values{span}, digest {_digest(np.ascontiguousarray(kept).tobytes())}"


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _selected(selection: Selection) -> str:
    """Return which neurons are selected."""
    if "..." not in selection.name:
        return selection.name
    return f"{selection.name}, digest {_digest(b''.join(part.ids.tobytes() for part in selection.parts))}"


def _sequence(sequence: Any, owner: str, path: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a sequence, or a digest of many."""
    where = f"{owner}, {path}"
    parts = [part for k, one in enumerate(sequence) for part in _parts(one, owner, f"{path}[{k}]")]
    if len(sequence) > LONG:
        yield where, f"{len(sequence)} entries, digest {_digest(repr(parts).encode())}"
    else:
        yield where, f"{len(sequence)} entr{'y' if len(sequence) == 1 else 'ies'}"
        yield from parts


def _attributes(one: Any) -> Mapping[str, Any]:
    """Return what an object consists of, by name: not what it keeps of a computation."""
    if isinstance(one, Mapping):
        return {str(key): value for key, value in one.items()}
    if isinstance(one, Population):
        own = {"size": one.size, "model": one.model, "positions": one.positions}
        dendrites = {compartment.name: compartment for compartment in one.compartments}
        return own | {"receptors": {receptor.name: receptor for receptor in one.receptors}, "compartments": dendrites}
    if isinstance(one, Drug):
        return {"actions": one.actions}
    if isinstance(one, functools.partial):
        return {"func": one.func, "args": one.args, "keywords": one.keywords}
    if hasattr(one, "_asdict"):
        found: Mapping[str, Any] = one._asdict()
    else:
        found = getattr(one, "__dict__", None) or {name: getattr(one, name) for name in _slots(type(one))}
    return {name: value for name, value in found.items() if name not in SILENT and not _is_cache(type(one), name)}


def _slots(kind: type) -> list[str]:
    return [name for base in kind.__mro__ for name in base.__dict__.get("__slots__", ()) if not name.startswith("__")]


def _is_cache(kind: type, name: str) -> bool:
    """Return True if an attribute keeps what was computed once."""
    return isinstance(getattr(kind, name, None), functools.cached_property)
