"""Messages go through the logger "gpusyn" to stderr where there is one, and stop nothing where there is none."""

import io
import logging
import os
import subprocess
import sys

import pytest

import gpusyn as gs
from gpusyn.backends import select
from gpusyn.commands.cli import main
from gpusyn.utils import messages
from gpusyn.utils.messages import LOGGER, StderrHandler, say, warnings_only
from tests.helpers.paths import ROOT


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


@pytest.fixture
def alone(monkeypatch):
    """A process whose program does nothing about logging, and has said nothing yet."""
    monkeypatch.setattr(messages, "_others", lambda own, logger: False)  # pytest has handlers
    monkeypatch.setattr(LOGGER, "handlers", [StderrHandler()])
    monkeypatch.setattr(LOGGER, "filters", [])
    monkeypatch.setattr(select, "said", set())


@pytest.mark.usefixtures("alone")
def test_each_message_is_shown_once(capsys):
    for _ in range(3):
        LOGGER.info("backend numpy")
        LOGGER.warning("%s looks odd", "C_m")
        LOGGER.debug("nobody asked")
    assert capsys.readouterr() == ("", "gpusyn: backend numpy\ngpusyn: warning: C_m looks odd\n")


@pytest.mark.usefixtures("alone")
def test_a_command_can_keep_notes_back(capsys):
    with warnings_only():
        LOGGER.info("a note")
        LOGGER.warning("a warning")
    LOGGER.info("another note")
    assert capsys.readouterr().err == "gpusyn: warning: a warning\ngpusyn: another note\n"


NET = """
import gpusyn as gs
net = gs.Network()
cells = net.population("cells", 3, gs.LIF(t_ref=gs.Uniform(1.0, 3.0)), receptors=[gs.AMPA()])
for k in range(5):
    net.connect(cells, cells, gs.AllToAll(), receptor="AMPA", weight=1.0, delay=gs.Uniform(1.0, 2.0), name=f"p{k}")
print(gs.plan(net, dt=0.1))
for seed in range(3):
    with gs.Simulator(net, seed=seed) as sim:
        sim.run(1.0)
"""
SAID = (
    "backend numpy: ",
    "cells': drawn refractory times rounded to 0.1 ms",
    "5 projections: drawn delays rounded to 0.1 ms",
)


MODULES = ("PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE")  # where compiled modules are kept


def long(*case):
    """A case of the long checks."""
    return pytest.param(*case, marks=pytest.mark.fuzz)


@pytest.mark.parametrize(
    ("before", "lines"),
    [
        ("", 3),
        # A handler of one's own gets every record, of three simulators, if its level allows.
        ("import logging; logging.basicConfig(level='INFO')", 7),
        long("import logging; logging.getLogger('gpusyn').addHandler(logging.StreamHandler())", 7),
        long("import logging; logging.basicConfig()", 0),
        long("import logging; logging.basicConfig(); logging.getLogger('gpusyn').setLevel('INFO')", 7),
        long("import logging; logging.basicConfig(level='ERROR')", 0),
        ("import gpusyn, logging; logging.basicConfig(level='ERROR')", 0),
        long("import logging; logging.disable()", 0),
        long("import logging; logging.getLogger('gpusyn').setLevel('WARNING')", 0),
        long("import logging; logging.getLogger('gpusyn').addHandler(logging.NullHandler())", 0),
    ],
)
def test_what_a_script_prints(before, lines, tmp_path):
    """One line for the backend, one for each kind of note, whatever the number of projections and simulators."""
    script = f"{before}\n{NET}"
    nothing = {"PATH": "/nonexistent", "CXX": "/nonexistent"}  # no compiler, not even that of a package
    kept = {name: os.environ[name] for name in MODULES if name in os.environ}
    settings = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), **nothing, **kept}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, env=settings, check=True
    )
    assert "note: 5 projections: drawn delays" in done.stdout
    said = done.stderr.splitlines()
    assert len(said) == lines, done.stderr
    for part, line in zip(SAID, said, strict=False):
        assert part in line


def test_a_line_is_written_as_it_is(capsys):
    say("gpusyn: µ and \ufffd")
    assert capsys.readouterr() == ("", "gpusyn: µ and \ufffd\n")


def test_what_a_terminal_cannot_show_is_written_in_ascii(monkeypatch):
    stream = narrow()
    monkeypatch.setattr(sys, "stderr", stream)
    say("5 µA")
    assert stream.buffer.getvalue() == b"5 \\xb5A\n"


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("kind", STREAMS)
def test_a_simulation_runs_whatever_stderr_is(kind, monkeypatch):
    net = gs.Network()
    cells = net.population("µ", 3, gs.LIF(I_e=300.0), receptors=[gs.AMPA()])
    net.connect(
        cells, cells, gs.AllToAll(), receptor="AMPA", weight=1.0, delay=gs.Uniform(1.0, 2.0)
    )  # a note on delays
    spikes = net.record(cells, "spikes")
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


def test_notes_are_kept_back_until_the_last_of_several_threads_ends():
    before, one, other = LOGGER.level, warnings_only(), warnings_only()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert LOGGER.level == logging.WARNING
    other.__exit__(None, None, None)
    assert LOGGER.level == before
