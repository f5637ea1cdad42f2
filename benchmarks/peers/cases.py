"""What is measured: the cases of the table, and the series in which one size grows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from benchmarks.peers import networks
from benchmarks.peers.networks import brunel_wang, coba, gates, microcircuit, plastic

GPUSYN = "gpusyn"
SIMULATORS = (GPUSYN, "NEST", "Brian2", "GeNN")  # the programs have these names in small letters


class Case(NamedTuple):
    """One network with its numbers.

    Attributes
    ----------
    key, title : str
        Short name, and name in the tables.
    network : str
        Name of the network's module.
    numbers : dict
        Its numbers.
    warm_up, duration : float
        Model time that passes first, and model time that is timed (ms).
    """

    key: str
    title: str
    network: str
    numbers: dict[str, Any]
    warm_up: float
    duration: float

    @property
    def described(self) -> Any:
        """The numbers, as the module of the network has them."""
        return networks.numbers(self.network, self.numbers)

    @property
    def twin(self) -> Any:
        """Numbers of the network whose synapses stay as they are, beside which it is measured; None if it has none."""
        return getattr(self.described, "twin", None)

    def times(self, factor: float) -> Case:
        """Return the case with its durations multiplied, for a try."""
        warm_up, duration = (max(1.0, round(t * factor)) for t in (self.warm_up, self.duration))
        return self._replace(warm_up=warm_up, duration=duration)


class Row(NamedTuple):
    """A case on a number of threads: what the simulators are compared in, and the series that it belongs to."""

    case: Case
    threads: int
    series: str = ""
    x: float = 0.0  # place of the row in its series

    @property
    def key(self) -> str:
        """Name of the row, unique in the results."""
        return f"{self.series + ':' if self.series else ''}{self.case.key}@{self.threads}"


class Series(NamedTuple):
    """A series of rows: its title, and what grows."""

    title: str
    axis: str


SERIES = {
    "neurons": Series("more neurons, 100 synapses each", "neurons"),
    "synapses": Series("more synapses, 10,000 neurons", "synapses onto each neuron"),
    "rate": Series("higher rates, 10,000 neurons x 200", "current into each neuron (pA)"),
    "strong": Series("more threads, 20,000 neurons x 1,000 (strong scaling)", "threads"),
    "weak": Series("more threads, 5,000 neurons x 500 for each (weak scaling)", "threads"),
}


def _case(key: str, title: str, numbers: Any, warm_up: float, duration: float) -> Case:
    network = type(numbers).__module__.rpartition(".")[2]
    return Case(key, title, network, numbers._asdict(), warm_up, duration)


def table(scales: Iterable[float]) -> list[Case]:
    """Return the cases of the table; the microcircuit has each of the scales."""
    bw, second = brunel_wang.Numbers, 1000.0
    large_own = coba.driven(20000, 1000, own=True)
    small_own = coba.Numbers(4000, 80, own=True, delay=(0.1, 3.0))
    cases = [
        _case("coba-small", "COBA 4,000 x 80", coba.Numbers(4000, 80), 100.0, second),
        _case("coba-small-own", "COBA 4,000 x 80, own weights, delays 0.1 to 3 ms", small_own, 100.0, second),
        _case("coba-large", "COBA 20,000 x 1,000", coba.driven(20000, 1000), 100.0, second),
        _case("coba-large-own", "COBA 20,000 x 1,000, own weights, delays 0.5 to 3 ms", large_own, 100.0, second),
        _case("brunel-wang", "Brunel-Wang 2,000, uniform weights", bw(), second, 4 * second),
        _case("brunel-wang-own", "Brunel-Wang 2,000, a weight for each pair", bw(own=True), second, 4 * second),
        _case("brunel-wang-jump", "Brunel-Wang 2,000, NMDA that jumps", bw(jump=True), second, 4 * second),
    ]
    for scale in scales:
        title = f"Microcircuit x {scale:g}"
        cases.append(_case(f"microcircuit-{scale:g}", title, microcircuit.Numbers(scale), 500.0, second))
    cases.append(_case("gates", "4 million first-order gates", gates.Numbers(20000, 4000, 1000), 50.0, 50.0))
    for kind, plasticity in (("stdp", plastic.STDP), ("stp", plastic.SHORT_TERM)):
        numbers = plastic.Numbers(10000, 1000, plasticity)
        title = f"10,000 x 1,000, {plasticity}"
        cases.append(_case(kind, title, numbers, second, second / 2))
        cases.append(_case(f"{kind}-static", f"{title}: static twin", numbers.twin, second, second / 2))
    return cases


def series(cores: int) -> Iterator[Row]:
    """Yield the rows of all series, on up to `cores` threads."""

    def row(name: str, x: float, neurons: int, synapses: int, threads: int = 1, current: float = 350.0) -> Row:
        key, title = f"{neurons}x{synapses}", f"COBA {neurons:,} x {synapses:,}"
        if current != 350.0:
            key, title = f"{key}-{current:g}", f"{title}, {current:g} pA"
        return Row(_case(key, title, coba.driven(neurons, synapses, current), 100.0, 500.0), threads, name, x)

    for neurons in (1000, 4000, 16000, 64000):
        yield row("neurons", neurons, neurons, 100)
    for synapses in (50, 200, 800):
        yield row("synapses", synapses, 10000, synapses)
    for current in (250.0, 350.0, 500.0, 700.0):
        yield row("rate", current, 10000, 200, current=current)
    threads = 1
    while threads <= cores:
        yield row("strong", threads, 20000, 1000, threads)
        yield row("weak", threads, 5000 * threads, 500, threads)
        threads *= 2


def together(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the rows in groups, each with its static twin: those of a group take turns."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        case = row.case
        numbers = case.twin or case.described
        key = case.network, numbers, case.warm_up, case.duration, row.threads, row.series, row.x
        groups.setdefault(key, []).append(row)
    return list(groups.values())


def clock(threads: int) -> str:
    """Return the clock that is compared: processor time with one thread, which a busy machine does not lengthen."""
    return "cpu_s" if threads == 1 else "wall_s"


def lacking(row: Row, simulator: str) -> str | None:
    """Return why a simulator cannot run a row, None if it can."""
    if simulator == "GeNN" and row.threads > 1:
        return "its CPU backend has one thread"
    why: str | None = row.case.described.lacking(simulator)
    return why
