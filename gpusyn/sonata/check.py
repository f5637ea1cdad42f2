"""All that is in the way of the run of a SONATA configuration, in one report; nothing is simulated or written."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

from gpusyn.parameters.scalars import public
from gpusyn.sonata.build import assemble, draft
from gpusyn.sonata.config import Config, configuration
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.outputs import refuse_overwriting
from gpusyn.utils.paths import as_path
from gpusyn.utils.reprs import ShortRepr

__all__ = ["CheckResult", "check_config"]


@dataclass(frozen=True, repr=False)
class CheckResult(ShortRepr):
    """What a check found.

    Attributes
    ----------
    problems : tuple of str
        One sentence for each thing that is in the way of a run, with its file and key; empty if nothing is.
    notes : tuple of str
        One sentence for each assumption, rounding and omission of a run.
    """

    problems: tuple[str, ...]
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        count = len(self.problems)
        verdict = "nothing is in the way of a run"
        if count:
            verdict = f"{count} thing{'s' * (count > 1)} in the way of a run"
        return [f"note: {note}" for note in self.notes] + [f"problem: {one}" for one in self.problems] + [verdict]


@public
def check_config(path: str | os.PathLike[str], out: str | os.PathLike[str] | None = None) -> CheckResult:
    """Read all files of a SONATA configuration, and list everything that is in the way of its run.

    Parameters
    ----------
    path : path-like
        Configuration, a JSON file.
    out : path-like, optional
        Folder for all files that a run would write; ``output.output_dir`` of the configuration by default.

    Returns
    -------
    CheckResult

    Raises
    ------
    ArgumentError
        If `path` or `out` is not a path.
    ParameterError
        If it is one that no file system has.
    MissingDependencyError
        If h5py is not installed.

    Notes
    -----
    Nothing is simulated, and no file or folder is written. What a problem hides is found when it is solved: the edges
    of nodes that cannot be read, for example.
    """
    findings = Findings(keep_going=True)
    file = as_path(path, "check_config().path")
    folder = None if out is None else as_path(out, "check_config().out")
    config: Config | None = None
    with findings.step():
        config = configuration(file, folder, findings)
    if config is not None:
        with findings.step():
            refuse_overwriting(config)
        with findings.step():
            made = draft(config, 0.0 if math.isnan(config.tstop) else config.tstop, findings)
            if not findings.problems:
                assemble(made, config, findings)
    return CheckResult(tuple(str(problem) for problem in findings.problems), tuple(findings.notes))
