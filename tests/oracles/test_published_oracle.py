"""The microcircuit and Brunel's network against NEST: rates, irregularity, synchrony, and the fast oscillation.

Both draw the network anew, so only statistics can agree, within what differs from one drawn network to the next: of so
small networks, by up to 10 % in rates, 5 % in CVs and 20 % in synchrony (standard deviations over seeds).
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.models import brunel, microcircuit
from gpusyn.models.catalogue import DEMONSTRATIONS
from gpusyn.models.demonstration import Run, record_spikes
from gpusyn.results import SpikeData
from tests.helpers.paths import NEST_SCRIPTS, ROOT

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
    pytest.mark.usefixtures("optimised"),
]


def ours(built, duration, start):
    """A run of gpusyn."""
    net, populations = built
    record_spikes(net, populations)
    with gs.Simulator(net, seed=5) as sim:
        sim.run(duration)
        return Run(populations, {"spikes": sim.data[net.recorders["spikes"]]}, start)


def theirs(name, run, duration, place):
    """A run of NEST, in a process of its own, of the same populations."""
    result = place / "nest.npz"
    command = [sys.executable, str(NEST_SCRIPTS / "published.py"), name, str(duration), str(result)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    parts = [(population.name, population.size, None) for population in run.populations.values()]
    with np.load(result) as arrays:
        spikes = SpikeData(parts, arrays["times"], arrays["ids"], duration)
    return run._replace(data={"spikes": spikes})


def test_a_part_of_the_microcircuit(tmp_path):
    scale, duration = 0.05, 4500.0
    run = ours(microcircuit(scale), duration, 500.0)
    nest = theirs(str(scale), run, duration, tmp_path)
    measure = DEMONSTRATIONS["microcircuit"].measure
    one, other = (measure({"": each}) for each in (run, nest))
    for kind, tolerance in (("rate", 0.15), ("CV", 0.1), ("synchrony", 0.5)):
        names = [name for name in one if name.startswith(kind)]
        assert {name: one[name] for name in names} == pytest.approx(
            {name: other[name] for name in names}, rel=tolerance
        )


@pytest.mark.parametrize("state", ["SI-fast", "AI"])
def test_states_of_brunel(state, tmp_path):
    duration = 1200.0
    run = ours(brunel(state, scale=0.2), duration, 200.0)
    nest = theirs(state, run, duration, tmp_path)
    one, other = (DEMONSTRATIONS["brunel"].measure({state: each}) for each in (run, nest))
    for kind, tolerance in (("rate (Hz)", 0.05), ("CV of intervals", 0.1), ("global frequency (Hz)", 0.1)):
        if state == "SI-fast" or kind != "global frequency (Hz)":
            assert one[f"{state}: {kind}"] == pytest.approx(other[f"{state}: {kind}"], rel=tolerance)
