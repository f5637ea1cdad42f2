"""Small programs in PyNN's language give the same on gpusyn as on NEST.

The programs are in tests/helpers/pynn_scripts; each says how far its quantities may differ, and why.
"""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from tests.helpers.pynn_scripts import run
from tests.helpers.pynn_scripts.compare import compare, see_both
from tests.helpers.pynn_scripts.registry import SCRIPTS

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("nest", "pyNN")),
        reason='NEST or PyNN is not installed: pip install -e ".[oracle]"',
    ),
]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What all scripts saw on both, each back end in one process."""
    return see_both(tmp_path_factory.mktemp("pynn"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_gpusyn_gives_what_nest_does(script, seen):
    for found in compare(seen, script):
        name, expected, difference = found
        assert expected.values.size > 0, f"{name}: nothing to compare"
        assert np.any(expected.values != 0.0), f"{name}: all zero"
        assert found.is_close, f"{name}: {difference:.3g} {expected.unit}, allowed {expected.within:g}"


def test_every_module_of_scripts_has_some():
    assert {name.split(".")[0] for name in SCRIPTS} == {module.__name__.rsplit(".", 1)[1] for module in run.MODULES}
