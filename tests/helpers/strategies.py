"""Random networks as a strategy of hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.helpers.networks import Case, draw_case


class Drawn:
    """Choices that hypothesis makes, and makes simpler if a test fails."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw

    def one_of(self, options: Sequence[Any]) -> Any:
        return self._draw(st.sampled_from(options))

    def whole(self, low: int, high: int) -> int:
        drawn: int = self._draw(st.integers(low, high))
        return drawn


@st.composite
def cases(draw: Any, steps: tuple[int, int] = (20, 80), **kinds: bool) -> Case:
    """A network that most often spikes; `kinds` of cells may be among them, as `draw_case` has them."""
    return draw_case(Drawn(draw), steps, **kinds)
