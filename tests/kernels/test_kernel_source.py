"""The loader finds an installed copy first, then a verified checkout, and nothing else."""

from pathlib import Path

import pytest

from gpusyn.errors import FileError
from gpusyn.kernels import source as kernel_source
from tests.helpers.paths import ROOT


def make(root: Path, *files: str, project: str = 'name = "gpusyn"') -> tuple[Path, Path]:
    package = root / "gpusyn"
    package.mkdir(parents=True)
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(project if file == "pyproject.toml" else "// text\n")
    return package, package


def test_this_checkout_is_read_live():
    assert kernel_source.kernel_folder() == ROOT / "kernels"
    assert kernel_source.read_kernel("common.cuh") == (ROOT / "kernels" / "common.cuh").read_text(encoding="utf-8")


def test_installed_copy_comes_first(tmp_path):
    package, file = make(tmp_path, "gpusyn/_kernels/common.cuh", "kernels/common.cuh", "pyproject.toml")
    assert kernel_source._find(package, file) == package / "_kernels"


def test_checkout_needs_kernels_and_own_project_file(tmp_path):
    package, file = make(tmp_path, "kernels/common.cuh", "pyproject.toml")
    assert kernel_source._find(package, file) == tmp_path / "kernels"


@pytest.mark.parametrize(
    ("files", "project"),
    [
        ((), ""),
        (("kernels/common.cuh",), ""),  # site-packages/kernels of another distribution
        (("kernels/common.cuh", "pyproject.toml"), 'name = "other"'),
        (("kernels/other.cuh", "pyproject.toml"), 'name = "gpusyn"'),
        (("gpusyn/_kernels/other.cuh",), ""),
    ],
)
def test_anything_else_is_refused_and_both_places_named(tmp_path, files, project):
    package, file = make(tmp_path, *files, project=project)
    with pytest.raises(FileError, match=r"_kernels.*kernels beside gpusyn's pyproject\.toml"):
        kernel_source._find(package, file)


def test_unknown_file_lists_what_there_is():
    with pytest.raises(FileError, match=r"'comon\.cuh': not found .*common\.cuh"):
        kernel_source.read_kernel("comon.cuh")
