"""Files of a simulation on several ranks: each rank streams to a file of its own, and one more is their index.

The index says what all ranks record together, in the same notes as any result file, and which files hold it. It holds
no data, and does not change while the simulation runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.atomic import replacing
from gpusyn.io.checked import Group, opened
from gpusyn.io.creation import LIBRARY
from gpusyn.io.file_layout import FilePlace, Noted, RecorderLayout, arrange, fixed_texts, read_notes, write_notes
from gpusyn.io.formats import check_format
from gpusyn.io.hdf5 import hdf5
from gpusyn.io.piece import Piece, identity_of
from gpusyn.io.provenance import Provenance, read_provenance, write_provenance
from gpusyn.io.stored_values import DAMAGED
from gpusyn.utils.typing import Integers
from gpusyn.utils.version import __version__

ROOT = "ranks"
FILES = f"{ROOT}/files"
FORMAT = 1  # see docs/versions.md
SAME = ("seed", "trial", "dt", "precision", "weights", "start")  # of the files of one simulation


def rank_file(path: Path, rank: int) -> Path:
    """Return the file to which a rank streams, beside the index.

    >>> rank_file(Path("run.h5"), 2).name
    'run.rank2.h5'
    """
    return path.with_name(f"{path.stem}.rank{rank}{path.suffix}")


def write_index(
    path: Path,
    recorders: Sequence[RecorderLayout],
    files: Sequence[Path],
    ranks: int,
    provenance: Provenance,
    outdated: Sequence[Path] = (),
) -> None:
    """Write the index of files that are there, in place of what has its name, and remove outdated files.

    Parameters
    ----------
    path : Path
        The index.
    recorders : sequence of RecorderLayout
        What all ranks record together.
    files : sequence of Path
        The files, beside the index.
    ranks : int
        Number of ranks, of which some may have no file.
    provenance : Provenance
        Facts of the simulation.
    outdated : sequence of Path
        Files that an older index named.

    Raises
    ------
    FileError
        If it cannot be written; what was there is unchanged.
    """
    with replacing([path], outdated) as (temporary,), hdf5().File(temporary, "w", libver=LIBRARY[False]) as file:
        root = file.create_group(ROOT)
        root.attrs["format"] = np.int64(FORMAT)
        root.attrs["version"] = fixed_texts([__version__])[0]
        root.attrs["ranks"] = np.int64(ranks)
        root.create_dataset("files", data=fixed_texts([one.name for one in files]))
        write_notes(root, arrange(recorders, directory=False).get("", []))
        write_provenance(root, provenance)


class Index(NamedTuple):
    """What an index says: the recorders of all ranks, their files, facts of the simulation, and the number of ranks."""

    path: Path
    recorders: Sequence[Noted]
    files: Sequence[Path]
    provenance: Mapping[str, object]
    ranks: int


def read_index(file: Group) -> Index | None:
    """Return what an open file says as an index; None if it is another kind of file.

    Raises
    ------
    FileError
        If it is damaged, or a newer version of gpusyn wrote it.
    """
    if ROOT not in file:
        return None
    check_format(file, ROOT, FORMAT)
    names, root = file.texts(FILES), file.group(ROOT)
    notes = read_notes(root)
    if notes is None or any(Path(name).name != name for name in names):
        raise file.error(ROOT, f"does not say which files hold the recordings; {DAMAGED}")
    files = [file.file.with_name(name) for name in names]
    return Index(file.file, notes, files, read_provenance(root), int(file.attribute_number(ROOT, "ranks")))


def index_at(path: Path) -> Index | None:
    """Return the index at a place; None if there is no file, or another one.

    Raises
    ------
    FileError
        If it is an index, but damaged, or a newer version of gpusyn wrote it.
    """
    if not path.is_file() or not path.stat().st_size:
        return None
    is_open = False
    try:
        with opened(path) as file:
            is_open = True
            return read_index(file)
    except FileError:
        if is_open:
            raise
        return None


def check_files_there(index: Index) -> None:
    """Raise a FileError if a file of a rank is missing."""
    missing = [one.name for one in index.files if not one.is_file()]
    if missing:
        raise FileError(
            f"{index.path}: {missing[0]} is missing, which holds what one of {index.ranks} ranks has recorded; "
            "put it back beside this file"
        )


def check_same(index: Index, part: Path, told: Mapping[str, object]) -> None:
    """Raise a FileError if the file of a rank is from another simulation than the index."""
    for name in SAME:
        if told.get(name) != index.provenance.get(name):
            raise FileError(
                f"{part}: holds a simulation with {name} {told.get(name)}, and {index.path.name} is the index of one "
                f"with {index.provenance.get(name)}; put the file back that was written with it"
            )


def pieces_of_ranks(index: Index, parts: Sequence[Sequence[Piece]]) -> list[Piece]:
    """Return the pieces of the files of all ranks, as parts of what they record together.

    Of each recorder, the one of the rank that has recorded for the shortest time comes first.

    Raises
    ------
    FileError
        If a rank has recorded something else than the index says.
    """
    found: list[Piece] = []
    for noted in index.recorders:
        own = [piece for part in parts for piece in part if piece.layout.name == noted.stored.layout.name]
        found += sorted((_placed(piece, noted) for piece in own), key=lambda piece: piece.duration) or [
            Piece(
                index.path, identity_of(index.path), noted.stored.layout, noted.stored.order,
                noted.stored.variable_order, (), (), 0.0, True, False,
            )
        ]  # fmt: skip
    return found


def _placed(piece: Piece, noted: Noted) -> Piece:
    """Return a piece with the columns that its neurons have among those of all ranks."""
    whole = {place.population: place for place in noted.places}
    places = tuple(replace(place, columns=_columns(place, whole, piece.file)) for place in piece.places)
    layout = replace(noted.stored.layout, variables=piece.layout.variables)
    return replace(piece, layout=layout, order=noted.stored.order, places=places)


def _columns(place: FilePlace, whole: Mapping[str, FilePlace], file: Path) -> Integers:
    known = whole.get(place.population)
    ids = known.node_ids if known is not None else place.node_ids[:0]
    at = np.searchsorted(ids, place.node_ids)
    if known is None or (len(at) and not (len(ids) and np.array_equal(ids.take(at, mode="clip"), place.node_ids))):
        raise FileError(
            f"{file}: has recorded neurons of {place.population!r} of which the index says nothing; put the file back "
            "that was written with it"
        )
    return known.columns[at]


def names_of_ranks(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files that are named by those of some files that are indices."""
    for path in paths:
        index = index_at(path)
        if index is not None:
            yield from index.files
