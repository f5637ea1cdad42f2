"""The page on compartments does what it says: inhibition at the soma vetoes what that on one dendrite does not."""

from tests.helpers.pages import python_blocks
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "compartments.md").read_text(encoding="utf-8")
(CODE,) = python_blocks(PAGE)


def printed(code, capsys):
    exec(compile(code, "compartments.md", "exec"), {})
    return capsys.readouterr().out.splitlines()


def test_only_the_soma_vetoes_the_volley(capsys):
    ids, highest = printed(CODE, capsys)
    assert ids == "[0, 2]"
    assert float(highest) < -57.0


def test_the_page_needs_its_inhibition(capsys):
    assert printed(CODE.replace("weight=60.0", "weight=0.0"), capsys)[0] == "[0, 1, 2]"
