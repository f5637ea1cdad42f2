"""A process that reads damaged files and says what came of each; one that hangs or dies is replaced."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from gpusyn.commands.cli import USAGE, main
from gpusyn.errors import GpusynError
from gpusyn.io import open_results, repair
from gpusyn.simulation.simulator import Simulator
from gpusyn.sonata import run_config
from tests.damaged.byte_damage import Random, any_of
from tests.damaged.mutants import damage, seeded
from tests.damaged.sound_files import CIRCUITS, RESULTS

LIMIT_S = 5.0  # for one file
START_S = 60.0  # for the process, with all its imports
STEPS = 5  # of each simulation
MEMORY = 8 * 2**30  # bytes; a file that declares more must not bring the machine down
LONGEST = 2000  # characters of a message: "one clear error"

Make = Callable[[Path], Path]


class Outcome(NamedTuple):
    """What was done with which file, and what was wrong with it; "" if the file was read or clearly refused."""

    title: str
    wrong: str


class BadReport(Exception):
    """An error of the command line that is not one line."""


def use(make: Make, path: Path, file: Path, random: Random) -> str:
    """Do all that reads the file, by Python or by the command line; return what was said."""
    share = random.random()
    if share < 0.2:
        return command(["run", str(path), "--backend", "numpy"] if make in CIRCUITS else ["repair", str(file)])
    if make in CIRCUITS:
        run_config(path, backend="numpy", echo=lambda line: None)
    elif share < 0.3:
        repair(file)
    else:
        read_all(path)
    return "fine"


def read_all(path: Path) -> None:
    """Read everything that results hold."""
    results = open_results(path)
    repr(results)
    for name in results.recorders:
        repr(results[name])
    repr(results.spikes)
    for name in results.traces:
        repr(results.traces[name])


def command(arguments: list[str]) -> str:
    """Run a command; raise BadReport unless it works, or says in one line what is wrong; return this line."""
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        status = main(arguments)
    *progress, last = said.getvalue().splitlines() or [""]
    begin = f"gpusyn {arguments[0]}: error: "
    if status and (status != USAGE or not last.startswith(begin) or any("error" in line for line in progress)):
        raise BadReport(f"status {status}: {said.getvalue()}")
    return last if status else "fine"


class Damage:
    """Folder of sound files, one of which is damaged for each mutant and then made sound again."""

    def __init__(self, folder: Path) -> None:
        self.places: dict[Make, tuple[Path, Path, dict[Path, bytes]]] = {}
        for make in (*CIRCUITS, *RESULTS):
            own = folder / make.__name__
            own.mkdir(parents=True)
            path = make(own)
            self.places[make] = own, path, {one: one.read_bytes() for one in sorted(own.rglob("*")) if one.is_file()}

    def try_one(self, number: int) -> Outcome:
        """Damage the file of this number, read it, and make it sound again."""
        random = seeded(number)
        make = any_of(random, self.places)
        folder, path, files = self.places[make]
        file = any_of(random, files)
        title = f"{number}: {make.__name__}/{file.name}"
        try:
            title += f", {damage(file, random)}"
            begin = time.process_time()  # of this process: other processes may slow it down
            try:
                with contextlib.redirect_stderr(io.StringIO()):
                    said = use(make, path, file, random)
            except GpusynError as error:
                said = str(error)
            wrong = said if "\n" in said or len(said) > LONGEST else ""
            if time.process_time() - begin > LIMIT_S:
                wrong = f"took more than {LIMIT_S:g} s"
            return Outcome(f"{title}: {said}", wrong)
        except BaseException:
            return Outcome(title, traceback.format_exc())
        finally:
            for one in folder.rglob("*"):
                if one.is_file() and one not in files:
                    one.unlink()
            for one, data in files.items():
                one.write_bytes(data)


def serve(connection: Connection, folder: str) -> None:
    """Answer numbers with outcomes until the process is killed."""
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    run = Simulator.run
    Simulator.run = lambda self, duration, **options: run(self, min(duration, STEPS * self.dt), **options)
    damages = Damage(Path(folder))
    connection.send("ready")
    while True:
        connection.send(damages.try_one(connection.recv()))


class Worker:
    """Handle of the process."""

    def __enter__(self) -> Worker:
        self.folder = tempfile.mkdtemp(prefix="gpusyn-damaged-")
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, self.folder), daemon=True)
        self.process.start()
        theirs.close()
        assert self.connection.poll(START_S), "the process does not start"
        assert self.connection.recv() == "ready"
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def outcome(self, number: int) -> Outcome:
        """Return what comes of a mutant."""
        self.connection.send(number)
        try:
            # A busy machine may stretch the time, which the process itself judges.
            if self.connection.poll(3 * LIMIT_S):
                found: Outcome = self.connection.recv()
                return found
            wrong = "hangs"
        except EOFError:
            self.process.join()
            wrong = f"ends the process with status {self.process.exitcode}"
        self.__exit__()
        self.__enter__()
        return Outcome(str(number), wrong)
