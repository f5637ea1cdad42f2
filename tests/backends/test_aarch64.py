"""The kernels on another processor, as clang compiles them for it and qemu runs them: the bits of numpy.

Grace and Apple's machines have such processors. Time in an emulator means nothing, and memory is shared there as on the
machine that runs it; what is compared is arithmetic, sums and the text that is chosen by the processor.
"""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder.rows import compiled, tables
from gpusyn.kernels.signature import ReceptorSignature
from gpusyn.kernels.spec import KERNELS
from tests.helpers.cross import CrossBackend, skip_without_tools
from tests.helpers.hand_made import AMPA, DOUBLE, SINGLE, B, G, I, V, exponential, make
from tests.helpers.neuron_models import RECORDS
from tests.helpers.runs import backend_named, differences, outcome, same_bits
from tests.helpers.sanitized_network import describe

pytestmark = pytest.mark.compilers

DT = 0.1
#: What all have; Grace's, with vectors of any length (SVE); Apple's.
PROCESSORS = ((), ("-mcpu=neoverse_v2",), ("-mcpu=apple_m1",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    skip_without_tools()
    return tmp_path_factory.mktemp("aarch64")


# ---- hand-made programs ----


def events(numbers):
    """Lumped gates, the block by magnesium, drives, listed spikes with delays, two sets of coefficients."""
    nmda = ReceptorSignature("Rising", "MagnesiumBlocked")
    rising = [0.98, 0.09, 0.95, 0.99, 0.05, 0.7, 70.0, 0.3, -0.062]
    net = make(AMPA, nmda, numbers=numbers, n=300, sources=4, coefs=[exponential(5.0, 70.0), rising])
    net.spikes([(0, 0, 1), (1, 1, 3), (1, 3, 1), (7, 2, 2)])
    synapses = [(s, t, 1 + (s + t) % 9, 1 + s) for s in range(4) for t in range(0, 300, 1 + s)]
    net.connect(1, 0, synapses)
    net.connect(1, 1, synapses[::3], shift=2)
    net.drive(0, 0.7, 77, weight=3)
    net.drive(1, np.linspace(0.0, 40.0, 300), 2**40 + 5)
    for variable in (V, G, I, B):
        net.probe(variable, receptor=0 if variable == V else 1, every=2, neurons=range(0, 300, 7))
    return net


def synapses(numbers):
    """Gates of synapses: pulses, counts of events, weights and histories of their own."""
    syn = ReceptorSignature("Unlumped", "Conductance", synaptic=True)
    net = make(syn, syn, numbers=numbers, n=70, sources=5, coefs=[[70.0], [0.0]])
    net.spikes([(step, step % 5, 1 + step % 3) for step in range(40)])
    rows = [[((t + k) % 5, 1 + k % 7, 0.25 + k) for k in range(t)] for t in range(70)]
    pulses, counts = net.history(1, pulse=3), net.history(1, bits=4)
    net.gated("advance_first_order", 0, [(pulses, rows)], [0.9, 0.99, 0.1, 0.01, 0.02, 0.97])
    net.gated("advance_exponential", 1, [(counts, rows), (counts, rows[::-1])], exponential(5.0, 0.0)[:3])
    for which in (0, 1):
        net.probe(G, receptor=which, neurons=range(70))
    return net


@pytest.mark.parametrize("processor", PROCESSORS, ids=str)
@pytest.mark.parametrize("numbers", [SINGLE, DOUBLE], ids=str)
@pytest.mark.parametrize("made", [events, synapses])
def test_hand_made_programs_have_numpys_bits(made, numbers, processor, folder):
    found = []
    for backend in (backend_named("numpy"), CrossBackend(folder, *processor)):
        session = backend.start(made(numbers).program())
        for _ in range(2):
            session.run(30)
        found.append({name: session.read(name) for name in made(numbers).program().specs})
    assert np.isfinite(found[0]["trace"][:30]).all()
    assert found[0]["spike_total"] > 3
    assert [name for name in found[0] if not same_bits(found[0][name], found[1][name])] == []


def test_a_fused_multiply_add_would_be_seen(folder):
    """These processors have it, and compilers use it unless they are told not to."""
    found = []
    for backend in (backend_named("numpy"), CrossBackend(folder, "-ffp-contract=fast")):
        session = backend.start(events(SINGLE).program())
        session.run(30)
        found.append(session.read("trace"))
    assert not same_bits(*found)


# ---- networks ----


@pytest.mark.parametrize("precision", ["single", "double"])
def test_every_kernel_has_numpys_bits(precision, folder):
    found = []
    for backend in (backend_named("numpy"), CrossBackend(folder, workers=2, flush_to_zero=True)):
        with gs.Simulator(describe(), dt=DT, seed=3, backend=backend, precision=precision) as sim:
            assert {launch.kernel for launch in sim._compiled.program.launches} == set(KERNELS)
            sim.step(40)
            found.append(outcome(sim))
    assert len(found[0]["spikes times"]) > 50
    assert differences(*found) == []


@pytest.mark.parametrize("precision", ["single", "double"])
def test_every_neuron_model_has_numpys_bits(precision, folder):
    net = gs.Network()
    for name, record in RECORDS.items():
        cells = net.population(name, 4, record.stronger, receptors=[gs.AMPA()])
        net.record(cells, [v for v in cells.variables if not v.startswith(("I_", "B_")) and v != "Ca"])
        net.record(cells, "spikes", name=f"{name} spikes")
    found = []
    for backend in (backend_named("numpy"), CrossBackend(folder)):
        with gs.Simulator(net, dt=DT, seed=3, backend=backend, precision=precision) as sim:
            sim.step(400)
            found.append(outcome(sim))
    assert all(len(found[0][f"{name} spikes times"]) for name in RECORDS)
    assert differences(*found) == []


def test_rows_are_those_of_numpy(folder, monkeypatch):
    monkeypatch.setattr(tables, "FEW", 0)
    monkeypatch.setattr(compiled, "BLOCK", 1000)
    net = gs.Network()
    cells = net.population("cells", 60, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()])
    rules = (
        gs.FixedProbability(0.2),
        gs.FixedInDegree(20),
        gs.FixedInDegree(9, multapses=False),
        gs.FixedTotalNumber(900),
    )
    weights = (gs.LogNormal(2.0, 1.0), gs.Normal(3.0, 1.0, low=0.0), gs.Exponential(2.0), gs.Uniform(0.5, 2.0))
    for rule, weight in zip(rules, weights, strict=True):
        net.connect(cells, cells, rule, receptor="AMPA", weight=weight, delay=gs.Uniform(0.5, 4.0))
    found = []
    for backend in (backend_named("numpy"), CrossBackend(folder)):
        with gs.Simulator(net, dt=DT, seed=3, backend=backend) as sim:
            found.append(outcome(sim))
    assert differences(*found) == []
