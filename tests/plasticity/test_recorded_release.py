"""u, x and y of short-term plasticity are recorded: the values of a formula at each sample, on every backend."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.long_checks import every
from tests.helpers.runs import same_bits

DT = 0.1
TIMES = [2.0, 5.0, 5.7, 9.0, 30.0]
U, TAU_REC, TAU_FACIL = 0.4, 20.0, 10.0


def drawn() -> gs.TsodyksMarkram:
    return gs.TsodyksMarkram(U=gs.Uniform(0.2, 0.6), tau_rec=gs.Uniform(10.0, 40.0), tau_facil=TAU_FACIL)


KINDS = {
    "shared": lambda: gs.TsodyksMarkram(U, TAU_REC, TAU_FACIL),
    "drawn": drawn,
    "active": lambda: gs.TsodyksMarkram(U, TAU_REC, TAU_FACIL, tau_psc=4.0),
    "drawn active": lambda: gs.TsodyksMarkram(U, gs.Uniform(10.0, 40.0), TAU_FACIL, tau_psc=gs.Uniform(1.0, 9.0)),
    "quantal": lambda: [gs.TsodyksMarkram(U, TAU_REC, TAU_FACIL), gs.QuantalRelease(n=6, cv=0.2)],
}


def recorded(kind: str, every: float = 0.5) -> gs.Network:
    """Listed spikes and neurons that fire, on two populations; all synapses and some of them are recorded."""
    net = gs.Network()
    cell = gs.LIF(E_L=-60.0, V_th=-50.0, V_reset=-60.0, I_e=gs.Uniform(200.0, 500.0))
    given = net.population("given", 2, gs.SpikeSource([TIMES, TIMES[1:]]))
    A, B = (net.population(name, 6, cell, receptors=[gs.AMPA(), gs.NMDA()]) for name in "AB")
    net.connect(
        given + A, B + A, gs.FixedInDegree(5), weight={"AMPA": 1.0, "NMDA": gs.Uniform(0.1, 0.3)},
        delay=gs.Uniform(0.1, 2.0), plasticity=KINDS[kind](), name="p",
    )  # fmt: skip
    net.record("p", [*("uxy" if "active" in kind else "ux")], every=every, name="all")
    net.record("p", ["x", "weight_NMDA"], every=every, synapses=[1, 4, 5, 30], start=1.0, stop=20.0, name="some")
    net.record(A + B, "spikes", name="spikes")
    return net


def run(
    backend, net: gs.Network, cuts=(), at_end=lambda sim: None, **options
) -> dict[str, gs.SpikeData | gs.TraceData]:
    with gs.Simulator(net, dt=DT, seed=2, backend=backend, **options) as sim:
        for stop in (*cuts, 350):
            sim.step(stop - round(sim.time / DT))
        at_end(sim)
        return dict(sim.data)


def formula(times: list[float], t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return u and x at times t, of spikes at `times`."""
    u, x, last, found = 0.0, 1.0, 0.0, []
    spikes = [*times]
    for now in t:
        while spikes and spikes[0] <= now + 1e-9:
            h = spikes.pop(0) - last
            last += h
            u, x = u * np.exp(-h / TAU_FACIL), 1 - (1 - x) * np.exp(-h / TAU_REC)
            u += U * (1 - u)
            x -= u * x
        h = now - last
        found.append((u * np.exp(-h / TAU_FACIL), 1 - (1 - x) * np.exp(-h / TAU_REC)))
    return tuple(np.array(found).T)


@pytest.mark.parametrize(
    "precision, tolerance", [pytest.param("single", 2e-6, marks=pytest.mark.fuzz), ("double", 1e-12)]
)
def test_samples_are_those_of_the_formula(backend, precision, tolerance):
    data = run(backend, recorded("shared"), precision=precision)["all"]
    assert data.units == {"u": "1", "x": "1"}
    assert data["u"].dtype == (np.float32 if precision == "single" else np.float64)
    for source, times in ((0, TIMES), (1, TIMES[1:])):
        mine = data.select(data.pre == source)
        assert mine.size > 0
        for variable, expected in zip("ux", formula(times, data.t), strict=True):
            assert mine[variable] == pytest.approx(np.repeat(expected[:, None], mine.size, axis=1), abs=tolerance)


@functools.cache
def by_numpy(kind):
    return run("numpy", recorded(kind))


@pytest.mark.parametrize("kind", every(2, KINDS))
def test_samples_have_the_same_bits_on_every_backend_and_in_every_chunk(backend, kind):
    expected = by_numpy(kind)
    assert len(expected["spikes"]) > 5

    def look(sim):
        for variable in expected["all"].units:
            assert same_bits(sim.get("p", variable), expected["all"][variable][-1])

    for chunk_steps, cuts in ((7, (3, 59, 300)), (None, ())):
        assert run(backend, recorded(kind), cuts, look, chunk_steps=chunk_steps) == expected
    some, whole = expected["some"], expected["all"]
    chosen = whole.between(1.0, 20.0).select([1, 4, 5, 30])
    assert same_bits(some["x"], chosen["x"])
    assert (some.pre.tolist(), some.post.tolist()) == (chosen.pre.tolist(), chosen.post.tolist())
    assert some["x"].min() < 0.9
    assert 0.0 <= whole["x"].min() < whole["x"].max() == 1.0
    assert (some["weight_NMDA"] == some["weight_NMDA"][0]).all()


def test_each_synapse_of_drawn_parameters_has_a_state_of_its_own():
    data = run("numpy", recorded("drawn"))["all"]
    (own,) = {data.select(data.pre == 0)["x"].shape[1]}
    assert len(set(data.select(data.pre == 0)["x"][6].tolist())) == own > 1


def test_random_release_alone_has_no_state():
    net = gs.Network()
    cells = net.population("E", 3, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(
        cells, cells, gs.AllToAll(), receptor="AMPA", weight=1.0, plasticity=gs.QuantalRelease(n=5, p=0.5), name="p"
    )
    assert list(net.projections["p"].variables) == ["weight"]
    with pytest.raises(gs.UnknownNameError, match="projection 'p' has no variable 'x'; known here: weight"):
        net.record("p", "x", every=1.0)


@pytest.mark.filterwarnings("error")
def test_what_decays_at_once_can_be_recorded():
    """Without facilitation, u of each synapse is 0 one step after a spike."""
    net = gs.Network()
    pre = net.population("pre", 2, gs.SpikeSource([[1.0], [2.0]]))
    cells = net.population("E", 3, gs.LIF(), receptors=[gs.AMPA()])
    short_term = gs.TsodyksMarkram(U=gs.Uniform(0.1, 0.9), tau_rec=50.0)
    projection = net.connect(pre, cells, gs.AllToAll(), receptor="AMPA", weight=1.0, plasticity=short_term)
    net.record(projection, "u", every=0.1, name="u")
    with gs.Simulator(net, dt=0.1, backend="numpy") as sim:
        sim.run(40.0)
        assert np.count_nonzero(sim.data["u"]["u"], axis=0).tolist() == [1] * 6
