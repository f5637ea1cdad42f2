"""Public methods of a simulator on several devices: each runs on all of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from gpusyn.simulation.state_methods import StateMethods

Own = TypeVar("Own", bound="StateMethods")
Given = ParamSpec("Given")
Result = TypeVar("Result")


def on_every_rank(method: Callable[Concatenate[Own, Given], Result]) -> Callable[Concatenate[Own, Given], Result]:
    """Let a method of a simulator that has a crew run on all of its members, and return what the first of them does."""

    @functools.wraps(method)
    def run(self: Own, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        if self._crew is None:
            return method(self, *args, **kwargs)
        here = f"Simulator.{method.__name__}()"

        def on_member(member: Any) -> Result:
            return method(member, *args, **kwargs)

        with self._alone(here):
            return self._crew.call(here, on_member)[0]

    return run
