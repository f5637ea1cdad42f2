"""Collective operations on ranks that are threads: what they bring to whom."""

import numpy as np
import pytest

from gpusyn.distributed import operations
from gpusyn.distributed.threads import on_threads

SIZES = [1, 2, 3, 5]
DTYPES = ["<i8", "<i4", "<f4", "<f8", "|b1", "<u2"]
LENGTHS = [0, 3, 100, 600, 20_000]


def drawn(seed, rank, turn):
    """Return the array that a rank gives in a turn: often empty, often long."""
    turns = np.random.default_rng([seed, turn])
    dtype, most = turns.choice(DTYPES), turns.choice(LENGTHS)
    rng = np.random.default_rng([seed, turn, rank])
    return rng.integers(0, 2**31, rng.integers(most + 1) * rng.integers(2)).astype(dtype)


def check_turns(size, seed, received):
    """Check what one rank received in turns in which all gave `drawn` arrays."""
    for turn, parts in enumerate(received):
        given = [drawn(seed, rank, turn) for rank in range(size)]
        assert [part.dtype for part in parts] == [one.dtype for one in given]
        assert [part.tobytes() for part in parts] == [one.tobytes() for one in given]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_arrays_of_all_ranks_arrive(size, seed):
    for received in on_threads(size, lambda ranks: [ranks.arrays(drawn(seed, ranks.rank, turn)) for turn in range(60)]):
        check_turns(size, seed, received)


def test_gathered_arrays_arrive_on_rank_0_alone():
    first, *others = on_threads(3, lambda ranks: [ranks.gathered(drawn(3, ranks.rank, turn)) for turn in range(60)])
    check_turns(3, 3, first)
    assert others == [[None] * 60] * 2


def test_operations_of_every_kind_follow_one_another():
    def run(ranks):
        received = []
        for turn in range(60):
            with ranks.together(f"turn {turn % 3}"):
                pending = ranks.begin_arrays(drawn(7, ranks.rank, turn))
                assert ranks.objects((turn, ranks.rank)) == [(turn, rank) for rank in range(3)]
                ranks.agree("turn", turn)
                received.append(pending.finish())
        return received

    for received in on_threads(3, run):
        check_turns(3, 7, received)


def test_work_is_done_while_messages_travel():
    def run(ranks):
        done = []
        parts = ranks.arrays(np.array([ranks.rank]), lambda: done.append(ranks.rank))
        return done + [int(part[0]) for part in parts]

    assert on_threads(2, run) == [[0, 0, 1], [1, 0, 1]]


def test_received_arrays_share_no_memory_with_those_given():
    def run(ranks):
        mine = np.full(4, ranks.rank)
        received = ranks.arrays(mine), ranks.arrays(mine)  # in a message of their own, and in that of the header
        ranks.objects(None)
        mine[:] = -1
        for parts in received:
            parts[1 - ranks.rank][:] = -2
        ranks.objects(None)
        return [list(parts[ranks.rank]) for parts in received]

    assert on_threads(2, run) == [[[0] * 4] * 2, [[1] * 4] * 2]


def test_arrays_with_strides_arrive():
    assert list(on_threads(2, lambda ranks: ranks.arrays(np.arange(10)[::-3]))[0][1]) == [9, 6, 3, 0]


class CountingTransport:
    """Counts the second messages, for payloads without room in the first."""

    def __init__(self, transport):
        self._transport, self.payload_messages = transport, 0
        self.rank, self.size = transport.rank, transport.size
        self.begin_headers, self.abort = transport.begin_headers, transport.abort

    def payloads(self, mine, sizes, to):
        self.payload_messages += 1
        return self._transport.payloads(mine, sizes, to)


def second_messages(lengths):
    """Return how many second messages the exchanges of arrays of such lengths take."""

    def run(ranks):
        counting = ranks._channel.transport = CountingTransport(ranks._channel.transport)
        for length in lengths:
            ranks.arrays(np.zeros(length * (ranks.rank == 0), np.uint8))
        return counting.payload_messages

    first, second = on_threads(2, run)
    assert first == second
    return first


@pytest.mark.parametrize(
    ("lengths", "messages"),
    [
        ([0] * 5, 0),
        ([8] * 5, 1),
        ([100, 190, 300, 20, 400, 90], 1),
        ([8, 17] * 2, 2),
        ([operations.MOST_IN_MESSAGE] * 5, 1),
        ([operations.MOST_IN_MESSAGE + 1] * 5, 5),
    ],
)
def test_few_bytes_travel_with_the_header(lengths, messages):
    assert second_messages(lengths) == messages
