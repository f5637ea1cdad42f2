"""When must an IPSC arrive to cancel a spike?

Forty synchronous EPSCs, each of which gives an EPSP of 0.5 mV, make the cell fire after 2.4 ms. An IPSC of 30 nS that
arrives 3 ms before them, with them or 1 ms after them cancels the spike. An IPSC 10 ms after them is too late for the
spike, but it changes the potential that follows.
"""

import numpy as np
from telling import AMPA, GABA, GREY, label, panels, tell

import gpusyn as gs

VOLLEY = 60.0  # ms
LAGS = np.append(np.arange(-40.0, 12.0, 0.5), np.inf)  # ms; the last cell gets no IPSC
SHOWN = {
    np.inf: "no IPSC",
    -3.0: "IPSC 3 ms before",
    0.0: "IPSC with the volley",
    1.0: "IPSC 1 ms after",
    10.0: "IPSC 10 ms after",
}


def volley_and_ipsc():
    """Record cells that receive the volley; cell k receives an IPSC LAGS[k] ms after it."""
    net = gs.Network()
    cells = net.population("cells", len(LAGS), gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A(tau_decay=8.0)])
    axons = net.population("axons", 40, gs.SpikeSource([VOLLEY - 1.0]))
    trains = [[VOLLEY + lag - 1.0] if lag < np.inf else [] for lag in LAGS]
    gaba = net.population("gaba", len(LAGS), gs.SpikeSource(trains))
    net.connect(axons, cells, gs.AllToAll(), receptor="AMPA", weight=0.9263)
    net.connect(gaba, cells, gs.OneToOne(), receptor="GABA_A", weight=30.0)
    V, spikes = net.record(cells, "V"), net.record(cells, "spikes")
    with gs.Simulator(net, dt=0.1, seed=1) as sim:
        sim.run(100.0)
        return sim.data[V], sim.data[spikes]


def story(small: bool = False):
    V, spikes = volley_and_ipsc()
    fired = np.bincount(spikes.ids, minlength=len(LAGS))
    vetoes = LAGS[fired == 0]
    numbers = {f"spikes, {what}": float(fired[lag == LAGS][0]) for lag, what in SHOWN.items()}
    numbers |= {
        "time of that spike (ms after)": float(spikes.times[spikes.ids == len(LAGS) - 1][0] - VOLLEY),
        "earliest IPSC that cancels (ms)": float(vetoes.min()),
        "latest IPSC that cancels (ms)": float(vetoes.max()),
    }

    figure, axes = panels("An IPSC 3 ms before, with or 1 ms after a volley cancels its spike; 10 ms is too late", 3, 2)
    figure.set_size_inches(10.5, 5.2)
    for ax, lag in zip(axes, SHOWN, strict=False):
        k = int(np.flatnonzero(lag == LAGS)[0])
        ax.plot(V.t - VOLLEY, V["V"][:, k], color=AMPA)
        for time in spikes.times[spikes.ids == k]:
            ax.vlines(time - VOLLEY, -55, -20, color=AMPA)
        ax.axhline(-55, color=GREY, linewidth=0.8, linestyle="--", label="threshold")
        ax.axvline(0, color=AMPA, linewidth=0.8, linestyle=":", label="volley of 40 EPSCs")
        if lag < np.inf:
            ax.axvline(lag, color=GABA, linewidth=0.8, linestyle=":", label="IPSC, 30 nS")
        ax.set(xlim=(-10, 30), ylim=(-78, -15))
        label(ax, "time after the volley (ms)", "V (mV)", SHOWN[lag], legend=lag == -3.0)
    axes[5].step(LAGS[:-1], fired[:-1], where="mid", color=GABA)
    axes[5].set_yticks([0, 1])
    label(axes[5], "IPSC after the volley (ms)", "spikes", "the window of inhibition", legend=False)
    return numbers, figure


if __name__ == "__main__":
    tell(story)
