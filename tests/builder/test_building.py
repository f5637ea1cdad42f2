"""Rows of synapses: numpy, compiled kernels on any number of threads and emulated GPU kernels build the same ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from benchmarks.plan_memory import RULES
from gpusyn.builder.compile import Compiled
from gpusyn.builder.placement import lay_out
from gpusyn.builder.rows import compiled, tables
from gpusyn.builder.rows.compiled import CompiledRows, is_drawn
from gpusyn.builder.rows.reference import NumpyRows
from gpusyn.connectivity.base import Rule
from gpusyn.numerics.rng import Stream
from gpusyn.parameters.distributions import Distribution, law_of
from tests.emulation import ORDERS, cupy, using
from tests.helpers.building import DELAYS, WEIGHTS, EmulatedLauncher, drawn_network, launcher


@pytest.fixture(autouse=True)
def _kernels_for_few(monkeypatch):
    """Build small networks by kernels too, in blocks that are smaller than their projections."""
    monkeypatch.setattr(tables, "FEW", 0)
    monkeypatch.setattr(compiled, "BLOCK", 1000)


def built(layout, seed, make=lambda: None):
    """The arrays of a network by name, or the error that building it raises."""
    try:
        initial = Compiled(layout, seed, launcher=make).program.initial
        return {name: cupy.asnumpy(array) for name, array in initial.items()}
    except gs.ParameterError as error:
        return str(error)


def assert_same(found, expected):
    if isinstance(expected, str):
        assert found == expected
        return
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array, err_msg=name)


FORMS = [("single", False, 1), ("double", True, 3), ("single", True, 2), ("double", False, 1)]
"""Precision, compact weights, slices."""
NARROW = (gs.Normal(1.0, 1.0, low=0.75, high=1.25), gs.LogNormal(2.0, 1.0, low=1.75, high=2.25))


@given(seed=st.integers(0, 10**6), form=st.sampled_from(FORMS), threads=st.sampled_from([1, 2, 3]))
@settings(max_examples=15, deadline=None)
def test_compiled_rows_are_those_of_numpy(seed, form, threads):
    precision, compact, slices = form
    layout = lay_out(drawn_network(seed), 0.1, precision, slices, compact=compact)
    assert_same(built(layout, seed, lambda: launcher(threads)), built(layout, seed))


@pytest.mark.parametrize("kind", ["emulated", "cuda"])
@pytest.mark.parametrize("order", ["forward", "backward"])
def test_emulated_rows_are_those_of_numpy(kind, order):
    for seed, (precision, compact, slices) in enumerate(FORMS):
        layout = lay_out(drawn_network(seed, most=90), 0.1, precision, slices, compact=compact)
        with using(order=ORDERS[order]):
            assert_same(built(layout, seed, lambda: launcher(kind)), built(layout, seed))


def test_a_single_emulated_thread_places_synapses_in_their_order():
    launcher("emulated")  # skips where it cannot compile
    layout = lay_out(drawn_network(1, most=40), 0.1, "single")
    assert_same(built(layout, 1, lambda: EmulatedLauncher(1, 1)), built(layout, 1))


@pytest.mark.parametrize("kind", [1, 3, "emulated", "cuda"])
@pytest.mark.parametrize(
    "distribution", [d for d in (*WEIGHTS, *DELAYS, *NARROW) if isinstance(d, Distribution) and law_of(d)], ids=repr
)
def test_values_are_those_of_the_distribution(kind, distribution):
    rows = CompiledRows(launcher(kind))
    for first in (0, 2**32 - 1500):
        expected = NumpyRows().values(distribution, 2**64 - 7, first, 3000)
        found = rows.memory.host(rows.values(distribution, 2**64 - 7, first, 3000))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", [1, "emulated", "cuda"])
def test_uniform_values_end_at_the_upper_bound(kind, monkeypatch):
    """Rounding may carry a value beyond it; here most are beyond."""
    law = law_of(gs.Uniform(0.0, 1.0))._replace(most=0.25)
    monkeypatch.setattr(compiled, "law_of", lambda _: law)
    rows = CompiledRows(launcher(kind))
    found = rows.memory.host(rows.values(gs.Uniform(0.0, 1.0), 5, 0, 700))
    np.testing.assert_array_equal(found, np.minimum(NumpyRows().values(gs.Uniform(0.0, 1.0), 5, 0, 700), 0.25))


@pytest.mark.parametrize("kind", [1, "emulated", "cuda"])
def test_delays_are_at_least_one_step(kind):
    times = np.array([0.0, 0.04, 0.06, 0.1, 0.15, 0.25, 7.0])
    rows = CompiledRows(launcher(kind))
    np.testing.assert_array_equal(rows.memory.host(rows.steps(times, 0.1)), NumpyRows().steps(times, 0.1))


@pytest.mark.parametrize("kind", [1, "emulated", "cuda"])
def test_weights_that_are_rounded_to_zero_are_counted(kind):
    net = gs.Network()
    cells = net.population("cells", 50, gs.LIF(), receptors=[gs.AMPA()])
    weight = np.array([1e-12, 1.0, 0.0, 700.0] * 25)
    net.connect(cells, cells, gs.FixedInDegree(2), receptor="AMPA", weight=weight, delay=1.0)
    layout = lay_out(net, 0.1, "single")
    expected, found = (Compiled(layout, 1, launcher=make) for make in (lambda: None, lambda: launcher(kind)))
    for name, array in expected.program.initial.items():
        np.testing.assert_array_equal(cupy.asnumpy(found.program.initial[name]), array, err_msg=name)
    assert found.rounded_to_zero == expected.rounded_to_zero != {}


@pytest.mark.parametrize("kind", [1, "emulated", "cuda"])
def test_more_different_columns_than_are_drawn_at_once(kind):
    rule, stream = gs.FixedInDegree(900, multapses=False), Stream(7)
    rows = CompiledRows(launcher(kind))
    (pair,) = rows.pairs(rule, 2000, 1, stream, None)
    for found, expected in zip(pair, rule.draw(2000, 1, stream, None), strict=True):
        np.testing.assert_array_equal(rows.memory.host(found), expected)


@pytest.mark.parametrize("kind", [1, "emulated", "cuda"])
def test_a_range_that_no_draw_meets_is_refused_as_by_numpy(kind):
    normal = gs.Normal(0.0, 1.0)
    object.__setattr__(normal, "low", 8.5)  # beyond the largest of all draws; it would have been refused
    rows = CompiledRows(launcher(kind))
    with pytest.raises(gs.ParameterError, match=r"outside low .. high after 100000 draws"):
        rows.values(normal, 1, 0, 2)


@pytest.mark.parametrize("kind", [1, 2, "emulated", "cuda"])
def test_pairs_are_those_of_the_rule(kind):
    rows, stream = CompiledRows(launcher(kind)), Stream(2**63 + 11)
    same = (np.arange(40), np.arange(20, 90))
    rules = [
        gs.FixedProbability(p, autapses=autapses) for p in (0.0005, 0.3, 1.0) for autapses in (True, False)
    ] + [gs.FixedTotalNumber(3000, autapses=False), gs.FixedInDegree(700, autapses=False), gs.FixedOutDegree(3),
         gs.FixedInDegree(9, multapses=False, autapses=False),
        gs.FixedInDegree(30, multapses=False),
        gs.FixedOutDegree(68, multapses=False, autapses=False),
        gs.AllToAll(autapses=False), gs.FromArrays([0, 39, 5] * 700, [69, 0, 5] * 700)]  # fmt: skip
    for rule in rules:
        blocks = [[rows.memory.host(side).copy() for side in pair] for pair in rows.pairs(rule, 40, 70, stream, same)]
        pre, post = (np.concatenate([np.zeros(0, np.int32), *side]) for side in zip(*blocks, strict=True))
        expected = rule.draw(40, 70, stream, same)
        np.testing.assert_array_equal(pre, expected[0], err_msg=repr(rule))
        np.testing.assert_array_equal(post, expected[1], err_msg=repr(rule))


@pytest.mark.parametrize("name", RULES)
def test_the_plan_knows_which_rules_kernels_draw(name, monkeypatch):
    asked, rule = [], RULES[name](40, 400)
    if isinstance(rule, gs.DistanceDependent):
        rule = gs.DistanceDependent(0.5, sigma=1.0, positions=(np.zeros((40, 1)), np.zeros((40, 1))))
    by_numpy = Rule.checked_blocks
    monkeypatch.setattr(Rule, "checked_blocks", lambda *given: asked.append(1) or by_numpy(*given))
    assert list(CompiledRows(launcher(1)).pairs(rule, 40, 40, Stream(1), None))
    assert is_drawn(rule) == (not asked)


@pytest.mark.parametrize("kind", [None, 1])
def test_arrays_of_another_length_are_refused(kind):
    net = gs.Network()
    cells = net.population("cells", 50, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedProbability(0.5), receptor="AMPA", weight=np.ones(1100), delay=1.0)
    make = (lambda: None) if kind is None else (lambda: launcher(kind))
    found = built(lay_out(net, 0.1, "single"), 1, make)
    assert "must have one value per synapse" in found
    assert "(got" in found


@pytest.mark.parametrize("kind", [None, 1, "emulated", "cuda"])
@pytest.mark.parametrize(("largest", "message"), [
    (50.0, "give that low= and high="),
    (2.0, "exceeds the declared w_max = 2; raise w_max"),
])  # fmt: skip
def test_drawn_weights_that_are_not_allowed_are_refused(kind, largest, message):
    net = gs.Network()
    cells = net.population("cells", 50, gs.LIF(), receptors=[gs.AMPA()])
    weight = gs.Normal(1.0, 1.0, low=0.0 if largest == 2 else None)
    net.connect(cells, cells, gs.FixedProbability(0.5), receptor="AMPA", weight=weight)
    layout = lay_out(net, 0.1, "single")
    ((key, planned),) = layout.weight_ranges.items()
    layout.weight_ranges[key] = planned._replace(largest=largest)
    make = (lambda: None) if kind is None else (lambda: launcher(kind))
    assert message in built(layout, 1, make)


def test_few_synapses_wait_for_no_compiler(monkeypatch):
    monkeypatch.setattr(tables, "FEW", 200_000)
    net = drawn_network(1)

    def refuse():
        raise AssertionError

    assert isinstance(built(lay_out(net, 0.1, "single"), 1, refuse), dict)


def test_progress_counts_every_listed_synapse():
    net = gs.Network()
    cells = net.population("cells", 50, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedInDegree(40), receptor="AMPA", weight=gs.Uniform(0.5, 2.0))
    seen = []
    Compiled(lay_out(net, 0.1, "single"), 1, advanced=seen.append, launcher=lambda: launcher(1))
    assert sum(seen) == 50 * 40
    assert len(seen) > 2
