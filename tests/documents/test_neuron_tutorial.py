"""docs/adding_a_neuron.md, followed to the letter in a copy of the package; and what it says to those who do not."""

import pytest

from tests.helpers.long_checks import every
from tests.helpers.runs import cpu, emulated
from tests.helpers.tutorial import Page

PAGE = Page("adding_a_neuron.md")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return PAGE.follow(tmp_path_factory.mktemp("checkout"))


def test_the_page_has_one_python_file_one_kernel_file_and_a_line():
    assert [name for name, _ in PAGE.files] == [
        "gpusyn/neurons/qif.py", "gpusyn/neurons/__init__.py", "gpusyn/__init__.py", "kernels/neurons/qif.cuh",
    ]  # fmt: skip
    assert all(text.count("\n") == 1 for name, text in PAGE.files if name.endswith("__init__.py"))


@pytest.mark.fuzz
def test_the_new_model_fires_as_it_should_with_the_same_bits_on_every_backend(checkout):
    cpu(), emulated()  # skips where there is no compiler
    checkout.play(PAGE.example, emulated=True)


SOMA = """
import numpy as np

import gpusyn as gs

net = gs.Network()
noise = net.population("noise", 40, gs.PoissonSource(80.0))
dendrites = {"apical": gs.Dendrite(g_c=gs.Uniform(10.0, 20.0)), "basal": gs.Dendrite(E_L=-65.0)}
cell = gs.Compartments(soma=gs.QIF(I_e=gs.Uniform(0.0, 600.0), t_ref=1.0), dendrites=dendrites)
receptors = {"soma": [gs.GABA_A()], "apical": [gs.AMPA(), gs.NMDA()]}
cells = net.population("cells", 30, cell, receptors=receptors)
weights = {"GABA_A": 0.2, "apical.AMPA": 1.0, "apical.NMDA": 0.3}
net.connect(noise, cells, gs.FixedProbability(0.5), weight=weights, delay=gs.Uniform(0.5, 2.0))
net.inject(cells[:10], 50.0, compartment="basal")
net.record(cells, "spikes", name="spikes")
net.record(cells, ["V", "V_apical", "V_basal", "I_apical.NMDA"], name="traces")
for precision in ("single", "double"):
    found = {}
    for backend in ("numpy", "cpu"):
        with gs.Simulator(net, dt=0.1, seed=2, backend=backend, precision=precision) as sim:
            sim.run(60.0)
            sim.set(cells, "g_c_basal", 5.0)
            sim.run(60.0)
            spikes, traces = sim.data["spikes"], sim.data["traces"]
            found[backend] = [spikes.times, spikes.ids, *(traces[name] for name in traces)]
    assert len(spikes) > 30 and traces["V"].min() == -80.0 and np.ptp(traces["V_apical"]) > 10.0
    for arrays in found.values():
        assert all(np.array_equal(a, b) for a, b in zip(found["numpy"], arrays, strict=True))
"""


@pytest.mark.fuzz
def test_the_new_model_is_a_soma_with_the_same_bits_on_every_backend(checkout):
    cpu(), emulated()  # skips where there is no compiler
    checkout.play(SOMA, emulated=True)


@pytest.mark.fuzz
def test_the_new_file_is_typed(checkout):
    pytest.importorskip("mypy")
    checkout.run("-m", "mypy", "--strict", "gpusyn/neurons/qif.py")


def test_the_list_of_common_modules_covers_the_new_model(checkout):
    listed = (
        "from benchmarks.common_modules import modules_in_common_use; print([m.name for m in modules_in_common_use()])"
    )
    assert checkout.attempt("-c", listed).stdout.count("'QIF(") == 6


RUN = """
import gpusyn as gs
net = gs.Network()
net.population("cells", 2, gs.QIF())
gs.Simulator(net, backend={!r}).run(1.0)
"""
MISTAKES = {
    "no decorator": (
        "numpy", "gpusyn/neurons/qif.py", "@neuron\n", "",
        "UnknownNameError: neuron model 'QIF': no class of this name is known (known: AdEx, LIF, ExactLIF, "
        "AdaptiveLIF, ExactAdaptiveLIF, GLIF, ExactGLIF, HodgkinHuxley, Izhikevich); write @neuron above the class, "
        "and import it in gpusyn/neurons/__init__.py (docs/adding_a_neuron.md)",
    ),
    "no twin": (
        "numpy", "gpusyn/neurons/qif.py", "def advance(", "def advances(",
        "ArgumentError: @neuron: QIF has no advance; write a subclass of gpusyn.neurons.Membrane with all parts of a "
        "model (docs/adding_a_neuron.md)",
    ),
    "a parameter named like a method": (
        "numpy", "gpusyn/neurons/qif.py", 'Parameter("V_T"', 'Parameter("leak"',
        "ArgumentError: @neuron: QIF has a parameter and an attribute 'leak'; rename the parameter",
    ),
    "a name that is taken": (
        "numpy", "gpusyn/neurons/qif.py", "class QIF(", "class LIF(",
        "ArgumentError: @neuron: gpusyn.neurons.lif has a model 'LIF' already; choose another name",
    ),
    "no steady state": (
        "numpy", "gpusyn/neurons/qif.py", "    THRESHOLD:",
        '    STATES: ClassVar[dict[str, str]] = {"w": "pA"}\n    THRESHOLD:',
        "ArgumentError: QIF.steady: must return one value for each of the 1 STATES (w), returned 0; add or drop some",
    ),
    "a parameter without limits": (
        "numpy", "gpusyn/neurons/qif.py", '        "V_T": {"potential": True},\n', "",
        "ArgumentError: @neuron: QIF.LIMITS has no entry for the parameter 'V_T'; add one",
    ),
    "limits of no parameter": (
        "numpy", "gpusyn/neurons/qif.py", '"V_T": {', '"V_T": {}, "V_t": {',
        "ArgumentError: @neuron: QIF.LIMITS has 'V_t', which is not one of its PARAMETERS (C_m, g_L, E_L, V_T",
    ),
    "a threshold that is no parameter": (
        "numpy", "gpusyn/neurons/qif.py", '= "V_peak"', '= "V_pek"',
        "ArgumentError: @neuron: QIF.THRESHOLD is 'V_pek'; name one of its PARAMETERS (C_m, g_L, E_L, V_T, V_peak",
    ),
    "a parameter that every model needs": (
        "numpy", "gpusyn/neurons/qif.py", 'Parameter("t_ref"', 'Parameter("tau"',
        "ArgumentError: @neuron: QIF has no parameter 't_ref', as every model must; add it to PARAMETERS",
    ),
    "a parameter that is not taken": (
        "numpy", "gpusyn/neurons/qif.py", "V_reset, t_ref, I_e)", "V_reset, t_ref)",
        "ArgumentError: QIF._take: must get the 8 PARAMETERS in their order (got 7 values); give C_m, g_L, E_L",
    ),
    "a state named like a variable of every neuron": (
        "numpy", "gpusyn/neurons/qif.py", "    THRESHOLD:",
        '    STATES: ClassVar[dict[str, str]] = {"V": "mV"}\n    THRESHOLD:',
        "ArgumentError: @neuron: QIF.STATES has 'V', a variable of every neuron; rename the state",
    ),
    "equations with a wrong parameter": (
        "numpy", "gpusyn/neurons/qif.py", 'g_L=p["g_L"]', 'g_L=p["gL"]',
        "UnknownNameError: QIF: its equations ask for the parameter 'gL', which is not one of its PARAMETERS (C_m,",
    ),
    "coefficients without names": (
        "numpy", "gpusyn/neurons/qif.py", "return QIFCoefficients(", "return (lambda **c: tuple(c.values())[1:])(",
        "ArgumentError: QIF.coefficients: must return QIFCoefficients(g_L=..., dt_C=..., k=..., V_peak=...), returned "
        "a tuple; name every coefficient (docs/adding_a_neuron.md)",
    ),
    "no kernel file": (
        "cpu", "kernels/neurons/qif.cuh", None, None,
        "BackendError: neuron model 'QIF': there is no file neurons/qif.cuh in {kernels}; write struct QIF in it "
        "(docs/adding_a_neuron.md), or use backend='numpy', which needs none",
    ),
    "no struct": (
        "cpu", "kernels/neurons/qif.cuh", "struct QIF ", "struct Quadratic ",
        "BackendError: neuron model 'QIF': there is no struct QIF in neurons/qif.cuh of {kernels}; write it "
        "(docs/adding_a_neuron.md), or use backend='numpy', which needs none",
    ),
    "a coefficient that Python does not name": (
        "cpu", "kernels/neurons/qif.cuh", "c[k]", "c[curvature]", "curvature",
    ),
    "a state that Python does not name": (
        "cpu", "kernels/neurons/qif.cuh", "follow(State, real, real, int, const Coef) {}",
        "follow(State x, real, real, int, const Coef) { x[w] = 0; }",
        "correct the text if you changed it (names in a model's struct come from its Python class)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", every(8, MISTAKES))
def test_a_mistake_on_the_way_says_what_to_do_next(checkout, mistake):
    backend, file, old, new, said = MISTAKES[mistake]
    if backend == "cpu":
        cpu()  # skips where there is no compiler
    last = checkout.mistake(file, old, new, RUN.format(backend))
    assert said.replace("{kernels}", str(checkout.folder / "kernels")) in last
