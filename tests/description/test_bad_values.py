"""The doors through which every value of a user passes: numbers, whole numbers, names, paths, objects, lists."""

import itertools
import pathlib
import unittest.mock

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, ImmutableError, ParameterError
from gpusyn.parameters.scalars import instance, integer, listed, object_name, one_of, real
from gpusyn.parameters.units import as_floats, as_integers
from gpusyn.utils.calls import attribute, show
from gpusyn.utils.paths import as_path
from tests.fuzz.junk import BrokenPath, broken, deep, recursive


def kind(value):
    """Name a case by its type; the text of an object has its address."""
    return type(value).__name__


BEYOND_MEMORY = np.broadcast_to(np.float64(1.0), (2**46,))


class TestShow:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (broken("repr"), "<BrokenRepr that cannot be printed>"),
            (10**5000, "<int that cannot be printed>"),
            (deep(), "<list that cannot be printed>"),
            (np.timedelta64(1, "ms"), "np.timedelta64(1,'ms')"),
            ("\ud800", r"'\ud800'"),
        ],
        ids=kind,
    )
    def test_every_value_has_a_text(self, value, shown):
        assert show(value) == shown

    def test_an_attribute_that_raises_is_none(self):
        assert attribute(broken("getattr"), "units") is None


class TestNumbers:
    @pytest.mark.parametrize(
        "value",
        [
            *([[1.0], [2.0, 3.0]], [1.0, [2.0]], [np.ones(2), np.ones((2, 2))], recursive(), deep(), broken("array")),
            *(broken("getattr"), np.timedelta64(1, "ms"), np.zeros(2, [("a", "f8")]), np.array([10**400], object)),
        ],
        ids=kind,
    )
    def test_what_is_no_array_of_numbers_is_refused(self, value):
        for door in (lambda v: as_floats(v, "place", "", "must be numbers"), lambda v: as_integers(v, "place", "must")):
            with pytest.raises(ArgumentError, match=r"^place: must.*\(got "):
                door(value)

    @pytest.mark.parametrize("value", [BEYOND_MEMORY, range(2**62)])
    def test_more_values_than_fit_into_the_memory(self, value):
        with pytest.raises(ParameterError, match="more values than fit into the memory"):
            as_floats(value, "place", "ms", "must be times", copy=False)

    def test_a_number_too_large_for_a_float_is_infinite(self):
        with pytest.raises(ParameterError, match=r"LIF\.C_m: must be a finite number of pF > 0 \(got inf\)"):
            gs.LIF(C_m=np.longdouble("1e4000"))

    @pytest.mark.parametrize("value", [np.timedelta64(1, "ms"), np.timedelta64("NaT")])
    def test_a_time_of_numpy_is_no_whole_number(self, value):
        with pytest.raises(ArgumentError, match=r"place: must be a whole number >= 0 \(got np\.timedelta64"):
            integer(value, "place", low=0)
        with pytest.raises(ArgumentError, match=r"\(got np\.timedelta64"):
            real(value, "place", unit="ms")

    def test_a_whole_number_of_more_digits_than_python_writes(self):
        with pytest.raises(ParameterError, match="<int that cannot be printed"):
            integer(10**5000, "place", high=7)

    def test_an_unsigned_number_beyond_int64(self):
        with pytest.raises(ParameterError, match=r"below 2\^63 \(got 18446744073709551615\)"):
            as_integers(np.array([2**64 - 1], np.uint64), "place", "must be positions")

    def test_whole_numbers_are_taken(self):
        assert as_integers([], "place", "must").tolist() == []
        assert as_integers(np.array([2**63 - 1], np.uint64), "place", "must").tolist() == [2**63 - 1]
        assert as_integers(np.arange(3, dtype=np.int8), "place", "must").dtype == np.int64


class TestNames:
    def test_long_names_are_refused_and_not_repeated(self):
        for refuse in (lambda: one_of("x" * 10**5, ["V"], "place"), lambda: object_name("x" * 1001, "place")):
            with pytest.raises(gs.GpusynError) as caught:
                refuse()
            assert len(str(caught.value)) < 300
        assert object_name("x" * 1000, "place")

    def test_items_of_an_iterable(self):
        assert listed(iter("ab"), "place", "names") == ["a", "b"]
        for value in (3, (1 / x for x in [0]), broken("iter")):
            with pytest.raises(ArgumentError, match=r"place: must be names \(got "):
                listed(value, "place", "names")
        with pytest.raises(ParameterError, match="at most 1000000 of them"):
            listed(itertools.count(), "place", "names")

    def test_a_mock_is_not_what_it_claims(self):
        mock = unittest.mock.Mock(spec=gs.Network)
        assert isinstance(mock, gs.Network)
        with pytest.raises(ArgumentError, match=r"plan\(\)\.net: must be a Network"):
            gs.plan(mock)
        assert instance(True, int, "place", "a number") is True  # a subclass


class TestPaths:
    @pytest.mark.parametrize("value", [None, 3, b"x.h5", ["x.h5"], BrokenPath("x.h5"), broken("fspath")], ids=kind)
    def test_what_is_no_path(self, value):
        with pytest.raises(ArgumentError, match=r"^place: must be a path such as 'run\.h5' \(got "):
            as_path(value, "place")

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ("", "must be a path"),
            ("a\0b.h5", r"must not contain control characters \(got 'a\\x00b\.h5'\)"),
            ("a\nb.h5", "must not contain control characters"),
            ("\ud800.h5", "has letters that no file name can have here"),
            ("x" * 253 + ".h5", "must have names of at most 255 bytes"),
            ("é" * 128, r"must have names of at most 255 bytes \(got 256\)"),
        ],
    )
    def test_names_that_no_file_can_have(self, value, message):
        with pytest.raises(ParameterError, match=f"^place: {message}"):
            as_path(value, "place")

    def test_names_that_a_file_can_have(self):
        for value in ("x" * 252 + ".h5", "é/ü.h5", pathlib.Path("x.h5"), "/".join(["x" * 200] * 3)):
            assert str(as_path(value, "place")) == str(value)

    @pytest.mark.parametrize("path", ["a\0b.h5", "\ud800.h5", BrokenPath("x.h5"), "x" * 300 + ".h5"], ids=kind)
    def test_every_path_passes_the_door(self, path):
        net = gs.Network()
        cell = net.population("cell", 1, gs.LIF())
        spikes = net.record(cell, "spikes")
        with gs.Simulator(net, backend="numpy") as sim:
            data = sim.data[spikes]
            for use in (
                sim.save,
                gs.open_results,
                lambda path: made("record", "V", file=path),
                lambda path: gs.plot.overview(data, None, path),
            ):
                with pytest.raises((ArgumentError, ParameterError), match=r"path|control|letters|255 bytes"):
                    use(path)


@pytest.mark.parametrize(
    "make",
    [
        *(gs.AllToAll, gs.MgBlock, gs.SlowUnblock, gs.Calcium, gs.GlycineSite, gs.LIF, gs.AMPA),
        lambda: gs.FromArrays([0], [0]),
        lambda: gs.Normal(1.0, 2.0),
        lambda: gs.DistanceDelay(1.0),
        lambda: gs.Ratio("AMPA", 1.0),
        lambda: gs.kinetics.Alpha(1.0),
        lambda: gs.drugs.GlycineSiteAntagonist(1.0),
        lambda: gs.Waveform([0.0], [1.0]),
        lambda: made("inject", 1.0),
        lambda: made("clamp", -60.0),
        lambda: made("drive", "AMPA", rate=1.0, weight=1.0),
        lambda: made("record", "V"),
        lambda: gs.Network().infuse("CNQX", 1.0),
    ],
)
def test_a_description_cannot_be_changed(make):
    thing = make()
    for change in (lambda: setattr(thing, "name", 1), lambda: delattr(thing, "name")):
        with pytest.raises(ImmutableError, match=r"name cannot be (set|deleted); descriptions do not change"):
            change()


def made(method, *arguments, **options):
    net = gs.Network()
    return getattr(net, method)(net.population("cell", 1, gs.LIF(), receptors=gs.AMPA()), *arguments, **options)


class TestEveryPlace:
    """Where the fuzz found more than a door that was missing."""

    def test_indices(self):
        E = gs.Network().population("E", 4, gs.LIF())
        for index in ([[1], [2, 3]], broken("array"), np.timedelta64(1, "ms"), np.zeros(2, "V8")):
            with pytest.raises(ArgumentError, match=r"^E\[\.\.\.\]: must be an index, a slice, a mask of 4 values"):
                E[index]
        with pytest.raises(ArgumentError, match=r"^E \+ \.\.\.: must be a population or a selection"):
            E + unittest.mock.Mock(spec=gs.Population)
        with pytest.raises(ArgumentError, match=r"receptor\(\)\.name: must be a str"):
            E.receptor(np.zeros(3))

    def test_synapses(self):
        for given in ([[0], [1, 2]], np.array([0, 1], "timedelta64[ms]"), broken("array")):
            with pytest.raises(ArgumentError, match=r"^FromArrays\.pre: must be integers \(got "):
                gs.FromArrays(given, [0, 1])
        with pytest.raises(ParameterError, match="more values than fit into the memory"):
            gs.FromArrays(np.broadcast_to(np.int8(1), (2**46,)), [0])
        for matrix in (unittest.mock.Mock(), unittest.mock.MagicMock(), broken("getattr")):
            with pytest.raises(gs.GpusynError, match=r"^FromSparse\.(matrix|pre)"):
                gs.FromSparse(matrix)

    @pytest.mark.parametrize("boundary", ["", np.zeros(2), broken("bool")], ids=kind)
    def test_no_truth_value_is_asked_for(self, boundary):
        with pytest.raises(gs.GpusynError, match=r"^DistanceDelay\.boundary: "):
            gs.DistanceDelay(1.0, boundary=boundary)

    @pytest.mark.parametrize(
        ("times", "values", "error", "said"),
        [
            (
                [0, 1],
                [[1.0, np.nan], [1, 2]],
                ParameterError,
                r"values\[0, 1\]: must be a finite.*nan, 1 wrong of 4",
            ),
            ([1, 0], [[1, 2], [3, 4]], ParameterError, r"times\[1\]: must be later"),
            ([0, 1], [[1], [1], [2]], ParameterError, r"one row per time.*shape \(3, 1\) and 2 times\); make the two"),
            (
                [0, 1, 2],
                np.ones((2, 3)),
                ParameterError,
                r"\(2, 3\) and 3 times\); give the transpose, values\.T",
            ),
            ([0, 1], np.zeros((2, 0)), ParameterError, "at least one entry"),
            ([0, 1], np.zeros((2, 2, 2)), ArgumentError, r"a matrix \(times x neurons\).*shape \(2, 2, 2\)"),
            ([[0, 1]], [1, 2], ArgumentError, r"times: must be a sequence of finite numbers \(got shape \(1, 2\)\)"),
            ([0, 1], [[1, 2], [3]], ArgumentError, "a sequence or a matrix"),
            ([0, 1], [["a"], ["b"]], ArgumentError, "a sequence or a matrix"),
        ],
    )
    def test_columns_of_waveforms(self, times, values, error, said):
        with pytest.raises(error, match=rf"^Waveform\..*{said}"):
            gs.Waveform(times, values)

    def test_columns_of_integers(self):
        wave = gs.Waveform([0, 2], np.arange(4).reshape(2, 2))
        assert wave.values.dtype == np.float64
        assert (wave.columns, gs.Waveform([0], [1]).columns) == (2, None)
        assert repr(wave) == "Waveform(2 x 2 values, 0 to 2 ms, 'step')"
        with pytest.raises(ValueError, match="read-only"):
            wave.values[0, 0] = 5.0

    def test_samples_of_courses(self):
        wave, bath = gs.Waveform([0.0, 1.0], [1.0, 2.0]), gs.Network().infuse("CNQX", 1.0)
        for t in ("x", [[1.0], [2.0, 3.0]], None):
            for course in (wave, bath):
                with pytest.raises(ArgumentError, match=r"sample\(\)\.t: must be times in ms"):
                    course.sample(t)
        with pytest.raises(ParameterError, match=r"^Waveform\.sample\(\)\.t: must be a finite number"):
            wave.sample(np.nan)
        with pytest.raises(ArgumentError, match=r"^Waveform\.sample\(\)\.before"):
            wave.sample(1.0, before="x")
        with pytest.raises(ArgumentError, match=r"^MgBlock\.open_fraction\(\)\.V"):
            gs.MgBlock().open_fraction("x", 1.0)

    def test_shapes_that_do_not_fit_together(self):
        with pytest.raises(ParameterError, match=r"^gaddum\(\): .*shapes \(2,\) and \(3,\)"):
            gs.drugs.gaddum([1.0, 2.0], [1.0, 2.0, 3.0], EC50=1.0, K_b=1.0)

    def test_numbers_without_end(self):
        with pytest.raises(ParameterError, match=r"nernst\(\)\.valence: must be a whole number >= -100 and <= 100"):
            gs.measure.nernst(140.0, 10.0, valence=10**400)
        with pytest.raises(ParameterError, match="more values than fit into the memory"):
            gs.kinetics.Exponential(range(2**62))
        with pytest.raises(gs.GpusynError, match="states from 0 to 1, at most"):
            gs.kinetics.Markov([[0, 0.2], [0, 0]], [[0, 0], [1.1, 0]], np.broadcast_to(np.int8(1), (2**46,)))

    def test_spike_times(self):
        for times in ([[1.0], broken("array")], [broken("getattr")], recursive()):
            with pytest.raises(ArgumentError, match=r"^SpikeSource\.times"):
                gs.SpikeSource(times)
