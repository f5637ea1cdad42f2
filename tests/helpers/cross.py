"""A backend for another processor: the kernels as ziglang's clang compiles them for it, run by an emulator of it."""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpusyn.backends.base import part_to_read, part_to_write
from gpusyn.backends.cpu import compiler, ziglang
from gpusyn.kernels.memory import HOST
from gpusyn.kernels.modules import Module, build_module, module_of
from gpusyn.kernels.program import Program
from gpusyn.kernels.source import read_kernel
from gpusyn.kernels.spec import BUILD_KERNELS, KERNELS
from gpusyn.utils.cores import available_cores

TARGET = "aarch64-linux-musl"
EMULATOR = "qemu-aarch64"
_ALIGNED = 64
_SHARED = {"-shared", "-fPIC"}  # a program is linked, which needs no loader and no libraries in the emulator
_FLAGS = tuple(flag for flag in compiler.kernel_flags(zig=True, clang=True) if flag not in _SHARED)


def skip_without_tools() -> None:
    """Skip the test where the compiler or the emulator is missing."""
    if ziglang.program() is None:
        pytest.skip('ziglang is not installed: pip install -e ".[compiler]"')
    if shutil.which(EMULATOR) is None:
        pytest.skip(f"{EMULATOR} is not on PATH (Debian: apt install qemu-user)")


class CrossBackend:
    """The `cpu` backend on another processor.

    Parameters
    ----------
    folder : Path
        Folder for what is compiled, and for jobs.
    flags : str
        Flags for the kernels after gpusyn's own, as ``-mcpu=apple_m1``; without a processor they are compiled for what
        all of the target have.
    workers : int
        Threads of every session.
    flush_to_zero : bool
        If True, run with the processor's flush-to-zero.
    """

    name = "cpu"

    def __init__(self, folder: Path, *flags: str, workers: int = 1, flush_to_zero: bool = False) -> None:
        self.folder, self.flags, self.workers = folder, flags, workers
        self.flush = int(flush_to_zero)
        self._numbers = itertools.count()

    def describe(self) -> str:
        return " ".join(["clang for", TARGET, *self.flags, "in", EMULATOR])

    def free_memory(self) -> None:
        return None

    def launcher(self) -> CrossLauncher:
        return CrossLauncher(self)

    def start(self, program: Program) -> CrossSession:
        return CrossSession(self, program)

    def run(self, calls: Sequence[tuple[Module, str, list[Any]]], steps: int) -> None:
        """Launch kernels of modules with their arguments, arrays of numpy and numpy's numbers, some times in turn."""
        modules = tuple(dict.fromkeys(module for module, _, _ in calls))
        entries = [(module, kernel) for module in modules for kernel in module.kernels]
        arrays = {id(v): v for _, _, values in calls for v in values if isinstance(v, np.ndarray)}
        words: list[int] = []
        for module, kernel, values in calls:
            words += [entries.index((module, kernel)), len(values)]
            for value in values:
                words += [1, id(value)] if isinstance(value, np.ndarray) else [0, _bytes_of(value)]
        at = 8 * (6 + len(words))
        places = {}
        for key, array in arrays.items():
            at = places[key] = -(-at // _ALIGNED) * _ALIGNED
            at += array.nbytes
        head = [at, len(arrays), len(calls), steps, self.workers, self.flush]
        packed = np.array(head + [places.get(word, word) for word in words], np.uint64)
        content = bytearray(at)
        content[: packed.nbytes] = packed.tobytes()
        for key, array in arrays.items():
            content[places[key] : places[key] + array.nbytes] = array.tobytes()
        job = self.folder / f"job-{os.getpid()}-{next(self._numbers)}"
        job.write_bytes(content)
        program = _linked(self.folder, self.flags, modules)
        subprocess.run([EMULATOR, str(program), str(job)], check=True, timeout=600)
        content = bytearray(job.read_bytes())
        job.unlink()
        for key, array in arrays.items():
            if array.size and array.flags.writeable:
                flat = np.frombuffer(content, array.dtype, array.size, places[key])
                array[...] = flat.reshape(array.shape)


def _bytes_of(number: Any) -> int:
    return int.from_bytes(number.tobytes(), "little")


class CrossSession:
    """One program; see `gpusyn.backends.base.Session`."""

    def __init__(self, backend: CrossBackend, program: Program) -> None:
        self._backend = backend
        self._arrays: dict[str, Any] = {}
        self.rebind(program, {name: program.live(name) for name in program.specs})

    def rebind(self, program: Program, arrays: Mapping[str, Any]) -> None:
        self._program, self._arrays = program, {**self._arrays, **arrays}

    def run(self, steps: int) -> None:
        program, calls = self._program, []
        for launch in program.launches:
            bound = KERNELS[launch.kernel].bind(launch.arrays, self._arrays, launch.scalars, program.numbers)
            module = module_of(launch.kernel, launch.signature, program.numbers)
            calls.append((module, launch.kernel, list(bound.values())))
        self._backend.run(calls, steps)

    def read(self, name: str, start: int = 0, stop: int | None = None, after: object = None) -> Any:
        return part_to_read("cpu", self._arrays, name, start, stop).copy()

    def write(self, name: str, values: Any, start: int = 0) -> None:
        part, flat = part_to_write("cpu", self._arrays, name, values, start)
        part[:] = flat

    def close(self) -> None:
        self._arrays = {}


class CrossLauncher:
    """The kernels that build rows; see `gpusyn.kernels.program.Launcher`."""

    in_order = True
    memory = HOST

    def __init__(self, backend: CrossBackend) -> None:
        self._backend = backend
        self.workers = self.blocks = backend.workers

    def launch(self, kernel: str, **arguments: Any) -> None:
        values = [
            value if isinstance(value, np.ndarray) else _number(ctype, value)
            for ctype, value in BUILD_KERNELS[kernel].given(arguments)
        ]
        self._backend.run([(build_module(), kernel, values)], 1)

    def close(self) -> None:
        pass


def _number(ctype: str, value: Any) -> Any:
    if ctype == "int64":
        return np.uint64(int(value) % 2**64)
    return (np.int32 if ctype == "int" else np.float64)(value)


# ---- compiling ----


@functools.cache
def _linked(folder: Path, flags: tuple[str, ...], modules: tuple[Module, ...]) -> Path:
    """Compile modules and the loop over launches, and link a program."""
    with ThreadPoolExecutor(available_cores()) as pool:
        names = list(pool.map(lambda module: _compiled(folder, flags, module), modules))
    entries = [
        f"entry_{name}_{kernel}" for name, module in zip(names, modules, strict=True) for kernel in module.kernels
    ]
    text = read_kernel("host/driver.cpp")
    text += "".join(f'extern "C" void {entry}(void **, int, int);\n' for entry in entries)
    text += f"static const Entry ENTRIES[] = {{{', '.join(entries)}}};\n"
    text += (Path(__file__).parent / "cross_main.cpp").read_text(encoding="utf-8")
    program = f"program_{_key(*flags, text)}"
    (folder / f"{program}.cpp").write_text(text, encoding="utf-8")
    # C's library needs functions of the compiler's own, such as those for numbers of 128 bits
    _zig(folder, "-static", "-rtlib=compiler-rt", f"{program}.cpp", *(f"{name}.o" for name in names), "-o", program)
    return folder / program


@functools.cache
def _compiled(folder: Path, flags: tuple[str, ...], module: Module) -> str:
    """Compile a module and return its name, which its entries bear: a program may hold several of the same kernel."""
    name = f"module_{_key(*flags, module.text)}"
    names = "".join(f"#define entry_{kernel} entry_{name}_{kernel}\n" for kernel in module.kernels)
    entries = "".join(f"HOST_ENTRY({kernel})\n" for kernel in module.kernels)
    (folder / f"{name}.cpp").write_text(names + read_kernel("host/host.h") + module.text + entries, encoding="utf-8")
    _zig(folder, "-c", *flags, f"{name}.cpp", "-o", f"{name}.o")
    return name


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _zig(folder: Path, *words: str) -> None:
    """Run the compiler for the target; what it builds of C's library is kept in the folder."""
    cache = os.environ.get("ZIG_GLOBAL_CACHE_DIR", str(folder / "zig"))
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}
    command = [str(ziglang.program()), "c++", "-target", TARGET, *_FLAGS, *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr[-3000:]}"
