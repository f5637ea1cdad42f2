"""Plots: what is drawn, that it is labelled with units, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import gpusyn as gs
from gpusyn import plot
from gpusyn.errors import ArgumentError, FileError, MissingDependencyError, ParameterError, UnknownNameError
from gpusyn.plot import panels, spike_plots
from gpusyn.results import SpikeData, TraceData, sample_times
from tests.helpers.long_checks import pairs

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")

PARTS = [("E", 8, None), ("I", 2, None)]
UNITS = {"V": "mV", "I_AMPA": "pA", "I_NMDA": "pA", "I_GABA_A": "pA"}


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    pyplot.close("all")


@pytest.fixture
def spikes() -> SpikeData:
    rng = np.random.default_rng(0)
    return SpikeData(PARTS, rng.integers(1, 1000, 80) * 0.1, rng.integers(0, 10, 80), duration=100.0)


@pytest.fixture
def traces() -> TraceData:
    level = {"V": -60.0, "I_AMPA": -200.0, "I_NMDA": -30.0, "I_GABA_A": 220.0}
    noise = np.random.default_rng(1).normal(size=(100, 4))
    values = {name: mean + noise for name, mean in level.items()}
    return TraceData([("E", 4, [0, 2, 4, 6])], values, sample_times(1.0, 1.0, 100), UNITS)


def legend(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_raster_draws_every_spike_in_its_colour(spikes: SpikeData) -> None:
    ax = plot.raster(spikes)
    drawn = {line.get_label(): line.get_xydata() for line in ax.lines}
    assert list(drawn) == ["E", "I"]
    assert sum(map(len, drawn.values())) == len(spikes)
    assert drawn["I"][:, 1].min() >= 8
    assert ax.get_xlim() == (0.0, 100.0)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (ms)", "neuron")
    assert legend(ax) == ["E", "I"]


def test_raster_of_very_many_spikes_says_what_it_leaves_out(spikes: SpikeData, monkeypatch) -> None:
    monkeypatch.setattr(spike_plots, "MOST_DOTS", 30)
    ax = plot.raster(spikes)
    assert ax.get_ylabel() == "neuron (1 in 3 drawn)"
    assert {int(y) % 3 for line in ax.lines for y in line.get_ydata()} == {0}


def test_rates_are_those_of_the_data(spikes: SpikeData) -> None:
    ax = plot.rates(spikes, bin=10.0)
    values, edges, _ = ax.patches[0].get_data()
    assert values.tolist() == spikes.binned_rate(10.0, "E")[1].tolist()
    assert edges.tolist() == pytest.approx(list(range(0, 101, 10)))
    assert "rate (Hz)" in ax.get_ylabel()
    assert legend(ax) == [f"{name}: {spikes.rate(name):.3g} Hz" for name in ("E", "I")]


def test_an_interval_is_drawn_and_counted_alone(spikes: SpikeData, traces: TraceData, tmp_path: Path) -> None:
    part = spikes.between(20.0, 60.0)
    ax = plot.raster(spikes, start=20.0, stop=60.0)
    assert ax.get_xlim() == (20.0, 60.0)
    assert sum(len(line.get_xdata()) for line in ax.lines) == len(part)
    ax = plot.rates(spikes, bin=10.0, start=20.0, stop=60.0)
    values, edges, _ = ax.patches[0].get_data()
    assert values.tolist() == part.binned_rate(10.0, "E")[1].tolist()
    assert edges.tolist() == [20.0, 30.0, 40.0, 50.0, 60.0]
    assert legend(ax) == [f"{name}: {part.rate(name):.3g} Hz" for name in ("E", "I")]
    (ax,) = plot.traces(traces, "V", start=20.0, stop=60.0)
    assert ax.lines[0].get_xdata().tolist() == list(range(21, 61))
    figure = plot.overview(spikes, traces, tmp_path / "a.png", start=20.0, stop=60.0)
    assert {ax.get_xlim() for ax in figure.axes} == {(20.0, 60.0)}
    with pytest.raises(ParameterError, match="stop must not lie before start"):
        plot.raster(spikes, start=60.0, stop=20.0)


def test_distributions_are_those_of_the_neurons(spikes: SpikeData) -> None:
    rate, cv = plot.distributions(spikes, start=10.0)
    part = spikes.between(10.0)
    for ax, of_name in ((rate, lambda name: part.counts(name) / 0.09), (cv, part.cv)):
        for name, stairs in zip(("E", "I"), ax.patches, strict=True):
            share, edges, _ = stairs.get_data()
            values = of_name(name)[np.isfinite(of_name(name))]
            assert share.tolist() == (np.histogram(values, edges)[0] / len(values)).tolist()
            assert share.sum() == pytest.approx(1.0)
            assert f"{name}: mean {values.mean():.3g}" in legend(ax)
    assert (rate.get_xlabel(), cv.get_xlabel()) == ("rate (Hz)", "CV of interspike intervals")
    silent = plot.distributions(SpikeData(PARTS, [], [], duration=0.0))
    assert legend(silent[1]) == ["E: none", "I: none"]
    with pytest.raises(ParameterError, match="needs 2 axes"):
        plot.distributions(spikes, ax=rate)


def test_traces_of_chosen_neurons(traces: TraceData) -> None:
    E = gs.Network().population("E", 8, gs.LIF())
    (ax,) = plot.traces(traces, "V", E[[2, 6]])
    assert legend(ax) == ["E[2]", "E[6]"]
    assert ax.lines[1].get_ydata().tolist() == traces["V"][:, 3].tolist()
    for whole in (E, "E"):
        assert legend(plot.traces(traces, "V", whole)[0]) == ["E[0]", "E[2]", "E[4]", "E[6]"]
    with pytest.raises(UnknownNameError, match="unknown name 'I'; known here: E"):
        plot.traces(traces, "V", "I")


def linear(colour: str) -> np.ndarray:
    """Return a colour of sRGB in linear light."""
    rgb = np.array(matplotlib.colors.to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return CIE L*a*b* of linear light (D65)."""
    xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    t = np.array(xyz) @ np.clip(rgb, 0.0, 1.0) / np.sum(xyz, axis=1)
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


#: What the colour-blind see (Machado, Oliveira & Fernandes 2009, severity 1).
SIGHT = {
    "all": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_differ_for_every_sight(sight: str) -> None:
    seen = [lab(np.array(SIGHT[sight]) @ linear(colour)) for colour in (*panels.COLOURS, "white")]
    differences = [np.linalg.norm(a - b) for k, a in enumerate(seen) for b in seen[:k]]
    assert min(differences) > 16  # the nearest two of Okabe and Ito are 16.05 apart; 2.3 is just noticeable


def test_populations_of_a_column_differ_in_colour_and_more_in_style() -> None:
    names = [f"P{k}" for k in range(36)]
    spikes = SpikeData([(name, 2, None) for name in names], np.arange(1.0, 73.0), np.arange(72), duration=100.0)
    looks = [(p.get_edgecolor(), p.get_linestyle()) for p in plot.rates(spikes).patches]
    assert len(set(looks)) == 36
    colours = [line.get_color() for line in plot.raster(spikes).lines]
    assert len(set(colours[:9])) == 9


@pytest.mark.parametrize("layout", [None, "tight", "constrained"])
def test_no_legend_lies_on_a_label_or_on_data(layout: str | None, spikes: SpikeData, traces: TraceData) -> None:
    many = SpikeData([(f"P{k}", 1, None) for k in range(10)], spikes.times, spikes.ids, spikes.duration)
    figure, axes = pyplot.subplots(4, 1, figsize=(7, 9), layout=layout)
    if layout is None:
        figure.subplots_adjust(hspace=0.4)  # room for the labels of the axes, as without it they lie on the next panel
    plot.raster(many, axes[0])
    plot.rates(many, axes[1])
    plot.traces(traces, "V", ax=axes[2])
    plot.distributions(spikes, ax=[axes[3], pyplot.figure().gca()])
    figure.canvas.draw()
    for number, ax in enumerate(axes):
        box = ax.get_legend().get_window_extent()
        for other in axes[:number]:
            assert not box.overlaps(other.xaxis.label.get_window_extent())
            assert not any(box.overlaps(label.get_window_extent()) for label in other.get_xticklabels())
        drawn = [line.get_window_extent() for line in ax.lines] + [p.get_window_extent() for p in ax.patches]
        assert not any(box.overlaps(extent) for extent in drawn)


@pytest.mark.parametrize(("layout", "count"), pairs([None, "constrained"], [1, 8, 20]))
def test_legends_are_no_wider_than_their_panels(layout: str | None, count: int, spikes: SpikeData) -> None:
    parts = [(f"layer {k} excitatory", 1, None) for k in range(count)]
    many = SpikeData(parts, spikes.times, spikes.ids % count, spikes.duration)
    figure, axes = pyplot.subplots(4, 1, figsize=(8, 12), layout=layout)
    plot.raster(many, axes[0])
    plot.rates(many, axes[1])
    plot.distributions(many, ax=axes[2:])
    figure.canvas.draw()
    for ax in axes:
        box, panel = ax.get_legend().get_window_extent(), ax.get_window_extent()
        assert panel.x0 - 2 <= box.x0 < box.x1 <= panel.x1 + 2
        assert len(legend(ax)) == count


def test_figures_grow_by_their_legends(spikes: SpikeData, tmp_path: Path) -> None:
    many = SpikeData([(f"population {k}", 1, None) for k in range(20)], spikes.times, spikes.ids, spikes.duration)
    drawn = [
        [plot.raster(data), *plot.distributions(data), *plot.overview(data, None, tmp_path / "a.png").axes]
        for data in (spikes, many)
    ]
    for few, all_ in zip(*drawn, strict=True):
        for ax in (few, all_):
            ax.get_figure().canvas.draw()
        assert all_.get_window_extent().height > 0.95 * few.get_window_extent().height
    _, own = pyplot.subplots(figsize=(6, 4), layout="constrained")
    assert plot.raster(many, own).get_figure().get_figheight() == 4  # what the user made stays


@pytest.mark.parametrize(("count", "bin"), [(40, 30.0), (400, 6.0), (130, 24.0)])
def test_bins_are_wide_enough_for_the_spikes(count: int, bin: float) -> None:
    times = np.linspace(0.1, 600.0, 5 * count)
    few = SpikeData([("E", 10, None), ("I", 10, None)], times, np.arange(len(times)) % 20, duration=600.0)
    assert plot.rates(few).get_ylabel() == f"rate (Hz),\n{bin:g} ms bins"


def test_regular_trains_have_a_readable_axis() -> None:
    steps = np.arange(100, 6000, 123)
    _, cv = plot.distributions(SpikeData([("E", 1, None)], steps * 0.1, np.zeros(len(steps), dtype=int), 600.0))
    assert legend(cv) == ["E: mean 0"]
    assert cv.patches[0].get_data().edges[[0, -1]].tolist() == [0.0, 1.0]


def test_traces_one_panel_a_variable(traces: TraceData) -> None:
    panels = plot.traces(traces)
    assert [ax.get_ylabel() for ax in panels] == ["V (mV)", "I_AMPA (pA)", "I_NMDA (pA)", "I_GABA_A (pA)"]
    assert panels[-1].get_xlabel() == "time (ms)"
    assert legend(panels[0]) == ["E[0]", "E[2]", "E[4]"]
    (ax,) = plot.traces(traces, "V", ids=[3])
    assert ax.lines[0].get_ydata().tolist() == traces["V"][:, 3].tolist()
    _, own = pyplot.subplots(2, 1)
    assert plot.traces(traces, ["V", "I_NMDA"], ax=own) == list(own)


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_overview_is_written(ending: str, spikes: SpikeData, traces: TraceData, tmp_path: Path) -> None:
    path = tmp_path / f"demo.{ending}"
    figure = plot.overview(spikes, traces, path)
    assert path.stat().st_size > 10_000
    assert len(figure.axes) == 5  # raster, rates, three cells
    assert legend(figure.axes[2]) == ["EPSC = I_AMPA + I_NMDA", "IPSC = I_GABA_A"]
    epsc, ipsc = figure.axes[3].lines[1:]
    assert epsc.get_ydata() == pytest.approx(traces["I_AMPA"][:, 1] + traces["I_NMDA"][:, 1])
    assert ipsc.get_ydata() == pytest.approx(traces["I_GABA_A"][:, 1])
    assert figure.axes[3].get_ylabel() == "E[2]:\ncurrent (pA)"
    assert [ax.get_xlabel() for ax in figure.axes] == ["", "", "", "", "time (ms)"]
    assert not pyplot.get_fignums()  # leaves the caller's figures alone


def test_overview_without_a_file_is_a_figure(spikes: SpikeData, traces: TraceData, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(plot.overview(spikes, traces).axes) == 5
    assert not list(tmp_path.iterdir())
    assert not pyplot.get_fignums()


def test_overview_of_less(spikes: SpikeData, traces: TraceData, tmp_path: Path) -> None:
    only = TraceData(traces.populations, {"V": traces["V"]}, traces.t, UNITS)
    figure = plot.overview(spikes, only, tmp_path / "a.png")
    assert figure.axes[2].get_ylabel() == "V (mV)"
    assert len(plot.overview(spikes, None, tmp_path / "b.png").axes) == 2
    empty = SpikeData(PARTS, [], [], duration=0.0)
    none = TraceData(traces.populations, {"I_AMPA": np.empty((0, 4))}, [], UNITS)
    assert len(plot.overview(empty, none, tmp_path / "c.png").axes) == 5


def test_wrong_arguments_are_refused(spikes: SpikeData, traces: TraceData, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="must be SpikeData"):
        plot.raster(traces)
    with pytest.raises(ArgumentError, match="must be TraceData"):
        plot.traces(spikes)
    with pytest.raises(ArgumentError, match="did you mean 'variables'"):
        plot.traces(traces, variable="V")
    with pytest.raises(UnknownNameError, match="did you mean 'I_GABA_A'"):
        plot.traces(traces, "I_GABAA")
    with pytest.raises(ParameterError, match=r"ids.*<= 3"):
        plot.traces(traces, ids=[4])
    with pytest.raises(ParameterError, match="needs 4 axes"):
        plot.traces(traces, ax=pyplot.figure().gca())
    with pytest.raises(
        ArgumentError,
        match=r"plot\.rates\(\)\.ax: must be matplotlib Axes, and .* bin=10.0 be given by name \(got 5.0\)",
    ):
        plot.rates(spikes, 5.0)
    with pytest.raises(FileError, match="cannot be written"):
        plot.overview(spikes, traces, tmp_path / "absent" / "demo.png")
    with pytest.raises(FileError, match="cannot be written"):
        plot.overview(spikes, traces, tmp_path / "demo.word")


def test_missing_matplotlib_is_named(spikes: SpikeData, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in ("matplotlib", "matplotlib.pyplot", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    for call in (plot.raster, plot.rates, lambda data: plot.overview(data, None, tmp_path / "x.png")):
        with pytest.raises(MissingDependencyError, match=r'pip install "matplotlib"'):
            call(spikes)
