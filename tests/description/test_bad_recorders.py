"""Wrong recorders are refused where they are given, with the place, the value, what is allowed and the next move."""

import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from tests.helpers.wrong_input import World, named, refused, refused_without_a_trace, same_name


@pytest.fixture
def world():
    return World()


RECORDERS = [
    (ParameterError, ["Network.record().source", "another network"], lambda w: w.net.record(w.foreign, "V")),
    (ArgumentError, ["Network.record().source", "got ['E']"], lambda w: w.net.record(["E"], "V")),
    (UnknownNameError, ["Network.record().source", "'EE'"], lambda w: w.net.record("EE", "V")),
    (
        UnknownNameError,
        [
            "Network.record().variables",
            "'E'",
            "'g_AMPPA'",
            "did you mean 'g_AMPA'",
            "known here: spikes, V, g_AMPA",
        ],
        lambda w: w.net.record(w.E, ["V", "g_AMPPA"]),
    ),
    (UnknownNameError, ["'v'", "did you mean 'V'"], lambda w: w.net.record(w.E, "v")),
    (UnknownNameError, ["'spike'", "did you mean 'spikes'"], lambda w: w.net.record(w.E, "spike")),
    (UnknownNameError, ["population 'I'", "'g_NMDA'"], lambda w: w.net.record(w.E + w.I, "g_NMDA")),
    (UnknownNameError, ["'B_AMPA'", "known here"], lambda w: w.net.record(w.E, "B_AMPA")),
    (UnknownNameError, ["'h_GABA_A'", "known here"], lambda w: w.net.record(w.E, "h_GABA_A")),
    (UnknownNameError, ["'g_AMPA'", "did you mean 'I_AMPA'"], lambda w: w.net.record(w.C, "g_AMPA")),
    (UnknownNameError, ["'bg' is a PoissonSource", "no 'V'", "spikes"], lambda w: w.net.record(w.bg, "V")),
    (UnknownNameError, ["'bg' is a PoissonSource", "no 'V'"], lambda w: w.net.record(w.bg, ["spikes", "V"])),
    (
        ParameterError,
        ["Recorder 'E:V'.every", "ms > 0", "got 0"],
        lambda w: w.net.record(w.E, ["spikes", "V"], every=0.0),
    ),
    (ParameterError, ["'spikes' is named twice"], lambda w: w.net.record(w.E, ["spikes", "V", "spikes"])),
    (
        ParameterError,
        ["Recorder 'E:spikes'.start", "ms >= 0", "got -1"],
        lambda w: w.net.record(w.E, "spikes", start=-1.0),
    ),
    (
        ParameterError,
        ["Recorder 'E:V'.stop", "later than start = 5 ms", "got 5"],
        lambda w: w.net.record(w.E, "V", start=5.0, stop=5.0),
    ),
    (ArgumentError, ["Recorder 'E:V'.stop", "got 'end'"], lambda w: w.net.record(w.E, "V", stop="end")),
    (ParameterError, ["'V' is named twice"], lambda w: w.net.record(w.E, ["V", "V"])),
    (ParameterError, ["at least one variable"], lambda w: w.net.record(w.E, [])),
    (ArgumentError, ['"spikes", or names', "got 3"], lambda w: w.net.record(w.E, 3)),
    (ArgumentError, ["names such as", "got [1]"], lambda w: w.net.record(w.E, [1])),
    (
        ParameterError,
        ["Recorder 'E:V'.every", "ms > 0", "got 0"],
        lambda w: w.net.record(w.E, "V", every=0.0),
    ),
    (ArgumentError, [".every", "got '1'"], lambda w: w.net.record(w.E, "V", every="1")),
    (
        ArgumentError,
        ["Recorder 'E:spikes'.every", "is for traces", "got 1.0"],
        lambda w: w.net.record(w.E, "spikes", every=1.0),
    ),
    (ArgumentError, ["Recorder 'E:V'.file", "path", "got 3"], lambda w: w.net.record(w.E, "V", file=3)),
    (ArgumentError, [".file", "path", "got b'x'"], lambda w: w.net.record(w.E, "V", file=b"x")),
    (ParameterError, [".file", "path", "got ''"], lambda w: w.net.record(w.E, "V", file="")),
    (ParameterError, [".file", "control", "got 'a\\x00.h5'"], lambda w: w.net.record(w.E, "V", file="a\0.h5")),
    (
        ArgumentError,
        ["Recorder 'E:V'.overwrite", "True or False", "got 1"],
        lambda w: w.net.record(w.E, "V", file="a.h5", overwrite=1),
    ),
    (
        ParameterError,
        ["Network.record().name", "'x' is already", "a recorder", "choose another"],
        same_name("record", "V", name="x"),
    ),
    (ArgumentError, ["Network.record()", "'interval'"], lambda w: w.net.record(w.E, "V", interval=1.0)),
    (
        ArgumentError,
        ["Network.record().synapses", "for a projection", "got [3]", "such as E[:10]"],
        lambda w: w.net.record(w.E, "V", synapses=[3]),
    ),
]


def synapses(**changed):
    """Return a call that records the 40 synapses of a projection onto one receptor."""

    def call(w):
        return w.net.record(**{"source": w.projection, "variables": "weight", "every": 1.0} | changed)

    return call


SYNAPSES = [
    (UnknownNameError, ["Network.record().source", "'E->I:AMPPA'", "did you mean"], synapses(source="E->I:AMPPA")),
    (
        ParameterError,
        ["Network.record().source", "projection 'E->E:AMPA' belongs to another network", "connect()"],
        lambda w: w.net.record(w.foreign_projection, "weight", every=1.0),
    ),
    (
        ParameterError,
        ["Network.record().source", "'drawn again' are drawn again", "sim.weights()", "storage='stored'"],
        synapses(source="drawn again"),
    ),
    (
        UnknownNameError,
        ["Network.record().variables", "projection 'E->I:AMPA' has no variable 'V'", "known here: weight"],
        synapses(variables=["weight", "V"]),
    ),
    (UnknownNameError, ["no variable 'spikes'", "known here: weight"], synapses(variables="spikes")),
    (
        UnknownNameError,
        ["no variable 'weight'", "known here: weight_AMPA, weight_NMDA"],
        synapses(source="both"),
    ),
    (ParameterError, ["'weight' is named twice"], synapses(variables=["weight", "weight"])),
    (ParameterError, ["Recorder 'E->I:AMPA:weight'.every", "ms > 0", "got 0"], synapses(every=0)),
    (
        ParameterError,
        ["Network.record().synapses", "the last of 40 synapses is 39", "got 40", "sim.weights()"],
        synapses(synapses=[3, 40]),
    ),
    (ParameterError, [".synapses", "which increase, from 0 on", "got [-1, 3]"], synapses(synapses=[-1, 3])),
    (ParameterError, [".synapses", "got [3, 3]", "sort them, and give each once"], synapses(synapses=[3, 3])),
    (ParameterError, [".synapses", "got [5, 3]"], synapses(synapses=[5, 3])),
    (ParameterError, [".synapses", "at least one", "leave it out"], synapses(synapses=[])),
    (ParameterError, [".synapses", "got shape (1, 2)"], synapses(synapses=[[3, 4]])),
    (ArgumentError, [".synapses", "positions", "got 0.5"], synapses(synapses=0.5)),
    (ArgumentError, [".synapses", "positions", "got 'all'"], synapses(synapses="all")),
    (ArgumentError, [".synapses", "positions", "got [True, False]"], synapses(synapses=[True, False])),
]


@pytest.fixture
def connected(world):
    world.projection = world.connect()
    world.connect(receptor=None, post=world.E, weight={"AMPA": 1.0, "NMDA": 0.1}, name="both")
    world.connect(storage="procedural", name="drawn again")
    world.foreign_projection = world.foreign_net.connect(
        world.foreign, world.foreign, gs.AllToAll(), receptor="AMPA", weight=1.0
    )
    return world


@pytest.mark.parametrize(("error", "parts", "call"), named(SYNAPSES))
def test_recorders_of_synapses(connected, error, parts, call):
    refused(error, parts, call, connected)


@pytest.mark.parametrize(("error", "parts", "call"), named(RECORDERS))
def test_recorders(world, error, parts, call):
    refused(error, parts, call, world)


def test_a_refused_recorder_leaves_the_network_as_it_was(world):
    refused_without_a_trace(world, RECORDERS)


def test_a_refused_recorder_of_synapses_leaves_the_network_as_it_was(connected):
    refused_without_a_trace(connected, SYNAPSES)
