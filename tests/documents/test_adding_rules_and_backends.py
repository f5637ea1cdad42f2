"""docs/adding_a_connection_rule.md and docs/adding_a_backend.md, followed to the letter in a copy of the package."""

import pytest

from tests.helpers.tutorial import Page

#: For each page: its files, and the line of the second file before which its line goes, if it is no import.
PAGES = {
    "adding_a_connection_rule.md": (["gpusyn/connectivity/ring.py", "gpusyn/connectivity/__init__.py"], None),
    "adding_a_backend.md": (["gpusyn/backends/watched.py", "gpusyn/backends/select.py"], '    "numpy": "gpusyn'),
}


@pytest.fixture(scope="module", params=PAGES)
def followed(request, tmp_path_factory):
    """The page, and a copy of the package with the page's file and line."""
    page, (files, before) = Page(request.param), PAGES[request.param]
    assert [name for name, _ in page.files] == files
    assert page.files[1][1].count("\n") == 1
    return page, page.follow(tmp_path_factory.mktemp("checkout"), {files[1]: before} if before else {})


def test_one_file_and_one_line_do_what_the_page_says(followed):
    page, checkout = followed
    for example in page.examples:
        checkout.play(example)


@pytest.mark.fuzz
def test_the_new_file_is_typed(followed):
    pytest.importorskip("mypy")
    page, checkout = followed
    checkout.run("-m", "mypy", "--strict", page.files[0][0])


@pytest.mark.parametrize("followed", ["adding_a_backend.md"], indirect=True)
def test_the_commands_know_the_new_backend(followed):
    _, checkout = followed
    assert "backend   watched: usable, numpy, watched for NaN" in checkout.run("-m", "gpusyn", "info")
    assert "watched" in checkout.run("-m", "gpusyn", "demo", "--help")
