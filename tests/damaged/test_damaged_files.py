"""Damaged files, thousands of them: none hangs, crashes or raises anything but a clear error of gpusyn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.damaged.worker import Outcome, Worker

MUTANTS, PARTS = 4_900, 14
SOME = range(10_000, 10_040)  # in the default suite


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as process:
        yield process


def check(outcomes: list[Outcome]) -> None:
    wrong = [outcome for outcome in outcomes if outcome.wrong]
    listed = "\n\n".join(f"{outcome.title}\n{outcome.wrong}" for outcome in wrong)
    assert not wrong, f"{len(wrong)} of {len(outcomes)} damaged files:\n{listed}"


def test_some_mutants(worker: Worker) -> None:
    check([worker.outcome(number) for number in SOME])


@pytest.mark.fuzz
@pytest.mark.parametrize("part", range(PARTS))
def test_many_mutants(worker: Worker, part: int) -> None:
    each = MUTANTS // PARTS
    outcomes = [worker.outcome(number) for number in range(part * each, (part + 1) * each)]
    check(outcomes)
    refused = sum(not outcome.title.endswith(": fine") for outcome in outcomes)
    # Much damage is harmless: most bytes hold data, and some of the kinds change only how values are stored.
    assert refused > each // 4
