"""Numbers of file formats: older ones are read, newer ones are refused (docs/versions.md)."""

from __future__ import annotations

from gpusyn.errors import FileError
from gpusyn.io.checked import Group
from gpusyn.utils.version import __version__


def check_format(file: Group, group: str, newest: int) -> None:
    """Refuse a file in a newer format than this version of gpusyn reads.

    Parameters
    ----------
    file : Group
        Root of an open file.
    group : str
        Group whose attributes `format` and `version` say what was written, and by which gpusyn.
    newest : int
        Newest format that is read.

    Raises
    ------
    FileError
        If the format is newer, or no number.
    """
    written = file.attribute_number(group, "format")
    if written > newest:
        version = file.attribute_text(group, "version", "?")
        raise FileError(
            f"{file.file}: gpusyn {version} wrote it in format {written:g}, and gpusyn {__version__} reads formats up "
            f"to {newest}; install that version"
        )
