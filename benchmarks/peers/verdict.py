"""What follows from the runs of a row: medians, spread, ratios, and whether the rates agree; if not, it is void."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any, NamedTuple

from benchmarks.peers import networks
from benchmarks.peers.cases import GPUSYN, Case, clock

MEAN_WEIGHT, WEIGHT_SD = 0.005, 0.15  # largest differences: of the mean (w_max), of the standard deviation (relative)


class Spread(NamedTuple):
    """Median, smallest and largest of several runs."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Return those of a list."""
        return cls(statistics.median(values), min(values), max(values))


class Cell(NamedTuple):
    """What one simulator made of a row.

    Attributes
    ----------
    simulator : str
        Its name.
    why : str or None
        Why there are no numbers: it was left out, or failed.
    runs : int
        Runs that count.
    wall, cpu : Spread or None
        Wall and processor time of one second of the model (s).
    ratio : Spread or None
        How many times longer than gpusyn it took, over pairs of runs.
    build, prepare : float
        Time until the first step is done, and of what is done once and kept (s), medians.
    peak : float or None
        Largest resident memory (bytes).
    rates : dict of str to float
        Mean rate of each population over all runs (Hz).
    learned : tuple of float or None
        Mean and standard deviation of the weights that have changed, in units of w_max.
    """

    simulator: str
    why: str | None
    runs: int = 0
    wall: Spread | None = None
    cpu: Spread | None = None
    ratio: Spread | None = None
    build: float = 0.0
    prepare: float = 0.0
    peak: float | None = None
    rates: Mapping[str, float] = {}
    learned: tuple[float, float] | None = None


class Verdict(NamedTuple):
    """A row: its cells, the largest relative difference of a rate, and why it is void."""

    case: Case
    threads: int
    series: str
    x: float
    cells: list[Cell]
    difference: float | None
    void: str | None

    @property
    def clock(self) -> str:
        """The clock that is compared."""
        return clock(self.threads).removesuffix("_s")

    def seconds(self, cell: Cell) -> Spread | None:
        """Return the time of a cell by that clock."""
        return cell.cpu if self.clock == "cpu" else cell.wall


def verdict(stored: Mapping[str, Any]) -> Verdict:
    """Return what follows from one row of the results."""
    case, threads = Case(**stored["case"]), stored["threads"]
    timed = clock(threads)
    own = [run[timed] for run in stored["cells"].get(GPUSYN, {"runs": []})["runs"]]
    cells = [_cell(name, cell, case, own, timed) for name, cell in stored["cells"].items()]
    difference, void = agreement(
        {cell.simulator: cell.rates for cell in cells if cell.runs}, networks.network(case.network).TOLERANCE
    )
    void = void or learned_apart({cell.simulator: cell.learned for cell in cells if cell.learned})
    return Verdict(case, threads, stored["series"], stored["x"], cells, difference, void)


def _cell(name: str, stored: Mapping[str, Any], case: Case, own: list[float], timed: str) -> Cell:
    runs = stored["runs"]
    if why := stored.get("lacking"):
        return Cell(name, f"left out: {why}")
    if not runs:
        return Cell(name, f"failed: {stored['failed']}" if "failed" in stored else "not run yet")
    second = 1e3 / case.duration
    build = statistics.median(run["build_s"] for run in runs)
    prepare = stored["prepared"]["prepare_s"]
    peaks = [run["peak_bytes"] for run in runs if run["peak_bytes"] is not None]
    pairs = [run[timed] / ours for run, ours in zip(runs, own, strict=False)]
    return Cell(
        name,
        f"failed after {len(runs)} runs: {stored['failed']}" if "failed" in stored else None,
        len(runs),
        Spread.of([run["wall_s"] * second for run in runs]),
        Spread.of([run["cpu_s"] * second for run in runs]),
        Spread.of(pairs) if pairs and name != GPUSYN else None,
        build,
        max(0.0, prepare - build) if name == GPUSYN else prepare,  # it prepares by building, with kernels to compile
        max(peaks, default=None),
        {p: statistics.fmean(run["rates_hz"][p] for run in runs) for p in runs[0]["rates_hz"]},
        _learned([run["learned"] for run in runs if "learned" in run], case),
    )


def _learned(weights: list[Any], case: Case) -> tuple[float, float] | None:
    if not weights:
        return None
    mean, sd = (statistics.fmean(each[name] for each in weights) / case.described.w_max for name in ("mean", "sd"))
    return mean, sd


def agreement(rates: Mapping[str, Mapping[str, float]], tolerance: float) -> tuple[float | None, str | None]:
    """Return the largest relative difference of a population's rate between simulators, and why the row is void.

    Parameters
    ----------
    rates : dict of str to dict of str to float
        Rate of each population (Hz), by simulator.
    tolerance : float
        Largest difference that is allowed, relative to the mean of all simulators.
    """
    worst, where = 0.0, ""
    for population in next(iter(rates.values()), {}):
        each = {simulator: found[population] for simulator, found in rates.items()}
        mean = statistics.fmean(each.values())
        if mean == 0.0:
            return None, f"{population} is silent"
        difference = (max(each.values()) - min(each.values())) / mean
        if difference >= worst:
            listed = ", ".join(f"{simulator} {rate:.1f}" for simulator, rate in each.items())
            worst, where = difference, f"rates of {population} differ by {100 * difference:.0f} % ({listed} Hz)"
    if len(rates) < 2:
        return None, None
    return worst, f"{where}, and {100 * tolerance:.0f} % is allowed" if worst > tolerance else None


def learned_apart(learned: Mapping[str, tuple[float, float]]) -> str | None:
    """Return how mean or standard deviation of the weights differ too much between simulators, None if they agree.

    Parameters
    ----------
    learned : dict of str to tuple of float
        Mean and standard deviation, in units of w_max, by simulator.
    """
    if not learned:
        return None
    means, deviations = zip(*learned.values(), strict=True)
    listed = ", ".join(f"{simulator} {mean:.4f} +- {sd:.4f}" for simulator, (mean, sd) in learned.items())
    if max(means) - min(means) > MEAN_WEIGHT or max(deviations) > (1 + WEIGHT_SD) * min(deviations):
        allowed = f"{MEAN_WEIGHT:g} of the mean and {100 * WEIGHT_SD:.0f} % of the standard deviation are allowed"
        return f"weights differ ({listed}), and {allowed}"
    return None
