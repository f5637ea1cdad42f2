"""The microcircuit has the numbers of the paper, and what its arguments say."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.models.demonstration import Run, record_spikes, synchrony
from gpusyn.models.microcircuit import NAMES, RATES, SIZES, Scaled

# Mean number of synapses onto a neuron, all sources together, and from single populations: from the formula of the
# paper by hand.
IN_DEGREES = dict(zip(NAMES, (4995.1, 5285.0, 2806.4, 5888.4, 4943.9, 2736.0, 2563.6, 2434.1), strict=True))
SINGLE = {("L5E", "L5I"): 496.5, ("L6E", "L6I"): 752.2, ("L23E", "L23I"): 1079.3, ("L4E", "L23E"): 159.9}
PROBABILITIES = {"L4E": 0.0983, "L4I": 0.0619, "L6E": 0.0512, "L6I": 0.0196}  # of thalamic synapses


def synapses(net, pre, post):
    projection = net.projections.get(f"{pre}->{post}:synapse")
    return projection.rule.n if projection else 0


def test_every_neuron_has_the_synapses_of_the_paper():
    net, populations = gs.models.microcircuit()
    assert [p.size for p in populations.values()] == list(SIZES)
    for post, number in IN_DEGREES.items():
        found = sum(synapses(net, pre, post) for pre in populations) / populations[post].size
        assert found == pytest.approx(number, abs=0.06), post
    for (post, pre), number in SINGLE.items():
        assert synapses(net, pre, post) / populations[post].size == pytest.approx(number, abs=0.06)
    assert synapses(net, "L6I", "L23E") == 0


def test_weights_have_the_sign_of_their_source_and_delays_a_step():
    net, _ = gs.models.microcircuit(scale=0.004)
    with gs.Simulator(net, backend="numpy") as sim:
        for name, projection in net.projections.items():
            drawn = sim.weights(projection)
            mean = (175.62 if name.startswith("L4E->L23E:") else 87.81) / np.sqrt(0.004)
            sign = -4.0 if projection.pre.name.endswith("I") else 1.0
            assert np.all(drawn.weight * sign > 0)
            assert drawn.delay.min() >= 0.1
            if len(drawn.weight) > 300:
                assert drawn.weight.mean() == pytest.approx(sign * mean, rel=0.03), name


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_the_mean_input_is_kept_at_any_scale_and_by_currents(scale):
    """What all synapses bring on average if populations fire at the published rates, in pA."""
    for background in ("poisson", "dc"):
        net, populations = gs.models.microcircuit(scale, background=background)
        assert bool(net.drives) == (background == "poisson")
        for post, population in populations.items():
            mean = population.model.I_e
            for drive in net.drives.values():
                if post in drive.name:
                    mean += 0.5e-3 * drive.rate * drive.weight
            full = 0.5e-3 * 8.0 * 87.81 * (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)[NAMES.index(post)]
            for pre, rate in zip(NAMES, RATES, strict=True):
                if n := synapses(net, pre, post):
                    weight = net.projections[f"{pre}->{post}:synapse"].weights["synapse"].mean
                    mean += 0.5e-3 * rate * weight * n / population.size
                p = Scaled().projections()
                full += sum(0.5e-3 * rate * q.weight * q.synapses / SIZES[NAMES.index(post)] for q in p
                            if (NAMES[q.source], NAMES[q.target]) == (pre, post))  # fmt: skip
            assert mean == pytest.approx(full, abs=1.0), (post, background)


def test_v_starts_as_in_the_paper_or_near_its_stationary_state():
    for initial, mean, sd in (("original", -58.0, 10.0), ("optimised", -68.28, 5.36)):
        _, populations = gs.models.microcircuit(initial=initial)
        V = populations["L23E"].initial["V"] if hasattr(populations["L23E"], "initial") else populations["L23E"].V
        assert (V.mean, V.std) == (mean, sd)


def test_the_thalamus_fires_in_a_pulse_onto_layers_4_and_6():
    net, populations = gs.models.microcircuit(thalamus=700.0)
    thalamus = populations["thalamus"]
    assert thalamus.size == 902
    rate = thalamus.model.rate
    assert rate.sample(np.array([0.0, 699.9, 700.0, 709.9, 710.0])).tolist() == [0.0, 0.0, 120.0, 120.0, 0.0]
    assert {p.post.name for p in net.projections.values() if p.pre is thalamus} == set(PROBABILITIES)
    for post, p in PROBABILITIES.items():
        pairs = 902 * populations[post].size
        connected = -np.expm1(synapses(net, "thalamus", post) * np.log1p(-1.0 / pairs))
        assert connected == pytest.approx(p, rel=1e-5)
    assert "thalamus" not in gs.models.microcircuit()[1]


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"scale": 0.0}, gs.ParameterError, r"models.microcircuit\(\).scale: must be .*> 0"),
        ({"scale": 1.5}, gs.ParameterError, "scale"),
        ({"background": "Poisson"}, gs.UnknownNameError, "did you mean 'poisson'"),
        ({"initial": "optimized"}, gs.UnknownNameError, "did you mean 'optimised'"),
        ({"thalamus": -1.0}, gs.ParameterError, "thalamus"),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, text):
    with pytest.raises(error, match=text):
        gs.models.microcircuit(**arguments)


@pytest.mark.fuzz
@pytest.mark.usefixtures("optimised")
def test_with_the_background_of_netpyne_a_tenth_has_its_synchrony():
    """Romaro et al. (2021), table A.5, 10 %: there, the background of each neuron has a weight of its own."""
    scale = 0.1
    net, populations = gs.models.microcircuit(scale, background="dc")
    numbers = Scaled(scale)
    for t, population in enumerate(populations.values()):
        net.inject(population, -numbers.background_currents()[t])
        weight = numbers.external_weight
        net.drive(population, "synapse", rate=numbers.rate(t), weight=gs.Normal(weight, 0.1 * weight))
    record_spikes(net, populations)
    with gs.Simulator(net, seed=1) as sim:
        sim.run(10_500.0)
        run = Run(populations, {"spikes": sim.data[net.recorders["spikes"]]}, 500.0)
    published = dict(zip(NAMES, (2.6, 2.1, 3.1, 1.9, 4.5, 1.1, 1.7, 1.0), strict=True))
    assert {name: synchrony(run, name) for name in NAMES} == pytest.approx(published, rel=0.25)
