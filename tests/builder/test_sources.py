"""The builder asks a spike source for its kernel and its events, not for the name of its class."""

import re

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.kernels.spec import KERNELS
from gpusyn.neurons.sources import most_poisson_events
from tests.helpers.paths import ROOT

DT = 0.1


class Noise(gs.PoissonSource):
    """Poisson spikes under another name."""


class Trains(gs.SpikeSource):
    """Listed spikes under another name."""


class Regular(gs.GammaSource):
    """Gamma intervals under another name."""


def recorded(source):
    """Return the times and ids of the spikes of three sources."""
    net = gs.Network()
    net.record(net.population("sources", 3, source), "spikes", name="spikes")
    with gs.Simulator(net, dt=DT, backend="numpy", seed=4) as sim:
        sim.step(60)
        data = sim.data["spikes"]
        return np.stack([data.times, data.ids])


@pytest.mark.parametrize(
    ("kind", "other", "given"),
    [
        (gs.PoissonSource, Noise, 800.0),
        (gs.SpikeSource, Trains, [[1.0, 2.5], [], [4.0, 4.0]]),
        (gs.GammaSource, Regular, 800.0),
    ],
)
def test_a_source_of_another_name_emits_the_same_spikes(kind, other, given):
    spikes = recorded(kind(given))
    assert spikes.shape[1] > 3
    assert np.array_equal(recorded(other(given)), spikes)


@pytest.mark.parametrize("kind", [gs.PoissonSource, gs.GammaSource, gs.SpikeSource])
def test_every_source_names_a_kernel(kind):
    assert kind.is_source
    assert kind.KERNEL in KERNELS


def test_a_dead_time_needs_another_kernel():
    assert gs.PoissonSource(5.0).kernel == "advance_poisson"
    assert gs.PoissonSource(5.0, dead_time=0.0).kernel == "advance_poisson"
    assert gs.PoissonSource(5.0, dead_time=1.0).kernel == gs.GammaSource(5.0).kernel == "advance_renewals"


def test_sources_and_neurons_tell_how_many_events_a_step_may_have():
    assert gs.LIF().most_events(DT, "here") == 1
    assert gs.PoissonSource([5.0, 900.0]).most_events(DT, "here") == most_poisson_events(900.0, DT) > 1
    assert gs.PoissonSource(900.0, max_events=3).most_events(DT, "here") == 3
    assert gs.SpikeSource([[1.0, 1.02, 1.04], [2.0]]).most_events(DT, "here") == 3
    assert gs.SpikeSource([1.0], max_events=7).most_events(DT, "here") == 7


def test_no_code_asks_for_the_name_of_a_source():
    for path in (ROOT / "gpusyn").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"[=!]= \"(Poisson|Gamma|Spike)Source\"|\"(Poisson|Gamma|Spike)Source\" in", text), path
        assert not re.search(r"(hasattr|getattr)\(\w+, \"(rate|times|max_events)\"", text), path
