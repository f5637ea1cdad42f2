"""A backend is one file and one line: a toy one is added so and runs a network; mistakes say what to do."""

import importlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends import select
from gpusyn.backends.base import Backend, Session, lacking
from gpusyn.commands import check, check_cases
from gpusyn.errors import BackendError
from tests.helpers.hand_made import SINGLE, make
from tests.helpers.runs import backend_named

#: The one file of a toy backend: it counts the steps, and leaves the work to the reference.
FILE = """
from gpusyn.backends.numpy.backend import NumpySession


class ToySession(NumpySession):
    steps = 0

    def run(self, steps):
        ToySession.steps += steps
        super().run(steps)


class ToyBackend:
    name = "toy"
    workers = 3

    def __init__(self, threads=None):
        self.threads = threads

    def free_memory(self):
        return 10**9

    def describe(self):
        return "a toy"

    def launcher(self):
        return None

    def start(self, program):
        return ToySession(program)
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The toy backend, entered by its file and its line; the module, to count its steps."""

    def enter(text=FILE, line="toy_backend:ToyBackend"):
        (tmp_path / "toy_backend.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "toy_backend", raising=False)
        importlib.invalidate_caches()
        backends = {"toy": line, **select.BACKENDS}
        monkeypatch.setattr(select, "BACKENDS", backends)
        return importlib.import_module("toy_backend")

    monkeypatch.delenv("GPUSYN_BACKEND", raising=False)
    yield enter
    sys.modules.pop("toy_backend", None)


def network():
    net = gs.Network()
    cells = net.population("cells", 5, gs.LIF(I_e=300.0), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedProbability(0.5), receptor="AMPA", weight=1.0, delay=1.0)
    return net, net.record(cells, "spikes")


def spikes(backend):
    net, recorder = network()
    with gs.Simulator(net, dt=0.1, seed=3, backend=backend) as sim:
        sim.run(50.0)
        return sim.backend, sim.data[recorder]


def test_a_toy_backend_is_one_file_and_one_line(toy, caplog, monkeypatch):
    monkeypatch.setattr(select, "said", set())
    module = toy()
    name, found = spikes("toy")
    assert name == "toy"
    assert found == spikes("numpy")[1]
    assert len(found) > 5
    assert module.ToySession.steps == 500
    assert select.names() == ("auto", "toy", "cuda", "cpu", "numpy")
    assert spikes("auto")[0] == "toy"  # the fastest, by its place in the registry
    assert caplog.messages == ["backend toy: a toy"]
    (variant,) = [v for v in check.variants(select.usable()[0]) if v.name == "toy"]
    case = check_cases.CASES[0]._replace(duration=6.0)
    assert check.run_check([case], [variant]) == 0


def test_an_unknown_backend_is_told_with_the_names_that_there_are(toy):
    toy()
    with pytest.raises(gs.UnknownNameError, match=r"Simulator.backend: unknown name 'tow' \(did you mean 'toy'\?\); "):
        spikes("tow")
    with pytest.raises(gs.UnknownNameError, match="known here: toy, cuda, cpu, numpy"):
        select.make_backend("fpga")


def test_a_backend_that_is_not_complete_is_told_what_it_lacks(toy):
    toy(FILE.replace("def describe", "def described").replace("workers", "walkers"))
    with pytest.raises(BackendError, match=r"ToyBackend lacks describe, workers; add what .*base\.Backend lists"):
        spikes("toy")
    incomplete = SimpleNamespace(name="mine", start=None, workers=1)
    with pytest.raises(gs.ArgumentError, match="must be one of auto"):
        spikes(incomplete)
    incomplete.start = print
    with pytest.raises(
        BackendError, match="backend 'mine': SimpleNamespace lacks describe, free_memory, launcher; add"
    ):
        spikes(incomplete)


def test_a_session_that_is_not_complete_is_told_what_it_lacks(toy):
    toy(FILE.replace("return ToySession(program)", "return program"))
    with pytest.raises(
        BackendError, match=r"Program lacks close, read, rebind, run, write; add what .*base\.Session lists"
    ):
        spikes("toy")


def test_a_backend_that_takes_no_threads_is_told(toy):
    toy(FILE.replace("threads=None", ""))
    with pytest.raises(BackendError, match=r"ToyBackend\.__init__ must take the keyword threads"):
        spikes("toy")


@pytest.mark.parametrize("line", ["toy_backed:ToyBackend", "toy_backend:Toy", "toy_backend"])
def test_a_wrong_line_is_told(toy, line):
    toy(line=line)
    with pytest.raises(BackendError, match=r"BACKENDS in .*select\.py names 'toy_.*cannot be imported .*module:class"):
        spikes("toy")


def test_no_backend_at_all_is_told(monkeypatch):
    monkeypatch.delenv("GPUSYN_BACKEND", raising=False)
    monkeypatch.setattr(select, "BACKENDS", {"gone": "nowhere:Gone"})
    with pytest.raises(BackendError, match="no backend can be used on this machine: backend 'gone'"):
        select.choose()


@pytest.mark.parametrize("name", ["numpy", "cpu", "cuda-emulated"])
def test_every_backend_is_complete_and_checks_what_is_read_and_written(name):
    backend = backend_named(name)
    session = backend.start(make(numbers=SINGLE, n=3).program())
    assert lacking(backend, Backend) == lacking(session, Session) == []
    for wrong in ((-1, 2), (0, 4), (2, 1)):
        with pytest.raises(BackendError, match=r"cannot read .* of array 'V', which holds 3 values"):
            session.read("V", *wrong)
    for values, start in ((np.zeros(2), 0), (np.zeros(2, np.float32), 2), (np.zeros(1, np.float32), -1)):
        with pytest.raises(BackendError, match=r"cannot write .* of array 'V', which holds 3 float32"):
            session.write("V", values, start)
    for call in (lambda: session.read("W"), lambda: session.write("W", np.zeros(1))):
        with pytest.raises(BackendError, match=r"no array 'W' in this session; there are \["):
            call()
    session.write("V", np.arange(6, dtype=np.float32)[::3], 1)
    assert session.read("V").tolist() == [0.0, 0.0, 3.0]
    session.close()
    with pytest.raises(BackendError, match="the session is closed"):
        session.read("V")
