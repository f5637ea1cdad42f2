"""A SONATA circuit of point neurons made of CSV tables: cells, edges between them, and spikes of virtual cells."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.errors import FileError
from gpusyn.io.atomic import replacing
from gpusyn.io.file_layout import MAGIC, VERSION, fixed_texts
from gpusyn.io.hdf5 import hdf5
from gpusyn.parameters.scalars import real, whole_steps
from gpusyn.sonata.csv_tables import CELLS, ENDS, CsvCells, CsvEdges, Kind, read_cells, read_edges, table_of
from gpusyn.sonata.parameters import VIRTUAL
from gpusyn.utils.typing import Floats

__all__ = ["write_circuit"]

MODELS = {"point_neuron_models_dir": "cell_models", "synaptic_models_dir": "synaptic_models"}  # folders of parameters
CELL_MODELS, SYNAPSE_MODELS = MODELS.values()
DEFAULT = "static_synapse"


def write_circuit(
    cells: Path, edges: Sequence[Path], out: Path, spikes: Path | None, duration: float, dt: float
) -> tuple[Path, str]:
    """Write a SONATA circuit with a configuration that runs it.

    Parameters
    ----------
    cells : pathlib.Path
        Table with the columns population, size and model_template, and one for each parameter. A line stands for `size`
        cells; those of a population are numbered from 0, in the order of its lines.
    edges : sequence of pathlib.Path
        Tables with the columns pre and post; weight, delay and model_template may be there too, and pre_population and
        post_population must be if there are several populations.
    out : pathlib.Path
        Folder, which must be empty or absent.
    spikes : pathlib.Path or None
        Spikes of virtual cells: a table that a configuration of SONATA can name.
    duration, dt : float
        Length of the run and time step (ms).

    Returns
    -------
    pathlib.Path
        Configuration, in `out`.
    str
        What the circuit has, in words.

    Raises
    ------
    FileError
        If a table is not as it must be, or `out` cannot be written or has files already.
    """
    real(dt, "--dt", unit="ms", low=1e-6, high=1e6)
    whole_steps(duration, dt, "--duration")
    found = read_cells(table_of(cells, CELLS))
    types: dict[str, int] = {}
    parts = named([part for path in edges for part in read_edges(table_of(path, ENDS), found, types)])
    if spikes is not None and not os.path.isfile(spikes):
        raise FileError(f"--spikes: no such file: {spikes}; correct the path")
    texts = {"config.json": as_json(configuration(found, parts, spikes is not None, duration, dt))}
    writers: dict[str, Callable[[Path], object]] = {}
    for name, kinds in found.kinds.items():
        writers[f"{name}_nodes.h5"] = partial(write_nodes, name=name, kinds=kinds)
        texts[f"{name}_node_types.csv"] = node_types(kinds)
        texts |= {
            f"{CELL_MODELS}/{kind.model_file}": as_json(kind.parameters) for kind in kinds if kind.template != VIRTUAL
        }
    for name, part in parts.items():
        writers[f"{name}_edges.h5"] = partial(write_edges, name=name, part=part)
        used = {template: number for template, number in types.items() if number in part.types}
        texts[f"{name}_edge_types.csv"] = edge_types(used)
    texts |= {f"{SYNAPSE_MODELS}/{model_file(name, number)}": as_json({}) for name, number in types.items()}
    writers |= {name: partial(write_text, text=text) for name, text in texts.items()}
    if spikes is not None:
        writers["spikes.csv"] = partial(shutil.copyfile, spikes)
    check_empty(out)
    for folder in MODELS.values():
        make_folder(out / folder)
    with replacing([out / name for name in writers]) as temporaries:
        for write, temporary in zip(writers.values(), temporaries, strict=True):
            write(temporary)
    virtual = sum(one.size for kinds in found.kinds.values() for one in kinds if one.template == VIRTUAL)
    total = sum(map(found.size, found.kinds))
    count = sum(len(part.types) for part in parts.values())
    said = f"{total - virtual:,} neurons and {virtual:,} virtual cells in {_counted(len(found.kinds), 'population')}"
    return out / "config.json", f"{said}, {_counted(count, 'edge')}"


def _counted(n: int, noun: str) -> str:
    """Return a number with its noun, as in ``1 edge``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def named(parts: Sequence[CsvEdges]) -> dict[str, CsvEdges]:
    """Return edge populations by their names, which name their ends, with a number behind it if there are more."""
    found: dict[str, CsvEdges] = {}
    for part in parts:
        name, number = f"{part.pre}_to_{part.post}", 2
        while name in found:
            name, number = f"{part.pre}_to_{part.post}_{number}", number + 1
        found[name] = part
    return found


def check_empty(out: Path) -> None:
    """Raise a FileError if a folder has files already."""
    try:
        full = os.path.lexists(out) and os.listdir(out)
    except OSError as error:
        raise FileError(f"--out: {out}: cannot be a folder ({error.strerror}); give another one") from None
    if full:
        raise FileError(f"--out: {out} is there already, and not empty; give another folder")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"--out: {folder}: cannot be made ({error.strerror}); give another folder") from None


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8."""
    path.write_text(text, encoding="utf-8")


def node_types(kinds: Sequence[Kind]) -> str:
    """Return the table of the types of a population; other tools take no empty template of one that is virtual."""
    if all(kind.template == VIRTUAL for kind in kinds):
        return as_csv([["node_type_id", "model_type"], *([str(kind.type_id), VIRTUAL] for kind in kinds)])
    rows = [["node_type_id", "model_type", "model_template", "dynamics_params"]]
    for kind in kinds:
        virtual = kind.template == VIRTUAL
        own = [VIRTUAL, "NULL", "NULL"] if virtual else ["point_neuron", kind.template, kind.model_file]
        rows.append([str(kind.type_id), *own])
    return as_csv(rows)


def edge_types(types: Mapping[str, int]) -> str:
    """Return the table of the types of edges, one for each template."""
    rows = [[str(number), name or DEFAULT, model_file(name, number)] for name, number in types.items()]
    return as_csv([["edge_type_id", "model_template", "dynamics_params"], *rows])


def model_file(template: str, number: int) -> str:
    """Return the name of the file of a synapse's parameters, in which there are none yet."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '_', template[:100] or DEFAULT)}_{number}.json"


def as_csv(rows: list[list[str]]) -> str:
    """Return a table with blanks between its fields."""
    text = io.StringIO()
    csv.writer(text, delimiter=" ", lineterminator="\n").writerows(rows)
    return text.getvalue()


def as_json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, indent=2) + "\n"


def configuration(
    cells: CsvCells, edges: Iterable[str], has_spikes: bool, duration: float, dt: float
) -> dict[str, Any]:
    """Return the configuration of a run."""
    sources = {"population": cells.virtual()}
    spikes = {"input_type": "spikes", "module": "csv", "input_file": "spikes.csv", "node_set": sources}
    return {
        "run": {"tstop": duration, "dt": dt},
        "components": MODELS,
        "networks": {
            kind + "s": [
                {f"{kind}s_file": f"{name}_{kind}s.h5", f"{kind}_types_file": f"{name}_{kind}_types.csv"}
                for name in names
            ]
            for kind, names in (("node", cells.kinds), ("edge", edges))
        },
        "inputs": {"spikes": spikes} if has_spikes else {},
        "output": {"output_dir": "output", "spikes_file": "spikes.h5", "log_file": "log.txt"},
    }


def begin(file: Any) -> None:
    """Mark a file as one of SONATA."""
    file.attrs["magic"] = np.uint32(MAGIC)
    file.attrs["version"] = np.array(VERSION, dtype=np.uint32)


def put_group(group: Any, kind: str, size: int, attributes: Mapping[str, Floats]) -> None:
    """Write the one group of attributes of a population."""
    group[f"{kind}_group_id"] = np.zeros(size, dtype=np.uint16)
    group[f"{kind}_group_index"] = np.arange(size, dtype=np.uint64)
    own = group.create_group("0")
    for name, values in attributes.items():
        own[name] = values


def write_nodes(path: Path, name: str, kinds: Sequence[Kind]) -> None:
    """Write the nodes of a population."""
    sizes = [kind.size for kind in kinds]
    with hdf5().File(path, "w") as file:
        begin(file)
        group = file.create_group(f"nodes/{name}")
        group["node_id"] = np.arange(sum(sizes), dtype=np.uint64)
        group["node_type_id"] = np.repeat(np.array([kind.type_id for kind in kinds], dtype=np.uint64), sizes)
        put_group(group, "node", sum(sizes), {})


def write_edges(path: Path, name: str, part: CsvEdges) -> None:
    """Write an edge population, in the order of its table."""
    with hdf5().File(path, "w") as file:
        begin(file)
        group = file.create_group(f"edges/{name}")
        for end, population, ids in zip(("source", "target"), (part.pre, part.post), part.pairs.T, strict=True):
            group[f"{end}_node_id"] = ids.astype(np.uint64)
            group[f"{end}_node_id"].attrs["node_population"] = fixed_texts([population])[0]
        group["edge_type_id"] = part.types.astype(np.uint64)
        put_group(group, "edge", len(part.types), part.attributes)
