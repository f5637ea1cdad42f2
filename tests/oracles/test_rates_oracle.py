"""Population rates of a small network of Brunel and Wang (2001) in its spontaneous state, against NEST.

Cells, gates and weights are the paper's (science.md 5.3), weights scaled by 1000/N, groups left out. Each seed gives
background spikes and the potentials at the start, the same to both simulators. Some runs stay spike for spike the same
to their end; the others part, since the network is chaotic and NEST integrates V adaptively. So the rates are compared
pair by pair: the mean difference over seeds must be within `LIMIT` of its standard errors (Student's t of as many
seeds: p = 0.001), and these must be a few percent of the rate, or the comparison would reject nothing. A network with
the time constant of GABA that NEST has by default is rejected by the same comparison.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.paths import NEST_SCRIPTS

DT, DELAY, SETTLE, DURATION = 0.1, 0.5, 300.0, 1000.0  # ms
BACKGROUND = 2400.0  # Hz
SIZES, SEEDS = (40, 10), 32  # E and I cells
LIMIT = 3.6  # standard errors
LARGEST_ERROR = {"E": 0.07, "I": 0.03}  # of the rate: a standard error
MEMBRANE = {"E_L": -70.0, "V_th": -50.0, "V_reset": -55.0}
CELLS = {
    "E": {**MEMBRANE, "C_m": 500.0, "g_L": 25.0, "t_ref": 2.0},
    "I": {**MEMBRANE, "C_m": 200.0, "g_L": 20.0, "t_ref": 1.0},
}
NMDA = {"alpha": 0.5, "tau_rise": 2.0, "tau_decay": 100.0}
TAU_AMPA, TAU_GABA, NEST_TAU_GABA = 2.0, 10.0, 5.0  # ms
E_EXC, E_INH, MG = 0.0, -70.0, 1.0  # mV, mM
SCALE = 1000.0 / sum(SIZES)
WEIGHTS = {  # nS
    "E": {"external": 2.08, "AMPA": 0.104 * SCALE, "NMDA": 0.327 * SCALE, "GABA": 1.25 * SCALE},
    "I": {"external": 1.62, "AMPA": 0.081 * SCALE, "NMDA": 0.258 * SCALE, "GABA": 0.973 * SCALE},
}
MODELS = {"jump": "iaf_bw_2001", "rise": "iaf_bw_2001_exact"}

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
]


class Inputs(NamedTuple):
    """Events of the background by step and cell, and V (mV) at the start."""

    events: np.ndarray
    V: np.ndarray


def inputs(seed: int) -> Inputs:
    draw = np.random.default_rng(seed)
    shape = round((SETTLE + DURATION) / DT), sum(SIZES)
    events = draw.poisson(BACKGROUND * 1e-3 * DT, shape).astype(np.uint8)
    return Inputs(events, draw.uniform(-60.0, -50.0, sum(SIZES)))


def ours(jump: bool, tau_GABA: float, given: Inputs) -> list[int]:
    """Spikes of E and of I after the network has settled."""
    net = gs.Network()
    receptors = [
        gs.AMPA(tau_decay=TAU_AMPA, E_rev=E_EXC),
        gs.NMDA(Mg=MG, E_rev=E_EXC, kinetics=gs.kinetics.Saturating(**NMDA, jump=jump)),
        gs.GABA_A(tau_decay=tau_GABA, E_rev=E_INH),
    ]
    parts = dict(zip("EI", (slice(0, SIZES[0]), slice(SIZES[0], None)), strict=True))
    E, I = (
        net.population(name, n, gs.LIF(**CELLS[name]), receptors=receptors, V=given.V[parts[name]])
        for name, n in zip("EI", SIZES, strict=True)
    )
    steps = np.arange(1, len(given.events) + 1)
    for post in (E, I):
        g = WEIGHTS[post.name]
        trains = [np.round(np.repeat(steps, train) * DT, 6) for train in given.events.T[parts[post.name]]]
        background = net.population(f"background {post.name}", post.size, gs.SpikeSource(trains))
        net.connect(background, post, gs.OneToOne(), receptor="AMPA", weight=g["external"], delay=DELAY)
        net.connect(E, post, gs.AllToAll(), weight={"AMPA": g["AMPA"], "NMDA": g["NMDA"]}, delay=DELAY)
        net.connect(I, post, gs.AllToAll(), receptor="GABA_A", weight=g["GABA"], delay=DELAY)
    recorder = net.record(E + I, "spikes")
    with gs.Simulator(net, dt=DT, precision="double") as sim:
        sim.run(SETTLE + DURATION)
        spikes = sim.data[recorder]
    late = spikes.times > SETTLE + DT / 2
    return [np.count_nonzero(late & (spikes.population == post.name)) for post in (E, I)]


def theirs(model: str, runs: list[Inputs], folder: Path) -> np.ndarray:
    """The same by NEST, a row a run, in a process of its own: it keeps global state and prints."""
    gates = {
        "tau_AMPA": TAU_AMPA, "tau_GABA": TAU_GABA, "E_ex": E_EXC, "E_in": E_INH, "conc_Mg2": MG,
        "alpha": NMDA["alpha"], "tau_rise_NMDA": NMDA["tau_rise"], "tau_decay_NMDA": NMDA["tau_decay"],
    }  # fmt: skip
    task = {
        "model": model, "sizes": SIZES, "cells": [{**CELLS[name], **gates} for name in "EI"],
        "weights": [WEIGHTS[name] for name in "EI"], "delay": DELAY, "dt": DT, "settle": SETTLE, "duration": DURATION,
    }  # fmt: skip
    paths = [folder / name for name in ("task.json", "inputs.npz", "counts.npz")]
    paths[0].write_text(json.dumps(task))
    np.savez(paths[1], events=[run.events for run in runs], V=[run.V for run in runs])
    command = [sys.executable, str(NEST_SCRIPTS / "rates.py"), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(paths[2]) as arrays:
        return np.asarray(arrays["counts"])


class Comparison(NamedTuple):
    """NEST's rate (Hz), and the mean of gpusyn's less NEST's with its standard error, by population."""

    rate: dict[str, float]
    difference: dict[str, float]
    error: dict[str, float]

    def standard_errors(self) -> float:
        """The difference, of E or of I, that is more of them."""
        return max(abs(self.difference[name]) / self.error[name] for name in "EI")


def compare(our: np.ndarray, their: np.ndarray) -> Comparison:
    """From spike counts, a row a seed."""
    hertz = 1e3 / DURATION / np.array(SIZES)
    difference = (our - their) * hertz
    columns = (their * hertz).mean(axis=0), difference.mean(axis=0), difference.std(axis=0, ddof=1) / len(our) ** 0.5
    return Comparison(*(dict(zip("EI", map(float, column), strict=True)) for column in columns))


@pytest.fixture(scope="module", params=MODELS)
def counts(request, tmp_path_factory) -> tuple[bool, list[Inputs], np.ndarray]:
    """Whether gates jump, the inputs of all seeds, and what NEST counts."""
    runs = [inputs(seed) for seed in range(SEEDS)]
    return request.param == "jump", runs, theirs(MODELS[request.param], runs, tmp_path_factory.mktemp("nest"))


def test_rates_agree_with_nest(counts):
    jump, runs, their = counts
    our = np.array([ours(jump, TAU_GABA, run) for run in runs])
    found = compare(our, their)
    assert 0.8 < found.rate["E"] < 3.0
    assert 6.0 < found.rate["I"] < 11.0
    assert found.standard_errors() < LIMIT, found
    for name, largest in LARGEST_ERROR.items():
        assert found.error[name] < largest * found.rate[name], found
    assert np.any(np.all(our == their, axis=1))  # a run that did not part


def test_another_time_constant_of_inhibition_is_told_apart(counts):
    jump, runs, their = counts
    few = runs[:8]
    found = compare(np.array([ours(jump, NEST_TAU_GABA, run) for run in few]), their[: len(few)])
    assert found.standard_errors() > 2 * LIMIT, found
