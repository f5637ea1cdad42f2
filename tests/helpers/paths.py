"""Folders of the checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEST_SCRIPTS = ROOT / "tests" / "helpers" / "nest_scripts"
