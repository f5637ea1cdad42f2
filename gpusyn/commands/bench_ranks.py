"""`gpusyn bench --mpi`: the work of each rank of a case, in counts, and what an exchange between ranks takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

import gpusyn as gs
from gpusyn.distributed.exchange import SpreadSession
from gpusyn.distributed.ranks import Ranks
from gpusyn.utils.memory import size_text

STORED = ("targets", "synapses")  # extents that count stored synapses


class Counting:
    """Counts the exchanges of spikes of a session while it is entered, their bytes and their time.

    Attributes
    ----------
    exchanges, received : int
        Number of exchanges, and bytes of the messages of other ranks.
    seconds : float
        Time of the exchanges on this rank: packing, waiting for the others, and entering their spikes.
    """

    def __init__(self, sim: gs.Simulator) -> None:
        session: Any = sim._session
        assert isinstance(session, SpreadSession)
        self._counting: list[Any] = [session._spikes, *filter(None, [session.compiled])]
        self.exchanges, self.received, self.seconds = 0, 0, 0.0

    def __enter__(self) -> Counting:
        self._add(-1)
        return self

    def __exit__(self, *_: object) -> None:
        self._add(1)

    def _add(self, sign: int) -> None:
        """Add what was exchanged so far, or subtract it."""
        for one in self._counting:
            self.exchanges += sign * one.exchanges
            self.received += sign * one.bytes
            self.seconds += sign * one.seconds


def of_all(ranks: Ranks | None, fired: Mapping[str, int]) -> dict[str, int]:
    """Return the spikes of populations on all ranks together."""
    total = Counter[str]()
    for part in [fired] if ranks is None else ranks.objects(dict(fired)):
        total.update(part)
    return dict(total)


def rank_numbers(sim: gs.Simulator, ranks: Ranks, counting: Counting, fired: Mapping[str, int]) -> dict[str, Any]:
    """Return the work of all ranks, one number for each in a list; every rank calls this function.

    Parameters
    ----------
    sim : Simulator
        The simulator of this rank, after its run.
    ranks : Ranks
        The ranks.
    counting : Counting
        What was counted in the run.
    fired : mapping of str to int
        Spikes of each population in the run, on all ranks together.
    """
    specs, rank = sim._compiled.program.specs.values(), sim.plan.rank
    assert rank is not None
    mine = {
        "neurons": rank.neurons,
        "synapses": sum(spec.size for spec in specs if spec.size > 1 and not {*STORED}.isdisjoint(spec.extents)),
        "deliveries": round(_delivered(sim, fired)),
        "bytes_received": counting.received,
        "us_per_exchange": 1e6 * counting.seconds / max(counting.exchanges, 1),
        "bytes": sim._compiled.program.nbytes,
    }
    all_ranks = ranks.objects(mine)
    return {
        "ranks": ranks.size,
        "exchanges": counting.exchanges,
        "window_steps": rank.traffic.window,
        **{name: [one[name] for one in all_ranks] for name in mine},
    }


def _delivered(sim: gs.Simulator, fired: Mapping[str, int]) -> float:
    """Return the mean number of synapses of this rank that spikes reach."""
    pathways = sim._compiled.layout.pathways
    return sum(fired.get(one.pre.population.name, 0) * one.expected / max(one.pre.size, 1) for one in pathways)


def rank_lines(numbers: Mapping[str, Any], steps: int) -> list[tuple[str, str]]:
    """Return the work of the ranks as rows of text: a name, and the least and largest number of any rank."""
    us = float(np.mean(numbers["us_per_exchange"]))
    return [
        ("ranks", f"{numbers['ranks']}; spikes are exchanged within {numbers['window_steps']} steps"),
        ("exchanges", f"{numbers['exchanges']:,}, {us:.1f} us each with waiting for the others"),
        ("neurons a rank", _range(numbers["neurons"])),
        ("synapses a rank", _range(numbers["synapses"])),
        ("deliveries a rank", f"{_range(numbers['deliveries'])} (spikes x mean fan-out)"),
        ("received a rank", f"{_range([n / steps for n in numbers['bytes_received']])} bytes a step"),
        ("arrays of a rank", f"at most {size_text(max(numbers['bytes']))}"),
    ]


def _range(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{high:,.6g}" if low == high else f"{low:,.6g} to {high:,.6g}"
