"""`storage="procedural"` is refused by name where synapses have to be stored, with the reason and the next move."""

import copy
import re

import numpy as np
import pytest
import scipy.sparse

import gpusyn as gs

NONE = np.zeros(0, np.int64)


def parts(**options):
    """A network with sources and cells."""
    net = gs.Network()
    places = np.arange(20.0)[:, None]
    receptors = [gs.AMPA(), gs.NMDA(), gs.CurrentReceptor("current", tau=2.0)]
    pre = net.population("pre", 20, gs.PoissonSource(10.0), positions=places)
    post = net.population("post", 20, gs.LIF(), receptors=options.get("receptors", receptors), positions=places)
    return net, pre, post


def connect(rule=None, **given):
    net, pre, post = parts()
    options = {"receptor": "AMPA", "weight": 1.0, "storage": "procedural", "name": "p"} | given
    return net.connect(pre, post, rule or gs.FixedProbability(0.5), **options)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (gs.FixedInDegree(3), "FixedInDegree draws the sources of each target, not the targets of each source"),
        (gs.FixedTotalNumber(3), "FixedTotalNumber draws its pairs from all pairs"),
        (gs.FixedTotalNumber(3, multapses=False), "FixedTotalNumber draws its pairs from all pairs"),
        (gs.DistanceDependent(0.5, sigma=1.0), "DistanceDependent draws its pairs by distance"),
        (gs.OneToOne(), "OneToOne has one synapse per source"),
        (gs.FromArrays(NONE, NONE), "FromArrays has a list of synapses, which must be stored"),
        (gs.FromSparse(scipy.sparse.coo_array((20, 20))), "FromSparse has a list of synapses, which must be stored"),
        (gs.FromTable({"pre": NONE, "post": NONE}, pre="pre", post="post"), "has a list of synapses"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_other_rules_are_refused(rule, reason):
    move = "use FixedProbability, FixedOutDegree or AllToAll, or storage='stored'"
    with pytest.raises(gs.ParameterError, match=re.escape(reason)) as found:
        connect(rule)
    assert str(found.value).startswith("Projection 'p'.storage: 'procedural' draws synapses again at each spike, but")
    assert str(found.value).endswith(move)


class Own(gs.FixedProbability):
    """A rule of a user's own, which may draw anything."""


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"rule": Own(0.5)}, "Own is not a rule of which a kernel can draw one row; use FixedProbability"),
        ({"w_max": 2.0}, "weights up to w_max= may be set, which nothing would remember; leave w_max out"),
        ({"rule": gs.AllToAll(), "weight": np.ones(400)}, "its weights on 'AMPA' are an array, one for each synapse"),
        ({"rule": gs.AllToAll(), "delay": np.ones(400)}, "its delays are an array, one for each synapse"),
        ({"weight": gs.Gamma(2.0, 1.0)}, "its weights on 'AMPA' follow Gamma, from which no kernel draws; use Uniform"),
        ({"delay": gs.Gamma(2.0, 1.0, low=0.1)}, "its delays follow Gamma, from which no kernel draws; use Uniform"),
        ({"delay": gs.DistanceDelay(1.0)}, "DistanceDelay needs the positions of the neurons; use another delay="),
        ({"weight": gs.Normal(1.0, 1.0)}, "its weights on 'AMPA' can be negative, as Normal(mean=1.0, std=1.0) is"),
    ],
    ids=lambda x: "-".join(x) if isinstance(x, dict) else "",
)
def test_what_must_be_stored_is_refused(given, reason):
    with pytest.raises(gs.ParameterError, match=re.escape(reason)):
        connect(**given)
    if not isinstance(given.get("weight"), gs.Normal):  # which is refused only if a negative one is drawn
        connect(**given, storage="stored")


def test_an_unknown_storage_is_refused():
    with pytest.raises(gs.UnknownNameError, match=r"'p'\.storage: unknown name 'procedual'.*stored, procedural"):
        connect(storage="procedual")


@pytest.mark.parametrize("rule", [gs.FixedProbability(0.1), gs.FixedOutDegree(3), gs.AllToAll(autapses=False)])
@pytest.mark.parametrize("weight", [2.0, gs.Uniform(0.0, 1.0), gs.Normal(1.0, 1.0, low=0.0), gs.LogNormal(1.0, 1.0)])
def test_what_can_be_procedural_is(rule, weight):
    found = connect(
        rule, receptor=None, weight={"AMPA": weight, "NMDA": gs.Ratio("AMPA", 0.1)}, delay=gs.Exponential(2.0)
    )
    assert found.procedural
    assert found.storage == "procedural"
    assert repr(found).endswith(", procedural)")
    assert copy.copy(found).storage == "procedural"
    assert not connect(rule, storage="stored").procedural


def test_currents_of_both_signs_can_be_procedural():
    assert connect(receptor="current", weight=gs.Normal(0.0, 1.0)).procedural


def test_the_description_says_it():
    net, pre, post = parts()
    net.connect(pre, post, gs.FixedOutDegree(3), receptor="AMPA", weight=1.0, storage="procedural", name="drawn")
    net.connect(pre, post, gs.FixedOutDegree(3), receptor="AMPA", weight=1.0, name="kept")
    drawn, kept = (next(line for line in net.describe().splitlines() if line.strip(" |").startswith(name))
                   for name in ("drawn", "kept"))  # fmt: skip
    assert "procedural" in drawn
    assert "procedural" not in kept


@pytest.mark.parametrize(
    ("receptors", "infuse", "reason"),
    [
        ([gs.AMPA(gating="per-synapse")], None, "per-synapse gates, as gating='per-synapse' asks"),
        ([gs.NMDA(name="AMPA")], "MK-801", "per-synapse gates: a drug blocks channels by their use"),
    ],
    ids=["asked", "blocked"],
)
def test_gates_on_synapses_are_refused_before_anything_is_drawn(receptors, infuse, reason):
    net, pre, post = parts(receptors=receptors)
    net.connect(pre, post, gs.FixedOutDegree(3), receptor="AMPA", weight=1.0, storage="procedural", name="p")
    if infuse:
        net.infuse(infuse, 1.0)
    for use in (gs.plan, lambda net: gs.Simulator(net, backend="numpy")):
        with pytest.raises(gs.ParameterError) as found:
            use(net)
        for words in ("Projection 'p'.storage: 'procedural'", "receptor 'AMPA' of 'post'", reason, "storage='stored'"):
            assert words in str(found.value)
