"""Recorders: the variables that are recorded, their neurons, the sampling interval and the file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from gpusyn.errors import ArgumentError, FileError, ParameterError, UnknownNameError
from gpusyn.network.populations import Population, Selection
from gpusyn.network.projections import Projection
from gpusyn.network.rewiring import rewiring_of
from gpusyn.parameters.scalars import flag, nearest, public, show
from gpusyn.parameters.units import as_integers
from gpusyn.utils.calls import Hinting
from gpusyn.utils.paths import as_path
from gpusyn.utils.reprs import ShortRepr
from gpusyn.utils.typing import Integers

__all__ = ["Recorder"]

#: Variables of the models and receptors of gpusyn, from which type checkers see that a list of them means traces.
TraceName = Literal[
    "V", "u", "w", "m", "h", "n", "theta", "theta_spike", "theta_voltage", "asc_1", "asc_2", "Ca",
    "g_AMPA", "g_NMDA", "g_GABA_A", "g_GABA_B", "I_AMPA", "I_NMDA", "I_GABA_A", "I_GABA_B", "B_NMDA", "h_NMDA",
]  # fmt: skip


@public
@dataclass(frozen=True, eq=False, repr=False)
class Recorder(ShortRepr, Hinting):
    """A recording; made by :meth:`gpusyn.Network.record`, and the key of its data in ``sim.data``.

    Attributes
    ----------
    name : str
        Name, unique in the network.
    source : Selection or Projection
        Recorded neurons, or the projection whose synapses are recorded.
    variables : tuple of str
        ``("spikes",)``, or the names of traces such as ``("V", "g_AMPA")``.
    every : float or None
        Sampling interval (ms); ``None``: every step is sampled.
    file : str or None
        Absolute path of the file to which the data are streamed; ``None``: the data stay in memory.
    overwrite : bool
        True if a result that is in the file already may be replaced.
    start : float
        Time after which is recorded (ms).
    stop : float or None
        Time up to which is recorded, itself included (ms); ``None``: without end.
    """

    _MADE_BY: ClassVar[str] = "net.record(source, variables)"

    name: str
    source: Selection | Projection
    variables: tuple[str, ...]
    every: float | None
    file: str | None
    overwrite: bool = False
    start: float = 0.0
    stop: float | None = None

    @property
    def is_spikes(self) -> bool:
        """True if spikes are recorded, False if traces are recorded."""
        return self.variables == ("spikes",)


class SpikeRecorder(Recorder):
    """A recorder of spikes, whose data are a SpikeData: the type of ``net.record(cells, "spikes")``.

    Attributes
    ----------
    name, source, variables, every, file, overwrite, start, stop : object
        As for :class:`gpusyn.Recorder`.
    """

    source: Selection

    @property
    def is_spikes(self) -> Literal[True]:
        """True: spikes are recorded."""
        return True


class TraceRecorder(Recorder):
    """A recorder of traces, whose data are a TraceData: the type of ``net.record(cells, "V")``.

    Attributes
    ----------
    name, source, variables, every, file, overwrite, start, stop : object
        As for :class:`gpusyn.Recorder`.
    """

    source: Selection

    @property
    def is_spikes(self) -> Literal[False]:
        """False: traces are recorded."""
        return False


@public
@dataclass(frozen=True, eq=False, repr=False)
class SynapseRecorder(Recorder):
    """A recorder of synapses, whose data are a SynapseData: the type of ``net.record(projection, "weight")``.

    Attributes
    ----------
    name, source, variables, every, file, overwrite, start, stop : object
        As for :class:`gpusyn.Recorder`; `source` is the projection.
    synapses : ndarray of int64, or None
        Recorded synapses: positions in the order of ``sim.weights(projection)``; ``None``: all of them.
    """

    _MADE_BY: ClassVar[str] = "net.record(projection, variables)"

    source: Projection
    synapses: Integers | None = None

    @property
    def is_spikes(self) -> Literal[False]:
        """False: traces of synapses are recorded."""
        return False


class RecorderPair(NamedTuple):
    """The two recorders that one call made: the type of ``net.record(cells, ["spikes", "V"])``.

    Attributes
    ----------
    spikes : SpikeRecorder
        Recorder of the spikes.
    traces : TraceRecorder
        Recorder of the traces.
    """

    spikes: SpikeRecorder
    traces: TraceRecorder


def checked_variables(variables: Any, source: Selection | Projection, where: str) -> tuple[str, ...]:
    """Return the names of the variables that the projection, or every population of the selection has.

    Raises
    ------
    ArgumentError
        If `variables` is neither a name nor a sequence of names.
    ParameterError
        If there is none, one is named twice, or the synapses of the projection are rewired.
    UnknownNameError
        If the projection or a population has no such variable.
    """
    names = (variables,) if isinstance(variables, str) else variables
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise ArgumentError(f'{where}: must be "spikes", or names such as ["V", "g_AMPA"] (got {show(variables)})')
    if not names:
        raise ParameterError(f"{where}: must name at least one variable (got none)")
    twice = [name for k, name in enumerate(names) if name in names[:k]]
    if twice:
        raise ParameterError(f"{where}: {twice[0]!r} is named twice; name it once")
    if isinstance(source, Projection) and rewiring_of(source.plasticity) is not None:
        raise ParameterError(
            f"{where}: the synapses of projection {source.name!r} are replaced by Rewiring, so none can be followed; "
            "read sim.weights() and sim.get() between runs"
        )
    for name in names:
        if isinstance(source, Projection):
            _check_synaptic(name, source, where)
            continue
        for population in source.populations:
            _check_variable(name, population, where)
    return tuple(names)


def _check_variable(name: str, population: Population, where: str) -> None:
    if name == "spikes" or name in population.variables:
        return
    known = ["spikes", *population.variables]
    if population.is_source:
        raise UnknownNameError(
            f"{where}: {population.name!r} is a {population.model.kind}, which has no {show(name)}; known here: spikes"
        )
    raise UnknownNameError(
        f"{where}: population {population.name!r} has no variable {show(name)}{nearest(name, known)}; "
        f"known here: {', '.join(known)}"
    )


def _check_synaptic(name: str, projection: Projection, where: str) -> None:
    known = projection.variables
    if name not in known:
        raise UnknownNameError(
            f"{where}: projection {projection.name!r} has no variable {show(name)}{nearest(name, known)}; "
            f"known here: {', '.join(known)}"
        )


def checked_synapses(synapses: Any, projection: Projection, where: str) -> Integers | None:
    """Return the positions of chosen synapses; None for all.

    Raises
    ------
    ArgumentError
        If something else than whole numbers is given.
    ParameterError
        If there are none, they do not increase, or one is negative or beyond a number of synapses that is known.
    """
    if synapses is None:
        return None
    must = "must be positions in the order of sim.weights(), which increase"
    at = np.atleast_1d(as_integers(synapses, where, must)).copy()
    if at.ndim != 1 or not at.size:
        raise ParameterError(f"{where}: {must}, at least one (got shape {at.shape}); leave it out for all synapses")
    if at[0] < 0 or (np.diff(at) <= 0).any():
        raise ParameterError(f"{where}: {must}, from 0 on (got {show(synapses)}); sort them, and give each once")
    check_beyond(at, projection.size, where)
    at.flags.writeable = False
    return at


def check_beyond(synapses: Integers, count: int | None, where: str) -> None:
    """Refuse positions of synapses beyond their number, if it is known.

    Raises
    ------
    ParameterError
        If the last one is beyond it.
    """
    if count is not None and synapses.size and synapses[-1] >= count:
        last = f"the last of {count} synapses is {count - 1}" if count else "there are no synapses"
        raise ParameterError(f"{where}: {last} (got {synapses[-1]}); choose among those of sim.weights()")


def checked_file(file: Any, where: str) -> str | None:
    """Return a path as text, made absolute, or ``None``.

    Raises
    ------
    ArgumentError
        If the file is not a path.
    ParameterError
        If the path is empty, or has a name that no file can have.
    FileError
        If the path is relative and the working directory is gone.
    """
    if file is None:
        return None
    path = as_path(file, where)
    try:
        return os.path.abspath(path)
    except OSError:
        raise FileError(
            f"{where}: the working directory is gone; give an absolute path (got {show(str(path))})"
        ) from None


def checked_overwrite(overwrite: Any, file: str | None, recorders: Iterable[Recorder], where: str) -> bool:
    """Return whether a result in the file of a new recorder may be replaced; those that share a file must agree.

    Raises
    ------
    ArgumentError
        If `overwrite` is not a bool.
    ParameterError
        If a recorder of the same file has another value.
    """
    replace: bool = flag(overwrite, where)
    for other in recorders:
        shared = file and other.file and os.path.realpath(other.file) == os.path.realpath(file)
        if shared and other.overwrite is not replace:
            raise ParameterError(
                f"{where}: recorder {other.name!r} shares the file {file} and has overwrite={other.overwrite}; "
                f"give both the same (got {replace})"
            )
    return replace
