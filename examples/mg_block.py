"""What makes the NMDA receptor a coincidence detector?

At negative potentials Mg2+ blocks the open channel, and depolarisation drives it out: B(V) = 1 / (1 + [Mg]/3.57
exp(-0.062 V)). The inward current therefore *grows* with depolarisation up to -27 mV. In this region of negative slope
presynaptic glutamate has an effect only if the postsynaptic cell is already depolarised. Without Mg2+ the I-V curve is
a straight line.
"""

import numpy as np
from telling import GREY, NMDA, ORANGE, PURPLE, label, panels, tell

import gpusyn as gs

POTENTIALS = np.arange(-100.0, 42.0, 2.0)  # mV
CONCENTRATIONS = {0.0: ORANGE, 0.1: PURPLE, 1.0: NMDA}  # mM: colour


def story(small: bool = False):
    curves = {Mg: gs.measure.iv_curve(gs.NMDA(Mg=Mg), POTENTIALS, duration=15.0) for Mg in CONCENTRATIONS}
    blocked, free = curves[1.0], curves[0.0]
    at = {V: int(np.flatnonzero(POTENTIALS == V)[0]) for V in (-70.0, -40.0)}
    low, high = blocked.negative_slope
    numbers = {
        "largest inward current in 1 mM Mg (pA)": float(blocked.peak.min()),
        "negative slope ends at (mV)": high,
        "unblocked at -70 mV": blocked.peak[at[-70.0]] / free.peak[at[-70.0]],
        "unblocked at -40 mV": blocked.peak[at[-40.0]] / free.peak[at[-40.0]],
        "reversal in 1 mM Mg (mV)": blocked.reversal_potential(),
        "regions of negative slope without Mg": float(free.negative_slope is not None),
    }

    figure, (left, right) = panels("In Mg$^{2+}$ the NMDA current grows with depolarisation, up to −27 mV")
    for Mg, curve in curves.items():
        left.plot(curve.V, curve.peak, color=CONCENTRATIONS[Mg], label=f"{Mg:g} mM Mg$^{{2+}}$")
        flows = free.reversal_potential() != curve.V
        right.plot(curve.V[flows], curve.peak[flows] / free.peak[flows], color=CONCENTRATIONS[Mg], label=f"{Mg:g} mM")
    left.axvspan(low, high, color=NMDA, alpha=0.12, linewidth=0, label="negative slope, 1 mM")
    left.axhline(0, color=GREY, linewidth=0.6)
    label(left, "holding potential (mV)", "peak current (pA)", "I-V curve of 1 nS")
    label(right, "holding potential (mV)", "fraction not blocked", "B(V): the current over that without Mg$^{2+}$")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
