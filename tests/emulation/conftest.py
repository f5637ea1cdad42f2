"""What tests of the emulator share."""

import pytest

from tests.emulation import compiler


@pytest.fixture
def needs_compiler():
    """Skip where kernels cannot be compiled."""
    if compiler() is None:
        pytest.skip("the emulator needs g++, which is not on PATH")
