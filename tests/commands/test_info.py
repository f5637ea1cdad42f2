"""Every situation of a missing or broken GPU gets its own sentence and its own fix; none raises."""

import os
import shlex
import subprocess
import sys
import tomllib
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from gpusyn.backends.cuda.detect import Detection, Device, detect, installed_cupys
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.backends.select import BACKENDS
from gpusyn.commands import info
from tests.helpers.paths import ROOT

H100 = ("NVIDIA H100", "90", 80 * 2**30)
V100 = ("Tesla V100", "70", 16 * 2**30)
RTX5090 = ("NVIDIA GeForce RTX 5090", "120", 32 * 2**30)
ONE_CUPY = ["cupy-cuda13x 14.2.0"]


class FakeError(RuntimeError):
    """Stands for the classes of CuPy's own errors, which derive from RuntimeError too."""


def fake_cupy(
    *,
    driver=13000,
    runtime=13020,
    devices=(H100,),
    count_error=None,
    nvrtc_error=None,
    compile_error=None,
    is_hip=False,
):
    """A stand-in with just what the detection touches, failing where it is told to."""

    def get_device_count():
        if count_error:
            raise FakeError(count_error)
        return len(devices)

    class Device(nullcontext):
        def __init__(self, i):
            super().__init__()
            _, self.compute_capability, memory = devices[i]
            self.mem_info = (memory // 2, memory)

    def get_version():
        if nvrtc_error:
            raise FakeError(nvrtc_error)
        return (runtime // 1000, 2)

    def raw_module(code, options):
        assert "__global__" in code
        assert "--fmad=false" in options

        def get_function(name):
            assert name in code
            if compile_error:
                raise FakeError(compile_error)
            return object()

        return SimpleNamespace(get_function=get_function)

    api = SimpleNamespace(
        is_hip=is_hip,
        driverGetVersion=lambda: driver,
        runtimeGetVersion=lambda: runtime,
        getDeviceCount=get_device_count,
        getDeviceProperties=lambda i: {"name": devices[i][0].encode()},
    )
    nvrtc = SimpleNamespace(getVersion=get_version)
    cuda = SimpleNamespace(runtime=api, Device=Device, nvrtc=nvrtc)
    return SimpleNamespace(__version__="14.2.0", cuda=cuda, RawModule=raw_module)


def found(installed=ONE_CUPY, device=None, **how) -> Detection:
    return detect(lambda: fake_cupy(**how), installed=lambda: installed, device=device)


def failing(error):
    def importer():
        raise error

    return importer


WHEEL_12 = '"cupy-cuda12x>=14" "cuda-toolkit[cudart,nvrtc]==12.*"'
WHEEL_13 = '"cupy-cuda13x>=14" "cuda-toolkit[cudart,nvrtc]==13.*"'
INSUFFICIENT = "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"

SITUATIONS = {
    "no driver": (
        {"driver": 0, "count_error": INSUFFICIENT},
        "no NVIDIA driver was found (driver version 0)",
        ["580 or newer", "in a container, start it with access to the GPU"],
    ),
    "driver too old for CUDA 13": (
        {"driver": 12040, "count_error": INSUFFICIENT},
        "the driver supports CUDA 12.4, this CuPy needs 13.x",
        ["update the driver to 580 or newer", "pip uninstall cupy-cuda13x; pip install", WHEEL_12],
    ),
    "driver too old for all": (
        {"driver": 11040, "runtime": 12090},
        "the driver supports CUDA 11.4, this CuPy needs 12.x",
        ["update the driver to 525 or newer"],
    ),
    "no device": (
        {"count_error": "cudaErrorNoDevice: no CUDA-capable device is detected"},
        "the driver (CUDA 13.0) shows no GPU",
        ["nvidia-smi"],
    ),
    "no device, no exception": ({"devices": ()}, "shows no GPU", ["nvidia-smi"]),
    "driver answers with an error": (
        {"count_error": "cudaErrorUnknown: unknown error"},
        "the driver answers with an error (FakeError: cudaErrorUnknown: unknown error)",
        ["nvidia-smi"],
    ),
    "GPU too old": (
        {"devices": (V100,)},
        "Tesla V100 (compute capability 7.0) is too old: gpusyn needs 7.5 or newer",
        ["Turing"],
    ),
    "chosen GPU too old": (
        {"devices": (H100, V100), "device": 1},
        "Tesla V100 (compute capability 7.0) is too old",
        ["CudaBackend(device=0) or set CUDA_VISIBLE_DEVICES=0, for NVIDIA H100"],
    ),
    "no such GPU": (
        {"devices": (V100, H100), "device": 2},
        "there is no GPU 2: CUDA shows 0 (Tesla V100), 1 (NVIDIA H100",
        ["use the number of one of these, or change CUDA_VISIBLE_DEVICES"],
    ),
    "NVRTC missing": (
        {"runtime": 12090, "nvrtc_error": 'Failure finding "libnvrtc.so.12": No such file: libnvrtc.so.12'},
        "CUDA's compiler library (nvrtc) was not found",
        ['pip install "cuda-toolkit[nvrtc,cudart]==12.*"'],
    ),
    "GPU too new for NVRTC": (
        {
            "devices": (RTX5090,),
            "compile_error": "nvrtc: error: invalid value for --gpu-architecture (-arch)",
        },
        "NVRTC 13.2 does not know NVIDIA GeForce RTX 5090 (compute capability 12.0)",
        [f"pip install --upgrade {WHEEL_13}"],
    ),
    "kernel does not load": (
        {"compile_error": "compiling\nkernel.cu(1): error: something odd\nmore"},
        "does not compile and load with NVRTC 13.2 (FakeError: kernel.cu(1): error: something odd)",
        ["reinstall CuPy"],
    ),
    "AMD": ({"is_hip": True}, "made for AMD's GPUs", [f"pip install {WHEEL_13}"]),
    "two CuPys": (
        {"installed": ["cupy-cuda12x 14.2.0", "cupy-cuda13x 14.2.0"]},
        "several CuPys are installed and break each other (cupy-cuda12x 14.2.0, cupy-cuda13x 14.2.0)",
        ["pip uninstall cupy-cuda12x cupy-cuda13x", WHEEL_13, WHEEL_12],
    ),
    "a value nobody expects": ({"driver": None}, "CuPy failed (TypeError: ", ["reinstall it"]),
}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("CUDA_PATH", raising=False)
    monkeypatch.delenv("GPUSYN_BACKEND", raising=False)


@pytest.mark.parametrize("name", SITUATIONS)
def test_situation_has_its_sentence_and_its_fix(name):
    how, reason, fixes = SITUATIONS[name]
    detection = found(**how)
    assert not detection.usable
    assert reason in detection.reason
    for fix in fixes:
        assert fix in detection.fix
    assert detection.verdict == f"GPU: not usable, because {detection.reason}; fix: {detection.fix}"
    assert "\n" not in detection.verdict


def test_the_first_gpu_that_is_new_enough_is_taken():
    detection = found(devices=(V100, H100))
    assert detection.usable
    assert detection.device.number == 1
    assert len(detection.devices) == 2


def test_in_wsl_the_driver_belongs_to_windows(monkeypatch):
    monkeypatch.setattr("platform.release", lambda: "5.15.167.4-microsoft-standard-WSL2")
    assert "in Windows and not in its Linux" in found(driver=0, count_error=INSUFFICIENT).fix


def test_missing_cupy_names_both_wheels_with_their_drivers():
    detection = detect(failing(ModuleNotFoundError("No module named 'cupy'", name="cupy")), installed=list)
    assert detection.reason == "CuPy is not installed"
    assert f"driver 580 or newer: pip install {WHEEL_13}" in detection.fix
    assert f"525 or newer: pip install {WHEEL_12}" in detection.fix
    assert "gpusyn[" not in detection.fix  # gpusyn is on no package index


def test_the_wheels_are_those_of_the_extras():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for name, line in (("cuda12", WHEEL_12), ("cuda13", WHEEL_13)):
        assert shlex.split(line) == extras[name]


@pytest.mark.parametrize(
    ("error", "reason", "fix"),
    [
        (
            ModuleNotFoundError("No module named 'fastrlock'", name="fastrlock"),
            "fastrlock",
            "pip install fastrlock",
        ),
        (ModuleNotFoundError("nameless"), "ModuleNotFoundError: nameless", f"pip install {WHEEL_13}"),
        (ImportError("libcudart.so.13: cannot open"), "ImportError: libcudart", "pip uninstall cupy-cuda13x"),
        (AttributeError("ndarray has no attribute x"), "does not import", "pip uninstall cupy-cuda13x"),
    ],
)
def test_cupy_that_does_not_import(error, reason, fix):
    detection = detect(failing(error), installed=lambda: ONE_CUPY)
    assert reason in detection.reason
    assert fix in detection.fix


def test_hidden_gpus_are_told_by_the_variable_that_hides_them(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert found(devices=()).fix == "unset CUDA_VISIBLE_DEVICES, which is '' here"


def test_headers_of_another_toolkit_name_its_path(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_PATH", str(tmp_path))
    detection = found(compile_error="cuda_fp16.hpp(3): error: incomplete type is not allowed")
    assert str(tmp_path) in detection.reason
    assert detection.fix == "unset CUDA_PATH"


def test_usable_gpu_is_described():
    detection = found(devices=(H100, V100))
    assert detection.usable
    assert detection.verdict == "GPU: usable"
    assert (detection.cupy, detection.driver, detection.runtime, detection.nvrtc) == (
        "14.2.0",
        "13.0",
        "13.2",
        "13.2",
    )
    assert detection.devices[0] == Device(0, "NVIDIA H100", (9, 0), 40 * 2**30, 80 * 2**30)


def test_newer_driver_with_older_cupy_is_fine():
    assert found(driver=13000, runtime=12090).usable


class Usable(NumpyBackend):
    """A backend that can be used."""

    def __init__(self, name, described):
        super().__init__()
        self.name, self.described = name, described

    def describe(self):
        return self.described


NUMPY, CPU, CUDA = Usable("numpy", "numpy 2.4"), Usable("cpu", "g++ (g++ 12.2)"), Usable("cuda", "NVIDIA H100")


def described(detection, *usable):
    """The report of a machine on which these backends can be used."""
    found = {backend.name: backend for backend in usable}
    reasons = {name: f"backend '{name}' cannot be used: fix it" for name in BACKENDS if name not in found}
    return info.describe(detection, found, reasons)


def test_report_ends_with_the_verdict_and_names_every_backend():
    lines = described(found(), CUDA, CPU, NUMPY).splitlines()
    assert lines[-1] == "GPU: usable"
    text = "\n".join(lines)
    assert "device    0: NVIDIA H100 (compute capability 9.0), 40.0 of 80.0 GiB free" in text
    assert "backend   numpy: usable, numpy 2.4" in text
    assert "backend   cpu: usable, g++ (g++ 12.2)" in text
    assert "backend   cuda: usable, NVIDIA H100" in text
    assert "backend   auto: takes cuda" in text
    assert str(os.cpu_count()) in text


def test_report_without_gpu_and_compiler_says_what_is_left():
    text = described(found(driver=0), NUMPY)
    assert "backend 'cpu' cannot be used: fix it" in text
    assert "backend   auto: takes numpy" in text
    assert text.splitlines()[-1].startswith("GPU: not usable, because CuPy is installed but no NVIDIA driver")


def test_report_takes_cpu_where_there_is_a_compiler():
    assert "backend   auto: takes cpu" in described(found(driver=0), CPU, NUMPY)


def test_report_tells_what_the_environment_asks_for(monkeypatch):
    monkeypatch.setenv("GPUSYN_BACKEND", "numpy")
    assert "backend   auto: takes numpy (GPUSYN_BACKEND is set)" in described(found(), CUDA, CPU, NUMPY)


@pytest.mark.parametrize("name", ["nunpy", "cuda"])
def test_report_tells_that_what_the_environment_asks_for_cannot_be_had(name, monkeypatch):
    monkeypatch.setenv("GPUSYN_BACKEND", name)
    assert f"backend   auto: fails, because GPUSYN_BACKEND is '{name}', which cannot be used here; set another" in (
        described(found(driver=0), CPU, NUMPY)
    )


def test_report_gives_the_reason_of_the_gpu_once():
    detection = found(driver=0)
    backends, reasons = {"numpy": NUMPY}, {"cuda": f"backend 'cuda' cannot be used: {detection.reason}; fix: ..."}
    text = info.describe(detection, backends, reasons)
    assert text.count(detection.reason) == 1
    assert "backend 'cuda' cannot be used: see the last line" in text
    other = {"cuda": "backend 'cuda' cannot be used: something else"}
    assert "something else" in info.describe(detection, backends, other)


def answers(monkeypatch, status=0, out="", err="", error=None):
    """The line on MPI where the process that is asked answers so."""

    def run(command, **options):
        if error is not None:
            raise error
        return subprocess.CompletedProcess(command, status, out, err)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(info, "_version", lambda name: "4.1.2")
    info._mpi_library.cache_clear()
    (line,) = info._mpi()
    info._mpi_library.cache_clear()
    return line


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"out": "MPICH Version:      5.0.2\nMPICH ABI: 18\n"}, "MPICH 5.0.2"),
        (
            {"out": "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4"},
            "Open MPI v4.1.4, package: Debian OpenMPI, ",
        ),
        (
            {"status": 1, "err": "...\nRuntimeError: cannot load MPI library"},
            "its library cannot be used (RuntimeError: ",
        ),
        ({"status": -6}, "its library cannot be used (exit status -6)"),
        ({"error": subprocess.TimeoutExpired("python", 20)}, "its library does not answer (Command 'python' timed out"),
    ],
    ids=["MPICH", "Open MPI", "none", "aborts", "hangs"],
)
def test_report_names_mpi(monkeypatch, how, said):
    assert answers(monkeypatch, **how).startswith(f"MPI       mpi4py 4.1.2, {said}")


def test_report_says_how_to_get_mpi(monkeypatch):
    monkeypatch.setattr(info, "_version", lambda name: "not installed")
    assert "MPI       not installed; for several processes: pip install mpi4py mpich" in described(found(), NUMPY)


def test_cupys_are_found_by_their_metadata(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [str(tmp_path / "no such folder"), str(tmp_path)])
    assert installed_cupys() == []
    named = {
        "cupy_cuda13x-14.2.0.dist-info": "cupy-cuda13x",
        "CuPy_tools.egg-info": "cupy-tools",
        "numpy-2.dist-info": "numpy",
    }
    for folder, name in named.items():
        (tmp_path / folder).mkdir()
        file = "PKG-INFO" if folder.endswith("egg-info") else "METADATA"
        (tmp_path / folder / file).write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 14.2.0\n")
    (tmp_path / "cupy_cuda12x-13.0.0.dist-info").mkdir()  # remains that pip has left
    assert installed_cupys() == ONE_CUPY
    source = tmp_path / "source"
    (source / "cupy.egg-info").mkdir(parents=True)
    (source / "cupy.egg-info" / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: cupy\nVersion: 15.0\n")
    sys.path.append(str(source))
    assert installed_cupys() == ["cupy 15.0", *ONE_CUPY]


def test_report_of_this_machine_fails_on_nothing():
    lines = info.report().splitlines()
    assert lines[0].startswith("gpusyn    ")
    assert lines[-1].startswith("GPU: ")
