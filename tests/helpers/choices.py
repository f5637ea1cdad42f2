"""What random networks are drawn from: hypothesis, which simplifies failing ones, or a seed, the same everywhere."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Protocol


class Choices(Protocol):
    """Choices, one after the other."""

    def one_of(self, options: Sequence[Any]) -> Any:
        """One of the options."""

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""


class Seeded:
    """Choices that follow from a seed alone: Python promises that ``random()`` never changes."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def one_of(self, options: Sequence[Any]) -> Any:
        return options[self.whole(0, len(options) - 1)]

    def whole(self, low: int, high: int) -> int:
        return low + int(self._random() * (high - low + 1))
