"""Wrong drugs, infusions and concentrations are refused with the place, the value and what is allowed."""

import pytest

import gpusyn as gs
from gpusyn import drugs
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from tests.helpers.wrong_input import JUNK, NUMBERS, named, refused

GOOD = {
    drugs.CompetitiveAntagonist: {"receptor": "AMPA", "K": 1.0},
    drugs.NonCompetitiveAntagonist: {"receptor": "AMPA", "IC50": 1.0, "n": 1.0},
    drugs.GlycineSiteAntagonist: {"K": 1.0},
    drugs.DecayModulator: {"receptor": "GABA_A", "extra": 0.4, "EC50": 1.0},
    drugs.OpenChannelBlocker: {
        "receptor": "NMDA", "k_on": 0.01, "k_off": 0.1, "z_delta": 0.8, "V0": -70.0, "escape": 0.2, "P_open": 0.3,
    },
    gs.GlycineSite: {"EC50": 1.0, "h": 1.4},
}  # fmt: skip
NUMERIC = [(kind, name) for kind, given in GOOD.items() for name in given if name != "receptor"]


@pytest.mark.parametrize(("kind", "name"), [pytest.param(*row, id=f"{row[0].__name__}.{row[1]}") for row in NUMERIC])
def test_no_constant_takes_junk(kind, name):
    for junk in JUNK + NUMBERS:
        with pytest.raises(gs.GpusynError, match=rf"{kind.__name__}\.{name}"):
            kind(**{**GOOD[kind], name: junk})


def test_no_concentration_takes_junk():
    for junk in JUNK + NUMBERS:
        for name in ("concentration", "start", "stop", "wash_in", "wash_out"):
            if junk is None and name == "stop":
                continue  # None is "never" there
            with pytest.raises(gs.GpusynError, match=name):
                gs.Network().infuse("NBQX", **{"concentration": 1.0, "stop": 1e3, name: junk})
        for name in ("Mg", "glycine"):
            if junk is None and name == "glycine":
                continue  # None is saturating
            with pytest.raises(gs.GpusynError, match=rf"NMDA\.{name}"):
                gs.NMDA(**{name: junk})


def twice(net):
    net.infuse("NBQX", 1.0, name="bath")
    net.infuse("NBQX", 1.0, name="bath")


AMPA = drugs.CompetitiveAntagonist("AMPA", K=1.0)
ROWS = [
    (UnknownNameError, ["Network.infuse().drug", "'NBQY'", "did you mean 'NBQX'", "NBQX, CNQX, D-AP5"],
     lambda net: net.infuse("NBQY", 1.0)),
    (UnknownNameError, ["infuse().drug", "'AP5'", "did you mean 'D-AP5'"], lambda net: net.infuse("AP5", 1.0)),
    (ArgumentError, ["infuse().drug", "a gs.Drug, or one of the names NBQX", "got 3"], lambda net: net.infuse(3, 1.0)),
    (ArgumentError, ["infuse().drug", "CompetitiveAntagonist("], lambda net: net.infuse(AMPA, 1.0)),
    (ArgumentError, ["Network.infuse()", "'washin'", "did you mean 'wash_in'"],
     lambda net: net.infuse("NBQX", 1.0, washin=3.0)),
    (ArgumentError, ["Network.infuse()", "'concentration'"], lambda net: net.infuse("NBQX")),
    (ParameterError, ["Infusion 'infuse->NBQX'.concentration", "uM > 0", "got 0"], lambda net: net.infuse("NBQX", 0)),
    (ParameterError, [".concentration", "got -1"], lambda net: net.infuse("NBQX", -1.0)),
    (ParameterError, [".start", "ms >= 0", "got -5"], lambda net: net.infuse("NBQX", 1.0, -5.0)),
    (ParameterError, [".stop", "later than start = 50", "got 50"], lambda net: net.infuse("NBQX", 1.0, 50.0, 50.0)),
    (ParameterError, [".wash_in", "ms >= 0", "got -1"], lambda net: net.infuse("NBQX", 1.0, wash_in=-1.0)),
    (ParameterError, [".wash_out", "needs a stop=", "got 5"], lambda net: net.infuse("NBQX", 1.0, wash_out=5.0)),
    (ParameterError, ["Network.infuse().name", "'bath' is already", "an infusion"], twice),
    (ArgumentError, ["Network.infuse().name", "str", "got 3"], lambda net: net.infuse("NBQX", 1.0, name=3)),
    (ArgumentError, ["Drug 'x'", "at least one action", "CompetitiveAntagonist"], lambda net: gs.Drug("x")),
    (ArgumentError, ["Drug 'x'.actions[1]", "an action", "got 'AMPA'"], lambda net: gs.Drug("x", AMPA, "AMPA")),
    (ArgumentError, ["Drug 'x'.actions[0]", "got <class", "the class itself"],
     lambda net: gs.Drug("x", drugs.CompetitiveAntagonist)),
    (ParameterError, ["Drug 'x'.actions[1]", "second CompetitiveAntagonist on AMPA"],
     lambda net: gs.Drug("x", AMPA, drugs.CompetitiveAntagonist("AMPA", K=2.0))),
    (ArgumentError, ["Drug.name", "str", "got 3"], lambda net: gs.Drug(3, AMPA)),
    (ArgumentError, ["Drug 'x'.source", "str", "got 3"], lambda net: gs.Drug("x", AMPA, source=3)),
    (UnknownNameError, ["CompetitiveAntagonist.receptor", "'AMPPA'", "did you mean 'AMPA'", "known here: AMPA"],
     lambda net: drugs.CompetitiveAntagonist("AMPPA", K=1.0)),
    (UnknownNameError, ["DecayModulator.receptor", "'CurrentReceptor'"],
     lambda net: drugs.DecayModulator("CurrentReceptor", extra=1.0, EC50=1.0)),
    (ArgumentError, ["OpenChannelBlocker.receptor", "one of the names AMPA", "got 1"],
     lambda net: drugs.OpenChannelBlocker(1, k_on=1.0, k_off=0.0)),
    (ParameterError, ["CompetitiveAntagonist.K", "> 0", "got 0"], lambda net: drugs.CompetitiveAntagonist("AMPA", 0)),
    (ParameterError, ["OpenChannelBlocker.escape", "<= 1", "got 2"],
     lambda net: drugs.OpenChannelBlocker("NMDA", 1.0, 0.0, escape=2)),
    (ParameterError, ["OpenChannelBlocker.V0", "looks like volts", "got -0.07"],
     lambda net: drugs.OpenChannelBlocker("NMDA", 1.0, 0.0, V0=-0.07)),
    (ArgumentError, ["NMDA.glycine_site", "gs.GlycineSite(...)", "got 1.0"], lambda net: gs.NMDA(glycine_site=1.0)),
    (ParameterError, ["NMDA.glycine", "uM >= 0", "got -1"], lambda net: gs.NMDA(glycine=-1.0)),
    (ParameterError, ["NMDA.Mg: Waveform.values[1]", "mM >= 0", "got -1"],
     lambda net: gs.NMDA(Mg=gs.Waveform([0.0, 1.0], [1.0, -1.0]))),
    (ArgumentError, ["NMDA.Mg", "gs.Waveform", "got [1.0, 2.0]"], lambda net: gs.NMDA(Mg=[1.0, 2.0])),
    (ArgumentError, ["NMDA.glycine", "gs.Waveform", "Uniform"], lambda net: gs.NMDA(glycine=gs.Uniform(0.0, 1.0))),
    (ParameterError, ["remaining().K", "uM > 0", "got 0"], lambda net: drugs.remaining(1.0, K=0)),
    (ParameterError, ["hill().concentration", "uM >= 0", "got -1"], lambda net: drugs.hill(-1.0, EC50=1.0)),
    (ParameterError, ["gaddum().agonist", "got -1"], lambda net: drugs.gaddum(-1.0, 1.0, EC50=1.0, K_b=1.0)),
    (ArgumentError, ["gaddum()", "'Kb'", "did you mean 'K_b'"], lambda net: drugs.gaddum(1.0, 1.0, EC50=1.0, Kb=1.0)),
    (ParameterError, ["woodhull().V", "looks like volts"], lambda net: drugs.woodhull(1.0, -0.07, z_delta=1.0)),
    (ParameterError, ["nernst().valence", "not be 0"], lambda net: gs.measure.nernst(1.0, 1.0, valence=0)),
    (ParameterError, ["nernst().inside", "mM > 0", "got 0"], lambda net: gs.measure.nernst(1.0, 0.0)),
    (ParameterError, ["thermal_voltage().temperature", "> -273.15"],
     lambda net: gs.measure.nernst(1.0, 2.0, temperature=-300.0)),
]  # fmt: skip


@pytest.mark.parametrize(("error", "parts", "call"), named(ROWS))
def test_refusals(error, parts, call):
    refused(error, parts, call, gs.Network())


def test_a_refused_infusion_leaves_the_network_as_it_was():
    net = gs.Network()
    for junk in ("NBQY", 3, None):
        with pytest.raises(gs.GpusynError):
            net.infuse(junk, 1.0)
    assert dict(net.infusions) == {}
