"""A cell with four dendrites, its response to a volley and inhibition, and a sketch, which two stories share."""

import numpy as np
from telling import AMPA, GREY

import gpusyn as gs

DENDRITES = ("a", "b", "c", "d")
TIPS = {"soma": (0.0, 0.0), "a": (-1.0, 0.8), "b": (1.0, 0.8), "c": (1.0, -0.8), "d": (-1.0, -0.8)}  # of the sketch
REST, VOLLEY, LEAD = -70.0, 20.0, 2.0  # mV; when EPSCs begin, and how long before them the IPSC does (ms)


def respond(excited, excitation: float, inhibited, inhibition, V_th: float = -55.0, duration: float = 60.0):
    """Return V of all compartments (mV, with t in ms after the volley) and spikes of cells that get a volley.

    Each compartment in `excited` gets an EPSC of `excitation` nS. Cell k gets an IPSC of `inhibition[k]` nS before it,
    on the compartment `inhibited[k]`. It reverses at rest, so that it is nothing but a conductance.
    """
    dendrites = {name: gs.Dendrite(C_m=50.0, g_L=2.5, E_L=REST, g_c=15.0) for name in DENDRITES}
    model = gs.Compartments(soma=gs.LIF(C_m=100.0, g_L=5.0, E_L=REST, V_th=V_th), dendrites=dendrites)
    net = gs.Network()
    kinds = {name: [gs.AMPA(), gs.GABA_A(E_rev=REST)] for name in TIPS}
    cells = net.population("cells", len(inhibited), model, receptors=kinds)
    axon = net.population("axon", 1, gs.SpikeSource([VOLLEY - 1.0]))
    interneuron = net.population("interneuron", 1, gs.SpikeSource([VOLLEY - LEAD - 1.0]))
    for name in excited:
        net.connect(axon, cells, gs.AllToAll(), receptor=f"{name}.AMPA", weight=excitation)
    for k, (name, weight) in enumerate(zip(inhibited, inhibition, strict=True)):
        net.connect(interneuron, cells[k], gs.AllToAll(), receptor=f"{name}.GABA_A", weight=weight, name=f"IPSC {k}")
    spikes, traces = net.record(cells, ["spikes", "V", *(f"V_{name}" for name in DENDRITES)])
    with gs.Simulator(net, dt=0.05, seed=1) as sim:
        sim.run(duration)
        data = sim.data[traces]
        V = {name: np.asarray(data["V" if name == "soma" else f"V_{name}"]) for name in TIPS}
        return data.t - VOLLEY, V, [times - VOLLEY for times in sim.data[spikes].trains()]


def sketch(ax, excited, inhibited, place=(0.6, 0.45, 0.4, 0.5)):
    """Draw the cell into a panel: where it is excited, and where inhibited, a dict of compartments to colours."""
    inset = ax.inset_axes(place)
    inset.set(aspect="equal", xlim=(-1.4, 1.2), ylim=(-1.1, 1.1))
    inset.axis("off")
    for name in DENDRITES:
        x, y = TIPS[name]
        inset.plot([0.0, x], [0.0, y], color=GREY, linewidth=2.5, solid_capstyle="round", alpha=0.6)
    inset.text(1.2 * TIPS["a"][0], TIPS["a"][1], "a", fontsize=9, color=GREY, ha="center", va="center")
    inset.plot(0.0, 0.0, "o", color=GREY, markersize=14, markeredgecolor="white")
    for name in excited:
        inset.plot(0.9 * TIPS[name][0], 0.9 * TIPS[name][1], "^", color=AMPA, markersize=7)
    for name, colour in inhibited.items():
        inset.plot(0.5 * TIPS[name][0], 0.5 * TIPS[name][1], "o", color=colour, markersize=7)
