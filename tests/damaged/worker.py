"""A process that reads damaged files and says what came of each; one that hangs or dies is replaced."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import resource
import shutil
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.damaged.mutants import any_of, damage, set_flag
from tests.helpers.result_files import PARTS, some_spikes, some_traces
from tests.helpers.sonata_circuit import SmallCircuit

LIMIT_S = 5.0
MEMORY = 6 * 2**30


# --- sound files ----------------------------------------------------------------------------------------------------


def circuit(folder: Path) -> Path:
    small = SmallCircuit(folder)
    small.simulation["reports"]["listed"] = {"cells": "both", "variable_name": "V_m", "module": "membrane_report"}
    small.node_sets["both"] = ["watched", "some"]
    small.node_sets["some"] = {"ei": "e", "node_type_id": 100}
    return small.write()


def newer_circuit(folder: Path) -> Path:
    """The same circuit with files in HDF5's newer format, chunked and compressed."""
    path = circuit(folder)
    for old in folder.rglob("*.h5"):
        with h5py.File(old) as file, h5py.File(old.with_suffix(".new"), "w", libver="v110") as new:
            for name in file:
                file.copy(name, new)
            for name, data in [(n, file[n]) for n in _datasets(file)]:
                attributes = dict(data.attrs)
                del new[name]
                new.create_dataset(name, data=data[()], chunks=True, maxshape=(None,) * data.ndim, compression="gzip")
                new[name].attrs.update(attributes)
        old.with_suffix(".new").replace(old)
    return path


def _datasets(file: Any) -> list[str]:
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found


def saved(folder: Path) -> Path:
    from gpusyn.io import save

    save(folder / "run.h5", {"s": some_spikes(), "again": some_spikes(seed=3)}, {"t": some_traces()})
    return folder / "run.h5"


def directory(folder: Path) -> Path:
    from gpusyn.io import save

    save(folder / "run", {"s": some_spikes()}, {"t": some_traces()})
    return folder / "run"


def streamed(folder: Path) -> Path:
    from gpusyn.io import RecorderLayout, StreamFile

    layouts = [RecorderLayout("s", PARTS), RecorderLayout("t", PARTS, ("V",), {"V": "mV"}, start=0.1, every=0.1)]
    with StreamFile(folder / "run.h5", layouts) as stream:
        for step in range(1, 300, 7):
            steps = np.arange(step, step + 7)
            stream.append_spikes("s", steps * 0.1, steps % 6)
            stream.append_frames("t", {"V": np.repeat(steps[:, None], 6, axis=1).astype(np.float32)})
            stream.flush(time=(step + 6) * 0.1)
    return folder / "run.h5"


def killed(folder: Path) -> Path:
    """The same file as a killed process leaves it."""
    path = streamed(folder)
    set_flag(path)
    return path


def foreign(folder: Path) -> Path:
    """Spikes and a report as another simulator writes them."""
    (folder / "run").mkdir(parents=True)
    with h5py.File(folder / "run" / "spikes.h5", "w") as file:
        group = file.create_group("spikes/cells")
        group["timestamps"], group["node_ids"] = np.arange(1.0, 40.0), np.arange(39, dtype=np.uint64) % 5
        group["timestamps"].attrs["units"] = "ms"
    with h5py.File(folder / "run" / "V.h5", "w") as file:
        group = file.create_group("report/cells")
        group["data"] = np.arange(60.0, dtype=np.float32).reshape(10, 6)
        group["data"].attrs["units"] = "mV"
        mapping = group.create_group("mapping")
        mapping["node_ids"], mapping["index_pointers"] = np.arange(3, dtype=np.uint64), np.array([0, 2, 3, 6])
        mapping["element_ids"], mapping["time"] = np.zeros(6, dtype=np.uint32), [0.0, 1.0, 0.1]
    return folder / "run"


RESULTS = (saved, directory, streamed, killed, foreign)
SOUND = (circuit, newer_circuit, *RESULTS)


# --- what is done with a damaged file -------------------------------------------------------------------------------


def use(make: Any, path: Path, file: Path, random: np.random.Generator) -> None:
    """Do everything that reads the file."""
    from gpusyn.io import open_results, repair
    from gpusyn.sonata import run_config

    if make not in RESULTS:
        run_config(path, backend="numpy", echo=lambda line: None)
        return
    if random.integers(3):
        results = open_results(path)
        repr(results)
        for name in results.recorders:
            repr(results[name])
        repr(results.spikes)
        for name in results.traces:
            repr(results.traces[name])
    else:
        repair(file)


class Damage:
    """Folder of sound files, one of which is damaged for each mutant and then made sound again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.places: dict[Any, tuple[Path, dict[Path, bytes]]] = {}
        for make in SOUND:
            (folder / make.__name__).mkdir(parents=True)
            path = make(folder / make.__name__)
            files = sorted(one for one in (folder / make.__name__).rglob("*") if one.is_file())
            self.places[make] = path, {one: one.read_bytes() for one in files}

    def try_one(self, number: int) -> tuple[str, str, float]:
        """Return what the mutant is, what was raised ("" for nothing or a gpusyn error), and the time taken (s)."""
        from gpusyn.errors import GpusynError

        random = np.random.default_rng(number)
        make = any_of(random, SOUND)
        path, files = self.places[make]
        file = any_of(random, files)
        try:
            kind = damage(file, random)
        except Exception:
            self.restore(make)
            return f"{number}: {make.__name__}/{file.name}", f"MUTATOR {traceback.format_exc()}", 0
        title = f"{number}: {make.__name__}/{file.name} {kind}"
        print(title, file=open("/tmp/damaged/current.txt", "w"))
        import faulthandler

        faulthandler.dump_traceback_later(4, file=open("/tmp/damaged/current.txt", "a"))
        begin = time.perf_counter()
        wrong = ""
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                use(make, path, file, random)
            message = "fine"
        except GpusynError as error:
            message = str(error)
            if "\n" in message.strip() or len(message) > 3000:
                wrong = f"not one line: {message[:200]!r}"
        except BaseException:
            wrong = traceback.format_exc()
            message = "BARE"
        faulthandler.cancel_dump_traceback_later()
        took = time.perf_counter() - begin
        self.restore(make)
        return f"{title} -> {message}", wrong, took

    def restore(self, make: Any) -> None:
        _, files = self.places[make]
        for one in (self.folder / make.__name__).rglob("*"):
            if one.is_file() and one not in files:
                one.unlink()
        for file, data in files.items():
            file.write_bytes(data)


def serve(connection: Any, folder: str) -> None:
    """Answer numbers with outcomes until None comes."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    from gpusyn.simulation.simulator import Simulator

    run = Simulator.run
    Simulator.run = lambda self, duration, **options: run(self, min(duration, 5 * self.dt), **options)
    import faulthandler

    faulthandler.enable()
    damages = Damage(Path(folder))
    while (number := connection.recv()) is not None:
        connection.send(damages.try_one(number))


class Worker:
    """Handle of the process."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="gpusyn-damaged-")
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, self.folder), daemon=True)
        self.process.start()
        theirs.close()

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def outcome(self, number: int) -> tuple[str, str, float]:
        self.connection.send(number)
        try:
            if self.connection.poll(LIMIT_S + (30 if not hasattr(self, "warm") else 0)):
                self.warm = True
                return self.connection.recv()
            wrong = "HANG"
        except EOFError:
            self.process.join()
            wrong = f"DIED {self.process.exitcode}"
        self.stop()
        del self.warm
        self.start()
        return f"{number}", wrong, LIMIT_S
