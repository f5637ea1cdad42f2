"""Can a synapse inhibit a cell without changing its resting potential?

If E_Cl equals the resting potential, an IPSC carries no current at rest and gives no IPSP. Its conductance still
shunts: an EPSP that begins 3 ms later is 14 % smaller. The shunt lasts as long as the conductance, and it also reduces
EPSPs that begin shortly before it.
"""

import numpy as np
from telling import AMPA, GABA, GREY, PURPLE, label, panels, tell

import gpusyn as gs

REST = -70.0  # mV
EPSP, LAG = 60.0, np.append(np.arange(-50.0, 21.0, 1.0), np.inf)  # ms; the last cell gets no IPSC
EXCITATION, INHIBITION = 5.0, 20.0  # nS


def cells_with_both(excitation: float):
    """Record cells with an EPSP; in cell k the IPSC begins LAG[k] ms after it."""
    net = gs.Network()
    receptors = [gs.AMPA(), gs.GABA_A(tau_decay=8.0, E_rev=REST)]
    cells = net.population("cells", len(LAG), gs.LIF(V_th=100.0), receptors=receptors)
    glutamate = net.population("glutamate", 1, gs.SpikeSource([EPSP - 1.0]))
    gaba = net.population("gaba", len(LAG), gs.SpikeSource([[EPSP + lag - 1.0] if lag < np.inf else [] for lag in LAG]))
    net.connect(glutamate, cells, gs.AllToAll(), receptor="AMPA", weight=excitation)
    net.connect(gaba, cells, gs.OneToOne(), receptor="GABA_A", weight=INHIBITION)
    V = net.record(cells, "V")
    with gs.Simulator(net, dt=0.1, seed=1) as sim:
        sim.run(110.0)
        return sim.data[V]


def story(small: bool = False):
    both, inhibition = cells_with_both(EXCITATION), cells_with_both(0.0)
    height = both["V"].max(axis=0) - REST
    factor = height[:-1] / height[-1]
    example = int(np.flatnonzero(LAG == -3.0)[0])
    numbers = {
        "IPSP alone (mV)": float(np.abs(inhibition["V"] - REST).max()),
        "EPSP alone (mV)": height[-1],
        "EPSP 3 ms after an IPSC, relative": factor[example],
        "EPSP 50 ms after an IPSC, relative": factor[0],
        "EPSP 20 ms before an IPSC, relative": factor[-1],
    }

    figure, (left, right) = panels("At E$_{Cl}$ = V$_{rest}$ an invisible IPSC reduces an EPSP 3 ms later by 14 %")
    left.plot(both.t, both["V"][:, -1], color=AMPA, label="EPSP alone")
    left.plot(inhibition.t, inhibition["V"][:, example], color=GABA, label="IPSC alone: no IPSP")
    left.plot(both.t, both["V"][:, example], color=PURPLE, linestyle="--", label="IPSC, EPSP 3 ms later")
    left.set_xlim(EPSP - 10, EPSP + 45)
    right.plot(LAG[:-1], 100 * factor, ".-", color=PURPLE, markersize=4)
    right.plot(-3, 100 * factor[example], "o", color=PURPLE)
    right.annotate("3 ms before", (-5, 100 * factor[example]), color=PURPLE, ha="right", fontsize=8)
    right.axvline(0, color=GREY, linewidth=0.6, linestyle=":")
    right.axhline(100, color=GREY, linewidth=0.6)
    label(left, "time (ms)", "V (mV)", f"{EXCITATION:g} nS AMPA, {INHIBITION:g} nS GABA$_A$")
    label(
        right,
        "onset of the IPSC after the EPSP (ms)",
        "peak of the EPSP (%)",
        "when it acts",
        legend=False,
    )
    return numbers, figure


if __name__ == "__main__":
    tell(story)
