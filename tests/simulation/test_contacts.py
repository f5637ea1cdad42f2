"""Synapses of one contact onto several receptors: a unit of work of a GPU delivers to all of them."""

import itertools

import pytest

import gpusyn as gs
from gpusyn.builder.compile import Compiled
from gpusyn.builder.gpu.activity import Activity
from gpusyn.builder.gpu.model import works_of
from gpusyn.builder.placement import lay_out
from gpusyn.kernels.records import Route, read_rows
from tests.helpers.runs import cpu, differences, emulated, outcome

DT = 0.1
GATE = gs.kinetics.FirstOrder.AMPA()
PLAIN = [gs.AMPA(), gs.GABA_A(), gs.AMPA(tau_decay=20.0, name="slow")]
GATED = [gs.AMPA(kinetics=GATE, name="gated"), gs.NMDA(kinetics=GATE)]  # gates of one kinetics are the same
RECEPTORS = [GATED[0], PLAIN[0], *PLAIN[1:], GATED[1]]


def network(receptors, own=("AMPA", "gated"), delay=None, **options):
    """Sources whose contacts have all of some receptors, of which some have weights of their own."""
    net = gs.Network()
    sources = net.population("sources", 90, gs.PoissonSource(200.0))
    cells = net.population("cells", 70, gs.LIF(), receptors=receptors)
    weights = {r.name: gs.Uniform(0.5, 2.0) if r.name in own else 0.7 for r in receptors}
    delay = gs.Uniform(0.1, 3.0) if delay is None else delay
    net.connect(sources, cells, gs.FixedInDegree(20), weight=weights, delay=delay, name="all", **options)
    net.connect(sources, cells, gs.FixedInDegree(3), receptor=receptors[0], weight=0.3, delay=0.5, name="one")
    net.record(cells, [f"g_{r.name}" for r in receptors])
    return net


def routes_of(net):
    """The numbers of receptors of the routes of each sender, in their order."""
    program = Compiled(lay_out(net, DT, "single"), seed=1).program
    begin = program.live("route_begin").tolist()
    routes = read_rows(program.live("routes"), Route, begin[-1])
    return [[r.receptors for r in routes[b:e]] for b, e in itertools.pairwise(begin)]


def test_the_last_route_along_rows_stands_for_all_with_the_same_sender():
    spikes, cells, gates = routes_of(network(RECEPTORS, delay=gs.Uniform(0.1, 60.0)))
    assert cells == []
    assert spikes == [0, 0, 3] * (len(spikes) // 3)  # one for each block of delays
    assert gates == [0, 2] * ((len(gates) - 1) // 2) + [1]
    assert len(spikes) > 3 < len(gates)


@pytest.mark.parametrize("receptors", [PLAIN, GATED, RECEPTORS], ids=["spikes", "gates", "both"])
@pytest.mark.parametrize("delay", [0.5, gs.Uniform(0.1, 30.0)], ids=["one delay", "delays"])
def test_every_receptor_of_a_contact_receives_the_same_on_a_gpu(receptors, delay):
    def played(backend):
        with gs.Simulator(network(receptors, delay=delay), dt=DT, backend=backend) as sim:
            sim.step(60)
            return outcome(sim)

    reference = played("numpy")
    assert all(reference[name].any() for name in reference)
    assert differences(reference, played(emulated())) == []
    assert differences(reference, played(cpu(2))) == []


def test_a_unit_of_work_and_the_targets_of_a_contact_are_counted_once():
    works = []
    for receptors in (PLAIN[:1], PLAIN[:2]):
        layout = lay_out(network(receptors), DT, "single")
        activity = Activity(layout)
        works.append(next(w for w in works_of(layout, activity) if w.kernel == "deliver_spikes"))
    one, two = works
    for name in ("targets", "late", "segment_begin", "segment_sizes", "source_population"):
        assert one.elements[name] == two.elements[name], name
    assert one.items == two.items
    assert one.phases[0].units == two.phases[0].units
    assert two.atomics > 1.5 * one.atomics
