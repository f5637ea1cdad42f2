"""The kernels of learning as a GPU runs them: no bit depends on the size of a block or on who comes first."""

import pytest

import gpusyn as gs
from tests.emulation import ORDERS, using
from tests.helpers.runs import differences, emulated, outcome

RULES = {
    "pairs": (gs.STDP(A_plus=0.2, A_minus=0.3), 0.0),
    "nearest": (gs.STDP(A_plus=0.3, A_minus=0.2, mu_plus=0.4, mu_minus=1.0, pairing="nearest"), 0.4),
    "triplets": (gs.TripletSTDP(A2_plus=0.1, A3_minus=0.1), 1.0),
    "inhibition": (gs.InhibitorySTDP(eta=0.5, rate=30.0), 0.0),
}


def network():
    """Rows of more synapses than a warp has lanes; rings that are full after few spikes; several events at once."""
    net = gs.Network()
    noise = net.population("noise", 20, gs.PoissonSource(rate=2000.0, max_events=4))
    cells = net.population("cells", 50, gs.LIF(t_ref=0.1), receptors=[gs.AMPA()])
    net.drive(cells, "AMPA", rate=800.0, weight=60.0)
    for name, (rule, axonal) in RULES.items():
        net.connect(
            noise + cells, cells, gs.FixedProbability(0.8), receptor="AMPA", weight=gs.Uniform(0.0, 0.2), w_max=0.2,
            delay=gs.Uniform(0.1, 0.9), plasticity=rule, axonal=axonal, name=name,
        )  # fmt: skip
    net.record(cells, "spikes", name="spikes")
    return net


def run(backend):
    with gs.Simulator(network(), dt=0.1, seed=3, backend=backend, precision="single") as sim:
        sim.step(40)
        return outcome(sim)


@pytest.fixture(scope="module")
def expected():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gpusyn.builder.plasticity.trains.LEAST_DEPTH", 1)
        return run("numpy")


@pytest.mark.parametrize(
    ("block", "order"), [pytest.param(32, "forward", marks=pytest.mark.fuzz), (256, "backward"), (64, "drawn-1")]
)
def test_no_bit_depends_on_blocks_and_their_order(block, order, expected, monkeypatch):
    monkeypatch.setattr("gpusyn.builder.plasticity.trains.LEAST_DEPTH", 1)
    assert expected["spikes times"].size > 100
    with using(order=ORDERS[order]):
        assert differences(expected, run(emulated(block))) == []
