"""Files of recorders of a network that is spread on several ranks: one for each rank, and an index that rank 0 writes.

A rank has no file where it owns none of the neurons or synapses that are recorded to it. Everything is checked on all
ranks before any file is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from gpusyn.distributed.gathering import Gathered
from gpusyn.distributed.ranks import Ranks
from gpusyn.io.atomic import replacing
from gpusyn.io.checkpoint_streams import Cut
from gpusyn.io.continued_files import check_continued, write_continued
from gpusyn.io.file_layout import SPIKES, RecorderLayout
from gpusyn.io.provenance import Provenance
from gpusyn.io.rank_files import names_of_ranks, rank_file, write_index
from gpusyn.io.targets import check_target
from gpusyn.network.recorder import Recorder, SpikeRecorder, TraceRecorder
from gpusyn.simulation.file_streams import Streams, by_file, check_files, may_replace
from gpusyn.simulation.logs import SampleLog, SpikeLog, parts_of
from gpusyn.simulation.synapse_log import SynapseLog


def check_spread_files(recorders: Iterable[Recorder], trial: int, ranks: Ranks | None) -> None:
    """Check that recorders may write their files, on one of several ranks or in one process; nothing is touched.

    Raises
    ------
    FileError
        If a file is there that must not be replaced, or the place cannot be written.
    MissingDependencyError
        If h5py is not installed.
    """
    if ranks is None or ranks.rank == 0:
        check_files(recorders, trial)
    if ranks is not None:
        for path, mine in by_file(recorders, trial).items():
            check_target(rank_file(path, ranks.rank), may_replace(mine))


class SpreadStreams(Streams):
    """The files to which one of several ranks streams; every method but those of a running simulation is collective.

    Parameters
    ----------
    logs : mapping of str to SpikeLog or SampleLog
        What this rank records.
    described : mapping of str to Recorder
        What all ranks record together.
    gathered : Gathered
        The ranks.
    dt, provenance, begins
        As for `Streams`.
    """

    def __init__(
        self,
        logs: Mapping[str, SpikeLog | SampleLog],
        described: Mapping[str, Recorder],
        gathered: Gathered,
        dt: float,
        provenance: Provenance,
        begins: bool = True,
    ) -> None:
        self._ranks, self._described = gathered.ranks, described
        self._whole = {
            name: _whole_layout(log, described[name], gathered) for name, log in logs.items() if not log.in_memory
        }
        for log in logs.values():
            log.in_memory |= log.file_layout().neurons().size == 0  # it keeps samples without a column
        self._silent = {name: log for name, log in logs.items() if name in self._whole and log.in_memory}
        self._indices: set[Path] = set()
        start = self._ranks.objects(provenance.start)[0]
        super().__init__(logs, dt, replace(provenance, start=start), begins)

    def _all(self, trial: int) -> dict[Path, list[Recorder]]:
        """Return what all ranks record to each file, in the order of one process."""
        return by_file((self._described[name] for name in self._whole), trial)

    def _contents(self, trial: int) -> dict[Path, list[Recorder]]:
        files = {
            path: [self.logs[r.name].recorder for r in mine if r.name in self.logs]
            for path, mine in self._all(trial).items()
        }
        return {rank_file(path, self._ranks.rank): mine for path, mine in files.items() if mine}

    # ---- a new simulation ----
    def _check_all(self, trial: int) -> None:
        super()._check_all(trial)
        if self._ranks.rank == 0:
            for path, mine in self._all(trial).items():
                if path not in self._indices:
                    check_target(path, may_replace(mine))
        self._wait()

    def _created(self, provenance: Provenance, outdated: list[Path], unused: bool) -> None:
        super()._created(provenance, outdated, unused)
        paths = self._index(provenance)
        if self._ranks.rank == 0 and unused:
            for path in self._indices - paths:
                path.unlink(missing_ok=True)
        self._indices = paths
        self._wait()

    def _index(self, provenance: Provenance) -> set[Path]:
        """Let rank 0 write the index of each file when all ranks have theirs; return the indices."""
        contents = self._all(provenance.trial)
        files = self._ranks.objects(set(self.files))
        for path, mine in contents.items() if self._ranks.rank == 0 else ():
            own = (rank_file(path, rank) for rank in range(self._ranks.size))
            kept = [file for rank, file in enumerate(own) if file in files[rank]]
            outdated = [file for file in names_of_ranks([path]) if file not in kept]
            write_index(path, [self._whole[r.name] for r in mine], kept, self._ranks.size, provenance, outdated)
        return set(contents)

    def _wait(self) -> None:
        """Wait for all ranks; if one has failed, all do."""
        self._ranks.objects(None)

    # ---- a checkpoint ----
    def keep(self, step: int) -> dict[str, list[int]]:
        """Let all files be complete up to step `step`; return the length of each place on all ranks, by recorder.

        Raises
        ------
        FileError
            If a file cannot be written.
        """
        mine = {}
        for name, counts in super().keep(step).items():
            mine[name] = dict(zip(_places(self.logs[name].file_layout()), counts, strict=True))
        told = self._ranks.objects(mine)
        found = {}
        for name, layout in self._whole.items():
            parts = [one[name] for one in told if name in one]
            join = sum if layout.is_spikes else max
            found[name] = [join([part[key] for part in parts if key in part] or [0]) for key in _places(layout)]
        return found

    def resume(self, counts: Mapping[str, list[int]], step: int) -> None:
        """Go on with all files from step `step` on, at which they had these lengths on all ranks.

        Raises
        ------
        FileError
            If a file is not that of this simulation, ends before, or cannot be written; none was changed.
        """
        self.time = self.planned = step * self.dt
        provenance = replace(self._provenance, planned=self.time, reached=self.time)
        contents = self._all(provenance.trial)
        cuts = {path: self._cut([r.name for r in mine], counts) for path, mine in contents.items()}
        for path, cut in cuts.items():
            check_continued(path, cut, provenance)
        own = {rank_file(path, self._ranks.rank): self._own(cut) for path, cut in cuts.items()}
        own = {path: layouts for path, layouts in own.items() if layouts}
        before = {rank_file(path, self._ranks.rank): path for path in cuts}
        lengths = {}
        with ExitStack() as stack:
            temporaries = stack.enter_context(replacing(list(own))) if own else []
            for temporary, (path, layouts) in zip(temporaries, own.items(), strict=True):
                old = before[path]
                lengths[path] = write_continued(old, temporary, layouts, cuts[old], self.time, provenance)
            self._wait()
        self._open({path: Cut(layouts, lengths[path]) for path, layouts in own.items()})
        self._indices = self._index(provenance)
        for name, log in self._silent.items():
            _put_samples(log, max(counts[name], default=0))
        self._wait()

    def _cut(self, names: list[str], counts: Mapping[str, list[int]]) -> Cut:
        return Cut([self._whole[name] for name in names], {name: counts[name] for name in names})

    def _own(self, cut: Cut) -> list[RecorderLayout]:
        """Return what this rank records of a file."""
        names = (layout.name for layout in cut.recorders)
        return [self.logs[name].file_layout() for name in names if name in self.logs]


def _whole_layout(log: SpikeLog | SampleLog, recorder: Recorder, gathered: Gathered) -> RecorderLayout:
    """Return the description of what all ranks record together."""
    layout = log.file_layout()
    if isinstance(log, SynapseLog):
        n = len(log.all_wanted)
        pre, post = (gathered.whole(one, log.chosen, n) for one in log.pairs)
        ((name, _, _),) = layout.populations
        return replace(layout, populations=[(name, n, log.all_wanted)], pairs=(pre, post))
    assert isinstance(recorder, SpikeRecorder | TraceRecorder)
    units = {variable: recorder.source.parts[0].population.variables[variable] for variable in layout.variables}
    return replace(layout, populations=parts_of(recorder), units=units)


def _places(layout: RecorderLayout) -> list[tuple[str, str]]:
    """Return variable and population of each place of a recorder in a file, in their order."""
    names = layout.neurons().names
    return [(variable, name) for variable in layout.variables or (SPIKES,) for name in names]


def _put_samples(log: SpikeLog | SampleLog, frames: int) -> None:
    """Let a recorder that has nothing here have had so many samples."""
    if isinstance(log, SampleLog):
        log.put({variable: np.zeros((frames, 0), log.dtypes[variable]) for variable in log.rows})
