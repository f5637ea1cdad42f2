"""NVRTC through ctypes: it compiles CUDA text for any GPU without a GPU and without a driver.

Only the wheel ``nvidia-cuda-nvrtc`` (extra ``test``) is needed. The options are those that CuPy 14 passes for
``RawModule(code=..., options=OPTIONS)``, so the compiled code is the code that runs on a GPU.
"""

from __future__ import annotations

import ctypes
import functools
import re
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from gpusyn.backends.cuda.gpu import OPTIONS

# Compute capabilities that gpusyn supports: Turing, Ampere (two), Ada, Hopper, Blackwell (two).
ARCHITECTURES = (75, 80, 86, 89, 90, 100, 120)

# gpusyn's own options, then those that CuPy adds.
CUPY_OPTIONS = (*OPTIONS, "-ftz=true", "--device-as-default-execution-space")


class NvrtcError(RuntimeError):
    """Text that does not compile; the message is NVRTC's log."""


@dataclass(frozen=True)
class Resources:
    """Resources of one kernel on one architecture, from ptxas: registers per thread, other sizes in bytes."""

    registers: int
    shared: int
    stack: int
    spill_stores: int
    spill_loads: int


@dataclass(frozen=True)
class Compiled:
    """A compiled text: the cubin, the PTX from which it was made, and the log."""

    cubin: bytes
    ptx: str
    log: str

    @property
    def kernels(self) -> dict[str, Resources]:
        return parse_log(self.log)

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.log.splitlines() if re.search(r"\bwarning\b", line, re.IGNORECASE)]


def parse_log(log: str) -> dict[str, Resources]:
    """Return the resources of each kernel from the log of ``--ptxas-options=-v``."""
    found = {}
    for part in log.split("Compiling entry function '")[1:]:
        name = part.split("'", 1)[0]
        spill = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", part)
        registers = re.search(r"Used (\d+) registers", part)
        if not spill or not registers:
            raise NvrtcError(f"{name}: the log names no registers or spills:\n{part}")
        shared = re.search(r"(\d+) bytes smem", part)
        stack, stores, loads = (int(n) for n in spill.groups())
        found[name] = Resources(int(registers[1]), int(shared[1]) if shared else 0, stack, stores, loads)
    return found


def library_path() -> Path | None:
    """Return the path of the wheel's libnvrtc, or None if the wheel is not installed."""
    for folder in dict.fromkeys(sysconfig.get_paths()[key] for key in ("purelib", "platlib")):
        for path in sorted(Path(folder, "nvidia").glob("*/lib/libnvrtc.so.1[0-9]")):
            return path
    return None


@functools.cache
def _library() -> ctypes.CDLL:
    path = library_path()
    if path is None:
        raise NvrtcError('libnvrtc is not installed; install it with: pip install -e ".[test]"')
    library = ctypes.CDLL(str(path))
    library.nvrtcGetErrorString.restype = ctypes.c_char_p
    return library


def version() -> str:
    """Return the version of the library, such as ``13.5``."""
    major, minor = ctypes.c_int(), ctypes.c_int()
    _library().nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
    return f"{major.value}.{minor.value}"


def _fetch(program: ctypes.c_void_p, what: str) -> bytes:
    size = ctypes.c_size_t()
    getattr(_library(), f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(size.value)
    getattr(_library(), f"nvrtcGet{what}")(program, buffer)
    return buffer.raw


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode()


def compile_text(text: str, arch: int, options: tuple[str, ...] = CUPY_OPTIONS) -> Compiled:
    """Compile ``text`` for one compute capability, such as 90, directly to a cubin, as CuPy does.

    Raises
    ------
    NvrtcError
        If the text does not compile; the message contains the log.
    """
    library, program = _library(), ctypes.c_void_p()
    if library.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"gpusyn.cu", 0, None, None):
        raise NvrtcError("nvrtcCreateProgram failed")
    arguments = [*options, f"-arch=sm_{arch}", "--ptxas-options=-v"]
    array = (ctypes.c_char_p * len(arguments))(*(a.encode() for a in arguments))
    try:
        status = library.nvrtcCompileProgram(program, len(arguments), array)
        log = _text(_fetch(program, "ProgramLog"))
        if status:
            raise NvrtcError(f"sm_{arch}: {library.nvrtcGetErrorString(status).decode()}\n{log}")
        return Compiled(_fetch(program, "CUBIN"), _text(_fetch(program, "PTX")), log)
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))
