"""Cells of several compartments on every backend: the same bits, with any soma, receptors and inputs."""

from __future__ import annotations

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.runs import cpu, differences, emulated, outcome

k = gs.kinetics
SOMATA = {
    "LIF": gs.LIF(I_e=gs.Uniform(800.0, 1500.0)),
    "AdEx": gs.AdEx(I_e=3000.0, t_ref=1.0),
    "Izhikevich": gs.Izhikevich(C_m=100.0, I_e=2e3),
    "HodgkinHuxley": gs.HodgkinHuxley(I_e=1500.0),
}
#: Every effect on the membrane, and gates on targets, sources and synapses, on the soma and on dendrites.
RECEPTORS = {
    "soma": [gs.GABA_A(), gs.NMDA(), gs.AMPA(name="jumping", kinetics=k.Saturating(0.3, 2.0, 60.0, jump=True))],
    "apical": [
        gs.AMPA(gating="per-synapse"),
        gs.NMDA(glycine=gs.Waveform([0.0, 4.0], [3.0, 0.2], "linear")),
        gs.GABA_B(),
    ],
    "basal": [
        gs.AMPA(),
        gs.AMPA(name="pulsed", kinetics=k.FirstOrder.AMPA()),
        gs.NMDA(name="slow", block=gs.MgBlock.HillTononi(), gating="per-synapse"),
        gs.CurrentReceptor("current", kinetics=k.Alpha(2.0)),
    ],
}
N = 140  # more than a chunk


def network(soma: str) -> gs.Network:
    net = gs.Network()
    apical = gs.Dendrite(C_m=gs.Uniform(80.0, 120.0), g_c=np.linspace(5.0, 20.0, N))
    basal = gs.Dendrite(E_L=-66.0, g_c=8.0)
    model = gs.Compartments(soma=SOMATA[soma], dendrites={"apical": apical, "basal": basal})
    cells = net.population("cells", N, model, receptors=RECEPTORS, V={"basal": gs.Uniform(-70.0, -60.0)})
    even = gs.Compartments(soma=gs.LIF(I_e=300.0), dendrites={"apical": gs.Dendrite(), "basal": basal})
    plain = net.population("even cells", 20, even, receptors=RECEPTORS)
    inputs = net.population("inputs", 40, gs.PoissonSource(rate=200.0))
    every = [name for name in (r.name for r in cells.receptors) if name != "basal.current"]
    rule = gs.FixedInDegree(6)
    net.connect(
        inputs, cells + plain, rule, weight={n: gs.Uniform(0.1, 1.0) for n in every}, delay=gs.Uniform(0.1, 2.0)
    )
    net.connect(inputs, cells, rule, receptor="basal.current", weight=gs.Normal(0.0, 20.0))
    net.connect(cells + plain, cells, rule, weight={"soma.GABA_A": 0.5, "basal.pulsed": 0.2}, delay=0.3)
    net.drive(cells[5:], "basal.AMPA", rate=500.0, weight=0.2)
    net.inject(cells[20:], gs.Waveform([1.0, 5.0], [0.0, 90.0], "linear"), compartment="basal")
    net.inject(cells, np.linspace(-50.0, 50.0, N), compartment="apical")
    net.clamp(cells[7:17], gs.Waveform([0.0, 4.0], [-60.0, -40.0]), compartment="basal")
    net.clamp(cells[15:19], -55.0)
    for drug, dose in {"CNQX": 0.5, "memantine": 20.0, "benzodiazepine": 0.1}.items():
        net.infuse(drug, dose, start=2.0)
    net.record(cells, list(cells.variables), name="state")
    net.record(plain, ["V", "V_apical", "I_apical.NMDA"], every=0.3, name="plain state")
    net.record(cells + plain, "spikes", name="spikes")
    return net


def played(soma: str, backend: object, precision: str) -> dict[str, np.ndarray]:
    with gs.Simulator(network(soma), dt=0.1, seed=3, backend=backend, precision=precision) as sim:
        sim.run(4.0)
        sim.set("cells", "V_apical", gs.Uniform(-70.0, -50.0))
        sim.run(4.0)
        return outcome(sim)


def check(soma: str, precision: str) -> None:
    wanted = played(soma, "numpy", precision)
    assert len(wanted["spikes ids"]) > 20
    for name in ("V", "V_apical", "V_basal", "Ca", "Ca_apical", "Ca_basal"):
        assert np.ptp(wanted[f"state {name}"]) > 0, name
    for threads in (1, 3):
        assert not differences(wanted, played(soma, cpu(threads), precision)), threads
    assert not differences(wanted, played(soma, emulated(), precision))


def test_every_backend_has_the_bits_of_numpy():
    check("LIF", "single")


@pytest.mark.fuzz
@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("soma", SOMATA)
def test_every_soma_has_the_bits_of_numpy(soma, precision):
    check(soma, precision)
