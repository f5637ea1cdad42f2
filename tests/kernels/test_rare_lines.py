"""Lines of the kernels that ordinary networks seldom run, on emulated CUDA and on numpy: the same bits.

`tests/emulation/test_coverage.py` finds the lines that nothing runs.
"""

import ctypes

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder.compile import Compiled
from gpusyn.builder.placement import lay_out
from gpusyn.builder.plasticity.trains import LEAST_DEPTH
from gpusyn.builder.rows import row_forms
from gpusyn.equations.dendrites import dendrite_coefficients
from gpusyn.kernels.records import PoissonDrive, Route, read_rows
from gpusyn.kernels.signature import ReceptorSignature, Signature
from gpusyn.kernels.source import read_kernel
from gpusyn.numerics import portable_math
from gpusyn.numerics.normal_quantile import normal_quantile
from gpusyn.numerics.philox import philox
from tests.emulation import load, pretend
from tests.helpers.hand_made import (
    AMPA,
    DOUBLE,
    PASSIVE,
    SINGLE,
    B,
    G,
    HandMade,
    I,
    V,
    as_table,
    exponential,
    lif_row,
    make,
)
from tests.helpers.neuron_models import RECORDS
from tests.helpers.runs import backend_named, differences, emulated, outcome, same_bits

DT = 0.1
#: Arrays in which the order of spikes of one step is that of the threads.
UNORDERED = {"spike_id", "spike_events", "gate_id"}


def both(program, steps, block=64):
    """The arrays of a program after some steps, with the bits of both backends, by name."""
    found = []
    for backend in (backend_named("numpy"), emulated(block)):
        session = backend.start(program())
        session.run(steps)
        found.append({name: session.read(name) for name in program().specs if name not in UNORDERED})
    assert [name for name in found[0] if not same_bits(found[0][name], found[1][name])] == []
    return found[0]


def compiled(net):
    """The program of a network."""
    return Compiled(lay_out(net, DT, "single", 1), 3).program


def played(net, steps, block=64):
    """Everything that a simulation of a network shows, with the bits of both backends."""
    found = []
    for backend in (backend_named("numpy"), emulated(block)):
        with gs.Simulator(net, dt=DT, seed=3, backend=backend) as sim:
            sim.step(steps)
            found.append(outcome(sim))
    assert differences(*found) == []
    return found[0]


# ---- neurons ----


@pytest.mark.parametrize("numbers", [SINGLE, DOUBLE], ids=str)
def test_a_potential_without_bounds_is_a_fault(numbers):
    net = make(numbers=numbers, n=40)
    net.arrays["V"][:] = np.where(np.arange(40) % 3, 20.0, 1e33)
    found = both(net.program, 3)
    assert found["fault"] == [0]  # the first step, the first neuron
    assert found["spike_total"] == [26]


@pytest.mark.parametrize("numbers", [SINGLE, DOUBLE], ids=str)
def test_a_potential_of_a_dendrite_without_bounds_is_a_fault(numbers):
    dendrite = dendrite_coefficients(DT, {"C_m": 100.0, "g_L": 5.0, "E_L": -70.0, "g_c": 1e-9}, -70.0)
    net = HandMade(Signature("LIF", (), numbers, dendrites=1), lif_row(numbers, dendrite, v_th=1e29), 40)
    net.arrays["V"][40:] = np.where(np.arange(40) < 7, 20.0, 1e33)
    found = both(net.program, 3)
    assert found["fault"] == [7]  # the first step, the first neuron of such a dendrite
    assert (np.abs(found["V"][:40]) < 1e30).all()  # the coupling is so weak that no soma shows it


@pytest.mark.parametrize("effect", ["Conductance", "Current"])
def test_a_receptor_without_a_block_is_open(effect):
    net = make(AMPA._replace(effect=effect), coefs=[exponential(5.0, 0.0)[: 4 if effect == "Conductance" else 3]])
    net.arrays["gates"][:] = 0.5
    places = [net.probe(variable) for variable in (V, G, I, B)]
    trace = both(net.program, 20)["trace"].reshape(len(places), -1)
    assert (trace[3, :20] == 1).all()


@pytest.mark.parametrize("effect", ["Jump", "WaitingJump"])
def test_what_makes_v_jump_has_no_channels(effect):
    net = make(AMPA._replace(kinetics="Instantaneous", effect=effect), coefs=[[0.5]])
    places = [net.probe(variable) for variable in (G, I, B)]
    trace = both(net.program, 20)["trace"].reshape(len(places), -1)
    assert not trace[:2, :20].any()
    assert (trace[2, :20] == 1).all()


@pytest.mark.parametrize("model", RECORDS)
def test_a_spiking_neuron_of_every_model(model):
    net = gs.Network()
    spiking = RECORDS[model].stronger
    cells = net.population("cells", 4, spiking, receptors=[gs.AMPA()])
    net.record(cells, [v for v in cells.variables if not v.startswith(("I_", "B_")) and v != "Ca"], name="traces")
    net.record(cells, "spikes", name="spikes")
    assert played(net, 300)["spikes ids"].size


def test_the_upstroke_of_an_action_potential_is_limited():
    net = gs.Network()
    cells = net.population("cells", 3, gs.AdEx(Delta_T=0.5, V_T=-50.0, V_peak=0.0), V=[-60.0, -36.0, -1.0])
    net.record(cells, ["V", "w"])
    net.record(cells, "spikes", name="spikes")
    assert sorted(played(net, 20)["spikes ids"]) == [1, 2]


def test_a_drive_outside_its_time_on_neurons_with_coefficients_of_their_own():
    net = gs.Network()
    cells = net.population("cells", 50, gs.LIF(C_m=gs.Uniform(150.0, 250.0)), receptors=[gs.AMPA()])
    net.drive(cells, "AMPA", rate=3000.0, weight=1.0, start=0.5, stop=1.2)
    net.record(cells, ["V", "g_AMPA"], name="traces")
    g = played(net, 20)["traces g_AMPA"]
    assert not g[:4].any()
    assert (g[12:] > 0).any()


def test_a_bath_that_changes_some_receptors_of_some_neurons():
    """Magnesium, the decay of GABA's receptors and the conductance of AMPA's; and no receptor of other neurons."""
    net = gs.Network()
    wave = gs.Waveform([0.0, 1.0, 2.0], [1.0, 0.2, 2.0])
    cells = net.population("E", 5, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA(Mg=wave), gs.GABA_A()], V=-55.0)
    others = net.population("I", 5, gs.LIF(), receptors=[gs.NMDA()], V=-55.0)
    noise = net.population("noise", 5, gs.PoissonSource(rate=2000.0))
    net.connect(noise, cells, gs.AllToAll(), weight={"AMPA": 1.0, "NMDA": 1.0, "GABA_A": 1.0})
    net.connect(noise, others, gs.AllToAll(), receptor="NMDA", weight=1.0)
    net.infuse("benzodiazepine", 5.0, start=0.5)
    net.infuse("NBQX", 0.5, start=1.5)
    net.record(cells, ["V", "g_AMPA", "I_NMDA", "B_NMDA", "g_GABA_A"])
    net.record(others, ["V", "B_NMDA"])
    played(net, 30)


# ---- sources ----


def test_sources_are_silent_outside_their_time():
    net = gs.Network()
    net.population("noise", 150, gs.PoissonSource(rate=3000.0))

    def late():
        program = compiled(net)
        drives = [row._replace(start=5, stop=12) for row in read_rows(program.initial["drives"], PoissonDrive)]
        return program._replace(initial=program.initial | {"drives": as_table(drives)})

    spikes = np.diff(both(late, 20)["spike_begin"][:21])
    assert (spikes > 0).tolist() == [5 <= step < 12 for step in range(20)]


@pytest.mark.parametrize("own", [False, True])
def test_a_word_that_equals_a_limit_is_decided_by_its_lower_half(own):
    """Limits of three neurons are their words in step 1, with lower halves that all numbers, or none, are below."""
    n, key = 40, 77
    net = make(AMPA, n=n, coefs=[exponential(5.0, 0.0)], **PASSIVE)
    net.drive(0, np.full(n, 0.7) if own else 0.7, key)
    limits = net.arrays["drive_limits"].reshape(2, -1, n if own else 1)
    assert limits.shape[1] > 8
    for neuron, level, low in ((7, 0, 0xFFFFFFFF), (13, 1, 0), (22, limits.shape[1] - 1, 0xFFFFFFFF)):
        word = philox(key, neuron // 4, 1, 0, 0)[neuron % 4]
        column = limits[:, :, neuron if own else 0]
        column[0, : level + 1], column[1, : level + 1] = word, low
    both(net.program, 3)


# ---- delivery ----


def test_runs_of_targets():
    """Rows whose targets come in runs, of events, of the parts that they release and of the gates of their sources."""
    net = gs.Network()
    pulsed = gs.AMPA(name="pulsed", kinetics=gs.kinetics.FirstOrder.AMPA())
    cells = net.population("cells", 300, gs.LIF(), receptors=[gs.AMPA(), pulsed], V=-60.0)
    listed = net.population("listed", 3, gs.SpikeSource([[0.1, 0.1, 0.4, 9.0], [0.2, 2.5], [0.3]]))
    pre = np.repeat([0, 1, 2], [300, 203, 90])
    post = np.concatenate([np.arange(300), np.delete(np.arange(205), [70, 150]), np.arange(50, 140)])
    for receptor in ("AMPA", "pulsed"):
        weight = gs.Uniform(0.5, 2.0)
        net.connect(listed, cells, gs.FromArrays(pre, post), receptor=receptor, weight=weight, delay=0.3, name=receptor)
    plasticity = gs.TsodyksMarkram(0.4, tau_rec=2.0)
    net.connect(listed, cells, gs.FromArrays(pre, post), receptor="AMPA", weight=weight, plasticity=plasticity)
    net.record(cells, ["V", "g_AMPA", "g_pulsed"], name="traces")
    forms = {(route.runs, route.release >= 0) for route in read_rows(compiled(net).initial["routes"], Route)}
    assert forms == {(1, False), (1, True)}
    assert played(net, 120)["traces g_AMPA"][-1].all()


def test_gates_of_parts_of_a_population_that_add_to_shared_sums():
    net = gs.Network()
    receptors = [gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA()), gs.NMDA()]
    sources = net.population("sources", 20, gs.PoissonSource(rate=800.0))
    cells = net.population("cells", 10, gs.LIF(), receptors=receptors)
    others = net.population("others", 10, gs.LIF(), receptors=receptors)
    for part, targets in ((sources[2:8], cells), (sources[9::2], others), (sources[12:15], cells)):
        net.connect(part, targets, gs.AllToAll(), weight={"AMPA": 0.5, "NMDA": 0.25}, delay=0.2)
    net.record(cells + others, ["g_AMPA", "g_NMDA"])
    assert any(route.gathers for route in read_rows(compiled(net).initial["routes"], Route))
    played(net, 60)


def test_spikes_of_sources_beside_those_of_a_projection():
    net = gs.Network()
    cells = net.population("cells", 10, gs.LIF(), receptors=[gs.AMPA()])
    sources = net.population("sources", 20, gs.PoissonSource(rate=800.0))
    for part, delay in ((sources[:5], 0.1), (sources[7:12], 3.0)):
        net.connect(part, cells, gs.FixedProbability(0.7), receptor="AMPA", weight=0.5, delay=delay)
    net.record(cells, "g_AMPA")
    played(net, 60)


def test_a_route_to_a_later_slice():
    net = make(AMPA, coefs=[exponential(5.0, 0.0)], n=90, sources=2, **PASSIVE)
    net.spikes([(0, 0, 1), (1, 1, 2), (3, 0, 1)])
    net.connect(1, 0, [(s, t, 2, 1 + s) for s in (0, 1) for t in range(30)], slice_size=90)
    ((owner, route),) = net.routes
    net.routes[0] = owner, route._replace(slice=2, slice_size=30)
    found = both(net.program, 20)
    assert found["gates"][60:].all()
    assert not found["gates"][:60].any()


@pytest.mark.parametrize("numbers", [SINGLE, DOUBLE], ids=str)
def test_counts_of_events_that_fill_a_word(numbers):
    syn = ReceptorSignature("Unlumped", "Conductance", synaptic=True)
    net = make(syn, coefs=[[0.0]], numbers=numbers, n=3, sources=2, **PASSIVE)
    history = net.history(1, words=8, bits=32)
    net.gated("advance_exponential", 0, [(history, [[(0, 1, 1.0), (1, 3, 2.0)], [], [(1, 2, 0.5)]])],
              exponential(5.0, 0.0)[:3])  # fmt: skip
    net.spikes([(0, 0, 2**31 - 1), (2, 1, 3), (3, 0, 2)])
    both(net.program, 20)


def test_units_of_delivery_of_all_kinds():
    """More ages of spikes, and routes of a population, than a warp has lanes; segments in parts, some with runs."""
    net = gs.Network()
    times = [[0.5 * k + 0.1 * s for k in range(1, 12)] for s in range(6)] + [[]] * 60
    sources = net.population("sources", 66, gs.SpikeSource(times))
    cells = net.population("cells", 300, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()])
    net.connect(sources, cells, gs.AllToAll(), receptor="AMPA", weight=gs.Uniform(0.5, 2.0), delay=1.5)
    net.connect(sources, cells, gs.FixedOutDegree(200), receptor="GABA_A", weight=0.3, delay=gs.Uniform(0.1, 8.1))
    net.connect(cells, cells, gs.FixedOutDegree(200), receptor="AMPA", weight=gs.Uniform(0.1, 0.2), delay=0.7)
    for k in range(33):
        net.connect(sources, cells, gs.FixedOutDegree(2), receptor="AMPA", weight=0.2, delay=0.1 + 0.2 * k)
    net.record(cells, "V")
    net.record(cells, "spikes")
    tables = compiled(net).initial
    routes = read_rows(tables["routes"].reshape(-1), Route)
    assert tables["ages"].size == 33
    assert max(route.parts for route in routes) == 3
    assert max(route.unit for route in routes) == 36  # of 37, which are no divisor of the 64 warps
    played(net, 100)


def test_procedural_rows_of_all_kinds(monkeypatch):
    """Rows of several parts, to populations with sums of their own, whose different columns all blocks may draw."""
    monkeypatch.setattr(row_forms, "DRAWERS", row_forms.BLOCKS)
    net = gs.Network()
    receptors = [gs.CurrentReceptor(name, tau=2.0) for name in ("x", "y", "z")]
    receptors.append(gs.NMDA(kinetics=gs.kinetics.Saturating.NMDA()))
    near = net.population("near", 2100, gs.LIF(), receptors=receptors)
    far = net.population("far", 120, gs.LIF(), receptors=receptors)
    spikes = net.population("spikes", 4, gs.SpikeSource([[0.1], [0.1, 0.2], [0.2], [0.1]]))
    strong = {"x": 9000.0, "NMDA": 9000.0}  # so that the sums of these neurons have a larger unit
    net.connect(spikes[:1], far, gs.AllToAll(), weight=strong, name="strong")
    values = {"x": gs.Normal(2.0, 1.0), "y": gs.Ratio("x", 0.5), "z": gs.Exponential(1.0), "NMDA": gs.Uniform(0.0, 1.0)}
    rules = {
        "each": gs.AllToAll(),
        "some": gs.FixedProbability(0.4),
        "chosen": gs.FixedOutDegree(2100),
        "different": gs.FixedOutDegree(30, multapses=False),
    }
    for name, rule in rules.items():
        delay = gs.Uniform(0.1, 0.4)
        net.connect(spikes, near + far[::2], rule, weight=values, delay=delay, storage="procedural", name=name)
    net.record(far, ["V", "I_x", "I_z", "g_NMDA"])
    net.record(near[::50], ["V", "I_y"])
    with pretend(multiprocessors=3):
        assert played(net, 8)


# ---- learning ----

MANY_RULES = {
    "powers": gs.STDP(0.05, 0.1, mu_plus=0.0, mu_minus=1.0),
    "pairs": [gs.STDP(0.05, 0.1), gs.TsodyksMarkram(0.4, tau_rec=2.0)],
    "triplets": gs.TripletSTDP(),
    "inhibition": gs.InhibitorySTDP(eta=0.1),
}
REWARD = {"reward": gs.DopamineSTDP(gs.STDP(0.1, 0.1), 2.0, 0.5, gs.Waveform([0, 1], [99, -9]))}


@pytest.mark.parametrize("rules", [MANY_RULES, REWARD], ids="/".join)
def test_learning_while_many_spikes_are_under_way(rules):
    """More spikes than stand side by side are on their way, and more in all than a ring holds."""
    net = gs.Network()
    cell = gs.LIF(I_e=gs.Uniform(3e4, 9e4), t_ref=DT)
    cells = net.population("cells", 4, cell, receptors=[gs.AMPA()])
    listed = net.population("listed", 3, gs.SpikeSource([np.arange(1, 90) * DT, [4.0] * 3, [2.0, 4.0, 9.5]]))
    for name, rule in rules.items():
        for delay, axonal in ((2.0, 0.6), (gs.Uniform(1.0, 2.5), 0.0)):
            net.connect(
                listed, cells, gs.AllToAll(), receptor="AMPA", weight=gs.Uniform(0.0, 0.1), w_max=0.1, delay=delay,
                plasticity=rule, axonal=axonal, name=f"{name}, {axonal}",
            )  # fmt: skip
    net.record(cells, "spikes", name="spikes")
    net.record(cells, "g_AMPA", name="traces")
    spikes = played(net, 120, block=32)["spikes ids"]
    assert np.bincount(spikes).min() > LEAST_DEPTH


@pytest.mark.parametrize(
    "rule", [{"sigma": 0.0}, {"sigma": 0.0, "C_pre": 2.0, "theta_d": 1.8, "theta_p": 1.0}, {"sigma": 5.0}]
)
def test_calcium_that_drifts_far_between_spikes(rule):
    net = gs.Network()
    pre = net.population("pre", 4, gs.SpikeSource([[1.0, 9.0], [2.0], [3.0, 3.1, 12.0], [0.5, 11.0]]))
    cells = net.population("cells", 3, gs.LIF(I_e=[900.0, 0.0, 700.0]), receptors=[gs.AMPA()])
    calcium = gs.CalciumSTDP(D=2.0, tau=5.0, gamma_d=20.0, gamma_p=30.0, **rule)
    net.connect(pre, cells, gs.AllToAll(), receptor="AMPA", weight=gs.Uniform(0.5, 2.0), w_max=2.0,
                delay=gs.Uniform(0.1, 1.5), plasticity=calcium)  # fmt: skip
    net.record(cells, ["V", "g_AMPA"])
    net.record(cells, "spikes")
    played(net, 150)


# ---- arithmetic ----

MATH = """
KERNEL(of_floats, const float *x, float *y, int64 n)
{
    FOR_ITEMS(i, n) {
        y[i] = portable_exp(x[i]);
        y[n + i] = portable_expm1(x[i]);
        y[2 * n + i] = portable_exprel(x[i]);
        y[3 * n + i] = portable_log(x[i]);
    }
}
KERNEL(of_doubles, const double *x, double *y, int64 n)
{
    FOR_ITEMS(i, n) {
        y[i] = portable_exp(x[i]);
        y[n + i] = portable_expm1(x[i]);
        y[2 * n + i] = portable_exprel(x[i]);
        y[3 * n + i] = portable_log(x[i]);
        y[4 * n + i] = portable_rint(x[i]);
    }
}
KERNEL(of_fractions, const double *x, double *y, int64 n)
{
    FOR_ITEMS(i, n) {
        double q = x[i] - 0.5;
        y[i] = in_tail(q) ? quantile_tail(q, x[i]) : quantile_middle(q);
    }
}
"""
SIZES = [0.0, 1e-320, 1e-40, 1e-30, 1e-3, 0.5, 1.5, 17.0, 19.0, 37.0, 39.0, 86.0, 89.0, 708.5, 710.0, 1e16, 1e29]


def emulated_functions(kernel, x, results):
    """What a kernel of `MATH` makes of some numbers, one row for each result."""
    emulated()  # skips where there is no compiler
    files = ("common.cuh", "portable_math.cuh", "philox.cuh", "distributions.cuh")
    parts = [f'#line 1 "kernels/{file}"\n' + read_kernel(file).replace("#pragma once\n", "\n") for file in files]
    y = np.empty((results, x.size), x.dtype)
    slots = (ctypes.c_uint64 * 3)(x.ctypes.data, y.ctypes.data, x.size)
    module = load("".join([*parts, '#line 1 "functions.cu"\n', MATH]), ("--fmad=false",))
    assert module[kernel].launch(slots, 2, 32) == ""
    return y


def test_functions_of_floats_at_their_limits():
    x = np.array([sign * size for sign in (1, -1) for size in SIZES], np.float32)
    expected = [portable_math.exp(x), portable_math.expm1(x), portable_math.exprel(x)]
    np.testing.assert_array_equal(emulated_functions("of_floats", x, 4)[:3], expected)
    x = np.concatenate([x, np.array([np.inf, -np.inf, np.nan], np.float32)])
    np.testing.assert_array_equal(emulated_functions("of_floats", x, 4)[3], portable_math.log(x))


def test_functions_of_doubles_at_their_limits():
    x = np.array([sign * size for sign in (1, -1) for size in SIZES])
    functions = (portable_math.exp, portable_math.expm1, portable_math.exprel)
    found = emulated_functions("of_doubles", x, 5)
    np.testing.assert_array_equal(found[:3], [function(x) for function in functions])
    np.testing.assert_array_equal(found[4], np.rint(x))
    x = np.concatenate([x, [np.inf, -np.inf, np.nan]])
    np.testing.assert_array_equal(emulated_functions("of_doubles", x, 5)[3], portable_math.log(x))


def test_quantiles_of_the_normal_distribution_far_from_its_middle():
    x = np.array([2.0**-54, 1e-12, 1e-9, 0.01, 0.3, 0.5, 0.7, 0.99, 1 - 1e-9, 1 - 1e-12])
    np.testing.assert_array_equal(emulated_functions("of_fractions", x, 1)[0], normal_quantile(x))
