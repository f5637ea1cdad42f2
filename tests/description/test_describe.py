"""`net.describe()` and its HTML tell everything that a network has, as tables."""

import numpy as np

import gpusyn as gs

SUMMARY = """\
Model summary

item           description
-------------  -------------------------------------------------
populations    E, I, listed
topology       positions of E
connectivity   2 x FixedInDegree, 1 x FromArrays
neuron models  LIF, SpikeSource
receptors      AMPA, NMDA, GABA_A, alpha
input          1 x drive, 1 x injection, 1 x clamp, 1 x infusion
measurements   spikes, V, g_AMPA
"""


def network():
    net = gs.Network()
    receptors = [gs.AMPA(), gs.NMDA(), gs.GABA_A()]
    E = net.population("E", 4, gs.LIF(), receptors=receptors, V=gs.Uniform(-70.0, -60.0), positions=np.zeros((4, 2)))
    I = net.population("I", 3, gs.LIF(), receptors=[*receptors, gs.CurrentReceptor("alpha", tau=2.0)])
    listed = net.population("listed", 2, gs.SpikeSource([[1.0], [2.0, 3.0]]))
    contact = {"AMPA": 4.0, "NMDA": gs.Ratio("AMPA", 0.08)}
    net.connect(E, E + I, gs.FixedInDegree(2), weight=contact, delay=gs.Uniform(0.5, 2.0))
    net.connect(I, E, gs.FixedInDegree(1), receptor="GABA_A", weight=np.array([1.0, 2.0, 3.0, 4.0]))
    net.connect(listed, I, gs.FromArrays([0], [1]), receptor="alpha", weight=-20.0)
    net.drive(E, "AMPA", rate=20.0, weight=2.0, start=10.0, stop=30.0)
    net.inject(E[:2], gs.Waveform([0.0, 5.0], [1.0, 2.0]))
    net.clamp(I, -40.0)
    net.infuse("CNQX", 10.0, start=100.0)
    net.record(E + I, "spikes")
    net.record(E[:2], ["V", "g_AMPA"], every=1.0, start=20.0, stop=30.0)
    return net


ROWS = [
    ("E", "LIF", "4", "Uniform(low=-70.0, high=-60.0) mV"),
    ("I", "LIF", "3", "rest"),
    ("listed", "SpikeSource", "2", "-"),
    ("E, I", "LIF", "C_m = 200 pF, g_L = 10 nS, E_L = -70 mV, V_th = -55 mV, V_reset = -70 mV, t_ref = 2 ms, I_e"),
    ("listed", "SpikeSource", "times = 2 lists"),
    ("E, I", "AMPA(name='AMPA', kinetics=Exponential(tau=2.0), E_rev=0)"),
    ("E->E+I:AMPA+NMDA", "E", "E+I", "AMPA: 4 nS, NMDA: 0.08 x AMPA", "Uniform(low=0.5, high=2.0) ms"),
    ("I->E:GABA_A", "I", "E", "GABA_A: 4 values from 1 to 4 nS", "1 ms"),
    ("listed->I:alpha", "listed", "I", "FromArrays(1 synapses)", "alpha: -20 pA", "1 ms"),
    ("drive->E:AMPA", "E", "Poisson events at AMPA, 20 Hz of 2 nS from 10 ms to 30 ms"),
    ("inject->E[0:2]", "E[0:2]", "current Waveform(2 values, 0 to 5 ms, 'step') pA"),
    ("clamp->I", "I", "voltage clamp to -40 mV"),
    ("infuse->CNQX", "bath", "CNQX, 10 uM from 100 ms"),
    ("E+I:spikes", "E+I", "spikes"),
    ("E[0:2]:V+g_AMPA", "E[0:2]", "V, g_AMPA, every 1 ms from 20 ms to 30 ms"),
]  # fmt: skip


def test_the_tables_tell_everything():
    text = network().describe()
    assert text.startswith(SUMMARY)
    lines = text.splitlines()
    for cells in ROWS:
        (line,) = [line for line in lines if line.startswith(f"{cells[0]}  ") and all(cell in line for cell in cells)]
        assert line == line.rstrip()
    titles = ["Model summary", "Populations", "Neuron models", "Receptors", "Connectivity", "Input", "Measurements"]
    assert [line for line in lines if line in titles] == titles


def test_a_notebook_shows_the_same_cells():
    net = network()
    html = net._repr_html_()
    assert html.count("<h4>") == 7
    assert "<td>listed-&gt;I:alpha</td>" in html
    assert html.count("<tr>") == len(
        [line for line in net.describe().splitlines() if "  " in line and "--" not in line]
    )


def test_an_empty_network_has_no_tables():
    assert gs.Network().describe() == ""


def test_simulators_tell_what_they_are():
    with gs.Simulator(network(), dt=0.1, seed=3, backend="numpy") as sim:
        sim.run(2.0)
        size = "9 neurons and sources, 19 synapses"
        assert repr(sim) == f"Simulator({size}, dt = 0.1 ms, seed = 3, backend numpy, t = 2 ms)"
    assert repr(sim).endswith("backend numpy, closed)")
