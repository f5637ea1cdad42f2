"""Ranks that are threads of one process: for several devices of one machine, and for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from gpusyn.distributed.ranks import Ranks
from gpusyn.distributed.transport import thread_transports

Result = TypeVar("Result")


def on_threads(size: int, function: Callable[[Ranks], Result]) -> list[Result]:
    """Call a function in as many threads, each of which is a rank, and return what it returns on each.

    Parameters
    ----------
    size : int
        Number of ranks.
    function : callable
        Takes the Ranks of its thread.

    Returns
    -------
    list
        In the order of the ranks.

    Raises
    ------
    BaseException
        What the function raised first on any rank; the other ranks are ended.
    """
    transports = thread_transports(size)
    results: dict[int, Result] = {}
    errors: list[BaseException] = []

    def run(rank: int) -> None:
        try:
            results[rank] = function(Ranks(transports[rank]))
        except BaseException as error:
            errors.append(error)
            transports[rank].abort(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=run, args=(rank,), name=f"rank {rank}") for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:  # rather that of the rank that failed than what another one says of it
        raise next((error for error in errors if getattr(error, "rank", None) is None), errors[0])
    return [results[rank] for rank in range(size)]
