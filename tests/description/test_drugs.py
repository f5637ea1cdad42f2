"""Drugs as described: equations against science.md, time courses, what several drugs make together."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn import drugs
from gpusyn.builder.inputs.courses import concentration, receptor_bath
from gpusyn.drugs import combined
from gpusyn.drugs.infusion import concentrations
from tests.helpers.tolerances import TABLE
from tests.helpers.validation.lab import ROWS

CLOSE = TABLE["formula"].double
DOSES = st.floats(1e-6, 1e4)


def wanted(name):
    return pytest.approx(ROWS[name]["value"], rel=1e-9)


def dose_of(name):
    return drugs.LIBRARY[name]


# ---- what drugs leave of a receptor ----
def test_rows_of_free_receptors():
    assert combined.free_fraction("AMPA", {dose_of("NBQX"): 10.0}) == wanted("J1")
    assert combined.free_fraction("NMDA", {dose_of("D-AP5"): 50.0}) == wanted("J5")
    assert drugs.remaining(50.0, K=1.4) == wanted("J5")


@pytest.mark.parametrize(("glycine", "name"), [(0.1, "C22"), (1.0, "C23"), (10.0, "C24")])
def test_rows_of_the_glycine_gate(glycine, name):
    assert combined.glycine_gate(gs.GlycineSite(), glycine, {}) == wanted(name)
    assert drugs.hill(glycine, EC50=1.0, n=1.4) == wanted(name)


def test_without_drugs_everything_is_as_it_was():
    assert combined.free_fraction("AMPA", {}) == 1.0
    assert combined.decay_factor("GABA_A", {}) == 1.0
    assert combined.gate_scale(gs.AMPA(), {}, None) == 1.0
    assert combined.blocker_of(gs.NMDA(), {}) is None


@given(c=DOSES, d=DOSES)
def test_rivals_share_a_site_and_others_multiply(c, d):
    nbqx, cnqx = dose_of("NBQX"), dose_of("CNQX")
    assert combined.free_fraction("AMPA", {nbqx: c, cnqx: d}) == pytest.approx(1 / (1 + c / 0.15 + d / 0.3), rel=CLOSE)
    gabazine, picrotoxin = dose_of("gabazine"), dose_of("picrotoxin")
    both = combined.free_fraction("GABA_A", {gabazine: c, picrotoxin: d})
    alone = [combined.free_fraction("GABA_A", {drug: dose}) for drug, dose in ((gabazine, c), (picrotoxin, d))]
    assert both == pytest.approx(alone[0] * alone[1], rel=CLOSE)


@given(c=DOSES)
def test_drugs_touch_their_receptors_only(c):
    reach = {
        "NBQX": {"AMPA"}, "CNQX": {"AMPA"}, "D-AP5": {"NMDA"}, "bicuculline": {"GABA_A"}, "gabazine": {"GABA_A"},
        "picrotoxin": {"GABA_A"}, "MK-801": set(), "ketamine": set(), "memantine": set(), "benzodiazepine": set(),
        "barbiturate": set(),
    }  # fmt: skip
    assert set(reach) == set(drugs.LIBRARY)
    for name, receptors in reach.items():
        for receptor in ("AMPA", "NMDA", "GABA_A", "GABA_B"):
            assert (combined.free_fraction(receptor, {dose_of(name): c}) < 1.0) == (receptor in receptors), name


@given(c=DOSES, more=st.floats(1.01, 100.0), n=st.floats(0.5, 4.0))
def test_more_antagonist_leaves_less_and_half_at_its_constant(c, more, n):
    drug = gs.Drug("x", drugs.NonCompetitiveAntagonist("GABA_B", IC50=c, n=n))
    assert combined.free_fraction("GABA_B", {drug: c}) == pytest.approx(0.5, rel=1e-12)
    assert combined.free_fraction("GABA_B", {drug: 0.0}) == 1.0
    assert 0.0 <= combined.free_fraction("GABA_B", {drug: c * more}) < combined.free_fraction("GABA_B", {drug: c})


def test_glycine_is_needed_and_its_antagonist_works_only_against_a_finite_concentration():
    site, cnqx = gs.GlycineSite(), {dose_of("CNQX"): 6.3}
    assert combined.glycine_gate(site, 0.0, {}) == 0.0
    assert combined.glycine_gate(site, None, cnqx) == 1.0
    assert combined.glycine_gate(site, 1.0, cnqx) == pytest.approx(1 / (1 + 2**1.4), rel=CLOSE)
    assert combined.gate_scale(gs.NMDA(), {}, 1.0) == pytest.approx(0.5)
    assert combined.gate_scale(gs.AMPA(), {dose_of("CNQX"): 0.3}, None) == 0.5


def test_glycine_and_magnesium_that_change():
    steps = gs.Waveform([0.0, 10.0], [1.0, 0.0])
    receptor = gs.NMDA(Mg=steps, glycine=steps)
    bath = receptor_bath(receptor, [], 0.1)
    assert bath.scale(np.array([5.0, 15.0])).tolist() == [0.5, 0.0]
    assert bath.magnesium(np.array([5.0, 15.0])).tolist() == [1.0, 0.0]
    late = gs.Waveform([10.0], [2.0])
    assert concentration(late, 0.1)(np.array([0.0])).tolist() == [2.0]
    assert "Mg=Waveform(2 values" in repr(receptor)
    inside = receptor_bath(gs.NMDA(Mg=gs.Waveform([0.0, 5.04], [1.0, 0.0])), [], 0.1)
    np.testing.assert_allclose(inside.magnesium(np.array([4.95, 5.05, 5.15])), [1.0, 0.4, 0.0])


def test_decay_grows_up_to_its_limit():
    barbiturate = dose_of("barbiturate")
    assert combined.decay_factor("GABA_A", {barbiturate: 50.0}) == 1.75
    assert combined.decay_factor("GABA_A", {barbiturate: 1e9}) == pytest.approx(2.5)
    assert combined.decay_factor("AMPA", {barbiturate: 50.0}) == 1.0
    both = combined.decay_factor("GABA_A", {barbiturate: 50.0, dose_of("benzodiazepine"): 0.01})
    assert both == pytest.approx(1.75 * 1.2, rel=CLOSE)


def test_a_benzodiazepine_adds_what_was_measured():
    assert combined.decay_factor("GABA_A", {dose_of("benzodiazepine"): 0.1}) == pytest.approx(1.4, abs=0.05)


def test_the_blocker_of_a_receptor_is_found():
    net = gs.Network()
    net.infuse("NBQX", 1.0)
    net.infuse("memantine", 2.0)
    found = combined.blocker_of(gs.NMDA(), net.infusions)
    assert found is drugs.LIBRARY["memantine"].actions[0]
    assert combined.blocker_of(gs.AMPA(), net.infusions) is None
    net.infuse("memantine", 3.0, name="more of it")
    assert combined.blocker_of(gs.NMDA(), net.infusions) is found


def test_mk801_leaves_in_the_times_that_were_measured():
    (blocker,) = dose_of("MK-801").actions
    minutes = [
        1 / drugs.woodhull(blocker.k_off, V, V0=blocker.V0, z_delta=blocker.z_delta) / 6e4 for V in (-70.0, 30.0)
    ]
    assert minutes == pytest.approx([90.0, 2.0], rel=0.01)


# ---- equations ----
@given(K=DOSES, A=DOSES, EC50=DOSES, n=st.floats(0.5, 4.0))
def test_cheng_prusoff_halves_gaddum(K, A, EC50, n):
    IC50 = drugs.cheng_prusoff(K, agonist=A, EC50=EC50, n=n)
    if 1e-9 < IC50 < 1e9:
        before, after = (drugs.gaddum(A, dose, EC50=EC50, K_b=K, n=n) for dose in (0.0, IC50))
        assert after == pytest.approx(before / 2, rel=1e-9)


@given(A=st.floats(0.01, 100.0), B=st.floats(0.01, 100.0), n=st.floats(0.5, 4.0))
def test_the_dose_ratio_restores_the_response(A, B, n):
    restored = drugs.gaddum(A * drugs.dose_ratio(B, K_b=1.4), B, EC50=2.3, K_b=1.4, n=n)
    assert restored == pytest.approx(drugs.hill(A, EC50=2.3, n=n), rel=1e-9)


def test_equations_take_arrays_and_return_what_they_got():
    assert drugs.remaining([0.0, 1.0, 3.0], K=1.0).tolist() == [1.0, 0.5, 0.25]
    assert drugs.gaddum([0.0, 1.0], 0.0, EC50=1.0, K_b=1.0, n=2.0).tolist() == [0.0, 0.5]
    assert drugs.woodhull(1.0, [-70.0, -70.0], z_delta=1.0).tolist() == [1.0, 1.0]
    for value in (
        drugs.hill(2.0, 1.0, 1.4),
        drugs.cheng_prusoff(1.0, 1.0, 1.0, 2.0),
        drugs.woodhull(1.0, 0.0, z_delta=1.0),
    ):
        assert type(value) is float


@given(V=st.floats(-150.0, -1.0), z_delta=st.floats(-2.0, 2.0))
def test_woodhull_in_two_steps_is_one(V, z_delta):
    there = drugs.woodhull(0.8, V, V0=-70.0, z_delta=z_delta)
    assert drugs.woodhull(there, -70.0, V0=V, z_delta=z_delta) == pytest.approx(0.8, rel=1e-12)


def test_nernst_signs():
    assert gs.measure.nernst(145.0, 5.0, valence=1) == pytest.approx(-gs.measure.nernst(145.0, 5.0, valence=-1))
    assert gs.measure.nernst(2.0, 2.0) == 0.0
    assert gs.measure.nernst(2.0, 1e-4, valence=2) == pytest.approx(26.7268 / 2 * math.log(2e4), rel=1e-4)


# ---- time courses ----
TIMES = np.arange(0.0, 500.0, 0.5)


def test_at_once_the_drug_is_there_from_start_to_stop():
    infusion = gs.Network().infuse("NBQX", 10.0, start=100.0, stop=200.0)
    assert infusion.sample([0.0, 99.9, 100.0, 199.9, 200.0, 400.0]).tolist() == [0.0, 0.0, 10.0, 10.0, 0.0, 0.0]
    k = np.arange(3000)
    assert infusion.sample(k * 0.1).tolist() == np.where((k >= 1000) & (k < 2000), 10.0, 0.0).tolist()


def test_wash_in_and_wash_out_are_exponential():
    infusion = gs.Network().infuse("NBQX", 10.0, start=100.0, stop=200.0, wash_in=50.0, wash_out=80.0)
    rising = 10.0 * (1 - np.exp(-(TIMES - 100.0) / 50.0))
    falling = 10.0 * (1 - math.exp(-2.0)) * np.exp(-(TIMES - 200.0) / 80.0)
    want = np.where(TIMES < 100.0, 0.0, np.where(TIMES < 200.0, rising, falling))
    np.testing.assert_allclose(infusion.sample(TIMES), want, rtol=CLOSE, atol=1e-300)


@settings(max_examples=30)
@given(
    start=st.floats(0.0, 200.0), length=st.floats(0.1, 200.0), tau_in=st.floats(0.0, 100.0), tau_out=st.floats(0.0, 1e3)
)
def test_a_time_course_stays_between_nothing_and_all_and_does_not_depend_on_the_grid(start, length, tau_in, tau_out):
    net = gs.Network()
    infusion = net.infuse("NBQX", 3.0, start, start + length, wash_in=tau_in, wash_out=tau_out)
    course = infusion.sample(TIMES)
    assert course.min() >= 0.0
    assert course.max() <= 3.0
    flowing = course[(start <= TIMES) & (start + length > TIMES)]
    assert (np.diff(flowing) >= 0).all()
    assert (np.diff(course[start + length < TIMES]) <= 0).all()
    assert infusion.sample(TIMES[::7]).tolist() == course[::7].tolist()
    assert [infusion.sample(t) for t in TIMES[::97]] == course[::97].tolist()


def test_infusions_of_one_drug_add():
    net = gs.Network()
    net.infuse("NBQX", 10.0, stop=300.0)
    net.infuse("CNQX", 1.0)
    net.infuse("NBQX", 5.0, start=100.0, name="more")
    found = concentrations(net.infusions.values(), [0.0, 150.0, 400.0])
    assert [drug.name for drug in found] == ["NBQX", "CNQX"]
    assert [dose.tolist() for dose in found.values()] == [[10.0, 15.0, 5.0], [1.0, 1.0, 1.0]]


def test_infusions_belong_to_the_network():
    net = gs.Network()
    infusion = net.infuse("MK-801", 5.0)
    assert net.infusions["infuse->MK-801"] is infusion
    assert infusion.drug is drugs.LIBRARY["MK-801"]
    assert "1 infusion" in repr(net)
    mine = gs.Drug("mine", drugs.DecayModulator("GABA_B", extra=1.0, EC50=1.0))
    assert net.infuse(mine, 1.0).drug is mine


# ---- drugs ----
def test_equal_drugs_are_one_drug():
    one, other = (gs.Drug("x", drugs.CompetitiveAntagonist("AMPA", K=K)) for K in (1.0, 2.0))
    assert one == gs.Drug("x", drugs.CompetitiveAntagonist("AMPA", K=1.0), source="elsewhere")
    assert one != other
    assert len({one, other}) == 2
    with pytest.raises(gs.ImmutableError):
        one.name = "y"


def test_every_drug_of_the_library_says_where_it_is_from_and_can_be_made_again():
    for name, drug in drugs.LIBRARY.items():
        assert drug.name == name
        assert len(drug.source) > 20
        assert eval(repr(drug), {"Drug": gs.Drug, **vars(drugs)}) == drug
