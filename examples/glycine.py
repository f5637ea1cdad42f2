"""What happens to an EPSC when glycine is washed out?

NMDA receptors open only if both glutamate *and* glycine (or D-serine) are bound. Glycine is an ambient co-agonist of
about 10 uM, which spikes do not release. Without glycine there is no NMDA current, whatever the synapse does; the AMPA
current is unchanged.
"""

import numpy as np
from telling import AMPA, GREY, NMDA, label, panels, tell

import gpusyn as gs

EVENTS = np.arange(200.0, 4200.0, 400.0)  # ms
BATH = gs.Waveform([0.0, 1300.0, 1500.0, 2500.0, 2700.0], [10.0, 10.0, 0.0, 0.0, 10.0], "linear")  # uM
BEFORE, WITHOUT, AFTER = 1000.0, 2200.0, 3800.0  # events that are compared


def story(small: bool = False):
    net = gs.Network()
    receptors = [gs.AMPA(), gs.NMDA(Mg=1.0, glycine=BATH)]
    cell = net.population("cell", 1, gs.LIF(), receptors=receptors)
    net.clamp(cell, -40.0)
    axon = net.population("axon", 1, gs.SpikeSource(EVENTS - 1.0))
    net.connect(axon, cell, gs.AllToAll(), weight={"AMPA": 1.0, "NMDA": 1.0})
    currents = net.record(cell, ["I_AMPA", "I_NMDA"])
    with gs.Simulator(net, dt=0.1, seed=1) as sim:
        sim.run(4200.0)
        data = sim.data[currents]

    def peak(name: str, event: float) -> float:
        return float(data[name][(data.t >= event) & (data.t < event + 100.0)].min())

    numbers = {
        f"{name} {when} (pA)": peak(f"I_{name}", event)
        for name in ("AMPA", "NMDA")
        for when, event in (("with glycine", BEFORE), ("without", WITHOUT), ("again with", AFTER))
    }

    figure, (top, middle, bottom) = panels("Without glycine no NMDA current; AMPA stays as it is", 1, 3, sharex=True)
    figure.set_size_inches(8.4, 5.2)
    for ax in (top, middle, bottom):
        ax.axvspan(BATH.times[2], BATH.times[3], color=GREY, alpha=0.15, linewidth=0)
    top.plot(data.t, BATH.sample(data.t), color=GREY)
    middle.plot(data.t, data["I_AMPA"][:, 0], color=AMPA, linewidth=1)
    bottom.plot(data.t, data["I_NMDA"][:, 0], color=NMDA, linewidth=1)
    label(top, "", "glycine (µM)", "one synapse active every 400 ms, held at −40 mV; shaded: no glycine", legend=False)
    label(middle, "", "AMPA current (pA)", legend=False)
    label(bottom, "time (ms)", "NMDA current (pA)", legend=False)
    return numbers, figure


if __name__ == "__main__":
    tell(story)
