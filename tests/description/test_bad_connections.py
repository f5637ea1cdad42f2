"""Wrong connections are refused where they are given, with the place, the value, what is allowed and the next move."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from tests.helpers.wrong_input import NAN, World, named, refused, refused_without_a_trace


@pytest.fixture
def world():
    return World()


class _Negative(gs.LogNormal):
    """A distribution whose mean lies below 0."""

    def mean_value(self):
        return -1.0

    def __repr__(self):
        return "LogNormal below 0"


CONNECTIONS = [
    (
        ParameterError,
        ["Network.connect().pre", "'E' belongs to another network"],
        lambda w: w.connect(pre=w.foreign),
    ),
    (
        ParameterError,
        ["Network.connect().post", "another network"],
        lambda w: w.connect(post=w.I + w.foreign),
    ),
    (ArgumentError, ["Network.connect().pre", "its name", "E + I", "got 3"], lambda w: w.connect(pre=3)),
    (UnknownNameError, ["Network.connect().pre", "'EE'", "known here: ", "E"], lambda w: w.connect(pre="EE")),
    (ArgumentError, ["Network.connect().post", "population", "got None"], lambda w: w.connect(post=None)),
    (
        ParameterError,
        ["Network.connect()", "'bg' is a PoissonSource", "takes no input", "gs.LIF"],
        lambda w: w.connect(post=w.I + w.bg),
    ),
    (ArgumentError, [".rule", "gs.FixedProbability(0.02)", "got 0.1"], lambda w: w.connect(rule=0.1)),
    (ArgumentError, [".rule", "class itself", "AllToAll(...)"], lambda w: w.connect(rule=gs.AllToAll)),
    (ParameterError, ["Projection 'E->I:AMPA'.rule", "10", "4"], lambda w: w.connect(rule=gs.OneToOne())),
    (
        UnknownNameError,
        ["population 'I', receptor", "'AMPPA'", "did you mean 'AMPA'", "known here: AMPA, GABA_A"],
        lambda w: w.connect(receptor="AMPPA"),
    ),
    (
        UnknownNameError,
        ["population 'I'", "'NMDA'", "AMPA, GABA_A"],
        lambda w: w.connect(post=w.E + w.I, receptor="NMDA"),
    ),
    (ArgumentError, ["receptor", "AMPA, GABA_A", "got 3"], lambda w: w.connect(receptor=3)),
    (ArgumentError, ["needs receptor=", "AMPA, GABA_A"], lambda w: w.connect(receptor=None)),
    (
        ArgumentError,
        ["Network.connect().receptor", "name of one receptor", "weight={receptor"],
        lambda w: w.connect(receptor=["AMPA"]),
    ),
    (
        ParameterError,
        ["'AMPA' are in nS and pA", "I+C", "one by one"],
        lambda w: w.connect(post=w.I + w.C),
    ),
    (ArgumentError, ["Network.connect()", "needs weight="], lambda w: w.connect(weight=None)),
    (
        ArgumentError,
        ["receptor= or a dict", "got both", "drop receptor="],
        lambda w: w.connect(weight={"AMPA": 1.0}),
    ),
    (
        ParameterError,
        [".weight", "at least one", "AMPA, GABA_A"],
        lambda w: w.connect(receptor=None, weight={}),
    ),
    (
        UnknownNameError,
        ["population 'I'", "'NMDA'"],
        lambda w: w.connect(receptor=None, weight={"AMPA": 1.0, "NMDA": 1.0}),
    ),
    (
        ParameterError,
        ["Projection 'E->I:AMPA'.weight", "nS >= 0", "got -1", "E_rev and not a sign", "CurrentReceptor"],
        lambda w: w.connect(weight=-1.0),
    ),
    (
        ParameterError,
        ["Projection 'E->I:AMPA+GABA_A'.weight['GABA_A']", ">= 0", "got -4"],
        lambda w: w.connect(receptor=None, weight={"AMPA": 1.0, "GABA_A": -4.0}),
    ),
    (ParameterError, [".weight", "siemens", "got 1e-09", "1e9"], lambda w: w.connect(weight=1e-9)),
    (ParameterError, [".weight", "siemens", "largest of 40"], lambda w: w.connect(weight=np.full(40, 1e-9))),
    (
        ParameterError,
        [".weight", ">= 0", "got -1", "E_rev", "LogNormal"],
        lambda w: w.connect(weight=_Negative(1.0, 2.0)),
    ),
    (ParameterError, [".weight", "amperes", "got 1e-10"], lambda w: w.connect(post=w.C, weight=1e-10)),
    (ParameterError, [".weight", "got nan"], lambda w: w.connect(weight=NAN)),
    (ArgumentError, [".weight", "got True"], lambda w: w.connect(weight=True)),
    (ArgumentError, [".weight", "got '1.0'"], lambda w: w.connect(weight="1.0")),
    (
        ParameterError,
        [".weight", "40 values, one per synapse", "got 3 values"],
        lambda w: w.connect(weight=[1.0] * 3),
    ),
    (
        ParameterError,
        [".weight", "one per synapse", "shape (10, 4)"],
        lambda w: w.connect(weight=np.ones((10, 4))),
    ),
    (
        ParameterError,
        [".weight[2]", ">= 0", "got -1"],
        lambda w: w.connect(weight=[1.0, 1.0, -1.0] + [1.0] * 37),
    ),
    (
        ArgumentError,
        [".weight", "Ratio needs", "weight={'GABA_A': ..., 'AMPA': Ratio"],
        lambda w: w.connect(weight=gs.Ratio("GABA_A", 0.5)),
    ),
    (
        UnknownNameError,
        [".weight['AMPA']: Ratio.receptor", "'NMDA'", "known here: GABA_A"],
        lambda w: w.connect(receptor=None, weight={"AMPA": gs.Ratio("NMDA", 0.5), "GABA_A": 1.0}),
    ),
    (
        UnknownNameError,
        ["Ratio.receptor", "'AMPA'", "(nothing)"],
        lambda w: w.connect(receptor=None, weight={"AMPA": gs.Ratio("AMPA", 0.5)}),
    ),
    (
        ParameterError,
        [".weight['AMPA']", "Ratio.factor", ">= 0", "-0.5"],
        lambda w: w.connect(receptor=None, weight={"AMPA": gs.Ratio("GABA_A", -0.5), "GABA_A": 1.0}),
    ),
    (ParameterError, ["Projection 'E->I:AMPA'.delay", "ms > 0", "got 0"], lambda w: w.connect(delay=0.0)),
    (ParameterError, [".delay", "> 0", "got -1"], lambda w: w.connect(delay=-1.0)),
    (
        ParameterError,
        [".delay", "> 0", "got -0.5", "Uniform"],
        lambda w: w.connect(delay=gs.Uniform(-0.5, 2.0)),
    ),
    (ParameterError, [".delay", "40 values", "got 2 values"], lambda w: w.connect(delay=[1.0, 2.0])),
    (ArgumentError, [".delay", "got '1'"], lambda w: w.connect(delay="1")),
    (ArgumentError, [".delay", "got None"], lambda w: w.connect(delay=None)),
    (
        ParameterError,
        [".w_max['AMPA']", "at least the largest weight, 2", "got 1"],
        lambda w: w.connect(weight=2.0, w_max=1.0),
    ),
    (ParameterError, [".w_max['AMPA']", "> 0", "got 0"], lambda w: w.connect(w_max=0.0)),
    (UnknownNameError, [".w_max", "'NMDA'", "known here: AMPA"], lambda w: w.connect(w_max={"NMDA": 1.0})),
    (
        ArgumentError,
        [".w_max", "dict by receptor", "there are 2", "got 5.0"],
        lambda w: w.connect(receptor=None, weight={"AMPA": 1.0, "GABA_A": 1.0}, w_max=5.0),
    ),
    (
        ArgumentError,
        ["Network.connect()", "'recptor'", "did you mean 'receptor'"],
        lambda w: w.connect(recptor="AMPA"),
    ),
    (ArgumentError, ["Network.connect()", "missing", "'rule'"], lambda w: w.net.connect(w.E, w.I)),
    (
        ParameterError,
        ["Network.connect().name", "'E->E' is already", "a projection", "choose another"],
        lambda w: [w.connect(post=w.E, name="E->E") for _ in range(2)],
    ),
    (
        ParameterError,
        ["Network.connect().name", "'E' is already", "population"],
        lambda w: w.connect(name="E"),
    ),
    (ParameterError, ["Network.connect().name", "'/'"], lambda w: w.connect(name="a/b")),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(CONNECTIONS))
def test_connections(world, error, parts, call):
    refused(error, parts, call, world)


def test_a_refused_connection_leaves_the_network_as_it_was(world):
    refused_without_a_trace(world, CONNECTIONS)
