"""Wrong populations and selections are refused where they are given, with the place, the value and what is allowed."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, ParameterError
from tests.helpers.wrong_input import NAN, World, named, refused, refused_without_a_trace


@pytest.fixture
def world():
    return World()


POPULATIONS = [
    (
        ParameterError,
        ["Network.population().name", "'E' is already", "population", "another"],
        lambda w: w.population("E"),
    ),
    (ParameterError, ["population().name", "'/'", "'a/b'", "'_'"], lambda w: w.population("a/b")),
    (ParameterError, ["population().name", "control", r"'a\x00b'"], lambda w: w.population("a\0b")),
    (ParameterError, ["population().name", "control", r"'a\nb'"], lambda w: w.population("a\nb")),
    (ParameterError, ["population().name", "non-empty", "''"], lambda w: w.population("")),
    (ParameterError, ["population().name", "blanks", "' a'"], lambda w: w.population(" a")),
    (ParameterError, ["population().name", "'..'"], lambda w: w.population("..")),
    (ArgumentError, ["population().name", "str", "got None"], lambda w: w.population(None)),
    (ArgumentError, ["population().name", "str", "got 3"], lambda w: w.population(3)),
    (ParameterError, ["Population 'new'.size", ">= 1", "got 0"], lambda w: w.population(size=0)),
    (ParameterError, ["Population 'new'.size", "<= 2147483647"], lambda w: w.population(size=2**31)),
    (
        ArgumentError,
        ["Population 'new'.size", "whole number", "10.0", "write 10"],
        lambda w: w.population(size=10.0),
    ),
    (ArgumentError, ["Population 'new'.size", "got True"], lambda w: w.population(size=True)),
    (ArgumentError, ["Population 'new'.size", "got '10'"], lambda w: w.population(size="10")),
    (
        ArgumentError,
        ["Population 'new'.model", "gs.LIF()", "class itself", "LIF(...)"],
        lambda w: w.population(model=gs.LIF),
    ),
    (ArgumentError, ["Population 'new'.model", "gs.LIF()", "got 'LIF'"], lambda w: w.population(model="LIF")),
    (
        ParameterError,
        ["Population 'new'", "LIF.V_th has 3 values", "must be 10"],
        lambda w: w.population(model=gs.LIF(V_th=[-50.0] * 3)),
    ),
    (
        ParameterError,
        ["Population 'new'", "PoissonSource.rate has 2 values", "must be 10"],
        lambda w: w.population(model=gs.PoissonSource([1.0, 2.0])),
    ),
    (
        ParameterError,
        ["Population 'new'", "SpikeSource.times has 2 values", "must be 10"],
        lambda w: w.population(model=gs.SpikeSource([[1.0], [2.0]])),
    ),
    (
        ParameterError,
        ["Population 'new'.receptors", "'L' would have 'g_L'", "LIF has already", "gs.AMPA(name='L_2')"],
        lambda w: w.population(receptors=[gs.AMPA(name="L")]),
    ),
    (
        ParameterError,
        ["'K' would have 'g_K'", "HodgkinHuxley has already"],
        lambda w: w.population(model=gs.HodgkinHuxley(), receptors=[gs.AMPA(name="K")]),
    ),
    (
        ParameterError,
        ["'e' would have 'I_e'", "LIF has already"],
        lambda w: w.population(receptors=[gs.CurrentReceptor("e", tau=2.0)]),
    ),
    (
        ParameterError,
        ["'L_a' would have 'g_L_a'", "choose another name"],
        lambda w: w.population(
            model=gs.Compartments(soma=gs.LIF(), dendrites={"a": gs.Dendrite()}),
            receptors={"soma": [gs.AMPA(name="L_a")]},
        ),
    ),
    (ArgumentError, [".receptors", "[gs.AMPA()", "got 'AMPA'"], lambda w: w.population(receptors="AMPA")),
    (ArgumentError, [".receptors[0]", "gs.AMPA()", "got 'AMPA'"], lambda w: w.population(receptors=["AMPA"])),
    (
        ArgumentError,
        [".receptors[0]", "class itself", "AMPA(...)"],
        lambda w: w.population(receptors=[gs.AMPA]),
    ),
    (
        ParameterError,
        [".receptors[1]", "'AMPA' is the name of two", "gs.AMPA(name='AMPA_2')"],
        lambda w: w.population(receptors=[gs.AMPA(), gs.AMPA()]),
    ),
    (
        ParameterError,
        [".receptors", "a PoissonSource has no receptors", "drop them"],
        lambda w: w.population(model=gs.PoissonSource(), receptors=[gs.AMPA()]),
    ),
    (ParameterError, ["Population 'new'.V", "volts", "-0.06"], lambda w: w.population(V=-0.06)),
    (
        ParameterError,
        ["Population 'new'.V", "10 values, one per neuron", "3 values"],
        lambda w: w.population(V=[-60.0] * 3),
    ),
    (ArgumentError, ["Population 'new'.V", "got 'rest'"], lambda w: w.population(V="rest")),
    (
        ParameterError,
        ["Population 'new'.V", "no membrane", "drop V="],
        lambda w: w.population(model=gs.SpikeSource([]), V=-60.0),
    ),
    (
        ParameterError,
        ["Population 'new'.positions", "shape (10, 1 to 3)", "got shape (3, 2)"],
        lambda w: w.population(positions=np.ones((3, 2))),
    ),
    (
        ParameterError,
        [".positions[3]", "finite", "got nan"],
        lambda w: w.population(size=2, positions=[[0, 0], [0, NAN]]),
    ),
    (
        ArgumentError,
        ["Network.population()", "'receptor'", "did you mean 'receptors'"],
        lambda w: w.population(receptor=[gs.AMPA()]),
    ),
    (ArgumentError, ["Network.population()", "missing", "'model'"], lambda w: w.net.population("new", 10)),
    (
        ArgumentError,
        ["Network.population()", "4 without", "at most 3"],
        lambda w: w.net.population("a", 1, 2, 3),
    ),
    (ArgumentError, ["Network()", "'seed'"], lambda w: gs.Network(seed=1)),
    # selections
    (ParameterError, ["E[...]", "below 10", "got 10"], lambda w: w.E[10]),
    (ParameterError, ["E[...]", "below 10", "got -11"], lambda w: w.E[-11]),
    (ParameterError, ["E[...]", "at least one of 10", "slice(5, 5"], lambda w: w.E[5:5]),
    (ParameterError, ["E[...]", "at least one of 10", "got []"], lambda w: w.E[[]]),
    (ParameterError, ["E[...]", "step must be >= 1", "-1"], lambda w: w.E[::-1]),
    (ArgumentError, ["E[...]", "whole numbers"], lambda w: w.E[0.0:5.0]),
    (ParameterError, ["E[...]", "increase", "np.unique"], lambda w: w.E[[3, 1]]),
    (ParameterError, ["E[...]", "not repeat"], lambda w: w.E[[1, 1]]),
    (ParameterError, ["E[...]", "mask must have 10", "got 3"], lambda w: w.E[np.ones(3, bool)]),
    (ArgumentError, ["E[...]", "an index", "got 'a'"], lambda w: w.E["a"]),
    (ArgumentError, ["E[...]", "an index", "got 1.5"], lambda w: w.E[1.5]),
    (ArgumentError, ["E[...]", "an index", "got (1, 2)"], lambda w: w.E[1, 2]),
    (ArgumentError, ["E[...]", "an index", "got True"], lambda w: w.E[True]),
    (ArgumentError, ["E[...]", "an index", "got None"], lambda w: w.E[None]),
    (ArgumentError, ["E + ...", "population or a selection", "got 3"], lambda w: w.E + 3),
    (ArgumentError, ["... + E", "population or a selection", "got 3"], lambda w: 3 + w.E),
    (ParameterError, ["E + E", "neuron 0 of 'E'", "do not overlap"], lambda w: w.E + w.E),
    (ParameterError, ["E[0:3] + I + E[2:5]", "neuron 2 of 'E'", "twice"], lambda w: w.E[:3] + w.I + w.E[2:5]),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(POPULATIONS))
def test_populations(world, error, parts, call):
    refused(error, parts, call, world)


def test_a_refused_population_leaves_the_network_as_it_was(world):
    refused_without_a_trace(world, POPULATIONS)


def test_a_receptor_takes_no_name_but_those_of_its_own_variables():
    """A current has no conductance, so that the leak of the neurons keeps its name."""
    net = gs.Network()
    cell = net.population("cell", 1, gs.LIF(g_L=12.0), receptors=[gs.CurrentReceptor("L", tau=2.0), gs.AMPA()])
    assert [name for name in cell.variables if name != "Ca"] == ["V", "I_L", "g_AMPA", "I_AMPA"]
    with gs.Simulator(net, backend="numpy") as sim:
        assert sim.get(cell, "g_L") == [12.0]
