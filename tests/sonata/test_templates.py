"""Templates of nodes and edges: NEST's neurons, gpusyn's own models and receptors, and those that are not here."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, FileError, ParameterError
from gpusyn.sonata import SYNAPSES, TEMPLATES, build, check_config, read_config, run_config
from tests.helpers.sonata_circuit import SmallCircuit
from tests.sonata.test_glif import ALLEN

COMMON = {"E_L": -65.0, "t_ref": 1.0, "I_e": 10.0}


@pytest.fixture
def small(tmp_path):
    made = SmallCircuit(tmp_path)
    del made.simulation["conditions"]
    return made


def use(small, template, **parameters):
    """Give all nodes one template and one set of parameters."""
    small.models = {"E.json": parameters, "I.json": parameters}
    small.node_types = [line.replace("nest:iaf_psc_alpha", template) for line in small.node_types]
    return small


def built(small):
    return build(read_config(small.write()))


def said(notes, *words: str) -> bool:
    return any(all(word in note for word in words) for note in notes)


@pytest.mark.parametrize(
    "template, model, kinetics, current, V",
    [
        ("nest:iaf_psc_alpha", "LIF", "alpha", True, -70.0),
        ("nest:iaf_psc_exp", "LIF", "exponential", True, -70.0),
        ("nest:iaf_cond_alpha", "LIF", "alpha", False, -70.0),
        ("nest:iaf_cond_exp", "LIF", "exponential", False, -70.0),
        ("nest:aeif_psc_alpha", "AdEx", "alpha", True, -70.6),
        ("nest:aeif_psc_exp", "AdEx", "exponential", True, -70.6),
        ("nest:aeif_cond_alpha", "AdEx", "alpha", False, -70.6),
        ("nest:aeif_cond_exp", "AdEx", "exponential", False, -70.6),
        ("nest:hh_cond_exp_traub", "HodgkinHuxley", "exponential", False, -60.0),
    ],
)
def test_neurons_of_nest(small, template, model, kinetics, current, V):
    model_of = built(use(small, template, tau_syn_ex=0.7, tau_syn_in=3.0, **COMMON))
    cells = model_of.net.populations["cells"]
    assert cells.model.kind == model
    assert [cells.model.values[name] for name in COMMON] == list(COMMON.values())
    assert [one.kinetics.tau for one in cells.receptors] == [0.7, 3.0]
    assert all((one.kinetics.kind, one.is_current) == (kinetics, current) for one in cells.receptors)
    assert cells.V == V  # wherever E_L is
    sign = -1 if current else 1
    assert model_of.net.projections["cells_to_cells:in"].weights["in"].tolist() == [40 * sign, 80 * sign, 120 * sign]


def test_parameters_of_the_adaptive_neuron(small):
    given = {"V_th": -48.0, "V_peak": -10.0, "Delta_T": 1.5, "tau_w": 90.0, "a": 2.0, "b": 60.0, "w": 25.0}
    model = built(use(small, "nest:aeif_psc_exp", **given))
    cells = model.net.populations["cells"]
    wanted = {"V_T": -48.0, "V_peak": -10.0, "Delta_T": 1.5, "tau_w": 90.0, "a": 2.0, "b": 60.0, "C_m": 281.0}
    assert {name: cells.model.values[name] for name in wanted} == wanted
    assert model.parts["cells"][0].states == {"w": 25.0}


def test_states_start_where_nest_starts_them(small):
    """In gpusyn, w would start at a (V - E_L) = 4 nS x (-70.6 + 65) mV."""
    small.simulation["inputs"] = {}
    small.simulation["reports"] = {
        "state": {"cells": "watched", "variable_name": ["V_m", "w"], "module": "multimeter_report"}
    }
    result = run_config(use(small, "nest:aeif_psc_exp", E_L=-65.0).write(), backend="numpy", duration=0.2, echo=str)
    w = result.reports["state.w"]["w"]
    assert w[0, 0] == pytest.approx(4.0 * -5.6 * 0.1 / 144.0, rel=0.01)
    assert result.reports["state.V_m"]["V"][0, 0] > -70.6
    model = result.model
    with gs.Simulator(model.net, backend="numpy", dt=0.1, precision="double") as sim:
        assert sim.get("cells", "w")[0] == pytest.approx(4.0 * -5.6)
        model.start(sim)
        assert sim.get("cells", "w").tolist() == [0.0] * 6
    with pytest.raises(ArgumentError, match=r"SonataModel\.start\(\)\.simulator: must be a gs\.Simulator"):
        model.start(3)


def test_gates_start_where_nest_starts_them(small):
    model = built(use(small, "nest:hh_cond_exp_traub", V_T=-55.0, Act_n=0.1))
    states = model.parts["cells"][0].states
    assert (states["n"], states["h"], states["m"]) == (0.1, pytest.approx(1.0, abs=1e-8), pytest.approx(0.0, abs=1e-7))
    cells = model.net.populations["cells"].model
    assert cells.values["V_th"] == -25.0
    assert said(model.notes, "nest:hh_cond_exp_traub", "V_T + 30 mV")


def test_izhikevich_without_synapses(small):
    small.simulation["inputs"] = {}
    small.circuit["networks"]["edges"] = []
    small.simulation["reports"]["potential"]["variable_name"] = "U_m"
    model = built(use(small, "nest:izhikevich", a=0.1, b=0.25, d=2.0, V_th=28.0))
    cells = model.net.populations["cells"]
    wanted = {"a": 0.1, "b": 0.25, "c": -65.0, "d": 2.0, "V_peak": 28.0, "C_m": 1.0}
    assert {name: cells.model.values[name] for name in wanted} == wanted
    assert (cells.V, model.parts["cells"][0].states) == (-65.0, {"u": -13.0})


@pytest.mark.parametrize(
    ("template", "model"),
    [("nest:iaf_psc_delta", "LIF"), ("nest:aeif_psc_delta", "AdEx"), ("nest:izhikevich", "Izhikevich")],
)
def test_neurons_whose_v_jumps(small, template, model):
    """Weights of both signs are one projection, in mV."""
    waits = {} if model == "Izhikevich" else {"refractory_input": False, "t_ref": 1.0}
    cells = (net := built(use(small, template, I_e=10.0, **waits)).net).populations["cells"]
    assert (cells.model.kind, [repr(one) for one in cells.receptors]) == (
        model,
        ["DeltaReceptor(name='delta', refractory='ignore')"],
    )
    projection = net.projections["cells_to_cells:delta"]
    assert sorted(np.sign(projection.weights["delta"])) == [-1, -1, -1, 1, 1, 1, 1]
    assert dict(projection.variables) == {"weight": "mV"}


def test_what_waits_in_nest_is_refused(small):
    with pytest.raises(FileError, match=r"E\.json: .*refractory_input: what waits .* decays in NEST.*set it to false"):
        built(use(small, "nest:iaf_psc_delta", refractory_input=True))


def test_edges_bring_jumps(small):
    made = own(small, edges="gpusyn:DeltaReceptor", inputs="gpusyn:DeltaReceptor", neuron="gpusyn:LIF", t_ref=1.0)
    made.edge_types[1] = "1 1.5 -20.0 gpusyn:DeltaReceptor empty.json"
    net = built(made).net
    cells, projection = net.populations["cells"], net.projections["cells_to_cells:DeltaReceptor"]
    assert repr(cells.receptors[0]) == "DeltaReceptor(name='DeltaReceptor', refractory='ignore')"
    assert projection.weights["DeltaReceptor"] == -20.0


@pytest.mark.parametrize(
    "name, words",
    [
        ("nest:iaf_psc_delta_ps", ["is not in gpusyn: its spikes are at times off the grid"]),
        ("nrn:IntFire4", ["is not in gpusyn: gpusyn has no neuron with its equations"]),
        ("nrn:IntFire2", ["is not in gpusyn: gpusyn has no neuron with its equations"]),
        ("nest:glif_lif_asc", ["is not in gpusyn: of NEST's GLIF neurons it has those", "as nest:glif_psc"]),
        ("nest:glif_cond", ["is not in gpusyn: of NEST's GLIF neurons it has those"]),
        ("gpusyn:GLIF", ["is not in gpusyn: its parameters are in files of nest:glif_psc"]),
        ("nest:gif_cond_exp", ["is not known; known here"]),
        ("nest:iaf_psc_exp_htum", ["is not known; known here"]),
        ("nest:iaf_cond_beta", ["is not known; known here"]),
        ("nest:iaf_chs_2007", ["is not known; known here"]),
        ("ctdb:Biophys1.hoc", ["is not known; known here"]),
        ("iaf_psc_exp", ["is not known (did you mean 'nest:iaf_psc_exp'?); known here"]),
        ("nest:iaf_psc_epx", ["is not known (did you mean 'nest:iaf_psc_exp'?)"]),
        ("gpusyn:adex", ["is not known (did you mean 'gpusyn:AdEx'?)"]),
    ],
)
def test_hints_never_name_another_model(small, name, words):
    with pytest.raises(FileError) as caught:
        built(use(small, name))
    assert all(word in str(caught.value) for word in [f"type 100: model_template: '{name}' ", *words]), caught.value


def test_a_template_of_a_script_takes_lists_text_and_other_units(small, monkeypatch):
    """Weights of the files are then in mV, by a factor that the script knows."""

    def plain(data):
        first, second = data["tau_syn"]
        return {"tau_syn_ex": first, "tau_syn_in": second, "C_m": {"small": 100.0, "large": 300.0}[data["size"]]}

    monkeypatch.setitem(TEMPLATES, "lab:lists", replace(TEMPLATES["nest:iaf_psc_exp"], plain=plain))
    monkeypatch.setitem(SYNAPSES, "lab:mV", replace(SYNAPSES["static_synapse"], unit=50.0, plain=lambda data: {}))
    small.edge_types[1] = "1 * \"ei=='e' & x>0\" 1.5 NULL lab:mV empty.json"
    small.synapse_models["empty.json"] = {"notes": "whatever"}
    model = built(use(small, "lab:lists", tau_syn=[1.0, 4.0], size="large"))
    cells = model.net.populations["cells"]
    assert cells.model.values["C_m"] == 300.0
    assert [one.kinetics.tau for one in cells.receptors] == [1.0, 4.0]
    assert model.net.projections["cells_to_cells:ex"].weights["ex"].tolist() == [8000, 7000, 6000, 5000]
    assert model.net.projections["cells_to_cells:in"].weights["in"].tolist() == [-40, -80, -120]
    with pytest.raises(FileError, match=r"E\.json: is not what its template expects \('tau_syn'\)"):
        built(use(small, "lab:lists", size="large"))


# ---- gpusyn's own


def own(small, edges="gpusyn:AMPA", inputs="gpusyn:AMPA", neuron="gpusyn:AdEx", **parameters):
    """Make a circuit of gpusyn's own models."""
    small.synapse_models = {"empty.json": {}, "inhibit.json": {"E_rev": -80.0, "tau_decay": 6.0}}
    small.edge_types = [
        "edge_type_id delay syn_weight model_template dynamics_params",
        f"1 1.5 0.5 {edges} empty.json",
        "2 2.0 4.0 gpusyn:GABA_A inhibit.json",
    ]
    small.edge_groups = ([0] * 8, range(8), {0: {}})
    small.input_edge_types = ["edge_type_id model_template", f"7 {inputs}"]
    return use(small, neuron, **parameters)


def test_own_neurons_and_receptors(small):
    model = built(own(small, V_T=-48.0, V=-66.0, w=3.0))
    cells = model.net.populations["cells"]
    assert (cells.model.kind, cells.model.values["V_T"], cells.V) == ("AdEx", -48.0, -66.0)
    assert model.parts["cells"][0].states == {"w": 3.0}
    assert [(one.kind, one.name) for one in cells.receptors] == [("AMPA", "AMPA"), ("GABA_A", "GABA_A")]
    assert (cells.receptors[1].E_rev, cells.receptors[1].kinetics.tau) == (-80.0, 6.0)
    assert list(model.net.projections) == ["cells_to_cells:AMPA", "cells_to_cells:GABA_A", "inputs_to_cells:AMPA"]
    inhibitory = model.net.projections["cells_to_cells:GABA_A"]
    assert (inhibitory.weights["GABA_A"], inhibitory.delay) == (4.0, 2.0)


def test_receptors_with_other_parameters_are_other_receptors(small):
    made = own(small)
    made.edge_types[2] = "2 2.0 4.0 gpusyn:AMPA inhibit.json"
    cells = built(made).net.populations["cells"]
    assert [(one.name, one.E_rev) for one in cells.receptors] == [("AMPA", 0.0), ("AMPA_2", -80.0)]


@pytest.mark.parametrize(
    "receptor, variables",
    [
        ("gpusyn:NMDA", ["g_NMDA", "I_NMDA", "w", "V"]),
        ("gpusyn:GABA_B", ["g_GABA_B", "I_GABA_B", "v"]),
    ],
)
def test_own_receptors_run_and_are_recorded(small, receptor, variables):
    made = own(small, inputs=receptor)
    made.simulation["reports"]["potential"] |= {"variable_name": variables, "cells": "cells"}
    result = run_config(made.write(), backend="numpy", duration=20.0, echo=str)
    assert list(result.reports) == [f"potential.{name}" for name in variables]
    received = result.reports[f"potential.{variables[0]}"][variables[0]]
    assert received.max() > 0
    assert result.model.net.populations["cells"].V is None
    assert said(result.notes, "no conditions.v_init: V of 6 nodes starts at rest")


def test_own_receptors_at_neurons_of_nest(small):
    """They stand beside `ex` and `in`, at which other edges end."""
    small.edge_types[1] = "1 * \"ei=='e' & x>0\" 1.5 NULL gpusyn:NMDA NULL"
    model = built(small)
    assert [one.name for one in model.net.populations["cells"].receptors] == ["ex", "in", "NMDA"]
    assert model.net.projections["cells_to_cells:NMDA"].weights["NMDA"].tolist() == [160, 140, 120, 100]


def test_current_receptors_take_any_sign(small):
    made = own(small, edges="gpusyn:CurrentReceptor")
    made.synapse_models["empty.json"] = {"tau": 4.0}
    made.edge_types[1] = "1 1.5 -20.0 gpusyn:CurrentReceptor empty.json"
    model = built(made)
    assert model.net.projections["cells_to_cells:CurrentReceptor"].weights["CurrentReceptor"] == -20.0
    made.synapse_models["empty.json"] = {}
    with pytest.raises(ArgumentError, match=r"cells_to_cells.*CurrentReceptor: needs tau="):
        built(made)


@pytest.mark.parametrize(
    "change, error, words",
    [
        ({"edges": "static_synapse"}, FileError, ["gpusyn:AdEx has none of its own", "such as gpusyn:AMPA"]),
        ({"edges": "gpusyn:kainate"}, FileError, ["'gpusyn:kainate' is not known; known here"]),
        ({"edges": "gpusyn:ampa"}, FileError, ["did you mean 'gpusyn:AMPA'?"]),
        ({"tau_m": 10.0}, FileError, ["E.json: tau_m: gpusyn:AdEx has no parameter 'tau_m'"]),
        ({"neuron": "gpusyn:Izhikevich", "a": -1.0}, ParameterError, ["population 'cells'", "Izhikevich.a"]),
    ],
)
def test_what_is_wrong_with_own_models(small, change, error, words):
    with pytest.raises(error) as caught:
        built(own(small, **change))
    assert all(word in str(caught.value) for word in words), caught.value


def test_weights_of_own_receptors(small):
    made = own(small)
    made.edge_types[1] = "1 1.5 NULL gpusyn:AMPA empty.json"
    with pytest.raises(
        FileError, match=r"no weight for 4 of 8 edges of gpusyn:AMPA, which has no default; give syn_weight"
    ):
        built(made)
    made.edge_types[1] = "1 1.5 -0.5 gpusyn:AMPA empty.json"
    with pytest.raises(FileError, match=r"weights of gpusyn:AMPA must be >= 0 nS \(got -0\.5\)"):
        built(made)
    made.synapse_models["empty.json"] = {"receptor_type": 0}
    made.edge_types[1] = "1 1.5 0.5 gpusyn:AMPA empty.json"
    with pytest.raises(FileError, match="gpusyn:AMPA has no parameter 'receptor_type'"):
        built(made)


def test_states_of_some_nodes_only(small):
    config = read_config(own(small).write())
    with h5py.File(config.nodes[0].data, "a") as file:
        file["nodes/cells/0/dynamics_params/w"] = [1.0, np.nan, 2.0, 3.0, 4.0, 5.0]
        file["nodes/cells/0/dynamics_params/V"] = [-60.0, np.nan, -61.0, -62.0, -63.0, -64.0]
    with pytest.raises(FileError, match="dynamics_params give w of some nodes only"):
        build(config)
    with h5py.File(config.nodes[0].data, "a") as file:
        file["nodes/cells/0/dynamics_params/w"][1] = 7.0
    model = build(config)
    assert model.parts["cells"][0].states["w"].tolist() == [1, 7, 2, 3, 4, 5]
    assert model.net.populations["cells"].V.tolist() == [-60, -70.6, -61, -62, -63, -64]


def test_every_template_of_nodes_is_built_from_its_defaults(small, tmp_path):
    """With whatever edges suit it."""
    for number, name in enumerate(TEMPLATES):
        made = SmallCircuit(tmp_path / str(number))
        made = own(made, neuron=name) if name.startswith("gpusyn:") or "izhi" in name else use(made, name)
        if "glif" in name:
            made = ported(made, name)
        assert check_config(made.write()).problems == (), name


def ported(small, template):
    """Let all edges end at the first port, and give Allen's templates one of Allen's files."""
    small.synapse_models["port.json"] = {"receptor_type": 1}
    lines = [line.replace("empty.json", "port.json") for line in small.edge_types]
    small.edge_types = [line.replace("static_synapse NULL", "static_synapse port.json") for line in lines]
    small.input_edge_types = ["edge_type_id model_template dynamics_params", "7 static_synapse port.json"]
    return small if template == "nest:glif_psc" else use(small, template, **ALLEN)


def test_every_template_of_edges_is_built_from_its_defaults(tmp_path):
    for number, name in enumerate(SYNAPSES):
        made = SmallCircuit(tmp_path / str(number))
        made.synapse_models["empty.json"] = {"tau": 3.0} if "Current" in name else {}
        made.edge_groups = ([0] * 8, range(8), {0: {}})
        made.edge_types[1] = f"1 * \"ei=='e' & x>0\" 1.5 50.0 {name} empty.json"
        assert check_config(made.write()).problems == (), name
