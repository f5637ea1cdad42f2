"""No bit of any spike, trace, weight or state changes: the digests of digests.json hold on every backend.

The default suite computes each case on compiled CPU code, most in one precision, and some with numpy and on emulated
kernels; `compilers` computes all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import gpusyn as gs
from tests.digests.case import Case
from tests.digests.networks import BLOCKERS, CASES
from tests.digests.outcomes import LINES, digest, outcome, stored
from tests.helpers.runs import BACKENDS

#: Computed with numpy and on emulated kernels, too: other tests compare backends, but not each model of a neuron.
EVERYWHERE = ("neuron models", "inputs", "procedural")
SLOW = ("numpy", "cuda-emulated")
LINEAR = {"Exponential", "Alpha", "DualExponential"}


@pytest.fixture(scope="module")
def known() -> dict[str, str]:
    return stored()


def everywhere() -> Iterator[Any]:
    """Yield every line with every backend."""
    for line, (case, precision) in LINES.items():
        second = precision == "double" and "single" in case.precisions
        for name in BACKENDS:
            later = (second or case.name not in EVERYWHERE) if name in SLOW else second and case.name not in EVERYWHERE
            yield pytest.param(line, name, marks=[pytest.mark.compilers] * later)


@pytest.mark.parametrize(("line", "backend"), list(everywhere()), indirect=["backend"])
def test_no_bit_has_changed(line, backend, known):
    case, precision = LINES[line]
    reason = case.lacks()
    if reason is not None:
        pytest.skip(reason)
    assert line in known, f"digests.json has no line {line!r}; write it with python -m tests.digests --write"
    assert digest(case, precision, backend) == known[line], (
        f"{line}: a spike, trace, weight or state has changed on {backend.name}; python -m tests.digests lists every "
        "case that differs, and tests.digests.outcomes.outcome gives the arrays"
    )


def test_every_line_of_the_file_is_a_case(known):
    assert list(known) == list(LINES)


# ---- a digest can fail ----
def weighted(factor: float) -> Case:
    """A case whose networks differ in one weight."""

    def network() -> gs.Network:
        net = gs.Network()
        cell = net.population("cell", 3, gs.LIF(), receptors=[gs.AMPA()])
        source = net.population("source", 3, gs.SpikeSource([1.0, 2.0]))
        net.connect(source, cell, gs.OneToOne(), receptor="AMPA", weight=[1.0, 2.0 * factor, 3.0], name="contact")
        net.record(cell, ["V", "g_AMPA"], name="state")
        return net

    return Case("one weight", network, 5.0)


@pytest.mark.parametrize("precision", ["single", "double"])
def test_one_part_in_a_million_of_one_weight_is_seen(precision):
    one, other = weighted(1.0), weighted(1.000001)
    assert digest(one, precision) == digest(one, precision)
    assert digest(one, precision) != digest(other, precision)
    before, after = outcome(one, precision), outcome(other, precision)
    changed = {name for name in before if before[name].tobytes() != after[name].tobytes()}
    assert {"contact AMPA weight", "state V", "state g_AMPA"} <= changed


# ---- the cases hold everything ----
@pytest.fixture(scope="module")
def networks() -> list[gs.Network]:
    return [case.network() for case in CASES.values() if case.lacks() is None]


@pytest.fixture(scope="module")
def populations(networks) -> list[gs.Population]:
    return [population for net in networks for population in net.populations.values()]


def public(base: Any) -> set[str]:
    """Names of the public classes below `base`."""
    found = {name: getattr(gs, name) for name in gs.__all__}
    return {name for name, it in found.items() if isinstance(it, type) and issubclass(it, base) and it is not base}


def names(things: Any) -> set[str]:
    return {type(thing).__name__ for thing in things}


def test_every_neuron_model_occurs(populations):
    assert names(p.model for p in populations) == public(gs.NeuronModel)


def test_neurons_occur_with_and_without_refractoriness_and_with_currents_alone(populations):
    for model in public(gs.NeuronModel) - {
        "PoissonSource",
        "GammaSource",
        "SpikeSource",
        "LIF",
    }:  # Compartments has t_ref of a soma
        pauses = [p.model.t_ref for p in populations if type(p.model).__name__ == model]
        assert any(min(t) == 0 < max(t) for t in pauses if not isinstance(t, float)), model
    alone = [p for p in populations if p.receptors and all(r.is_current for r in p.receptors)]
    assert "LIF" in names(p.model for p in alone)


def test_every_receptor_occurs(populations):
    assert names(r for p in populations for r in p.receptors) == public(gs.Receptor)


def test_every_kinetics_occurs_with_each_owner_of_its_gates(networks):
    driven = {
        (type(receptor.kinetics).__name__, getattr(receptor.kinetics, "jump", False), receptor.gating)
        for net in networks
        for projection in net.projections.values()
        for part in projection.post.parts
        for receptor in part.population.receptors
        if receptor.name in projection.weights
    }
    every = set(gs.kinetics.__all__) - {"Kinetics"}
    assert every > LINEAR
    wanted = {(kind, jump, how) for kind in every for jump in (False, True) for how in ("auto", "per-synapse")}
    wanted = {row for row in wanted if row[0] == "Saturating" or not row[1]}
    assert driven == wanted | {("Instantaneous", False, "auto")}  # jumps of V have no gate


def test_transmitter_occurs_with_and_without_a_dead_time(populations):
    pulsed = [r for p in populations for r in p.receptors if hasattr(r.kinetics, "deadtime")]
    found = {(r.gating, r.kinetics.deadtime is None) for r in pulsed}
    assert found == {(gating, none) for gating in ("auto", "per-synapse") for none in (True, False)}


def test_every_rule_every_mask_and_every_distance_delay_occurs(networks):
    projections = [p for net in networks for p in net.projections.values()]
    every = {name for name in gs.connectivity.__all__ if hasattr(gs, name)}
    every -= {"FromTable", "Rule"}  # which yields its synapses as FromArrays does, and the base class
    found = names(p.rule for p in projections) | names(p.delay for p in projections)
    found |= names(p.rule.mask for p in projections if isinstance(p.rule, gs.DistanceDependent))
    found |= names(getattr(w, "given", w) for p in projections for w in p.weights.values())
    assert found >= every
    assert {"DistanceDelay", "DistanceWeight", "Annulus"} < every


def test_every_form_of_weights_delays_and_inputs_occurs(networks):
    projections = [p for net in networks for p in net.projections.values()]
    drawn = public(gs.Gamma.__base__)
    forms = {"float", "ndarray"}
    assert drawn == {"Uniform", "Normal", "LogNormal", "Exponential", "Gamma"}
    assert names(w for p in projections for w in p.weights.values()) == forms | drawn | {"Ratio", "PlacedWeight"}
    assert names(p.delay for p in projections) == forms | drawn | {"DistanceDelay"}
    assert any(p.w_max for p in projections)
    timed = forms | {"Waveform"}
    assert names(d.rate for net in networks for d in net.drives.values()) == timed
    noise = {"WhiteNoise", "OrnsteinUhlenbeck"}
    assert names(i.current for net in networks for i in net.injections.values()) == timed | noise
    assert names(c.V for net in networks for c in net.clamps.values()) == {"float", "Waveform"}


def test_every_drug_occurs(networks):
    infused = {infusion.drug.name for net in networks for infusion in net.infusions.values()}
    assert infused == {*gs.drugs.LIBRARY, "own"}
    assert set(BLOCKERS) < set(gs.drugs.LIBRARY)


def test_every_form_of_the_magnesium_block_and_glycine_occur(populations):
    nmda = [r for p in populations for r in p.receptors if isinstance(r, gs.NMDA)]
    blocks = {r.block for r in nmda}
    assert {gs.MgBlock(), gs.MgBlock.Mel(), gs.MgBlock.HillTononi()} < blocks
    assert names(r.Mg for r in nmda) == {"float", "Waveform"}
    assert names(r.glycine for r in nmda) == {"float", "Waveform", "NoneType"}


def test_cases_run_in_both_precisions():
    assert {precision for _, precision in LINES.values()} == {"single", "double"}
    both = {case.name for case in CASES.values() if case.precisions == ("single", "double")}
    assert both == set(CASES) - {"allen circuit"}
