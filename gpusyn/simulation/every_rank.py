"""Public methods of a simulator on several devices: each runs on all of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from gpusyn.distributed.crew import Crew

Given = ParamSpec("Given")
Result = TypeVar("Result")


class HasCrew(Protocol):
    """A simulator of which every device has a part, or one without a crew."""

    _crew: Crew[Any] | None

    def _alone(self, here: str) -> AbstractContextManager[None]: ...


Own = TypeVar("Own", bound=HasCrew)


def on_every_rank(method: Callable[Concatenate[Own, Given], Result]) -> Callable[Concatenate[Own, Given], Result]:
    """Let a method of a simulator that has a crew run on all of its members, and return what the first of them does."""

    @functools.wraps(method)
    def run(self: Own, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        if self._crew is None:
            return method(self, *args, **kwargs)
        here = f"Simulator.{method.__name__}()"
        with self._alone(here):
            results: list[Result] = self._crew.call(here, lambda member: method(member, *args, **kwargs))
        return results[0]

    return run
