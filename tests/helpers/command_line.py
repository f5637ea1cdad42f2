"""What tests of the command line share."""

from __future__ import annotations

from typing import Any

from gpusyn.backends.select import make_backend

from gpusyn.backends import present
from gpusyn.errors import BackendError


def only_numpy(monkeypatch: Any) -> None:
    """Make this a machine without GPU and compiler."""

    def make(name, threads=None):
        if name != "numpy":
            raise BackendError(f"backend '{name}': not on this machine; fix: buy one")
        return make_backend(name, threads)

    monkeypatch.setattr(present, "make_backend", make)
    monkeypatch.delenv("GPUSYN_BACKEND", raising=False)


def one_line_of_error(capsys: Any) -> str:
    """The text that a mistake leaves on stderr, after seeing that it is one line and nothing was computed."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith("gpusyn")
    assert "error: " in err
    return str(err)
