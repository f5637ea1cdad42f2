"""The compiled backend: any number of threads, the longest delay, offsets beyond 2^31, sessions."""

import ctypes
import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.cpu import backend as cpu_backend
from gpusyn.backends.cpu.cache import compile_library
from gpusyn.backends.cpu.threads import Team
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.kernels.records import Route, read_rows
from gpusyn.kernels.spec import KERNELS
from tests.helpers import sanitized_network
from tests.helpers.hand_made import AMPA, PASSIVE, SINGLE, G, as_table, exponential, make, samples
from tests.helpers.long_checks import every
from tests.helpers.runs import cpu, differences, outcome, same_bits

DT = 0.1


@pytest.fixture(autouse=True)
def needs_a_compiler():
    cpu()


def mixed(n=300):
    """Several chunks of neurons, lumped and per-synapse gates, sources."""
    net = gs.Network()
    cell = gs.LIF(E_L=-60.0, V_th=-50.0, V_reset=-60.0, C_m=gs.Uniform(150.0, 250.0), t_ref=1.0)
    receptors = [gs.AMPA(), gs.NMDA(gating="per-synapse"), gs.GABA_A(kinetics=gs.kinetics.FirstOrder.GABA_A())]
    E = net.population("E", n, cell, receptors=receptors, V=gs.Uniform(-60.0, -49.0))
    I = net.population("I", n // 3, gs.LIF(V_th=-56.0, I_e=200.0), receptors=receptors, V=gs.Uniform(-70.0, -56.0))
    noise = net.population("noise", 150, gs.PoissonSource(rate=300.0))
    net.connect(noise, E + I, gs.FixedProbability(0.1), receptor="AMPA", weight=3.0)
    contact = {"AMPA": gs.LogNormal(2.0, 1.0), "NMDA": gs.Ratio("AMPA", 0.2)}
    net.connect(E, E + I, gs.FixedInDegree(20), weight=contact, delay=gs.Uniform(0.1, 3.0))
    net.connect(I, E[n // 4 :], gs.FixedTotalNumber(2000), receptor="GABA_A", weight=4.0)
    net.drive(E, "AMPA", rate=500.0, weight=1.0)
    net.record(E + I + noise, "spikes", name="spikes")
    net.record(E[100:160], ["V", "g_AMPA", "g_NMDA", "g_GABA_A"], name="traces")
    return net


def run(backend, net, steps=60, **options):
    with gs.Simulator(net, dt=DT, seed=3, backend=backend, **options) as sim:
        sim.step(steps)
        return outcome(sim)


@pytest.mark.compilers
@pytest.mark.usefixtures("optimised")
def test_every_kernel_has_numpys_bits_when_compiled_as_for_users():
    cpu()  # skips where there is no compiler
    found, kernels = sanitized_network.run("cpu", "single", 40)
    expected, _ = sanitized_network.run("numpy", "single", 40)
    assert kernels == set(KERNELS)
    assert len(found[0]) > 50
    assert all(same_bits(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("precision", every(2, ["single", "double"]))
def test_no_bit_depends_on_the_number_of_threads(precision):
    net = mixed()
    one = run(cpu(1), net, precision=precision)
    assert len(one["spikes times"]) > 200
    for threads in (2, 3, 8):
        assert differences(one, run(cpu(threads), net, precision=precision)) == [], threads
    assert differences(one, run(cpu(), net, precision=precision)) == []
    assert differences(one, run(cpu(2, flush_to_zero=True), net, precision=precision)) == []


def test_more_threads_than_neurons():
    net = gs.Network()
    cells = net.population("E", 2, gs.LIF(I_e=500.0), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.AllToAll(), receptor="AMPA", weight=5.0)
    net.record(cells, ["V", "g_AMPA"])
    assert differences(run(cpu(1), net), run(cpu(7), net)) == []


# ---- limits ----


def test_the_longest_delay_arrives_on_its_step():
    longest = 2**16 - 1
    net = gs.Network()
    cell = net.population("E", 1, gs.LIF(), receptors=[gs.AMPA(tau_decay=1.0)])
    source = net.population("s", 1, gs.SpikeSource([0.3, 0.7]))
    net.connect(source, cell, gs.OneToOne(), receptor="AMPA", weight=2.0, delay=longest * DT)
    net.record(cell, "g_AMPA", name="g")
    with gs.Simulator(net, dt=DT, backend="cpu") as sim:
        sim.step(longest + 20)
        g = sim.data["g"]["g_AMPA"][:, 0]
    assert np.flatnonzero(g)[0] == longest + 3 - 1  # sample k is taken at the end of step k
    assert g[longest + 2] == 2.0
    assert g[longest + 6] > 2.0
    net.connect(source, cell, gs.OneToOne(), receptor="AMPA", weight=2.0, delay=(longest + 1) * DT, name="longer")
    with pytest.raises(gs.ParameterError, match=r"'longer'\.delay: is up to 6553.6 ms = 65536 steps, but at most"):
        gs.plan(net, dt=DT)


def beyond(tmp_path, name, array, shift):
    """The same numbers `shift` places further on, in a file that is a hole up to there."""
    try:
        whole = np.memmap(tmp_path / name, array.dtype, "w+", shape=(shift + len(array),))
        whole[shift:] = array
    except OSError as error:
        pytest.skip(f"no sparse file of {shift * array.itemsize >> 30} GB here: {error}")
    return whole


@pytest.mark.skipif(sys.maxsize < 2**32, reason="needs 64-bit addresses")
@pytest.mark.parametrize("how", ["rows", "route"])
def test_offsets_beyond_31_bits(tmp_path, how):
    shift, rnd = 2**31 + 77, np.random.default_rng(1)
    net = make(AMPA, numbers=SINGLE, n=40, coefs=[exponential(2.0, 70.0)], sources=9, **PASSIVE)
    net.spikes([(s, k, 1) for s in range(5) for k in range(9)])
    net.connect(1, 0, [(*map(int, rnd.integers(0, (9, 40))), 1 + k % 19, k) for k in range(300)], slice_size=13)
    place = net.probe(G, neurons=range(40))

    def played(backend, program):
        session = backend.start(program)
        session.run(30)
        return samples(session, place, 30)

    expected = played(cpu(1), net.program())
    assert expected.any()
    for backend in (cpu(1), cpu(3), NumpyBackend()):
        program = net.program()
        for name in ("targets", "late", "weights"):
            program.initial[name] = beyond(tmp_path, name, program.initial[name], shift)
        if how == "rows":
            program.initial["segment_begin"] += np.uint32(shift)
        else:
            (route,) = read_rows(program.initial["routes"], Route)
            places = {name: getattr(route, name) + shift for name in ("targets", "late", "weights")}
            route = route._replace(**places)
            program.initial["routes"] = as_table([route])
        assert np.array_equal(played(backend, program), expected)


# ---- sessions ----


def test_a_session_leaves_the_initial_state_alone_and_copies_what_is_read():
    program = make(numbers=SINGLE, n=5).program()
    session = cpu(1).start(program)
    session.write("V", np.arange(2, dtype=np.float32), 1)
    assert session.read("V").tolist() == [0.0, 0.0, 1.0, 0.0, 0.0]
    assert not program.initial["V"].any()
    for part in (session.read("V"), session.read("V", 1, 3)):
        part[:] = 7.0
    assert session.read("V", 1, 4).tolist() == [0.0, 1.0, 0.0]
    session.close()
    session.run(3)  # nothing is left to run


@pytest.mark.parametrize("threads", [1, 3])
def test_a_profile_is_a_run_that_tells_the_time_of_each_launch(threads):
    net = mixed()
    with gs.Simulator(net, dt=DT, seed=3, backend=cpu(threads)) as sim:
        session, found = sim._session, []
        session.run = lambda steps: found.append(session.profile(steps))
        sim.step(60)
        profiled = outcome(sim)
        labels = [launch.label for launch in sim._compiled.program.launches]
    assert differences(profiled, run(cpu(threads), net)) == []
    assert labels == list(dict.fromkeys(labels))
    assert {"advance_neurons.g0", "advance_poisson", "deliver_spikes"} <= set(labels)
    assert all(list(part) == labels and min(part.values()) > 0.0 for part in found)


PROBE = """extern "C" __attribute__((visibility("default"))) void entry_probe(void **p, int, int)
{
    volatile float *x = *(float **)p[0];
    x[1] = x[0] * 0.5f;  // subnormal
    x[3] = x[2] * 4.0f;  // of a subnormal
}
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="flush-to-zero is set on x86-64 alone")
@pytest.mark.parametrize("threads", [1, 3])
def test_flush_to_zero_is_really_on(threads):
    backend = cpu()
    library = compile_library(backend.compiler, PROBE, "probe")
    team = Team(backend.driver, threads)
    tiny = np.float32(2.0**-126)
    results = []
    for flush in (0, 1, 0):
        x = np.array([tiny, 9.0, tiny / 8, 9.0], np.float32)
        cell = ctypes.c_void_p(x.ctypes.data)
        slots = (ctypes.c_void_p * 1)(ctypes.addressof(cell))
        entry = ctypes.cast(library.entry_probe, ctypes.c_void_p).value
        launch = (cpu_backend._CLaunch * 1)(cpu_backend._CLaunch(entry, ctypes.addressof(slots)))
        backend.driver.run_steps(team.pointer, launch, 1, 1, flush, None)
        results.append([float(x[1]), float(x[3])])
    assert results == [[2.0**-127, 2.0**-127], [0.0, 0.0], [2.0**-127, 2.0**-127]]
    assert np.float32(tiny) * np.float32(0.5) == 2.0**-127  # and off again for Python


@pytest.mark.usefixtures("optimised")
def test_the_text_is_compiled_for_the_same_numbers_everywhere():
    flags = cpu().compiler.flags
    assert "-ffp-contract=off" in flags
    assert [f for f in flags if f.startswith("-O")] == ["-O3"]
    assert not any(f.startswith(("-ffast-math", "-Ofast", "-funsafe", "-fassociative", "-mrecip")) for f in flags)


def test_arguments_are_kept_alive():
    program = make(numbers=SINGLE, n=3).program()
    session = cpu(1).start(program)
    holder = SimpleNamespace(session=session)
    del program, session
    holder.session.run(50)
    assert holder.session.read("clock")[0] == 50
