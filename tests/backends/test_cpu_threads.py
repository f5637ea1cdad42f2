"""How many threads of the `cpu` backend compute: measured by a session, and kept by it until it is closed."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.backends.cpu.threads import Pace, Team
from gpusyn.errors import BackendError
from gpusyn.kernels.source import read_kernel
from gpusyn.utils import cores
from tests.backends.test_cpu_backend import DT, mixed
from tests.helpers.paths import ROOT
from tests.helpers.runs import cpu, differences, outcome

TASKS = Path("/proc/self/task")


class Machine:
    """A clock, and steps that take a time on it which depends on the number of threads."""

    def __init__(self, **seconds):
        self.now, self.seconds, self.done = 0.0, {int(k[1:]): s for k, s in seconds.items()}, []

    def clock(self):
        return self.now

    def compute(self, threads, steps):
        self.done.append((threads, steps))
        self.now += steps * self.seconds[threads]

    @property
    def steps(self):
        return sum(steps for _, steps in self.done)


def paced(machine, choices=(1, 4)):
    return Pace(choices, machine.clock)


@pytest.mark.parametrize(("few", "many", "kept"), [(1e-5, 3e-5, 1), (1e-5, 4e-6, 4), (1e-2, 4e-3, 4), (1e-5, 1e-5, 1)])
def test_the_faster_number_of_threads_is_kept(few, many, kept):
    machine = Machine(n1=few, n4=many)
    pace = paced(machine)
    pace.run(10_000, machine.compute)
    assert machine.steps == 10_000
    assert pace.threads == kept
    measured, (last, rest) = machine.done[:-1], machine.done[-1]
    assert [threads for threads, _ in measured] == [1, 4] * 7
    assert (last, rest) == (kept, 10_000 - sum(steps for _, steps in measured))
    for threads, steps in measured[1:]:
        assert steps == 1 or steps * machine.seconds[threads] < 1e-3 * max(few / many, many / few) * 1.01


def test_both_are_measured_again_when_the_machine_may_have_changed():
    machine = Machine(n1=1e-4, n4=3e-5)
    pace = paced(machine)
    while machine.now < 0.02:
        pace.run(10, machine.compute)
    assert pace.threads == 4
    machine.seconds[4] = 5e-3  # other processes have come
    machine.done.clear()
    while pace.threads == 4:
        pace.run(10, machine.compute)
    assert [threads for threads, _ in machine.done].count(1) == 7
    before = machine.now
    pace.run(10, machine.compute)
    while machine.done[-1][0] == 1:
        pace.run(10, machine.compute)
    assert machine.now - before > 99 * 7 * 5e-3  # to measure costs a hundredth


def test_a_piece_that_was_disturbed_decides_nothing():
    machine = Machine(n1=1e-3, n4=4e-4)
    pace = paced(machine)

    def disturbed(threads, steps):
        machine.compute(threads, steps)
        if threads == 4 and len(machine.done) in (2, 6, 12):
            machine.now += 1.0

    pace.run(1000, disturbed)
    assert pace.threads == 4


@given(st.lists(st.integers(1, 300), max_size=60), st.floats(1e-7, 1e-1), st.floats(1e-7, 1e-1))
def test_every_step_is_computed_once(runs, few, many):
    machine = Machine(n1=few, n4=many)
    pace = paced(machine)
    for steps in runs:
        before = machine.steps
        pace.run(steps, machine.compute)
        assert machine.steps == before + steps


def test_a_single_number_is_not_measured():
    machine = Machine(n3=1e-3)
    pace = paced(machine, [3])
    pace.run(50, machine.compute)
    assert machine.done == [(3, 50)]


# ---- sessions ----


@pytest.fixture
def many_cores(monkeypatch):
    cpu()  # skips where there is no compiler
    monkeypatch.setattr(cores, "available_cores", lambda: 6)


def choices(n, threads=None):
    net = gs.Network()
    net.population("E", n, gs.LIF())
    with gs.Simulator(net, dt=DT, backend="cpu", threads=threads) as sim:
        return sim._session._pace.choices, sim._session.threads


@pytest.mark.usefixtures("many_cores")
def test_small_networks_run_on_one_thread_and_large_ones_on_the_better_number():
    assert choices(10) == ([1], 1)
    assert choices(50_000) == ([1, 6], 1)
    assert choices(10, 3) == ([3], 3)
    assert choices(50_000, 2) == ([2], 2)


@pytest.mark.usefixtures("many_cores")
def test_a_worker_process_runs_on_one_thread_unless_it_is_told(monkeypatch):
    monkeypatch.setattr(cores, "is_worker_process", lambda: True)
    assert choices(50_000) == ([1], 1)
    assert cpu().describe().endswith("), 1 thread")
    monkeypatch.setenv("GPUSYN_THREADS", "2")
    assert choices(50_000) == ([2], 2)


def run_on(machine, net):
    """Return a finished run whose session took the times of its steps from a machine."""
    with gs.Simulator(net, dt=DT, seed=3, backend="cpu") as sim:
        session = sim._session
        session._pace, session._team, compute = paced(machine), Team(sim._session._backend.driver, 4), session._compute
        session._compute = lambda threads, steps: (machine.compute(threads, steps), compute(threads, steps))
        sim.step(100)
        return session.threads, sim._compiled.program.specs, outcome(sim)


@pytest.mark.usefixtures("many_cores")
def test_no_result_and_no_array_depends_on_what_was_measured():
    net = mixed()
    many, one = (run_on(Machine(n1=1e-3, n4=seconds), net) for seconds in (3e-4, 1e-2))
    assert (many[0], one[0]) == (4, 1)
    assert many[1] == one[1]
    assert differences(many[2], one[2]) == []


linux = pytest.mark.skipif(not TASKS.exists(), reason="the threads of a process are counted in /proc")


@linux
def test_threads_end_with_their_session():
    before = set(os.listdir(TASKS))
    net = mixed()
    sim = gs.Simulator(net, dt=DT, backend=cpu(4))
    sim.step(5)
    assert len(set(os.listdir(TASKS)) - before) == 3
    sim.close()
    assert set(os.listdir(TASKS)) <= before
    sim = gs.Simulator(net, dt=DT, backend=cpu(4))
    sim.step(5)
    del sim  # without a word
    gc.collect()
    assert set(os.listdir(TASKS)) <= before


@linux
def test_no_signal_comes_to_a_thread_but_pythons():
    before = set(os.listdir(TASKS))
    with gs.Simulator(mixed(), dt=DT, backend=cpu(3)) as sim:
        sim.step(1)  # by then they have begun
        mine = set(os.listdir(TASKS)) - before
        assert len(mine) == 2
        for task in mine:
            (line,) = [x for x in (TASKS / task / "status").read_text().splitlines() if x.startswith("SigBlk")]
            blocked = int(line.split()[1], 16)
            assert all(blocked >> (n - 1) & 1 for n in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD))
            assert not blocked >> (signal.SIGSEGV - 1) & 1  # faulthandler tells of it
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def in_another_process(text, **environment):
    text = "import os, sys\nimport gpusyn as gs\nfrom tests.backends.test_cpu_threads import *\n" + textwrap.dedent(
        text
    )
    start = {"env": os.environ | {"PYTHONPATH": str(ROOT)} | environment, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "-c", text], timeout=120, check=False, **start)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_simulation_goes_on_in_a_forked_process_and_waiting_threads_hinder_no_end():
    cpu()
    printed = in_another_process(
        """
        with gs.Simulator(mixed(), dt=DT, seed=3, backend=cpu(3)) as sim:
            sim.step(20)
            child = os.fork()
            sim.step(20)
            os.write(1, f"{len(sim.data['spikes'])} ".encode())
        if not child:
            sys.exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        left_open = gs.Simulator(mixed(), dt=DT, seed=3, backend=cpu(3))
        left_open.step(20)
        """
    )
    one, other, status = map(int, printed.split())
    assert one == other > 0
    assert status == 7


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux")
def test_a_system_that_gives_no_more_threads_is_told_of():
    cpu()
    printed = in_another_process(
        """
        import resource
        driver = cpu().driver
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 2**27,) * 2)  # room for the stacks of a few threads
        try:
            Team(driver, 1000)
        except gs.BackendError as error:
            print(error, len(os.listdir(TASKS)) == 1)
        """,
        OPENBLAS_NUM_THREADS="1",
    )
    assert printed == (
        "the system gives this process no 999 more threads; "
        "use fewer through threads= or the environment variable GPUSYN_THREADS True\n"
    )


def test_threads_beyond_the_cores_do_not_spin(monkeypatch):
    asked = []
    driver = SimpleNamespace(make_team=lambda threads, spin: asked.append(spin), end_team=None)
    monkeypatch.setattr("gpusyn.backends.cpu.threads.available_cores", lambda: 4)
    for threads in (2, 4, 5, 16):
        with pytest.raises(BackendError):
            Team(driver, threads)
    assert [spin > 0 for spin in asked] == [True, True, False, False]


TEAMS = """
#include <cstdio>
#include <initializer_list>
long long cells[64];
void each(void **, int index, int workers) { for (int i = index; i < 64; i += workers) cells[i]++; }
void all(void **, int, int)
{
    long long sum = 0;
    for (long long x : cells) sum += x;
    if (sum % 64) std::printf("torn ");
}
void one(void **, int index, int) { if (index == 0) for (long long &x : cells) x += 2; }
int main()
{
    Launch list[] = {{each, nullptr}, {all, nullptr}, {one, nullptr}};
    double seconds[3] = {};
    for (double spin : {0.0, 5e-6})
        for (int workers : {1, 2, 5}) {
            Team *team = make_team(workers, spin);
            for (int run = 0; run < 100; run++) run_steps(team, list, run % 4, 20, 0, run % 2 ? seconds : nullptr);
            end_team(team);
        }
    std::printf("%lld", cells[63]);
}
"""


@pytest.mark.sanitizer
@pytest.mark.parametrize("sanitize", ["thread", "address,undefined"])
def test_a_team_is_clean_under_a_sanitizer(sanitize, tmp_path):
    command = cpu().compiler.command
    (tmp_path / "teams.cpp").write_text(read_kernel("host/driver.cpp") + TEAMS)
    options = ["-std=c++17", "-g", "-O1", "-pthread", f"-fsanitize={sanitize}", "teams.cpp", "-o", "teams"]
    built = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    if "cannot find" in built.stderr:
        pytest.skip(f"the compiler has no runtime for -fsanitize={sanitize} here")
    assert built.returncode == 0, built.stderr
    plain = ["setarch", "-R"] if shutil.which("setarch") else []  # some kernels place memory where it cannot follow
    ran = subprocess.run([*plain, "./teams"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert (ran.stdout, ran.stderr, ran.returncode) == (str(6 * 20 * (25 * 1 + 25 * 1 + 25 * 3)), "", 0)
