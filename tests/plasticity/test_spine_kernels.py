"""The kernels of synapses that learn from their calcium have the bits of numpy, on CPUs and as a GPU runs them."""

import functools

import numpy as np
import pytest

import gpusyn as gs
from tests.emulation import ORDERS, using
from tests.helpers.long_checks import every
from tests.helpers.runs import cpu, differences, emulated, outcome

DT = 0.1
STEPS = 50
FAST = {"speed": 1000.0, "G": 0.02}
KINETICS = {
    "exponential": gs.kinetics.Exponential(60.0),
    "dual": gs.kinetics.DualExponential(2.0, 80.0),
    "pulses": gs.kinetics.FirstOrder(alpha=0.5, beta=0.02, T_max=1.0, T_dur=1.0),
    "saturating": gs.kinetics.Saturating.NMDA(),
    "jumps": gs.kinetics.Saturating(jump=True),
    "channels": gs.kinetics.Markov.NMDA(),
}


def inputs_of(net):
    """Sources with several events at once, and neurons that they drive."""
    noise = net.population("noise", 40, gs.PoissonSource(rate=np.linspace(50.0, 900.0, 40), max_events=4))
    receptors = [gs.AMPA(), gs.NMDA(), gs.NMDA(name="unblocked", Mg=0.0)]
    driven = net.population("driven", 50, gs.LIF(E_L=gs.Uniform(-72.0, -66.0)), receptors=receptors)
    net.drive(driven, "AMPA", rate=np.linspace(400.0, 3000.0, 50), weight=4.0)
    return noise, driven


def network():
    """All delays and forms of rows: one delay, late steps of 1 to 8 bits, several blocks; two rules onto one receptor.

    Neurons of two models, which have coefficients of their own or common ones, several of a kind; a bath that changes.
    """
    net = gs.Network()
    noise, driven = inputs_of(net)
    other = net.population("other", 30, gs.AdEx(), receptors=[gs.GABA_A(), gs.NMDA(name="N", glycine=1.0), gs.AMPA()])
    net.drive(other, "AMPA", rate=2000.0, weight=gs.Uniform(2.0, 9.0))
    weights = {"AMPA": gs.Uniform(0.0, 0.4), "NMDA": gs.Ratio("AMPA", 0.3)}
    bounded = {"weight": weights, "w_max": {"AMPA": 0.4}}
    rule, rows = gs.NMDAPlasticity(**FAST), gs.FixedProbability(0.7)
    late = [gs.Uniform(0.1, high) for high in (0.2, 0.4, 1.0, 3.0, 40.0)]
    for k, delay in enumerate([0.1, *late]):
        net.connect(noise + driven, driven, rows, **bounded, delay=delay, plasticity=rule, name=f"to driven {k}")
    slow = gs.NMDAPlasticity(calcium="unblocked", speed=50.0, bap=60.0, bap_delay=2.0, tau_Ca=20.0)
    net.connect(driven[5:30], driven, rows, weight={"AMPA": 0.1, "unblocked": 0.1}, w_max={"AMPA": 0.5}, delay=late[2],
                plasticity=slow, name="delayed spikes")  # fmt: skip
    through = gs.NMDAPlasticity(calcium="N", learns="N", **FAST)
    net.connect(driven, other[3:], gs.FixedInDegree(9), receptor="N", weight=0.1, w_max=0.3, delay=0.9,
                plasticity=through, name="NMDA itself")  # fmt: skip
    net.infuse("D-AP5", 5.0, start=2.0, stop=7.0)
    net.record(driven + other, "spikes", name="spikes")
    net.record(driven + other, "V", name="V")
    return net


def of_kinetics():
    """Gates of every kind, each with a projection of its own."""
    net = gs.Network()
    noise = net.population("noise", 40, gs.PoissonSource(rate=np.linspace(50.0, 900.0, 40), max_events=4))
    for name, kinetics in KINETICS.items():
        cells = net.population(name, 20, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA(kinetics=kinetics)])
        net.drive(cells, "AMPA", rate=1500.0, weight=5.0)
        net.connect(noise + cells, cells, gs.FixedInDegree(25), weight={"AMPA": 0.1, "NMDA": 0.05}, w_max={"AMPA": 0.4},
                    delay=gs.Uniform(0.1, 2.0), plasticity=gs.NMDAPlasticity(**FAST), name=f"by {name}")  # fmt: skip
        net.record(cells, "V", name=f"V {name}")
    return net


NETWORKS = {"network": network, "kinetics": of_kinetics}


def run(name, backend, precision, threads=None):
    with gs.Simulator(NETWORKS[name](), dt=DT, seed=3, precision=precision, backend=backend, threads=threads) as sim:
        sim.step(STEPS // 2)
        plastic = next(name for name, projection in sim.net.projections.items() if projection.plasticity)
        learned = sim.weights(plastic).weight["AMPA"]
        sim.set_weights(plastic, {"AMPA": learned[::-1]})
        sim.step(STEPS - STEPS // 2)
        return outcome(sim)


@functools.cache
def by_numpy(name, precision):
    return run(name, "numpy", precision)


@pytest.mark.parametrize("precision", every(2, ["single", "double"]))
@pytest.mark.parametrize("name", every(2, ["network", "kinetics"]))
def test_compiled_kernels_have_the_bits_of_numpy(name, precision):
    cpu()  # or skip
    expected = by_numpy(name, precision)
    moved = [values for key, values in expected.items() if key.startswith(("to", "by")) and key.endswith("AMPA weight")]
    assert min(np.unique(values).size for values in moved) > 10
    for threads in (1, 3):
        assert differences(expected, run(name, "cpu", precision, threads)) == []


@pytest.mark.parametrize(
    ("name", "block", "order"),
    [("network", 256, "drawn-1"), pytest.param("kinetics", 64, "backward", marks=pytest.mark.fuzz)],
)
def test_no_bit_depends_on_blocks_and_their_order(name, block, order):
    with using(order=ORDERS[order]):
        assert differences(by_numpy(name, "single"), run(name, emulated(block), "single")) == []
