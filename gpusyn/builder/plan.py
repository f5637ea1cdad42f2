"""`plan`: the memory that a network needs and the way it is computed, before anything is allocated."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from gpusyn.builder.building import building_peak
from gpusyn.builder.gpu.devices import AbsentGpu
from gpusyn.builder.junctions import building_bytes, host_bytes, junction_rows
from gpusyn.builder.layout import Layout
from gpusyn.builder.most_synapses import too_many
from gpusyn.builder.notes import together
from gpusyn.builder.offers import procedural_offer
from gpusyn.builder.ownership import Spread
from gpusyn.builder.placement import lay_out
from gpusyn.builder.plan_text import (
    Row,
    delivery_rows,
    lost_text,
    memory_text,
    method_rows,
    quantum_rows,
    recording_rows,
    release_rows,
)
from gpusyn.builder.plasticity.plan_text import learning_rows
from gpusyn.builder.plasticity.rewiring import rewiring_bytes, rewiring_rows
from gpusyn.builder.recorded import listing_bytes, recorded_bytes
from gpusyn.builder.specs import bundle_bytes, chunk_steps, described, extents, gated_bytes, launched, procedural_bytes
from gpusyn.builder.spread import RankPlan, rank_plan, rank_rows
from gpusyn.errors import ParameterError, PlanMemoryError
from gpusyn.kernels.arrays import PROCEDURAL, SYNAPTIC, ArrayKind
from gpusyn.kernels.program import PARAMETER, RECORD, SCRATCH, STATE, ArraySpec
from gpusyn.network.network import Network
from gpusyn.parameters.grid import interval
from gpusyn.parameters.scalars import flag, instance, one_of, public, real
from gpusyn.utils.memory import free_memory, memory_errors, size_text
from gpusyn.utils.tables import html_table

if TYPE_CHECKING:
    from gpusyn.builder.gpu.model import GpuModel

PRECISIONS = ("single", "double")
WEIGHTS = ("exact", "compact")
TO_FIT = (
    "To fit: weights shared by a projection (a number instead of an array or distribution), weights='compact', fewer "
    "synapses, precision='single', or fewer recorded neurons"
)
_HOST = 36  # bytes of a neuron: V, rest and current in double precision, and a part of its chunk
_OBJECTS = 6_000_000  # bytes of objects that are no arrays, and of freed memory that the system has not got back


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


class Asked(NamedTuple):
    """What the user asks of a simulation, as given to the call `where`."""

    dt: float
    precision: str
    weights: str
    threads: int | None
    where: str
    spread: Spread | None = None
    rate: float | None = None  # mean rate of all neurons (Hz), None: what is expected of them; for the traffic of ranks


def plan(net: Network, asked: Asked, machine: Machine | None) -> Plan:
    """Plan a network for a machine, by default for the main memory of this computer.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If a value is out of range, or a delay or time of the network is not a multiple of `dt`.
    UnknownNameError
        If the precision, or the way to store weights, is unknown.
    """
    where = asked.where
    instance(net, Network, f"{where}.net", "a Network")
    dt = real(interval(asked.dt), f"{where}.dt", unit="ms", above=0.0)
    precision = one_of(asked.precision, PRECISIONS, f"{where}.precision")
    weights = one_of(asked.weights, WEIGHTS, f"{where}.weights")
    with memory_errors(f"{where}: planning the network", TO_FIT):
        return Plan(net, asked._replace(dt=dt, precision=precision, weights=weights), machine or _ThisComputer())


class Plan:
    """The plan of a network; the result of :func:`gpusyn.plan`.

    Parameters
    ----------
    net : Network
        Network to plan.
    asked : Asked
        Time step, precision, way to store weights and threads, as for :func:`gpusyn.plan`.
    machine : Machine
        Backend whose memory counts.

    Attributes
    ----------
    dt : float
        Time step (ms).
    precision : str
        Precision of the state, ``"single"`` or ``"double"``.
    weights : str
        Way in which the weights of synapses are stored, ``"exact"`` or ``"compact"``.
    bytes : dict of str to int
        Memory by part (bytes).
    scratch : int
        Largest extra main memory while the network is built (bytes); it is released before the first step.
    recordings : dict of str to int
        Memory of the recordings that are kept in memory, by recorder, in addition (bytes): up to the recorder's `stop`,
        or in one second; of traces exactly, of spikes with the rates of sources and 20 Hz of neurons.
    synapses : float
        Number of synapses; for random rules the expected number.
    launches : int
        Kernel launches per step.
    free : int or None
        Free memory where the arrays are during a run (bytes); ``None``: it is not known. Of a GPU that is named and
        not there, it is the memory of its data sheet less what the driver and the context take.
    free_host : int or None
        Free main memory (bytes), in which networks are built and recordings are kept; ``None``: it is not known, as
        that of the computer with a GPU that is not there.
    model : GpuModel or None
        Model of the time of a step, if the plan is for a GPU that is named.
    rank : RankPlan or None
        What this rank owns, keeps and exchanges, if the network is spread on several ranks. All other attributes are
        those of the one rank, but for `dt`, `precision` and `weights`.

    Raises
    ------
    ParameterError
        If a value is out of range, or a delay or time of the network is not a multiple of `dt`.
    """

    def __init__(self, net: Network, asked: Asked, machine: Machine) -> None:
        self.dt, self.precision, self.weights = asked.dt, asked.precision, asked.weights
        workers, compact = asked.threads or machine.workers, asked.weights == "compact"
        self.layout: Layout = lay_out(net, asked.dt, asked.precision, workers, compact=compact, spread=asked.spread)
        self.free: int | None = machine.free_memory()
        self.synapses = sum(p.expected for p in self.layout.pathways)
        self._described = list(described(self.layout, extents(self.layout, chunk_steps(self.layout))))
        self.bytes = self._count()
        name = getattr(machine, "name", "")
        self._on_host = name != "cuda"
        built = building_peak(self.layout, name != "numpy", on_device=not self._on_host)
        self._rows_there = round(built.rows)  # bytes of arrays that are on a GPU from the start
        building = max(built.host + built.rows, building_bytes(self.layout), self.total) - self.total
        self.scratch = round(max(building, listing_bytes(self.layout))) + _OBJECTS
        self._scratch_there = max(0, round(built.device) - self.on_device) if built.rows else 0
        self.recordings = {
            r.name: n for r in self.layout.net.recorders.values() if (n := recorded_bytes(r, self.layout))
        }
        absent = isinstance(machine, AbsentGpu)
        self.free_host = self.free if self._on_host else None if absent else free_memory()
        self._of_host = self.total if self._on_host else self._of_host_tables()  # during a run, without recordings
        self.launches = len(launched(self.layout))
        self.model: GpuModel | None = None
        if isinstance(machine, AbsentGpu):
            from gpusyn.builder.gpu.model import gpu_model  # here, because importing gpusyn should not take longer

            self.model = gpu_model(self.layout, self.specs, machine.figures, machine.rate)
        self.rank: RankPlan | None = rank_plan(self.layout, self._described, asked.rate)
        self._rate = asked.rate
        self.rounded_to_zero: dict[str, int] | None = None

    @property
    def total(self) -> int:
        """Memory of all arrays (bytes)."""
        return sum(self.bytes.values())

    @property
    def fits(self) -> bool:
        """True if arrays, scratch of building, and recordings fit into the free memory, or this is not known."""
        needs = (
            (self.peak_on_device, self.free),
            (self._while_built, self.free_host),
            (self._of_host + sum(self.recordings.values()), self.free_host),
        )
        return all(free is None or need <= free for need, free in needs)

    @property
    def on_device(self) -> int:
        """Memory of the arrays of a GPU (bytes); 0 if all are in main memory."""
        return 0 if self._on_host else self.total - self._of_host_tables()

    @property
    def peak_on_device(self) -> int:
        """Most memory of a GPU, while the network is built or runs (bytes); 0 if all arrays are in main memory."""
        return self.on_device + self._scratch_there

    @property
    def _while_built(self) -> int:
        """Main memory that is needed while the network is built (bytes)."""
        return self.total - self._rows_there + self.scratch

    @property
    def bytes_per_synapse(self) -> float:
        """Memory of targets, weights, gates and bounds of rows per synapse (bytes)."""
        return self._of_synapses / self.synapses if self.synapses else 0.0

    @property
    def specs(self) -> dict[str, ArraySpec]:
        """Description of each array by name; sizes that depend on drawn synapses are expected numbers."""
        return {spec.name: spec for _, spec in self._described}

    @public
    def require_fit(self) -> None:
        """Raise an error if the network does not fit.

        Raises
        ------
        PlanMemoryError
            If it does not fit; the message lists the largest parts. Nothing has been allocated.
        ParameterError
            If rows are expected to have more synapses than can be told apart; a warning of the plan says so, too.
        """
        if not self.fits:
            largest = sorted(self.bytes.items(), key=lambda kv: -kv[1])[:6]
            parts = "\n".join(f"  {size_text(v):>10}  {k}" for k, v in largest)
            kept = sum(self.recordings.values())
            if not self._on_host and self.free is not None and self.peak_on_device > self.free:
                raise PlanMemoryError(
                    f"this network needs {size_text(self.peak_on_device)} on the GPU but {size_text(self.free)} are "
                    f"free there.\n{parts}\nNothing was allocated. {TO_FIT}."
                )
            assert self.free_host is not None
            if kept > self.scratch and self._of_host + kept > self.free_host:
                name = max(self.recordings, key=lambda name: self.recordings[name])
                raise PlanMemoryError(
                    f"this network needs {size_text(self._of_host + kept)} but {size_text(self.free_host)} are free: "
                    f"{size_text(kept)} for recordings in memory, the largest of recorder '{name}', "
                    f"{size_text(self.recordings[name])}.\nNothing was allocated. To fit: give the recorder file=, "
                    "every=, fewer neurons, or an earlier stop="
                )
            where = "" if self._on_host else " of main memory while it is built"
            raise PlanMemoryError(
                f"this network needs {size_text(self._while_built)}{where} but {size_text(self.free_host)} are "
                "free.\n"
                f"{parts}\n  {size_text(self.scratch):>10}  more while it is built\nNothing was allocated. {TO_FIT}"
                f"{f'; or {offer}' if (offer := procedural_offer(self.layout, self.bytes)) else ''}."
            )
        for note in too_many(self.layout):
            raise ParameterError(str(note))

    def built(self, rounded_to_zero: Mapping[str, int]) -> Plan:
        """Return the plan with the number of weights that round to 0, which is known once the network is drawn.

        Parameters
        ----------
        rounded_to_zero : mapping of str to int
            Number of weights by the name of their projection and receptor.

        Returns
        -------
        Plan
        """
        plan = copy.copy(self)
        plan.rounded_to_zero = dict(rounded_to_zero)
        return plan

    # ---- counting ----
    def _count(self) -> dict[str, int]:
        """Return the memory of all arrays by part, that of synapses by projection (bytes)."""
        parts: dict[str, int] = {}
        for pathway in self.layout.pathways:
            _add(parts, f"synapses {pathway.projection.name}", gated_bytes(pathway, self.layout))
        for bundle in self.layout.bundles:
            synapses, size = bundle.expected, bundle_bytes(bundle, self.layout)
            for pathway in bundle.pathways:
                share = pathway.expected / synapses if synapses else 1 / len(bundle.pathways)
                _add(parts, f"synapses {pathway.projection.name}", round(share * size))
        for bundle in self.layout.procedural:
            name = bundle.pathways[0].projection.name
            _add(parts, f"synapses {name}", procedural_bytes(bundle, self.layout))
        self._of_synapses = sum(parts.values())
        self._of_gates = sum(
            spec.nbytes
            for kind, spec in self._described
            if kind.kernels and kind.kernels != PROCEDURAL and not SYNAPTIC.isdisjoint(kind.extents)
        )
        for kind, spec in self._described:
            if SYNAPTIC.isdisjoint(map(str, kind.extents)):
                _add(parts, _part(kind, spec.size), spec.nbytes)
        _add(parts, "parameters and initial states of neurons, for the host", self._of_neurons_on_host())
        _add(parts, "numbers of known sources, for the host", self._of_senders())
        _add(parts, "rewiring, for the host", rewiring_bytes(self.layout))
        _add(parts, "gap junctions", host_bytes(self.layout))
        return {part: n for part, n in parts.items() if n}

    def _of_host_tables(self) -> int:
        """Return the bytes of what the host keeps beside the arrays of the program."""
        own = self._of_neurons_on_host() + self._of_senders()
        return own + rewiring_bytes(self.layout) + host_bytes(self.layout)

    def _of_senders(self) -> int:
        return 0 if self.layout.senders is None else self.layout.senders.nbytes

    def _of_neurons_on_host(self) -> int:
        """Return the bytes of what the host keeps of neurons: V, rest and current in double precision, initial states.

        An initial state that all neurons share takes no memory.
        """
        states = sum(spec.nbytes for kind, spec in self._described if kind.scope == "group" and kind.name in _INITIAL)
        return states + sum(_HOST * group.size for group in self.layout.groups)

    # ---- text ----
    @public
    def describe(self, details: bool = False) -> str:
        """Return the plan as text: whether it fits, size and work, then methods, rounding, memory and notes.

        What is alike is told in one line, and of long lists the largest items are.

        Parameters
        ----------
        details : bool
            If True, tell about every projection, receptor and part of the memory.

        Returns
        -------
        str

        Raises
        ------
        ArgumentError
            If `details` is not True or False.
        """
        rows = self._rows(flag(details, "Plan.describe().details"))
        return "\n".join([f"plan: {self._verdict()}", *(_line(*row) for row in rows)])

    def _verdict(self) -> str:
        of_rank = "" if self.rank is None else f"rank {self.rank.rank} of {self.rank.ranks} "
        return of_rank + self._fit_text()

    def _fit_text(self) -> str:
        free = "free memory unknown" if self.free is None else f"{size_text(self.free)} free"
        fits = "fits" if self.fits else "DOES NOT FIT"
        if self._on_host:
            return f"{fits} ({free}): {size_text(self.total)}, and another {size_text(self.scratch)} while it is built"
        main = "unknown" if self.free_host is None else size_text(self.free_host)
        where = f"on the GPU, {main} of main memory"
        if self.model is not None:
            where = f"on {self.model.device.full_name}, if nothing else runs on it"
        return (
            f"{fits} ({free} {where}): {size_text(self.on_device)} on the GPU, "
            f"{f'another {size_text(self._scratch_there)} there ' if self._scratch_there else ''}"
            f"and {size_text(self._while_built)} of main memory while it is built"
        )

    def _rows(self, details: bool) -> list[Row]:
        layout = self.layout
        lost = self._expected_zeros() if self.rounded_to_zero is None else lost_text(self.rounded_to_zero, details)
        lost += " (procedural synapses are not counted)" if layout.procedural else ""
        memory = f"{self.bytes_per_synapse:.2f} bytes per synapse\n{memory_text(self.bytes, details)}"
        notes = [(note.level, str(note)) for note in layout.notes] if details else together(layout.notes)
        rows = [
            ("size", self._size()),
            *rank_rows(self.rank, layout, self._rate),
            ("work", self._work()),
            *self._time_rows(),
            *method_rows(layout, details),
            *delivery_rows(layout),
            *junction_rows(layout),
            *learning_rows(layout),
            *rewiring_rows(layout),
            *release_rows(layout),
            *quantum_rows(layout, details),
            ("non-zero weights that round to 0", lost),
            ("memory", memory),
            *self._offered(),
            *recording_rows(self.recordings, layout),
            *(("note" if level < logging.WARNING else "warning", note) for level, note in notes),
        ]
        last = ("groups", self._groups()) if details else ("more", "plan.describe(details=True)")
        return [*rows, last]

    def _groups(self) -> str:
        groups = self.layout.groups
        return f"{sum(g.size for g in groups)} neurons in {len(groups)} group(s) of one model and receptors each"

    def _size(self) -> str:
        layout = self.layout
        return (
            f"{layout.n_neurons} neurons and sources, {self.synapses:.6g} synapses, dt = {self.dt:g} ms, "
            f"{self.precision} precision, sums in {layout.numbers.acc}{self._rounded()}"
        )

    def _rounded(self) -> str:
        exact = self.weights == "exact"
        return "" if exact else ", weights in 2 bytes, wrong by at most 2^-15 of the largest of their projection"

    def _work(self) -> str:
        """Return what a step and a spike cost, in launches and bytes: a plan measures no time."""
        gates = f" and {size_text(self._of_gates)} of gates on synapses" if self._of_gates else ""
        spike = (self._of_synapses - self._of_gates) / max(self.layout.n_sources, 1)
        return (
            f"{self.launches} kernel launches per step, one after another, through "
            f"{size_text(self.bytes.get('neurons', 0))} of neurons{gates}; a spike takes {size_text(spike)} of "
            "synapses on average"
        )

    def _time_rows(self) -> list[Row]:
        """Return what a step takes on a GPU that is named."""
        if self.model is None:
            return []
        from gpusyn.builder.gpu.text import LABEL, step_text

        return [(f"time on {self.model.device.name} ({LABEL})", step_text(self.model))]

    def _offered(self) -> list[Row]:
        """Return what would help where memory does not suffice."""
        offer = "" if self.fits else procedural_offer(self.layout, self.bytes)
        return [("to fit", offer)] if offer else []

    def _expected_zeros(self) -> str:
        for place in self.layout.populations.values():
            for sums in place.sums:
                if any(i.mean > 0 and i.least < sums.quantum.step(i.largest) / 2 for i in sums.quantum.inputs):
                    return "counted when the network is built (some weights can be arbitrarily small)"
        return "0"

    def __repr__(self) -> str:
        return self.describe()

    def _repr_html_(self) -> str:
        return html_table((), [("plan", self._verdict()), *self._rows(details=False)])


_INITIAL = ("V", "membrane", "gates")  # states of neurons of which the host keeps the initial values
_JUNCTIONS = ("junction_begin", "junction_other", "junction_conductance", "potential")
_TRAINS = ("train_step", "train_value", "train_count")

# Parts of the memory beside neurons and synapses, by the role of an array.
_PARTS = {
    STATE: "sums and lists of events, histories, gates of sources",
    PARAMETER: "tables",
    SCRATCH: "inputs of one chunk of steps",
    RECORD: "spikes and samples of one chunk of steps",
}


def _part(kind: ArrayKind, n: int) -> str:
    """Return the part of the memory to which an array of `n` elements belongs."""
    if kind.name in _TRAINS and n > 1:
        return "last spikes of neurons, from which synapses learn"
    if kind.name in _JUNCTIONS and n > 1:
        return "gap junctions"
    return "neurons" if kind.scope == "group" else _PARTS[kind.role]


def _add(parts: dict[str, int], part: str, n: int) -> None:
    parts[part] = parts.get(part, 0) + n


def _line(heading: str, text: str) -> str:
    return f"  {heading}: {text}"
