"""Messages on stderr, which may be missing (pythonw, some services), closed, or unable to show a character.

A message that cannot be written is lost; it must not end a simulation.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any


def say(line: str) -> None:
    """Write a line to stderr."""
    MessageStream().write(f"{line}\n")


class MessageStream:
    """The stderr of this process as a stream for a progress bar: its attributes, and writing that raises no error."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)

    def write(self, text: str) -> None:
        """Write a text at once, with an escape for each character that the stream cannot show."""
        if sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):  # a pipe without reader, a closed stream
                encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
                sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))
                sys.stderr.flush()

    def flush(self) -> None:
        """Do nothing: what was written has been flushed."""
