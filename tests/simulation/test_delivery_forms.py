"""Spikes arrive as a few lines of Python say, in whichever form they are delivered.

Kinetics are so fast that nothing is left of a conductance after one step, and weights are whole numbers, so that
`g` of each step is exactly the sum of the weights that arrive in it. The reference computes it from the spikes.
"""

import contextlib
import signal
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.builder import bundles
from gpusyn.kernels.records import Route, read_rows
from tests.helpers import strategies
from tests.helpers.long_checks import every, pairs
from tests.helpers.runs import backend_named, cpu, differences, emulated, outcome, play

DT = 0.1
RECEPTORS = [gs.AMPA(tau_decay=1e-3), gs.GABA_A(tau_decay=1e-3)]
SATURATING = gs.kinetics.Saturating()
SIZES = {"S": 3, "A": 4, "B": 5, "C": 1}  # spike sources, and populations of neurons
#: Constants of `gpusyn.builder.bundles` that force each form, whatever the network.
FORMS = {
    "as planned": {},
    "when due": {"DUE_FROM": (0.0, 0.0), "ROOM": 1e9},
    "compressed": {"DUE_FROM": (0.0, 0.0), "ROOM": 1e9, "COMPRESSED": (True,)},
    "ring": {"DUE_FROM": (1e9, 1e9), "LONG": 1e9},
    "blocks": {"DUE_FROM": (1e9, 1e9), "CACHE": 0, "ROOM": 0.0, "MOST_LATE": 2},
    "compressed blocks": {"DUE_FROM": (1e9, 1e9), "CACHE": 0, "COMPRESSED": (True,), "MOST_LATE": 4},
    "slices": {"DUE_FROM": (0.0, 0.0), "ROOM": 1e9, "LARGEST_SLICE": 2},
    "blocks and slices": {
        "DUE_FROM": (1e9, 1e9), "CACHE": 0, "COMPRESSED": (True,), "MOST_LATE": 2,
        "LARGEST_SLICE": 3,
    },
}  # fmt: skip


@contextlib.contextmanager
def forced(form):
    """Constants of the planner, for a while."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in FORMS[form].items():
            patch.setattr(bundles, name, value)
        yield


class Synapse(NamedTuple):
    """One synapse, with its delay in steps."""

    pre: int
    post: int
    delay: int
    weight: int


class Contact(NamedTuple):
    """One projection: the names of its populations, its receptors, synapses in order of creation, and a limit."""

    pre: str
    post: str
    receptors: tuple[str, ...]
    synapses: list[Synapse]
    w_max: float | None = None


class Case(NamedTuple):
    """A network: listed spikes (step, source), the neurons that fire in every step, and the projections."""

    listed: list[tuple[int, int]]
    firing: dict[str, list[int]]
    contacts: list[Contact]
    steps: int


def network(case, **recorded):
    """The network of a case, in which all conductances and spikes are recorded."""
    net = gs.Network()
    times = [[step * DT for step, source in case.listed if source == i] for i in range(SIZES["S"])]
    net.population("S", SIZES["S"], gs.SpikeSource(times))
    for name, size in SIZES.items():
        if name != "S":
            current = np.zeros(size)
            current[case.firing.get(name, [])] = 1e7
            order = RECEPTORS[:: -1 if name == "B" else 1]
            net.population(name, size, gs.LIF(I_e=current, t_ref=0.0), receptors=order)
    for k, c in enumerate(case.contacts):
        pre, post, delay, weight = np.array(c.synapses, np.int64).reshape(-1, 4).T
        weights = {name: weight.astype(float) * (i + 1) for i, name in enumerate(c.receptors)}
        limits = None if c.w_max is None else {name: c.w_max * (i + 1) for i, name in enumerate(c.receptors)}
        rule = gs.FromArrays(pre, post)
        populations = net.populations[c.pre], net.populations[c.post]
        net.connect(*populations, rule, weight=weights, delay=delay * DT, w_max=limits, name=f"c{k}")
    for name in SIZES:
        net.record(net.populations[name], "spikes", name=f"{name} spikes", **recorded)
        if name != "S":
            net.record(net.populations[name], ["g_AMPA", "g_GABA_A"], name=f"{name} g", **recorded)
    return net


def spikes_of(sim, name):
    """Step and neuron of each spike of a population."""
    data = sim.data[f"{name} spikes"]
    return list(zip(np.rint(data.times / DT).astype(int).tolist(), data.ids.tolist(), strict=True))


def arrivals(case, spikes, weight_at=None):
    """The sums that are due: an array (step from 1, neuron) for each population and receptor."""
    sums = {(n, r.name): np.zeros((case.steps + 1, SIZES[n]), np.int64) for n in SIZES for r in RECEPTORS}
    for k, c in enumerate(case.contacts):
        for step, source in spikes[c.pre]:
            for i, s in enumerate(c.synapses):
                if s.pre == source and step + s.delay <= case.steps:
                    weight = weight_at(k, i, step) if weight_at else s.weight
                    for r, receptor in enumerate(c.receptors):
                        sums[c.post, receptor][step + s.delay, s.post] += weight * (r + 1)
    return sums


def check(case, sim, weight_at=None):
    """Every conductance of every step is the sum of what arrives."""
    spikes = {name: spikes_of(sim, name) for name in SIZES}
    assert spikes["S"] == sorted(s for s in case.listed if s[0] <= case.steps)
    expected = arrivals(case, spikes, weight_at)
    for name in SIZES:
        for receptor in [r.name for r in RECEPTORS if name != "S"]:
            found = sim.data[f"{name} g"][f"g_{receptor}"]
            wanted = expected[name, receptor][1:]
            assert found.tolist() == wanted.tolist(), (name, receptor, np.argwhere(found != wanted)[:5].tolist())
    return spikes


def canonical(synapses):
    """Indices of synapses in the order of `Simulator.weights`."""
    return sorted(range(len(synapses)), key=lambda i: (synapses[i].pre, synapses[i].post, i))


def check_weights(case, sim):
    """Weights and delays come back by (pre, post, creation)."""
    for k, c in enumerate(case.contacts):
        for r, receptor in enumerate(c.receptors):
            w = sim.weights(f"c{k}", receptor)
            wanted = [c.synapses[i] for i in canonical(c.synapses)]
            delays = np.rint(w.delay / DT).astype(int)
            found = [*zip(w.pre.tolist(), w.post.tolist(), delays.tolist(), w.weight.tolist(), strict=True)]
            assert found == [(s.pre, s.post, s.delay, s.weight * (r + 1)) for s in wanted]


def simulator(case, backend="numpy", **options):
    return gs.Simulator(network(case), **{"dt": DT, "backend": backend} | options)


@st.composite
def cases(draw):
    """A network with delays of up to a drawn number of steps."""
    longest, steps = draw(st.sampled_from([(1, 12), (3, 12), (9, 25), (40, 60)]))
    contacts = []
    for _ in range(draw(st.integers(1, 5))):
        pre, post = draw(st.sampled_from("SABC")), draw(st.sampled_from("ABC"))
        receptors = draw(st.sampled_from([("AMPA",), ("GABA_A",), ("AMPA", "GABA_A"), ("GABA_A", "AMPA")]))
        synapse = st.builds(
            Synapse,
            st.integers(0, SIZES[pre] - 1),
            st.integers(0, SIZES[post] - 1),
            st.integers(1, longest) | st.sampled_from([1, longest]),
            st.integers(1, 9),
        )
        synapses = draw(st.lists(synapse, max_size=12))
        contacts.append(Contact(pre, post, receptors, synapses, draw(st.sampled_from([None, None, 20.0]))))
    listed = draw(st.lists(st.tuples(st.integers(1, steps), st.integers(0, SIZES["S"] - 1)), max_size=20))
    firing = {name: draw(st.lists(st.integers(0, SIZES[name] - 1), max_size=3, unique=True)) for name in "ABC"}
    return Case(listed, firing, contacts, steps)


ways_to_run = st.fixed_dictionaries(
    {
        "precision": st.sampled_from(["single", "double"]),
        "weights": st.sampled_from(["exact", "compact"]),  # whole numbers are exact in both
        "chunk_steps": st.sampled_from([1, 2, 7, 250]),
    }
)


def check_sums(case, options, threads, forms):
    shown = None
    ways = [("numpy", form) for form in FORMS] + [("cpu", form) for form in forms[:3]] + [("cuda-emulated", forms[3])]
    for name, form in ways:
        backend = cpu(threads) if name == "cpu" else backend_named(name)
        with forced(form), simulator(case, backend, **options) as sim:
            check_weights(case, sim)
            sim.step(case.steps)
            check(case, sim)
            found = outcome(sim)
        shown = found if shown is None else shown
        assert differences(shown, found) == [], (name, form)


drawn_sums = given(cases(), ways_to_run, st.integers(1, 3), st.permutations(list(FORMS)))


@settings(max_examples=1)
@drawn_sums
def test_sums_are_those_that_are_due_in_every_form(case, options, threads, forms):
    check_sums(case, options, threads, forms)


@pytest.mark.fuzz
@settings(max_examples=30)
@drawn_sums
def test_further_sums_are_those_that_are_due_in_every_form(case, options, threads, forms):
    check_sums(case, options, threads, forms)


def check_everything(case, forms):
    """Gates on sources, shared sums, drives and drugs, with weights that are set halfway."""
    reference = play(case, backend_named("numpy"))
    for backend, form in zip(("numpy", "numpy", "cpu", "cuda-emulated"), forms, strict=False):
        with forced(form):
            assert differences(reference, play(case, backend_named(backend))) == [], (backend, form)


drawn_networks = given(
    strategies.cases(steps=(20, 45)), st.permutations([form for form in FORMS if form != "as planned"])
)


@settings(max_examples=1)
@drawn_networks
def test_networks_of_everything_do_the_same_in_every_form(case, forms):
    check_everything(case, forms)


@pytest.mark.fuzz
@settings(max_examples=20)
@drawn_networks
def test_further_networks_of_everything_do_the_same_in_every_form(case, forms):
    check_everything(case, forms)


LONG = {"long blocks": {"DUE_FROM": (1e9, 1e9), "CACHE": 0, "ROOM": 0.0, "MOST_LATE": 256}}
FORMS |= LONG
LONG_CASE = Case(
    [(1, 0), (1, 0), (1, 2), (2, 0), (255, 1), (256, 1), (257, 1), (300, 2)],
    {"A": [1]},
    [
        Contact("S", "A", ("AMPA",), [Synapse(i % 3, i % 4, d, 1 + i % 7) for i, d in enumerate(
            [1, 2, 255, 256, 257, 258, 300, 511, 512, 513, 514, 300, 1])]),
        Contact("S", "B", ("AMPA", "GABA_A"), [Synapse(0, i % 5, d, 1 + i) for i, d in enumerate([300, 5, 7, 300])]),
        Contact("A", "A", ("GABA_A",), [Synapse(i % 4, 1, d, 1 + i) for i, d in enumerate([1, 512, 400, 400])], 50.0),
    ],
    600,
)  # fmt: skip


@pytest.mark.parametrize("form", ["when due", "ring", "long blocks"])
def test_delays_of_several_hundred_steps(form):
    found = []
    for backend in ("numpy", cpu(2), *([emulated()] if form == "long blocks" else [])):
        with forced(form), simulator(LONG_CASE, backend, chunk_steps=100) as sim:
            timings = [bundle.timing for bundle in sim.plan.layout.bundles]
            check_weights(LONG_CASE, sim)
            sim.step(LONG_CASE.steps)
            check(LONG_CASE, sim)
            found.append(outcome(sim))
            assert differences(found[0], found[-1]) == []
    assert any(t.width > 1 and t.blocks > 1 for t in timings)  # also as planned: of weights that may change


EACH_STEP = Case(
    [(step, step % 3) for step in range(1, 40)] + [(3, 1), (3, 1)],
    {"A": [0, 2]},
    [
        Contact("S", "A", ("AMPA",), [Synapse(1, 2, 3, 1), Synapse(1, 2, 1, 2), Synapse(1, 2, 2, 3),
                                      Synapse(0, 0, 7, 4), Synapse(1, 2, 1, 5), Synapse(2, 3, 9, 6)]),
        Contact("S", "B", ("AMPA",), [Synapse(1, 4, 5, 7), Synapse(0, 0, 2, 8), Synapse(1, 0, 9, 9)]),
        Contact("S", "C", ("AMPA",), [Synapse(2, 0, 4, 3), Synapse(0, 0, 1, 4)]),
        Contact("A", "A", ("AMPA", "GABA_A"), [Synapse(0, 0, 3, 1), Synapse(2, 2, 8, 2), Synapse(0, 2, 1, 3)]),
        Contact("A", "B", ("GABA_A", "AMPA"), []),
    ],
    40,
)  # fmt: skip
CHANGEABLE = EACH_STEP._replace(contacts=[c._replace(w_max=20.0) for c in EACH_STEP.contacts])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", [EACH_STEP, CHANGEABLE], ids=["fixed", "w_max"])
def test_multapses_come_back_in_the_order_of_their_creation(form, case):
    with forced(form), simulator(case) as sim:
        check_weights(case, sim)
        w = sim.weights("c0")
        between = (w.pre == 1) & (w.post == 2)
        assert np.rint(w.delay[between] / DT).tolist() == [3, 1, 2, 1]
        assert w.weight[between].tolist() == [1.0, 2.0, 3.0, 5.0]


def rewritten(case, shift):
    """Other weights of all synapses, in order of creation."""
    weights = [[s.weight for s in c.synapses] for c in case.contacts]
    return [[w[(i + shift) % len(w)] for i in range(len(w))] for w in weights]


def set_all(sim, case, weights):
    for k, c in enumerate(case.contacts):
        given_ = np.array([weights[k][i] for i in canonical(c.synapses)], float)
        sim.set_weights(f"c{k}", {name: given_ * (r + 1) for r, name in enumerate(c.receptors)})
        for r, name in enumerate(c.receptors):
            assert sim.weights(f"c{k}", name).weight.tolist() == (given_ * (r + 1)).tolist()


def play_with_new_weights(case, backend, **options):
    """Weights are set in steps 10 and 14, with spikes in flight; a spike keeps the weight of its time."""
    first, second = rewritten(case, 1), rewritten(case, 2)
    given_ = [[s.weight for s in c.synapses] for c in case.contacts]

    def weight_at(k, i, step):
        return (given_ if step <= 10 else first if step <= 14 else second)[k][i]

    with simulator(case, backend, **options) as sim:
        for _ in range(2):
            check_weights(case, sim)
            sim.step(10)
            set_all(sim, case, first)
            sim.step(4)
            set_all(sim, case, second)
            sim.step(case.steps - 14)
            check(case, sim, weight_at)
            found = outcome(sim)
            sim.reset()
    return found


@pytest.mark.parametrize(("form", "which"), pairs([*FORMS], ["fixed", "w_max"]))
def test_a_spike_in_flight_keeps_its_weight(form, which):
    case = {"fixed": EACH_STEP, "w_max": CHANGEABLE}[which]
    with forced(form):
        reference = play_with_new_weights(case, "numpy")
        assert differences(reference, play_with_new_weights(case, cpu(2), chunk_steps=3)) == []
        if form == "blocks and slices":
            assert differences(reference, play_with_new_weights(case, emulated())) == []


@pytest.mark.parametrize("form", FORMS)
def test_weights_of_projections_that_share_rows_are_set_one_by_one(form):
    """Before the first spike, they act as if they had been given."""
    weights = rewritten(EACH_STEP, 2)
    with forced(form), simulator(EACH_STEP) as sim:
        assert max(len(bundle.pathways) for bundle in sim.plan.layout.bundles) > 1
        set_all(sim, EACH_STEP, weights)
        sim.step(EACH_STEP.steps)
        check(EACH_STEP, sim, lambda k, i, step: weights[k][i])
        sim.reset()
        check_weights(EACH_STEP, sim)
        sim.step(EACH_STEP.steps)
        check(EACH_STEP, sim)


# --- the list of spikes ------------------------------------------------------------------------------------------

ALL_FIRE = Case(
    [(step, source) for step in range(1, 120, 2) for source in (0, 1, 1, 2)],
    {"A": [0, 1, 2, 3], "B": [0, 1, 2, 3, 4], "C": [0]},
    [
        Contact("A", "B", ("AMPA",), [Synapse(i % 4, i % 5, 1 + 7 * i % 60, 1 + i % 9) for i in range(30)]),
        Contact("S", "C", ("AMPA", "GABA_A"), [Synapse(i % 3, 0, 50 - i, 1 + i) for i in range(9)]),
        Contact("B", "B", ("GABA_A",), [Synapse(i, i, 33, 2) for i in range(5)]),
    ],
    120,
)


@pytest.mark.parametrize("chunk_steps", every(2, [7, 1]))
def test_the_list_of_spikes_begins_again_at_its_start_and_grows(backend, chunk_steps):
    """With short chunks it has little room, and spikes on long ways fill it."""
    with forced("when due"), simulator(ALL_FIRE, "numpy") as sim:
        sim.step(ALL_FIRE.steps)
        check(ALL_FIRE, sim)
        reference = outcome(sim)
    with forced("when due"), simulator(ALL_FIRE, backend, chunk_steps=chunk_steps) as sim:
        small = sim._compiled.program.specs["spike_id"].size
        sim.step(ALL_FIRE.steps)
        total, size = int(sim._session.read("spike_total")[0]), sim._compiled.program.specs["spike_id"].size
        assert total > size > small
        assert differences(reference, outcome(sim)) == []
        sim.reset()  # with the larger list
        sim.step(5)
        sim.step(ALL_FIRE.steps - 5)
        assert differences(reference, outcome(sim)) == []
        assert sim._compiled.program.specs["spike_id"].size == size


SLOW = [(step, step % 3) for step in range(1, 80, 2)]
SLOW_THEN_FAST = Case(
    [*SLOW, *((step, i) for step in range(80, 120) for i in range(3))],
    {},
    [Contact("S", "A", ("AMPA",), [Synapse(i % 3, i % 4, 1 + 3 * i, 1 + i) for i in range(9)])],
    120,
)


def test_a_list_grows_after_it_has_begun_again(backend):
    """The spikes that it must keep are at its end and at its start."""
    with forced("when due"), simulator(SLOW_THEN_FAST, backend, chunk_steps=1) as sim:
        small = sim._compiled.program.specs["spike_id"].size
        sim.step(80)
        assert sim._compiled.program.specs["spike_id"].size == small < len(SLOW)
        sim.step(40)
        assert sim._compiled.program.specs["spike_id"].size > small
        check(SLOW_THEN_FAST, sim)


def test_ctrl_c_while_the_list_grows_changes_nothing():
    with forced("when due"), simulator(SLOW_THEN_FAST, "numpy", chunk_steps=1) as sim:
        rebind, calls = sim._session.rebind, []

        def interrupted(*arguments):
            rebind(*arguments)
            calls.append(sim.time)
            if len(calls) % 2:
                signal.raise_signal(signal.SIGINT)

        sim._session.rebind = interrupted
        while round(sim.time / DT) < SLOW_THEN_FAST.steps:
            with contextlib.suppress(KeyboardInterrupt):
                sim.step(SLOW_THEN_FAST.steps - round(sim.time / DT))
        assert len(calls) > 1
        check(SLOW_THEN_FAST, sim)


def test_a_list_that_never_grows_begins_again_at_its_start(backend):
    case = ALL_FIRE._replace(contacts=[Contact("A", "B", ("AMPA",), [Synapse(0, 1, 1, 3), Synapse(3, 0, 2, 4)])])
    with simulator(case, backend, chunk_steps=3) as sim:
        size = sim._compiled.program.specs["spike_id"].size
        sim.step(case.steps)
        check(case, sim)
        assert int(sim._session.read("spike_total")[0]) > 4 * size == 4 * sim._compiled.program.specs["spike_id"].size


def test_a_list_that_has_grown_stays_when_inputs_grow(backend):
    """Both replace arrays of the session and take new launches."""
    later = [step * DT for step in range(31, 119)]
    case = ALL_FIRE._replace(listed=[s for s in ALL_FIRE.listed if s[0] <= 30])
    whole = ALL_FIRE._replace(listed=[*case.listed, *((round(t / DT), i) for t in later for i in range(3))])
    with forced("when due"), simulator(case, backend, chunk_steps=2) as sim:
        small = sim._compiled.program.specs["spike_id"].size
        sim.step(30)
        assert sim._compiled.program.specs["spike_id"].size > small
        sim.set("S", times=[later] * 3)
        sim.step(ALL_FIRE.steps - 30)
        check(whole, sim)
        sim.reset()
        sim.step(30)
        assert spikes_of(sim, "S") == sorted(case.listed)


@pytest.mark.parametrize(("form", "chunk_steps"), [("when due", 1), ("blocks", 7), ("when due", 250)])
def test_streamed_recordings_are_those_in_memory(form, chunk_steps, tmp_path):
    with forced(form):
        with simulator(ALL_FIRE, cpu(2)) as sim:
            sim.step(ALL_FIRE.steps)
            reference = outcome(sim)
        net = network(ALL_FIRE, file=str(tmp_path / "run.h5"))
        with gs.Simulator(net, dt=DT, backend=cpu(2), chunk_steps=chunk_steps) as sim:
            for part in (1, 60, 0, ALL_FIRE.steps - 61):
                sim.step(part)
            check(ALL_FIRE, sim)
            assert differences(reference, outcome(sim)) == []


# --- trials --------------------------------------------------------------------------------------------------------


def noisy():
    """Poisson sources with several events in a step, onto cells that fire."""
    net = gs.Network()
    noise = net.population("noise", 6, gs.PoissonSource(rate=9000.0))
    cells = net.population("cells", 20, gs.LIF(t_ref=0.2), receptors=RECEPTORS, V=gs.Uniform(-70.0, -55.0))
    more = net.population("more", 3, gs.LIF(), receptors=RECEPTORS)
    drawn = {"delay": gs.Uniform(0.1, 2.0), "weight": gs.Uniform(0.5, 80.0)}
    net.connect(noise, cells + more, gs.FixedProbability(0.4), receptor="AMPA", name="in", **drawn)
    net.connect(cells, cells + more, gs.FixedInDegree(4), receptor="GABA_A", name="in2", **drawn)
    net.record(noise + cells + more, "spikes", name="spikes")
    net.record(cells + more, ["V", "g_AMPA"], name="traces")
    return net


def noisy_trial(sim):
    sim.step(60)
    return outcome(sim)


@pytest.fixture(scope="module")
def trials():
    """The first two trials."""
    found = []
    for trial in (0, 1):
        with gs.Simulator(noisy(), dt=DT, backend="numpy", trial=trial) as sim:
            found.append(noisy_trial(sim))
    assert "spikes times" in differences(*found)
    return found


@pytest.mark.parametrize("form", FORMS)
def test_trials_differ_in_their_noise_and_not_in_their_form(form, trials):
    first, second = trials
    with forced(form), gs.Simulator(noisy(), dt=DT, backend=cpu(2), chunk_steps=2) as sim:
        assert differences(first, noisy_trial(sim)) == []
        sim.reset(trial=1)
        assert differences(second, noisy_trial(sim)) == []
        sim.reset(trial=0)
        assert differences(first, noisy_trial(sim)) == []


# --- runs of consecutive targets -----------------------------------------------------------------------------------


def pieces_of_targets(rng, sources, size):
    """Pairs in ascending order: from each source to two long pieces of the targets, from one to none."""
    pairs = []
    for source in range(sources):
        first, gap, end = (int(rng.integers(low * size // 8, (low + 2) * size // 8)) for low in (0, 3, 6))
        targets = [*range(first, gap), *range(gap + 2, end)] if source != 1 else []
        pairs += [(source, target) for target in targets]
    return np.array(pairs).T


@settings(max_examples=3)
@given(st.integers(0, 1000), st.sampled_from(["exact", "compact"]), st.integers(1, 3), st.sampled_from([None, 20.0]))
def test_runs_of_consecutive_targets_receive_their_weights(seed, weights, threads, w_max):
    """Also where slices or populations cut them, and from gates that sources own."""
    rng, sources = np.random.default_rng(seed), 4
    fired = rng.integers(1, 6, (sources, 3))
    net = gs.Network()
    source = net.population("source", sources, gs.SpikeSource((np.sort(fired) * DT).tolist()))
    wanted, found = {}, {}
    for name, size in (("a", 150), ("b", 110)):
        cells = net.population(name, size, gs.LIF(), receptors=[RECEPTORS[0], gs.NMDA(kinetics=SATURATING)])
        pre, post = pieces_of_targets(rng, sources, size)
        weight = rng.integers(1, 9, len(pre))
        for receptor in ("AMPA", "NMDA"):
            given_ = {receptor: weight.astype(float)}
            limit = w_max and {receptor: w_max}
            net.connect(source, cells, gs.FromArrays(pre, post), weight=given_, delay=2 * DT, w_max=limit)
        net.record(cells, ["g_AMPA", "g_NMDA"], name=f"{name} g")
        wanted[name] = np.zeros((10, size))
        for i, steps in enumerate(fired):
            for step in steps:
                wanted[name][step + 1, post[pre == i]] += weight[pre == i]
    ways = [("numpy", 2**16), ("numpy", 101), ("cpu", 2**16), ("cpu", 101), ("cuda-emulated", 101)]
    for backend, slice_size in ways:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bundles, "LARGEST_SLICE", slice_size)
            used = cpu(threads) if backend == "cpu" else backend_named(backend)
            with gs.Simulator(net, dt=DT, backend=used, weights=weights) as sim:
                sim.step(10)
                found[backend, slice_size] = outcome(sim)
                for name, g in wanted.items():
                    assert sim.data[f"{name} g"]["g_AMPA"].tolist() == g.tolist(), (backend, slice_size)
                routes = read_rows(sim._session.read("routes"), Route)
        assert any(route.runs for route in routes) or (backend, slice_size) != ways[0]
        assert differences(found["numpy", 2**16], found[backend, slice_size]) == []
