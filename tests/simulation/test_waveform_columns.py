"""A waveform with a column for each neuron or source: the bits of one for all, closed forms, and what is set later."""

import functools

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.numpy.find_limits import find_limits, prepare_limits
from gpusyn.builder import compile as compilation
from gpusyn.builder import specs
from gpusyn.kernels.records import Clock, LimitSet
from gpusyn.numerics.poisson import Pieces, poisson_limits
from tests.helpers.long_checks import every, pairs
from tests.helpers.runs import backend_named, cpu, differences, outcome

N, STEPS, DT = 140, 90, 0.1
PART = slice(3, 135)
TIMES = [0.33, 3.0, 5.55]
VALUES = {"current": [900.0, -300.0, 400.0], "rate": [3e3, 0.0, 2e5], "source": [200.0, 9e4, 50.0]}
COMMAND = gs.Waveform([1.0, 3.0, 6.0], [-60.0, -40.0, -75.0], interpolation="linear")
SPREAD = np.linspace(0.2, 1.8, N)


def wave(what, n=None, interpolation="step"):
    """A course for all, or the same as `n` columns."""
    values = np.array(VALUES[what])
    return gs.Waveform(TIMES, values if n is None else np.tile(values[:, np.newaxis], n), interpolation)


def columns(what, n):
    """A column for each, all different."""
    return gs.Waveform(TIMES, np.array(VALUES[what])[:, np.newaxis] * SPREAD[:n])


def commands(n=None):
    values = COMMAND.values if n is None else np.tile(COMMAND.values[:, np.newaxis], n)
    return gs.Waveform(COMMAND.times, values, "linear")


def network(current=0.0, rate=0.0, source=0.0, V=-60.0, more=None, **window):
    """Cells with two currents and a drive, Poisson sources, cells of two models that are clamped."""
    net = gs.Network()
    receptors = [gs.AMPA(), gs.CurrentReceptor("I", tau=2.0)]
    cells = net.population("cells", N, gs.LIF(), receptors=receptors)
    other = net.population("other", 5, gs.AdEx(a=0.0), receptors=receptors)
    bg = net.population("bg", N, gs.PoissonSource(source, rate_max=2e5))
    clamped = net.population("clamped", 9, gs.LIF(), receptors=receptors)
    net.connect(bg, cells, gs.OneToOne(), receptor="AMPA", weight=0.2)
    target = cells[PART] + other
    net.inject(target, _of(current, target.size), name="current", **window)
    if more is not None:
        net.inject(cells[1::3], more, name="more")
    net.drive(target, "AMPA", rate=_of(rate, target.size), rate_max=5e5, weight=0.1, name="drive", **window)
    net.clamp(clamped[2:] + other[1], _of(V, 8), name="clamp")
    net.record(cells + other + clamped, ["V", "I_AMPA"], name="traces")
    net.record(cells + other + bg, "spikes", name="spikes")
    return net


def _of(value, size):
    return value(size) if callable(value) else value


def simulator(net, backend="numpy", **options):
    return gs.Simulator(net, dt=DT, seed=4, backend=backend, **options)


def run(net, backend="numpy", cuts=(STEPS,), **options):
    with simulator(net, backend, **options) as sim:
        for steps in cuts:
            sim.step(steps)
        return outcome(sim)


@functools.cache
def shared(interpolation="step", precision="single"):
    """What courses for all lead to."""
    given = {what: wave(what, interpolation=interpolation) for what in VALUES}
    net = network(**given, V=commands(), more=wave("current"), start=0.2, stop=8.0)
    return run(net, precision=precision)


def apart(interpolation="step"):
    """The same network, where each neuron and source has a column of its own."""
    given = {what: lambda n, what=what: wave(what, n, interpolation) for what in ("current", "rate")}
    source = wave("source", N, interpolation)
    return network(**given, source=source, V=commands, more=wave("current", 47), start=0.2, stop=8.0)


@functools.cache
def different():
    """What columns that differ lead to."""
    return run(network(**different_inputs()))


def different_inputs():
    given = {what: lambda n, what=what: columns(what, n) for what in ("current", "rate")}
    values = np.linspace([-90.0, -50.0], [-60.0, -30.0], 8, axis=1)
    return {**given, "source": columns("source", N), "V": gs.Waveform([0.0, 4.0], values), "more": wave("current")}


# ---- the same bits ----


@pytest.mark.parametrize("interpolation", every(2, ["linear", "step"]))
def test_equal_columns_have_the_bits_of_one_course_for_all(backend, interpolation):
    reference = shared(interpolation)
    assert len(reference["spikes times"]) > 1000
    assert differences(reference, run(apart(interpolation), backend, (1, 40, STEPS - 41))) == []


@pytest.mark.fuzz
def test_equal_columns_have_the_bits_of_one_course_in_double_precision():
    assert differences(shared(precision="double"), run(apart(), cpu(2), precision="double")) == []


def test_columns_have_the_same_bits_everywhere(backend):
    assert differences(different(), run(network(**different_inputs()), backend, (7, STEPS - 7))) == []


@pytest.mark.parametrize("threads", every(3, [3, 1, 2]))
def test_columns_have_the_same_bits_with_any_number_of_threads(threads):
    assert differences(different(), run(network(**different_inputs()), cpu(threads))) == []


def test_columns_have_the_same_bits_in_any_chunks():
    assert differences(different(), run(network(**different_inputs()), chunk_steps=3)) == []


def test_each_neuron_has_its_own_column():
    found = different()
    for k in (0, 131):
        given = {what: gs.Waveform(TIMES, columns(what, 137).values[:, k]) for what in ("current", "rate")}
        source = gs.Waveform(TIMES, columns("source", N).values[:, k + 3])
        alone = run(network(**given, source=source, more=wave("current")))
        for variable in ("traces V", "traces I_AMPA"):
            assert np.array_equal(alone[variable][:, k + 3], found[variable][:, k + 3])
            others = np.delete(np.arange(3, 135), k)
            assert not np.array_equal(alone[variable][:, others], found[variable][:, others])


def test_commands_are_reached_column_by_column():
    V = different()["traces V"][:, N + 5 + 2 :]
    first, then = different_inputs()["V"].values[:, :7].astype(np.float32)
    assert np.array_equal(V[:39], np.tile(first, (39, 1)))
    assert np.array_equal(V[39:], np.tile(then, (STEPS - 39, 1)))  # a command at 4 ms is that of the end of the step


# ---- closed forms ----


def test_ramps_charge_passive_membranes_as_they_should():
    """dV/dt = -(V - E_L) / tau + a t / C has V = E_L + (a / g) (t - tau (1 - exp(-t / tau)))."""
    slopes = np.array([0.0, 1.0, -2.0, 5.0, 10.0])  # pA / ms
    net = gs.Network()
    cells = net.population("cells", 5, gs.LIF(C_m=200.0, g_L=10.0, E_L=-70.0, V_th=1e3, V_reset=-70.0), V=-70.0)
    net.inject(cells, gs.Waveform([0.0, 100.0], [0.0 * slopes, 100.0 * slopes], interpolation="linear"))
    net.record(cells, "V", name="V")
    with gs.Simulator(net, dt=DT, seed=1, precision="double", backend="numpy") as sim:
        sim.run(100.0)
        t, V = sim.data["V"].t[:, np.newaxis], sim.data["V"]["V"]
    exact = -70.0 + slopes / 10.0 * (t - 20.0 * (1.0 - np.exp(-t / 20.0)))
    # The mean over each step is exact for the charge; V differs by the second order of dt.
    np.testing.assert_allclose(V, exact, atol=slopes.max() / 10.0 * DT**2 / 20.0)
    assert np.ptp(V[-1]) > 50.0


def test_each_source_has_the_rate_of_its_column():
    n, T = 200, 1000.0
    phase = 2 * np.pi * np.arange(n) / n
    times = np.arange(0.0, 100.0, 2.5)
    rates = 60.0 * (1.0 + np.cos(2 * np.pi * times[:, np.newaxis] / 100.0 + phase))
    cycles = np.concatenate([rates] * 10)
    net = gs.Network()
    bg = net.population("bg", n, gs.PoissonSource(gs.Waveform(2.5 * np.arange(len(cycles)), cycles)))
    net.record(bg, "spikes", name="s")
    with gs.Simulator(net, dt=DT, seed=8, backend=cpu()) as sim:
        sim.run(T)
        data = sim.data["s"]
        bins = np.minimum(((data.times - DT / 2) % 100.0 / 2.5).astype(int), 39)
        counts = np.zeros((40, n))
        np.add.at(counts, (bins, data.ids), 1)
    expected = rates * 2.5e-3 * 10
    # Sums over eight neighbours, all expected to be above 3.
    counts, expected = (x.reshape(40, -1, 8).sum(axis=2) for x in (counts, expected))
    used = expected > 3
    chi2 = float(((counts - expected)[used] ** 2 / expected[used]).sum())
    assert abs(chi2 - used.sum()) < 4 * np.sqrt(2 * used.sum() + (1 / expected[used]).sum())
    assert counts[~used].sum() == pytest.approx(expected[~used].sum(), abs=4 * np.sqrt(expected[~used].sum()))


@pytest.mark.parametrize("pieces", [Pieces(1, 8), Pieces(1, 80), Pieces(1, 4)], ids=str)
def test_limits_are_those_of_a_constant_rate(pieces):
    means = np.array([[0.0, 1e-9, 0.02, 1.0, 15.9], [0.0, 1e-9, 0.3, 1.0, 1e-300]])
    sets = LimitSet(size=5, levels=pieces.levels, limits=3, mean=0)
    limits = np.zeros(3 + 2 * pieces.levels * 5 + 1, np.uint32)
    a = functools.partial(_arguments, sets=np.array(sets), means=means.reshape(-1), drive_limits=limits)
    for step in range(2):
        given = a(clock=np.array(Clock(step, step, 0)))
        find_limits(given, prepare_limits(given, None))
        assert np.array_equal(limits[3:-1].reshape(2, -1, 5), poisson_limits(means[step], pieces))
    assert limits[0] == limits[-1] == 0


def _arguments(**arrays):
    from types import SimpleNamespace

    return SimpleNamespace(n_sets=1, n_means=5, **arrays)


# ---- what is set later ----

CURRENTS = {
    "number": lambda n: 450.0,
    "array": lambda n: 450.0 * SPREAD[:n],
    "course": lambda n: wave("current"),
    "columns": lambda n: columns("current", n),
}
COMMANDS = {
    "number": lambda n: -50.0,
    "array": lambda n: -50.0 * SPREAD[:n],
    "course": commands,
    "columns": lambda n: gs.Waveform([0.0, 4.0], np.linspace([-90.0, -50.0], [-60.0, -30.0], n, axis=1)),
}
RATES = {
    "number": lambda n: 4000.0,
    "array": lambda n: 4000.0 * SPREAD[:n],
    "course": lambda n: wave("source"),
    "columns": lambda n: columns("source", n),
}


@functools.cache
def set_at_once(kind):
    """What currents and commands that are described lead to."""
    return run(network(current=CURRENTS[kind], V=COMMANDS[kind], more=wave("current", 47)))


@pytest.mark.parametrize(("old", "new"), pairs(list(CURRENTS), list(CURRENTS)))
def test_currents_and_commands_of_any_kind_are_set(old, new):
    described = set_at_once(new)
    with simulator(network(current=CURRENTS[old], V=COMMANDS[old], more=wave("current", 47))) as sim:
        sim.set("current", CURRENTS[new](137))
        sim.set("clamp", COMMANDS[new](8))
        sim.set("clamped", "V", described_start(new))
        sim.step(STEPS)
        assert differences(described, outcome(sim)) == []
        sim.reset()
        sim.step(STEPS)
        assert differences(set_at_once(old), outcome(sim)) == []


def described_start(kind):
    """V of the population with clamped cells at the beginning."""
    V = COMMANDS[kind](8)
    return np.concatenate([[-70.0, -70.0], np.broadcast_to(V.values[0] if isinstance(V, gs.Waveform) else V, 8)[:7]])


@functools.cache
def rates_at_once(kind):
    """What rates that are described lead to."""
    return run(network(rate=RATES[kind], source=RATES[kind](N)))


@pytest.mark.parametrize("new", every(4, reversed(RATES)))
def test_rates_of_any_kind_replace_columns(new):
    described = rates_at_once(new)
    with simulator(network(rate=RATES["columns"], source=RATES["columns"](N))) as sim:
        sim.set("drive", rate=3.0)
        sim.set("drive", rate=RATES[new](137))
        sim.set("bg", rate=RATES[new](N))
        sim.step(STEPS)
        assert differences(described, outcome(sim)) == []
        sim.reset()
        sim.step(STEPS)
        assert differences(rates_at_once("columns"), outcome(sim)) == []


def test_parts_of_populations_get_their_columns():
    net = gs.Network()
    one, two = (net.population(name, n, gs.PoissonSource(gs.Waveform([0.0], [[0.0] * n]), rate_max=5e3))
                for name, n in (("one", 3), ("two", 4)))  # fmt: skip
    both = one + two
    given = gs.Waveform([0.0], [1000.0 * np.arange(7) / 2])
    net.record(both, "spikes", name="s")
    with simulator(net) as sim:
        sim.set(both, "rate", given)
        sim.run(100.0)
        counts = sim.data["s"].counts()
        assert np.all(np.abs(counts - 50.0 * np.arange(7)) < 5 * np.sqrt(50.0 * np.arange(7)) + 1)
        assert np.array_equal(sim.get("two", "rate").values, [1000.0 * np.arange(3, 7) / 2])
        assert np.array_equal(sim.get(two[[0, 2]], "rate").values, [[1500.0, 2500.0]])


def test_populations_that_share_a_waveform_are_read_together():
    net = gs.Network()
    model = gs.PoissonSource(gs.Waveform([0.0, 1.0], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    both = net.population("one", 3, model) + net.population("two", 3, model)
    with simulator(net) as sim:
        assert sim.get(both, "rate").values.tolist() == [[1.0, 2.0, 3.0] * 2, [4.0, 5.0, 6.0] * 2]
        assert sim.get(both[[1, 5]], "rate").values.tolist() == [[2.0, 3.0], [5.0, 6.0]]
        sim.set(both, rate=sim.get(both, "rate"))


def test_what_is_set_later_takes_shorter_chunks_where_memory_is_short(monkeypatch, backend):
    monkeypatch.setattr(compilation, "SAMPLES_HELD", 20 * 137)
    described = run(network(current=CURRENTS["columns"]))
    with simulator(network(current=CURRENTS["number"]), backend) as sim:
        before = sim._compiled.steps
        sim.set("current", CURRENTS["columns"](137))
        assert sim._compiled.steps < 20 < before
        assert sim._compiled.program.specs["waves"].shape == (sim._compiled.steps, 1 + 1 + 137)
        sim.step(STEPS)
        assert differences(described, outcome(sim)) == []


def test_a_checkpoint_goes_on_with_columns_that_were_set(tmp_path):
    pytest.importorskip("h5py")
    start = {"current": CURRENTS["number"], "rate": RATES["columns"], "source": RATES["columns"](N)}
    with simulator(network(**start), cpu(2)) as sim:
        sim.step(30)
        sim.set("current", CURRENTS["columns"](137))
        sim.set("clamp", COMMANDS["columns"](8))
        sim.set("drive", rate=2.0 * VALUES["source"][0] * SPREAD[:137])
        sim.set("bg", rate=gs.Waveform([4.0], [RATES["array"](N)]))
        sim.step(10)
        sim.save_checkpoint(tmp_path / "state.h5")
        sim.step(STEPS - 40)
        end = outcome(sim)
    for name in ("numpy", "cuda-emulated"):
        with gs.Simulator.load_checkpoint(network(**start), tmp_path / "state.h5", backend=backend_named(name)) as sim:
            assert sim.get("current").columns == 137
            sim.step(STEPS - 40)
            assert differences(end, outcome(sim)) == []


# ---- what cannot be ----

WRONG = {
    "current": (lambda s: s.set("current", columns("current", 12)), "has 12 columns, must have 137, one per neuron"),
    "clamp": (lambda s: s.set("clamp", COMMANDS["columns"](9)), "has 9 columns, must have 8"),
    "rates": (lambda s: s.set("drive", rate=columns("rate", 1)), "has 1 column, must have 137"),
    "drive": (lambda s: s.set("drive", rate=columns("source", 137)), r"only where one was described.*gs\.Waveform\(\["),
    "source": (lambda s: s.set("bg", rate=columns("source", N)), "describe the sources of 'bg' with columns"),
    "largest": (lambda s: s.set("bg", rate=gs.Waveform([0.0], [2e5 * SPREAD])), "at most rate_max = 200000 Hz"),
    "off the grid": (lambda s: s.set("clamp", gs.Waveform([0.05], [[-60.0] * 8])), "Waveform.times"),
    "volts": (lambda s: s.set("clamp", gs.Waveform([0.0], [[-0.06] * 8])), "looks like volts"),
}


@functools.cache
def unchanged():
    """What the network leads to if nothing is set."""
    return run(network(rate=10.0), cuts=(20,))


@pytest.mark.parametrize(("call", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused_and_changes_nothing(call, said):
    with simulator(network(rate=10.0)) as sim:
        with pytest.raises(gs.GpusynError, match=said):
            call(sim)
        sim.step(20)
        assert differences(unchanged(), outcome(sim)) == []


# ---- memory ----


@pytest.mark.parametrize("kind", ["current", "clamp", "rate", "source"])
def test_many_columns_take_shorter_chunks(kind, monkeypatch):
    n, limit = 50_000, specs.SAMPLES_HELD
    net = gs.Network()
    cells = net.population("cells", n, gs.LIF(), receptors=gs.AMPA())
    values = np.broadcast_to(np.float64(5.0), (2, n))
    many = gs.Waveform([0.0, 1.0], values)
    if kind == "current":
        net.inject(cells, many)
    elif kind == "clamp":
        net.clamp(cells, many)
    elif kind == "rate":
        net.drive(cells, "AMPA", rate=many, weight=1.0)
    else:
        net.population("bg", n, gs.PoissonSource(many))
    plan = gs.plan(net, dt=DT)
    name, size = ("waves", 4) if kind in ("current", "clamp") else ("find_limits.means", 8)
    steps, width = plan.specs[name].shape
    assert width >= n
    assert steps >= specs.GRAPH
    assert steps * width * size <= limit * 4
    assert plan.total < 250e6
    monkeypatch.setattr(specs, "SAMPLES_HELD", limit // 64)
    steps, width = gs.plan(net, dt=DT).specs[name].shape
    assert steps < specs.GRAPH
    assert limit / 64 * 4 / 2 < steps * width * size <= limit / 64 * 4


def test_many_columns_are_sampled_in_pieces():
    n = 30_000
    net = gs.Network()
    cells = net.population("cells", n, gs.LIF())
    net.inject(cells, gs.Waveform([0.0, 2.0], [np.zeros(n), np.arange(n)], interpolation="linear"))
    with simulator(net) as sim:
        writes = list(sim._compiled.inputs.writes(0, 20))
        table = np.concatenate([write.values for write in writes])
        assert len(writes) > 2
        assert [write.start for write in writes] == list(np.cumsum([0, *(w.values.size for w in writes[:-1])]))
        assert np.array_equal(table[:, 1:], np.outer(np.arange(0.025, 1, 0.05), np.arange(n)).astype(np.float32))
