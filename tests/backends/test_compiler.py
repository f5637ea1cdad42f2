"""The search for a compiler, and everything that can go wrong with one: each is an error that quotes it."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import gpusyn as gs
from gpusyn.backends.cpu import backend as cpu_backend
from gpusyn.backends.cpu import cache, compiler
from gpusyn.errors import BackendError
from tests.helpers.fake_compilers import FAULTS, fake_compiler, script, usual
from tests.helpers.runs import cpu


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    """An empty cache, and no compiler that is known to hang."""
    cpu()  # skips where there is no compiler
    monkeypatch.setenv("GPUSYN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(compiler, "_hanging", {})
    monkeypatch.setattr(compiler, "_failing", {})
    monkeypatch.setitem(sys.modules, "ziglang", None)  # not installed: test_ziglang.py has it
    return tmp_path / "cache"


def search(monkeypatch, cxx):
    monkeypatch.setenv("CXX", cxx)
    return compiler.find_compiler()


# ---- the search ----


def test_flags_of_the_environment_come_last(monkeypatch):
    monkeypatch.setenv("GPUSYN_CXXFLAGS", "-O1 -g")
    assert compiler.find_compiler().flags[-2:] == ("-O1", "-g")


def test_cxx_names_a_program_or_a_program_with_arguments(monkeypatch, tmp_path):
    folder = tmp_path / "my tools"
    folder.mkdir()
    mine = script(folder / "c x x", f'exec {usual()} "$@"')
    wrapper = script(folder / "ccache", 'exec "$@"')  # as ccache: runs the compiler that its arguments name
    assert search(monkeypatch, mine).command == (mine,)
    assert search(monkeypatch, f"  {shlex.quote(mine)} -O1 ").command == (mine, "-O1")
    cached = search(monkeypatch, f"{shlex.quote(wrapper)} {usual()}")
    assert cached.command == (wrapper, *shlex.split(usual()))
    assert cached.description.startswith(f"ccache {usual()} (")
    text = 'extern "C" __attribute__((visibility("default"))) int answer() { return 5; }'
    assert cache.compile_library(cached, text, "answer").answer() == 5
    assert search(monkeypatch, " ").command == tuple(shlex.split(usual()))  # empty: not set


def test_a_program_is_found_whatever_the_current_folder_becomes(monkeypatch, tmp_path):
    script(tmp_path / "mine", f'exec {usual()} "$@"')
    monkeypatch.chdir(tmp_path)
    assert search(monkeypatch, "./mine").command == (str(tmp_path / "mine"),)


@pytest.mark.parametrize("cxx", ["/nonexistent/g++", "no-such-compiler -O1", "g++ 'unclosed", "''"])
def test_a_cxx_that_is_not_there_is_named(cxx, monkeypatch):
    monkeypatch.setenv("CXX", cxx)
    with pytest.raises(BackendError) as error:
        gs.Simulator(gs.Network(), backend="cpu")
    said = f"the compiler {cxx!r}, which the environment variable CXX names, does not work: there is no such program; "
    assert f"{said}correct CXX or unset it" in str(error.value)


def test_a_cxx_that_cannot_be_run_is_named(monkeypatch, tmp_path):
    (tmp_path / "g++").write_text("a text")
    for path in (tmp_path, tmp_path / "g++"):
        monkeypatch.setenv("CXX", str(path))
        with pytest.raises(BackendError, match="does not work: this is no program that can be run; correct CXX"):
            cpu_backend.CpuBackend()


def test_a_cxx_that_does_not_work_is_quoted(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", script(tmp_path / "mine", r"printf 'error: keine Lizenz f\374r dich\n'; exit 1"))
    with pytest.raises(BackendError, match=r"/mine', which .* CXX names, does not work: error: keine Lizenz f.r dich;"):
        cpu_backend.CpuBackend()


def test_a_compiler_that_knows_no_native_target_is_used_without_it(monkeypatch, tmp_path):
    limited = f'case "$*" in *native*) echo "bad value for -march" >&2; exit 1;; esac\nexec {usual()} "$@"'
    assert not any("native" in flag for flag in search(monkeypatch, script(tmp_path / "limited", limited)).flags)


def test_a_machine_without_a_compiler_says_what_was_looked_for(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(
        BackendError, match=r"no C\+\+ compiler found \(looked for \$CXX, clang\+\+, g\+\+, c\+\+ and the Python pa"
    ):
        cpu_backend.CpuBackend()
    with pytest.raises(BackendError, match=r"apt install g\+\+\) or use backend='numpy'"):
        gs.Simulator(gs.Network(), backend="cpu")


def test_a_compiler_that_does_not_work_is_passed_over_and_quoted_if_no_other_does(monkeypatch, tmp_path):
    command = usual()
    script(tmp_path / "g++", "echo 'error: no cc1plus' >&2; exit 1")
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackendError, match=r"no C\+\+ compiler found .*; g\+\+ does not work: error: no cc1plus; get"):
        compiler.find_compiler()
    mine = script(tmp_path / "clang++", f'exec {command} "$@"')  # installed while this process runs
    assert compiler.find_compiler().command == (mine,)


def sooner(program, answer):
    """Return a function that waits for a command as `answer` does, but for one program only for a moment."""
    return lambda command, process, output, limit: answer(
        command, process, output, 0.2 if command[0] == program else limit
    )


@pytest.mark.parametrize("fault", ["fails", "hangs", "writes garbage", "writes nothing"])
def test_a_compiler_that_answers_but_cannot_compile_is_passed_over(fault, monkeypatch, tmp_path, caplog):
    monkeypatch.delenv("CXX", raising=False)
    mine = fake_compiler(tmp_path / "clang++", FAULTS[fault])
    other = script(tmp_path / "g++", f'PATH={shlex.quote(os.environ["PATH"])} exec {usual()} "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    caplog.set_level("INFO", "gpusyn")
    assert compiler.find_compiler().command == (mine,)
    if fault == "hangs":  # the other one may take its time
        monkeypatch.setattr(compiler, "_answer", sooner(mine, compiler._answer))
    used = cpu_backend.CpuBackend().compiler
    assert used.command == compiler.find_compiler().command == (other,)
    assert "; clang++ does not work: it cannot compile kernels: " in used.reason  # which `gpusyn info` prints
    (line,) = [record.getMessage() for record in caplog.records if "passed over" in record.getMessage()]
    assert line.startswith("the compiler clang++ (")
    monkeypatch.setenv("CXX", mine)
    assert compiler.find_compiler().command == (mine,)  # the user's choice stays, and is an error


def test_a_fault_of_the_cache_is_none_of_the_compiler(monkeypatch, own_cache):
    monkeypatch.delenv("CXX", raising=False)
    own_cache.write_text("no folder")
    with pytest.raises(BackendError, match="cannot write the kernel cache"):
        cpu_backend.CpuBackend()
    assert not compiler._failing


def test_a_failure_without_an_error_is_quoted_by_its_first_line(monkeypatch, tmp_path):
    licence = "printf 'false (GNU coreutils) 9.1\\nLicense GPLv3+\\n'; exit 1"
    monkeypatch.setenv("CXX", script(tmp_path / "false", licence))
    said = r"does not work: exit status 1, and the message begins 'false \(GNU coreutils\) 9\.1'; correct CXX"
    with pytest.raises(BackendError, match=said):
        compiler.find_compiler()


@pytest.mark.parametrize("cores", [1, 2])
def test_two_modules_are_compiled_at_a_time_where_there_are_two_cores(cores, monkeypatch, tmp_path):
    """The compiler waits until another one has begun, and fails if that never happens."""
    begun = tmp_path / "begun"
    begun.mkdir()
    patience = 1200 if cores == 2 else 5
    waits = f"""touch {begun}/$$
for i in $(seq {patience}); do test $(ls {begun} | wc -l) -ge 2 && exec {{usual}} "$@"; sleep 0.05; done
echo 'error: alone' >&2; exit 1"""
    monkeypatch.setenv("CXX", fake_compiler(tmp_path / "mine", waits, only="HOST_ENTRY"))
    monkeypatch.setattr(cpu_backend, "available_cores", lambda: cores)
    net = gs.Network()
    net.population("cells", 2, gs.LIF())
    if cores == 2:
        gs.Simulator(net, backend="cpu").close()
        assert len(list(begun.iterdir())) == 2
    else:
        with pytest.raises(BackendError, match="error: alone"):
            gs.Simulator(net, backend="cpu")


def test_a_compiler_that_does_not_answer_is_stopped(monkeypatch, tmp_path):
    monkeypatch.setattr(compiler, "ANSWER_LIMIT", 0.2)
    with pytest.raises(BackendError, match=r"does not work: it took longer than 0\.2 s and was stopped; correct CXX"):
        search(monkeypatch, script(tmp_path / "silent", "sleep 1000"))


# ---- what a compiler may do ----

SAID = {
    "fails": "could not compile the kernels 'driver': fatal error: out of luck; ",
    "writes Latin-1": "could not compile the kernels 'driver': fatal error: M\ufffdrz \ufffd; ",
    "says nothing": "could not compile the kernels 'driver': exit status 3, without a message; ",
    "hangs": "could not compile the kernels 'driver': it took longer than 0.2 s and was stopped; ",
    "writes garbage": "cannot load the kernels 'driver' that mine (",
    "writes nothing": "could not compile the kernels 'driver': it reported success, but wrote no library; ",
    "leaves functions out": "lacks the function run_steps",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_failure_of_a_compiler_is_an_error_that_names_it(fault, monkeypatch, tmp_path, own_cache):
    monkeypatch.setenv("CXX", fake_compiler(tmp_path / "mine", FAULTS[fault]))
    if fault == "hangs":
        monkeypatch.setattr(compiler, "COMPILE_LIMIT", 0.2)
    with pytest.raises(BackendError) as error:
        cpu_backend.CpuBackend()
    assert SAID[fault] in str(error.value)
    assert "or use backend='numpy'" in str(error.value) or "or backend='numpy'" in str(error.value)
    if fault != "leaves functions out":
        assert list(own_cache.iterdir()) == []  # neither a library nor remains
    monkeypatch.delenv("CXX")
    monkeypatch.setattr(compiler, "COMPILE_LIMIT", 300.0)
    cpu_backend.CpuBackend()  # a compiler that works is not held back by one that does not


def test_messages_are_asked_for_in_english(monkeypatch, tmp_path):
    monkeypatch.setenv("LC_ALL", "de_DE.ISO-8859-1")
    monkeypatch.setenv("CXX", fake_compiler(tmp_path / "mine", 'echo "error: in $LC_ALL"; exit 1'))
    with pytest.raises(BackendError, match="error: in C; "):
        cpu_backend.CpuBackend()


def running(pid):
    """Whether a process exists and has not ended; one that nobody has waited for is a zombie, Z."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


@proc
@pytest.mark.parametrize("how", [subprocess.TimeoutExpired("mine", 0.2), KeyboardInterrupt()], ids=["limit", "Ctrl-C"])
def test_a_compiler_is_stopped_with_the_processes_it_started(how, monkeypatch, tmp_path):
    child = tmp_path / "child"
    body = f"sleep 1000 & echo $! > {child}.new; mv {child}.new {child}; wait"
    monkeypatch.setenv("CXX", fake_compiler(tmp_path / "mine", body))
    found, wait = compiler.find_compiler(), subprocess.Popen.wait

    def interrupted(process, timeout=None):
        while not child.exists() and process.poll() is None:
            time.sleep(0.01)
        monkeypatch.setattr(subprocess.Popen, "wait", wait)
        raise how

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises((BackendError, KeyboardInterrupt)):
        cache.compile_library(found, "text", "kernels")
    pid = int(child.read_text())
    for _ in range(1000):  # a signal is delivered soon, not at once
        if not running(pid):
            return
        time.sleep(0.01)
    os.kill(pid, 9)
    pytest.fail("the compiler's child still runs")


def test_a_compiler_that_hung_is_not_waited_for_again(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", fake_compiler(tmp_path / "mine", FAULTS["hangs"]))
    monkeypatch.setattr(compiler, "COMPILE_LIMIT", 0.2)
    with pytest.raises(BackendError, match="was stopped"):
        cpu_backend.CpuBackend()
    monkeypatch.setattr(compiler.subprocess, "Popen", lambda *_, **__: pytest.fail("asked again"))
    with pytest.raises(BackendError, match="was stopped"):
        cpu_backend.CpuBackend()


@proc
@pytest.mark.skipif(shutil.which("setsid") is None, reason="needs the command setsid")
def test_a_server_that_a_wrapper_leaves_behind_is_not_waited_for(monkeypatch, tmp_path):
    """Wrappers of compilers do so, and the server keeps the output of the command open."""
    left = tmp_path / "left"
    text = f'setsid sleep 1000 & echo $! >> {left}\nexec {usual()} "$@"'
    try:
        search(monkeypatch, script(tmp_path / "mine", text))
        assert all(running(int(pid)) for pid in left.read_text().split())
    finally:
        for pid in left.read_text().split():
            os.kill(int(pid), 9)
