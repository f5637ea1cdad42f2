"""Every shortcut equals per-synapse integration: drawn networks of any kinetics, heterogeneous weights and delays.

One network holds both: the same wiring onto a population whose gates the planner places, and onto one with
gating="per-synapse". Conductances and potentials agree within 2e-5 of a neuron's largest in single precision and
1e-11 in double.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.kinetics import Alpha, DualExponential, Exponential, FirstOrder, GProtein, Markov, Saturating
from tests.helpers.long_checks import pairs
from tests.helpers.tolerances import assert_traces
from tests.helpers.validation.lab import FASTEST, Lab

DT, STEPS = 0.1, 400
PROFILE = settings(
    max_examples=5, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
rates = st.floats(0.02, 2.0)


@st.composite
def pulses(draw):
    dead = draw(st.sampled_from([None, 0.0, 0.5, 1.0]))
    return {"T_max": draw(st.floats(0.2, 2.0)), "T_dur": DT * draw(st.integers(1, 20)), "deadtime": dead}


@st.composite
def markov(draw):
    made = draw(st.sampled_from([Markov.AMPA, Markov.NMDA, Markov.GABA_A, Markov.NMDA_LesterJahr]))()
    return Markov(made.rates, made.binding, made.open, **draw(pulses()))


@st.composite
def saturating(draw, jump):
    rise = draw(st.floats(0.3, 5.0))
    return Saturating(draw(st.floats(0.05, 1.0)), rise, rise * draw(st.floats(1.2, 50.0)), jump=jump)


DRAWN = {
    "exponential": st.builds(Exponential, st.floats(0.5, 100.0)),
    "alpha": st.builds(Alpha, st.floats(0.5, 50.0)),
    "dual": st.floats(0.2, 5.0).flatmap(lambda r: st.builds(DualExponential, st.just(r), st.floats(r, 50 * r))),
    "first_order": st.builds(
        lambda a, b, p: FirstOrder(a, b, **p), st.floats(0.05, 5.0), st.floats(0.005, 0.5), pulses()
    ),
    "markov": markov(),
    "jump": saturating(True),
    "saturating": saturating(False),
    "g_protein": st.builds(
        lambda k, n, K_d, p: GProtein(*k, n=n, K_d=K_d, **p),
        st.tuples(rates, st.floats(0.001, 0.1), st.floats(0.1, 20.0), st.floats(0.01, 0.1)),
        st.integers(1, 5), st.floats(1.0, 100.0), pulses(),
    ),
}  # fmt: skip


def both(kinetics, seed, events, longest):
    """A network with the same synapses twice: some sources are silent, some pairs have several synapses."""
    rng = np.random.default_rng(seed)
    net, synapses = gs.Network(), 80
    trains = [np.sort(rng.integers(1, STEPS - 50, rng.integers(0, events + 1))) * DT for _ in range(12)]
    sources = net.population("sources", 12, gs.SpikeSource(trains))
    pre, post = rng.integers(0, 12, synapses), rng.integers(0, 8, synapses)
    weight, delay = rng.lognormal(0.0, 1.0, synapses), rng.integers(1, longest + 1, synapses) * DT
    recorders = []
    for gating in ("auto", "per-synapse"):
        receptor = gs.NMDA(kinetics=kinetics, gating=gating)
        cells = net.population(gating, 8, gs.LIF(V_th=100.0), receptors=[receptor])
        net.connect(
            sources, cells, gs.FromArrays(pre, post), receptor="NMDA", weight=weight, delay=delay, name=f"to {gating}"
        )
        recorders.append(net.record(cells, ["g_NMDA", "V"]))
    return net, recorders


@pytest.mark.parametrize(("precision", "kind"), pairs(["single", "double"], list(DRAWN)))
def test_the_planner_s_gates_equal_those_of_synapses(kind, precision):
    spoke = 0

    @PROFILE
    @given(DRAWN[kind], st.integers(0, 2**32 - 1), st.sampled_from([3, 12, 60]), st.sampled_from([1, 12, 90]))
    def check(kinetics, seed, events, longest):
        nonlocal spoke
        net, recorders = both(kinetics, seed, events, longest)
        with Lab(FASTEST, precision).open(net, DT) as sim:
            owner = sim.plan.layout.populations["auto"].strategies[0].owner
            assert owner == ("target" if kinetics.linear else "source")
            sim.step(STEPS)
            placed, each = (sim.data[r] for r in recorders)
            if each["g_NMDA"].any():
                spoke += 1
                assert_traces(placed["g_NMDA"], each["g_NMDA"], "gates", precision)
                assert_traces(placed["V"], each["V"], "gates", precision)

    check()
    assert spoke >= 4
