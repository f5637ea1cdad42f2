"""Reading results back: one file or a directory, of a finished, a running or a killed simulation."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.checks import nearest, one_of, public
from gpusyn.errors import FileError, UnknownNameError
from gpusyn.io.contents import Piece, pieces_of, read_spikes, read_traces
from gpusyn.io.hdf5 import SUFFIXES, as_path, reading
from gpusyn.io.repair import repair
from gpusyn.spike_data import SpikeData
from gpusyn.trace_data import TraceData

__all__ = ["Results", "open_results", "repair"]


@public
def open_results(path: Any) -> Results:
    """Open what a simulation has recorded.

    Parameters
    ----------
    path : path-like
        A file that ``save()`` or a recorder's ``file=`` has written, finished, still growing or left by a killed
        run; a directory written by ``save()``; or SONATA files of another simulator.

    Returns
    -------
    Results
        What is there now; open it again to see more of a running simulation.

    Raises
    ------
    FileError
        If there is no such file, it cannot be read, or holds no results.
    MissingDependencyError
        If h5py is not installed.

    Notes
    -----
    SONATA says nothing of silent neurons or of how long was recorded, so for the files of other simulators the
    recorded neurons are those that spiked, and recording ends with the last spike.

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
    where = as_path(path, "open_results().path")
    pieces: list[Piece] = []
    finished = True
    for file in _files(where):
        with reading(file) as content:
            pieces += pieces_of(content, file)
            finished = finished and not _flagged(file)
    if not pieces:
        raise FileError(
            f"{where}: holds neither /spikes nor reports of SONATA; give a file or directory of results"
        )
    if any(piece.directory for piece in pieces):
        pieces = [piece for piece in pieces if piece.directory]
    return Results(where, pieces, finished)
