"""The model of GPUs: work counted by hand, agreement with the programs that are built, and what must not fall."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

import gpusyn as gs
from benchmarks import gpu_model as page
from gpusyn.builder.compile import Compiled
from gpusyn.builder.gpu.activity import Activity
from gpusyn.builder.gpu.devices import DEVICES, FIELD_SOURCES, SOURCES, GpuFigures, device_named
from gpusyn.builder.gpu.launches import KERNEL_WORK, works_of
from gpusyn.builder.gpu.model import bytes_of, gpu_model
from gpusyn.builder.gpu.work import SECTOR
from gpusyn.builder.placement import lay_out
from gpusyn.commands.bench_cases import CASES
from gpusyn.commands.cli import main
from gpusyn.kernels.occupancy import Processor, blocks_of
from gpusyn.kernels.records import Route, read_rows
from gpusyn.kernels.spec import KERNELS
from tests.helpers.command_line import one_line_of_error

H200 = DEVICES["H200"]
DT = 0.1


def model_of(net: gs.Network, device: GpuFigures = H200, rates=None):
    plan = gs.plan(net, dt=DT, device=device.name)
    return gpu_model(plan.layout, plan.specs, device, rates)


def case(name: str, size: int, fan_out: int = 0, device: GpuFigures = H200, rates=None):
    return model_of(CASES[name].network(size, fan_out), device, CASES[name].rates(fan_out) if rates is None else rates)


def launch(model, kernel: str):
    return next(one for one in model.launches if one.label.startswith(kernel))


# --- work that is counted ----------------------------------------------------------------------------------


def every_kernel() -> list[gs.Network]:
    """Networks that launch every kernel, with what changes in time."""
    gated = [
        gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA(), gating="per-synapse"),
        gs.GABA_A(gating="per-synapse"), gs.NMDA(gating="per-synapse"),
    ]  # fmt: skip
    nets = []
    for kinetics, gating in (
        (gs.kinetics.Saturating.NMDA(), "auto"), (gs.kinetics.Saturating.NMDA(), "per-synapse"),
        (gs.kinetics.Saturating(jump=True), "auto"), (gs.kinetics.Saturating(jump=True), "per-synapse"),
        (gs.GABA_B().kinetics, "auto"), (gs.GABA_B().kinetics, "per-synapse"),
        (gs.kinetics.Markov.NMDA(), "auto"), (gs.kinetics.Markov.NMDA(), "per-synapse"),
    ):  # fmt: skip
        net = gs.Network()
        cells = net.population("cells", 40, gs.LIF(), receptors=[gs.NMDA(kinetics=kinetics, gating=gating)])
        net.connect(cells, cells, gs.FixedInDegree(5), receptor="NMDA", weight=gs.Uniform(0.1, 0.2))
        nets.append(net)
    net = gs.Network()
    cells = net.population("cells", 200, gs.LIF(), receptors=[*gated, gs.GABA_B()])
    noise = net.population("noise", 150, gs.PoissonSource(20.0))
    listed = net.population("listed", 5, gs.SpikeSource([[1.0, 5.0]] * 5))
    for pre in (noise, listed):
        for name in ("AMPA", "GABA_A", "NMDA"):
            net.connect(pre, cells, gs.FixedInDegree(3), receptor=name, weight=0.1, delay=gs.Uniform(0.1, 3.0))
    net.connect(noise, cells, gs.AllToAll(), receptor="GABA_B", weight=0.1)
    net.inject(cells, gs.Waveform([0.0, 10.0], [0.0, 100.0]))
    net.population("varied", 9, gs.PoissonSource(gs.Waveform([0.0], [[5.0] * 9])))
    net.inject(cells[9:], gs.WhiteNoise(std=50.0))
    squid = net.population("squid", 150, gs.HodgkinHuxley())
    net.couple(cells + squid, squid, gs.FixedProbability(0.1), 0.5)
    net.infuse("MK-801", 1.0)
    net.record(cells[:7], "V", every=0.5)
    net.record(cells, "spikes")
    late = gs.Network()  # delays in several blocks, each with a route of its own
    cells = late.population("cells", 40, gs.LIF(), receptors=[gs.NMDA(kinetics=gs.kinetics.Saturating.NMDA())])
    late.connect(cells, cells, gs.FixedInDegree(5), receptor="NMDA", weight=0.1, delay=gs.Uniform(0.1, 60.0))
    drawn = gs.Network()  # rows that are not stored
    cells = drawn.population("cells", 300, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA(kinetics=gs.kinetics.Saturating())])
    values = {"weight": {"AMPA": gs.Uniform(0.1, 0.2), "NMDA": 0.1}, "delay": gs.Uniform(0.1, 3.0)}
    for rule in (gs.FixedProbability(0.1), gs.FixedOutDegree(9), gs.FixedOutDegree(9, multapses=False)):
        drawn.connect(cells, cells[3:], rule, **values, storage="procedural")
    drawn.connect(cells, cells, gs.AllToAll(autapses=False), receptor="AMPA", weight=gs.Uniform(0.1, 0.2),
                  storage="procedural")  # fmt: skip
    plastic = gs.Network()  # short-term plasticity, shared and of each synapse, and random release
    cells = plastic.population("cells", 90, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA()])
    shared, each = gs.TsodyksMarkram(), gs.TsodyksMarkram(gs.Uniform(0.1, 0.9), gs.Uniform(9.0, 99.0), 5.0)
    sites = gs.QuantalRelease(5)
    active = gs.TsodyksMarkram(tau_psc=4.0), gs.TsodyksMarkram(tau_psc=gs.Uniform(2.0, 9.0))
    for rule in (shared, each, *active, [shared, sites], [each, sites], gs.QuantalRelease(5, 0.5, 0.2)):
        plastic.connect(cells, cells, gs.FixedInDegree(9), weight=values["weight"] | {"NMDA": gs.Ratio("AMPA", 0.1)},
                        delay=gs.Uniform(0.1, 60.0), plasticity=rule)  # fmt: skip
    learning = gs.Network()  # by every rule
    cells = learning.population("cells", 90, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA()])
    bounded = {"weight": values["weight"] | {"NMDA": gs.Ratio("AMPA", 0.1)}, "w_max": {"AMPA": 0.5}}
    pairs, calcium = gs.STDP(learns="AMPA"), gs.CalciumSTDP(learns="AMPA")
    for rule in (pairs, calcium, gs.TripletSTDP(learns="AMPA"), gs.InhibitorySTDP(learns="AMPA")):
        learning.connect(cells, cells, gs.FixedInDegree(9), **bounded, delay=gs.Uniform(0.1, 60.0), plasticity=rule)
    reward = gs.DopamineSTDP(gs.STDP(learns="AMPA"), 500.0, 200.0, modulator=cells[:5])
    learning.connect(cells, cells, gs.FixedInDegree(9), **bounded, plasticity=reward)
    learning.connect(cells, cells, gs.FixedInDegree(9), **bounded, delay=gs.Uniform(0.1, 60.0),
                     plasticity=gs.NMDAPlasticity())  # fmt: skip
    scaling = gs.HomeostaticScaling(5.0, 1e4, learns="AMPA")
    learning.connect(cells, cells, gs.FixedInDegree(9), **bounded, plasticity=scaling, name="scaled")
    renewing = gs.Network()
    renewing.population("gamma", 300, gs.GammaSource(np.linspace(0.0, 90.0, 300), shape=3.0))
    renewing.population("dead", 40, gs.PoissonSource(gs.Waveform([0.0], [90.0]), dead_time=3.0))
    return [*nets, net, late, drawn, plastic, learning, renewing]


NETWORKS = every_kernel()


@pytest.mark.parametrize("net", NETWORKS, ids=range(len(NETWORKS)))
def test_work_counts_the_arguments_of_the_kernels_and_the_launches_of_the_program(net):
    layout = lay_out(net, DT, "single")
    works = list(works_of(layout, Activity(layout)))
    for work in works:
        assert set(work.elements) == {a.name for a in KERNELS[work.kernel].arguments if a.array}, work.kernel
        written = {name for name, (_, n) in work.elements.items() if n}
        assert written <= {a.name for a in KERNELS[work.kernel].arguments if a.intent == "inout"}, work.kernel
        assert min(n for both in work.elements.values() for n in both) >= 0
    program = Compiled(layout, seed=1).program
    assert [(w.kernel, w.items) for w in works] == [(one.kernel, one.items) for one in program.launches]
    assert all(one.scalars.get("most_units", 1) > 0 for one in program.launches)


def test_every_kernel_has_its_work():
    assert set(KERNEL_WORK) == set(KERNELS)
    layouts = [lay_out(net, DT, "single") for net in NETWORKS]
    assert {w.kernel for layout in layouts for w in works_of(layout, Activity(layout))} == set(KERNELS)


@pytest.mark.parametrize("net", NETWORKS, ids=range(len(NETWORKS)))
def test_the_plan_knows_the_most_units_of_a_sender(net):
    program = Compiled(lay_out(net, DT, "single"), seed=1).program
    launches = {one.kernel: one for one in program.launches if "most_units" in one.scalars}
    units = {kernel: units_of(program, one.arrays) for kernel, one in launches.items()}
    n = len(net.populations)
    of_gates = {"deliver_changes"} & units.keys()
    wanted = {kernel: max(1, *(found[n:] if kernel in of_gates else found[:n])) for kernel, found in units.items()}
    assert {kernel: one.scalars["most_units"] for kernel, one in launches.items()} == wanted


def units_of(program, arrays):
    """Units of work for an event of each sender, along routes that tell at which unit each begins."""
    begin = program.live(arrays["route_begin"]).tolist()
    routes = read_rows(program.live(arrays["routes"]), Route, begin[-1])
    for b, e in itertools.pairwise(begin):
        assert [r.unit for r in routes[b:e]] == [sum(map(own_units, routes[b:k])) for k in range(b, e)]
    return [sum(map(own_units, routes[b:e])) for b, e in itertools.pairwise(begin)]


def own_units(route):
    """Units of work along a route; those of another that stands for it count there."""
    return route.slices * route.parts if route.receptors else 0


def test_bytes_of_neurons_are_those_counted_by_hand():
    """1,000 LIF neurons with AMPA: eight chunks; V, refractory time, gate and sums go in and out, the current in."""
    net = gs.Network()
    cells = net.population("cells", 1000, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedInDegree(10), receptor="AMPA", weight=1.0)
    layout = lay_out(net, DT, "single")
    neurons = next(w for w in works_of(layout, Activity(layout, 10.0)) if w.kernel == "advance_neurons")
    specs = gs.plan(net, dt=DT).specs
    n, chunks, spikes, sums = 1000, 8, 1000 * 10.0 * 1e-4, specs["ring"].dtype.itemsize
    moved = bytes_of(neurons, specs)
    assert {name: both for name, both in moved.items() if any(both)} == {
        "clock": (24, 24),
        "g0.chunks": (chunks * 13 * 8, 0),
        "g0.V": (4 * n, 4 * n),
        "g0.refractory": (4 * n, 4 * n),
        "g0.gates": (4 * n, 4 * n),
        "g0.coef": (4 * specs["g0.coef"].size, 0),
        "g0.current": (4 * n, 0),
        "waves": (4, 0),
        "ring": (sums * n, sums * n),
        "g0.rings": (chunks * 5 * 8, 0),
        "spike_total": (8, 8),
        "spike_id": (0, 4 * spikes),
        "spike_events": (0, 4 * spikes),
    }
    assert neurons.atomics == spikes


def test_dendrites_add_their_potentials_currents_and_instructions():
    """Each has a V and a current as the soma has them; its receptors are added up twice."""
    works = []
    star = gs.Compartments(soma=gs.LIF(), dendrites={"apical": gs.Dendrite(), "basal": gs.Dendrite()})
    for model, receptors in ((gs.LIF(), [gs.AMPA()]), (star, {"apical": [gs.AMPA()]})):
        net = gs.Network()
        net.population("cells", 1000, model, receptors=receptors)
        plan = gs.plan(net, dt=DT)
        work = next(w for w in works_of(plan.layout, Activity(plan.layout, 0.0)) if w.kernel == "advance_neurons")
        works.append((work.instructions, bytes_of(work, plan.specs)))
    (plain, _), (starred, moved) = works
    assert moved["g0.V"] == (3 * 4000, 3 * 4000)
    assert moved["g0.current"] == (3 * 4000, 0)
    assert moved["g0.refractory"] == (4000, 4000)
    assert starred > 1.5 * plain


def test_events_of_a_step_are_spikes_times_synapses_and_move_whole_sectors():
    net = gs.Network()
    sources = net.population("sources", 100, gs.PoissonSource(10.0))
    cells = net.population("cells", 500, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(sources, cells, gs.FixedOutDegree(40), receptor="AMPA", weight=gs.Uniform(1.0, 2.0), delay=1.0)
    layout = lay_out(net, DT, "single")
    (stream,) = Activity(layout).streams()
    assert stream.senders == pytest.approx(0.1)  # 100 x 10 Hz x 0.1 ms
    assert stream.events == pytest.approx(4.0)
    assert stream.filled == pytest.approx(stream.segments) == pytest.approx(0.1)
    delivery = list(works_of(layout, Activity(layout)))[-1]
    assert delivery.atomics == pytest.approx(4.0)
    targets, weights = (delivery.elements[name][0] for name in ("targets", "weights"))
    assert 2 * targets == pytest.approx(4.0 * 2 + 0.1 * (SECTOR - 2))
    size = layout.numbers.weight_dtype.itemsize
    assert size * weights == pytest.approx(4.0 * size + 0.1 * (SECTOR - size))


def test_gates_of_sources_send_as_their_kinetics_says():
    def sends(kinetics) -> float:
        net = gs.Network()
        cells = net.population("cells", 100_000, gs.LIF(), receptors=[gs.NMDA(kinetics=kinetics)])
        net.connect(cells, cells, gs.FixedInDegree(5), receptor="NMDA", weight=0.1)
        layout = lay_out(net, DT, "single")
        (gate,) = layout.gates.values()
        return Activity(layout, 0.1).sends(gate)  # one spike in a step

    assert sends(gs.kinetics.Saturating(jump=True)) == pytest.approx(1.0)
    assert sends(gs.kinetics.FirstOrder.AMPA()) == pytest.approx(2.0, rel=1e-3)
    assert sends(gs.kinetics.Saturating(tau_rise=2.0)) == pytest.approx(832, rel=0.01)  # until e^-41.6
    assert sends(gs.GABA_B().kinetics) == 100_000


# --- times -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES.values(), ids=lambda device: device.name)
@pytest.mark.parametrize("name", ["coba", "per-synapse", "source-gates"])
def test_more_neurons_synapses_or_spikes_never_take_less(name, device):
    def grow(*models):
        for less, more in itertools.pairwise(models):
            assert less.least <= more.least
            assert less.expected <= more.expected * (1 + 1e-9)

    grow(*(case(name, size, 50, device) for size in (1000, 10_000, 100_000, 1_000_000)))
    grow(*(case(name, 10_000, fan_out, device, 10.0) for fan_out in (10, 100, 1000)))
    grow(*(case(name, 10_000, 100, device, rate) for rate in (0.0, 1.0, 10.0, 100.0)))


@pytest.mark.parametrize("name", CASES)
def test_the_lower_bound_is_below_what_is_expected(name):
    plan = gs.plan(CASES[name].network(2000, 100), dt=DT)
    for device in DEVICES.values():
        for one in gpu_model(plan.layout, plan.specs, device, CASES[name].rates(100)).launches:
            assert device.gap <= one.least <= one.expected
            assert one.from_memory <= one.read + one.written
            assert 0 < one.occupancy <= 1


def test_lower_bounds_agree_with_hand_computations():
    """Those of a review, for the H200 and without launches: by a factor of two."""

    def bound(model, kernel):
        return (launch(model, kernel).least - H200.gap) * 1e6

    microcircuit = page.standard(*page.STANDARD[0]).model
    assert bound(microcircuit, "deliver_spikes") == pytest.approx(1.0, rel=0.5)
    assert (launch(microcircuit, "advance_neurons").expected - H200.gap) * 1e6 == pytest.approx(2.0, rel=0.5)
    large = case("coba", 1_000_000, 1000, rates=10.0)
    assert bound(large, "advance_neurons") == pytest.approx(12.0, rel=0.5)
    assert bound(large, "deliver_spikes") == pytest.approx(10.0, rel=0.5)
    assert bound(case("per-synapse", 40_000, 200), "advance_first_order") == pytest.approx(149.0, rel=0.5)


def test_arrays_that_outgrow_the_cache_come_from_the_memory():
    small, large = case("per-synapse", 200, 200), case("per-synapse", 40_000, 200)
    assert launch(small, "advance_first_order").from_memory == 0
    moved = launch(large, "advance_first_order")
    assert moved.from_memory == pytest.approx(40e6 * (4 + 4 + 4), rel=0.05)  # address, gate in and out; not the history
    assert moved.read + moved.written == pytest.approx(40e6 * (4 + 4 + 4 + 4), rel=0.05)


def test_the_microcircuit_reaches_its_goal_because_ages_do_not_wait_for_one_another():
    plan, rates = page.standard(*page.STANDARD[0]).plan, CASES["microcircuit"].rates(0)
    as_it_is, looped, large, cooperative = (page.formed(f, H200, plan.layout, plan.specs, rates) for f in page.FORMS)
    assert as_it_is.real_time_factor <= 0.12 < 1 < looped.real_time_factor
    assert launch(looped, "deliver_spikes").binds == "waiting"
    assert cooperative.real_time_factor < as_it_is.real_time_factor < large.real_time_factor
    assert as_it_is.least == pytest.approx(looped.least)
    assert gpu_model(plan.layout, plan.specs, DEVICES["H100"], rates).real_time_factor <= 0.12


def test_the_microcircuit_fills_the_gpu():
    deliver = launch(page.standard(*page.STANDARD[0]).model, "deliver_spikes")
    assert deliver.blocks == deliver.resident >= 6 * H200.processors


# --- devices -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("processor", "block", "registers", "shared", "resident"),
    [
        (Processor(90, 65536, 2048, 32, 228 << 10), 128, 128, 0, 4),
        (Processor(90, 65536, 2048, 32, 228 << 10), 128, 32, 0, 16),
        (Processor(90, 65536, 2048, 32, 228 << 10), 32, 16, 0, 32),
        (Processor(90, 65536, 2048, 32, 228 << 10), 32, 104, 0, 16),  # 19 warps, but warps come in fours
        (Processor(90, 65536, 2048, 32, 228 << 10), 1024, 80, 0, 0),
        (Processor(90, 65536, 2048, 32, 228 << 10), 128, 32, 47 << 10, 4),
        (Processor(75, 65536, 1024, 16, 64 << 10), 128, 64, 0, 8),
        (Processor(75, 65536, 1024, 16, 64 << 10), 128, 168, 0, 3),
        (Processor(89, 65536, 1536, 24, 100 << 10), 256, 40, 0, 6),
    ],
)
def test_resident_blocks_are_those_of_the_rules_of_cuda(processor, block, registers, shared, resident):
    assert processor.resident(block, registers, shared) == resident


@pytest.mark.parametrize(
    ("unit", "items", "blocks"),
    [("block", 607, 607), ("block", 10**6, 132 * 48), ("warp", 75, 19), ("warp", 10**6, 132 * 6), ("thread", 128, 1)],
)
def test_grids_are_as_large_as_the_work(unit, items, blocks):
    assert blocks_of(unit, items, 128, 132, 6) == blocks


def test_every_gpu_has_sources_and_estimates_are_marked():
    assert set(SOURCES) == set(DEVICES)
    assert set(FIELD_SOURCES) == set(GpuFigures._fields[2:])
    assert all(value > 0 for device in DEVICES.values() for value in device[2:])


def test_the_page_is_up_to_date():
    text = page.DOCUMENT.read_text(encoding="utf-8")
    assert page.renewed(text) == text, "run python -m benchmarks.gpu_model --write"


# --- plans -------------------------------------------------------------------------------------------------


def coba(size=4000, fan_out=80):
    return CASES["coba"].network(size, fan_out)


@pytest.mark.parametrize("name", DEVICES)
def test_a_plan_for_a_gpu_tells_memory_launches_and_time(name):
    plan = gs.plan(coba(), DT, device=name, rate=20.0)
    figures = DEVICES[name]
    assert plan.free == figures.memory - figures.context
    assert plan.fits
    assert plan.launches == len(plan.model.launches) == 2
    assert plan.model.expected == case("coba", 4000, 80, figures).expected
    text = str(plan)
    assert text.startswith(f"plan: fits ({plan.free / 1e9:.1f} GB free on {figures.full_name}, if nothing else runs on")
    assert f"\n  time on {name} (model, not measured): " in text
    assert f"at 20 Hz, {plan.model.real_time_factor:.3g} s for each second of model time; 2 launches, each of" in text


def test_a_network_that_is_too_large_for_one_gpu_fits_another():
    net = coba(10_000_000, 2000)  # 40 GB of targets, and more than as much while they are built
    assert not gs.plan(net, DT, device="H100").fits
    assert gs.plan(net, DT, device="H200").fits
    with pytest.raises(gs.PlanMemoryError, match=r"79\.4 GB are free"):
        gs.plan(net, DT, device="H100").require_fit()


def test_a_plan_without_a_gpu_has_no_times():
    plan = gs.plan(coba(), DT)
    assert plan.model is None
    assert "not measured" not in str(plan)


def test_a_plan_assumes_the_rates_that_recordings_do_unless_it_is_told():
    net = coba()
    assert set(gs.plan(net, DT, device="T4").model.rates.values()) == {20.0}
    assert set(gs.plan(net, DT, device="T4", rate=3).model.rates.values()) == {3.0}
    sources = CASES["source-gates"].network(1000, 10)
    assert gs.plan(sources, DT, device="T4", rate=3).model.rates == {"sources": 10.0, "targets": 3.0}


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"device": "H20"}, gs.UnknownNameError, "plan().device: unknown name 'H20' (did you mean 'H200'?); "
         "known here: T4, RTX4090, A100, H100, H200"),
        ({"device": 100}, gs.ArgumentError, "must be one of the names T4, RTX4090, A100, H100, H200 (got 100)"),
        ({"device": "H100", "rate": -1.0}, gs.ParameterError, "plan().rate"),
        ({"rate": 1.0}, gs.ArgumentError, "give device= or ranks= too"),
        ({"device": "H100", "backend": "cpu"}, gs.ArgumentError, "either backend or device"),
    ],
)  # fmt: skip
def test_a_wrong_device_or_rate_is_refused(given, error, said):
    with pytest.raises(error) as caught:
        gs.plan(coba(), DT, **given)
    assert said in str(caught.value)


def test_device_named_refuses_what_is_no_name():
    assert device_named("A100", "here").processors == 108
    with pytest.raises(gs.UnknownNameError, match="here: unknown name"):
        device_named("A10", "here")


# --- the command line --------------------------------------------------------------------------------------


def test_bench_models_a_case(tmp_path, capsys):
    target = tmp_path / "model.json"
    assert main(["bench", "--model", "A100", "--case", "coba", "--json", str(target)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("A100 SXM, 80 GB: model, not measured; ")
    assert out.count("model, not measured") == 2
    for word in ("registers", "occupancy", "at least", "expected", "advance_neurons.g0", "deliver_spikes", "step"):
        assert word in out
    (found,) = json.loads(target.read_text())["results"]
    assert found["label"] == "model, not measured"
    assert found["expected_s"] == pytest.approx(case("coba", 4000, 80, DEVICES["A100"]).expected)
    assert found["real_time_factor"] == pytest.approx(found["expected_s"] * 1e4)


def test_bench_models_the_standard_cases(capsys):
    assert main(["bench", "--model", "T4"]) == 0
    out = capsys.readouterr().out
    for name, size in (("microcircuit", "77,169"), ("coba", "4,000 x 80"), ("per-synapse", "40,000 x 200")):
        assert f"\n{name} {size}, single precision: " in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "H20"], "--model: unknown name 'H20' (did you mean 'H200'?)"),
        (["--model", "T4", "--duration", "5"], "--model runs nothing: leave out --duration, or leave out --model"),
        (["--model", "T4", "--profile", "--backend", "cpu"], "leave out --backend, --profile"),
        (["--model", "T4", "--json", "no/such/place.json"], "--json no/such/place.json"),
    ],
)
def test_a_mistake_is_one_line(arguments, said, capsys):
    assert main(["bench", *arguments]) == 2
    assert said in one_line_of_error(capsys)
