"""The NMDA gate of one synapse under a burst and single spikes, against NEST's `iaf_bw_2001` and `iaf_bw_2001_exact`.

Both sides of the jump model follow one closed form, so only rounding is left. NEST integrates x and S of the exact
model adaptively, here to 1e-9 a step, and gpusyn takes the step in closed form: 1e-8 is NEST's error, added up while S
forgets.

`iaf_bw_2001` carries the jump of S in the offset of the spike event, so NEST records its spikes up to 0.65 ms early.
The times therefore come from the exact model, whose cell fires at the same steps.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.paths import NEST_SCRIPTS

VOLLEYS, DELAY, DURATION = (10.0, 35.0, 36.5, 60.0, 90.0, 150.0), 0.5, 300.0  # ms
MODELS = {"jump": "iaf_bw_2001", "exact": "iaf_bw_2001_exact"}
LIMIT = {"jump": 1e-10, "exact": 1e-8}

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
]


@pytest.fixture(scope="module")
def nest(tmp_path_factory) -> dict[str, dict[str, np.ndarray]]:
    """What NEST makes of both models, each in a process of its own."""
    found = {}
    for name, model in MODELS.items():
        task = tmp_path_factory.mktemp("nest") / f"{name}.npz"
        np.savez(task, model=model, volleys=VOLLEYS, delay=DELAY, duration=DURATION)
        command = [sys.executable, str(NEST_SCRIPTS / "gates.py"), str(task), str(task.with_suffix(".nest.npz"))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        with np.load(task.with_suffix(".nest.npz")) as arrays:
            found[name] = dict(arrays)
    return found


def ours(spikes: np.ndarray, jump: bool, gating: str) -> tuple[np.ndarray, np.ndarray]:
    """Times and S of a gate under the spikes, through a synapse of 1 nS."""
    kinetics = gs.kinetics.Saturating(alpha=0.5, tau_rise=2.0, tau_decay=100.0, jump=jump)
    net = gs.Network()
    source = net.population("source", 1, gs.SpikeSource([list(spikes)]))
    cell = net.population("cell", 1, gs.LIF(), receptors=[gs.NMDA(kinetics=kinetics, gating=gating)])
    net.connect(source, cell, gs.AllToAll(), receptor="NMDA", weight=1.0, delay=DELAY)
    recorder = net.record(cell, ["g_NMDA"])
    with gs.Simulator(net, dt=0.1, backend="numpy", precision="double") as sim:
        sim.run(DURATION)
        data = sim.data[recorder]
    return np.asarray(data.t), np.asarray(data["g_NMDA"], np.float64).reshape(-1)


def test_nest_spikes_of_both_models_are_the_same(nest):
    early = nest["exact"]["spikes"] - nest["jump"]["spikes"]
    assert len(early) > 20
    assert np.all((early > 0) & (early < 0.65))


@pytest.mark.parametrize("gating", ["auto", "per-synapse"])
@pytest.mark.parametrize("name", MODELS)
def test_gate_is_nests(nest, name, gating):
    t, S = ours(np.round(nest["exact"]["spikes"], 6), name == "jump", gating)
    both, at, there = np.intersect1d(np.rint(t * 10), np.rint(nest[name]["t"] * 10), return_indices=True)
    assert len(both) > 2900
    theirs = nest[name]["S"][there]
    assert theirs.max() > 0.9
    assert np.abs(S[at] - theirs).max() <= LIMIT[name]


def test_the_two_models_differ_by_more_than_the_tolerance(nest):
    assert np.abs(nest["jump"]["S"] - nest["exact"]["S"]).max() > 100 * LIMIT["exact"]
