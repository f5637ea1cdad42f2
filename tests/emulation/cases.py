"""How to launch the kernels of ``kernels/sound.cu`` and ``kernels/planted.cu``, one way each.

``python -m tests.emulation.cases KERNEL`` launches one in a process of its own, for the sanitizers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .settings import ORDERS, using
from .stand_in_cupy import cupy

FOLDER = Path(__file__).parent / "kernels"


class Case(NamedTuple):
    """Blocks, threads, arguments (made anew for each launch) and bytes of dynamic shared memory."""

    blocks: int
    threads: int
    arguments: Callable[[], tuple[Any, ...]]
    shared: int = 0


def _f(n: int = 64) -> Any:
    return cupy.zeros(n, np.float32)


def _i(n: int = 64) -> Any:
    return cupy.zeros(n, np.int32)


def _u(n: int = 64) -> Any:
    return cupy.zeros(n, np.uint32)


def _rows() -> tuple[Any, ...]:
    begin = np.concatenate([[0], np.cumsum(np.arange(50) % 7 * 9)]).astype(np.int32)
    return cupy.asarray(begin), _f(int(begin[-1])), _f(50), np.int32(50)


PLANTED: dict[str, Case] = {
    "read_past_end": Case(1, 64, lambda: (_f(33), _f(), np.int32(33))),
    "write_past_end": Case(1, 64, lambda: (_f(33), np.int32(33))),
    "write_before_start": Case(1, 32, lambda: (_f(),)),
    "past_static_shared": Case(1, 32, lambda: (_f(),)),
    "past_dynamic_shared": Case(1, 32, lambda: (_f(),), 128),
    "misaligned_vector": Case(1, 1, lambda: (_f(), _f())),
    "index_overflow": Case(1, 1, lambda: (_i(), np.int32(40000))),
    "float_to_int": Case(1, 1, lambda: (_i(), np.float32(3))),
    "shift_too_far": Case(1, 1, lambda: (_u(), np.int32(3))),
    "missing_syncthreads": Case(1, 64, lambda: (_f(),)),
    "missing_syncwarp": Case(1, 32, lambda: (_f(),)),
    "missing_second_barrier": Case(1, 64, lambda: (_f(),)),
    "plain_add": Case(1, 32, lambda: (_f(),)),
    "race_of_blocks": Case(3, 32, lambda: (_f(),)),
    "race_of_blocks_with_barriers": Case(3, 32, lambda: (_f(),)),
    "plain_read_of_counter": Case(1, 32, lambda: (_u(1), _u())),
    "barrier_in_branch": Case(1, 32, lambda: (_f(),)),
    "two_barriers": Case(1, 64, lambda: (_f(),)),
    "barrier_after_return": Case(1, 64, lambda: (_f(),)),
    "absent_lanes": Case(1, 32, lambda: (_f(),)),
    "not_in_own_mask": Case(1, 32, lambda: (_f(),)),
    "lane_outside_mask": Case(1, 32, lambda: (_f(),)),
    "masks_differ": Case(1, 32, lambda: (_f(),)),
    "operations_differ": Case(1, 32, lambda: (_i(),)),
    "barrier_against_shuffle": Case(1, 32, lambda: (_f(),)),
    "odd_width": Case(1, 32, lambda: (_i(),)),
    "unwritten_shared": Case(1, 32, lambda: (_f(),)),
    "depends_on_order": Case(1, 64, lambda: (_u(1), _u())),
    "far_away": Case(2, 32, lambda: (_f(), np.int64(-(1 << 40)))),
    "deep_stack": Case(1, 32, lambda: (_f(), np.int32(0))),
}

SOUND: dict[str, Case] = {
    "row_sums": Case(3, 64, _rows),
    "block_sums": Case(3, 128, lambda: (cupy.ones(300, np.float64), cupy.zeros(3, np.float64), np.int32(300)), 1024),
    "compact": Case(3, 64, lambda: (_f(150), np.float32(-1), np.int32(150), _i(150), _u(1))),
    "atomics": Case(3, 64, lambda: (_i(1), _u(4), *(cupy.zeros(1, t) for t in (np.uint64, np.int64, np.int64)))),
    "lanes": Case(1, 64, lambda: (_i(6 * 64), np.int32(16))),
    "passed_on": Case(2, 64, lambda: (_f(128),)),
    "last_block": Case(4, 32, lambda: (_f(4), _u(1), _f(1))),
    "two_lambdas": Case(1, 64, lambda: (_i(),)),
}


def module(name: str, options: tuple[str, ...] = ("--fmad=false",)) -> Any:
    """``RawModule`` of ``kernels/<name>.cu``."""
    return cupy.RawModule(code=(FOLDER / f"{name}.cu").read_text(encoding="utf-8"), options=options)


def run(name: str) -> tuple[Any, ...]:
    """Launch a kernel once and return its arguments."""
    case = PLANTED.get(name) or SOUND[name]
    kernel = module("planted" if name in PLANTED else "sound").get_function(name)
    arguments = case.arguments()
    kernel((case.blocks,), (case.threads,), arguments, shared_mem=case.shared)
    return arguments


if __name__ == "__main__":
    for asked in sys.argv[1:]:
        for order in ORDERS.values():
            with using(order=order):
                run(asked)
        print("ran", asked)
