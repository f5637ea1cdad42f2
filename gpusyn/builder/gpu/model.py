"""The time that each launch of a step takes on a GPU, from its work: a lower bound, and what is expected of it.

Nothing here is measured. `docs/gpu_model.md` has the equations, their assumptions and their limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gpusyn.builder.gpu.activity import Activity
from gpusyn.builder.gpu.devices import GpuFigures
from gpusyn.builder.gpu.launches import works_of
from gpusyn.builder.gpu.work import SECTOR, Phase, Work
from gpusyn.builder.layout import Layout
from gpusyn.builder.plasticity.synapse_releases import signature_of
from gpusyn.kernels.arrays import bindings
from gpusyn.kernels.modules import module_of
from gpusyn.kernels.occupancy import BLOCK, WARP, Processor, blocks_of
from gpusyn.kernels.program import ArraySpec
from gpusyn.kernels.resources import registers_of, resources_of
from gpusyn.kernels.spec import KERNELS

REACHED = 0.8  # part of a peak bandwidth that kernels reach at best
_ISSUED = 4  # warp instructions that a multiprocessor issues in a clock


class LaunchModel(NamedTuple):
    """One launch of a step on one GPU; times in seconds, not measured.

    Attributes
    ----------
    label : str
        Kernel, and group of neurons where there is one.
    blocks, resident : int
        Blocks of the launch, and how many of them all multiprocessors hold at once.
    registers : int
        Registers of a thread.
    occupancy : float
        Part of the warps of the multiprocessors that the launch fills.
    read, written : float
        Bytes of arrays, once each; what a cache serves is in them.
    from_memory : float
        Those of them that come from the memory, because their arrays do not stay in the L2 cache.
    atomics : float
        Atomic additions.
    least : float
        Lower bound: the largest of bytes by bandwidth and atomics by rate, and the launch itself.
    expected : float
        Expected time.
    binds : str
        What takes the most of it: "launch", "waiting", "memory", "L2", "atomics" or "instructions".
    """

    label: str
    blocks: int
    resident: int
    registers: int
    occupancy: float
    read: float
    written: float
    from_memory: float
    atomics: float
    least: float
    expected: float
    binds: str


class GpuModel(NamedTuple):
    """The launches of one step on one GPU, one after another; not measured.

    Attributes
    ----------
    device : GpuFigures
        The GPU.
    dt : float
        Time step (ms).
    rates : dict of str to float
        Rates that were assumed, by population (Hz).
    launches : list of LaunchModel
        The launches in their order.
    """

    device: GpuFigures
    dt: float
    rates: Mapping[str, float]
    launches: list[LaunchModel]

    @property
    def least(self) -> float:
        """Lower bound of the time of a step (s)."""
        return sum(launch.least for launch in self.launches)

    @property
    def expected(self) -> float:
        """Expected time of a step (s)."""
        return sum(launch.expected for launch in self.launches)

    @property
    def real_time_factor(self) -> float:
        """Expected time for each second of model time."""
        return self.expected / (self.dt * 1e-3)


def gpu_model(
    layout: Layout,
    specs: Mapping[str, ArraySpec],
    device: GpuFigures,
    rates: float | Mapping[str, float] | None = None,
) -> GpuModel:
    """Return the model of a network's step on a GPU.

    Parameters
    ----------
    layout : Layout
        The network.
    specs : mapping of str to ArraySpec
        Its arrays.
    device : GpuFigures
        The GPU.
    rates : float or dict of str to float, optional
        Mean rate of the neurons, of all or by population (Hz).
    """
    activity = Activity(layout, rates)
    return model_of_works(list(works_of(layout, activity)), layout, specs, device, activity.rates)


def model_of_works(
    works: list[Work],
    layout: Layout,
    specs: Mapping[str, ArraySpec],
    device: GpuFigures,
    rates: Mapping[str, float],
    registers: Mapping[str, int] | None = None,
) -> GpuModel:
    """Return the model of a step from the work of its launches, perhaps with other `registers` of some kernels."""
    traffic = [bytes_of(work, specs) for work in works]
    kept = _stay_in_l2(traffic, specs, device)
    taken = [_registers(work, layout, device, registers or {}) for work in works]
    launches = [
        _launch(work, moved, specs, device, kept, *found)
        for work, moved, found in zip(works, traffic, taken, strict=True)
    ]
    return GpuModel(device, layout.dt, rates, launches)


def bytes_of(work: Work, specs: Mapping[str, ArraySpec]) -> dict[str, tuple[float, float]]:
    """Return the bytes that a launch reads and writes of each array, by the name of the array."""
    records = {a.name: a.record for a in KERNELS[work.kernel].arguments}
    found = {}
    for argument, name in bindings(work.kernel, work.group).items():
        record, (read, written) = records[argument], work.elements[argument]
        size = specs[name].dtype.itemsize * (len(record._fields) if record else 1)
        found[name] = read * size, written * size
    return found


def _stay_in_l2(
    traffic: list[dict[str, tuple[float, float]]], specs: Mapping[str, ArraySpec], device: GpuFigures
) -> set[str]:
    """Return the arrays that stay in the L2 cache from one use of an element to the next.

    If a step touches a part of an array, an element is used again after one over this part of steps. The array stays if
    all that is touched meanwhile, each element once, fits into the cache.
    """
    touched: dict[str, float] = {}
    for launch in traffic:
        for name, (read, written) in launch.items():
            touched[name] = touched.get(name, 0.0) + max(read, written)
    sizes = {name: float(specs[name].nbytes) for name in touched}
    for name in touched:
        if "spikes" in specs[name].extents:  # only the last spikes of the list are used
            sizes[name] = min(sizes[name], touched[name])
    used = {name: n for name, n in touched.items() if n}
    steps = {name: sizes[name] / n for name, n in used.items()}

    def meanwhile(name: str) -> float:
        return sum(min(sizes[other], steps[name] * n) for other, n in used.items())

    return {name for name in touched if name not in used or meanwhile(name) <= device.l2}


def _registers(work: Work, layout: Layout, device: GpuFigures, given: Mapping[str, int]) -> tuple[int, int]:
    """Return the registers of a thread of a launch, and the shared memory of a block (bytes)."""
    neurons = work.kernel == "advance_neurons" and work.group is not None
    own = layout.groups[work.group].signature if neurons else None  # type: ignore[index]
    signature = own or signature_of(layout, work.kernel)
    module = module_of(work.kernel, signature, layout.numbers).name
    registers = given.get(work.kernel, registers_of(module, work.kernel, device.capability))
    return registers, resources_of(module, work.kernel).shared


def _launch(
    work: Work,
    traffic: Mapping[str, tuple[float, float]],
    specs: Mapping[str, ArraySpec],
    device: GpuFigures,
    kept: set[str],
    registers: int,
    shared: int,
) -> LaunchModel:
    spec = KERNELS[work.kernel]
    processor = Processor(device.capability, device.registers, device.threads, device.blocks, device.shared)
    each = processor.resident(BLOCK, registers, shared)
    blocks = blocks_of(spec.unit, work.items, BLOCK, device.processors, each)
    resident = min(blocks, each * device.processors)
    slots = resident * (1 if spec.unit == "block" else BLOCK // WARP)

    read, written = (sum(part) for part in zip(*traffic.values(), strict=True))
    from_memory = sum(read + written for name, (read, written) in traffic.items() if name not in kept)
    gathered = bindings(work.kernel, work.group).get(work.gathered)
    missed = max(1.0 - device.l1 / specs[gathered].nbytes, 0.0) if gathered else 0.0  # in the L1 cache
    sectors = work.scattered * SECTOR * missed
    in_l2 = read + written
    memory, l2 = from_memory / device.bandwidth, in_l2 / (device.l2_width * device.clock)
    atomics = work.atomics / (device.atomics * device.clock)
    least = device.gap + max(memory, l2, atomics)

    far = device.l2_latency if _names(work, "targets", "gates") <= kept else device.memory_latency
    first, waiting = _waiting(work.phases, slots, device, far)
    busy = {
        "memory": memory / REACHED,
        "L2": (l2 + sectors / (device.l2_width * device.clock)) / REACHED,
        "atomics": atomics,
        "instructions": work.instructions / (_ISSUED * device.clock * min(device.processors, blocks)),
    }
    longest = max(busy, key=lambda name: busy[name])
    waits = waiting >= first + busy[longest]
    expected = device.gap + max(waiting, first + busy[longest])
    parts = {"launch": device.gap, "waiting": waiting if waits else first, longest: 0.0 if waits else busy[longest]}
    label = work.kernel if work.group is None else f"{work.kernel}.g{work.group}"
    return LaunchModel(
        label, blocks, each * device.processors, registers,
        resident * BLOCK / (device.threads * device.processors), read, written, from_memory, work.atomics,
        least, expected, max(parts, key=lambda name: parts[name]),
    )  # fmt: skip


def _names(work: Work, *arguments: str) -> set[str]:
    """Return the names of the arrays that are passed as some arguments, of those that the kernel has."""
    names = bindings(work.kernel, work.group)
    return {names[argument] for argument in arguments if argument in names}


def _waiting(phases: tuple[Phase, ...], slots: int, device: GpuFigures, far: float) -> tuple[float, float]:
    """Return how long the first units wait until work is under way, and how long all units wait after another (s).

    There are `slots` units at a time; a load that is not in the L2 cache takes `far`.
    """
    first = total = 0.0
    for phase in phases:
        begin = phase.near * device.l2_latency
        rounds = max(phase.units / max(slots, 1), min(phase.units, 1.0))
        first += begin * min(rounds, 1.0)
        total += (begin + phase.far * far + phase.cycles / device.clock) * rounds * phase.times
    return first, total
