"""Features that drawn networks do not have, on ranks: dopamine, chosen synapses, long rewiring, compact weights."""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.distributed.ranks import Ranks
from gpusyn.distributed.threads import on_threads
from tests.helpers.long_checks import every
from tests.helpers.networks import Case
from tests.helpers.on_ranks import everything, play_on_ranks
from tests.helpers.runs import Outcome, backend_named, differences, play

CELLS = {"E_L": -60.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 1.0}


def network(rule: Any, plasticity: Any, steps: int = 60, **options: Any) -> Case:
    """Neurons that spike often, and learn."""
    net = gs.Network()
    cells = net.population("cells", 18, gs.LIF(**CELLS, I_e=np.linspace(0.0, 900.0, 18)), receptors=[gs.AMPA()])
    rates = gs.PoissonSource(np.linspace(100.0, 900.0, 14))
    pre, reward = net.population("pre", 14, rates), net.population("reward", 5, gs.PoissonSource(300.0))
    learning = plasticity(reward) if callable(plasticity) else plasticity
    options = {"weight": gs.Uniform(0.5, 3.0), "w_max": 4.0, "delay": gs.Uniform(0.1, 1.5)} | options
    net.connect(pre, cells, rule, receptor="AMPA", plasticity=learning, name="learning", **options)
    net.record(cells, ["spikes"], name="spikes")
    net.record(cells[3:15:2], ["V", "g_AMPA"], name="traces", every=0.3)
    return Case(net, 0.1, 11, "single", steps, set())


def check(make: Any, size: int = 3, **how: Any) -> Outcome:
    backend = functools.partial(backend_named, "cpu", threads=1)
    one = play(make(), backend(), look=everything, **how)
    for owners in ("contiguous", "dealt"):
        assert not differences(one, play_on_ranks(make, backend, size, owners, look=everything, **how)), owners
    return one


@pytest.fixture(autouse=True)
def _small_blocks(small_blocks: None) -> None:
    """Every rank has some neurons."""


def test_dopamine_of_neurons_of_all_ranks() -> None:
    def rule(reward: gs.Population) -> gs.DopamineSTDP:
        return gs.DopamineSTDP(gs.STDP(A_plus=0.3, A_minus=0.1), 50.0, 5.0, reward)

    found = check(lambda: network(gs.FixedInDegree(5), rule, 120))
    assert len(np.unique(found["learning weight now"])) > 10


def test_synapses_that_are_chosen_are_recorded_on_the_ranks_that_have_them() -> None:
    def make() -> Case:
        case = network(gs.FixedProbability(0.4), gs.STDP(A_plus=0.2, A_minus=0.1))
        case.net.record(case.net.projections["learning"], "weight", synapses=[0, 3, 4, 17, 40], name="some")
        return case

    found = check(make)
    assert found["some weight"].shape == (60, 5)
    assert len(np.unique(found["some weight"])) > 5


RULES = [gs.FixedProbability(0.3), gs.FixedTotalNumber(60, multapses=False), gs.FixedOutDegree(5, multapses=False),
         gs.FixedInDegree(5, multapses=False)]  # fmt: skip


@pytest.mark.parametrize("rule", every(4, RULES))
def test_rewiring_moves_synapses_from_rank_to_rank(rule: Any) -> None:
    """Synapses of neurons that do not spike become weak and are deleted; new ones may be anywhere."""
    rewiring = gs.Rewiring(0.5, prune_below=1.0, weight=gs.Uniform(0.5, 3.0))
    plasticity = [gs.STDP(A_plus=0.2, A_minus=0.25), rewiring]
    found = check(lambda: network(rule, plasticity, 70), reset_at=12)
    assert found["learning created"].sum() > 20


def test_rewiring_keeps_the_order_of_creation() -> None:
    """Axonal delays let a row have several segments, so that numbers of synapses are kept."""
    rewiring = gs.Rewiring(0.5, prune_below=1.0, weight=gs.Uniform(0.5, 3.0))
    plasticity = [gs.STDP(A_plus=0.2, A_minus=0.25), rewiring]
    found = check(lambda: network(gs.FixedProbability(0.3), plasticity, 50, axonal=0.5))
    assert found["learning created"].sum() > 10


def test_compact_weights_are_the_same_on_ranks() -> None:
    check(lambda: network(gs.FixedProbability(0.5), None, w_max=None), weights="compact")


def test_a_network_in_which_nothing_reads_spikes_exchanges_none() -> None:
    def make() -> Case:
        net = gs.Network()
        cells = net.population("cells", 18, gs.LIF(**CELLS, I_e=np.linspace(0.0, 900.0, 18)))
        net.record(cells, ["spikes"], name="spikes")
        return Case(net, 0.1, 11, "single", 150, set())

    assert len(check(make, chunk_steps=1)["spikes times"]) > 20


def test_v_that_is_not_a_number_is_one_error_on_all_ranks() -> None:
    """Two neurons of different ranks run away in the same chunk of steps; the first of them is named."""

    def on_rank(ranks: Ranks) -> tuple[str, float]:
        net = gs.Network()
        net.population("calm", 20, gs.LIF())
        cells = net.population("wild", 15, gs.LIF(C_m=0.01, g_L=0.001), receptors=[gs.AMPA()])
        net.connect(cells, cells, gs.FixedProbability(0.5), weight=1.0, receptor="AMPA", delay=2.0)
        net.inject(cells[14], 1e30, start=1.2)
        net.inject(cells[1], -1e30, start=1.7)
        with gs.Simulator(net, dt=0.1, backend="numpy", comm=ranks, chunk_steps=7) as sim:
            sim.run(1.2)
            with pytest.raises(gs.SimulationError) as info:
                sim.run(2.0)
            return str(info.value), sim.time

    found = on_threads(3, on_rank)
    assert len(set(found)) == 1
    assert re.match(r"Population 'wild', neuron 14: V became NaN or infinite at t = 1\.3 ms", found[0][0])


# ---- parts of a population of which a rank has no neuron ----
def in_parts(sim: gs.Simulator) -> Outcome:
    """Set values of neurons of one rank alone, and run: V after that."""
    sim.step(20)
    sim.set("cells", "V", np.linspace(-65.0, -51.0, 217))
    sim.set(sim.net.populations["cells"][214:], "I_e", 200.0)
    sim.set(sim.net.populations["cells"][:3], "I_e", gs.Uniform(0.0, 500.0))
    sim.step(5)
    sim.set(sim.net.populations["cells"][:7], "E_L", gs.Uniform(-63.0, -60.0))
    found = {"V": sim.get("cells", "V")}
    sim.step(20)
    return found | {"V later": sim.get("cells", "V"), "I_e": sim.get("cells", "I_e")}


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize(("size", "owners"), [(4, "contiguous"), (3, "dealt")])
def test_parameters_of_neurons_of_other_ranks_can_be_set(size: int, owners: str, precision: str) -> None:
    """V of the neurons whose E_L stays has the same bits, whether the rank has others or not."""

    def run(ranks: Ranks | None = None) -> Outcome:
        net = gs.Network()
        net.population("cells", 217, gs.LIF(E_L=np.full(217, -60.0), I_e=np.linspace(0.0, 90.0, 217)))
        with gs.Simulator(net, seed=3, backend="numpy", precision=precision, comm=ranks, owners=owners) as sim:
            return in_parts(sim)

    assert not differences(run(), on_threads(size, run)[0])
