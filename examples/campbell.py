"""What conductance do thousands of random inputs give?

A thousand synapses of 0.5 nS at 5 Hz are equivalent to one Poisson stream of 5000 Hz. Campbell's theorem gives mean and
variance of their summed conductance for any shape w f(t) of one event: mean = rate w ∫f dt, variance = rate w² ∫f² dt.
"""

import numpy as np
from telling import AMPA, GREY, ORANGE, PURPLE, label, panels, tell

import gpusyn as gs

RATE, WEIGHT = 1000 * 5.0, 0.5  # Hz, nS
PER_MS = RATE * 1e-3
RISE, DECAY = 0.5, 5.0  # ms
DT = 0.02  # ms; a mean over samples taken right after a jump is too high by dt / 2 tau, here 0.2 %

TOP = (DECAY - RISE) / (DECAY * RISE)
NORM = 1.0 / (np.exp(-np.log(DECAY / RISE) / TOP / DECAY) - np.exp(-np.log(DECAY / RISE) / TOP / RISE))
SHAPES = {  # receptor: kinetics, ∫f dt, ∫f² dt, colour
    "exponential": (gs.kinetics.Exponential(5.0), 5.0, 5.0 / 2, AMPA),
    "dual": (
        gs.kinetics.DualExponential(RISE, DECAY),
        NORM * (DECAY - RISE),
        NORM**2 * (DECAY - RISE) ** 2 / (2 * (DECAY + RISE)),
        ORANGE,
    ),
    "alpha": (gs.kinetics.Alpha(2.0), np.e * 2.0, np.e**2 * 2.0 / 4, PURPLE),
}


def bombarded(cells: int, duration: float):
    """Return the conductances of cells that each receive their own Poisson input."""
    net = gs.Network()
    receptors = [gs.AMPA(kinetics=kinetics, name=name) for name, (kinetics, *_) in SHAPES.items()]
    population = net.population("cells", cells, gs.LIF(V_th=100.0), receptors=receptors)
    for name in SHAPES:
        net.drive(population, name, rate=RATE, weight=WEIGHT)
    g = net.record(population, [f"g_{name}" for name in SHAPES], every=0.5)
    with gs.Simulator(net, dt=DT, seed=1) as sim:
        sim.run(50.0 + duration)
        return sim.data[g]


def story(small: bool = False):
    data = bombarded(*(1000, 100.0) if small else (1000, 500.0))
    stationary = data.t > 50.0
    numbers = {}
    figure, (left, right) = panels("Campbell's theorem gives mean and variance of the summed conductance")
    for name, (_, area, power, colour) in SHAPES.items():
        g = data[f"g_{name}"][stationary].astype(float)
        mean, variance = PER_MS * WEIGHT * area, PER_MS * WEIGHT**2 * power
        numbers |= {
            f"{name}: mean, theory (nS)": mean,
            f"{name}: mean, simulated (nS)": g.mean(),
            f"{name}: variance, theory (nS²)": variance,
            f"{name}: variance, simulated (nS²)": g.var(),
        }
        left.plot(data.t, data[f"g_{name}"][:, 0], color=colour, linewidth=0.8, label=name)
        left.axhline(mean, color=colour, linewidth=0.8, linestyle="--")
        x = np.linspace(4, 26, 200)
        right.hist(g.ravel(), 80, range=(4, 26), density=True, color=colour, alpha=0.4, label=name)
        density = np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
        right.plot(x, density, color=colour, linewidth=1.2)
    right.plot([], [], color=GREY, label="theory, as a Gaussian")
    left.set_xlim(0, 150)
    right.set_ylim(0, 0.32)
    label(left, "time (ms)", "conductance (nS)", "one cell; dashed: mean by Campbell")
    label(right, "conductance (nS)", "probability density (1/nS)", "all cells")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
