"""The networks that `gpusyn bench` times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gpusyn as gs
from gpusyn.errors import ParameterError
from gpusyn.models import microcircuit as potjans_diesmann
from gpusyn.models.demonstration import record_spikes
from gpusyn.models.microcircuit import NAMES, RATES, SIZES
from gpusyn.models.vogels_abbott import SIZE
from gpusyn.models.vogels_abbott import SYNAPSES as PUBLISHED
from gpusyn.parameters.scalars import integer

Rates = float | Mapping[str, float]


@dataclass(frozen=True)
class BenchCase:
    """One scaling case.

    Attributes
    ----------
    what : str
        Description in one line.
    network : callable
        Function of size and fan-out that returns the network; it records every population whose spikes are delivered.
    size, fan_out : int
        Default size and fan-out; a fan-out of 0 follows from the size.
    duration : float
        Model time that is timed by default (ms); 0: only building is timed.
    warm_up : float
        Model time before that (ms).
    rates : callable
        Function of the fan-out that returns the mean rate of the neurons, of all populations or of each (Hz), which a
        model of a GPU assumes. Sources have their own rates.
    """

    what: str
    network: Callable[[int, int], gs.Network]
    size: int
    fan_out: int
    duration: float
    warm_up: float = 100.0
    rates: Callable[[int], Rates] = lambda fan_out: 10.0


def _random(size: int, fan_out: int) -> gs.FixedProbability:
    if fan_out > size:
        raise ParameterError(f"--fan-out: must be at most the {size} neurons (got {fan_out}); give a larger --size")
    return gs.FixedProbability(fan_out / size)


def coba(size: int, fan_out: int) -> gs.Network:
    """Return the conductance-based network of Vogels & Abbott (2005), as in Brette et al. (2007), benchmark 1.

    With 80 synapses per neuron it sustains itself after 50 ms of stimulation, at about 20 Hz. With another fan-out,
    weights are scaled to the same total. Fluctuations then no longer sustain it, and a constant current, different for
    each cell, keeps it asynchronous and irregular at 5 to 10 Hz.
    """
    if fan_out == PUBLISHED:
        return _vogels_abbott("COBA", size, fan_out)
    return _vogels_abbott("COBA", size, fan_out, I_e=gs.Uniform(0.0, 1200.0), stimulation=0.0)


def cuba(size: int, fan_out: int) -> gs.Network:
    """Return the current-based network of Brette et al. (2007), benchmark 2, with the paper's weights; about 6 Hz.

    With a fan-out other than 80, weights are scaled to the same total.
    """
    return _vogels_abbott("CUBA", size, fan_out)


def _vogels_abbott(kind: str, size: int, fan_out: int, **options: Any) -> gs.Network:
    _random(size, fan_out)
    net, populations = gs.models.vogels_abbott(kind, size / SIZE, synapses=fan_out, **options)
    record_spikes(net, populations)
    return net


def per_synapse(size: int, fan_out: int) -> gs.Network:
    """Return a network with a first-order AMPA gate on each synapse; there are five sources of 10 Hz per target."""
    return _pulsed(size, fan_out, "per-synapse")


def source_gates(size: int, fan_out: int) -> gs.Network:
    """Return the network of `per_synapse` with a gate on each source, while CNQX is washed in."""
    net = _pulsed(size, fan_out, "auto")
    net.infuse("CNQX", 0.3, wash_in=50.0)
    return net


def _pulsed(size: int, fan_out: int, gating: str) -> gs.Network:
    net = gs.Network()
    receptor = gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA(), gating=gating)
    sources = net.population("sources", 5 * size, gs.PoissonSource(rate=10.0))
    targets = net.population("targets", size, gs.LIF(), receptors=[receptor])
    net.connect(sources, targets, _random(size, fan_out), receptor="AMPA", weight=0.1)
    net.record(sources + targets, "spikes", name="spikes")
    return net


def microcircuit(size: int, fan_out: int) -> gs.Network:
    """Return the microcircuit of Potjans & Diesmann (2014), scaled to a number of neurons; it fires at about 3 Hz."""
    net, populations = potjans_diesmann(size / sum(SIZES))
    record_spikes(net, populations)
    return net


def empty(size: int, fan_out: int) -> gs.Network:
    """Return neurons without synapses and spikes, which show the cost of an empty step."""
    net = gs.Network()
    cells = net.population("cells", size, gs.LIF(), receptors=[gs.AMPA()])
    net.record(cells, "spikes", name="spikes")
    return net


def build(size: int, fan_out: int) -> gs.Network:
    """Return a random network with a separate weight and delay for each synapse."""
    net = gs.Network()
    receptors, V = [gs.AMPA(), gs.GABA_A()], gs.Uniform(-60.0, -50.0)
    E = net.population("E", size * 4 // 5, gs.LIF(), receptors=receptors, V=V)
    I = net.population("I", size - E.size, gs.LIF(), receptors=receptors, V=V)
    net.record(E + I, "spikes", name="spikes")
    rule, delay = _random(size, fan_out), gs.Uniform(0.5, 3.0)
    net.connect(E, E + I, rule, receptor="AMPA", weight=gs.LogNormal(0.2, 0.1), delay=delay)
    net.connect(I, E + I, rule, receptor="GABA_A", weight=gs.LogNormal(1.0, 0.5), delay=delay)
    return net


def _coba_rate(fan_out: int) -> float:
    return 20.0 if fan_out == PUBLISHED else 7.0


CASES = {
    "coba": BenchCase("conductance-based network of Vogels & Abbott", coba, 4000, PUBLISHED, 1000.0, rates=_coba_rate),
    "cuba": BenchCase("current-based network of Vogels & Abbott", cuba, 4000, PUBLISHED, 1000.0, rates=lambda _: 6.0),
    "microcircuit": BenchCase(
        "cortical microcircuit of Potjans & Diesmann, scaled to the size",
        microcircuit,
        7717,
        0,
        500.0,
        rates=lambda _: dict(zip(NAMES, RATES, strict=True)),
    ),
    "per-synapse": BenchCase(
        "first-order AMPA with a gate on every synapse, sources of 10 Hz",
        per_synapse,
        4000,
        200,
        100.0,
        10.0,
        rates=lambda _: 30.0,
    ),
    "source-gates": BenchCase(
        "the same with a gate on every source, and an antagonist washed in",
        source_gates,
        4000,
        200,
        100.0,
        10.0,
        rates=lambda _: 1.0,
    ),
    "empty": BenchCase("neurons without synapses", empty, 100, 0, 2000.0, rates=lambda _: 0.0),
    "build": BenchCase("building a random network, weights and delays drawn", build, 10_000, 1000, 0.0, 0.0),
}


def case_network(name: str, size: int | None, fan_out: int | None) -> tuple[gs.Network, int, int]:
    """Return the network of a case, with its size and fan-out.

    Parameters
    ----------
    name : str
        Name in `CASES`.
    size, fan_out : int, optional
        Size and fan-out instead of the defaults of the case.

    Raises
    ------
    GpusynError
        If they are out of range, or a fan-out is given for a case whose synapses follow from its size.
    """
    case = CASES[name]
    n = case.size if size is None else integer(size, "--size", low=10)
    if case.fan_out == 0 and fan_out is not None:
        raise ParameterError(f"--fan-out: the synapses of case '{name}' follow from its size; leave it out")
    k = min(case.fan_out, n) if fan_out is None else integer(fan_out, "--fan-out", low=1)
    return case.network(n, k), n, k
