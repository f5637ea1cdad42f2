"""The README's example runs as it stands, and its two commands are the ones that CI uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for module in ("h5py", "matplotlib"):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "launches a step" in printed
    rates = [float(x) for x in printed.splitlines()[-1].split()]
    assert len(rates) == 2
    assert all(0.5 < rate < 60 for rate in rates)
    assert (tmp_path / "run.h5").stat().st_size > 1000
    assert (tmp_path / "run.png").stat().st_size > 10_000


def test_example_is_short() -> None:
    (example,) = blocks("python")
    assert len([line for line in example.splitlines() if line.strip()]) <= 24


def test_commands_are_those_of_ci() -> None:
    install, test = (block.strip() for block in blocks(""))
    assert install == 'pip install ".[io,plot,progress]" && gpusyn demo'
    assert test == 'pip install -e ".[test]" && pytest'
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert '-e ".[test]"' in ci
    assert re.search(r"^step tests pytest$", ci, re.MULTILINE)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
