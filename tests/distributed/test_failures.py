"""An error on one rank ends all ranks with one clear error, wherever each of them is; none waits for ever."""

import re
import threading
from contextlib import suppress

import numpy as np
import pytest

from gpusyn.distributed.threads import on_threads
from gpusyn.errors import ParameterError, SimulationError

WHERE = "Simulator.run()"


def outcomes(size, function):
    """Call a function on each rank; return what it returned there, or the error that it raised."""

    def attempt(ranks):
        try:
            return function(ranks)
        except Exception as error:
            return error

    results = []
    calling = threading.Thread(target=lambda: results.extend(on_threads(size, attempt)), daemon=True)
    calling.start()
    calling.join(timeout=60)
    assert results, "the ranks wait for one another"
    return results


def many_bytes(ranks):
    return ranks.arrays(np.zeros(5000))


def hidden(ranks):
    return ranks.arrays(np.zeros(3), meanwhile=lambda: None)


def unfinished(ranks):
    ranks.begin_arrays(np.zeros(3))


OPERATIONS = {
    "arrays": lambda ranks: ranks.arrays(np.zeros(3)),
    "many bytes": many_bytes,
    "hidden": hidden,
    "unfinished": unfinished,
    "objects": lambda ranks: ranks.objects("text"),
    "agreement": lambda ranks: ranks.agree("seed", 5),
    "nothing": lambda ranks: None,
}


def runs(operation, failing, place, error):
    """Return a program of three operations, which fails on some ranks at a place."""

    def run(ranks):
        with ranks.together(WHERE):
            for turn in range(3):
                if turn == place and ranks.rank in failing:
                    raise error
                OPERATIONS[operation](ranks)
            if place == 3 and ranks.rank in failing:
                raise error
        return "done"

    return run


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("place", range(4))
def test_all_ranks_raise_if_one_does(operation, place):
    error = ParameterError("tau: must be > 0 (got -1)")
    first, second, third = outcomes(3, runs(operation, {1}, place, error))
    assert second is error
    for other in (first, third):
        assert type(other) is SimulationError
        assert str(other) == "rank 1 of 3 ended with ParameterError: tau: must be > 0 (got -1)"
        assert other.rank == 1


@pytest.mark.parametrize("failing", [{0}, {0, 2}, {1, 2}, {0, 1, 2}])
def test_each_rank_that_fails_raises_its_own_error(failing):
    error = ValueError("ü \udcff")
    for rank, outcome in enumerate(outcomes(3, runs("arrays", failing, 1, error))):
        if rank in failing:
            assert outcome is error
        else:
            assert str(outcome) == f"rank {min(failing)} of 3 ended with ValueError: ü \\udcff"


def test_an_error_in_work_while_messages_travel_ends_all():
    def run(ranks):
        with ranks.together(WHERE):
            ranks.arrays(np.zeros(5000), lambda: 1 // (1 - ranks.rank))

    first, second = outcomes(2, run)
    assert str(first) == "rank 1 of 2 ended with ZeroDivisionError: integer division or modulo by zero"
    assert type(second) is ZeroDivisionError


def test_ranks_go_on_after_an_error_that_is_handled():
    def run(ranks):
        for turn in range(3):
            with suppress(SimulationError, ValueError), ranks.together(WHERE):
                hidden(ranks)
                if turn == ranks.rank:
                    raise ValueError
                unfinished(ranks)
        return [int(part[0]) for part in ranks.arrays(np.array([ranks.rank]))]

    assert outcomes(3, run) == [[0, 1, 2]] * 3


def test_an_error_of_another_rank_cannot_be_ignored():
    def run(ranks):
        with ranks.together(WHERE):
            if ranks.rank == 1:
                raise ValueError("wrong")
            with suppress(SimulationError):
                many_bytes(ranks)

    assert str(outcomes(2, run)[0]) == "rank 1 of 2 ended with ValueError: wrong"


def test_an_error_made_from_that_of_another_rank_is_not_sent_again():
    def run(ranks):
        with ranks.together(WHERE):
            if ranks.rank == 1:
                raise ValueError("wrong")
            try:
                many_bytes(ranks)
            except SimulationError as error:
                raise KeyError("in place of it") from error

    first, second = outcomes(2, run)
    assert (type(first), type(second)) == (KeyError, ValueError)


def test_only_the_outermost_of_nested_methods_counts():
    def run(ranks):
        with ranks.together(WHERE):
            with suppress(ValueError), ranks.together("Simulator.get()"):
                raise ValueError  # a mistake that the method mends
            with ranks.together("on one rank"):
                pass
        return "done"

    assert outcomes(2, run) == ["done"] * 2


def calls(name, operation):
    def run(ranks):
        with ranks.together(name):
            OPERATIONS[operation](ranks)

    return run


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        (
            [calls(WHERE, "arrays"), calls("Simulator.get()", "objects")],
            "rank 0: Simulator.run(), arrays of float64; rank 1: Simulator.get(), objects",
        ),
        (
            [calls(WHERE, "arrays"), calls("Simulator.get()", "arrays")],
            "rank 0: Simulator.run(), arrays of float64; rank 1: Simulator.get(), arrays of float64",
        ),
        (
            [calls(WHERE, "many bytes"), calls(WHERE, "nothing"), calls(WHERE, "many bytes")],
            "ranks 0 and 2: Simulator.run(), arrays of float64; rank 1: Simulator.run(), end",
        ),
        (
            [lambda ranks: ranks.arrays(np.zeros(5)), lambda ranks: ranks.arrays(np.zeros(5, np.int32))],
            "rank 0: arrays of float64; rank 1: arrays of int32",
        ),
        (
            [lambda ranks: ranks.begin_leave()(), calls(WHERE, "nothing")],
            "rank 0: end of the program; rank 1: Simulator.run(), end",
        ),
    ],
)
def test_ranks_that_call_different_methods_are_told_which(methods, message):
    expected = f"all ranks must call the same methods: {message}"
    for outcome in outcomes(len(methods), lambda ranks: methods[ranks.rank](ranks)):
        assert outcome is None or str(outcome) == expected
        assert outcome is None or outcome.rank is None


def program(seed, rank):
    """Return the methods that a rank calls, and the operations in them: the same on all ranks, but for a few."""
    rng, own = np.random.default_rng(seed), np.random.default_rng([seed, rank])
    blocks = []
    for _ in range(8):
        blocks.append(
            [str(rng.choice([*OPERATIONS, "raise"], p=[*[0.137] * 7, 0.041])) for _ in range(rng.integers(4))]
        )
        if own.random() < 0.1:
            blocks[-1].append("nothing" if own.random() < 0.2 else "raise")
        if own.random() < 0.05:
            blocks.append(["objects"])
    return blocks


@pytest.mark.parametrize("size", [2, 3, 5])
def test_drawn_programs_end_whatever_each_rank_calls(size):
    def run(ranks, seed):
        done = []
        for number, block in enumerate(program(seed, ranks.rank)):
            try:
                with ranks.together(f"method {number}"):
                    for operation in block:
                        if operation == "raise":
                            raise ValueError(ranks.rank)
                        OPERATIONS[operation](ranks)
                done.append("")
            except (SimulationError, ValueError) as error:
                done.append(str(error))
        ranks.begin_leave()()
        return done

    kinds = set()
    for seed in range(30):
        outcome = outcomes(size, lambda ranks, seed=seed: run(ranks, seed))
        kinds |= {" ".join(text.split()[:2]) for done in outcome for text in done}
        assert all(isinstance(done, list) for done in outcome), outcome
    assert {"", "all ranks", "rank 1", "1"} <= kinds


def test_after_one_rank_has_left_nothing_is_sent():
    def run(ranks):
        if ranks.rank == 1:
            return ranks.begin_leave()()
        messages = []
        for _ in range(3):
            try:
                ranks.objects("text")
            except SimulationError as error:
                messages.append(str(error))
        ranks.begin_leave()()
        return messages

    message = "all ranks must call the same methods: rank 0: objects; rank 1: end of the program"
    assert outcomes(2, run) == [[message] * 3, None]


def test_many_ranks_are_counted():
    outcome = outcomes(8, lambda ranks: ranks.arrays(np.zeros(5, np.int64 if ranks.rank else np.int32)))[3]
    assert str(outcome).endswith("rank 0: arrays of int32; ranks 1, 2, 3, 4 and 3 others: arrays of int64")


def test_a_value_that_differs_is_named_on_every_rank():
    def run(ranks):
        with ranks.together(WHERE):
            ranks.agree("seed", 5 if ranks.rank in {0, 2} else 6)

    for outcome in outcomes(4, run):
        assert type(outcome) is ParameterError
        assert str(outcome) == "seed: must be the same on all 4 ranks (ranks 1 and 3 differ from rank 0)"


def test_what_cannot_be_sent_is_an_error_before_anything_is_sent():
    def run(ranks):
        with suppress(TypeError):
            ranks.arrays(np.array([None]))
        return len(ranks.arrays(np.zeros(3)))

    assert outcomes(2, run) == [2, 2]


def test_a_rank_that_leaves_in_the_middle_of_an_operation_ends_all():
    class Interrupted:
        """Transport of a rank that is interrupted while it waits."""

        def __init__(self, transport):
            self.abort, self._begin = transport.abort, transport.begin_headers

        def begin_headers(self, mine):
            self._begin(mine)
            return lambda: 1 // 0

    def run(ranks):
        if ranks.rank == 1:
            ranks._channel.transport = Interrupted(ranks._channel.transport)
        with ranks.together(WHERE):
            many_bytes(ranks)

    first, second = outcomes(2, run)
    assert re.fullmatch("rank 1 of 2 has ended: ZeroDivisionError: .*", str(first))
    assert type(second) is ZeroDivisionError


def test_an_error_of_one_thread_is_raised_where_the_threads_were_started():
    def run(ranks):
        if ranks.rank == 1:
            raise ValueError("wrong")
        ranks.objects(None)

    with pytest.raises(ValueError, match="wrong"):
        on_threads(3, run)
