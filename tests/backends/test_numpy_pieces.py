"""Twins of kernels work in pieces: no result depends on their sizes, and a step of any network takes little memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.backends.numpy import pieces
from gpusyn.kernels.synapse_words import UNARY_STEP, bounds_from_unary, segments_in_unary, unary_sizes
from tests.digests.outcomes import LINES, digest, stored

CASES = [
    pytest.param("gates on sources, single", marks=pytest.mark.fuzz),
    "gates on synapses, double",
    pytest.param("drugs with MK-801, single", marks=pytest.mark.fuzz),
    pytest.param("inputs, single", marks=pytest.mark.fuzz),
    "weights, single",
]
SIZE = 60_000  # neurons; one number of each takes half a megabyte


@pytest.mark.parametrize("line", CASES)
def test_no_bit_depends_on_the_sizes_of_pieces(line, monkeypatch):
    for name, size in (("NEURONS", 50), ("SEGMENTS", 20), ("SYNAPSES", 300)):
        monkeypatch.setattr(pieces, name, size)
    case, precision = LINES[line]
    assert digest(case, precision, "numpy") == stored()[line]


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 12))
def test_every_item_of_a_list_is_in_one_piece(lengths, most):
    found = list(pieces.listed(np.array(lengths, np.int64), most))
    assert all(0 < len(which) <= most for which, _ in found)
    pairs = [(int(i), int(j)) for piece in found for i, j in zip(*piece, strict=True)]
    assert pairs == [(i, j) for i, length in enumerate(lengths) for j in range(length)]


@given(st.lists(st.sampled_from([0, 0, 0, 1, 2, 70]), min_size=1, max_size=200), st.data())
def test_some_segments_are_found_in_unary_as_all_are(sizes, data):
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    words = unary_sizes(bounds)
    wanted = np.array(data.draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=30)))
    index = np.append(bounds[:-1:UNARY_STEP], bounds[-1])
    begin, length = segments_in_unary(words, index, wanted, len(sizes))
    every = bounds_from_unary(words, len(sizes))
    np.testing.assert_array_equal(begin, every[wanted])
    np.testing.assert_array_equal(begin + length, every[wanted + 1])


def _active(kinetics: str) -> gs.Network:
    """A network in which every neuron fires in every step, with gates on targets, on sources or on synapses."""
    receptor, options = {
        "targets": (gs.AMPA(), {"delay": gs.Uniform(0.1, 3.0), "weight": gs.LogNormal(1.0, 0.5)}),
        "sources": (gs.NMDA(), {}),
        "synapses": (gs.NMDA(gating="per-synapse"), {}),
    }[kinetics]
    net = gs.Network()
    cells = net.population("cells", SIZE, gs.LIF(t_ref=0.0, I_e=1e6), receptors=receptor)
    others = net.population("others", SIZE, gs.PoissonSource(1e4))
    net.connect(cells, cells, gs.FixedOutDegree(2), receptor=receptor.name, **{"weight": 1.0, "delay": 0.1, **options})
    net.connect(others, cells, gs.OneToOne(), receptor=receptor.name, weight=1.0)
    net.drive(cells, receptor.name, rate=1e4, weight=1.0)
    return net


@pytest.mark.parametrize("where", ["targets", "sources", "synapses"])
def test_a_step_takes_memory_for_a_few_neurons_at_a_time(where):
    with gs.Simulator(_active(where), backend="numpy") as sim:
        sim.step(3)
        tracemalloc.start()
        try:
            sim._session.run(1)
            kept, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        sim.step(1)
    assert kept < 100_000
    assert peak < 4_000_000
