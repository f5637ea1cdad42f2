"""LIF neurons whose threshold jumps at each spike, against closed forms."""

import numpy as np
import pytest
from scipy.optimize import brentq

import gpusyn as gs
from gpusyn.errors import ParameterError, UnknownNameError
from tests.helpers.validation.lab import FASTEST, Lab

LAB = Lab(FASTEST, "double")
DT, TAU, JUMP, TAU_THETA = 0.1, 20.0, 3.0, 80.0


def cell(**given):
    return gs.LIF(V_reset=-68.0, theta_jump=JUMP, tau_theta=TAU_THETA, **given)


def run(model, duration, *variables, receptors=(), inputs=lambda net, cells: None):
    net = gs.Network()
    cells = net.population("cells", 1, model, receptors=list(receptors))
    inputs(net, cells)
    net.record(cells, "spikes", name="spikes")
    if variables:
        net.record(cells, list(variables), name="traces")
    with LAB.open(net, DT) as sim:
        sim.run(duration)
        return [sim.data["spikes"].times, *(np.asarray(sim.data["traces"][v])[:, 0] for v in variables)]


def course(current, steps):
    """V above E_L after steps from the reset."""
    end, start = current / 10.0, 2.0
    return end + (start - end) * np.exp(-np.asarray(steps) * DT / TAU)


@pytest.mark.parametrize("current", [200.0, 350.0, 900.0])
@pytest.mark.parametrize("t_ref", [0.0, 2.0])
def test_intervals_follow_from_closed_forms(current, t_ref):
    """V and theta are exponentials of the time since the last spike; each spike is at the first step beyond."""
    found, *_ = run(cell(I_e=current, t_ref=t_ref), 600.0)
    pause, theta, at, wanted = round(t_ref / DT), 0.0, 0, []
    n = np.arange(1, 6001)
    while True:
        first = not wanted
        V = current / 10.0 * (1.0 - np.exp(-n * DT / TAU)) if first else course(current, n)
        since = n if first else n + pause
        beyond = 15.0 + theta * np.exp(-since * DT / TAU_THETA) <= V
        at += int(since[np.argmax(beyond)])
        if at > 6000 or not beyond.any():
            break
        theta = theta * np.exp(-since[np.argmax(beyond)] * DT / TAU_THETA) + JUMP
        wanted.append(at * DT)
    assert len(wanted) > 5
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert np.diff(found)[-1] > np.diff(found)[0]


def test_the_last_interval_solves_its_equation():
    found, *_ = run(cell(I_e=400.0, t_ref=2.0), 2000.0)

    def beyond(T):
        return course(400.0, (T - 2.0) / DT) - 15.0 - JUMP / np.expm1(T / TAU_THETA)

    T = brentq(beyond, 2.5, 400.0, xtol=1e-9)
    last = np.diff(found)[-20:]
    assert T - 1e-6 <= last.mean() <= T + DT


def test_theta_jumps_and_decays_also_while_v_is_held():
    spikes, theta, V = run(cell(I_e=500.0, t_ref=5.0), 60.0, "theta", "V")
    k = round(spikes[0] / DT) - 1
    assert not theta[:k].any()
    np.testing.assert_allclose(theta[k : k + 50], JUMP * np.exp(-np.arange(50) * DT / TAU_THETA), rtol=1e-12)
    assert (V[k : k + 51] == -68.0).all()
    second = round(spikes[1] / DT) - 1
    assert theta[second] - theta[second - 1] * np.exp(-DT / TAU_THETA) == pytest.approx(JUMP)


def test_no_jump_is_the_neuron_with_a_constant_threshold():
    plain, V = run(gs.LIF(I_e=400.0), 300.0, "V")
    adaptive, same = run(gs.LIF(I_e=400.0, theta_jump=0.0, tau_theta=5.0), 300.0, "V")
    assert len(plain) > 10
    assert np.array_equal(plain, adaptive)
    assert np.array_equal(V, same)


def test_exact_and_conductance_equations_have_the_same_threshold():
    """A conductance without events leaves V to its leak, which both solve exactly."""
    exact = run(cell(I_e=400.0), 300.0, "theta", receptors=[gs.CurrentReceptor("I", tau=2.0)])
    other = run(cell(I_e=400.0), 300.0, "theta", receptors=[gs.AMPA()])
    assert np.array_equal(exact[0], other[0])
    np.testing.assert_allclose(exact[1], other[1], rtol=1e-9)


def test_theta_is_read_set_and_comes_back():
    net = gs.Network()
    cells = net.population("cells", 3, cell(I_e=300.0))
    plain = net.population("plain", 3, gs.LIF(I_e=300.0))
    assert dict(cells.variables) == {"V": "mV", "theta": "mV"}
    net.record(cells, "spikes", name="spikes")
    with LAB.open(net, DT) as sim:
        sim.set(cells[1:], "theta", [5.0, 100.0])
        assert sim.get(cells, "theta").tolist() == [0.0, 5.0, 100.0]
        sim.run(60.0)
        assert sim.get(cells, "theta")[2] == pytest.approx(100.0 * np.exp(-60.0 / TAU_THETA))
        first = [sim.data["spikes"].times[sim.data["spikes"].ids == k][:1] for k in range(3)]
        assert first[0] < first[1]
        assert not len(first[2])
        sim.set(cells, "tau_theta", 1.0)
        sim.set(cells, "theta_jump", 0.5)
        assert sim.get(cells, "tau_theta").tolist() == [1.0] * 3
        sim.reset()
        assert not sim.get(cells, "theta").any()
        for name in ("theta", "theta_jump", "tau_theta"):
            with pytest.raises(UnknownNameError, match=name):
                sim.get(plain, name)
    with pytest.raises(UnknownNameError, match="'theta'"):
        net.record(plain, "theta")


def test_both_parameters_or_none():
    with pytest.raises(ParameterError, match=r"^LIF\.tau_theta: missing beside theta_jump; give both, or none"):
        gs.LIF(theta_jump=1.0)
    with pytest.raises(ParameterError, match=r"^LIF\.theta_jump: missing beside tau_theta"):
        gs.LIF(tau_theta=1.0)
    with pytest.raises(ParameterError, match=r"LIF\.theta_jump: .*mV >= 0 \(got -1"):
        gs.LIF(theta_jump=-1.0, tau_theta=1.0)
    with pytest.raises(ParameterError, match=r"LIF\.tau_theta: .*ms > 0"):
        gs.LIF(theta_jump=1.0, tau_theta=0.0)
    assert gs.LIF().theta_jump is None
    assert repr(gs.LIF(theta_jump=1.0, tau_theta=2.0)).endswith("I_e=0, theta_jump=1, tau_theta=2)")


def test_drawn_values_are_checked():
    net = gs.Network()
    net.population("cells", 50, gs.LIF(theta_jump=gs.Normal(1.0, 1.0), tau_theta=50.0))
    with pytest.raises(ParameterError, match=r"'cells'\.theta_jump.*low="):
        LAB.open(net, DT)
