"""The list of all scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.helpers.pynn_scripts.observed import Observed

Script = Callable[[Any], dict[str, Observed]]
SCRIPTS: dict[str, Script] = {}


def script(function: Script) -> Script:
    """Enter a script under the name of its module and its own."""
    SCRIPTS[f"{function.__module__.rsplit('.', 1)[1]}.{function.__name__}"] = function
    return function
