"""Kernels as users compile them, with all optimization: sums are read before they are cleared."""

from __future__ import annotations

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.runs import cpu


@pytest.mark.compilers
def test_a_loop_over_many_receptors_in_a_bath_reads_its_sums(optimised):
    """GCC 12 moved the clearing of sums before the loop that reads them: all input was lost."""
    net = gs.Network()
    receptors = [gs.AMPA(), gs.NMDA(), gs.GABA_A()]
    cells = net.population("cells", 7, gs.AdEx(), receptors=receptors, V=-65.0)
    net.drive(cells, "AMPA", rate=2000.0, weight=1.0)
    net.infuse("CNQX", 10.0, start=20.0)
    found = []
    for backend in ("numpy", cpu()):
        with gs.Simulator(net, dt=0.1, seed=1, backend=backend) as sim:
            sim.run(3.0)
            found.append(sim.get(cells, "g_AMPA"))
    assert found[0].min() > 0.0
    assert np.array_equal(*found)
