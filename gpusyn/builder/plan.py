"""`plan`: what a network will take and how it will be computed, before anything is allocated."""

from __future__ import annotations

from typing import Any

from gpusyn.builder.compile import chunk_steps
from gpusyn.builder.gating.forms import shape_of, synapse_kernel, synapse_states
from gpusyn.builder.gating.strategy import SYNAPSE
from gpusyn.builder.layout import Block, Layout, one_weight
from gpusyn.builder.placement import lay_out
from gpusyn.drugs.combined import blocker_of
from gpusyn.errors import PlanMemoryError
from gpusyn.network.network import Network
from gpusyn.parameters.scalars import instance, one_of, public, real
from gpusyn.utils.memory import free_memory, size_text

_PRECISIONS = ("single", "double")


@public
def plan(
    net: Network,
    dt: float = 0.1,
    *,
    precision: str = "single",
    backend: Any = None,
    threads: int | None = None,
) -> Plan:
    """Plan a network: strategies, bytes, quanta, launches. Nothing is drawn or allocated.

    Parameters
    ----------
    net : Network
    dt : float
        Step (ms).
    precision : {"single", "double"}
    backend : Backend, optional
        Whose free memory counts; default: this computer's main memory.
    threads : int, optional
        Worker threads of the `cpu` backend.

    Returns
    -------
    Plan
        `print` it, or see its attributes.
    """
    instance(net, Network, "plan().net", "a Network")
    dt = real(dt, "plan().dt", unit="ms", above=0.0)
    return Plan(net, dt, one_of(precision, _PRECISIONS, "plan().precision"), backend, threads)


class Plan:
    """A compiled description.

    Attributes
    ----------
    dt : float
    precision : str
    bytes : dict of str to int
        Memory by part.
    scratch : int
        Largest extra memory while building (bytes); returned before the first step.
    synapses : float
        Number of synapses (expected, for random rules).
    launches : int
        Kernel launches of one step.
    free : int or None
        Bytes that are free.
    """

    def __init__(self, net: Network, dt: float, precision: str, backend: Any, threads: int | None) -> None:
        self.dt, self.precision = dt, precision
        workers = threads or (backend.workers if backend else 1)
        self.layout: Layout = lay_out(net, dt, precision, workers)
        self.free: int | None = backend.free_memory() if backend else free_memory()
        self.synapses = sum(b.expected for b in self.layout.blocks)
        self.bytes = self._count()
        self.scratch = int(max((40 * b.expected for b in self.layout.blocks if b.listed), default=0))
        self.launches = self._launches()
        self.rounded_to_zero: dict[str, int] | None = None

    @property
    def total(self) -> int:
        """Bytes of all arrays."""
        return sum(self.bytes.values())

    @property
    def fits(self) -> bool:
        """Whether arrays and build scratch fit into free memory."""
        return self.free is None or self.total + self.scratch <= self.free

    @property
    def bytes_per_synapse(self) -> float:
        """Bytes of words, weights, gates and row bounds, a synapse."""
        own = sum(v for k, v in self.bytes.items() if k.startswith("synapses"))
        return own / self.synapses if self.synapses else 0.0

    def require_fit(self) -> None:
        """Refuse a network that does not fit.

        Raises
        ------
        PlanMemoryError
            With the breakdown; nothing was allocated.
        """
        if not self.fits:
            assert self.free is not None
            largest = sorted(self.bytes.items(), key=lambda kv: -kv[1])[:6]
            parts = "\n".join(f"  {size_text(v):>10}  {k}" for k, v in largest)
            raise PlanMemoryError(
                f"this network needs {size_text(self.total + self.scratch)} but {size_text(self.free)} are "
                f"free.\n{parts}\n"
                f"  {size_text(self.scratch):>10}  build scratch\nNothing was allocated. To fit: weights "
                "shared by a projection "
                "(a number instead of an array or distribution), fewer synapses, precision='single', or fewer "
                "recorded neurons."
            )

    def built(self, compiled: Any) -> None:
        """Take over what only the drawn network tells."""
        self.rounded_to_zero = dict(compiled.synapses.rounded_to_zero)

    # ---- counting ----
    def _count(self) -> dict[str, int]:
        layout = self.layout
        out: dict[str, int] = {}
        for block in layout.blocks:
            key = f"synapses {block.projection.name}"
            out[key] = out.get(key, 0) + int(_block_bytes(block, layout))
        steps, n = chunk_steps(layout), layout.n_ids
        real = layout.numbers.real_dtype.itemsize
        out["rings of sums"] = layout.ring_size * layout.numbers.acc_dtype.itemsize
        out["neurons"] = sum(
            g.size * (real * (2 + g.signature.n_own + g.signature.n_states + 2 * g.signature.n_synaptic) + 20)
            + g.rows * real * g.signature.n_coef
            for g in layout.groups
        )
        out["sources"] = 4 * n
        for gate in layout.gates.values():
            shape = shape_of(gate.kinetics)
            key = f"gates of {gate.place.population.name}"
            out[key] = out.get(key, 0) + gate.place.size * (real * (shape.states + 2 * shape.channels) + 24)
        out["spikes of a chunk"] = 8 * n * steps
        columns = sum(r.source.size * len(r.variables) for r in layout.net.recorders.values() if not r.is_spikes)
        out["samples of a chunk"] = columns * steps * real
        return {k: v for k, v in out.items() if v}

    def _launches(self) -> int:
        layout = self.layout
        kinds = {p.population.model.kind for p in layout.populations.values()} & {
            "PoissonSource",
            "SpikeSource",
        }
        gated = {
            (synapse_kernel(r.kinetics), b.post.group) for b in layout.blocks for _, r in b.receptors(synaptic=True)
        }
        return len(layout.groups) + len(kinds) + len(gated) + bool(layout.gates) + 1

    # ---- text ----
    def describe(self) -> str:
        """The plan as text: strategy and reason by projection, bytes, quanta, launches."""
        layout = self.layout
        lines = [
            f"plan: {layout.n_sources} neurons and sources, {self.synapses:.6g} synapses, dt = {self.dt:g} ms, "
            f"{self.precision} "
            f"precision, sums in {layout.numbers.acc}",
            f"  {self.launches} launches a step, {sum(g.size for g in layout.groups)} neurons in "
            f"{len(layout.groups)} model signature(s)",
        ]
        lines += [line for b in layout.blocks for line in _block_lines(b, layout)]
        lines += self._quanta_lines()
        lines.append(
            f"  memory: {size_text(self.total)}, {self.bytes_per_synapse:.2f} bytes a synapse, build scratch "
            f"{size_text(self.scratch)}"
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
                        f"  quantum of {name}.{receptor.name}: 2^{ring.quantum.exponent} "
                        f"{receptor.weight_unit}, rounding at most "
                        f"{ring.quantum.error:.1e} of the mean weight, ring of {ring.slots} steps"
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


def _block_bytes(block: Block, layout: Layout) -> float:
    numbers, n = layout.numbers, block.expected
    total = 0.0
    first, end = block.pre_range
    lumped, gated = block.receptors(synaptic=False), block.receptors(synaptic=True)
    if lumped and block.shared:
        total += (4 + 8) * (end - first)
    elif lumped:
        total += 4 * n + 8 * (end - first) * block.post.slices
    for _, receptor in lumped:
        total += 0 if one_weight(block.projection, receptor.name) else numbers.weight_dtype.itemsize * n
    total += len({synapse_kernel(r.kinetics) for _, r in gated}) * (4 * n + 8 * block.post.size)
    for _, receptor in gated:
        states = synapse_states(receptor.kinetics) + (blocker_of(receptor, layout.net.infusions) is not None)
        weight = 0 if one_weight(block.projection, receptor.name) else numbers.real_dtype.itemsize
        total += (weight + states * numbers.real_dtype.itemsize) * n
    return total


def _block_lines(block: Block, layout: Layout) -> list[str]:
    lines = []
    for k, receptor in sorted(block.receptors(False) + block.receptors(True)):
        how = block.post.strategies[k].reason
        if block.shared and block.post.strategies[k].owner != SYNAPSE:
            how += "; one weight and delay from all to all: the targets share one sum"
        kind = type(receptor.kinetics).__name__
        lines.append(
            f"  {block.projection.name} onto {block.post.population.name}.{receptor.name} ({kind}): {how}; "
            f"{block.expected:.6g} synapses"
        )
    return lines
