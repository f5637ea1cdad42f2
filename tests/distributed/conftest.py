"""What the tests of ranks share."""

import functools

import pytest

from gpusyn.builder.ownership import Ownership


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deal blocks that are so small that every rank has some neurons of small populations."""
    dealt = functools.partial(Ownership.dealt.__func__, block=4)  # type: ignore[attr-defined]
    monkeypatch.setattr(Ownership, "dealt", classmethod(dealt))
