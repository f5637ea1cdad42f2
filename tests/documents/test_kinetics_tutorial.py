"""docs/adding_a_kinetics.md, followed to the letter in a copy of the package; and what it says to those who do not."""

import pytest

from tests.helpers.long_checks import every
from tests.helpers.runs import cpu, emulated
from tests.helpers.tutorial import Page

PAGE = Page("adding_a_kinetics.md")
NAMES = ["gpusyn/kinetics/two_decays.py", "gpusyn/kinetics/__init__.py", "gpusyn/equations/kinetics/two_decays.py",
         "kernels/kinetics/two_decays.cuh", "gpusyn/builder/gating/two_decays.py"]  # fmt: skip


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return PAGE.follow(tmp_path_factory.mktemp("checkout"))


def test_the_page_has_four_files_and_a_line():
    assert [name for name, _ in PAGE.files] == NAMES
    assert all(text.count("\n") == 1 for name, text in PAGE.files if name.endswith("__init__.py"))


@pytest.mark.fuzz
def test_the_new_kinetics_is_exact_with_the_same_bits_on_every_backend(checkout):
    cpu(), emulated()  # skips where there is no compiler
    checkout.play(PAGE.example, emulated=True)


@pytest.mark.fuzz
def test_the_new_files_are_typed(checkout):
    pytest.importorskip("mypy")
    checkout.run("-m", "mypy", "--strict", *(name for name in NAMES if name.endswith("decays.py")))


RUN = """
import gpusyn as gs
from gpusyn.kinetics import TwoDecays
net = gs.Network()
source = net.population("source", 1, gs.SpikeSource([[1.0]]))
receptor = gs.{receptor}(name="syn", kinetics=TwoDecays(2.0, 20.0), gating={gating!r})
cells = net.population("cells", 2, gs.LIF(), receptors=[receptor])
net.connect(source, cells, gs.AllToAll(), receptor="syn", weight=10.0, delay=0.1)
net.record(cells, "I_syn", name="I")
sim = gs.Simulator(net, backend={backend!r})
sim.run(3.0)
assert sim.data["I"]["I_syn"].min() < -5.0
"""


@pytest.mark.parametrize("gating", ["auto", "per-synapse"])
def test_a_current_of_the_new_kinetics_flows(checkout, gating):
    checkout.run("-c", RUN.format(receptor="CurrentReceptor", backend="numpy", gating=gating))


TWIN, RECORD = "gpusyn/equations/kinetics/two_decays.py", "gpusyn/builder/gating/two_decays.py"
KERNEL = "kernels/kinetics/two_decays.cuh"
MISTAKES = {
    "no record": (
        "numpy", RECORD, "enter(GateForm(", "print(GateForm(",
        "UnknownNameError: gate form of kinetics 'two_decays': no class of this name is known (known: g_protein, "
        "instantaneous, exponential, alpha, dual, first_order, markov, saturating, jump); enter a GateForm of this "
        "kind in a file of gpusyn/builder/gating/ (docs/adding_a_kinetics.md)",
    ),
    "no twin of the synapse's gate": (
        "numpy", TWIN, "@synapse_gate\n", "",
        "UnknownNameError: struct of a synapse's gate 'TwoDecaysGate': no class of this name is known",
    ),
    "no twin of the target's gate": (
        "numpy", RECORD, '"TwoDecays"', '"Decays"',
        "UnknownNameError: struct of a target's gate 'Decays': no class of this name is known",
    ),
    "a twin without a step": (
        "numpy", TWIN, "def step(self, x", "def steps(self, x",
        "ArgumentError: @lumped: TwoDecays has no step; write a subclass of gpusyn.equations.kinetics.base.Lumped with "
        "C, STATES, average, step (docs/adding_a_kinetics.md)",
    ),
    "a name that is taken": (
        "numpy", TWIN, "class TwoDecaysGate(", "class RisingGate(",
        "ArgumentError: @synapse_gate: gpusyn.equations.kinetics.linear has a gate 'RisingGate' already",
    ),
    "a kind that is taken": (
        "numpy", RECORD, 'GateForm("two_decays"', 'GateForm("alpha"',
        "ArgumentError: GateForm: kinetics of the kind 'alpha' have a form already; choose another kind=",
    ),
    "kinetics that is not linear without a gate of the source": (
        "numpy", "gpusyn/kinetics/two_decays.py", '    kind: ClassVar[str] = "two_decays"\n',
        '    kind: ClassVar[str] = "two_decays"\n    linear: ClassVar[bool] = False\n',
        "ParameterError: kinetics 'two_decays': its form has no gate of a source; give it source= and own=",
    ),
    "coefficients without names": (
        "numpy", RECORD, "return TwoDecaysCoefficients(", "return (lambda **c: tuple(c.values())[1:])(",
        "ArgumentError: GateForm of kinetics 'two_decays': target= must return a TwoDecaysCoefficients (got (",
    ),
    "a value beyond the states": (
        "numpy", TWIN, "STATES, VALUE = 2, (0, 1)", "STATES, VALUE = 1, (0, 1)",
        "ArgumentError: @lumped: TwoDecays.VALUE = (0, 1) names a state beyond its STATES = 1; states count from 0",
    ),
    "a kernel that another gate has": (
        "numpy", TWIN, '"advance_two_decays"', '"advance_markov"',
        "ArgumentError: @synapse_gate: TwoDecaysGate.KERNEL must be a name in C++ that no other gate has (got "
        "'advance_markov'; there are ",
    ),
    "pulses of transmitter without their length": (
        "numpy", TWIN, "    STATES = 2\n", "    STATES = 2\n    PULSES = True\n",
        "ArgumentError: receptor 'syn'.kinetics: has no 'T_dur', which gates with PULSES = True need; give",
    ),
    "a struct with other counts": (
        "cpu", KERNEL, "STATES = 2", "STATES = 3",
        "TwoDecays must have STATES 2, COEFS 6, INPUTS 1, as its Python class",
    ),
    "a struct with other input": (
        "cpu", KERNEL, "PULSES = 0", "PULSES = 1", "TwoDecaysGate must have PULSES 0, as its Python class",
    ),
    "no kernel file": (
        "cpu", KERNEL, None, None,
        "BackendError: gate 'TwoDecays': there is no file kinetics/two_decays.cuh in {kernels}; write struct "
        "TwoDecays in it (docs/adding_a_kinetics.md), or use backend='numpy', which needs none",
    ),
    "no struct": (
        "cpu", KERNEL, "struct TwoDecays :", "struct Decays :",
        "BackendError: gate 'TwoDecays': there is no struct TwoDecays in kinetics/two_decays.cuh of {kernels}; "
        "write it",
    ),
    "a coefficient that Python does not name": (
        "cpu", KERNEL, "c[mean_fast] * x[0]", "c[mean_first] * x[0]", "mean_first",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", every(4, MISTAKES))
def test_a_mistake_on_the_way_says_what_to_do_next(checkout, mistake):
    backend, file, old, new, said = MISTAKES[mistake]
    if backend == "cpu":
        cpu()  # skips where there is no compiler
    gating = "per-synapse" if "PULSES" in (new or "") else "auto"
    last = checkout.mistake(file, old, new, RUN.format(receptor="AMPA", backend=backend, gating=gating))
    assert said.replace("{kernels}", str(checkout.folder / "kernels")) in last
