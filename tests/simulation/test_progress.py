"""The progress bar is tqdm's, for building and for running; without tqdm one line says how much there is to do."""

import os
import sys
from contextlib import contextmanager

import pytest

import gpusyn as gs
from gpusyn.utils import progress
from gpusyn.utils.progress import meanwhile, progress_bar
from tests.helpers.runs import cpu


def test_the_bar_is_a_widget_where_tqdm_has_one(monkeypatch):
    """In notebooks `tqdm.auto` has another class than `tqdm`; it is red unless it ends at its total exactly."""
    auto = pytest.importorskip("tqdm.auto")
    ended = []

    class Widget(auto.tqdm):
        def close(self):
            ended.append((self.n, self.total))
            super().close()

    monkeypatch.setattr(auto, "tqdm", Widget)
    with progress_bar(1003, 0.1, True) as advanced:
        for done in [7] * 143 + [2]:
            advanced(done)
    assert ended[0] == (1003 * 0.1, 1003 * 0.1)


def said(capsys, wanted, steps=100):
    with progress_bar(steps, 0.1, wanted) as advanced:
        for done in (30, 60, 10):
            advanced(min(done, steps))
    return capsys.readouterr().err


def test_the_bar_is_tqdms(capsys):
    pytest.importorskip("tqdm")
    text = said(capsys, True)
    assert text.count("\r") >= 1
    assert "| 10/10 ms [" in text.split("\r")[-1]


def test_the_bar_says_what_is_done_meanwhile(capsys):
    """In the same line; within another bar it is the inner one that does."""
    pytest.importorskip("tqdm")
    with progress_bar(100, 0.1, True, doing="building") as advanced:
        with meanwhile("compiling"):
            pass
        advanced(100)
    with meanwhile("nothing"):  # there is no bar
        pass
    states = [one.partition(":")[0] for one in capsys.readouterr().err.split("\r") if one]
    assert [one for one, before in zip(states, ["", *states], strict=False) if one != before] == [
        "building", "compiling", "building"]  # fmt: skip


def test_without_tqdm_a_line_says_so(caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    for wanted in (True, None):
        with progress_bar(100, 0.1, wanted, doing="building"), meanwhile("compiling kernels"):
            pass
    assert caplog.messages == ["building 10 ms; for a progress bar: pip install tqdm", "compiling kernels"]


def test_building_says_when_kernels_are_compiled(capsys, tmp_path, monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setenv("GPUSYN_CACHE", str(tmp_path))
    for number in (1, 0):  # the second time, they are in the cache
        with gs.Simulator(network(), backend=cpu(), progress=True):
            pass
        states = capsys.readouterr().err.split("\r")
        assert any(one.startswith("compiling kernels: ") for one in states) == bool(number)
        assert states[-1].startswith("building: 100%|")


def test_more_than_was_expected_is_a_full_bar(capsys):
    pytest.importorskip("tqdm")
    with progress_bar(100, 0.1, True) as advanced:
        advanced(130)
    assert "| 10/10 ms [" in capsys.readouterr().err.split("\r")[-1]


def test_without_tqdm_one_line_says_how_to_get_a_bar(capsys, caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert said(capsys, True) == ""
    assert caplog.messages == ["running 10 ms; for a progress bar: pip install tqdm"]


@pytest.mark.parametrize(("wanted", "steps"), [(False, 100), (True, 0)])
def test_nothing_is_shown_where_nothing_is_wanted(wanted, steps, capsys):
    assert said(capsys, wanted, steps) == ""


def network():
    net = gs.Network()
    cells = net.population("cells", 10, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedInDegree(3), receptor="AMPA", weight=1.0, name="one")
    net.connect(cells, cells, gs.FixedInDegree(5), receptor="AMPA", weight=1.0, name="other")
    return net


def bars(text):
    """The last state of each bar."""
    return [line.split("\r")[-1].strip() for line in text.split("\n") if "\r" in line]


def test_a_simulator_shows_how_many_synapses_are_built_and_then_how_long_it_runs(capsys):
    pytest.importorskip("tqdm")
    with gs.Simulator(network(), backend="numpy", progress=True) as sim:
        sim.run(3.0)
        sim.run(2.0, progress=False)
    built, ran = bars(capsys.readouterr().err)
    assert built.startswith("building: 100%|")
    assert "| 80/80 synapses [" in built
    assert ran.startswith("running: 100%|")
    assert "| 3/3 ms [" in ran


@pytest.mark.parametrize("wanted", [{}, {"progress": False}, {"progress": None}])
def test_a_simulator_is_silent_where_nobody_looks(wanted, capsys, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    with gs.Simulator(network(), backend="numpy", **wanted) as sim:
        sim.run(3.0)
    assert capsys.readouterr() == ("", "")
    with pytest.raises(gs.ArgumentError, match=r"Simulator\.progress: must be True or False \(got 'yes'\)"):
        gs.Simulator(network(), progress="yes")


@contextmanager
def a_terminal(columns, monkeypatch):
    """Make stderr a terminal; yield a list that receives what it showed."""
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (0, columns))
    shown = []
    with open(slave, "w", encoding="utf-8") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        yield shown
        terminal.write("end")
    text = b""
    while not text.endswith(b"end"):
        text += os.read(master, 1000)
    os.close(master)
    shown.append(text.decode())


@pytest.mark.parametrize(("patience", "wanted", "seen"), [(0.0, None, 2), (1000.0, None, 0), (0.0, False, 0)])
def test_what_takes_long_has_a_bar_in_a_terminal(patience, wanted, seen, monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(progress, "PATIENCE", patience)
    with a_terminal(90, monkeypatch) as shown, gs.Simulator(network(), backend="numpy", progress=wanted) as sim:
        sim.run(3.0)
    assert len([line for line in shown[0].split("\n") if "100%" in line]) == seen


def test_worker_processes_share_a_terminal_and_show_nothing_by_themselves(monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "is_worker_process", lambda: True)
    with a_terminal(90, monkeypatch) as shown, gs.Simulator(network(), backend="numpy") as sim:
        sim.run(3.0)
    assert "100%" not in shown[0]


@pytest.mark.parametrize("columns", [0, 90])
def test_the_bar_is_seen_in_a_terminal_whose_width_is_not_known(columns, monkeypatch):
    """As under `script` and in some CI: the terminal says that it has 0 columns."""
    pytest.importorskip("tqdm")
    with a_terminal(columns, monkeypatch) as shown, progress_bar(100, 0.1, True) as advanced:
        advanced(100)
    last = shown[0].split("\r")[-2]
    assert "| 10/10 ms [" in last
    assert len(last) <= (columns or 80)
