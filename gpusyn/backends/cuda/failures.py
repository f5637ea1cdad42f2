"""What the errors of CuPy, the driver and NVRTC mean, in sentences.

After some errors, the driver answers every later call of the process with the same error; these end all sessions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from gpusyn.errors import BackendError, GpusynError, PlanMemoryError

__all__ = ["Meaning", "cuda_errors", "ends_the_process", "error_text", "meaning_of"]


class Meaning(NamedTuple):
    """The meaning of an error.

    Attributes
    ----------
    reason, fix : str
        Reason for the error, and what to do.
    ends : bool
        True if the GPU answers nothing else in this process from now on.
    """

    reason: str
    fix: str
    ends: bool = False


_AGAIN = "start Python again"
_REPORT = f"{_AGAIN}; if it comes again, report it with what `gpusyn check` and `gpusyn info` say, or use backend='cpu'"
_DRIVER = "update the driver, or install a compiler library that is not newer: see what `gpusyn info` says"
_GONE = f"see what nvidia-smi lists; in a container or on a cluster, see whether the GPU is still yours; then {_AGAIN}"

# The numbers are those of both cudaError_t and CUresult.
_MEANINGS = {
    3: Meaning(
        "the process was forked from one that had used the GPU",
        "start worker processes with multiprocessing's method 'spawn'",
        ends=True,
    ),
    35: Meaning("there is no driver, or it is too old for this CuPy", "see what `gpusyn info` says"),
    46: Meaning("another program has the GPU for itself", "close that program, or: nvidia-smi --compute-mode=DEFAULT"),
    100: Meaning("the GPU is not there any more", _GONE, ends=True),
    101: Meaning("there is no GPU of this number", "see what `gpusyn info` lists"),
    200: Meaning("the driver does not accept the compiled kernels", _DRIVER),
    209: Meaning("the driver does not accept the compiled kernels", _DRIVER),
    214: Meaning("the memory of the GPU has a fault (ECC)", f"reset the GPU with nvidia-smi, and {_AGAIN}", ends=True),
    222: Meaning("the driver does not accept the compiled kernels", _DRIVER),
    304: Meaning("the system refuses what the driver needs", "in a container, start it with docker run --gpus all"),
    700: Meaning("a kernel used memory that is not its own", _REPORT, ends=True),
    701: Meaning("a kernel needs more registers than a block may have", "use CudaBackend with a smaller block"),
    702: Meaning(
        "a kernel took longer than the system allows on a GPU that serves a display",
        f"use a GPU without a display, or raise the limit (Windows and WSL: TdrDelay), and {_AGAIN}",
        ends=True,
    ),
    709: Meaning("the GPU was reset", _AGAIN, ends=True),
    **dict.fromkeys((710, 714, 715, 716, 717, 718, 719), Meaning("a kernel failed", _REPORT, ends=True)),
    802: Meaning("the GPUs of this machine are not ready", "start the service nvidia-fabricmanager"),
    803: Meaning(
        "the driver's parts do not fit together",
        "restart the machine after an update of the driver; in a container, remove its own libcuda",
    ),
    999: Meaning("the driver has lost the GPU", _GONE, ends=True),
}
_NO_MEMORY = Meaning(
    "the GPU ran out of memory", "use a smaller network, or close other programs and arrays on this GPU"
)
_NO_COMPILER = Meaning(
    "CUDA's compiler library (nvrtc) was not found",
    'pip install "cuda-toolkit[nvrtc,cudart]", of the CUDA that `gpusyn info` shows',
)
_NO_CACHE = Meaning(
    "CuPy cannot write its cache of compiled kernels", "set CUPY_CACHE_DIR to a folder that can be written"
)


def error_text(error: BaseException) -> str:
    """Return the class and the most telling line of an error of CuPy, which may be long."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()]
    return f"{type(error).__name__}: {(telling or lines or ['no message'])[0][:200]}"


def meaning_of(error: BaseException | None) -> Meaning | None:
    """Return the meaning of an error, None if it is not a known one. CuPy's classes are told by their names."""
    kind = type(error).__name__
    if kind in ("CUDARuntimeError", "CUDADriverError"):
        status = int(getattr(error, "status", 0))
        return _NO_MEMORY if status == 2 else _MEANINGS.get(status)
    if kind == "OutOfMemoryError":
        return _NO_MEMORY
    if kind == "DynamicLibNotFoundError" or (isinstance(error, RuntimeError) and "libnvrtc" in str(error)):
        return _NO_COMPILER
    return _NO_CACHE if isinstance(error, OSError) else None


def ends_the_process(error: BaseException | None) -> bool:
    """Return True if the GPU answers nothing else in this process after an error, or after its cause.

    >>> ends_the_process(ValueError())
    False
    """
    meaning = meaning_of(error.__cause__ or error) if error else None
    return meaning is not None and meaning.ends


@contextmanager
def cuda_errors(doing: str) -> Iterator[None]:
    """Turn whatever CuPy, the driver or a library of CUDA raises into an error that says what it means.

    Raises
    ------
    PlanMemoryError
        If the memory of the GPU does not suffice.
    BackendError
        For every other error.
    """
    try:
        yield
    except GpusynError:
        raise
    except Exception as error:
        meaning, text = meaning_of(error), error_text(error)
        if meaning is None and isinstance(error, MemoryError):
            raise  # the host's memory, of which the caller knows more
        if meaning is _NO_MEMORY:
            raise PlanMemoryError(f"cuda backend: {meaning.reason} during {doing} ({text}); {meaning.fix}") from error
        if meaning is None:
            raise BackendError(
                f"cuda backend: {doing} failed ({text}); see what gpusyn info and nvidia-smi say, or use backend='cpu'"
            ) from error
        raise BackendError(f"cuda backend: {doing} failed: {meaning.reason} ({text}); {meaning.fix}") from error
