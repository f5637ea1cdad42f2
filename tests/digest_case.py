"""What the cases of digests.json are made of: how a network is run, and the parts that several networks share."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import gpusyn as gs

ROOT = next(folder for folder in Path(__file__).resolve().parents if (folder / "pyproject.toml").is_file())
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


def no_circuit() -> str | None:
    """Give the reason why the Allen circuit cannot be run here, or None."""
    if importlib.util.find_spec("h5py") is None:
        return 'h5py is not installed: pip install "gpusyn[io]"'
    return None if circuit() else f"the 300-neuron circuit is not here: no {CIRCUIT} beside or above {ROOT}"


def circuit() -> Path | None:
    """Return the folder of the Allen circuit, which lies beside the checkout and not in it."""
    return next((found for folder in ROOT.parents if (found := folder / CIRCUIT).is_dir()), None)
