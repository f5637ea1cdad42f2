"""The laws of renewal processes: intervals and counts against theory, with the time grid taken into account."""

import functools
import itertools

import numpy as np
import pytest
from scipy import stats

import gpusyn as gs
from gpusyn.equations.renewals import most_renewals
from tests.helpers.long_checks import every

DT, RATE, N = 1.0, 50.0, 2000
MEAN = 1e3 / RATE  # ms
MODELS = {
    **{f"shape {k:g}": gs.GammaSource(RATE, k) for k in (0.2, 1.0, 3.0, 50.0)},
    **{f"dead {t:g}": gs.PoissonSource(RATE, dead_time=t) for t in (2.3, 5.0, 15.0)},
}


def law_of(model, stretched=1.0):
    """The law of the intervals (ms), and that of intervals of the same law drawn by their length."""
    if isinstance(model, gs.GammaSource):
        k = model.shape * stretched
        return stats.gamma(k, scale=MEAN / k)
    dead = model.dead_time * stretched
    return stats.expon(loc=dead, scale=MEAN - dead)


@functools.cache
def simulated(name, duration=1500.0):
    return recorded(MODELS[name], N, duration)


def recorded(model, n, duration, dt=DT, seed=11):
    net = gs.Network()
    net.record(net.population("sources", n, model), "spikes", name="spikes")
    with gs.Simulator(net, dt=dt, seed=seed, backend="numpy") as sim:
        sim.run(duration)
        return sim.data["spikes"]


@functools.cache
def first_intervals(name):
    """The interval after the first spike of each source (steps): longer ones are as often seen as shorter ones."""
    trains = simulated(name).trains()
    assert min(map(len, trains)) > 1
    return np.rint([(train[1] - train[0]) / DT for train in trains]).astype(int)


def on_grid(law, steps):
    """Probability that an interval has 0, 1, 2 ... steps, if it begins anywhere in a step; the last has all others."""
    grid = np.arange(-1, steps + 2) * DT
    density = np.linspace(0.0, grid[-1], 200 * (steps + 1) + 1)
    below = np.concatenate([[0.0], np.cumsum(0.5 * (law.cdf(density[1:]) + law.cdf(density[:-1])) * np.diff(density))])
    area = np.interp(grid, density, below, left=0.0)  # of the distribution function, up to each place
    found = np.diff(area, 2) / DT
    return np.append(found[:steps], 1.0 - found[:steps].sum())


def p_value(intervals, law):
    """Of a chi-square test, with neighbouring intervals together where few are expected."""
    steps = int(law.ppf(0.999) / DT) + 2
    wanted = on_grid(law, steps) * len(intervals)
    counts = np.bincount(np.minimum(intervals, steps), minlength=steps + 1)
    bins = np.unique(np.floor((np.cumsum(wanted) - wanted) / 100.0), return_inverse=True)[1]
    return stats.chisquare(np.bincount(bins, counts), np.bincount(bins, wanted)).pvalue


@pytest.mark.parametrize("name", every(3, MODELS))
def test_intervals_have_their_law(name):
    intervals, model = first_intervals(name), MODELS[name]
    assert p_value(intervals, law_of(model)) > 1e-3
    assert p_value(intervals, law_of(model, 1.3)) < 1e-4


@pytest.mark.parametrize("name", every(3, MODELS))
def test_the_coefficient_of_variation_is_that_of_the_law(name):
    law, cv = law_of(MODELS[name]), np.std(first_intervals(name)) / np.mean(first_intervals(name))
    wanted = (
        np.sqrt(law.var() + DT**2 / 6) / law.mean()
    )  # an interval on the grid is off by the difference of two steps
    assert law.std() / law.mean() == pytest.approx(
        MODELS[name].shape ** -0.5 if name.startswith("shape") else 1 - MODELS[name].dead_time / MEAN
    )
    kurtosis = float(law.stats("k"))
    assert cv == pytest.approx(wanted, rel=4 * np.sqrt((kurtosis + 2) / 4 / N + wanted**2 / N))


@pytest.mark.parametrize("name", every(3, MODELS))
def test_counts_have_the_mean_and_the_variance_of_a_process_in_equilibrium(name):
    law, counts = law_of(MODELS[name]), simulated(name).counts()
    mean, cv2 = 1500.0 / MEAN, law.var() / MEAN**2
    third = float(law.stats("s")) * law.std() ** 3 / MEAN**3
    variance = mean * cv2 + 1 / 6 + cv2**2 / 2 - third / 3  # Cox 1962, chapter 4
    assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / N))
    assert counts.var() == pytest.approx(variance, rel=4 * np.sqrt(3 / N))


@pytest.mark.parametrize("name", every(3, MODELS))
def test_the_rate_is_the_same_from_the_first_step_on(name):
    times = simulated(name).times
    counts = np.bincount(np.rint(times / DT).astype(int), minlength=101)[1:101]
    wanted = N * DT / MEAN
    spread = max(1.0, 1.0 / MODELS[name].shape)  # several spikes of one source come in one step
    assert np.abs(counts - wanted).max() < 4.5 * np.sqrt(wanted * spread)


def test_a_start_with_a_whole_interval_would_be_seen():
    law = law_of(MODELS["shape 3"])
    assert N * law.cdf(DT) < N * DT / MEAN - 4.5 * np.sqrt(N * DT / MEAN)


@pytest.mark.parametrize("name", every(3, [name for name in reversed(MODELS) if name.startswith("dead")]))
def test_no_spike_comes_in_the_dead_time(name):
    dead = MODELS[name].dead_time
    apart = np.concatenate([np.diff(train) for train in simulated(name).trains()])
    assert dead - DT < apart.min() <= np.ceil(dead)


@pytest.mark.parametrize("name", every(3, MODELS))
def test_sources_and_successive_intervals_are_independent(name):
    trains = simulated(name).trains()
    pairs = np.array([np.diff(train)[:2] for train in trains if len(train) > 2])
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 4 / np.sqrt(len(pairs))
    counts = simulated(name).counts().astype(float)
    for distance in (1, 2, 64, 128):
        assert abs(np.corrcoef(counts[distance:], counts[:-distance])[0, 1]) < 4 / np.sqrt(N - distance)


# ---- rates that change ----
JUMPS = gs.Waveform([0.0, 30.0, 60.35, 80.0], [20.0, 150.0, 40.0, 0.0])
SLOPE = gs.Waveform([0.0, 50.0, 100.0], [10.0, 160.0, 20.0], interpolation="linear")


WAVES = {"jumps": JUMPS, "slope": SLOPE}
KINDS = {
    "long dead time": functools.partial(gs.PoissonSource, dead_time=6.0),
    "short dead time": functools.partial(gs.PoissonSource, dead_time=0.17),
    "bursts": functools.partial(gs.GammaSource, shape=0.4),
    "regular": functools.partial(gs.GammaSource, shape=8.0),
}


@pytest.mark.parametrize("names", every(3, itertools.product(WAVES, KINDS)), ids="-".join)
def test_the_mean_rate_follows_a_waveform_without_delay(names):
    wave, kind = WAVES[names[0]], KINDS[names[1]]
    n, dt, model = 10_000, 0.25, kind(wave)
    data = recorded(model, n, 100.0, dt)
    counts = np.histogram(data.times - dt / 2, np.arange(0.0, 100.1, 2.0))[0]
    fine = (np.arange(100_000) + 0.5) * 1e-3
    wanted = wave.sample(fine).reshape(50, -1).mean(axis=1) * 2e-3 * n
    spread = max(1.0, 1.0 / model.shape)  # of counts, beside that of a Poisson process
    assert np.all(np.abs(counts - wanted) < 4.5 * np.sqrt(wanted * spread) + 1e-9)


def test_a_hazard_without_memory_would_be_seen():
    """After a jump from 20 to 150 Hz with a dead time of 6 ms, 88 % of sources are free, not 10 %."""
    free, stationary = 1 - 20.0 * 6e-3, 1 - 150.0 * 6e-3
    assert 150.0 * free / stationary * 2e-3 * 10_000 > 150.0 * 2e-3 * 10_000 + 1000


@pytest.mark.parametrize("shape", [0.1, 1.0, 7.0, 1000.0])
@pytest.mark.parametrize("mean", [1e-6, 0.01, 1.3, 400.0])
def test_the_bound_on_counts_is_sound_and_not_far_off(mean, shape):
    most = most_renewals(mean, shape)
    beyond = stats.gamma(most * shape, scale=1.0 / shape).cdf(mean)
    assert beyond < 1e-18
    fewer = int(0.8 * most) - 1
    assert fewer <= 0 or stats.gamma(fewer * shape, scale=1.0 / shape).cdf(mean) > 1e-18
    assert most_renewals(0.0, shape) == 1
