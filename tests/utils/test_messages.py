"""Messages reach stderr where there is one, and stop nothing where there is none."""

import io
import sys

import pytest

import gpusyn as gs
from gpusyn.backends import select
from gpusyn.commands.cli import main
from gpusyn.utils.messages import say


class Broken(io.TextIOBase):
    """A stream whose reader has gone."""

    def write(self, text):
        raise BrokenPipeError("nobody reads this")


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


def narrow():
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii")


STREAMS = {"none": lambda: None, "closed": closed, "broken": Broken, "narrow": narrow}


def test_a_line_is_written_as_it_is(capsys):
    say("gpusyn: µ and \ufffd")
    assert capsys.readouterr() == ("", "gpusyn: µ and \ufffd\n")


def test_what_a_terminal_cannot_show_is_written_in_ascii(monkeypatch):
    stream = narrow()
    monkeypatch.setattr(sys, "stderr", stream)
    say("5 µA")
    assert stream.buffer.getvalue() == b"5 \\xb5A\n"


@pytest.mark.parametrize("kind", STREAMS)
def test_a_simulation_runs_whatever_stderr_is(kind, monkeypatch):
    net = gs.Network()
    cells = net.population("µ", 3, gs.LIF(I_e=300.0), receptors=[gs.AMPA()])
    net.connect(
        cells, cells, gs.AllToAll(), receptor="AMPA", weight=1.0, delay=gs.Uniform(1.0, 2.0)
    )  # a note on delays
    spikes = net.record(cells, "spikes")
    monkeypatch.setattr(select, "said", set())
    monkeypatch.setattr(sys, "stderr", STREAMS[kind]())
    for tqdm in ({}, {"tqdm": None}):
        with monkeypatch.context() as patch:
            for name, module in tqdm.items():
                patch.setitem(sys.modules, name, module)
            with gs.Simulator(net) as sim:
                sim.run(50.0, progress=True)
                assert len(sim.data[spikes]) > 0


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize(
    ("arguments", "status"), [(["repair", "no-such-file"], 2), (["demo", "--size", "x"], 2), ([], 2), (["info"], 0)]
)
def test_commands_end_with_their_status_whatever_stderr_is(kind, arguments, status, monkeypatch):
    monkeypatch.setattr(sys, "stderr", STREAMS[kind]())
    assert main(arguments) == status


def test_commands_end_with_their_status_without_stdout(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["info"]) == 0
