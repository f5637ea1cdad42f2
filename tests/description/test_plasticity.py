"""Plastic projections: what is refused, with place and next move, and how those that are not tell about themselves."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, ImmutableError, ParameterError, UnknownNameError
from tests.helpers.wrong_input import NAN, World, named, refused, refused_without_a_trace

BOTH = {"receptor": None, "weight": {"AMPA": 1.0, "GABA_A": 1.0}, "w_max": {"AMPA": 2.0, "GABA_A": 3.0}}
HALF = gs.Ratio("AMPA", 0.5)
WAVE = gs.Waveform([0.0, 500.0], [0.0, 5.0])


def dopamine(stdp: Any = None, modulator: Any = WAVE) -> gs.DopamineSTDP:
    return gs.DopamineSTDP(gs.STDP() if stdp is None else stdp, 1000.0, 200.0, modulator=modulator)


def learn(world: World, plasticity: Any, **given: Any) -> gs.Projection:
    return world.connect(**{"w_max": 5.0, "plasticity": plasticity} | given)


RULES = [gs.STDP(), gs.TripletSTDP(), gs.InhibitorySTDP(), dopamine()]


@pytest.fixture
def world() -> World:
    return World()


ALLOWED = "must be a rule, such as gs.STDP(), gs.TsodyksMarkram(U, tau_rec) or gs.QuantalRelease(n, p), or a list"
PLASTICITY = [
    # what plasticity= takes
    (ArgumentError, ["Projection 'E->I:AMPA'.plasticity", ALLOWED, "got 'STDP'", "without quotes"],
     lambda w: learn(w, "STDP")),
    (ArgumentError, [".plasticity", ALLOWED, "the class itself: write STDP(...)"], lambda w: learn(w, gs.STDP)),
    (ArgumentError, [".plasticity", ALLOWED, "got None"], lambda w: learn(w, [None])),
    (ArgumentError, [".plasticity", ALLOWED, "got {'AMPA': STDP("], lambda w: learn(w, {"AMPA": gs.STDP()})),
    (ArgumentError, [".plasticity", ALLOWED, "got Exponential(tau=2.0)"],
     lambda w: learn(w, [gs.STDP(), gs.kinetics.Exponential(2.0)])),
    (ArgumentError, [".plasticity", "Plasticity is no rule by itself", ALLOWED[len("must be "):]],
     lambda w: learn(w, gs.Plasticity())),
    # at most one of each role
    (ParameterError, [".plasticity", "has short-term plasticity twice", "U=0.5", "U=0.2", "give one of the two"],
     lambda w: learn(w, [gs.TsodyksMarkram(), gs.STDP(), gs.TsodyksMarkram(U=0.2)])),
    (ParameterError, [".plasticity", "has learning twice", "STDP(", "TripletSTDP(", "give one of the two"],
     lambda w: learn(w, [gs.STDP(), gs.TripletSTDP()])),
    (ParameterError, [".plasticity", "has random release twice", "n=2", "n=3", "give one of the two"],
     lambda w: learn(w, [gs.QuantalRelease(2, 0.5), gs.QuantalRelease(3, 0.5)])),
    # the probability of release
    (ParameterError, [".plasticity", "QuantalRelease needs p=", "without a TsodyksMarkram"],
     lambda w: learn(w, gs.QuantalRelease(3))),
    (ParameterError, [".plasticity", "needs p="], lambda w: learn(w, [gs.QuantalRelease(3), gs.STDP()])),
    (ParameterError, [".plasticity", "beside a TsodyksMarkram, whose u is", "takes no p", "got 0.5", "leave it out"],
     lambda w: learn(w, [gs.TsodyksMarkram(), gs.QuantalRelease(3, p=0.5)])),
    (ParameterError, [".plasticity", "full or empty", "tau_psc would make it active", "got 3", "leave tau_psc out"],
     lambda w: learn(w, [gs.TsodyksMarkram(tau_psc=3.0), gs.QuantalRelease(3)])),
    # storage and gating
    (ParameterError, ["'E->I:AMPA'.storage", "'procedural'", "TsodyksMarkram(U=0.5", "use storage='stored'"],
     lambda w: learn(w, gs.TsodyksMarkram(), storage="procedural")),
    (ParameterError, ["'E->I:AMPA'.storage", "'procedural'", "STDP(A_plus", "use storage='stored'"],
     lambda w: learn(w, gs.STDP(), storage="procedural")),
    (ParameterError, [".plasticity", "onto receptor 'AMPA'", "gating='per-synapse'", "use gating='auto'"],
     lambda w: learn(w, gs.STDP(), post=per_synapse(w))),
    # kinetics
    (ParameterError, [".plasticity", "TsodyksMarkram scales", "receptor 'GABA_A' (FirstOrder)", "saturates",
                      "use linear kinetics, such as gs.kinetics.DualExponential"],
     lambda w: learn(w, gs.TsodyksMarkram(), pre=w.bg, post=w.E, receptor="GABA_A")),
    (ParameterError, [".plasticity", "QuantalRelease scales", "receptor 'GABA_A' (FirstOrder)", "use linear kinetics"],
     lambda w: learn(w, gs.QuantalRelease(3, 0.5), pre=w.bg, post=w.E, receptor="GABA_A")),
    # values of short-term plasticity by synapse
    (ParameterError, [".plasticity", "TsodyksMarkram.U must have 40 values", "one per", "got 2", "give as many"],
     lambda w: learn(w, gs.TsodyksMarkram(U=[0.1, 0.2]))),
    (ParameterError, [".plasticity", "TsodyksMarkram.tau_psc must have 40 values", "got 2"],
     lambda w: learn(w, gs.TsodyksMarkram(tau_psc=[1.0, 2.0]))),
    (ParameterError, [".plasticity", "TsodyksMarkram.tau_facil has 40 values", "not known before FixedProbability",
                      "give a number or a distribution"],
     lambda w: learn(w, gs.TsodyksMarkram(tau_facil=[5.0] * 40), rule=gs.FixedProbability(0.5))),
    # weights that learn
    *((ParameterError, ["Projection 'E->I:AMPA'", f"{type(rule).__name__} needs w_max=", "'AMPA' (nS)", "[0, w_max]"],
       lambda w, rule=rule: learn(w, rule, w_max=None)) for rule in RULES),
    (ParameterError, ["needs w_max=", "'AMPA' (pA)"], lambda w: learn(w, gs.STDP(), post=w.C, w_max=None)),
    (ParameterError, ["needs w_max=", "'AMPA' (nS)"],
     lambda w: learn(w, gs.STDP(learns="AMPA"), **BOTH | {"w_max": {"GABA_A": 3.0}})),
    (ParameterError, [".w_max['AMPA']", "at least the largest weight, 1", "got 0.5"],
     lambda w: learn(w, gs.STDP(), w_max=0.5)),
    (ParameterError, ["'E->C:AMPA'.weight['AMPA']", "none may be negative", "got -2", "give weights >= 0"],
     lambda w: learn(w, gs.STDP(), post=w.C, weight=-2.0)),
    (ParameterError, [".weight['AMPA'][3]", "none may be negative", "got -2", "give weights >= 0"],
     lambda w: learn(w, gs.STDP(), post=w.C, weight=[1.0, 1.0, -1.0, -2.0] + [1.0] * 36)),
    (ParameterError, [".weight['AMPA']", "none may be negative", "got Normal(mean=1.0, std=1.0)", "give it low=0.0"],
     lambda w: learn(w, gs.STDP(), post=w.C, weight=gs.Normal(1.0, 1.0))),
    (ParameterError, [".weight['GABA_A']", "cannot be a Ratio", "Ratio(receptor='AMPA'", "the other one a Ratio to it"],
     lambda w: learn(w, gs.STDP(learns="GABA_A"), **BOTH | {"weight": {"AMPA": 1.0, "GABA_A": HALF}})),
    # the receptor that learns
    (ArgumentError, [".plasticity: STDP.learns", "one of AMPA, GABA_A", "several", "gs.STDP(..., learns='AMPA'"],
     lambda w: learn(w, gs.STDP(), **BOTH)),
    (ArgumentError, [".plasticity: STDP.learns", "one of AMPA, GABA_A"], lambda w: learn(w, dopamine(), **BOTH)),
    (UnknownNameError, [".plasticity: TripletSTDP.learns", "'AMPPA'", "did you mean 'AMPA'", "AMPA, GABA_A"],
     lambda w: learn(w, gs.TripletSTDP(learns="AMPPA"), **BOTH)),
    (UnknownNameError, [".plasticity: STDP.learns", "'GABA_A'", "known here: AMPA"],
     lambda w: learn(w, gs.STDP(learns="GABA_A"))),
    (UnknownNameError, [".plasticity: STDP.learns", "''"], lambda w: learn(w, gs.STDP(learns=""))),
    (ArgumentError, [".plasticity: must be a rule", "got {'AMPA': STDP(", "names its receptor", "learns='AMPA'"],
     lambda w: learn(w, {"AMPA": gs.STDP()}, **BOTH)),
    # the axonal part of the delay
    (ParameterError, ["'E->I:AMPA'.axonal", ">= 0 and <= 1", "got 1.5"], lambda w: learn(w, gs.STDP(), axonal=1.5)),
    (ParameterError, [".axonal", "got nan"], lambda w: learn(w, gs.STDP(), axonal=NAN)),
    (ArgumentError, [".axonal", ">= 0 and <= 1", "got 'all'"], lambda w: learn(w, gs.STDP(), axonal="all")),
    (ParameterError, [".axonal", "only rules of spikes ask", "got 0.5", "leave it out"],
     lambda w: learn(w, gs.TsodyksMarkram(), axonal=0.5)),
    (ParameterError, [".axonal", "only rules of spikes ask", "got 0"], lambda w: w.connect(axonal=0.0)),
    (ParameterError, [".axonal", "STDP says axonal=0.5", "got 0.3", "say it once"],
     lambda w: learn(w, gs.STDP(axonal=0.5), axonal=0.3)),
    (ParameterError, [".axonal", "DopamineSTDP says axonal=0.5", "got 0", "say it once"],
     lambda w: learn(w, dopamine(gs.STDP(axonal=0.5)), axonal=0.0)),
    # the modulator
    (ParameterError, [".plasticity: DopamineSTDP.modulator", "'E' belongs to another network"],
     lambda w: learn(w, dopamine(modulator=w.foreign))),
    (UnknownNameError, [".plasticity: DopamineSTDP.modulator", "'bgg'", "did you mean 'bg'", "E, I, C, bg"],
     lambda w: learn(w, dopamine(modulator="bgg"))),
]  # fmt: skip


def per_synapse(world: World) -> gs.Population:
    """A population whose synapses own their gates."""
    return world.population("own", 4, receptors=[gs.AMPA(gating="per-synapse")])


@pytest.mark.parametrize(("error", "parts", "call"), named(PLASTICITY))
def test_connections(world, error, parts, call):
    refused(error, parts, call, world)


def test_a_refused_plastic_connection_leaves_the_network_as_it_was(world):
    refused_without_a_trace(world, [row for row in PLASTICITY if "gating='per-synapse'" not in row[1]])


NUMBERS = {
    gs.STDP: {"A_plus": "", "A_minus": "", "tau_plus": "ms", "tau_minus": "ms", "mu_plus": "", "mu_minus": ""},
    gs.TripletSTDP: dict.fromkeys(("A2_plus", "A2_minus", "A3_plus", "A3_minus"), "")
    | dict.fromkeys(("tau_plus", "tau_x", "tau_minus", "tau_y"), "ms"),
    gs.InhibitorySTDP: {"eta": "", "tau": "ms", "rate": "Hz"},
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in NUMBERS.items() for name in names])
def test_numbers_of_rules(kind, name):
    unit = NUMBERS[kind][name]
    words = f"must be a finite number{f' of {unit}' if unit else ''} {'> 0' if unit == 'ms' else '>= 0'}"
    place = f"{kind.__name__}.{name}: {words}"
    for wrong in (-1.0, NAN, float("inf"), *([0.0] if unit == "ms" else [])):
        refused(ParameterError, [place, f"got {wrong:g}"], lambda wrong=wrong: kind(**{name: wrong}))
    for wrong in ("1", None, True):
        refused(ArgumentError, [place, f"got {wrong!r}"], lambda wrong=wrong: kind(**{name: wrong}))
    refused(ArgumentError, [place, "one number", "got [1.0, 2.0]"], lambda: kind(**{name: [1.0, 2.0]}))
    made = kind(**{name: 3})
    assert getattr(made, name) == 3.0
    assert isinstance(getattr(made, name), float)


RULE_ROWS = [
    (UnknownNameError, ["STDP.pairing", "'nearst'", "did you mean 'nearest'", "all, nearest"],
     lambda: gs.STDP(pairing="nearst")),
    (ArgumentError, ["STDP.pairing", "all, nearest", "got None"], lambda: gs.STDP(pairing=None)),
    *((ArgumentError, [f"{kind.__name__}.learns", "the name of a receptor, or a receptor", "got 3"],
       lambda kind=kind: kind(learns=3)) for kind in NUMBERS),
    *((ParameterError, [f"{kind.__name__}.axonal", ">= 0 and <= 1", "got 2"],
       lambda kind=kind: kind(axonal=2.0)) for kind in NUMBERS),
    (ArgumentError, ["DopamineSTDP.stdp", "must be a gs.STDP", "got 3"], lambda: dopamine(3)),
    (ArgumentError, ["DopamineSTDP.stdp", "must be a gs.STDP", "got TripletSTDP("], lambda: dopamine(gs.TripletSTDP())),
    (ArgumentError, ["DopamineSTDP.stdp", "the class itself: write STDP(...)"], lambda: dopamine(gs.STDP)),
    (ParameterError, ["DopamineSTDP.stdp", "add to the eligibility", "got mu_plus=1", "leave mu_plus at 0"],
     lambda: dopamine(gs.STDP(mu_plus=1.0))),
    (ParameterError, ["DopamineSTDP.stdp", "got mu_minus=0.5"], lambda: dopamine(gs.STDP(mu_minus=0.5))),
    (ArgumentError, ["DopamineSTDP.modulator", "a population, a selection, the name of a population or a gs.Waveform",
                     "got 3.0"], lambda: dopamine(modulator=3.0)),
    (ArgumentError, ["DopamineSTDP.modulator", "got None"], lambda: gs.DopamineSTDP(gs.STDP(), 1.0, 1.0, None)),
    (ParameterError, ["DopamineSTDP.tau_eligibility", "ms > 0", "got 0"],
     lambda: gs.DopamineSTDP(gs.STDP(), 0.0, 1.0, WAVE)),
    (ParameterError, ["DopamineSTDP.tau_dopamine", "ms > 0", "got -1"],
     lambda: gs.DopamineSTDP(gs.STDP(), 1.0, -1.0, WAVE)),
    (ParameterError, ["TsodyksMarkram.U", ">= 0 and <= 1", "got 1.5"], lambda: gs.TsodyksMarkram(U=1.5)),
    (ParameterError, ["TsodyksMarkram.U[1]", ">= 0 and <= 1", "got 1.2"], lambda: gs.TsodyksMarkram(U=[0.5, 1.2])),
    (ParameterError, ["TsodyksMarkram.U", "<= 1", "Uniform(low=0.5, high=1.5)"],
     lambda: gs.TsodyksMarkram(U=gs.Uniform(0.5, 1.5))),
    (ParameterError, ["TsodyksMarkram.U", "one per synapse", "shape (1, 2)"],
     lambda: gs.TsodyksMarkram(U=[[0.5, 0.2]])),
    (ArgumentError, ["TsodyksMarkram.U", "an array (one per synapse) or a distribution", "got 'a'"],
     lambda: gs.TsodyksMarkram(U="a")),
    (ParameterError, ["TsodyksMarkram.tau_rec", "ms > 0", "got 0"], lambda: gs.TsodyksMarkram(tau_rec=0.0)),
    (ParameterError, ["TsodyksMarkram.tau_facil", "ms >= 0", "got -1"], lambda: gs.TsodyksMarkram(tau_facil=-1.0)),
    (ParameterError, ["TsodyksMarkram.tau_psc", "ms > 0", "got 0"], lambda: gs.TsodyksMarkram(tau_psc=0.0)),
    (ParameterError, ["QuantalRelease.n", "whole number >= 1 and <= 255", "got 0"], lambda: gs.QuantalRelease(0, 0.5)),
    (ParameterError, ["QuantalRelease.n", "<= 255", "got 256"], lambda: gs.QuantalRelease(256, 0.5)),
    (ArgumentError, ["QuantalRelease.n", "whole number", "got 2.0", "write 2"], lambda: gs.QuantalRelease(2.0, 0.5)),
    (ParameterError, ["QuantalRelease.p", ">= 0 and <= 1", "got 1.5"], lambda: gs.QuantalRelease(2, 1.5)),
    (ParameterError, ["QuantalRelease.cv", ">= 0 and <= 1", "got -0.1"], lambda: gs.QuantalRelease(2, 0.5, cv=-0.1)),
    (ArgumentError, ["QuantalRelease(): missing a required argument: 'n'"], lambda: gs.QuantalRelease()),
    (ImmutableError, ["STDP(", "A_plus cannot be set", "make a new one"],
     lambda: setattr(gs.STDP(), "A_plus", 0.1)),
]  # fmt: skip


@pytest.mark.parametrize(("error", "parts", "call"), named(RULE_ROWS))
def test_rules(error, parts, call):
    refused(error, parts, call)


def test_what_is_plastic_belongs_to_the_projection(world):
    short, rule = gs.TsodyksMarkram(), gs.STDP(learns=world.I.receptor("AMPA"), axonal=0.25)
    assert rule.learns == "AMPA"
    for given in ([short, rule], (short, rule)):
        made = learn(world, given)
        assert made.plasticity == (short, rule)
        assert made.axonal == 0.25
        assert made.learned == "AMPA"
    assert learn(world, gs.STDP(), axonal=0.4).axonal == 0.4
    assert learn(world, gs.STDP(axonal=0.4), axonal=0.4).axonal == 0.4
    assert learn(world, dopamine(gs.STDP(axonal=0.4), world.bg)).axonal == 0.4
    for nothing in (None, []):
        assert world.connect(plasticity=nothing).plasticity == ()
    assert learn(world, short).learned is None
    assert learn(world, gs.STDP()).learned == "AMPA"
    assert learn(world, rule, post=world.E, receptor=None, **saturating()).plasticity == (rule,)


def saturating() -> dict[str, Any]:
    """Weights of which one learns, a Ratio follows it at the start, and one has a gate that saturates."""
    weight = {"AMPA": 1.0, "NMDA": gs.Ratio("AMPA", 0.1), "GABA_A": 1.0}
    return {"weight": weight, "w_max": {"AMPA": 5.0}}


def test_weights_that_learn_may_be_drawn(world):
    for given in (
        gs.Normal(1.0, 0.5, low=0.0),
        gs.LogNormal(1.0, 0.5),
        gs.Uniform(0.0, 5.0),
        np.linspace(0.0, 5.0, 40),
    ):
        assert learn(world, gs.STDP(), weight=given).w_max == {"AMPA": 5.0}


def test_values_by_synapse_are_kept(world):
    U = np.linspace(0.0, 1.0, 40)
    short = gs.TsodyksMarkram(U=U, tau_facil=gs.Uniform(0.0, 500.0))
    U[0] = 9.0
    assert learn(world, short).plasticity[0].U[0] == 0.0
    assert not short.U.flags.writeable
    assert gs.TsodyksMarkram().shared
    assert not short.shared
    assert not gs.TsodyksMarkram(tau_rec=gs.Uniform(100.0, 800.0)).shared


def test_a_projection_tells_what_is_plastic(world):
    made = learn(world, [gs.TsodyksMarkram(U=0.2), gs.QuantalRelease(5, cv=0.3)])
    assert repr(made) == (
        "Projection('E->I:AMPA', 10 -> 4 neurons, AllToAll(autapses=True), "
        "TsodyksMarkram(U=0.2, tau_rec=800.0, tau_facil=0.0, tau_psc=None), QuantalRelease(n=5, p=None, cv=0.3))"
    )


PLASTIC_ROWS = [
    ("plasticity", "1 x QuantalRelease, 1 x TripletSTDP, 1 x STDP"),
    ("E->I:AMPA", "QuantalRelease(n=5, p=0.5, cv=0.0)", "-"),
    ("E->I:AMPA", "TripletSTDP(A2_plus=0.0", "AMPA: 0 to 5 nS"),
    ("E->E:AMPA+NMDA+GABA_A", "STDP(A_plus=0.01", "AMPA: 0 to 5 nS; 0.3 of the delay is axonal"),
]


def test_a_network_tells_what_is_plastic(world):
    assert "Plasticity" not in world.net.describe().splitlines()
    learn(world, [gs.QuantalRelease(5, 0.5), gs.TripletSTDP()])
    learn(world, gs.STDP(learns="AMPA"), post=world.E, receptor=None, axonal=0.3, **saturating())
    lines = world.net.describe().splitlines()
    at = lines.index("Plasticity")
    for cells in PLASTIC_ROWS:
        (line,) = [line for line in lines[:10] + lines[at:] if all(cell in line for cell in cells)]
        assert line.startswith(f"{cells[0]} ")
        assert line.endswith(cells[-1])
    assert "STDP" not in "".join(lines[10:at])
    assert "<h4>Plasticity</h4>" in world.net._repr_html_()


WAYS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_copied_network_is_modulated_by_its_own_population(world, way):
    learn(world, dopamine(gs.STDP(learns="AMPA"), world.bg), name="of all")
    learn(world, dopamine(gs.STDP(learns="AMPA"), world.bg[:3]), name="of some")
    net = WAYS[way](world.net)
    copied = net.projections["of all"].plasticity[0]
    assert copied.modulator is net.populations["bg"] is not world.bg
    assert net.projections["of some"].plasticity[0].modulator.parts[0].population is net.populations["bg"]
    assert (copied.stdp, copied.tau_eligibility, copied.learns) == (gs.STDP(learns="AMPA"), 1000.0, "AMPA")


@pytest.mark.parametrize("way", [*WAYS.values(), copy.copy], ids=[*WAYS, "copy"])
def test_copies_of_rules_are_equal(way):
    for rule in (*RULES[:3], gs.QuantalRelease(3, 0.5)):
        assert way(rule) == rule
        assert hash(way(rule)) == hash(rule)
    copied = way(gs.TsodyksMarkram(U=[0.5, 0.2], tau_rec=gs.Uniform(1.0, 2.0)))
    assert (copied.U.tolist(), copied.tau_rec) == ([0.5, 0.2], gs.Uniform(1.0, 2.0))
    assert repr(way(dopamine()).modulator) == repr(WAVE)


def test_the_numbers_of_rules():
    assert gs.STDP(0.02, 0.03, mu_plus=0.1).coefficients(7.0) == (0.02, 0.03, 0.1, 0.0)
    assert gs.TripletSTDP(0.1, 0.2, 0.3, 0.4).coefficients(7.0) == (0.1, 0.2, 0.3, 0.4)
    assert gs.InhibitorySTDP(eta=0.07, tau=20.0, rate=5.0).coefficients(7.0) == (0.01, pytest.approx(0.2))
    assert dopamine(gs.STDP(0.02, 0.03)).coefficients(7.0) == (0.02, 0.03)
    for pairing, nearest in {"all": False, "nearest": True}.items():
        traces = gs.STDP(tau_plus=17.0, tau_minus=34.0, pairing=pairing).traces
        assert traces == (((17.0, nearest),), ((34.0, nearest),))
    assert gs.InhibitorySTDP(tau=7.0).traces == (((7.0, False),), ((7.0, False),))
    traces = gs.TripletSTDP(tau_plus=1.0, tau_x=2.0, tau_minus=3.0, tau_y=4.0).traces
    assert traces == (((1.0, False), (2.0, False)), ((3.0, False), (4.0, False)))
