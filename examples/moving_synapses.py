"""How do synapses find the inputs that fire together?

Each of twenty cells has synapses with 50 of 500 inputs, which all fire at 10 Hz. The spikes of the first hundred inputs
are correlated: each copies three tenths of its spikes from one train. STDP makes the synapses of correlated inputs
strong, because together they fire the cell (Song & Abbott 2001), and weakens the others. Rewiring deletes weak synapses
each second, and makes as many with inputs drawn by chance. Nothing directs the new ones, but those that meet correlated
inputs stay, and the others go on searching. Without correlation there is nothing to find. Without rewiring the few
right synapses become strong, and no more.
"""

import numpy as np
from telling import AMPA, GREY, ORANGE, label, panels, tell

import gpusyn as gs

INPUTS, CORRELATED, CELLS, DEGREE = 500, 100, 20, 50
RATE, SHARED = 10.0, 0.3  # Hz, and the part of a correlated input's spikes that comes from the common train
W_MAX, NEW, WEAK = 2.0, 0.4, 0.2  # nS, and in units of it: weights of new synapses, and of those that are deleted
PAIRS = gs.STDP(A_plus=0.02, A_minus=0.026, tau_plus=20.0, tau_minus=20.0)
REWIRING = gs.Rewiring(every=1000.0, prune_below=WEAK * W_MAX, weight=NEW * W_MAX)
NETWORKS = {  # whether inputs are correlated, and plasticity
    "correlated inputs": (True, [PAIRS, REWIRING]),
    "no correlation": (False, [PAIRS, REWIRING]),
    "no rewiring": (True, [PAIRS]),
}


def trains(correlated: bool, duration: float):
    """Return the spikes of all inputs (ms)."""
    random = np.random.default_rng(1)

    def poisson(rate):
        return random.uniform(1.0, duration, random.poisson(1e-3 * rate * duration))

    common = poisson(RATE)
    shared = [SHARED if correlated and k < CORRELATED else 0.0 for k in range(INPUTS)]
    drawn = [np.append(common[random.random(len(common)) < p], poisson((1 - p) * RATE)) for p in shared]
    return [np.unique(np.rint(times)) for times in drawn]


def learn(correlated: bool, plasticity, duration: float, parts: int):
    """Return the synapses at first and after each part of the duration, spikes, and how many synapses moved."""
    net = gs.Network()
    inputs = net.population("inputs", INPUTS, gs.SpikeSource(trains(correlated, duration)))
    cells = net.population("cells", CELLS, gs.LIF(), receptors=[gs.AMPA(tau_decay=5.0)])
    learning = net.connect(
        inputs, cells, gs.FixedInDegree(DEGREE, multapses=False), receptor="AMPA", weight=NEW * W_MAX, w_max=W_MAX,
        plasticity=plasticity,
    )  # fmt: skip
    spikes = net.record(cells, "spikes")
    with gs.Simulator(net, dt=1.0, seed=1) as sim:
        synapses = [sim.weights(learning)]
        for _ in range(parts):
            sim.run(duration / parts)
            synapses.append(sim.weights(learning))
        moved = sim.rewirings(learning).created.sum() if REWIRING in plasticity else 0
        return synapses, sim.data[spikes], moved


def story(small: bool = False):
    duration, parts = (60e3, 6) if small else (200e3, 40)  # ms
    t = np.linspace(0.0, duration / 1e3, parts + 1)
    numbers, courses = {}, {}
    for name, (correlated, plasticity) in NETWORKS.items():
        synapses, spikes, moved = learn(correlated, plasticity, duration, parts)
        courses[name] = [100 * np.mean(w.pre < CORRELATED) for w in synapses]
        last = synapses[-1]
        of_group = last.weight[last.pre < CORRELATED] / W_MAX
        numbers |= {
            f"{name}: synapses with the first inputs, before (%)": courses[name][0],
            f"{name}: after (%)": courses[name][-1],
            f"{name}: their mean weight (w_max)": of_group.mean(),
            f"{name}: synapses that moved": moved,
            f"{name}: rate of a cell at the end (Hz)": spikes.rate(start=0.9 * duration, stop=duration),
        }
        if name == "correlated inputs":
            shown = synapses[0], last
            degrees = np.bincount(last.post, minlength=CELLS)
            numbers |= {"fewest synapses of a cell": degrees.min(), "most": degrees.max()}

    figure, axes = panels("Synapses that may move gather where inputs fire together", 3)
    for ax, w, title in zip(axes, shown, ("at first", f"after {duration / 1e3:g} s"), strict=False):
        for group, colour in ((w.pre < CORRELATED, ORANGE), (w.pre >= CORRELATED, GREY)):
            ax.scatter(w.pre[group], w.post[group], 12 * w.weight[group] / W_MAX, color=colour, linewidths=0)
        ax.axvspan(0, CORRELATED, color=ORANGE, alpha=0.12, linewidth=0)
        ax.text(CORRELATED / 2, CELLS, "correlated", color=ORANGE, fontsize=8, ha="center")
        ax.set(xlim=(-5, INPUTS), ylim=(-1, CELLS + 1.5))
        ax.set_yticks([0, 5, 10, 15])
        label(ax, "input", "cell", f"synapses {title}; size: weight", legend=False)
    for (name, course), colour, style in zip(courses.items(), (ORANGE, GREY, AMPA), ("-", "-", "--"), strict=True):
        axes[2].plot(t, course, style, color=colour, label=name)
    axes[2].set_ylim(0, 100)
    label(axes[2], "time (s)", "part of all synapses (%)", "synapses with the first hundred inputs")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
