"""Wrong drives, injections and clamps are refused where they are given, with the place, the value and the next move."""

import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from tests.helpers.wrong_input import NAN, World, named, refused, refused_without_a_trace, same_name


@pytest.fixture
def world():
    return World()


def _clamp_twice(w):
    w.net.clamp(w.E[:3], -70.0)
    w.net.clamp(w.E[2:], -60.0)


INPUTS = [
    (ParameterError, ["Network.drive().target", "another network"], lambda w: w.drive(target=w.foreign)),
    (ParameterError, ["Network.drive()", "'bg' is a PoissonSource"], lambda w: w.drive(target=w.bg)),
    (
        UnknownNameError,
        ["Network.drive()", "'AMPPA'", "did you mean 'AMPA'"],
        lambda w: w.drive(receptor="AMPPA"),
    ),
    (
        ParameterError,
        [
            "Network.drive()",
            "'GABA_A' of 'E'",
            "FirstOrder",
            "gs.PoissonSource population of 10",
            "gs.OneToOne()",
        ],
        lambda w: w.drive(receptor="GABA_A"),
    ),
    (ParameterError, ["Drive 'drive->E:AMPA'.rate", "Hz >= 0", "got -1"], lambda w: w.drive(rate=-1.0)),
    (ParameterError, [".rate", "<= 1e+06", "got 2000000"], lambda w: w.drive(rate=2e6)),
    (ParameterError, [".rate", "10 neurons", "got 2 values"], lambda w: w.drive(rate=[1.0, 2.0])),
    (ParameterError, [".rate", "Waveform.values", "got -1"], lambda w: w.drive(rate=gs.Waveform([0], [-1]))),
    (
        ArgumentError,
        [".rate", "gs.Waveform", "Uniform", "draw"],
        lambda w: w.drive(rate=gs.Uniform(1.0, 2.0)),
    ),
    (ParameterError, [".weight", "nS >= 0", "got -1", "E_rev"], lambda w: w.drive(weight=-1.0)),
    (
        ParameterError,
        [".weight", "10 values, one per neuron", "2 values"],
        lambda w: w.drive(weight=[1.0, 2.0]),
    ),
    (ArgumentError, [".weight", "Ratio"], lambda w: w.drive(weight=gs.Ratio("NMDA", 1.0))),
    (ParameterError, [".start", "ms >= 0", "got -1"], lambda w: w.drive(start=-1.0)),
    (ParameterError, [".stop", "later than start = 5", "got 5"], lambda w: w.drive(start=5.0, stop=5.0)),
    (ArgumentError, [".stop", "got 'end'"], lambda w: w.drive(stop="end")),
    (ArgumentError, ["Network.drive()", "missing", "'rate'"], lambda w: w.net.drive(w.E, "AMPA", weight=1.0)),
    (ArgumentError, ["Network.drive()", "'rates'", "'rate'"], lambda w: w.drive(rates=1.0)),
    (
        ParameterError,
        ["Network.drive().name", "'noise' is already", "a drive", "choose another"],
        same_name("drive", "AMPA", rate=1.0, weight=1.0, name="noise"),
    ),
    (ParameterError, ["Network.inject().target", "another network"], lambda w: w.net.inject(w.foreign, 1.0)),
    (
        ParameterError,
        ["Network.inject().target", "'bg' is a PoissonSource", "membrane"],
        lambda w: w.net.inject(w.bg, 1.0),
    ),
    (ParameterError, ["Injection 'inject->E'.current", "got nan"], lambda w: w.net.inject(w.E, NAN)),
    (ParameterError, [".current", "amperes", "pA", "1e-10"], lambda w: w.net.inject(w.E, 1e-10)),
    (ParameterError, [".current", "10 neurons", "got 3 values"], lambda w: w.net.inject(w.E, [1.0] * 3)),
    (ArgumentError, [".current", "got True"], lambda w: w.net.inject(w.E, True)),
    (ArgumentError, [".current", "Normal", "draw"], lambda w: w.net.inject(w.E, gs.Normal(1.0, 0.1))),
    (ParameterError, [".stop", "later than start = 0"], lambda w: w.net.inject(w.E, 1.0, stop=0.0)),
    (ParameterError, ["WhiteNoise.std", "pA >= 0", "got -1"], lambda w: gs.WhiteNoise(std=-1.0)),
    (ParameterError, ["WhiteNoise.std[1]", "got -2"], lambda w: gs.WhiteNoise(std=[1.0, -2.0])),
    (ParameterError, ["WhiteNoise.dt", "ms > 0", "got 0"], lambda w: gs.WhiteNoise(std=1.0, dt=0.0)),
    (ParameterError, ["OrnsteinUhlenbeck.tau", "ms > 0", "got 0"], lambda w: gs.OrnsteinUhlenbeck(std=1.0, tau=0.0)),
    (ParameterError, ["OrnsteinUhlenbeck.mean", "got nan"], lambda w: gs.OrnsteinUhlenbeck(NAN, std=1.0, tau=1.0)),
    (ParameterError, ["WhiteNoise.std", "amperes", "pA"], lambda w: gs.WhiteNoise(std=1e-10)),
    (ArgumentError, ["WhiteNoise()", "'std'"], lambda w: gs.WhiteNoise(10.0)),
    (ArgumentError, ["WhiteNoise()", "'stdev'", "did you mean 'std'"], lambda w: gs.WhiteNoise(stdev=10.0)),
    (ArgumentError, ["WhiteNoise.std", "one per neuron"], lambda w: gs.WhiteNoise(std=[[1.0]])),
    (ArgumentError, ["WhiteNoise.std", "one per neuron"], lambda w: gs.WhiteNoise(std=gs.Uniform(0.0, 1.0))),
    (
        ParameterError,
        ["Injection 'inject->E'.current", "WhiteNoise.mean has 3 values", "array of 10"],
        lambda w: w.net.inject(w.E, gs.WhiteNoise([1.0] * 3, std=1.0)),
    ),
    (
        ArgumentError,
        [".rate", "got WhiteNoise(mean=0, std=1, dt=1)"],
        lambda w: w.net.drive(w.E, "AMPA", rate=gs.WhiteNoise(std=1.0), weight=1.0),
    ),
    (ParameterError, ["Network.inject().name", "is already", "an injection"], same_name("inject", 1.0, name="x")),
    (ArgumentError, ["Network.inject()", "'amplitude'"], lambda w: w.net.inject(w.E, amplitude=1.0)),
    (ParameterError, ["Network.clamp().target", "another network"], lambda w: w.net.clamp(w.foreign, -70.0)),
    (ParameterError, ["Network.clamp().target", "'bg'", "no membrane"], lambda w: w.net.clamp(w.bg, -70.0)),
    (ParameterError, ["Clamp 'clamp->E'.V", "volts", "-0.07"], lambda w: w.net.clamp(w.E, -0.07)),
    (
        ParameterError,
        [".V", "Waveform.values", "volts"],
        lambda w: w.net.clamp(w.E, gs.Waveform([0, 1], [-0.07, 0.03])),
    ),
    (ParameterError, [".V", "or a gs.Waveform", "got 2 values"], lambda w: w.net.clamp(w.E, [-70.0, -60.0])),
    (
        ParameterError,
        [".V", "has 2 columns, must have 10", "shape (1, 10), or of shape (1,)"],
        lambda w: w.net.clamp(w.E, gs.Waveform([0.0], [[-70.0, -60.0]])),
    ),
    (
        ParameterError,
        [".current", "has 1 column, must have 10"],
        lambda w: w.net.inject(w.E, gs.Waveform([0, 1], [[1], [2]])),
    ),
    (ParameterError, [".rate", "has 7 columns, must have 10"], lambda w: w.drive(rate=gs.Waveform([0], [[5.0] * 7]))),
    (
        ParameterError,
        [".rate", "Waveform.values[0, 1]", ">= 0", "got -5", "1 wrong of 10"],
        lambda w: w.drive(rate=gs.Waveform([0], [[5.0, -5.0, *[1.0] * 8]])),
    ),
    (
        ParameterError,
        ["Population 'p'", "PoissonSource.rate", "has 3 columns, must have 4"],
        lambda w: w.net.population("p", 4, gs.PoissonSource(gs.Waveform([0.0], [[1.0, 2.0, 3.0]]))),
    ),
    (
        ArgumentError,
        [".V", "Uniform", "give the array"],
        lambda w: w.net.clamp(w.E, gs.Uniform(-70.0, -60.0)),
    ),
    (ParameterError, ["Network.clamp().target", "'clamp->E[0:3]' already clamps", "Waveform"], _clamp_twice),
    (ArgumentError, ["Network.clamp()", "'v'", "did you mean 'V'"], lambda w: w.net.clamp(w.E, v=-70.0)),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(INPUTS))
def test_inputs(world, error, parts, call):
    refused(error, parts, call, world)


def test_a_refused_input_leaves_the_network_as_it_was(world):
    refused_without_a_trace(world, INPUTS)
