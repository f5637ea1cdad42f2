"""Checkpoints of ranks hold what those of one process do, and any number of ranks goes on with them."""

import functools

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.distributed.threads import on_threads
from gpusyn.io.checkpoint import read_checkpoint
from tests.helpers.networks import seeded_case
from tests.helpers.runs import backend_named, cpu, differences, interfere, outcome, same_bits

pytest.importorskip("h5py")
STEPS = 40, 90
SEEDS = (125, 19, 395, 7, 11)
FACTS = {"simulation", "network"}


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


@pytest.mark.parametrize(("ranks", "backend", "owners"), [(2, "numpy", "contiguous"), (3, "cpu", "dealt")])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_checkpoint_of_ranks_is_that_of_one_process(seed, ranks, backend, owners, folder, tmp_path):
    path, expected = alone(seed, folder)
    on_ranks(ranks, first_part, seed, tmp_path / "state.h5", backend, owners)
    one, other = read_checkpoint(path), read_checkpoint(tmp_path / "state.h5")
    differ = unequal(one, other)
    if one["spikes"]["timings"] != other["spikes"]["timings"]:  # synapses are read at other times
        differ = [name for name in differ if name.split("/")[1] not in ("spikes", "sums")]
    assert [name for name in differ if name not in ("/simulation/start", "/simulation/backend")] == []
    for found, wanted in zip(second_part(seed, tmp_path / "state.h5", backend_named("numpy")), expected, strict=True):
        assert differences(found, wanted) == []


@pytest.mark.parametrize(("ranks", "backend", "owners"), [(3, "numpy", "dealt"), (2, "cpu", "contiguous")])
@pytest.mark.parametrize("seed", SEEDS)
def test_ranks_go_on_with_the_checkpoint_of_one_process(seed, ranks, backend, owners, folder):
    path, expected = alone(seed, folder)
    for found, wanted in zip(on_ranks(ranks, second_part, seed, path, backend, owners), expected, strict=True):
        assert differences(found, wanted) == []
