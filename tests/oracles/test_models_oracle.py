"""Networks of `gs.models` against NEST, which builds them itself: rates, irregularity and what is learned.

test_networks_oracle.py compares COBA and CUBA with the same synapses on both sides. Here each simulator draws its own,
so a rate scatters from network to network, by 5 to 10 % of COBAHH.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest

import gpusyn as gs
from gpusyn.models.demonstration import Run
from gpusyn.models.stdp import LEARNING
from tests.helpers.paths import NEST_SCRIPTS

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
]

SETTLED = 100.0  # ms


def theirs(name: str, duration: float, scale: float) -> dict[str, float]:
    """Run NEST, in a process of its own: it keeps global state and prints."""
    command = [sys.executable, NEST_SCRIPTS / "models.py", name, *map(str, (duration, 1, SETTLED, scale))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def ours(net: gs.Network, populations: dict[str, gs.Population], duration: float) -> dict[str, float]:
    recorder = net.record(populations["E"] + populations["I"], "spikes", name="spikes")
    with gs.Simulator(net, seed=1) as sim:
        sim.run(duration)
        run = Run(populations, {"spikes": sim.data[recorder]}, SETTLED)
        found = {f"rate of {name} (Hz)": run.rate(name) for name in populations}
        found["CV of intervals of E"] = run.cv("E")
        if LEARNING in net.projections:
            found["mean weight (nS)"] = float(sim.weights(net.projections[LEARNING]).weight.mean())
    return found


def test_cobahh_fires_as_in_nest():
    duration = 250.0
    assert ours(*gs.models.vogels_abbott("COBAHH"), duration) == pytest.approx(
        theirs("COBAHH", duration, 1.0), rel=0.25
    )


def test_inhibition_learns_as_in_nest():
    duration, scale = 700.0, 0.2
    assert ours(*gs.models.stdp(scale), duration) == pytest.approx(theirs("stdp", duration, scale), rel=0.1)
