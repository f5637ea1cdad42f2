"""What each spike of a random train delivers, against NEST's `tsodyks2_synapse` and `tsodyks_synapse`."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.paths import NEST_SCRIPTS

DURATION = 1000.0  # ms
RULES = {
    "depressing": gs.TsodyksMarkram(U=0.5, tau_rec=800.0),
    "facilitating": gs.TsodyksMarkram(U=0.03, tau_rec=130.0, tau_facil=530.0),
    "both": gs.TsodyksMarkram(U=0.25, tau_rec=90.0, tau_facil=40.0),
    "everything": gs.TsodyksMarkram(U=1.0, tau_rec=20.0, tau_facil=5.0),
    "active": gs.TsodyksMarkram(U=0.5, tau_rec=800.0, tau_psc=3.0),
    "active and facilitating": gs.TsodyksMarkram(U=0.04, tau_rec=100.0, tau_facil=1000.0, tau_psc=30.0),
    "active for longer than recovering": gs.TsodyksMarkram(U=0.7, tau_rec=5.0, tau_facil=20.0, tau_psc=40.0),
    "of each synapse": gs.TsodyksMarkram(U=[0.3], tau_rec=[90.0], tau_facil=[40.0], tau_psc=[3.0]),
}

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
]


def in_nest(rule: gs.TsodyksMarkram, times: np.ndarray, folder) -> np.ndarray:
    """What arrives in NEST, without the steps in which nothing does; its parrot and both delays take 2 ms."""
    task = folder / "task.npz"
    given = {"U": rule.U, "tau_rec": rule.tau_rec, "tau_fac": rule.tau_facil, "tau_psc": rule.tau_psc}
    numbers = {name: np.ravel(value)[0] for name, value in given.items() if value is not None}
    np.savez(task, **numbers, times=times, duration=DURATION + 10.0)
    command = [sys.executable, str(NEST_SCRIPTS / "short_term.py"), str(task), str(folder / "found.npz")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(folder / "found.npz") as arrays:
        step = np.rint((arrays["t"] - 2.0) / 0.1).astype(int)
        return arrays["current"][np.isin(step, np.rint(times / 0.1).astype(int))]


def ours(rule: gs.TsodyksMarkram, times: np.ndarray) -> np.ndarray:
    """What arrives here 2 ms after each spike, inward currents as positive numbers."""
    net = gs.Network()
    source = net.population("source", 1, gs.SpikeSource([list(times)]))
    cell = net.population("cell", 1, gs.LIF(), receptors=[gs.CurrentReceptor("ex", tau=0.001)])
    net.connect(source, cell, gs.OneToOne(), receptor="ex", weight=1.0, delay=2.0, plasticity=rule)
    recorder = net.record(cell, "I_ex", every=0.1)
    with gs.Simulator(net, dt=0.1, backend="numpy", precision="double") as sim:
        sim.run(DURATION + 10.0)
        return -np.asarray(sim.data[recorder]["I_ex"])[np.rint((times + 2.0) / 0.1).astype(int) - 1, 0]


@pytest.mark.parametrize("name", RULES)
def test_every_spike_delivers_what_it_does_in_nest(name, tmp_path):
    rng = np.random.default_rng(len(name))
    times = np.sort(rng.choice(np.arange(10, 9990), 200, replace=False)) * 0.1
    times = np.round(times[np.diff(times, prepend=0.0) > 0.15], 1)
    expected, found = in_nest(RULES[name], times, tmp_path), ours(RULES[name], times)
    assert expected.size == found.size == times.size > 150
    np.testing.assert_allclose(found, expected, rtol=1e-10)
