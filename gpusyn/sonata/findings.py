"""What reading the files of a circuit finds: notes for the reader, and problems that are in the way of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gpusyn.errors import GpusynError, MissingDependencyError

__all__ = ["Findings", "Told", "located"]


class Told(GpusynError):
    """Ends the reading of something whose problems are kept already."""


class Findings:
    """Notes and problems, in the order in which they were found.

    Parameters
    ----------
    keep_going : bool
        If True, a problem is kept, and reading goes on behind it; otherwise the first one is raised.

    Attributes
    ----------
    notes : list of str
        One sentence for each assumption, rounding and omission.
    problems : list of GpusynError
        Errors that were kept.
    """

    def __init__(self, *, keep_going: bool = False) -> None:
        self.keep_going = keep_going
        self.notes: list[str] = []
        self.problems: list[GpusynError] = []

    def note(self, sentence: str) -> None:
        """Add a note, unless it is there already."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Keep an error that ends the block, or let it pass if nothing is kept."""
        try:
            yield
        except MissingDependencyError:  # every file would say it
            raise
        except GpusynError as error:
            if not self.keep_going:
                raise
            if not isinstance(error, Told):
                self.problems.append(error)


@contextmanager
def located(where: str) -> Iterator[None]:
    """Name a place of the files before what gpusyn's own models and networks say of its values."""
    try:
        yield
    except GpusynError as error:
        raise type(error)(f"{where}: {error}") from None
