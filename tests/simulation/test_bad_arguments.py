"""What plans and simulators refuse: unknown keywords, and values of the wrong type or beyond every use."""

import unittest.mock

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.errors import ArgumentError, BackendError, ParameterError, UnknownNameError


@pytest.fixture
def net():
    net = gs.Network()
    cells = net.population("cells", 2, gs.LIF(I_e=400.0), receptors=gs.AMPA())
    net.connect(cells, cells, gs.AllToAll(), receptor="AMPA", weight=0.5, w_max=1.0)
    net.record(cells, "spikes")
    return net


@pytest.fixture
def sim(net):
    with gs.Simulator(net, backend="numpy") as sim:
        yield sim


@pytest.mark.parametrize("method", ["run", "step", "reset", "save", "close", "get", "set", "weights", "set_weights"])
def test_every_method_refuses_unknown_keywords(sim, method):
    with pytest.raises(ArgumentError, match=rf"^Simulator\.{method}\(\): unknown argument 'foo'.*; it takes"):
        getattr(sim, method)(foo=1)


def test_arguments_too_many(sim):
    with pytest.raises(ArgumentError, match=r"^Simulator\.close\(\): got 1 without a keyword, at most 0 allowed"):
        sim.close(3)
    assert sim.run(0.1) is None  # still open


class TestPlan:
    @pytest.mark.parametrize("backend", [None, "numpy", "cpu"])
    @pytest.mark.parametrize(
        ("threads", "error"), [(-5, ParameterError), (0, ParameterError), (2**70, ParameterError), ("2", ArgumentError)]
    )
    def test_threads(self, net, backend, threads, error):
        with pytest.raises(error, match=r"plan\(\)\.threads: must be a whole number >= 1 <= 1024 \(got "):
            gs.plan(net, backend=backend, threads=threads)

    def test_threads_beside_a_backend_of_ones_own(self, net):
        own = NumpyBackend()
        with pytest.raises(ParameterError, match=r"Simulator\.threads: must be a whole number >= 1"):
            gs.Simulator(net, backend=own, threads=-5)

    def test_backend(self, net):
        with pytest.raises(UnknownNameError, match=r"plan\(\)\.backend: unknown name 'cdua' \(did you mean 'cuda'\?\)"):
            gs.plan(net, backend="cdua")

    @pytest.mark.parametrize("backend", [unittest.mock.Mock(), unittest.mock.MagicMock()])
    def test_a_mock_is_no_backend(self, net, backend):
        for make in (gs.plan, gs.Simulator):
            with pytest.raises((ArgumentError, BackendError), match=r"workers: must be a whole number >= 1"):
                make(net, backend=backend)


class TestNumbers:
    @pytest.mark.parametrize("n", [2**40 + 1, 2**63 - 1, 10**400, np.uint64(2**64 - 1)])
    def test_steps_beyond_all_times(self, sim, n):
        with pytest.raises(ParameterError, match=r"Simulator\.step\(\)\.n: must be a whole number >= 0 <= 1099511"):
            sim.step(n)
        assert sim.time == 0.0

    def test_a_seed_is_no_longer_than_python_writes(self, net):
        with pytest.raises(ParameterError, match=r"Simulator\.seed: must have at most 8192 bits \(got 8193\)"):
            gs.Simulator(net, backend="numpy", seed=2**8192)
        with gs.Simulator(net, backend="numpy", seed=2**8192 - 1) as sim:
            sim.step(1)

    def test_the_upper_limit_of_a_chunk_may_be_any_number(self, net):
        """It is a limit: what the plan has room for is never exceeded."""
        found = []
        for steps in (1, 7, 2**70):
            with gs.Simulator(net, backend="numpy", chunk_steps=steps) as sim:
                sim.run(60.0)
                found.append(sim.data["cells:spikes"])
        assert len(found[0]) > 0
        assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("variable", [np.zeros(2), np.zeros(2, [("a", "f8")]), 3, ["V"]])
def test_a_variable_is_a_name(sim, net, variable):
    cells = net.populations["cells"]
    for call in (lambda: sim.get(cells, variable), lambda: sim.set(cells, variable, 1.0)):
        with pytest.raises(ArgumentError, match="variable: must be one of the names"):
            call()
