"""The JSON files that types of edges name: sign, weight, delay, receptor_type, plasticity; and overrides of edges."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from gpusyn.errors import FileError, ParameterError
from gpusyn.plasticity import STDP, TsodyksMarkram
from gpusyn.sonata import TEMPLATES, build, read_config
from gpusyn.sonata.nest_neurons import psc_exp
from tests.helpers.sonata_circuit import SmallCircuit


@pytest.fixture
def small(tmp_path):
    return SmallCircuit(tmp_path)


def built(small):
    return build(read_config(small.write()))


def said(model, *words: str) -> bool:
    return any(all(word in note for word in words) for note in model.notes)


def edges_of(small, line: str) -> None:
    """Replace the first type of edges; its four edges have weights of 100 to 160."""
    small.edge_types[1] = f"1 * \"ei=='e' & x>0\" {line}"


def test_a_sign_makes_inhibition(small):
    small.synapse_models["inhibit.json"] = {"sign": -1, "level_of_detail": "instantaneous"}
    edges_of(small, "1.5 NULL static_synapse inhibit.json")
    model = built(small)
    assert list(model.net.projections) == ["cells_to_cells:in", "inputs_to_cells:ex"]
    assert model.net.projections["cells_to_cells:in"].weights["in"].tolist() == [-160, -140, -120, -100, -40, -80, -120]
    assert said(model, "inhibit.json: level_of_detail: not used")


def test_a_sign_of_weights_that_have_one(small):
    small.synapse_models["inhibit.json"] = {"sign": -1}
    small.edge_types[2] = "2 * ei=='i' 2.0 -40.0 static_synapse inhibit.json"
    with pytest.raises(
        FileError, match=r"cells_to_cells: weights must be >= 0 where dynamics_params give a sign \(got -40"
    ):
        built(small)
    small.synapse_models["inhibit.json"] = {"sign": -2}
    small.edge_types[2] = "2 * ei=='i' 2.0 40.0 static_synapse inhibit.json"
    with pytest.raises(FileError, match=r"sign of dynamics_params must be 1 or -1"):
        built(small)


def without_weights(small):
    """Write the circuit without the weights of single edges in group 0, and return its configuration."""
    config = read_config(small.write())
    with h5py.File(config.edges[0].data, "a") as file:
        del file["edges/cells_to_cells/0/syn_weight"]
    return config


def test_weight_and_delay_of_the_model(small):
    small.synapse_models["strong.json"] = {"weight": 300.0, "delay": 2.5}
    edges_of(small, "NULL NULL static_synapse strong.json")
    model = build(without_weights(small))
    excitatory = model.net.projections["cells_to_cells:ex"]
    assert (excitatory.weights["ex"], excitatory.delay) == (300.0, 2.5)
    assert not said(model, "dynamics_params is not used")


def test_tables_overrule_the_model(small):
    small.synapse_models["strong.json"] = {"weight": 300.0, "delay": 2.5}
    edges_of(small, "1.5 NULL static_synapse strong.json")
    model = built(small)
    excitatory = model.net.projections["cells_to_cells:ex"]
    assert (excitatory.weights["ex"].tolist(), excitatory.delay) == ([160, 140, 120, 100], 1.5)
    assert said(model, "weight of dynamics_params is not used for 4 edges, whose tables give another")
    assert said(model, "delay of dynamics_params is not used for 4 edges, whose tables give another")


def test_values_of_single_edges_overrule_those_of_the_model(small):
    small.synapse_models["strong.json"] = {"weight": 300.0}
    edges_of(small, "1.5 NULL static_synapse strong.json")
    config = without_weights(small)
    with h5py.File(config.edges[0].data, "a") as file:
        file["edges/cells_to_cells/0/dynamics_params/weight"] = [1.0, np.nan, 3.0, 4.0]
    assert build(config).net.projections["cells_to_cells:ex"].weights["ex"].tolist() == [4, 3, 300, 1]


def test_a_receptor_type(small, monkeypatch):
    small.synapse_models["third.json"] = {"receptor_type": 3}
    edges_of(small, "1.5 NULL static_synapse third.json")
    with pytest.raises(FileError, match=r"receptor_type 3 .*nest:iaf_psc_alpha has no such receptor.*known here: 0;"):
        built(small)
    small.synapse_models["third.json"] = {"receptor_type": 0}
    assert "cells_to_cells:ex" in built(small).net.projections

    def three(p):
        from dataclasses import replace

        return replace(psc_exp(p), receptor_types={3: "in"})

    from dataclasses import replace

    monkeypatch.setitem(TEMPLATES, "lab:three", replace(TEMPLATES["nest:iaf_psc_exp"], make=three))
    small.synapse_models["third.json"] = {"receptor_type": 3}
    small.node_types = [line.replace("nest:iaf_psc_alpha", "lab:three") for line in small.node_types]
    model = built(small)
    assert model.net.projections["cells_to_cells:in"].weights["in"].tolist() == [160, 140, 120, 100]
    assert model.net.projections["cells_to_cells:in #2"].weights["in"].tolist() == [-40, -80, -120]


@pytest.mark.parametrize(
    "content, words",
    [
        ({"tau_rec": 100.0}, ["empty.json: tau_rec", "static_synapse has no parameter 'tau_rec'", "sign"]),
        ({"weight": "100"}, ["empty.json: weight", "finite number"]),
        ({"delay": "0.33"}, ["empty.json: delay", "finite number [ms]"]),
    ],
)
def test_wrong_models_of_edges(small, content, words):
    small.synapse_models["empty.json"] = content
    with pytest.raises((FileError, ParameterError)) as caught:
        built(small)
    assert all(word in str(caught.value) for word in words), caught.value


def test_missing_models_of_edges(small):
    del small.synapse_models["empty.json"]
    with pytest.raises(
        FileError, match=r"type 1: dynamics_params: no file 'empty\.json' in components\.synaptic_models"
    ):
        built(small)
    del small.circuit["components"]["synaptic_models_dir"]
    with pytest.raises(FileError, match=r"'empty\.json' needs components\.synaptic_models_dir"):
        built(small)


def test_short_term_plasticity(small):
    small.synapse_models["tm.json"] = {"U": 0.2, "tau_rec": 300.0, "tau_fac": 50.0}
    edges_of(small, "1.5 NULL tsodyks2_synapse tm.json")
    model = built(small)
    (rule,) = model.net.projections["cells_to_cells:ex"].plasticity
    assert isinstance(rule, TsodyksMarkram)
    assert (rule.U, rule.tau_rec, rule.tau_facil) == (0.2, 300.0, 50.0)
    assert said(model, "tsodyks2_synapse: the first spike delivers U")
    small.synapse_models["tm.json"] = {"u": 0.3}
    with pytest.raises(ParameterError, match=r"tsodyks2_synapse: u: must be U"):
        built(small)
    small.synapse_models["tm.json"] = {"U": 0.3, "u": 0.3}
    model = built(small)
    (rule,) = model.net.projections["cells_to_cells:ex"].plasticity
    assert (rule.U, rule.tau_rec, rule.tau_facil) == (0.3, 800.0, 0.0)
    assert said(model, "tau_rec = 800 ms, tau_fac = 0 ms assumed for 4 edges of tsodyks2_synapse")


def test_short_term_plasticity_that_is_active_first(small):
    small.synapse_models["tm.json"] = {"U": 0.2, "tau_psc": 2.0, "tau_rec": 300.0, "tau_fac": 50.0, "x": 1.0}
    edges_of(small, "1.5 NULL nest:tsodyks_synapse tm.json")
    model = built(small)
    (rule,) = model.net.projections["cells_to_cells:ex"].plasticity
    assert (rule.U, rule.tau_rec, rule.tau_facil, rule.tau_psc) == (0.2, 300.0, 50.0, 2.0)
    small.synapse_models["tm.json"] = {"U": 0.3}
    model = built(small)
    (rule,) = model.net.projections["cells_to_cells:ex"].plasticity
    assert (rule.U, rule.tau_rec, rule.tau_facil, rule.tau_psc) == (0.3, 800.0, 0.0, 3.0)
    assert said(model, "tau_psc = 3 ms, tau_rec = 800 ms, tau_fac = 0 ms assumed for 4 edges of nest:tsodyks_synapse")
    for name, value, rest in (("u", 0.3, "0"), ("x", 0.5, "1"), ("y", 0.5, "0")):
        small.synapse_models["tm.json"] = {name: value}
        with pytest.raises(ParameterError, match=rf"tsodyks_synapse: {name}: must be {rest}, the state of rest"):
            built(small)


def test_parameters_of_single_edges(small):
    edges_of(small, "1.5 NULL tsodyks2_synapse empty.json")
    config = read_config(small.write())
    with h5py.File(config.edges[0].data, "a") as file:
        file["edges/cells_to_cells/0/dynamics_params/U"] = [0.1, 0.2, 0.3, 0.4]
    (rule,) = build(config).net.projections["cells_to_cells:ex"].plasticity
    assert rule.U.tolist() == [0.4, 0.3, 0.2, 0.1]
    assert rule.tau_rec == 800.0


def test_pairs_of_spikes(small):
    small.synapse_models["stdp.json"] = {"lambda": 0.005, "alpha": 1.1, "mu_minus": 0.0, "Wmax": 200.0}
    small.models["E.json"]["tau_minus"] = small.models["I.json"]["tau_minus"] = 33.0
    edges_of(small, "1.5 NULL stdp_synapse stdp.json")
    model = built(small)
    learning = model.net.projections["cells_to_cells:ex"]
    (rule,) = learning.plasticity
    assert isinstance(rule, STDP)
    assert (rule.A_plus, rule.tau_plus, rule.tau_minus, rule.mu_plus, rule.mu_minus) == (0.005, 20.0, 33.0, 1.0, 0.0)
    assert rule.A_minus == pytest.approx(0.0055)
    assert learning.w_max == {"ex": 200.0}
    assert not said(model, "tau_minus")
    small.synapse_models["stdp.json"]["Wmax"] = 150.0
    with pytest.raises(
        FileError, match=r"stdp_synapse: weights that learn must be from 0 to Wmax = 150 \(got 100 to 160\)"
    ):
        built(small)


def test_types_that_differ_become_projections_of_their_own(small):
    small.synapse_models["stdp.json"] = {"lambda": 0.005, "Wmax": 200.0}
    small.synapse_models["more.json"] = {"lambda": 0.02, "Wmax": 200.0}
    edges_of(small, "1.5 NULL stdp_synapse stdp.json")
    small.edge_types[2] = "2 * ei=='i' 2.0 40.0 stdp_synapse more.json"
    projections = built(small).net.projections
    assert [projections[name].plasticity[0].A_plus for name in ("cells_to_cells:ex", "cells_to_cells:ex #2")] == [
        0.005,
        0.02,
    ]


def test_models_that_gpusyn_does_not_have_are_refused_with_the_reason(small):
    edges_of(small, "1.5 NULL gap_junction NULL")
    with pytest.raises(FileError, match=r"'gap_junction' is not in gpusyn: a gap junction has no direction"):
        built(small)


# ---- connection_overrides


def overridden(small, *entries):
    small.simulation["connection_overrides"] = list(entries)
    return built(small)


def test_overrides_of_weights_and_delays(small):
    model = overridden(
        small,
        {"name": "a", "source": "cells", "target": "all", "weight": 0.5},
        {
            "name": "b",
            "source": {"ei": "e"},
            "target": {"node_id": [10, 20]},
            "weight": 2.0,
            "synapse_delay_override": 3.0,
        },
        {"name": "c", "source": "inputs", "target": {"ei": "i"}, "weight": 0},
    )
    excitatory, inhibitory, driving = model.net.projections.values()
    # Edges of E: 10->3, 3->10, 5->20, 7->1 with weights 160, 140, 120, 100; the later override counts.
    assert excitatory.weights["ex"].tolist() == [80, 280, 240, 50]
    assert excitatory.delay.tolist() == [1.5, 3.0, 3.0, 1.5]
    assert inhibitory.weights["in"].tolist() == [-20, -40, -60]
    assert driving.rule.post.tolist() == [0, 1, 2, 3]  # two edges of weight 0 are none
    assert said(model, "connection_overrides[1]: weight x 2 and delay 3 ms for 2 edges")


@pytest.mark.parametrize(
    "entry, words",
    [
        ({"modoverride": "Glu"}, ["connection_overrides[0].modoverride", "cannot be honoured"]),
        ({"synapse_configure": "%s.Use = 0"}, ["connection_overrides[0].synapse_configure", "cannot be honoured"]),
        ({"spont_minis": 0.1}, ["spont_minis", "no spontaneous releases"]),
        ({"delay": 100.0, "weight": 0.0}, ["connection_overrides[0].delay", "must be 0"]),
        ({"weight": -1}, ["connection_overrides[0].weight", ">= 0"]),
        ({"weight": 1, "source": "nobody"}, ["connection_overrides[0].source", "unknown node set 'nobody'"]),
        ({"weight": 1, "target": None}, ["connection_overrides[0].target", "missing"]),
        ({"synapse_delay_override": 0.25}, ["synapse_delay_override", "multiple of dt"]),
    ],
)
def test_overrides_that_cannot_be_honoured_are_refused(small, entry, words):
    with pytest.raises((FileError, ParameterError)) as caught:
        overridden(small, {"name": "x", "source": "cells", "target": "cells", "spont_minis": 0, **entry})
    assert all(word in str(caught.value) for word in words), caught.value


def test_only_some_of_the_nodes(small):
    small.simulation["node_set"] = "watched"
    with pytest.raises(FileError, match=r"simulation_config\.json: node_set: must be absent"):
        built(small)


# ---- values of groups and of types


def test_nan_in_a_group_leaves_the_value_of_the_type(small):
    config = read_config(small.write())
    with h5py.File(config.edges[0].data, "a") as file:
        del file["edges/cells_to_cells/0/syn_weight"]
        file["edges/cells_to_cells/1/syn_weight"] = [np.nan, -7.0, np.nan, 0.0]
        file["edges/cells_to_cells/0/delay"] = [1.0, np.nan, 2.0, np.nan]
    excitatory, inhibitory, _ = build(config).net.projections.values()
    assert inhibitory.weights["in"].tolist() == [-40, -14, -120]
    assert excitatory.delay.tolist() == [1.5, 2.0, 1.5, 1.0]
    assert excitatory.weights["ex"] == 1.0


def test_texts_and_libraries_of_groups(small):
    config = read_config(small.write())
    with h5py.File(config.nodes[0].data, "a") as file:
        file["nodes/cells/0/ei"] = np.array(["NULL", "i", "", "e", "x", "e"], dtype="S4")
        file["nodes/cells/0/layer"] = np.array([0, 1, 1, 0, 2, 2])
        file["nodes/cells/0/@library/layer"] = np.array(["L1", "L4", "L6"], dtype="S2")
    table = build(config).circuit.nodes["cells"].table
    assert table.texts("ei").tolist() == ["e", "i", "e", "e", "x", "e"]
    assert table.texts("layer").tolist() == ["L1", "L4", "L4", "L1", "L6", "L6"]
    with h5py.File(config.nodes[0].data, "a") as file:
        file["nodes/cells/0/layer"][0] = 3
    with pytest.raises(FileError, match=r"@library/layer: has 3 names"):
        table.texts("layer")
