"""Where must inhibition sit to cut an EPSP? On its path to the soma (Koch, Poggio & Torre 1983)

Inhibition that reverses at rest has no IPSP: it only opens a shunt. An EPSP of dendrite a is cut most by a shunt on
that dendrite itself or at the soma, which is on the path of all dendrites to the axon. The same shunt on another
dendrite is off the path: however large it is, it draws no more current than the conductance between that dendrite and
the soma lets pass. Behind the excitation, a shunt does least: if the soma is excited, one on a dendrite leaves nearly
all of the EPSP.
"""

import numpy as np
from branched import REST, respond, sketch
from telling import GABA, GREY, ORANGE, PURPLE, SKY, label, panels, tell

EXCITATION, INHIBITION = 10.0, 30.0  # nS
SIZES = np.sort([*np.geomspace(1.0, 10000.0, 41), INHIBITION])  # nS
PLACES = {"a": PURPLE, "soma": GABA, "b": ORANGE}  # where the IPSC of an EPSP on dendrite a is: colour
NAMES = {"a": "on the same dendrite", "soma": "at the soma", "b": "on another dendrite"}


def epsps(excited, inhibited, inhibition):
    """Return times (ms), and EPSPs of the soma (mV), one for each IPSC."""
    t, V, _ = respond([excited], EXCITATION, inhibited, inhibition, V_th=0.0)
    return t, V["soma"] - REST


def left(excited, inhibited):
    """Return which part of the EPSP of the soma an IPSC of each size leaves."""
    _, EPSP = epsps(excited, [inhibited] * (len(SIZES) + 1), [0.0, *SIZES])
    peaks = EPSP.max(axis=0)
    return peaks[1:] / peaks[0]


def story(small: bool = False):
    t, EPSP = epsps("a", ["soma", *PLACES], [0.0, *[INHIBITION] * len(PLACES)])
    curves = {NAMES[place]: (left("a", place), colour) for place, colour in PLACES.items()}
    curves["behind an excited soma"] = left("soma", "a"), SKY
    numbers = {"EPSP of dendrite a at the soma (mV)": EPSP[:, 0].max()}
    for text, (parts, _) in curves.items():
        numbers[f"IPSC {text}: 30 nS leave"] = parts[SIZES == INHIBITION][0]
        numbers[f"IPSC {text}: 10 uS leave"] = parts[-1]

    figure, axes = panels("Inhibition cuts an EPSP on its path to the soma, and hardly beside or behind it")
    axes[0].plot(t, EPSP[:, 0], color=GREY, label="no IPSC")
    for k, (place, colour) in enumerate(PLACES.items(), start=1):
        axes[0].plot(t, EPSP[:, k], color=colour, label=f"IPSC {NAMES[place]}")
    axes[0].set(xlim=(-5.0, 40.0), ylim=(0.0, 5.2))
    sketch(axes[0], ["a"], PLACES, (0.66, 0.42, 0.34, 0.5))
    label(
        axes[0],
        "time after the EPSC (ms)",
        "EPSP at the soma (mV)",
        "an EPSC on dendrite a, IPSCs of 30 nS",
        legend=False,
    )
    axes[0].legend(frameon=False, fontsize=8, loc="upper left")
    for text, (parts, colour) in curves.items():
        axes[1].semilogx(SIZES, 100 * parts, color=colour, label=text)
    axes[1].set_ylim(0.0, 105.0)
    label(axes[1], "conductance of the IPSC (nS)", "left of the EPSP (%)", "IPSCs of all sizes", legend=False)
    axes[1].legend(frameon=False, fontsize=8, loc="lower left")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
