"""Configured reports, as gpusyn's recorders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gpusyn.errors import FileError
from gpusyn.network.network import Network
from gpusyn.network.populations import Population
from gpusyn.parameters.scalars import nearest
from gpusyn.sonata.circuit import Circuit
from gpusyn.sonata.configured_outputs import Report
from gpusyn.sonata.drafts import Draft, membranes
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.grid import check_grid
from gpusyn.sonata.model import BuiltReport
from gpusyn.sonata.stimuli import Places, chosen
from gpusyn.sonata.template_classes import Variable

__all__ = ["ReportDraft", "add_report", "report_draft"]


@dataclass(frozen=True)
class ReportDraft:
    """A report, the neurons that it is about, and their variable."""

    spec: Report
    places: Places
    variable: Variable


def report_draft(
    spec: Report, circuit: Circuit, drafts: Mapping[str, Sequence[Draft]], dt: float, findings: Findings
) -> ReportDraft | None:
    """Return the draft of a report, or ``None`` if its node set contains no node.

    Raises
    ------
    FileError
        If all nodes are virtual, or the variable is unknown or means different things for them.
    ParameterError
        If the interval is not a multiple of `dt`.
    """
    where = f"{spec.where}.cells"
    with findings.step():
        check_grid(np.array([spec.dt]), dt, f"{spec.where}.dt")
    wanted = circuit.select(spec.node_set, where, findings)
    if not wanted:
        return None
    places = membranes(drafts, wanted, where, findings)
    found = set()
    for one, _ in places:
        with findings.step():
            found.add(reported(spec, one))
    if len(found) > 1:
        raise FileError(f"{where}: {spec.variable!r} means different variables for these nodes; write several reports")
    return ReportDraft(spec, places, found.pop()) if found else None


def reported(spec: Report, draft: Draft) -> Variable:
    """Return the variable that a report asks for."""
    known = draft.variables
    if spec.variable not in known:
        raise FileError(
            f"{spec.where}.variable_name: "
            f"{spec.variable!r} is not known for {draft.nodes.name!r}{nearest(spec.variable, known)}; "
            f"known here: {', '.join(known)}"
        )
    return known[spec.variable]


def add_report(net: Network, one: ReportDraft, populations: Mapping[Draft, Population]) -> BuiltReport:
    """Add the recorder of a report."""
    name = net._unused_name(f"report:{one.spec.name}")
    recorder = net.record(chosen(one.places, populations), [one.variable.name], every=one.spec.dt, name=name)
    return BuiltReport(one.spec, recorder, one.variable)
