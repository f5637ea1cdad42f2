"""The builder's tables: the same whenever they are asked for, and nothing that they return is edited afterwards."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder.compile import Compiled
from gpusyn.builder.inputs.tables import InputTables
from gpusyn.builder.layout import Layout
from gpusyn.builder.placement import lay_out
from gpusyn.builder.rows.stored import Pool
from gpusyn.builder.rows.tables import SynapseTables
from gpusyn.commands.check_cases import bath_network, driven_network, synapse_network
from gpusyn.kernels.records import RECORDS, Route
from gpusyn.simulation.planning import plan
from tests.helpers.sanitized_network import describe

NETWORKS = (bath_network, driven_network, synapse_network, describe)
anywhere = pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)


def placed(network: Callable[[], gs.Network]) -> Layout:
    return lay_out(network(), 0.1, "single")


def assert_same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    assert list(first) == list(second)
    for name, array in first.items():
        assert (array.dtype, array.shape) == (second[name].dtype, second[name].shape), name
        np.testing.assert_array_equal(array, second[name], err_msg=name)


@anywhere
def test_tables_are_the_same_whenever_they_are_asked_for(network):
    layout = placed(network)
    inputs = InputTables(layout, seed=3)
    synapses = SynapseTables(layout, 3, inputs)
    for tables in (lambda: inputs.arrays(20), synapses.arrays):
        first = tables()
        kept = {name: array.copy() for name, array in first.items()}
        assert_same(kept, tables())
        assert_same(kept, first)
    assert synapses.stored == synapses.stored


@anywhere
def test_what_is_written_ahead_of_a_chunk_depends_on_the_chunk_alone(network):
    layout = placed(network)
    inputs, fresh = InputTables(layout, seed=3), InputTables(layout, seed=3)
    first = {write.array: write.values for write in inputs.writes(40, 10)}
    inputs.writes(0, 30)
    assert_same(first, {write.array: write.values for write in inputs.writes(40, 10)})
    assert_same(first, {write.array: write.values for write in fresh.writes(40, 10)})


@anywhere
def test_a_layout_can_be_compiled_twice(network):
    layout = placed(network)
    notes = list(layout.notes)
    first = Compiled(layout, seed=3).program
    second = Compiled(layout, seed=3).program
    assert_same(dict(first.initial), dict(second.initial))
    assert first.launches == second.launches
    assert layout.notes == notes


def test_the_first_tables_are_no_condition_for_the_others():
    """Doses of blockers have their columns before any synapse is drawn."""
    layout = placed(describe)
    inputs = InputTables(layout, seed=3)
    columns = inputs.columns
    SynapseTables(layout, 3, inputs)
    assert inputs.columns == columns
    assert set(inputs.dose_columns.values()) == {inputs.modulator_column - 1}


def test_a_pool_can_be_joined_and_go_on():
    pool = Pool(np.int64)
    assert pool.join().tolist() == [0]
    assert [pool.add(np.array(piece)) for piece in ([1, 2], [3], [])] == [0, 2, 3]
    assert pool.join().tolist() == pool.join().tolist() == [1, 2, 3]
    assert pool.add(np.array([4])) == 3
    assert pool.join().tolist() == [1, 2, 3, 4]


def test_a_plan_stays_as_it_was_planned():
    planned = plan(driven_network())
    built = planned.built({"drawn:AMPA": 7})
    assert planned.rounded_to_zero is None
    assert built.rounded_to_zero == {"drawn:AMPA": 7}
    assert "round to 0: 7" in str(built)
    assert "round to 0: 7" not in str(planned)


def test_a_plan_tells_which_spike_times_are_rounded():
    net = gs.Network()
    net.population("listed", 2, gs.SpikeSource([1.0, 2.04]))
    assert "2 input spike times rounded to 0.1 ms, by at most 0.04 ms" in str(plan(net))


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.__name__)
def test_a_record_with_a_wrong_or_missing_field_is_refused(record):
    fields = dict.fromkeys(record._fields, 1)
    assert record(**fields) == (1,) * len(fields)
    with pytest.raises(TypeError, match="unexpected keyword argument 'cuont'"):
        record(**fields, cuont=1)
    fields.popitem()
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        record(**fields)


def test_routes_are_sorted_by_their_senders():
    layout = placed(bath_network)
    arrays = SynapseTables(layout, 3, InputTables(layout, 3)).arrays()
    begin, width = arrays["route_begin"], len(Route._fields)
    assert begin[-1] == arrays["routes"].size // width
    routes = [Route(*row) for row in arrays["routes"].reshape(-1, width).tolist()]
    senders = [(p.source, p.source + p.size) for p in layout.populations.values()]
    senders += [(gate.first, gate.first + gate.place.size) for gate in layout.gates.values()]
    for number, (first, end) in enumerate(senders):
        for route in routes[begin[number] : begin[number + 1]]:
            assert first <= route.source <= route.source_end <= end
