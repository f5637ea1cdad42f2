"""`plan`: the memory that a network needs and the way it is computed, before anything is allocated."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from gpusyn.builder.gating.strategy import SYNAPSE
from gpusyn.builder.layout import Layout, Pathway
from gpusyn.builder.placement import lay_out
from gpusyn.builder.specs import chunk_steps, described, extents, launched, synapse_bytes
from gpusyn.errors import PlanMemoryError
from gpusyn.kernels.arrays import SYNAPTIC, ArrayKind
from gpusyn.kernels.program import PARAMETER, RECORD, SCRATCH, STATE, ArraySpec
from gpusyn.network.network import Network
from gpusyn.parameters.grid import interval
from gpusyn.parameters.scalars import instance, one_of, real
from gpusyn.utils.memory import free_memory, size_text

_PRECISIONS = ("single", "double")


@runtime_checkable
class Machine(Protocol):
    """The part of a backend that a plan needs."""

    @property
    def workers(self) -> int:
        """Upper limit on worker threads; targets are split into this many slices."""

    def free_memory(self) -> int | None:
        """Return the number of bytes that the arrays may take, None if it is not known."""


class _ThisComputer:
    """The main memory of this computer and one thread, which a plan assumes if no backend is given."""

    workers = 1

    def free_memory(self) -> int | None:
        """Return the free bytes of main memory, None if the system does not report them."""
        return free_memory()


def plan(net: Network, dt: float, precision: str, machine: Machine | None, threads: int | None) -> Plan:
    """Plan a network for a machine; by default for the main memory of this computer.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If a value is out of range, or a delay or time of the network is not a multiple of `dt`.
    UnknownNameError
        If the precision is unknown.
    """
    instance(net, Network, "plan().net", "a Network")
    dt = real(interval(dt), "plan().dt", unit="ms", above=0.0)
    return Plan(net, dt, one_of(precision, _PRECISIONS, "plan().precision"), machine or _ThisComputer(), threads)


class Plan:
    """The plan of a network; the result of :func:`gpusyn.plan`.

    Attributes
    ----------
    dt : float
        Time step (ms).
    precision : str
        Precision of the state, ``"single"`` or ``"double"``.
    bytes : dict of str to int
        Memory by part (bytes).
    scratch : int
        Largest extra memory while the network is built (bytes); it is released before the first step.
    synapses : float
        Number of synapses; for random rules the expected number.
    launches : int
        Kernel launches per step.
    free : int or None
        Free memory (bytes); ``None``: it is not known.
    """

    def __init__(self, net: Network, dt: float, precision: str, machine: Machine, threads: int | None) -> None:
        self.dt, self.precision = dt, precision
        self.layout: Layout = lay_out(net, dt, precision, threads or machine.workers)
        self.free: int | None = machine.free_memory()
        self.synapses = sum(p.expected for p in self.layout.pathways)
        self._described = list(described(self.layout, extents(self.layout, chunk_steps(self.layout))))
        self.bytes = self._count()
        self.scratch = int(max((40 * p.expected for p in self.layout.pathways if p.listed), default=0))
        self.launches = len(launched(self.layout))
        self.rounded_to_zero: dict[str, int] | None = None

    @property
    def total(self) -> int:
        """Memory of all arrays (bytes)."""
        return sum(self.bytes.values())

    @property
    def fits(self) -> bool:
        """True if the arrays and the scratch of building fit into the free memory, or this is not known."""
        return self.free is None or self.total + self.scratch <= self.free

    @property
    def bytes_per_synapse(self) -> float:
        """Memory of words, weights, gates and row bounds per synapse (bytes)."""
        return self._of_synapses / self.synapses if self.synapses else 0.0

    @property
    def specs(self) -> dict[str, ArraySpec]:
        """Description of each array by name; sizes that depend on drawn synapses are expected numbers."""
        return {spec.name: spec for _, spec in self._described}

    def require_fit(self) -> None:
        """Raise an error if the network does not fit.

        Raises
        ------
        PlanMemoryError
            If it does not fit; the message lists the largest parts. Nothing has been allocated.
        """
        if not self.fits:
            assert self.free is not None
            largest = sorted(self.bytes.items(), key=lambda kv: -kv[1])[:6]
            parts = "\n".join(f"  {size_text(v):>10}  {k}" for k, v in largest)
            raise PlanMemoryError(
                f"this network needs {size_text(self.total + self.scratch)} but {size_text(self.free)} are free.\n"
                f"{parts}\n  {size_text(self.scratch):>10}  more while it is built\nNothing was allocated. "
                "To fit: weights shared by a projection (a number instead of an array or distribution), "
                "fewer synapses, precision='single', or fewer recorded neurons."
            )

    def built(self, rounded_to_zero: Mapping[str, int]) -> Plan:
        """Return the plan with the number of weights that round to 0, which is known once the network is drawn."""
        plan = copy.copy(self)
        plan.rounded_to_zero = dict(rounded_to_zero)
        return plan

    # ---- counting ----
    def _count(self) -> dict[str, int]:
        """Return the memory of all arrays by part, that of synapses by projection (bytes)."""
        parts: dict[str, int] = {}
        for pathway in self.layout.pathways:
            _add(parts, f"synapses {pathway.projection.name}", synapse_bytes(pathway, self.layout))
        self._of_synapses = sum(parts.values())
        for kind, spec in self._described:
            if SYNAPTIC.isdisjoint(map(str, kind.extents)):
                _add(parts, _part(kind), spec.nbytes)
        return {part: n for part, n in parts.items() if n}

    # ---- text ----
    def describe(self) -> str:
        """Return the plan as text: strategies with their reasons, memory, quanta and launches."""
        layout = self.layout
        lines = [
            f"plan: {layout.n_sources} neurons and sources, {self.synapses:.6g} synapses, dt = {self.dt:g} ms, "
            f"{self.precision} precision, sums in {layout.numbers.acc}",
            f"  {self.launches} kernel launches per step, {sum(g.size for g in layout.groups)} neurons in "
            f"{len(layout.groups)} group(s) of one model and receptors each",
        ]
        lines += [line for b in layout.pathways for line in _pathway_lines(b, layout)]
        lines += self._quanta_lines()
        lines.append(
            f"  memory: {size_text(self.total)}, {self.bytes_per_synapse:.2f} bytes per synapse; "
            f"another {size_text(self.scratch)} while it is built"
        )
        lines += [f"    {size_text(v):>10}  {k}" for k, v in self.bytes.items()]
        lines += [f"  note: {note}" for note in dict.fromkeys(layout.notes)]
        free = "free memory unknown" if self.free is None else f"{size_text(self.free)} free"
        lines.append(f"  {'fits' if self.fits else 'DOES NOT FIT'} ({free})")
        return "\n".join(lines)

    def _quanta_lines(self) -> list[str]:
        lines = []
        for name, place in self.layout.populations.items():
            for receptor, ring in zip(place.population.receptors, place.rings, strict=True):
                if ring.quantum.inputs:
                    lines.append(
                        f"  quantum of {name}.{receptor.name}: 2^{ring.quantum.exponent} {receptor.weight_unit}, "
                        f"rounding at most {ring.quantum.error:.1e} of the mean weight, ring of {ring.slots} steps"
                    )
        if self.rounded_to_zero is not None:
            lost = sum(self.rounded_to_zero.values())
            lines.append(
                f"  non-zero weights that round to 0: {lost}"
                + "".join(f", {k} {v}" for k, v in self.rounded_to_zero.items())
            )
        else:
            lines.append(f"  non-zero weights that round to 0: {self._expected_zeros()}")
        return lines

    def _expected_zeros(self) -> str:
        for place in self.layout.populations.values():
            for ring in place.rings:
                if any(i.mean > 0 and i.least < ring.quantum.value / 2 for i in ring.quantum.inputs):
                    return "counted when the network is built (some weights can be arbitrarily small)"
        return "0"

    def __str__(self) -> str:
        return self.describe()


# Parts of the memory beside neurons and synapses, by the role of an array.
_PARTS = {
    STATE: "sums of events, histories, gates of sources",
    PARAMETER: "tables",
    SCRATCH: "inputs of one chunk of steps",
    RECORD: "spikes and samples of one chunk of steps",
}


def _part(kind: ArrayKind) -> str:
    return "neurons" if kind.scope == "group" else _PARTS[kind.role]


def _add(parts: dict[str, int], part: str, n: int) -> None:
    parts[part] = parts.get(part, 0) + n


def _pathway_lines(pathway: Pathway, layout: Layout) -> list[str]:
    lines = []
    for k, receptor in sorted(pathway.receptors(False) + pathway.receptors(True)):
        how = pathway.post.strategies[k].reason
        if pathway.shared and pathway.post.strategies[k].owner != SYNAPSE:
            how += "; all to all with one weight and one delay: the targets share one sum"
        kind = type(receptor.kinetics).__name__
        lines.append(
            f"  {pathway.projection.name} onto {pathway.post.population.name}.{receptor.name} ({kind}): "
            f"{how}; {pathway.expected:.6g} synapses"
        )
    return lines
