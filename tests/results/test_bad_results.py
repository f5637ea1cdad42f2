"""What recorded data and their plots refuse."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from gpusyn.results import SpikeData, TraceData
from tests.fuzz.junk import broken

SPIKES = {"populations": [("E", 2, None)], "times": [1.0, 2.0], "ids": [0, 1], "duration": 5.0}
TRACES = {
    "populations": [("E", 1, [3])],
    "variables": {"V": [[1.0], [2.0]]},
    "t": [1.0, 2.0],
    "units": {"V": "mV"},
}

WRONG_SPIKES = [
    ({"populations": 3}, ArgumentError, r"SpikeData\.populations: must be a list of \(name, number"),
    ({"populations": [("E", 2)]}, ArgumentError, r"SpikeData\.populations\[0\]: must be \(name, number"),
    ({"populations": [(3, 2, None)]}, ArgumentError, r"populations\[0\]: name: must be a str"),
    ({"populations": [("E", -1, None)]}, ParameterError, r"populations\[0\]: number of neurons: must be .* >= 0"),
    ({"populations": [("E", 2, ["a", "b"])]}, ArgumentError, r"populations\[0\]: local ids: must be whole numbers"),
    ({"populations": [("E", 2, [1])]}, ParameterError, r"'E' has 2 neurons, but its ids have shape \(1,\)"),
    ({"times": [1.0, np.nan]}, ParameterError, r"SpikeData\.times\[1\]: must be a finite number of ms \(got nan"),
    ({"times": "ab"}, ArgumentError, r"SpikeData\.times: must be times in ms"),
    ({"times": [[1.0], [2.0, 3.0]]}, ArgumentError, r"SpikeData\.times: must be times in ms"),
    ({"ids": [0.5, 1.0]}, ArgumentError, r"SpikeData\.ids: must be positions of neurons"),
    ({"ids": np.array([1, 2], "timedelta64[ms]")}, ArgumentError, r"SpikeData\.ids: must be positions of neurons"),
    ({"duration": None}, ArgumentError, r"SpikeData\.duration: must be a finite number of ms >= 0"),
    ({"duration": -1.0}, ParameterError, r"SpikeData\.duration: must be a finite number of ms >= 0"),
    ({"start": np.inf}, ParameterError, r"SpikeData\.start: must be a finite number of ms"),
    ({"colour": 1}, ArgumentError, r"SpikeData\(\): unknown argument 'colour'"),
]
WRONG_TRACES = [
    ({"variables": [1.0]}, ArgumentError, r"TraceData\.variables: must be a dict of samples by variable"),
    ({"variables": {3: [[1.0], [2.0]]}}, ArgumentError, r"TraceData\.variables: must be a dict of samples by variable"),
    ({"variables": {"V": [["a"], ["b"]]}}, ArgumentError, r"TraceData\.V: must have shape \(2, 1\).* of numbers"),
    ({"variables": {"V": [[1.0], [2.0, 3.0]]}}, ArgumentError, r"TraceData\.V: must have shape \(2, 1\)"),
    ({"units": None}, ArgumentError, r"TraceData\.units: must be a dict of units by variable"),
    ({"t": [np.nan, 1.0]}, ParameterError, r"TraceData\.t\[0\]: must be a finite number of ms"),
    ({"t": ["a", "b"]}, ArgumentError, r"TraceData\.t: must be times in ms"),
    ({"every": "1"}, ArgumentError, r"TraceData\.every: must be a finite number of ms >= 0"),
    ({"colour": 1}, ArgumentError, r"TraceData\(\): unknown argument 'colour'"),
]


@pytest.mark.parametrize(("changed", "error", "message"), WRONG_SPIKES)
def test_spikes(changed, error, message):
    with pytest.raises(error, match=message):
        SpikeData(**(SPIKES | changed))


@pytest.mark.parametrize(("changed", "error", "message"), WRONG_TRACES)
def test_traces(changed, error, message):
    with pytest.raises(error, match=message):
        TraceData(**(TRACES | changed))


def test_arrays_of_the_right_type_are_not_copied():
    times, ids = np.array([1.0, 2.0]), np.array([0, 1])
    spikes = SpikeData([("E", 2, None)], times, ids, duration=5.0)
    assert np.shares_memory(spikes.times, times)
    assert np.shares_memory(spikes.ids, ids)


def test_keys_that_raise():
    spikes, traces = SpikeData(**SPIKES), TraceData(**TRACES)
    for key in (broken("getattr"), broken("eq", "hash"), [], None):
        for look in (lambda key: spikes[key], lambda key: traces[key], traces.select):
            with pytest.raises(ArgumentError, match="must be one of the names"):
                look(key)
        assert key not in traces


def test_bins_too_many_to_count():
    with pytest.raises(ParameterError, match=r"binned_rate\(\)\.bin: gives 5\d+ bins in 5 ms, at most 100000000"):
        SpikeData(**SPIKES).binned_rate(1e-9)


class TestPlots:
    @pytest.fixture(autouse=True)
    def without_a_display(self):
        pytest.importorskip("matplotlib").use("Agg")

    @pytest.mark.parametrize("ax", [3, "x", [1.0], np.array([None]), np.broadcast_to(np.float64(1.0), (2**46,))])
    def test_axes(self, ax):
        spikes, traces = SpikeData(**SPIKES), TraceData(**TRACES)
        for draw in (lambda: gs.plot.raster(spikes, ax), lambda: gs.plot.traces(traces, ax=ax)):
            with pytest.raises(ArgumentError, match=r"plot\.\w+\(\)\.ax: must be matplotlib Axes, and .* \(got "):
                draw()

    def test_variables_and_neurons(self):
        traces = TraceData(**TRACES)
        for options, error, message in (
            ({"variables": []}, ParameterError, r"plot\.traces\(\)\.variables: must name at least one variable"),
            ({"variables": 3}, ArgumentError, r"plot\.traces\(\)\.variables: must be a name or several"),
            ({"variables": ["g"]}, UnknownNameError, r"plot\.traces\(\)\.variables: unknown name 'g'"),
            ({"ids": 3}, ArgumentError, r"plot\.traces\(\)\.ids: must be whole numbers"),
            ({"ids": range(2**62)}, ParameterError, r"plot\.traces\(\)\.ids: must be whole numbers, at most"),
        ):
            with pytest.raises(error, match=message):
                gs.plot.traces(traces, **options)

    def test_bins(self):
        with pytest.raises(ArgumentError, match=r"plot\.rates\(\)\.bin: must be a finite number of ms > 0"):
            gs.plot.rates(SpikeData(**SPIKES), bin="1")
