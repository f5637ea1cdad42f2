"""docs/adding_a_receptor.md, followed to the letter in a copy of the package."""

import pytest

from tests.helpers.long_checks import every
from tests.helpers.runs import cpu, emulated
from tests.helpers.tutorial import Page

PAGE = Page("adding_a_receptor.md")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return PAGE.follow(tmp_path_factory.mktemp("checkout"))


def test_the_page_has_two_python_files_one_kernel_file_and_a_line_for_each_receptor():
    assert [name for name, _ in PAGE.files] == [
        "gpusyn/receptors/kainate.py", "gpusyn/receptors/__init__.py", "kernels/receptors/rectifying_kainate.cuh",
        "gpusyn/receptors/rectifying_kainate.py", "gpusyn/receptors/__init__.py",
    ]  # fmt: skip


@pytest.mark.fuzz
def test_the_new_receptors_have_the_same_bits_on_every_backend(checkout):
    cpu(), emulated()  # skips where there is no compiler
    checkout.play(PAGE.example, emulated=True)


@pytest.mark.fuzz
def test_the_new_files_are_typed(checkout):
    pytest.importorskip("mypy")
    checkout.run("-m", "mypy", "--strict", *(name for name, _ in PAGE.files if name.endswith("kainate.py")))


EFFECT, KERNEL = "gpusyn/receptors/rectifying_kainate.py", "kernels/receptors/rectifying_kainate.cuh"
WANTED = "ArgumentError: RectifyingKainate.effect_coefficients: must return RectifyingCoefficients(e=..., at_rest=..., "
RUN = """import gpusyn as gs
from gpusyn.receptors import RectifyingKainate
net = gs.Network()
net.population("cells", 2, gs.LIF(), receptors=[RectifyingKainate()])
with gs.Simulator(net, backend="{}") as sim:
    sim.run(1.0)
"""
NAMED = "name every coefficient (docs/adding_a_receptor.md)"

# mistake: backend, file, the text that is replaced (None: the file goes), by what, what is said
MISTAKES = {
    "coefficients without names": (
        "numpy", EFFECT, "return RectifyingCoefficients(", "return (lambda **c: list(c.values()))(",
        f"{WANTED}per_k=...), returned a list; {NAMED}",
    ),
    "a coefficient that is missing": (
        "numpy", EFFECT, "            per_k=1.0 / STEEPNESS,\n", "",
        f"{WANTED}per_k=...) (RectifyingCoefficients.__new__() missing 1 required positional argument: 'per_k'); "
        f"{NAMED}",
    ),
    "a coefficient too many": (
        "numpy", EFFECT, "per_k=1.0 / STEEPNESS", "per_k=1.0 / STEEPNESS, k=STEEPNESS",
        f"{WANTED}per_k=...) (RectifyingCoefficients.__new__() got an unexpected keyword argument 'k'); {NAMED}",
    ),
    "an effect that does not name its coefficients": (
        "numpy", EFFECT, "    COEFFICIENTS: ClassVar[type[NamedTuple]] = RectifyingCoefficients\n", "",
        "must return MagnesiumBlockedCoefficients(e=..., affinity=..., minus_gamma=...), returned a "
        f"RectifyingCoefficients; {NAMED}",
    ),
    "an effect without a part": (
        "numpy", EFFECT, "class Rectifying(MagnesiumBlocked)", "class Rectifying",
        "ArgumentError: @effect: Rectifying has no STATES, add, current, follow; write a class with all parts, or a "
        "subclass of MagnesiumBlocked with a block of its own (docs/adding_a_receptor.md)",
    ),
    "a name that is taken": (
        "numpy", EFFECT, "class Rectifying(", "class Conductance(",
        "ArgumentError: @effect: gpusyn.equations.effects has an effect 'Conductance' already; choose another name",
    ),
    "states that are not there": (
        "numpy", EFFECT, "class RectifyingKainate(Kainate):\n",
        "class RectifyingKainate(Kainate):\n    effect_states = lambda self, V: [V]\n",
        "ArgumentError: RectifyingKainate.effect_states: must return 0 values, as STATES of Rectifying says (returned "
        "1); correct one of the two (docs/adding_a_receptor.md)",
    ),
    "no kernel file": (
        "cpu", KERNEL, None, None,
        "BackendError: effect 'Rectifying': there is no file receptors/rectifying_kainate.cuh in {kernels}; write "
        "struct Rectifying in it (docs/adding_a_receptor.md), or use backend='numpy', which needs none",
    ),
    "no struct": (
        "cpu", KERNEL, "struct Rectifying ", "struct Inward ",
        "BackendError: effect 'Rectifying': there is no struct Rectifying in receptors/rectifying_kainate.cuh of "
        "{kernels}; write it (docs/adding_a_receptor.md), or use backend='numpy', which needs none",
    ),
    "a coefficient that Python does not name": ("cpu", KERNEL, "c[per_k]", "c[steepness]", "steepness"),
    "a struct with other counts": (
        "cpu", KERNEL, "STATES = 0", "STATES = 1", "Rectifying must have STATES 0, COEFS 3, as its Python class",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", every(4, MISTAKES))
def test_a_mistake_on_the_way_says_what_to_do_next(checkout, mistake):
    backend, file, old, new, said = MISTAKES[mistake]
    if backend == "cpu":
        cpu()  # skips where there is no compiler
    last = checkout.mistake(file, old, new, RUN.format(backend))
    assert said.replace("{kernels}", str(checkout.folder / "kernels")) in last
