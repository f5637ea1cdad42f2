"""Whether PyNN is installed: the folder ``pyNN`` does not say it, because gpusyn's wheel has a file there."""

from __future__ import annotations

from importlib import metadata

import pytest


def installed(distribution: str) -> bool:
    """Return whether a distribution is installed."""
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


needs_pynn = pytest.mark.skipif(not installed("pynn"), reason='PyNN is not installed: pip install -e ".[oracle]"')
