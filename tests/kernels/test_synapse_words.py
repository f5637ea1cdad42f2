"""What represents synapses: what is encoded comes back, and the kernels find what the builder means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusyn.builder.layout import history_bits
from gpusyn.kernels.records import History
from gpusyn.kernels.signature import ReceptorSignature
from gpusyn.kernels.synapse_words import (
    LARGEST_SLICE,
    LONGEST_DELAY,
    MOST_HISTORY,
    decode_address,
    encode_address,
    split_address,
)
from tests.helpers.hand_made import AMPA, DOUBLE, PASSIVE, SINGLE, G, exponential, make, samples
from tests.helpers.runs import backend_named

EVERYWHERE = pytest.mark.parametrize("backend", ["numpy", "cpu", "cuda-emulated"])
GATED = ReceptorSignature("Unlumped", "Conductance", synaptic=True)


def history(words: int, bits: int, pulse: int = 0) -> History:
    return History(source=0, size=1, base=0, words=words, bits=bits, pulse=pulse, dead=-1, release=0)


@given(st.integers(1, 40), st.integers(0, 5), st.integers(0, 3), st.data())
def test_a_source_and_a_delay_come_back_from_their_address(words, power, pulse, data):
    kept = history(words, 1 << power, pulse)
    longest = 32 * words // kept.bits - (1 if pulse else 0)
    if longest < 1:
        return
    source = np.array([0, data.draw(st.integers(0, MOST_HISTORY // words - 1))])
    delay = data.draw(st.integers(1, longest))
    address = encode_address(source, delay, kept)
    assert address.dtype == np.uint32
    found = decode_address(address, kept)
    np.testing.assert_array_equal(found.source, source)
    np.testing.assert_array_equal(found.delay, delay)
    word, bit = split_address(address)
    assert (word // words == source).all()
    assert (bit % kept.bits == 0).all(), "an address is the lowest bit of a step"


@EVERYWHERE
@pytest.mark.parametrize(("n", "slots"), [(LARGEST_SLICE, 1), (3, LONGEST_DELAY + 1)], ids=["targets", "delays"])
def test_kernels_find_the_target_and_the_delay(backend, n, slots):
    net = make(AMPA, numbers=SINGLE, n=n, coefs=[exponential(5.0, 70.0)], sources=1, slots=slots, steps=2, **PASSIVE)
    drawn, longest = np.random.default_rng(4), max(slots - 1, 1)
    few = zip(drawn.integers(0, n, 9), drawn.integers(1, longest + 1, 9), strict=True)
    pairs = sorted({(0, 1), (n - 1, longest), *few})
    net.connect(1, 0, [(0, t, d, k + 1) for k, (t, d) in enumerate(pairs)])
    net.spikes([(0, 0, 1)])
    session = backend_named(backend).start(net.program())
    session.run(1)
    expected = np.zeros((slots, n), np.int32)
    for k, (target, delay) in enumerate(pairs):
        expected[delay % slots, target] += k + 1
    np.testing.assert_array_equal(session.read("ring").reshape(slots, n), expected)
    session.close()


@EVERYWHERE
@pytest.mark.parametrize("most_events", [1, 3, 200, 70000])
def test_kernels_find_the_source_and_the_delay_in_the_history(backend, most_events):
    bits = history_bits(most_events)
    delays = (1, 2, 31, 32, 33, 40)
    net = make(GATED, numbers=DOUBLE, n=len(delays), coefs=[[70.0]], sources=3, steps=60, **PASSIVE)
    net.spikes([(2, 1, most_events), (5, 2, 1)])
    kept = net.history(1, words=-(-41 * bits // 32), bits=bits)
    net.gated("advance_exponential", 0, [(kept, [[(1, d, 1.0)] for d in delays])], [0.5, 1.0, 1.0])
    place = net.probe(G, neurons=range(len(delays)))
    session = backend_named(backend).start(net.program())
    session.run(60)
    g = samples(session, place, 60)
    for k, delay in enumerate(delays):
        arrived = np.flatnonzero(g[:, k])[0]
        assert (arrived, g[arrived, k]) == (2 + delay, most_events), delay
    session.close()
