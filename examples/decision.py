"""How does a network decide on noisy evidence? (Wang 2002)

Groups A and B receive Poisson input of 40 (1 + c) and 40 (1 - c) Hz on average, where c is the coherence; the rates
are drawn anew every 50 ms. Slow NMDA excitation integrates the difference, and shared inhibition lets only one group
win. The higher the coherence, the more often A wins.
"""

import numpy as np
from telling import GREY, NMDA, ORANGE, label, panels, tell

import gpusyn as gs

STIMULUS = 200.0, 1800.0  # ms


def trial(coherence: float, seed: int):
    """Present the stimulus once; return times (ms) and the rates of A and B (Hz)."""
    net, populations = gs.models.decision(coherence, seed=seed, stimulus=STIMULUS)
    A, B = populations["E1"], populations["E2"]
    spikes = net.record(A + B, "spikes")
    with gs.Simulator(net, dt=0.1, seed=seed) as sim:
        sim.run(STIMULUS[1])
        data = sim.data[spikes]
    edges, rate_A = data.binned_rate(50.0, A.name)
    return edges, rate_A, data.binned_rate(50.0, B.name)[1]


def story(small: bool = False):
    coherences, trials = ([0.512], 1) if small else ([0.0, 0.064, 0.128, 0.256], 16)
    figure, (left, right) = panels("The group with more evidence wins more often at higher coherence")
    correct, winners, losers = [], [], []
    for k, coherence in enumerate(coherences):
        chosen = []
        for n in range(trials):
            t, A, B = trial(coherence, seed=100 * k + n)
            end = A[-4:].mean(), B[-4:].mean()  # over the last 200 ms
            chosen.append(end[0] > end[1])
            winners.append(max(end))
            losers.append(min(end))
        correct.append(float(np.mean(chosen)))
    left.plot(t + 25.0, A, color=NMDA, label="A, favoured")
    left.plot(t + 25.0, B, color=ORANGE, label="B")
    left.axvspan(*STIMULUS, color=GREY, alpha=0.15, linewidth=0, label="stimulus")
    numbers = {f"correct at {100 * c:g} % coherence": p for c, p in zip(coherences, correct, strict=True)}
    numbers |= {"winner at the end (Hz)": float(np.mean(winners)), "loser at the end (Hz)": float(np.mean(losers))}

    error = np.sqrt(np.maximum(np.multiply(correct, np.subtract(1.0, correct)), 0.25 / trials) / trials)
    percent = 100 * np.array(coherences)
    right.errorbar(percent, correct, error, fmt="o", color=NMDA, label=f"{trials} trials each, ± s.e.")
    c = np.linspace(0.0, 30.0, 200)
    right.plot(c, 1 - 0.5 * np.exp(-((c / 9.2) ** 1.5)), color=GREY, label="Wang 2002: 1 − ½ exp(−(c / 9.2 %)$^{1.5}$)")
    right.set_ylim(0.3, 1.05)
    label(left, "time (ms)", "rate (Hz), 50 ms bins", f"one trial at {percent[-1]:g} %")
    label(right, "coherence (%)", "fraction correct", "accuracy")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
