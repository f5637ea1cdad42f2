"""Currents that fluctuate: their moments, what they make of V, their independence, and every way to interrupt them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.numerics.rng import StreamPurpose, stream_key
from tests.helpers.long_checks import every
from tests.helpers.runs import backend_named, change_inputs, cpu, differences, emulated, outcome
from tests.helpers.tolerances import assert_close, assert_traces
from tests.helpers.validation.lab import fastest

scipy_stats = pytest.importorskip("scipy.stats")
special = pytest.importorskip("scipy.special")

DT, SEED = 0.1, 11
CELL = {"C_m": 200.0, "g_L": 10.0, "E_L": 0.0, "V_th": 1e4, "V_reset": -10.0}
TAU_M, R = 20.0, 0.1  # ms; mV per pA
KEPT = np.exp(-DT / TAU_M)  # part of V that a step leaves
MOST_ERRORS = 4.0  # standard errors between a mean over neurons and what it should be


def passive(n, *noises, **options):
    """Passive cells with some noises, V of all of which is recorded; with E_L = 0, V has all its digits."""
    net = gs.Network()
    cells = net.population("cells", n, gs.LIF(**CELL))
    for k, noise in enumerate(noises):
        net.inject(cells, noise, name=f"noise {k}", **options)
    net.record(cells, "V", name="V")
    return net


def simulator(net, backend="numpy", precision="double", **options):
    return gs.Simulator(net, dt=DT, seed=SEED, backend=backend, precision=precision, **options)


def potentials(net, steps, **options):
    """V at the end of each step, one column per cell."""
    with simulator(net, **options) as sim:
        sim.step(steps)
        return np.array(sim.data["V"]["V"], np.float64)


def currents(V):
    """The current of each step (pA), from which V of a passive cell followed."""
    before = np.vstack([np.zeros(V.shape[1]), V[:-1]])
    return (V - KEPT * before) / (R * (1.0 - KEPT))


def assert_mean(of_neurons, expected, largest_error):
    """Compare a mean over neurons with what is expected, of which its standard error may be no larger than a part."""
    error = of_neurons.std(ddof=1) / np.sqrt(len(of_neurons))
    assert error < largest_error * abs(expected)
    assert abs(of_neurons.mean() - expected) < MOST_ERRORS * error


# ---- the currents ----
def plain(name, n, steps, *, every=1, tau=None, first=0):
    """Standard normal numbers x of white noise or, with `tau`, of the other kind, by scipy's quantile: (steps, n)."""
    key = stream_key(SEED, StreamPurpose.CURRENT_NOISE, f"{name}\0cells")
    found, x = np.zeros((steps, n)), np.zeros(n)
    for step in range(first, steps):
        if (step - first) % every == 0:
            four = np.array([_philox(key, i // 4, step)[i % 4] for i in range(n)])
            fresh = special.ndtri((four + 0.5) / 2.0**32)
            a = np.exp(-DT / tau) if tau and step > first else 0.0
            x = a * x + np.sqrt(1.0 - a * a) * fresh
        found[step] = x
    return found


def _philox(key, four, step):
    """Return the words of Philox4x32-10 (Salmon et al. 2011), with Python's integers."""
    k, c = [key & 0xFFFFFFFF, key >> 32], [four, step, 0, 0]
    for _ in range(10):
        p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [q >> 32 ^ c[1] ^ k[0], q & 0xFFFFFFFF, p >> 32 ^ c[3] ^ k[1], p & 0xFFFFFFFF]
        k = [k[0] + 0x9E3779B9 & 0xFFFFFFFF, k[1] + 0xBB67AE85 & 0xFFFFFFFF]
    return c


@pytest.mark.parametrize("precision", ["single", "double"])
def test_currents_are_those_of_a_plain_recursion(precision):
    """The words are numbered by neuron and step, so an independent quantile and recursion give the same currents."""
    std, tau = np.linspace(10.0, 80.0, 7), np.linspace(0.05, 30.0, 7)
    net = passive(7, gs.WhiteNoise(mean=30.0, std=50.0, dt=0.3), gs.OrnsteinUhlenbeck(std=std, tau=tau))
    V = potentials(net, 60, precision=precision)
    x = [plain("noise 0", 7, 60, every=3)]
    x.append(np.column_stack([plain("noise 1", 7, 60, tau=t)[:, k] for k, t in enumerate(tau)]))
    expected, I = np.zeros_like(V), 30.0 + 50.0 * x[0] + std * x[1]
    for step in range(60):
        expected[step] = KEPT * (expected[step - 1] if step else 0.0) + R * (1.0 - KEPT) * I[step]
    assert_traces(V, expected, "current-based" if precision == "single" else "formula", precision)


def test_white_noise_comes_in_pieces_of_its_own_duration():
    I = currents(potentials(passive(400, gs.WhiteNoise(mean=40.0, std=25.0, dt=1.0)), 200)).reshape(20, 10, 400)
    assert_close(I, np.broadcast_to(I[:, :1], I.shape), "integrated")
    pieces = I[:, 0]
    assert scipy_stats.kstest((pieces.ravel() - 40.0) / 25.0, "norm").pvalue > 1e-3
    assert_mean((pieces**2).mean(axis=0), 40.0**2 + 25.0**2, 0.02)
    assert abs(np.corrcoef(pieces[:-1].ravel(), pieces[1:].ravel())[0, 1]) < MOST_ERRORS / np.sqrt(19 * 400)


def test_a_piece_may_be_one_step():
    I = currents(potentials(passive(400, gs.WhiteNoise(std=25.0, dt=DT)), 50))
    assert abs(np.corrcoef(I[:-1].ravel(), I[1:].ravel())[0, 1]) < MOST_ERRORS / np.sqrt(49 * 400)


def test_an_ornstein_uhlenbeck_process_is_stationary_from_the_start():
    I = currents(potentials(passive(3000, gs.OrnsteinUhlenbeck(mean=15.0, std=50.0, tau=3.0)), 61))
    for step in (0, 1, 7, 60):
        assert scipy_stats.kstest((I[step] - 15.0) / 50.0, "norm").pvalue > 1e-3
    for lag in (1, 10, 30, 60):
        assert_mean((I[0] - 15.0) * (I[lag] - 15.0) / 50.0**2, np.exp(-lag * DT / 3.0), 0.3)
    assert_mean((I[1:] - I[:-1]).var(axis=0), 2.0 * 50.0**2 * (1.0 - np.exp(-DT / 3.0)), 0.01)


@pytest.mark.parametrize("precision", ["single", "double"])
def test_a_slow_process_keeps_its_standard_deviation(precision):
    """In single precision, a decay of 1 in 10^6 per step is kept as what is lost, which has all its digits."""
    net = passive(2, gs.OrnsteinUhlenbeck(std=1.0, tau=1e6 * DT))
    with simulator(net, precision=precision) as sim:
        lost, fresh, _, _ = sim._session.read("gather_currents.g0.noise_coef").astype(np.float64)
    assert_close([lost, fresh**2], [1e-6 - 0.5e-12, 2e-6 - 2e-12], "formula", precision)


def test_noise_flows_within_its_window():
    start, stop = 0.7, 2.2
    for noise in (gs.WhiteNoise(mean=5.0, std=25.0, dt=0.4), gs.OrnsteinUhlenbeck(mean=5.0, std=25.0, tau=2.0)):
        V = potentials(passive(300, noise, start=start, stop=stop), 40)
        assert not V[:7].any()
        I = currents(V)
        assert abs(I[22:]).max() < 1e-9
        assert_mean(((I[7:22] - 5.0) ** 2).mean(axis=0), 25.0**2, 0.08)
    pieces = currents(potentials(passive(3, gs.WhiteNoise(std=25.0, dt=0.4), start=start), 40))
    changed = [step for step in range(1, 40) if abs(pieces[step] - pieces[step - 1]).max() > 1e-6]
    assert changed == list(range(7, 40, 4))


# ---- what they make of V: closed forms ----
SETTLED, SAMPLED = 1000, 4000  # steps


def variances(noise, n=400):
    """The mean square of V of each cell once it has settled, around the mean that the noise gives."""
    V = potentials(passive(n, noise), SETTLED + SAMPLED, backend=fastest())[SETTLED:] - R * float(noise.mean)
    return (V**2).mean(axis=0)


@pytest.mark.parametrize("held", every(3, [10, 1, 200]))
def test_white_noise_through_a_membrane(held):
    """Var V = R^2 std^2 (1 - a)/(1 + a) at the end of pieces, a = exp(-dt/tau_m), and what follows between them."""
    noise = gs.WhiteNoise(mean=100.0, std=200.0, dt=held * DT)
    a, b = KEPT**held, KEPT ** np.arange(1, held + 1)
    expected = (R * 200.0) ** 2 * (b**2 * (1.0 - a) / (1.0 + a) + (1.0 - b) ** 2).mean()
    assert_mean(variances(noise), expected, 0.02)


@pytest.mark.parametrize("tau", every(3, [5.0, 0.1, 40.0]))
def test_an_ornstein_uhlenbeck_process_through_a_membrane(tau):
    """Var V = R^2 std^2 tau/(tau + tau_m), with what is left of it if the current is held during each step."""
    c = np.exp(-DT / tau)
    expected = (R * 50.0) ** 2 * (1.0 - KEPT) / (1.0 + KEPT) * (1.0 + KEPT * c) / (1.0 - KEPT * c)
    assert_mean(variances(gs.OrnsteinUhlenbeck(mean=-30.0, std=50.0, tau=tau)), expected, 0.04)
    if tau > 10 * DT:
        assert expected == pytest.approx((R * 50.0) ** 2 * tau / (tau + TAU_M), rel=0.02)


# ---- independence ----
def correlation(one, other):
    """The correlation of two sets of numbers, in its standard errors if they are independent."""
    return abs(np.corrcoef(np.ravel(one), np.ravel(other))[0, 1]) * np.sqrt(np.size(one))


NOISES = {"white": gs.WhiteNoise(std=50.0, dt=DT), "slow": gs.OrnsteinUhlenbeck(std=50.0, tau=0.01)}


@pytest.mark.parametrize("kind", NOISES)
def test_neurons_injections_populations_and_trials_have_noise_of_their_own(kind):
    def run(*, name="one", populations=("cells",), trial=0, seed=SEED):
        net = gs.Network()
        made = [net.population(p, 200, gs.LIF(**CELL)) for p in populations]
        net.inject(sum(made[1:], made[0]), NOISES[kind], name=name)
        net.record(sum(made[1:], made[0]), "V", name="V")
        with gs.Simulator(net, dt=DT, seed=seed, trial=trial, precision="double", backend="numpy") as sim:
            sim.step(50)
            return currents(sim.data["V"]["V"])

    first = run()
    assert np.array_equal(first, run())
    assert correlation(first[:, 1:], first[:, :-1]) < MOST_ERRORS  # words of one call
    assert correlation(first[:, 4:], first[:, :-4]) < MOST_ERRORS
    for other in (run(name="other"), run(trial=1), run(seed=SEED + 1), run(populations=("others",))):
        assert correlation(first, other) < MOST_ERRORS
    both = run(populations=("cells", "more"))
    assert np.allclose(both[:, :200], first, rtol=0.0, atol=1e-9)  # another population changes nothing
    assert correlation(both[:, :200], both[:, 200:]) < MOST_ERRORS


def test_noises_into_a_neuron_add_up():
    noises = [gs.WhiteNoise(std=30.0), gs.WhiteNoise(std=40.0)]
    V = potentials(passive(500, *noises), 10)
    assert_mean((currents(V)[0]) ** 2, 50.0**2, 0.08)
    one, other = (x * n.std for x, n in zip((plain(f"noise {k}", 500, 1) for k in range(2)), noises, strict=True))
    assert_traces(currents(V)[0], (one + other)[0], "integrated")


def test_a_reset_begins_a_trial():
    net = passive(20, *NOISES.values())
    fresh = [potentials(net, 30, trial=trial) for trial in (0, 3)]
    with simulator(net) as sim:
        sim.step(25)
        for trial, expected in ((3, fresh[1]), (None, fresh[1]), (0, fresh[0])):
            sim.reset(trial=trial) if trial is not None else sim.reset()
            sim.step(30)
            assert sim.data["V"]["V"].tobytes() == expected.tobytes()


# ---- with everything else ----
def busy():
    """Noises of both kinds beside other inputs, into parts of populations and into dendrites, in two groups."""
    net = gs.Network()
    cells = net.population("cells", 150, gs.LIF(I_e=250.0), receptors=[gs.AMPA()], V=gs.Uniform(-70.0, -55.0))
    star = gs.Compartments(soma=gs.LIF(I_e=300.0), dendrites={"apical": gs.Dendrite(), "basal": gs.Dendrite()})
    stars = net.population("stars", 40, star, receptors={"apical": [gs.AMPA()]})
    masked = cells[np.arange(150) % 7 < 3]
    net.inject(cells + stars[3:], gs.WhiteNoise(mean=20.0, std=100.0, dt=0.5), name="white")
    net.inject(masked, gs.OrnsteinUhlenbeck(mean=np.linspace(-9.0, 9.0, masked.size), std=60.0, tau=2.0), name="masked")
    net.inject(cells[130:], gs.OrnsteinUhlenbeck(std=80.0, tau=5.0), start=1.0, stop=4.0, name="window")
    net.inject(stars, gs.OrnsteinUhlenbeck(std=90.0, tau=1.0), compartment="basal", name="basal")
    net.inject(cells[5:], gs.Waveform([1.0, 3.0], [200.0, -100.0]), name="wave")
    net.inject(cells[:99], 40.0, name="steady")
    net.clamp(cells[:9], -65.0)
    net.record(cells + stars, "spikes", name="spikes")
    net.record(cells, "V", name="V")
    net.record(stars, ["V", "V_apical", "V_basal"], name="traces")
    return net


def played(backend, precision="single", *, cuts=(), reset=False, changed=True, **options):
    """Everything that a busy network shows, in one run or in several."""
    with simulator(busy(), backend, precision, **options) as sim:
        if reset:
            sim.step(13)
            change_inputs(sim)
            sim.step(4)
            sim.reset()
        for begin, end in itertools.pairwise((0, *cuts, 40)):
            sim.step(end - begin)
        if changed:
            change_inputs(sim)
            sim.step(20)
        return outcome(sim)


@pytest.mark.parametrize("precision", every(2, ["single", "double"]))
def test_the_same_bits_everywhere_and_in_any_split(precision):
    expected = played("numpy", precision)
    assert len(expected["spikes ids"]) > 50
    assert differences(expected, played("numpy", precision, cuts=(1, 7, 8, 33), reset=True)) == []
    for threads in (1, 2, 3):
        assert differences(expected, played(cpu(threads), precision, cuts=(11,), chunk_steps=7)) == []


@pytest.mark.parametrize(("block", "precision"), [pytest.param(32, "single", marks=pytest.mark.fuzz), (128, "double")])
def test_the_same_bits_on_emulated_kernels(block, precision):
    found = played(emulated(block), precision, cuts=(5,), reset=True)
    assert differences(played("numpy", precision), found) == []


@pytest.mark.parametrize("backend", every(2, ["cpu", "numpy"]))
def test_a_checkpoint_goes_on(backend, tmp_path):
    for changed in (False, True):
        with simulator(busy(), backend_named(backend), "single", trial=2) as sim:
            sim.step(33)
            if changed:
                change_inputs(sim)
            sim.save_checkpoint(tmp_path / "state.h5")
            in_force = [repr(sim.get(name)) for name in sim.net.injections]
            sim.step(30)
            unbroken = outcome(sim)
        with gs.Simulator.load_checkpoint(busy(), tmp_path / "state.h5", backend=backend_named(backend)) as sim:
            assert [repr(sim.get(name)) for name in sim.net.injections] == in_force
            sim.step(30)
            assert differences(unbroken, outcome(sim)) == []


def test_a_checkpoint_belongs_to_its_noise(tmp_path):
    with simulator(passive(3, gs.WhiteNoise(std=50.0))) as sim:
        sim.save_checkpoint(tmp_path / "state.h5")
    for other in (gs.WhiteNoise(std=60.0), gs.WhiteNoise(std=50.0, dt=0.2), gs.OrnsteinUhlenbeck(std=50.0, tau=1.0)):
        with pytest.raises(gs.GpusynError, match="injection 'noise 0', current"):
            gs.Simulator.load_checkpoint(passive(3, other), tmp_path / "state.h5", backend="numpy")


def test_a_clamp_wins():
    net = passive(5, gs.WhiteNoise(std=500.0))
    net.clamp(net.populations["cells"][2:4], -30.0)
    V = potentials(net, 20)
    assert (V[:, 2:4] == -30.0).all()
    assert (V[:, [0, 1, 4]] != -30.0).all()


def test_constant_currents_are_set_beside_noise():
    """What is constant in a group with noise is set as anywhere, for the soma and for all others."""
    net = passive(6, gs.WhiteNoise(std=50.0))
    net.inject("cells", 0.0, name="steady")
    with simulator(net) as sim:
        sim.step(10)
        sim.set("cells", "I_e", 70.0)
        sim.set("steady", np.linspace(0.0, 50.0, 6))
        sim.step(10)
        I = currents(np.array(sim.data["V"]["V"]))
    x = plain("noise 0", 6, 20, every=10)
    assert_traces(I[10:], 50.0 * x[10:] + 70.0 + np.linspace(0.0, 50.0, 6), "integrated")


# ---- set between runs ----
def test_a_set_changes_what_follows():
    """The numbers x go on: mean and std change at once, and a kind may take the place of the other."""
    net = passive(4, gs.WhiteNoise(std=50.0, dt=0.4))
    with simulator(net) as sim:
        sim.step(6)
        sim.set("noise 0", gs.WhiteNoise(mean=[1.0, 2.0, 3.0, 4.0], std=20.0, dt=0.4))
        assert sim.get("noise 0").std == 20.0
        sim.step(2)
        sim.set("noise 0", gs.OrnsteinUhlenbeck(std=30.0, tau=2.0))
        sim.step(1)
        I = currents(np.array(sim.data["V"]["V"]))
        sim.reset()
        assert sim.get("noise 0").std == 50.0
    x = plain("noise 0", 4, 12, every=4)
    assert_traces(I[:6], 50.0 * x[:6], "integrated")
    assert_traces(I[6:8], np.arange(1.0, 5.0) + 20.0 * x[6:8], "integrated")
    a, fresh = np.exp(-DT / 2.0), plain("noise 0", 4, 9)[8]
    assert_traces(I[8], 30.0 * (a * x[7] + np.sqrt(1.0 - a * a) * fresh), "integrated")


WRONG_SETS = {
    "a number": (lambda sim: sim.set("noise 0", 300.0), ["was described as WhiteNoise", "got 300.0", "std=0.0"]),
    "a waveform": (lambda sim: sim.set("noise 0", gs.Waveform([0.0], [1.0])), ["gs.OrnsteinUhlenbeck", "got Waveform"]),
    "noise": (lambda sim: sim.set("steady", gs.WhiteNoise(std=1.0)), ["was not described as noise", "std=0.0"]),
    "too many": (
        lambda sim: sim.set("noise 0", gs.WhiteNoise(std=[1.0, 2.0])),
        ["WhiteNoise.std has 2 values", "of 3"],
    ),
    "off the grid": (lambda sim: sim.set("noise 0", gs.WhiteNoise(std=1.0, dt=0.25)), ["WhiteNoise.dt", "0.2 and 0.3"]),
}


@pytest.mark.parametrize("wrong", WRONG_SETS)
def test_a_wrong_set_changes_nothing(wrong):
    net = passive(3, gs.WhiteNoise(std=50.0))
    net.inject("cells", 10.0, name="steady")
    expected = potentials(net, 20)
    act, words = WRONG_SETS[wrong]
    with simulator(net) as sim:
        sim.step(7)
        with pytest.raises(gs.ParameterError) as raised:
            act(sim)
        for word in ("Simulator.set('", *words):
            assert word in str(raised.value)
        sim.step(13)
        assert np.array_equal(sim.data["V"]["V"], expected)


# ---- descriptions ----
@pytest.mark.parametrize("where", ["plan", "Simulator"])
def test_a_piece_is_a_whole_number_of_steps(where):
    net = passive(3, gs.WhiteNoise(std=50.0, dt=0.25))
    with pytest.raises(gs.ParameterError, match=r"Injection 'noise 0'\.current: WhiteNoise\.dt: .*0\.2 and 0\.3"):
        gs.plan(net, dt=DT) if where == "plan" else simulator(net)


def test_a_network_without_noise_gathers_nothing():
    quiet, noisy = passive(3), passive(3, gs.WhiteNoise(std=50.0))
    for net, kernels in ((quiet, set()), (noisy, {"gather_currents"})):
        with simulator(net) as sim:
            launched = {launch.kernel for launch in sim._compiled.program.launches}
            assert launched - {"advance_neurons", "deliver_spikes"} == kernels
