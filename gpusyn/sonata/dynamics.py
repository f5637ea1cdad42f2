"""Values of ``dynamics_params``: of a JSON file that a type names, and of single nodes or edges in the HDF5 file."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gpusyn.errors import FileError
from gpusyn.parameters.scalars import nearest, real
from gpusyn.sonata.attribute_tables import Table
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.sections import Section, load
from gpusyn.utils.typing import Bools, Floats, Integers

__all__ = ["read_dynamics", "store"]

COLUMN = "dynamics_params"
Plain = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def read_dynamics(
    table: Table,
    rows: Bools,
    template: str,
    units: Mapping[str, str],
    components: Mapping[str, Path],
    folder: str,
    findings: Findings,
    passed_over: Collection[str] = (),
    plain: Plain | None = None,
) -> dict[str, Floats]:
    """Return the values of some rows for each parameter; NaN where the files give none.

    Parameters
    ----------
    table : Table
        Nodes or edges.
    rows : ndarray of bool
        Rows of one template.
    template : str
        Name of the template, for messages.
    units : mapping of str to str
        Units of the parameters that the template has.
    components : mapping of str to pathlib.Path
        Folders of model files.
    folder : str
        Key of the folder for these files, such as ``"point_neuron_models_dir"``.
    findings : Findings
        Place for notes and problems.
    passed_over : collection of str
        Keys that say nothing about the model; a note names them.
    plain : callable, optional
        Function that makes numbers of the contents of a model file.

    Raises
    ------
    FileError
        If a file is missing, or the template does not have a parameter.
    ParameterError
        If a value is out of range.
    """
    none = np.broadcast_to(np.nan, table.size)  # takes no memory, and is copied before a value is stored
    values: dict[str, Floats] = dict.fromkeys(units, none)
    for model, having in table.kinds(COLUMN):
        chosen = rows & having
        if model is None or not chosen.any():
            continue
        with findings.step():
            section = load(_model_file(model, table, chosen, components, folder))
            if plain is not None:
                section = Section(_made_plain(section, plain), section.file, section.variables)
            for key in section.data:
                if key in passed_over:
                    findings.note(f"{section.where(key)}: not used by gpusyn")
                    continue
                with findings.step():
                    values_of(section, key, units, template, values, chosen)
    for key in table.group_names(f"{COLUMN}/"):
        with findings.step():
            column, present = table.numbers(f"{COLUMN}/{key}")
            present &= rows
            if present.any():
                where = f"{table.file}: {table.path}/<group>/{COLUMN}/{key}"
                _check_known(key, units, where, template)
                store(values, key, present, column[present])
                _check_positive(key, column[present], where)
    return values


def _made_plain(section: Section, plain: Plain) -> Mapping[str, Any]:
    """Return what the function of a template makes of a model file, whatever is in the file."""
    try:
        return plain(section.data)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise FileError(f"{section.file}: is not what its template expects ({reason}); correct the file") from None


def values_of(
    section: Section, key: str, units: Mapping[str, str], template: str, values: dict[str, Floats], chosen: Bools
) -> None:
    """Store the value under a key of a model file for all chosen rows."""
    where = section.where(key)
    _check_known(key, units, where, template)
    unit = units[key]
    potential = unit == "mV" and key not in DIFFERENCES
    value = real(section.number(key, unit), where, unit=unit if unit in CHECKED else "", potential=potential)
    _check_positive(key, np.array([value]), where)
    store(values, key, chosen, value)


def store(values: dict[str, Floats], key: str, rows: Bools | Integers, given: Floats | float) -> None:
    """Store values of some rows, in an array that is theirs alone."""
    if not values[key].flags.writeable:
        values[key] = values[key].copy()
    values[key][rows] = given


DIFFERENCES = ("th_spike_add", "voltage_reset_add", "threshold_spike", "threshold_voltage")  # mV, and may be small
CHECKED = ("ms", "mV", "nS", "pA", "pF", "Hz", "mM", "uM")  # units that gpusyn knows


def _model_file(name: str, table: Table, chosen: Bools, components: Mapping[str, Path], folder: str) -> Path:
    """Return the path of a model's JSON file."""
    where = table.types.place(int(table.type_ids[np.flatnonzero(chosen)[0]]), COLUMN)
    if folder not in components:
        raise FileError(f"{where}: {name!r} needs components.{folder} in the circuit configuration; add it")
    path = components[folder] / name
    if not os.path.isfile(path):
        raise FileError(f"{where}: no file {name!r} in components.{folder} ({components[folder]}); add it there")
    return path


def _check_known(key: str, units: Mapping[str, str], where: str, template: str) -> None:
    """Raise a FileError if the template does not have a parameter."""
    if key not in units:
        raise FileError(
            f"{where}: {template} has no parameter {key!r} in gpusyn{nearest(key, units)}; "
            f"known here: {', '.join(units)}; correct its name, or remove it"
        )


def _check_positive(key: str, values: Floats, where: str) -> None:
    """Raise a FileError if a time constant, a capacitance or a leak conductance is not above 0."""
    if ((key.startswith("tau") and key != "tau_fac") or key in ("C_m", "g_L")) and not (values > 0).all():
        raise FileError(f"{where}: must be above 0 (got {values[~(values > 0)][0]:g})")
