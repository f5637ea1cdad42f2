"""The networks that are run on the device, with their durations, and the digest of what they do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import gpusyn as gs
from benchmarks import cases
from benchmarks.peers.networks import coba, gates, microcircuit

DIGESTS = Path(__file__).with_name("digests.json")
SEED = 1
LENGTH = 32  # characters of a digest that are kept
Begin = Callable[[gs.Simulator], object]


class Setup(NamedTuple):
    """A network and how long it is run.

    Attributes
    ----------
    title : str
        Name in the summary.
    network : callable
        Function that returns the network, and a function that sets its state at time 0.
    short : float
        Model time whose spikes, and the V at its end, make the digest (ms).
    warm_up, timed : float
        Model time that passes then, and model time that is timed in each of three runs (ms); 0: none.
    """

    title: str
    network: Callable[[], tuple[gs.Network, Begin]]
    short: float
    warm_up: float = 0.0
    timed: float = 0.0


def _peer(title: str, module: Any, numbers: Any, *durations: float) -> Setup:
    """Return the setup of a network that other simulators run, too."""
    return Setup(title, lambda: module.gpusyn(gs, numbers), *durations)


def beyond(sources: int, targets: int, out_degree: int) -> tuple[gs.Network, Begin]:
    """Return a network with synapses of one weight and delay, whose last sources are as busy as the first ones."""
    net = gs.Network()
    cell = gs.LIF(I_e=gs.Uniform(150.0, 250.0))
    inputs = net.population("inputs", sources, gs.PoissonSource(rate=5.0))
    cells = net.population("cells", targets, cell, receptors=[gs.AMPA()], V=gs.Uniform(-70.0, -55.0))
    weight = 200.0 / (sources * out_degree / targets)
    net.connect(inputs, cells, gs.FixedOutDegree(out_degree), receptor="AMPA", weight=weight, delay=1.5)
    return net, lambda sim: None


#: Networks of the parts, by name.
FULL = {
    "microcircuit": _peer("Microcircuit", microcircuit, microcircuit.Numbers(1.0), 50.0, 450.0, 1000.0),
    "coba small": _peer("COBA 4,000 x 80", coba, coba.Numbers(4000, 80), 50.0, 50.0, 1000.0),
    "coba large": _peer("COBA 20,000 x 1,000", coba, coba.driven(20_000, 1000), 50.0, 50.0, 1000.0),
    "coba million": _peer("COBA 1,000,000 x 100", coba, coba.driven(1_000_000, 100), 10.0, 40.0, 200.0),
    "gated": _peer("40 million first-order gates", gates, gates.Numbers(20_000, 40_000, 1000), 10.0, 10.0, 50.0),
    "large": Setup("2.2 billion synapses", lambda: beyond(22_000, 200_000, 100_000), 20.0, 20.0, 100.0),
}
#: The same, so small that they take no time.
TINY = {
    "microcircuit": _peer("Microcircuit x 0.01", microcircuit, microcircuit.Numbers(0.01), 5.0, 1.0, 1.0),
    "coba small": _peer("COBA 100 x 20", coba, coba.driven(100, 20), 10.0, 1.0, 1.0),
    "coba large": _peer("COBA 200 x 20", coba, coba.driven(200, 20), 5.0, 1.0, 1.0),
    "coba million": _peer("COBA 300 x 20", coba, coba.driven(300, 20), 5.0, 1.0, 1.0),
    "gated": _peer("400 first-order gates", gates, gates.Numbers(40, 20, 20), 5.0, 1.0, 1.0),
    "large": Setup("4,000 synapses", lambda: beyond(20, 400, 200), 10.0, 1.0, 1.0),
}


def stored() -> dict[str, Any]:
    """Return the digests that a CPU has made: ``drawn``, a list, and ``networks``, by name."""
    found: dict[str, Any] = json.loads(DIGESTS.read_text(encoding="utf-8"))
    return found


def digest_of(sim: gs.Simulator, recorder: gs.Recorder) -> str:
    """Return the digest of all spikes so far, and of the V of all neurons now."""
    spikes = sim.data[recorder]
    steps = np.rint(spikes.times / sim.dt).astype("<i8")
    found = hashlib.sha256(steps.tobytes() + np.asarray(spikes.ids).astype("<i8").tobytes())
    for population in sim.net.populations.values():
        if not population.is_source:
            found.update(sim.get(population, "V").astype("<f8").tobytes())
    return found.hexdigest()[:LENGTH]


def digest_on(setup: Setup, backend: Any) -> str:
    """Run a network for its short time on a backend, and return the digest."""
    net, begin = setup.network()
    recorder = cases.record_all(net)
    with gs.Simulator(net, dt=cases.DT, seed=SEED, backend=backend, progress=False) as sim:
        begin(sim)
        sim.run(setup.short)
        if not len(sim.data[recorder]):
            raise ValueError(f"{setup.title}: no neuron spikes within {setup.short} ms")
        return digest_of(sim, recorder)
