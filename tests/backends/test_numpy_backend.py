"""The reference backend: tables, events, sessions."""

import math
import re

import numpy as np
import pytest

from gpusyn.backends.numpy.backend import TWINS, NumpyBackend
from gpusyn.backends.numpy.cells import ProbeVariable
from gpusyn.equations.effects import EFFECTS
from gpusyn.errors import BackendError
from gpusyn.kernels.source import read_kernel
from gpusyn.kernels.spec import KERNELS
from gpusyn.numerics.poisson import pieces_of, poisson_counts, poisson_limits
from tests.helpers.hand_made import AMPA, DOUBLE, DT, PASSIVE, SINGLE, G, V, exponential, make, next_run, samples, start

# --- tables, models and kernels agree -----------------------------------------------------------------------


def test_variables_are_those_of_the_kernel_text():
    body = re.search(r"enum ProbeVariable \{(.*?)\}", read_kernel("cells.cuh")).group(1)
    assert re.findall(r"VAR_(\w+)", body) == [v.name for v in ProbeVariable]


def test_every_kernel_and_model_has_a_twin_of_the_same_size():
    assert set(TWINS) == set(KERNELS)
    text = read_kernel("receptors/effects.cuh") + read_kernel("receptors/delta.cuh")
    struct = r"struct (\w+) : (?:NoCurrent, )?\1Coefficients {\s+enum { STATES = (\d+), COEFS = COUNT }"
    sizes = re.findall(struct, text)
    assert {k: int(states) for k, states in sizes} == {k: m.STATES for k, m in EFFECTS.items()}


# --- events ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("numbers", [SINGLE, DOUBLE])
@pytest.mark.parametrize("delay", [1, 2, 31, 127, 128])
def test_one_spike_arrives_once_undecayed_after_its_delay(numbers, delay):
    net = make(AMPA, numbers=numbers, coefs=[exponential(2.0, 70.0, jump=0.25)], sources=1, **PASSIVE)
    net.spikes([(4, 0, 1)])  # stamped with the end of step 4
    net.connect(1, 0, [(0, 0, delay, 12)])
    place = net.probe(G)
    session = start(net)
    session.run(200)
    g = samples(session, place, 200)[:, 0]
    arrival = 4 + delay
    assert not g[:arrival].any()
    assert g[arrival] == 3.0
    decay = 3.0 * np.exp(-DT / 2.0 * np.arange(200 - arrival))
    np.testing.assert_allclose(g[arrival:], decay, rtol=2e-5 if numbers is SINGLE else 1e-12)
    assert not session.read("ring").any()


def test_a_spike_of_a_neuron_is_stamped_with_the_end_of_its_step_and_arrives_a_delay_later():
    net = make(AMPA, n=2, coefs=[exponential(2.0, 70.0)])
    net.arrays["V"][0], net.arrays["current"][0] = 14.99, 1000.0
    net.connect(0, 0, [(0, 1, 3, 1)])
    place = net.probe(G, neurons=(0, 1))
    session = start(net)
    session.run(8)
    assert session.read("spike_id", 0, 1).tolist() == [0]
    assert session.read("spike_begin")[:3].tolist() == [0, 1, 1]  # in step 0
    assert np.flatnonzero(samples(session, place, 8)[:, 1])[0] == 3
    assert not samples(session, place, 8)[:, 0].any()


def test_slices_shifts_and_multiple_events_add_exactly():
    rnd = np.random.default_rng(1)
    n, sources = 50, 9
    synapses = [
        tuple(int(x) for x in (rnd.integers(sources), rnd.integers(n), rnd.integers(1, 20), rnd.integers(-9, 9)))
        for _ in range(500)
    ]
    net = make(AMPA, AMPA, numbers=SINGLE, n=n, coefs=[exponential(2.0, 70.0)] * 2, sources=sources, **PASSIVE)
    events = {(s, k): int(rnd.integers(1, 4)) for s in range(6) for k in rnd.choice(sources, 3, replace=False)}
    net.spikes([(s, k, e) for (s, k), e in events.items()])
    net.connect(1, 0, synapses, slice_size=7, shift=2)
    net.connect(1, 1, synapses[:100])
    session = start(net)
    session.run(6)
    expected = np.zeros((2, net.slots, n), np.int64)
    for (s, k), e in events.items():
        for receptor, part, factor in ((0, synapses, 4), (1, synapses[:100], 1)):
            for source, target, delay, weight in part:
                if source == k and s + delay >= 6:
                    expected[receptor, s + delay, target] += weight * e * factor
    assert np.array_equal(session.read("ring").reshape(expected.shape), expected)


def test_drive_adds_poisson_events_between_start_and_stop():
    mean = np.array([0.5, 0.0, 40.0])
    pieces = pieces_of(40.0)
    net = make(AMPA, numbers=SINGLE, n=3, coefs=[exponential(2.0, 0.0, jump=0.5)], **PASSIVE)
    net.drive(0, mean, key=(7 << 32) + 5, weight=2, start=2, stop=9)
    place = net.probe(G, neurons=(0, 1, 2))
    session = start(net)
    session.run(12)
    g, expected = samples(session, place, 12), np.zeros(3, np.float32)
    decay = np.float32(math.exp(-DT / 2.0))
    for step in range(12):
        limits = poisson_limits(mean, pieces)
        counts = poisson_counts((7 << 32) + 5, 0, 3, step, limits, pieces.number, 1000) * (2 <= step < 9)
        expected = decay * expected + np.float32(0.5) * (2 * counts).astype(np.float32)
        assert np.array_equal(g[step], expected)
    assert g[8, 2] > 0 == g[:, 1].max()


def test_drive_with_a_rate_that_changes_reads_the_row_of_its_step():
    mean = np.array([9.0, 0.0])
    net = make(AMPA, numbers=SINGLE, n=2, coefs=[exponential(2.0, 0.0)], steps=2, **PASSIVE)
    net.drive(0, mean, key=3, varies=True)
    place = net.probe(G, neurons=(0, 1))
    session = start(net)
    session.run(2)
    pieces = pieces_of(9.0)
    counts = poisson_counts(3, 0, 2, 0, poisson_limits(9.0, pieces), pieces.number, 1000)
    assert counts.all()
    g = samples(session, place, 2)
    assert np.array_equal(g[0], counts)
    assert np.array_equal(g[1], np.float32(math.exp(-DT / 2.0)) * g[0])


# --- sessions ----------------------------------------------------------------------------------------------


def test_probes_every_third_step_across_runs():
    whole = make(numbers=SINGLE, n=3)
    whole.arrays["current"][:] = [100.0, 200.0, 300.0]
    every, third = whole.probe(V, neurons=(0, 2)), whole.probe(V, every=3, neurons=(0, 2))
    session = start(whole)
    session.run(60)
    expected = samples(session, every, 60)[2::3]
    assert np.array_equal(samples(session, third, 20), expected)

    session, got = start(whole), []
    for steps in (1, 5, 7, 2, 30, 15):
        next_run(session)
        base = int(session.read("clock")[0])
        session.run(steps)
        got.append(samples(session, third, (base + steps) // 3 - base // 3))
    assert np.array_equal(np.concatenate(got), expected)


def test_writes_between_runs_take_effect():
    net = make(AMPA, numbers=SINGLE, n=2, coefs=[exponential(2.0, 0.0)], sources=1, **PASSIVE)
    net.spikes([(0, 0, 1), (5, 0, 1)])
    net.connect(1, 0, [(0, 0, 1, 3)])
    place = net.probe(G, neurons=(0, 1))
    session = start(net)
    session.run(5)
    session.write("weights", np.full(1, 8, np.int32))
    session.write("targets", np.ones(1, np.uint16))
    session.write("late", np.ones(1, np.uint8))
    session.write("probes", np.array([1]), 0)
    session.write("probes", np.array([0]), 7)  # the two columns change places
    session.run(5)
    g = samples(session, place, 10)
    assert g[1].tolist() == [3, 0]
    assert g[7, 0] == 8


def test_a_session_names_what_it_refuses():
    session = start(make(numbers=SINGLE))
    with pytest.raises(BackendError, match=r"no array 'W'.*'V'"):
        session.read("W")
    with pytest.raises(BackendError, match="1 float64 values at 0 of array 'V', which holds 1 float32"):
        session.write("V", np.zeros(1))
    with pytest.raises(BackendError, match="2 float32 values at 0 of array 'V'"):
        session.write("V", np.zeros(2, np.float32))
    session.close()
    with pytest.raises(BackendError, match="no array 'V'"):
        session.read("V")


def test_a_launch_with_a_missing_argument_is_refused():
    program = make(numbers=SINGLE).program()
    launch = program.launches[0]
    fewer = {name: number for name, number in launch.scalars.items() if name != "n"}
    with pytest.raises(BackendError, match="kernel advance_neurons: takes"):
        NumpyBackend().start(program._replace(launches=[launch._replace(scalars=fewer)]))


def test_a_launch_with_an_argument_of_another_type_is_refused():
    program = make(numbers=SINGLE).program()
    program.initial["V"] = np.zeros(1)
    with pytest.raises(BackendError, match=r"advance_neurons: argument 'V' must be float32"):
        NumpyBackend().start(program)
