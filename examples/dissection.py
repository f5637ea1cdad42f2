"""Which receptors carry an EPSC? Two antagonists answer the question.

CNQX blocks AMPA receptors: it leaves 1 / (1 + 10 uM / 0.3 uM) = 3 % of the AMPA current, and the rest of the EPSC is
slow. D-AP5 blocks NMDA receptors: it leaves 1 / (1 + 50 uM / 1.4 uM) = 3 % of the NMDA current. The current that a drug
removes is the component on which it acts. Both drugs wash out.
"""

import numpy as np
from telling import AMPA, GREY, NMDA, PURPLE, label, panels, tell

import gpusyn as gs

EVERY = 500.0  # ms between events
DRUGS = {"CNQX": (10.0, 2000.0, 6000.0), "D-AP5": (50.0, 4000.0, 6000.0)}  # uM, from and to (ms)
SHOWN = {"control": 1500.0, "CNQX": 3500.0, "CNQX + D-AP5": 5500.0, "wash": 8500.0}  # events


def experiment():
    """Record the total synaptic current, as an electrode does, while drugs are washed in and out."""
    net = gs.Network()
    cell = net.population("cell", 1, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA()])
    net.clamp(cell, -30.0)
    axon = net.population("axon", 1, gs.SpikeSource(np.arange(EVERY, 9000.0, EVERY) - 1.0))
    net.connect(axon, cell, gs.AllToAll(), weight={"AMPA": 2.0, "NMDA": 2.0})
    for drug, (concentration, start, stop) in DRUGS.items():
        net.infuse(drug, concentration=concentration, start=start, stop=stop, wash_in=150.0, wash_out=250.0)
    currents = net.record(cell, ["I_AMPA", "I_NMDA"])
    with gs.Simulator(net, dt=0.1, seed=1) as sim:
        sim.run(9000.0)
        data = sim.data[currents]
    return data.t, (data["I_AMPA"] + data["I_NMDA"])[:, 0].astype(float)


def story(small: bool = False):
    t, I = experiment()

    def epsc(event: float):
        around = (t >= event - 20.0) & (t < event + 300.0)
        return t[around] - event, I[around]

    peaks = {what: gs.measure.psc(*epsc(event), onset=0.0, fit=False) for what, event in SHOWN.items()}
    numbers = {f"peak, {what} (pA)": psc.peak for what, psc in peaks.items()}
    numbers |= {f"half-width, {what} (ms)": peaks[what].half_width for what in ("control", "CNQX")}
    numbers |= {f"charge, {what} (fC)": psc.charge for what, psc in peaks.items()}

    figure, (left, right) = panels("CNQX leaves the slow NMDA current, D-AP5 removes it too; both wash out")
    events = np.arange(EVERY, 9000.0, EVERY)
    left.plot(events / 1000, [epsc(event)[1].min() for event in events], "o", color=GREY, markersize=4)
    for (drug, (concentration, start, stop)), y, colour in zip(DRUGS.items(), (4.0, 10.0), (AMPA, NMDA), strict=True):
        left.hlines(y, start / 1000, stop / 1000, color=colour, linewidth=4)
        text = f"{drug} {concentration:g} µM"
        left.annotate(text, (stop / 1000 + 0.1, y), color=colour, fontsize=8, va="center")
    left.set_yticks(range(-60, 1, 20))
    for (what, event), colour in zip(SHOWN.items(), (GREY, NMDA, PURPLE), strict=False):
        right.plot(*epsc(event), color=colour, label=what)
    removed = epsc(SHOWN["control"])[1] - epsc(SHOWN["CNQX"])[1]
    right.plot(epsc(1500.0)[0], removed, color=AMPA, linestyle="--", label="control − CNQX")
    right.set_xlim(-20, 150)
    label(left, "time (s)", "peak of each EPSC (pA)", "held at −30 mV", legend=False)
    label(right, "time (ms)", "current (pA)", "EPSCs")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
