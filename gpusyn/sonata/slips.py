"""Hints about model names: only a slip of the pen is corrected, since a similar name is often another model."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["slip"]


def slip(name: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for a known name that differs by case, prefix or one letter, or ``""``.

    >>> known = ["nest:iaf_psc_alpha", "nest:iaf_cond_exp", "stdp_synapse"]
    >>> slip("nest:iaf_psc_alpa", known), slip("IAF_PSC_ALPHA", known)
    (" (did you mean 'nest:iaf_psc_alpha'?)", " (did you mean 'nest:iaf_psc_alpha'?)")
    >>> slip("nest:iaf_psc_delta", known), slip("nest:gif_cond_exp", known)
    ('', '')
    """
    for one in known:
        if any(_close(name.casefold(), meant.casefold()) for meant in (one, one.partition(":")[2]) if meant):
            return f" (did you mean {one!r}?)"
    return ""


def _close(one: str, other: str) -> bool:
    """Return True if one letter was added, left out or replaced, or two were exchanged, at most."""
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    left, right = one[same:], other[same:]
    exchanged = left[:2] == right[1::-1] and left[2:] == right[2:]
    return left[1:] == right[1:] or left[1:] == right or left == right[1:] or exchanged
