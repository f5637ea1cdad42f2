"""Rules and distributions of the user's own that break their word are refused before they are stored."""

import re

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.cpu.backend import CpuBackend
from gpusyn.builder.compile import Compiled
from gpusyn.builder.placement import lay_out
from gpusyn.builder.rows import tables
from gpusyn.errors import BackendError
from gpusyn.numerics.rng import Stream


@pytest.fixture(params=["numpy", "cpu"])
def build(request, monkeypatch):
    """A function that builds a network of one projection by numpy or by compiled kernels."""
    monkeypatch.setattr(tables, "FEW", 0)
    try:
        make = (lambda: None) if request.param == "numpy" else CpuBackend(threads=1).launcher
    except BackendError as error:
        pytest.skip(str(error))

    def built(rule, weight=0.1, delay=1.0):
        net = gs.Network()
        cells = net.population("cells", 100, gs.LIF(), receptors=[gs.AMPA()])
        net.connect(cells, cells, rule, receptor="AMPA", weight=weight, delay=delay)
        return Compiled(lay_out(net, 0.1, "single"), 1, launcher=make).program.initial

    return built


class Own(gs.Rule):
    """A rule whose synapses are `make(number of the call)`, a list of blocks."""

    exact = True

    def __init__(self, make):
        self.make, self.calls = make, 0

    def expected(self, n_pre, n_post, same=None):
        return 1000.0

    def max_in_degree(self, n_pre, n_post):
        return 1000

    def check(self, n_pre, n_post, where, same=None):
        pass

    def blocks(self, n_pre, n_post, stream, same=None):
        self.calls += 1
        yield from self.make(self.calls)


def pairs(seed, n=1000):
    ids = np.random.default_rng(seed).integers(100, size=(2, n))
    return [(pre, post) for pre, post in zip(np.array_split(ids[0], 3), np.array_split(ids[1], 3), strict=True)]


NONE = np.zeros(0, np.int64)
CHANGES = {
    "other": pairs,
    "more": lambda call: pairs(1, 999) + [(NONE + 1, NONE)] + pairs(2, 5) * (call > 1),
    "fewer": lambda call: pairs(1)[: 3 if call == 1 else 2],
    "none": lambda call: pairs(1) * (call == 1),
    "order": lambda call: pairs(1)[:: 1 if call == 1 else -1],
}


@pytest.mark.parametrize("delay", [1.0, gs.Uniform(0.5, 2.0), gs.Uniform(0.5, 100.0)], ids=repr)
@pytest.mark.parametrize("change", CHANGES)
def test_a_rule_that_draws_other_synapses_the_second_time_is_refused(build, change, delay):
    with pytest.raises(gs.ParameterError, match=r"'cells->cells:AMPA': Own.blocks returned other values .* stream"):
        build(Own(CHANGES[change]), delay=delay)


def test_a_rule_may_yield_empty_blocks_and_reuse_its_arrays(build):
    def blocks(call):
        held = np.empty((2, 334), np.int64)
        for block in pairs(1):
            yield NONE, NONE
            held[:, : len(block[0])] = block
            yield held[0, : len(block[0])], held[1, : len(block[0])]

    found, expected = build(Own(blocks)), build(Own(lambda call: pairs(1)))
    np.testing.assert_array_equal(found["targets"], expected["targets"])


def test_a_rule_that_yields_no_pairs_is_refused(build):
    with pytest.raises(gs.ArgumentError, match=r"Own.blocks: must yield two integer arrays"):
        build(Own(lambda call: [np.zeros(3, np.int64)]))


@pytest.mark.parametrize("found", [None, 5])
def test_a_rule_that_returns_no_blocks_is_refused(build, found):
    class NoBlocks(Own):
        def blocks(self, n_pre, n_post, stream, same=None):
            return found

    said = rf"^NoBlocks.blocks: must yield two integer arrays .* of 100 and 100 neurons \(got {found}\); see docs"
    with pytest.raises(gs.ArgumentError, match=said):
        build(NoBlocks(None))
    with pytest.raises(gs.ArgumentError, match=said):
        NoBlocks(None).draw(100, 100, Stream(1))


@pytest.mark.parametrize("method", ["expected", "max_in_degree"])
@pytest.mark.parametrize("number", [np.nan, np.inf, -1, "5", None, np.array([1.0, 2.0])], ids=repr)
def test_counts_that_are_none_are_refused(method, number):
    rule = type("Odd", (gs.FixedProbability,), {method: lambda *_: number})(0.1)
    net = gs.Network()
    cells = net.population("cells", 100, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, rule, receptor="AMPA", weight=0.1)
    with pytest.raises((gs.ArgumentError, gs.ParameterError), match=rf"Odd\.{method}\(\): must be a "):
        gs.plan(net)


class Changed(gs.Uniform):
    """A uniform distribution whose draws go through `change`."""

    change = staticmethod(lambda values: values)

    def draw(self, stream, elements):
        return type(self).change(super().draw(stream, elements))


def of(change, low, high):
    return type("Changed", (Changed,), {"change": staticmethod(change), "__module__": __name__})(low, high)


@pytest.mark.parametrize("longest", [2.0, 200.0])
@pytest.mark.parametrize("change", [lambda x: 50 * x, lambda x: -x, lambda x: 1e6 * x, lambda x: np.inf * x])
def test_delays_outside_the_bounds_of_their_distribution_are_refused(build, change, longest):
    with pytest.raises(gs.ParameterError, match=r"delay: Changed.* drew delays outside its bounds\(\) of 0.5 \.\. "):
        build(gs.FixedProbability(0.3), delay=of(change, 0.5, longest))


def test_delays_that_differ_the_second_time_are_refused(build):
    other = np.random.default_rng(1)
    delay = of(lambda x: other.uniform(0.5, 100.0, len(x)), 0.5, 100.0)
    with pytest.raises(gs.ParameterError, match=r"'cells->cells:AMPA': Changed.draw returned other values"):
        build(gs.FixedProbability(0.3), delay=delay)


@pytest.mark.parametrize(
    "change", [lambda x: x[:-1], lambda x: x[:, None], lambda x: x + np.nan, list, lambda x: x > 1]
)
def test_draws_that_are_not_one_number_each_are_refused(build, change):
    with pytest.raises(gs.ArgumentError, match=r"Changed.draw: must return an array of \d+ numbers"):
        build(gs.FixedProbability(0.3), weight=of(change, 0.1, 0.5))


SAME = "Changed.draw: must return an array of {} numbers, one for each element (got 1.5); return one value for each"
EVERYWHERE = {
    "delay": lambda build, own: build(gs.FixedProbability(0.3), delay=own),
    "weight": lambda build, own: build(gs.FixedProbability(0.3), weight=own),
    "V": lambda build, own: run_one(gs.LIF(), V=own),
    "parameter": lambda build, own: run_one(gs.LIF(t_ref=own)),
    "drive": lambda build, own: run_one(gs.LIF(), drive=own),
    "set": lambda build, own: run_one(gs.LIF(), then=own),
}


def run_one(model, drive=None, then=None, **options):
    net = gs.Network()
    cells = net.population("cells", 100, model, receptors=[gs.AMPA()], **options)
    if drive:
        net.drive(cells, "AMPA", rate=1.0, weight=drive)
    with gs.Simulator(net, backend="numpy") as sim:
        sim.set(cells, "V", then)


@pytest.mark.parametrize("where", EVERYWHERE)
def test_a_distribution_that_draws_one_number_for_all_is_refused(build, where):
    with pytest.raises(gs.ArgumentError, match=re.escape(SAME).replace(r"\{\}", r"\d+")):
        EVERYWHERE[where](build, of(lambda x: 1.5, 1.0, 2.0))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("factor", [1e6, np.inf])
def test_weights_beyond_the_bounds_of_their_distribution_are_refused(build, factor):
    with pytest.raises(gs.ParameterError, match=r"exceeds the declared w_max = 0.5|must be a finite number"):
        build(gs.FixedProbability(0.3), weight=of(lambda x: factor * x, 0.1, 0.5))


def test_draws_in_single_precision_are_taken(build):
    found = build(gs.FixedProbability(0.3), weight=of(lambda x: x.astype(np.float32), 0.1, 0.5))
    assert len(found["weights"]) > 1000
