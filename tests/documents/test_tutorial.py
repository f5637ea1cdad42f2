"""docs/adding_a_receptor.md, followed to the letter in a copy of the package."""

import pytest

from tests.helpers.runs import cpu, emulated
from tests.helpers.tutorial import Page

PAGE = Page("adding_a_receptor.md")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return PAGE.follow(tmp_path_factory.mktemp("checkout"))


def test_the_page_has_two_python_files_one_kernel_file_and_a_line_for_each_receptor():
    assert [name for name, _ in PAGE.files] == [
        "gpusyn/receptors/kainate.py", "gpusyn/receptors/__init__.py", "kernels/receptors/rectifying.cuh",
        "gpusyn/receptors/rectifying_kainate.py", "gpusyn/receptors/__init__.py",
    ]  # fmt: skip


def test_the_new_receptors_have_the_same_bits_on_every_backend(checkout):
    cpu(), emulated()  # skips where there is no compiler
    checkout.play(PAGE.example, emulated=True)


def test_the_new_files_are_typed(checkout):
    pytest.importorskip("mypy")
    checkout.run("-m", "mypy", "--strict", *(name for name, _ in PAGE.files if name.endswith("kainate.py")))


def test_an_effect_with_a_wrong_number_of_coefficients_says_what_to_do_next(checkout):
    path = checkout.folder / "gpusyn/receptors/rectifying_kainate.py"
    right = path.read_text(encoding="utf-8")
    try:
        path.write_text(right.replace(", 1.0 / STEEPNESS]", "]"), encoding="utf-8")
        done = checkout.attempt("-c", PAGE.example)
    finally:
        path.write_text(right, encoding="utf-8")
    assert (
        "ArgumentError: RectifyingKainate.effect_coefficients: must return 3 values, as COEFS of Rectifying says "
        "(returned 2); correct one of the two (docs/adding_a_receptor.md)" in done.stderr
    )
