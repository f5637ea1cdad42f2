"""The integer tables that the kernels read: each record is one row, with the fields of its struct in ``records.cuh``.

A test compares names and order of the fields with ``kernels/records.cuh``. In every record:

- `source` is the id of the first neuron among all that send spikes, and `source_end` is the id after the last;
- `size` is the number of neurons (or sources) of the record;
- `x_step` is the distance from one x to the next, in elements of its array;
- a field named like an array (`targets`, `weights`, `rings`) is the place in that array where the record's part begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import get_annotations
from typing import NamedTuple, TypeVar

import numpy as np

from gpusyn.utils.typing import Array

Row = TypeVar("Row")
CHUNK = 128  # most neurons, or sources, of one chunk, as in kernels/common.cuh
NEVER = 2**62  # a step that no run reaches
RECENT = 8  # last spikes of a source that are beside those of the next, as in kernels/trains.cuh
PIECE = 128  # synapses of a unit of delivery on a GPU: a segment that is expected to have more is divided
ROWS = EACH, SOME, CHOSEN, DIFFERENT = range(4)  # how rows are drawn, as in kernels/deliver_procedural.cu
SPAN = 2048  # most synapses of a part of a row that is drawn apart, as there


class Clock(NamedTuple):
    """Steps since the start of the simulation: the `next` to begin, the one that runs `now`, the first of the chunk."""

    next: int
    now: int
    start: int


class Chunk(NamedTuple):
    """Neurons of one population that one block advances: `size` neurons from neuron `first` of their group on.

    `source` is the id of the first neuron, `offset` its place in its population, and `row` its row of coefficients.
    """

    first: int
    size: int
    row: int
    row_step: int
    has_waves: int
    source: int
    offset: int
    rings: int
    drive: int
    drive_end: int
    probe: int
    probe_end: int
    bath: int


class Ring(NamedTuple):
    """Integer sums of the coming steps for one input of a target population: `mask` + 1 slots, `stride` apart.

    Input that every neuron of the population receives is one number per slot, from `shared` on (-1: there is none).
    """

    base: int
    mask: int
    stride: int
    shared: int
    shared_mask: int


class Probe(NamedTuple):
    """One recorded variable of one neuron, counted from the first neuron of its chunk."""

    neuron: int
    variable: int
    receptor: int
    every: int
    trace: int
    column: int
    columns: int


class Bath(NamedTuple):
    """Values of one receptor that change with time: columns of the waves, place in the table of kinetics (-1: none)."""

    scale: int
    magnesium: int
    kinetics: int


class PoissonDrive(NamedTuple):
    """Poisson events: private input to the neurons of a population, or the spikes of sources.

    Events come in `pieces`, whose counts have `levels` limits each, `level_step` apart. They are the same for all
    elements (`limit_step` 0) or each has its own (1), and in all steps, or `time_step` from one step to the next.
    """

    key_low: int
    key_high: int
    input: int
    limits: int
    limit_step: int
    level_step: int
    time_step: int
    levels: int
    pieces: int
    weight: int
    weight_step: int
    most_events: int
    start: int
    stop: int


class Renewal(NamedTuple):
    """A population of renewal processes.

    In a step, the interval of a source gets shorter by a number in `advances`: the same for all sources
    (`advance_step` 0) or each has its own (1), and in all steps, or `time_step` from one step to the next. Its
    coefficients are in `intervals`, those of all sources, or `interval_step` from one source to the next.
    """

    key_low: int
    key_high: int
    advance: int
    advance_step: int
    time_step: int
    intervals: int
    interval_step: int
    waiting: int
    most_events: int


class NoiseCurrent(NamedTuple):
    """Noise of one injection into `size` neurons of a population, from neuron `first` of their group on.

    The first is neuron `offset` of its population. It gets a fresh number `every` so many steps, which replaces the one
    before or, if that `lasts`, moves it. Coefficients are the same for all neurons (`coef_step` 0) or each has its own
    (1): `size` values of each coefficient, one after the other.
    """

    key_low: int
    key_high: int
    first: int
    size: int
    offset: int
    current: int
    noise: int
    coef: int
    coef_step: int
    every: int
    lasts: int
    start: int
    stop: int


class SourceChunk(NamedTuple):
    """Sources of one population that one block advances; `offset` is the place of the first source in it.

    `drive` is the row of the population among the Poisson drives, or among the renewal processes.
    """

    source: int
    offset: int
    size: int
    drive: int


class Route(NamedTuple):
    """The synapses from sources `source` to `source_end` onto one ring, cut into slices of its targets.

    The row of a source has a segment for each of `slices` slices from `slice` on and each block of delays, `row_step`
    segments for a slice. If `sizes` is not -1, the sizes of the segments are there in unary, and few of their bounds in
    `segment_begin`, else the bounds of all. A block has `width` delays. Events of age `age` + b x `width` steps are
    delivered along the segments of block b < `blocks`, into the slot `ahead` steps after the present step, or later by
    what `late` holds for each synapse in `late_bits` bits (-1: nothing). A `weights` of -1 means that all synapses have
    the weight `weight`. Weights are in units of 2^`shift` quanta.

    If it has `runs`, the targets of each segment ascend in long runs of consecutive ones, and each synapse has its own
    weight. If it `gathers`, events of gates go to sums that all targets share.

    A GPU has a unit of work for each of `slices` slices and each of `parts` equal parts of a segment, numbered from
    `unit` on among those of its sender. It delivers to `receptors` receptors of the same contacts, whose routes
    are this one and those before it, which have `receptors` 0.

    With a `release` (-1: none), a spike delivers a part of each weight, which `spike_release` holds there.
    """

    source: int
    source_end: int
    segments: int
    sizes: int
    row_step: int
    age: int
    width: int
    blocks: int
    ahead: int
    targets: int
    late: int
    late_bits: int
    weights: int
    weight: int
    shift: int
    ring: int
    mask: int
    stride: int
    slice: int
    slices: int
    slice_size: int
    payload: int
    payload_step: int
    channels: int
    ring_step: int
    runs: int
    gathers: int
    unit: int
    parts: int
    release: int
    receptors: int


class DrawnSet(NamedTuple):
    """Rows that are drawn again at each event of the sources `source` to `source_end`, instead of being stored.

    Events are spikes of age `age` (steps), or those of gates (`of_gates`) of this step. The row of a source is its
    place after `source` plus `row`, or, if `rows` is not -1, `ids` holds it from there on (-1: the source has no row).
    `rule` (`ROWS`) says how the row is drawn from `columns` columns: with the random `key`, and with `law` in `laws`,
    from which `calls` calls of the generator draw gaps that need 53 bits if `fine`; or `degree` columns. From `own` on,
    `ids` holds the column of each row that is left out (-1: no place, or no column). Rows whose parts can be drawn
    apart are drawn in `spans` parts.

    Synapses are numbered in the order of creation: a row begins at its number times `degree`, or, from `first` on,
    `row_first` holds where it begins (-1: no place, or nothing needs the number). Delays are `delay` steps, or drawn
    with `delay_key` from the law `delay_law`. Columns lie in the parts `part` to `part_end`, and synapses add to the
    `output` to `output_end`.
    """

    source: int
    source_end: int
    of_gates: int
    age: int
    row: int
    rows: int
    rule: int
    columns: int
    degree: int
    own: int
    key: int
    law: int
    fine: int
    calls: int
    spans: int
    first: int
    delay: int
    delay_key: int
    delay_law: int
    part: int
    part_end: int
    output: int
    output_end: int


class DrawnPart(NamedTuple):
    """Targets of drawn rows: the columns from `begin` on, at the places from `shift` on, or those in `ids` plus it."""

    begin: int
    size: int
    shift: int
    ids: int


class DrawnOutput(NamedTuple):
    """The sums of one receptor to which the synapses of drawn rows add.

    The weight is `weight`, or drawn with `key` from the law `law` (-1: not), in units of 2^`shift` quanta. Events of
    gates carry the values of `channels` channels.
    """

    ring: int
    mask: int
    stride: int
    weight: int
    key: int
    law: int
    shift: int
    payload: int
    payload_step: int
    channels: int
    ring_step: int


class Shared(NamedTuple):
    """Sums that are the same for every neuron of a population: `mask` + 1 slots of one number each."""

    base: int
    mask: int


class SourceGateSet(NamedTuple):
    """Gates that `size` sources own for one kinetics; their events have source ids from `event_source` on."""

    kind: int
    source: int
    size: int
    event_source: int
    gates: int
    coef: int
    components: int
    pulse: int
    dead: int
    release: int
    payload: int


class ReleaseSet(NamedTuple):
    """What `size` sources release at the synapses of one projection; their spikes have it at `slot`.

    The state of the first source is at `first`, and the coefficients of all begin at `coef`.
    """

    source: int
    size: int
    first: int
    coef: int
    slot: int


class History(NamedTuple):
    """The past transmitter of `size` sources: shift registers of `bits` bits per step, the newest step lowest."""

    source: int
    size: int
    base: int
    words: int
    bits: int
    pulse: int
    dead: int
    release: int


class SynapseSet(NamedTuple):
    """Targets whose synapses own their gates of one receptor: the blocks to add up, and the places of the sums."""

    size: int
    first: int
    synaptic: int
    synaptic_step: int
    block: int
    block_end: int


class SynapseBlock(NamedTuple):
    """Per-synapse gates of one projection, in rows of the targets."""

    rows: int
    address: int
    weights: int
    weight_step: int
    gates: int
    gate_step: int
    history: int
    bits: int
    coef: int
    blocker: int
    free: int
    dose: int


class TrainSet(NamedTuple):
    """The last spikes of `size` sources: rings of `depth` spikes, a power of 2, with the traces after each.

    From `steps` on are the steps of the last `RECENT` spikes of each source, the newest first, because most synapses
    look at no others; then come the rings. In the same way, the traces after the newest spike of each source, one after
    the other, are from `values` on, and then come those of the rings. `trace` is the place of the first `TraceDecay`. A
    postsynaptic spike reaches a synapse at most `longest` steps later (-1: the set has presynaptic spikes alone).
    """

    source: int
    size: int
    depth: int
    steps: int
    values: int
    counts: int
    traces: int
    trace: int
    longest: int


class TraceDecay(NamedTuple):
    """A trace: the place of its 256 fine decays, before `coarse` ones and a 0; 1 if only the `nearest` spike counts."""

    decays: int
    coarse: int
    nearest: int


class Learning(NamedTuple):
    """How the synapses of a route learn: by the `rule` of this number, with the coefficients from `coef` on.

    `pre` and `post` are the numbers of the sets of trains; the postsynaptic neuron of a target is its place among all
    targets less `offset`. A postsynaptic spike needs `dendritic` steps to the synapses, and as many more as they are
    late. A presynaptic spike reaches them `early` steps after it is visited, at the age of the route: 1 if there is no
    dendritic part, because it acts in the step of its arrival, else 0. Weights stay from 0 to `w_max`. `settled` is the
    place of the step up to which the host has settled them. If spikes leave an `eligibility` (-1: they do not), the
    `modulator` of this number makes changes of the weights from it; they are complete at all multiples of `scaled`
    steps (0: there are none), in which the weights are scaled. Calcium of a presynaptic spike comes `lag` steps after
    it has reached the synapse; if `noisy` is not -1, noise moves the weights, and it is the place of what is kept of
    each synapse for it.
    """

    rule: int
    coef: int
    pre: int
    post: int
    offset: int
    dendritic: int
    early: int
    w_max: int
    settled: int
    eligibility: int
    modulator: int
    scaled: int
    lag: int
    noisy: int


class Scaling(NamedTuple):
    """How the weights of a pathway are scaled: every `every` steps, by the rates of the neurons of the set `train`.

    Their coefficients are `coef`. `growth` is the place of what the weights onto the first neuron grow by, and the
    neuron of a target is its place among all targets less `offset`. Weights stay from 0 to `w_max`. If spikes change
    them too, all synapses are settled before, and `settled` is the place of the step up to which they are (-1: not so).
    """

    every: int
    train: int
    coef: int
    growth: int
    offset: int
    w_max: int
    settled: int


class Modulator(NamedTuple):
    """What makes changes of weights from eligibilities: the spikes of the sources in parts `part` to `part_end`.

    The rate `column` of the waves adds to them (0: none). `coef` are its coefficients, and `decay` and `growth` the
    decays of the eligibility and their inverses. Every `mask` + 1 steps, a power of 2, all synapses are settled, and
    `gains` holds what a unit of eligibility has made of a weight in the steps since.
    """

    part: int
    part_end: int
    column: int
    coef: int
    decay: int
    growth: int
    mask: int
    gains: int


class ModulatorPart(NamedTuple):
    """Sources whose spikes modulate: from `source` to `source_end`."""

    source: int
    source_end: int


class ReleasingSet(NamedTuple):
    """Sources whose synapses release one by one; the first of them has the place `place` among all such sources."""

    source: int
    source_end: int
    place: int
    coef: int


class SynapseRelease(NamedTuple):
    """How the synapses of a route release: all of a weight at once, or at `sites` sites with the random `keys`.

    The first source of the route has the place `place` among all whose synapses release one by one. What is kept of
    each synapse begins at `number` (its number in the order of creation), `u`, `x`, `y` and `full`, and its parameters
    at `own_U`, `own_facil`, `own_rec` and `own_psc` in `own` (-1: nothing is kept, and parameters are in `coef`).
    Synapses release onto the receptors `receptor` to `receptor_end`.
    """

    place: int
    coef: int
    sites: int
    keys: int
    number: int
    u: int
    x: int
    y: int
    full: int
    own_U: int
    own_facil: int
    own_rec: int
    own_psc: int
    receptor: int
    receptor_end: int


class ReleaseSums(NamedTuple):
    """The sums of one receptor onto which the synapses of a route release, and their weights, as in `Route`.

    A stored weight has as many quanta of the sums as `coef` holds at `scale`.
    """

    ring: int
    mask: int
    weights: int
    weight: int
    scale: int


class SpineGateSet(NamedTuple):
    """The gates that spines look at: one of each of `size` sources from `source` on, which has the delay 0.

    Their kinetics is that of the synapses' struct of number `kind` with the coefficients from `coef` on; states begin
    at `gates` and are `size` apart. From `means` on are the means of each gate over the last steps, `mask` + 1 for each
    source; that of a step is at the step modulo their number. Pulses of transmitter are as in `SourceGateSet`.
    """

    kind: int
    source: int
    size: int
    gates: int
    coef: int
    components: int
    pulse: int
    dead: int
    release: int
    means: int
    mask: int


class InfluxSet(NamedTuple):
    """Targets of one population whose spines calcium enters through open channels of one receptor.

    V of the first of them, in the compartment that has the receptor, is at `first`. The receptor's `effect` has this
    number, its coefficients are from row `effect_coef` of `coef` on, in columns `row_step` apart from `row` on, and its
    bath is row `bath` (-1: none). Spikes of the `train`, in which the first target has number `first_train`, reach the
    spines `delay` steps later, and decay there as the traces `fast` and `slow`. The numbers of the influx begin at
    `influx_coef`, and the influx of the first target is at `influx`.
    """

    size: int
    first: int
    row: int
    row_step: int
    effect: int
    effect_coef: int
    bath: int
    train: int
    first_train: int
    delay: int
    fast: int
    slow: int
    influx_coef: int
    influx: int


class LimitSet(NamedTuple):
    """The `size` elements of a Poisson drive, or Poisson sources, that have a rate of their own in each step.

    In a row of the means, one for each step, that of the first element is at `mean`. Its limits, of which there are
    `levels`, begin at `limits`, as in `PoissonDrive`.
    """

    size: int
    levels: int
    limits: int
    mean: int


class Spine(NamedTuple):
    """How the synapses of a route learn from their calcium, whose coefficients begin at `coef`.

    The gate of the route's first source has its means at `means`, `mask` + 1 for each source; a synapse reads that of
    `delay` steps ago, or of as many more as it is late. The influx of a target is at `influx`, plus its place among all
    targets less `offset`. Weights stay from 0 to `w_max`. What is kept of the first synapse of the rows is at `state`.
    """

    coef: int
    means: int
    mask: int
    delay: int
    offset: int
    influx: int
    w_max: int
    state: int


RECORDS: dict[str, type[NamedTuple]] = {
    record.__name__: record
    for record in (
        Clock, Chunk, Ring, Probe, Bath, PoissonDrive, Renewal, NoiseCurrent, SourceChunk, Route, DrawnSet, DrawnPart,
        DrawnOutput, Shared, SourceGateSet, ReleaseSet, History, SynapseSet, SynapseBlock, ReleasingSet, SynapseRelease,
        ReleaseSums, TrainSet, TraceDecay, Learning, Scaling, Modulator, ModulatorPart, SpineGateSet, InfluxSet,
        LimitSet,
        Spine,
    )
}  # fmt: skip


def read_rows(table: Array, kind: Callable[..., Row], n: int | None = None) -> list[Row]:
    """Return the first `n` rows of a flat table (default: all).

    >>> read_rows(np.array([0, 7, 100, 3]), Shared)
    [Shared(base=0, mask=7), Shared(base=100, mask=3)]
    """
    width = len(get_annotations(kind))
    n = table.size // width if n is None else n
    return [kind(*row) for row in np.asarray(table)[: n * width].reshape(n, width).tolist()]


def write_rows(rows: Sequence[tuple[int, ...]], kind: type[tuple[int, ...]]) -> Array:
    """Return the table of some rows; if there are none, one row of zeros, because no array of a kernel is empty.

    >>> write_rows([Shared(base=0, mask=7), Shared(base=100, mask=3)], Shared).tolist()
    [[0, 7], [100, 3]]
    """
    return np.array(list(rows) or [(0,) * len(get_annotations(kind))], np.int64)
