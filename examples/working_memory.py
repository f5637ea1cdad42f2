"""How does a network remember a stimulus that has ended? (Brunel & Wang 2001)

A cue of 100 ms makes one group of cells fire. After the cue, slow, saturating NMDA currents within the group keep it
firing at 25 to 30 Hz, while the other groups stay at their spontaneous rate of 3 Hz: the network has both states.
"""

import numpy as np
from telling import GABA, GREY, NMDA, label, panels, tell

import gpusyn as gs

CUE = 1000.0, 1100.0  # ms
BIN = 50.0  # ms


def remember(duration: float):
    """Present the cue to group E1, and return the spikes of all cells."""
    net, populations = gs.models.working_memory(cue=CUE)
    spikes = net.record(sum(populations.values()), "spikes")
    with gs.Simulator(net, dt=0.1, seed=1) as sim:
        sim.run(duration)
        return sim.data[spikes]


def rates(spikes, names):
    """Return the left edges of bins (ms), and the mean rate of equally large populations in them (Hz)."""
    binned = [spikes.binned_rate(BIN, name) for name in names]
    return binned[0][0], np.mean([rate for _, rate in binned], axis=0)


def mean_rate(spikes, names, start: float, stop: float) -> float:
    """Return the mean rate (Hz) between two times (ms)."""
    edges, rate = rates(spikes, names)
    return float(rate[(edges >= start) & (edges < stop)].mean())


def story(small: bool = False):
    duration = 1700.0 if small else 3500.0
    spikes = remember(duration)
    before, delay = (400.0, CUE[0]), (CUE[1] + 200.0, duration)
    cued, others, rest, inhibitory = ["E1"], ["E2", "E3", "E4", "E5"], ["E0"], ["I"]
    numbers = {
        "cued group, before the cue (Hz)": mean_rate(spikes, cued, *before),
        "cued group, in the delay (Hz)": mean_rate(spikes, cued, *delay),
        "other groups, before (Hz)": mean_rate(spikes, others, *before),
        "other groups, in the delay (Hz)": mean_rate(spikes, others, *delay),
        "nonselective, in the delay (Hz)": mean_rate(spikes, rest, *delay),
        "inhibitory, before (Hz)": mean_rate(spikes, inhibitory, *before),
        "inhibitory, in the delay (Hz)": mean_rate(spikes, inhibitory, *delay),
    }

    figure, (top, bottom) = panels(
        "A cued group continues to fire: slow NMDA currents hold the memory", 1, 2, sharex=True
    )
    figure.set_size_inches(7.2, 4.5)
    for names, colour in ((cued, NMDA), (others, GREY)):
        shown = np.isin(spikes.population, names)
        top.plot(spikes.times[shown], spikes.ids[shown], ".", color=colour, markersize=1)
    for names, colour, text in ((cued, NMDA, "cued"), (others, GREY, "other groups"), (inhibitory, GABA, "inhibitory")):
        edges, rate = rates(spikes, names)
        bottom.stairs(rate, np.append(edges, duration), baseline=None, color=colour, label=text)
    for ax in (top, bottom):
        ax.axvspan(*CUE, color=GREY, alpha=0.2, linewidth=0)
        ax.set_xlim(0, duration)
    bottom.set_ylim(0, 60)
    bottom.annotate("to 180 Hz", (CUE[1] + 20, 56), color=NMDA, fontsize=8)
    label(top, "", "selective cell", "grey band: cue of 2000 Hz to the green cells", legend=False)
    label(bottom, "time (ms)", "rate (Hz), 50 ms bins")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
