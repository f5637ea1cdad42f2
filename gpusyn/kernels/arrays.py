"""The one declaration of every array of a program: its owner, its shape, its role and its meaning.

An array has the name of the kernel argument as which it is passed. If several arrays have the name of an argument, the
one with the narrowest scope is passed: first that of the kernel and group, then of the kernel, of the group, of the
program. Number types follow from the C types of the arguments in `gpusyn.kernels.spec.KERNELS`. `docs/arrays.md` is
generated from these declarations.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from gpusyn.kernels.program import PARAMETER, RECORD, SCRATCH, STATE, WEIGHT
from gpusyn.kernels.spec import KERNELS, Argument

Extents = dict[str, int]  # name of an extent -> its number
Owner = tuple[str | None, int | None]  # kernel and group of neurons that an array belongs to; None: all
LONG_AGO = -(2**40)  # step of the last event of a source that has not had any
NO_FAULT = np.iinfo(np.int64).max
RENEWALS = ("advance_renewals",)
PROCEDURAL = ("deliver_procedural",)
LEARNING = ("learn_weights",)
MODULATION = ("advance_modulators",)
SCALING = ("scale_weights",)
RELEASES = ("advance_releases",)
SPINES = ("advance_spines",)
LIMITS = ("find_limits",)
ONE_BY_ONE = ("deliver_releases",)
GATHERING = ("gather_currents",)
SYNAPSE_KERNELS = tuple(spec.name for spec in KERNELS.values() if spec.file == "advance_synapses.cu")


class ArrayKind(NamedTuple):
    """The declaration of an array.

    Attributes
    ----------
    name : str
        Name of the kernel argument.
    extents : tuple of str or int
        Extent of each dimension: a name in EXTENTS, or a number. The fields of a record are one more dimension.
    role : str
        One of `gpusyn.kernels.program.ROLES`.
    doc : str
        Meaning of the elements, with their unit.
    kernels : tuple of str
        Kernels that each have an array of their own; empty if all kernels share it.
    grouped : bool
        True if each group of neurons (one model signature) has an array of its own.
    fill : float
        Initial value of all elements, unless the builder gives others.
    """

    name: str
    extents: tuple[str | int, ...]
    role: str
    doc: str
    kernels: tuple[str, ...] = ()
    grouped: bool = False
    fill: float = 0

    @property
    def scope(self) -> str:
        """Scope of the array: a key of SCOPES."""
        if self.kernels:
            return "kernel and group" if self.grouped else "kernel"
        return "group" if self.grouped else "program"


SCOPES = {
    "program": "There is one of each.",
    "group": "Each group of neurons, which have one model signature and are advanced by one launch, has one of each.",
    "kernel": "Each of the kernels named has one of each, if the network needs the kernel.",
    "kernel and group": "Each of the kernels named has one of each for each group of neurons that it serves.",
}

EXTENTS = {
    "steps": "steps of one chunk, which the host plans ahead",
    "step bounds": "steps of one chunk and one more",
    "ids": "neurons, sources of spikes, and gates on sources, which have ids of their own",
    "remembered ids": "neurons and sources of spikes if some gate follows their events, else 1",
    "spikes": "spikes (a power of 2): those of a chunk of steps and those that some synapses have not received yet",
    "spike steps": "steps (a power of 2) of a chunk and of the longest age at which spikes are delivered",
    "gates": "gates on sources",
    "coupled ids": "neurons and sources of spikes if some neurons have gap junctions, else 1",
    "releases": "gates and histories that follow pulses of transmitter, one for each source",
    "ring slots": "integer sums of all receptors: neurons times inputs times steps (a power of 2) of the longest delay",
    "baths": "receptors of the populations that some drug, magnesium or glycine changes in time",
    "bath width": "coefficients of kinetics that a drug changes in time",
    "waves": "numbers that change in time: currents, clamps, drugs, doses; the first is always 0",
    "samples": "samples of all trace recorders in one chunk",
    "listed events": "events of all sources of listed spikes, equal ones counted once",
    "drives": "Poisson drives of one population each, and populations of Poisson sources",
    "limits": "words of the limits of all rates; a rate of all elements that changes in time has limits for each step "
    "of a chunk",
    "drive weights": "weights of drives",
    "own means": "neurons of drives, and Poisson sources, with a rate of their own that changes in time",
    "renewals": "populations of renewal processes",
    "advances": "progress of renewal processes in a step, of a rate that changes in time in each step of a chunk, and "
    "one more",
    "renewal coefficients": "numbers with which intervals of renewal processes are drawn",
    "renewing sources": "sources that are renewal processes",
    "routes": "ways of events: projection, receptor and population of sources",
    "route bounds": "populations and gates on sources that can send events, and one more",
    "ages": "ages of spikes at which some synapses receive them",
    "segments": "rows of sources, cut into slices of targets and blocks of delays, or one in 64 of these, and one more "
    "for each set of rows",
    "size words": "words of 64 bits, one for each synapse and segment of the sets of rows with a compressed index",
    "row bounds": "rows of targets, and one more for each block",
    "targets": "event-driven synapses; receptors of one contact share them",
    "late bytes": "event-driven synapses in blocks of several delays, of 1 to 8 bits each",
    "weights": "weights that are stored: one for each synapse and receptor, none where all have the same weight",
    "shared sums": "sums that all neurons of a population share",
    "release slots": "projections with short-term plasticity from one population",
    "release sets": "projections with short-term plasticity, one for each population of sources",
    "release bounds": "populations, and one more",
    "releasing sources": "sources of the projections with short-term plasticity",
    "active sources": "the same, if some have a tau_psc",
    "histories": "populations whose events per-synapse gates follow, for each kind of transmitter",
    "history words": "sources times words of 32 bits that hold the longest delay",
    "payloads": "channels of the gates on sources",
    "neurons": "neurons of the group",
    "compartments": "neurons of the group, once for the soma and once for each of their dendrites, one after the other",
    "own states": "states of the neuron model beside V",
    "gate states": "states of the receptors of one neuron",
    "synaptic sums": "two for each receptor whose synapses own their gates",
    "coefficients": "numbers that kinetics or models are advanced with",
    "coefficient rows": "one for each population of equal neurons, else one for each neuron",
    "noises": "injections of noise, one for each population that they reach",
    "noisy neurons": "neurons from the first to the last that a noise reaches, for each noise",
    "noise coefficients": "coefficients of the noises, one set for all neurons of a noise, or one for each",
    "junction bounds": "neurons of the group, and one more",
    "junctions": "ends of gap junctions at neurons of the group",
    "rings": "integer inputs of the receptors of all populations of the group",
    "chunks": "units of work of at most 128 neurons or sources",
    "probes": "recorded variables, one for each recorded neuron",
    "sets": "populations and receptors, or populations of sources and kinetics",
    "blocks": "parts of projections between two populations, one for each receptor",
    "synapses": "per-synapse gated synapses of the kernel's kind; receptors of one contact share them",
    "synapse states": "states of the gates on synapses",
    "source states": "states of the gates on sources",
    "drawn parts": "pathways with drawn rows",
    "drawn outputs": "receptors of pathways with drawn rows",
    "drawn ids": "sources of drawn rows that are not consecutive, or that leave themselves out, and such targets",
    "row starts": "sources of drawn rows of different lengths whose weights or delays are drawn",
    "laws": "distributions of weights and delays of drawn rows, and of their gaps",
    "seen words": "words of 32 bits, one bit for each target of rows without repetition, for 64 blocks",
    "chosen columns": "synapses of the longest row without repetition, for 64 blocks",
    "trains": "populations whose last spikes learning synapses look at, one for each kind of traces",
    "train bounds": "populations, and one more",
    "traces": "traces of the sets of trains",
    "decays": "factors by which traces decay over some steps",
    "train spikes": "last spikes of all sources of the sets of trains",
    "train values": "traces of these spikes",
    "train sources": "sources of the sets of trains",
    "learning pathways": "pathways whose synapses learn",
    "eligible synapses": "synapses that learn from a modulator",
    "scalings": "pathways whose weights are scaled",
    "scaled targets": "neurons by whose rates the weights of each such pathway are scaled",
    "noisy synapses": "synapses whose weights noise moves",
    "modulators": "rules of learning with a modulator",
    "modulator parts": "consecutive sources whose spikes modulate",
    "gains": "steps between two settlings of all synapses, and one more, of each modulator",
    "gate means": "gates that spines look at, times a power of 2 of at least the longest delay and one more",
    "influxes": "targets whose spines calcium enters, for each receptor and shape of spikes",
    "spines": "synapses that learn from their calcium",
    "rested sources": "sources whose synapses release one by one, in each set of rows",
    "releasing receptors": "receptors of sets of rows whose synapses release one by one",
    "releasing rows": "sets of rows whose synapses release one by one",
    "numbered synapses": "synapses whose release is random",
    "used synapses": "synapses that have a u of their own",
    "resting synapses": "synapses that have an x of their own",
    "active synapses": "synapses that have a y of their own",
    "depleted synapses": "synapses that have empty sites",
    "own parameters": "parameters of synapses that release one by one, where they differ",
}

# Extents of what synapses have that release one by one.
RELEASED = frozenset(
    {"numbered synapses", "used synapses", "resting synapses", "active synapses", "depleted synapses", "own parameters"}
)
# Extents that are known only when synapses are drawn and inputs are listed; a plan has the expected number.
EXPECTED = frozenset(
    {"size words", "targets", "late bytes", "weights", "synapses", "synapse states", "waves", "listed events"}
    | {"eligible synapses", "noisy synapses", "spines", "junctions"}
    | RELEASED
)
# Extents that depend on how many steps a chunk has.
CHUNKED = frozenset({"steps", "step bounds", "spikes", "spike steps", "samples", "limits", "advances"})
# Extents that grow with the synapses of each projection.
SYNAPTIC = frozenset(
    {"segments", "size words", "row bounds", "targets", "late bytes", "weights", "synapses", "synapse states"}
    | {"drawn ids", "row starts", "eligible synapses", "noisy synapses", "spines"}
    | RELEASED
)


def _one(name: str, extents: str, role: str, doc: str, fill: float = 0) -> ArrayKind:
    return ArrayKind(name, _extents(extents), role, doc, fill=fill)


def _group(name: str, extents: str, role: str, doc: str) -> ArrayKind:
    return ArrayKind(name, _extents(extents), role, doc, grouped=True)


def _kernel(
    kernels: tuple[str, ...], name: str, extents: str, role: str, doc: str, grouped: bool = False, fill: float = 0
) -> ArrayKind:
    return ArrayKind(name, _extents(extents), role, doc, kernels, grouped, fill)


def _extents(text: str) -> tuple[str | int, ...]:
    return tuple(int(part) if part.isdigit() else part for part in text.split(", ") if part)


ARRAYS: tuple[ArrayKind, ...] = (
    _one("clock", "", SCRATCH, "Step that begins next, step that runs now, and first step of the chunk."),
    _one("spike_total", "1", STATE, "Number of spikes so far."),
    _one("spike_begin", "spike steps", STATE,
         "Number of spikes before each of the last steps; step s is at s modulo the number of steps."),
    _one("spike_id", "spikes", STATE,
         "Id of the source of each spike, step by step, in any order within a step; spike s is at s modulo the size."),
    _one("spike_events", "spikes", STATE, "Number of events that each spike stands for."),
    _one("spike_release", "spikes, release slots", STATE,
         "Part of the weight that each spike delivers through each projection with short-term plasticity (1)."),
    _one("gate_total", "2", STATE, "Number of gates that send in an even step, and in an odd step."),
    _one("gate_id", "gates", SCRATCH, "Id of each gate on sources that sends in this step."),
    _one("event_step", "remembered ids", STATE, "Step of the last event of each source.", LONG_AGO),
    _one("event_count", "remembered ids", STATE, "Number of events of each source in the step of its last event."),
    _one("release_step", "releases", STATE, "Step in which each source's last pulse of transmitter began.", LONG_AGO),
    _one("potential", "coupled ids", SCRATCH,
         "Potential of each neuron at the start of the step, in the groups of neurons that have gap junctions (mV)."),
    _one("source_population", "ids", PARAMETER, "Number of the population, or of the gates on sources, of each id."),
    _one("ring", "ring slots", STATE, "Sum of the weights of the events that arrive in each coming step (quanta)."),
    _one("bath", "baths", PARAMETER, "Columns of `waves` and coefficients with which each receptor changes in time."),
    _one("bath_kinetics", "steps, bath width", SCRATCH, "Coefficients of slowed kinetics in each step of the chunk."),
    _one("waves", "steps, waves", SCRATCH,
         "Value of each number that changes in time, in each step of the chunk (pA, mV, mM or a factor)."),
    _one("trace", "samples", RECORD, "Samples of the trace recorders in the chunk (mV, nS, pA ...).", np.nan),
    _one("fault", "1", STATE, "Step (times 2^31) and id of the first neuron whose V became NaN or infinite.", NO_FAULT),
    _one("listed_begin", "step bounds", SCRATCH,
         "Place of the first listed spike of each step of the chunk in `listed_id`."),
    _one("listed_id", "listed events", PARAMETER, "Id of the source of each listed spike, in order of time."),
    _one("listed_events", "listed events", PARAMETER, "Number of events that each listed spike stands for."),
    _one("drives", "drives", PARAMETER, "Rate, weight, window and random key of each Poisson drive and source."),
    _one("drive_limits", "limits", PARAMETER,
         "Probability that more than 0, 1, 2 ... events come in a step, for each rate: upper and lower 32 of 64 bits."),
    _one("drive_weight", "drive weights", PARAMETER, "Weight of an event of each drive (quanta)."),
    _one("routes", "routes", PARAMETER, "Sources, synapses and sums of each way that events take."),
    _one("route_begin", "route bounds", PARAMETER, "Place of the first route of each population in `routes`."),
    _one("ages", "ages", PARAMETER, "Age at which some synapses receive spikes (steps), the smallest first."),
    _one("segment_begin", "segments", PARAMETER,
         "Place of the first synapse of each segment, or of one in 64, within its set of rows."),
    _one("segment_sizes", "size words", PARAMETER,
         "Sizes of segments in unary: a 1 for each synapse of a segment, then a 0; the first bits are lowest."),
    _one("targets", "targets", PARAMETER, "Target of each synapse within its slice."),
    _one("late", "late bytes", PARAMETER, "Delay of each synapse, counted from the shortest of its block (steps)."),
    _one("weights", "weights", WEIGHT, "Weight of each event-driven synapse (quanta times 2^shift of its route)."),
    _one("shared", "shared sums", PARAMETER, "Place in `ring` of each sum that all neurons of a population share."),
    _one("histories", "histories", PARAMETER, "Sources, word length and transmitter of each history."),
    _one("history", "history words", STATE,
         "Transmitter of each source in recent steps as bits, or the number of its events; newest step lowest."),
    _one("payload", "payloads, 2", SCRATCH,
         "Value to which, and from which, each channel of a gate on a source moves in this step (1)."),
    _one("trains", "trains", PARAMETER, "Sources, rings and traces of each set of trains."),
    _one("train_begin", "train bounds", PARAMETER, "Place of the first set of trains of each population in `trains`."),
    _one("traces", "traces", PARAMETER, "Decays of each trace, and whether the nearest spike alone counts."),
    _one("decays", "decays", PARAMETER, "Factor by which a trace decays over 0 to 255 steps, and multiples of 256."),
    _one("train_step", "train spikes", STATE, "Step of each of the last spikes of each source.", LONG_AGO),
    _one("train_value", "train values", STATE, "Traces after each of these spikes (1)."),
    _one("train_count", "train sources", STATE, "Number of spikes of each source so far."),
    _one("sweep", "4", STATE, "Step in which a settling of all synapses was last wanted, in even and in odd steps, and "
         "the last one before, in even and in odd steps.", -1),
    _one("modulators", "modulators", PARAMETER, "Sources, course and coefficients of each modulator of learning."),
    _one("gains", "gains", STATE, "What a unit of eligibility has made of a weight since all synapses were settled."),
    _kernel(SCALING, "routes", "routes", PARAMETER, "Sources and synapses of each set of rows that are scaled."),
    _kernel(SCALING, "scaling_of", "routes", PARAMETER, "Number of the scaling of each route."),
    _kernel(SCALING, "scalings", "scalings", PARAMETER, "Interval, rates and places of each scaling."),
    _kernel(SCALING, "coef", "coefficients", PARAMETER, "Coefficients of each scaling."),
    _kernel(SCALING, "growth", "scaled targets", STATE,
            "Part of themselves by which the weights onto each neuron grow when they are scaled next (1)."),
    _kernel(MODULATION, "modulator_parts", "modulator parts", PARAMETER, "Consecutive sources whose spikes modulate."),
    _kernel(MODULATION, "modulation", "modulators", STATE, "Concentration of each modulator (1/ms)."),
    _kernel(MODULATION, "coef", "coefficients", PARAMETER, "Coefficients of each modulator."),
    _one("gate_means", "gate means", STATE, "Mean of each gate that spines look at over each of the last steps (1)."),
    _one("influx", "influxes", SCRATCH, "Calcium that an open gate of 1 lets into a spine of each target: the part of "
         "the receptor that is free of drugs, times what magnesium leaves open, times the driving force (mV)."),
    _one("settled", "learning pathways", STATE, "Step up to which the host has settled the weights of a pathway.", -1),
    _one("last_use", "rested sources", STATE,
         "Step of the last event of each source whose synapses release one by one.", LONG_AGO),
    _one("used", "rested sources", STATE, "u of each such source after its last event, if it belongs to it (1)."),
    _one("rested", "rested sources, 3", SCRATCH,
         "Steps since the last event of each such source that spikes in this step, its u before, and the part of what "
         "was empty that still is (1)."),
    _group("chunks", "chunks", PARAMETER, "Neurons, coefficients, drives and probes of each unit of work."),
    _group("V", "compartments", STATE, "Membrane potential of each compartment, counted from `rest` (mV)."),
    _group("rest", "compartments", PARAMETER,
           "Potential from which V of each compartment is counted (mV): one for each neuron."),
    _group("refractory", "neurons", STATE, "Refractory time that is left to each neuron (steps)."),
    _group("membrane", "own states, neurons", STATE, "Each neuron model's own states (pA, pA or open fractions)."),
    _group("gates", "gate states, neurons", STATE, "States of each receptor's gates and effects (nS, pA, mM or 1)."),
    _group("synaptic", "synaptic sums, neurons", STATE,
           "Sum of weight times gate over each neuron's synapses: mean over the coming step, and at its end (nS)."),
    _group("coef", "coefficients, coefficient rows", PARAMETER, "Coefficients of the neuron model and its receptors."),
    _group("current", "compartments", PARAMETER, "Constant current into each compartment (pA)."),
    _group("current_wave", "compartments", PARAMETER, "Column of `waves` with the current into each compartment."),
    _group("clamp_wave", "compartments", PARAMETER,
           "Column of `waves` with the command voltage of each compartment; 0: none."),
    _kernel(GATHERING, "noises", "noises", PARAMETER, "Neurons, random key and window of each noise.", True),
    _kernel(GATHERING, "noise_coef", "noise coefficients", PARAMETER, "Coefficients of each noise, mean and std (pA).",
            True),
    _kernel(GATHERING, "noise", "noisy neurons", STATE,
            "Standard normal number to which the current of each noise into each neuron belongs (1).", True),
    _kernel(GATHERING, "junction_begin", "junction bounds", PARAMETER,
            "Place of the first gap junction of each neuron of the group.", True),
    _kernel(GATHERING, "junction_other", "junctions", PARAMETER, "Id of the neuron at the other end of each junction.",
            True),
    _kernel(GATHERING, "junction_conductance", "junctions", PARAMETER, "Conductance of each junction (nS).", True),
    _kernel(GATHERING, "gathered", "compartments", SCRATCH,
            "Current into each compartment in this step, which `advance_neurons` takes as its `current` (pA).", True),
    _group("rings", "rings", PARAMETER, "Place in `ring` of the sums of each input of each population."),
    _group("probes", "probes", PARAMETER, "Neuron, variable and place in `trace` of each recorded variable."),
    _kernel(("advance_poisson", *RENEWALS), "chunks", "chunks", PARAMETER,
            "Sources and drive, or renewal process, of each unit of work."),
    _kernel(RENEWALS, "renewals", "renewals", PARAMETER, "Progress, coefficients and random key of each population."),
    _kernel(RENEWALS, "advances", "advances", PARAMETER,
            "Part of the mean interval that passes in a step, for each rate (1)."),
    _kernel(RENEWALS, "intervals", "renewal coefficients", PARAMETER,
            "Shape of intervals, constants of their draws, and dead time (steps), of a population or each source."),
    _kernel(RENEWALS, "waiting", "renewing sources", STATE,
            "What is left of the interval of each source (mean intervals); minus what is left of its dead time "
            "(steps)."),
    _kernel(("advance_gates",), "sets", "sets", PARAMETER, "Kinetics, sources and places of each set of gates."),
    _kernel(("advance_gates",), "coef", "coefficients", PARAMETER, "Coefficients of the kinetics of each set."),
    _kernel(("advance_gates",), "gates", "source states", STATE, "States of each source's gate (1)."),
    _kernel(RELEASES, "sets", "release sets", PARAMETER, "Sources, coefficients and slot of each set of releases."),
    _kernel(RELEASES, "set_begin", "release bounds", PARAMETER, "Place of the first set of each population in `sets`."),
    _kernel(RELEASES, "coef", "coefficients", PARAMETER, "Coefficients of the short-term plasticity of each set."),
    _kernel(RELEASES, "u", "releasing sources", STATE,
            "Utilization of each source after its last event (1)."),
    _kernel(RELEASES, "x", "releasing sources", STATE,
            "What each source has left to release after its last event (1).", fill=1),
    _kernel(RELEASES, "y", "active sources", STATE,
            "What each source has released and is still active after its last event (1)."),
    _kernel(RELEASES, "last_step", "releasing sources", STATE, "Step of the last event of each source."),
    _kernel(PROCEDURAL, "sets", "sets", PARAMETER, "Sources, rule, keys, laws and targets of each set of drawn rows."),
    _kernel(PROCEDURAL, "parts", "drawn parts", PARAMETER, "Places of targets among the columns of drawn rows."),
    _kernel(PROCEDURAL, "outputs", "drawn outputs", PARAMETER, "Sums and weights of the synapses of drawn rows."),
    _kernel(PROCEDURAL, "ids", "drawn ids", PARAMETER,
            "Row of each source, column that a row leaves out, and target of each column, where no rule gives them."),
    _kernel(PROCEDURAL, "row_first", "row starts", PARAMETER, "Number of the first synapse of each drawn row."),
    _kernel(PROCEDURAL, "laws", "laws, 8", PARAMETER,
            "Law of gaps, delays or weights: kind, two parameters, largest value, range, factor and unit."),
    _kernel(PROCEDURAL, "seen", "seen words", STATE,
            "Bit of each column while different ones are drawn, for each block; 0 between steps."),
    _kernel(PROCEDURAL, "chosen", "chosen columns", SCRATCH, "Different columns of the row that each block draws."),
    _kernel(LEARNING, "routes", "routes", PARAMETER, "Sources and synapses of each way along which spikes teach."),
    _kernel(LEARNING, "route_begin", "route bounds", PARAMETER,
            "Place of the first route of each population that teaches."),
    _kernel(LEARNING, "ages", "ages", PARAMETER, "Age at which spikes reach some synapses (steps), smallest first."),
    _kernel(LEARNING, "learnings", "routes", PARAMETER, "Rule, trains and bounds of the weights of each such route."),
    _kernel(LEARNING, "coef", "coefficients", PARAMETER, "Coefficients of the rule of each pathway that learns."),
    _kernel(LEARNING, "eligibility", "eligible synapses", STATE, "Eligibility of each synapse at its last event (1)."),
    _kernel(LEARNING, "excess", "noisy synapses", STATE,
            "What the bounds of its weight cut off from what noise makes of each synapse (units of its weight)."),
    _kernel(LEARNING, "number", "noisy synapses", PARAMETER,
            "Number of each synapse in the order of creation, by which its noise is drawn."),
    _kernel(LEARNING, "keys", "routes", PARAMETER, "Random key of the noise along each such route in this trial."),
    _kernel(("remember_gates",), "sets", "sets", PARAMETER, "Kinetics, sources and means of each set of such gates."),
    _kernel(("remember_gates",), "coef", "coefficients", PARAMETER, "Coefficients of the kinetics of each such set."),
    _kernel(("remember_gates",), "gates", "source states", STATE, "States of each such gate (1)."),
    _kernel(LIMITS, "sets", "sets", PARAMETER, "Elements and limits of each drive, or population of Poisson sources."),
    _kernel(LIMITS, "means", "steps, own means", SCRATCH,
            "Mean number of events in a piece of each element's count, in each step of the chunk."),
    _kernel(("find_influx",), "sets", "sets", PARAMETER, "Targets, receptor and spikes of each influx.", True),
    _kernel(("find_influx",), "influx_coef", "coefficients", PARAMETER,
            "Reversal potential of calcium, and the parts of a spike that reaches the spines, of each set (mV).",
            True),
    _kernel(("find_influx",), "V_before", "influxes", STATE,
            "Potential of each target at the end of the step before, counted from `rest` (mV)."),
    _kernel(SPINES, "routes", "routes", PARAMETER, "Sources and synapses of each block of delays of spines."),
    _kernel(SPINES, "spines", "routes", PARAMETER, "Gates, influx and states of the synapses of each such route."),
    _kernel(SPINES, "coef", "coefficients", PARAMETER, "Coefficients of calcium and weights of each pathway."),
    _kernel(SPINES, "Ca", "spines", STATE, "Calcium in the spine of each synapse, above rest (uM)."),
    _kernel(SPINES, "rest_of", "spines", STATE, "Part of each weight below the unit in which it is stored (units)."),
    _kernel(("begin_releases",), "sets", "sets", PARAMETER, "Sources whose synapses release one by one."),
    _kernel(("begin_releases", *ONE_BY_ONE), "coef", "coefficients", PARAMETER,
            "Parameters of release that all synapses of a set of rows share."),
    _kernel(ONE_BY_ONE, "routes", "routes", PARAMETER, "Sources and synapses of each way of such events."),
    _kernel(ONE_BY_ONE, "route_begin", "route bounds", PARAMETER,
            "Place of the first route of each population that releases."),
    _kernel(ONE_BY_ONE, "releases", "routes", PARAMETER, "Sites, parameters and states of the synapses of each route."),
    _kernel(ONE_BY_ONE, "receptors", "releasing receptors", PARAMETER, "Sums and weights of each receptor."),
    _kernel(ONE_BY_ONE, "keys", "releasing rows, 2", PARAMETER,
            "Random keys of release, and of the sizes of quanta, in this trial."),
    _kernel(ONE_BY_ONE, "number", "numbered synapses", PARAMETER,
            "Number of each synapse in the order of creation, by which its random words are drawn."),
    _kernel(ONE_BY_ONE, "own", "own parameters", PARAMETER, "U, and steps over time constants, of each synapse."),
    _kernel(ONE_BY_ONE, "u", "used synapses", STATE, "u of each synapse after its last event (1)."),
    _kernel(ONE_BY_ONE, "x", "resting synapses", STATE, "x of each synapse after its last event (1).", fill=1),
    _kernel(ONE_BY_ONE, "y", "active synapses", STATE, "y of each synapse after its last event (1)."),
    _kernel(ONE_BY_ONE, "full", "depleted synapses", STATE, "Full sites of each synapse after its last event."),
    _kernel(SYNAPSE_KERNELS, "row_begin", "row bounds", PARAMETER,
            "Place of the first synapse of each target within its block."),
    _kernel(SYNAPSE_KERNELS, "address", "synapses", PARAMETER,
            "Bit of `history` that each synapse's delay has reached: word (27 bits) and bit in it (5 bits)."),
    _kernel(SYNAPSE_KERNELS, "weights", "weights", WEIGHT, "Weight of each synapse (nS or pA)."),
    _kernel(SYNAPSE_KERNELS, "gates", "synapse states", STATE,
            "States of each synapse's gate, and the fraction of its channels that no drug blocks (1)."),
    _kernel(SYNAPSE_KERNELS, "sets", "sets", PARAMETER, "Targets, blocks and sums of each receptor.", True),
    _kernel(SYNAPSE_KERNELS, "blocks", "blocks", PARAMETER, "Synapses, gates and drug of each block.", True),
    _kernel(SYNAPSE_KERNELS, "coef", "coefficients", PARAMETER, "Coefficients of the kinetics of each block.", True),
)  # fmt: skip


def array_name(name: str, *, kernel: str | None = None, group: int | None = None) -> str:
    """Return the name in a program of an array of a kernel, of a group of neurons, of both, or of all.

    >>> array_name("V", group=0), array_name("sets", kernel="advance_markov", group=1), array_name("clock")
    ('g0.V', 'advance_markov.g1.sets', 'clock')
    """
    parts = [kernel, None if group is None else f"g{group}", name]
    return ".".join(part for part in parts if part is not None)


@functools.cache
def kind_of(kernel: str, argument: str) -> ArrayKind:
    """Return the declaration of the array that is passed to a kernel as an argument: that of the narrowest scope."""
    found = [a for a in ARRAYS if a.name == argument and (kernel in a.kernels or not a.kernels)]
    return max(found, key=lambda a: (bool(a.kernels), a.grouped))


def bindings(kernel: str, group: int | None = None) -> dict[str, str]:
    """Return the array of each argument of a kernel, launched for a group of neurons or for all."""
    names = {}
    for argument in KERNELS[kernel].arguments:
        if argument.array:
            kind = kind_of(kernel, argument.name)
            own = kernel if kind.kernels else None
            names[argument.name] = array_name(argument.name, kernel=own, group=group if kind.grouped else None)
    return names


def arguments_of(kind: ArrayKind) -> dict[str, Argument]:
    """Return the argument as which an array is passed, by kernel."""
    return {
        kernel: argument
        for kernel, spec in KERNELS.items()
        for argument in spec.arguments
        if argument.array and argument.name == kind.name and kind_of(kernel, argument.name) is kind
    }


@functools.cache
def type_of(kind: ArrayKind) -> Argument:
    """Return an argument as which an array is passed; all of them have the same type."""
    return next(iter(arguments_of(kind).values()))
