"""What tests of the command line share."""

from __future__ import annotations

from typing import Any

from gpusyn.backends.select import BACKENDS
from gpusyn.errors import BackendError


class Absent:
    """A backend that this machine does not have."""

    def __init__(self, threads=None):
        raise BackendError("not on this machine; fix: buy one")


def only_numpy(monkeypatch: Any) -> None:
    """Make this a machine without GPU and compiler."""
    for name in set(BACKENDS) - {"numpy"}:
        monkeypatch.setitem(BACKENDS, name, f"{__name__}:Absent")
    monkeypatch.delenv("GPUSYN_BACKEND", raising=False)


def one_line_of_error(capsys: Any) -> str:
    """The text that a mistake leaves on stderr, after seeing that it is one line and nothing was computed."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith("gpusyn")
    assert "error: " in err
    return str(err)
