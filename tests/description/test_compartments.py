"""Compartments: names of receptors and variables, what is refused, and how a network of them is told."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from tests.helpers.wrong_input import named, refused

BOTH = {"apical": gs.Dendrite(), "basal": gs.Dendrite(E_L=-65.0)}
KINDS = {"soma": [gs.GABA_A()], "apical": [gs.AMPA(), gs.NMDA()], "basal": gs.AMPA()}


def cell(soma=None, **dendrites):
    return gs.Compartments(soma=gs.LIF() if soma is None else soma, dendrites=dendrites or BOTH)


class Bench:
    """A population of cells with two dendrites, one of plain cells, and a source."""

    def __init__(self):
        self.net = gs.Network()
        self.P = self.net.population("P", 4, cell(), receptors=KINDS)
        self.E = self.net.population("E", 4, gs.LIF(), receptors=[gs.AMPA()])
        self.S = self.net.population("S", 4, gs.PoissonSource(5.0))

    def make(self, model=None, **options):
        return self.net.population("new", 4, cell() if model is None else model, **options)

    def connect(self, receptor="apical.AMPA", post=None, **options):
        post = self.P if post is None else post
        given = {"receptor": receptor, "weight": 1.0} | options
        return self.net.connect(self.S, post, gs.AllToAll(), **given)


REFUSED = [
    (ArgumentError, ["Compartments.soma", "neuron model such as gs.LIF()", "got 'LIF'"], lambda b: cell("LIF")),
    (ArgumentError, ["Compartments.soma", "class itself"], lambda b: cell(gs.LIF)),
    (ArgumentError, ["Compartments.soma", "neuron model"], lambda b: cell(gs.PoissonSource(5.0))),
    (ArgumentError, ["Compartments.soma", "dendrites itself", "one Compartments"], lambda b: cell(cell())),
    (
        ArgumentError,
        ["Compartments.dendrites", '{"apical": gs.Dendrite()}', "got [Dendrite"],
        lambda b: gs.Compartments(soma=gs.LIF(), dendrites=[gs.Dendrite()]),
    ),
    (
        ParameterError,
        ["Compartments.dendrites", "at least one", "soma alone"],
        lambda b: gs.Compartments(soma=gs.LIF(), dendrites={}),
    ),
    (
        ArgumentError,
        ["dendrites: names must be str", "got 3"],
        lambda b: gs.Compartments(soma=gs.LIF(), dendrites={3: gs.Dendrite()}),
    ),
    (ArgumentError, ["dendrites['apical']", "a gs.Dendrite", "got 10"], lambda b: cell(apical=10)),
    (
        ParameterError,
        ["dendrites", "letters, digits", "got 'soma'"],
        lambda b: gs.Compartments(soma=gs.LIF(), dendrites={"soma": gs.Dendrite()}),
    ),
    (ParameterError, ["dendrites", "letters, digits", "got 'a.b'"], lambda b: cell(**{"a.b": gs.Dendrite()})),
    (ParameterError, ["Dendrite.C_m", "> 0", "got 0"], lambda b: gs.Dendrite(C_m=0.0)),
    (ParameterError, ["Dendrite.g_L", ">= 0", "got -1"], lambda b: gs.Dendrite(g_L=-1.0)),
    (ParameterError, ["Dendrite.g_c", "> 0", "got 0"], lambda b: gs.Dendrite(g_c=0.0)),
    (ParameterError, ["Dendrite.E_L", "volts", "-0.07"], lambda b: gs.Dendrite(E_L=-0.07)),
    (ParameterError, ["Dendrite", "same length", "C_m 2, g_c 3"], lambda b: gs.Dendrite(C_m=[90.0] * 2, g_c=[9.0] * 3)),
    (
        ParameterError,
        ["Compartments", "same length", "V_th 2, C_m_apical 3"],
        lambda b: cell(gs.LIF(V_th=[-50.0] * 2), apical=gs.Dendrite(C_m=[90.0] * 3)),
    ),
    (
        ParameterError,
        ["Population 'new'", "Compartments.g_c_apical has 3 values", "must be 4"],
        lambda b: b.make(cell(apical=gs.Dendrite(g_c=[9.0] * 3))),
    ),
    (
        ArgumentError,
        ["'new'.receptors", "dict by compartment (soma, apical, basal)"],
        lambda b: b.make(receptors=[gs.AMPA()]),
    ),
    (
        ArgumentError,
        ["'new'.receptors", "dict by compartment (soma, apical, basal)", "got []"],
        lambda b: b.make(receptors=np.zeros(0)),
    ),
    (
        UnknownNameError,
        ["'new'.receptors: compartment", "'apicl'", "did you mean 'apical'", "soma, apical, basal"],
        lambda b: b.make(receptors={"apicl": [gs.AMPA()]}),
    ),
    (
        ParameterError,
        ["'new'.receptors['apical'][1]", "'AMPA' is the name of two", "gs.AMPA(name='AMPA_2')"],
        lambda b: b.make(receptors={"apical": [gs.AMPA(), gs.AMPA()]}),
    ),
    (
        ArgumentError,
        ["'new'.receptors['basal'][0]", "gs.AMPA()", "got 'AMPA'"],
        lambda b: b.make(receptors={"basal": ["AMPA"]}),
    ),
    (
        ParameterError,
        ["'new'.receptors", "two receptors are named 'apical.AMPA'"],
        lambda b: b.make(receptors={"soma": [gs.AMPA(name="apical.AMPA")], "apical": [gs.AMPA()]}),
    ),
    (
        ArgumentError,
        ["'new'.receptors", "a LIF has no dendrites", "gs.Compartments"],
        lambda b: b.make(gs.LIF(), receptors={"soma": [gs.AMPA()]}),
    ),
    (UnknownNameError, ["'new'.V: compartment", "'tuft'", "soma, apical"], lambda b: b.make(V={"tuft": -60.0})),
    (ParameterError, ["'new'.V['apical']", "volts"], lambda b: b.make(V={"apical": -0.06})),
    (ParameterError, ["'new'.V['basal']", "array of 4 values"], lambda b: b.make(V={"basal": [-60.0] * 3})),
    (ArgumentError, ["'new'.calcium", "gs.Calcium(...)", "got 3"], lambda b: b.make(calcium={"apical": 3})),
    (UnknownNameError, ["'new'.calcium: compartment", "'tuft'"], lambda b: b.make(calcium={"tuft": gs.Calcium()})),
    (UnknownNameError, ["'P'", "'AMPA'", "GABA_A, apical.AMPA"], lambda b: b.connect("AMPA")),
    (UnknownNameError, ["'E'", "'soma.AMPA'", "known here: AMPA"], lambda b: b.connect("soma.AMPA", b.E)),
    (
        UnknownNameError,
        ["inject().compartment", "'P'", "'tuft'", "soma, apical, basal"],
        lambda b: b.net.inject(b.P, 5.0, compartment="tuft"),
    ),
    (
        UnknownNameError,
        ["inject().compartment", "'E'", "'apical'", "known here: soma"],
        lambda b: b.net.inject(b.P + b.E, 5.0, compartment="apical"),
    ),
    (ArgumentError, ["clamp().compartment", "soma, apical", "got 1"], lambda b: b.net.clamp(b.P, -60.0, compartment=1)),
    (
        UnknownNameError,
        ["record().variables", "'V_apicl'", "did you mean 'V_apical'"],
        lambda b: b.net.record(b.P, "V_apicl"),
    ),
    (UnknownNameError, ["record().variables", "no variable 'Ca'"], lambda b: b.net.record(b.P, "Ca")),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(REFUSED))
def test_what_is_wrong_is_refused_in_its_place(error, parts, call):
    refused(error, parts, call, Bench())


def test_a_compartment_has_one_clamp():
    b = Bench()
    b.net.clamp(b.P, -60.0)
    b.net.clamp(b.P[:2], -50.0, compartment="apical")
    with pytest.raises(ParameterError, match=r"'clamp->P\[0:2\].apical' already clamps"):
        b.net.clamp(b.P[1:], -50.0, compartment="apical")


def test_a_name_that_the_soma_has_cannot_be_a_dendrites():
    class Odd(gs.LIF):
        STATES = {"V_apical": "mV"}  # noqa: RUF012

    with pytest.raises(ParameterError, match="'apical' would have 'V_apical', which Odd has already"):
        gs.Compartments(soma=Odd(), dendrites={"apical": gs.Dendrite()})


def test_receptors_have_the_names_of_their_compartments():
    P = Bench().P
    assert [r.name for r in P.receptors] == ["GABA_A", "apical.AMPA", "apical.NMDA", "basal.AMPA"]
    assert [one.compartment for one in P.placed] == [0, 1, 1, 2]
    assert [one.given is given for one, given in zip(P.placed[:2], (KINDS["soma"][0], KINDS["apical"][0]), strict=True)]
    assert P.receptor("apical.NMDA").kinetics == KINDS["apical"][1].kinetics
    assert {k: v for k, v in P.variables.items() if k[0] in "VC"} == {
        "V": "mV", "V_apical": "mV", "V_basal": "mV", "Ca_apical": "uM", "Ca_basal": "uM",
    }  # fmt: skip
    assert list(P.model.values)[-4:] == ["C_m_basal", "g_L_basal", "E_L_basal", "g_c_basal"]
    assert (P.model.E_L_basal, P.model.V_th, P.model.soma.V_th) == (-65.0, -55.0, -55.0)


def test_a_receptor_is_meant_by_its_name_or_by_itself():
    b = Bench()
    assert list(b.connect("apical.AMPA").weights) == ["apical.AMPA"]
    assert list(b.connect("soma.GABA_A").weights) == ["GABA_A"]
    assert list(b.connect(KINDS["apical"][1]).weights) == ["apical.NMDA"]
    assert b.net.drive(b.P, KINDS["basal"], rate=5.0, weight=1.0).receptor == "basal.AMPA"
    assert b.net.drive(b.P, "soma.GABA_A", rate=5.0, weight=1.0).receptor == "GABA_A"
    several = {"soma.GABA_A": 2.0, "apical.AMPA": gs.Ratio("soma.GABA_A", 0.5)}
    made = b.net.connect(b.S, b.P, gs.AllToAll(), weight=several, w_max={"soma.GABA_A": 3.0})
    assert dict(made.weights) == {"GABA_A": 2.0, "apical.AMPA": gs.Ratio("GABA_A", 0.5)}
    assert dict(made.w_max) == {"GABA_A": 3.0}
    assert made.name == "S->P:GABA_A+apical.AMPA"
    same = gs.AMPA()
    twice = b.net.population("twice", 4, cell(), receptors={"soma": [same], "apical": [same]})
    with pytest.raises(ParameterError, match=r"the same object is AMPA, apical\.AMPA .*give the name of one"):
        b.connect(same, twice)


SEVERAL = {"GABA_A": 2.0, "apical.AMPA": 1.0, "apical.NMDA": 0.5}


def learned(*plasticity, weight=SEVERAL, w_max=3.0):
    return Bench().connect(None, weight=weight, w_max=dict.fromkeys(weight, w_max), plasticity=plasticity)


def dopamine(learns):
    return gs.DopamineSTDP(gs.STDP(learns=learns), 1e3, 200.0, modulator=gs.Waveform([0.0], [1.0]))


def test_plasticity_means_a_receptor_by_its_name_or_by_itself():
    apical, soma = KINDS["apical"][0], KINDS["soma"][0]
    for given, name in (("soma.GABA_A", "GABA_A"), (soma, "GABA_A"), ("apical.AMPA", "apical.AMPA")):
        rules = gs.STDP(learns=given), gs.TripletSTDP(learns=given), gs.CalciumSTDP(learns=given), dopamine(given)
        for rule in rules:
            made = learned(rule)
            assert (made.learned, made.plasticity[0].learns) == (name, name)
        made = learned(gs.STDP(learns=given), gs.HomeostaticScaling(5.0, 1e5, learns=given))
        assert [rule.learns for rule in made.plasticity] == [name, name]
    assert learned(gs.STDP(learns=apical)).learned == "apical.AMPA"
    assert learned(dopamine(apical)).plasticity[0].stdp == gs.STDP(learns="apical.AMPA")
    rule = gs.NMDAPlasticity(KINDS["apical"][1], learns="soma.GABA_A")
    (kept,) = learned(rule).plasticity
    assert (kept.calcium, kept.learns) == ("apical.NMDA", "GABA_A")
    assert (rule.calcium, rule.learns) == ("NMDA", "soma.GABA_A")  # of the user, who may give it to others


WRONG_RECEPTORS = [
    (UnknownNameError, ["STDP.learns", "'soma.AMPA'", "GABA_A, apical.AMPA, apical.NMDA"],
     lambda b: learned(gs.STDP(learns="soma.AMPA"))),
    (UnknownNameError, ["NMDAPlasticity.calcium", "'NMDA'", "GABA_A, apical.AMPA, apical.NMDA"],
     lambda b: learned(gs.NMDAPlasticity(learns="soma.GABA_A"))),
    (UnknownNameError, ["STDP.learns", "'apical.NMDA'", "known here: GABA_A, apical.AMPA"],
     lambda b: learned(gs.STDP(learns=KINDS["apical"][1]), weight={"GABA_A": 1.0, "apical.AMPA": 1.0})),
    (ParameterError, ["HomeostaticScaling.learns: must be 'GABA_A'", "got 'apical.AMPA'"],
     lambda b: learned(gs.STDP(learns="soma.GABA_A"), gs.HomeostaticScaling(5.0, 1e5, learns="apical.AMPA"))),
]  # fmt: skip


@pytest.mark.parametrize(("error", "parts", "call"), named(WRONG_RECEPTORS))
def test_plasticity_of_no_receptor_is_refused(error, parts, call):
    refused(error, parts, call, None)


def test_initial_potentials_and_calcium_are_those_of_each_compartment():
    b = Bench()
    start, calcium = gs.Uniform(-60.0, -55.0), gs.Calcium(tau=50.0)
    made = b.make(V={"basal": start, "soma": -66.0}, calcium={"apical": calcium})
    assert [(c.name, c.V) for c in made.compartments] == [("soma", -66.0), ("apical", None), ("basal", start)]
    assert [c.calcium for c in made.compartments] == [gs.Calcium(), calcium, gs.Calcium()]
    assert (made.V, made.calcium) == (-66.0, gs.Calcium())
    assert [c.V for c in b.net.population("one", 4, cell(), V=-66.0).compartments] == [-66.0, None, None]
    everywhere = b.net.population("all", 4, cell(), calcium=calcium)
    assert [c.calcium for c in everywhere.compartments] == [calcium] * 3
    assert b.S.compartments == ()
    assert [c.name for c in b.E.compartments] == ["soma"]


def test_a_network_of_compartments_is_told():
    b = Bench()
    b.net.inject(b.P, 20.0, compartment="apical")
    b.net.clamp(b.P, -60.0, compartment="basal")
    text = b.net.describe()
    for told in (
        "Compartments (soma, apical, basal)",
        "soma: rest, apical: rest, basal: rest",
        "Compartments, the soma is a LIF",
        "g_c_apical = 10 nS",
        "NMDA(name='apical.NMDA'",
        "current 20 pA into apical",
        "voltage clamp of basal to -60 mV",
    ):
        assert told in text
    assert repr(cell()).startswith("Compartments(soma=LIF(C_m=200, ")
    assert "'basal': Dendrite(C_m=100, g_L=5, E_L=-65, g_c=10)" in repr(cell())
    assert [p.name for p in gs.Dendrite.parameters()] == ["C_m", "g_L", "E_L", "g_c"]
    assert repr(gs.Dendrite(C_m=np.array([90.0, 80.0]))) == "Dendrite(C_m=<2 values>, g_L=5, E_L=-70, g_c=10)"
