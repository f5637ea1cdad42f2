"""What do a thousand synapses become that compete for one cell? (Song, Miller & Abbott 2000)

A cell receives 1000 excitatory Poisson inputs that learn by STDP, and 200 inhibitory ones that do not. Depression is
5 % stronger than potentiation, so that spikes at random shrink a synapse; those that help to fire the cell hold against
it. The weights split into two groups, near 0 and near w_max. A cell that begins with all of them at w_max slows down
from more than 100 Hz to less than 10 Hz, and its spikes become irregular; one that begins at half of it ends at the
same rate.
"""

import numpy as np
from telling import AMPA, ORANGE, label, panels, tell

import gpusyn as gs

RATE = 10.0  # Hz, of each input
W_MAX, INHIBITION = 0.15, 0.5  # nS: 0.015 and 0.05 of the leak
CELL = gs.LIF(C_m=200.0, g_L=10.0, E_L=-70.0, V_th=-54.0, V_reset=-60.0, t_ref=1.0)
BEGIN = {"began at w$_{max}$": (1.0, AMPA), "began at w$_{max}$ / 2": (0.5, ORANGE)}  # first weights / w_max, colour


def learn(A_plus: float, duration: float, dt: float):
    """Return the spikes of both cells, and the final weights of each in units of w_max."""
    net = gs.Network()
    receptors = [gs.AMPA(tau_decay=5.0), gs.GABA_A(tau_decay=5.0, E_rev=-70.0)]
    cells = net.population("cells", len(BEGIN), CELL, receptors=receptors)
    E = net.population("E", 1000, gs.PoissonSource(rate=RATE))
    I = net.population("I", 200, gs.PoissonSource(rate=10.0))
    net.connect(I, cells, gs.AllToAll(), receptor="GABA_A", weight=INHIBITION)
    rule = gs.STDP(A_plus=A_plus, A_minus=1.05 * A_plus, tau_plus=20.0, tau_minus=20.0)
    options = {"receptor": "AMPA", "w_max": W_MAX, "plasticity": rule}
    learning = [
        net.connect(E, cells[k], gs.AllToAll(), weight=first * W_MAX, **options)
        for k, (first, _) in enumerate(BEGIN.values())
    ]
    spikes = net.record(cells, "spikes")
    with gs.Simulator(net, dt=dt, seed=1) as sim:
        sim.run(duration)
        return sim.data[spikes], [sim.weights(one).weight / W_MAX for one in learning]


def story(small: bool = False):
    A_plus, duration, dt = (0.02, 100e3, 1.0) if small else (0.01, 1000e3, 0.5)
    spikes, weights = learn(A_plus, duration, dt)
    step = duration / 50
    edges = np.arange(0.0, duration + step / 2, step)
    rates = [np.histogram(train, edges)[0] / step * 1e3 for train in spikes.trains()]
    late = spikes.between(0.8 * duration, duration)
    strong, weak = weights
    numbers = {
        "from w_max: rate at first (Hz)": rates[0][0],
        "from w_max: rate at the end (Hz)": late.counts()[0] / (0.2e-3 * duration),
        "from w_max / 2: rate at the end (Hz)": late.counts()[1] / (0.2e-3 * duration),
        "CV of the intervals at first": spikes.between(0.0, step).cv()[0],
        "CV of the intervals at the end": late.cv()[0],
        "weights below 0.2 w_max": float(np.mean(strong < 0.2)),
        "weights from 0.4 to 0.6 w_max": float(np.mean((strong > 0.4) & (strong < 0.6))),
        "weights above 0.8 w_max": float(np.mean(strong > 0.8)),
        "mean weight / w_max": strong.mean(),
        "from w_max / 2: mean weight / w_max": weak.mean(),
    }

    figure, (left, right) = panels("STDP splits the weights in two, and the cell ends at 8 Hz wherever it began")
    for (text, (first, colour)), final, rate in zip(BEGIN.items(), weights, rates, strict=True):
        synapses, borders = np.histogram(final, 25, (0.0, 1.0))
        left.stairs(synapses, borders, color=colour, fill=first == 1.0, alpha=0.4 if first == 1.0 else 1.0, label=text)
        left.plot(first, 195, "v", color=colour, clip_on=False)
        right.stairs(rate, edges / 1e3, baseline=None, color=colour, label=text)
    left.set_ylim(0, 200)
    right.set(yscale="log", ylim=(1.0, 200.0))
    right.set_yticks([1, 10, 100], ["1", "10", "100"])
    label(left, "w / w$_{max}$", "synapses", "1000 weights of each cell; triangles: at first")
    label(right, "time (s)", "rate of the cell (Hz)", "while it learns")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
