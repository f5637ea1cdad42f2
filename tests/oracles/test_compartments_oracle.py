"""Cells of several compartments against NEST: `cm_default`, any star, and `iaf_cond_alpha_mc`, which spikes.

`cm_default` has no reset, and its integration is of first order: the error of 0.05 mV at 0.01 ms halves with the step,
so two steps are extrapolated. `iaf_cond_alpha_mc` is a chain of three, whose third link is cut here. While its soma is
refractory, it freezes its dendrites as well, against its own documentation; hence no refractory time.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.paths import NEST_SCRIPTS
from tests.helpers.validation.lab import FASTEST, Lab

DELAY, DURATION = 0.5, 60.0  # ms
LAB = Lab(FASTEST, "double")

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
]


class Events(NamedTuple):
    """Events of one receptor: our name, NEST's port, their weight (nS) and times (ms)."""

    receptor: str
    port: int | str
    weight: float
    times: tuple[float, ...]


def theirs(folder: Any, resolution: float, model: str, cell: dict[str, Any], record: list[str],
           events: list[Events]) -> dict[str, np.ndarray]:  # fmt: skip
    """Run NEST in a process of its own."""
    task, result = folder / "task.json", folder / "result.npz"
    given = [{"port": e.port, "weight": e.weight, "times": e.times} for e in events]
    task.write_text(
        json.dumps({
            "model": model, "resolution": resolution, "cell": cell, "record": record, "events": given,
            "delay": DELAY, "duration": DURATION,
        })
    )  # fmt: skip
    command = [sys.executable, str(NEST_SCRIPTS / "compartments.py"), str(task), str(result)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(result) as arrays:
        found = dict(arrays)
    found["V"] = found["V"][(found["t"] > 0.5) & (found["t"] < DURATION + 0.5)]
    return found


def ours(dt: float, cell: Any, receptors: dict[str, Any], events: list[Events]) -> dict[str, np.ndarray]:
    """The same circuit in gpusyn: V of soma and dendrites at each ms, and spikes."""
    net = gs.Network()
    target = net.population("cell", 1, cell, receptors=receptors)
    for k, e in enumerate(events):
        source = net.population(f"source {k}", 1, gs.SpikeSource(list(e.times)))
        net.connect(source, target, gs.OneToOne(), receptor=e.receptor, weight=e.weight, delay=DELAY)
    names = ["V", *(f"V_{name}" for name in cell.dendrites)]
    trace, spikes = net.record(target, names, every=1.0), net.record(target, "spikes")
    with LAB.open(net, dt) as sim:
        sim.run(DURATION)
        V = np.stack([np.asarray(sim.data[trace][name])[:, 0] for name in names], axis=1)
        return {"V": V[1:] if len(V) > DURATION else V, "spikes": np.asarray(sim.data[spikes].times)}


# ---- a star with a magnesium block: cm_default ----
STAR = [
    Events("soma.GABA_A", 0, 5.0, (30.0,)),
    Events("apical.AMPA", 1, 20.0, (2.0, 5.0)),
    Events("apical.NMDA", 2, 25.0, (2.0, 5.0, 9.0)),
    Events("basal.GABA_A", 3, 10.0, (2.0, 20.0)),
    Events("basal.NMDA", 4, 6.0, (11.0,)),
]


def star_of_nest(folder: Any, resolution: float) -> np.ndarray:
    passive = [
        {"C_m": 200.0, "g_L": 10.0, "e_L": -70.0, "v_comp": -70.0},
        {"C_m": 100.0, "g_L": 5.0, "e_L": -72.0, "v_comp": -72.0, "g_C": 15.0},
        {"C_m": 60.0, "g_L": 3.0, "e_L": -65.0, "v_comp": -65.0, "g_C": 8.0},
    ]
    compartments = [{"parent_idx": 0 if k else -1, "params": p} for k, p in enumerate(passive)]
    gaba = {"e_GABA": -80.0, "tau_r_GABA": 0.5, "tau_d_GABA": 8.0}
    ampa = {"e_AMPA": 0.0, "tau_r_AMPA": 0.5, "tau_d_AMPA": 3.0}
    nmda = {"e_NMDA": 0.0, "tau_r_NMDA": 2.0, "tau_d_NMDA": 50.0}
    kinds = [(0, "GABA", gaba), (1, "AMPA", ampa), (1, "NMDA", nmda), (2, "GABA", gaba), (2, "NMDA", nmda)]
    receptors = [{"comp_idx": at, "receptor_type": kind, "params": params} for at, kind, params in kinds]
    cell = {"V_th": 1000.0, "compartments": compartments, "receptors": receptors}
    return theirs(folder, resolution, "cm_default", cell, ["v_comp0", "v_comp1", "v_comp2"], STAR)["V"]


def star(dt: float, g_c: float = 8.0) -> np.ndarray:
    nest_block = gs.MgBlock(eta=0.3, gamma=0.1)
    gaba = gs.GABA_A(E_rev=-80.0, tau_rise=0.5, tau_decay=8.0)
    nmda = gs.NMDA(Mg=1.0, block=nest_block, tau_rise=2.0, tau_decay=50.0)
    cell = gs.Compartments(
        soma=gs.LIF(C_m=200.0, g_L=10.0, E_L=-70.0, V_th=100.0, V_reset=-70.0),
        dendrites={
            "apical": gs.Dendrite(C_m=100.0, g_L=5.0, E_L=-72.0, g_c=15.0),
            "basal": gs.Dendrite(C_m=60.0, g_L=3.0, E_L=-65.0, g_c=g_c),
        },
    )
    ampa = gs.AMPA(E_rev=0.0, tau_rise=0.5, tau_decay=3.0)
    return ours(dt, cell, {"soma": [gaba], "apical": [ampa, nmda], "basal": [gaba, nmda]}, STAR)["V"]


def test_a_star_of_compartments_with_nmda_is_nests(tmp_path):
    coarse, fine = (star_of_nest(tmp_path, resolution) for resolution in (0.01, 0.005))
    wanted = 2.0 * fine - coarse
    assert np.ptp(wanted, axis=0).min() > 5.0  # mV: every compartment is moved by its synapses
    limit = 1e-3  # mV
    assert np.abs(star(0.02) - wanted).max() < limit
    assert np.abs(star(0.02, g_c=8.08) - wanted).max() > 3 * limit, "a coupling that is off by 1 % would pass"


# ---- a soma that spikes, and one dendrite: iaf_cond_alpha_mc ----
EXC, INH = {"soma": 1.0, "proximal": 2.0}, {"soma": 3.0, "proximal": 5.0}  # ms, of alpha functions
SPIKING = [
    Events("soma.AMPA", "soma_exc", 10.0, (3.0, 20.0)),
    Events("soma.GABA_A", "soma_inh", 15.0, (25.0, 45.0)),
    Events("proximal.AMPA", "proximal_exc", 30.0, tuple(np.arange(1.0, 55.0, 2.5))),
    Events("proximal.GABA_A", "proximal_inh", 20.0, (30.0, 31.0)),
]


def pair_of_nest(folder: Any, resolution: float) -> dict[str, np.ndarray]:
    def compartment(name: str, C_m: float, g_L: float, E_L: float, I_e: float = 0.0) -> dict[str, float]:
        tau = {"tau_syn_ex": EXC.get(name, 1.0), "tau_syn_in": INH.get(name, 1.0)}
        return {"C_m": C_m, "g_L": g_L, "E_L": E_L, "V_m": E_L, "I_e": I_e, "E_ex": 0.0, "E_in": -80.0, **tau}

    cell = {
        "soma": compartment("soma", 150.0, 10.0, -70.0, 60.0),
        "proximal": compartment("proximal", 75.0, 5.0, -68.0),
        "distal": compartment("distal", 150.0, 10.0, -70.0),
        "g_sp": 12.0, "g_pd": 0.0, "V_th": -55.0, "V_reset": -63.0, "t_ref": 0.0,
    }  # fmt: skip
    return theirs(folder, resolution, "iaf_cond_alpha_mc", cell, ["V_m.s", "V_m.p"], SPIKING)


def pair(dt: float, g_c: float = 12.0) -> dict[str, np.ndarray]:
    def alpha(tau: float) -> Any:
        return gs.kinetics.Alpha(tau=tau)

    receptors = {
        name: [gs.AMPA(E_rev=0.0, kinetics=alpha(EXC[name])), gs.GABA_A(E_rev=-80.0, kinetics=alpha(INH[name]))]
        for name in ("soma", "proximal")
    }
    soma = gs.LIF(C_m=150.0, g_L=10.0, E_L=-70.0, I_e=60.0, V_th=-55.0, V_reset=-63.0, t_ref=0.0)
    dendrite = gs.Dendrite(C_m=75.0, g_L=5.0, E_L=-68.0, g_c=g_c)
    return ours(dt, gs.Compartments(soma=soma, dendrites={"proximal": dendrite}), receptors, SPIKING)


def test_spikes_of_a_soma_with_a_dendrite_are_nests(tmp_path):
    dt = 0.01  # ms
    wanted, found, wrong = pair_of_nest(tmp_path, dt), pair(dt), pair(dt, g_c=12.24)
    assert len(wanted["spikes"]) > 10
    assert np.array_equal(np.rint(found["spikes"] / dt), np.rint(wanted["spikes"] / dt))
    late = np.abs(wrong["spikes"][:10] - wanted["spikes"][:10]).max()
    assert late > 20 * dt, "a coupling that is off by 2 % would pass"
    assert np.abs(found["V"] - wanted["V"]).max() < 0.02  # mV
