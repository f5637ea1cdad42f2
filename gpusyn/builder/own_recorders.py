"""Recorders of which a rank has a part: the neurons that it owns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gpusyn.builder.ownership import Share
from gpusyn.network.populations import Selection
from gpusyn.network.recorder import Recorder


def shared_recorders(recorders: Mapping[str, Recorder], share: Share) -> dict[str, Recorder]:
    """Return recorders with the neurons that a rank owns, perhaps none of them."""
    return {
        name: replace(one, source=share.restricted(one.source)) if isinstance(one.source, Selection) else one
        for name, one in recorders.items()
    }
