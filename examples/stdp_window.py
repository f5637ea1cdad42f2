"""When does a synapse grow, and when does it shrink? The window of STDP, and what the delay does to it

If a spike of the axon reaches the synapse before one of the cell does, the synapse grows by A+ exp(-lag / tau+), and in
the other order it shrinks by A- exp(lag / tau-); if they meet, nothing changes. What counts is the time at the
synapse. A spike of the cell needs the dendritic part of the delay to get there, and one of the axon the axonal part,
so that an electrode in the soma sees a window that is shifted by the difference.
"""

import numpy as np
from pairing import changes
from telling import AMPA, GABA, GREY, ORANGE, label, panels, tell

import gpusyn as gs

A_PLUS, A_MINUS, TAU = 0.005, 0.00525, 20.0  # Song, Miller & Abbott 2000
RULE = gs.STDP(A_plus=A_PLUS, A_minus=A_MINUS, tau_plus=TAU, tau_minus=TAU)
LAGS = np.arange(-60.0, 61.0, 5.0)  # ms, post after pre
DELAY = 10.0  # ms
PARTS = {0.0: AMPA, 0.5: GREY, 1.0: ORANGE}  # axonal part of the delay: colour
AT = 200.0  # ms


def window(lag):
    """Return the change for a lag at the synapse (ms), in closed form; NaN where the spikes meet."""
    later, earlier = A_PLUS * np.exp(-np.abs(lag) / TAU), -A_MINUS * np.exp(-np.abs(lag) / TAU)
    return np.select([lag > 0, lag < 0], [later, earlier], np.nan)


def story(small: bool = False):
    pre = [[AT]] * len(LAGS)
    at_synapse = changes(RULE, pre, [[AT + lag - 1.0] for lag in LAGS])  # 1 ms along the dendrite
    at_soma = {part: changes(RULE, pre, [[AT + lag] for lag in LAGS], DELAY, part) for part in PARTS}
    at = {lag: int(np.flatnonzero(lag == LAGS)[0]) for lag in (-10.0, -5.0, 0.0, 5.0, 10.0)}
    numbers = {
        "pre 10 ms before post, change / w_max": at_synapse[at[10.0]],
        "pre 10 ms after post": at_synapse[at[-10.0]],
        "at the same time": at_synapse[at[0.0]],
        "largest error, of A+": np.nanmax(np.abs(at_synapse - window(LAGS))) / A_PLUS,
        "soma 5 ms after the axon, all 10 ms dendritic": at_soma[0.0][at[5.0]],
        "soma 5 ms after the axon, all 10 ms axonal": at_soma[1.0][at[5.0]],
        "soma 5 ms before the axon, all 10 ms dendritic": at_soma[0.0][at[-5.0]],
    }

    figure, (left, right) = panels("A synapse that helps to fire its cell grows; time counts at the synapse")
    fine = np.linspace(-60.0, 60.0, 601)
    left.plot(fine, 100 * window(fine), color=GREY, label="closed form")
    for sign, colour, text in ((1, AMPA, "grows"), (-1, GABA, "shrinks"), (0, GREY, "no change")):
        shown = np.sign(at_synapse) == sign
        left.plot(LAGS[shown], 100 * at_synapse[shown], "o", color=colour, markersize=4, label=text)
    for part, colour in PARTS.items():
        right.plot(fine, 100 * window(fine + (1 - 2 * part) * DELAY), color=colour, linewidth=1)
        text = {0.0: "dendritic (default)", 1.0: "axonal"}.get(part, "half and half")
        right.plot(LAGS, 100 * at_soma[part], "o", color=colour, markersize=4, label=text)
    for ax in (left, right):
        ax.axhline(0, color=GREY, linewidth=0.6)
        ax.axvline(0, color=GREY, linewidth=0.6)
        ax.set_ylim(-0.6, 0.6)
    label(left, "post − pre, at the synapse (ms)", "change (% of w$_{max}$)", "one pair of spikes")
    label(right, "post − pre, at the somata (ms)", "change (% of w$_{max}$)", "a delay of 10 ms: which part?")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
