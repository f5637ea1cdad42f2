"""Nodes of ``nrn:IntFire1``: an event-driven simulation has the same spikes; Allen's kind of files, and refusals."""

from __future__ import annotations

import heapq
import itertools
import math
import re

import h5py
import numpy as np
import pytest

from gpusyn.errors import FileError
from gpusyn.sonata import build, check_config, read_config, run_config
from tests.helpers.sonata_circuit import SmallCircuit, write_edges, write_spikes

DT = 0.05


@pytest.fixture
def small(tmp_path):
    """Six neurons with the files that circuits of the Allen Institute have; they get spikes of weight 0.6."""
    made = SmallCircuit(tmp_path)
    made.models = {
        "E.json": {"tau": 0.024, "type": "NEURON_IntFire1", "refrac": 0.003},
        "I.json": {"tau": 0.007, "type": "NEURON_IntFire1", "refrac": 0.002},
    }
    made.synapse_models = {
        "instanteneousExc.json": {"level_of_detail": "instanteneous", "sign": 1},
        "instanteneousInh.json": {"level_of_detail": "instanteneous", "sign": -1},
    }
    made.node_types = [
        "node_type_id ei model_type model_template dynamics_params",
        "100 e point_process nrn:IntFire1 E.json",
        "101 i point_neuron nrn:IntFire1 I.json",
    ]
    made.edge_types = [
        "edge_type_id delay weight_function syn_weight dynamics_params",
        "1 1.5 wmax 0.02 instanteneousExc.json",
        "2 2.0 wmax 0.4 instanteneousInh.json",
    ]
    made.edge_groups = ([0] * 8, range(8), {0: {"nsyns": np.array([1, 2, 3, 4, 1, 2, 3, 0])}})
    made.input_edge_types = ["edge_type_id delay dynamics_params", "7 2.0 instanteneousExc.json"]
    made.simulation["run"]["dt"] = DT
    made.simulation["reports"]["potential"]["variable_name"] = "m"
    return made


def with_input(small, weight, times, **edges):
    """Write the circuit with weights of the input edges, and spikes of the first input (ms)."""
    path = small.write()
    pairs = [(0, node) for node in small.node_ids]
    values = {"syn_weight": np.broadcast_to(weight, 6), **edges}
    write_edges(
        small.folder / "network" / "inputs_cells.h5", "inputs_to_cells", ("inputs", "cells"), pairs, [7] * 6,
        ([0] * 6, range(6), {0: values}),
    )  # fmt: skip
    write_spikes(small.folder / "inputs" / "drive.h5", times, [0] * len(times))
    return path


def cells_of(small):
    return build(read_config(small.write())).net.populations["cells"]


# ---- the equations


def events(taus, refracs, inputs, edges, steps, *, last_first, open_at_end):
    """Return (step, neuron) of the spikes of IntFire1 neurons, from event to event as NEURON does.

    `inputs`: (step, neuron, weight); `edges`: {source: [(target, weight, delay in steps)]}. Two things NEURON leaves to
    its queue: in which order the events of one time act, and whether one that comes when the refractory time ends does.
    """
    order = -1 if last_first else 1
    count = itertools.count()
    queue = [(due, order * next(count), target, weight) for due, target, weight in inputs]
    heapq.heapify(queue)
    m, since, free = [0.0] * len(taus), [0] * len(taus), [0] * len(taus)
    spikes = []
    while queue and queue[0][0] <= steps:
        now, _, j, weight = heapq.heappop(queue)
        if now < free[j] or (now == free[j] > 0 and not open_at_end):
            continue
        since[j] = max(since[j], free[j])
        m[j] = m[j] * math.exp(-(now - since[j]) * DT / taus[j]) + weight
        since[j] = now
        if m[j] > 1:
            m[j], free[j] = 0.0, now + refracs[j]
            spikes.append((now, j))
            for target, w, delay in edges.get(j, ()):
                heapq.heappush(queue, (now + delay, order * next(count), target, w))
    return sorted(spikes)


@pytest.mark.parametrize("precision", ["double", "single"])
def test_spikes_are_those_of_an_event_driven_simulation(small, precision):
    """Excitatory events come at steps that are 0 modulo 4, inhibitory at 1, and refractory times end at 2: no ties."""
    small.models["E.json"]["refrac"], small.models["I.json"]["refrac"] = 62 * DT / 1e3, 42 * DT / 1e3
    rng = np.random.default_rng(5)
    steps, nodes = 4000, small.node_ids
    trains = 4 * np.sort(rng.choice(np.arange(1, steps // 4 - 30), 200, replace=False))
    arrivals, strengths = np.array([32, 8, 48, 20, 60, 76]), np.linspace(0.35, 0.85, 6)
    pairs = [(a, b) for a in range(6) for b in range(6) if a != b]
    delays = 4 * rng.integers(3, 22, len(pairs)) + np.array([a >= 4 for a, _ in pairs])
    sizes = rng.uniform(0.05, 0.5, len(pairs))
    path = with_input(small, strengths, trains * DT, delay=arrivals * DT)
    write_edges(
        small.folder / "network" / "cells_cells.h5", "cells_to_cells", ("cells", "cells"),
        [(nodes[a], nodes[b]) for a, b in pairs], [1 if a < 4 else 2 for a, _ in pairs],
        ([0] * len(pairs), range(len(pairs)), {0: {"syn_weight": sizes, "delay": delays * DT}}),
    )  # fmt: skip
    edges = {}
    for (a, b), delay, size in zip(pairs, delays.tolist(), sizes.tolist(), strict=True):
        edges.setdefault(a, []).append((b, size if a < 4 else -size, delay))
    inputs = [(int(one + arrivals[j]), j, float(strengths[j])) for one in trains for j in range(6)]
    ways = [
        events([24.0] * 4 + [7.0] * 2, [62] * 4 + [42] * 2, inputs, edges, steps, last_first=one, open_at_end=two)
        for one in (False, True)
        for two in (False, True)
    ]
    assert all(one == ways[0] for one in ways)  # no tie matters
    found = run_config(path, backend="numpy", precision=precision, duration=steps * DT, echo=str).spikes
    ours = sorted(zip(np.rint(found.times / DT).astype(int).tolist(), found.ids.tolist(), strict=True))
    assert ours == ways[0]
    assert {j for _, j in ours} == set(range(6))
    assert len(ours) > 100


@pytest.mark.parametrize("precision", ["double", "single"])
def test_m_must_be_above_one(small, precision):
    weight = np.array([1.0, 1.0 + 2.0**-22, 0.5, 0.5, 2.0, 0.9])
    path = with_input(small, weight, [1.0])
    result = run_config(path, backend="numpy", precision=precision, duration=5.0, echo=str)
    assert result.spikes.ids.tolist() == [1, 4]
    assert result.spikes.times == pytest.approx([3.0, 3.0])


def test_events_at_rest_in_the_refractory_time_and_after_it(small):
    """It ends 3 ms after a spike; what comes at that time is lost."""
    path = with_input(small, 1.5, [1.0, 2.0, 4.0, 4.05, 8.0])
    result = run_config(path, backend="numpy", duration=12.0, echo=str)
    times = {j: result.spikes.times[result.spikes.ids == j].tolist() for j in range(4)}
    assert times == {j: pytest.approx([3.0, 6.05, 10.0]) for j in range(4)}


def test_a_report_is_of_m(small):
    small.simulation["reports"]["again"] = small.simulation["reports"]["potential"] | {"variable_name": "V"}
    path = with_input(small, 0.6, [1.0])
    result = run_config(path, backend="numpy", duration=8.0, echo=str)
    m = result.reports["potential"]["V"]
    t = np.arange(1, 161) * DT
    wanted = np.where(t > 3.0 - DT / 2, 0.6 * np.exp(-(t - 3.0) / np.array([[24.0], [7.0]])), 0.0).T
    np.testing.assert_allclose(m, wanted, atol=1e-12)
    for name in ("potential", "again"):
        with h5py.File(small.folder / "output" / f"{name}.h5") as file:
            assert file["report/cells/data"].attrs["units"] in ("1", b"1")


# ---- files


def test_files_of_the_allen_institute(small):
    path = small.write()
    found = check_config(path)
    assert found.problems == ()
    wanted = (
        "tau and refrac in its files are in seconds",
        "conditions.v_init is not for 6 nodes of nrn:IntFire1",
        "no model_template for 8 edges; static_synapse assumed",
    )
    assert all(any(one in note for note in found.notes) for one in wanted), found.notes
    net = build(read_config(path)).net
    model = net.populations["cells"].model
    assert (model.values["C_m"] / model.values["g_L"]).tolist() == [24.0] * 4 + [7.0] * 2
    assert model.values["t_ref"].tolist() == [3.0] * 4 + [2.0] * 2
    assert net.populations["cells"].V is None
    weights = net.projections["cells_to_cells:delta"].weights["delta"]
    assert weights.tolist() == pytest.approx([0.02, 0.04, 0.06, 0.08, -0.4, -0.8, -1.2])


def test_times_that_the_files_leave_out(small):
    small.models["E.json"] = {}
    small.models["I.json"] = {"tau": 0.01, "refrac": 0.005}
    model = cells_of(small).model
    assert (model.values["C_m"], model.values["t_ref"]) == (10.0, 5.0)


def test_a_refractory_time_off_the_grid_goes_up(small):
    small.models["E.json"]["refrac"] = 0.00301
    assert cells_of(small).model.values["t_ref"].tolist() == pytest.approx([3.05] * 4 + [2.0] * 2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tau_m": 24.0}, r"E\.json: .*'tau_m' is no parameter of nrn:IntFire1; known here: tau, refrac, in seconds"),
        ({"tau": "24 ms"}, r"E\.json: is not what its template expects \(tau: must be a finite number of s > 0"),
        ({"tau": 0.0}, r"E\.json: .*\(tau: must be a finite number of s > 0 \(got 0"),
        ({"refrac": -0.003}, r"E\.json: .*\(refrac: must be a finite number of s >= 0 \(got -0.003"),
    ],
)
def test_model_files_that_are_refused(small, given, said):
    small.models["E.json"] = given
    problems = check_config(small.write()).problems
    assert any(re.search(said, one) for one in problems), problems


def test_parameters_of_single_nodes_are_never_in_seconds(small):
    config = read_config(small.write())
    with h5py.File(config.nodes[0].data, "a") as file:
        file["nodes/cells/0/dynamics_params/tau"] = np.full(6, 0.02)
    with pytest.raises(FileError, match=r"nrn:IntFire1 has no parameter 'tau' in gpusyn.*known here: tau_m, t_ref"):
        build(config)


def test_what_such_nodes_do_not_take(small):
    small.simulation["inputs"]["current"] = {
        "input_type": "current_clamp", "module": "IClamp", "node_set": "watched", "amp": 0.1, "delay": 1.0,
        "duration": 5.0,
    }  # fmt: skip
    small.edge_types[0] += " model_template"
    small.edge_types[1] = "1 1.5 wmax 0.02 NULL gpusyn:AMPA"
    small.edge_types[2] = "2 2.0 gaussianLL 0.4 instanteneousInh.json NULL"
    problems = check_config(small.write()).problems
    for words in (
        "current.node_set: nodes of nrn:IntFire1 take spikes, no currents or clamps; leave them out",
        "edges of gpusyn:AMPA end at nodes of nrn:IntFire1, which have no membrane; leave their model_template out",
        "weight_function 'gaussianLL' is code of another simulator",
    ):
        assert any(words in one for one in problems), problems
    assert len(problems) == 3
