"""How does inhibition find the excitation that it must balance? (Vogels et al. 2011)

A cell receives eight signals, each through 100 excitatory axons with weights that differ between the signals, and 25
inhibitory axons with weights that are equal at first. Inhibitory synapses grow when both sides fire within 20 ms, and
shrink a little at each spike of the axon. This drives the cell to a target rate, and inhibition of each signal to
what its excitation needs. Halfway, the excitation of one signal is tripled: the rate rises, and comes back when the
inhibition of that signal has grown.
"""

import numpy as np
from telling import AMPA, GABA, GREY, ORANGE, label, panels, tell

import gpusyn as gs

TARGET = 5.0  # Hz
SIGNALS, PIECE, MEAN = 8, 50.0, 10.0  # a rate is drawn anew every 50 ms, 10 Hz on average
CHANGED, FACTOR = 1, 3.0  # the signal whose excitation is multiplied
PREFERRED = 3.5
EXCITATION = 0.14 * (0.4 + 1.2 * np.exp(-((np.arange(SIGNALS) - PREFERRED) ** 2) / (2 * 1.5**2)))  # nS
CELL = gs.LIF(C_m=200.0, g_L=10.0, E_L=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0)


def signals(duration: float):
    """Return the rate of each signal in the course of time (Hz)."""
    times = np.arange(0.0, duration, PIECE)
    drawn = np.random.default_rng(1).exponential(MEAN, (SIGNALS, len(times)))
    return [gs.Waveform(times, rates) for rates in drawn]


def learn(eta: float, duration: float, dt: float):
    """Return the spikes of the cell, and the mean inhibitory weight of each signal before and after the change (nS)."""
    net = gs.Network()
    receptors = [gs.AMPA(tau_decay=5.0), gs.GABA_A(tau_decay=10.0, E_rev=-80.0)]
    cell = net.population("cell", 1, CELL, receptors=receptors)
    rule = gs.InhibitorySTDP(eta=eta, tau=20.0, rate=TARGET)
    excitatory, inhibitory = [], []
    for k, rate in enumerate(signals(duration)):
        E = net.population(f"E{k}", 100, gs.PoissonSource(rate=rate))
        I = net.population(f"I{k}", 25, gs.PoissonSource(rate=rate))
        weight = EXCITATION[k]
        excitatory.append(net.connect(E, cell, gs.AllToAll(), receptor="AMPA", weight=weight, w_max=FACTOR * weight))
        inhibitory.append(
            net.connect(I, cell, gs.AllToAll(), receptor="GABA_A", weight=0.1, w_max=5.0, plasticity=rule)
        )
    spikes = net.record(cell, "spikes")
    found = []
    with gs.Simulator(net, dt=dt, seed=1) as sim:
        for half in range(2):
            if half:
                sim.set_weights(excitatory[CHANGED], FACTOR * EXCITATION[CHANGED])
            sim.run(duration / 2)
            found.append(np.array([sim.weights(one).weight.mean() for one in inhibitory]))
        return sim.data[spikes], found


def story(small: bool = False):
    eta, duration, dt = (0.02, 60e3, 1.0) if small else (0.005, 400e3, 0.5)  # nS, ms, ms
    spikes, (before, after) = learn(eta, duration, dt)
    step = duration / 80
    edges = np.arange(0.0, duration + step / 2, step)
    rate = np.histogram(spikes.times, edges)[0] / step * 1e3
    changed = EXCITATION * np.where(np.arange(SIGNALS) == CHANGED, FACTOR, 1.0)
    numbers = {
        "rate at first (Hz)": rate[0],
        "rate before the change (Hz)": rate[20:40].mean(),
        "rate after the change, at first (Hz)": rate[40],
        "rate at the end (Hz)": rate[60:].mean(),
        "correlation of weights before the change": np.corrcoef(EXCITATION, before)[0, 1],
        "correlation at the end": np.corrcoef(changed, after)[0, 1],
        "inhibition of the changed signal, end over before": after[CHANGED] / before[CHANGED],
        "inhibition of the others, end over before": np.delete(after, CHANGED).mean()
        / np.delete(before, CHANGED).mean(),
    }

    figure, (left, right) = panels("Inhibition grows where excitation is strong, and holds the cell near 5 Hz")
    left.stairs(rate, edges / 1e3, baseline=None, color=GREY)
    left.axhline(TARGET, color=GABA, linestyle=":", label="target")
    left.axvline(duration / 2e3, color=ORANGE, linewidth=1, label=f"excitation of signal {CHANGED + 1} tripled")
    left.set_ylim(0, 30)
    number = np.arange(SIGNALS) + 1
    scale = before.sum() / EXCITATION.sum()
    for weights, shown, line, face, text in (
        (EXCITATION, before, "-", GABA, "before"),
        (changed, after, "--", "white", "at the end"),
    ):
        right.plot(number, scale * weights, line, color=AMPA, label=f"excitatory × {scale:.1f}, {text}")
        right.plot(number, shown, "s", color=GABA, markersize=5, markerfacecolor=face, label=f"inhibitory, {text}")
    right.set_ylim(0, 1.6)
    label(left, "time (s)", "rate of the cell (Hz)", "while inhibition learns")
    label(right, "signal", "mean weight (nS)", "weights of the eight signals")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
