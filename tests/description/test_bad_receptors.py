"""Wrong kinetics, receptors and ratios are refused, with the place, the value, what is allowed and the next move."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn import kinetics
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from tests.helpers.wrong_input import NAN, named, refused

LOCK = [[0, 0], [1, 0]]  # a channel that transmitter opens


class Brian2Quantity:
    """Brian2 keeps SI values behind an object that looks like a number."""

    def has_same_dimensions(self, other):
        return False


KINETICS = [
    (ParameterError, ["kinetics.Exponential.tau", "ms > 0", "got 0"], lambda: kinetics.Exponential(0)),
    (ParameterError, ["kinetics.Alpha.tau", "> 0", "got -2"], lambda: kinetics.Alpha(-2)),
    (
        ParameterError,
        ["kinetics.DualExponential.tau_rise", "at most tau_decay = 2", "got 5", "exchange"],
        lambda: kinetics.DualExponential(5, 2),
    ),
    (
        ParameterError,
        ["kinetics.FirstOrder.alpha", "1/(mM*ms) > 0", "got 0"],
        lambda: kinetics.FirstOrder(0, 1),
    ),
    (
        ParameterError,
        ["kinetics.FirstOrder.T_dur", "ms > 0", "got 0"],
        lambda: kinetics.FirstOrder(1, 1, T_dur=0),
    ),
    (
        ParameterError,
        ["kinetics.FirstOrder.deadtime", "ms >= 0", "got -1"],
        lambda: kinetics.FirstOrder(1, 1, deadtime=-1),
    ),
    (
        ParameterError,
        ["kinetics.Saturating.tau_rise", "below tau_decay = 100", "got 100"],
        lambda: kinetics.Saturating(tau_rise=100),
    ),
    (ArgumentError, ["kinetics.Saturating.jump", "True or False", "got 1"], lambda: kinetics.Saturating(jump=1)),
    (ParameterError, ["kinetics.GProtein.n", "<= 8", "got 9"], lambda: kinetics.GProtein(n=9)),
    (ArgumentError, ["kinetics.Markov.rates", "square", "(1, 3)"], lambda: kinetics.Markov([[0, 1, 0]], LOCK, 1)),
    (
        ParameterError,
        ["kinetics.Markov.rates[1]", ">= 0", "got -1"],
        lambda: kinetics.Markov([[0, -1], [0, 0]], LOCK, 1),
    ),
    (
        ParameterError,
        ["kinetics.Markov.binding", "2 states", "rates has 3"],
        lambda: kinetics.Markov(np.eye(3), LOCK, 1),
    ),
    (ParameterError, ["kinetics.Markov.open", "<= 1", "got 2"], lambda: kinetics.Markov([[0, 1], [0, 0]], LOCK, 2)),
    (
        ParameterError,
        ["kinetics.Markov.open", "at least one", "0 to 1"],
        lambda: kinetics.Markov([[0, 1], [0, 0]], LOCK, []),
    ),
    (
        ParameterError,
        ["kinetics.Markov.open", "state 1", "0.5 of the channels", "closed state"],
        lambda: kinetics.Markov([[0, 1], [1, 0]], LOCK, 1),
    ),
    (
        ParameterError,
        ["kinetics.Markov.rates", "state 0", "state 1", "add a rate"],
        lambda: kinetics.Markov(np.zeros((2, 2)), LOCK, 1),
    ),
    (
        UnknownNameError,
        ["Alpha.at().Q10", "'tu'", "did you mean 'tau'"],
        lambda: kinetics.Alpha(1).at(35, reference=25, Q10={"tu": 2}),
    ),
    (ParameterError, ["Alpha.at().Q10", "> 0"], lambda: kinetics.Alpha(1).at(35, reference=25, Q10=0)),
    (
        ArgumentError,
        ["Exponential()", "'tau_decay'", "did you mean", "'tau'"],
        lambda: kinetics.Exponential(tau_decay=1),
    ),
    (ArgumentError, ["FirstOrder.AMPA()", "'alpha'"], lambda: kinetics.FirstOrder.AMPA(alpha=1)),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(KINETICS))
def test_kinetics(error, parts, call):
    refused(error, parts, call)


RECEPTOR_ROWS = [
    (ParameterError, ["AMPA.tau_decay", "ms > 0", "got 0"], lambda: gs.AMPA(tau_decay=0)),
    (ParameterError, ["AMPA.tau_rise", "<= 2", "got 3"], lambda: gs.AMPA(tau_rise=3)),
    (ParameterError, ["GABA_A.E_rev", "volts", "-0.075"], lambda: gs.GABA_A(E_rev=-0.075)),
    (
        ArgumentError,
        ["GABA_A.E_rev", "one number", "got [-75.0, -80.0]"],
        lambda: gs.GABA_A(E_rev=[-75.0, -80.0]),
    ),
    (ParameterError, ["NMDA.Mg", "mM >= 0", "got -1"], lambda: gs.NMDA(Mg=-1)),
    (ArgumentError, ["NMDA()", "'mg'", "did you mean 'Mg'"], lambda: gs.NMDA(mg=1.0)),
    (ArgumentError, ["NMDA()", "'Ratio'"], lambda: gs.NMDA(Ratio=1.0)),
    (
        ArgumentError,
        ["AMPA", "kinetics= replaces tau_decay=", "got both", "give one"],
        lambda: gs.AMPA(tau_decay=2.0, kinetics=kinetics.Alpha(1.0)),
    ),
    (
        ArgumentError,
        ["AMPA.kinetics", "gs.kinetics.Exponential", "got 'alpha'"],
        lambda: gs.AMPA(kinetics="alpha"),
    ),
    (
        ArgumentError,
        ["AMPA.kinetics", "got <class", "this is the class itself", "write Alpha(...)"],
        lambda: gs.AMPA(kinetics=kinetics.Alpha),
    ),
    (
        ArgumentError,
        ["AMPA.kinetics", "gs.kinetics.Exponential", "got Exponential(mean=2.0"],
        lambda: gs.AMPA(kinetics=gs.Exponential(2.0)),
    ),
    (
        UnknownNameError,
        ["AMPA.gating", "'per_synapse'", "did you mean 'per-synapse'", "auto"],
        lambda: gs.AMPA(gating="per_synapse"),
    ),
    (ArgumentError, ["AMPA.name", "must be a str", "got 3"], lambda: gs.AMPA(name=3)),
    (ParameterError, ["AMPA.name", "non-empty", "got ''"], lambda: gs.AMPA(name="")),
    (ParameterError, ["AMPA.name", "'/'", "got 'a/b'", "replace"], lambda: gs.AMPA(name="a/b")),
    (
        ArgumentError,
        ["CurrentReceptor", "needs tau=", "neither", "write tau="],
        lambda: gs.CurrentReceptor("x"),
    ),
    (
        ArgumentError,
        ["CurrentReceptor", "kinetics= replaces tau=", "got both"],
        lambda: gs.CurrentReceptor("x", tau=1.0, kinetics=kinetics.Alpha(1.0)),
    ),
    (
        ArgumentError,
        ["tau= and tau_decay=", "got both"],
        lambda: gs.CurrentReceptor("x", tau=1.0, tau_decay=1.0),
    ),
    (ParameterError, ["CurrentReceptor.tau", "> 0", "got -1"], lambda: gs.CurrentReceptor("x", tau=-1.0)),
    (
        ParameterError,
        ["CurrentReceptor.kinetics", "Exponential, Alpha or Dual", "got FirstOrder", "gs.AMPA"],
        lambda: gs.CurrentReceptor("x", kinetics=kinetics.FirstOrder(1, 1)),
    ),
    (ArgumentError, ["CurrentReceptor()", "missing", "'name'"], lambda: gs.CurrentReceptor(tau=5.0)),
    (ArgumentError, ["CurrentReceptor()", "'E_rev'"], lambda: gs.CurrentReceptor("x", tau=5.0, E_rev=0.0)),
    (
        ArgumentError,
        ["AMPA.E_rev", "plain number in mV", "brian2.mV"],
        lambda: gs.AMPA(E_rev=Brian2Quantity()),
    ),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(RECEPTOR_ROWS))
def test_receptors(error, parts, call):
    refused(error, parts, call)


RATIOS = [
    (ArgumentError, ["Ratio.receptor", "name of a receptor", "got 3"], lambda: gs.Ratio(3, 0.1)),
    (ParameterError, ["Ratio.factor", "finite", "got nan"], lambda: gs.Ratio("AMPA", NAN)),
    (ArgumentError, ["Ratio.factor", "got '2'"], lambda: gs.Ratio("AMPA", "2")),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(RATIOS))
def test_ratios(error, parts, call):
    refused(error, parts, call)
