"""Receptors are named by themselves wherever their names are taken; another object of the same name is refused."""

from __future__ import annotations

from typing import Any

import pytest

import gpusyn as gs

AMPA, NMDA = gs.AMPA(), gs.NMDA()
RULE = gs.AllToAll()


@pytest.fixture
def net() -> gs.Network:
    net = gs.Network()
    net.population("E", 2, gs.LIF(), receptors=[AMPA, NMDA])
    net.population("I", 2, gs.LIF(), receptors=AMPA)
    net.population("other", 2, gs.LIF(), receptors=gs.AMPA(tau_decay=5.0))
    return net


def test_objects_describe_the_same_as_names(net: gs.Network) -> None:
    by_object: dict[str, Any] = {"weight": {AMPA: 1.0, NMDA: gs.Ratio(AMPA, 0.5)}, "w_max": {NMDA: 2.0}}
    by_name: dict[str, Any] = {"weight": {"AMPA": 1.0, "NMDA": gs.Ratio("AMPA", 0.5)}, "w_max": {"NMDA": 2.0}}
    first, second = (net.connect("E", "E", RULE, **given) for given in (by_object, by_name))
    assert (first.weights, first.w_max) == (second.weights, second.w_max)
    assert net.connect("E", net.populations["E"] + net.populations["I"], RULE, receptor=AMPA, weight=1.0).weights == {
        "AMPA": 1.0
    }
    drive = net.drive("E", AMPA, rate=10.0, weight=1.0)
    assert (drive.name, drive.receptor) == ("drive->E:AMPA", "AMPA")


def test_weights_are_read_and_replaced_by_receptor(net: gs.Network) -> None:
    projection = net.connect("E", "E", RULE, weight={AMPA: 1.0, NMDA: 0.5}, w_max={AMPA: 4.0, NMDA: 4.0})
    with gs.Simulator(net, backend="numpy") as sim:
        sim.set_weights(projection, 2.0, receptor=NMDA)
        sim.set_weights(projection, {AMPA: 3.0})
        assert sim.weights(projection, NMDA).weight.tolist() == [2.0] * 4
        assert sim.weights(projection, AMPA).weight.tolist() == [3.0] * 4
        with pytest.raises(gs.ParameterError, match="its 'NMDA' is another object"):
            sim.weights(projection, gs.NMDA())


def test_a_receptor_of_another_population_is_refused(net: gs.Network) -> None:
    for call in (
        lambda: net.connect("E", "other", RULE, receptor=AMPA, weight=1.0),
        lambda: net.connect("E", "other", RULE, weight={AMPA: 1.0}),
        lambda: net.connect("E", "E", RULE, receptor=AMPA, weight=1.0, w_max={gs.AMPA(): 2.0}),
        lambda: net.drive("other", AMPA, rate=1.0, weight=1.0),
    ):
        with pytest.raises(gs.ParameterError, match=r"its 'AMPA' is another object \(got AMPA.*; give the name"):
            call()
    with pytest.raises(gs.UnknownNameError, match="population 'I', receptor: unknown name 'NMDA'"):
        net.connect("E", "I", RULE, receptor=NMDA, weight=1.0)
    with pytest.raises(gs.ParameterError, match="names receptor 'AMPA' twice"):
        net.connect("E", "E", RULE, weight={AMPA: 1.0, "AMPA": 2.0})
    with pytest.raises(gs.ArgumentError, match="must be the name of a receptor, or a receptor"):
        gs.Ratio(gs.LIF(), 0.5)
