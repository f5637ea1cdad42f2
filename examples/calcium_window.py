"""Why does one synapse ask which spike came first, and another not? Time above two thresholds (Graupner & Brunel 2012)

A spike of the axon adds calcium to the synapse, D ms after it has arrived, and a spike of the cell adds more. Above one
threshold calcium weakens the synapse, above a higher one it strengthens it. In the set DP, pairs in either order hold
calcium above the lower threshold for the same time, but above the higher one for longer if the axon was first: this is
the whole difference. With other amounts of calcium the same two thresholds make windows of other shapes. The experiment
is that of the paper: sixty pairs, one each second, of synapses with noise, half of which were strong. The lines are the
authors' formula, which leaves out that synapses are drawn to their stable states.
"""

from statistics import NormalDist

import numpy as np
from telling import AMPA, GABA, GREY, NMDA, ORANGE, label, panels, tell

import gpusyn as gs

DT, W_MAX = 0.1, 1e-3  # ms; nS, so small that these synapses do not fire the cell
PAIRS, EVERY, FIRST = 60, 1000.0, 200.0  # pairs, and times (ms): the interval between them, and the first spike
RULES = {name: gs.CalciumSTDP.published(name) for name in ("DP", "DPD", "P", "D")}


def calcium(rule, lag, t):
    """Return calcium at times t after a spike of the axon (ms), if the cell fires `lag` ms after it."""
    spikes = (rule.C_pre, rule.D), (rule.C_post, lag)
    return sum(size * np.exp(-np.clip(t - at, 0.0, None) / rule.tau_Ca) * (t >= at) for size, at in spikes)


def above(rule, lag):
    """Return the times (ms) for which one pair holds calcium above theta_d and above theta_p."""
    t = np.arange(-200.0, 400.0, 0.01)
    return np.array([0.01 * np.sum(calcium(rule, lag, t) > theta) for theta in (rule.theta_d, rule.theta_p)])


def formula(rule, lag):
    """Return the strength after all pairs relative to that before, by the authors' formula."""
    times = above(rule, lag)
    if not times.any():
        return 1.0
    down, up = times / EVERY * [rule.gamma_d, rule.gamma_p]  # 1/tau
    left = np.exp(-PAIRS * EVERY * (down + up) / rule.tau)
    spread = rule.sigma * np.sqrt(times.sum() / EVERY / (2 * (down + up)) * (1 - left**2))
    means = [up / (down + up) * (1 - left) + rho * left for rho in (0.0, 1.0)]
    strong = np.mean([1 - NormalDist(mean, spread).cdf(0.5) for mean in means])
    return (1 + (rule.b - 1) * strong) / (0.5 + 0.5 * rule.b)


def experiment(lags, synapses: int):
    """Return the strengths of each rule's synapses after all pairs, relative to those before, at each lag (ms)."""
    train = FIRST + EVERY * np.arange(PAIRS)
    net = gs.Network()
    cells = net.population("cells", len(lags), gs.LIF(t_ref=10.0), receptors=[gs.AMPA(), gs.AMPA(name="strong")])
    stimuli = net.population("stimuli", len(lags), gs.SpikeSource([train + lag - 3 * DT for lag in lags]))
    net.connect(stimuli, cells, gs.OneToOne(), receptor="strong", weight=1000.0, delay=DT)
    last = train[-1] + EVERY / 2  # a spike that ends the time of the noise
    axons = net.population("axons", synapses, gs.SpikeSource([[*train, last]] * synapses))
    for name, rule in RULES.items():
        for state, first in (("weak", W_MAX / rule.b), ("strong", W_MAX)):
            net.connect(axons, cells, gs.AllToAll(), receptor="AMPA", weight=first, w_max=W_MAX, delay=DT,
                        plasticity=rule, name=f"{name}, {state}")  # fmt: skip
    spikes = net.record(cells, "spikes")
    with gs.Simulator(net, dt=DT, seed=1) as sim:
        sim.run(last + 1.0)
        fired = sim.data[spikes].trains()  # they are at the synapses one step later
        assert all(np.allclose(times, train + lag - DT) for times, lag in zip(fired, lags, strict=True))
        changes = {}
        for name, rule in RULES.items():
            weights = np.array([sim.weights(f"{name}, {state}").weight for state in ("weak", "strong")])
            rho = (weights / W_MAX * rule.b - 1) / (rule.b - 1)
            strong = (rho > 0.5).reshape(-1, len(lags)).mean(axis=0)  # what will be strong when all has come to rest
            changes[name] = (1 + (rule.b - 1) * strong) / (0.5 + 0.5 * rule.b)
    return changes


def story(small: bool = False):
    near, far = np.arange(-30.0, 31.0, 2.5), np.arange(40.0, 101.0, 10.0)
    lags = np.array([-60, -20, -10, 0, 5, 20, 60.0]) if small else np.sort([*-far, *near, *far])
    found = experiment(lags, 400 if small else 1000)
    wanted = {name: np.array([formula(rule, lag) for lag in lags]) for name, rule in RULES.items()}
    numbers = {f"DP, lag {lag:g} ms: above theta_{kind} (ms)": time for lag in (20, -20)
               for kind, time in zip("dp", above(RULES["DP"], lag), strict=True)}  # fmt: skip
    shown = {"DP": (20, -20), "DPD": (5, -10, 60), "P": (0, 60), "D": (0, 60)}
    for name, some in shown.items():
        numbers |= {f"{name}, lag {lag:g} ms: strength": found[name][lags == lag][0] for lag in some}
    errors = np.concatenate([found[name] - wanted[name] for name in RULES])
    numbers["largest distance from the formula"] = np.abs(errors).max()

    figure, axes = panels("The time that calcium spends above two thresholds makes windows of all shapes", 3, 2)
    t, rule = np.arange(-40.0, 100.0, 0.1), RULES["DP"]
    for lag, colour, text in ((20.0, AMPA, "axon 20 ms before the cell"), (-20.0, GABA, "axon 20 ms after the cell")):
        axes[0].plot(t, calcium(rule, lag, t), color=colour, label=text)
    fine = np.arange(-100.0, 100.5, 1.0)
    times = np.array([above(rule, lag) for lag in fine])
    thresholds = (rule.theta_d, ORANGE, "weakens", "top"), (rule.theta_p, NMDA, "strengthens", "bottom")
    for k, (theta, colour, text, place) in enumerate(thresholds):
        axes[0].axhline(theta, color=colour, linewidth=0.8, linestyle="--")
        axes[0].text(100.0, theta, text, color=colour, fontsize=8, ha="right", va=place)
        axes[1].plot(fine, times[:, k], color=colour, label=f"calcium {text}")
    axes[0].set_ylim(0.0, 3.8)
    axes[1].set_ylim(0.0, 35.0)
    label(axes[0], "time after the spike of the axon (ms)", "calcium", "DP: one pair of spikes")
    label(axes[1], "cell − axon (ms)", "time above a threshold (ms)", "DP: how long it weakens and strengthens")
    for ax, (name, rule) in zip(axes[2:], RULES.items(), strict=True):
        ax.plot(fine, [100 * formula(rule, lag) - 100 for lag in fine], color=GREY, label="formula")
        change = 100 * found[name] - 100
        for sign, colour, text in ((1, AMPA, "stronger"), (-1, GABA, "weaker"), (0, GREY, None)):
            ax.plot(lags[np.sign(change) == sign], change[np.sign(change) == sign], "o", color=colour, markersize=3.5,
                    label=text)  # fmt: skip
        ax.axhline(0, color=GREY, linewidth=0.6)
        ax.axvline(0, color=GREY, linewidth=0.6)
        ax.set_ylim(-45.0, 35.0)
        label(ax, "cell − axon (ms)", "change of strength (%)", f"{name}: sixty pairs", legend=name == "DP")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
