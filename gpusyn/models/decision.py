"""Perceptual decisions, after Wang (2002): two groups compete for the evidence, and one wins.

Xiao-Jing Wang, Neuron 36: 955.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.models.attractor import LEAST_SCALE, Conductances, Numbers, attractor, interval
from gpusyn.models.demonstration import Built, Demonstration, Full, Published, Runs, mosaic
from gpusyn.parameters.scalars import public, random_key, real
from gpusyn.parameters.waveform import Waveform
from gpusyn.plot.panels import COLOURS
from gpusyn.utils.typing import Floats

NUMBERS = Numbers(
    groups=2,
    fraction=0.15,
    w_plus=1.7,
    sizes=(1600, 400),
    onto_E=Conductances(external=2.1, AMPA=0.05, NMDA=0.165, GABA=1.3),
    onto_I=Conductances(external=1.62, AMPA=0.04, NMDA=0.13, GABA=1.0),
    tau_GABA=5.0,
)
STIMULUS = (200.0, 1800.0)  # ms
MEAN, SD, PIECE = 40.0, 4.0, 50.0  # Hz, Hz and ms: the evidence is drawn anew every 50 ms
LONGEST = 1e7  # ms


@public
def decision(
    coherence: float = 0.128,
    scale: float = 1.0,
    *,
    seed: int = 0,
    stimulus: tuple[float, float] = STIMULUS,
) -> Built:
    """Return the network of Wang (2002), Neuron 36: 955, which decides on noisy evidence.

    It has 1600 excitatory cells, two groups of 240 and others, and 400 inhibitory cells, every cell connected to every
    cell. In the stimulus, E1 and E2 receive Poisson spikes at a rate of 40 (1 + coherence) and 40 (1 - coherence) Hz on
    average, which is drawn anew every 50 ms. Slow NMDA excitation integrates the difference, and shared inhibition lets
    one group win: E1, the more often the higher the coherence.

    Parameters
    ----------
    coherence : float
        Evidence for E1, -1 to 1.
    scale : float
        Number of cells by that of the paper, at least 0.02; weights within the network are divided by it.
    seed : int
        Seed of the evidence, >= 0; background and evidence have the same rates in each trial, but other spikes if the
        seed of the Simulator differs, too.
    stimulus : tuple of float
        Time at which the stimulus begins, and at which it ends (ms).

    Returns
    -------
    net : Network
    populations : dict of str to Population
        E1 and E2, the groups; E0, the other excitatory cells; and I.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If an argument is out of range.

    Examples
    --------
    >>> net, populations = decision(0.256, seed=3)
    >>> [drive.name for drive in net.drives.values() if drive.name.startswith("evidence")]
    ['evidence E1', 'evidence E2']
    """
    where = "models.decision()"
    c = real(coherence, f"{where}.coherence", low=-1.0, high=1.0)
    net, populations = attractor(NUMBERS, real(scale, f"{where}.scale", low=LEAST_SCALE))
    random = np.random.default_rng(random_key(seed, f"{where}.seed"))
    start, stop = interval(stimulus, f"{where}.stimulus")
    if stop - start > LONGEST:
        raise ParameterError(f"{where}.stimulus: must not last longer than {LONGEST:g} ms (got {stop - start:g})")
    times = np.arange(start, stop, PIECE)
    for name, favour in (("E1", c), ("E2", -c)):
        rates = np.maximum(random.normal(MEAN * (1.0 + favour), SD, len(times)), 0.0)
        weight = NUMBERS.onto_E.external
        net.drive(
            populations[name],
            "AMPA",
            rate=Waveform(times, rates),
            weight=weight,
            stop=stop,
            name=f"evidence {name}",
        )
    return net, populations


COHERENCES = {f"c={c:g}": c for c in (0.0, 0.064, 0.128, 0.256)}
DRAWN = 4
BIN, END = 50.0, 200.0  # ms: of rates over time, and before the end of a trial, when the choice is read
ALPHA, BETA = 0.092, 1.5


def correct(coherence: float | Floats) -> Floats:
    """Return the fraction of correct choices that Wang (2002) fitted to the network."""
    return 1.0 - 0.5 * np.exp(-((np.asarray(coherence) / ALPHA) ** BETA))


def at_end(spikes: Any) -> tuple[float, float]:
    """Return the rates of E1 and E2 at the end of a trial (Hz)."""
    start = spikes.start + max(spikes.duration - END, 0.0)
    return spikes.rate("E1", start), spikes.rate("E2", start)


def measure(runs: Runs) -> dict[str, float]:
    """Return the fraction of trials that E1 wins at each coherence, and the rates of winner and loser at the end."""
    ends = {name: np.array([at_end(spikes) for spikes in run.trials]) for name, run in runs.items()}
    chosen = {f"E1 wins at {name}": float(np.mean(end[:, 0] > end[:, 1])) for name, end in ends.items()}
    rates = np.sort(np.concatenate(list(ends.values())), axis=1).mean(axis=0)
    return chosen | {"winner at the end (Hz)": float(rates[1]), "loser at the end (Hz)": float(rates[0])}


def figure(runs: Runs) -> Any:
    """Draw the competition: rates of E1 and E2 over time and against each other, and how often E1 wins."""
    drawn, axes = mosaic(["time plane accuracy"], (8.4, 3.0))
    numbers = measure(runs)
    for (name, run), colour in zip(runs.items(), COLOURS, strict=False):
        rates = np.array([[spikes.binned_rate(BIN, group)[1] for group in ("E1", "E2")] for spikes in run.trials])
        middles = (np.arange(rates.shape[-1]) + 0.5) * BIN
        won = rates[[first > second for first, second in map(at_end, run.trials)]]
        if len(won):
            mean = won.mean(axis=0)
            axes["time"].plot(middles, mean[0], color=colour, label=name)
            axes["time"].plot(middles, mean[1], color=colour, linestyle=":")
        for trial in rates[:DRAWN]:
            axes["plane"].plot(*trial, color=colour, linewidth=0.6, alpha=0.7)
        p, n = numbers[f"E1 wins at {name}"], len(rates)
        error = np.sqrt(max(p * (1.0 - p), 0.25 / n) / n)
        axes["accuracy"].errorbar(100.0 * COHERENCES[name], p, error, fmt="o", color=colour)
    c = np.linspace(0.0, 0.3, 200)
    axes["accuracy"].plot(100.0 * c, correct(c), color="0.5", zorder=0, label="fit of Wang (2002)")
    axes["time"].axvspan(*STIMULUS, color="0.92", linewidth=0.0, zorder=0)
    axes["time"].set(xlabel="time (ms)", ylabel="rate (Hz), 50 ms bins", title="trials that E1 wins; dotted: E2")
    axes["plane"].set(xlabel="rate of E1 (Hz)", ylabel="rate of E2 (Hz)", title=f"{DRAWN} trials of each coherence")
    axes["accuracy"].set(xlabel="coherence (%)", ylabel="fraction of trials", title="E1 wins", ylim=(0.3, 1.05))
    for name in ("time", "accuracy"):
        axes[name].legend(frameon=False, fontsize="small")
    return drawn


OTHER = "an independent program, 32 trials of each coherence"
DEMONSTRATION = Demonstration(
    build=decision,
    title="decisions of Wang (2002), Neuron 36: 955",
    duration=STIMULUS[1],
    start=0.0,
    variants={name: {"coherence": c} for name, c in COHERENCES.items()},
    measure=measure,
    figure=figure,
    published={
        **{
            f"E1 wins at {name}": Published(round(float(correct(c)), 3), tolerance, "the paper's fit")
            for (name, c), tolerance in zip(COHERENCES.items(), (0.36, 0.25, 0.12, 0.05), strict=True)
        },
        "winner at the end (Hz)": Published(24.0, 0.25, OTHER),
        "loser at the end (Hz)": Published(3.0, 0.35, OTHER),
    },
    trials=8,
    trial=lambda k: {"seed": k},
    full=Full(trials=32),
)
