"""`gpusyn check`: it sees one bit, fails when it must, and compares something."""

import numpy as np
import pytest

import gpusyn as gs
from benchmarks.common_modules import ALL_NUMBERS
from gpusyn.backends import select
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.commands import check, check_cases
from gpusyn.commands.cli import main
from gpusyn.errors import SimulationError
from gpusyn.kernels.spec import BUILD_KERNELS, KERNELS
from gpusyn.neurons import NEURONS
from gpusyn.results import SpikeData, TraceData
from gpusyn.utils.messages import warnings_only
from tests.emulation import compiler
from tests.helpers.building import EmulatedLauncher
from tests.helpers.command_line import only_numpy
from tests.helpers.long_checks import every
from tests.helpers.validation.lab import fastest


@pytest.fixture
def numpy_alone(monkeypatch):
    only_numpy(monkeypatch)


SHORT = [case._replace(duration=2.0) for case in check_cases.CASES]


class Changed(NumpyBackend):
    """The numpy backend, with what a session reads passed through `change`."""

    name = "changed"

    def __init__(self, change):
        super().__init__()
        self.change = change

    def describe(self):
        return "wrong on purpose"

    def start(self, program):
        session, change = NumpyBackend().start(program), self.change
        read = session.read
        session.read = lambda name, *part, **order: change(name, read(name, *part, **order))
        return session


def last_bit(name, values):
    """Change the last bit of the last sample."""
    if name == "trace" and values.size:
        values.view(f"u{values.itemsize}")[-1] ^= 1
    return values


def one_more_spike(name, values):
    return values + 1 if name == "spike_events" else values


def other_neuron(name, values):
    return np.where(values < 240, values ^ 1, values) if name == "spike_id" else values


def failing(name, values):
    raise SimulationError("the device fell off the bus")


def checked(change, cases=SHORT[:1]):
    return check.run_check(cases, [check.Variant("changed", Changed(change))])


def test_check_finds_the_same_where_nothing_differs(capsys):
    cases = SHORT[::20]
    assert checked(lambda name, values: values, cases) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(cases) + 1
    assert all(line.startswith("changed  ") and "  same (" in line for line in lines[:-1])
    assert lines[-1] == f"{len(cases)} comparisons with numpy, bit for bit: all the same"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (last_bit, "DIFFERENT: "),
        (one_more_spike, "DIFFERENT: spikes: number 1 is of neuron"),
        (other_neuron, "DIFFERENT: spikes: number"),
        (failing, "FAILED: the device fell off the bus"),
    ],
)
def test_check_fails_on_a_planted_mismatch(change, said, capsys):
    case = SHORT[0]._replace(duration=15.0)
    assert checked(change, [case]) == 1
    out = capsys.readouterr().out
    assert said in out
    assert out.splitlines()[-1].endswith("1 DIFFER")


def test_one_bit_is_told_with_its_place(capsys):
    assert checked(last_bit, [check_cases.Case("tiny", check_cases.driven_network, 0.2)]) == 1
    assert "differs in 1 of 120 samples, first at 0.2 ms in neuron 119" in capsys.readouterr().out


def test_command_fails_when_a_backend_differs(capsys, monkeypatch):
    monkeypatch.setattr(check, "CASES", SHORT[:2])
    monkeypatch.setattr(check, "variants", lambda found: [check.Variant("changed", Changed(last_bit))])
    assert main(["check"]) == 1
    assert capsys.readouterr().out.count("DIFFERENT") == 2


def test_numpy_alone_compares_nothing_and_that_is_no_success(capsys, numpy_alone):
    assert main(["check"]) == 1
    out, err = capsys.readouterr()
    assert "nothing compared" in err
    assert "not compared: cpu: backend 'cpu' cannot be used: not on this machine" in out
    assert check.run_check([], [check.Variant("numpy", NumpyBackend())]) == 1


def test_this_machine_agrees(capsys, monkeypatch):
    if len(select.usable()[0]) == 1:
        pytest.skip("only numpy works on this machine")
    monkeypatch.setattr(check, "CASES", SHORT[:1])
    assert main(["check"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("all the same")


@pytest.mark.parametrize(
    "case", every(7, [c for c in check_cases.CASES if c.precision == "single"]), ids=lambda case: case.name
)
def test_no_case_compares_emptiness(case):
    results = check.run_case(case, select.make_backend(fastest()))
    for data in results.values():
        if isinstance(data, SpikeData):
            assert len(data) > 50
        else:
            assert isinstance(data, TraceData)
            for name, values in data.values.items():
                assert np.ptp(values[-50:]) > 0, name
                assert np.isfinite(values).all(), name


class Building(NumpyBackend):
    """The numpy backend, for which kernels of an emulated device build networks; `built` names the kernels."""

    def __init__(self):
        super().__init__()
        self.built = set()

    def launcher(self):
        built = self.built

        class Noted(EmulatedLauncher):
            def launch(self, kernel, **arguments):
                built.add(kernel)
                super().launch(kernel, **arguments)

        return Noted()


def test_the_cases_have_every_kernel_neuron_model_and_number_type():
    if compiler() is None:
        pytest.skip("the emulator needs g++, which is not on PATH")
    backend, kernels, models, numbers = Building(), set(), set(), set()
    for case in check_cases.CASES:
        net = case.network()
        models |= {type(population.model).__name__ for population in net.populations.values()}
        with (
            warnings_only(),
            gs.Simulator(net, dt=0.1, backend=backend, precision=case.precision, weights=case.weights) as sim,
        ):
            kernels |= {launch.kernel for launch in sim._compiled.program.launches}
            numbers.add(sim._compiled.program.numbers)
    assert kernels == set(KERNELS)
    assert backend.built == set(BUILD_KERNELS) - {"draw_listed", "draw_within", "keep_own"}  # which only ranks need
    assert models == {*NEURONS, "Compartments"}
    assert {(n.real, n.acc) for n in numbers} == {(n.real, n.acc) for n in ALL_NUMBERS}
    assert {n.weight for n in numbers} == {"int16", "int32", "int64"}


def test_differences_in_kind_are_told():
    spikes = SpikeData([("E", 4, None)], [1.0, 2.0], [0, 1], duration=5.0)
    fewer = SpikeData([("E", 4, None)], [1.0], [0], duration=5.0)
    assert check.difference({"s": spikes}, {"s": fewer}) == "s: 2 spikes, not 1"
    assert check.difference({"s": spikes}, {"t": spikes}) == "recorders: s, not t"
    one = TraceData([("E", 1, None)], {"V": np.zeros((2, 1), np.float32)}, [0.1, 0.2], {"V": "mV"})
    double = TraceData([("E", 1, None)], {"V": np.zeros((2, 1))}, [0.1, 0.2], {"V": "mV"})
    assert check.difference({"t": one}, {"t": double}) == "t: V is float32 (2, 1), not float64 (2, 1)"
    later = TraceData([("E", 1, None)], {"V": np.zeros((2, 1), np.float32)}, [0.2, 0.3], {"V": "mV"})
    assert "the descriptions differ" in check.difference({"t": one}, {"t": later})
