"""Messages between threads are copies: who has received all may change what it sent before others take it."""

import numpy as np

from gpusyn.distributed.transport import thread_transports


def test_headers_may_change_when_one_rank_has_all():
    first, second = thread_transports(2)
    mine = np.array([1, 2])
    take_first, take_second = first.begin_headers(mine), second.begin_headers(np.array([3, 4]))
    assert take_first().tolist() == [[1, 2], [3, 4]]
    mine[:] = 0
    assert take_second().tolist() == [[1, 2], [3, 4]]


def test_payloads_may_change_when_one_rank_has_all():
    first, second = thread_transports(2)
    mine = np.array([1, 2], np.uint8)
    take_second = second._begin(np.array([3], np.uint8))
    assert [part.tolist() for part in first.payloads(mine, [2, 1])] == [[1, 2], [3]]
    mine[:] = 0
    assert [part.tolist() for part in take_second()] == [[1, 2], [3]]
