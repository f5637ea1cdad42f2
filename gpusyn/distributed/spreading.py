"""What a user asks for by `comm=` and `owners=`: the ranks on which a network is spread, and who owns its neurons."""

from __future__ import annotations

from typing import Any

from gpusyn.builder.ownership import Spread
from gpusyn.distributed.communicators import as_ranks
from gpusyn.distributed.ranks import Ranks
from gpusyn.parameters.scalars import one_of

OWNERS = ("contiguous", "dealt")


def spread_on(comm: Any, owners: Any, where: str) -> tuple[Ranks | None, Spread | None]:
    """Return the ranks of a communicator, and what this rank is among them; nothing if there is none.

    Raises
    ------
    ArgumentError
        If `comm` is no communicator.
    UnknownNameError
        If there is no such way to give neurons to ranks.
    """
    owners = one_of(owners, OWNERS, f"{where}.owners")
    if comm is None:
        return None, None
    ranks = as_ranks(comm)
    return ranks, Spread(ranks.rank, ranks.size, owners)
