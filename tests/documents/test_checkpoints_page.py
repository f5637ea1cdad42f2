"""The page on checkpoints does what it says: a script that is started again goes on where it was."""

import pytest

from tests.helpers.pages import python_blocks
from tests.helpers.paths import ROOT

pytest.importorskip("h5py")
PAGE = (ROOT / "docs" / "checkpoints.md").read_text(encoding="utf-8")
(CODE,) = python_blocks(PAGE)


def printed(code, folder, capsys, monkeypatch):
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    exec(compile(code, "checkpoints.md", "exec"), {})
    return capsys.readouterr().out


def test_a_script_that_is_started_again_goes_on(tmp_path, capsys, monkeypatch):
    whole = printed(CODE, tmp_path / "whole", capsys, monkeypatch)
    count, weight = map(float, whole.split())
    assert count > 20
    assert weight != 1.0
    first = CODE.replace("1000.0 -", "400.0 -")
    assert first != CODE
    assert printed(first, tmp_path / "parts", capsys, monkeypatch) != whole
    assert printed(CODE, tmp_path / "parts", capsys, monkeypatch) == whole
