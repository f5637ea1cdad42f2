"""What a plan says is what is built: bytes, launches, strategies, quanta; and it refuses before it allocates."""

import gc
import math
import sys
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.builder.fixed_point import Input, Width, choose_quantum, sufficient_width
from gpusyn.builder.layout import Description, same_ids
from gpusyn.builder.placement import lay_out
from gpusyn.kernels.arrays import SYNAPTIC
from gpusyn.neurons.sources import poisson_cap
from gpusyn.numerics.poisson import pieces_of, poisson_counts, poisson_limits
from gpusyn.numerics.rng import Stream
from gpusyn.utils.memory import size_text
from tests.emulation import pretend
from tests.emulation.device import used_bytes
from tests.helpers.runs import emulated

DT = 0.1


def net_of(receptor, rule, n=400, weight=None, delay=1.0, **options):
    net = gs.Network()
    cells = net.population("E", n, gs.LIF(), receptors=[receptor])
    weight = gs.LogNormal(2.0, 1.0) if weight is None else weight
    net.connect(cells, cells, rule, receptor=receptor.name, weight=weight, delay=delay, name="c", **options)
    net.record(cells, "spikes")
    net.record(cells[:10], "V")
    return net


KINDS = {
    "lumped": gs.AMPA(),
    "lumped rise": gs.NMDA(),
    "current": gs.CurrentReceptor("syn", tau=2.0),
    "first order": gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA()),
    "gated": gs.GABA_A(gating="per-synapse"),
    "gated rise": gs.NMDA(gating="per-synapse"),
}


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weight", [None, 1.5], ids=["weights", "one-weight"])
@pytest.mark.parametrize("rule", [gs.FixedInDegree(100), gs.FixedProbability(0.25)], ids=["exact", "random"])
def test_bytes_are_those_of_the_arrays(kind, precision, weight, rule):
    net = net_of(KINDS[kind], rule, weight=weight)
    plan = gs.plan(net, dt=DT, precision=precision)
    with gs.Simulator(net, dt=DT, backend="numpy", precision=precision) as sim:
        program = sim._compiled.program
        assert [spec.nbytes for spec in program.specs.values()] == [program.live(name).nbytes for name in program.specs]
        own = sum(spec.nbytes for spec in program.specs.values() if not SYNAPTIC.isdisjoint(spec.extents))
        synapses = len(sim.weights("c").pre)
        total = program.nbytes
    assert plan.bytes_per_synapse == pytest.approx(own / synapses, rel=0.1)
    assert plan.synapses == pytest.approx(synapses, rel=0.05)
    assert plan.total == pytest.approx(total, rel=0.1)
    assert plan.total == sum(plan.bytes.values())


def test_bytes_of_channels_that_a_drug_blocks():
    """A synapse has two more states: its free channels, and what rounding took from them."""
    net = net_of(KINDS["gated rise"], gs.FixedInDegree(100))
    plain = gs.plan(net, dt=DT).bytes_per_synapse
    net.infuse("MK-801", 1.0)
    plan = gs.plan(net, dt=DT)
    assert plan.bytes_per_synapse == pytest.approx(plain + 2 * 4, abs=0.1)
    with gs.Simulator(net, dt=DT, backend="numpy") as sim:
        program = sim._compiled.program
        assert [spec.nbytes for spec in program.specs.values()] == [program.live(name).nbytes for name in program.specs]
        own = sum(spec.nbytes for spec in program.specs.values() if not SYNAPTIC.isdisjoint(spec.extents))
        assert plan.bytes_per_synapse == pytest.approx(own / len(sim.weights("c").pre), abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_launches_are_those_of_a_step(kind):
    net = net_of(KINDS[kind], gs.FixedInDegree(5))
    net.population("noise", 5, gs.PoissonSource(10.0))
    net.population("listed", 5, gs.SpikeSource([1.0]))
    net.population("passive", 5, gs.LIF())
    plan = gs.plan(net, dt=DT)
    with gs.Simulator(net, dt=DT, backend="numpy") as sim:
        assert plan.launches == len(sim._compiled.program.launches)


def test_a_plan_allocates_and_draws_nothing(monkeypatch):
    net = net_of(gs.AMPA(), gs.FixedInDegree(1000), n=1_000_000, delay=gs.Uniform(0.1, 20.0))

    def drawn(*_):
        raise AssertionError("a plan draws nothing")

    monkeypatch.setattr("gpusyn.connectivity.base.Rule.draw", drawn)
    monkeypatch.setattr("gpusyn.parameters.distributions.LogNormal.draw", drawn)
    gs.plan(net_of(gs.AMPA(), gs.AllToAll(), n=10), dt=DT)  # what is imported on first use
    tracemalloc.start()
    plan = gs.plan(net, dt=DT)
    text = str(plan)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert plan.synapses == 1e9
    assert plan.total > 6e9
    assert peak < plan.total / 100  # ids of the neurons at most
    assert "1e+09 synapses" in text


def test_the_text_tells_strategies_bytes_quanta_launches_and_the_verdict():
    net = net_of(gs.AMPA(), gs.FixedInDegree(100), weight=gs.Uniform(0.5, 1.5), delay=gs.Uniform(0.1, 3.0))
    other = net.population("I", 20, gs.LIF(), receptors=list(KINDS.values())[3:5])
    net.connect(net.populations["E"], other, gs.AllToAll(), weight={"AMPA": 1.0, "GABA_A": 2.0}, name="d")
    plan = gs.plan(net, dt=DT)
    text = plan.describe()
    assert text == str(plan)
    assert text.startswith(f"plan: fits ({size_text(plan.free)} free): {size_text(plan.total)}, and another ")
    for part in (
        "\n  size: 420 neurons and sources, 48000 synapses, dt = 0.1 ms, single precision, sums in int64",
        f"\n  work: {plan.launches} kernel launches per step, one after another, through ",
        "c onto E.AMPA (Exponential): event-driven, gate on the target neuron: exact, the kinetics is linear; 40000",
        "d onto I.AMPA (FirstOrder): gate on the source neuron, sums over synapses in and out of a pulse on the target "
        "(Lytton 1996): two deliveries per burst, exact; all to all with one weight and one delay: "
        "the targets share one sum; 8000 synapses",
        "d onto I.GABA_A (Exponential): per-synapse gates, as gating='per-synapse' asks; 8000 synapses",
        "quantum of AMPA in 2 populations: 2^",
        "of the mean weight, ring of 32 steps",
        "non-zero weights that round to 0: 0",
        f"memory: {plan.bytes_per_synapse:.2f} bytes per synapse\n",
        "note: Projection 'c': drawn delays rounded to 0.1 ms, at least one step",
    ):
        assert part in text, (part, text)
    details = plan.describe(details=True)
    assert "\n  quantum of E.AMPA: 2^" in details
    assert "\n  groups: 420 neurons in 2 group(s) of one model and receptors each" in details


LAYERS = ("L23", "L4", "L5", "L6")


def microcircuit():
    """Eight populations and 64 projections with drawn delays, as the model of Potjans and Diesmann has."""
    net = gs.Network()
    cells = [
        net.population(f"{layer}{kind}", 100 + 10 * k, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()])
        for k, layer in enumerate(LAYERS)
        for kind in "EI"
    ]
    for pre in cells:
        receptor = "AMPA" if pre.name.endswith("E") else "GABA_A"
        for post in cells:
            delay = gs.Normal(1.5, 0.7, low=0.1)
            net.connect(pre, post, gs.FixedProbability(0.1), receptor=receptor, weight=1.0, delay=delay)
    return net


def test_a_large_network_fits_a_screen_and_its_details_are_there_on_request():
    plan = gs.plan(microcircuit(), dt=DT)
    lines = repr(plan).splitlines()
    assert len(lines) <= 24
    assert lines[0].startswith("plan: fits (")
    assert [line.strip().split(":")[0] for line in lines[1:3]] == ["size", "work"]
    assert "  note: 64 projections: drawn delays rounded to 0.1 ms, at least one step" in lines
    assert sum("32 projections onto" in line for line in lines) == 2
    (synapses,) = [line for line in lines if "synapses of 64 projections, the largest L6E->L6E" in line]
    own = sum(n for part, n in plan.bytes.items() if part.startswith("synapses "))
    assert synapses.split("  synapses")[0].strip() == size_text(own)
    details = plan.describe(details=True)
    for a, b in (("L23E", "L6I"), ("L5I", "L4E")):
        assert f"  {a}->{b}:" in details
        assert f"  synapses {a}->{b}:" in details
        assert f"note: Projection '{a}->{b}:" in details
    with pytest.raises(gs.ArgumentError, match=r"Plan\.describe\(\)\.details: must be True or False \(got 2\)"):
        plan.describe(details=2)


def test_the_work_of_a_spike_and_a_step_is_counted_in_bytes():
    """One synapse per source of 4 bytes and a weight of 4, and the bounds of rows: nothing else."""
    plan = gs.plan(net_of(gs.AMPA(), gs.FixedInDegree(100), n=1000), dt=DT)
    assert f"a spike takes {size_text(plan.bytes['synapses c'] / 1000)} of synapses on average" in str(plan)
    assert "gates on synapses" not in str(plan)
    gated = gs.plan(net_of(gs.AMPA(gating="per-synapse"), gs.FixedInDegree(100), n=1000), dt=DT)
    assert f" and {size_text(gated.bytes['synapses c'])} of gates on synapses; a spike takes 0 B" in str(gated)


def test_a_notebook_shows_the_plan_as_a_table():
    plan = gs.plan(microcircuit(), dt=DT)
    text = plan._repr_html_()
    assert text.startswith("<table><tr><th")
    assert text.count("<tr>") == len([line for line in str(plan).splitlines() if "B  " not in line])
    assert "L6E-&gt;L6E" in text


def test_weights_lost_to_rounding_are_counted():
    tiny = np.ones(30)
    tiny[:3], tiny[3:5] = 1e-10, 0.0
    net = net_of(gs.AMPA(), gs.FromArrays(np.arange(30), np.arange(30)), n=30, weight=tiny)
    assert "counted when the network is built" in str(gs.plan(net, dt=DT))
    with gs.Simulator(net, dt=DT, backend="numpy") as sim:
        assert "non-zero weights that round to 0: 3, c:AMPA 3" in str(sim.plan)
        assert (sim.weights("c").weight > 0).sum() == 25


# ---- memory ----


FREE = 10_000_000
REFUSED = (
    r"needs 2\d\.\d MB but 10\.0 MB are free\.\n[\s\S]*12\.0 MB  synapses c\n[\s\S]*more while it is built\nNothing was"
)


class Small(NumpyBackend):
    """A numpy backend on a computer with little memory; it must not be started."""

    def free_memory(self):
        return FREE

    def start(self, program):
        raise AssertionError("started")


def test_a_network_that_does_not_fit_is_refused_before_anything_is_made(monkeypatch):
    net = net_of(gs.AMPA(), gs.FixedInDegree(1000), n=2000)
    plan = gs.plan(net, dt=DT, backend=Small())
    assert not plan.fits
    assert "DOES NOT FIT (10.0 MB free)" in str(plan)
    monkeypatch.setattr("gpusyn.connectivity.base.Rule.checked_blocks", lambda *_: 1 / 0)
    with pytest.raises(gs.PlanMemoryError, match=REFUSED) as error:
        gs.Simulator(net, dt=DT, backend=Small())
    assert isinstance(error.value, MemoryError)


def test_this_computers_memory_counts_for_cpu_backends(monkeypatch):
    net = net_of(gs.AMPA(), gs.FixedInDegree(1000), n=2000)
    monkeypatch.setattr("gpusyn.backends.numpy.backend.free_memory", lambda: FREE)
    with pytest.raises(gs.PlanMemoryError, match=REFUSED):
        gs.Simulator(net, dt=DT, backend="numpy")
    monkeypatch.setitem(vars(sys.modules["gpusyn.builder.plan"]), "free_memory", lambda: None)
    monkeypatch.setattr("gpusyn.backends.numpy.backend.free_memory", lambda: None)
    assert "free memory unknown" in str(gs.plan(net, dt=DT))
    gs.Simulator(net, dt=DT, backend="numpy").close()


def traced(function, *arguments):
    """Return the most bytes that Python and numpy take during a call."""
    tracemalloc.start()
    try:
        function(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_plan_does_not_copy_weights_and_delays():
    n = 2_000_000
    weight, delay = np.linspace(0.5, 1.5, n), np.full(n, 1.5)
    net = net_of(gs.AMPA(), gs.FixedTotalNumber(n), weight=weight, delay=delay)
    assert traced(gs.plan, net) < weight.nbytes / 4


def test_blocks_are_as_large_as_what_draws_them_makes_them():
    weight = gs.LogNormal(1.0, 0.5)
    small, large = (net_of(gs.AMPA(), gs.FixedInDegree(k), n=500, weight=weight) for k in (380, 420))
    numpy_block, kernels_block = (gs.plan(net, dt=DT).scratch for net in (small, large))
    assert gs.plan(large, dt=DT, backend="numpy").scratch - numpy_block < 1000
    assert kernels_block > 1.3 * numpy_block


@pytest.mark.parametrize("share", [0.06, 0.45, 0.8])
@pytest.mark.parametrize("autapses", [True, False])
def test_pairs_that_are_drawn_at_once_take_what_is_planned(share, autapses):
    n = 1500
    net = net_of(gs.AMPA(), gs.FixedTotalNumber(round(share * n * n), autapses=autapses, multapses=False), n=n)
    layout = gs.plan(net, dt=DT).layout
    (projection,) = net.projections.values()
    finding, held = projection.rule.drawing_bytes(n, n, same_ids(layout, projection))
    blocks = projection.rule.blocks(n, n, Stream(1), same_ids(layout, projection))
    of_block = 1_000_000  # bytes
    assert 0.8 * finding < traced(next, blocks) < finding + of_block
    assert held == 8 * projection.rule.n


def test_a_plan_takes_the_name_of_a_backend(monkeypatch):
    net = net_of(gs.AMPA(), gs.OneToOne())
    monkeypatch.setattr("gpusyn.backends.numpy.backend.free_memory", lambda: FREE)
    assert gs.plan(net, dt=DT, backend="numpy").free == FREE
    with pytest.raises(gs.UnknownNameError, match=r"plan\(\)\.backend: unknown name 'nupmy' \(did you mean 'numpy'"):
        gs.plan(net, dt=DT, backend="nupmy")
    with pytest.raises(gs.ArgumentError, match=r"plan\(\)\.backend: must be one of auto, .* \(got 3\)"):
        gs.plan(net, dt=DT, backend=3)


def test_the_gpus_memory_counts_for_cuda():
    net = net_of(gs.AMPA(), gs.FixedInDegree(1000), n=2000)
    gc.collect()  # what earlier tests left is not counted
    said = r"needs \d+\.?\d* MB on the GPU but 10\.0 MB are free there\.\n.* synapses c\n[\s\S]*Nothing was allocated"
    with pretend(free_memory=FREE + used_bytes()), pytest.raises(gs.PlanMemoryError, match=said):
        gs.Simulator(net, dt=DT, backend=emulated())


def test_the_gpu_and_the_host_are_counted_apart(monkeypatch):
    net = net_of(gs.AMPA(), gs.FixedInDegree(100), n=2000)
    backend = emulated()
    host = gs.plan(net, dt=DT, backend="numpy")
    plan = gs.plan(net, dt=DT, backend=backend)
    assert plan.fits
    assert host.on_device == 0
    with gs.Simulator(net, dt=DT, backend=backend) as sim:
        held = sum(array.nbytes for array in sim._session._arrays.values())
        assert plan.on_device == pytest.approx(held, rel=0.01)
    text = str(plan)
    assert f" free on the GPU, {size_text(plan.free_host)} of main memory): {size_text(plan.on_device)} on the" in text
    # what is needed while the network is built does not count on the GPU
    monkeypatch.setattr(backend, "free_memory", lambda: plan.on_device)
    assert gs.plan(net, dt=DT, backend=backend).fits
    monkeypatch.setattr(backend, "free_memory", lambda: plan.on_device - 1)
    assert not gs.plan(net, dt=DT, backend=backend).fits
    monkeypatch.undo()
    # but on the host
    monkeypatch.setattr("gpusyn.builder.plan.free_memory", lambda: plan.total)
    refused = gs.plan(net, dt=DT, backend=backend)
    assert not refused.fits
    with pytest.raises(gs.PlanMemoryError, match=r"MB of main memory while it is built but .* are free"):
        refused.require_fit()


# ---- ids ----


def test_ids_have_31_bits():
    # stand-ins: real populations of this size would hold 16 GB of ids
    parts = {"model": gs.PoissonSource(1.0), "receptors": (), "compartments": ()}
    many, as_many = (SimpleNamespace(name=x, size=2**30, **parts) for x in "ab")
    nothing = {kind: {} for kind in Description._fields if kind != "populations"}
    net = SimpleNamespace(populations={"a": many, "b": as_many}, **nothing)
    with pytest.raises(gs.ParameterError, match="has 2147483648 neurons, but ids have 31 bits"):
        lay_out(net, DT, "single")
    many.size -= 1
    assert lay_out(net, DT, "single").populations["b"].source == 2**30 - 1


# ---- quanta ----


@pytest.mark.parametrize("events", [1, 7, 1000])
@pytest.mark.parametrize("exponent", [-40, 0, 17])
def test_the_largest_sum_fits_and_one_quantum_more_takes_the_next(exponent, events):
    most = (2**31 - 1 - events / 2) // events  # rounding each weight may add half a quantum an event
    for units, beyond in ((most, 0), (most + 1, 1)):
        weight = math.ldexp(units, exponent)
        inputs = [Input("here", weight, weight, events, weight)]
        assert sufficient_width([inputs], "single") == Width(32, 32)
        assert choose_quantum(inputs, Width(32, 32)).exponent == exponent + beyond
        assert units * events / 2**beyond + events / 2 <= 2**31 - 1


@pytest.mark.parametrize("events", [1, 3, 10**6])
@pytest.mark.parametrize("largest", [1e-6, 1.0, 3.7e5])
def test_sums_of_64_bits_use_62_of_them(largest, events):
    quantum = choose_quantum([Input("here", largest, largest, events, largest)], Width())
    assert 2**60 <= largest * events / quantum.value + events / 2 <= 2**62


@pytest.mark.parametrize(
    "rule", [gs.FixedInDegree(2**31 - 1), gs.FixedOutDegree(2**31 - 1), gs.FixedTotalNumber(10**15)], ids=repr
)
def test_more_events_than_quanta_in_32_bits(rule):
    """The rounding of so many weights alone fills the sums, however large a quantum is."""
    net = gs.Network()
    cells = net.population("cells", 3, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, rule, receptor="AMPA", weight=1.0)
    net.connect(cells, cells, gs.FixedInDegree(2**31 - 1), receptor="AMPA", weight=1.0)
    net.connect(cells, cells, gs.FixedInDegree(2**31 - 1), receptor="AMPA", weight=1.0)
    assert "sums in int64" in gs.plan(net).describe()


def test_more_events_than_quanta_in_64_bits():
    net = gs.Network()
    cells = net.population("cells", 1, gs.LIF(), receptors=[gs.AMPA()])
    for _ in range(2):
        net.connect(cells, cells, gs.FixedTotalNumber(2**62), receptor="AMPA", weight=1.0)
    with pytest.raises(gs.ParameterError, match=r"'cells->cells:AMPA': up to 4\.6\d*e\+18 events may reach one neuron"):
        gs.plan(net)


@pytest.mark.parametrize("rule", [gs.FixedInDegree, gs.FixedOutDegree, gs.FixedTotalNumber])
@pytest.mark.parametrize("number", [2**63, 10**400], ids=["2^63", "10^400"])
def test_numbers_of_synapses_that_cannot_be_counted_are_refused(rule, number):
    with pytest.raises(gs.ParameterError, match=rf"{rule.__name__}\..: must be a whole number >= 0 and <= "):
        rule(number)


def test_weights_that_nothing_sends_are_not_coarse():
    net = gs.Network()
    cells = net.population("cells", 10, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedProbability(0.0), receptor="AMPA", weight=0.3)
    assert gs.plan(net).layout.notes == []


def burst(weight, sources=40, copies=5, **options):
    """All sources at once, several events each, onto one neuron."""
    net = gs.Network()
    cell = net.population("E", 1, gs.LIF(), receptors=[gs.CurrentReceptor("syn", tau=1e6)])
    source = net.population("s", sources, gs.SpikeSource([0.5] * copies))
    net.connect(source, cell, gs.AllToAll(), receptor="syn", weight=weight, name="c", delay=0.1, **options)
    net.record(cell, "I_syn", name="current")
    return net


@pytest.mark.parametrize("bits", [15, 16, 20, 30])
def test_sums_of_weights_in_two_bytes_do_not_overflow(backend, bits):
    """Each of 256 events is rounded up to the next power of two, or nearly so."""
    net = burst(np.full(64, 1.0 - 2.0**-bits), sources=64, copies=4)
    with gs.Simulator(net, dt=DT, backend=backend, weights="compact") as sim:
        assert (sim._compiled.layout.numbers.acc, sim._compiled.layout.numbers.weight) == ("int32", "int16")
        sim.step(7)
        assert -sim.data["current"]["I_syn"][-1, 0] == pytest.approx(256.0, rel=1e-4)


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_sums_at_their_bound_do_not_overflow(backend, precision, sign):
    units = 2**31 - 1 - 100 if precision == "single" else 2**53 - 200
    weight = sign * math.ldexp(units // 200, -9)
    net = burst(np.full(40, weight), w_max=abs(weight))
    with gs.Simulator(net, dt=DT, backend=backend, precision=precision) as sim:
        quantum = sim._compiled.layout.populations["E"].sums[0].quantum
        assert sim._compiled.layout.numbers.acc == {"single": "int32", "double": "int64"}[precision]
        if precision == "single":
            assert quantum.exponent == -9
        sim.step(6)
        assert sim.data["current"]["I_syn"][-1, 0] == pytest.approx(-200 * weight, rel=1e-6)
        sim.set_weights("c", weight)
        with pytest.raises(gs.ParameterError, match="w_max"):
            sim.set_weights("c", np.nextafter(weight, 2 * weight))


def test_one_quantum_beyond_the_bound_doubles_the_quantum():
    exponents = []
    for units in ((2**31 - 1 - 100) // 200, (2**31 - 1 - 100) // 200 + 1):
        layout = gs.plan(burst(math.ldexp(units, -9)), dt=DT).layout
        exponents.append(layout.populations["E"].sums[0].quantum.exponent)
    assert exponents == [-9, -8]


def test_sums_of_64_bits_are_chosen_where_32_are_too_coarse():
    for weight, w_max, acc in ((1.0, None, "int32"), (1.0, 1.0, "int32"), (1.0, 1e3, "int64"), (1e-4, 1e3, "int64")):
        plan = gs.plan(burst(weight, w_max=w_max), dt=DT)
        assert plan.layout.numbers.acc == acc, (weight, w_max)
        assert f"sums in {acc}" in str(plan)
        assert plan.layout.populations["E"].sums[0].quantum.error <= 1e-6
        assert gs.plan(burst(weight, w_max=w_max), dt=DT, precision="double").layout.numbers.acc == "int64"


def test_small_weights_beside_large_ones_keep_their_precision(backend):
    net = burst(1e-3, w_max=1e6)
    with gs.Simulator(net, dt=DT, backend=backend) as sim:
        sim.step(6)
        assert sim.data["current"]["I_syn"][-1, 0] == pytest.approx(-0.2, rel=1e-5)


@pytest.mark.parametrize("weight", [4.0, 4.0001])
def test_a_weight_beyond_w_max_is_refused(weight):
    net = gs.Network()
    cell = net.population("E", 1, gs.LIF(), receptors=[gs.AMPA()])
    make = {"receptor": "AMPA", "weight": weight, "w_max": 4.0}
    if weight <= 4.0:
        net.connect(cell, cell, gs.OneToOne(), **make)
    else:
        with pytest.raises(gs.ParameterError, match="w_max"):
            net.connect(cell, cell, gs.OneToOne(), **make)


# ---- declared maxima of events ----


def test_more_coincident_spikes_than_declared_are_refused():
    net = gs.Network()
    net.population("s", 2, gs.SpikeSource([[1.0, 1.0, 1.04], [2.0]], max_events=2))
    with pytest.raises(gs.ParameterError, match=r"Population 's': 3 spike times .* more than max_events = 2"):
        gs.plan(net, dt=DT)


def test_poisson_counts_stop_at_the_declared_maximum(backend):
    net = gs.Network()
    net.population("s", 50, gs.PoissonSource(rate=20_000.0, max_events=3))
    net.record(net.populations["s"], "spikes", name="spikes")
    with gs.Simulator(net, dt=DT, backend=backend) as sim:
        sim.step(50)
        data = sim.data["spikes"]
        counts = np.unique(np.stack([np.rint(data.times / DT), data.ids]), axis=1, return_counts=True)[1]
    assert counts.max() == 3
    assert (counts == 3).mean() > 0.3  # two events a step in the mean


@pytest.mark.parametrize("mean", [1e-6, 0.01, 0.5, 3.0, 19.0, 21.0, 100.0])
def test_counts_stay_below_the_maximum_that_is_chosen(mean):
    pieces = pieces_of(mean)
    counts = poisson_counts(7, 0, 100_000, 3, poisson_limits(mean, pieces), pieces.number, 2**30)
    assert counts.max() <= poisson_cap(mean)
    assert counts.mean() == pytest.approx(mean, abs=6 * math.sqrt(mean / 1e5))


@pytest.mark.parametrize(
    ("t_ref", "message"),
    [
        (2.0, r"'E'.t_ref: must be a multiple of dt = 0.3 ms \(got 2\)"),
        ([1.5, 2.0], r"'E'.t_ref\[1\]: must be a multiple of dt = 0.3 ms \(got 2\)"),
        (9e6, "'E'.t_ref: is 30000000 steps, but at most 16777215 are possible"),
    ],
)
def test_a_refractory_time_that_a_simulator_refuses_has_no_plan(t_ref, message):
    net = gs.Network()
    net.population("E", 2, gs.LIF(t_ref=t_ref))
    with pytest.raises(gs.ParameterError, match=message):
        gs.plan(net, dt=0.3)
    with pytest.raises(gs.ParameterError, match=message):
        gs.Simulator(net, dt=0.3, backend="numpy")


def many_synapses(k, **options):
    """A description of half a million neurons with k synapses each, which nobody could build here."""
    net = gs.Network()
    cells = net.population("cells", 500_000, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedOutDegree(k), receptor="AMPA", weight=1.0, name="many", **options)
    return net


def refusal(net):
    """The warning of a plan that a network cannot be built, which is also the error of building it."""
    plan = gs.plan(net, device="H200")
    lines = [line.split(":", 1)[1].strip() for line in str(plan).splitlines() if "are possible" in line]
    if lines:
        with pytest.raises(gs.ParameterError) as error:
            plan.require_fit()
        assert [str(error.value)] == lines
    return lines


def test_a_plan_tells_if_rows_have_more_synapses_than_can_be_told_apart():
    few, many = (2**32 - 1) // 500_000, 2**32 // 500_000 + 1
    wide = many_synapses(few)
    cells = wide.populations["cells"]
    wide.connect(cells, cells, gs.FixedInDegree(9), receptor="AMPA", weight=1.0)  # rows of their own
    assert refusal(many_synapses(few)) == refusal(wide) == []
    assert refusal(many_synapses(many, storage="procedural")) == []
    (line,) = refusal(many_synapses(many))
    assert line.startswith(f"Projection 'many': about {many * 500_000} synapses of population 'cells' are in common")


def test_a_plan_tells_if_there_are_more_synapses_that_release_one_by_one_than_numbers():
    net = gs.Network()
    cells = [net.population(name, 500_000, gs.LIF(), receptors=[gs.AMPA()]) for name in "ab"]
    both, rule = cells[0] + cells[1], gs.FixedInDegree(5000)
    net.connect(both, cells[0], rule, receptor="AMPA", weight=1.0, plasticity=gs.QuantalRelease(3, 0.5))
    assert refusal(net) == []
    net.connect(both, both, rule, receptor="AMPA", weight=1.0, plasticity=gs.QuantalRelease(3, 0.5), name="more")
    (line,) = refusal(net)
    assert line.startswith("Projection 'more': about 5000000000 synapses release one by one")
