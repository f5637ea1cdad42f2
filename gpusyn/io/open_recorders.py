"""The recorders in an open file: their datasets, which stay open, and the blocks of data that are appended to these."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gpusyn.errors import ParameterError
from gpusyn.io.file_layout import Stored, report_end
from gpusyn.results.recorded_neurons import in_order
from gpusyn.utils.typing import Array, Integers

# What the index of a dataset may need beside the data: for the dataset, for each chunk, and for each root of chunks,
# because the blocks of the index grow with the dataset. Measured for HDF5 1.10 and 2.0, with a reserve.
INDEX, INDEX_OF_CHUNK, INDEX_OF_ROOT = 8192, 128, 64


class OpenRecorder:
    """One recorder in an open file: its places and their datasets.

    HDF5 keeps what was written to a dataset until the dataset or the file is flushed. A dataset that were freed before
    would be written then, where h5py cannot raise an error.
    """

    datasets_of_place: tuple[str, ...]

    def __init__(self, item: Stored, file: Any) -> None:
        self.layout = item.layout
        self.neurons = item.layout.neurons()
        self.places = list(item.places())
        names = self.datasets_of_place
        self.datasets = [[file[f"{place.group}/{name}"] for name in names] for place in self.places]
        self.duration = 0.0

    def lengths(self, block: Any) -> list[int]:
        """Return the length of a block in each place."""
        raise NotImplementedError

    def write(self, block: Any, counts: Sequence[int]) -> None:
        """Write a block behind the first `counts` entries of each place."""
        raise NotImplementedError

    def room(self, before: Sequence[int], after: Sequence[int]) -> int:
        """Return the bytes that a file may grow by when its places grow from `before` to `after`."""
        places = zip(self.datasets, before, after, strict=True)
        return sum(_growth(dataset, old, new) for datasets, old, new in places if new > old for dataset in datasets)


def _growth(dataset: Any, before: int, after: int) -> int:
    deep, *wide = dataset.chunks
    across = math.prod(-(-width // chunk) for width, chunk in zip(dataset.shape[1:], wide, strict=True))
    chunks = (-(-after // deep) - -(-before // deep)) * across
    if not chunks:
        return 0
    size = math.prod(dataset.chunks) * dataset.dtype.itemsize
    roots = math.isqrt(-(-after // deep) * across)
    return int(chunks * (size + INDEX_OF_CHUNK) + roots * INDEX_OF_ROOT + INDEX)


def _put(dataset: Any, count: int, values: Array) -> None:
    if len(values):
        dataset.resize(count + len(values), axis=0)
        dataset[count:] = values


class OpenSpikes(OpenRecorder):
    """A spike recorder; a block holds times and positions in the recorded selection."""

    datasets_of_place = ("timestamps", "node_ids")

    def __init__(self, item: Stored, file: Any) -> None:
        super().__init__(item, file)
        self.last = -np.inf  # time of the last spike that was appended
        # Index of the place of each position in the selection, to divide spikes by population.
        self.slots = np.zeros(self.neurons.size, dtype=np.int64)
        for slot, place in enumerate(self.places):
            self.slots[place.columns] = slot

    def block(self, times: Any, ids: Any, where: str) -> tuple[Array, Array]:
        """Return spikes as a block, sorted by time; they must follow those of the blocks before."""
        time, index = in_order(np.asarray(times, dtype=np.float64), np.asarray(ids, dtype=np.int64))
        if len(time) and time[0] < self.last:
            raise ParameterError(
                f"{where}: spikes of {self.layout.name!r} must be appended in order of time "
                f"(got {time[0]:g} ms after {self.last:g} ms)"
            )
        return time, index

    def lengths(self, block: tuple[Array, Array]) -> list[int]:
        """Return the number of spikes of each population."""
        found: list[int] = np.bincount(self.slots[block[1]], minlength=len(self.places)).tolist()
        return found

    def write(self, block: tuple[Array, Array], counts: Sequence[int]) -> None:
        """Write spikes behind the first `counts` of each population."""
        times, ids = block
        slots = self.slots[ids]
        for slot, ((timestamps, node_ids), count) in enumerate(zip(self.datasets, counts, strict=True)):
            mine = slots == slot
            _put(timestamps, count, times[mine])
            _put(node_ids, count, self.neurons.local_ids[ids[mine]].astype(np.uint64))


class OpenFrames(OpenRecorder):
    """A recorder of traces; a block holds frames by variable."""

    datasets_of_place = ("data",)

    def __init__(self, item: Stored, file: Any) -> None:
        super().__init__(item, file)
        self.spans = [file[f"{place.group}/mapping/time"] for place in self.places]

    def block(self, values: Mapping[str, Any], where: str) -> dict[str, Array]:
        """Return frames as a block."""
        names = self.layout.variables
        frames = {name: np.asarray(values[name]) for name in names if name in values}
        shapes = {frame.shape for frame in frames.values()}
        shape = shapes.pop() if len(shapes) == 1 and len(frames) == len(names) else ()
        if len(shape) != 2 or shape[1] != self.neurons.size:
            given = {name: np.shape(array) for name, array in values.items()}
            raise ParameterError(
                f"{where}: frames of {self.layout.name!r} must be given for {', '.join(names)} together, "
                f"each of shape (frames, {self.neurons.size}) (got {given})"
            )
        return frames

    def lengths(self, block: Mapping[str, Array]) -> list[int]:
        """Return the number of frames of each place."""
        return [len(block[place.variable]) for place in self.places]

    def write(self, block: Mapping[str, Array], counts: Sequence[int]) -> None:
        """Write frames behind the first `counts` of each place."""
        for place, (data,), count in zip(self.places, self.datasets, counts, strict=True):
            _put(data, count, block[place.variable][:, _as_slice(place.columns)])

    def write_stops(self, before: Sequence[int], after: Sequence[int]) -> None:
        """Write the time at which each report ends that has become longer."""
        for span, old, new in zip(self.spans, before, after, strict=True):
            if new > old:
                span[1] = report_end(self.layout.start, self.layout.every, new)


def _as_slice(columns: Integers) -> Any:
    """Return consecutive columns as a slice, which avoids a copy; return other columns unchanged."""
    consecutive = len(columns) > 0 and bool(np.all(np.diff(columns) == 1))
    return slice(int(columns[0]), int(columns[-1]) + 1) if consecutive else columns


def open_recorder(item: Stored, file: Any) -> OpenSpikes | OpenFrames:
    """Return the recorder of a file that its contents describe."""
    return OpenSpikes(item, file) if item.layout.is_spikes else OpenFrames(item, file)
