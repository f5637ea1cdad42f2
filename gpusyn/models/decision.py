"""Perceptual decisions, after Wang (2002): two groups compete for the evidence, and one wins.

Xiao-Jing Wang, Neuron 36: 955.
"""

from __future__ import annotations

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.models.attractor import LEAST_SCALE, Conductances, Numbers, attractor, interval
from gpusyn.models.demonstration import Built
from gpusyn.parameters.scalars import public, random_key, real
from gpusyn.parameters.waveform import Waveform

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
