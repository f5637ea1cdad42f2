"""SONATA configuration files: the circuit, the length of the run, the inputs and the outputs.

A configuration is one JSON file, or several that refer to each other (``"network"``, ``"simulation"``). A path may
begin with a variable from the ``manifest`` of its file; a relative path starts at the folder of the file. Format: Dai
et al. 2020, The SONATA data format for efficient description of large-scale network models,
doi:10.1371/journal.pcbi.1007696.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpusyn.errors import FileError
from gpusyn.parameters.scalars import public, real, show, whole_steps
from gpusyn.sonata.configured_inputs import Inputs, read_inputs
from gpusyn.sonata.configured_outputs import Report, check_outputs, read_output, read_reports
from gpusyn.sonata.configured_overrides import Override, read_overrides
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.sections import Section, load
from gpusyn.utils.paths import as_path
from gpusyn.utils.reprs import ShortRepr

__all__ = ["Config", "TableFiles", "configuration", "read_config"]

NETWORK_KEYS = ("manifest", "components", "networks", "target_simulator", "node_sets_file", "node_sets",
                "network", "simulation", "version", "metadata")  # fmt: skip
SIMULATION_KEYS = (*NETWORK_KEYS, "run", "conditions", "inputs", "output", "reports", "connection_overrides")


@dataclass(frozen=True)
class TableFiles:
    """One entry of ``networks.nodes`` or ``networks.edges``: an HDF5 file and the CSV of its types."""

    data: Path
    types: Path | None
    where: str


@dataclass(frozen=True, repr=False)
class Config(ShortRepr):
    """A SONATA simulation as its files describe it.

    Attributes
    ----------
    file : pathlib.Path
        File that was read first.
    nodes, edges : tuple of TableFiles
        Enabled entries of ``networks``, in their order.
    components : dict of str to pathlib.Path
        Folders of model files by their SONATA key, such as ``point_neuron_models_dir``.
    node_sets : dict
        Node sets as written in the files.
    dt, tstop : float
        Time step and end of the run (ms).
    v_init : float or None
        Initial membrane potential of every neuron (mV), if the files give one.
    inputs : tuple of SpikeInput, CurrentInput or ClampInput
        Enabled inputs.
    reports : tuple of Report
        Enabled reports, one for each variable.
    overrides : tuple of Override
        Changes of weights and delays between node sets.
    output_dir : pathlib.Path
        Folder of all files that a run writes.
    spikes_file : pathlib.Path or None
        File for the spikes; ``None`` if the configuration names none.
    spikes_order : {"by_time", "by_id", "none"}
        Order of the spikes in the file.
    log_file : pathlib.Path or None
        File for the lines that a run prints.
    overwrite : bool
        True if earlier results may be replaced.
    notes : tuple of str
        One sentence for each entry of the files that gpusyn does not use.
    """

    file: Path
    nodes: tuple[TableFiles, ...]
    edges: tuple[TableFiles, ...]
    components: Mapping[str, Path]
    node_sets: Mapping[str, Any]
    dt: float
    tstop: float
    v_init: float | None
    inputs: Inputs
    reports: tuple[Report, ...]
    output_dir: Path
    spikes_file: Path | None
    spikes_order: str
    log_file: Path | None
    overwrite: bool
    overrides: tuple[Override, ...] = ()
    notes: tuple[str, ...] = field(default=())


@public
def read_config(path: str | os.PathLike[str], out: str | os.PathLike[str] | None = None) -> Config:
    """Read a SONATA simulation configuration.

    Parameters
    ----------
    path : path-like
        JSON file; it contains ``run`` and ``networks``, or names the files that do.
    out : path-like, optional
        Folder for all files that a run writes, instead of ``output.output_dir``.

    Returns
    -------
    Config

    Raises
    ------
    ArgumentError
        If `path` or `out` is not a path.
    FileError
        If something is missing or malformed, or a file to write is outside the output folder or is one that the
        configuration reads; the message names the file, the key and the next move.
    ParameterError
        If a number is out of range.

    Notes
    -----
    No circuit file is opened yet.
    """
    return configuration(path, out, Findings())


def configuration(path: str | os.PathLike[str], out: str | os.PathLike[str] | None, findings: Findings) -> Config:
    """Read a configuration; where problems are kept, dt and tstop are NaN if they could not be read."""
    file = as_path(path, "read_config().path")
    if os.path.exists(file) and not os.path.isfile(file):  # a device may have no end
        raise FileError(f"{file}: is not a file; give the path of a JSON file")
    top = load(file)
    simulation = top.follow("simulation") if "simulation" in top else top
    network = find_network(top, simulation)
    note_unused(simulation, SIMULATION_KEYS, findings)
    if network.file != simulation.file:
        note_unused(network, NETWORK_KEYS, findings)
    dt, tstop, v_init = math.nan, math.nan, None
    with findings.step():
        check_whole(simulation)
    with findings.step():
        dt, tstop = read_run(simulation, findings)
    folder = None if out is None else as_path(out, "read_config().out")
    output = read_output(simulation.section("output"), folder, findings)
    reports = read_reports(simulation, output, dt, findings)
    with findings.step():
        check_outputs(output, reports, {path for place in (top, simulation, network) for path in files_of(place)})
    with findings.step():
        v_init = read_conditions(simulation.section("conditions"), findings)
    return Config(
        file=file,
        nodes=read_tables(network, "nodes", findings),
        edges=read_tables(network, "edges", findings),
        components=read_components(network, simulation),
        node_sets=read_node_sets(network) | read_node_sets(simulation) | read_node_sets(top),
        dt=dt,
        tstop=tstop,
        v_init=v_init,
        inputs=read_inputs(simulation, in_nanoampere(network, simulation), findings),
        reports=reports,
        output_dir=output.folder,
        spikes_file=output.spikes_file,
        spikes_order=output.spikes_order,
        log_file=output.log_file,
        overwrite=output.overwrite,
        overrides=read_overrides(simulation, findings),
        notes=tuple(findings.notes),
    )


def note_unused(section: Section, known: Iterable[str], findings: Findings) -> None:
    """Add a note for every key that is not one of the `known` ones."""
    for sentence in section.unused(known):
        findings.note(sentence)


def check_whole(simulation: Section) -> None:
    """Raise a FileError if only some of the nodes are to be simulated."""
    if simulation.data.get("node_set", "all") != "all":
        move = "gpusyn simulates all nodes; leave the key out, or the other nodes out of the circuit"
        raise simulation.error("node_set", f"must be absent ({show(simulation.data['node_set'])} given): {move}")


def in_nanoampere(*places: Section) -> bool:
    """Return True if the files are meant for NEURON, whose clamps are in nA."""
    return any("NEURON" in place.text("target_simulator", "").upper() for place in places)


def find_network(top: Section, simulation: Section) -> Section:
    """Return the section with ``networks``, in a file that `top` or `simulation` names, or in one of these two."""
    for place in (top, simulation):
        if "network" in place:
            found = place.follow("network")
            if "networks" in found:
                return found
            raise found.error("networks", 'missing; give "networks": {"nodes": [...], "edges": [...]}')
    for place in (simulation, top):
        if "networks" in place:
            return place
    raise top.error("network", 'missing; give the path of the circuit configuration, or "networks" itself')


def files_of(place: Section) -> Iterator[Path]:
    """Yield a configuration file and all files that it names for reading, in disabled entries too."""
    yield place.file
    waiting = [place]
    while waiting:
        section = waiting.pop()
        for key, value in section.data.items():
            if isinstance(value, str) and key.endswith("_file"):
                with suppress(FileError):  # a disabled entry may name an unknown variable
                    yield section.path(key)
            elif isinstance(value, dict | list) and key != "output":
                waiting += [section.child(key, one) for one in _objects(value)]


def _objects(value: dict[str, Any] | list[Any]) -> list[dict[str, Any]]:
    return [value] if isinstance(value, dict) else [one for one in value if isinstance(one, dict)]


def read_run(simulation: Section, findings: Findings) -> tuple[float, float]:
    """Return the time step and the length of the run."""
    if "run" not in simulation:
        move = 'give a simulation configuration with "run": {"tstop": ..., "dt": ...}'
        raise simulation.error("run", f"missing; {move}")
    run = simulation.section("run")
    ends = [key for key in ("tstop", "duration") if key in run] or ["tstop"]
    dt, tstop = run.number("dt", "ms"), run.number(ends[0], "ms")
    for key, value in (("dt", dt), (ends[0], tstop)):
        if value <= 0:
            raise run.error(key, f"must be above 0 ms (got {value:g})")
    if run.number(ends[-1], "ms") != tstop:
        raise run.error(ends[-1], f"must be tstop, {tstop:g} ms, since a run starts at 0 ms; keep one of the two")
    whole_steps(tstop, dt, run.where(ends[0]))
    if run.number("tstart", "ms", 0.0) != 0:
        raise run.error("tstart", "must be 0, since a gpusyn run starts at 0 ms; shift the input times instead")
    # nsteps_block is the interval at which other tools flush to disk; it has no influence on results.
    note_unused(run, ("dt", "tstop", "duration", "tstart", "nsteps_block"), findings)
    return dt, tstop


def read_tables(network: Section, kind: str, findings: Findings) -> tuple[TableFiles, ...]:
    """Return the enabled entries of ``networks.nodes`` or ``networks.edges``."""
    tables = []
    singular = kind.removesuffix("s")
    before = len(findings.problems)
    for entry in network.section("networks").sections(kind):
        with findings.step():
            if not entry.flag("enabled", True):
                findings.note(f"{entry.where('enabled')}: false; {entry.text(f'{kind}_file', '?')} is left out")
                continue
            types = f"{singular}_types_file"
            tables.append(
                TableFiles(
                    data=entry.existing(f"{kind}_file"),
                    types=entry.existing(types) if types in entry else None,
                    where=entry.where(f"{kind}_file"),
                )
            )
            note_unused(entry, (f"{kind}_file", types, "enabled"), findings)
    if kind == "nodes" and not tables and len(findings.problems) == before:
        raise network.error("networks.nodes", "has no enabled entry; give at least one nodes_file")
    return tuple(tables)


def read_components(*places: Section) -> dict[str, Path]:
    return {
        key: section.path(key)
        for place in places
        for section in [place.section("components")]
        for key in section.data
        if key in section
    }


def read_node_sets(place: Section) -> dict[str, Any]:
    sets: dict[str, Any] = {}
    if "node_sets_file" in place:
        sets |= load(place.existing("node_sets_file")).data
    return sets | dict(place.section("node_sets").data)


def read_conditions(conditions: Section, findings: Findings) -> float | None:
    """Return the initial potential (mV), if it is given."""
    if "celsius" in conditions:
        celsius = conditions.number("celsius", "degC")
        findings.note(f"{conditions.where('celsius')}: {celsius:g} degC has no effect on these models")
    note_unused(conditions, ("celsius", "v_init"), findings)
    if "v_init" not in conditions:
        return None
    return real(conditions.number("v_init", "mV"), conditions.where("v_init"), unit="mV", potential=True)
