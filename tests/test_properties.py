"""Properties that need no number (science.md section 6): full block spares AMPA; one sum is many synapses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

import gpusyn as gs

TRAINS = st.lists(st.integers(1, 200), min_size=1, max_size=6, unique=True).map(lambda ts: [t / 10 for t in sorted(ts)])
WEIGHTS = st.lists(st.floats(0.01, 5.0), min_size=3, max_size=3)


def run(receptors, train, weights, *variables):
    """Traces of one cell that three sources reach with the same train, each source with its weight and a delay."""
    net = gs.Network()
    cell = net.population("cell", 1, gs.LIF(), receptors=receptors)
    for k, weight in enumerate(weights):
        source = net.population(f"source{k}", 1, gs.SpikeSource([train]))
        for receptor in receptors:
            net.connect(source, cell, gs.AllToAll(), receptor=receptor.name, weight=weight, delay=0.1 * (k + 1))
    recorder = net.record(cell, list(variables))
    with gs.Simulator(net, dt=0.1, backend="numpy", precision="double") as sim:
        sim.run(40.0)
        return [np.asarray(sim.data[recorder][name], np.float64) for name in variables]


MOST_MG = 1e6  # mM, the most that is accepted: B is below 2e-7 up to the threshold of -50 mV


@settings(max_examples=5, deadline=None, derandomize=True)
@given(train=TRAINS, weights=WEIGHTS)
def test_p1_full_magnesium_block_spares_ampa(train, weights):
    names = ("V", "g_AMPA", "g_NMDA", "I_NMDA")
    V, g = run([gs.AMPA()], train, weights, *names[:2])
    V_blocked, g_blocked, g_NMDA, I_NMDA = run([gs.AMPA(), gs.NMDA(Mg=MOST_MG)], train, weights, *names)
    assert g.any()
    assert g_NMDA.any()
    assert np.array_equal(g, g_blocked)
    assert np.abs(I_NMDA).max() < 2e-7 * 70.0 * g_NMDA.max()
    (V_free,) = run([gs.AMPA(), gs.NMDA(Mg=1.0)], train, weights, "V")
    assert np.abs(V_blocked - V).max() < 1e-3 * np.abs(V_free - V).max()


@pytest.mark.parametrize("receptor", [gs.AMPA, gs.NMDA, gs.GABA_A])
@settings(max_examples=3, deadline=None, derandomize=True)
@given(train=TRAINS, weights=WEIGHTS)
def test_p2_one_conductance_a_cell_is_the_sum_over_synapses(receptor, train, weights):
    name = f"g_{receptor().name}"
    (lumped,) = run([receptor()], train, weights, name)
    (summed,) = run([receptor(gating="per-synapse")], train, weights, name)
    assert_close(lumped[lumped > 1e-9], summed[lumped > 1e-9], "gates")
