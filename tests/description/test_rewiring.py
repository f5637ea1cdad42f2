"""What can be rewired, what is refused, and what a plan says about it."""

from __future__ import annotations

import dataclasses
import re
import tracemalloc

import pytest

import gpusyn as gs
from gpusyn.builder.plasticity.rewiring import rewiring_bytes

REWIRING = gs.Rewiring(every=10.0, prune_below=0.1, weight=0.5)
RULE = gs.FixedProbability(0.3)
JUMP = dataclasses.replace(gs.kinetics.Saturating.NMDA(), jump=True)


def connect(rule=RULE, plasticity=REWIRING, receptors=None, weight=1.0, w_max=2.0, both=False, plan=True, **options):
    """Connect a population with itself, and plan that."""
    net = gs.Network()
    cells = net.population("cells", 20, gs.LIF(), receptors=receptors or [gs.AMPA(), gs.NMDA()])
    others = net.population("others", 20, gs.LIF(), receptors=receptors or [gs.AMPA(), gs.NMDA()])
    named = {} if isinstance(weight, dict) else {"receptor": "AMPA"}
    options = {"name": "p", "weight": weight, "w_max": w_max, "plasticity": plasticity, **named, **options}
    projection = net.connect(cells + others if both else cells, cells, rule, **options)
    return (net, gs.plan(net)) if plan else (net, projection)


def test_rewiring_is_what_was_asked_for():
    rewiring = gs.Rewiring(every=5, prune_below=1, weight=gs.Uniform(0.0, 1.0), learns=gs.AMPA())
    assert (rewiring.every, rewiring.prune_below, rewiring.learns) == (5.0, 1.0, "AMPA")
    assert gs.Rewiring(prune_below=0.1, weight=1).every == 1000.0
    for rule in (gs.FixedInDegree(3), gs.FixedOutDegree(3), gs.FixedTotalNumber(9), RULE):
        connect(rule)
    connect(plasticity=[gs.TsodyksMarkram(0.5, 100.0), gs.STDP(), REWIRING], axonal=0.5)
    connect(weight={"AMPA": 1.0, "NMDA": gs.Ratio("AMPA", 0.1)}, w_max={"AMPA": 2.0}, plasticity=[
        gs.STDP(learns="AMPA"), REWIRING,
    ])  # fmt: skip
    connect(receptors=[gs.AMPA(), gs.NMDA(kinetics=JUMP)], weight={"AMPA": 1.0, "NMDA": 0.1}, w_max={"AMPA": 2.0},
            plasticity=gs.Rewiring(prune_below=0.1, weight=0.5, learns="AMPA"))  # fmt: skip


WRONG = {
    "every of 0": (lambda: gs.Rewiring(0.0, prune_below=0.1, weight=1.0), "every: must be a finite number of ms > 0"),
    "a limit of 0": (lambda: gs.Rewiring(prune_below=0.0, weight=1.0), "prune_below: must be a finite number > 0"),
    "negative weights": (lambda: gs.Rewiring(prune_below=0.1, weight=-1.0), "Rewiring.weight: must be .* >= 0"),
    "an array": (lambda: gs.Rewiring(prune_below=0.1, weight=[1.0, 2.0]), "not known how many synapses will be made"),
    "no receptor": (lambda: gs.Rewiring(prune_below=0.1, weight=1.0, learns=3), "must be the name of a receptor"),
    "two of it": (lambda: connect(plasticity=[REWIRING, REWIRING]), "has rewiring twice"),
    "no w_max": (lambda: connect(w_max=None), "Rewiring needs w_max="),
    "one to one": (lambda: connect(gs.OneToOne()), "Rewiring draws new synapses by the rule, and OneToOne draws none"),
    "all to all": (lambda: connect(gs.AllToAll()), "and AllToAll draws none; use gs.FixedProb.* method rewire"),
    "listed pairs": (lambda: connect(gs.FromArrays([0], [1])), "and FromArrays draws none"),
    "several populations": (lambda: connect(both=True), "one population on each side .got those of 'cells', 'others'"),
    "procedural": (lambda: connect(w_max=None, storage="procedural"), "stores nothing of a synapse"),
    "compact weights": (lambda: gs.plan(connect()[0], weights="compact"), "Rewiring changes weights by less"),
    "off the grid": (
        lambda: connect(plasticity=dataclasses.replace(REWIRING, every=0.25)),
        "Projection 'p'.plasticity: Rewiring.every: must be a multiple of dt = 0.1 ms",
    ),
    "short-term plasticity of each": (
        lambda: connect(plasticity=[gs.TsodyksMarkram(gs.Uniform(0.1, 0.5), 100.0), REWIRING]),
        "cannot give a new synapse what each synapse that releases by itself has",
    ),
    "quanta": (lambda: connect(plasticity=[gs.QuantalRelease(3, 0.5), REWIRING]), "use no QuantalRelease"),
    "noise that no spike has ended": (
        lambda: connect(plasticity=[gs.CalciumSTDP(), REWIRING]),
        "would lose the noise of CalciumSTDP since the last spike of each synapse; use sigma=0",
    ),
    "weights above w_max": (
        lambda: connect(plasticity=gs.Rewiring(prune_below=0.1, weight=3.0)),
        re.escape("Rewiring.weight: must be 0 to w_max = 2 nS (got 3)"),
    ),
    "weights without a bound": (
        lambda: connect(plasticity=gs.Rewiring(prune_below=0.1, weight=gs.LogNormal(1.0, 0.5))),
        "most distributions take low= and high=",
    ),
    "all are deleted": (
        lambda: connect(plasticity=gs.Rewiring(prune_below=2.5, weight=1.0)), "at most w_max = 2 nS, or every synapse",
    ),
    "which receptor": (
        lambda: connect(weight={"AMPA": 1.0, "NMDA": 0.1}, w_max={"AMPA": 2.0}),
        "Rewiring.learns: must be one of AMPA, NMDA",
    ),
    "two receptors": (
        lambda: connect(
            weight={"AMPA": 1.0, "NMDA": 0.1}, w_max={"AMPA": 2.0},
            plasticity=[gs.STDP(learns="AMPA"), dataclasses.replace(REWIRING, learns="NMDA")],
        ),
        "Rewiring.learns: must be 'AMPA'",
    ),
    "weights of another receptor in an array": (
        lambda: connect(
            gs.FixedTotalNumber(3), weight={"AMPA": 1.0, "NMDA": [1.0, 2.0, 3.0]}, w_max={"AMPA": 2.0},
            plasticity=dataclasses.replace(REWIRING, learns="AMPA"),
        ),
        r"weight\['NMDA'\]: an array has no value for synapses that Rewiring makes .got 3 values",
    ),
    "delays in an array": (
        lambda: connect(gs.FixedTotalNumber(3), delay=[1.0, 2.0, 3.0]), "delay: an array has no value for synapses",
    ),
    "pulses": (
        lambda: connect(receptors=[gs.AMPA(), gs.NMDA(kinetics=gs.kinetics.FirstOrder.NMDA())],
                        weight={"AMPA": 1.0, "NMDA": 0.1}, w_max={"AMPA": 2.0},
                        plasticity=dataclasses.replace(REWIRING, learns="AMPA")),
        "Rewiring cannot delete synapses onto receptor 'NMDA', because its gate .FirstOrder. acts in the steps after",
    ),
    "a rise": (
        lambda: connect(receptors=[gs.AMPA(), gs.NMDA(kinetics=gs.kinetics.Saturating.NMDA())],
                        weight={"AMPA": 1.0, "NMDA": 0.1}, w_max={"AMPA": 2.0},
                        plasticity=dataclasses.replace(REWIRING, learns="AMPA")),
        "takes away then what it has brought; use linear kinetics",
    ),
    "gates of synapses": (
        lambda: connect(receptors=[gs.AMPA(gating="per-synapse"), gs.NMDA()]), "own their gates",
    ),
    "a recorder": (
        lambda: (found := connect(plan=False))[0].record(found[1], "weight"),
        "the synapses of projection 'p' are replaced by Rewiring, so none can be followed; read sim.weights",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_refused(what):
    attempt, message = WRONG[what]
    with pytest.raises((gs.ParameterError, gs.ArgumentError), match=message):
        attempt()


def test_a_drug_that_blocks_each_synapse_is_refused():
    net, _ = connect(weight={"AMPA": 1.0, "NMDA": 0.1}, w_max={"AMPA": 2.0},
                     plasticity=dataclasses.replace(REWIRING, learns="AMPA"), plan=False)  # fmt: skip
    net.infuse("MK-801", 1.0)
    with pytest.raises(gs.ParameterError, match="'NMDA', because its synapses own their gates"):
        gs.plan(net)


def test_only_what_is_rewired_has_rewirings():
    net, _ = connect(plasticity=gs.STDP())
    with gs.Simulator(net, backend="numpy") as sim:
        with pytest.raises(gs.ParameterError, match="'p' is never rewired; connect it with"):
            sim.rewirings("p")
        with pytest.raises(gs.UnknownNameError):
            sim.rewirings("q")


def test_the_plan_says_what_is_rewired_and_counts_its_memory():
    _, plan = connect(plasticity=[gs.STDP(), REWIRING])
    text = str(plan)
    assert "rewiring: 120 synapses of p, every 10 ms, by the host between two steps" in text
    assert plan.bytes["rewiring, for the host"] == rewiring_bytes(plan.layout)
    _, still = connect(plasticity=gs.STDP())
    assert plan.total - still.total == rewiring_bytes(plan.layout)
    assert "rewiring" not in str(still)


@pytest.mark.parametrize("prune", [0.2, 2.0])
def test_a_rewiring_takes_no_more_memory_than_planned(prune):
    rewiring = gs.Rewiring(every=1.0, prune_below=prune, weight=0.5, learns="AMPA")
    net = gs.Network()
    cells = net.population("cells", 600, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()])
    net.connect(
        cells, cells, gs.FixedInDegree(100), weight={"AMPA": gs.Uniform(0.0, 2.0), "GABA_A": gs.Uniform(0.0, 1.0)},
        w_max={"AMPA": 2.0}, delay=gs.Uniform(0.5, 2.0), plasticity=[gs.STDP(learns="AMPA"), rewiring], axonal=0.5,
    )  # fmt: skip
    planned = rewiring_bytes(gs.plan(net).layout)
    with gs.Simulator(net, backend="numpy") as sim:
        sim.step(9)
        tracemalloc.start()
        try:
            sim.step(1)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert sim.rewirings(next(iter(net.projections))).created[0] > 5000
    assert 0.3 * planned < peak < planned
