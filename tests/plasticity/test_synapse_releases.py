"""Synapses that release one by one: drawn parameters of short-term plasticity, and random release."""

import math

import numpy as np
import pytest
from scipy import stats

import gpusyn as gs
from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.simulation.synapse_release_access import read_release
from tests.helpers.building import EmulatedLauncher
from tests.helpers.long_checks import pairs
from tests.helpers.runs import cpu, differences, emulated, outcome

DT, TAU = 0.1, 0.05  # ms; conductances decay fast, so that what each event adds is known exactly
TIMES = (1.0, 3.0, 3.5, 9.0, 9.0, 30.0, 31.0)  # ms, two events in one step
N = 40
LIMIT = {"single": 3e-6, "double": 1e-11}  # a few roundings of u, x and the conductance; quanta of 2^-50 nS


def chosen(n=N):
    """Parameters of each synapse, among them no facilitation."""
    r = np.random.default_rng(1)
    U, tau_rec, tau_facil = r.uniform(0.0, 1.0, n), r.uniform(1.0, 50.0, n), r.uniform(0.0, 30.0, n)
    tau_facil[::5], U[0], U[1] = 0.0, 0.0, 1.0
    return U, tau_rec, tau_facil


def described(plasticity, n=N, times=TIMES, weight=1.0, rule=None, receptors=None, **options):
    """One source, and its synapses, each onto a cell of its own unless there is another rule."""
    net = gs.Network()
    source = net.population("source", 1, gs.SpikeSource([list(times)]))
    receptors = receptors or [gs.AMPA(tau_decay=TAU)]
    cells = net.population("cells", n, gs.LIF(), receptors=receptors)
    options = {"receptor": "AMPA", "delay": DT} | options
    if isinstance(weight, dict):
        del options["receptor"]
    net.connect(source, cells, rule or gs.AllToAll(), weight=weight, plasticity=plasticity, name="p", **options)
    net.record(cells, [f"g_{receptor.name}" for receptor in receptors], name="g")
    return net


def jumps(trace, tau=TAU):
    """What events added to a conductance in each step."""
    decayed = np.vstack([np.zeros(trace.shape[1]), trace[:-1].astype(np.float64)]) * math.exp(-DT / tau)
    return trace - decayed


def delivered(net, times=TIMES, precision="double", backend="numpy", trial=0, seed=0, receptor="AMPA"):
    """What the events of each step delivered to each cell, in the order of time."""
    with gs.Simulator(net, dt=DT, backend=backend, precision=precision, seed=seed, trial=trial) as sim:
        sim.run(max(times) + 2 * DT)
        added = jumps(sim.data["g"][f"g_{receptor}"])
    return added[[round(t / DT) for t in sorted(set(times))]]


def loop(U, tau_rec, tau_facil, times=TIMES):
    """u x at the events of each step, of one synapse; and u and x after the last."""
    u, x, last, found = 0.0, 1.0, -math.inf, {}
    for t in times:
        apart = t - last
        if math.isfinite(apart):
            x = 1.0 - (1.0 - x) * math.exp(-apart / tau_rec)
            u = u * math.exp(-apart / tau_facil) if tau_facil > 0 else 0.0
        u += U * (1.0 - u)
        found[t] = found.get(t, 0.0) + u * x
        x, last = x - u * x, t
    return list(found.values()), u, x


def loops(U, tau_rec, tau_facil, n=N, times=TIMES):
    each = zip(*(np.broadcast_to(p, n) for p in (U, tau_rec, tau_facil)), strict=True)
    return np.array([loop(*one, times)[0] for one in each]).T


# ---- parameters of each synapse ----
@pytest.mark.parametrize("own", [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1)])
@pytest.mark.parametrize("precision", ["single", "double"])
def test_parameters_of_each_synapse_are_those_of_a_plain_loop(own, precision):
    given = [x if is_own else float(x[7]) for is_own, x in zip(own, chosen(), strict=True)]
    found = delivered(described(gs.TsodyksMarkram(*given)), precision=precision)
    wanted = loops(*given)
    assert wanted.std(axis=1).min() > 0.01 or not own[0]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=LIMIT[precision])


def test_drawn_parameters_belong_to_synapses_in_the_order_of_creation():
    drawn = {"U": gs.Uniform(0.2, 0.9), "tau_rec": gs.LogNormal(20.0, 5.0), "tau_facil": gs.Normal(9.0, 3.0, low=0.0)}

    def values(name):
        stream = Stream(stream_key(5, StreamPurpose.PLASTICITY, f"p\0TsodyksMarkram.{name}"))
        return drawn[name].checked_draw(stream, np.arange(N))

    post = np.random.default_rng(2).permutation(N)  # each cell has the synapse of another number
    rule = gs.FromArrays(np.zeros(N, int), post)
    found = delivered(described(gs.TsodyksMarkram(**drawn), rule=rule, delay=gs.Uniform(DT, 1.2 * DT)), seed=5)
    wanted = loops(values("U"), values("tau_rec"), values("tau_facil"))
    np.testing.assert_allclose(found[:, post], wanted, rtol=0, atol=1e-11)


def test_equal_parameters_of_all_synapses_are_shared_ones():
    shared = gs.TsodyksMarkram(0.4, 20.0, 9.0)
    each = gs.TsodyksMarkram(*(np.full(N, p) for p in (0.4, 20.0, 9.0)))
    for precision in ("single", "double"):
        one, other = (delivered(described(p), precision=precision) for p in (shared, each))
        assert np.array_equal(one, other)


def test_u_and_x_are_read_at_the_present_time():
    U, tau_rec, tau_facil = chosen()
    post = np.random.default_rng(2).permutation(N)
    net = described(gs.TsodyksMarkram(U, tau_rec, tau_facil), rule=gs.FromArrays(np.zeros(N, int), post))
    wanted = np.array([loop(*one)[1:] for one in zip(U, tau_rec, tau_facil, strict=True)])[np.argsort(post)].T
    apart, order = 4.0, np.argsort(post)
    with np.errstate(divide="ignore"):
        u = wanted[0] * np.exp(-apart / tau_facil[order])
    x = 1.0 - (1.0 - wanted[1]) * np.exp(-apart / tau_rec[order])
    with gs.Simulator(net, dt=DT, backend="numpy", precision="double") as sim:
        sim.run(TIMES[-1] + apart)
        read = [read_release(sim._compiled, sim._session, net.projections["p"], name, slice(None)) for name in "ux"]
        some = read_release(sim._compiled, sim._session, net.projections["p"], "x", np.array([3, 1]))
    np.testing.assert_allclose(read, [u, x], rtol=0, atol=1e-12)
    assert some.tolist() == read[1][[3, 1]].tolist()


# ---- quanta ----
def test_released_quanta_are_binomial():
    n, p, times = 5, 0.35, np.arange(1.0, 11.0)
    found = delivered(described(gs.QuantalRelease(n, p), n=500, times=times), times)
    quanta = np.rint(found * n).astype(int)
    np.testing.assert_allclose(found, quanta / n, rtol=0, atol=1e-9)
    counts = np.bincount(quanta.ravel(), minlength=n + 1)
    expected = stats.binom.pmf(np.arange(n + 1), n, p) * quanta.size
    assert stats.chisquare(counts, expected).pvalue > 1e-3
    assert stats.chisquare(counts, stats.binom.pmf(np.arange(n + 1), n, p + 0.03) * quanta.size).pvalue < 1e-6
    apart = np.corrcoef(quanta)  # successive events, and synapses, are independent
    assert np.abs(apart[np.triu_indices(len(times), 1)]).max() < 5 / math.sqrt(500)


@pytest.mark.parametrize("cv", [0.3, 1.0])
def test_sizes_of_quanta_are_normal_within_their_bounds(cv):
    times = np.arange(1.0, 9.0)
    found = delivered(described(gs.QuantalRelease(1, 1.0, cv), n=500, times=times), times)
    assert found.min() >= 0
    assert found.max() <= 2
    sizes = stats.truncnorm(-1 / cv, 1 / cv, loc=1.0, scale=cv)
    assert stats.kstest(found.ravel(), sizes.cdf).pvalue > 1e-3
    assert stats.kstest(found.ravel(), stats.norm(1.0, 1.3 * cv).cdf).pvalue < 1e-3


def test_variance_of_quanta_of_different_sizes():
    n, p, cv, times = 6, 0.5, 0.4, np.arange(1.0, 11.0)
    found = delivered(described(gs.QuantalRelease(n, p, cv), n=500, times=times), times)
    own = stats.truncnorm(-1 / cv, 1 / cv, loc=1.0, scale=cv).var()
    variance = p * (1 - p + own) / n
    error = math.sqrt(variance / found.size)
    assert abs(found.mean() - p) < 4 * error
    assert abs(found.var() / variance - 1) < 4 * math.sqrt(2 / found.size)
    assert abs(p * (1 - p) / n / variance - 1) > 8 * math.sqrt(2 / found.size)  # sizes count


def test_sites_release_on_average_what_u_and_x_say():
    parameters, n, many = (0.4, 20.0, 9.0), 4, 4000
    shared = gs.TsodyksMarkram(*parameters)
    found = delivered(described([shared, gs.QuantalRelease(n)], n=many))
    wanted = loops(*parameters, n=1)[:, 0]
    error = found.std(axis=1) / math.sqrt(many)
    assert (np.abs(found.mean(axis=1) - wanted) < 4 * error).all()
    assert (np.abs(found.mean(axis=1) - 1.1 * wanted) > 4 * error).any()
    u, x = 0.4, 0.6  # the first events: each site of an empty one recovers by itself
    assert abs(found[0].var() - u * (1 - u) / n) < 0.01
    assert np.abs(np.corrcoef(found[0], found[1])[0, 1] + 0.3) < 0.3
    assert x > 0


def test_own_parameters_with_sites_release_on_average_what_their_own_u_and_x_say():
    U, tau_rec, tau_facil = chosen()
    many = 400
    each = [np.repeat(p, many) for p in (U, tau_rec, tau_facil)]
    found = delivered(described([gs.TsodyksMarkram(*each), gs.QuantalRelease(3)], n=N * many))
    mean = found.reshape(len(found), N, many).mean(axis=2)
    error = np.sqrt(0.25 / 3 / many)
    assert np.abs(mean - loops(U, tau_rec, tau_facil)).max() < 5 * error


def test_what_is_empty_is_not_released():
    once = gs.TsodyksMarkram(U=1.0, tau_rec=1e9)
    found = delivered(described([once, gs.QuantalRelease(7)], n=30))
    assert found[0] == pytest.approx(1.0)
    assert not np.round(found[1:], 12).any()


# ---- what the same release reaches ----
def test_one_release_reaches_all_receptors_of_a_contact():
    receptors = [gs.AMPA(tau_decay=TAU), gs.NMDA(kinetics=gs.kinetics.Exponential(TAU))]
    weight = {"AMPA": gs.Uniform(0.5, 2.0), "NMDA": gs.Ratio("AMPA", 0.25)}
    net = described(gs.QuantalRelease(5, 0.5, 0.3), receptors=receptors, weight=weight)
    ampa, nmda = (delivered(net, receptor=name) for name in ("AMPA", "NMDA"))
    np.testing.assert_allclose(nmda, 0.25 * ampa, rtol=0, atol=1e-11)
    assert ampa.std() > 0.1


# ---- the same everywhere ----
FORMS = {
    "own parameters": gs.TsodyksMarkram(gs.Uniform(0.2, 0.8), gs.Normal(20.0, 5.0, low=1.0), gs.Uniform(0.0, 9.0)),
    "own recovery": gs.TsodyksMarkram(0.4, gs.Normal(20.0, 5.0, low=1.0), 5.0),
    "quanta": gs.QuantalRelease(5, 0.4),
    "quanta of sizes": gs.QuantalRelease(5, 0.3, 0.7),
    "sites": [gs.TsodyksMarkram(0.4, 20.0, 5.0), gs.QuantalRelease(7)],
    "own sites": [gs.TsodyksMarkram(gs.Uniform(0.2, 0.8), gs.Uniform(9.0, 20.0), 0.0), gs.QuantalRelease(2, cv=0.2)],
}


def lively(plasticity, other=False):
    """Poisson sources of several events a step and neurons, parts of populations, multapses, several receptors."""
    net = gs.Network()
    receptors = [gs.AMPA(), gs.NMDA(), gs.GABA_A()]
    noise = net.population("noise", 13, gs.PoissonSource(rate=np.linspace(100.0, 5000.0, 13)))
    E = net.population("E", 37, gs.LIF(I_e=400.0), receptors=receptors, V=gs.Uniform(-70.0, -55.0))
    I = net.population("I", 11, gs.LIF(), receptors=receptors)
    if other:
        more = net.population("more", 9, gs.PoissonSource(rate=500.0))
        net.connect(more, net.population("others", 9, gs.LIF(), receptors=receptors), gs.AllToAll(), receptor="AMPA",
                    weight=0.5, plasticity=plasticity, name="other")  # fmt: skip
    contact = {"AMPA": gs.LogNormal(0.05, 0.02), "NMDA": gs.Ratio("AMPA", 0.2)}
    net.connect(noise + E[3:], E[:30] + I, gs.FixedInDegree(12), weight=contact, delay=gs.Uniform(0.1, 4.0),
                plasticity=plasticity, name="p")  # fmt: skip
    net.connect(E, E, gs.AllToAll(autapses=False), receptor="GABA_A", weight=0.02, delay=0.3, plasticity=plasticity,
                name="q")  # fmt: skip
    net.record(E + I, ["V", "g_AMPA", "g_NMDA", "g_GABA_A"], name="g")
    net.record(E + I, "spikes", name="spikes")
    return net


def play(plasticity, backend="numpy", precision="single", cuts=(), steps=60, **options):
    with gs.Simulator(lively(plasticity), dt=DT, backend=backend, precision=precision, seed=4, **options) as sim:
        at = 0
        for stop in (*cuts, steps):
            sim.step(stop - at)
            at = stop
        return outcome(sim)


@pytest.mark.parametrize(("form", "precision"), pairs([*FORMS], ["single", "double"]))
def test_the_same_bits_everywhere(form, precision):
    expected = play(FORMS[form], precision=precision)
    assert expected["spikes times"].size > 5
    for threads, cuts in ((1, (7,)), (3, (1, 50))):
        assert differences(expected, play(FORMS[form], cpu(threads), precision, cuts)) == [], threads
    block = 32 if precision == "single" else 128
    assert differences(expected, play(FORMS[form], emulated(block), precision, (30,))) == []


def test_slices_of_targets_and_blocks_of_delays(monkeypatch):
    monkeypatch.setattr("gpusyn.builder.bundles.LARGEST_SLICE", 5)
    monkeypatch.setattr("gpusyn.builder.bundles.MOST_LATE", 4)
    for form in ("own parameters", "sites"):
        expected = play(FORMS[form], steps=20)
        assert differences(expected, play(FORMS[form], cpu(3), steps=20)) == []
        assert differences(expected, play(FORMS[form], emulated(64), steps=20)) == []


@pytest.mark.parametrize("form", ["own parameters", "quanta of sizes", "own sites"])
def test_rows_that_kernels_build_are_the_same(form, monkeypatch):
    expected = play(FORMS[form], steps=30)
    monkeypatch.setattr("gpusyn.builder.rows.tables.FEW", -1)
    backend = cpu(2)
    assert differences(expected, play(FORMS[form], backend, steps=30)) == []
    monkeypatch.setattr(type(backend), "launcher", lambda self: EmulatedLauncher())  # in any order
    assert differences(expected, play(FORMS[form], backend, steps=30)) == []


def test_another_trial_has_another_release_of_the_same_synapses():
    for form in ("quanta", "own sites"):
        one, other = (delivered(described(FORMS[form]), trial=trial) for trial in (0, 1))
        assert not np.array_equal(one, other)
    own = FORMS["own parameters"]
    assert np.array_equal(*(delivered(described(own), trial=trial) for trial in (0, 1)))
    assert not np.array_equal(*(delivered(described(own), seed=seed) for seed in (0, 1)))


def test_reset_returns_to_a_new_simulator_of_the_trial():
    for form in ("own sites", "quanta of sizes"):
        new = [play(FORMS[form], cpu(1), trial=trial) for trial in (0, 3)]
        assert "g g_AMPA" in differences(*new)
        with gs.Simulator(lively(FORMS[form]), dt=DT, backend=cpu(1), seed=4) as sim:
            sim.step(33)
            sim.reset(trial=3)
            sim.step(60)
            assert differences(new[1], outcome(sim)) == []
            sim.reset(trial=0)
            sim.step(60)
            assert differences(new[0], outcome(sim)) == []


@pytest.mark.parametrize("form", FORMS)
def test_another_population_changes_nothing(form):
    expected = play(FORMS[form], cpu(1))
    with gs.Simulator(lively(FORMS[form], other=True), dt=DT, backend=cpu(1), seed=4) as sim:
        sim.step(60)
        found = outcome(sim)
    changed = [k for k in expected if not np.array_equal(found[k], expected[k])]
    assert changed in ([], ["spikes ids"])  # ids may be numbered differently, and are not: populations come first


# ---- weights ----
def test_weights_that_are_set_scale_what_is_released_from_then_on():
    form, start = FORMS["sites"], TIMES.index(9.0)
    net = described(form, weight=1.0, w_max=3.0)
    expected = delivered(described(form))
    with gs.Simulator(net, dt=DT, backend="numpy", precision="double") as sim:
        sim.run(8.0)
        assert (sim.weights("p").weight == 1.0).all()
        sim.set_weights("p", np.linspace(0.0, 3.0, N))
        sim.run(TIMES[-1] + 2 * DT - 8.0)
        added = jumps(sim.data["g"]["g_AMPA"])
    found = added[[round(t / DT) for t in sorted(set(TIMES))]]
    np.testing.assert_allclose(found[:start], expected[:start], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found[start:], expected[start:] * np.linspace(0.0, 3.0, N), rtol=0, atol=1e-8)


def test_weights_are_listed_as_without_plasticity():
    for form in FORMS:
        with (
            gs.Simulator(lively(FORMS[form]), backend="numpy") as one,
            gs.Simulator(lively(None), backend="numpy") as other,
        ):
            for name, receptor in (("p", "AMPA"), ("p", "NMDA"), ("q", "GABA_A")):
                for a, b in zip(one.weights(name, receptor), other.weights(name, receptor), strict=True):
                    np.testing.assert_allclose(a, b, rtol=1e-6)


# ---- the plan, and what is refused ----
def test_plan_says_what_each_synapse_keeps():
    said = {
        "own parameters": ("U and tau_facil and tau_rec differ", "u, x, U, tau_facil, tau_rec", 20.0),
        "own recovery": ("tau_rec differs", "x, tau_rec, and u of its source", 8.0),
        "quanta": ("release is random", "a number", 4.0),
        "sites": ("release is random", "a number, full sites, and u of its source", 5.0),
    }
    for form, (why, keeps, nbytes) in said.items():
        plan = gs.plan(described(FORMS[form], n=4000))
        text = plan.describe(details=True)
        assert why in text, text
        assert keeps in text, text
        assert f"{nbytes:.3g} bytes a synapse" in text, text
        static = gs.plan(described(None, n=4000, delay=gs.Uniform(DT, 2 * DT)))
        assert nbytes - 1 < plan.bytes_per_synapse - static.bytes_per_synapse < nbytes + 1
        with gs.Simulator(described(FORMS[form], n=4000), backend="numpy") as sim:
            kept = {k: v.nbytes for k, v in sim._compiled.program.initial.items() if k.startswith("deliver_releases.")}
            each = sum(kept[f"deliver_releases.{name}"] for name in ("number", "u", "x", "full", "own"))
            assert each == pytest.approx(4000 * nbytes, abs=20)


def test_synapses_that_own_their_gates_are_refused():
    net = gs.Network()
    source = net.population("source", 1, gs.PoissonSource(rate=10.0))
    cells = net.population("cells", 1, gs.LIF(), receptors=[gs.NMDA()])
    net.connect(source, cells, gs.AllToAll(), receptor="NMDA", weight=1.0, plasticity=FORMS["quanta"])
    net.infuse("MK-801", 1.0)
    with pytest.raises(gs.ParameterError, match="scales the events"):
        gs.plan(net)


def test_more_events_than_have_random_numbers_are_refused():
    net = gs.Network()
    source = net.population("source", 1, gs.SpikeSource([[1.0]], max_events=2**19))
    cells = net.population("cells", 1, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(source, cells, gs.AllToAll(), receptor="AMPA", weight=1.0, plasticity=FORMS["quanta"])
    with pytest.raises(gs.ParameterError, match="at most 262144"):
        gs.plan(net)


def test_drawn_parameters_that_are_out_of_range_are_refused():
    wrong = gs.TsodyksMarkram(U=gs.Normal(0.9, 0.2))
    with pytest.raises(gs.ParameterError, match=r"TsodyksMarkram\.U"), gs.Simulator(described(wrong), backend="numpy"):
        pass
