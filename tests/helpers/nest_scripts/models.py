"""NEST simulates the networks of `gs.models.vogels_abbott` and `gs.models.stdp`, with random numbers of its own.

`python models.py COBA|CUBA|COBAHH|stdp DURATION SEED` prints what `simulate` returns, as JSON. test_models_oracle.py
runs it in a process of its own. The numbers of the networks are written down here again, from the papers.
"""

from __future__ import annotations

import json
import sys

import nest
import numpy as np

LIF = {
    "C_m": 200.0,
    "g_L": 10.0,
    "E_L": -60.0,
    "V_th": -50.0,
    "V_reset": -60.0,
    "t_ref": 5.0,
    "E_ex": 0.0,
    "E_in": -80.0,
}
TAU = {"tau_syn_ex": 5.0, "tau_syn_in": 10.0}
CELLS = {
    "COBA": ("iaf_cond_exp", {**LIF, **TAU}),
    "CUBA": ("iaf_psc_exp", {
        "C_m": 200.0, "tau_m": 20.0, "E_L": -49.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 5.0, **TAU,
    }),
    "COBAHH": ("hh_cond_exp_traub", {
        "C_m": 200.0, "g_L": 10.0, "E_L": -60.0, "g_Na": 20000.0, "E_Na": 50.0, "g_K": 6000.0, "E_K": -90.0,
        "V_T": -63.0, "t_ref": 3.0, "E_ex": 0.0, "E_in": -80.0, **TAU,
    }),
    "stdp": ("iaf_cond_exp", {**LIF, **TAU, "I_e": 200.0, "tau_minus": 20.0}),
}  # fmt: skip
WEIGHTS = {"COBA": (6.0, -67.0), "CUBA": (16.2, -90.0), "COBAHH": (6.0, -67.0), "stdp": (0.3, -3.0)}
SMALLEST = 1e-10  # nS, from which weights begin to learn: NEST must know their sign


def simulate(name: str, duration: float, seed: int, settled: float = 200.0, scale: float = 1.0) -> dict[str, float]:
    """Build and run; return the rates (Hz) and the CV of intervals of E, and the mean weight (nS) if it learns."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(local_num_threads=1, resolution=0.1, rng_seed=seed)
    n = round(scale * (10_000 if name == "stdp" else 4000))
    cells = nest.Create(CELLS[name][0], n, CELLS[name][1])
    cells.set(V_m=nest.random.uniform(-60.0, -50.0))
    E, I = cells[: n * 4 // 5], cells[n * 4 // 5 :]
    w_e, w_i = WEIGHTS[name]
    sparse = {"rule": "pairwise_bernoulli", "p": 0.02 / scale}
    nest.Connect(E, cells, sparse, {"weight": w_e, "delay": 0.1})
    if name == "stdp":
        nest.Connect(I, I, sparse, {"weight": w_i, "delay": 0.1})
        rule = {"tau": 20.0, "eta": 0.01, "alpha": 0.12, "Wmax": -100.0, "weight": -SMALLEST, "delay": 0.1}
        nest.Connect(I, E, sparse, {"synapse_model": "vogels_sprekeler_synapse", **rule})
    else:
        nest.Connect(I, cells, sparse, {"weight": w_i, "delay": 0.1})
    if name in ("COBA", "COBAHH"):
        bath = nest.Create("poisson_generator", params={"rate": 300.0, "stop": 50.0})
        nest.Connect(bath, cells, syn_spec={"weight": w_e, "delay": 0.1})
    recorder = nest.Create("spike_recorder", params={"start": settled})
    nest.Connect(cells, recorder)
    nest.Simulate(duration)
    events = recorder.get("events")
    times, ids = events["times"], events["senders"] - cells[0].global_id
    seconds = 1e-3 * (duration - settled)
    found = {
        "rate of E (Hz)": np.count_nonzero(ids < len(E)) / len(E) / seconds,
        "rate of I (Hz)": np.count_nonzero(ids >= len(E)) / len(I) / seconds,
        "CV of intervals of E": mean_cv(times, ids, len(E)),
    }
    if name == "stdp":
        weights = nest.GetConnections(I, E, "vogels_sprekeler_synapse").get("weight")
        found["mean weight (nS)"] = -float(np.mean(weights))
    return found


def mean_cv(times: np.ndarray, ids: np.ndarray, most: int) -> float:
    """Return the mean CV of the intervals of the first neurons, of those with at least two intervals."""
    order = np.lexsort((times, ids))
    times, ids = times[order], ids[order]
    trains = np.split(times, np.searchsorted(ids, np.arange(1, most + 1)))[:most]
    cvs = [np.std(np.diff(train)) / np.mean(np.diff(train)) for train in trains if len(train) > 2]
    return float(np.mean(cvs))


if __name__ == "__main__":
    print(json.dumps(simulate(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), *map(float, sys.argv[4:]))))
