"""Ranks of MPI on emulated GPUs: each takes one of its own, and the bits are those of one process."""

import numpy as np
import pytest

from tests.emulation import compiler
from tests.helpers.mpi import run_mpi
from tests.helpers.runs import differences
from tests.helpers.small_network import describe, steps_of
from tests.mpi.gpu_program import STEPS

pytestmark = pytest.mark.mpi


@pytest.mark.parametrize(("devices", "taken"), [(3, [0, 1, 2]), (2, [0, 1, 0])])
def test_each_rank_takes_a_gpu_of_its_own(tmp_path, devices, taken):
    if compiler() is None:
        pytest.skip("the emulator needs g++, which is not on PATH")
    done = run_mpi(3, "tests.mpi.gpu_program", str(devices), str(tmp_path / "found.npz"), seconds=120)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [f"rank {rank} had GPU {number}" for rank, number in enumerate(taken)]
    assert done.stderr.count(f"3 ranks on {devices} GPUs: rank 0: GPU 0, Emulated GPU") == 1
    assert done.stderr.count("ranks share one GPU") == (devices < 3)
    with np.load(tmp_path / "found.npz") as found:
        assert differences(steps_of(describe(), "numpy", STEPS), dict(found)) == []
