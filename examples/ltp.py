"""What makes a synapse grow for good, and what makes it shrink? Calcium through NMDA receptors

Long-term potentiation (Bliss & Lømo 1973) takes two things at once: transmitter and a depolarized target. NMDA
receptors detect that they meet, because magnesium blocks their channels at rest (Nowak et al. 1984). The calcium that
they let in is the messenger; what grows is the response of AMPA receptors (Malenka & Bear 2004). Left: a spike of the
axon each second changes nothing, but if the cell fires three times after it, the synapse grows. Not so in D-AP5, which
keeps glutamate off NMDA receptors, and not without glycine, which they need too. With little magnesium, or with the
cell held at −30 mV, no partner is needed. Right: the same number of spikes of many axons makes a synapse shrink at low
rates and grow at high ones, as more calcium comes when responses add up (Shouval, Bear & Cooper 2002).
"""

import numpy as np
from telling import AMPA, GREY, NMDA, ORANGE, PURPLE, SKY, label, panels, tell

import gpusyn as gs

DT = 0.5  # ms
W_MAX, REST = 2.0, 0.25  # nS, and the weight at rest in units of it
RATES = np.array([1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0])  # Hz
CONDITIONS = ("paired", "axon alone", "paired, D-AP5", "paired, no glycine", "low Mg, alone", "held at -30 mV, alone")


def synapse(net: gs.Network, name: str, times, receptor: gs.Receptor) -> gs.Population:
    """Add cells, each with a synapse that learns; `times` are those of the axon of each cell."""
    axons = net.population(f"axons, {name}", len(times), gs.SpikeSource(times))
    cells = net.population(name, len(times), gs.LIF(V_th=-50.0), receptors=[gs.AMPA(), receptor])
    weight = {"AMPA": REST * W_MAX, "NMDA": 0.05}
    net.connect(axons, cells, gs.OneToOne(), weight=weight, w_max={"AMPA": W_MAX}, plasticity=gs.NMDAPlasticity(),
                name=f"to {name}")  # fmt: skip
    return cells


def pairing(pairs: int):
    """Return the times, and the course of the weight in units of W_MAX in each condition."""
    times = 100.0 + 1000.0 * np.arange(pairs)
    weights = {}
    for drug in (None, "D-AP5"):
        net = gs.Network()
        for name in [c for c in CONDITIONS if ("D-AP5" in c) == (drug is not None)]:
            receptor = gs.NMDA(Mg=0.05 if "low Mg" in name else 1.0, glycine=0.0 if "glycine" in name else 10.0)
            cells = synapse(net, name, [times], receptor)
            if "held" in name:
                net.clamp(cells, -30.0)
            if "paired" in name:
                pulses = (times[:, np.newaxis] + [8.0, 10.0, 18.0, 20.0, 28.0, 30.0]).ravel()
                net.inject(cells, gs.Waveform(pulses, [3000.0, 0.0] * 3 * pairs))
            net.record(f"to {name}", "weight_AMPA", every=100.0, name=f"weight of {name}")
        if drug is not None:
            net.infuse(drug, 200.0)
        with gs.Simulator(net, dt=DT, precision="double") as sim:
            sim.run(1000.0 * pairs)
            for name, data in sim.data.items():
                t, weights[name.removeprefix("weight of ")] = data.t, data["weight_AMPA"][:, 0] / W_MAX
    return t / 1000.0, {name: weights[name] for name in CONDITIONS}


def rates_alone(rates, pulses: int, drug: str | None = None):
    """Return the weight, in units of W_MAX, after pulses at each rate that many other axons get too."""
    net, trains = gs.Network(), [100.0 + np.round(1000.0 / rate * np.arange(pulses) / DT) * DT for rate in rates]
    cells = synapse(net, "cells", trains, gs.NMDA())
    net.connect("axons, cells", cells, gs.OneToOne(), receptor="AMPA", weight=44.0, name="the other axons")
    if drug is not None:
        net.infuse(drug, 200.0)
    with gs.Simulator(net, dt=DT, precision="double") as sim:
        sim.run(max(train[-1] for train in trains) + 500.0)
        return sim.weights("to cells").weight["AMPA"] / W_MAX


def story(small: bool = False):
    figure, (left, right) = panels("NMDA receptors decide: LTP needs transmitter and a depolarized cell")
    t, courses = pairing(10 if small else 40)
    numbers = {name: course[-1] for name, course in courses.items()}
    styles = (NMDA, "-"), (GREY, "-"), (AMPA, "--"), (PURPLE, ":"), (ORANGE, "-"), (SKY, "-")
    for (name, course), (colour, style) in zip(courses.items(), styles, strict=True):
        left.plot(t, course, style, color=colour, label=name)
    label(left, "time (s)", "weight of AMPA (w$_{max}$)", "a spike of the axon each second", legend=False)
    left.legend(loc="lower right", bbox_to_anchor=(1.0, 0.06), fontsize=7, frameon=False)
    rates = RATES[[0, 3, 7]] if small else RATES
    for drug, colour in ((None, NMDA), ("D-AP5", AMPA)):
        W = rates_alone(rates, 30 if small else 100, drug)
        name = "axons alone" if drug is None else f"in {drug}"
        numbers |= {f"{name}, {rate:g} Hz": w for rate, w in zip(rates, W, strict=True)}
        right.semilogx(rates, W, "-o", color=colour, markersize=4, label=name)
    right.axhline(REST, color=GREY, linewidth=0.6)
    label(right, "rate (Hz)", "weight afterwards (w$_{max}$)", "the same number of spikes at each rate", legend=True)
    return numbers, figure


if __name__ == "__main__":
    tell(story)
