"""The networks of Vogels and Abbott have the numbers of Brette et al. (2007), and go on by themselves."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.commands import bench_cases
from gpusyn.models.catalogue import DEMONSTRATIONS
from gpusyn.models.demonstration import Run
from gpusyn.models.vogels_abbott import KINDS, figure, measure, record

WEIGHTS = {"COBA": (6.0, 67.0), "CUBA": (16.2, -90.0), "COBAHH": (6.0, 67.0)}  # nS; pA of CUBA, the paper's


@pytest.mark.parametrize("kind", WEIGHTS)
def test_each_kind_has_the_numbers_of_the_paper(kind):
    net, populations = gs.models.vogels_abbott(kind)
    assert {name: p.size for name, p in populations.items()} == {"E": 3200, "I": 800}
    cell = populations["I"].model
    assert (cell.C_m, cell.g_L, cell.E_L) == (200.0, 10.0, -49.0 if kind == "CUBA" else -60.0)
    if kind != "COBAHH":
        assert (cell.V_th, cell.V_reset, cell.t_ref) == (-50.0, -60.0, 5.0)
    excitation, inhibition = net.projections.values()
    for projection, pre, weight in ((excitation, "E", WEIGHTS[kind][0]), (inhibition, "I", WEIGHTS[kind][1])):
        assert projection.pre is populations[pre]
        assert projection.post.size == 4000
        assert projection.rule.p == 0.02
        assert [*projection.weights.values()] == [weight]
    assert [receptor.kinetics.tau for receptor in populations["E"].receptors] == [5.0, 10.0]
    starts = {drive.rate: drive.stop for drive in net.drives.values()}
    assert starts == ({} if kind == "CUBA" else {300.0: 50.0})


def test_arguments_change_the_network():
    net, populations = gs.models.vogels_abbott("CUBA", 0.5, synapses=40.0, I_e=3.0, stimulation=20.0)
    excitation, inhibition = net.projections.values()
    assert populations["E"].size + populations["I"].size == 2000
    assert (excitation.rule.p, inhibition.rule.p) == (0.02, 0.02)
    assert (excitation.weights["ex"], inhibition.weights["in"]) == (32.4, -180.0)
    assert populations["E"].model.I_e == 3.0
    (drive,) = net.drives.values()
    assert (drive.stop, drive.weight) == (20.0, 32.4)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"kind": "HH"}, gs.UnknownNameError, "known here: COBA, CUBA, COBAHH"),
        ({"scale": 0.01}, gs.ParameterError, "at most the 40 neurons .got 80.; give a larger scale, or fewer synapses"),
        ({"scale": 0.0}, gs.ParameterError, "scale: must be"),
        ({"synapses": 0.0}, gs.ParameterError, "synapses: must be"),
        ({"stimulation": -1.0}, gs.ParameterError, "stimulation: must be"),
        ({"I_e": "5"}, gs.ArgumentError, "I_e"),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, text):
    with pytest.raises(error, match=text):
        gs.models.vogels_abbott(**arguments)


def spikes_of(net, recorder, backend):
    with gs.Simulator(net, seed=1, backend=backend) as sim:
        sim.run(5.0)
        data = sim.data[recorder]
        return data.times.tolist(), data.ids.tolist()


def test_the_bench_cases_are_these_networks():
    case = bench_cases.coba(100, 80)
    net, populations = gs.models.vogels_abbott("COBA", 100 / 4000)
    recorder = net.record(populations["E"] + populations["I"], "spikes")
    assert spikes_of(case, "spikes", "numpy") == spikes_of(net, recorder, "numpy")
    for size in range(80, 4000):
        assert round(4000 * (size / 4000)) == size


def small(kind):
    net, populations = gs.models.vogels_abbott(kind, 0.05)
    record(net, populations)
    with gs.Simulator(net, seed=2, backend="numpy") as sim:
        sim.run(12.0)
        data = {recorder.name: sim.data[recorder] for recorder in net.recorders.values()}
    return Run(populations, data, 2.0)


def test_numbers_are_means_over_trials_and_the_figure_has_each_kind():
    pytest.importorskip("matplotlib")
    runs = {kind: small(kind) for kind in ("COBA", "CUBA")}
    numbers = measure(runs)
    for kind, run in runs.items():
        assert numbers[f"{kind}: rate of E (Hz)"] == pytest.approx(run.spikes.rate("E", 2.0))
    twice = measure({"CUBA": runs["CUBA"]._replace(others=(runs["COBA"].data,))})
    both = [numbers[f"{kind}: rate of E (Hz)"] for kind in ("CUBA", "COBA")]
    assert twice["CUBA: rate of E (Hz)"] == pytest.approx(np.mean(both))
    titles = [panel.get_title(loc="left") for panel in figure({"COBA": runs["COBA"]}).axes]
    assert [title.split(":")[0] for title in titles if title] == ["COBA"]


@pytest.mark.fuzz
@pytest.mark.usefixtures("optimised")
@pytest.mark.parametrize("kind", KINDS)
def test_activity_goes_on_as_published(kind):
    net, populations = gs.models.vogels_abbott(kind)
    recorder = net.record(populations["E"], "spikes", start=200.0)
    with gs.Simulator(net, seed=1) as sim:
        sim.run(1200.0)
        spikes = sim.data[recorder]
    published = DEMONSTRATIONS["vogels_abbott"].publications(f"{kind}: rate of E (Hz)")
    assert published
    for each in published:
        assert spikes.rate() == pytest.approx(each.value, rel=each.tolerance)
    cv = float(np.nanmean(spikes.cv()))
    assert 0.4 < cv < 0.6 if kind == "CUBA" else cv > 1.2
