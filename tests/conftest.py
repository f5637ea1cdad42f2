"""What many tests share: kernel caches of their own, and the backends."""

import os

import pytest

from tests.helpers.runs import BACKENDS, backend_named


@pytest.fixture(scope="session", autouse=True)
def kernel_caches(tmp_path_factory):
    """Compiled kernels go to a folder of this session, unless the environment names one."""
    folder = tmp_path_factory.mktemp("kernels")
    mine = {"GPUSYN_CACHE": folder, "GPUSYN_EMULATE_CACHE": folder / "emulation"}
    for name in [name for name in mine if os.environ.get(name)]:
        del mine[name]
    os.environ |= {name: str(path) for name, path in mine.items()}
    yield
    for name in mine:
        del os.environ[name]


@pytest.fixture(params=BACKENDS)
def backend(request):
    """Every backend in turn; `cuda-emulated` is the CUDA backend on a stand-in for CuPy.

    One that this machine lacks is skipped, with the reason; with GPUSYN_REQUIRE_CUDA=1 a missing GPU fails.
    """
    return backend_named(request.param)
