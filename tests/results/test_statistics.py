"""Statistics of spikes against what a line of numpy says, at the edges of intervals, and for neurons chosen anyhow."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gpusyn as gs
from tests.helpers.tolerances import TABLE

DT = 0.1
CLOSE = TABLE["formula"].double
# E's neurons 2, 5, 9 and all of I (2): positions 0-4.
PARTS = [("E", 3, [2, 5, 9]), ("I", 2, None)]


def spikes_at(steps: list[int], ids: list[int], duration: int = 100, start: int = 0) -> gs.SpikeData:
    return gs.SpikeData(PARTS, np.array(steps, dtype=int) * DT, ids, duration * DT, start * DT)


@st.composite
def any_spikes(draw: st.DrawFn) -> tuple[gs.SpikeData, np.ndarray, np.ndarray]:
    """Spikes of five neurons within 400 steps, with their steps and ids."""
    pairs = draw(st.sets(st.tuples(st.integers(1, 400), st.integers(0, 4)), max_size=80))
    steps, ids = np.array(sorted(pairs), dtype=int).reshape(-1, 2).T
    return spikes_at(steps.tolist(), ids.tolist(), 400), steps, ids


def close(found: np.ndarray, wanted: list[float]) -> None:
    np.testing.assert_allclose(found, wanted, rtol=CLOSE, atol=CLOSE, equal_nan=True)


@given(any_spikes(), st.integers(0, 400), st.integers(0, 400))
def test_an_interval_holds_what_lies_after_its_start_and_up_to_its_stop(made, one: int, other: int) -> None:
    spikes, steps, ids = made
    first, last = min(one, other), max(one, other)
    kept = (steps > first) & (steps <= last)
    part = spikes.between(first * DT, last * DT)  # DT is no binary number: 3 * 0.1 is more than 0.3
    assert part.times.tolist() == (steps[kept] * DT).tolist()
    assert part.ids.tolist() == ids[kept].tolist()
    assert (part.start, part.duration) == (first * DT, last * DT - first * DT)
    assert spikes.counts(start=first * DT, stop=last * DT).tolist() == np.bincount(ids[kept], minlength=5).tolist()
    if first < last:
        rate = kept.sum() / 5 / (part.duration / 1000)
        assert spikes.rate(start=first * DT, stop=last * DT) == part.rate() == pytest.approx(rate, rel=CLOSE)
    for found, wanted in zip(spikes.trains(start=first * DT, stop=last * DT), part.trains(), strict=True):
        assert found.tolist() == wanted.tolist()


@given(any_spikes())
def test_trains_intervals_and_their_variation(made) -> None:
    spikes, steps, ids = made
    trains = [steps[ids == k] * DT for k in range(5)]
    assert [train.tolist() for train in spikes.trains()] == [train.tolist() for train in trains]
    assert [intervals.tolist() for intervals in spikes.isi()] == [np.diff(train).tolist() for train in trains]
    cv = [np.std(np.diff(t)) / np.mean(np.diff(t)) if len(t) > 2 else math.nan for t in trains]
    close(spikes.cv(), cv)


@given(any_spikes(), st.sampled_from([10, 37, 100, 300]))
def test_the_fano_factor_is_that_of_the_counts_in_full_windows(made, window: int) -> None:
    spikes, steps, ids = made
    windows = 400 // window
    counts = np.zeros((5, windows))
    for step, neuron in zip(steps, ids, strict=True):
        if step <= windows * window:
            counts[neuron, (step - 1) // window] += 1
    wanted = [np.var(row) / np.mean(row) if windows > 1 and row.any() else math.nan for row in counts]
    close(spikes.fano(window * DT), wanted)
    _, rate = spikes.binned_rate(window * DT)
    close(rate, (counts.sum(axis=0) / 5 / (window * DT) * 1000).tolist())


def test_the_numbers_of_a_train_that_is_done_by_hand() -> None:
    spikes = spikes_at([10, 20, 50, 60, 90], [0, 0, 0, 1, 0])
    # Intervals of 1, 3 and 4 ms: mean 8/3, variance 14/9.
    close(spikes.cv(), [math.sqrt(14) / 8, math.nan, math.nan, math.nan, math.nan])
    assert spikes.fano(5.0)[0] == 0.5  # counts 3 and 1: variance 1, mean 2


def test_what_is_not_defined_is_nan() -> None:
    spikes = spikes_at([10, 20, 20, 30, 40], [0, 1, 2, 1, 2])
    assert np.isnan(spikes.cv()).all()  # no neuron has two intervals
    assert np.isnan(spikes.fano(7.0)).all()  # there is one window
    assert np.isnan(spikes.fano(2.0)).tolist() == [False, False, False, True, True]
    assert math.isnan(spikes.rate(start=5.0, stop=5.0))
    assert [len(train) for train in spikes.trains("I")] == [0, 0]
    silent = gs.SpikeData([], [], [], 10.0)
    assert (silent.trains(), silent.isi(), silent.cv().tolist(), silent.fano(1.0).tolist()) == ([], [], [], [])
    twice = gs.SpikeData([("P", 1, None)], [1.0, 1.0, 1.0], [0, 0, 0], 10.0)  # a source may emit several in a step
    assert np.isnan(twice.cv()).all()


def test_an_interval_ends_where_the_recording_does() -> None:
    spikes = spikes_at([60, 100], [0, 1], duration=50, start=50)
    assert (spikes.between(0.0, 1e6).start, spikes.between(0.0, 1e6).duration) == (5.0, 5.0)
    assert spikes.rate(stop=1e6) == spikes.rate() == pytest.approx(2 / 5 / 0.005)
    assert spikes.between(20.0, 30.0).duration == 0.0
    edges, rate = spikes.binned_rate(1.0, start=2.0, stop=8.0)
    assert edges.tolist() == [5.0, 6.0, 7.0]
    assert rate.tolist() == [200.0, 0.0, 0.0]


def test_bins_of_a_long_recording_hold_the_spikes_of_their_steps() -> None:
    steps = 10**8 + np.arange(1, 4000)
    spikes = gs.SpikeData([("E", 1, None)], steps * DT, np.zeros(len(steps), int), 400.0, start=10**7)
    _, rate = spikes.binned_rate(DT)
    assert rate.tolist() == pytest.approx([10_000.0] * 3999 + [0.0])


@pytest.mark.parametrize("time", [0.7, 15.3, 700.3, 1234.7])
def test_ends_in_float32_are_those_in_double(time: float) -> None:
    steps = np.arange(1, 20_001)
    spikes = gs.SpikeData([("E", 1, None)], steps * DT, np.zeros(len(steps), int), 2000.0)
    given = np.float32(time)
    assert len(spikes.between(stop=given)) == len(spikes.between(stop=time)) == round(time / DT)
    assert len(spikes.between(given)) == len(spikes.between(time)) == 20_000 - round(time / DT)
    wide = spikes.fano(np.float32(0.1))
    assert wide.tolist() == spikes.fano(0.1).tolist() == [0.0]


def test_traces_between() -> None:
    V = np.arange(20, dtype=np.float32).reshape(10, 2)
    traces = gs.TraceData([("E", 2, None)], {"V": V}, np.arange(1, 11) * 3 * DT, {"V": "mV"})
    part = traces.between(0.9, 2.1)  # the samples at 1.2, 1.5, 1.8 and 2.1 ms
    assert part["V"].tolist() == V[3:7].tolist()
    assert (part.t.tolist(), part.every) == (traces.t[3:7].tolist(), traces.every)
    assert traces.between() == traces
    assert len(traces.between(50.0)) == 0


@pytest.fixture
def populations() -> tuple[gs.Population, gs.Population]:
    net = gs.Network()
    return net.population("E", 12, gs.LIF()), net.population("I", 2, gs.LIF())


def test_neurons_are_chosen_by_name_or_as_objects(populations) -> None:
    E, I = populations
    spikes = spikes_at([10, 20, 30, 40, 50, 60], [0, 1, 1, 3, 4, 4])
    assert spikes.counts("E").tolist() == spikes.counts(E).tolist() == [1, 2, 0]  # those of E that were recorded
    assert spikes.counts(E[[5, 9]]).tolist() == [2, 0]
    assert spikes.counts(I + E).tolist() == [1, 2, 1, 2, 0]  # in the order of the selection
    assert spikes.counts(I[1] + E[2]).tolist() == [2, 1]
    assert spikes[I + E[5]].populations[1][0] == "E"
    assert spikes[I + E[5]].local_ids.tolist() == [5, 5, 0, 1, 1]
    assert spikes[I + E[5]].ids.tolist() == [2, 2, 0, 1, 1]
    assert spikes.rate(E[[2, 5]]) == pytest.approx(3 / 2 / 0.01)
    for method in (spikes.trains, spikes.isi):
        assert [x.tolist() for x in method(E[5] + I)] == [x.tolist() for x in np.array(method(), object)[[1, 3, 4]]]
    assert spikes.fano(5.0, I)[0] == spikes.fano(5.0)[3]
    assert spikes.cv(I).shape == (2,)
    assert spikes.binned_rate(5.0, E[5])[1].tolist() == [400.0, 0.0]


def test_a_population_may_have_been_recorded_in_parts(populations) -> None:
    E, I = populations
    spikes = gs.SpikeData([("E", 2, [8, 9]), ("I", 1, [0]), ("E", 1, [3])], [1.0, 2.0, 2.0], [1, 3, 3], 10.0)
    assert spikes.counts(E).tolist() == [0, 1, 2]
    assert spikes.counts(E[[3, 9]]).tolist() == [2, 1]
    assert spikes[E[[3, 9]] + I[0]].local_ids.tolist() == [9, 3, 3]


def test_traces_are_selected_by_name_or_as_objects(populations) -> None:
    E, I = populations
    traces = gs.TraceData(PARTS, {"V": np.arange(10.0).reshape(2, 5)}, [1.0, 2.0], {"V": "mV"})
    assert traces.select("I")["V"].tolist() == traces.select(I)["V"].tolist() == [[3.0, 4.0], [8.0, 9.0]]
    chosen = traces.select(I[1] + E[[5, 9]])
    assert chosen["V"].tolist() == [[4.0, 1.0, 2.0], [9.0, 6.0, 7.0]]
    assert chosen.population.tolist() == ["I", "E", "E"]
    assert chosen.local_ids.tolist() == [1, 5, 9]


def test_neurons_that_were_not_recorded_are_refused(populations) -> None:
    E, _ = populations
    spikes = spikes_at([10], [0])
    with pytest.raises(
        gs.ParameterError, match=r"rate\(\)\.population: 3 neurons of 'E' were recorded, but not neuron 0"
    ):
        spikes.rate(E[:3])
    with pytest.raises(gs.UnknownNameError, match="known here: E, I"):
        spikes.cv("X")
    with pytest.raises(gs.UnknownNameError):
        spikes[Path("a/b")]  # has parts, too
    for wrong in (3, None, E.parts, [E]):
        with pytest.raises(gs.ArgumentError, match="must be one of the names E, I"):
            spikes[wrong]


def test_wrong_intervals_and_widths_are_refused() -> None:
    spikes = spikes_at([10], [0])
    with pytest.raises(gs.ParameterError, match=r"SpikeData.cv\(\): stop must not lie before start \(got 5 to 4 ms\)"):
        spikes.cv(start=5.0, stop=4.0)
    with pytest.raises(gs.ArgumentError, match=r"between\(\)\.stop"):
        spikes.between(1.0, "end")
    with pytest.raises(gs.ParameterError, match=r"between\(\)\.start"):
        spikes.between(math.nan)
    with pytest.raises(gs.ParameterError, match=r"fano\(\)\.window"):
        spikes.fano(0.0)


@pytest.mark.parametrize("period", [123, 7])
def test_a_regular_train_has_no_variability(period):
    steps = np.arange(10, 6000, period)
    spikes = gs.SpikeData([("E", 1, None)], steps * DT, np.zeros(len(steps), dtype=int), 600.0)
    assert np.std(spikes.isi()[0]) > 0  # of the rounded times
    assert spikes.cv().tolist() == [0.0]
    late = np.append(steps[:-1], steps[-1] + 1) * DT
    assert gs.SpikeData([("E", 1, None)], late, np.zeros(len(steps), dtype=int), 600.0).cv()[0] > 1e-4


@pytest.mark.parametrize("method", ["fano", "binned_rate"])
def test_the_width_comes_before_the_neurons(method):
    spikes = spikes_at([3, 4], [0, 1])
    for neurons in ("E", gs.Network().population("E", 10, gs.LIF())):
        with pytest.raises(gs.ArgumentError, match="it comes first, and population= after it"):
            getattr(spikes, method)(neurons, 5.0)
