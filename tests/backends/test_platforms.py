"""Windows and macOS: names of libraries, flags, folders, and ends of processes, on a pretended system."""

import json
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest

from gpusyn.backends.cpu import cache, compiler, platforms, ziglang
from gpusyn.backends.cpu.backend import CpuBackend
from gpusyn.errors import BackendError
from gpusyn.kernels.modules import build_module, common_module
from gpusyn.kernels.signature import Numbers
from gpusyn.kernels.source import read_kernel
from tests.helpers.fake_compilers import script, usual

SUFFIXES = {"Linux": ".so", "Darwin": ".dylib", "Windows": ".dll"}


@pytest.fixture
def pretend(monkeypatch):
    """Let this be another system."""

    def be(system, machine="x86_64"):
        monkeypatch.setattr(platform, "system", lambda: system)
        monkeypatch.setattr(platform, "machine", lambda: machine)

    return be


def foreign_compiler(path, version):
    """A compiler of another system: it keeps its arguments, and leaves the work to the usual one with flags of ours."""
    return script(
        path,
        f"""case "$*" in *--version*) echo '{version}'; exit;; esac
printf '%s\\n' "$*" >> {path}.asked
for word; do
    shift
    case "$word" in -static|-mcpu=native|-march=native|-nostdlib++) ;; *) set -- "$@" "$word";; esac
done
exec {usual()} "$@" -fPIC""",
    )


@pytest.mark.parametrize(
    ("system", "machine", "version", "has", "lacks"),
    [
        ("Linux", "x86_64", "g++ 15", "-fPIC -shared -pthread -march=native", "-static -mcpu=native"),
        ("Linux", "aarch64", "g++ 15", "-fPIC -shared -pthread -mcpu=native", "-static -march=native"),
        ("Darwin", "arm64", "Apple clang 17", "-fPIC -shared -pthread -mcpu=native", "-static -march=native"),
        ("Darwin", "x86_64", "Apple clang 17", "-fPIC -shared -pthread -march=native", "-static -mcpu=native"),
        ("Windows", "AMD64", "clang 22", "-shared -pthread -static -march=native", "-fPIC -mcpu=native"),
        ("Windows", "ARM64", "clang 22", "-shared -pthread -static -mcpu=native", "-fPIC -march=native"),
        ("Windows", "AMD64", "g++ 15", "-shared -pthread -static", "-fPIC -march=native -mcpu=native"),
    ],
)  # fmt: skip
def test_flags_are_those_of_the_system(system, machine, version, has, lacks, pretend, monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", foreign_compiler(tmp_path / "mine", version))
    pretend(system, machine)
    found = compiler.find_compiler()
    assert found.version == version
    assert set(has.split()) <= set(found.flags)
    assert not set(lacks.split()) & set(found.flags)
    assert {"-ffp-contract=off", "-std=c++17"} <= set(found.flags)


@pytest.mark.parametrize("system", SUFFIXES)
def test_libraries_have_the_names_of_the_system(system, pretend, monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", foreign_compiler(tmp_path / "mine", "clang 22"))
    monkeypatch.setenv("GPUSYN_CACHE", str(tmp_path / "cache"))
    pretend(system)
    for _ in range(2):
        CpuBackend()
    (library,) = (tmp_path / "cache").iterdir()
    assert library.suffix == SUFFIXES[system]
    compiled = [line for line in (tmp_path / "mine.asked").read_text().splitlines() if " -o " in line]
    assert [shlex.split(line)[-1] for line in compiled] == [f"kernels{SUFFIXES[system]}"]  # once: the second was stored


def test_ziglang_has_the_flags_of_the_system(pretend):
    for system in SUFFIXES:
        pretend(system)
        flags = compiler.kernel_flags(zig=True, clang=True)
        assert ("-rtlib=none" in flags) == (system != "Windows")
        assert "-static" not in flags
        assert "-nostdlib++" in flags


def test_the_program_of_ziglang_has_the_name_of_the_system(pretend, monkeypatch, tmp_path):
    (tmp_path / "ziglang").mkdir()
    for name in ("__init__.py", "zig", "zig.exe"):
        (tmp_path / "ziglang" / name).touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ziglang", raising=False)
    names = {}
    for system in SUFFIXES:
        pretend(system)
        names[system] = ziglang.program().name
    assert names == {"Linux": "zig", "Darwin": "zig", "Windows": "zig.exe"}


# ---- folders ----


@pytest.mark.parametrize(
    ("system", "named", "folder"),
    [
        ("Linux", {}, "home/.cache/gpusyn"),
        ("Linux", {"XDG_CACHE_HOME": "xdg", "GPUSYN_CACHE": "own"}, "own"),
        ("Linux", {"XDG_CACHE_HOME": "xdg", "LOCALAPPDATA": "local"}, "xdg/gpusyn"),
        ("Darwin", {"XDG_CACHE_HOME": "xdg", "LOCALAPPDATA": "local"}, "home/Library/Caches/gpusyn"),
        ("Windows", {"XDG_CACHE_HOME": "xdg", "LOCALAPPDATA": "local"}, "local/gpusyn"),
        ("Windows", {}, "home/AppData/Local/gpusyn"),
        ("Windows", {"GPUSYN_CACHE": "own", "LOCALAPPDATA": "local"}, "own"),
    ],
)  # fmt: skip
def test_the_cache_is_where_users_of_the_system_look_for_it(system, named, folder, pretend, monkeypatch):
    for name in ("GPUSYN_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    pretend(system)
    assert cache.cache_folder() == Path(folder)


@pytest.mark.parametrize(("system", "zig"), [("Linux", True), ("Darwin", True), ("Windows", False)])
def test_compilers_put_their_temporary_files_into_the_given_folder(system, zig, pretend, monkeypatch, tmp_path):
    """On Windows not what ziglang builds of C's library, which other kernels need, too."""
    monkeypatch.setenv("ZIG_GLOBAL_CACHE_DIR", "mine")
    pretend(system)
    ask = "import json, os; print(json.dumps(dict(os.environ)))"
    seen = json.loads(compiler.run_tool((sys.executable, "-c", ask), 60.0, tmp_path))
    assert {seen[name] for name in ("TEMP", "TMP", "TMPDIR")} == {str(tmp_path)}
    assert seen["ZIG_GLOBAL_CACHE_DIR"] == (str(tmp_path) if zig else "mine")


def test_a_library_that_another_process_has_loaded_is_left(pretend, monkeypatch, tmp_path):
    """Windows does not replace it; it is the same one."""

    def refused(source, target):
        raise PermissionError(13, "Access is denied", str(target))

    monkeypatch.setenv("CXX", foreign_compiler(tmp_path / "mine", "clang 22"))
    monkeypatch.setattr(cache.os, "replace", refused)
    pretend("Windows")
    found, folder = compiler.find_compiler(), tmp_path / "cache"
    text = 'extern "C" __attribute__((visibility("default"))) int answer() { return 6; }'
    with pytest.raises(BackendError, match=r"cannot write the kernel cache .*Access is denied"):
        cache.compile_library(found, text, "answer", folder)
    monkeypatch.setattr(cache.Path, "is_file", lambda _: True)
    assert cache.compile_library(found, text, "answer", folder).answer() == 6


# ---- commands and processes ----


def test_words_of_a_command_are_those_of_the_system(pretend):
    path = PureWindowsPath(r"C:\msys64\bin\g++.exe")
    pretend("Windows")
    assert platforms.split_command(f"{path} -O1") == [str(path), "-O1"]
    assert platforms.split_command(r'"C:\Program Files\clang++.exe" -O1') == [r"C:\Program Files\clang++.exe", "-O1"]
    pretend("Linux")
    assert platforms.split_command("'/my tools/g++' -O1") == ["/my tools/g++", "-O1"]


@pytest.mark.parametrize("there", [True, False])
def test_a_compiler_is_ended_with_its_children_on_windows(there, pretend, monkeypatch):
    asked = []

    def run(command, **_):
        asked.append(command)
        if not there:
            raise FileNotFoundError("taskkill")

    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"]) as process:
        pretend("Windows")
        monkeypatch.setattr(platforms.subprocess, "run", run)
        platforms.end_process(process)
        assert process.wait(60) != 0
    assert asked == [("taskkill", "/F", "/T", "/PID", str(process.pid))]


# ---- what can be linked here for other systems ----

TARGETS = {
    "x86_64-windows-gnu": ("Windows", b"MZ"),
    "aarch64-macos": ("Darwin", b"\xcf\xfa\xed\xfe"),
    "x86_64-macos": ("Darwin", b"\xcf\xfa\xed\xfe"),
    "aarch64-linux-gnu": ("Linux", b"\x7fELF"),
}


@pytest.mark.compilers
@pytest.mark.parametrize("target", TARGETS)
def test_libraries_for_other_systems_can_be_linked(target, pretend, monkeypatch, tmp_path_factory):
    if ziglang.program() is None:
        pytest.skip('ziglang is not installed: pip install -e ".[compiler]"')
    system, magic = TARGETS[target]
    command = (str(ziglang.program()), "c++", "-target", target)
    for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"):
        monkeypatch.setenv(name, os.environ.get(name, str(tmp_path_factory.getbasetemp() / "zig")))
    pretend(system)
    flags, folder = compiler.kernel_flags(zig=True, clang=True), tmp_path_factory.mktemp("linked")
    made = compiler.Compiler(command, "clang", flags, target)
    texts = {"driver": (read_kernel("host/driver.cpp"), ["make_team", "end_team", "run_steps"])}
    texts["exchange"] = read_kernel("host/exchange.cpp"), ["exchange_spikes", "free_exchange"]
    for module in (common_module(Numbers("float32", "int32")), build_module()):
        entries = "".join(f"HOST_ENTRY({kernel})\n" for kernel in module.kernels)
        names = [f"entry_{kernel}" for kernel in module.kernels]
        texts[module.name] = read_kernel("host/host.h") + module.text + entries, names
    for name, (text, functions) in texts.items():
        with compiler.compile_text(made, text, name, folder) as library:
            content = library().read_bytes()
        assert content.startswith(magic)
        assert all(function.encode() in content for function in functions)
