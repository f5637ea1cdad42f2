"""Kernel text -> shared library for the CPU, through ``host/emulate.h`` and g++, kept in a cache.

The cache is a folder keyed by the content of everything that goes in (text, headers, flags, compiler), so it
is never stale; a finished library is published by renaming it, so that two processes may build the same one.
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .settings import settings
from .unrolled import unrolled

__all__ = ["CompileFailure", "Kernel", "Module", "compiler", "kernel_names", "load", "sanitizer_environment"]

HEADERS = Path(__file__).resolve().parent / "host"


class CompileFailure(Exception):
    """The compiler refused the text, or an option is not one that NVRTC has and the emulator understands."""


# ---- reading the text ----

_BOUNDS = r"(?:__launch_bounds__\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)\s*)?"
_KERNEL = re.compile(rf'extern\s+"C"\s+__global__\s+{_BOUNDS}void\s+{_BOUNDS}(\w+)\s*\(')
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b", re.M)
_ONCE = re.compile(r"^([ \t]*)#[ \t]*pragma[ \t]+once\b", re.M)
_DYNAMIC = re.compile(
    r"extern\s+(?:__shared__|SHARED)\s+(?:__align__\s*\([^)]*\)\s*)?([\w ]+?)\s*\b(\w+)\s*\[\s*\]\s*;"
)


def _run(arguments: Sequence[str], text: str) -> str:
    if compiler() is None:
        raise CompileFailure("the emulator needs g++, which is not on PATH")
    command = [str(compiler()), *arguments, "-x", "c++", "-"]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if result.returncode:
        raise CompileFailure(result.stderr)
    return result.stdout


def _kernel_bounds(text: str, options: Sequence[str]) -> dict[str, str]:
    """Kernels in order, with what stands in their ``__launch_bounds__`` ("" where there is none)."""
    defines = [flag for flag in translate_options(options) if flag.startswith("-D")]
    # CUDA's keywords are no macros here, so the preprocessor leaves them for the pattern to find.
    expanded = _run(["-E", "-P", "-DGPUSYN_EMULATE", *defines], _ONCE.sub("", text))
    return {m[3]: m[1] or m[2] or "" for m in _KERNEL.finditer(expanded)}


def kernel_names(text: str, options: Sequence[str] = ()) -> list[str]:
    """Names of the kernels that a text defines, directly or through macros such as ``KERNEL(name, ...)``."""
    return list(_kernel_bounds(text, options))


def _emulated_text(text: str, options: Sequence[str]) -> str:
    """The C++ source of a module; line numbers of the text stay as they are."""
    entries = "".join(
        f"GPUSYN_EMULATE_KERNEL({', '.join(filter(None, (name, bounds)))})\n"
        for name, bounds in _kernel_bounds(text, options).items()
    )
    if not entries:
        raise CompileFailure('module.cu: defines no kernel (extern "C" __global__ void name(...))')
    body = _DYNAMIC.sub(r"\1 *\2 = (\1 *)emu::now.dynamic;", _ONCE.sub(r"\1", text))
    # In an unnamed namespace, shared arrays of templates and lambdas may share one section, and names
    # of the text cannot clash with those of C's library.
    return (
        f'#include "emulate.h"\nnamespace {{\n#line 1 "module.cu"\n{body}\n'
        f'}}\n#line 1 "kernel table"\nGPUSYN_EMULATE_KERNELS({entries})\n'
    )


def _counted_text(text: str, places: Path) -> str:
    """The text whose lines are counted; the file `places` receives where each is from."""
    lines = unrolled(text)
    places.write_text(json.dumps([(line.file, line.number) for line in lines]), encoding="utf-8")
    return "".join(f"{line.text}\n" for line in lines)


# ---- flags ----

_BASE = [
    "-shared",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-gnu-unique",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-math-errno",
    "-fsigned-char",  # as in CUDA, whatever the processor
    "-fstack-clash-protection",  # a large frame meets the end of the stack, and does not jump over it
    "-w",
]
_SANITIZED = {
    "": ["-O0"],  # compiles in two thirds of the time of -Og, which most kernels of a test would not make up for
    "address,undefined": [
        "-O1",
        "-g",
        "-fno-omit-frame-pointer",
        "-fsanitize=address,undefined,float-cast-overflow",
        "-fno-sanitize-recover=undefined,float-cast-overflow",
        "-fsanitize-sections=gpusyn_shared",
    ],
    "thread": ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=thread"],
}
# Counts of the lines and branches of the kernel text alone: every function by itself, and those that nothing calls.
_COVERAGE = [
    "-O0",
    "--coverage",
    "-fprofile-filter-files=module.cu",
    "-fkeep-inline-functions",
    "-fkeep-static-functions",
    "-DGPUSYN_EMULATE_COVERAGE",
]
# NVRTC's options that change nothing in an emulated kernel.
_NO_EFFECT = re.compile(
    r"--?(generate-line-info|lineinfo|device-debug|G|restrict|w|disable-warnings|maxrregcount=\d+"
    r"|extra-device-vectorization|device-as-default-execution-space|default-device|ptxas-options=.*"
    r"|gpu-architecture=.*|arch=.*|ftz=(true|false)|prec-div=true|prec-sqrt=true|diag-\w+=.*)"
)


@functools.cache
def _can_fuse() -> bool:
    """Whether this processor has fused multiply-add (AArch64 always does)."""
    if platform.machine() != "x86_64":
        return True
    return " fma " in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")


def translate_options(options: Sequence[str]) -> list[str]:
    """g++'s flags for NVRTC's options.

    Without ``--fmad=false`` multiplications and additions fuse, as NVRTC's would.
    """
    flags, standard, fuse = [], "c++17", True
    for option in options:
        name, _, value = option.lstrip("-").partition("=")
        if name == "std":
            standard = value
        elif name == "fmad":
            fuse = value != "false"
        elif option.startswith("-D") and len(option) > 2:
            flags.append(option)
        elif name == "define-macro" and value:
            flags.append("-D" + value)
        elif not _NO_EFFECT.fullmatch(option):
            raise CompileFailure(f"nvrtc: error: option {option!r} is unknown, or one that the emulator does not model")
    flags.append(f"-std={standard}")
    flags.append("-ffp-contract=fast" if fuse else "-ffp-contract=off")
    if fuse:
        flags += ["-O1", "-fexpensive-optimizations"]  # g++ fuses in a pass that -Og and -O1 leave out
    if fuse and platform.machine() == "x86_64" and _can_fuse():
        flags.append("-mfma")
    return flags


@functools.cache
def compiler() -> str | None:
    """Path of g++ (or of ``GPUSYN_EMULATE_CXX``), None where there is none."""
    return shutil.which(os.environ.get("GPUSYN_EMULATE_CXX", "g++"))


@functools.cache
def _compiler_version() -> str:
    if compiler() is None:
        return ""
    return subprocess.run([str(compiler()), "--version"], capture_output=True, text=True, check=True).stdout


def sanitizer_environment(sanitize: str) -> dict[str, str] | None:
    """Variables for a Python process that loads sanitized modules; None where g++ has no runtime."""
    libraries = {"address,undefined": ["asan", "ubsan"], "thread": ["tsan"]}[sanitize]
    paths = []
    for name in libraries:
        command = [str(compiler()), f"-print-file-name=lib{name}.so"]
        path = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        if not os.path.isabs(path):
            return None
        paths.append(path)
    return {
        "GPUSYN_EMULATE_SANITIZE": sanitize,
        "LD_PRELOAD": " ".join(paths),
        "PYTHONMALLOC": "malloc",
        # Python never frees all it has; a kernel's fibers are no place for a second set of stacks.
        "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=0:abort_on_error=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=0",
    }


# ---- cache and loading ----


def cache_folder() -> Path:
    """Where built modules are kept: ``GPUSYN_EMULATE_CACHE``, or a part of the user's cache folder."""
    own = os.environ.get("GPUSYN_EMULATE_CACHE")
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(own) if own else root / "gpusyn" / "emulation"


def build(text: str, options: Sequence[str] = (), sanitize: str = "") -> Path:
    """Path of the shared library for a kernel text, built now or taken from the cache.

    Raises
    ------
    CompileFailure
        With the compiler's own words.
    """
    if _INCLUDE.search(text):
        raise CompileFailure(
            "module.cu: includes a header; NVRTC may not find it, and CuPy's cache would miss its changes"
        )
    flags = [*_BASE, *_SANITIZED[sanitize], *translate_options(options), *(_COVERAGE if settings.coverage else ())]
    library = cache_folder() / f"{_key(text, *flags)}.so"
    if not library.exists():
        if settings.coverage:
            library.parent.mkdir(parents=True, exist_ok=True)
            flags += ["-dumpdir", f"{library.parent}/", "-dumpbase", library.stem, f"-frandom-seed={library.stem}"]
            text = _counted_text(text, library.with_suffix(".json"))
        elif not sanitize:
            flags += ["-DGPUSYN_EMULATE_APART", str(_runtime(options))]
        _compile(_emulated_text(text, options), flags, library)
    return library


def _runtime(options: Sequence[str]) -> Path:
    """Path of the emulator's own functions, compiled once for all modules; with optimisation, since they run often."""
    own = [flag for flag in options if flag.startswith("-DGPUSYN_EMULATE")]
    flags = [*_BASE[1:], "-Og", "-std=c++17", *own, "-DGPUSYN_EMULATE_RUNTIME", "-c"]
    made = cache_folder() / f"{_key(*flags)}.o"
    if not made.exists():
        _compile('#include "emulate.h"\n', flags, made)
    return made


def _key(*parts: str) -> str:
    """A hash of these and of what goes into every file: headers, compiler and this module."""
    own = [_compiler_version(), platform.machine(), Path(__file__).read_text(encoding="utf-8")]
    headers = [header.read_text(encoding="utf-8") for header in sorted(HEADERS.glob("*.h"))]
    return hashlib.sha256("\0".join([*parts, *own, *headers]).encode()).hexdigest()[:32]


def _compile(text: str, flags: Sequence[str], place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as work:
        made = Path(work, place.name)
        _run([*flags, f"-I{HEADERS}", "-o", str(made)], text)
        os.replace(made, place)


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One kernel of a built module.

    Attributes
    ----------
    name : str
    parameters : tuple of str
        C types, such as ``"const float*"`` or ``"int"``, typedefs resolved.
    bound : int
        Most threads a block may have.
    """

    name: str
    parameters: tuple[str, ...]
    bound: int
    index: int
    library: ctypes.PyDLL

    def launch(self, slots: ctypes.Array[ctypes.c_uint64], grid: int, block: int, shared: int = 0) -> str:
        """Run the kernel with the current ``settings``; "" or what went wrong.

        ``slots`` holds one argument each: an address, or a number's bytes.
        """
        good = self.library.gpusyn_emulate_launch(
            self.index, slots, grid, block, shared, settings.order, int(settings.flush)
        )
        return "" if good else self.library.gpusyn_emulate_error().decode()


class Module(dict[str, Kernel]):
    """Kernels of a built library, by name."""


_stacks: dict[int, int] = {}  # where those of the first module are, by the bytes of a stack


def _share_stacks(library: ctypes.PyDLL) -> None:
    """Let a module's threads run on the stacks of the first module; no library is ever unloaded."""
    library.gpusyn_emulate_stack_bytes.restype = ctypes.c_size_t
    library.gpusyn_emulate_stacks.restype = ctypes.c_void_p
    library.gpusyn_emulate_share_stacks.argtypes = [ctypes.c_void_p]
    place = _stacks.setdefault(library.gpusyn_emulate_stack_bytes(), library.gpusyn_emulate_stacks())
    library.gpusyn_emulate_share_stacks(place)


@functools.lru_cache(maxsize=64)
def _open(path: Path) -> Module:
    library = ctypes.PyDLL(str(path))  # keeps Python's lock: a module runs one launch at a time
    library.gpusyn_emulate_name.restype = ctypes.c_char_p
    library.gpusyn_emulate_signature.restype = ctypes.c_char_p
    library.gpusyn_emulate_error.restype = ctypes.c_char_p
    _share_stacks(library)
    library.gpusyn_emulate_launch.argtypes = [
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_size_t,
        ctypes.c_ulonglong,
        ctypes.c_uint,
    ]
    module = Module()
    for index in range(library.gpusyn_emulate_count()):
        name = library.gpusyn_emulate_name(index).decode()
        parameters = library.gpusyn_emulate_signature(index).decode().split(",")[:-1]
        module[name] = Kernel(name, tuple(parameters), library.gpusyn_emulate_bound(index), index, library)
    return module


def load(text: str, options: Sequence[str] = (), sanitize: str | None = None) -> Module:
    """Build a kernel text, or find it in the cache, and load it; ``sanitize`` defaults to the setting."""
    return _open(build(text, options, settings.sanitize if sanitize is None else sanitize))
