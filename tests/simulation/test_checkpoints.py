"""A simulation goes on from a checkpoint with the same bits: anywhere, with all that was set, learned and recorded."""

import contextlib
import dataclasses
import functools

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, FileError, ParameterError, SimulationError
from gpusyn.simulation import checkpoint, checkpoint_methods
from gpusyn.simulation.checkpoint_description import described, differences
from gpusyn.simulation.checkpoint_inputs import inputs_in_force
from gpusyn.simulation.checkpoint_state import sums
from gpusyn.simulation.in_flight import InFlight
from gpusyn.simulation.targets import OF_SOURCE, OF_STIMULUS
from tests.helpers.networks import seeded_case
from tests.helpers.runs import backend_named, change_inputs, change_parameters, cpu, interfere, outcome
from tests.helpers.runs import differences as different_bits
from tests.helpers.small_network import describe, simulator
from tests.simulation.test_delivery_forms import forced

pytest.importorskip("h5py")
STEPS = 40, 90
#: Seeds of networks that have, together, every rule of plasticity, releases, blockers, modulators and procedural rows.
SEEDS = (162, 125, 19, 163, 395)
PLASTIC = {
    *("TsodyksMarkram", "TsodyksMarkram of each synapse", "QuantalRelease", "TsodyksMarkram and QuantalRelease"),
    *("STDP", "STDP with powers", "STDP of nearest spikes", "TripletSTDP", "InhibitorySTDP", "CalciumSTDP"),
    *("NMDAPlasticity", "HomeostaticScaling", "Rewiring", "axonal", "procedural", "infuse blocker"),
    "TsodyksMarkram with tau_psc",
    *("infuse modulator", "clamp Waveform", "several events per step", "double", "SpikeSource each", "multapses"),
}
ROADS = {
    "cpu to cpu": (lambda: cpu(3), lambda: cpu(2)),
    "numpy to cpu": (lambda: backend_named("numpy"), lambda: cpu(2)),
    "numpy to emulated cuda": (lambda: backend_named("numpy"), lambda: backend_named("cuda-emulated")),
    "emulated cuda to cpu": (lambda: backend_named("cuda-emulated"), lambda: cpu(7)),
    "cpu to numpy": (lambda: cpu(3), lambda: backend_named("numpy")),
}


@functools.cache
def undisturbed(steps):
    with simulator("numpy") as sim:
        sim.step(steps)
        return outcome(sim)


def go_on(case, path, saves, loads):
    """A drawn network that is changed, saved and changed again, with a break and without one: both outcomes.

    The second pair are those after a reset.
    """
    how = {"dt": case.dt, "seed": case.seed, "precision": case.precision}
    half, rest = case.steps // 2, case.steps - case.steps // 2 - 3

    def finish(sim):
        sim.step(2)
        interfere(sim)
        sim.step(rest)
        end = outcome(sim)
        sim.reset()
        sim.step(half)
        return end, outcome(sim)

    with gs.Simulator(case.net, backend=saves, **how) as sim:
        sim.step(half)
        interfere(sim)
        sim.step(1)
        sim.save_checkpoint(path)
        unbroken = finish(sim)
    with gs.Simulator.load_checkpoint(case.net, path, backend=loads) as sim:
        return unbroken, finish(sim)


def check(case, path, road):
    unbroken, broken = go_on(case, path, *(make() for make in ROADS[road]))
    for one, other in zip(unbroken, broken, strict=True):
        assert different_bits(one, other) == []


def test_the_networks_that_go_on_have_all_that_is_plastic():
    assert set.union(*(seeded_case(seed, STEPS).tags for seed in SEEDS)) >= PLASTIC


@pytest.mark.parametrize(("seed", "road"), [*zip(SEEDS, ROADS, strict=True)])
def test_a_drawn_network_goes_on(seed, road, tmp_path):
    check(seeded_case(seed, STEPS), tmp_path / "state.h5", road)


def relayed(case, path, first, *others):
    """A drawn network that is changed three times, and goes on on another backend each time, where one is given.

    Both outcomes: at the end, and after a reset.
    """
    part = case.steps // (1 + len(others)) - 1
    with contextlib.ExitStack() as opened:
        how = {"dt": case.dt, "seed": case.seed, "precision": case.precision}
        sim = opened.enter_context(gs.Simulator(case.net, backend=first, **how))
        for other in others:
            sim.step(part)
            interfere(sim)
            sim.step(1)
            if other is not None:
                sim.save_checkpoint(path)
                sim.close()
                sim = opened.enter_context(gs.Simulator.load_checkpoint(case.net, path, backend=other))
        sim.step(part)
        end = outcome(sim)
        sim.reset()
        sim.step(part)
        return end, outcome(sim)


RELAYS = (("numpy", "cuda-emulated", "cpu", "numpy"), ("cuda-emulated", "numpy", "cpu", "cuda-emulated"))


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(30))
def test_further_drawn_networks_go_on_from_backend_to_backend(seed, tmp_path):
    case, path = seeded_case(1000 + seed, STEPS), tmp_path / "state.h5"
    backends = [cpu(7) if name == "cpu" else backend_named(name) for name in RELAYS[seed % 2]]
    unbroken = relayed(case, path, backend_named("numpy"), *[None] * 3)
    for one, other in zip(unbroken, relayed(case, path, *backends), strict=True):
        assert different_bits(one, other) == []


FORMS = ("as planned", "when due", "compressed", "ring", "slices")  # others change what no machine changes


def delayed(file=None):
    """Neurons whose synapses have many delays, and weights of every form."""
    net = gs.Network()
    receptors = [gs.AMPA(), gs.GABA_A()]
    A, B = (net.population(k, 12, gs.LIF(I_e=400.0), receptors=receptors, V=gs.Uniform(-70.0, -55.0)) for k in "AB")
    delay, rule = gs.Uniform(0.1, 6.0), gs.FixedInDegree(4)
    net.connect(A, A + B, rule, weight={"AMPA": gs.Uniform(0.5, 2.0), "GABA_A": 0.5}, delay=delay, name="c")
    short_term = gs.TsodyksMarkram(0.5, 100.0)
    net.connect(B, A, rule, receptor="AMPA", weight=gs.Uniform(0.5, 2.0), delay=delay, plasticity=short_term, name="s")
    event = net.population("event", 1, gs.SpikeSource([9.0]))  # which all receive in the step after the break
    net.connect(event, A, gs.AllToAll(), receptor="GABA_A", weight=1.0, delay=1.1)
    net.record(A + B, "spikes", name="spikes", file=file)
    net.record(A + B, ["V", "g_AMPA", "g_GABA_A"], name="traces", file=file)
    return net


def with_a_break(saves, loads, path, file=None):
    """The outcome of the network in one form of delivery, saved just after weights were set, in another, and back."""
    with forced(saves), gs.Simulator(delayed(file), backend="numpy") as sim:
        sim.step(100)
        sim.set_weights("c", sim.weights("c").weight["AMPA"][::-1], "AMPA")
        sim.save_checkpoint(path)
    with forced(loads), gs.Simulator.load_checkpoint(delayed(file), path, backend="numpy") as sim:
        sim.step(2)
        sim.save_checkpoint(path)  # with corrections that are still to come
    with forced(saves), gs.Simulator.load_checkpoint(delayed(file), path, backend="numpy") as sim:
        sim.step(98)
        return outcome(sim)


@functools.cache
def without_a_break():
    with gs.Simulator(delayed(), backend="numpy") as sim:
        sim.step(100)
        sim.set_weights("c", sim.weights("c").weight["AMPA"][::-1], "AMPA")
        sim.step(100)
        return outcome(sim)


@pytest.mark.parametrize(("saves", "loads"), [("when due", "ring"), ("ring", "slices"), ("compressed", "as planned")])
@pytest.mark.parametrize("streamed", [False, True], ids=["in memory", "streamed"])
def test_spikes_arrive_once_in_another_form_of_delivery(saves, loads, streamed, tmp_path):
    found = with_a_break(saves, loads, tmp_path / "state.h5", tmp_path / "run.h5" if streamed else None)
    assert different_bits(without_a_break(), found) == []


@pytest.mark.parametrize("lost", ["own", "shared"])
def test_sums_of_neurons_and_of_populations_are_on_their_way(lost, tmp_path, monkeypatch):
    def less(*parts):
        found = sums(*parts)
        for receptors in found.values():
            for one in receptors.values():
                one[lost] = one[lost][:0]
        return found

    monkeypatch.setattr(checkpoint, "sums", less)
    assert different_bits(without_a_break(), with_a_break("ring", "ring", tmp_path / "state.h5")) != []


def test_the_forms_of_delivery_do_differ(tmp_path, monkeypatch):
    retimed = []
    monkeypatch.setattr(InFlight, "retime", lambda self, stored, *others: retimed.append(stored))
    assert different_bits(without_a_break(), with_a_break("when due", "ring", tmp_path / "state.h5")) != []
    assert {(one.pathway.projection.name, one.receptor) for one in retimed} == {
        ("c", "AMPA"),
        ("c", "GABA_A"),
        ("s", "AMPA"),
    }


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(40))
def test_drawn_networks_go_on_in_another_form_of_delivery(seed, tmp_path):
    saves, loads = np.random.default_rng(seed).choice(FORMS, 2, replace=False)
    case, path = seeded_case(2000 + seed, STEPS), tmp_path / "state.h5"
    how = {"dt": case.dt, "seed": case.seed, "precision": case.precision, "backend": "numpy"}
    with forced(saves), gs.Simulator(case.net, **how) as sim:
        sim.step(case.steps // 2)
        interfere(sim)
        sim.save_checkpoint(path)
        sim.step(20)
        unbroken = outcome(sim)
    with forced(loads), gs.Simulator.load_checkpoint(case.net, path, backend="numpy") as sim:
        sim.step(20)
        assert different_bits(unbroken, outcome(sim)) == []


def test_chunks_of_another_length_hold_the_spikes_on_their_way(tmp_path):
    with simulator("numpy", chunk_steps=1) as sim:
        sim.step(150)
        sim.save_checkpoint(tmp_path / "state.h5")
    for chunk_steps in (1, 77):
        how = {"backend": "numpy", "chunk_steps": chunk_steps}
        with gs.Simulator.load_checkpoint(describe(), tmp_path / "state.h5", **how) as sim:
            sim.step(50)
            assert different_bits(undisturbed(200), outcome(sim)) == []


def test_a_list_that_has_grown_is_put_into_one_that_has_not(tmp_path):
    net = gs.Network()
    cells = net.population("cells", 64, gs.LIF(I_e=1e6, t_ref=0.0), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedInDegree(40), receptor="AMPA", weight=0.1, delay=gs.Uniform(0.1, 40.0))
    net.record(cells, "spikes")
    with forced("when due"):
        with gs.Simulator(net, backend="numpy", chunk_steps=1) as sim:
            before = sim._running.spikes._size
            sim.step(300)
            assert sim._running.spikes._size > before
            sim.save_checkpoint(tmp_path / "state.h5")
            sim.step(20)
            unbroken = outcome(sim)
        with gs.Simulator.load_checkpoint(net, tmp_path / "state.h5", backend="numpy", chunk_steps=1) as sim:
            sim.step(20)
            assert different_bits(unbroken, outcome(sim)) == []


def test_rewired_synapses_are_reported_and_undone(tmp_path):
    net = gs.Network()
    cells = net.population("cells", 30, gs.LIF(I_e=400.0), receptors=[gs.AMPA()], V=gs.Uniform(-70.0, -55.0))
    plasticity = [gs.STDP(A_plus=0.3, A_minus=0.3), gs.Rewiring(every=5.0, prune_below=0.8, weight=1.0)]
    delay = gs.Uniform(0.1, 3.0)
    net.connect(
        cells, cells, gs.FixedInDegree(5), receptor="AMPA", weight=1.0, w_max=2.0, delay=delay, plasticity=plasticity
    )
    name = next(iter(net.projections))
    with gs.Simulator(net, backend="numpy") as sim:
        first = sim.weights(name)
        sim.run(60.0)
        sim.save_checkpoint(tmp_path / "state.h5")
        sim.run(40.0)
        unbroken, done = sim.weights(name), sim.rewirings(name)
        assert done.created.sum() > 10
    with gs.Simulator.load_checkpoint(net, tmp_path / "state.h5", backend=cpu(3)) as sim:
        sim.run(40.0)
        for found, expected in ((sim.weights(name), unbroken), (sim.rewirings(name), done)):
            assert all(map(np.array_equal, found, expected))
        sim.reset()
        assert all(map(np.array_equal, sim.weights(name), first))


def rewarded(weights):
    """Neurons with dendrites, whose synapses learn when dopamine comes if weights are exact."""
    net = gs.Network()
    model = gs.Compartments(soma=gs.LIF(), dendrites={"apical": gs.Dendrite()})
    receptors = {"soma": [gs.AMPA()], "apical": [gs.AMPA(), gs.NMDA()]}
    cells = net.population("cells", 16, model, receptors=receptors, V={"soma": gs.Uniform(-70.0, -55.0)})
    reward = net.population("reward", 4, gs.PoissonSource(rate=100.0))
    noise = net.population("noise", 30, gs.PoissonSource(rate=200.0))
    rule = gs.DopamineSTDP(gs.STDP(0.1, 0.1), tau_eligibility=50.0, tau_dopamine=20.0, modulator=reward)
    learning = {"plasticity": rule} if weights == "exact" else {}
    weight, delay = gs.Uniform(1.0, 4.0), gs.Uniform(0.1, 2.0)
    net.connect(noise, cells, gs.FixedInDegree(10), receptor="AMPA", weight=weight, w_max=6.0, **learning)
    net.connect(cells, cells, gs.FixedInDegree(4), receptor="apical.NMDA", weight=weight, delay=delay)
    net.record(cells, "spikes")
    net.record(cells[:4], ["V", "V_apical"])
    return net


@pytest.mark.parametrize(
    ("weights", "precision"), [pytest.param("exact", "double", marks=pytest.mark.fuzz), ("compact", "single")]
)
def test_rewards_dendrites_and_compact_weights_go_on_in_another_trial(weights, precision, tmp_path):
    how = {"seed": 4, "weights": weights, "precision": precision}
    name = next(iter(rewarded(weights).projections))
    with forced("slices"), gs.Simulator(rewarded(weights), backend="numpy", **how) as sim:
        sim.run(10.0)
        first = sim.weights(name).weight
        sim.reset(trial=2)
        if weights == "compact":
            sim.set_weights(name, first[::-1])
        sim.run(30.0)
        sim.save_checkpoint(tmp_path / "state.h5")
        sim.run(30.0)
        unbroken = outcome(sim)
        assert np.count_nonzero(sim.weights(name).weight != first) > 50
    with gs.Simulator.load_checkpoint(rewarded(weights), tmp_path / "state.h5", backend="numpy") as sim:
        sim.run(30.0)
        assert different_bits(unbroken, outcome(sim)) == []
        sim.reset(trial=0)
        sim.run(10.0)
        assert np.array_equal(sim.weights(name).weight, first)


def test_everything_that_can_be_set_is_saved():
    """Whoever adds a stimulus that `sim.set` changes adds it to `gpusyn.simulation.checkpoint_inputs`, and here."""
    with simulator("numpy") as sim:
        kinds = set(inputs_in_force(sim._running.access))
    assert kinds == {"parameters", "injections", "clamps", "couplings", "drives", "rates", "times", "draws"}
    assert {kind.__name__ for kind in OF_STIMULUS} == {"Injection", "Clamp", "Coupling", "Drive"}
    assert set(OF_SOURCE.values()) == {"rate", "times"}


def in_force(sim):
    """All inputs and some parameters, as texts."""
    inputs = [sim.get(name) for name in (*sim.net.injections, *sim.net.clamps)]
    drives = [sim.get(name, variable) for name in sim.net.drives for variable in ("rate", "weight")]
    asked = (("noise", "rate"), ("E", "I_e"), ("E", "C_m"), ("E", "E_L"))
    return [repr(x) for x in (*inputs, *drives, *(sim.get(name, variable).tolist() for name, variable in asked))]


@pytest.mark.parametrize("forgotten", ["", "injections", "clamps", "drives", "rates", "parameters", "draws"])
def test_everything_that_was_set_stays(forgotten, tmp_path, monkeypatch):
    def finish(sim):
        found = in_force(sim)
        sim.set("E", "V", gs.Uniform(-60.0, -50.0))
        sim.step(60)
        return found, outcome(sim)

    def most(*parts):
        found = inputs_in_force(*parts)
        return found | {forgotten: {}} if forgotten else found

    monkeypatch.setattr(checkpoint, "inputs_in_force", most)
    with simulator("numpy") as sim:
        sim.step(50)
        sim.set("E", "V", gs.Uniform(-60.0, -50.0))
        change_inputs(sim)
        change_parameters(sim)
        sim.set(next(iter(sim.net.drives)), weight=0.25)
        sim.step(3)
        sim.save_checkpoint(tmp_path / "state.h5")
        set_before, unbroken = finish(sim)
    with gs.Simulator.load_checkpoint(describe(), tmp_path / "state.h5", backend="numpy") as sim:
        set_now, found = finish(sim)
    assert (set_now == set_before) == (forgotten in ("", "draws"))
    assert (different_bits(unbroken, found) == []) == (forgotten == "")


# ---- while it runs ----
def test_checkpoints_are_saved_during_a_run_and_at_its_end(tmp_path, monkeypatch):
    saved = []
    write = checkpoint_methods.write_checkpoint
    monkeypatch.setattr(
        checkpoint_methods,
        "write_checkpoint",
        lambda path, content: saved.append(content["simulation"]["step"]) or write(path, content),
    )
    path = tmp_path / "state.h5"
    with simulator("numpy") as sim:
        sim.run(1.0, checkpoint=path, checkpoint_every=0.4)
        sim.run(0.8, checkpoint=str(path), checkpoint_every=0.4)
        sim.run(0.2, checkpoint=path)
        assert saved == [4, 8, 10, 14, 18, 20]
        assert different_bits(undisturbed(20), outcome(sim)) == []
    with gs.Simulator.load_checkpoint(describe(), path, backend="numpy") as sim:
        assert sim.time == 2.0


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ({"checkpoint_every": 1.0}, ArgumentError, "checkpoint_every: is given without a file"),
        ({"checkpoint": 3}, ArgumentError, r"run\(\).checkpoint"),
        ({"checkpoint": "state.npz"}, FileError, r"must end in \.h5"),
        ({"checkpoint": "state.h5", "checkpoint_every": 0.15}, ParameterError, r"checkpoint_every: must be a multiple"),
        ({"checkpoint": "state.h5", "checkpoint_every": 0.0}, ParameterError, r"checkpoint_every: must be at least"),
        ({"checkpoint": "nowhere/state.h5"}, FileError, "there is no directory"),
    ],
)
def test_a_run_is_refused_before_its_first_step(how, error, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with simulator("numpy") as sim:
        with pytest.raises(error, match=words):
            sim.run(1.0, **how)
        assert sim.time == 0.0
    assert list(tmp_path.iterdir()) == []


def test_a_closed_simulator_saves_no_checkpoint(tmp_path):
    sim = simulator("numpy")
    sim.close()
    with pytest.raises(SimulationError, match="closed"):
        sim.save_checkpoint(tmp_path / "state.h5")


# ---- which network ----
@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A checkpoint of the small network."""
    path = tmp_path_factory.mktemp("saved") / "state.h5"
    with simulator("numpy", trial=3) as sim:
        sim.step(20)
        sim.save_checkpoint(path)
    return path


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"dt": 0.2}, r"\.dt: the simulation of .*state\.h5 has dt = 0\.1 \(got 0\.2\)"),
        ({"seed": 6}, r"\.seed: .* has seed = 5 \(got 6\)"),
        ({"trial": 0}, r"\.trial: .* has trial = 3 \(got 0\)"),
        ({"precision": "double"}, r"\.precision: .* has precision = single \(got double\)"),
        ({"weights": "compact"}, r"\.weights: .* has weights = exact \(got compact\)"),
    ],
)
def test_another_simulation_is_refused_by_what_differs(wanted, words, saved):
    with pytest.raises(ParameterError, match=words):
        gs.Simulator.load_checkpoint(describe(), saved, backend="numpy", **wanted)


def test_the_simulation_that_is_wanted_goes_on(saved):
    wanted = {"dt": 0.1, "seed": 5, "trial": 3, "precision": "single", "weights": "exact"}
    with gs.Simulator.load_checkpoint(describe(), saved, backend="numpy", **wanted) as sim:
        assert sim.time == 2.0


def one_cell(**changed):
    given = {"size": 3, "C_m": 200.0, "tau": 2.0, "weight": 1.0, "rate": 10.0, "every": 0.1, "ids": [0, 1]} | changed
    net = gs.Network()
    ampa = gs.AMPA(tau_decay=given["tau"])
    cell = net.population("E", given["size"], gs.LIF(C_m=given["C_m"]), receptors=[ampa])
    net.connect(cell[given["ids"]], cell, gs.AllToAll(), receptor="AMPA", weight=given["weight"], name="c")
    net.drive(cell, "AMPA", rate=given["rate"], weight=0.1, name="d")
    net.record(cell, "V", every=given["every"], name="V")
    return net


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"size": 4}, "population 'E', size: 3 in the checkpoint, 4 now"),
        ({"C_m": 210.0}, r"population 'E', model\.C_m: 200\.0 in the checkpoint, 210\.0 now"),
        ({"C_m": [1e2, 2e2, 3e2]}, r"model\.C_m: 200\.0 in the checkpoint, 3 values from 100 to 300, digest"),
        ({"tau": 3.0}, r"population 'E', receptors\.AMPA\.kinetics\.tau: 2\.0 in the checkpoint, 3\.0 now"),
        ({"weight": 2.0}, r"projection 'c', weights\.AMPA: 1\.0 in the checkpoint, 2\.0 now"),
        ({"weight": gs.Uniform(0.0, 1.0)}, r"projection 'c', weights\.AMPA: 1\.0 in the checkpoint, Uniform now"),
        ({"ids": [0, 2]}, r"projection 'c', pre: E\[0:2\] in the checkpoint, E\[0:3:2\]"),
        ({"rate": gs.Waveform([0.0], [10.0])}, r"drive 'd', rate: 10\.0 in the checkpoint, Waveform now"),
        ({"every": 0.2}, r"recorder 'V', every: 0\.1 in the checkpoint, 0\.2 now"),
    ],
)
def test_another_network_is_refused_by_what_differs(changed, words, tmp_path):
    with gs.Simulator(one_cell(), backend="numpy") as sim:
        sim.save_checkpoint(tmp_path / "state.h5")
    with pytest.raises(ParameterError, match=words):
        gs.Simulator.load_checkpoint(one_cell(**changed), tmp_path / "state.h5", backend="numpy")


def test_a_message_names_three_differences():
    found = differences(described(one_cell()), described(describe()))
    assert found.startswith("populations: E in the checkpoint, E, noise now; population 'E', size: 3")
    assert found.count(" now") == 3 + found[found.index("(and") :].count(" now")
    assert "more differences)" in found


@pytest.mark.parametrize("seed", SEEDS)
def test_a_simulation_does_not_change_the_description(seed):
    case = seeded_case(seed, STEPS)
    before = described(case.net)
    assert len(before) > 30
    with gs.Simulator(case.net, dt=case.dt, seed=case.seed, precision=case.precision, backend="numpy") as sim:
        sim.step(5)
        assert described(sim._compiled.layout.net) == described(case.net) == before
    assert not any(" at 0x" in value for value in before.values())
    assert described(seeded_case(seed, STEPS).net) == before


def test_parts_of_the_users_own_are_described():
    def network(first):
        own = gs.Normal(1.0, 0.1, low=0.0)
        object.__setattr__(own, "function", functools.partial(max, first, key=abs))
        object.__setattr__(own, "many", list(range(50)))
        object.__setattr__(own, "itself", own)
        return described(one_cell(weight=own))

    assert network(1) == network(1)
    where = "projection 'c', weights.AMPA.function.args[0]"
    assert differences(network(1), network(2)).startswith(f"{where}: 1 in the checkpoint, 2 now; ")
    assert "50 entries, digest" in network(1)["projection 'c', weights.AMPA.many"]


def test_every_field_of_a_projection_is_described():
    net = describe()
    projection = next(iter(net.projections.values()))
    text = described(net)
    for field in dataclasses.fields(projection):
        assert field.name == "name" or any(f", {field.name}" in name for name in text), field.name
