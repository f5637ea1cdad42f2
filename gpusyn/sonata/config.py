"""SONATA configuration files: the circuit, the length of the run, the inputs and the outputs.

A configuration is one JSON file, or several that refer to each other (``"network"``, ``"simulation"``). A path may
begin with a variable from the ``manifest`` of its file; a relative path starts at the folder of the file. Format: Dai
et al. 2020, The SONATA data format for efficient description of large-scale network models,
doi:10.1371/journal.pcbi.1007696.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpusyn.errors import FileError
from gpusyn.parameters.scalars import public, real, whole_steps
from gpusyn.sonata.configured_outputs import Report, check_outputs, read_output, read_reports
from gpusyn.sonata.sections import Section, load
from gpusyn.utils.paths import as_path
from gpusyn.utils.reprs import ShortRepr

__all__ = ["Config", "SpikeInput", "TableFiles", "read_config"]

NETWORK_KEYS = ("manifest", "components", "networks", "target_simulator", "node_sets_file", "node_sets",
                "network", "simulation")  # fmt: skip
SIMULATION_KEYS = (*NETWORK_KEYS, "run", "conditions", "inputs", "output", "reports")


@dataclass(frozen=True)
class TableFiles:
    """One entry of ``networks.nodes`` or ``networks.edges``: an HDF5 file and the CSV of its types."""

    data: Path
    types: Path | None
    where: str


@dataclass(frozen=True)
class SpikeInput:
    """One entry of ``inputs``: a spike file for the nodes of a node set."""

    name: str
    file: Path
    node_set: Any
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
    inputs : tuple of SpikeInput
        Enabled inputs.
    reports : tuple of Report
        Enabled reports.
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
    inputs: tuple[SpikeInput, ...]
    reports: tuple[Report, ...]
    output_dir: Path
    spikes_file: Path | None
    spikes_order: str
    log_file: Path | None
    overwrite: bool
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
    file = as_path(path, "read_config().path")
    if os.path.exists(file) and not os.path.isfile(file):  # a device may have no end
        raise FileError(f"{file}: is not a file; give the path of a JSON file")
    top = load(file)
    simulation = top.follow("simulation") if "simulation" in top else top
    network = find_network(top, simulation)
    if "run" not in simulation:
        move = 'give a simulation configuration with "run": {"tstop": ..., "dt": ...}'
        raise simulation.error("run", f"missing; {move}")
    notes = simulation.unused(SIMULATION_KEYS)
    notes += network.unused(NETWORK_KEYS) if network.file != simulation.file else []
    dt, tstop = read_run(simulation.section("run"), notes)
    folder = None if out is None else as_path(out, "read_config().out")
    output = read_output(simulation.section("output"), folder, notes)
    reports = read_reports(simulation, output, dt, notes)
    check_outputs(output, reports, {path for place in (top, simulation, network) for path in files_of(place)})
    return Config(
        file=file,
        nodes=read_tables(network, "nodes", notes),
        edges=read_tables(network, "edges", notes),
        components=read_components(network, simulation),
        node_sets=read_node_sets(network) | read_node_sets(simulation) | read_node_sets(top),
        dt=dt,
        tstop=tstop,
        v_init=read_conditions(simulation.section("conditions"), notes),
        inputs=read_inputs(simulation, notes),
        reports=reports,
        output_dir=output.folder,
        spikes_file=output.spikes_file,
        spikes_order=output.spikes_order,
        log_file=output.log_file,
        overwrite=output.overwrite,
        notes=tuple(notes),
    )


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


def read_run(run: Section, notes: list[str]) -> tuple[float, float]:
    dt, tstop = run.number("dt", "ms"), run.number("tstop", "ms")
    for key, value in (("dt", dt), ("tstop", tstop)):
        if value <= 0:
            raise run.error(key, f"must be above 0 ms (got {value:g})")
    whole_steps(tstop, dt, run.where("tstop"))
    if run.number("tstart", "ms", 0.0) != 0:
        raise run.error("tstart", "must be 0, since a gpusyn run starts at 0 ms; shift the input times instead")
    # nsteps_block is the interval at which other tools flush to disk; it has no influence on results.
    notes += run.unused(("dt", "tstop", "tstart", "nsteps_block"))
    return dt, tstop


def read_tables(network: Section, kind: str, notes: list[str]) -> tuple[TableFiles, ...]:
    """Return the enabled entries of ``networks.nodes`` or ``networks.edges``."""
    tables = []
    singular = kind.removesuffix("s")
    for entry in network.section("networks").sections(kind):
        if not entry.flag("enabled", True):
            notes.append(f"{entry.where('enabled')}: false; {entry.text(f'{kind}_file', '?')} is left out")
            continue
        types = f"{singular}_types_file"
        tables.append(
            TableFiles(
                data=entry.existing(f"{kind}_file"),
                types=entry.existing(types) if types in entry else None,
                where=entry.where(f"{kind}_file"),
            )
        )
        notes += entry.unused((f"{kind}_file", types, "enabled"))
    if kind == "nodes" and not tables:
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


def read_conditions(conditions: Section, notes: list[str]) -> float | None:
    if "celsius" in conditions:
        celsius = conditions.number("celsius", "degC")
        notes.append(f"{conditions.where('celsius')}: {celsius:g} degC has no effect on these models")
    notes += conditions.unused(("celsius", "v_init"))
    if "v_init" not in conditions:
        return None
    return real(conditions.number("v_init", "mV"), conditions.where("v_init"), unit="mV", potential=True)


def read_inputs(simulation: Section, notes: list[str]) -> tuple[SpikeInput, ...]:
    inputs = []
    for name in simulation.section("inputs").data:
        entry = simulation.section("inputs").section(name)
        if not entry.flag("enabled", True):
            notes.append(f"{entry.where('enabled')}: false; the input is left out")
            continue
        for key, allowed in (("input_type", ("spikes",)), ("module", ("h5", "sonata"))):
            if entry.text(key) not in allowed:
                listed = " or ".join(f'"{one}"' for one in allowed)
                move = 'leave the input out with "enabled": false, or add it in Python (net.inject, net.drive)'
                raise entry.error(key, f'"{entry.text(key)}" is not known; gpusyn reads {listed}; {move}')
        if "node_set" not in entry:
            raise entry.error("node_set", "missing; name the node set to which the spikes belong")
        inputs.append(SpikeInput(name, entry.existing("input_file"), entry.data["node_set"], entry.where()))
        notes += entry.unused(("enabled", "input_type", "module", "node_set", "input_file"))
    return tuple(inputs)
