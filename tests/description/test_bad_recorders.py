"""Wrong recorders are refused where they are given, with the place, the value, what is allowed and the next move."""

import pytest

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
]


@pytest.mark.parametrize(("error", "parts", "call"), named(RECORDERS))
def test_recorders(world, error, parts, call):
    refused(error, parts, call, world)


def test_a_refused_recorder_leaves_the_network_as_it_was(world):
    refused_without_a_trace(world, RECORDERS)
