"""How large is one EPSP, and how many does it take to fire?

A cortical EPSP is 0.5 to 1 mV, and the threshold is 15 mV above rest. Division suggests 30 or 15 EPSPs. But each EPSP
reduces the driving force of the others and adds to the conductance of the membrane, so it takes 35 synapses of 0.5 mV
or 18 synapses of 1 mV.
"""

import numpy as np
from telling import AMPA, GREY, ORANGE, label, panels, tell

import gpusyn as gs

ONSET = 5.0  # ms
WEIGHTS = {0.5: 0.9263, 1.0: 1.8604}  # mV of one EPSP: nS
MOST = 45  # synapses


def volleys(weight: float, **cell: float):
    """Record cells with synchronous synapses; cell k has k + 1 of them."""
    net = gs.Network()
    cells = net.population("cells", MOST, gs.LIF(**cell), receptors=[gs.AMPA()])
    axons = net.population("axons", MOST, gs.SpikeSource([ONSET - 1.0]))
    post, pre = np.tril_indices(MOST)
    net.connect(axons, cells, gs.FromArrays(pre, post), receptor="AMPA", weight=weight)
    V, spikes = net.record(cells, "V"), net.record(cells, "spikes")
    with gs.Simulator(net, dt=0.1, seed=1) as sim:
        sim.run(50.0)
        return sim.data[V], sim.data[spikes]


def story(small: bool = False):
    figure, (left, right) = panels("One EPSP is 0.5 to 1 mV; 35 or 18 reach threshold, not 30 or 15")
    count = np.arange(1, MOST + 1)
    numbers = {}
    for (size, weight), colour in zip(WEIGHTS.items(), (AMPA, ORANGE), strict=True):
        passive, _ = volleys(weight, V_th=100.0)  # a threshold that nothing reaches
        epsp = gs.measure.psp(passive, "V", onset=ONSET, neuron=0, fit=False)
        fired = volleys(weight)[1].ids
        numbers[f"EPSP of {weight:.2f} nS (mV)"] = epsp.peak
        numbers[f"its time to peak, {weight:.2f} nS (ms)"] = epsp.time_to_peak
        numbers[f"synapses of {size:g} mV to fire"] = float(fired.min() + 1)

        depolarisation = passive["V"].max(axis=0) + 70.0
        left.plot(passive.t, passive["V"][:, 0], color=colour, label=f"{weight:.2f} nS")
        right.plot(count, depolarisation, color=colour, label=f"{size:g} mV each")
        right.plot(count, size * count, color=colour, linestyle=":", linewidth=1)
        right.plot(fired.min() + 1, depolarisation[fired.min()], "o", color=colour)
        right.annotate(f"{fired.min() + 1}", (fired.min() + 1.2, 13.3), color=colour, fontsize=9)
    right.axhline(15, color=GREY, linewidth=0.8, linestyle="--")
    right.annotate("threshold", (1, 15.4), color=GREY, fontsize=8)
    right.plot([], [], ":", color=GREY, label="linear sum")
    right.set_ylim(0, 24)
    label(left, "time (ms)", "V (mV)", "one synapse at rest")
    label(right, "synchronous synapses", "peak depolarisation (mV)", "many, threshold removed")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
