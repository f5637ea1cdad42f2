"""What a plan says about learning, and what is refused before anything is built."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, ParameterError, PlanMemoryError, UnknownNameError
from gpusyn.plasticity import LearningRule, Trace, TracePair

DT = 0.1


def taught(plasticity=None, receptor=None, delay=1.0, axonal=None, weight=0.5, n=1000, **more):
    net = gs.Network()
    receptor = receptor or gs.AMPA()
    cells = net.population("cells", n, gs.LIF(), receptors=[receptor])
    net.connect(
        cells, cells, gs.FixedInDegree(100), receptor=receptor.name, weight=weight, w_max=1.0, delay=delay,
        plasticity=plasticity, axonal=axonal, name="taught", **more,
    )  # fmt: skip
    return net


def lines(net, **options):
    return dict(line.strip().split(": ", 1) for line in gs.plan(net, dt=DT, **options).describe().splitlines()[1:]
                if ": " in line)  # fmt: skip


@pytest.mark.parametrize("precision", ["single", "double"])
def test_a_synapse_that_learns_takes_no_more_than_one_with_a_weight_of_its_own(precision):
    static, learning = (gs.plan(taught(rule), dt=DT, precision=precision) for rule in (None, gs.STDP()))
    assert learning.bytes_per_synapse == static.bytes_per_synapse
    said = lines(taught(gs.STDP()), precision=precision)["learning by STDP"]
    assert said.startswith("100000 synapses of taught.AMPA, each visited when a spike of its source reaches it")
    assert f"{4 if precision == 'single' else 8} bytes for the weight of a synapse" in said


@pytest.mark.parametrize(("precision", "real"), [("single", 4), ("double", 8)])
def test_an_eligibility_is_counted_and_told(precision, real):
    dopamine = gs.DopamineSTDP(gs.STDP(), 1000.0, 200.0, modulator=gs.Waveform([0.0], [1.0]))
    pairs, reward = (gs.plan(taught(rule), dt=DT, precision=precision) for rule in (gs.STDP(), dopamine))
    assert reward.bytes_per_synapse - pairs.bytes_per_synapse == pytest.approx(real)
    assert lines(taught(dopamine), precision=precision)["learning by DopamineSTDP"].endswith(
        f"and {real} for its eligibility"
    )


def test_trains_are_shared_and_counted():
    """One set for both sides with equal traces, two with others; longer delays need longer rings."""
    part = "last spikes of neurons, from which synapses learn"

    def size(*arguments, **more):
        plan = gs.plan(taught(*arguments, **more), dt=DT)
        trains = [spec.nbytes for name, spec in plan.specs.items() if name.startswith("train_") and name[6:] != "begin"]
        assert plan.bytes[part] == sum(trains)
        return plan.bytes[part]

    one = size(gs.STDP())
    assert size(gs.STDP(tau_plus=15.0)) == 2 * one
    assert size(gs.TripletSTDP()) > 2 * one
    assert size(gs.STDP(), delay=10.0) > 3 * one
    assert "for the last 32 of 1000 neurons" in lines(taught(gs.STDP()))["spikes to learn from"]
    assert part not in gs.plan(taught(), dt=DT).bytes


@pytest.mark.parametrize(
    ("delay", "axonal", "said"),
    [(1.0, 0.5, False), (1.0, 0.25, True), (gs.Uniform(0.1, 2.0), 0.5, True), (gs.Uniform(0.1, 2.0), 1.0, False),
     (np.full(100_000, 0.4), 0.5, False), (1.0, 0.0, False)],
)  # fmt: skip
def test_rounded_axonal_parts_are_told(delay, axonal, said):
    notes = [str(note) for note in gs.plan(taught(gs.STDP(), delay=delay, axonal=axonal), dt=DT).layout.notes]
    told = "Projection 'taught': axonal parts of delays rounded to 0.1 ms; what the delay has more is dendritic"
    assert (told in notes) == said


def test_delays_of_any_spread_are_laid_out():
    for axonal in (0.0, 0.5):
        plan = gs.plan(taught(gs.STDP(), delay=gs.Uniform(0.1, 60.0), axonal=axonal, n=50), dt=DT)
        routes, learnings = (plan.specs[f"learn_weights.{name}"].shape[0] for name in ("routes", "learnings"))
        assert routes == learnings == (3 if axonal == 0 else 600)


def refused(error, *words, **more):
    with pytest.raises(error) as caught:
        gs.plan(taught(**{"plasticity": gs.STDP()} | more), dt=DT)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_gates_whose_weights_are_read_between_spikes_are_refused():
    first_order = gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA())
    rising, jump = (gs.AMPA(kinetics=gs.kinetics.Saturating(jump=jump)) for jump in (False, True))
    where = "Projection 'taught'.plasticity: the weight onto receptor 'AMPA' cannot learn"
    refused(ParameterError, where, "FirstOrder, per-synapse gates", "use linear kinetics", receptor=first_order)
    refused(ParameterError, where, "sends its growth in the steps after a spike", "set jump=True, or", receptor=rising)
    gs.plan(taught(gs.STDP(), jump), dt=DT)
    refused(ParameterError, "Projection 'taught'.axonal: must be 0", "got 0.5", receptor=jump, axonal=0.5)


def test_release_of_each_synapse_needs_a_dendritic_delay():
    for release in (gs.QuantalRelease(5, 0.5), gs.TsodyksMarkram(U=gs.Uniform(0.2, 0.8), tau_rec=100.0)):
        refused(ParameterError, "axonal: must be 0", "got 0.5", plasticity=[release, gs.STDP()], axonal=0.5)
        gs.plan(taught([release, gs.STDP()]), dt=DT)
    gs.plan(taught([gs.TsodyksMarkram(U=0.5, tau_rec=100.0), gs.STDP()], axonal=0.5), dt=DT)


def test_channels_that_a_drug_blocks_are_refused():
    net = gs.Network()
    cells = net.population("cells", 10, gs.LIF(), receptors=[gs.NMDA()])
    net.connect(cells, cells, gs.AllToAll(), receptor="NMDA", weight=0.1, w_max=1.0, plasticity=gs.STDP())
    net.infuse("MK-801", 1.0)
    with pytest.raises(ParameterError, match=r"cannot learn.*a drug blocks channels by their use.*use linear"):
        gs.plan(net, dt=DT)


def test_compact_weights_are_refused():
    with pytest.raises(ParameterError, match=r"'taught'.plasticity: STDP changes weights by less .* weights='exact'"):
        gs.plan(taught(gs.STDP()), dt=DT, weights="compact")
    gs.plan(taught(), dt=DT, weights="compact")


def test_drawn_weights_beyond_the_limit_are_refused():
    with pytest.raises(ParameterError, match=r"weight\['AMPA'\]: .* exceeds the declared w_max = 1"):
        gs.Simulator(taught(gs.STDP(), weight=gs.Uniform(0.5, 1.5), n=120), dt=DT, backend="numpy")


class _OwnRule(LearningRule):
    """A rule of a user's own."""

    struct, learns, axonal = "PairRule", None, 0.0
    traces = TracePair((Trace(20.0),), (Trace(20.0),))

    def coefficients(self, w_max):
        return (1.0, 2.0, 0.0, 0.0)


def test_rules_that_do_not_fit_their_equations_are_refused():
    own = _OwnRule()
    refused(ArgumentError, "_OwnRule.coefficients(): must return PairCoefficients(", "returned a tuple", plasticity=own)
    own.traces = TracePair((), (Trace(20.0),))
    refused(ArgumentError, "_OwnRule.traces: must be 1 presynaptic and 1 postsynaptic", "got 0 and 1", plasticity=own)
    own.struct = "Unknown"
    refused(UnknownNameError, "rule of learning 'Unknown'", "docs/adding_a_learning_rule.md", plasticity=own)


def test_rings_too_large_are_refused():
    class Machine:
        workers = 1

        def free_memory(self):
            return 2_000_000

    from gpusyn.builder.plan import Asked, plan

    planned = plan(taught(gs.STDP(), delay=200.0, n=100), Asked(DT, "single", "exact", None, "plan"), Machine())
    with pytest.raises(PlanMemoryError, match="last spikes of neurons, from which synapses learn"):
        planned.require_fit()


@pytest.mark.parametrize(
    "rule", [gs.STDP(tau_minus=1e9), gs.DopamineSTDP(gs.STDP(), 1e9, 200.0, "E")], ids=["trace", "c"]
)
def test_time_constants_beyond_all_memory_are_refused(rule):
    net = gs.Network()
    E = net.population("E", 3, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(E, E, gs.AllToAll(), receptor="AMPA", weight=0.5, w_max=1.0, plasticity=rule)
    with pytest.raises(gs.ParameterError, match=r"time constant of 1e\+09 ms, but at most 8388608 steps"):
        gs.plan(net, dt=0.1)
