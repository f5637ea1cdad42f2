"""Synapses that learn from their calcium, on numpy: closed forms, a plain loop, the knobs of an experiment, access."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.runs import cpu
from tests.plasticity.plain_spines import spine

DT = 0.5
EVENTS = [5.0, 30.0, 30.0, 42.0]


def network(
    times=EVENTS, fire=(), *, n=2, delay=1.0, glycine=None, Mg=1.0, kinetics=None, weight=0.5, **rule
) -> gs.Network:
    """Two sources, each with a synapse onto each cell; the first cell is made to fire."""
    net = gs.Network()
    pre = net.population("pre", 2, gs.SpikeSource([times, [t + 3.0 for t in times]]))
    kinetics = {} if kinetics is None else {"kinetics": kinetics}
    E = net.population("E", n, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA(glycine=glycine, Mg=Mg, **kinetics)])
    contact = {"AMPA": weight, "NMDA": 0.1}
    plasticity = gs.NMDAPlasticity(**rule)
    net.connect(
        pre, E, gs.AllToAll(), weight=contact, w_max={"AMPA": 2.0}, delay=delay, plasticity=plasticity, name="p"
    )
    if fire:
        pulses = np.stack([fire, np.add(fire, 2.5)], 1).ravel()
        net.inject(E[:1], gs.Waveform(pulses, np.tile([3000.0, 0.0], len(fire))))
    return net


def simulator(net, dt=DT, precision="double", **options):
    return gs.Simulator(net, dt=dt, precision=precision, backend="numpy", **options)


def weights(sim):
    return sim.weights("p").weight["AMPA"]


# ---- the equations ----


def test_weights_to_which_calcium_leads():
    """Rows G7 to G9 of the table of values (public ports of Shouval, Bear & Cooper 2002)."""
    rule = gs.NMDAPlasticity()
    assert rule.omega([0.2, 0.45, 0.8]) == pytest.approx([0.24999846, 0.00041918766, 1.0], rel=1e-6)
    assert 1e3 * rule.eta([0.0, 1.0]) == pytest.approx([1 / (0.1 / 1e-5 + 1), 1 / (0.1 / (1e-5 + 1.0) + 1)])  # 1/s
    with warnings.catch_warnings(action="error"):
        assert (rule.omega(1e308), 1e3 * rule.eta(1e308)) == (1.0, pytest.approx(1.0))


@pytest.mark.parametrize("kinetics", [None, gs.kinetics.Exponential(20.0)])
def test_calcium_and_weights_are_those_of_a_plain_loop(kinetics):
    delays, site = np.array([1.0, 2.5, 4.0, 1.5]), gs.GlycineSite()
    Mg = gs.Waveform([0.0, 40.0], [1.0, 0.3])
    net = network(fire=[12.0, 34.0], delay=delays, Mg=Mg, glycine=1.0, kinetics=kinetics, speed=40.0, bap_delay=1.0,
                  G=2e-3)  # fmt: skip
    net.record("E", "V", name="V")
    net.record("E", "spikes", name="spikes")
    net.record("p", ["Ca", "weight_AMPA"], every=DT, name="r")
    with simulator(net) as sim:
        before = sim.get("E", "V")[np.newaxis]
        sim.run(80.0)
        V, data, spikes = np.concatenate([before, sim.data["V"]["V"]]), sim.data["r"], sim.data["spikes"].trains()
    assert [len(train) >= 2 for train in spikes] == [True, False]
    for j, (pre, post) in enumerate(zip(data.pre, data.post, strict=True)):
        Ca, W = spine(
            np.array(EVENTS) + 3.0 * pre + delays[j], V[:, post], spikes[post], DT, rule=gs.NMDAPlasticity(
                speed=40.0, bap_delay=1.0, G=2e-3), Mg=lambda t: 1.0 if t < 40.0 else 0.3,
            kinetics=kinetics or gs.NMDA().kinetics, part=lambda t: 1.0 / (1.0 + (site.EC50 / 1.0) ** site.h),
        )  # fmt: skip
        assert Ca.max() > 0.05
        assert data["Ca"][:, j] == pytest.approx(Ca, rel=1e-9, abs=1e-12)
        assert data["weight_AMPA"][:, j] / 2.0 == pytest.approx(W, abs=1e-12)
    assert np.ptp(data["weight_AMPA"], axis=0).min() > 1e-3


def test_all_spikes_that_are_on_their_way_to_the_spines_are_kept():
    net, rule = gs.Network(), gs.NMDAPlasticity("AMPA", "AMPA", bap_delay=25.0, G=1e-4)
    pre = net.population("pre", 1, gs.SpikeSource([1.0]))
    cell = net.population("cell", 1, gs.LIF(t_ref=0.0), receptors=[gs.AMPA(kinetics=gs.kinetics.Exponential(50.0))])
    net.connect(pre, cell, gs.AllToAll(), receptor="AMPA", weight=0.5, w_max=2.0, delay=1.0, plasticity=rule, name="p")
    net.inject(cell, gs.Waveform([5.0, 25.0], [1e5, 0.0]))  # a spike in every step
    net.record(cell, "V", name="V")
    net.record(cell, "spikes", name="spikes")
    net.record("p", "Ca", every=DT, name="r")
    with simulator(net) as sim:
        before = sim.get(cell, "V")
        sim.run(60.0)
        V, (spikes,) = np.concatenate([before, sim.data["V"]["V"][:, 0]]), sim.data["spikes"].trains()
    assert len(spikes) == 40
    Ca, _ = spine([2.0], V, spikes, DT, rule=rule, kinetics=gs.kinetics.Exponential(50.0), Mg=lambda t: 0.0)
    assert sim.data["r"]["Ca"][:, 0] == pytest.approx(Ca, rel=1e-9, abs=1e-12)


def test_spines_on_a_dendrite_see_its_potential():
    net = gs.Network()
    pre = net.population("pre", 1, gs.SpikeSource(EVENTS))
    model = gs.Compartments(soma=gs.LIF(), dendrites={"apical": gs.Dendrite()})
    cell = net.population("cell", 2, model, receptors={"soma": [gs.AMPA()], "apical": [gs.AMPA(), gs.NMDA()]})
    rule = gs.NMDAPlasticity(calcium="apical.NMDA", learns="apical.AMPA", speed=40.0, G=2e-3)
    contact = {"apical.AMPA": 0.5, "apical.NMDA": 1.0}
    net.connect(pre, cell, gs.AllToAll(), weight=contact, w_max={"apical.AMPA": 2.0}, delay=1.0, plasticity=rule,
                name="p")  # fmt: skip
    net.inject(cell[1:], gs.Waveform([12.0, 14.5], [3000.0, 0.0]))
    net.record(cell, ["V", "V_apical"], name="V")
    net.record(cell, "spikes", name="spikes")
    net.record("p", ["Ca", "weight_apical.AMPA"], every=DT, name="r")
    with simulator(net) as sim:
        before = sim.get(cell, "V_apical")[np.newaxis]
        sim.run(60.0)
        V, data, spikes = (
            np.concatenate([before, sim.data["V"]["V_apical"]]),
            sim.data["r"],
            sim.data["spikes"].trains(),
        )
    assert [len(train) > 0 for train in spikes] == [False, True]
    assert np.abs(sim.data["V"]["V"] - V[1:]).max() > 1.0
    for j in range(2):
        Ca, W = spine(np.array(EVENTS) + 1.0, V[:, j], spikes[j], DT, rule=rule, kinetics=gs.NMDA().kinetics)
        assert data["Ca"][:, j] == pytest.approx(Ca, rel=1e-9, abs=1e-12)
        assert data["weight_apical.AMPA"][:, j] / 2.0 == pytest.approx(W, abs=1e-12)


def test_the_step_is_of_second_order():
    def last(dt):
        net = network([4.0, 12.0, 20.0], n=1, delay=2.0, speed=20.0, beta=8.0)  # thresholds that steps resolve
        net.clamp("E", gs.Waveform([0.0, 40.0], [-60.0, -20.0], "linear"))
        with simulator(net, dt) as sim:
            sim.run(40.0)
            return weights(sim)[0]

    coarse, middle, fine = map(last, (1.0, 0.5, 0.25))
    assert abs(coarse - middle) > 1e-6
    assert (coarse - middle) / (middle - fine) == pytest.approx(4.0, rel=0.1)


def test_changes_below_the_unit_of_a_weight_add_up():
    net = network([], n=1, weight=1.0)  # W = 0.5 goes back to 0.25, by 2e-11 in a step
    with simulator(net, precision="single") as sim:
        sim.run(100.0)
        lost = 1.0 - weights(sim)
    assert lost == pytest.approx(2.0 * 0.25 * 100.0 * float(gs.NMDAPlasticity().eta(0.0)), rel=0.02)


# ---- the knobs of an experiment ----


def experiment(drug=None):
    """W of each cell in the end: those that fire with the events, without glycine too, and those that do not fire."""
    net, times = gs.Network(), np.arange(20.0, 300.0, 50.0)
    pre = net.population("pre", 1, gs.SpikeSource(times))
    kinds = {"usual": gs.NMDA(), "no glycine": gs.NMDA(glycine=0.0), "low Mg": gs.NMDA(Mg=0.05)}
    names, W = {"usual": ["paired", "alone", "clamped"], "no glycine": ["no glycine"], "low Mg": ["low Mg"]}, {}
    for kind, NMDA in kinds.items():
        cells = net.population(kind, len(names[kind]), gs.LIF(), receptors=[gs.AMPA(), NMDA])
        net.connect(pre, cells, gs.AllToAll(), weight={"AMPA": 0.5, "NMDA": 0.01}, w_max={"AMPA": 2.0},
                    plasticity=gs.NMDAPlasticity(speed=15.0, G=4e-4), name=f"to {kind}")  # fmt: skip
        if kind != "low Mg":
            current = gs.Waveform(np.stack([times + 6.0, times + 8.0], 1).ravel(), [3000.0, 0.0] * len(times))
            net.inject(cells[:1], current)
    net.clamp(net.populations["usual"][2:], -30.0)
    if drug is not None:
        net.infuse(*drug)
    with simulator(net, dt=1.0, precision="single") as sim:
        sim.run(300.0)
        for kind in kinds:
            W |= dict(zip(names[kind], sim.weights(f"to {kind}").weight["AMPA"] / 2.0, strict=True))
    return W


def test_the_knobs_of_an_experiment():
    W, blocked, CNQX = experiment(), experiment(("D-AP5", 200.0)), experiment(("CNQX", 50.0))
    grown = W["paired"] - 0.25
    assert grown > 0.2
    assert abs(W["no glycine"] - 0.25) < 0.01 * grown
    assert all(abs(w - 0.25) < 0.01 * grown for w in blocked.values())
    assert W["alone"] < 0.25  # little calcium makes it shrink
    assert W["low Mg"] > 0.25 + grown  # no partner is needed
    assert W["clamped"] > 0.25 + grown
    assert CNQX["clamped"] == W["clamped"]


# ---- access ----


def test_no_bit_depends_on_how_a_run_is_split():
    net = network(fire=[12.0, 34.0], delay=gs.Uniform(0.5, 6.0), speed=20.0)
    net.record("p", ["Ca", "weight_AMPA"], every=5.0, name="r")
    with simulator(net, precision="single") as sim:
        sim.run(70.0)
        whole, at_end = sim.data["r"], weights(sim)
        sim.reset()
        assert weights(sim) == pytest.approx(0.5, rel=1e-6)
        for part in (0.5, 11.5, 1.0, 30.0, 27.0):
            sim.run(part)
        parts, again = sim.data["r"], weights(sim)
    assert np.array_equal(at_end, again)
    assert at_end.std() > 1e-3
    for variable in ("Ca", "weight_AMPA"):
        assert np.array_equal(whole[variable], parts[variable])
    assert np.array_equal(whole["weight_AMPA"][-1], at_end)
    assert whole.units["Ca"] == "uM"


def test_weights_and_potentials_that_are_set_count_at_once():
    def outcome(change):
        net = network(n=1, G=4e-3, speed=40.0)
        net.record("p", "Ca", every=DT, name="r")
        with simulator(net) as sim:
            sim.run(20.0)
            change(sim)
            sim.run(20.0)
            return sim.data["r"]["Ca"], weights(sim)

    Ca, left = outcome(lambda sim: None)
    _, grown = outcome(lambda sim: sim.set_weights("p", 2.0, "AMPA"))
    assert np.all(grown > left + 0.5)
    open_, _ = outcome(lambda sim: sim.set("E", "V", 0.0))
    rise = np.diff(open_, axis=0)[39] / np.diff(Ca, axis=0)[39]
    assert np.all(rise > 2.0)  # V was the new one from the start of the step


def test_what_is_below_the_unit_of_a_weight_is_not_that_of_a_new_one():
    net = network([], n=1, weight=1.0)
    with simulator(net, precision="single") as sim:
        sim.run(10.0)
        assert np.any(sim._session.read("advance_spines.rest_of") != 0)
        sim.set_weights("p", 1.0, "AMPA")
        assert not np.any(sim._session.read("advance_spines.rest_of"))


def test_the_plan_says_what_it_takes():
    text = str(gs.plan(network(), dt=DT))
    assert "learning by NMDAPlasticity: 4 synapses of p.AMPA" in text
    assert "12 bytes for the weight of a synapse, its calcium" in text


@pytest.mark.parametrize("other", ["scaling", "rewiring"])
def test_what_else_changes_weights_may_be_beside_it(other):
    beside = {
        "scaling": gs.HomeostaticScaling(rate=20.0, tau=200.0, tau_rate=20.0, every=10.0),
        "rewiring": gs.Rewiring(every=10.0, prune_below=0.49, weight=1.0),
    }
    net = gs.Network()
    pre = net.population("pre", 4, gs.SpikeSource([[5.0 + k, 13.0, 30.0, 41.0] for k in range(4)]))
    E = net.population("E", 6, gs.LIF(I_e=200.0), receptors=[gs.AMPA(), gs.NMDA()])
    rule = gs.NMDAPlasticity(speed=40.0, G=4e-3)
    net.connect(pre, E, gs.FixedInDegree(2, multapses=False), weight={"AMPA": 0.5, "NMDA": 0.1}, w_max={"AMPA": 2.0},
                delay=gs.Uniform(1.0, 4.0), plasticity=[rule, beside[other]], name="p")  # fmt: skip
    cpu()  # or skip
    found = []
    for backend in ("numpy", "cpu"):
        with gs.Simulator(net, dt=DT, backend=backend) as sim:
            for part in (33.0, 12.0) if backend == "cpu" else (45.0,):
                sim.run(part)
            Ca = sim._session.read("advance_spines.Ca")
            found.append([*sim.weights("p"), Ca])
            made = sim.rewirings("p").created.sum() if other == "rewiring" else 1
    (pre, post, weight, delay, Ca), again = found
    assert made > 0
    assert all(np.array_equal(a, b) for a, b in zip((pre, post, delay, Ca), (*again[:2], *again[3:]), strict=True))
    assert np.array_equal(weight["AMPA"], again[2]["AMPA"])
    assert np.ptp(weight["AMPA"]) > 0.05


# ---- refusals ----


def refused(message, *, drug=None, receptors=None, weight=None, storage="stored", weights="exact", dt=DT, **options):
    net = gs.Network()
    E = net.population("E", 2, gs.LIF(), receptors=receptors or [gs.AMPA(), gs.NMDA()])
    with pytest.raises((gs.ParameterError, gs.UnknownNameError), match=message):  # noqa: PT012
        net.connect(E, E, gs.AllToAll(), weight=weight or {"AMPA": 0.5, "NMDA": 0.1}, w_max={"AMPA": 2.0},
                    storage=storage, **{"plasticity": gs.NMDAPlasticity()} | options)  # fmt: skip
        if drug is not None:
            net.infuse(drug, 1.0)
        gs.plan(net, dt=dt, weights=weights)


def test_what_calcium_cannot_follow_is_refused():
    longer = gs.drugs.Drug("longer", gs.drugs.DecayModulator("NMDA", extra=0.5, EC50=1.0))
    refused("known here: AMPA, NMDA", plasticity=gs.NMDAPlasticity(calcium="NMDA2"))
    refused("leave one of the two out", plasticity=[gs.NMDAPlasticity(), gs.TsodyksMarkram(U=0.5, tau_rec=100.0)])
    refused("use storage='stored'", storage="procedural")
    refused("use weights='exact'", weights="compact")
    refused("gating='auto'", receptors=[gs.AMPA(), gs.NMDA(gating="per-synapse")])
    refused("'D-AP5'", drug="MK-801")
    refused("a smaller dt", plasticity=gs.NMDAPlasticity(speed=2000.0))
    refused("bap_delay", plasticity=gs.NMDAPlasticity(bap_delay=0.7))
    refused("use a block without", receptors=[gs.AMPA(), gs.NMDA(block=gs.MgBlock(unblock=gs.SlowUnblock()))])
    refused("the kinetics that it has with the drug", drug=longer)
