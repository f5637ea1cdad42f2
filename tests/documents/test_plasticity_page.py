"""The page on plasticity: its example runs, what it says is refused is refused, and its bytes are those of plans."""

from __future__ import annotations

import dataclasses
import re

import pytest

import gpusyn as gs
from gpusyn.builder.plasticity.trains import LEAST_DEPTH
from tests.helpers.pages import python_blocks
from tests.helpers.paths import ROOT
from tests.helpers.plasticity_table import TABLES
from tests.helpers.receptor_tables import with_tables

TEXT = (ROOT / "docs" / "plasticity.md").read_text(encoding="utf-8")


def section(title):
    return re.split(rf"^## {title}\n", TEXT, flags=re.MULTILINE)[1].split("\n## ")[0]


def test_the_example_learns_and_begins_again(capsys):
    (example,) = python_blocks(TEXT)
    exec(compile(example, "plasticity.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "learning by STDP" in printed
    means, again = printed.splitlines()[-2:]
    first, second, third = (float(x) for x in means.strip("[]").split())
    assert abs(first - second) > 0.02  # it learns
    assert third == pytest.approx(second / 2, rel=0.1)  # from the weights that were set
    assert float(again) == pytest.approx(2.0, rel=0.01)  # the mean of Uniform(1.0, 3.0)
    assert abs(first - float(again)) > 0.02


def test_every_kind_is_listed():
    kinds = {name for name in dir(gs) if isinstance(found := getattr(gs, name), type) and hasattr(found, "role")}
    listed = re.findall(r"^\| `gs\.(\w+)\(", TEXT, re.MULTILINE)
    assert sorted(listed) == sorted(kinds - {"LearningRule"})  # the base class


def connect(weight=1.0, w_max=2.0, receptor=None, drug=None, weights="exact", rule=None, **options):
    """Connect a population with itself, and plan that."""
    receptor = receptor or gs.AMPA()
    net = gs.Network()
    cells = net.population("cells", 5, gs.LIF(), receptors=[receptor, gs.GABA_A()])
    named = {} if isinstance(weight, dict) else {"receptor": receptor.name}
    net.connect(cells, cells, rule or gs.AllToAll(), weight=weight, w_max=w_max, **named, **options)
    if drug is not None:
        net.infuse(drug, 1.0)
    gs.plan(net, weights=weights)


JUMPS = gs.NMDA(kinetics=dataclasses.replace(gs.kinetics.Saturating.NMDA(), jump=True))
DOPAMINE = gs.DopamineSTDP(gs.STDP(), 1000.0, 200.0, modulator=gs.Waveform([0.0], [0.0]))
CALCIUM = gs.NMDAPlasticity(calcium="AMPA", learns="AMPA")
REWIRING = gs.Rewiring(every=10.0, prune_below=0.5, weight=1.0)
SHORT = gs.TsodyksMarkram(U=0.5, tau_rec=800.0)
FIRST_ORDER = gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA())
SATURATING = gs.NMDA(kinetics=gs.kinetics.Saturating.NMDA())
CURRENT = gs.CurrentReceptor("I", tau=2.0)
OF_RATIO = {"GABA_A": 1.0, "AMPA": gs.Ratio("GABA_A", 0.5)}
ONTO = (
    "learning onto pulsed kinetics (GABA_B too), a gate on each synapse, or a receptor with a drug that enters its "
    "open channels"
)
REFUSED = {  # what the message says, and attempts
    "learning without `w_max=`": ("needs w_max=", [lambda: connect(w_max=None, plasticity=gs.STDP())]),
    "weights below 0 that learn": (
        "none may be negative",
        [
            lambda: connect(-1.0, receptor=CURRENT, plasticity=gs.STDP()),
            lambda: connect(gs.Normal(1.0, 0.5), receptor=CURRENT, plasticity=gs.STDP()),
        ],
    ),
    "learning of a weight that is a `Ratio`": (
        "cannot be a Ratio",
        [lambda: connect(OF_RATIO, {"AMPA": 2.0}, plasticity=gs.STDP(learns="AMPA"))],
    ),
    "two rules of one role": (
        "twice",
        [
            lambda: connect(plasticity=[gs.STDP(), gs.TripletSTDP()]),
            lambda: connect(plasticity=[SHORT, SHORT]),
        ],
    ),
    "`QuantalRelease` beside a `TsodyksMarkram` with `tau_psc`": (
        "full or empty",
        [lambda: connect(plasticity=[gs.TsodyksMarkram(tau_psc=3.0), gs.QuantalRelease(n=5)])],
    ),
    "`QuantalRelease` without p, or with p beside a `TsodyksMarkram`": (
        "needs p=|takes no p",
        [
            lambda: connect(plasticity=gs.QuantalRelease(n=5)),
            lambda: connect(plasticity=[SHORT, gs.QuantalRelease(n=5, p=0.5)]),
        ],
    ),
    "short-term plasticity or random release onto saturating kinetics": (
        "knows only whole events",
        [
            lambda: connect(receptor=SATURATING, plasticity=SHORT),
            lambda: connect(receptor=FIRST_ORDER, plasticity=gs.QuantalRelease(5, 0.5)),
        ],
    ),
    ONTO: (
        "read in every step|at every step",
        [
            lambda: connect(receptor=FIRST_ORDER, plasticity=gs.STDP()),
            lambda: connect(receptor=gs.GABA_B(), plasticity=gs.STDP()),
            lambda: connect(receptor=gs.AMPA(gating="per-synapse"), plasticity=gs.STDP()),
            lambda: connect(receptor=gs.NMDA(), plasticity=gs.STDP(), drug="MK-801"),
        ],
    ),
    "learning onto saturating kinetics without `jump=True`": (
        "sends its growth",
        [lambda: connect(receptor=SATURATING, plasticity=gs.STDP())],
    ),
    '`storage="procedural"`': (
        "stores nothing of a synapse",
        [
            lambda: connect(storage="procedural", plasticity=SHORT),
            lambda: connect(storage="procedural", plasticity=gs.STDP()),
        ],
    ),
    '`weights="compact"` with learning': (
        "steps of two bytes",
        [lambda: connect(plasticity=gs.STDP(), weights="compact")],
    ),
    "an axonal part of the delay where a weight onto saturating kinetics with `jump=True` learns": (
        "sends the jump of a spike at once",
        [lambda: connect(receptor=JUMPS, axonal=0.5, plasticity=gs.STDP())],
    ),
    "`DopamineSTDP` where all of a delay is axonal": (
        "must be dendritic",
        [lambda: connect(axonal=1.0, plasticity=DOPAMINE)],
    ),
    "an axonal part of the delay with learning, if each synapse releases by itself": (
        "each synapse releases by itself",
        [lambda: connect(axonal=0.5, plasticity=[gs.STDP(), gs.QuantalRelease(n=5, p=0.5)])],
    ),
    "powers mu in the `stdp` of a `DopamineSTDP`": (
        "mu_plus",
        [lambda: gs.DopamineSTDP(gs.STDP(mu_plus=1.0), 1000.0, 200.0, modulator=gs.Waveform([0.0], [0.0]))],
    ),
    "`NMDAPlasticity` whose `calcium` is a current, or no receptor of the projection": (
        "channels|known here: AMPA",
        [
            lambda: connect(receptor=CURRENT, plasticity=gs.NMDAPlasticity("I", "I")),
            lambda: connect(plasticity=gs.NMDAPlasticity()),
        ],
    ),
    "`NMDAPlasticity` beside short-term plasticity or random release": (
        "leave one of the two out",
        [
            lambda: connect(plasticity=[CALCIUM, SHORT]),
            lambda: connect(plasticity=[CALCIUM, gs.QuantalRelease(n=5, p=0.5)]),
        ],
    ),
    "an axonal part of the delay with `NMDAPlasticity`": (
        "only rules of spikes ask",
        [lambda: connect(axonal=0.5, plasticity=CALCIUM)],
    ),
    "`NMDAPlasticity` through a receptor whose open channels a drug blocks, whose decay a drug changes, or whose block "
    "is slow": (
        "does not follow|states of its own",
        [
            lambda: connect(
                {"GABA_A": 1.0, "NMDA": 0.1},
                {"GABA_A": 2.0},
                gs.NMDA(),
                "MK-801",
                plasticity=gs.NMDAPlasticity("NMDA", "GABA_A"),
            ),
            lambda: connect(
                {"GABA_A": 1.0},
                {"GABA_A": 2.0},
                None,
                "benzodiazepine",
                plasticity=gs.NMDAPlasticity("GABA_A", "GABA_A"),
            ),
            lambda: connect(
                receptor=gs.NMDA(block=gs.MgBlock.HillTononi()), plasticity=gs.NMDAPlasticity("NMDA", "NMDA")
            ),
        ],
    ),
    "`NMDAPlasticity` with a `speed` that covers more than half of the way to omega in a step": (
        "a smaller dt",
        [lambda: connect(plasticity=gs.NMDAPlasticity("AMPA", "AMPA", speed=1e5))],
    ),
    "rules of one projection that name different receptors with `learns=`": (
        "one weight of a projection changes",
        [
            lambda: connect(
                {"GABA_A": 1.0, "AMPA": 1.0},
                {"GABA_A": 2.0, "AMPA": 2.0},
                plasticity=[gs.STDP(learns="AMPA"), gs.HomeostaticScaling(5.0, 1e4, learns="GABA_A")],
            )
        ],
    ),
    "`HomeostaticScaling` beside `CalciumSTDP`": (
        "two values of its own",
        [lambda: connect(plasticity=[gs.CalciumSTDP(), gs.HomeostaticScaling(5.0, 1e4)])],
    ),
    "`HomeostaticScaling` with an `every` longer than `tau`, or of no whole steps": (
        "must be at most tau|multiple of dt",
        [
            lambda: gs.HomeostaticScaling(5.0, 100.0, every=101.0),
            lambda: connect(plasticity=gs.HomeostaticScaling(5.0, 100.0, every=0.123)),
        ],
    ),
    "`Rewiring` of a projection whose rule draws nothing anew, such as `OneToOne` or `FromArrays`": (
        "draws none",
        [
            lambda: connect(plasticity=REWIRING),
            lambda: connect(rule=gs.OneToOne(), plasticity=REWIRING),
            lambda: connect(rule=gs.FromArrays([0], [1]), plasticity=REWIRING),
        ],
    ),
    "`Rewiring` with `prune_below` or `weight` above `w_max`": (
        "w_max = 2",
        [
            lambda: connect(rule=gs.FixedInDegree(2), plasticity=gs.Rewiring(10.0, prune_below=3.0, weight=1.0)),
            lambda: connect(rule=gs.FixedInDegree(2), plasticity=gs.Rewiring(10.0, prune_below=1.0, weight=3.0)),
        ],
    ),
    "`Rewiring` beside a `CalciumSTDP` with noise": (
        "would lose the noise",
        [lambda: connect(rule=gs.FixedInDegree(2), plasticity=[gs.CalciumSTDP(), REWIRING])],
    ),
    "`Rewiring` where each synapse releases by itself": (
        "cannot give a new synapse",
        [lambda: connect(rule=gs.FixedInDegree(2), plasticity=[gs.QuantalRelease(n=5, p=0.5), REWIRING])],
    ),
}


def test_what_is_refused_is_listed():
    rows = re.findall(r"^\| (.*?) \| .* \|$", section("What is refused"), re.MULTILINE)
    assert rows[1:] == list(REFUSED)  # below the head


@pytest.mark.parametrize("given", REFUSED)
def test_what_is_listed_is_refused(given):
    message, attempts = REFUSED[given]
    for attempt in attempts:
        with pytest.raises((gs.ParameterError, gs.ArgumentError, gs.UnknownNameError), match=message):
            attempt()


def test_what_is_not_listed_is_accepted():
    connect(plasticity=[SHORT, gs.STDP()])
    connect(receptor=gs.NMDA(), plasticity=gs.STDP())
    connect(weights="compact", plasticity=SHORT)
    connect(plasticity=[gs.QuantalRelease(n=5), SHORT, gs.STDP()])
    connect(receptor=JUMPS, plasticity=gs.STDP())
    connect(axonal=0.5, plasticity=DOPAMINE)
    connect(plasticity=[CALCIUM, gs.HomeostaticScaling(5.0, 1e4)])


def test_a_neuron_keeps_as_many_spikes_as_the_page_says():
    assert f"(at least {LEAST_DEPTH})" in TEXT


def test_bytes_are_those_of_plans():
    assert with_tables(TEXT, TABLES) == TEXT, "python -m tests.helpers.plasticity_table"
