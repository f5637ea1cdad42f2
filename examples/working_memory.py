"""How does a network remember what is no longer there? (Brunel & Wang 2001)

A cue of 100 ms makes one group of cells fire. Afterwards its recurrent NMDA currents, slow and saturating, keep it firing at 20 to 30 Hz,
while all others stay at their spontaneous 3 Hz: the same network has both states.
"""

import numpy as np
from attractor import Conductances, attractor_network
from telling import GABA, GREY, NMDA, label, panels, tell

import gpusyn as gs

CUE = 500.0, 600.0  # ms
CUE_RATE = 2000.0  # Hz, on top of the background
ONTO_E = Conductances(external=2.08, AMPA=0.104, NMDA=0.327, GABA=1.25)
ONTO_I = Conductances(external=1.62, AMPA=0.081, NMDA=0.258, GABA=0.973)


def remember(duration: float):
    """Cue group E1, and return the spikes of all cells."""
    parts = attractor_network(
        groups=5, fraction=0.1, w_plus=2.1, sizes=(800, 200), onto_E=ONTO_E, onto_I=ONTO_I, tau_GABA=10.0
    )
    net = parts.net
    start, stop = CUE
    net.drive(parts.groups[0], "AMPA", rate=CUE_RATE, weight=ONTO_E.external, start=start, stop=stop, name="cue")
    spikes = net.record(sum(parts.groups) + parts.nonselective + parts.inhibitory, "spikes")
    with gs.Simulator(net, dt=0.1, seed=1) as sim:
        sim.run(duration)
        return sim.data[spikes]


def rate(spikes, names, start: float, stop: float) -> float:
    """Mean rate (Hz) of some populations between two times."""
    count = size = 0
    for name in names:
        part = spikes[name]
        count += int(((part.times > start) & (part.times <= stop)).sum())
        size += part.size
    return 1000.0 * count / (size * (stop - start))


def story(small: bool = False):
    duration = 1200.0 if small else 3000.0
    spikes = remember(duration)
    before, delay = (200.0, CUE[0]), (CUE[1] + 200.0, duration)
    others = [f"E{k}" for k in range(2, 6)]
    numbers = {
        "cued group, before the cue (Hz)": rate(spikes, ["E1"], *before),
        "cued group, in the delay (Hz)": rate(spikes, ["E1"], *delay),
        "other groups, before (Hz)": rate(spikes, others, *before),
        "other groups, in the delay (Hz)": rate(spikes, others, *delay),
        "nonselective, in the delay (Hz)": rate(spikes, ["E0"], *delay),
        "inhibitory, before (Hz)": rate(spikes, ["I"], *before),
        "inhibitory, in the delay (Hz)": rate(spikes, ["I"], *delay),
    }

    figure, (top, bottom) = panels("A cue of 100 ms leaves its group firing: slow NMDA currents hold the memory", 1, 2)
    figure.set_size_inches(8.4, 5.4)
    cued = spikes["E1"]
    selective = np.isin(spikes.population, ["E1", *others])
    top.plot(spikes.times[selective], spikes.ids[selective], ".", color=GREY, markersize=1, rasterized=True)
    top.plot(cued.times, cued.ids, ".", color=NMDA, markersize=1, rasterized=True)
    for names, colour, text in ((["E1"], NMDA, "cued"), (others, GREY, "other groups"), (["I"], GABA, "inhibitory")):
        edges = np.arange(0.0, duration, 50.0)
        rates = [rate(spikes, names, t, t + 50.0) for t in edges]
        bottom.stairs(rates, np.append(edges, duration), baseline=None, color=colour, label=text)
    for ax in (top, bottom):
        ax.axvspan(*CUE, color=GREY, alpha=0.2, linewidth=0)
        ax.set_xlim(0, duration)
    label(top, "", "selective cell", "grey band: cue of 2000 Hz to the green cells", legend=False)
    label(bottom, "time (ms)", "rate (Hz), 50 ms bins")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
