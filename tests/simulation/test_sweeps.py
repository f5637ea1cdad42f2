"""`gs.sweep`: results in order, one thread a worker, errors that name their value, no worker left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import pytest

import gpusyn as gs
from tests.helpers.long_checks import every
from tests.helpers.paths import ROOT

# What a user's script has at its top: functions and a class that workers must find in it.
SCRIPT = """
import os, signal, sys, time
from dataclasses import dataclass
from pathlib import Path

import gpusyn as gs
from gpusyn.utils.cores import default_threads


@dataclass
class Trial:
    current: float
    spikes: gs.SpikeData
    threads: int
    process: int


def simulate(current):
    Path(f"{current}.begun").touch()
    while len(list(Path().glob("*.begun"))) < 2:  # another worker computes another value
        time.sleep(0.01)
    net = gs.Network()
    cells = net.population("cells", 3, gs.LIF(I_e=current))
    spikes, V = net.record(cells, "spikes"), net.record(cells, "V", every=1.0)
    with gs.Simulator(net, backend="numpy") as sim:
        sim.run(50.0)
        trial = Trial(current, sim.data[spikes], default_threads(), os.getpid())
        return {"trial": trial, "lists": [(sim.data[V], {current})], "all": sim.data}


def fail(value):
    if value == "third":
        raise ValueError("too much")
    return value.upper()


def die(value):
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt(value):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10.0)


def nest(value):
    return gs.sweep(fail, ["first"], processes=2)


def stream(number):
    net = gs.Network()
    net.record(net.population("cells", 1, gs.LIF(I_e=300.0)), "spikes", file=f"{number}.h5")
    with gs.Simulator(net, backend="numpy") as sim:
        sim.run(10.0)
        Path(f"{number}-{os.getpid()}.pid").touch()
        sim.run(1e9)


def warn(value):
    net = gs.Network()
    net.population("cells", 1, gs.LIF(C_m=0.5))
    with gs.Simulator(net, backend="numpy"):
        return value


def message(function, values):
    try:
        return gs.sweep(function, values, processes=2)
    except gs.SweepError as error:
        return str(error), dict(error.results), repr(error.__cause__), getattr(error, "__notes__", [])
"""


def run(folder: Path, body: str, *, guarded: bool = True, top: str = "") -> str:
    """Return what a script prints that begins with SCRIPT and `top`, which workers import too."""
    body = textwrap.indent(textwrap.dedent(body), "    ") if guarded else textwrap.dedent(body)
    path = folder / "script.py"
    path.write_text(f"{SCRIPT}\n{top}\n" + ('if __name__ == "__main__":\n' if guarded else "") + body)
    start = {"cwd": folder, "env": os.environ | {"PYTHONPATH": str(ROOT)}, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, path.name], check=False, **start)
    return done.stdout + done.stderr


def test_results_come_in_order_from_workers_with_one_thread(tmp_path: Path) -> None:
    printed = run(
        tmp_path,
        """
        currents = [500.0, 150.0, 200.0, 300.0]
        results = gs.sweep(simulate, currents, processes=2, progress=True)
        print([r["trial"].current for r in results] == currents, {r["trial"].threads for r in results})
        print(os.getpid() in {r["trial"].process for r in results})
        for result, here in zip(results, map(simulate, currents)):
            assert result["trial"].spikes == here["trial"].spikes == result["all"]["cells:spikes"]
            assert result["lists"] == here["lists"]
        print(len(results[0]["trial"].spikes) > len(results[3]["trial"].spikes) > 0)
        """,
    )
    assert printed.startswith("True {1}\nFalse\nTrue\n"), printed
    assert "4/4 values" in printed or "running 4 values" in printed


@pytest.mark.parametrize(
    ("muted", "news"),
    [
        ("pass", ["gpusyn: warning: LIF.C_m", "gpusyn: warning: Population 'cells'"]),
        ("logging.disable()", []),
        pytest.param("logging.getLogger('gpusyn').setLevel('ERROR')", [], marks=pytest.mark.fuzz),
        pytest.param("logging.basicConfig(level='ERROR')", [], marks=pytest.mark.fuzz),
        pytest.param("logging.getLogger('gpusyn').disabled = True", [], marks=pytest.mark.fuzz),
    ],
)
def test_workers_say_nothing_that_was_said_or_muted(tmp_path: Path, muted: str, news: list[str]) -> None:
    body = f"import logging\n{muted}\nprint(gs.sweep(warn, range(4), processes=2))"
    printed = run(tmp_path, body, top="gs.LIF(C_m=0.25)")
    lines = printed.splitlines()
    assert lines[0] == "[0, 1, 2, 3]"
    assert "got 0.25" in lines[1]  # the import of the script, which comes before it mutes anything
    assert len(lines) == 2 + len(news), printed
    assert all(line.startswith(start) for line, start in zip(lines[2:], news, strict=True)), printed


def test_a_failure_names_its_value_and_keeps_the_other_results(tmp_path: Path) -> None:
    printed = run(
        tmp_path,
        """
        text, results, cause, notes = message(fail, ["first", "second", "third"])
        print(text, results.items() <= {0: "FIRST", 1: "SECOND"}.items(), cause, "in fail" in notes[0])
        print(message(die, [7])[0])
        print(message(interrupt, [7])[0])
        print(message(nest, [1])[0])
        """,
    )
    assert printed.splitlines() == [
        "gs.sweep(): value 'third' (number 3 of 3): ValueError: too much True ValueError('too much') True",
        "gs.sweep(): value 7 (number 1 of 1): its worker process was killed by SIGKILL; "
        "if there was too little memory, use fewer processes",
        "gs.sweep(): value 7 (number 1 of 1): its worker process was interrupted",
        "gs.sweep(): value 1 (number 1 of 1): ArgumentError: gs.sweep(): is called in a worker of another sweep; "
        "use processes=1 there",
    ]


def interrupted(folder: Path, *, begun: int, to_all: bool) -> str:
    """Return what a script writes to stderr that is interrupted once `begun` workers simulate."""
    (folder / "script.py").write_text(
        SCRIPT
        + 'if __name__ == "__main__":\n'
        + "    signal.signal(signal.SIGINT, signal.default_int_handler)  # a test may run in the background\n"
        + "    Path('script.pid').touch()\n"
        + "    gs.sweep(stream, [1, 2], processes=2)\n"
    )
    start = {"cwd": folder, "env": os.environ | {"PYTHONPATH": str(ROOT)}, "stderr": subprocess.PIPE, "text": True}
    script = subprocess.Popen([sys.executable, "script.py"], start_new_session=True, **start)
    while len(list(folder.glob("*.pid"))) <= begun:
        assert script.poll() is None, script.communicate()[1]
        time.sleep(0.05)
    if not begun:
        time.sleep(0.3)  # the workers are being started, most likely
    os.killpg(script.pid, signal.SIGINT) if to_all else os.kill(script.pid, signal.SIGINT)
    return script.communicate()[1]


@pytest.mark.parametrize("to_all", every(2, [True, False]))  # as from a terminal; or to the script alone
def test_ctrl_c_stops_all_workers_which_close_their_files(to_all: bool, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    errors = interrupted(tmp_path, begun=2, to_all=to_all)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert errors.count("Traceback") == 1  # workers end in silence
    for number in (1, 2):
        (mark,) = tmp_path.glob(f"{number}-*.pid")
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.stem.partition("-")[2]), 0)
        assert gs.open_results(tmp_path / f"{number}.h5").status in ("interrupted", "finished")  # not killed


def test_ctrl_c_is_answered_in_silence_by_workers_that_are_being_started(tmp_path: Path) -> None:
    errors = interrupted(tmp_path, begun=0, to_all=True)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert errors.count("Traceback") == 1


def test_a_script_without_a_guard_is_told_so(tmp_path: Path) -> None:
    printed = run(tmp_path, "print(gs.sweep(fail, ['first'] * 2, processes=2))", guarded=False)
    assert "ended with exit code 1 before it began" in printed
    assert "gs.sweep(): is called while a worker imports the script; write if __name__ == '__main__':" in printed


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="workers are forked on Linux alone")
def test_functions_of_an_interactive_session_work() -> None:
    session = "import gpusyn as gs\ndef double(x): return 2 * x\nprint(gs.sweep(double, [1, 2], processes=2))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable], input=session, capture_output=True, text=True, env=environment, check=False)
    assert done.stdout == "[2, 4]\n", done.stderr


def test_one_process_is_this_one() -> None:
    here = []
    assert gs.sweep(lambda x: here.append(x) or len(here), (x for x in "abc"), processes=1) == [1, 2, 3]
    assert here == ["a", "b", "c"]
    with pytest.raises(
        gs.SweepError, match=r"value 0 \(number 3 of 4\): ZeroDivisionError: division by zero"
    ) as caught:
        gs.sweep(lambda x: 1 / x, [1, 2, 0, 4], processes=1)
    assert caught.value.results == {0: 1.0, 1: 0.5}
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(gs.SweepError, match=r"value 3 \(number 1 of 1\): SystemExit: 3"):  # as of a worker
        gs.sweep(sys.exit, [3], processes=1)
    assert gs.sweep(len, []) == []


def test_what_cannot_be_sent_is_refused_before_anything_runs() -> None:
    with pytest.raises(gs.ArgumentError, match=r"function: cannot be sent .*lambda.*write it with def.*processes=1"):
        gs.sweep(lambda x: x, [1, 2], processes=2)
    with pytest.raises(gs.ArgumentError, match=r"values\[1\]: cannot be sent .*; give plain values"):
        gs.sweep(len, ["a", partial(lambda: 0)], processes=2)
    for wrong, message in (
        ({"function": 3, "values": [1]}, "must be a function of one value"),
        ({"function": len, "values": 3}, "must be an iterable of values"),
        ({"function": len, "values": ["a"], "progress": 1}, "must be True or False"),
        ({"function": len, "values": ["a"], "process": 2}, "did you mean 'processes'"),
    ):
        with pytest.raises(gs.ArgumentError, match=message):
            gs.sweep(**wrong)
    with pytest.raises(gs.ParameterError, match="processes: must be a whole number >= 1"):
        gs.sweep(len, ["a"], processes=0)
