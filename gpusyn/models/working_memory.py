"""Object working memory, after Brunel and Wang (2001): a network that has two states holds the memory of a cue.

Nicolas Brunel and Xiao-Jing Wang, J Comput Neurosci 11: 63.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.models.attractor import LEAST_SCALE, Conductances, Numbers, attractor, interval
from gpusyn.models.demonstration import Built, Demonstration, Full, Populations, Published, Runs, mosaic, record_spikes
from gpusyn.network.network import Network
from gpusyn.parameters.scalars import public, real
from gpusyn.plot.panels import BLUE, VERMILLION
from gpusyn.plot.spike_plots import raster

NUMBERS = Numbers(
    groups=5,
    fraction=0.1,
    w_plus=2.1,
    sizes=(800, 200),
    onto_E=Conductances(external=2.08, AMPA=0.104, NMDA=0.327, GABA=1.25),
    onto_I=Conductances(external=1.62, AMPA=0.081, NMDA=0.258, GABA=0.973),
    tau_GABA=10.0,
)
CUE = (1000.0, 1100.0)  # ms
CUE_RATE = 2000.0  # Hz, on top of the background


@public
def working_memory(scale: float = 1.0, *, cue: tuple[float, float] | None = CUE, cue_rate: float = CUE_RATE) -> Built:
    """Return the network of Brunel and Wang (2001), J Comput Neurosci 11: 63, which remembers a cue.

    It has 800 excitatory cells, five groups of 80 and others, and 200 inhibitory cells, every cell connected to every
    cell. All fire at a few Hz, until a cue makes group E1 fire; slow, saturating NMDA currents within the group then
    keep it firing at 20 to 30 Hz.

    Parameters
    ----------
    scale : float
        Number of cells by that of the paper, at least 0.02; weights within the network are divided by it.
    cue : tuple of float or None
        Time at which the cue to E1 begins, and at which it ends (ms); None for no cue.
    cue_rate : float
        Rate of the spikes that each cell of E1 receives in the cue, beside the background of 2400 Hz (Hz), >= 0.

    Returns
    -------
    net : Network
    populations : dict of str to Population
        E1 to E5, the groups; E0, the other excitatory cells; and I.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If an argument is out of range.

    Notes
    -----
    The cue is a drive of the network, ``net.drives["cue"]``. A distractor is one more::

        net.drive(populations["E2"], "AMPA", rate=1000.0, weight=2.08, start=2000.0, stop=2100.0)

    Examples
    --------
    >>> net, populations = working_memory(cue=(500.0, 600.0))
    >>> {name: population.size for name, population in populations.items()}
    {'E1': 80, 'E2': 80, 'E3': 80, 'E4': 80, 'E5': 80, 'E0': 400, 'I': 200}
    """
    where = "models.working_memory()"
    net, populations = attractor(NUMBERS, real(scale, f"{where}.scale", low=LEAST_SCALE))
    rate = real(cue_rate, f"{where}.cue_rate", unit="Hz", low=0.0)
    if cue is not None:
        start, stop = interval(cue, f"{where}.cue")
        weight = NUMBERS.onto_E.external
        net.drive(populations["E1"], "AMPA", rate=rate, weight=weight, start=start, stop=stop, name="cue")
    return net, populations


OTHERS = ("E2", "E3", "E4", "E5")
AFTER = 200.0  # ms after the cue, when the rates of the delay begin to be measured
BIN = 50.0  # ms
PERSISTENT = 10.0  # Hz in the delay, above which the cue is remembered


def record(net: Network, populations: Populations) -> None:
    """Record the spikes of all cells, and the NMDA conductance of a cell of the cued group and of another one."""
    record_spikes(net, populations)
    net.record(populations["E1"][:1] + populations["E2"][:1], "g_NMDA", every=1.0, name="cells")


def measure(runs: Runs) -> dict[str, float]:
    """Return the share of trials in which the cued group goes on, and mean rates before the cue and in the delay."""
    run = runs[""]
    parts = {"cued group": ("E1",), "other groups": OTHERS, "nonselective cells": ("E0",), "I": ("I",)}
    numbers: dict[str, float] = {}
    for when, (start, stop) in {"before": (run.start, CUE[0]), "delay": (CUE[1] + AFTER, run.stop)}.items():
        if start >= stop:
            continue
        rates = {
            part: np.array([[spikes.rate(name, start, stop) for name in names] for spikes in run.trials]).mean(axis=1)
            for part, names in parts.items()
        }
        numbers |= {f"{when}: rate of {part} (Hz)": float(rate.mean()) for part, rate in rates.items()}
        if when == "delay":
            numbers["delay: trials that remember"] = float(np.mean(rates["cued group"] > PERSISTENT))
    return numbers


def figure(runs: Runs) -> Any:
    """Draw how the cued group goes on: raster of the groups, rates, and the NMDA conductance that holds them."""
    run = runs[""]
    spikes, cells = run.spikes, run.data["cells"]
    drawn, axes = mosaic(["raster", "rate", "g"], (6.5, 5.2), height_ratios=[2.2, 1.0, 1.0])
    raster(spikes[sum(run.populations[name] for name in ("E1", *OTHERS))], axes["raster"])
    for names, colour, text in ((("E1",), BLUE, "E1, cued"), (OTHERS, "0.5", "E2 to E5"), (("I",), VERMILLION, "I")):
        rates = np.mean([spikes.binned_rate(BIN, name)[1] for name in names], axis=0)
        axes["rate"].stairs(rates, np.arange(len(rates) + 1) * BIN, baseline=None, color=colour, label=text)
    for column, colour, text in ((0, BLUE, "a cell of E1"), (1, "0.5", "of E2")):
        axes["g"].plot(cells.t, cells["g_NMDA"][:, column], color=colour, label=text)
    for panel in axes.values():
        panel.axvspan(*CUE, color="0.85", linewidth=0.0, zorder=0)
        panel.set_xlim(0.0, run.stop)
    axes["rate"].set(ylim=(0.0, 60.0), ylabel="rate (Hz)")
    axes["g"].set(ylim=(0.0, None), ylabel="g of NMDA (nS)", xlabel="time (ms)")
    for name in ("rate", "g"):
        axes[name].legend(frameon=False, fontsize="small", loc="upper left")
    drawn.suptitle("After a cue to E1 (grey), NMDA currents within the group keep it firing", fontsize="medium")
    return drawn


PAPER = "the paper: about 3, 9, and 20 to 30 Hz"
OTHER = "an independent program, 12 trials"
DEMONSTRATION = Demonstration(
    build=working_memory,
    title="working memory of Brunel & Wang (2001), J Comput Neurosci 11: 63",
    duration=3500.0,
    start=400.0,
    record=record,
    measure=measure,
    figure=figure,
    published={
        "before: rate of other groups (Hz)": (Published(3.0, 0.35, PAPER), Published(3.2, 0.35, OTHER)),
        "before: rate of I (Hz)": (Published(9.0, 0.2, PAPER), Published(9.7, 0.2, OTHER)),
        "delay: rate of cued group (Hz)": (Published(25.0, 0.2, PAPER), Published(24.5, 0.2, OTHER)),
        "delay: rate of other groups (Hz)": Published(2.2, 0.25, OTHER),
        "delay: rate of nonselective cells (Hz)": Published(3.9, 0.2, OTHER),
        "delay: rate of I (Hz)": Published(12.0, 0.15, OTHER),
        "delay: trials that remember": Published(1.0, 0.1, OTHER),
    },
    trials=4,
    full=Full(trials=16),
)
