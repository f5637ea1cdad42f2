"""What the cases of digests.json are made of: how a network is run, and the parts that several networks share."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import gpusyn as gs
from tests.helpers.paths import ROOT as ROOT

CIRCUIT = Path("shared", "data", "allen_300_pointneurons")


def nothing(sim: gs.Simulator) -> None:
    """Leave a simulation as it is."""


def here() -> None:
    """Say that nothing is missing."""


@dataclass(frozen=True)
class Case:
    """A network with how to run it, in ms.

    `midway` is called with the simulator after half of the steps. `lacks` gives the reason why this machine cannot
    run the case, or None.
    """

    name: str
    network: Callable[[], gs.Network]
    duration: float
    dt: float = 0.1
    seed: int = 1
    precisions: tuple[str, ...] = ("single", "double")
    midway: Callable[[gs.Simulator], None] = nothing
    lacks: Callable[[], str | None] = here


CASES: dict[str, Case] = {}
k = gs.kinetics


def case(duration: float, *, name: str = "", **options: Any) -> Callable[[Any], Any]:
    """Make a function that builds a network a case, named as the function unless a name is given."""

    def keep(network: Callable[[], gs.Network]) -> Callable[[], gs.Network]:
        made = Case(name or network.__name__.replace("_", " "), network, duration, **options)
        CASES[made.name] = made
        return network

    return keep


def line(n: int, low: float, step: float) -> np.ndarray:
    """Return `n` numbers, `step` apart."""
    return low + np.arange(n) * step


def record(net: gs.Network, *, every: float | None = None) -> None:
    """Record all spikes, and every trace of every population that has any."""
    populations = list(net.populations.values())
    net.record(sum(populations[1:], populations[0]), "spikes", name="spikes")
    for population in populations:
        if population.variables:
            net.record(population, list(population.variables), every=every, name=f"state of {population.name}")


def without_calcium(population: gs.Population) -> list[str]:
    """Return the traces of a population but that of calcium, which makes a kernel of its own."""
    return [variable for variable in population.variables if variable != "Ca"]


def receptors(**nmda: Any) -> list[gs.Receptor]:
    """Return receptors with gates on the target: the same kernel for every case that uses them on a LIF."""
    return [gs.AMPA(tau_decay=5.0), gs.NMDA(**nmda), gs.GABA_A(E_rev=-80.0)]


def lif_cells(net: gs.Network, size: int = 30, **options: Any) -> gs.Population:
    """Add lively LIF neurons on a line, with their spikes and traces recorded."""
    model = gs.LIF(C_m=200.0, g_L=10.0, E_L=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=2.0, I_e=line(size, 60.0, 3.0))
    options = {"receptors": receptors(), "V": gs.Uniform(-60.0, -50.0)} | options
    cells = net.population("cells", size, model, positions=line(size, 0.0, 0.25)[:, None], **options)
    net.record(cells, "spikes", name="spikes")
    net.record(cells, without_calcium(cells), name="state")
    return cells


def nonlinear(**gating: str) -> list[gs.Receptor]:
    """Return a receptor for each of the kinetics that saturate."""
    return [
        gs.AMPA(name="first", kinetics=k.FirstOrder(1.1, 0.19, deadtime=1.0), **gating),
        gs.GABA_A(name="again", kinetics=k.FirstOrder.GABA_A(), **gating),
        gs.NMDA(name="states", kinetics=k.Markov.NMDA(), **gating),
        gs.GABA_A(name="two_open", kinetics=k.Markov.GABA_A(), **gating),
        gs.AMPA(name="rising", kinetics=k.Saturating(0.3, 2.0, 60.0), **gating),
        gs.AMPA(name="jumping", kinetics=k.Saturating(0.3, 2.0, 60.0, jump=True), **gating),
        gs.GABA_B(name="cascade", kinetics=k.GProtein.ModelDB().at(30.0, reference=35.0), **gating),
    ]


def gated(kinds: list[gs.Receptor]) -> gs.Network:
    """Return LIF neurons whose receptors all get bursts of spikes, and feed back."""
    net = gs.Network()
    inputs = net.population("inputs", 30, gs.PoissonSource(rate=line(30, 20.0, 20.0)))
    burst = net.population("burst", 3, gs.SpikeSource([[1.0, 1.4, 1.8, 2.6], [3.0, 3.0, 12.0], line(20, 5.0, 0.4)]))
    cells = lif_cells(net, 20, receptors=kinds)
    for n, receptor in enumerate(kinds):
        scale = 2.0 if receptor.is_current else 0.4
        options: dict[str, Any] = {"receptor": receptor.name, "weight": gs.LogNormal(scale, 0.5 * scale)}
        net.connect(inputs + burst, cells, gs.FixedInDegree(6), delay=gs.Uniform(0.1, 4.0), **options)
        options["weight"] = scale
        net.connect(cells, cells, gs.FixedTotalNumber(60), delay=0.1 + 0.5 * n, **options)
    return net


def no_circuit() -> str | None:
    """Give the reason why the Allen circuit cannot be run here, or None."""
    if importlib.util.find_spec("h5py") is None:
        return "h5py is not installed: pip install h5py"
    return None if circuit() else f"the 300-neuron circuit is not here: no {CIRCUIT} beside or above {ROOT}"


def circuit() -> Path | None:
    """Return the folder of the Allen circuit, which lies beside the checkout and not in it."""
    return next((found for folder in ROOT.parents if (found := folder / CIRCUIT).is_dir()), None)


# ---- what is done midway ----
def set_states(sim: gs.Simulator) -> None:
    """Replace the states that neuron models have of their own."""
    for name, variable, value in (("squid", "n", 0.4), ("adapting", "w", 50.0), ("izhikevich", "u", -10.0)):
        sim.set(sim.net.populations[name][3:], variable, value)


def set_gate(sim: gs.Simulator) -> None:
    """Replace a conductance while a drug takes a part of it."""
    sim.set(sim.net.populations["cells"], "g_GABA_A", 0.5)


def set_noise(sim: gs.Simulator) -> None:
    """Replace each kind of noise by the other."""
    sim.set("white", gs.OrnsteinUhlenbeck(mean=30.0, std=90.0, tau=2.0))
    sim.set("slow", gs.WhiteNoise(std=line(130, 0.0, 1.0), dt=0.3))


def set_conductance(sim: gs.Simulator) -> None:
    """Replace the conductances of gap junctions."""
    sim.set("every", gs.Uniform(0.0, 0.3))


def change(sim: gs.Simulator) -> None:
    """Replace weights and states."""
    count = len(sim.weights("plastic").pre)
    sim.set_weights("plastic", line(count, 0.0, 2.0 / count))
    sim.set_weights("both", {"AMPA": 0.7, "NMDA": 0.1})
    cells = sim.net.populations["cells"]
    sim.set(cells[:10], "V", line(10, -65.0, 1.0))
    sim.set(cells[5:], "V", gs.Uniform(-62.0, -52.0))
    sim.set(cells, "g_AMPA", line(30, 0.0, 0.1))
    sim.set(cells, "h_NMDA", 0.01)


def start_over(sim: gs.Simulator) -> None:
    """Replace weights and states, and go back to time 0."""
    change(sim)
    sim.reset()
