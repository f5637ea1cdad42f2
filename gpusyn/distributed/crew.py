"""Ranks that are threads of this process, and do together what a simulator on several devices is asked for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any, Generic, TypeVar

from gpusyn.distributed.ranks import Ranks
from gpusyn.distributed.transport import thread_transports
from gpusyn.errors import SimulationError

Member = TypeVar("Member")
Result = TypeVar("Result")

PATIENCE = 0.1  # s; where a wait cannot be interrupted, Ctrl-C is noticed after so long


class Crew(Generic[Member]):
    """Threads of this process, each of which is a rank and has a member.

    The thread that asks for something waits, so signals never come to a rank in the middle of its work.

    Parameters
    ----------
    size : int
        Number of ranks.
    make : callable
        Takes the Ranks of a thread, and returns the member of that rank.
    where : str
        What the members are, for messages.
    """

    def __init__(self, size: int, make: Callable[[Ranks], Member], where: str) -> None:
        self._transports = thread_transports(size)
        self._ranks = [Ranks(transport) for transport in self._transports]
        self._pool = ThreadPoolExecutor(size, "gpusyn rank")
        self.members: list[Member] = self._on_all(where, lambda rank: make(self._ranks[rank]))

    def call(self, where: str, function: Callable[[Member], Result]) -> list[Result]:
        """Call a function of a member on all ranks, and return what it returns on each.

        Parameters
        ----------
        where : str
            Name of the method, for messages.
        function : callable
            Takes the member of a rank.

        Raises
        ------
        BaseException
            What ended the function on the first rank that failed by itself; or, between two chunks of a run, what
            interrupted the wait for it, such as KeyboardInterrupt.
        """
        return self._on_all(where, lambda rank: function(self.members[rank]))

    def _on_all(self, where: str, function: Callable[[int], Result]) -> list[Result]:
        def on_rank(rank: int) -> Result:
            with self._ranks[rank].together(where):
                return function(rank)

        futures = [self._pool.submit(partial(on_rank, rank)) for rank in range(len(self._ranks))]
        error = self._wait(futures) or _first_cause([future.exception() for future in futures])
        try:
            if error is not None:
                raise error
            return [future.result() for future in futures]
        finally:
            del futures, error  # the frames of one error would keep the arrays of all ranks

    def _wait(self, futures: list[Future[Any]]) -> BaseException | None:
        """Wait for all ranks; ask them to stop if this is interrupted, and the second time do not ask.

        Returns
        -------
        BaseException or None
            What has interrupted the wait, if the ranks have stopped because of it.
        """
        came: BaseException | None = None
        while True:
            try:
                while wait(futures, timeout=PATIENCE).not_done:
                    pass
                break
            except BaseException as error:
                if came is not None:
                    self._transports[0].abort(f"{type(error).__name__}, twice")
                came = error
                for ranks in self._ranks:
                    ranks.stopping = True
        for ranks in self._ranks:
            ranks.stopping = False
        return came


def _first_cause(errors: list[BaseException | None]) -> BaseException | None:
    """Return the error of the first rank that has not merely heard of another one's."""
    raised = [error for error in errors if error is not None]
    own = [error for error in raised if not isinstance(error, SimulationError) or error.rank is None]
    return next(iter(own + raised), None)
