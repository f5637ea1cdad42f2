"""Programs put together array by array, so that a backend can be tried without the compiler of networks.

One population of neurons (ids 0 to n - 1), then one of sources whose spikes are listed (ids from n on).
"""

import math

import numpy as np

from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.builder.bundles import power_of_2
from gpusyn.builder.rows.routes import in_units
from gpusyn.kernels.arrays import ARRAYS
from gpusyn.kernels.program import ArraySpec, Launch, Program
from gpusyn.kernels.records import (
    Chunk,
    Clock,
    History,
    PoissonDrive,
    Probe,
    Ring,
    Route,
    SynapseBlock,
    SynapseSet,
)
from gpusyn.kernels.signature import Numbers, ReceptorSignature, Signature
from gpusyn.kernels.spec import KERNELS
from gpusyn.kernels.synapse_words import MOST_LATE, encode_address
from gpusyn.neurons.sources import poisson_cap
from gpusyn.numerics.poisson import pieces_of, poisson_limits

DT = 0.1
NEVER = -(1 << 40)
V, G, I, B, H = range(5)  # variables of a probe
SYNAPTIC = {n: f"syn_{n}" for n in ("row_begin", "weights", "gates", "coef")}
SINGLE, DOUBLE = Numbers("float32", "int32"), Numbers("float64", "int64", "int64")


def lif_row(numbers, *receptors, v_th=15.0, v_reset=0.0, refractory=20, e_l=-70.0, g_l=10.0, c_m=200.0):
    """Coefficients of one conductance-based neuron; `receptors` are their own coefficients in order."""
    row = [v_th, v_reset, refractory, e_l, g_l, DT / c_m]
    return np.array(row + [c for r in receptors for c in r], numbers.real_dtype)


def exponential(tau, e, jump=1.0):
    """Coefficients of an exponential conductance: P, mean, jump, e."""
    return [math.exp(-DT / tau), -tau / DT * math.expm1(-DT / tau), jump, e]


def as_table(rows):
    """The flat array of records."""
    return np.array(list(rows), np.int64).reshape(-1)


class HandMade:
    """A network under construction; `arrays` may be changed until `start`."""

    def __init__(self, signature, coef, n, *, sources=0, slots=128, steps=1000, chunk=128):
        self.signature, self.numbers = signature, signature.numbers
        self.n, self.sources, self.slots, self.steps = n, sources, slots, steps
        self.total = n + sources
        real, acc, weight = (getattr(self.numbers, f"{k}_dtype") for k in ("real", "acc", "weight"))
        k = signature.n_inputs
        coef = np.atleast_2d(np.asarray(coef, real))
        self.coef = coef
        assert coef.shape[1] == signature.n_coef
        row_step = int(len(coef) > 1)
        self.chunks = [
            Chunk(
                first=i, size=min(chunk, n - i), row=i * row_step, row_step=row_step, has_waves=0, source=i, offset=i,
                rings=0, drive=0, drive_end=0, probe=0, probe_end=0, bath=-1,
            )
            for i in range(0, n, chunk)
        ]  # fmt: skip
        self.arrays = {
            a.name: np.zeros(0, a.dtype(self.numbers)) for s in KERNELS.values() for a in s.arguments if a.array
        }
        self.arrays |= {
            "weights": np.zeros(0, weight),
            "syn_row_begin": np.zeros(0, np.int64),
            "syn_weights": np.zeros(0, real),
            "syn_gates": np.zeros(0, real),
            "syn_coef": np.zeros(0, real),
            "clock": np.array(Clock(0, 0, 0), np.int64),
            "V": np.zeros(n * signature.compartments, real),
            "refractory": np.zeros(n, np.int32),
            "membrane": np.zeros(max(1, signature.n_own * n), real),
            "gates": np.zeros(max(1, signature.n_states * n), real),
            "synaptic": np.zeros(2 * signature.n_synaptic * n, real),
            "coef": coef.T.reshape(-1),
            "current": np.zeros(n * signature.compartments, real),
            "current_wave": np.zeros(n * signature.compartments, np.int32),
            "clamp_wave": np.zeros(n * signature.compartments, np.int32),
            "waves": np.zeros(steps, real),
            "ring": np.zeros(k * slots * n, acc),
            "rings": as_table(
                Ring(i * slots * n, mask=slots - 1, stride=n, shared=-1, shared_mask=0) for i in range(k)
            ),
            "spike_total": np.zeros(1, np.int64),
            "spike_begin": np.zeros(power_of_2(steps + 2), np.int64),
            "spike_id": np.zeros(power_of_2(self.total * steps), np.int32),
            "spike_events": np.zeros(power_of_2(self.total * steps), np.int32),
            "gate_total": np.zeros(2, np.int64),
            "ages": np.zeros(1, np.int32),
            "event_step": np.full(self.total, NEVER),
            "event_count": np.zeros(self.total, np.int32),
            "release_step": np.full(self.total, NEVER),
            "fault": np.full(1, np.iinfo(np.int64).max),
            "source_population": np.repeat(np.int32([0, 1]), [n, sources]),
            "route_begin": np.zeros(3, np.int32),
            "listed_begin": np.zeros(steps + 1, np.int64),
        }
        self.drives, self.routes, self.histories, self.probes, self.lists = [], [], [], [], False
        self.synaptic = []  # kernel names

    def spikes(self, events):
        """Listed spikes: (step, source from 0, events) each."""
        events = sorted(events)
        self.lists = True
        self.arrays["listed_begin"] = np.searchsorted([e[0] for e in events], np.arange(self.steps + 1))
        self.arrays["listed_id"] = np.array([e[1] + self.n for e in events], np.int32)
        self.arrays["listed_events"] = np.array([e[2] for e in events], np.int32)

    def connect(self, population, receptor, synapses, *, slice_size=None, shift=0):
        """Event-driven synapses (source within its population, target, delay, weight), delivered at once."""
        for block in sorted({(delay - 1) // MOST_LATE for _, _, delay, _ in synapses} or {0}):
            own = [synapse for synapse in synapses if (synapse[2] - 1) // MOST_LATE == block]
            self._connect(population, receptor, own, slice_size or self.n, shift, block * MOST_LATE)

    def _connect(self, population, receptor, synapses, slice_size, shift, ahead):
        slices = -(-self.n // slice_size)
        first, count = (0, self.n) if population == 0 else (self.n, self.sources)
        rows = sorted((s, t // slice_size, d, t % slice_size, w) for s, t, d, w in synapses)
        key = np.array([s * slices + k for s, k, *_ in rows], np.int64)
        a = self.arrays
        begin = np.searchsorted(key, np.arange(count * slices + 1))
        route = Route(
            source=first, source_end=first + count, segments=a["segment_begin"].size, sizes=-1, row_step=1, age=0,
            width=1, blocks=1, ahead=ahead + 1, targets=a["targets"].size, late=a["late"].size, late_bits=8,
            weights=a["weights"].size, weight=0, shift=shift, ring=receptor * self.slots * self.n,
            mask=self.slots - 1, stride=self.n, slice=0, slices=slices, slice_size=slice_size, payload=-1,
            payload_step=0, channels=1, ring_step=0, runs=0, gathers=0, unit=0, parts=2, release=-1, receptors=1,
        )  # fmt: skip
        self.routes.append((population, route))
        late, targets = [d - ahead - 1 for _, _, d, _, _ in rows], [t for _, _, _, t, _ in rows]
        self._append(segment_begin=begin, targets=targets, late=late, weights=[w for *_, w in rows])

    def drive(self, receptor, mean, key, *, weight=1, start=0, stop=10**9, varies=False):
        """Private Poisson input of mean events per step: one for all, one per neuron, or one per step if it varies."""
        mean = np.asarray(mean, float)
        pieces = pieces_of(mean.max())
        limits = poisson_limits(mean, pieces)
        own = int(mean.ndim and not varies)
        self.drives.append(
            PoissonDrive(
                key_low=key & 0xFFFFFFFF, key_high=key >> 32, input=receptor, limits=self.arrays["drive_limits"].size,
                limit_step=own, level_step=self.n if own else 1, time_step=2 * pieces.levels if varies else 0,
                levels=pieces.levels, pieces=pieces.number, weight=self.arrays["drive_weight"].size, weight_step=0,
                most_events=poisson_cap(mean.max()), start=start, stop=stop,
            )
        )  # fmt: skip
        self._append(drive_limits=limits if own else limits.transpose(2, 0, 1), drive_weight=[weight])

    def probe(self, variable, receptor=0, every=1, neurons=(0,)):
        """Record; returns where the samples will be, (first, number of columns)."""
        first = self.arrays["trace"].size
        for column, neuron in enumerate(neurons):
            self.probes.append(
                Probe(neuron, variable, receptor, every, trace=first, column=column, columns=len(neurons))
            )
        samples = np.full(self.steps // every * len(neurons), np.nan)
        self._append(trace=samples)
        return first, len(neurons)

    def history(self, population, *, pulse=0, words=8, bits=1):
        """Transmitter history of a population's sources; returns its fields."""
        first, count = (0, self.n) if population == 0 else (self.n, self.sources)
        h = History(
            first, count, base=self.arrays["history"].size, words=words, bits=bits, pulse=pulse, dead=-1, release=first
        )
        self.histories.append(h)
        self._append(history=np.zeros(words * count))
        return h

    def gated(self, kernel, which, blocks, coefs, states=1):
        """Per-synapse gates: `blocks` of (history, rows); a row has (source, delay, weight)s."""
        a = self.arrays
        for history, rows in blocks:
            flat = [s for row in rows for s in row]
            begin = np.cumsum([0] + [len(row) for row in rows])
            source, delay = np.array([(s, d) for s, d, _ in flat], np.int64).reshape(-1, 2).T
            self._append(
                blocks=SynapseBlock(
                    rows=a["syn_row_begin"].size,
                    address=a["address"].size,
                    weights=a["syn_weights"].size,
                    weight_step=1,
                    gates=a["syn_gates"].size,
                    gate_step=len(flat),
                    history=history.base,
                    bits=history.bits,
                    coef=a["syn_coef"].size,
                    blocker=-1,
                    free=0,
                    dose=0,
                ),
                syn_row_begin=begin,
                address=encode_address(source, delay, history),
                syn_weights=[w for *_, w in flat],
                syn_gates=np.zeros(states * len(flat)),
                syn_coef=list(coefs) + [0.0] * (6 - len(coefs)),
            )
        stop = a["blocks"].size // len(SynapseBlock._fields)
        targets = SynapseSet(
            size=self.n,
            first=0,
            synaptic=2 * which * self.n,
            synaptic_step=self.n,
            block=stop - len(blocks),
            block_end=stop,
        )
        self._append(sets=targets)
        self.synaptic.append(kernel)

    def program(self):
        """The launches in the order of a step, with copies of the arrays."""
        arrays = {name: array.copy() for name, array in self.arrays.items()}
        chunks, probes = [], []
        for chunk in self.chunks:  # every chunk keeps its own probes, in the order of the chunks
            own = [p for p in self.probes if chunk.first <= p.neuron < chunk.first + chunk.size]
            first = len(probes)
            probes += [p._replace(neuron=p.neuron - chunk.first) for p in own]
            chunks.append(chunk._replace(drive_end=len(self.drives), probe=first, probe_end=len(probes)))
        owners = [owner for owner, _ in self.routes]
        assert owners == sorted(owners)
        routes = in_units(self.routes)
        arrays |= {
            "chunks": as_table(chunks),
            "probes": as_table(probes),
            "drives": as_table(self.drives),
            "routes": as_table(route for _, route in routes),
            "route_begin": np.searchsorted(owners, [0, 1, 2]).astype(np.int32),
            "histories": as_table(self.histories),
        }
        scalars = {
            "n_chunks": len(chunks),
            "n": self.n,
            "n_rows": len(self.coef),
            "n_waves": arrays["waves"].size // self.steps,
            "bath_width": 0,
            "remembers": int(bool(self.histories)),
            "most_units": max((route.unit + route.slices * route.parts for _, route in routes), default=1),
            "n_histories": len(self.histories),
            "n_ages": 1,
            "n_routes": len(self.routes),
            "spike_mask": arrays["spike_id"].size - 1,
            "step_mask": arrays["spike_begin"].size - 1,
            "n_shared": 0,
            "slots": 0,
            "n_sets": 1,
        }
        launches = [self._launch(kernel, scalars, SYNAPTIC) for kernel in self.synaptic]
        launches.append(self._launch("advance_neurons", scalars, {}, self.signature))
        launches += [self._launch("advance_lists", scalars, {})] * self.lists
        launches.append(self._launch("deliver_spikes", scalars, {}))
        return Program(self.numbers, {name: spec_of(name, a) for name, a in arrays.items()}, arrays, launches)

    def _launch(self, kernel, scalars, names, signature=None):
        arguments = KERNELS[kernel].arguments
        arrays = {a.name: names.get(a.name, a.name) for a in arguments if a.array}
        return Launch(kernel, arrays, {a.name: scalars[a.name] for a in arguments if not a.array}, 1, signature)

    def _append(self, **parts):
        for name, values in parts.items():
            old = self.arrays[name]
            self.arrays[name] = np.concatenate([old, np.asarray(values).astype(old.dtype).reshape(-1)])


def spec_of(name, array):
    """Description of a hand-made array, which has the role of the one that the compiler makes."""
    kind = next(kind for kind in ARRAYS if kind.name == name.removeprefix("syn_"))
    return ArraySpec(name, array.dtype, array.shape, kind.role, kind.doc)


AMPA = ReceptorSignature("Exponential", "Conductance")
PASSIVE = {"v_th": 1e9}


def make(*receptors, numbers=DOUBLE, n=1, coefs=(), neuron="LIF", row=None, **options):
    """A hand-made network of LIF neurons with default parameters."""
    names = ("refractory", "v_th", "v_reset", "e_l")
    own = {k: options.pop(k) for k in names if k in options}
    coef = lif_row(numbers, *coefs, **own) if row is None else row
    return HandMade(Signature(neuron, receptors, numbers), coef, n, **options)


def start(net, backend=None):
    return (backend or NumpyBackend()).start(net.program())


def samples(session, place, steps):
    first, columns = place
    return session.read("trace", first, first + steps * columns).reshape(steps, columns)


def next_run(session):
    """What the simulator does between two calls of `run`."""
    clock = Clock(*session.read("clock"))
    session.write("clock", np.array(clock._replace(start=clock.next), np.int64))
