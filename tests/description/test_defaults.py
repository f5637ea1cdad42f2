"""What kinetics, receptors and neurons keep: values, names, defaults."""

import pickle

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ImmutableError
from gpusyn.receptors import RECEPTORS


class TestKinetics:
    def test_published_rates(self):
        first_order = gs.kinetics.FirstOrder
        assert first_order.AMPA() == first_order(alpha=1.1, beta=0.19, T_max=1.0, T_dur=1.0)
        assert first_order.NMDA() == first_order(0.072, 0.0066)
        assert first_order.GABA_A() == first_order(5.0, 0.18)

    def test_kinds_and_linearity(self):
        kinetics = gs.kinetics
        made = [
            kinetics.Exponential(1),
            kinetics.Alpha(1),
            kinetics.DualExponential(1, 2),
            kinetics.FirstOrder(1, 1),
            kinetics.Saturating(),
            kinetics.Saturating(jump=True),
            kinetics.Markov.AMPA(),
            kinetics.GProtein(),
        ]
        assert [k.kind for k in made] == [
            "exponential", "alpha", "dual", "first_order", "saturating", "jump", "markov", "g_protein"
        ]  # fmt: skip
        assert [k.linear for k in made] == [True] * 3 + [False] * 5
        assert len(set(made)) == len(made)

    def test_published_schemes(self):
        made = gs.kinetics.Markov.GABA_A()
        assert [made.rates[i][j] for j, i in ((1, 0), (2, 1), (1, 3), (3, 1), (2, 4), (4, 2))] == [
            4.6, 9.2, 3.3, 9.8, 10.6, 0.41
        ]  # fmt: skip
        assert (made.binding[1][0], made.binding[2][1], made.open, made.rest) == (20.0, 10.0, (3, 4), (1, 0, 0, 0, 0))
        assert [len(m.rates) for m in (gs.kinetics.Markov.NMDA(), gs.kinetics.Markov.AMPA())] == [5, 6]
        assert gs.GABA_B().kinetics == gs.kinetics.GProtein()
        assert gs.kinetics.Saturating.NMDA() == gs.kinetics.Saturating(0.5, 2.0, 100.0)

    def test_rest_among_several_closed_states(self):
        drain = gs.kinetics.Markov([[9, 0.2, 0.1], [0.1, 9, 0], [0, 0, 9]], [[0, 0, 0], [0, 0, 0], [1, 0, 0]], 2)
        np.testing.assert_allclose(drain.rest, [2 / 3, 1 / 3, 0.0], rtol=1e-15)
        np.testing.assert_allclose(np.sum(drain.rates, axis=0), 0.0, atol=1e-15)
        assert drain == gs.kinetics.Markov(np.array(drain.rates), np.array(drain.binding), np.array([2]))

    def test_temperature(self):
        kinetics = gs.kinetics
        warm = kinetics.FirstOrder.AMPA().at(35, reference=25, Q10=2.0)
        assert (warm.alpha, warm.beta, warm.T_dur) == (pytest.approx(2.2), pytest.approx(0.38), 1.0)
        one = kinetics.GProtein().at(20, reference=30, Q10={"K1": 2.5})
        assert one == kinetics.GProtein(K1=one.K1)
        np.testing.assert_allclose(one.K1, 0.09 / 2.5)
        scheme = kinetics.Markov.NMDA()
        np.testing.assert_allclose(scheme.at(32, reference=22).rates, 3 * np.array(scheme.rates), rtol=1e-14)
        assert kinetics.DualExponential(2.0, 100.0).at(32, reference=22).tau_rise == pytest.approx(2 / 3)

    def test_values_become_floats(self):
        assert type(gs.kinetics.Alpha(np.int32(3)).tau) is float

    def test_equal_time_constants_are_allowed(self):
        assert gs.kinetics.DualExponential(5.0, 5.0).tau_rise == 5.0


class TestReceptors:
    def test_defaults(self):
        ampa, nmda, gaba = gs.AMPA(), gs.NMDA(), gs.GABA_A()
        assert (ampa.kinetics, ampa.E_rev, ampa.Mg) == (gs.kinetics.Exponential(2.0), 0.0, None)
        assert (nmda.kinetics, nmda.E_rev, nmda.Mg) == (gs.kinetics.DualExponential(2.0, 100.0), 0.0, 1.0)
        assert (gaba.kinetics, gaba.E_rev, gaba.Mg) == (gs.kinetics.Exponential(10.0), -75.0, None)
        assert {(r.gating, r.is_current) for r in (ampa, nmda, gaba)} == {("auto", False)}

    def test_shorthand_chooses_the_kinetics(self):
        assert gs.AMPA(tau_decay=5).kinetics == gs.kinetics.Exponential(5.0)
        assert gs.GABA_A(tau_rise=0.5).kinetics == gs.kinetics.DualExponential(0.5, 10.0)
        assert gs.NMDA(tau_decay=60).kinetics == gs.kinetics.DualExponential(2.0, 60.0)

    def test_current_receptor(self):
        made = gs.CurrentReceptor("exc", tau=5.0)
        assert (made.name, made.kind, made.is_current, made.E_rev) == ("exc", "CurrentReceptor", True, None)
        assert made.weight_unit == "pA"
        assert gs.CurrentReceptor("exc", tau_decay=5.0).kinetics == made.kinetics
        assert gs.CurrentReceptor("exc", tau=5.0, tau_rise=1.0).kinetics == gs.kinetics.DualExponential(1.0, 5.0)
        assert gs.CurrentReceptor("a", kinetics=gs.kinetics.Alpha(2.0)).kinetics.kind == "alpha"

    def test_delta_receptor(self):
        made = gs.DeltaReceptor("delta")
        assert (made.name, made.kind, made.refractory, made.gating) == ("delta", "DeltaReceptor", "ignore", "auto")
        assert (made.weight_unit, made.signed, made.is_current, made.E_rev) == ("mV", True, False, None)

    def test_registry_holds_each_kind_under_its_name(self):
        assert set(RECEPTORS) == {"AMPA", "NMDA", "GABA_A", "GABA_B", "CurrentReceptor", "DeltaReceptor"}
        assert all(kind.__name__ == name for name, kind in RECEPTORS.items())

    def test_immutable(self):
        with pytest.raises(ImmutableError, match=r"E_rev cannot be set.*make a new one.*sim\.set"):
            gs.AMPA().E_rev = -10.0


class TestNeurons:
    def test_values_are_kept_by_name_in_order(self):
        cell = gs.LIF(C_m=250, V_th=-50.0)
        assert list(cell.values) == ["C_m", "g_L", "E_L", "V_th", "V_reset", "t_ref", "I_e"]
        assert cell.values["C_m"] == 250.0
        assert cell.V_th == -50.0
        assert (cell.kind, cell.is_source) == ("LIF", False)

    def test_arrays_are_copied_and_read_only(self):
        mine = np.full(3, -50.0)
        cell = gs.LIF(V_th=mine)
        mine[:] = 0.0
        assert cell.values["V_th"].tolist() == [-50.0] * 3
        with pytest.raises(ValueError, match="read-only"):
            cell.values["V_th"][0] = 1.0
        with pytest.raises(TypeError):
            cell.values["V_th"] = mine

    def test_distributions_are_kept(self):
        assert gs.LIF(V_th=gs.Uniform(-55.0, -50.0)).values["V_th"] == gs.Uniform(-55.0, -50.0)

    def test_spike_source_shares_a_flat_list(self):
        assert gs.SpikeSource([3, 1.0]).times.tolist() == [1.0, 3.0]
        assert gs.SpikeSource([]).times.tolist() == []
        assert gs.SpikeSource(np.array([2.0, 1.0])).times.tolist() == [1.0, 2.0]

    def test_spike_source_keeps_a_list_a_neuron(self):
        for times in ([[5, 1], []], [np.array([1, 5]), np.array([])], ([1, 5], ())):
            assert [t.tolist() for t in gs.SpikeSource(times).times] == [[1.0, 5.0], []]
        assert [t.tolist() for t in gs.SpikeSource(np.array([[1.0], [2.0]])).times] == [[1.0], [2.0]]

    def test_declared_maximum_of_events(self):
        assert gs.PoissonSource(5.0).max_events is None
        assert gs.PoissonSource(5.0, max_events=3).max_events == 3
        assert gs.SpikeSource([1.0], max_events=np.int64(2)).max_events == 2

    def test_models_survive_pickling(self):
        cell = pickle.loads(pickle.dumps(gs.LIF(V_th=[-50.0, -51.0])))
        assert cell.V_th.tolist() == [-50.0, -51.0]
        assert repr(cell) == repr(gs.LIF(V_th=[-50.0, -51.0]))
        assert pickle.loads(pickle.dumps(gs.LIF.parameters())) == gs.LIF.parameters()
