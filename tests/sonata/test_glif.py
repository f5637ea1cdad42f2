"""Nodes of ``nest:glif_psc`` and of the Allen Institute's GLIF models: levels, ports, lists, units and refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import FileError, ParameterError
from gpusyn.sonata import TEMPLATES, build, check_config, read_config
from gpusyn.sonata.glif import ALLEN_NAMES, FLAGS, LEVELS
from tests.helpers.sonata_circuit import SmallCircuit

#: A model file as published circuits have them.
PUBLISHED = {
    "V_m": -76.2, "V_th": -40.9, "g": 3.94, "E_L": -76.2, "C_m": 68.1, "t_ref": 2.43, "V_reset": -76.2,
    "asc_init": [0.0, 0.0], "asc_decay": [0.003, 0.1], "asc_amps": [-13.0, -200.0], "tau_syn": [5.5, 8.5, 2.8, 5.8],
    "spike_dependent_threshold": False, "after_spike_currents": True, "adapting_threshold": False,
}  # fmt: skip
#: One of the Allen Cell Types Database, for all levels.
ALLEN = {
    "El_reference": -0.07, "El": 0.0, "C": 8e-11, "R_input": 2.5e8, "th_inf": 0.02, "spike_cut_length": 60, "dt": 5e-05,
    "asc_amp_array": [-7e-11, -4e-10], "asc_tau_array": [0.025, 0.005], "init_AScurrents": [0.0, 0.0],
    "threshold_dynamics_method": {
        "name": "three_components_exact",
        "params": {"a_spike": 0.002, "b_spike": 100.0, "a_voltage": 9.0, "b_voltage": 30.0},
    },
    "voltage_reset_method": {"name": "v_before", "params": {"a": 0.4, "b": 0.004}}, "th_adapt": None, "type": "GLIF",
    "coeffs": {"a": 2, "b": 0.5, "C": 1.1, "G": 0.9, "th_inf": 0.8, "asc_amp_array": [1.0, 0.5]},
}  # fmt: skip


@pytest.fixture
def small(tmp_path):
    """Six neurons of one model, to one port of which all edges lead."""
    made = SmallCircuit(tmp_path)
    del made.simulation["conditions"]
    made.synapse_models["port.json"] = {"receptor_type": 1}
    made.edge_types[1:] = [line.replace("empty.json", "port.json").replace("NULL", "port.json") if number else
                           line.replace("empty.json", "port.json")
                           for number, line in enumerate(made.edge_types[1:])]  # fmt: skip
    made.input_edge_types = ["edge_type_id model_template dynamics_params", "7 static_synapse port.json"]
    return made


def use(small, template="nest:glif_psc", **parameters):
    small.models = {"E.json": parameters, "I.json": parameters}
    small.node_types = [line.replace("nest:iaf_psc_alpha", template) for line in small.node_types]
    return small


def cells_of(small):
    return build(read_config(small.write())).net.populations["cells"]


def test_a_published_model_file(small):
    cells = cells_of(use(small, **PUBLISHED))
    p = cells.model.values
    assert (cells.model.kind, p["level"], cells.V) == ("GLIF", 3, -76.2)
    assert {name: p[name] for name in ("V_th", "E_L", "C_m", "t_ref", "V_reset")} == {
        name: PUBLISHED[name] for name in ("V_th", "E_L", "C_m", "t_ref", "V_reset")
    }
    assert (p["g_L"], p["asc_amps_1"], p["asc_amps_2"], p["asc_decay_2"]) == (3.94, -13.0, -200.0, 0.1)
    assert [(one.name, one.kinetics.tau) for one in cells.receptors] == [
        ("port_1", 5.5), ("port_2", 8.5), ("port_3", 2.8), ("port_4", 5.8),
    ]  # fmt: skip
    assert all(one.is_current and one.kinetics.kind == "alpha" for one in cells.receptors)


@pytest.mark.parametrize("flags", LEVELS)
def test_flags_tell_the_level(small, flags):
    given = PUBLISHED | dict(zip(FLAGS, map(bool, flags), strict=True))
    assert cells_of(use(small, **given)).model.level == LEVELS[flags]


@pytest.mark.parametrize("flags", [(0, 0, 1), (1, 0, 1), (0, 1, 1)])
def test_other_flags_are_refused(small, flags):
    given = PUBLISHED | dict(zip(FLAGS, map(bool, flags), strict=True))
    with pytest.raises(ParameterError, match="adapting_threshold True are not those of one of the five levels"):
        cells_of(use(small, **given))


def test_edges_end_at_their_ports(small):
    small.synapse_models["port.json"] = {"receptor_type": 3}
    model = build(read_config(use(small, **PUBLISHED).write()))
    assert {name for one in model.net.projections.values() for name in one.weights} == {"port_3"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, r"edges of static_synapse end at nodes of nest:glif_psc: they need a receptor_type .* from 1 to 4"),
        ({"receptor_type": 5}, "receptor_type 5 of dynamics_params.*known here: 0, 1, 2, 3, 4"),
    ],
)
def test_edges_without_a_port_are_refused(small, given, said):
    small.synapse_models["port.json"] = given
    with pytest.raises(FileError, match=said):
        cells_of(use(small, **PUBLISHED))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"asc_decay": [0.1, 0.2, 0.3], "asc_amps": [1.0] * 3}, "have 3, 3 values; gpusyn's GLIF neuron has two after"),
        ({"asc_decay": [0.1], "asc_amps": [1.0, 2.0]}, "have 1, 2 values"),
        ({"tau_syn": []}, "tau_syn has 0 values, from 1 to 8 are possible"),
        ({"tau_syn": [2.0] * 9}, "tau_syn has 9 values"),
        ({"adapting_threshold": "yes"}, "adapting_threshold must be true or false"),
        ({"asc_amps": 3.0}, r"E\.json: is not what its template expects"),
        ({"I_e": 3.0}, "nest:glif_psc has no parameter 'I_e'"),
        ({"tau_syn": [-1.0]}, r"tau_syn_1: must be above 0 \(got -1\)"),
    ],
)
def test_files_that_are_refused(small, changed, said):
    with pytest.raises(FileError, match=said):
        cells_of(use(small, **PUBLISHED | changed))


def test_one_after_spike_current_and_one_port(small):
    one = {"asc_decay": [0.02], "asc_amps": [-30.0], "asc_r": [0.5], "asc_init": [0.0], "tau_syn": 3.0}
    cells = cells_of(use(small, **PUBLISHED | one))
    p = cells.model.values
    assert [p[f"asc_{what}_1"] for what in ("decay", "amps", "r")] == [0.02, -30.0, 0.5]
    assert p["asc_amps_2"] == 0.0
    assert [receptor.kinetics.tau for receptor in cells.receptors] == [3.0]


def test_lists_are_not_read_where_there_are_no_such_currents(small):
    """As in NEST; a database may have any number of them."""
    given = PUBLISHED | {"after_spike_currents": False, "asc_decay": [0.1] * 5, "asc_amps": [], "ASCurrents": []}
    assert cells_of(use(small, **given)).model.level == 1


def test_initial_states(small):
    given = PUBLISHED | dict.fromkeys(FLAGS, True) | {
        "ASCurrents": [20.0, -5.0], "threshold_spike": 1.5, "threshold_voltage": 0.5, "asc_init": [7.0, 7.0],
    }  # fmt: skip
    model = build(read_config(use(small, **given).write()))
    with gs.Simulator(model.net, dt=0.1, backend="numpy", precision="double") as sim:
        model.start(sim)
        found = [sim.get("cells", name)[0] for name in ("asc_1", "asc_2", "theta_spike", "theta_voltage")]
    assert found == [20.0, -5.0, 1.5, 0.5]


def test_v_starts_where_nest_leaves_it(small):
    given = {key: value for key, value in PUBLISHED.items() if key != "V_m"}
    config = read_config(use(small, **given).write())
    assert build(config).net.populations["cells"].V == -78.85
    assert any("V of 6 nodes starts at -78.85 mV" in note for note in build(config).notes)


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_files_of_the_cell_types_database(small, level):
    cells = cells_of(use(small, f"nest:glif_{ALLEN_NAMES[level - 1]}_psc", **ALLEN))
    wanted = {"level": level, "C_m": 88.0, "g_L": 3.6, "E_L": -70.0, "V_th": -54.0, "t_ref": 3.0}
    if level in (1, 3):
        wanted["V_reset"] = -70.0
    if level in (2, 4, 5):
        wanted |= {"th_spike_add": 2.0, "th_spike_decay": 0.1}
        wanted |= {"voltage_reset_fraction": 0.4, "voltage_reset_add": 4.0}
    if level >= 3:
        wanted |= {"asc_decay_1": 0.04, "asc_decay_2": 0.2, "asc_amps_1": -70.0, "asc_amps_2": -200.0, "asc_r_1": 1.0}
    if level == 5:
        wanted |= {"th_voltage_index": 0.018, "th_voltage_decay": 0.015}
    assert {name: cells.model.values[name] for name in wanted} == pytest.approx(wanted)
    assert [one.kinetics.tau for one in cells.receptors] == [5.5, 8.5, 2.8, 5.8]
    assert cells.V is None  # at rest


def test_a_file_of_nest_is_none_of_the_database(small):
    with pytest.raises(FileError, match=r"E\.json: is not what its template expects \(it has no 'coeffs', as files of"):
        cells_of(use(small, "nest:glif_lif_asc_psc", **PUBLISHED))


def test_refractory_times_between_steps_are_the_models_own(small):
    """No note says that they were moved."""
    found = check_config(use(small, **PUBLISHED).write())
    assert found.problems == ()
    assert not any(": t_ref" in note for note in found.notes)


def test_reports_of_thresholds(small):
    small.simulation["reports"] = {
        name: {"cells": "cells", "variable_name": name, "module": "membrane_report"}
        for name in ("V_m", "threshold_spike", "threshold_voltage")
    }
    given = PUBLISHED | dict.fromkeys(FLAGS, True)
    model = build(read_config(use(small, **given).write()))
    recorded = {name for one in model.net.recorders.values() for name in getattr(one, "variables", ())}
    assert {"V", "theta_spike", "theta_voltage"} <= recorded
    problems = check_config(use(small, **PUBLISHED).write()).problems
    assert any("threshold_spike" in one for one in problems)


def test_cells_with_other_ports_are_other_populations(small):
    small = use(small, **PUBLISHED)
    small.models["I.json"] = PUBLISHED | {"tau_syn": [1.0, 2.0], "V_th": -45.0}
    model = build(read_config(small.write()))
    sizes = [len(part.population.receptors) for part in model.parts["cells"]]
    assert sorted(sizes) == [2, 4]


def test_units_of_each_template_are_gpusyns():
    names = [name for name in TEMPLATES if name.startswith("nest:glif")]
    assert len(names) == 6
    for name in names:
        units = {p.name: p.unit or "1" for p in gs.GLIF.parameters()}
        template = TEMPLATES[name]
        shared = set(units) & set(template.parameters)
        assert len(shared) == 17
        assert {one: template.parameters[one].unit for one in shared} == {one: units[one] for one in shared}
    assert json.loads(json.dumps(PUBLISHED)) == PUBLISHED
    assert np.isfinite([one.default for one in TEMPLATES[names[0]].parameters.values()]).all()


def test_small_additions_to_a_potential_are_no_volts(small):
    """NEST's own default of th_spike_add is 0.37 mV."""
    given = PUBLISHED | {"spike_dependent_threshold": True, "th_spike_add": 0.37, "voltage_reset_add": 0.1}
    p = cells_of(use(small, **given)).model.values
    assert (p["level"], p["th_spike_add"], p["voltage_reset_add"]) == (4, 0.37, 0.1)
    with pytest.raises(ParameterError, match=r"V_th: looks like volts"):
        cells_of(use(small, **PUBLISHED | {"V_th": -0.05}))
