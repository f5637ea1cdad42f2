"""All models: what they return, and that each can be shown."""

import pytest

import gpusyn as gs
from gpusyn.models.catalogue import DEMONSTRATIONS

SMALL = {"brunel": {"scale": 0.02, "C_E": 40, "J": 2.5}, "microcircuit": {"scale": 0.002}}


def test_every_model_has_a_demonstration():
    assert sorted(DEMONSTRATIONS) == sorted(gs.models.__all__)


@pytest.mark.parametrize("name", sorted(gs.models.__all__))
def test_a_model_is_a_network_and_its_populations_by_name(name):
    net, populations = getattr(gs.models, name)(**SMALL.get(name, {"scale": 0.02}))
    assert isinstance(net, gs.Network)
    assert {name: net.populations[name] for name in populations} == populations


def test_an_unknown_model_is_told_what_there_is():
    with pytest.raises(AttributeError, match="no attribute 'microcircut' \\(did you mean 'microcircuit'\\?\\)"):
        gs.models.microcircut  # noqa: B018
