"""`sweep`: one function of many values, such as trials or parameters, computed in several processes."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, TypeVar

from gpusyn.errors import ArgumentError, SweepError
from gpusyn.parameters.scalars import flag, integer, listed, public, show
from gpusyn.simulation.sweep_worker import IN_A_FILE, NO_TASK, Failure, failure_of, line_of, work
from gpusyn.utils.cores import available_cores
from gpusyn.utils.messages import WORKER, handle_kept
from gpusyn.utils.progress import progress_bar
from gpusyn.utils.typing import Whole

Value = TypeVar("Value")
Result = TypeVar("Result")

PATIENCE = 10.0  # s that workers have to close their files before they are killed


@public
def sweep(
    function: Callable[[Value], Result], values: Iterable[Value], processes: Whole | None = None, progress: bool = False
) -> list[Result]:
    """Call a function with each of many values, in several processes.

    Each worker process simulates with one thread, unless the function itself gives ``threads=`` or the environment
    variable ``GPUSYN_THREADS`` is set: many small simulations are finished sooner that way. Ctrl-C stops all workers,
    which close the files of their simulations.

    Parameters
    ----------
    function : callable
        Function of one value, such as a trial or a parameter. It makes its own Simulator and returns what is needed of
        it: numbers, arrays, `sim.data[recorder]`, or containers of these. Workers import it, so it must be defined at
        the top level of a script or a module.
    values : iterable
        The values.
    processes : int, optional
        Number of worker processes, >= 1; by default the number of cores. With 1, the function runs in this process.
    progress : bool
        If True, show a progress bar on stderr.

    Returns
    -------
    list
        Results of the function, in the order of the values.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type, or the function or a value cannot be sent to another process.
    ParameterError
        If `processes` is below 1.
    SweepError
        If the function fails; the message names the value. The results that were there by then are its attribute
        `results`, a dict by position.

    Notes
    -----
    A script must call `sweep` under ``if __name__ == "__main__":``, since the workers import the script. The workers
    share the memory of the computer: choose `processes` so that as many networks fit.

    Examples
    --------
    >>> import gpusyn as gs
    >>> def spikes_of(current):
    ...     net = gs.Network()
    ...     cell = net.population("cell", 1, gs.LIF(I_e=current))
    ...     spikes = net.record(cell, "spikes")
    ...     with gs.Simulator(net, backend="numpy") as sim:
    ...         sim.run(100.0)
    ...         return len(sim.data[spikes])
    >>> gs.sweep(spikes_of, [150.0, 200.0, 400.0], processes=1)
    [0, 3, 8]
    """
    if not callable(function):
        raise ArgumentError(f"gs.sweep().function: must be a function of one value (got {show(function)})")
    given = listed(values, "gs.sweep().values", "an iterable of values")
    cores = available_cores() if processes is None else integer(processes, "gs.sweep().processes", low=1)
    with progress_bar(len(given), 1.0, flag(progress, "gs.sweep().progress"), unit="values") as advanced:
        if cores == 1:
            return _in_this_process(function, given, advanced)
        return _in_workers(function, given, min(cores, len(given)), advanced)


def _in_this_process(function: Callable[[Any], Any], values: list[Any], advanced: Callable[[int], object]) -> list[Any]:
    results: dict[int, Any] = {}
    for index, value in enumerate(values):
        try:
            results[index] = function(value)
        except (Exception, SystemExit) as error:
            raise _failed(values, index, line_of(error), results) from error
        advanced(1)
    return list(results.values())


def _failed(values: list[Any], index: int, reason: str, results: dict[int, Any]) -> SweepError:
    place = f"value {show(values[index])} (number {index + 1} of {len(values)})"
    error = SweepError(f"gs.sweep(): {place}: {reason}")
    error.results = results
    return error


class _Worker(NamedTuple):
    process: Any
    connection: Connection


def _in_workers(
    function: Callable[[Any], Any], values: list[Any], count: int, advanced: Callable[[int], object]
) -> list[Any]:
    this = multiprocessing.current_process()
    if getattr(this, "_inheriting", False):  # as multiprocessing itself finds it out
        raise ArgumentError(
            "gs.sweep(): is called while a worker imports the script; write if __name__ == '__main__': above the call"
        )
    if this.daemon:
        raise ArgumentError("gs.sweep(): is called in a worker of another sweep; use processes=1 there")
    sent = _pickled(function, "gs.sweep().function", IN_A_FILE)
    advice = "give plain values, from which the function makes its objects"
    tasks = [_pickled(value, f"gs.sweep().values[{index}]", advice) for index, value in enumerate(values)]
    context = _context()
    workers: list[_Worker] = []
    finished = False
    try:
        for _ in range(count):
            workers.append(_started(context, sent))
        results = _computed(workers, values, tasks, advanced)
        finished = True
    finally:
        _stop(workers, finished)
    return [results[index] for index in range(len(values))]


def _pickled(thing: Any, where: str, advice: str) -> bytes:
    try:
        return pickle.dumps(thing)
    except Exception as error:  # pickle raises whatever the object does
        raise ArgumentError(f"{where}: cannot be sent to another process ({line_of(error)}); {advice}") from error


def _context() -> Any:
    """Return the way to start workers: new processes, which inherit neither threads nor a GPU.

    They import the main module. In a notebook and at the prompt there is none, so workers are forked there.
    """
    main = sys.modules["__main__"]
    interactive = getattr(main, "__spec__", None) is None and not os.path.exists(getattr(main, "__file__", None) or "")
    can_fork = sys.platform.startswith("linux") and "cupy" not in sys.modules
    return multiprocessing.get_context("fork" if interactive and can_fork else "spawn")


def _started(context: Any, function: bytes) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, function), name=WORKER, daemon=True)
    with _interrupts_blocked():
        process.start()
    theirs.close()
    return _Worker(process, ours)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Make a process that is started here wait with Ctrl-C until it can answer it, which is in `work`."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # multiprocessing starts it once, and lets signals through after that
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _computed(
    workers: list[_Worker], values: list[Any], tasks: list[bytes], advanced: Callable[[int], object]
) -> dict[int, Any]:
    """Hand out the tasks and return all results; a worker asks for a task with the answer to its last one."""
    results: dict[int, Any] = {}
    at_work: dict[Connection, int | None] = {worker.connection: None for worker in workers}
    left = iter(range(len(values)))
    while len(results) < len(values):
        ready = wait(list(at_work))
        for worker in (worker for worker in workers if worker.connection in ready):
            index = at_work.pop(worker.connection)
            answer = _received(worker, values, index, results)
            if index is not None:
                results[index] = answer
                advanced(1)
            following = next(left, None)
            if following is not None:
                at_work[worker.connection] = following
                with suppress(OSError):  # a worker that died meanwhile: the next wait finds it
                    worker.connection.send_bytes(tasks[following])
    return results


def _received(worker: _Worker, values: list[Any], index: int | None, results: dict[int, Any]) -> Any:
    """Return the result that a worker sends; None if it only asks for its first task."""
    try:
        message, records = worker.connection.recv()
    except (EOFError, OSError):
        worker.process.join()
        code = worker.process.exitcode
        ended = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        if index is not None:
            ended = ended if code else "was interrupted"  # KeyboardInterrupt ends a worker in silence
            advice = "; if there was too little memory, use fewer processes" if code < 0 else ""
            raise _failed(values, index, f"its worker process {ended}{advice}", results) from None
        raise SweepError(
            f"gs.sweep(): a worker process {ended} before it began; its messages on stderr say why "
            "(a script must call gs.sweep under: if __name__ == '__main__')"
        ) from None
    handle_kept(records)
    try:
        answer = pickle.loads(message)
    except Exception as error:
        answer = failure_of(error, "its result cannot be read: ")
    if not isinstance(answer, Failure) or index is None:
        return answer
    failed = _failed(values, index, answer.line, results)
    failed.add_note(f"In the worker process:\n{answer.traceback}")
    raise failed from answer.error


def _stop(workers: list[_Worker], finished: bool) -> None:
    """End all workers; those that still compute are interrupted as by Ctrl-C, and close the files of their runs."""
    for worker in workers:
        if finished:
            with suppress(OSError):  # it has ended by itself
                worker.connection.send_bytes(NO_TASK)
        else:
            worker.process.terminate()
        worker.connection.close()
    deadline = time.monotonic() + PATIENCE
    for worker in workers:
        worker.process.join(max(0.0, deadline - time.monotonic()))
        worker.process.kill()
        worker.process.join()
