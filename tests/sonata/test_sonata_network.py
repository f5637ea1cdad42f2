"""From a SONATA circuit to a network: templates, weights, delays, and what is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gpusyn.errors import FileError, ParameterError
from gpusyn.sonata import TEMPLATES, build, read_config
from gpusyn.sonata.nest_neurons import psc_exp
from tests.helpers.sonata_circuit import SmallCircuit, write_edges, write_json

h5py = pytest.importorskip("h5py", reason="SONATA files need h5py")


@pytest.fixture
def small(tmp_path: Path) -> SmallCircuit:
    return SmallCircuit(tmp_path)


def built(small: SmallCircuit):
    return build(read_config(small.write()))


def said(notes, *words: str) -> bool:
    return any(all(word in note for word in words) for note in notes)


def test_network_of_the_small_circuit(small):
    model = built(small)
    cells, inputs = model.net.populations["cells"], model.net.populations["inputs"]
    assert (cells.size, inputs.size, cells.V) == (6, 2, -65.0)
    assert cells.model.values["C_m"].tolist() == [200] * 4 + [100] * 2
    assert cells.model.values["g_L"].tolist() == [10] * 6
    assert [r.name for r in cells.receptors] == ["ex", "in"]
    assert all(r.is_current and r.kinetics.kind == "alpha" and r.kinetics.tau == 2.0 for r in cells.receptors)
    assert np.concatenate(inputs.model.values["times"]) == pytest.approx([0.1, 400.0, 1.0, 2.3])
    projections = model.net.projections
    assert list(projections) == ["cells_to_cells:ex", "cells_to_cells:in", "inputs_to_cells:ex"]
    excitatory, inhibitory, driving = projections.values()
    assert excitatory.weights["ex"].tolist() == [160, 140, 120, 100]
    assert excitatory.delay == 1.5
    # One synapse of weight -40, two, three; the fourth edge has nsyns 0 and does not exist.
    assert inhibitory.weights["in"].tolist() == [-40, -80, -120]
    assert inhibitory.rule.pre.tolist() == [4, 4, 5]
    assert inhibitory.rule.post.tolist() == [0, 1, 2]
    assert (driving.weights["ex"], driving.delay) == (2000.0, 1.0)


def test_what_is_assumed_is_said(small):
    notes = built(small).notes
    assert said(notes, "cells.h5", "tau_syn_ex = 2 ms", "tau_syn_in = 2 ms", "6 of 6 nodes", "nest:iaf_psc_alpha")
    assert said(notes, "inputs_cells.h5", "no delay for 6 of 6 edges", "1 ms assumed", "NEST's static_synapse")
    assert said(notes, "inputs.drive", "2 of 3 spike times off the grid")
    assert said(notes, "inputs.drive", "1 of 4 spikes come after the end of the run")
    assert said(notes, "no units")
    assert len(notes) == 5


def test_unknown_templates_are_refused_by_name(small):
    small.node_types[1] = "100 E e point_neuron nest:iaf_psc_alpa E.json"
    with pytest.raises(FileError) as caught:
        built(small)
    for word in (
        "cell_types.csv",
        "type 100",
        "'nest:iaf_psc_alpa'",
        "did you mean 'nest:iaf_psc_alpha'",
        "TEMPLATES",
    ):
        assert word in str(caught.value)


def test_missing_template_is_refused(small):
    small.node_types[1] = "100 E e point_neuron NULL E.json"
    with pytest.raises(FileError, match="model_template: missing for 4 nodes"):
        built(small)


def test_unknown_synapse_model_and_weight_function(small):
    small.input_edge_types = ["edge_type_id model_template", "7 bernoulli_synapse"]
    refused = r"input_edge_types\.csv: model_template: 'bernoulli_synapse' is not known; known"
    with pytest.raises(FileError, match=refused):
        built(small)


@pytest.mark.parametrize("name", ["gap_junction", "nest:gap_junction"])
def test_edges_that_are_gap_junctions_are_refused_with_the_way_to_couple(small, name):
    small.input_edge_types = ["edge_type_id model_template", f"7 {name}"]
    with pytest.raises(FileError, match=rf"'{name}' is not in gpusyn: a gap junction has no direction.*net\.couple\("):
        built(small)


@pytest.mark.parametrize("name", ["default_weight_fnc", "set_syn_weight", "wmax"])
def test_weight_functions_that_change_nothing(small, name):
    small.input_edge_types = ["edge_type_id model_template weight_function", f"7 static_synapse {name}"]
    assert built(small).net.projections["inputs_to_cells:ex"].weights["ex"] == 2000.0


def test_weight_functions_are_code(small):
    small.input_edge_types = ["edge_type_id model_template weight_function", "7 static_synapse gaussianLL"]
    with pytest.raises(FileError, match=r"weight_function 'gaussianLL' is code"):
        built(small)


def test_table_of_templates_can_be_extended(small, monkeypatch):
    def sluggish(p):
        return psc_exp({**p, "C_m": 2 * p["C_m"]})

    small.node_types[1] = "100 E e point_neuron lab:sluggish E.json"
    monkeypatch.setitem(TEMPLATES, "lab:sluggish", replace(TEMPLATES["nest:iaf_psc_exp"], make=sluggish))
    model = built(small)
    first, second = (part.population for part in model.parts["cells"])
    assert (first.name, first.size, second.name, second.size) == ("cells_0", 4, "cells_1", 2)
    assert first.model.values["C_m"] == 400.0
    assert first.receptors[0].kinetics.kind == "exponential"
    assert said(model.notes, "differ in model or receptors", "'cells_0' (4)", "'cells_1' (2)")


def test_nodes_with_other_time_constants_become_populations_of_their_own(small):
    small.models["I.json"]["tau_syn_ex"] = 0.5
    model = built(small)
    excitatory, inhibitory = (part.population for part in model.parts["cells"])
    assert [r.kinetics.tau for r in inhibitory.receptors] == [0.5, 2.0]
    assert [r.kinetics.tau for r in excitatory.receptors] == [2.0, 2.0]
    names = set(model.net.projections)
    assert "cells_to_cells:cells_0->cells_1:ex" in names
    between = model.net.projections["cells_to_cells:cells_0->cells_1:ex"]
    assert (between.rule.pre.tolist(), between.rule.post.tolist()) == ([2, 3], [0, 1])
    assert between.weights["ex"].tolist() == [120, 100]
    assert sum(len(p.rule.pre) for p in model.net.projections.values()) == 7 + 6


def test_conductance_model(small):
    conductance = {"C_m": 250.0, "g_L": 16.0, "V_reset": -60.0, "tau_syn_ex": 0.5, "E_in": -80.0}
    small.models = {"E.json": dict(conductance), "I.json": dict(conductance)}
    small.node_types = [line.replace("iaf_psc_alpha", "iaf_cond_exp") for line in small.node_types]
    model = built(small)
    excitatory, inhibitory = model.net.populations["cells"].receptors
    assert (excitatory.E_rev, inhibitory.E_rev) == (0.0, -80.0)
    assert (excitatory.kinetics.tau, inhibitory.kinetics.tau) == (0.5, 2.0)
    assert model.net.projections["cells_to_cells:in"].weights["in"].tolist() == [40, 80, 120]
    assert said(model.notes, "E_ex = 0 mV", "t_ref = 2 ms")


def test_parameters_of_single_nodes_overrule_those_of_the_type(small):
    config = read_config(small.write())
    with h5py.File(config.nodes[0].data, "a") as file:
        file["nodes/cells/0/dynamics_params/V_th"] = [-45.0, np.nan, -44.0, -43.0, -42.0, -41.0]
        for axis in "xyz":
            file[f"nodes/cells/0/{axis}"] = np.arange(6.0)
    cells = build(config).net.populations["cells"]
    assert cells.model.values["V_th"].tolist() == [-45, -50, -44, -43, -42, -41]
    assert cells.positions[:, 2].tolist() == [0, 1, 2, 3, 4, 5]


def test_where_V_starts(small):
    """NEST keeps its default V_m when E_L is given."""
    small.models["E.json"]["E_L"] = -80.0
    del small.simulation["conditions"]["v_init"]
    model = built(small)
    assert model.net.populations["cells"].V == -70.0
    assert said(
        model.notes, "no conditions.v_init", "V of 6 nodes starts at -70 mV", "the default of nest:iaf_psc_alpha"
    )


def test_V_m_of_the_model_and_v_init(small):
    small.models["I.json"]["V_m"] = -61.0
    model = built(small)
    assert model.net.populations["cells"].V == -65.0
    assert said(model.notes, "v_init overrides V_m")


def test_V_m_of_the_model_alone(small):
    small.models["I.json"]["V_m"] = -61.0
    del small.simulation["conditions"]["v_init"]
    assert built(small).net.populations["cells"].V.tolist() == [-70] * 4 + [-61] * 2


@pytest.mark.parametrize(
    "change, words",
    [
        ({"tau_n": 3.0}, ["E.json: tau_n", "no parameter 'tau_n'", "tau_m"]),
        ({"tau_m": 0.0}, ["E.json: tau_m", "above 0"]),
        ({"C_m": "250"}, ["E.json: C_m", "finite number [pF]"]),
        ({"V_th": -0.05}, ["E.json: V_th", "looks like volts", "-0.05"]),
        ({"V_reset": -40.0}, ["cells.h5: population 'cells'", "V_reset"]),
        ({"t_ref": -2.03}, ["cells.h5: population 'cells'", "t_ref", ">= 0"]),
    ],
)
def test_wrong_model_parameters(small, change, words):
    small.models["E.json"].update(change)
    with pytest.raises((FileError, ParameterError)) as caught:
        built(small)
    assert all(word in str(caught.value) for word in words), caught.value


def test_missing_model_file_and_folder(small):
    del small.models["I.json"]
    with pytest.raises(FileError, match=r"type 101: dynamics_params: no file 'I\.json' in components\.point_neuron"):
        built(small)


def test_missing_models_folder(small):
    small.circuit["components"] = {}
    with pytest.raises(FileError, match=r"needs components\.point_neuron_models_dir"):
        built(small)


def test_delays_off_the_grid_are_taken_at_the_nearest_step(small):
    """The later one of two, as in NEST."""
    weights = {0: {"syn_weight": np.full(8, 5.0), "delay": [1.04, 1.05, 1.06, 1.15, 0.05, 0.06, 2.0, 1.57]}}
    small.edge_groups = ([0] * 8, range(8), weights)
    model = built(small)
    (excitatory, _) = model.net.projections.values()
    np.testing.assert_allclose(excitatory.delay, [1.0, 1.1, 1.1, 1.2, 0.1, 0.1, 2.0, 1.6], rtol=1e-12)
    assert said(model.notes, "/edges/cells_to_cells: delay: 7 of 8 delays off the grid of dt = 0.1 ms; taken at")


def test_delay_of_less_than_half_a_step_is_refused(small):
    small.edge_types[1] = "1 * * 0.04 NULL static_synapse NULL"
    with pytest.raises(ParameterError, match=r"cells_cells\.h5: /edges/cells_to_cells: delay.*got 0\.04"):
        built(small)


def test_refractory_times_off_the_grid_are_taken_up_to_the_next_step(small):
    small.models["E.json"]["t_ref"] = 2.01
    model = built(small)
    assert [part.population.model.t_ref for part in model.parts["cells"]] == [pytest.approx([2.1] * 4 + [2.0] * 2)]
    assert said(model.notes, "population 'cells': t_ref: 4 of 6 off the grid of dt = 0.1 ms; taken up to the next")


def test_delays_of_single_edges(small):
    weights = {0: {"syn_weight": np.full(8, 5.0), "delay": np.arange(1, 9) / 2}}
    small.edge_groups = ([0] * 8, range(8), weights)
    (excitatory, _) = built(small).net.projections.values()
    assert excitatory.delay.tolist() == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]


def test_input_spikes_need_virtual_nodes(small):
    small.node_sets["inputs"] = {"population": "cells"}
    small.input_ids = [1, 1, 3, 5]
    with pytest.raises(FileError, match="gets input spikes but is not virtual"):
        built(small)


def test_edges_to_virtual_nodes_are_refused(small):
    path = small.write()
    backwards = write_edges(small.folder / "network" / "back.h5", "back", ("cells", "inputs"), [(10, 0)], [7])
    entry = {"edges_file": str(backwards), "edge_types_file": "$NETWORK_DIR/input_edge_types.csv"}
    small.circuit["networks"]["edges"].append(entry)
    write_json(small.folder / "circuit_config.json", small.circuit)
    with pytest.raises(FileError, match="edges end at virtual nodes of 'inputs'"):
        build(read_config(path))


@pytest.mark.parametrize(
    "change, words",
    [
        ({"variable_name": "V_x"}, ["reports.potential.variable_name", "'V_x'", "I_syn_ex"]),
        ({"cells": "inputs"}, ["reports.potential.cells", "virtual"]),
        ({"dt": 0.25}, ["reports.potential.dt", "multiple of dt = 0.1"]),
    ],
)
def test_wrong_reports(small, change, words):
    small.simulation["reports"]["potential"].update(change)
    with pytest.raises((FileError, ParameterError)) as caught:
        built(small)
    assert all(word in str(caught.value) for word in words), caught.value
