"""The progress bar is tqdm's; without tqdm one line says how long the run is."""

import os
import sys

import pytest

from gpusyn.utils.progress import progress_bar


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


def test_without_tqdm_one_line_says_how_to_get_a_bar(capsys, caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert said(capsys, True) == ""
    assert caplog.messages == ["running 10 ms; for a progress bar: pip install tqdm"]


@pytest.mark.parametrize(("wanted", "steps"), [(False, 100), (True, 0)])
def test_nothing_is_shown_where_nothing_is_wanted(wanted, steps, capsys):
    assert said(capsys, wanted, steps) == ""


@pytest.mark.parametrize("columns", [0, 90])
def test_the_bar_is_seen_in_a_terminal_whose_width_is_not_known(columns, monkeypatch):
    """As under `script` and in some CI: the terminal says that it has 0 columns."""
    pytest.importorskip("tqdm")
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (0, columns))
    with open(slave, "w", encoding="utf-8") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        with progress_bar(100, 0.1, True) as advanced:
            advanced(100)
        terminal.write("end")
    shown = b""
    while not shown.endswith(b"end"):
        shown += os.read(master, 1000)
    os.close(master)
    last = shown.decode().split("\r")[-2]
    assert "| 10/10 ms [" in last
    assert len(last) <= (columns or 80)
