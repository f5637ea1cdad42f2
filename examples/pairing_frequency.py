"""Why does the order of spikes matter less at high rates? Triplets of spikes (Pfister & Gerstner 2006)

Sixty pairs at 10 ms change synapses of the visual cortex by an amount that depends on the rate of the pairs. With
pre before post they hardly grow at 1 Hz and much at 50 Hz; with post before pre they shrink, but above 40 Hz they grow
too (Sjöström, Turrigiano & Nelson 2001). Pairs of spikes cannot explain this: at high rates both orders occur, and
they cancel. In the triplet rule a synapse grows only if two spikes of the cell are close to one of the axon.
"""

import numpy as np
from pairing import changes
from telling import AMPA, GABA, GREY, label, panels, tell

import gpusyn as gs

PAIRS, LAG = 60, 10.0  # ms
RATES = np.array([1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 40.0, 50.0])  # Hz
# The visual cortex, all to all, minimal: changes relative to the first weight, which here is w_max / 2.
TRIPLET = gs.TripletSTDP(
    A2_plus=0.0, A3_plus=6.5e-3 / 2, A2_minus=7.1e-3 / 2, A3_minus=0.0, tau_plus=16.8, tau_minus=33.7, tau_y=114.0
)
PAIR = gs.STDP(A_plus=6.5e-3 / 2, A_minus=7.1e-3 / 2, tau_plus=16.8, tau_minus=33.7)  # the same window of one pair
MEASURED = {  # Sjöström et al. 2001 as Pfister & Gerstner fitted them: rate (Hz), change, standard error
    "pre before post": ([0.1, 10, 20, 40, 50], [-0.04, 0.14, 0.29, 0.53, 0.56], [0.05, 0.10, 0.14, 0.11, 0.26]),
    "post before pre": ([0.1, 10, 20, 40, 50], [-0.29, -0.41, -0.34, 0.56, 0.75], [0.08, 0.11, 0.10, 0.32, 0.19]),
}
ORDERS = {"pre before post": (1, AMPA), "post before pre": (-1, GABA)}


def relative(plasticity, rates, sign: int):
    """Return the changes after PAIRS pairs at each rate, relative to the first weight."""
    trains = [200.0 + 1000.0 / rate * np.arange(PAIRS) for rate in rates]
    return 2 * changes(plasticity, trains, [train + sign * LAG - 1.0 for train in trains])  # 1 ms along the dendrite


def story(small: bool = False):
    rates = RATES[RATES >= 10.0] if small else RATES
    numbers = {}
    figure, axes = panels("The rate of pairing decides: triplets of spikes explain it, pairs do not", sharey=True)
    for (name, rule), ax in zip({"triplets": TRIPLET, "pairs": PAIR}.items(), axes, strict=True):
        for order, (sign, colour) in ORDERS.items():
            change = relative(rule, rates, sign)
            numbers |= {
                f"{name}, {order}, {r:g} Hz": w for r, w in zip(rates, change, strict=True) if r in (1, 10, 20, 40, 50)
            }
            ax.plot(rates, 100 * change, "-o", color=colour, markersize=4, label=order)
            at, mean, error = MEASURED[order]
            ax.errorbar(
                at,
                100 * np.array(mean),
                100 * np.array(error),
                fmt="s",
                color=colour,
                markersize=4,
                alpha=0.45,
                linewidth=1,
            )
        ax.errorbar([], [], [], fmt="s", color=GREY, markersize=4, alpha=0.6, label="measured, ± s.e.")
        ax.axhline(0, color=GREY, linewidth=0.6)
        label(ax, "rate of the pairs (Hz)", "change of the weight (%)", f"rule of {name}", legend=name == "triplets")
    return numbers, figure


if __name__ == "__main__":
    tell(story)
