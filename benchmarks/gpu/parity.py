"""Bits on the device beside digests that were made on a CPU, and `gpusyn check`."""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Callable, Iterable

from benchmarks.gpu import digests
from benchmarks.gpu.setups import stored
from benchmarks.gpu.task import LeftOutError, PartFailedError, Task
from gpusyn.backends.cuda.backend import CudaBackend, import_cupy
from gpusyn.backends.cuda.detect import MINIMUM_CAPABILITY, detect
from gpusyn.commands.check import run_check, variants
from gpusyn.commands.check_cases import CASES
from tests.digests import outcomes
from tests.helpers.runs import differences


def kernels(task: Task) -> None:
    """Compare every case of tests/digests, which hold every kernel, neuron model and number type between them."""
    known, backend = outcomes.stored(), CudaBackend()

    def compare(line: str) -> str | None:
        case, precision = outcomes.LINES[line]
        reason = case.lacks()
        if reason is not None:
            return f"not run: {reason}"
        with contextlib.redirect_stderr(io.StringIO()):  # what is said about rounded delays
            return None if outcomes.digest(case, precision, backend) == known[line] else "other bits than on the CPU"

    _compare(task, ["demo, single"] if task.tiny else outcomes.LINES, compare)


def drawn(task: Task) -> None:
    """Compare drawn networks; where a digest differs, name the arrays that differ from those of numpy here and now."""
    known, backend = stored()["drawn"], functools.cache(CudaBackend)

    def compare(number: int) -> str | None:
        case, how = digests.drawn(number)
        found = digests.played(case, backend(how.pop("block")), **how)
        if digests.digest(found) == known[number]:
            return None
        wrong = differences(digests.played(case, "numpy"), found)
        return f"differs in {', '.join(wrong)}" if wrong else "not run: this Python draws another network"

    _compare(task, [6] if task.tiny else range(len(known)), compare)


def devices(task: Task) -> None:
    """Compare drawn networks that all GPUs of this machine simulate together, where there are several."""
    numbers = [one.number for one in detect(import_cupy).devices if one.capability >= MINIMUM_CAPABILITY]
    if len(numbers) < 2:
        raise LeftOutError("there is one GPU")
    known = stored()["drawn"]

    def compare(number: int) -> str | None:
        case, how = digests.drawn(number)
        found = digests.played(case, CudaBackend(how.pop("block")), devices=numbers, **how)
        return None if digests.digest(found) == known[number] else "other bits than those of one process"

    task.report(devices=len(numbers))
    _compare(task, [6] if task.tiny else range(0, len(known), 5), compare)


def _compare(task: Task, items: Iterable[object], compare: Callable[..., str | None]) -> None:
    """Compare all items and report how many are equal; then fail if one differs or fails."""
    wrong: dict[str, str] = {}
    equal = absent = 0
    for item in items:
        try:
            verdict = compare(item)
        except Exception as error:  # the next ones are compared all the same
            verdict = f"{type(error).__name__}: {str(error)[:200]}"
        if verdict is None:
            equal += 1
        elif verdict.startswith("not run: "):
            absent += 1
        else:
            wrong[str(item)] = verdict
        task.report(equal=equal, different=len(wrong), **({"not run": absent} if absent else {}), wrong=wrong)
    if wrong:
        name, verdict = next(iter(wrong.items()))
        raise PartFailedError(f"{len(wrong)} differ or fail, the first of them {name}: {verdict}")
    if not equal:
        raise LeftOutError("nothing could be compared")


def check(task: Task) -> None:
    """Run `gpusyn check` for the device alone."""
    cases = CASES[:1] if task.tiny else CASES
    compared = variants({"cuda": CudaBackend()})
    if run_check([case._replace(duration=6.0) for case in cases] if task.tiny else cases, compared):
        raise PartFailedError("see check.log")
    task.report(cases=len(cases), variants=len(compared))
