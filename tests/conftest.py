"""What all tests share: kernel caches of their own, and the backends."""

import contextlib
import gc
import os
import shutil
import signal
import tempfile

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.helpers")

from gpusyn.backends.cpu import platforms  # noqa: E402
from gpusyn.utils import cores  # noqa: E402
from tests.helpers.runs import BACKENDS, backend_named  # noqa: E402 - after helpers are to be rewritten

# A test times nothing, and draws the same each time; tests that draw anew say so themselves.
settings.register_profile("gpusyn", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gpusyn")

CACHES = {"GPUSYN_CACHE": "cpu", "GPUSYN_EMULATE_CACHE": "emulation"}
QUICKLY_COMPILED = "-O0 -fno-openmp-simd"
FOLDER = pytest.StashKey[str]()


def pytest_configure(config):
    """Let compiled kernels go to a new folder, and be compiled quickly, unless the environment says else.

    The processes of pytest-xdist start later and inherit the variables, so they share what any of them compiled.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a job that a shell started in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("GPUSYN_CXXFLAGS", QUICKLY_COMPILED)
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        keep_bytecode(config)
    missing = {name: folder for name, folder in CACHES.items() if not os.environ.get(name)}
    if missing:
        config.stash[FOLDER] = tempfile.mkdtemp(prefix="gpusyn-tests-")
        os.environ |= {name: os.path.join(config.stash[FOLDER], folder) for name, folder in missing.items()}


def keep_bytecode(config):
    """Let modules be compiled once, into the cache of pytest; each process of each run would compile all of them."""
    with contextlib.suppress(AttributeError, OSError):  # there is no cache, or it cannot be written
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(config.cache.mkdir("bytecode")))
        del os.environ["PYTHONDONTWRITEBYTECODE"]


def pytest_collection_finish(session):
    """Leave the thousands of collected tests out of garbage collections: each full one would take half a second."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config):
    """Remove the folder."""
    if FOLDER in config.stash:
        shutil.rmtree(config.stash[FOLDER], ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def share_of_the_cores():
    """Processes that run side by side share the cores, as if each had a quota.

    The value is the function of the library, which counts all.
    """
    processes, count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1)), cores.available_cores
    share = max(1, count() // processes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cores, "available_cores", lambda: share)
        yield count


@pytest.fixture(scope="session", autouse=True)
def room_for_libraries():
    """A process of a long session stays far from the most memory mappings: no library is ever unloaded."""
    yield
    if platforms.MAPPINGS.exists():
        used = len(platforms.MAPPINGS.read_bytes().splitlines())
        assert used < int(platforms.MOST_MAPPINGS.read_text(encoding="ascii")) / 2


@pytest.fixture
def long_runs(monkeypatch):
    """Kernels of the `cpu` backend are compiled with `-O1`: for runs that take longer than a compilation."""
    if os.environ["GPUSYN_CXXFLAGS"] == QUICKLY_COMPILED:
        monkeypatch.setenv("GPUSYN_CXXFLAGS", "-O1 -fno-openmp-simd")


@pytest.fixture
def optimised(monkeypatch):
    """Kernels of the `cpu` backend are compiled as for users: with `-O3`, and with SIMD."""
    monkeypatch.delenv("GPUSYN_CXXFLAGS", raising=False)


@pytest.fixture(params=BACKENDS)
def backend(request):
    """Every backend in turn; `cuda-emulated` is the CUDA backend on a stand-in for CuPy.

    One that this machine lacks is skipped, with the reason; with GPUSYN_REQUIRE_CUDA=1 a missing GPU fails.
    """
    return backend_named(request.param)
