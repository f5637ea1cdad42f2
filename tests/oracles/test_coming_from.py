"""The other side of the pages "coming from": its networks run, with rates like gpusyn's, and its names exist.

Each script draws its own random numbers, so rates agree as those of two seeds do. Brian2, PyNN and GeNN are in no
extra: their tests run where they are installed, PyNN's with NEST.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys

import pytest

import gpusyn as gs
from tests.helpers.name_tables import rows
from tests.helpers.pages import Page
from tests.helpers.paths import ROOT

pytestmark = pytest.mark.oracle

PAGES = {"nest": ["nest"], "brian2": ["brian2"], "pynn": ["pyNN", "nest"], "genn": ["pygenn"]}
TITLES = {"nest": "NEST", "brian2": "Brian2", "pynn": "PyNN", "genn": "GeNN"}
TOLERANCE = 0.1  # of the rate; seeds of one simulator differ by several per cent

# Prints the names of its argument's list that are nowhere in the simulator.
MISSING = {
    "nest": """
import nest
known = {*dir(nest), *nest.node_models, *nest.synapse_models, *nest.connection_rules}
known |= {key for model in ("iaf_psc_exp", "iaf_cond_exp", "aeif_cond_exp") for key in nest.GetDefaults(model)}
""",
    "brian2": """
import brian2
from brian2 import Network
known = {*dir(brian2), *dir(Network), "refractory", "xi", "Subgroup", "on_post", "S.i", "S.j", "S.w"}
""",
    "pynn": """
import pyNN.nest, pyNN.standardmodels
known = {*dir(pyNN.nest), *dir(pyNN.nest.Population), *pyNN.nest.IF_cond_exp.default_parameters}
known |= {"PopulationView", "Assembly"}
""",
    "genn": """
import pygenn
from pygenn import current_source_models, init_sparse_connectivity_snippets, neuron_models
from pygenn import postsynaptic_models, weight_update_models
known = {*dir(pygenn), *("GeNNModel." + name for name in dir(pygenn.GeNNModel)), "DENSE", "SPARSE", "PROCEDURAL"}
for part in (current_source_models, init_sparse_connectivity_snippets, neuron_models, postsynaptic_models):
    known |= {*dir(part)}
known |= {*dir(weight_update_models), *(p.name for p in neuron_models.LIF().get_params())}
""",
}

# One LIF cell (200 pF, 10 nS, -70 to -55 mV, 2 ms refractory) under 200 pA: the times (ms) of its spikes.
SPIKES = {
    "nest": """
import nest
cell = nest.Create("iaf_psc_exp", 1, {"C_m": 200.0, "tau_m": 20.0, "I_e": 200.0})
recorder = nest.Create("spike_recorder")
nest.Connect(cell, recorder)
nest.Simulate(100.0)
print(*recorder.events["times"])
""",
    "brian2": """
from brian2 import *
prefs.codegen.target, defaultclock.dt = "numpy", 0.1 * ms
cell = NeuronGroup(
    1, "dv/dt = (-70*mV - v + 20*mV)/(20*ms) : volt (unless refractory)",
    threshold="v >= -55*mV", reset="v = -70*mV", refractory=2.1*ms, method="exact",
)
cell.v = -70 * mV
spikes = SpikeMonitor(cell)
run(100 * ms)
print(*(spikes.t / ms))
""",
    "genn": """
from pygenn import GeNNModel
model = GeNNModel("double", "stamps")
model.dt = 0.1
cell = {"C": 0.2, "TauM": 20.0, "Vrest": -70.0, "Vreset": -70.0, "Vthresh": -55.0, "Ioffset": 0.2, "TauRefrac": 2.0}
cells = model.add_neuron_population("cell", 1, "LIF", cell, {"V": -70.0, "RefracTime": 0.0})
cells.spike_recording_enabled = True
model.build()
model.load(num_recording_timesteps=1000)
while model.timestep < 1000:
    model.step_time()
model.pull_recording_buffers_from_device()
print(*cells.spike_recording_data[0][0])
""",
}
LATER = {"nest": 0.0, "brian2": 0.1, "genn": 0.1}  # ms by which gpusyn stamps later: the end of a step, not its start


def page_of(simulator: str) -> Page:
    for module in PAGES[simulator]:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    return Page(ROOT / "docs" / "coming_from" / f"{simulator}.md")


def output(code: str, folder, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("simulator", PAGES)
def test_both_sides_have_the_same_rate(simulator, tmp_path):
    theirs, ours = page_of(simulator).blocks[:2]
    assert theirs.not_run.endswith("tests/oracles/test_coming_from.py runs it")
    rate, expected = (
        float(re.findall(r"^(\S+) Hz$", text, re.MULTILINE)[-1])
        for text in (output(theirs.text, tmp_path), ours.printed)
    )
    assert rate == pytest.approx(expected, rel=TOLERANCE)


@pytest.mark.parametrize("simulator", SPIKES)
def test_spikes_are_stamped_as_the_pages_say(simulator, tmp_path):
    page_of(simulator)
    theirs = [float(time) for time in output(SPIKES[simulator], tmp_path).splitlines()[-1].split()]
    net = gs.Network()
    spikes = net.record(net.population("cell", 1, gs.LIF(I_e=200.0)), "spikes")
    with gs.Simulator(net, dt=0.1, backend="numpy", precision="double") as sim:
        sim.run(100.0)
        ours = sim.data[spikes].times
    assert len(theirs) == 3
    assert ours - LATER[simulator] == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("simulator", PAGES)
def test_names_of_the_other_exist(simulator, tmp_path):
    page = page_of(simulator)
    names = {name for row in rows(page.text, TITLES[simulator]) for name in row.theirs if re.fullmatch(r"[\w.]+", name)}
    assert len(names) > 20
    report = "\nimport sys\nprint('missing:', *[name for name in sys.argv[1:] if name not in known])"
    printed = output(MISSING[simulator] + report, tmp_path, *sorted(names))
    assert printed.splitlines()[-1] == "missing:"
