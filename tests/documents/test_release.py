"""What a release consists of agrees: versions, licence, changelog, citation."""

import re
import tomllib

import pytest

from gpusyn.utils.version import __version__
from tests.helpers.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEADING = re.compile(r"\[Unreleased\]|\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d")


def wrong_headings(changelog: str, version: str) -> list[str]:
    """Headings of a changelog that have another form or order, or lack the version that it is of."""
    headings = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    wrong = [heading for heading in headings if not HEADING.fullmatch(heading)]
    if headings[0] != "[Unreleased]" or "[Unreleased]" in headings[1:]:
        wrong.append("[Unreleased] is the first, and once")
    numbers = [tuple(map(int, found)) for found in re.findall(r"^## \[(\d+)\.(\d+)\.(\d+)\]", changelog, re.MULTILINE)]
    if numbers != sorted(set(numbers), reverse=True):
        wrong.append("the newest comes first")
    released = tuple(map(int, version.removesuffix(".dev0").split(".")))
    if (released in numbers) != (not version.endswith(".dev0")):
        wrong.append(f"{version} is no release, or has no entry")
    return wrong


def test_the_version_is_one():
    assert PROJECT["version"] == __version__
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev0)?", __version__)


def test_the_citation_is_of_this_version_and_licence():
    cited = pytest.importorskip("ruamel.yaml").YAML(typ="safe").load(ROOT / "CITATION.cff")
    assert (cited["version"], cited["license"]) == (__version__, PROJECT["license"])
    assert (cited["title"], cited["keywords"]) == (PROJECT["name"], PROJECT["keywords"])
    assert cited["abstract"] == PROJECT["description"]
    assert cited["authors"] == PROJECT["authors"]
    assert ("date-released" in cited) == (not __version__.endswith(".dev0"))


def test_each_release_has_an_entry():
    assert wrong_headings((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), __version__) == []


@pytest.mark.parametrize(
    "changelog, version",
    [
        ("## [0.1.0] - 2026-01-01\n", "0.1.0"),
        ("## [Unreleased]\n## [0.1.0] - unreleased\n", "0.2.0.dev0"),
        ("## [Unreleased]\n## [0.1.0] - 2026-01-01\n## [0.2.0] - 2026-02-01\n", "0.2.0"),
        ("## [Unreleased]\n## [0.1.0] - 2026-01-01\n", "0.2.0"),
        ("## [Unreleased]\n## [0.1.0] - 2026-01-01\n", "0.1.0.dev0"),
        ("## [Unreleased]\n## [0.1.0] - 2026-01-01\n## [Unreleased]\n", "0.1.0"),
    ],
)
def test_a_changelog_that_lacks_something_is_found(changelog, version):
    assert len(wrong_headings(changelog, version)) == 1
    assert wrong_headings("## [Unreleased]\n## [0.2.0] - 2026-02-01\n## [0.1.0] - 2026-01-01\n", "0.2.0") == []


def test_former_names_that_warn_are_listed_with_their_end():
    page = (ROOT / "docs" / "versions.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([\w.]+)` \| `[\w.]+` \| (\d+\.\d+\.\d+) \|$", page, re.MULTILINE))
    warning = re.compile(r'"([\w.]+) is the former name of [\w.]+, and goes in version (\d+\.\d+\.\d+);')
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "gpusyn").rglob("*.py"))
    assert {found for text in texts for found in warning.findall(text)} == listed != set()
    assert all(tuple(map(int, end.split("."))) > tuple(map(int, __version__.split(".")[:3])) for _, end in listed)
