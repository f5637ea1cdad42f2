"""Messages of gpusyn: the logger "gpusyn", shown on stderr unless the program has a logging handler of its own.

stderr may be missing (pythonw, some services), closed, or unable to show a character. A message that cannot be written
is lost; it must not end a simulation.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

#: Logger of every message; each module of gpusyn that says something uses it.
LOGGER = logging.getLogger("gpusyn")
#: Name of the worker processes of `sweep`, whose messages go to the process that started them.
WORKER = "gpusyn-sweep"
_UNSET = logging.INFO - 1  # lets INFO pass, and tells that no program has set a level
_LEVELS: list[int] = []  # of before, where notes are kept back
_CHANGES = threading.Lock()


class Heard:
    """What a rank of several has to say: all have the same notes, so that one of them is enough.

    Parameters
    ----------
    silent : bool
        Whether another rank says it.

    Attributes
    ----------
    silent : bool
        As it was given.
    warnings : list of str
        The warnings that came here.
    """

    def __init__(self, silent: bool) -> None:
        self.silent, self.warnings = silent, list[str]()


_HEARD: ContextVar[Heard | None] = ContextVar("heard", default=None)


@contextlib.contextmanager
def as_rank(silent: bool) -> Iterator[Heard]:
    """Let this thread be one of several ranks, perhaps a silent one; yield what it has to say."""
    heard = Heard(silent)
    before = _HEARD.set(heard)
    try:
        yield heard
    finally:
        _HEARD.reset(before)


def is_silent() -> bool:
    """Return True if this thread is a rank for which another one speaks."""
    heard = _HEARD.get()
    return heard is not None and heard.silent


def _speaks_here(record: logging.LogRecord) -> bool:
    """Return False for what another rank says; warnings are kept, since this rank alone may have one."""
    heard = _HEARD.get()
    if heard is not None and record.levelno >= logging.WARNING:
        heard.warnings.append(record.getMessage())
    return heard is None or not heard.silent


def say(line: str) -> None:
    """Write a line to stderr: what a command answers, which is no message of the library."""
    MessageStream().write(f"{line}\n")


@contextlib.contextmanager
def warnings_only() -> Iterator[None]:
    """Keep notes and other news back, for a command that tells them itself; on several threads, until the last ends."""
    with _CHANGES:
        _LEVELS.append(LOGGER.level)
        LOGGER.setLevel(max(LOGGER.level, logging.WARNING))
    try:
        yield
    finally:
        with _CHANGES:
            LOGGER.setLevel(_LEVELS.pop())


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


class StderrHandler(logging.Handler):
    """Shows each line once per process, and none where the program handles the records itself.

    Like :data:`logging.lastResort`, it gives way to every other handler, so `logging.basicConfig()` and a handler of
    the logger "gpusyn" bring no double lines.
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record to stderr."""
        line = f"gpusyn: {'warning: ' if record.levelno >= logging.WARNING else ''}{record.getMessage()}"
        if line not in self._shown and not _others(self, logging.getLogger(record.name)):
            self._shown.add(line)
            say(line)


class KeptRecords(logging.Handler):
    """Keeps the records of a worker process, for the process that started it: that knows what it has said or muted."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[dict[str, Any]] = []

    @classmethod
    def install(cls) -> KeptRecords:
        """Return the handler of this process, which takes the place of all others."""
        own = next((handler for handler in LOGGER.handlers if isinstance(handler, cls)), None) or cls()
        LOGGER.handlers[:], LOGGER.propagate = [own], False
        return own

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record in a form that can be sent."""
        self._kept.append({**vars(record), "msg": record.getMessage(), "args": None, "exc_info": None})

    def taken(self) -> list[dict[str, Any]]:
        """Return the records that have come since the last call."""
        kept, self._kept = self._kept, []
        return kept


def handle_kept(records: list[dict[str, Any]]) -> None:
    """Log the records that a worker process has kept, as if this process had made them."""
    for record in map(logging.makeLogRecord, records):
        if LOGGER.isEnabledFor(record.levelno):
            LOGGER.handle(record)


def _is_worker() -> bool:
    """Return True in a worker of `sweep`, which has its name before it imports the user's script and gpusyn."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.current_process().name == WORKER


def _others(own: logging.Handler, logger: logging.Logger | None) -> bool:
    """Return True if the records of a logger reach another handler than `own`."""
    while logger is not None:
        if any(handler is not own for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False


def _level_allows(record: logging.LogRecord) -> bool:
    """Return False for what the root logger's level keeps from its handlers, if that is where the records go.

    gpusyn's logger needs a level of its own, or the default of the root logger (WARNING) would keep its news back in
    programs that do nothing about logging. Where a program configures the root logger, that level is the one meant.
    """
    root = logging.getLogger()
    by_root = LOGGER.level == _UNSET and LOGGER.propagate and root.handlers
    return not by_root or len(LOGGER.handlers) > 1 or record.levelno >= root.level


if _is_worker():
    KeptRecords.install()
else:
    LOGGER.addHandler(StderrHandler())
LOGGER.addFilter(_level_allows)
LOGGER.addFilter(_speaks_here)
if LOGGER.level == logging.NOTSET:  # what a program set before is its own choice
    LOGGER.setLevel(_UNSET)
