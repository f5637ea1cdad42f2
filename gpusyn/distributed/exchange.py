"""A session on one of several ranks: its steps run in parts, between which the ranks exchange what later parts read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.exchanged import first_after_potentials, first_after_spikes, window_steps
from gpusyn.builder.specs import holds_all_spikes
from gpusyn.distributed.compiled_exchange import compiled_exchange
from gpusyn.distributed.exchanged_potentials import ExchangedPotentials
from gpusyn.distributed.exchanged_spikes import ExchangedSpikes
from gpusyn.distributed.gathering import Gathered
from gpusyn.distributed.ranks import Ranks
from gpusyn.kernels.program import Program
from gpusyn.kernels.records import Clock


class Point(NamedTuple):
    """A point of a step at which the ranks exchange something.

    Attributes
    ----------
    launch : int
        Number of the first launch of the step that comes after the exchange.
    every : int
        Steps from one exchange to the next, counted since time 0.
    exchange : callable
        Takes the number of the step.
    """

    launch: int
    every: int
    exchange: Callable[[int], None]


class SpreadSession:
    """A session on one of several ranks; see `gpusyn.backends.base.Session`.

    The ranks exchange their spikes every `window` steps since time 0, in the middle of a step: after its spikes, and
    before any synapse can be due that waits for them. The others' spikes enter the list of spikes in the steps in which
    they were emitted, as if the neurons were simulated here. Compiled code, where it does this, exchanges twice in a
    long window, and computes meanwhile (`gpusyn.distributed.compiled_exchange`). Where gap junctions join neurons of
    different ranks, the potentials of these neurons are exchanged in every step, before neurons advance.

    Attributes
    ----------
    ranks : Ranks
        The ranks.
    gathering : Gathered
        Joins the parts of the ranks.
    window : int
        Steps within which the ranks must know one another's spikes; 0: nothing reads spikes, and there are none.
    """

    def __init__(self, session: Session, compiled: Compiled, ranks: Ranks) -> None:
        self._session, self.ranks = session, ranks
        layout = compiled.layout
        assert layout.share is not None
        self.gathering, self.window = Gathered(ranks, layout.share), window_steps(layout)
        self._spikes = ExchangedSpikes(session, compiled, ranks)
        potentials, self._points = ExchangedPotentials(session, compiled, ranks), list[Point]()
        if potentials.exist:
            self._points.append(Point(first_after_potentials(layout), 1, potentials.exchange))
        #: The exchange that compiled code makes, if it does.
        self.compiled = None
        if self.window and not potentials.exist and holds_all_spikes(layout):
            self.compiled = compiled_exchange(session, compiled, ranks, self.window)
        if self.window:
            self._points.append(Point(first_after_spikes(layout), self.window, self._exchange_spikes))

    # ---- steps ----
    def run(self, steps: int, first: int = 0, end: int | None = None) -> None:
        """Run the launch list `steps` times, with the exchanges that are due."""
        now = int(self.read("clock")[Clock._fields.index("next")])
        unknown, stop = self._spikes.begin(now), now + steps
        if self.compiled is not None and steps:
            self._spikes.restart(self.compiled.run(steps, unknown))
            return
        while now < stop:
            due = (now + point.every - 1 - now % point.every for point in self._points)
            if alone := min([*due, stop]) - now:
                self._session.run(alone)
                now += alone
            if now < stop:
                self._run_in_parts(now)
                now += 1

    def _run_in_parts(self, step: int) -> None:
        """Run a step in which something is exchanged."""
        first = 0
        for point in self._points:
            if (step + 1) % point.every == 0:
                self._session.run(1, first, point.launch)
                point.exchange(step)
                first = point.launch
        self._session.run(1, first)

    def _exchange_spikes(self, step: int) -> None:
        """Exchange the spikes up to a step whose spikes are not yet delivered."""
        self._spikes.exchange(step + 1, complete=False)

    def finish(self, step: int) -> None:
        """Exchange the spikes before a step that are not exchanged yet, so that all ranks have the same list."""
        if self.window:
            self._spikes.finish(step)

    def reserve_by(self, reserve: Callable[[int, int], None]) -> None:
        """Call a function before spikes of other ranks enter the list, with their last number and the step."""
        self._spikes.reserve = reserve

    def restart(self, step: int) -> None:
        """Go on at another step, before which all spikes are known."""
        self._spikes.restart(step)

    def unknown(self, step: int) -> int:
        """Return the number of steps before a step of which the spikes of other ranks are not known yet."""
        return self._spikes.unknown(step) if self.window else 0

    # ---- everything else ----
    def read(self, name: str, start: int = 0, stop: int | None = None, after: object = None) -> NDArray[Any]:
        """Return a copy of an array, or of the part [start, stop) of its flattened form."""
        return self._session.read(name, start, stop, after)

    def write(self, name: str, values: NDArray[np.generic], start: int = 0) -> None:
        """Replace the part of the flattened array that begins at `start`."""
        self._session.write(name, values, start)

    def rebind(self, program: Program, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace arrays by larger ones, between two runs, and take the launches of `program`."""
        self._session.rebind(program, arrays)
        self._spikes.resize(program)

    def close(self) -> None:
        """Release the memory of the session."""
        if self.compiled is not None:
            self.compiled.close()
        self._session.close()
