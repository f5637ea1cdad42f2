"""The process of a part: it may crash, hang or be stopped, and its line is written all the same."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.gpu.parts import Part
from benchmarks.gpu.task import FAILED, LEFT_OUT, PASSED, facts_file, reported

ROOT = Path(__file__).parents[2]
RESULTS = {PASSED: "passed", FAILED: "failed", LEFT_OUT: "left out"}


class Running:
    """A part whose process has been started; what it prints goes to a file beside the other results."""

    def __init__(self, part: Part, folder: Path, tiny: bool) -> None:
        self.part, self._folder = part, folder
        self._log = folder / f"{part.name}.log"
        facts_file(folder, part.name).unlink(missing_ok=True)
        command = [sys.executable, "-m", "benchmarks.gpu", part.name, "--out", str(folder)]
        environment = os.environ | {"GPUSYN_REQUIRE_CUDA": "1", "PYTHONUNBUFFERED": "1"}
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                command + ["--tiny"] * tiny,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that all that it starts can be ended with it
            )
        assert self._process.stdin is not None
        self._pipe = self._process.stdin

    @property
    def prepared(self) -> bool:
        """True if the part waits for its turn, or has ended."""
        return self._process.poll() is not None or "prepared" in reported(self._folder, self.part.name)[0]

    def finish(self, limit: float) -> dict[str, Any]:
        """Give the part its turn, wait for its end or end it after `limit` seconds, and return its line."""
        begin = time.monotonic()
        self._say(b"\n")
        try:
            result, why = _result(self._process.wait(limit))
        except subprocess.TimeoutExpired:
            self.end()
            result, why = "out of time", f"ended after {limit:.0f} s"
        facts, tables = reported(self._folder, self.part.name)
        why = facts.pop("why", "") or why
        facts.pop("prepared", None)
        line = {"part": self.part.name, "result": result, "seconds": round(time.monotonic() - begin, 2), "why": why}
        if result == "crashed":
            line["last words"] = _last_words(self._log)
        return line | {"facts": facts, "tables": tables}

    def _say(self, text: bytes) -> None:
        """Write to the process for the last time."""
        with contextlib.suppress(OSError), self._pipe:  # of a process that has ended
            self._pipe.write(text)

    def end(self) -> None:
        """End the process and all that it has started."""
        if self._process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        if not self._pipe.closed:
            self._say(b"")
        with contextlib.suppress(subprocess.TimeoutExpired):  # a process that waits for a broken driver stays
            self._process.wait(10.0)


def _result(status: int) -> tuple[str, str]:
    """Return the result of an exit status, and the reason if the process crashed."""
    if status in RESULTS:
        return RESULTS[status], ""
    if status < 0:
        return "crashed", f"ended by {signal.Signals(-status).name}"
    return "crashed", f"exit status {status}"


def _last_words(log: Path) -> str:
    """Return the end of what a process has printed."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return "\n".join(lines[-5:])[-1000:]
