"""The one table of GPUs for which a network can be planned and modelled without having one.

FIELD_SOURCES tells where each figure comes from, and SOURCES names the vendor's publications. What is estimated is not
published by the vendor: it is rounded from published microbenchmarks, or assumed. No time was ever measured with gpusyn
on any of these GPUs.
"""

from __future__ import annotations

from typing import NamedTuple

from gpusyn.parameters.scalars import one_of


class GpuFigures(NamedTuple):
    """The figures of one GPU.

    Attributes
    ----------
    name, full_name : str
        Name in `gpusyn bench --model` and `plan(device=...)`, and the product that is meant.
    capability : int
        Compute capability, such as 90 for 9.0.
    memory : float
        Memory (bytes).
    bandwidth : float
        Peak bandwidth of the memory (bytes/s).
    processors : int
        Streaming multiprocessors.
    clock : float
        Boost clock (Hz).
    l2 : float
        L2 cache (bytes).
    registers, threads, blocks, shared : int
        Registers, most threads, most blocks and shared memory (bytes) of one multiprocessor.
    l2_width : float
        Bytes that the L2 cache reads or writes in one clock.
    l1 : float
        Part of a multiprocessor's L1 cache that data of one table can keep (bytes).
    atomics : float
        Integer atomic additions to scattered places in the L2 cache in one clock.
    l2_latency, memory_latency : float
        Time from a load to its value, from the L2 cache and from the memory (s).
    gap : float
        Time from the end of one kernel of a CUDA graph to the first instruction of the next (s).
    context : float
        Memory that the driver, the context and the kernels take (bytes).
    """

    name: str
    full_name: str
    capability: int
    memory: float
    bandwidth: float
    processors: int
    clock: float
    l2: float
    registers: int
    threads: int
    blocks: int
    shared: int
    l2_width: float
    l1: float
    atomics: float
    l2_latency: float
    memory_latency: float
    gap: float
    context: float


class AbsentGpu(NamedTuple):
    """A GPU of the table that is not there, as a plan needs it; `rate` is assumed of all neurons (Hz)."""

    figures: GpuFigures
    rate: float | None = None

    @property
    def name(self) -> str:
        """Name of the backend that would compute."""
        return "cuda"

    @property
    def workers(self) -> int:
        """Upper limit on worker threads; a GPU does not need slices of targets."""
        return 1

    def free_memory(self) -> int:
        """Return the memory that arrays may take if nothing else runs on the GPU: its memory less the context."""
        return int(self.figures.memory - self.figures.context)


KB, MB, GB, NS, US = 1 << 10, 1 << 20, 1e9, 1e-9, 1e-6

#: Where each figure comes from: a kind of publication of the vendor, or an estimate.
FIELD_SOURCES: dict[str, str] = {
    **dict.fromkeys(("memory", "bandwidth"), "data sheet"),
    **dict.fromkeys(("capability", "processors", "clock", "l2"), "white paper"),
    **dict.fromkeys(("registers", "threads", "blocks", "shared"), "tuning guide"),
    **dict.fromkeys(("l2_width", "l1", "atomics", "l2_latency", "memory_latency", "gap", "context"), "estimated"),
}

DEVICES: dict[str, GpuFigures] = {
    device.name: device
    for device in (
        GpuFigures(
            "T4", "Tesla T4, 16 GB", 75, 16 * GB, 320 * GB, 40, 1.59e9, 4 * MB, 65536, 1024, 16, 64 * KB,
            l2_width=800, l1=32 * KB, atomics=20, l2_latency=130 * NS, memory_latency=400 * NS, gap=2.0 * US,
            context=0.3 * GB,
        ),
        GpuFigures(
            "RTX4090", "GeForce RTX 4090, 24 GB", 89, 24 * GB, 1008 * GB, 128, 2.52e9, 72 * MB, 65536, 1536, 24,
            100 * KB, l2_width=2000, l1=64 * KB, atomics=48, l2_latency=120 * NS, memory_latency=300 * NS,
            gap=1.5 * US, context=0.5 * GB,
        ),
        GpuFigures(
            "A100", "A100 SXM, 80 GB", 80, 80 * GB, 2039 * GB, 108, 1.41e9, 40 * MB, 65536, 2048, 32, 164 * KB,
            l2_width=3200, l1=128 * KB, atomics=40, l2_latency=160 * NS, memory_latency=450 * NS, gap=1.5 * US,
            context=0.5 * GB,
        ),
        GpuFigures(
            "H100", "H100 SXM, 80 GB", 90, 80 * GB, 3350 * GB, 132, 1.98e9, 50 * MB, 65536, 2048, 32, 228 * KB,
            l2_width=3200, l1=160 * KB, atomics=48, l2_latency=150 * NS, memory_latency=450 * NS, gap=1.5 * US,
            context=0.6 * GB,
        ),
        GpuFigures(
            "H200", "H200 SXM, 141 GB", 90, 141 * GB, 4800 * GB, 132, 1.98e9, 50 * MB, 65536, 2048, 32, 228 * KB,
            l2_width=3200, l1=160 * KB, atomics=48, l2_latency=150 * NS, memory_latency=450 * NS, gap=1.5 * US,
            context=0.6 * GB,
        ),
    )
}  # fmt: skip

#: The vendor's publications of each GPU.
SOURCES: dict[str, str] = {
    "T4": "NVIDIA T4 data sheet (2019), Turing architecture white paper (2018), Turing tuning guide",
    "RTX4090": "NVIDIA Ada GPU architecture white paper (2022; data sheet in it), Ada tuning guide",
    "A100": "NVIDIA A100 80GB data sheet (2021), A100 architecture white paper (2020), Ampere tuning guide",
    "H100": "NVIDIA H100 data sheet (2023; the clock is its 67 TFLOP/s over 132 x 256 operations), H100 architecture "
    "white paper (2022), Hopper tuning guide",
    "H200": "NVIDIA H200 data sheet (2023; the clock is its 67 TFLOP/s over 132 x 256 operations); else as the H100",
}


def device_named(name: object, where: str) -> GpuFigures:
    """Return the figures of a GPU of the table.

    Raises
    ------
    ArgumentError
        If the name is not a text.
    UnknownNameError
        If there is no such GPU in the table; the message lists the names.

    Examples
    --------
    >>> device_named("H100", "plan().device").processors
    132
    """
    return DEVICES[one_of(name, DEVICES, where)]
