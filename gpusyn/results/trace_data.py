"""Recorded variables: membrane potentials, conductances, currents, gates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import instance, one_of, public, real, show
from gpusyn.parameters.units import as_array, as_floats
from gpusyn.results.recorded_neurons import RecordedData, RecordedPart, described, ends_of, inside, sample_times
from gpusyn.utils.immutable import ReadOnlyDict
from gpusyn.utils.reprs import shortened
from gpusyn.utils.typing import Array, Floats, Integers


class TraceData(RecordedData):
    """Sampled variables of recorded neurons; ``data["V"]`` is an array of shape (n_samples, n_ids).

    Two are equal (``==``) if all their bits are equal.

    Parameters
    ----------
    populations : sequence of (str, int, array_like or None)
        As for :class:`SpikeData`.
    variables : mapping of str to array_like, shape (n_samples, n_ids)
        Samples of each variable; one column per recorded neuron, in the order of the union.
    t : array_like, shape (n_samples,)
        Times of the samples (ms), equally spaced; stored as ``gpusyn.results.sample_times`` computes them.
    units : mapping of str to str
        Unit of each variable.
    every : float, optional
        Time between samples (ms); needed only if there are fewer than two samples.

    Attributes
    ----------
    t : ndarray of float64, shape (n_samples,)
        Times of the samples (ms).
    every : float
        Time between samples (ms).
    values : mapping of str to ndarray, shape (n_samples, n_ids)
        Samples of each variable, float32 or float64 as recorded.
    units : mapping of str to str
        Unit of each variable.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If shapes do not fit or the times are not equally spaced.

    Examples
    --------
    >>> V = [[-60.0, -61.0], [-59.5, -60.5], [-59.0, -60.0]]
    >>> traces = TraceData([("E", 2, None)], {"V": V}, [0.5, 1.0, 1.5], {"V": "mV"})
    >>> traces
    TraceData(V (mV), 3 samples every 0.5 ms, of E (2))
    >>> traces["V"].shape, traces.units["V"], traces.ids.tolist()
    ((3, 2), 'mV', [0, 1])
    """

    @public
    def __init__(
        self,
        populations: Sequence[RecordedPart],
        variables: Mapping[str, npt.ArrayLike],
        t: npt.ArrayLike,
        units: Mapping[str, str],
        every: float | None = None,
    ) -> None:
        super().__init__(populations)
        given = as_floats(t, "TraceData.t", "ms", "must be times in ms", copy=False)
        self.every = _spacing(given, every)
        # All times are computed in one way, so that they have the same bits here and after reading from a file.
        self.t: Floats = sample_times(float(given[0]), self.every, len(given)) if len(given) else given
        shape = (len(self.t), self._neurons.size)
        instance(variables, Mapping, "TraceData.variables", "a dict of samples by variable")
        instance(units, Mapping, "TraceData.units", "a dict of units by variable")
        arrays = {name: _samples(name, values, shape) for name, values in variables.items()}
        self.values: Mapping[str, Array] = ReadOnlyDict(arrays)
        self.units: Mapping[str, str] = ReadOnlyDict({name: units.get(name, "") for name in arrays})

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the recorded variables."""
        return tuple(self.values)

    @property
    def ids(self) -> Integers:
        """Position in the recorded selection of each column, shape (n_ids,)."""
        return np.arange(self.size, dtype=np.int64)

    @property
    def population(self) -> npt.NDArray[np.str_]:
        """Population name of each column, shape (n_ids,)."""
        return self._neurons.name_of(self.ids)

    @property
    def local_ids(self) -> Integers:
        """Id of each column's neuron in its own population, shape (n_ids,)."""
        return self._neurons.local_ids

    @public
    def select(self, population: Any) -> TraceData:
        """Return the traces of some of the recorded neurons.

        Parameters
        ----------
        population : str, Population or Selection
            Recorded neurons; a whole population stands for those of its neurons that were recorded.

        Returns
        -------
        TraceData
            Their traces, in the order of the selection.

        Raises
        ------
        ArgumentError
            If neither a name nor a selection is given.
        ParameterError
            If a neuron was not recorded.
        UnknownNameError
            If the population was not recorded.
        """
        positions = self._neurons.positions(population, "TraceData.select().population")
        chosen = {name: array[:, positions] for name, array in self.values.items()}
        found = TraceData(self._neurons.parts_at(positions), chosen, self.t, self.units, self.every)
        return found._of_simulation(self._origin)

    def _with(self, values: Mapping[str, Array], t: Floats) -> Self:
        """Return other samples of what was recorded."""
        return type(self)(self.populations, values, t, self.units, self.every)._of_simulation(self._origin)

    @public
    def between(self, start: float | None = None, stop: float | None = None) -> Self:
        """Return the samples of an interval.

        Parameters
        ----------
        start, stop : float, optional
            Interval (start, stop] (ms), open at its start as in NEST.

        Returns
        -------
        TraceData
            Traces of the same neurons, or synapses.

        Raises
        ------
        ArgumentError
            If an argument is not a number.
        ParameterError
            If `stop` lies before `start`.

        Examples
        --------
        >>> traces = TraceData([("E", 1, None)], {"V": [[-60.0], [-59.0], [-58.0]]}, [0.5, 1.0, 1.5], {"V": "mV"})
        >>> traces.between(0.5, 1.5).t
        array([1. , 1.5])
        """
        part = inside(self.t, *ends_of(start, stop, "TraceData.between()"))
        return self._with({name: array[part] for name, array in self.values.items()}, self.t[part])

    def __getitem__(self, variable: str) -> Array:
        return self.values[one_of(variable, self.values, type(self).__name__)]

    def __contains__(self, variable: object) -> bool:
        return isinstance(variable, str) and variable in self.values

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.t)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TraceData):
            return NotImplemented
        return (
            type(self) is type(other)
            and self._neurons.same(other._neurons)
            and self.units == other.units
            and np.array_equal(self.t, other.t)
            and all(_same_bits(array, other.values[name]) for name, array in self.values.items())
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        listed = ", ".join(shortened(f"{name} ({self.units[name]})" for name in self.values))
        return f"{type(self).__name__}({listed}, {len(self)} samples every {self.every:g} ms, of {self._recorded()})"

    def _recorded(self) -> str:
        """Return what was recorded, in words."""
        return described(self.populations)

    def _name(self, column: int) -> str:
        """Return the name of one recorded neuron or synapse, such as ``E[12]``."""
        return f"{self.population[column]}[{self.local_ids[column]}]"

    @public
    def to_xarray(self) -> Any:
        """Return an ``xarray.Dataset`` with one variable per recorded variable.

        Returns
        -------
        xarray.Dataset
            Dimensions time (ms) and id; units are in ``attrs``.

        Raises
        ------
        MissingDependencyError
            If xarray is not installed.
        """
        from gpusyn.results.export import traces_to_xarray

        return traces_to_xarray(self)

    @public
    def to_neo(self, name: str | None = None) -> Any:
        """Return a ``neo.Block`` with one segment that has one ``AnalogSignal`` per variable.

        Parameters
        ----------
        name : str, optional
            Name of the block and of its segment; by default ``"V+g_AMPA of E, seed 1, trial 3"``, with the variables
            and populations.

        Returns
        -------
        neo.Block
            Signals named after their variables, with the array annotations ``population``, ``local_id`` and ``id``.
            Neo's writer of NWB renames them, in the file and in the block, to ``"<name of the segment> V 0"``.

        Raises
        ------
        ArgumentError
            If the name is not a str.
        MissingDependencyError
            If neo is not installed.
        """
        from gpusyn.results.export import traces_to_neo

        return traces_to_neo(self, name)


def _samples(name: Any, values: Any, shape: tuple[int, int]) -> Array:
    """Return the samples of one variable, float32 or float64 as they are given."""
    where = f"TraceData.{instance(name, str, 'TraceData.variables', 'a dict of samples by variable name')}"
    must = f"must have shape {shape}, samples x neurons"
    array = as_array(values, where, must)
    if array.dtype.kind not in "iuf":
        raise ArgumentError(f"{where}: {must}, of numbers (got {show(values)})")
    if array.shape != shape:
        raise ParameterError(f"{where}: {must} (got {array.shape})")
    return array


def _spacing(t: Floats, every: float | None) -> float:
    """Return the time between samples, after a check that all of them are equally spaced."""
    if t.ndim != 1:
        raise ParameterError(f"TraceData.t: must be one-dimensional (got shape {t.shape})")
    Limits("ms").check(t, "TraceData.t")
    if every is None:
        every = float(t[-1] - t[0]) / (len(t) - 1) if len(t) > 1 else 0.0
    every = real(every, "TraceData.every", unit="ms", low=0.0)
    if len(t) > 1 and not (every > 0 and np.all(np.abs(np.diff(t) - every) <= 1e-6 * every)):
        raise ParameterError(
            f"TraceData.t: samples must be equally spaced, {every:g} ms apart "
            f"(got spacings of {np.diff(t).min():g} to {np.diff(t).max():g} ms)"
        )
    return every


def _same_bits(a: Array, b: Array) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
