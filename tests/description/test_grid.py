"""Which times lie on the time grid, and the means of waveforms over steps that they change inside."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.integrate import quad

import gpusyn as gs
from gpusyn.builder.inputs.courses import step_mean
from gpusyn.errors import ParameterError
from gpusyn.parameters.grid import off_grid, rounded_steps, rounding_shift
from gpusyn.parameters.scalars import whole_steps, whole_steps_array
from gpusyn.parameters.waveform import mean_of

STEPS = st.sampled_from([0.1, 0.01, 0.05, 0.025, 0.3, 1 / 3])


@given(k=st.integers(1, 2**24), dt=STEPS)
@example(k=153, dt=0.1)
@example(k=100_000_000, dt=0.01)  # a time that float32 holds exactly
def test_a_time_in_float32_is_the_step_that_it_was(k, dt):
    """As long as float32 has two and a half numbers a step, so that the nearest step is beyond doubt."""
    held = np.float32(k * dt)
    if np.spacing(held) <= 0.4 * dt or float(held) == k * dt:
        assert whole_steps(held, dt, "x") == k
        assert whole_steps(float(held), dt, "x") == k  # also where the type was lost on the way
    if k * np.finfo(np.float32).eps <= 0.2:
        assert whole_steps(np.float32(k) * np.float32(dt), dt, "x") == k


@pytest.mark.parametrize(("dt", "steps"), [(0.1, 200), (0.01, 2_000)])
def test_delays_in_float32_are_taken(dt, steps):
    """Delays up to 20 ms as a float32 array and one by one; most are no exact multiples of dt."""
    k = np.arange(1, steps + 1)
    delay = np.float32(k * dt)
    assert whole_steps_array(delay.astype(float), dt, "x").tolist() == k.tolist()
    net = gs.Network()
    cells = net.population("E", steps, gs.LIF(), receptors=gs.AMPA())
    net.connect(cells, cells, gs.OneToOne(), receptor="AMPA", weight=1.0, delay=delay, name="each")
    net.connect(cells[:1], cells[:1], gs.OneToOne(), receptor="AMPA", weight=1.0, delay=np.float32(15.3), name="one")
    with gs.Simulator(net, dt=dt, backend="numpy") as sim:
        assert sim.weights("each").delay.tolist() == (k * dt).tolist()
        assert sim.weights("one").delay.tolist() == [round(15.3 / dt) * dt]


@given(k=st.integers(1, 2**30), dt=STEPS, beside=st.floats(0.25, 0.75))
@example(k=2, dt=0.1, beside=0.5)
@example(k=10_000_001, dt=0.1, beside=0.25)  # 1000000.125, which float32 holds too
def test_a_time_beside_a_step_is_refused(k, dt, beside):
    time = (k + beside) * dt
    with pytest.raises(ParameterError, match="must be a multiple of dt"):
        whole_steps(time, dt, "x")
    if np.spacing(np.float32(time)) <= 0.05 * dt:
        with pytest.raises(ParameterError, match="must be a multiple of dt"):
            whole_steps(np.float32(time), dt, "x")


@given(k=st.integers(1, 2**30), dt=STEPS, beside=st.floats(-0.99e-4, 0.99e-4))
def test_a_double_is_on_the_grid_within_a_ten_thousandth_of_a_step(k, dt, beside):
    dust = 2.0**-52 * k  # rounding of the time itself, in steps
    time = (k + beside) * dt
    assert not off_grid(np.array([time]), dt)[0] or abs(beside) + dust > 1e-4
    wrong = (k + np.copysign(1.01e-4 + dust, beside)) * dt
    assert off_grid(np.array([wrong]), dt)[0] or wrong == np.float32(wrong)


def test_sums_of_steps_are_on_the_grid():
    """A million additions of 0.1 give 100000.0000013; in float32 the first hundred are as close as a double must be."""
    sums = np.cumsum(np.full(1_000_000, 0.1))
    assert sums[-1] != 100_000.0
    assert whole_steps(sums[-1], 0.1, "x") == 1_000_000
    assert not off_grid(sums, 0.1).any()
    assert not off_grid(np.cumsum(np.full(100, 0.1, np.float32)).astype(float), 0.1).any()
    assert off_grid(np.array([1e5 + 2e-5, np.nan, np.inf, 1e300]), 0.1).all()


def test_rounding_to_the_grid():
    times = np.array([0.0, 0.04, 0.3, np.float32(15.3), 0.34, 1e30])
    assert rounded_steps(times, 0.1, low=1).tolist() == [1, 1, 3, 153, 3, 2**62]
    np.testing.assert_allclose(rounding_shift(times[:-1], 0.1), [0.1, 0.06, 0.0, 0.0, 0.04], atol=1e-12)


WAVEFORMS = st.builds(
    lambda times, seed, way: gs.Waveform(times, np.random.default_rng(seed).uniform(-5, 5, len(times)), way),
    st.lists(st.integers(0, 400), min_size=1, max_size=12, unique=True).map(lambda t: np.sort(t) * 0.013 + 0.5),
    st.integers(0, 99),
    st.sampled_from(["step", "linear"]),
)


@given(wave=WAVEFORMS, start=st.floats(0.0, 6.0), length=st.floats(0.01, 3.0))
def test_the_mean_of_a_waveform_is_its_integral(wave, start, length):
    """The integral by scipy's adaptive quadrature, told where the waveform jumps or bends."""
    stop = start + length
    inside = [t for t in wave.times if start < t < stop]
    integral, _ = quad(lambda t: float(wave.sample(t, before=2.0)), start, stop, points=inside or None, limit=200)
    found = mean_of(wave, np.array([start, 1.0]), np.array([stop, 1.01]), before=2.0)
    assert found[0] == pytest.approx(integral / length, abs=1e-6)


@given(wave=WAVEFORMS, first=st.integers(0, 30), steps=st.integers(1, 40))
def test_steps_have_the_middle_as_their_mean_unless_the_waveform_changes_inside(wave, first, steps):
    """Bit for bit the value at the middle without a time inside; for any chunk of steps the same."""
    k = np.arange(first, first + steps)
    middle = (k + 0.5) * 0.1
    found = step_mean(wave, 0.1, middle)
    change = np.array([np.any((wave.times > n * 0.1 + 1e-5) & (wave.times < n * 0.1 + 0.1 - 1e-5)) for n in k])
    assert found[~change].tolist() == wave.sample(middle)[~change].tolist()
    np.testing.assert_allclose(found, mean_of(wave, k * 0.1, (k + 1) * 0.1), atol=1e-9)
    assert found.tolist() == [step_mean(wave, 0.1, middle[i : i + 1])[0] for i in range(steps)]


@pytest.mark.parametrize("dt", [0.1, 0.05, 0.025, 1 / 3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_jumps_on_the_grid_stay_sharp_however_their_times_are_held(dt, dtype):
    k = np.arange(1, 20_000, 97)
    wave = gs.Waveform((k * dt).astype(dtype), np.arange(len(k)) + 1.0)
    step = np.arange(20_000)
    assert step_mean(wave, dt, (step + 0.5) * dt).tolist() == np.searchsorted(k, step, side="right").tolist()
