"""How do EPSPs add up, those of many synapses at once and those of one synapse in a train?

Spatial summation is sublinear: twenty synchronous EPSPs of 0.5 mV give 9.3 mV, not 10. Temporal summation depends on
the membrane time constant of 20 ms: five EPSPs of 1 mV at 100 Hz reach 2.5 mV, while at 10 Hz each EPSP has decayed
before the next.
"""

import numpy as np
from telling import AMPA, GREY, ORANGE, label, panels, tell

import gpusyn as gs

HALF, ONE = 0.9263, 1.8604  # nS: EPSPs of 0.5 and 1 mV
ONSET = 10.0  # ms
SYNAPSES = (1, 5, 10, 20)
RATES = (10.0, 100.0)  # Hz
SILENT = gs.LIF(V_th=100.0)  # the demo cell with a threshold that nothing reaches


def spatial():
    """Record cells with synchronous synapses of 0.5 mV; cell k has SYNAPSES[k] of them."""
    net = gs.Network()
    cells = net.population("cells", len(SYNAPSES), SILENT, receptors=[gs.AMPA()])
    axons = net.population("axons", max(SYNAPSES), gs.SpikeSource([ONSET - 1.0]))
    for k, n in enumerate(SYNAPSES):
        net.connect(axons[:n], cells[k], gs.AllToAll(), receptor="AMPA", weight=HALF)
    V = net.record(cells, "V")
    with gs.Simulator(net, dt=0.1, seed=1) as sim:
        sim.run(60.0)
        return sim.data[V]


def temporal():
    """Record cells with one synapse of 1 mV; that of cell k is active five times at RATES[k]."""
    net = gs.Network()
    cells = net.population("cells", len(RATES), SILENT, receptors=[gs.AMPA()])
    trains = [ONSET - 1.0 + 1000.0 / rate * np.arange(5) for rate in RATES]
    axons = net.population("axons", len(RATES), gs.SpikeSource(trains))
    net.connect(axons, cells, gs.OneToOne(), receptor="AMPA", weight=ONE)
    V = net.record(cells, "V")
    with gs.Simulator(net, dt=0.1, seed=1) as sim:
        sim.run(500.0)
        return sim.data[V]


def story(small: bool = False):
    space, time = spatial(), temporal()
    one, *_, twenty = space["V"].max(axis=0) + 70.0
    slow, fast = time["V"].max(axis=0) + 70.0
    numbers = {
        "1 synapse (mV)": one,
        "20 synapses at once (mV)": twenty,
        "20 times one (mV)": 20 * one,
        "5 EPSPs at 100 Hz (mV)": fast,
        "5 EPSPs at 10 Hz (mV)": slow,
    }

    figure, (left, right) = panels("20 EPSPs of 0.5 mV give 9.3 mV; 5 of 1 mV give 2.5 mV at 100 Hz, 1 mV at 10 Hz")
    for k, n in enumerate(SYNAPSES):
        left.plot(space.t, space["V"][:, k] + 70, color=AMPA, alpha=0.4 + 0.2 * k, label=f"{n}")
    left.axhline(20 * one, color=GREY, linestyle=":", label="20 × one")
    for k, (rate, colour) in enumerate(zip(RATES, (ORANGE, AMPA), strict=True)):
        right.plot(time.t, time["V"][:, k] + 70, color=colour, label=f"{rate:g} Hz")
    label(left, "time (ms)", "V − V$_{rest}$ (mV)", "spatial: synapses of 0.5 mV at once")
    label(right, "time (ms)", "V − V$_{rest}$ (mV)", "temporal: one synapse of 1 mV, five times")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
