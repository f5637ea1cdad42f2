"""SpikeData and TraceData: order, ids, rates, equality, and conversions to other packages."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.errors import ArgumentError, MissingDependencyError, ParameterError, UnknownNameError
from gpusyn.results import SpikeData, TraceData, sample_times

# E's neurons 2, 5, 9 and all of I (2): positions 0-4.
PARTS = [("E", 3, [2, 5, 9]), ("I", 2, None)]


@pytest.fixture
def spikes() -> SpikeData:
    return SpikeData(PARTS, [3.0, 1.0, 1.0, 7.5], [4, 3, 0, 0], duration=10.0)


@pytest.fixture
def traces() -> TraceData:
    V = np.arange(20, dtype=np.float32).reshape(4, 5)
    return TraceData(PARTS, {"V": V, "g_AMPA": V.astype(float)}, [1, 2, 3, 4], {"V": "mV", "g_AMPA": "nS"})


def test_spikes_are_sorted_by_time_then_id(spikes: SpikeData) -> None:
    assert spikes.times.tolist() == [1.0, 1.0, 3.0, 7.5]
    assert spikes.ids.tolist() == [0, 3, 4, 0]
    assert (spikes.times.dtype, spikes.ids.dtype) == (np.float64, np.int64)


def test_population_and_local_ids_are_sonatas_pair(spikes: SpikeData) -> None:
    assert spikes.population.tolist() == ["E", "I", "I", "E"]
    assert spikes.local_ids.tolist() == [2, 0, 1, 2]
    assert spikes.names == ("E", "I")
    assert (len(spikes), spikes.size) == (4, 5)


def test_rate_is_spikes_by_neurons_by_duration(spikes: SpikeData) -> None:
    assert spikes.rate("E") == pytest.approx(2 / 3 / 0.010)
    assert spikes.rate("I") == pytest.approx(100.0)
    assert spikes.rate() == pytest.approx(80.0)
    assert spikes.rate(SimpleNamespace(name="I")) == spikes.rate("I")
    assert spikes.counts().tolist() == [2, 0, 0, 1, 1]
    assert spikes.counts("I").tolist() == [1, 1]


def test_rate_before_anything_ran_is_nan() -> None:
    empty = SpikeData(PARTS, [], [], duration=0.0)
    assert math.isnan(empty.rate("E"))
    assert empty.population.tolist() == []


def test_a_population_of_two_parts_is_one() -> None:
    spikes = SpikeData([("E", 2, [8, 9]), ("I", 1, None), ("E", 1, [0])], [1.0, 2.0], [3, 1], duration=1000.0)
    assert spikes.names == ("E", "I")
    assert spikes.rate("E") == pytest.approx(2 / 3)
    assert spikes["E"].local_ids.tolist() == [0, 9]
    assert spikes["E"].ids.tolist() == [2, 1]


def test_selecting_a_population_renumbers(spikes: SpikeData) -> None:
    inhibitory = spikes["I"]
    assert inhibitory.ids.tolist() == [0, 1]
    assert inhibitory.times.tolist() == [1.0, 3.0]
    assert inhibitory.rate() == spikes.rate("I")
    assert inhibitory["I"] == inhibitory


def test_binned_rate_counts_a_spike_in_the_bin_that_it_ends(spikes: SpikeData) -> None:
    edges, rate = spikes.binned_rate(1.0)
    assert edges.tolist() == list(range(10))
    assert rate.tolist() == [400.0, 0, 200.0, 0, 0, 0, 0, 200.0, 0, 0]
    edges, rate = spikes.binned_rate(4.0, "I")
    assert edges.tolist() == [0.0, 4.0]  # the unfilled last bin is left out
    assert rate.tolist() == [250.0, 0.0]


def test_a_bin_in_float32_is_the_decimal_that_it_prints_as() -> None:
    """0.1 in float32 is larger than 0.1, so that 100 of them would not fit into 10 ms."""
    spikes = SpikeData(PARTS, np.arange(1, 101) * 0.1, np.zeros(100, int), duration=10.0)
    edges, rate = spikes.binned_rate(np.float32(0.1))
    wanted_edges, wanted = spikes.binned_rate(0.1)
    assert (edges.tolist(), rate.tolist()) == (wanted_edges.tolist(), wanted.tolist())
    assert len(np.unique(rate)) == 1


@given(
    st.lists(st.tuples(st.integers(1, 100), st.integers(0, 4)), max_size=40),
    st.sampled_from([0.1, 0.25, 1.0]),
)
def test_properties_of_any_spikes(pairs: list[tuple[int, int]], dt: float) -> None:
    spikes = SpikeData(PARTS, [k * dt for k, _ in pairs], [i for _, i in pairs], duration=100 * dt)
    keys = list(zip(spikes.times.tolist(), spikes.ids.tolist(), strict=True))
    assert keys == sorted((k * dt, i) for k, i in pairs)
    assert spikes.counts().sum() == len(pairs)
    parts = [spikes["E"], spikes["I"]]
    assert sum(len(part) for part in parts) == len(pairs)
    _, rate = spikes.binned_rate(10 * dt)
    assert rate.sum() * 10 * dt / 1000 * spikes.size == pytest.approx(len(pairs))
    assert spikes == SpikeData(PARTS, spikes.times[::-1], spikes.ids[::-1], 100 * dt)


def test_equality_is_of_bits(spikes: SpikeData, traces: TraceData) -> None:
    nudged = spikes.times.copy()
    nudged[2] = np.nextafter(nudged[2], 9)
    assert spikes != SpikeData(PARTS, nudged, spikes.ids, 10.0)
    assert spikes != SpikeData([("E", 3, [2, 5, 8]), ("I", 2, None)], spikes.times, spikes.ids, 10.0)
    assert spikes != SpikeData(PARTS, spikes.times, spikes.ids, 11.0)
    same = {name: values.copy() for name, values in traces.values.items()}
    assert traces == TraceData(PARTS, same, traces.t, traces.units)
    same["V"][0, 0] = -0.0  # another bit than +0.0
    assert traces != TraceData(PARTS, same, traces.t, traces.units)
    assert traces != TraceData(PARTS, {"V": traces["V"]}, traces.t, traces.units)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([("E", 3, [1, 2])], [], [], 1.0), "'E' has 3 neurons, but its ids have shape"),
        ((PARTS, [1.0], [], 1.0), "have the same length"),
        ((PARTS, [1.0], [5], 1.0), "among the 5 recorded neurons"),
        ((PARTS, [1.0], [-1], 1.0), "got -1 to -1"),
    ],
)
def test_wrong_spikes_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        SpikeData(*arguments)


def test_wrong_names_and_arguments_are_refused(spikes: SpikeData, traces: TraceData) -> None:
    with pytest.raises(UnknownNameError, match="known here: E, I"):
        spikes.rate("X")
    with pytest.raises(ArgumentError, match="unknown argument 'pop'"):
        spikes.rate(pop="E")
    with pytest.raises(ParameterError, match="bin"):
        spikes.binned_rate(0.0)
    with pytest.raises(UnknownNameError, match="did you mean 'g_AMPA'"):
        traces["g_AMPPA"]
    with pytest.raises(UnknownNameError, match="known here: E, I"):
        traces.select("X")


def test_traces(traces: TraceData) -> None:
    assert traces["V"].shape == (4, 5)
    assert traces.values["V"] is traces["V"]
    assert traces.variables == tuple(traces) == ("V", "g_AMPA")
    assert "V" in traces
    assert "I_AMPA" not in traces
    assert traces.every == 1.0
    assert traces.ids.tolist() == [0, 1, 2, 3, 4]
    assert traces.population.tolist() == ["E", "E", "E", "I", "I"]
    assert traces.local_ids.tolist() == [2, 5, 9, 0, 1]
    assert traces.select("I")["V"].tolist() == traces["V"][:, 3:].tolist()
    assert repr(traces) == "TraceData(V (mV), g_AMPA (nS), 4 samples every 1 ms, of E (3) + I (2))"


def test_wrong_traces_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"TraceData.V: must have shape \(2, 5\)"):
        TraceData(PARTS, {"V": np.zeros((5, 2))}, [1.0, 2.0], {})
    with pytest.raises(ParameterError, match="equally spaced"):
        TraceData(PARTS, {"V": np.zeros((3, 5))}, [1.0, 2.0, 4.0], {})


@given(st.integers(0, 10**7), st.integers(1, 50), st.sampled_from([0.1, 0.05, 0.025, 1.0, 1 / 3]))
def test_sample_times_are_whole_multiples(first: int, count: int, every: float) -> None:
    assert sample_times(first * every, every, count).tolist() == [(first + k) * every for k in range(count)]


def test_sample_times_off_the_multiples() -> None:
    assert sample_times(0.5, 2.0, 3).tolist() == [0.5, 2.5, 4.5]
    assert sample_times(3.0, 0.0, 1).tolist() == [3.0]


def test_to_pandas(spikes: SpikeData) -> None:
    pytest.importorskip("pandas")
    table = spikes.to_pandas()
    assert list(table.columns) == ["time", "population", "local_id", "id"]
    assert table.groupby("population", observed=True)["time"].count().to_dict() == {"E": 2, "I": 2}
    assert table["local_id"].tolist() == spikes.local_ids.tolist()


def test_to_xarray(traces: TraceData) -> None:
    pytest.importorskip("xarray")
    dataset = traces.to_xarray()
    assert dataset["V"].dims == ("time", "id")
    assert dataset["g_AMPA"].attrs["units"] == "nS"
    assert float(dataset["V"].sel(time=3.0, id=2)) == traces["V"][2, 2]
    assert dataset["local_id"].values.tolist() == traces.local_ids.tolist()


def test_a_long_repr_names_eight_parts_and_counts_the_others() -> None:
    parts = [(f"P{k}", 1, None) for k in range(12)]
    assert repr(SpikeData(parts, [], [], 10.0)).endswith("P7 (1) + 4 more, 0 to 10 ms)")


@pytest.mark.parametrize(("package", "call"), [("pandas", "to_pandas"), ("neo", "to_neo"), ("xarray", "to_xarray")])
def test_missing_packages_are_named(
    package: str, call: str, spikes: SpikeData, traces: TraceData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError, match=f'{package}.*pip install "{package}"'):
        getattr(traces if call == "to_xarray" else spikes, call)()


@pytest.mark.parametrize("package", ["neo", "pynwb"])
def test_nwb_names_the_pip_line_of_what_is_missing(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in {"neo", package}:
        monkeypatch.setitem(sys.modules, name, None if name == package else ModuleType(name))
    net = gs.Network()
    net.record(net.population("cell", 1, gs.LIF()), "spikes")
    message = rf'NWB needs {package}.*pip install "neo\[nwb\]"'
    with gs.Simulator(net, backend="numpy") as sim, pytest.raises(MissingDependencyError, match=message):
        sim.save(tmp_path / "run.nwb")
    assert not list(tmp_path.iterdir())
