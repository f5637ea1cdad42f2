"""Public methods of a simulator on several ranks or devices: all of them run each, with the same arguments."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from gpusyn.distributed.crew import Crew
from gpusyn.simulation.agreement import same_arguments
from gpusyn.simulation.running import Running

Given = ParamSpec("Given")
Result = TypeVar("Result")


class HasCrew(Protocol):
    """A simulator of which every device has a part, or one without a crew."""

    _crew: Crew[Any] | None
    _running: Running

    def _alone(self, here: str) -> AbstractContextManager[None]: ...


CHANGES = frozenset({"set", "set_weights", "reset"})  # what others may have changed when it ends early on one rank

Own = TypeVar("Own", bound=HasCrew)


def on_every_rank(method: Callable[Concatenate[Own, Given], Result]) -> Callable[Concatenate[Own, Given], Result]:
    """Let a method of a simulator be one of all ranks: an error on one of them is an error on all.

    A simulator that has a crew lets all of its members run it, and returns what the first of them does. Ranks that
    are processes of their own give the same arguments.
    """
    signature, here = inspect.signature(method), f"Simulator.{method.__name__.lstrip('_')}()"

    @functools.wraps(method)
    def run(self: Own, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        ranks = self._running.ranks
        if ranks is None:
            return method(self, *args, **kwargs)
        changing: list[HasCrew] = []
        with self._alone(here), _half_done(changing):
            if self._crew is not None:
                changing += self._crew.members if method.__name__ in CHANGES else ()
                results: list[Result] = self._crew.call(here, lambda member: method(member, *args, **kwargs))
                return results[0]
            with ranks.together(here):
                try:
                    arguments = signature.bind(self, *args, **kwargs).arguments
                except TypeError:
                    return method(self, *args, **kwargs)  # it says which argument is wrong
                same_arguments(ranks, here, arguments)
                changing += [self] if method.__name__ in CHANGES else ()
                return method(self, *args, **kwargs)

    return run


@contextmanager
def _half_done(members: Iterable[HasCrew]) -> Iterator[None]:
    """Note an error by which some ranks may have done a change, and others not, in those of this process."""
    try:
        yield
    except BaseException as error:
        for member in members:
            member._running.half_done(error)
        raise
