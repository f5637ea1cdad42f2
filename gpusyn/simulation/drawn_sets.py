"""Random values that users set between runs: drawn anew at each call, and the same again in a repeated script."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.parameters.distributions import Distribution


class DrawnSets:
    """The draws of `Simulator.set`: each has a stream of its own, keyed by seed, trial, name and count.

    Attributes
    ----------
    counts : dict of str to int
        Number of draws since time 0, by name.
    """

    def __init__(self, seed: int, trial: int) -> None:
        self.seed, self.trial = seed, trial
        self.counts: dict[str, int] = {}

    def restart(self, trial: int) -> None:
        """Return to time 0, in a trial."""
        self.trial = trial
        self.counts.clear()

    def draw(self, value: Any, size: int, name: str) -> Any:
        """Return a value with a distribution replaced by the draws that come next under a name."""
        if not isinstance(value, Distribution):
            return value
        count = self.counts.get(name, 0)
        own = f"{name}\0{count}" if count else name
        return value.checked_draw(Stream(stream_key(self.seed, StreamPurpose.SET, own, self.trial)), np.arange(size))

    def used(self, value: Any, name: str) -> None:
        """Count a value that was set, if it was drawn."""
        if isinstance(value, Distribution):
            self.counts[name] = self.counts.get(name, 0) + 1
