"""Short-term plasticity whose releases are active before they recover: closed forms, and the same bits."""

import dataclasses
import functools

import numpy as np
import pytest
from scipy.linalg import expm

import gpusyn as gs
from gpusyn.equations.short_term import ActiveReleaseCoefficients, ReleaseCoefficients
from gpusyn.errors import ParameterError
from gpusyn.kernels.signature import ReleaseSignature
from tests.helpers.long_checks import every
from tests.helpers.networks import keep
from tests.helpers.runs import cpu, differences, emulated, outcome

DT = 0.1
TIMES = (1.0, 3.0, 3.5, 9.0, 9.0, 30.0, 31.0)  # ms, two events in one step
LIMIT = {"single": 3e-6, "double": 1e-13}
#: U, tau_rec, tau_facil and tau_psc (ms): NEST's, active for longer than empty, equal and almost equal constants.
FORMS = [(0.5, 80.0, 20.0, 3.0), (0.5, 800.0, 0.0, 3.0), (0.3, 3.0, 5.0, 30.0), (1.0, 10.0, 4.0, 10.0),
         (0.7, 10.0, 4.0, 10.001), (0.0, 10.0, 4.0, 3.0), (0.5, 1e-3, 0.0, 20.0), (0.5, 20.0, 2.0, 1e-3)]  # fmt: skip


def solved(U, tau_rec, tau_facil, tau_psc, times=TIMES, until=None):
    """What the events of each step release, and u, x and y at `until`: x and y solve a linear system between events."""
    rates = np.array([[-1 / tau_rec, -1 / tau_rec, 1 / tau_rec], [0.0, -1 / tau_psc, 0.0], [0.0, 0.0, 0.0]])
    u, state, last, found = 0.0, np.array([1.0, 0.0, 1.0]), times[0], {}
    for t in times:
        state = expm(rates * (t - last)) @ state
        u = U + (1.0 - U) * (u * np.exp((last - t) / tau_facil) if tau_facil else 0.0)
        found[t] = found.get(t, 0.0) + u * state[0]
        state, last = state + u * state[0] * np.array([-1.0, 1.0, 0.0]), t
    passed = 0.0 if until is None else until - last
    x, y, _ = expm(rates * passed) @ state
    return np.array([*found.values()]), [u * np.exp(-passed / tau_facil) if tau_facil else u * (passed == 0), x, y]


def described(forms, times=TIMES):
    """One source; each form has a synapse, onto a cell of its own, whose current decays at once."""
    net = gs.Network()
    source = net.population("source", 1, gs.SpikeSource([list(times)]))
    cells = net.population("cells", len(forms), gs.LIF(), receptors=[gs.CurrentReceptor("ex", tau=1e-3)])
    for k, plasticity in enumerate(forms):
        options = {"receptor": "ex", "weight": 1.0, "delay": DT, "plasticity": plasticity}
        net.connect(source, cells[k : k + 1], gs.OneToOne(), name=f"p{k}", **options)
    net.record(cells, "I_ex", every=DT, name="I")
    return net


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("own", [False, True], ids=["of sources", "of synapses"])
def test_spikes_release_what_the_equations_say(own, precision):
    net = described([gs.TsodyksMarkram(*([[p] for p in form] if own else form)) for form in FORMS])
    until = TIMES[-1] + 4.0
    with gs.Simulator(net, dt=DT, backend="numpy", precision=precision) as sim:
        sim.run(until)
        for k, form in enumerate(FORMS):
            released, state = solved(*form, until=until)
            found = -np.asarray(sim.data["I"]["I_ex"])[[round(t / DT) for t in sorted(set(TIMES))], k]
            np.testing.assert_allclose(found, released, rtol=0, atol=LIMIT[precision], err_msg=str(form))
            now = [sim.get(f"p{k}", variable)[0] for variable in "uxy"]
            np.testing.assert_allclose(now, state, rtol=0, atol=LIMIT[precision], err_msg=str(form))
    worse = solved(*FORMS[0])[0], solved(*FORMS[0][:3], FORMS[0][3] * 1.01)[0]  # an error of 1 % would be seen
    assert np.abs(worse[0] - worse[1]).max() > 10 * LIMIT["single"]


FIXED, DRAWN = (0.5, 80.0, 20.0), (gs.Uniform(0.1, 0.9), gs.LogNormal(8.0, 2.0), gs.Uniform(0.0, 9.0))


def every_form(active=True):
    """Sources that release several times in a step, by several forms, of which some have no y."""
    net = gs.Network()
    cells = net.population("c", 20, gs.LIF(I_e=gs.Normal(200.0, 30.0)), receptors=[gs.AMPA(), gs.GABA_A()])
    inputs = net.population("s", 9, gs.PoissonSource(rate=np.linspace(20.0, 20_000.0, 9)))
    contact, late = {"AMPA": gs.Uniform(0.0, 0.8), "GABA_A": gs.Ratio("AMPA", 0.2)}, gs.Uniform(0.1, 2.0)
    plain = {"plain": gs.TsodyksMarkram(*FIXED), "each plain": gs.TsodyksMarkram(*DRAWN)}
    more = {
        "active": gs.TsodyksMarkram(*FIXED, tau_psc=4.0),
        "equal": gs.TsodyksMarkram(*FIXED, tau_psc=FIXED[1]),
        "each": gs.TsodyksMarkram(*DRAWN, tau_psc=3.0),
        "each drawn": gs.TsodyksMarkram(*FIXED, tau_psc=gs.Uniform(1.0, 200.0)),
    }
    for name, plasticity in (plain | (more if active else {})).items():
        options = {"weight": contact, "delay": late, "plasticity": plasticity, "name": name}
        net.connect(inputs + cells, cells, gs.FixedInDegree(4), **options)
        net.record(name, [*plasticity.variables], every=7 * DT, name=f"of {name}")
    net.record(cells, "spikes", name="spikes")
    net.record(cells, ["V", "g_AMPA"], every=DT, name="state")
    return net


def run(backend, precision="single", cuts=(), net=None, trial=None):
    with gs.Simulator(net or every_form(), dt=DT, seed=3, backend=backend, precision=precision) as sim:
        if trial is not None:
            sim.step(50)
            sim.reset(trial=trial)
        for stop in (*cuts, 200):
            sim.step(stop - round(sim.time / DT))
        return outcome(sim)


@functools.cache
def by_numpy(precision):
    return run("numpy", precision)


def test_other_projections_keep_their_bits():
    """Kernels that know a y are others; in them, what is not active has the same bits as in those that do not."""
    alone = run("numpy", net=every_form(active=False))
    beside = every_form(active=False)
    idle = beside.population("idle", 2, gs.SpikeSource([[1.0], []]))
    cells = beside.populations["c"]
    for plasticity in (gs.TsodyksMarkram(tau_psc=4.0), gs.TsodyksMarkram(gs.Uniform(0.1, 0.9), tau_psc=4.0)):
        beside.connect(idle, cells, gs.AllToAll(), receptor="AMPA", weight=0.0, plasticity=plasticity)
    for backend in ("numpy", cpu(2)):
        found = run(backend, net=beside)
        assert differences(alone, {name: found[name] for name in alone}) == []


@pytest.mark.parametrize("threads", every(3, [3, 2, 1]))
def test_any_number_of_threads_gives_the_same_bits(threads):
    precision = "double" if threads == 2 else "single"
    assert differences(by_numpy(precision), run(cpu(threads), precision, cuts=(1, 77))) == []


@pytest.mark.parametrize("block, precision", [(96, "double"), pytest.param(32, "single", marks=pytest.mark.fuzz)])
def test_emulated_kernels_give_the_same_bits(block, precision):
    assert differences(by_numpy(precision), run(emulated(block), precision, cuts=(33,))) == []


def test_a_reset_and_a_checkpoint_go_on_with_the_same_bits(tmp_path):
    expected = by_numpy("single")
    assert differences(expected, run(cpu(2), trial=0)) == []
    with gs.Simulator(every_form(), dt=DT, seed=3, backend="numpy") as sim:
        sim.step(90)
        sim.save_checkpoint(tmp_path / "kept.h5")
    with gs.Simulator.load_checkpoint(every_form(), tmp_path / "kept.h5", backend=cpu(3)) as sim:
        sim.step(110)
        assert differences(expected, outcome(sim)) == []
    other = every_form()
    active = gs.TsodyksMarkram(*FIXED, tau_psc=5.0)
    keep(other, dataclasses.replace(other.projections["active"], plasticity=(active,)))
    with pytest.raises(ParameterError, match=r"tau_psc"):
        gs.Simulator.load_checkpoint(other, tmp_path / "kept.h5", backend="numpy")


def test_kernels_know_a_y_where_there_is_one():
    for active in (False, True):
        with gs.Simulator(every_form(active), dt=DT, backend="numpy") as sim:
            launches = {one.kernel: one.signature for one in sim._compiled.program.launches}
        expected = ReleaseSignature(active=True) if active else None
        assert launches["advance_releases"] == launches["deliver_releases"] == expected


def test_a_plan_says_what_is_kept():
    plan = gs.plan(every_form(), dt=DT)
    text = plan.describe(details=True)
    assert "u, x and y of 87 sources" in text  # 9 inputs and 20 cells, for each of three forms
    assert "it has x, y, tau_psc, and u of its source" in text
    assert plan.specs["advance_releases.y"].size == plan.specs["advance_releases.x"].size
    without = gs.plan(every_form(active=False), dt=DT)
    assert without.specs["advance_releases.y"].size == without.specs["deliver_releases.y"].size == 1


def test_coefficients_begin_with_those_of_the_base():
    shorter, longer = ReleaseCoefficients._fields, ActiveReleaseCoefficients._fields
    assert longer[: len(shorter)] == shorter


def test_a_rule_says_whether_it_is_active_and_shared():
    rules = [gs.TsodyksMarkram(tau_psc=tau_psc) for tau_psc in (None, 3.0, [3.0], gs.Uniform(1.0, 2.0))]
    assert [(rule.active, rule.shared) for rule in rules] == [(False, True), (True, True), (True, False), (True, False)]
    assert [len(rule.variables) for rule in rules] == [2, 3, 3, 3]
    assert len(set(map(repr, rules))) == 4
