"""Junk of every kind, by name: what a caller can give where something else is asked for.

Each entry is a function without arguments or of the world, so that every call gets an object of its own.
"""

from __future__ import annotations

import array
import datetime
import decimal
import enum
import fractions
import io
import pathlib
import types
import unittest.mock
import warnings

import numpy as np

import gpusyn as gs


class Broken(Exception):
    """What an object raises that cannot be used."""


def broken(*names):
    """Return an object whose special methods of these names raise."""

    def fail(self, *args, **options):
        raise Broken("this object cannot be used")

    return type("Broken" + "".join(names).title().replace("_", ""), (), {f"__{name}__": fail for name in names})()


class BrokenPath(pathlib.PurePosixPath):
    def __fspath__(self):
        raise Broken("no path")


class BytesPath:
    def __fspath__(self):
        return b"x.h5"


class Colour(enum.IntEnum):
    RED = 1


class Float(float):
    def __repr__(self):
        raise Broken("no repr")


class Unit:
    """A quantity of a units package whose dimension is another one."""

    units = "metre"

    def to(self, unit):
        raise ValueError(f"cannot convert to {unit}")


class Series:
    """What pandas gives: an array with an index of its own, and a truth value that raises."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)

    def __len__(self):
        return len(self.values)

    def __getitem__(self, key):
        raise KeyError(key)

    def __eq__(self, other):
        return Series(self.values == other)

    def __bool__(self):
        raise ValueError("The truth value of a Series is ambiguous")

    __hash__ = None


def recursive():
    found = []
    found.append(found)
    return found


def recursive_dict():
    found = {}
    found["AMPA"] = found
    return found


def deep():
    found = 1.0
    for _ in range(3000):
        found = [found]
    return found


def matrix():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asmatrix([[1.0, 2.0]])


def closed_file():
    file = io.StringIO("1.0")
    file.close()
    return file


NUMBERS = {
    "none": lambda: None,
    "true": lambda: True,
    "numpy_true": lambda: np.True_,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "minus_inf": lambda: float("-inf"),
    "minus_one": lambda: -1,
    "zero": lambda: 0,
    "one": lambda: 1,
    "half": lambda: 0.5,
    "seven": lambda: 7,
    "huge_int": lambda: 2**70,
    "minus_huge_int": lambda: -(2**70),
    "larger_than_float": lambda: 10**400,
    "many_digits": lambda: 10**5000,
    "int64_limit": lambda: 2**63 - 1,
    "uint64_limit": lambda: np.uint64(2**64 - 1),
    "large_float": lambda: 1e308,
    "subnormal": lambda: 5e-324,
    "complex": lambda: 1j,
    "decimal": lambda: decimal.Decimal("0.1"),
    "decimal_nan": lambda: decimal.Decimal("sNaN"),
    "fraction": lambda: fractions.Fraction(1, 3),
    "float16": lambda: np.float16(0.1),
    "long_double": lambda: np.longdouble("1e4000"),
    "timedelta64": lambda: np.timedelta64(1, "ms"),
    "no_timedelta64": lambda: np.timedelta64("NaT"),
    "datetime64": lambda: np.datetime64("2026-01-01"),
    "timedelta": lambda: datetime.timedelta(1),
    "enum": lambda: Colour.RED,
    "float_without_repr": lambda: Float(1.0),
}

TEXTS = {
    "empty_text": lambda: "",
    "letter": lambda: "x",
    "number_text": lambda: "1.0",
    "zero_byte": lambda: "\0",
    "path_with_zero_byte": lambda: "a\0b.h5",
    "surrogate": lambda: "\ud800",
    "surrogate_path": lambda: "\ud800.h5",
    "right_to_left": lambda: "\u202ex",
    "blank": lambda: " ",
    "line_break": lambda: "a\nb",
    "slash": lambda: "a/b",
    "braces": lambda: "{trial!r:{}}",
    "long_text": lambda: "x" * 100_000,
    "long_path": lambda: "x" * 300 + ".h5",
    "bytes": lambda: b"x",
    "bytes_not_utf8": lambda: b"\xff\xfe",
    "bytearray": lambda: bytearray(b"x"),
    "numpy_text": lambda: np.str_("x"),
    "numpy_bytes": lambda: np.bytes_(b"x"),
    "path": lambda: pathlib.Path("x.h5"),
    "path_in_no_folder": lambda: pathlib.Path("no/folder/x.h5"),
    "path_of_bytes": lambda: BytesPath(),
    "path_that_raises": lambda: BrokenPath("x.h5"),
}

ARRAYS = {
    "array_0d": lambda: np.array(1.0),
    "array_0d_text": lambda: np.array("x"),
    "array_empty": lambda: np.array([]),
    "array_one": lambda: np.array([1.0]),
    "array_2d": lambda: np.ones((2, 2)),
    "array_of_no_rows": lambda: np.ones((0, 3)),
    "array_objects": lambda: np.array([1, None], dtype=object),
    "array_huge_ints": lambda: np.array([10**400], dtype=object),
    "array_texts": lambda: np.array(["a", "b"]),
    "array_bools": lambda: np.array([True, False]),
    "array_complex": lambda: np.array([1j]),
    "array_times": lambda: np.array([1, 2], "timedelta64[ms]"),
    "array_records": lambda: np.zeros(2, [("a", "f8"), ("b", "U3")]),
    "array_recarray": lambda: np.rec.array([(1.0, 2)], dtype=[("values", "f8"), ("b", "i4")]),
    "array_void": lambda: np.zeros(2, "V8"),
    "array_beyond_memory": lambda: np.broadcast_to(np.float64(1.0), (2**46,)),
    "array_beyond_memory_ints": lambda: np.broadcast_to(np.int8(1), (2**46,)),
    "array_many_dimensions": lambda: np.ones((1,) * 30),
    "array_strided": lambda: np.arange(40.0)[::4],
    "array_reversed": lambda: np.arange(10.0)[::-1],
    "array_big_endian": lambda: np.arange(10.0, dtype=">f8"),
    "array_uint64": lambda: np.array([2**64 - 1], np.uint64),
    "array_long_double": lambda: np.array(["1e4000"], np.longdouble),
    "array_nan": lambda: np.array([np.nan, 1.0]),
    "array_masked": lambda: np.ma.array([1.0, 2.0], mask=[True, False]),
    "array_all_masked": lambda: np.ma.masked,
    "matrix": matrix,
    "memoryview": lambda: memoryview(b"abc"),
    "array_module": lambda: array.array("d", [1.0, 2.0]),
    "series": lambda: Series([1.0, 2.0]),
    "series_texts": lambda: Series(["a", "b"]),
}

CONTAINERS = {
    "empty_list": lambda: [],
    "list": lambda: [1.0, 2.0],
    "list_of_texts": lambda: ["x", "y"],
    "list_of_none": lambda: [None],
    "list_of_bools": lambda: [True],
    "list_of_nan": lambda: [float("nan")],
    "list_of_huge_ints": lambda: [10**400],
    "list_of_int_limits": lambda: [2**63, -1],
    "list_of_lists": lambda: [[0.0, 1.0], [2.0, 3.0]],
    "ragged": lambda: [[1.0], [2.0, 3.0]],
    "ragged_depth": lambda: [1.0, [2.0]],
    "ragged_arrays": lambda: [np.ones(2), np.ones((2, 2))],
    "recursive_list": recursive,
    "recursive_dict": recursive_dict,
    "deep_list": deep,
    "empty_tuple": lambda: (),
    "tuple": lambda: (1, 2, 3),
    "set": lambda: {1.0},
    "frozenset": lambda: frozenset("ab"),
    "empty_dict": lambda: {},
    "dict": lambda: {"AMPA": float("nan")},
    "dict_of_numbers": lambda: {1: 2},
    "dict_of_none": lambda: {None: None},
    "mapping": lambda: types.MappingProxyType({"x": [1.0]}),
    "generator": lambda: (x for x in [1.0, 2.0]),
    "generator_that_raises": lambda: (1 / x for x in [0]),
    "map": lambda: map(float, ["x"]),
    "range": lambda: range(10),
    "endless_range": lambda: range(2**62),
    "range_beyond_len": lambda: range(2**70),
    "slice": lambda: slice(None),
}

OBJECTS = {
    "object": object,
    "ellipsis": lambda: ...,
    "not_implemented": lambda: NotImplemented,
    "type": lambda: type,
    "class": lambda: gs.LIF,
    "class_of_rule": lambda: gs.AllToAll,
    "class_of_distribution": lambda: gs.Normal,
    "class_of_error": lambda: ValueError,
    "module": lambda: gs,
    "lambda": lambda: lambda *args, **options: 1.0,
    "mock": lambda: unittest.mock.Mock(),
    "magic_mock": lambda: unittest.mock.MagicMock(),
    "mock_of_network": lambda: unittest.mock.Mock(spec=gs.Network),
    "mock_of_population": lambda: unittest.mock.Mock(spec=gs.Population),
    "closed_file": closed_file,
    "other_unit": Unit,
    "broken_repr": lambda: broken("repr"),
    "broken_str": lambda: broken("str", "repr", "format"),
    "broken_array": lambda: broken("array"),
    "broken_float": lambda: broken("float", "int", "index"),
    "broken_len": lambda: broken("len"),
    "broken_eq": lambda: broken("eq", "hash"),
    "broken_bool": lambda: broken("bool"),
    "broken_iter": lambda: broken("iter", "getitem", "contains"),
    "broken_attributes": lambda: broken("getattr"),
    "broken_path": lambda: broken("fspath"),
    "broken_all": lambda: broken("repr", "array", "len", "iter", "eq", "hash", "bool", "float", "index", "getattr"),
}

#: Objects of gpusyn in the wrong place; each is made from the world.
OURS = {
    "network": lambda w: w.net,
    "other_network": lambda w: w.other,
    "population": lambda w: w.E,
    "source_population": lambda w: w.bg,
    "selection": lambda w: w.E[:3],
    "population_of_other_network": lambda w: w.foreign,
    "projection": lambda w: w.projection,
    "projection_of_other_network": lambda w: w.foreign_projection,
    "recorder": lambda w: w.spike_recorder,
    "recorder_of_other_network": lambda w: w.foreign_recorder,
    "drive": lambda w: w.drive,
    "rule": lambda w: gs.AllToAll(),
    "model": lambda w: gs.LIF(),
    "receptor": lambda w: gs.AMPA(),
    "kinetics": lambda w: gs.kinetics.Exponential(2.0),
    "distribution": lambda w: gs.Uniform(0.5, 1.0),
    "waveform": lambda w: gs.Waveform([0.0, 1.0], [1.0, 2.0]),
    "columns": lambda w: gs.Waveform([0.0, 1.0], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    "ratio": lambda w: gs.Ratio("AMPA", 0.5),
    "drug": lambda w: gs.drugs.LIBRARY["CNQX"],
    "spikes": lambda w: w.spikes,
    "traces": lambda w: w.traces,
    "closed_simulator": lambda w: w.closed,
}

JUNK = {
    name: (lambda w, make=make: make())
    for group in (NUMBERS, TEXTS, ARRAYS, CONTAINERS, OBJECTS)
    for name, make in group.items()
} | OURS
