"""Which pairs of neurons gap junctions couple: each once, none with itself, whatever the rule and the selections."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.builder.junctions import draw_junctions
from gpusyn.connectivity import Rule
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from tests.helpers.wrong_input import named, refused

SIZE = 9  # neurons of each of two populations


def world():
    net = gs.Network()
    places = np.stack([np.arange(SIZE), np.zeros(SIZE)], axis=1)
    return net, *(net.population(name, SIZE, gs.LIF(), positions=places) for name in ("E", "I"))


def junctions(coupling, seed=1):
    """Return the keys of both neurons of each junction, and the conductances."""
    found = draw_junctions(coupling, seed)
    return coupling.A.keys()[found.A], coupling.B.keys()[found.B], found.conductance


def possible(coupling):
    """All unordered pairs of different neurons, one of each side."""
    A, B = coupling.A.keys().tolist(), coupling.B.keys().tolist()
    return {frozenset((a, b)) for a in A for b in B if a != b}


def coupled(coupling, seed=1):
    a, b, _ = junctions(coupling, seed)
    pairs = [frozenset(pair) for pair in zip(a.tolist(), b.tolist(), strict=True)]
    assert all(len(pair) == 2 for pair in pairs)  # nobody is coupled to itself
    assert len(set(pairs)) == len(pairs)  # each pair once
    assert set(pairs) <= possible(coupling)
    return set(pairs)


ids = st.lists(st.integers(0, 2 * SIZE - 1), min_size=1, max_size=2 * SIZE, unique=True).map(sorted)


@st.composite
def selections(draw):
    """Two selections of two populations, which may have neurons in common and be joined in any order."""
    net, E, I = world()
    both = [E + I, I + E]
    A, B = (draw(st.sampled_from(both))[draw(ids)] for _ in "AB")
    return net, A, draw(st.sampled_from([A, B]))


@settings(max_examples=60)
@given(selections(), st.integers(0, 99))
def test_every_pair_is_drawn_once(chosen, seed):
    net, A, B = chosen
    every = net.couple(A, B, gs.AllToAll())
    assert coupled(every) == possible(every)
    assert every.size == len(possible(every))
    half = net.couple(A, B, gs.FixedProbability(0.5))
    assert half.size is None
    assert half.pairs.expected == pytest.approx(len(possible(half)) / 2)
    coupled(half, seed)


@settings(max_examples=60)
@given(selections(), st.integers(0, 99), st.data())
def test_a_total_number_of_junctions(chosen, seed, data):
    net, A, B = chosen
    most = len(possible(net.couple(A, B, gs.AllToAll())))
    n = data.draw(st.integers(0, most))
    coupling = net.couple(A, B, gs.FixedTotalNumber(n, multapses=data.draw(st.booleans())))
    assert coupling.size == n == len(coupled(coupling, seed))
    with pytest.raises(ParameterError, match=rf"cannot make n = {most + 1} junctions of {most} pairs"):
        net.couple(A, B, gs.FixedTotalNumber(most + 1))


@settings(max_examples=60)
@given(selections(), st.data())
def test_listed_pairs_have_both_directions_where_both_exist(chosen, data):
    net, A, B = chosen
    every = sorted(map(sorted, possible(net.couple(A, B, gs.AllToAll()))))
    wanted = {tuple(pair) for pair in data.draw(st.lists(st.sampled_from(every)))} if every else set()
    place_A, place_B = ({key: place for place, key in enumerate(side.keys().tolist())} for side in (A, B))
    listed = [(place_A[a], place_B[b]) for one, other in wanted for a, b in ((one, other), (other, one))
              if a in place_A and b in place_B]  # fmt: skip
    listed = data.draw(st.permutations(listed))
    pre, post = [pair[0] for pair in listed], [pair[1] for pair in listed]
    coupling = net.couple(A, B, gs.FromArrays(pre, post))
    assert coupled(coupling) == {frozenset(pair) for pair in wanted}
    assert coupling.size == len(wanted)
    for k, (one, other) in enumerate(listed):
        back = (place_A.get(B.keys()[other]), place_B.get(A.keys()[one]))
        if None not in back:  # one direction alone is refused
            with pytest.raises(ParameterError, match="must be symmetric"):
                net.couple(A, B, gs.FromArrays(pre[:k] + pre[k + 1 :], post[:k] + post[k + 1 :]))


@pytest.mark.parametrize("k", [0, 1, 4, SIZE])
def test_a_fixed_degree_between_two_populations(k):
    net, E, I = world()
    _, b, _ = junctions(net.couple(E, I, gs.FixedInDegree(k)))
    assert (np.unique(b, return_counts=True)[1] == k).all()
    a, _, _ = junctions(net.couple(E, I, gs.FixedOutDegree(k)))
    assert (np.unique(a, return_counts=True)[1] == k).all()
    coupled(net.couple(E, I, gs.FixedInDegree(k)))


def test_one_to_one_couples_columns_and_chains():
    net, E, I = world()
    a, b, _ = junctions(net.couple(E, I, gs.OneToOne()))
    assert (a == E.keys()).all()
    assert (b == I.keys()).all()
    a, b, _ = junctions(net.couple(E[:-1], E[1:], gs.OneToOne()))
    assert (b - a == 1).all()
    assert len(a) == SIZE - 1
    both = net.couple(E[[0]] + I[[0]], I[[0]] + E[[0]], gs.OneToOne())  # the same pair in both directions
    assert len(coupled(both)) == both.size == 1


def test_probability_of_a_pair():
    net = gs.Network()
    cells = net.population("cells", 1000, gs.LIF())
    coupling = net.couple(cells, cells, gs.FixedProbability(0.1))
    mean, std = 0.1 * 499500, (0.09 * 499500) ** 0.5
    counts = np.array([len(junctions(coupling, seed)[0]) for seed in range(8)])
    assert (abs(counts - mean) < 5 * std).all()
    a, b, _ = junctions(coupling)
    partners = np.bincount(np.concatenate([a, b]) & 0xFFFFFFFF, minlength=1000)
    assert abs(partners.mean() - 99.9) < 5 * 9.5 / 1000**0.5
    assert 8.5 < partners.std() < 10.5  # binomial: 9.5


def test_junctions_by_distance_have_no_direction():
    net, E, _ = world()
    near = net.couple(E, E, gs.DistanceDependent(mask=gs.Rectangle((-1.5, -1.0), (1.5, 1.0))))
    a, b, _ = junctions(near)
    assert sorted(zip(a.tolist(), b.tolist(), strict=True)) == [(k, k + 1) for k in range(SIZE - 1)]
    assert near.pairs.expected == pytest.approx(SIZE - 1)
    with pytest.raises(ParameterError, match=r"mask must be symmetric around the neuron.*\n?.*move its middle"):
        net.couple(E, E, gs.DistanceDependent(mask=gs.Rectangle((0.0, -1.0), (1.5, 1.0))))


def test_a_new_coupling_does_not_change_the_others():
    def drawn(*before):
        net, E, I = world()
        for k in before:
            net.couple(E, I, gs.FixedProbability(0.5), name=f"before {k}")
        return junctions(net.couple(E, E, gs.FixedProbability(0.5), gs.Uniform(0.0, 2.0), name="this"))

    for one, other in zip(drawn(), drawn(1, 2), strict=True):
        np.testing.assert_array_equal(one, other)
    net, E, _ = world()
    other = junctions(net.couple(E, E, gs.FixedProbability(0.5), gs.Uniform(0.0, 2.0), name="that"))
    assert len(other[0]) != len(drawn()[0]) or (other[0] != drawn()[0]).any()


# ---- conductances ----


def test_conductances_follow_the_junctions():
    net, E, I = world()
    assert (junctions(net.couple(E, I, gs.AllToAll()))[2] == 1.0).all()
    own = np.arange(1.0, 1.0 + SIZE)
    assert (junctions(net.couple(E, I, gs.OneToOne(), own))[2] == own).all()
    g = junctions(net.couple(E, I, gs.AllToAll(), gs.LogNormal(0.5, 0.2)))[2]
    assert len(np.unique(g)) == SIZE * SIZE
    assert (g > 0).all()
    both = gs.FromArrays([0, 2, 1, 5], [1, 5, 0, 2])
    assert net.couple(E, E, both, [0.5, 0.25, 0.5, 0.25]).conductance.tolist() == [0.5, 0.25]  # one per listed pair
    assert net.couple(E, E, both, [0.5, 0.25]).conductance.tolist() == [0.5, 0.25]  # one per junction


def test_conductances_of_a_table_and_of_a_matrix():
    net, E, _ = world()
    table = gs.FromTable({"pre": [0, 1, 3, 2], "post": [1, 0, 2, 3], "g": [0.5, 0.5, 0.25, 0.25]})
    assert net.couple(E, E, table, "g").conductance.tolist() == [0.5, 0.25]
    matrix = scipy.sparse.coo_array(([0.5, 0.5], ([4, 7], [7, 4])), shape=(SIZE, SIZE))
    assert net.couple(E, E, gs.FromSparse(matrix), conductance="data").conductance.tolist() == [0.5]
    assert net.couple(E, E, gs.FromSparse(matrix)).conductance == 1.0


# ---- wrong couplings ----


class Ring(Rule):
    """A rule of the user's own, in one direction or in both."""

    exact = True

    def __init__(self, both):
        self.both = both

    def expected(self, n_pre, n_post, same=None):
        return float(n_pre * (1 + self.both))

    def max_in_degree(self, n_pre, n_post):
        return 1 + self.both

    def check(self, n_pre, n_post, where, same=None):
        pass

    def blocks(self, n_pre, n_post, stream, same=None):
        ids = np.arange(n_pre)
        yield ids, (ids + 1) % n_post
        if self.both:
            yield (ids + 1) % n_post, ids


def test_a_rule_of_the_users_own_is_a_list():
    net, E, _ = world()
    ring = net.couple(E, E, Ring(both=True))
    assert coupled(ring) == {frozenset((k, (k + 1) % SIZE)) for k in range(SIZE)}
    assert ring.pairs.expected == pytest.approx(SIZE)
    with pytest.raises(ParameterError, match=r"Ring must be symmetric .* pair \(0, 1\) and not \(1, 0\)"):
        draw_junctions(net.couple(E, E, Ring(both=False)), 1)


WRONG = [
    (ArgumentError, ["Network.couple().A", "population", "got 3"], lambda n, E, I: n.couple(3, E, gs.AllToAll())),
    (UnknownNameError, ["Network.couple().B", "'X'", "E"], lambda n, E, I: n.couple(E, "X", gs.AllToAll())),
    (ArgumentError, [".rule", "gs.FixedProbability(0.02)", "got 0.1"], lambda n, E, I: n.couple(E, E, 0.1)),
    (
        ParameterError,
        ["Network.couple().B", "'bg' is a PoissonSource, which has no membrane", "give neurons"],
        lambda n, E, I: n.couple(E, n.population("bg", 3, gs.PoissonSource(1.0)), gs.AllToAll()),
    ),
    (
        ParameterError,
        ["another network"],
        lambda n, E, I: n.couple(E, gs.Network().population("F", 3, gs.LIF()), gs.AllToAll()),
    ),
    (
        ParameterError,
        ["'E<->E'.rule", "FixedInDegree counts the partners of one side", "FixedTotalNumber(n)"],
        lambda n, E, I: n.couple(E, E[:3], gs.FixedInDegree(2), name="E<->E"),
    ),
    (
        ParameterError,
        ["OneToOne would couple a neuron to itself", "(0, 0)", "leave such pairs out"],
        lambda n, E, I: n.couple(E, E, gs.OneToOne()),
    ),
    (
        ParameterError,
        ["FromArrays would couple a neuron to itself", "(3, 3)"],
        lambda n, E, I: n.couple(E, E, gs.FromArrays([0, 1, 3], [1, 0, 3])),
    ),
    (
        ParameterError,
        ["FromArrays must be symmetric", "pair (2, 5) and not (5, 2)", "list both"],
        lambda n, E, I: n.couple(E, E, gs.FromArrays([0, 1, 2], [1, 0, 5])),
    ),
    (
        ParameterError,
        ["FromArrays has the pair (0, 1) twice", "add up the conductances"],
        lambda n, E, I: n.couple(E, I, gs.FromArrays([0, 2, 0], [1, 2, 1])),
    ),
    (
        ParameterError,
        ["FromArrays.post must be positions below 9"],
        lambda n, E, I: n.couple(E, I, gs.FromArrays([0], [9])),
    ),
    (
        ParameterError,
        ["conductance: must be the same in both directions", "(0, 1) has 1 nS, and (1, 0) has 2 nS"],
        lambda n, E, I: n.couple(E, E, gs.FromArrays([0, 1], [1, 0]), [1.0, 2.0]),
    ),
    (ParameterError, ["conductance: must be", ">= 0 (got -1)"], lambda n, E, I: n.couple(E, I, gs.AllToAll(), -1.0)),
    (
        ParameterError,
        ["conductance: must be", "81 values, one per junction", "got 2"],
        lambda n, E, I: n.couple(E, I, gs.AllToAll(), [1.0, 2.0]),
    ),
    (
        ParameterError,
        ["conductance: must be", "got -1"],
        lambda n, E, I: n.couple(E, I, gs.AllToAll(), gs.Uniform(-1.0, 1.0)),
    ),
    (ArgumentError, ["conductance", "FromTable"], lambda n, E, I: n.couple(E, I, gs.AllToAll(), "g")),
    (ParameterError, ["couple().name", "'E' is already"], lambda n, E, I: n.couple(E, I, gs.AllToAll(), name="E")),
]


@pytest.mark.parametrize(("error", "parts", "call"), named(WRONG))
def test_wrong_couplings(error, parts, call):
    net, E, I = world()
    refused(error, parts, call, net, E, I)
    assert not net.couplings


def test_couplings_belong_to_the_network():
    net, E, I = world()
    coupling = net.couple("E", "I", gs.OneToOne(), 0.5)
    assert coupling.name == "E<->I"
    assert net.couplings["E<->I"] is coupling
    assert net.couple(E, I, gs.OneToOne()).name == "E<->I #2"
    assert "2 couplings" in repr(net)
    table = net.describe()
    assert "Gap junctions" in table
    assert "0.5 nS" in table
    assert repr(coupling) == "Coupling('E<->I', 9 <-> 9 neurons, OneToOne())"
