"""The tables of Poisson input: how many sets of limits a rate has, and what a change of a rate keeps."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.kernels.records import PoissonDrive, read_rows

SIZE = 200
RAMP = gs.Waveform([0.0, 1.0], [1000.0, 20_000.0])  # Hz


def driven(rate, part=slice(None), **options):
    net = gs.Network()
    cells = net.population("cells", SIZE, gs.LIF(), receptors=[gs.AMPA()])
    drive = net.drive(cells[part], "AMPA", rate=rate, weight=1.0, name="drive", **options)
    return net, net.record(cells, "g_AMPA"), drive


def conductances(net, recorder, change=lambda sim: None):
    with gs.Simulator(net, dt=0.1, backend="numpy") as sim:
        change(sim)
        sim.step(20)
        (row,) = read_rows(sim._session.read("drives"), PoissonDrive)
        return np.asarray(sim.data[recorder]["g_AMPA"]), row


@pytest.mark.parametrize(
    ("rate", "own", "varies"), [(4000.0, 0, False), (np.full(20, 4000.0), 1, False), (RAMP, 0, True)]
)
def test_a_part_of_a_population_gets_the_events_of_its_own_words(rate, own, varies):
    """One rate has one set of limits also for a part; the others get nothing."""
    g, row = conductances(*driven(rate, slice(50, 70))[:2])
    assert (row.limit_step, bool(row.time_step)) == (own, varies)
    assert not g[:, :50].any()
    assert not g[:, 70:].any()
    everyone = np.full(SIZE, 4000.0) if own else rate
    whole, _ = conductances(*driven(everyone)[:2])
    assert g[:, 50:70].any(axis=0).all()
    assert np.array_equal(g[:, 50:70], whole[:, 50:70])


@pytest.mark.parametrize("described", [500.0, 40_000.0])
def test_a_rate_that_is_set_has_the_events_of_one_that_is_described(described):
    """Also if `rate_max` has more limits, as long as it needs no more pieces."""
    net, recorder, drive = driven(described, rate_max=50_000.0)
    found, _ = conductances(net, recorder, lambda sim: sim.set(drive, rate=3000.0))
    expected, row = conductances(*driven(3000.0)[:2])
    assert row.pieces == 1
    assert np.array_equal(found, expected)
