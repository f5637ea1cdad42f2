"""What a user asks for by `comm=` and `owners=`: the ranks on which a network is spread, and who owns its neurons."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from gpusyn.builder.ownership import Spread
from gpusyn.distributed.communicators import as_ranks
from gpusyn.distributed.ranks import Ranks
from gpusyn.parameters.scalars import one_of

OWNERS = ("contiguous", "dealt")


def ranks_of(comm: Any) -> Ranks | None:
    """Return the ranks of a communicator, None if there is none.

    Raises
    ------
    ArgumentError
        If `comm` is no communicator.
    """
    return None if comm is None else as_ranks(comm)


def together(ranks: Ranks | None, where: str) -> AbstractContextManager[None]:
    """Return what makes of an error on one rank an error on all; see `Ranks.together`. In one process it does nothing.

    Parameters
    ----------
    ranks : Ranks, optional
        The ranks.
    where : str
        Name of the method, for messages.
    """
    return nullcontext() if ranks is None else ranks.together(where)


def spread_on(ranks: Ranks | None, owners: Any, where: str) -> Spread | None:
    """Return what this rank is among several, None in one process.

    Raises
    ------
    UnknownNameError
        If there is no such way to give neurons to ranks.
    """
    owners = one_of(owners, OWNERS, f"{where}.owners")
    return None if ranks is None else Spread(ranks.rank, ranks.size, owners)
