"""The time of each launch of a step by itself, and the share of it that the device's limits ask for."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

import gpusyn as gs
from benchmarks.gpu.calibration import AHEAD, Device
from gpusyn.builder.gpu.activity import Activity
from gpusyn.builder.gpu.launches import works_of
from gpusyn.builder.gpu.model import bytes_of
from gpusyn.commands.bench_profile import launch_seconds
from gpusyn.kernels.program import Program

STEPS = 32  # of one stretch, all of whose launches wait on the device together


class Work(NamedTuple):
    """What a launch cannot avoid in a step: bytes read and written, and additions to sums in memory."""

    bytes: float = 0.0
    atomics: float = 0.0

    def least_seconds(self, known: Mapping[str, Any]) -> float | None:
        """Return the time that the measured limits of the device allow, None if nothing is known."""
        if "copy_bytes_per_s" not in known or "atomics_per_s" not in known:
            return None
        least: float = max(self.bytes / known["copy_bytes_per_s"], self.atomics / known["atomics_per_s"])
        return least or None


def works(plan: gs.Plan, rates: Mapping[str, float]) -> Iterator[Work]:
    """Yield the work of each launch of a step, in order, at the rates of the populations (Hz)."""
    for work in works_of(plan.layout, Activity(plan.layout, rates)):
        moved = bytes_of(work, plan.specs).values()
        yield Work(sum(read + written for read, written in moved), work.atomics)


def times(sim: gs.Simulator, device: Device, steps: int) -> dict[str, float]:
    """Advance a simulator on the `cuda` backend, and return the mean time of each launch in a step (s) by its label."""
    session, program = sim._session, sim._compiled.program
    total = Counter[str]()
    for _ in range(0, steps, STEPS):
        total.update(launch_seconds(sim, STEPS, lambda k: _profile(session, program, device, k)))
    done = -(-steps // STEPS) * STEPS
    return {label: seconds / done for label, seconds in total.items()}


def _profile(session: Any, program: Program, device: Device, steps: int) -> dict[str, float]:
    """Run the launch list `steps` times with an event after each launch; the device waits until all are launched."""
    cupy, stream, calls = device.cupy, session._stream, session._calls
    with stream:
        device.wait(AHEAD * steps * len(calls))
        events = [cupy.cuda.Event()]
        events[0].record(stream)
        for _ in range(steps):
            for call in calls:
                call()
                events.append(cupy.cuda.Event())
                events[-1].record(stream)
        stream.synchronize()
    between = [cupy.cuda.get_elapsed_time(*pair) * 1e-3 for pair in itertools.pairwise(events)]
    of_launch = np.reshape(between, (steps, len(calls))).sum(axis=0)
    return {launch.label: float(seconds) for launch, seconds in zip(program.launches, of_launch, strict=True)}
