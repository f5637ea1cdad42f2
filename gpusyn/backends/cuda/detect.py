"""Detection of a usable GPU; if there is none, the reason and the fix.

Each step checks one requirement: CuPy, a driver, a driver that is new enough, a GPU, a GPU that is new enough, CUDA's
compiler library (NVRTC), and a kernel that compiles and loads. The raw messages of these layers are misleading ("no
driver" and "old driver" have the same message), so the first step that fails gives a sentence of its own.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from gpusyn.backends.cuda.failures import error_text, meaning_of

__all__ = ["LAST_DEVICE", "MINIMUM_CAPABILITY", "Detection", "Device", "detect", "installed_cupys"]

MINIMUM_CAPABILITY = (7, 5)
LAST_DEVICE = 1023  # largest number of a GPU: more than any machine has

# Oldest driver of each CUDA generation, according to NVIDIA's table of minor version compatibility.
_DRIVERS = {13: 580, 12: 525}
# What the extras cuda12 and cuda13 install, by its own names: gpusyn itself is on no package index.
_WHEELS = {cuda: f'"cupy-cuda{cuda}x>=14" "cuda-toolkit[cudart,nvrtc]=={cuda}.*"' for cuda in _DRIVERS}
_INSTALL = "; ".join(
    f"with an NVIDIA driver {driver} or newer: pip install {_WHEELS[cuda]}" for cuda, driver in _DRIVERS.items()
)
_PROBE = """extern "C" __global__ void gpusyn_probe(int *out) {
    out[0] = blockIdx.x;
}
"""


class Device(NamedTuple):
    """One GPU.

    Attributes
    ----------
    number : int
        Number of the device in CUDA.
    name : str
        Name that the driver reports.
    capability : (int, int)
        Compute capability, such as (9, 0).
    free, total : int
        Free and total memory (bytes); 0 for a GPU that was left alone, since to ask takes some of its memory.
    uuid : str
        What tells it from all others; empty if it is not known.
    """

    number: int
    name: str
    capability: tuple[int, int]
    free: int
    total: int
    uuid: str = ""

    @property
    def identity(self) -> str:
        """What tells the GPU from all others, also those of other machines: the uuid, or what comes near."""
        return self.uuid or f"{platform.node()}: {self.number}"

    def __str__(self) -> str:
        """Return name and compute capability in one phrase."""
        return f"{self.name} (compute capability {self.capability[0]}.{self.capability[1]})"


@dataclass(frozen=True)
class Detection:
    """The result of the search for a usable GPU.

    Attributes
    ----------
    usable : bool
        True if every step passed.
    reason, fix : str
        Reason why the GPU cannot be used, and the fix; empty if it can be used.
    cupy, driver, runtime, nvrtc : str
        Versions; empty if they are not known.
    devices : tuple of Device
        GPUs that the driver reports.
    device : Device or None
        The one of them that is used.
    """

    usable: bool
    reason: str = ""
    fix: str = ""
    cupy: str = ""
    driver: str = ""
    runtime: str = ""
    nvrtc: str = ""
    devices: tuple[Device, ...] = field(default=())
    device: Device | None = None

    @property
    def verdict(self) -> str:
        """Last line of ``gpusyn info``.

        >>> Detection(False, "CuPy is not installed", "pip install it").verdict
        'GPU: not usable, because CuPy is not installed; fix: pip install it'
        """
        return "GPU: usable" if self.usable else f"GPU: not usable, because {self.reason}; fix: {self.fix}"


class _Unusable(Exception):
    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.reason, self.fix = reason, fix


def installed_cupys() -> list[str]:
    """Return the names and versions of the CuPy distributions here, such as ``["cupy-cuda13x 14.2.0"]``."""
    found: dict[str, str] = {}
    for place in _named_after_cupy():
        distribution = importlib.metadata.Distribution.at(place)
        try:
            name = str(distribution.metadata["Name"] or "").lower()
        except Exception:  # the remains of a package, which pip left without metadata
            continue
        if re.fullmatch(r"cupy(-cuda\w+|-rocm-[\w-]+)?", name):
            found.setdefault(name, f"{name} {distribution.version}")
    return sorted(found.values())


def _named_after_cupy() -> Iterator[Path]:
    """Return where metadata may be CuPy's, by name: reading those of every package would take longer than all else."""
    for folder in sys.path:
        try:
            names = os.listdir(folder or os.curdir)
        except OSError:  # an archive, or a folder that is not there
            continue
        for name in names:
            if name.lower().startswith("cupy") and name.endswith((".dist-info", ".egg-info")):
                yield Path(folder, name)


def _cuda(version: int) -> str:
    return f"{version // 1000}.{version % 1000 // 10}"


def _load(importer: Callable[[], Any], installed: Iterable[str]) -> Any:
    several = list(installed)
    if len(several) > 1:
        names = " ".join(entry.split()[0] for entry in several)
        raise _Unusable(
            f"several CuPys are installed and break each other ({', '.join(several)})",
            f"pip uninstall {names}; then, {_INSTALL}",
        )
    try:
        return importer()
    except ModuleNotFoundError as error:
        if error.name == "cupy":
            raise _Unusable("CuPy is not installed", _INSTALL) from None
        fix = f"pip install {error.name}" if error.name else "reinstall it: " + _INSTALL
        raise _Unusable(f"CuPy does not import ({error_text(error)})", fix) from None
    except Exception as error:
        name = several[0].split()[0] if several else "cupy"
        raise _Unusable(
            f"CuPy does not import ({error_text(error)})", f"pip uninstall {name}; then, {_INSTALL}"
        ) from None


def _check_driver(driver: int, runtime: int) -> None:
    need, have = runtime // 1000, driver // 1000
    if driver == 0:
        wsl = "microsoft" in platform.release().lower()
        raise _Unusable(
            "CuPy is installed but no NVIDIA driver was found (driver version 0)",
            f"install NVIDIA's driver, {_DRIVERS.get(need, min(_DRIVERS.values()))} or newer"
            f"{', in Windows and not in its Linux' if wsl else ''}; "
            "in a container, start it with access to the GPU (docker run --gpus all)",
        )
    if have < need:
        update = f"update the driver to {_DRIVERS[need]} or newer" if need in _DRIVERS else "update the driver"
        other = f", or: pip uninstall cupy-cuda{need}x; pip install {_WHEELS[have]}" if have in _WHEELS else ""
        raise _Unusable(f"the driver supports CUDA {_cuda(driver)}, this CuPy needs {need}.x", update + other)


def _list_devices(cupy: Any, driver: str, memory: bool) -> tuple[Device, ...]:
    runtime = cupy.cuda.runtime
    try:
        count = runtime.getDeviceCount()
    except Exception as error:
        if "cudaErrorNoDevice" not in str(error):
            meaning = meaning_of(error)
            raise _Unusable(
                f"{meaning.reason if meaning else 'the driver answers with an error'} ({error_text(error)})",
                meaning.fix
                if meaning
                else "see whether nvidia-smi works; if it does not, reload or reinstall the driver",
            ) from None
        count = 0
    if count == 0:
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
        raise _Unusable(
            f"the driver (CUDA {driver}) shows no GPU",
            "see what nvidia-smi lists" if hidden is None else f"unset CUDA_VISIBLE_DEVICES, which is {hidden!r} here",
        )
    devices = []
    for index in range(count):
        device = cupy.cuda.Device(index)
        capability = str(device.compute_capability)
        properties = runtime.getDeviceProperties(index)
        name, uuid = properties["name"], properties.get("uuid", b"")
        free, total = device.mem_info if memory else (0, 0)
        devices.append(
            Device(
                index,
                name.decode() if isinstance(name, bytes) else str(name),
                (int(capability[:-1]), int(capability[-1])),
                int(free),
                int(total),
                bytes(uuid).hex(),
            )
        )
    return tuple(devices)


def _checked_device(devices: tuple[Device, ...], number: int | None, place: int | None) -> Device:
    """Return the device of a number, by default that of a place among those that are new enough."""
    others = [d for d in devices if d.capability >= MINIMUM_CAPABILITY]
    if number is None:
        number = others[(place or 0) % len(others)].number if others else 0
    if number >= len(devices):
        raise _Unusable(
            f"there is no GPU {number}: CUDA shows {', '.join(f'{d.number} ({d.name})' for d in devices)}",
            "use the number of one of these, or change CUDA_VISIBLE_DEVICES",
        )
    device = devices[number]
    if device.capability >= MINIMUM_CAPABILITY:
        return device
    raise _Unusable(
        f"{device} is too old: gpusyn needs {MINIMUM_CAPABILITY[0]}.{MINIMUM_CAPABILITY[1]} or newer",
        f"use CudaBackend(device={others[0].number}) or set CUDA_VISIBLE_DEVICES={others[0].number}, for {others[0]}"
        if others
        else "use a GPU of the Turing generation (2018) or newer",
    )


def _taken(cupy: Any, device: Device) -> Device:
    """Make a device the current one of this thread, so that nothing of the process is on another; ask for its memory.

    A process that uses a device, if only for a moment, keeps some hundred MB of it.
    """
    cupy.cuda.Device(device.number).use()
    free, total = cupy.cuda.Device(device.number).mem_info
    return device._replace(free=int(free), total=int(total))


def _nvrtc_version(cupy: Any, cuda: int) -> str:
    try:
        return ".".join(str(part) for part in cupy.cuda.nvrtc.getVersion())
    except Exception as error:
        raise _Unusable(
            f"CUDA's compiler library (nvrtc) was not found ({error_text(error)})",
            f'pip install "cuda-toolkit[nvrtc,cudart]=={cuda}.*"',
        ) from None


def _compile_probe(cupy: Any, nvrtc: str, device: Device) -> None:
    try:
        with cupy.cuda.Device(device.number):
            cupy.RawModule(code=_PROBE, options=("--std=c++17", "--fmad=false")).get_function("gpusyn_probe")
    except Exception as error:
        text, meaning = str(error), meaning_of(error)
        if meaning:
            raise _Unusable(f"{meaning.reason} ({error_text(error)})", meaning.fix) from None
        if "gpu-architecture" in text:
            fix = f"install a newer compiler library: pip install --upgrade {_WHEELS[max(_WHEELS)]}"
            raise _Unusable(f"NVRTC {nvrtc} does not know {device}", fix) from None
        toolkit = os.environ.get("CUDA_PATH")
        if toolkit and ("incomplete type" in text or "fatal error" in text):
            reason = f"headers of another CUDA ({toolkit}) reached NVRTC {nvrtc} ({error_text(error)})"
            raise _Unusable(reason, "unset CUDA_PATH") from None
        raise _Unusable(
            f"a three-line kernel does not compile and load with NVRTC {nvrtc} ({error_text(error)})",
            "reinstall CuPy and the CUDA libraries: " + _INSTALL,
        ) from None


def detect(
    importer: Callable[[], Any],
    installed: Callable[[], Iterable[str]] = installed_cupys,
    device: int | None = None,
    place: int | None = None,
) -> Detection:
    """Check that a GPU can be used. No error is raised: the result contains the reason.

    Parameters
    ----------
    importer : callable
        Function that imports CuPy and returns it (:func:`gpusyn.backends.cuda.backend.import_cupy`).
    installed : callable
        Function that returns the names of the CuPy distributions of this environment.
    device : int, optional
        Number of the GPU; by default the first that is new enough.
    place : int
        How many processes of this machine take a GPU before this one does: it takes the next, from the first on again,
        makes it the current one of this thread, and leaves all others alone.

    Returns
    -------
    Detection
        Verdict, with the versions and devices that are known.

    Examples
    --------
    >>> def importer():
    ...     raise ModuleNotFoundError("No module named 'cupy'", name="cupy")
    >>> detect(importer, installed=list).reason
    'CuPy is not installed'
    """
    found = Detection(False)
    try:
        cupy = _load(importer, installed())
        found = replace(found, cupy=str(cupy.__version__))
        runtime = cupy.cuda.runtime
        if getattr(runtime, "is_hip", False):
            raise _Unusable("this CuPy is made for AMD's GPUs", "pip uninstall it; then, " + _INSTALL)
        driver, built_for = runtime.driverGetVersion(), runtime.runtimeGetVersion()
        found = replace(found, driver=_cuda(driver), runtime=_cuda(built_for))
        _check_driver(driver, built_for)
        found = replace(found, devices=_list_devices(cupy, found.driver, memory=place is None))
        wanted = _checked_device(found.devices, device, place)
        if place is not None:
            wanted = _taken(cupy, wanted)
        found = replace(found, nvrtc=_nvrtc_version(cupy, built_for // 1000), device=wanted)
        _compile_probe(cupy, found.nvrtc, wanted)
    except _Unusable as why:
        return replace(found, reason=why.reason, fix=why.fix)
    except Exception as error:  # a broken installation may raise any error at any place
        meaning = meaning_of(error)
        reason, fix = (meaning.reason, meaning.fix) if meaning else ("CuPy failed", "reinstall it: " + _INSTALL)
        return replace(found, reason=f"{reason} ({error_text(error)})", fix=fix)
    return replace(found, usable=True)
