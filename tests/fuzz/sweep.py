"""Calls with junk in the place of one or two arguments, and the verdict on what they do.

A call may return anything, or raise an error of gpusyn's that names a place. Anything else is a finding: another
exception, a warning, an error without a place, and a call that does not come back.

A case is the name of a call and what is changed in it. Its text is also the command line that repeats it:
``python -m tests.fuzz Network.connect weight=nan delay=ragged``.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import itertools
import os
import random
import resource
import shutil
import signal
import sys
import traceback
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import gpusyn
from gpusyn.errors import GpusynError
from tests.fuzz.arguments import SURPLUS
from tests.fuzz.calls import CALLS, Call, made_with
from tests.fuzz.junk import JUNK
from tests.fuzz.world import Files, World

PACKAGE = os.path.join(gpusyn.__path__[0], "")
LIMIT = 5.0  # s of processor time, for one call
MEMORY = 4 << 30  # bytes
LONGEST = 1000  # letters of a message
UNKNOWN, ABSENT = "colour", "absent"  # a keyword that nothing takes; an argument that is left out


class Case(NamedTuple):
    """A call, and the names of junk by parameter."""

    call: str
    changes: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return " ".join([self.call.replace(" ", "_"), *(f"{name}={junk}" for name, junk in self.changes)])


class Endless(BaseException):
    """A call takes too long. It is not an Exception, which the library could catch."""


def parsed(words: list[str]) -> Case:
    """Return the case that a command line names."""
    names = {name.replace(" ", "_"): name for name in CALLS}
    return Case(names[words[0]], tuple((name, junk) for name, _, junk in (word.partition("=") for word in words[1:])))


def parameters(call: Call, world: World) -> list[str]:
    """Return the parameters of a call that can be given by name."""
    signature = inspect.signature(call.target(world))
    return [p.name for p in signature.parameters.values() if p.kind is not p.VAR_POSITIONAL]


def single_cases(world: World) -> Iterator[Case]:
    """Yield every piece of junk in the place of every argument; of a variant, in those that it has of its own."""
    for name, call in CALLS.items():
        arguments = {} if call.operator else call.arguments(world)
        for place, junk in itertools.product(arguments if call.variant else parameters(call, world), JUNK):
            yield Case(name, ((place, junk),))
        if call.operator:
            continue
        yield Case(name, ((UNKNOWN, "one"),))
        yield from (Case(name, ((SURPLUS, junk),)) for junk in (JUNK if SURPLUS in arguments else ["one"]))
        yield from (Case(name, ((place, ABSENT),)) for place in arguments)


def random_pairs(world: World, seed: int) -> Iterator[Case]:
    """Yield cases of two changed arguments, without end."""
    draw = random.Random(seed)
    places = {name: parameters(call, world) for name, call in CALLS.items()}
    several = [name for name, found in places.items() if len(found) > 1]
    while True:
        name = draw.choice(several)
        yield Case(name, tuple((place, draw.choice(list(JUNK))) for place in draw.sample(places[name], 2)))


def perform(case: Case, world: World) -> Any:
    """Make the call of a case."""
    call = CALLS[case.call]
    target, arguments = call.target(world), call.arguments(world)
    for place, junk in case.changes:
        if junk == ABSENT:
            arguments = {name: value for name, value in arguments.items() if name != place}
        elif place == SURPLUS:
            arguments = {SURPLUS: (*arguments.get(SURPLUS, ()), *[JUNK[junk](world)] * 20)}
        else:
            arguments = arguments | {place: JUNK[junk](world)}
    return made_with(target, arguments)


def finding(case: Case, world: World) -> str:
    """Make the call of a case; return what is wrong with its outcome, or an empty text."""
    try:
        with limited(LIMIT), contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            perform(case, world)
    except GpusynError as error:
        return wrong_message(error)
    except Endless:
        return f"takes more than {LIMIT:g} s"
    except Exception as error:
        places = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(PACKAGE)]
        if not places and CALLS[case.call].operator:  # the other object's own operator
            return ""
        at = f"{places[-1].filename.removeprefix(PACKAGE)}:{places[-1].lineno}" if places else "the call"
        return f"{type(error).__name__} at {at}: {' '.join(text_of(error).split())[:150]}"
    return ""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Interrupt what takes more processor time, and refuse it more than `MEMORY` on top of what the process has."""

    def interrupt(signum: int, frame: Any) -> None:
        raise Endless

    before, (soft, hard) = signal.signal(signal.SIGPROF, interrupt), resource.getrlimit(resource.RLIMIT_AS)
    pages = Path("/proc/self/statm")
    if pages.exists():
        size = int(pages.read_text().split()[0]) * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (size if hard < 0 else min(size, hard), hard))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def text_of(error: Exception) -> str:
    try:
        return str(error)
    except Exception as other:
        return f"a text that raises {type(other).__name__}"


def wrong_message(error: GpusynError) -> str:
    """Return what is wrong with the text of an error, or an empty text."""
    text, kind = text_of(error), type(error).__name__
    if ":" not in text[1:-1]:
        return f"{kind} names no place: {text!r}"
    if len(text) > LONGEST:
        return f"{kind} has {len(text)} letters: {text[:60]!r}..."
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        return f"{kind} has letters that cannot be printed: {text[:150]!r}"
    return ""


class Sweep:
    """Cases one after the other, each in a world of its own and in an empty folder."""

    def __init__(self, folder: Path, report: TextIO | None = None) -> None:
        kept, self.scratch, self.report = folder / "kept", folder / "scratch", report
        kept.mkdir()
        self.scratch.mkdir()
        self.files = Files(kept)

    def world(self) -> World:
        return World(self.files)

    def run(self, cases: Iterable[Case]) -> dict[str, str]:
        """Return what is wrong, by case."""
        return self.judged(cases, lambda case: finding(case, self.world()))

    def judged(self, cases: Iterable[Any], judge: Callable[[Any], str]) -> dict[str, str]:
        """Return what is wrong by case, each judged in the empty folder, with warnings as errors."""
        found: dict[str, str] = {}
        with contextlib.chdir(self.scratch), warnings.catch_warnings():
            warnings.simplefilter("error")
            for case in cases:
                if wrong := judge(case):
                    found[str(case)] = wrong
                    if self.report is not None:
                        print(f"python -m tests.fuzz {case}\n    {wrong}", file=self.report, flush=True)
                self.tidy()
        return found

    def tidy(self) -> None:
        """Remove what a call has left: files, and figures."""
        for path in self.scratch.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
