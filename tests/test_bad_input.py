"""Wrong input is refused where it is given, with the place, the value, what is allowed and the next move."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn import kinetics
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from gpusyn.neurons import NEURONS
from gpusyn.receptors import RECEPTORS

NAN, INF = float("nan"), float("inf")


class World:
    """A small network, and another one, for rows to make mistakes with."""

    def __init__(self):
        self.net = gs.Network()
        receptors = [gs.AMPA(), gs.NMDA(), gs.GABA_A(kinetics=kinetics.FirstOrder.GABA_A())]
        self.E = self.net.population("E", 10, gs.LIF(), receptors=receptors)
        self.I = self.net.population("I", 4, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()])
        self.C = self.net.population("C", 4, gs.LIF(), receptors=[gs.CurrentReceptor("AMPA", tau=5.0)])
        self.bg = self.net.population("bg", 10, gs.PoissonSource(20.0))
        self.foreign = gs.Network().population("E", 10, gs.LIF(), receptors=[gs.AMPA()])

    def population(self, name="new", size=10, model=None, **options):
        return self.net.population(name, size, gs.LIF() if model is None else model, **options)

    def connect(self, **changed):
        given = {
            "pre": self.E,
            "post": self.I,
            "rule": gs.AllToAll(),
            "receptor": "AMPA",
            "weight": 1.0,
        } | changed
        return self.net.connect(**given)

    def drive(self, **changed):
        return self.net.drive(**({"target": self.E, "receptor": "AMPA", "rate": 100.0, "weight": 1.0} | changed))


@pytest.fixture
def world():
    return World()


def refused(error, parts, call, *arguments):
    """Check that a call raises `error`, and that its text holds all `parts` in this order."""
    with pytest.raises(error) as caught:
        call(*arguments)
    assert type(caught.value) is error
    text, at = str(caught.value), 0
    for part in parts:
        at = text.find(part, at)
        assert at >= 0, f"{part!r} is not in its place in: {text}"


def named(rows):
    """Return the rows of a table as test cases named after what their message says."""
    return [pytest.param(*row, id=" ".join(row[1][:3])) for row in rows]


LOCK = [[0, 0], [1, 0]]  # a channel that transmitter opens
JUNK = [True, np.True_, "1", None, 1j, {}, object(), [[1.0], [2.0, 3.0]], [True], ["1"], [None], b"1", {1.0}]
NUMBERS = [NAN, INF, -INF, 1e31, 10**400, np.float64("nan"), [1.0, NAN]]


def numeric_parameters():
    for model in [*NEURONS.values(), *RECEPTORS.values()]:
        for row in model.parameters():
            if isinstance(row.default, float):
                yield pytest.param(model, row.name, id=f"{model.__name__}.{row.name}")
    for name in ("tau", "tau_rise", "tau_decay"):
        yield pytest.param(
            lambda **kw: gs.CurrentReceptor("x", **{"tau": 1.0, **kw}), name, id=f"CurrentReceptor.{name}"
        )
    for kind, fields in {
        kinetics.Exponential: ["tau"],
        kinetics.Alpha: ["tau"],
        kinetics.DualExponential: ["tau_rise", "tau_decay"],
        kinetics.FirstOrder: ["alpha", "beta", "T_max", "T_dur"],
        kinetics.Saturating: ["alpha"],
        kinetics.GProtein: ["K1", "K2", "K3", "K4", "K_d", "T_max", "T_dur"],
    }.items():
        for field in fields:
            others = {name: 1.0 for name in fields if name != field}
            yield pytest.param(
                lambda kind=kind, others=others, **kw: kind(**others, **kw),
                field,
                id=f"{kind.__name__}.{field}",
            )


@pytest.mark.parametrize(("make", "name"), list(numeric_parameters()))
def test_no_parameter_takes_junk(make, name):
    for junk in JUNK + NUMBERS:
        if junk is None and name.startswith("tau"):
            continue  # None is "not given" there
        with pytest.raises(gs.GpusynError, match=name):
            make(**{name: junk})


@pytest.mark.parametrize("kind", [*NEURONS.values(), *RECEPTORS.values(), gs.Waveform, gs.Ratio, kinetics.Alpha])
def test_no_class_takes_an_unknown_keyword(kind):
    with pytest.raises(ArgumentError, match=rf"^{kind.__name__}\(\): unknown argument 'colour'.*; it takes \w+"):
        kind(colour=1)


class Brian2Quantity:
    """Brian2 keeps SI values behind an object that looks like a number."""

    def has_same_dimensions(self, other):
        return False


MODELS = [
    # neurons
    (ParameterError, ["LIF.C_m", "must be a finite number of pF > 0", "got 0"], lambda: gs.LIF(C_m=0)),
    (ParameterError, ["LIF.C_m", "> 0, at least 1e-12", "got 1e-20"], lambda: gs.LIF(C_m=1e-20)),
    (
        ParameterError,
        ["LIF.C_m", "farads", "uses pF", "got 2e-10", "multiply by 1e12"],
        lambda: gs.LIF(C_m=200e-12),
    ),
    (ParameterError, ["LIF.g_L", "> 0", "got -1"], lambda: gs.LIF(g_L=-1)),
    (ParameterError, ["LIF.g_L", "siemens", "uses nS", "got 1e-08", "by 1e9"], lambda: gs.LIF(g_L=10e-9)),
    (ParameterError, ["LIF.E_L", "volts", "uses mV", "got -0.07", "by 1000"], lambda: gs.LIF(E_L=-0.07)),
    (ParameterError, ["LIF.V_th", "volts", "largest of 2 is 0.055"], lambda: gs.LIF(V_th=[-0.05, -0.055])),
    (ParameterError, ["LIF.V_th", "volts", "Uniform"], lambda: gs.LIF(V_th=gs.Uniform(-0.06, -0.05))),
    (ParameterError, ["LIF.I_e", "amperes", "uses pA", "got 1e-10"], lambda: gs.LIF(I_e=1e-10)),
    (ParameterError, ["LIF.t_ref", "ms >= 0", "got -1"], lambda: gs.LIF(t_ref=-1)),
    (ParameterError, ["LIF.t_ref[1]", ">= 0", "got -1, 1 wrong of 2"], lambda: gs.LIF(t_ref=[2, -1])),
    (ParameterError, ["LIF.C_m", "> 0", "got -5", "Normal"], lambda: gs.LIF(C_m=gs.Normal(-5.0, 1.0))),
    (ParameterError, ["LIF.C_m", "> 0", "got -1", "Uniform"], lambda: gs.LIF(C_m=gs.Uniform(-1.0, 5.0))),
    (ParameterError, ["LIF.C_m", "one per neuron", "shape (2, 2)"], lambda: gs.LIF(C_m=np.ones((2, 2)))),
    (ParameterError, ["LIF.C_m", "one per neuron", "0 values"], lambda: gs.LIF(C_m=[])),
    (ParameterError, ["LIF", "equally many", "C_m 2, V_th 3"], lambda: gs.LIF(C_m=[1, 2], V_th=[-50.0] * 3)),
    (
        ParameterError,
        ["LIF.V_reset", "below V_th = -55", "got -55", "lower V_reset"],
        lambda: gs.LIF(V_reset=-55),
    ),
    (
        ParameterError,
        ["LIF.V_reset[1]", "V_th = -60", "got -50"],
        lambda: gs.LIF(V_th=[0, -60.0], V_reset=-50),
    ),
    (
        ParameterError,
        ["LIF.V_reset", "below V_th = -75", "got -70"],
        lambda: gs.LIF(V_th=gs.Uniform(-75.0, -50.0)),
    ),
    (ArgumentError, ["LIF.V_th", "got '-50'"], lambda: gs.LIF(V_th="-50")),
    (ArgumentError, ["LIF.V_th", "contains True or False"], lambda: gs.LIF(V_th=[-50.0, True])),
    (
        ParameterError,
        ["LIF.V_th", "masked", "fill"],
        lambda: gs.LIF(V_th=np.ma.masked_equal([-50.0, -1.0], -1.0)),
    ),
    (ArgumentError, ["LIF()", "1 without a keyword", "write name=value"], lambda: gs.LIF(200.0)),
    (ArgumentError, ["LIF()", "'v_th'", "did you mean 'V_th'"], lambda: gs.LIF(v_th=-50.0)),
    (ArgumentError, ["LIF.parameters()", "'x'", "no arguments"], lambda: gs.LIF.parameters(x=1)),
    (ParameterError, ["AdEx.Delta_T", "must be a finite number of mV > 0", "got 0"], lambda: gs.AdEx(Delta_T=0)),
    (ParameterError, ["AdEx.tau_w", "ms > 0", "got -1"], lambda: gs.AdEx(tau_w=-1)),
    (ParameterError, ["AdEx.b", "amperes", "uses pA", "got 8.05e-11"], lambda: gs.AdEx(b=80.5e-12)),
    (ParameterError, ["AdEx.a", "siemens", "uses nS", "got 4e-09"], lambda: gs.AdEx(a=4e-9)),
    (ParameterError, ["AdEx.V_reset", "below V_peak = -75", "raise V_peak"], lambda: gs.AdEx(V_peak=-75.0)),
    (ParameterError, ["AdEx", "equally many", "a 2, b 3"], lambda: gs.AdEx(a=[1, 2], b=[1, 2, 3])),
    (ArgumentError, ["AdEx()", "'V_th'"], lambda: gs.AdEx(V_th=-50.0)),
    (ParameterError, ["Izhikevich.a", "> 0", "got 0"], lambda: gs.Izhikevich(a=0)),
    (ParameterError, ["Izhikevich.c", "below V_peak = 30", "got 40", "lower c"], lambda: gs.Izhikevich(c=40.0)),
    (ParameterError, ["Izhikevich.d", "finite", "got nan"], lambda: gs.Izhikevich(d=NAN)),
    (ParameterError, ["HodgkinHuxley.g_Na", "nS >= 0", "got -1"], lambda: gs.HodgkinHuxley(g_Na=-1)),
    (ParameterError, ["HodgkinHuxley.V_T", "volts", "got -0.063"], lambda: gs.HodgkinHuxley(V_T=-0.063)),
    (ArgumentError, ["HodgkinHuxley()", "'V_reset'"], lambda: gs.HodgkinHuxley(V_reset=-60.0)),
    # sources
    (ParameterError, ["PoissonSource.rate", "Hz >= 0 and <= 1e+06", "got -1"], lambda: gs.PoissonSource(-1)),
    (ParameterError, ["PoissonSource.rate", "got 1000001"], lambda: gs.PoissonSource(1e6 + 1)),
    (ParameterError, ["PoissonSource.rate[0]", "got nan"], lambda: gs.PoissonSource([NAN, 1.0])),
    (ParameterError, ["PoissonSource.rate", "0 values"], lambda: gs.PoissonSource([])),
    (
        ParameterError,
        ["PoissonSource.rate", "Waveform.values[1]", "got -5"],
        lambda: gs.PoissonSource(gs.Waveform([0, 1], [5, -5])),
    ),
    (
        ArgumentError,
        ["PoissonSource.rate", "or a gs.Waveform", "got Uniform", "draw one value per neuron"],
        lambda: gs.PoissonSource(gs.Uniform(1.0, 2.0)),
    ),
    (
        ArgumentError,
        ["PoissonSource.max_events", "whole number >= 1", "2.0", "write 2"],
        lambda: gs.PoissonSource(1, max_events=2.0),
    ),
    (
        ParameterError,
        ["SpikeSource.max_events", ">= 1", "got 0"],
        lambda: gs.SpikeSource([1.0], max_events=0),
    ),
    (ParameterError, ["SpikeSource.times[1]", "ms >= 0", "got -1"], lambda: gs.SpikeSource([1.0, -1.0])),
    (ParameterError, ["SpikeSource.times[1]", ">= 0", "got -1"], lambda: gs.SpikeSource([[1.0], [-1.0]])),
    (ParameterError, ["SpikeSource.times", "got inf"], lambda: gs.SpikeSource([INF])),
    (ArgumentError, ["SpikeSource.times", "got 5", "write [5] for one spike"], lambda: gs.SpikeSource(5)),
    (ArgumentError, ["SpikeSource.times[1]", "got 3"], lambda: gs.SpikeSource([[1.0], 3])),
    (ArgumentError, ["SpikeSource.times", "got '1 2'"], lambda: gs.SpikeSource("1 2")),
    (ArgumentError, ["SpikeSource.times[0]", "got ['1']"], lambda: gs.SpikeSource([["1"]])),
    (ArgumentError, ["SpikeSource.times", "got {0: [1.0]}"], lambda: gs.SpikeSource({0: [1.0]})),
    (ArgumentError, ["SpikeSource()", "missing a required argument: 'times'"], lambda: gs.SpikeSource()),
    (ParameterError, ["SpikeSource.times", "shape (1, 1, 1)"], lambda: gs.SpikeSource(np.ones((1, 1, 1)))),
    # waveforms
    (
        ParameterError,
        ["Waveform.values", "one value per time", "1 values and 2 times"],
        lambda: gs.Waveform([0, 1], [1]),
    ),
    (
        ParameterError,
        ["Waveform.times[1]", "later", "got 1 after 1", "sort"],
        lambda: gs.Waveform([1, 1], [1, 2]),
    ),
    (ParameterError, ["Waveform.times[1]", "got nan"], lambda: gs.Waveform([0, NAN], [1, 2])),
    (ParameterError, ["Waveform.values", "got inf"], lambda: gs.Waveform([0], [INF])),
    (ParameterError, ["Waveform.times", "at least one"], lambda: gs.Waveform([], [])),
    (ArgumentError, ["Waveform.times", "sequence", "got 3"], lambda: gs.Waveform(3, 4)),
    (ArgumentError, ["Waveform.values", "sequence", "'ab'"], lambda: gs.Waveform([0, 1], "ab")),
    (
        UnknownNameError,
        ["Waveform.interpolation", "'lineal'", "did you mean 'linear'", "step, linear"],
        lambda: gs.Waveform([0], [1], "lineal"),
    ),
    (ArgumentError, ["Waveform.interpolation", "step, linear", "got 1"], lambda: gs.Waveform([0], [1], 1)),
    # kinetics
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
    # receptors
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
    # ratios
    (ArgumentError, ["Ratio.receptor", "name of a receptor", "got 3"], lambda: gs.Ratio(3, 0.1)),
    (ParameterError, ["Ratio.factor", "finite", "got nan"], lambda: gs.Ratio("AMPA", NAN)),
    (ArgumentError, ["Ratio.factor", "got '2'"], lambda: gs.Ratio("AMPA", "2")),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(MODELS))
def test_models(error, parts, call):
    refused(error, parts, call)


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


def _clamp_twice(w):
    w.net.clamp(w.E[:3], -70.0)
    w.net.clamp(w.E[2:], -60.0)


def _same_name(method, *arguments, **options):
    def call(w):
        for _ in range(2):
            getattr(w.net, method)(w.E, *arguments, **options)

    return call


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
    (ArgumentError, ["Network.connect().pre", "E + I", "got 'E'"], lambda w: w.connect(pre="E")),
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
        ["'AMPA' is a conductance in one", "I+C", "one by one"],
        lambda w: w.connect(post=w.I + w.C),
    ),
    (ArgumentError, ["Network.connect()", "needs weight="], lambda w: w.connect(weight=None)),
    (
        ArgumentError,
        ["receptor= and a dict", "got both", "drop receptor="],
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
        ["Network.connect().name", "'E->E:AMPA' is already", "projection", "with name="],
        lambda w: [w.connect(post=w.E) for _ in range(2)],
    ),
    (
        ParameterError,
        ["Network.connect().name", "'E' is already", "population"],
        lambda w: w.connect(name="E"),
    ),
    (ParameterError, ["Network.connect().name", "'/'"], lambda w: w.connect(name="a/b")),
]


class _Negative(gs.LogNormal):
    """A distribution whose mean lies below 0."""

    def mean_value(self):
        return -1.0

    def __repr__(self):
        return "LogNormal below 0"


@pytest.mark.parametrize(("error", "parts", "call"), named(CONNECTIONS))
def test_connections(world, error, parts, call):
    refused(error, parts, call, world)


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
        ["Network.drive().name", "'drive->E:AMPA' is already", "drive", "name="],
        _same_name("drive", "AMPA", rate=1.0, weight=1.0),
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
    (ParameterError, ["Network.inject().name", "already"], _same_name("inject", 1.0)),
    (ArgumentError, ["Network.inject()", "'amplitude'"], lambda w: w.net.inject(w.E, amplitude=1.0)),
    (ParameterError, ["Network.clamp().target", "another network"], lambda w: w.net.clamp(w.foreign, -70.0)),
    (ParameterError, ["Network.clamp().target", "'bg'", "no membrane"], lambda w: w.net.clamp(w.bg, -70.0)),
    (ParameterError, ["Clamp 'clamp->E'.V", "volts", "-0.07"], lambda w: w.net.clamp(w.E, -0.07)),
    (
        ParameterError,
        [".V", "Waveform.values", "volts"],
        lambda w: w.net.clamp(w.E, gs.Waveform([0, 1], [-0.07, 0.03])),
    ),
    (ArgumentError, [".V", "or a gs.Waveform", "[-70.0, -60.0]"], lambda w: w.net.clamp(w.E, [-70.0, -60.0])),
    (
        ArgumentError,
        [".V", "Uniform", "give one number"],
        lambda w: w.net.clamp(w.E, gs.Uniform(-70.0, -60.0)),
    ),
    (ParameterError, ["Network.clamp().target", "'clamp->E[0:3]' clamps already", "Waveform"], _clamp_twice),
    (ArgumentError, ["Network.clamp()", "'v'", "did you mean 'V'"], lambda w: w.net.clamp(w.E, v=-70.0)),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(INPUTS))
def test_inputs(world, error, parts, call):
    refused(error, parts, call, world)


RECORDERS = [
    (ParameterError, ["Network.record().source", "another network"], lambda w: w.net.record(w.foreign, "V")),
    (ArgumentError, ["Network.record().source", "got 'E'"], lambda w: w.net.record("E", "V")),
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
    (
        ParameterError,
        ["spikes and traces", "call record twice"],
        lambda w: w.net.record(w.E, ["spikes", "V"]),
    ),
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
    (
        ParameterError,
        ["Network.record().name", "'E:V' is already", "recorder", "name="],
        _same_name("record", "V"),
    ),
    (ArgumentError, ["Network.record()", "'interval'"], lambda w: w.net.record(w.E, "V", interval=1.0)),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(RECORDERS))
def test_recorders(world, error, parts, call):
    refused(error, parts, call, world)


def test_every_refusal_is_a_gpusyn_error_and_leaves_the_network_as_it_was(world):
    before = repr(world.net)
    rows = [row for row in POPULATIONS + CONNECTIONS + INPUTS + RECORDERS if "already" not in " ".join(row[1])]
    for _, _, call in rows:
        with pytest.raises(gs.GpusynError):
            call(world)
    assert repr(world.net) == before
