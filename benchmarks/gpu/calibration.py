"""What the device can do at best: copies, integer atomics, nodes of a graph, launches."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from benchmarks.gpu.task import Task
from gpusyn.backends.cuda.backend import import_cupy
from gpusyn.backends.cuda.gpu import OPTIONS
from gpusyn.builder.gpu.devices import DEVICES, GpuFigures

KERNELS = r"""
extern "C" __global__ void nothing(int *out)
{
    if (out == 0) out[0] = 0;
}

// A chain of operations, of which a compiler can leave none out, keeps the device busy.
extern "C" __global__ void spin(unsigned *out, int rounds)
{
    unsigned x = out[0] + 1u;
#pragma unroll 1
    for (int i = 0; i < rounds; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
    }
    out[0] = x;
}

// Each thread adds 1 at places that look random.
extern "C" __global__ void add(int *sums, unsigned mask, int rounds)
{
    unsigned x = (blockIdx.x * blockDim.x + threadIdx.x) * 2654435761u;
    for (int i = 0; i < rounds; i++) {
        x = x * 1664525u + 1013904223u;
        atomicAdd(&sums[(x >> 8) & mask], 1);
    }
}
"""
REPEATS = 5
AHEAD = 8000  # rounds, about 0.1 ms, in which the host launches a kernel and records an event


class Device:
    """The device with the kernels that measure it, on a stream of their own.

    Attributes
    ----------
    cupy : module
        CuPy.
    product : str
        Name that the driver gives.
    stream : cupy.cuda.Stream
        Stream on which everything runs.
    """

    def __init__(self) -> None:
        self.cupy: Any = import_cupy()
        name = self.cupy.cuda.runtime.getDeviceProperties(0)["name"]
        self.product = name.decode() if isinstance(name, bytes) else str(name)
        self.stream = self.cupy.cuda.Stream(non_blocking=True)
        module = self.cupy.RawModule(code=KERNELS, options=OPTIONS)
        self.nothing, self.spin, self.add = (module.get_function(name) for name in ("nothing", "spin", "add"))
        with self.stream:
            self.one = self.cupy.zeros(1, np.int32)
            self.word = self.cupy.zeros(1, np.uint32)

    def wait(self, rounds: int) -> None:
        """Keep the stream busy, so that the host can launch ahead of it; a round takes about 24 clocks."""
        self.spin((1,), (1,), (self.word, np.int32(rounds)))

    def seconds(self, work: Callable[[], object]) -> float:
        """Return the time on the device between the begin and the end of `work`; the median of several runs."""
        found = []
        with self.stream:
            for _ in range(REPEATS):
                begin, end = self.cupy.cuda.Event(), self.cupy.cuda.Event()
                begin.record(self.stream)
                work()
                end.record(self.stream)
                end.synchronize()
                found.append(self.cupy.cuda.get_elapsed_time(begin, end) * 1e-3)
        return float(statistics.median(found))


class Figure(NamedTuple):
    """A measured number.

    Attributes
    ----------
    name, value : str, float
        Name, and value in SI units.
    title, unit, size_of_unit : str, str, float
        Title and unit in the summary, and the unit in SI units.
    in_table : callable, optional
        Function that returns the same number from the figures of a GPU in the table of `gpusyn bench --model`.
    """

    name: str
    value: float
    title: str
    unit: str
    size_of_unit: float
    in_table: Callable[[GpuFigures], float] | None = None


def figures_of(product: str) -> GpuFigures | None:
    """Return the figures of the GPU that a driver names, None if the table does not have it.

    >>> [figures_of(name) and figures_of(name).name for name in ("NVIDIA GeForce RTX 4090", "Tesla T4", "NVIDIA T400")]
    ['RTX4090', 'T4', None]
    """
    squeezed = product.replace(" ", "")
    return next((DEVICES[name] for name in DEVICES if re.search(rf"{name}(?!\d)", squeezed)), None)


def measure(task: Task) -> None:
    """Measure all, and report each number for the other parts and as a row of the summary."""
    known: dict[str, float] = {}
    device = Device()
    listed = figures_of(device.product)
    for figure in figures(device, 1000 if task.tiny else 1):
        known[figure.name] = figure.value
        task.report(figures=known)
        expected = figure.in_table(listed) / figure.size_of_unit if listed and figure.in_table else None
        measured = figure.value / figure.size_of_unit
        row = {"figure": figure.title, "measured": measured, "table": expected, "unit": figure.unit}
        task.row("calibration", row)


def _bandwidth(figures: GpuFigures) -> float:
    return figures.bandwidth


def _atomics(figures: GpuFigures) -> float:
    return figures.atomics * figures.clock


def _gap(figures: GpuFigures) -> float:
    return figures.gap


def figures(device: Device, divisor: int) -> Iterator[Figure]:
    """Yield all numbers; sizes are divided by `divisor`."""
    copy = copy_bandwidth(device, (1 << 28) // divisor, 20)
    yield Figure("copy_bytes_per_s", copy, "copies on the device, read and written", "GB/s", 1e9, _bandwidth)
    for name, places in (("atomics_per_s", 1 << 16), ("close_atomics_per_s", 1 << 8)):
        rate = atomic_rate(device, places, (1 << 27) // divisor)
        yield Figure(name, rate, f"additions to {places:,} integers at random places", "billions/s", 1e9, _atomics)
    nodes = 512 // min(divisor, 64)
    node = graph_seconds(device, nodes) / nodes
    yield Figure("graph_node_s", node, "kernel that does nothing, in a graph", "us", 1e-6, _gap)
    single = between_events(device, nodes)
    yield Figure("event_s", single, "such a kernel between two events, the host far ahead", "us", 1e-6)
    graph = graph_launch(device, nodes)
    yield Figure("graph_launch_s", graph, "graph of one such kernel, launched by the host", "us", 1e-6)
    yield Figure("launch_s", launch(device, nodes), "such a kernel, launched by the host", "us", 1e-6)
    yield Figure("read_s", read(device, nodes), "reading four bytes", "us", 1e-6)


def copy_bandwidth(device: Device, size: int, repeats: int) -> float:
    """Return the bytes per second that the device reads and writes when it copies an array."""
    with device.stream:
        source, target = device.cupy.zeros(size, np.uint8), device.cupy.zeros(size, np.uint8)

    def copies() -> None:
        for _ in range(repeats):
            target[...] = source

    device.seconds(copies)
    return 2 * size * repeats / device.seconds(copies)


def atomic_rate(device: Device, places: int, total: int) -> float:
    """Return the number of additions per second to one of `places` integers each."""
    with device.stream:
        sums = device.cupy.zeros(places, np.int32)
    threads, rounds = 256, 16
    blocks = max(1, total // (threads * rounds))

    def run() -> None:
        device.add((blocks,), (threads,), (sums, np.uint32(places - 1), np.int32(rounds)))

    device.seconds(run)
    return blocks * threads * rounds / device.seconds(run)


def _graph(device: Device, nodes: int) -> Any:
    with device.stream:
        device.nothing((1,), (32,), (device.one,))  # loads the kernel, which is not allowed during a capture
        device.stream.begin_capture()
        for _ in range(nodes):
            device.nothing((1,), (32,), (device.one,))
        return device.stream.end_capture()


def graph_seconds(device: Device, nodes: int) -> float:
    """Return the time on the device of a graph of kernels that do nothing."""
    graph = _graph(device, nodes)
    device.seconds(lambda: graph.launch(device.stream))
    return device.seconds(lambda: graph.launch(device.stream))


def between_events(device: Device, count: int) -> float:
    """Return the time between two events with a kernel that does nothing between them (s)."""
    with device.stream:
        device.wait(AHEAD * count)
        events = [device.cupy.cuda.Event() for _ in range(count + 1)]
        events[0].record(device.stream)
        for event in events[1:]:
            device.nothing((1,), (32,), (device.one,))
            event.record(device.stream)
        device.stream.synchronize()
    return float(device.cupy.cuda.get_elapsed_time(events[0], events[-1])) * 1e-3 / count


def _per_call(device: Device, call: Callable[[], object], count: int) -> float:
    """Return the time of a call on the host, with the wait for the device at the end (s)."""
    with device.stream:
        call()
        device.stream.synchronize()
        begin = time.perf_counter()
        for _ in range(count):
            call()
        device.stream.synchronize()
        return (time.perf_counter() - begin) / count


def graph_launch(device: Device, count: int) -> float:
    """Return the time of the launch of a graph (s)."""
    graph = _graph(device, 1)
    return _per_call(device, lambda: graph.launch(device.stream), count)


def launch(device: Device, count: int) -> float:
    """Return the time of the launch of a kernel (s)."""
    return _per_call(device, lambda: device.nothing((1,), (32,), (device.one,)), count)


def read(device: Device, count: int) -> float:
    """Return the time in which the host reads four bytes (s)."""
    return _per_call(device, lambda: device.one.get(stream=device.stream), count)
