"""The progress bar where tqdm is not."""

import sys

import pytest

from gpusyn.utils.progress import OwnBar, progress_bar


class Stream:
    def __init__(self, terminal):
        self.terminal, self.text = terminal, ""

    def isatty(self):
        return self.terminal

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def test_own_bar_redraws_its_line_in_a_terminal():
    stream = Stream(terminal=True)
    bar = OwnBar(200, 0.1, stream)
    for _ in range(4):
        bar.advance(50)
    bar.finish()
    *_, third, last = stream.text.split("\r")
    assert third.startswith(" 75% [##############################..........] 15/20 ms, ")
    assert last == f"100% [{'#' * 40}] 20/20 ms, 0 s left\n"


def test_own_bar_writes_ten_lines_elsewhere():
    stream = Stream(terminal=False)
    bar = OwnBar(1000, 0.1, stream)
    for _ in range(1000):
        bar.advance(1)
    bar.finish()
    assert stream.text.count("\n") == 10
    assert "\r" not in stream.text


@pytest.mark.parametrize("wanted", [True, False])
def test_bar_without_tqdm(wanted, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with progress_bar(100, 0.1, wanted) as advanced:
        advanced(100)
    assert ("10/10 ms" in capsys.readouterr().err) == wanted
