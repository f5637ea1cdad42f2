"""What tests of the emulator share."""

import pytest

from tests.emulation import compiler, cupy
from tests.emulation.add_kernel import ADD


@pytest.fixture
def needs_compiler():
    """Skip where kernels cannot be compiled."""
    if compiler() is None:
        pytest.skip("the emulator needs g++, which is not on PATH")


@pytest.fixture
def add():
    """The kernel of `add_kernel`."""
    return cupy.RawModule(code=ADD, options=("--fmad=false",)).get_function("add")
