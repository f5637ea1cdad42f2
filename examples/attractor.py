"""The network of Brunel and Wang (2001) and of Wang (2002), which two stories share.

Each group of excitatory cells prefers its own stimulus. Weights within a group are multiplied by w+ and those into it
from outside by w-, so that their mean is unchanged. Recurrent excitation is mostly through slow, saturating NMDA
receptors. Every cell receives background spikes at 2400 Hz.
"""

from __future__ import annotations

from typing import NamedTuple

import gpusyn as gs

BACKGROUND = 2400.0  # Hz, to each cell
DELAY = 0.5  # ms
CELL_E = gs.LIF(C_m=500.0, g_L=25.0, E_L=-70.0, V_th=-50.0, V_reset=-55.0, t_ref=2.0)
CELL_I = gs.LIF(C_m=200.0, g_L=20.0, E_L=-70.0, V_th=-50.0, V_reset=-55.0, t_ref=1.0)


class Conductances(NamedTuple):
    """Weights of a synapse (nS) onto one type of cell."""

    external: float
    AMPA: float
    NMDA: float
    GABA: float


class Attractor(NamedTuple):
    """The network, its selective groups, and the other cells."""

    net: gs.Network
    groups: list[gs.Population]
    nonselective: gs.Population
    inhibitory: gs.Population


def attractor_network(
    *,
    groups: int,
    fraction: float,
    w_plus: float,
    sizes: tuple[int, int],
    onto_E: Conductances,
    onto_I: Conductances,
    tau_GABA: float,
) -> Attractor:
    """Describe a network of `sizes` excitatory and inhibitory cells, in which every cell is connected to every cell.

    Each group contains `fraction` of the excitatory cells.
    """
    receptors = [
        gs.AMPA(tau_decay=2.0),
        gs.NMDA(Mg=1.0, kinetics=gs.kinetics.Saturating(alpha=0.5, tau_rise=2.0, tau_decay=100.0)),
        gs.GABA_A(tau_decay=tau_GABA, E_rev=-70.0),
    ]
    N_E, N_I = sizes
    selective = round(fraction * N_E)
    w_minus = 1.0 - fraction * (w_plus - 1.0) / (1.0 - fraction)

    net = gs.Network()
    start = gs.Uniform(-60.0, -50.0)
    E = [net.population(f"E{k + 1}", selective, CELL_E, receptors=receptors, V=start) for k in range(groups)]
    rest = net.population("E0", N_E - groups * selective, CELL_E, receptors=receptors, V=start)
    I = net.population("I", N_I, CELL_I, receptors=receptors, V=start)

    def connect(pre: gs.Population, post: gs.Population, w: float = 1.0) -> None:
        g = onto_I if post is I else onto_E
        weight = {"GABA_A": g.GABA} if pre is I else {"AMPA": w * g.AMPA, "NMDA": w * g.NMDA}
        net.connect(pre, post, gs.AllToAll(), weight=weight, delay=DELAY)

    for pre in (*E, rest):
        for post in E:
            connect(pre, post, w_plus if pre is post else w_minus)
        connect(pre, rest)
        connect(pre, I)
    for post in (*E, rest, I):
        connect(I, post)
        g = onto_I if post is I else onto_E
        net.drive(post, "AMPA", rate=BACKGROUND, weight=g.external, name=f"background {post.name}")
    return Attractor(net, E, rest, I)
