"""The network of Brunel and Wang (2001) and of Wang (2002), which `working_memory` and `decision` share.

Each group of excitatory cells prefers its own stimulus. Weights within a group are multiplied by w+ and those into it
from outside by w-, so that their mean is unchanged. Recurrent excitation is mostly through slow, saturating NMDA
receptors. Every cell receives background spikes at 2400 Hz.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gpusyn.connectivity.all_to_all import AllToAll
from gpusyn.errors import ArgumentError
from gpusyn.kinetics.saturating import Saturating
from gpusyn.models.demonstration import Built
from gpusyn.network.network import Network
from gpusyn.network.populations import Population
from gpusyn.neurons.lif import LIF
from gpusyn.parameters.distributions import Uniform
from gpusyn.parameters.scalars import listed, show
from gpusyn.parameters.waveform import time_window
from gpusyn.receptors.ampa import AMPA
from gpusyn.receptors.gaba_a import GABA_A
from gpusyn.receptors.nmda import NMDA

BACKGROUND = 2400.0  # Hz, to each cell
DELAY = 0.5  # ms
CELL_E = LIF(C_m=500.0, g_L=25.0, E_L=-70.0, V_th=-50.0, V_reset=-55.0, t_ref=2.0)
CELL_I = LIF(C_m=200.0, g_L=20.0, E_L=-70.0, V_th=-50.0, V_reset=-55.0, t_ref=1.0)
V = Uniform(-60.0, -50.0)  # mV, at the start
LEAST_SCALE = 0.02  # at which each group has some cells


class Conductances(NamedTuple):
    """Weights of a synapse (nS) onto one type of cell; those from within the network are for the published number."""

    external: float
    AMPA: float
    NMDA: float
    GABA: float


class Numbers(NamedTuple):
    """What distinguishes the two networks.

    Attributes
    ----------
    groups : int
        Number of selective groups, of which each has `fraction` of the excitatory cells.
    fraction : float
        Share of a group.
    w_plus : float
        Factor of the weights within a group.
    sizes : tuple of int
        Numbers of excitatory and inhibitory cells.
    onto_E, onto_I : Conductances
        Weights onto each type of cell.
    tau_GABA : float
        Time constant of inhibition (ms).
    """

    groups: int
    fraction: float
    w_plus: float
    sizes: tuple[int, int]
    onto_E: Conductances
    onto_I: Conductances
    tau_GABA: float

    @property
    def w_minus(self) -> float:
        """Factor of the weights into a group from other excitatory cells."""
        return 1.0 - self.fraction * (self.w_plus - 1.0) / (1.0 - self.fraction)


def attractor(n: Numbers, scale: float) -> Built:
    """Return the network with `scale` times the cells, in which every cell is connected to every cell.

    Weights within the network are divided by `scale`. E1, E2, ... are the groups, E0 is the rest of excitatory cells.
    """
    receptors = [
        AMPA(tau_decay=2.0),
        NMDA(Mg=1.0, kinetics=Saturating(alpha=0.5, tau_rise=2.0, tau_decay=100.0)),
        GABA_A(tau_decay=n.tau_GABA, E_rev=-70.0),
    ]
    N_E, N_I = (round(scale * size) for size in n.sizes)
    selective = round(n.fraction * N_E)
    net = Network()
    E = [net.population(f"E{k + 1}", selective, CELL_E, receptors=receptors, V=V) for k in range(n.groups)]
    rest = net.population("E0", N_E - n.groups * selective, CELL_E, receptors=receptors, V=V)
    I = net.population("I", N_I, CELL_I, receptors=receptors, V=V)

    def connect(pre: Population, post: Population, w: float = 1.0) -> None:
        g = n.onto_I if post is I else n.onto_E
        weight = {"GABA_A": g.GABA / scale} if pre is I else {"AMPA": w * g.AMPA / scale, "NMDA": w * g.NMDA / scale}
        net.connect(pre, post, AllToAll(), weight=weight, delay=DELAY)

    for pre in (*E, rest):
        for post in E:
            connect(pre, post, n.w_plus if pre is post else n.w_minus)
        connect(pre, rest)
        connect(pre, I)
    for post in (*E, rest, I):
        connect(I, post)
        g = n.onto_I if post is I else n.onto_E
        net.drive(post, "AMPA", rate=BACKGROUND, weight=g.external, name=f"background {post.name}")
    return net, {part.name: part for part in (*E, rest, I)}


def interval(given: Any, where: str) -> tuple[float, float]:
    """Return a checked pair of times (ms), of which the second is later.

    Raises
    ------
    ArgumentError
        If it is not a pair of numbers.
    ParameterError
        If the times are negative or not in order.
    """
    allowed = "a pair of times, (start, stop)"
    pair = listed(given, where, allowed)
    if len(pair) != 2 or pair[1] is None:
        raise ArgumentError(f"{where}: must be {allowed} (got {show(given)})")
    start, stop = time_window(pair[0], pair[1], where)
    assert stop is not None
    return start, stop
