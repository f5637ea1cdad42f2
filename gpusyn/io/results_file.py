"""Reading of results from a file or a directory of a finished, running or killed simulation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from gpusyn.errors import FileError
from gpusyn.io.checked import opened
from gpusyn.io.hdf5 import SUFFIXES, hdf5, superblock_of
from gpusyn.io.held_file import being_written
from gpusyn.io.joined_spikes import joined, widest
from gpusyn.io.piece import Piece
from gpusyn.io.provenance import STATES, origin_of, read_provenance, status, was_killed
from gpusyn.io.rank_files import Index, check_files_there, check_same, index_at, pieces_of_ranks, read_index
from gpusyn.io.reader import pieces_of, read_spikes, read_traces
from gpusyn.io.repair import repair
from gpusyn.parameters.scalars import one_of, public
from gpusyn.results.by_name import ByName, ByRecorder
from gpusyn.results.recorded_neurons import described, name_of
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.trace_data import TraceData
from gpusyn.utils.immutable import ReadOnlyDict
from gpusyn.utils.paths import as_path
from gpusyn.utils.reprs import headed, shortened

__all__ = ["Results", "open_results", "repair"]


@public
def open_results(path: Any) -> Results:
    """Open the recorded data of a simulation.

    Parameters
    ----------
    path : path-like
        File written by ``save()`` or by a recorder's ``file=`` (finished, still growing, or left by a killed run), a
        directory written by ``save()``, or SONATA files of another simulator. Of a simulation on several ranks, it is
        the file that the recorder was given: the index of the files of all ranks, which must be beside it.

    Returns
    -------
    Results
        Data that are in the file now; open it again to see later data of a running simulation.

    Raises
    ------
    ArgumentError
        If `path` is not a path.
    FileError
        If there is no such file, it cannot be read, it contains no results, or a newer version of gpusyn wrote it.
    MissingDependencyError
        If h5py is not installed.

    Notes
    -----
    SONATA does not store silent neurons or the length of the recording. For files of other simulators, the recorded
    neurons are therefore those that spiked, and the recording ends with the last spike. Times may be in any unit that
    the file names, in ms without one. The old layout (``/spikes/gids``) names no population: its neurons are those of
    ``"All"``. A report of a population without a mapping from columns to neurons is left out, with a warning.

    Examples
    --------
    >>> import tempfile
    >>> from gpusyn.io import save
    >>> spikes = SpikeData([("E", 3, None)], [1.5, 2.0], [2, 0], duration=100.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/run.h5", {"E:spikes": spikes}, {})
    ...     results = open_results(f"{folder}/run.h5")
    ...     results.spikes == spikes, results.recorders, results.finished
    (True, ('E:spikes',), True)
    """
    hdf5()
    where = as_path(path, "open_results().path")
    found: dict[Path, _Content] = {}
    for file in _files(where):
        content = _content_of(file)
        if content.pieces:
            found[file] = content
    chosen = _one_result(where, found)
    state = min((found[file].state for file in chosen), key=STATES.index)
    return Results(where, [piece for file in chosen for piece in found[file].pieces], found[chosen[0]].told, state)


class _Content(NamedTuple):
    """What is in a file: the pieces of its recorders, what it says of its origin, its state, and the files of ranks."""

    pieces: list[Piece]
    told: Mapping[str, Any]
    state: str
    parts: Sequence[Path] = ()


def _content_of(file: Path) -> _Content:
    flagged = superblock_of(file).flagged
    written = flagged and being_written(file)
    with opened(file) as content:
        if (index := read_index(content)) is not None:
            return _of_ranks(index)
        # Its time is read before its data, to which a running simulation may add meanwhile.
        told, pieces, killed = read_provenance(content), pieces_of(content), was_killed(content)
    state = status(told, flagged, written, killed)
    return _Content(pieces, _as_far_as(pieces, told) if written else told, state)


def _of_ranks(index: Index) -> _Content:
    """Return what the files of all ranks hold together, as far as all of them go."""
    check_files_there(index)
    parts = []
    for file in index.files:
        if index_at(file) is not None:
            raise FileError(f"{index.path}: names {file.name}, which is an index itself; the file is damaged")
        parts.append(_content_of(file))
        check_same(index, file, parts[-1].told)
    pieces = pieces_of_ranks(index, [part.pieces for part in parts])
    told = [part.told for part in parts] or [index.provenance]
    reached = [one["reached"] for one in told if "reached" in one]
    whole = dict(told[0]) | ({"reached": min(reached)} if reached else {}) | {"ranks": index.ranks}
    state = min((part.state for part in parts), key=STATES.index, default="finished")
    return _Content(pieces, whole, state, index.files)


def _files(path: Path) -> list[Path]:
    """Return the file itself, or the result files of a directory."""
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
    visible = [file for file in files if not file.name.startswith(".")]
    if not visible:
        raise FileError(f"{path}: is a directory without result files (.h5); give a file or directory of results")
    return visible


def _as_far_as(pieces: list[Piece], told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the provenance of a file that is being written, whose time is that of the data that were read."""
    reached = max((piece.layout.start + piece.duration for piece in pieces if piece.duration), default=0.0)
    return {**told, "reached": reached} if reached > told.get("reached", math.inf) + 1e-6 else told


def _one_result(path: Path, contents: Mapping[Path, _Content]) -> list[Path]:
    """Return the files that belong to one result."""
    of_ranks = {part.resolve() for content in contents.values() for part in content.parts}
    found = {file: content.pieces for file, content in contents.items() if file.resolve() not in of_ranks}
    if not found:
        raise FileError(
            f"{path}: contains neither spikes nor reports in SONATA's layout; give a result file "
            "(what was saved as .nwb is read by neo.io.NWBIO)"
        )
    directory = [file for file, pieces in found.items() if pieces[0].directory]
    single = [file for file, pieces in found.items() if pieces[0].noted and not pieces[0].directory]
    if not directory and len(single) > 1:
        names = ", ".join(file.name for file in single)
        raise FileError(f"{path}: contains several results; open one of them ({names})")
    return directory or single or list(found)


class Results(ByRecorder):
    """Recorded spikes and traces in files, from :func:`open_results`; each is read on first access and then kept.

    It is a mapping by recorder: ``results[recorder]`` equals ``sim.data[recorder]`` of the simulation. `spikes` and
    `traces` are shorter if there is one recorder of each kind. `spikes` of several recorders are joined, each neuron
    once; it raises a ParameterError if they recorded at different times, unless one has recorded all that the other
    has. All parameters but `pieces` are attributes.

    Parameters
    ----------
    path : pathlib.Path
        File or directory that was opened.
    pieces : list of Piece
        Parts of the recorders' data and the places where they are stored.
    provenance : mapping of str
        What the file says of the simulation: ``version`` (of gpusyn), ``seed``, ``trial``, ``dt`` (ms), ``precision``,
        ``backend``, ``start`` (UTC, ISO 8601), and the durations ``planned`` and ``reached`` (ms). Files of earlier
        versions and of other simulators say less, and those to which several ``ranks`` streamed say their number.
    status : {"finished", "interrupted", "running", "killed"}
        ``"running"`` while a simulation writes the file, ``"killed"`` if its simulation ended without closing it (also
        after ``gpusyn repair``; SIGKILL, SIGTERM and a crash do this),
        ``"interrupted"`` if the file was closed before the planned duration was reached. On systems without file locks,
        a file that another process writes counts as killed.

    Attributes
    ----------
    finished : bool
        True if the planned duration was reached and the file was closed.
    """

    def __init__(self, path: Path, pieces: list[Piece], provenance: Mapping[str, Any], status: str) -> None:
        self.path = path
        self.provenance = ReadOnlyDict(provenance)
        self.status = status
        self._recorders: dict[str, list[Piece]] = {}
        for piece in sorted(pieces, key=lambda piece: piece.order):
            self._recorders.setdefault(piece.layout.name, []).append(piece)
        self._read: dict[str, SpikeData | TraceData] = {}

    @property
    def finished(self) -> bool:
        """True if the planned duration was reached and the file was closed."""
        return self.status == "finished"

    @property
    def recorders(self) -> tuple[str, ...]:
        """Names of the recorders, in the order of their creation."""
        return tuple(self._recorders)

    def _data_of(self, recorder: Any) -> SpikeData | TraceData:
        """Return the data of one recorder, given by name or as the recorder itself."""
        name = one_of(name_of(recorder), self._recorders, f"{self.path}: recorder")
        if name not in self._read:
            pieces = self._recorders[name]
            if pieces[0].layout.is_spikes:
                found: SpikeData | TraceData = read_spikes(pieces if pieces[0].noted else pieces[:1])
            else:
                found = read_traces(pieces)
            self._read[name] = found._of_simulation(origin_of(self.provenance))
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._recorders)

    def __len__(self) -> int:
        return len(self._recorders)

    @property
    def spikes(self) -> SpikeData:
        """Spikes of all spike recorders, joined; those that recorded at different times cannot be."""
        pieces = {name: pieces[0] for name, pieces in self._recorders.items() if pieces[0].layout.is_spikes}
        names = widest(pieces, str(self.path))
        recorded = [data for data in map(self.__getitem__, names) if isinstance(data, SpikeData)]
        return recorded[0] if len(recorded) == 1 else joined(recorded)._of_simulation(origin_of(self.provenance))

    @cached_property
    def traces(self) -> Mapping[str, TraceData]:
        """TraceData by variable, from the first recorder that has the variable."""
        homes: dict[str, list[Piece]] = {}
        for pieces in self._recorders.values():
            order = {
                variable: at
                for piece in pieces
                for at, variable in zip(piece.variable_order, piece.layout.variables, strict=False)
            }
            for variable in sorted(order, key=order.__getitem__):
                homes.setdefault(variable, pieces)
        return _Traces(self.path, homes, origin_of(self.provenance))

    @property
    def time(self) -> float:
        """Time up to which data are recorded (ms)."""
        if "reached" in self.provenance:
            return float(self.provenance["reached"])
        reached = [0.0]
        for pieces in self._recorders.values():
            layout = pieces[0].layout
            count = min((count for piece in pieces for count in piece.counts), default=0)
            last = layout.start + (count - 1) * layout.every
            reached.append(layout.start + pieces[0].duration if layout.is_spikes else last if count else 0.0)
        return max(reached)

    def __repr__(self) -> str:
        state = self.status + (" at" if self.status in ("killed", "interrupted") else ",")
        planned = self.provenance.get("planned", self.time)
        until = f"{self.time:g} ms" if self.time >= planned else f"{self.time:g} of {planned:g} ms"
        recorders = (f"{name}: {self._describe(pieces)}" for name, pieces in self._recorders.items())
        return headed(f"Results({str(self.path)!r}, {state} {until})", recorders)

    def _describe(self, pieces: list[Piece]) -> str:
        neurons = described(pieces[0].layout.populations)
        if pieces[0].layout.is_spikes:
            return f"{sum(sum(piece.counts) for piece in pieces)} spikes of {neurons}"
        names = dict.fromkeys(variable for piece in pieces for variable in piece.layout.variables)
        variables = ", ".join(shortened(names))
        return f"{variables} of {neurons}, every {pieces[0].layout.every:g} ms"


class _Traces(ByName[TraceData]):
    """TraceData by variable, read on first access."""

    def __init__(self, path: Path, homes: dict[str, list[Piece]], origin: str) -> None:
        self._path, self._homes, self._origin = path, homes, origin
        self._read: dict[str, TraceData] = {}

    def __getitem__(self, variable: Any) -> TraceData:
        name = one_of(variable, self._homes, f"{self._path}: variable")
        if name not in self._read:
            self._read[name] = read_traces(self._homes[name], name)._of_simulation(self._origin)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)

    def __repr__(self) -> str:
        return f"traces of {', '.join(self._homes) or 'nothing'}"
