"""What does the same axon tell two kinds of cells? (Markram, Wang & Tsodyks 1998)

One axon fires a train at 20 Hz and once more half a second later. Its synapses onto a pyramidal cell depress: the train
uses up resources x that recover with 800 ms. Its synapses onto an interneuron facilitate: each spike raises the
utilization u, which decays with 530 ms. Each spike delivers u x of the weight. The stationary EPSC therefore falls
with the rate at one synapse, and has a maximum near 1 / sqrt(U tau_rec tau_facil) = 22 Hz at the other.
"""

import numpy as np
from telling import AMPA, GREY, ORANGE, label, panels, tell

import gpusyn as gs

RATE, SPIKES, PAUSE = 20.0, 10, 500.0  # Hz, spikes in the train, ms before the last one
ONSET = 50.0  # ms
RATES = np.array(
    [1.0, 2.0, 5.0, 10.0, 16.0, 20.0, 25.0, 40.0, 50.0, 100.0]
)  # Hz; whole numbers of steps between spikes
TAU = 3.0  # ms, decay of an EPSC
SYNAPSES = {  # Tsodyks, Uziel & Markram 2000: plasticity, weight (pA), colour
    "pyramidal": (gs.TsodyksMarkram(U=0.5, tau_rec=800.0, tau_facil=0.0), 250.0, AMPA),
    "interneuron": (gs.TsodyksMarkram(U=0.03, tau_rec=130.0, tau_facil=530.0), 1540.0, ORANGE),
}


def record(trains, duration: float):
    """Return the events (ms), and the traces of one cell of each kind for each train, in one population a kind."""
    net = gs.Network()
    axons = net.population("axons", len(trains), gs.SpikeSource([np.array(train) - 1.0 for train in trains]))
    recorders = {}
    for kind, (plasticity, weight, _) in SYNAPSES.items():
        cells = net.population(kind, len(trains), gs.LIF(V_th=100.0), receptors=[gs.CurrentReceptor("EPSC", tau=TAU)])
        net.connect(axons, cells, gs.OneToOne(), receptor="EPSC", weight=weight, plasticity=plasticity)
        recorders[kind] = net.record(cells, ["V", "I_EPSC"])
    with gs.Simulator(net, dt=0.1, seed=1) as sim:
        sim.run(duration)
        return {kind: sim.data[recorder] for kind, recorder in recorders.items()}


def amplitudes(data, events, weight: float, cell: int = 0):
    """Return by how much each event makes the current jump, relative to the weight."""
    inward = -data["I_EPSC"][:, cell].astype(float)
    at = np.rint(np.array(events) / 0.1).astype(int) - 1  # samples begin at 0.1 ms
    return (inward[at] - np.exp(-0.1 / TAU) * inward[at - 1]) / weight


def stationary(plasticity: gs.TsodyksMarkram, rate):
    """Return u x at the spikes of a long train of a rate (Hz), in closed form."""
    interval = 1000.0 / np.array(rate)
    kept = np.exp(-interval / plasticity.tau_facil) if plasticity.tau_facil else 0.0
    u = plasticity.U / (1 - (1 - plasticity.U) * kept)
    q = np.exp(-interval / plasticity.tau_rec)
    return u * (1 - q) / (1 - (1 - u) * q)


def story(small: bool = False):
    train = ONSET + 1000.0 / RATE * np.arange(SPIKES)
    events = np.append(train, train[-1] + PAUSE)
    pair = {"onsets": events[:2], "stop": events[2] - 1.0}
    one = record([events], events[-1] + 150.0)
    rates = RATES[RATES >= 10.0] if small else RATES
    trains = [ONSET + 1000.0 / rate * np.arange(max(6, 3 * rate)) for rate in rates]  # at least 3 s
    many = record(trains, max(train[-1] for train in trains) + 10.0)

    numbers = {}
    figure, axes = panels("The same axon: depression onto a pyramidal cell, facilitation onto an interneuron", 2, 2)
    sizes, steady = axes[2:]
    for (kind, (plasticity, weight, colour)), ax in zip(SYNAPSES.items(), axes[:2], strict=True):
        data = one[kind]
        released = amplitudes(data, events, weight)
        ends = [amplitudes(many[kind], train, weight, k)[-1] for k, train in enumerate(trains)]
        numbers |= {
            f"{kind}: 1st EPSC, u x": released[0],
            f"{kind}: paired-pulse ratio at 50 ms": gs.measure.paired_pulse_ratio(data, "I_EPSC", **pair),
            f"{kind}: 5th EPSC, u x": released[4],
            f"{kind}: 10th EPSC over the 1st": released[9] / released[0],
            f"{kind}: 500 ms later, over the 1st": released[10] / released[0],
            f"{kind}: stationary at 20 Hz, u x": ends[int(np.flatnonzero(rates == 20.0)[0])],
        }
        ax.plot(data.t, data["V"][:, 0] + 70.0, color=colour)
        label(ax, "time (ms)", "V − V$_{rest}$ (mV)", f"EPSPs in the {kind}" + " cell" * (kind == "pyramidal"), False)
        number = np.append(np.arange(1, SPIKES + 1), SPIKES + 2)
        sizes.plot(number, released / released[0], "o", color=colour, markersize=4, label=kind)
        sizes.plot(number[:-1], released[:-1] / released[0], color=colour, linewidth=0.8)
        shown = np.geomspace(1.0, 100.0, 200)
        steady.plot(shown, stationary(plasticity, shown), color=colour, linewidth=1.0)
        steady.plot(rates, ends, "o", color=colour, markersize=4, label=kind)
    best = shown[np.argmax(stationary(plasticity, shown))]
    numbers["interneuron: rate of the largest stationary EPSC (Hz)"] = best

    sizes.set_yscale("log")
    sizes.set_yticks([0.1, 0.2, 0.5, 1.0, 2.0, 5.0], ["0.1", "0.2", "0.5", "1", "2", "5"])
    sizes.minorticks_off()
    sizes.set_xticks([1, 5, 10, 12], ["1", "5", "10", "+0.5 s"])
    sizes.axhline(1.0, color=GREY, linewidth=0.6)
    steady.plot(shown, 1000.0 / (shown * 800.0), color=GREY, linestyle=":", label="1 / (rate τ$_{rec}$)")
    steady.set(xscale="log", yscale="log", ylim=(0.01, 1.0))
    steady.set_xticks([1, 10, 100], ["1", "10", "100"])
    label(sizes, "spike of the train at 20 Hz", "EPSC relative to the first", "recovery after half a second", False)
    label(steady, "rate (Hz)", "stationary EPSC, u x", "lines: closed form")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
