"""EPSC and IPSC in a voltage clamp: which way does the current flow?

The same conductance of 1 nS is opened in cells that are held at different potentials. I = g (V - E_rev), and outward
current is positive. At -60 mV glutamate lets cations in, which is an inward (negative) current. GABA lets Cl- in, and
anions that move in are an *outward* (positive) current. Below E_Cl the same GABA synapse carries an inward current.
"""

import numpy as np
from telling import AMPA, GABA, GREY, label, panels, tell

import gpusyn as gs

HOLDING = np.arange(-100.0, 30.0, 10.0)  # mV
ONSET = 5.0  # ms


def clamped_currents():
    """Record one cell per holding potential; its glutamate and GABA synapses of 1 nS are active at the same time."""
    net = gs.Network()
    receptors = [gs.AMPA(tau_rise=0.2, tau_decay=1.7), gs.GABA_A(tau_rise=0.5, tau_decay=5.0)]
    cells = net.population("cells", len(HOLDING), gs.LIF(), receptors=receptors)
    for k, V in enumerate(HOLDING):
        net.clamp(cells[k], V)
    axon = net.population("axon", 1, gs.SpikeSource([ONSET - 1.0]))  # and 1 ms of delay
    net.connect(axon, cells, gs.AllToAll(), weight={"AMPA": 1.0, "GABA_A": 1.0})
    currents = net.record(cells, ["I_AMPA", "I_GABA_A"])
    with gs.Simulator(net, dt=0.1, seed=1) as sim:
        sim.run(30.0)
        return sim.data[currents]


def story(small: bool = False):
    data = clamped_currents()
    curves = {}
    for name in ("I_AMPA", "I_GABA_A"):
        largest = np.abs(data[name]).argmax(axis=0)
        curves[name] = data[name][largest, np.arange(len(HOLDING))]
    k = int(np.flatnonzero(HOLDING == -60.0)[0])
    epsc, ipsc = (gs.measure.psc(data, name, onset=ONSET, neuron=k, fit=False) for name in curves)
    numbers = {
        "EPSC at -60 mV (pA)": epsc.peak,
        "IPSC at -60 mV (pA)": ipsc.peak,
        "IPSC at -90 mV (pA)": float(curves["I_GABA_A"][HOLDING == -90.0][0]),
        "charge of the EPSC (fC)": epsc.charge,
        "reversal of the EPSC (mV)": gs.measure.reversal_potential(HOLDING, curves["I_AMPA"]),
        "reversal of the IPSC (mV)": gs.measure.reversal_potential(HOLDING, curves["I_GABA_A"]),
    }

    figure, (left, right) = panels("Cations in: inward current. Cl⁻ in: outward current")
    for name, colour, text in (("I_AMPA", AMPA, "EPSC, AMPA"), ("I_GABA_A", GABA, "IPSC, GABA$_A$")):
        left.plot(data.t, data[name][:, k], color=colour, label=text)
        right.plot(HOLDING, curves[name], "o-", color=colour, markersize=4, label=text)
    left.axhline(0, color=GREY, linewidth=0.6)
    left.annotate("outward (+)", (21, 4), color=GREY, fontsize=8)
    left.annotate("inward (−)", (21, -8), color=GREY, fontsize=8)
    right.axhline(0, color=GREY, linewidth=0.6)
    right.axvline(-75, color=GREY, linewidth=0.6, linestyle=":")
    right.annotate("E$_{Cl}$ = −75 mV", (-73, 45), color=GREY, fontsize=8)
    label(left, "time (ms)", "current (pA)", "held at −60 mV, 1 nS each")
    label(right, "holding potential (mV)", "peak current (pA)", "the sign is that of V − E$_{rev}$")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
