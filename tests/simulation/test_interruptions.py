"""A run that is interrupted anywhere goes on as if nothing had happened, and the data end where the clock says."""

import asyncio
import contextlib
import functools
import random
import signal
import threading
from types import SimpleNamespace

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import SimulationError
from gpusyn.io.heap_check import CheckedStream
from gpusyn.utils import held_signals as module
from gpusyn.utils.held_signals import held_signals
from tests.helpers.long_checks import pairs
from tests.helpers.runs import backend_named, cpu, differences, emulated, outcome
from tests.helpers.small_network import DT, describe, simulator

STEPS = 200
SHORT = 32  # where data are read after each of many interruptions
EVERYWHERE = {"numpy": lambda: backend_named("numpy"), "cpu": lambda: cpu(1), "emulated cuda": emulated}


class TimeIsUp(Exception):
    """An exception that a handler of the user raises, not known to gpusyn."""


@pytest.fixture
def alarm():
    """Handle SIGALRM with an exception; return the function that sets the timer (s)."""

    def handle(number, frame):
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, handle)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def check_agreement(sim):
    """The data end at the time that the simulator has reached."""
    step = round(sim.time / DT)
    assert sim.data["spikes"].duration == sim.time
    assert len(sim.data["traces"]) == step
    assert len(sim.data["thirds"]) == step // 3
    assert np.all(sim.data["spikes"].times <= sim.time)


@functools.cache
def undisturbed(steps=STEPS):
    with simulator("numpy") as sim:
        sim.step(steps)
        return outcome(sim)


@pytest.mark.parametrize(("name", "streamed"), pairs([*EVERYWHERE], [False, True]))
def test_a_signal_at_any_call_of_the_session_changes_nothing(name, streamed, tmp_path, alarm, monkeypatch):
    number = signal.SIGALRM if streamed else signal.SIGINT
    net = describe(file=tmp_path / "run.h5" if streamed else None)
    with simulator(EVERYWHERE[name](), net, chunk_steps=16) as sim:
        raised = _raise_at_every_call(sim._session, number, monkeypatch)
        interrupted = 0
        while (left := SHORT - round(sim.time / DT)) > 0:
            try:
                sim.step(left)
            except (KeyboardInterrupt, TimeIsUp):
                interrupted += 1
            check_agreement(sim)
        assert interrupted >= SHORT // 16
        assert len(raised) > interrupted
        monkeypatch.undo()
        assert len(sim.data["spikes"]) > 0
        assert not differences(outcome(sim), undisturbed(SHORT))


def _raise_at_every_call(session, number, monkeypatch):
    raised = []

    def noisy(method):
        def call(*args, **kwargs):
            raised.append(method.__name__)
            signal.raise_signal(number)
            found = method(*args, **kwargs)
            signal.raise_signal(number)
            return found

        return call

    for method in ("run", "read", "write"):
        monkeypatch.setattr(session, method, noisy(getattr(session, method)))
    for call in getattr(session, "_calls", []):
        if hasattr(call, "twin"):  # between the kernels of a step, which only numpy can be
            monkeypatch.setattr(call, "twin", call.twin._replace(step=noisy(call.twin.step)))
    return raised


# Python itself ignores an exception of a handler in places such as the callback of a weak reference
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("streamed", "name"), pairs([False, True], ["numpy", "cpu"]))
def test_a_timer_that_goes_off_all_the_time_changes_nothing(name, streamed, tmp_path, alarm):
    random = np.random.default_rng(1)
    net = describe(file=tmp_path / "run.h5" if streamed else None)
    with simulator(EVERYWHERE[name](), net) as sim:
        while (left := SHORT - round(sim.time / DT)) > 0:
            try:
                alarm(random.uniform(5e-4, 8e-3))
                sim.step(left)
                alarm(0)
            except TimeIsUp:
                check_agreement(sim)
        assert not differences(outcome(sim), undisturbed(SHORT))


def test_an_exception_of_the_progress_bar_changes_nothing(monkeypatch):
    @contextlib.contextmanager
    def breaks(*arguments):
        def advanced(steps):
            raise TimeIsUp

        yield advanced

    with simulator("numpy", chunk_steps=16) as sim:
        monkeypatch.setattr("gpusyn.simulation.simulator.progress_bar", breaks)
        with pytest.raises(TimeIsUp):
            sim.step(STEPS, progress=True)
        check_agreement(sim)
        monkeypatch.undo()
        sim.step(STEPS - round(sim.time / DT))
        assert not differences(outcome(sim), undisturbed())


def test_what_is_saved_after_an_interrupt_is_what_the_clock_says(tmp_path, alarm, monkeypatch):
    with simulator("numpy", chunk_steps=16) as sim:
        _raise_at_every_call(sim._session, signal.SIGALRM, monkeypatch)
        for _ in range(3):
            with pytest.raises(TimeIsUp):
                sim.step(STEPS)
        monkeypatch.undo()
        sim.save(tmp_path / "saved.h5")
        reached = round(sim.time / DT)
        assert 0 < reached < STEPS
    with simulator("numpy") as sim:
        sim.step(reached)
        saved = gs.open_results(tmp_path / "saved.h5")
        for name in ("spikes", "traces", "thirds"):
            assert saved[name] == sim.data[name]


def test_an_error_that_follows_the_steps_loses_no_data(monkeypatch):
    with simulator("numpy", chunk_steps=16) as sim:
        read, failed = sim._session.read, []

        def read_badly(name, *bounds, **order):
            if name == "trace" and len(failed) < 3:
                failed.append(name)
                raise MemoryError
            return read(name, *bounds, **order)

        monkeypatch.setattr(sim._session, "read", read_badly)
        while (left := STEPS - round(sim.time / DT)) > 0:
            with contextlib.suppress(MemoryError):
                sim.step(left)
        assert len(failed) == 3
        check_agreement(sim)
        assert not differences(outcome(sim), undisturbed())


def test_a_step_that_fails_in_its_middle_is_not_gone_on_with(monkeypatch):
    with simulator("numpy", chunk_steps=16) as sim:
        sim.step(32)
        call = sim._session._calls[-1]

        def fail(*arguments):
            raise MemoryError("no room")

        monkeypatch.setattr(call, "twin", call.twin._replace(step=fail))
        with pytest.raises(MemoryError):
            sim.step(32)
        monkeypatch.undo()
        assert sim.time == 32 * DT
        check_agreement(sim)
        lost = r"Simulator.run\(\): the state was lost in the middle of a step \(MemoryError: no room\).*reset\(\)"
        with pytest.raises(SimulationError, match=lost):
            sim.step(1)
        with pytest.raises(SimulationError, match="lost"):
            sim.get(sim.net.populations["E"], "V")
        sim.reset()
        sim.step(STEPS)
        assert not differences(outcome(sim), undisturbed())


@pytest.mark.parametrize("reads", [1, 12, 40])
def test_a_time_limit_that_ends_while_a_file_is_read_is_not_taken_for_damage(reads, tmp_path, alarm, monkeypatch):
    with simulator("numpy") as sim:
        sim.step(20)
        sim.save(tmp_path / "run.h5")
    readinto, left = CheckedStream.readinto, [reads]

    def slow(self, buffer):
        left[0] -= 1
        if left[0] == 0:
            signal.raise_signal(signal.SIGALRM)
        return readinto(self, buffer)

    monkeypatch.setattr(CheckedStream, "readinto", slow)
    with pytest.raises(TimeIsUp):
        _ = gs.open_results(tmp_path / "run.h5")["traces"]


def test_a_second_thread_is_refused_and_disturbs_nothing():
    with simulator("numpy", chunk_steps=16) as sim:
        run, refused = sim._session.run, []

        def run_with_company(steps):
            for method in (lambda: sim.step(1), sim.reset, sim.close, lambda: sim.get(sim.net.populations["E"], "V")):
                thread = threading.Thread(target=_collect_error, args=(method, refused))
                thread.start()
                thread.join()
            run(steps)

        sim._session.run = run_with_company
        sim.step(STEPS)
        sim._session.run = run
        assert len(refused) >= 4 * STEPS // 16
        assert all("another thread uses this simulator" in text for text in refused)
        assert not differences(outcome(sim), undisturbed())


def _collect_error(method, found):
    try:
        method()
    except SimulationError as error:
        found.append(str(error))


def test_a_run_in_another_thread_than_the_main_one_is_the_same():
    with simulator("numpy") as sim:
        thread = threading.Thread(target=sim.step, args=(STEPS,))
        thread.start()
        thread.join()
        assert not differences(outcome(sim), undisturbed())


def test_held_signals_come_in_the_end_and_the_handlers_are_back():
    seen = []
    before = {n: signal.signal(n, lambda number, frame: seen.append(number)) for n in (signal.SIGUSR1, signal.SIGINT)}
    try:
        ours = {n: signal.getsignal(n) for n in before}
        with held_signals():
            for number in (signal.SIGUSR1, signal.SIGINT, signal.SIGUSR1):
                signal.raise_signal(number)
            assert seen == []
        assert seen == [signal.SIGUSR1, signal.SIGINT]
        assert {n: signal.getsignal(n) for n in before} == ours
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_an_event_loop_that_handles_a_signal_hears_of_it_once():
    heard = []

    async def work():
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, heard.append, "once")
        with held_signals():
            signal.raise_signal(signal.SIGUSR1)
        await asyncio.sleep(0.01)
        asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)

    asyncio.run(work())
    assert heard == ["once"]


def test_all_handlers_are_back_after_one_of_them_raised(alarm):
    ours = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TimeIsUp) as error, held_signals():
        _fail_after_a_signal()
    assert isinstance(error.value.__context__, KeyError)
    assert signal.getsignal(signal.SIGALRM) is ours
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("seed", range(5))
def test_no_handler_is_lost_if_others_raise_while_it_is_replaced_or_put_back(seed, monkeypatch):
    numbers, draws, caught = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM), random.Random(seed), []

    def handle(number, frame):
        caught.append(number)
        raise TimeIsUp

    def interrupted(number, handler):
        if draws.random() < 0.4:
            signal.raise_signal(draws.choice(numbers))
        signal.signal(number, handler)

    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        monkeypatch.setattr(module, "_signal", SimpleNamespace(signal=interrupted, getsignal=signal.getsignal))
        for _ in range(50):
            with contextlib.suppress(TimeIsUp), held_signals():
                pass
        monkeypatch.undo()
        for number in numbers:
            caught.clear()
            with pytest.raises(TimeIsUp):
                signal.raise_signal(number)
            assert caught == [number]
        with held_signals():
            pass
        assert {signal.getsignal(number) for number in numbers} == {handle}
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _fail_after_a_signal():
    signal.raise_signal(signal.SIGALRM)
    raise KeyError("of the work itself")
