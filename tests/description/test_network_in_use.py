"""A network that a simulator uses is closed to changes, and only then; copies are networks of their own."""

import copy
import gc
import pickle

import pytest

import gpusyn as gs
from gpusyn.network.network import Network
from tests.helpers.runs import differences, outcome
from tests.helpers.small_network import describe, simulator

CHANGES = {
    "population": lambda net, cells: net.population("more", 1, gs.LIF()),
    "connect": lambda net, cells: net.connect(cells, cells, gs.OneToOne(), receptor="AMPA", weight=1.0, name="more"),
    "couple": lambda net, cells: net.couple(cells, cells, gs.AllToAll(), name="more"),
    "drive": lambda net, cells: net.drive(cells, "AMPA", rate=1.0, weight=1.0, name="more"),
    "inject": lambda net, cells: net.inject(cells, 100.0, name="more"),
    "clamp": lambda net, cells: net.clamp(cells[0], -60.0, name="more"),
    "infuse": lambda net, cells: net.infuse("CNQX", 10.0, name="more"),
    "record": lambda net, cells: net.record(cells, "spikes", name="more"),
}
each_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


def test_every_method_that_changes_a_network_is_tried():
    methods = {name for base in Network.__mro__ for name, value in vars(base).items() if callable(value)}
    assert {name for name in methods if not name.startswith("_")} - {"describe"} == set(CHANGES)


@each_change
def test_a_network_in_use_is_closed_to_changes(change):
    net = describe()
    cells = net.populations["E"]
    before = repr(net)
    with simulator("numpy", net) as sim:
        sim.step(2)
        with pytest.raises(
            gs.SimulationError, match=r"in use by a Simulator.*change it before, or use sim\.set\(\.\.\.\)"
        ):
            change(net, cells)
        assert repr(net) == before
    change(net, cells)
    assert repr(net) != before


def test_it_is_open_only_when_all_its_simulators_are_closed():
    net = describe()
    first, second = simulator("numpy", net), simulator("numpy", net)
    first.close()
    first.close()
    with pytest.raises(gs.SimulationError, match="in use by a Simulator"):
        net.infuse("CNQX", 1.0)
    second.close()
    net.infuse("CNQX", 1.0)


def test_a_simulator_that_nobody_can_close_any_more_does_not_keep_it_closed():
    net = describe()
    sim = simulator("numpy", net)
    with pytest.raises(gs.SimulationError, match="in use by a Simulator"):
        net.infuse("CNQX", 1.0)
    del sim
    gc.collect()
    net.infuse("CNQX", 1.0)


def test_a_plan_and_a_simulator_that_could_not_be_made_leave_it_open():
    net = describe()
    gs.plan(net)
    with pytest.raises(gs.ParameterError):
        gs.Simulator(net, dt=0.7, backend="numpy")
    net.infuse("CNQX", 1.0)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copy_is_an_open_network_of_its_own(copied):
    net = describe()
    with simulator("numpy", net) as sim:
        sim.step(30)
        whole, other = outcome(sim), copied(net)
        with simulator("numpy", other) as again:
            again.step(30)
            assert differences(whole, outcome(again)) == []
        other.inject(other.populations["E"], 100.0, name="only here")
        assert "only here" not in net.injections
        with pytest.raises(gs.SimulationError):
            net.inject(net.populations["E"], 100.0)


def test_a_shallow_copy_knows_the_same_populations():
    net = describe()
    other = copy.copy(net)
    cells = net.populations["E"]
    assert other.inject(cells, 100.0, name="here").target is cells
    with pytest.raises(gs.ParameterError, match="another network"):
        copy.deepcopy(net).inject(cells, 100.0)
