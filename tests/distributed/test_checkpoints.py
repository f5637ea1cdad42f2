"""Checkpoints of ranks hold what those of one process do, and any number of ranks goes on with them."""

import functools

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder.ownership import Ownership
from gpusyn.distributed.threads import on_threads
from gpusyn.io.checkpoint import read_checkpoint
from tests.helpers.networks import seeded_case
from tests.helpers.runs import backend_named, cpu, differences, interfere, outcome, same_bits

pytest.importorskip("h5py")
STEPS = 40, 90
#: Networks that have, together, every rule of plasticity, releases, gap junctions, rewiring and procedural rows.
SEEDS = (162, 125, 19, 163, 395)


def started(case, backend, **how):
    return gs.Simulator(case.net, dt=case.dt, seed=case.seed, precision=case.precision, backend=backend, **how)


def first_part(seed, path, backend, comm=None, owners="contiguous"):
    """Run a drawn network halfway, change it, and save it."""
    case = seeded_case(seed, STEPS)
    with started(case, backend, comm=comm, owners=owners) as sim:
        sim.step(case.steps // 2)
        interfere(sim)
        sim.step(1)
        sim.save_checkpoint(path)


def second_part(seed, path, backend, comm=None, owners="contiguous"):
    """Go on from a checkpoint, and once more after a reset: both outcomes."""
    case = seeded_case(seed, STEPS)
    how = {"backend": backend, "comm": comm, "owners": owners}
    with gs.Simulator.load_checkpoint(case.net, path, **how) as sim:
        sim.step(2)
        interfere(sim)
        sim.step(case.steps - case.steps // 2 - 3)
        end = outcome(sim)
        sim.reset()
        sim.step(case.steps // 2)
        return end, outcome(sim)


@functools.cache
def alone(seed, folder):
    """The checkpoint of one process, and what comes out when one process goes on with it."""
    path = folder / f"{seed}.h5"
    first_part(seed, path, backend_named("numpy"))
    return path, second_part(seed, path, backend_named("numpy"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("alone")


def on_ranks(ranks, function, seed, path, name, owners):
    """Call a function on ranks; what rank 0 returns."""

    def on_rank(one):
        backend = cpu(1) if name == "cpu" else backend_named(name)
        return function(seed, path, backend, comm=one, owners=owners)

    return on_threads(ranks, on_rank)[0]


def unequal(one, other, where=""):
    """The parts of two trees that differ, by their places."""
    if isinstance(one, dict) and isinstance(other, dict):
        both = dict.fromkeys((*one, *other))
        return [found for key in both for found in unequal(one.get(key), other.get(key), f"{where}/{key}")]
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return [] if same_bits(one, other) else [where]
    return [] if one == other and type(one) is type(other) else [where]


def canonical(content):
    """A checkpoint without what may differ: the backend, the time of day, and any order of rewired synapses."""
    rewired = {name: sorted_synapses(one) for name, one in content["rewired"].items()}
    simulation = {name: fact for name, fact in content["simulation"].items() if name not in ("start", "backend")}
    return content | {"rewired": rewired, "simulation": simulation}


def sorted_synapses(found):
    """Rewired synapses by their neurons; numbers of their creation count among those of two neurons alone."""
    if "pre" not in found:
        return found
    order = np.lexsort((found["post"], found["pre"]))
    columns = {name: column[order] for name, column in found["columns"].items() if name != "numbers"}
    return found | {name: found[name][order] for name in ("pre", "post", "delay")} | {"columns": columns}


def different_parts(path, other):
    """The parts of two checkpoints that differ."""
    one, other = (canonical(read_checkpoint(each)) for each in (path, other))
    differ = unequal(one, other)
    if one["spikes"]["timings"] != other["spikes"]["timings"]:  # synapses are read at other times
        differ = [name for name in differ if name.split("/")[1] not in ("spikes", "sums")]
    return differ


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Deal blocks that are so small that every rank has some neurons of small populations."""
    dealt = functools.partial(Ownership.dealt.__func__, block=4)
    monkeypatch.setattr(Ownership, "dealt", classmethod(dealt))


RANKS = ((3, "numpy", "dealt"), (2, "cpu", "contiguous"), (5, "numpy", "contiguous"))
USUAL = ((125, 1), (395, 0))  # the others take longer
CASES = [
    pytest.param(seed, *ranks, marks=[pytest.mark.fuzz] * ((seed, k) not in USUAL))
    for i, seed in enumerate(SEEDS)
    for k, ranks in enumerate(RANKS)
    if k == i % len(RANKS) or (seed, k) in USUAL
]


@pytest.mark.parametrize(("seed", "ranks", "backend", "owners"), CASES)
def test_a_checkpoint_of_ranks_is_that_of_one_process(seed, ranks, backend, owners, folder, tmp_path):
    path, expected = alone(seed, folder)
    on_ranks(ranks, first_part, seed, tmp_path / "state.h5", backend, owners)
    assert different_parts(path, tmp_path / "state.h5") == []
    for found, wanted in zip(second_part(seed, tmp_path / "state.h5", backend_named("numpy")), expected, strict=True):
        assert differences(found, wanted) == []


@pytest.mark.parametrize(("seed", "ranks", "backend", "owners"), CASES)
def test_ranks_go_on_with_the_checkpoint_of_one_process(seed, ranks, backend, owners, folder):
    path, expected = alone(seed, folder)
    for found, wanted in zip(on_ranks(ranks, second_part, seed, path, backend, owners), expected, strict=True):
        assert differences(found, wanted) == []


def rewired():
    net = gs.Network()
    cells = net.population("cells", 30, gs.LIF(I_e=400.0), receptors=[gs.AMPA()], V=gs.Uniform(-70.0, -55.0))
    plasticity = [gs.STDP(A_plus=0.3, A_minus=0.3), gs.Rewiring(every=5.0, prune_below=0.8, weight=1.0)]
    how = {"weight": 1.0, "w_max": 2.0, "delay": gs.Uniform(0.1, 3.0), "plasticity": plasticity}
    net.connect(cells, cells, gs.FixedInDegree(5), receptor="AMPA", name="c", **how)
    return net


def test_ranks_go_on_with_rewired_synapses(tmp_path):
    def go(one, name, before=None):
        if before is None:
            sim = gs.Simulator(rewired(), backend="numpy", comm=one)
        else:
            sim = gs.Simulator.load_checkpoint(rewired(), tmp_path / before, backend="numpy", comm=one)
        with sim:
            sim.run(20.0)
            sim.save_checkpoint(tmp_path / name)
            return sim.weights("c"), sim.rewirings("c")

    go(None, "alone.h5")
    on_threads(2, lambda one: go(one, "ranks.h5"))
    assert different_parts(tmp_path / "alone.h5", tmp_path / "ranks.h5") == []
    expected = go(None, "alone2.h5", "alone.h5")
    assert expected[1].created.sum() > 10
    for number, before in ((3, "ranks.h5"), (2, "alone.h5")):
        found = on_threads(number, functools.partial(go, name="ranks2.h5", before=before))[0]
        assert all(map(np.array_equal, found[0], expected[0]))
        assert all(map(np.array_equal, found[1], expected[1]))
        assert different_parts(tmp_path / "alone2.h5", tmp_path / "ranks2.h5") == []


# ---- after an interruption ----
def coupled():
    """A network whose ranks exchange spikes every 20 steps."""
    net = gs.Network()
    cells = net.population(
        "cells", 40, gs.LIF(I_e=gs.Uniform(300.0, 500.0)), receptors=[gs.AMPA()], V=gs.Uniform(-70.0, -55.0)
    )
    weight = gs.LogNormal(2.0, 0.5)
    net.connect(cells, cells, gs.FixedInDegree(10), receptor="AMPA", weight=weight, delay=2.0, name="coupling")
    net.record(cells, "spikes", name="spikes")
    return net


def interrupted(ranks, then):
    """Interrupt a run between two exchanges, and do something with its simulator."""
    with gs.Simulator(coupled(), seed=2, backend="numpy", comm=ranks, chunk_steps=3) as sim:
        fewest = ranks.fewest

        def fewest_until(steps):
            ranks.stopping = ranks.rank == 1 and sim.time >= 11.5
            return fewest(steps)

        ranks.fewest = fewest_until
        with pytest.raises(KeyboardInterrupt):
            sim.run(1000.0)
        ranks.fewest, ranks.stopping = fewest, False
        assert sim._running._unknown > 0  # steps whose spikes were not exchanged
        return sim.time, then(sim)


def halved(sim):
    """What comes out when the weights change while spikes are on their way."""
    sim.set_weights("coupling", 0.5 * sim.weights("coupling").weight)
    sim.run(10.0)
    return sim.get("cells", "V")


def test_a_checkpoint_after_an_interruption_has_the_spikes_of_all_ranks(tmp_path):
    path = tmp_path / "state.h5"
    time, _ = on_threads(3, lambda ranks: interrupted(ranks, lambda sim: sim.save_checkpoint(path)))[0]
    with gs.Simulator(coupled(), seed=2, backend="numpy") as sim:
        sim.run(time + 10.0)
        end, spikes = sim.get("cells", "V"), sim.data["spikes"]
    with gs.Simulator.load_checkpoint(coupled(), path, backend="numpy") as sim:
        sim.run(10.0)
        assert same_bits(sim.get("cells", "V"), end)
        assert sim.data["spikes"] == spikes


def test_weights_that_change_after_an_interruption_are_those_of_later_spikes():
    time, end = on_threads(3, lambda ranks: interrupted(ranks, halved))[0]
    with gs.Simulator(coupled(), seed=2, backend="numpy") as sim:
        sim.run(time)
        assert same_bits(halved(sim), end)


# ---- noise into some of the neurons ----
@pytest.mark.parametrize(("ranks", "owners"), [(2, "contiguous"), (3, "dealt")])
def test_noise_into_every_other_neuron_goes_on_with_a_checkpoint_of_ranks(ranks, owners, tmp_path):
    """The last neurons of a rank are not reached, and have no place in the rank's array of noise."""

    def go(one=None, load=None, save=None):
        net = gs.Network()
        cells = net.population("cells", 30, gs.LIF())
        net.inject(cells[::2], gs.OrnsteinUhlenbeck(mean=0.0, std=90.0, tau=5.0))
        how = {"backend": "numpy", "comm": one, "owners": owners}
        started = gs.Simulator.load_checkpoint(net, load, **how) if load else gs.Simulator(net, seed=2, **how)
        with started as sim:
            sim.step(30)
            if save:
                sim.save_checkpoint(save)
            return sim.get("cells", "V")

    path = tmp_path / "state.h5"
    go(save=tmp_path / "alone.h5")
    on_threads(ranks, lambda one: go(one, save=path))
    expected = go(load=tmp_path / "alone.h5")
    assert same_bits(go(load=path), expected)
    assert same_bits(on_threads(2, lambda one: go(one, load=path))[0], expected)


def test_weights_that_change_beside_a_projection_of_which_rank_0_has_no_synapse(tmp_path):
    def go(one=None, load=None):
        net = gs.Network()
        cells = net.population("cells", 12, gs.LIF(), receptors=[gs.AMPA()])
        how = {"receptor": "AMPA", "weight": gs.Uniform(0.5, 3.0), "w_max": 4.0}
        net.connect(cells, cells[11:], gs.AllToAll(), name="last", **how)
        net.connect(cells, cells[:4], gs.AllToAll(), name="first", **how)
        if load:
            with gs.Simulator.load_checkpoint(net, load, backend="numpy", comm=one) as sim:
                return [sim.weights(name).weight for name in ("last", "first")]
        with gs.Simulator(net, seed=2, backend="numpy", comm=one) as sim:
            sim.set_weights("first", 0.5 * sim.weights("first").weight)
            sim.save_checkpoint(tmp_path / "state.h5")
            return [sim.weights(name).weight for name in ("last", "first")]

    expected = on_threads(3, go)[0]
    assert all(map(same_bits, go(load=tmp_path / "state.h5"), expected))
    assert all(map(same_bits, go(), expected))
