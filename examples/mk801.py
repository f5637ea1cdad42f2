"""Why does MK-801 block only the synapses that are used?

MK-801 enters open NMDA channels and is trapped there. Each EPSC in the drug therefore blocks some of the channels that
it opens, and a silent synapse keeps all of its channels: its first EPSC after 6 s in the drug is as large as the first
EPSC of a synapse that has just been exposed to it.
"""

import numpy as np
from telling import GREY, NMDA, ORANGE, label, panels, tell

import gpusyn as gs

CONTROL = np.arange(1000.0, 4000.0, 1000.0)  # ms; one EPSC per second, so that each has ended before the next
DRUG, REST, END = 3500.0, 6000.0, 18500.0
USED = np.append(CONTROL, np.arange(DRUG + 500.0, END, 1000.0))
RESTED = np.append(CONTROL, np.arange(DRUG + REST + 500.0, END, 1000.0))


def story(small: bool = False):
    net = gs.Network()
    cells = net.population("cells", 2, gs.LIF(), receptors=[gs.NMDA(Mg=0.0)])
    net.clamp(cells, -40.0)
    axons = net.population("axons", 2, gs.SpikeSource([USED - 1.0, RESTED - 1.0]))
    net.connect(axons, cells, gs.OneToOne(), receptor="NMDA", weight=1.0)
    net.infuse("MK-801", concentration=1.0, start=DRUG)
    currents = net.record(cells, "I_NMDA", every=0.5)
    with gs.Simulator(net, dt=0.1, seed=1) as sim:
        sim.run(END)
        data = sim.data[currents]

    def peaks(column: int, events: np.ndarray) -> np.ndarray:
        I = data["I_NMDA"][:, column].astype(float)
        return np.array([I[(data.t >= event) & (data.t < event + 100.0)].min() for event in events])

    used, rested = peaks(0, USED), peaks(1, RESTED)
    n = len(CONTROL)
    numbers = {
        "control EPSC (pA)": used[n - 1],
        "used: first EPSC in MK-801, relative": used[n] / used[n - 1],
        "used: second": used[n + 1] / used[n - 1],
        "used: last": used[-1] / used[n - 1],
        "rested for 6 s: first EPSC in MK-801": rested[n] / rested[n - 1],
    }

    figure, (left, right) = panels("MK-801 blocks with use: six silent seconds in it do not change a synapse")
    synapses = (USED, used, NMDA, "used every second", 7), (RESTED, rested, ORANGE, "rested for 6 s", 3)
    for events, peak, colour, text, size in synapses:
        for part in (slice(None, n), slice(n, None)):  # no line across the rest
            left.plot(events[part] / 1000, peak[part], "o-", color=colour, markersize=size, linewidth=0.8)
        first = peak[n:]
        right.plot(np.arange(1, len(first) + 1), first / peak[n - 1], "o-", color=colour, markersize=size, label=text)
    left.axvspan(DRUG / 1000, END / 1000, color=GREY, alpha=0.15, linewidth=0)
    left.annotate("MK-801, 1 µM", (DRUG / 1000 + 0.3, 1.5), color=GREY, fontsize=8)
    left.set(xlim=(0.0, END / 1000), xticks=range(0, 19, 3), ylim=(-42.0, 4.0))
    right.set_xlim(0, 9.5)
    right.set_ylim(0, 1.05)
    label(left, "time (s)", "peak of the EPSC (pA)", "no Mg$^{2+}$, held at −40 mV", legend=False)
    label(right, "number of the EPSC in MK-801", "peak, relative to control", "by number of EPSCs, not by time")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
