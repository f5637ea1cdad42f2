"""Random release with short-term plasticity against NEST's `quantal_stp_synapse`, in distribution.

The random numbers of the two have nothing in common, so each statistic of many synapses is compared with what the same
statistic scatters by: five of its standard errors, of both sides together.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

import gpusyn as gs
from tests.helpers.paths import NEST_SCRIPTS
from tests.plasticity.test_synapse_releases import delivered, described

SYNAPSES, ERRORS = 4000, 5.0
TIMES = (10.0, 12.0, 30.0, 35.0, 60.0, 100.0, 105.0, 110.0, 200.0)  # ms
CASES = {
    "depression": (5, 0.5, 80.0, 0.0),
    "facilitation": (3, 0.15, 10.0, 60.0),
    "both": (8, 0.3, 40.0, 30.0),
    "one site": (1, 0.6, 30.0, 5.0),
}  # n, U, tau_rec, tau_facil (ms)

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
]


def theirs(case, folder) -> np.ndarray:
    """Quanta that NEST's synapses release: one row for each spike."""
    n, U, tau_rec, tau_fac = CASES[case]
    task, result = folder / "task.npz", folder / "result.npz"
    np.savez(task, n=n, U=U, tau_rec=tau_rec, tau_fac=tau_fac, times=TIMES, synapses=SYNAPSES, seed=7)
    command = [sys.executable, str(NEST_SCRIPTS / "quantal.py"), str(task), str(result)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(result) as arrays:
        found: np.ndarray = arrays["quanta"]
    return found


def ours(case, U=None) -> np.ndarray:
    n, its_U, tau_rec, tau_facil = CASES[case]
    plasticity = [gs.TsodyksMarkram(U or its_U, tau_rec, tau_facil), gs.QuantalRelease(n)]
    return np.rint(n * delivered(described(plasticity, n=SYNAPSES, times=TIMES), TIMES, seed=7))


def worst(one: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """Largest difference of means, of variances and of correlations between spikes, in standard errors."""

    def moments(quanta):
        centred = quanta - quanta.mean(axis=1, keepdims=True)
        pairs = centred[:, None] * centred[None]
        each = {"mean": quanta, "variance": centred**2, "autocorrelation": pairs}
        return {name: (x.mean(axis=-1), x.var(axis=-1) / SYNAPSES) for name, x in each.items()}

    found, wanted = moments(one), moments(other)
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = {
            name: np.abs(found[name][0] - wanted[name][0]) / np.sqrt(found[name][1] + wanted[name][1]) for name in found
        }
    return {name: float(np.nanmax(x)) for name, x in apart.items()}


@pytest.mark.parametrize("case", CASES)
def test_release_has_the_distribution_of_nests(case, tmp_path):
    nests, own = theirs(case, tmp_path), ours(case)
    assert nests.shape == own.shape == (len(TIMES), SYNAPSES)
    assert max(nests.max(), own.max()) <= CASES[case][0]
    apart = worst(own, nests)
    assert max(apart.values()) < ERRORS, apart
    for k in range(len(TIMES)):  # the whole distribution of each spike
        counts = np.array([np.bincount(x[k].astype(int), minlength=CASES[case][0] + 1) for x in (own, nests)])
        counts = counts[:, counts.sum(axis=0) > 20]
        assert stats.chi2_contingency(counts).pvalue > 1e-4, (k, counts)
    other = worst(ours(case, U=0.85 * CASES[case][1]), nests)
    assert other["mean"] > ERRORS, "another U would be noticed"
