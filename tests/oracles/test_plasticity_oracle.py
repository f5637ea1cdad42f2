"""Weights of plastic synapses after random trains, against NEST's, spike by spike.

NEST's neurons repeat given spikes; gpusyn's are made to spike in the same steps. `stdp_synapse`, `stdp_nn_symm_synapse`
and `stdp_triplet_synapse` are the same rules with the same clipping, so only rounding is left. Two things differ:

* `stdp_nn_symm_synapse` takes time 0 for a presynaptic spike before the first one. The trains begin so late that
  nothing of it is left.
* `vogels_sprekeler_synapse` clips the two parts of the change at a presynaptic spike one after the other, so at the
  upper bound it ends alpha eta below it. Weights that do not reach the bound are the same.
"""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.paths import NEST_SCRIPTS
from tests.plasticity.lab import TAU, forced, sources
from tests.plasticity.plain_loops import Synapse, learned, released

DT = 0.1
STEPS, LEAD = 3000, 10_000  # of the trains; of NEST before them: e^-20 and less is left of time 0
LIMIT = 1e-9  # of w_max
SPIKES = 60

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
]


class Case(NamedTuple):
    """A synapse with its rule, and the steps in which both neurons spike."""

    rule: Any
    synapse: Synapse
    pre: list[int]
    post: list[int]


RULES = [
    gs.STDP(A_plus=0.03, A_minus=0.04, tau_plus=15.0, tau_minus=30.0),
    gs.STDP(A_plus=0.1, A_minus=0.1, mu_plus=0.4, mu_minus=1.0),
    gs.STDP(A_plus=0.05, A_minus=0.06, tau_plus=12.0, tau_minus=34.0, pairing="nearest"),
    gs.STDP(A_plus=0.1, A_minus=0.05, mu_plus=1.0, mu_minus=0.02, pairing="nearest"),
    gs.TripletSTDP(0.01, 0.02, 0.03, 0.01),
    gs.TripletSTDP(5e-4, 7e-3, 6.2e-3, 2.3e-3, tau_y=125.0),
    gs.InhibitorySTDP(eta=0.002, tau=20.0, rate=200.0),
    gs.InhibitorySTDP(eta=0.02, tau=15.0, rate=20.0),  # reaches the upper bound
]
BOUNDED = RULES[-1]


def drawn() -> list[Case]:
    """Each rule with four delays; every sixth pair of spikes meets at the synapse."""
    draw, cases = random.Random(1), []
    for rule in RULES:
        for delay in (1, 2, 15, 120):
            w_max = draw.choice([1.0, 5.0, 0.3]) if not isinstance(rule, gs.InhibitorySTDP) else 1.0
            synapse = Synapse(draw.uniform(0.2, 0.8) * w_max, w_max, delay, 0, DT)
            pre = sorted(draw.sample(range(delay + 1, STEPS), SPIKES))
            post: list[int] = []
            for step in sorted({*draw.sample(range(1, STEPS), SPIKES), *(step - delay for step in pre[::6])}):
                if not post or step > post[-1] + 1:  # the neurons are refractory for a step
                    post.append(step)
            cases.append(Case(rule, synapse, pre, post))
    return cases


CASES = drawn()


def in_nest(case: Case) -> dict[str, Any]:
    """The same synapse in NEST's words."""
    rule, (w0, w_max, delay, _, _) = case.rule, case.synapse
    given = {"weight": w0, "Wmax": w_max, "delay": round(delay * DT, 6)}
    if isinstance(rule, gs.STDP):
        model = "stdp_synapse" if rule.pairing == "all" else "stdp_nn_symm_synapse"
        neuron = {"tau_minus": rule.tau_minus}
        given |= {"lambda": rule.A_plus, "alpha": rule.A_minus / rule.A_plus, "tau_plus": rule.tau_plus}
        given |= {"mu_plus": rule.mu_plus, "mu_minus": rule.mu_minus}
    elif isinstance(rule, gs.TripletSTDP):
        model, neuron = "stdp_triplet_synapse", {"tau_minus": rule.tau_minus, "tau_minus_triplet": rule.tau_y}
        given |= {"tau_plus": rule.tau_plus, "tau_plus_triplet": rule.tau_x}
        given |= {"Aplus": rule.A2_plus * w_max, "Aplus_triplet": rule.A3_plus * w_max}
        given |= {"Aminus": rule.A2_minus * w_max, "Aminus_triplet": rule.A3_minus * w_max}
    else:
        model, neuron = "vogels_sprekeler_synapse", {"tau_minus": rule.tau}
        given |= {"eta": rule.eta, "tau": rule.tau, "alpha": 2.0 * rule.rate / 1000.0 * rule.tau}
    return {"model": model, "neuron": neuron, "parameters": given, "pre": case.pre, "post": case.post}


RELEASES = [(0.5, 800.0, 0.0), (0.03, 130.0, 530.0), (0.2, 50.0, 300.0)]  # U, tau_rec, tau_facil
TRAIN = CASES[0].pre


def release_in_nest(U: float, tau_rec: float, tau_facil: float) -> dict[str, Any]:
    """A `tsodyks2_synapse` whose first spike releases U, as if u had grown from 0: by itself it starts with u = 0.5."""
    given = {"U": U, "tau_rec": tau_rec, "tau_fac": tau_facil, "u": U, "weight": 1.0, "delay": DT}
    return {"model": "tsodyks2_synapse", "neuron": {}, "parameters": given, "pre": TRAIN, "post": []}


@pytest.fixture(scope="module")
def nest(tmp_path_factory) -> list[np.ndarray]:
    """The weights that NEST's synapses deliver, in a process of its own: it keeps global state and prints."""
    folder = tmp_path_factory.mktemp("nest")
    synapses = [*map(in_nest, CASES), *(release_in_nest(*given) for given in RELEASES)]
    task = {"dt": DT, "lead": LEAD, "steps": STEPS + 10, "synapses": synapses}
    paths = folder / "task.json", folder / "weights.json"
    paths[0].write_text(json.dumps(task))
    command = [sys.executable, str(NEST_SCRIPTS / "plasticity.py"), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return [np.array(weights) for weights in json.loads(paths[1].read_text())]


def worst(cases: list[Case], ours: list[np.ndarray], theirs: list[np.ndarray]) -> dict[int, float]:
    """The largest difference of each synapse, in units of w_max, by its place in the list."""
    return {
        k: float(np.abs(our - their).max()) / case.synapse.w_max
        for k, (case, our, their) in enumerate(zip(cases, ours, theirs, strict=True))
        if case.rule is not BOUNDED
    }


def test_the_trains_ask_for_everything(nest):
    """Weights move, reach both bounds, and meet spikes at the same time."""
    for case, weights in zip(CASES, nest, strict=False):
        assert len(weights) == SPIKES
        assert np.ptp(weights) > 0.01 * case.synapse.w_max
        assert len({*case.pre} & {step + case.synapse.delay for step in case.post}) > 5
    parts = [weights / case.synapse.w_max for case, weights in zip(CASES, nest, strict=False)]
    assert min(part.min() for part in parts) == 0.0
    assert max(part.max() for part in parts) > 0.95


def test_plain_loops_are_nests(nest):
    ours = [np.array([w for _, w in learned(*case).delivered]) for case in CASES]
    assert max(worst(CASES, ours, nest[: len(CASES)]).values()) < 1e-12
    for given, weights in zip(RELEASES, nest[len(CASES) :], strict=True):
        assert np.abs(np.array(released(*given, TRAIN)) - weights).max() < 1e-12


def test_nest_clips_inhibition_below_the_bound(nest):
    alpha_eta = 2.0 * BOUNDED.rate / 1000.0 * BOUNDED.tau * BOUNDED.eta
    for case, weights in zip(CASES, nest, strict=False):
        if case.rule is BOUNDED:
            ours = np.array([w for _, w in learned(*case).delivered])
            assert ours.max() == case.synapse.w_max
            assert weights.max() == pytest.approx(case.synapse.w_max - alpha_eta)
            assert 0.0 < np.abs(ours - weights).max() <= alpha_eta + 1e-12


def deliveries(g: np.ndarray, arrivals: list[int]) -> np.ndarray:
    """The jumps of a conductance that decays with `TAU`, at given steps."""
    at = np.array(arrivals) - 1
    before = np.where(at > 0, g[at - 1], 0.0) * np.exp(-DT / TAU)
    return g[at] - before


@pytest.mark.parametrize("backend", ["numpy", "cpu"])
def test_weights_are_nests(nest, backend):
    net = gs.Network()
    pre = sources(net, "pre", [case.pre for case in CASES], DT)
    post = forced(net, "post", [case.post for case in CASES], [gs.AMPA(tau_decay=TAU, E_rev=-70.0)], DT)
    for k, (rule, synapse, _, _) in enumerate(CASES):
        net.connect(
            pre[k : k + 1], post[k : k + 1], gs.OneToOne(), receptor="AMPA", weight=synapse.w0, w_max=synapse.w_max,
            delay=round(synapse.delay * DT, 6), plasticity=rule, name=f"c{k}",
        )  # fmt: skip
    recorder = net.record(post, "g_AMPA")
    with gs.Simulator(net, dt=DT, backend=backend, precision="double") as sim:
        sim.step(STEPS + 150)
        g = np.asarray(sim.data[recorder]["g_AMPA"], np.float64)
    ours = [
        deliveries(column, [step + case.synapse.delay for step in case.pre])
        for case, column in zip(CASES, g.T, strict=True)
    ]
    errors = worst(CASES, ours, nest[: len(CASES)])
    assert max(errors.values()) < LIMIT, errors


def test_releases_are_nests(nest):
    net = gs.Network()
    pre = net.population("pre", 1, gs.SpikeSource([[round(step * DT, 6) for step in TRAIN]]))
    receptors = [gs.AMPA(tau_decay=TAU, E_rev=-70.0)]
    post = net.population("post", len(RELEASES), gs.LIF(), receptors=receptors)
    for k, given in enumerate(RELEASES):
        rule = gs.TsodyksMarkram(*given)
        net.connect(pre, post[k : k + 1], gs.AllToAll(), receptor="AMPA", weight=1.0, delay=DT, plasticity=rule)
    recorder = net.record(post, "g_AMPA")
    with gs.Simulator(net, dt=DT, precision="double") as sim:
        sim.step(STEPS + 10)
        g = np.asarray(sim.data[recorder]["g_AMPA"], np.float64)
    for column, weights in zip(g.T, nest[len(CASES) :], strict=True):
        assert np.abs(deliveries(column, [step + 1 for step in TRAIN]) - weights).max() < LIMIT
