"""How does a reward that comes a second late find the synapses that earned it? (Izhikevich 2007)

Twenty stimuli come in random order, five each second; each is a volley of ten axons onto ten cells. One of them is
followed by a reward after 0.5 to 1.5 s, when several others have come. Pairs of spikes do not change the weights: they
leave an eligibility that decays with 1 s, and dopamine above its mean turns it into a change. The synapses of the
rewarded stimulus grow, and the cells learn to respond to it. The same rewards at random times pick no stimulus.
"""

import numpy as np
from telling import GREY, ORANGE, label, panels, tell

import gpusyn as gs

STIMULI, AXONS, CELLS = 20, 10, 10
EVERY = 200.0  # ms between stimuli
REWARDED = 0
DELAY = 500.0, 1500.0  # ms from stimulus to reward
BURST, SPIKES = 100.0, 12.0  # ms, and spikes of dopamine cells on top of their mean
W_MAX, FIRST = 2.0, 0.3  # nS, and the first weights relative to it


def order(duration: float, seed: int):
    """Return the number of the stimulus at EVERY, 2 EVERY, ... ms, and the times of rewards (ms)."""
    random = np.random.default_rng(seed)
    stimuli = random.integers(0, STIMULI, int(duration / EVERY) - 1)
    earned = EVERY * (np.flatnonzero(stimuli == REWARDED) + 1)
    return stimuli, earned + np.rint(random.uniform(*DELAY, len(earned)))


def dopamine(rewards, duration: float) -> gs.Waveform:
    """Return the rate of dopamine cells above its mean (Hz): bursts at rewards, and a little less than 0 otherwise."""
    times = np.arange(0.0, duration, 10.0)
    bursts = sum((times >= reward) & (times < reward + BURST) for reward in rewards) * SPIKES / BURST * 1e3
    return gs.Waveform(times, bursts - 1.1 * bursts.mean())


def learn(stimuli, rewards, duration: float):
    """Return the mean weight of each stimulus (of w_max) in the course of time, and the responses to it."""
    net = gs.Network()
    cells = net.population("cells", CELLS, gs.LIF(), receptors=[gs.AMPA()])
    net.drive(cells, "AMPA", rate=1120.0, weight=1.0)
    onsets = [EVERY * (np.flatnonzero(stimuli == k) + 1) for k in np.repeat(np.arange(STIMULI), AXONS)]
    axons = net.population("axons", STIMULI * AXONS, gs.SpikeSource(onsets))
    pairs = gs.STDP(A_plus=0.01, A_minus=0.0105, tau_plus=20.0, tau_minus=20.0)
    rule = gs.DopamineSTDP(pairs, 1000.0, 200.0, modulator=dopamine(rewards, duration))
    learning = net.connect(
        axons, cells, gs.AllToAll(), receptor="AMPA", weight=FIRST * W_MAX, w_max=W_MAX, plasticity=rule
    )
    spikes, weights = net.record(cells, "spikes"), net.record(learning, "weight", every=duration / 20)
    with gs.Simulator(net, dt=1.0, seed=1) as sim:
        sim.run(duration)
        times, recorded = sim.data[spikes].times, sim.data[weights]
    of = [recorded.select(recorded.pre // AXONS == k)["weight"].mean(axis=1) / W_MAX for k in range(STIMULI)]
    responded = [np.mean(np.searchsorted(times, [t, t + 20.0]) @ [-1, 1]) / CELLS for t in onsets[0]]
    return np.insert(np.transpose(of), 0, FIRST, axis=0), np.array(responded)


def story(small: bool = False):
    duration = 200e3 if small else 400e3  # ms
    stimuli, rewards = order(duration, seed=1)
    anywhere = np.sort(np.random.default_rng(2).uniform(0.0, duration, len(rewards)))
    weights, responses = learn(stimuli, rewards, duration)
    control, _ = learn(stimuli, anywhere, duration)
    others = np.delete(weights[-1], REWARDED)
    quarter = len(responses) // 4
    numbers = {
        "rewards": len(rewards),
        "rewarded stimulus: weight / w_max": weights[-1][REWARDED],
        "others: largest": others.max(),
        "others: mean": others.mean(),
        "spikes of a cell after the stimulus, first quarter": responses[:quarter].mean(),
        "last quarter": responses[-quarter:].mean(),
        "rewards at random times: rewarded stimulus": control[-1][REWARDED],
        "rewards at random times: largest": control[-1].max(),
    }

    figure, (left, right) = panels("A late reward picks the synapses of the stimulus that it follows", sharey=True)
    t = np.linspace(0.0, duration / 1e3, len(weights))
    for ax, shown, title in (
        (left, weights, "rewards 0.5 to 1.5 s after the stimulus"),
        (right, control, "as many rewards at random times"),
    ):
        other = ax.plot(t, np.delete(shown, REWARDED, axis=1), color=GREY, linewidth=0.7, alpha=0.7)
        other[0].set_label("the others")
        ax.plot(t, shown[:, REWARDED], "-o", color=ORANGE, markersize=4, label="the rewarded stimulus")
        ax.set_ylim(0, 1)
        label(ax, "time (s)", "mean weight / w$_{max}$", title, legend=ax is left)
    return numbers, figure


if __name__ == "__main__":
    tell(story)
