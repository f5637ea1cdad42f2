"""The cache of compiled kernels runs nothing but what this user has compiled, and says why it cannot be used."""

import ctypes
import os

import pytest

from gpusyn.backends.cpu import cache, platforms
from gpusyn.backends.cpu.compiler import pass_over
from gpusyn.backends.select import make_backend
from gpusyn.commands import info
from gpusyn.errors import BackendError
from tests.helpers.runs import cpu

# ---- a cache that cannot be used ----


def answering(number):
    return f'extern "C" __attribute__((visibility("default"))) int answer() {{ return {number}; }}'


def answer(number, folder=None):
    """Compile, or take from the cache, a library that knows one number."""
    return cache.compile_library(cpu().compiler, answering(number), "answer", folder).answer()


def test_a_cache_folder_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    cpu()
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    monkeypatch.setenv("GPUSYN_CACHE", str(in_the_way))
    with pytest.raises(BackendError, match=r"cannot write the kernel cache .*file.*set GPUSYN_CACHE to a folder"):
        make_backend("cpu")
    assert in_the_way.read_text() == "not a folder"


def test_a_full_cache_that_cannot_be_written_is_used(monkeypatch, tmp_path):
    def refused(**_):
        raise OSError(30, "Read-only file system")

    assert answer(1, tmp_path / "cache") == 1
    monkeypatch.setattr(cache.tempfile, "TemporaryDirectory", refused)
    assert answer(1, tmp_path / "cache") == 1
    with pytest.raises(BackendError, match=r"cannot write the kernel cache .*Read-only file system.*GPUSYN_CACHE"):
        answer(2, tmp_path / "cache")


def test_a_user_without_home_is_told_to_name_a_folder(monkeypatch):
    def none():
        raise RuntimeError("Could not determine home directory.")

    for name in ("GPUSYN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cache.Path, "home", none)
    with pytest.raises(BackendError, match=r"Could not determine home directory.*set GPUSYN_CACHE to a folder"):
        answer(1)
    assert "set GPUSYN_CACHE to a folder" in info.report()


# ---- only what this user has compiled is loaded ----


def flipped(place):
    def damage(content, other):
        at = place % len(content)
        return content[:at] + bytes([content[at] ^ 0x40]) + content[at + 1 :]

    return damage


DAMAGE = {
    "cut off": lambda content, other: content[: len(content) // 2],
    "cut off after the header": lambda content, other: content[:4096],
    "first bytes alone": lambda content, other: content[:100],
    "one byte longer": lambda content, other: content + b"x",
    "empty": lambda content, other: b"",
    "text": lambda content, other: b"not a library",
    "another library": lambda content, other: other,
    **{f"byte {place} flipped": flipped(place) for place in (4, 40, 0x1000, 0x1100, -9)},
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_library_is_compiled_anew(how, tmp_path):
    folder = tmp_path / "cache"
    assert (answer(1, tmp_path / "other"), answer(2, folder)) == (1, 2)
    (other,), (library,) = (tmp_path / "other").iterdir(), folder.iterdir()
    whole = library.read_bytes()
    library.unlink()  # this process has loaded it: a new file takes its name
    library.write_bytes(DAMAGE[how](whole, other.read_bytes()))
    assert answer(2, folder) == 2
    assert [p.name for p in folder.iterdir()] == [library.name]
    assert library.read_bytes() == whole


def test_a_library_under_the_key_of_another_is_not_loaded(tmp_path):
    folder = tmp_path / "cache"
    assert answer(1, folder) == 1
    (first,) = folder.iterdir()
    assert answer(2, folder) == 2
    (second,) = set(folder.iterdir()) - {first}
    key, own = first.name.split("-")[0], second.name.split("-")[1]
    second.rename(folder / f"{key}-{own}")
    first.unlink()
    assert answer(1, folder) == 1
    assert [p.name for p in folder.iterdir()] == [first.name]


def test_what_cannot_be_loaded_is_compiled_anew(tmp_path, monkeypatch):
    """Such as a library that needs another version of the system's libraries."""
    folder = tmp_path / "cache"
    assert answer(1, folder) == 1
    (library,) = folder.iterdir()
    key = library.name.split("-")[0]
    library.unlink()
    (folder / cache._file_name(key, b"not for this system")).write_bytes(b"not for this system")
    assert answer(1, folder) == 1
    assert [p.name for p in folder.iterdir()] == [library.name]


@pytest.mark.parametrize(
    ("most", "advice"),
    [
        (10, "this process has 5 memory mappings, Linux allows it 10, .* in a new process, or .*vm.max_map_count=40"),
        (13, "set GPUSYN_CACHE to a folder on a disk that may hold programs"),
        (None, "set GPUSYN_CACHE to a folder on a disk that may hold programs"),  # another system
    ],
)
def test_a_process_that_has_no_room_for_libraries_is_told_so(most, advice, tmp_path, monkeypatch):
    """No compiler is blamed then: the kernels' driver, which is compiled first, chooses among them."""
    compiler, mappings, limit = cpu().compiler, tmp_path / "mappings", tmp_path / "limit"
    monkeypatch.setattr(platforms, "MAPPINGS", mappings)
    monkeypatch.setattr(platforms, "MOST_MAPPINGS", limit)
    if most is not None:
        mappings.write_text("7f0000000000-7f0000001000 r--p 00000000 00:00 0\n" * 5)
        limit.write_text(f"{most}\n")

    def failing(path):
        raise OSError("failed to map segment from shared object")

    monkeypatch.setattr(ctypes, "CDLL", failing)
    with pytest.raises(BackendError, match=rf"\(failed to map segment from shared object\); {advice}"):
        cache.compile_library(compiler, answering(3), "answer", tmp_path / "cache")
    if most == 10:
        assert not pass_over(compiler, answering(3), "answer")


def test_a_file_that_others_can_write_is_not_loaded(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    assert answer(1, folder) == 1
    (library,) = folder.iterdir()
    compiled, compile_text = [], cache.compile_text
    monkeypatch.setattr(cache, "compile_text", lambda *given: compiled.append(1) or compile_text(*given))
    for spoil in (lambda: library.chmod(0o775), lambda: library.chmod(0o757), lambda: linked(library)):
        spoil()
        compiled.clear()
        assert answer(1, folder) == 1
        assert compiled == [1]
        assert not library.is_symlink()
        assert library.stat().st_mode & 0o777 == 0o755
    assert answer(1, folder) == 1
    assert compiled == [1]


def linked(library):
    """Replace a library by a symbolic link to it."""
    elsewhere = library.parent.parent / "elsewhere.so"
    library.rename(elsewhere)
    library.symlink_to(elsewhere)


needs_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")


@needs_root
def test_files_of_another_user_are_not_loaded(tmp_path):
    folder = tmp_path / "cache"
    assert answer(1, folder) == 1
    (library,) = folder.iterdir()
    os.chown(library, 4242, -1)
    assert answer(1, folder) == 1
    assert library.stat().st_uid == os.geteuid()
    os.chown(folder, 4242, -1)
    with pytest.raises(
        BackendError, match=r"is not used, because it belongs to another user \(number 4242\), and what"
    ):
        answer(1, folder)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757, 0o722, 0o1777])
@pytest.mark.parametrize("through_link", [False, True], ids=["folder", "link"])
def test_a_folder_that_others_can_write_is_refused(mode, through_link, tmp_path):
    folder = tmp_path / "cache"
    assert answer(1, folder) == 1
    named = folder
    if through_link:
        named = tmp_path / "link"
        named.symlink_to(folder)
    folder.chmod(mode)
    with pytest.raises(BackendError) as error:
        answer(1, named)
    said = f"the kernel cache {folder} is not used, because other users can write it (mode {mode:o}), "
    assert said in str(error.value)
    assert "set GPUSYN_CACHE to a folder that only you can write (chmod go-w), or use backend='numpy'" in str(
        error.value
    )
    folder.chmod(0o755)
    assert answer(1, named) == 1


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_what_is_created_belongs_to_the_user_alone_whatever_the_umask(tmp_path, monkeypatch):
    before = os.umask(0)
    try:
        assert answer(1, tmp_path / "a" / "cache") == 1
    finally:
        os.umask(before)
    folder = tmp_path / "a" / "cache"
    assert folder.stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr(cache, "compile_text", lambda *_: pytest.fail("compiled"))
    assert answer(1, folder) == 1


def test_a_library_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    done, fsync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(cache.os, "fsync", lambda n: done.append(("synced", os.fstat(n).st_ino)) or fsync(n))
    monkeypatch.setattr(cache.os, "replace", lambda a, b: done.append(("named", a.stat().st_ino)) or replace(a, b))
    assert answer(1, tmp_path) == 1
    (library,) = tmp_path.glob("*.so")
    assert done == [("synced", library.stat().st_ino), ("named", library.stat().st_ino)]
