"""Plots: what is drawn, that it is labelled with units, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gpusyn import plot
from gpusyn.errors import ArgumentError, FileError, MissingDependencyError, ParameterError, UnknownNameError
from gpusyn.results import SpikeData, TraceData, sample_times

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
    monkeypatch.setattr(plot, "MOST_DOTS", 30)
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
