"""Inputs that are set between runs: as if they had been described so, or as a waveform that jumps then."""

import functools

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.long_checks import pairs
from tests.helpers.runs import differences, outcome

N, STEPS = 12, 75
RAMP = np.linspace(0.0, 600.0, N)
WAVE = gs.Waveform([0.0, 3.0, 6.0], [500.0, 100.0, 400.0])
LINE = gs.Waveform([1.0, 8.0], [600.0, 0.0], interpolation="linear")
VALUES = {"number": 450.0, "array": RAMP, "waveform": WAVE, "line": LINE}
RATES = {"number": 900.0, "array": 10 * RAMP, "waveform": gs.Waveform([0.0, 4.0], [200.0, 4000.0])}
SELECTIONS = {"all": slice(None), "some": slice(2, 9)}


def network(current=0.0, rate=0.0, source=0.0, times=(1.0,), V=-60.0, weight=4.0, window=None, part=slice(None)):
    """Cells with an injection, a drive, Poisson sources, listed spikes, and one more cell that is clamped."""
    net = gs.Network()
    cells = net.population("cells", N, gs.LIF(), receptors=[gs.AMPA(), gs.CurrentReceptor("I", tau=2.0)])
    bg = net.population("bg", N, gs.PoissonSource(source, rate_max=6000.0))
    listed = net.population("listed", N, gs.SpikeSource(times, max_events=3))
    clamped = net.population("clamped", 2, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(bg, cells, gs.OneToOne(), receptor="AMPA", weight=1.5)
    net.connect(listed, cells, gs.OneToOne(), receptor="I", weight=300.0)
    target = cells[part]
    size = target.size
    start, stop = window or (0.0, None)
    net.inject(target, _of(current, size), start=start, stop=stop, name="current")
    net.inject(cells[1::3], 30.0, name="steady")
    net.drive(target, "AMPA", rate=_of(rate, size), rate_max=6000.0, weight=_of(weight, size), name="drive")
    net.clamp(clamped, V, name="clamp")
    net.record(cells + clamped, ["V", "I_AMPA"], name="traces")
    net.record(cells + bg + listed, "spikes", name="spikes")
    return net


def _of(value, size):
    return value[:size] if isinstance(value, np.ndarray) else value


def simulator(net, backend="numpy", **options):
    return gs.Simulator(net, dt=0.1, seed=4, backend=backend, **options)


def run(net, backend="numpy", steps=STEPS):
    with simulator(net, backend) as sim:
        sim.step(steps)
        return outcome(sim)


@functools.cache
def run_with(current="number", rate=None, window=None, part="all"):
    """What a network shows that was described with a current and rates."""
    rates = {"rate": RATES[rate], "source": RATES[rate]} if rate else {}
    given = VALUES[current] if rate is None else 0.0
    return run(network(current=given, **rates, window=window, part=SELECTIONS[part]))


@pytest.mark.parametrize(("old", "new", "part"), pairs(["number", "array", "waveform"], [*VALUES], ["all", "some"]))
def test_a_current_set_at_once_is_one_that_was_described(old, new, part):
    window = None if part == "all" else (2.0, 7.0)
    options = {"window": window, "part": SELECTIONS[part]}
    size = len(range(N)[SELECTIONS[part]])
    described = run_with(current=new, window=window, part=part)
    with simulator(network(current=VALUES[old], **options)) as sim:
        first = outcome(sim)
        sim.set("current", _of(VALUES[new], size))
        sim.step(STEPS)
        assert differences(described, outcome(sim)) == []
        assert sim.get("current") is VALUES[new] or np.array_equal(sim.get("current"), _of(VALUES[new], size))
        sim.reset()
        assert differences(first, outcome(sim)) == []
        sim.step(STEPS)
        assert differences(run_with(current=old, window=window, part=part), outcome(sim)) == []


@pytest.mark.parametrize(("old", "new", "part"), pairs([*RATES], [*RATES], [*SELECTIONS]))
def test_rates_set_at_once_are_those_that_were_described(old, new, part):
    size = len(range(N)[SELECTIONS[part]])
    described = run_with(rate=new, part=part)
    with simulator(network(rate=RATES[old], source=RATES[old], part=SELECTIONS[part])) as sim:
        sim.set("drive", rate=_of(RATES[new], size))
        sim.set("bg", rate=RATES[new])
        sim.step(STEPS)
        assert len(sim.data["spikes"]) > 10
        assert differences(described, outcome(sim)) == []
        sim.reset()
        sim.step(STEPS)
        assert differences(run_with(rate=old, part=part), outcome(sim)) == []


@pytest.mark.parametrize("new", [2.0, np.linspace(0.0, 4.0, N)], ids=["number", "array"])
@pytest.mark.parametrize("old", [4.0, np.linspace(4.0, 1.0, N), gs.Uniform(3.0, 4.0)], ids=["number", "array", "drawn"])
def test_a_weight_and_a_rate_can_be_set_together(old, new):
    with simulator(network(rate=300.0, weight=old)) as sim, simulator(network(rate=300.0, weight=old)) as other:
        sim.set("drive", rate=5000.0, weight=new)
        assert np.array_equal(sim.get("drive", "weight"), new)
        assert sim.get("drive") == 5000.0
        other.set("drive", "weight", new)
        other.set("drive", "rate", 5000.0)
        sim.step(50)
        other.step(50)
        assert differences(outcome(sim), outcome(other)) == []
        unset = run(network(rate=5000.0, weight=old), steps=50)
        assert not np.array_equal(unset["traces I_AMPA"], outcome(sim)["traces I_AMPA"])
        sim.reset()
        sim.set("drive", rate=5000.0)
        sim.step(50)
        assert differences(unset, outcome(sim)) == []


def test_what_is_set_later_is_a_waveform_that_jumps_then(backend):
    jump = {"current": gs.Waveform([4.0], [250.0]), "rate": gs.Waveform([0.0, 4.0], [500.0, 4000.0])}
    described = run(network(**jump, source=jump["rate"], V=gs.Waveform([0.0, 4.1], [-60.0, -30.0])), backend, 100)
    with simulator(network(rate=500.0, source=500.0), backend) as sim:
        sim.run(4.0)
        sim.set("current", 250.0)
        sim.set("drive", rate=4000.0)
        sim.set("bg", rate=4000.0)
        sim.set("clamp", -30.0)
        sim.run(6.0)
        found = outcome(sim)
        # the cells with two currents add them in another order
        alone = [k for k in range(N) if k % 3 != 1] + [N, N + 1]
        for name in described:
            one, other = described[name], found[name]
            if name.startswith("traces ") and one.ndim == 2:
                one, other = one[:, alone], other[:, alone]
            if name.startswith("traces "):
                assert np.array_equal(one, other), name
        assert np.array_equal(found["traces V"][:40, N:], np.full((40, 2), -60.0))
        assert np.array_equal(found["traces V"][40:, N:], np.full((60, 2), -30.0))


def test_the_potential_settles_where_the_current_set_says():
    net = gs.Network()
    cells = net.population("cells", 3, gs.LIF())
    current = net.inject(cells[1:], 100.0)
    with gs.Simulator(net, dt=1.0, precision="double", backend="numpy") as sim:
        for amount in (120.0, -50.0, 0.0):
            sim.set(current, amount)
            sim.run(600.0)
            expected = -70.0 + amount / 10.0  # E_L + I / g_L
            np.testing.assert_allclose(sim.get("cells", "V"), [-70.0, expected, expected], rtol=1e-12)


def test_charge_arrives_while_it_is_set():
    """Each pulse of 1 ms brings Q = I t, which a membrane without a leak to speak of keeps: V rises by Q / C."""
    net = gs.Network()
    cell = net.population("cell", 1, gs.LIF(g_L=1e-6, C_m=100.0, V_th=1000.0))
    current = net.inject(cell, 0.0)
    with gs.Simulator(net, precision="double", backend="numpy") as sim:
        total = 0.0
        for k in range(20):
            amount = float((-1) ** k * 7 * k)
            sim.set(current, amount)
            sim.run(1.0)
            total += amount / 100.0
            assert sim.get(cell, "V")[0] == pytest.approx(-70.0 + total, abs=1e-5)


def test_rates_that_are_set_bring_as_many_events():
    net = gs.Network()
    sources = net.population("sources", 200, gs.PoissonSource(0.0, rate_max=1000.0))
    spikes = net.record(sources, "spikes")
    with gs.Simulator(net, backend="numpy", seed=2) as sim:
        before = 0
        for rate in (0.0, 500.0, 50.0, 1000.0):
            sim.set(sources, rate=rate)
            sim.run(100.0)
            events = len(sim.data[spikes]) - before
            before += events
            mean = 200 * rate * 0.1
            assert abs(events - mean) <= 5 * np.sqrt(mean)


# ---- lists ----
def times_of(sim, source):
    data = sim.data["spikes"]
    return data.times[data.ids == N + N + source].round(6).tolist()  # after the cells and the Poisson sources


def test_listed_spikes_are_replaced_from_now_on(backend):
    with simulator(network(times=[[1.0, 9.0]] * N), backend) as sim:
        sim.run(5.0)
        sim.set("listed", times=[5.01, 6.0, 6.0, 7.04])  # the first is rounded to now, and comes a step later
        sim.set(sim.net.populations["listed"][3:5], "times", [[], [5.5, 12.0]])
        sim.run(3.0)
        sim.set(sim.net.populations["listed"][0], times=[8.1])
        sim.run(5.0)
        assert times_of(sim, 1) == times_of(sim, 11) == [1.0, 5.1, 6.0, 6.0, 7.0]
        assert times_of(sim, 3) == [1.0]
        assert times_of(sim, 4) == [1.0, 5.5, 12.0]
        assert times_of(sim, 0) == [1.0, 5.1, 6.0, 6.0, 7.0, 8.1]
        assert [list(t) for t in sim.get("listed", "times")][3:5] == [[], [5.5, 12.0]]
        sim.reset()
        sim.run(10.0)
        assert times_of(sim, 0) == times_of(sim, 3) == [1.0, 9.0]


@pytest.mark.parametrize("times", [[0.1, 4.0], [[0.1 * k, 5.0, 5.0] for k in range(1, N + 1)], []])
def test_lists_set_at_once_are_those_that_were_described(times):
    described = run(network(times=times))
    with simulator(network()) as sim:
        sim.set("listed", times=times)
        sim.step(STEPS)
        assert differences(described, outcome(sim)) == []


def test_many_more_spikes_than_there_were_fit_in(backend):
    with simulator(network(), backend) as sim:
        for k in range(4):
            sim.set("listed", times=sim.time + 0.1 * np.arange(1, 10 * 2**k))
            sim.run(10.0)
        found = times_of(sim, 5)
        assert found[:9] == [round(0.1 * k, 6) for k in range(1, 10)]
        assert len(found) == sum(min(10 * 2**k - 1, 100) for k in range(4))


def test_arrays_do_not_grow_with_the_number_of_changes():
    with simulator(network()) as sim:
        sizes = []
        for k in range(12):
            new, rate = list(VALUES)[k % 4], list(RATES)[k % 3]
            sim.set("current", VALUES[new])
            sim.set("drive", rate=RATES[rate], weight=4.0 if k % 2 else np.full(N, 2.0))
            sim.set("bg", rate=RATES[rate])
            sim.set("listed", times=sim.time + np.arange(1.0, 9.0))
            sim.step(3)
            sizes.append(sim._compiled.program.nbytes)
        assert sizes[4] == sizes[-1]
        sim.reset()
        sim.step(STEPS)
        assert differences(run(network()), outcome(sim)) == []


# ---- what is refused ----
def everyone(sim):
    return sim.net.populations["cells"] + sim.net.populations["bg"]


def wave(high):
    return gs.Waveform([0.0], [high])


WRONG = {
    "nothing": (lambda s: s.set("current"), "needs what to set of 'current', and its new value; it has current"),
    "no name": (lambda s: s.set("cells", values=1.0), "a value without a name; name one of V, g_AMPA"),
    "not a name": (lambda s: s.set("cells", 250.0), r"Simulator\.set\(\)\.variable: must be one of the names V, "),
    "an array as name": (lambda s: s.set("cells", np.zeros(3)), r"\.variable: must be one of the names V, "),
    "no value": (lambda s: s.set("cells", "I_e"), "needs the new value of 'I_e'"),
    "two values": (lambda s: s.set("current", 1.0, 2.0), "got two values"),
    "twice": (lambda s: s.set("drive", "rate", 1.0, rate=2.0), "'rate' is given twice"),
    "rate of cells": (lambda s: s.set("cells", rate=1.0), "unknown name 'rate'.*known here: V, g_AMPA"),
    "times of Poisson": (lambda s: s.set("bg", times=[1.0]), "unknown name 'times'.*known here: rate"),
    "weight of current": (lambda s: s.set("current", weight=1.0), "unknown name 'weight'.*known here: current"),
    "max_events": (
        lambda s: s.set("listed", "max_events", 3),
        "max_events cannot change, because sums",
    ),
    "keyword": (
        lambda s: s.set("drive", rates=1.0),
        r"\.set\(\): unknown argument 'rates' \(did you mean 'rate'",
    ),
    "name": (
        lambda s: s.set("curent", 1.0),
        r"\.target: unknown name 'curent' \(did you mean 'current'",
    ),
    "object": (lambda s: s.set(3, 1.0), r"Simulator\.set\(\)\.target: must be a population, selection, injection"),
    "projection": (lambda s: s.set("bg->cells:AMPA", 1.0), r"must be a population.*Simulator\.set_weights\(\)"),
    "recorder": (lambda s: s.set("spikes", 1.0), r"must be a population.*Simulator\.data"),
    "kinds": (
        lambda s: s.set(everyone(s), rate=1.0),
        r"known here: \(nothing\)",
    ),
    "size": (lambda s: s.set("current", [1.0, 2.0]), r"Simulator\.set\('current', 'current'\).*12 neurons \(got 2"),
    "siemens": (lambda s: s.set("current", 3e-10), "looks like amperes"),
    "drawn": (lambda s: s.set("current", gs.Uniform(0.0, 1.0)), "draw one value per neuron with numpy"),
    "rate": (
        lambda s: s.set("drive", rate=6001.0),
        r"Simulator\.set\('drive', 'rate'\): must be at most rate_max = 6000",
    ),
    "rates": (
        lambda s: s.set("drive", rate=np.linspace(0, 7000, N)),
        "at most rate_max = 6000 Hz.*got 7000",
    ),
    "wave rate": (lambda s: s.set("drive", rate=wave(6500.0)), "at most rate_max = 6000 Hz"),
    "source rate": (
        lambda s: s.set("bg", rate=6001.0),
        r"6000 Hz.*give PoissonSource\(\.\.\.\) a larger rate_max=",
    ),
    "negative": (lambda s: s.set("bg", rate=-1.0), "Hz >= 0"),
    "part wave": (lambda s: s.set(s.net.populations["bg"][:3], rate=wave(5.0)), "set the rate of all of 'bg'"),
    "weight": (lambda s: s.set("drive", weight=4.1), "at most 4 nS in magnitude.*got 4.1"),
    "weight too": (lambda s: s.set("drive", rate=100.0, weight=-1.0), "nS >= 0"),
    "clamp array": (lambda s: s.set("clamp", [-60.0] * 5), r"must be a finite number of mV.*\(got 5 values\)"),
    "clamp volts": (lambda s: s.set("clamp", -0.06), "looks like volts"),
    "past": (lambda s: s.set("listed", times=[2.0, 9.0]), r"must be later than now, t = 2 ms \(got 2\)"),
    "lists": (lambda s: s.set("listed", times=[[3.0], [4.0]]), "has 2 lists, must be one list for all or 12"),
    "coincident": (lambda s: s.set("listed", times=[5.0, 5.0, 5.01, 4.99]), r"4 spike times.*max_events=4"),
    "rounded to now": (lambda s: s.set("listed", times=[2.01, 2.02, 2.1, 2.1]), r"4 spike times.*max_events=4"),
    "get": (lambda s: s.get("cells"), r"Simulator\.get\(\)\.variable: must be one of the names V, "),
    "get weight": (lambda s: s.get("current", "weight"), "known here: current"),
}


@pytest.fixture(scope="module")
def untouched():
    with simulator(network(rate=500.0)) as sim:
        sim.step(40)
        return outcome(sim)


@pytest.mark.parametrize(("call", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused_and_changes_nothing(call, said, untouched):
    with simulator(network(rate=500.0)) as sim:
        sim.step(20)
        with pytest.raises(gs.GpusynError, match=said):
            call(sim)
        sim.step(20)
        assert differences(untouched, outcome(sim)) == []
        assert sim.get("drive") == 500.0


def test_objects_of_another_network_are_refused():
    other = network()
    with simulator(network()) as sim:
        for target in (other.injections["current"], other.drives["drive"], other.clamps["clamp"]):
            with pytest.raises(gs.ArgumentError, match=f"'{target.name}' belongs to another network"):
                sim.set(target, 1.0)
        for name, target in {**sim.net.injections, **sim.net.drives, **sim.net.clamps}.items():
            assert sim.get(target) == sim.get(name)


def test_rates_are_bounded_by_the_largest_that_was_described():
    net = gs.Network()
    cells = net.population("cells", 2, gs.LIF(), receptors=gs.AMPA())
    drive = net.drive(cells, "AMPA", rate=gs.Waveform([0.0, 5.0], [100.0, 800.0]), weight=1.0)
    assert drive.rate_max == 800.0
    with gs.Simulator(net, backend="numpy") as sim:
        sim.set(drive, rate=800.0)
        with pytest.raises(gs.ParameterError, match="rate_max = 800 Hz"):
            sim.set(drive, rate=801.0)


@pytest.mark.parametrize("kind", ["drive", "source"])
def test_sums_are_planned_for_the_largest_rate(kind):
    def quantum(rate, rate_max):
        net = gs.Network()
        cells = net.population("cells", 2, gs.LIF(), receptors=gs.AMPA())
        if kind == "drive":
            net.drive(cells, "AMPA", rate=rate, rate_max=rate_max, weight=1.0)
        else:
            sources = net.population("sources", 500, gs.PoissonSource(rate, rate_max=rate_max))
            net.connect(sources, cells, gs.AllToAll(), receptor="AMPA", weight=1.0)
        return gs.plan(net).layout.populations["cells"].sums[0].quantum.bound

    assert quantum(0.0, 5e5) == quantum(5e5, None) > quantum(0.0, None)
    with pytest.raises(gs.ParameterError, match=r"rate_max: must be at least the largest rate, 500 Hz \(got 400\)"):
        quantum(500.0, 400.0)
