"""Why does inhibition at the soma stop a spike that it cannot stop on a dendrite?

A volley spread over four dendrites fires the cell. All of its current flows through the soma, so an IPSC there that
begins 2 ms earlier shunts it all and vetoes the spike. The same IPSC on one dendrite silences that dendrite, and leaves
the volley of the other three standing: however large it is, no more current can leave through the dendrite than the
conductance between it and the soma lets pass. Somata and first segments of axons are where basket and chandelier cells
sit.
"""

import numpy as np
from branched import DENDRITES, respond, sketch
from telling import AMPA, GABA, GREY, ORANGE, SKY, label, panels, tell

EXCITATION, INHIBITION, THRESHOLD = 25.0, 80.0, -55.0  # nS on each dendrite, nS, mV
SHOWN = {"no IPSC": ("soma", 0.0), "IPSC on dendrite a": ("a", INHIBITION), "IPSC at the soma": ("soma", INHIBITION)}
SIZES = np.geomspace(1.0, 10000.0, 81)  # nS


def story(small: bool = False):
    inhibited, inhibition = zip(*SHOWN.values(), strict=True)
    t, V, spikes = respond(DENDRITES, EXCITATION, inhibited, inhibition)
    places, half = ["soma"] * len(SIZES) + ["a"] * len(SIZES), len(SIZES)
    _, highest, _ = respond(DENDRITES, EXCITATION, places, [*SIZES, *SIZES], V_th=0.0)  # cells that cannot fire
    at_soma, on_a = np.split(highest["soma"].max(axis=0), [half])
    numbers = {f"spikes, {text}": len(times) for text, times in zip(SHOWN, spikes, strict=True)}
    numbers |= {
        "time of the spike, no IPSC (ms)": spikes[0][0],
        "time of the spike, IPSC on dendrite a (ms)": spikes[1][0],
        "highest V of the soma, IPSC at the soma (mV)": V["soma"][:, 2].max(),
        "highest V of dendrite a, IPSC on it (mV)": V["a"][:, 1].max(),
        "smallest IPSC at the soma that vetoes (nS)": np.interp(-THRESHOLD, -at_soma, SIZES),
        "IPSCs on dendrite a that veto": np.sum(on_a < THRESHOLD),
        "highest V of the soma, 10 uS on dendrite a (mV)": on_a[-1],
    }

    figure, axes = panels("An IPSC at the soma vetoes what four dendrites collect; one on a dendrite does not", 2, 2)
    for k, (ax, (text, (place, weight))) in enumerate(zip(axes, SHOWN.items(), strict=False)):
        ax.plot(t, V["b"][:, k], color=SKY, label="dendrites b, c, d")
        ax.plot(t, V["a"][:, k], "--", color=ORANGE, label="dendrite a")
        ax.plot(t, V["soma"][:, k], color=AMPA, label="soma")
        ax.vlines(spikes[k], THRESHOLD, -20.0, color=AMPA)
        ax.axhline(THRESHOLD, color=GREY, linewidth=0.8, linestyle="--")
        ax.set(xlim=(-5.0, 20.0), ylim=(-75.0, -15.0))
        sketch(ax, DENDRITES, {place: GABA} if weight else {})
        label(ax, "time after the volley (ms)", "V (mV)", text.replace("IPSC ", "IPSC of 80 nS "), legend=False)
    axes[2].legend(frameon=False, fontsize=8, loc="upper left")
    for values, place, colour in ((on_a, "on dendrite a", ORANGE), (at_soma, "at the soma", GABA)):
        axes[3].semilogx(SIZES, values, color=colour, label=place)
    axes[3].axhline(THRESHOLD, color=GREY, linewidth=0.8, linestyle="--", label="threshold")
    label(
        axes[3],
        "conductance of the IPSC (nS)",
        "highest V of the soma (mV)",
        "IPSCs of all sizes, cells that cannot fire",
    )
    return numbers, figure


if __name__ == "__main__":
    tell(story)
