"""The one declaration of every kernel's arguments; each launch and a test of the `.cu` signatures pass through it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gpusyn.equations.kinetics import SYNAPSE_GATES
from gpusyn.errors import BackendError
from gpusyn.kernels.records import RECORDS, Clock
from gpusyn.kernels.signature import Numbers

# Arrays of places, which no kernel changes during a run, like tables of records.
_PLACES = (
    *("route_begin", "ages", "segment_begin", "segment_sizes"),
    *("row_begin", "address", "set_begin", "train_begin", "junction_begin"),
)

# C type -> numpy type; `real`, `acc` and `weight_t` follow the run's numbers.
_FIXED = {
    "int": "int32",
    "int64": "int64",
    "uint8": "uint8",
    "uint16": "uint16",
    "uint32": "uint32",
    "uint64": "uint64",
    "double": "float64",
}


class Argument(NamedTuple):
    """One kernel argument: its C type, True if it is an array, and its use by the kernel (in, out or inout).

    The C type of an integer table is the record of its rows (`gpusyn.kernels.records`).
    """

    name: str
    ctype: str
    array: bool = True
    intent: str = "in"

    def dtype(self, numbers: Numbers) -> np.dtype[np.generic]:
        """Return the numpy type that the argument must have."""
        own = {"real": numbers.real, "acc": numbers.acc, "weight_t": numbers.weight}
        return np.dtype(own.get(self.ctype) or _FIXED["int64" if self.record else self.ctype])

    @property
    def record(self) -> type[NamedTuple] | None:
        """Record of the rows of this table; None for an argument that is not a table of records."""
        return RECORDS.get(self.ctype)


class KernelSpec(NamedTuple):
    """A kernel: its name, its file, the threads of a unit of its work ("block", "warp" or "thread"), its arguments."""

    name: str
    file: str
    unit: str
    arguments: tuple[Argument, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the arguments that no kernel changes, so that a backend may prepare data from them."""
        return tuple(
            a.name for a in self.arguments if a.name in _PLACES or (a.record is not None and a.record is not Clock)
        )

    def bind(
        self, names: Mapping[str, str], arrays: Mapping[str, Any], scalars: Mapping[str, int], numbers: Numbers
    ) -> dict[str, Any]:
        """Return the values of a launch's arguments, in the order of the declaration.

        Parameters
        ----------
        names : dict of str to str
            Name of the array that is passed as each argument.
        arrays : mapping of str to array
            Arrays by name, on the host or on a device.
        scalars : dict of str to number
            Number that is passed as each other argument.
        numbers : Numbers
            Number types of the run.

        Raises
        ------
        BackendError
            If there is no such array, or the arguments are not exactly the declared ones.
        """
        unknown = sorted(set(names.values()) - set(arrays))
        if unknown:
            raise BackendError(f"kernel {self.name}: no arrays {unknown} in this program; there are {sorted(arrays)}")
        types = {a.name: a.dtype(numbers).type for a in self.arguments if not a.array}
        given = {argument: arrays[name] for argument, name in names.items()}
        given |= {name: types.get(name, np.int64)(number) for name, number in scalars.items()}
        self.check(given, numbers)
        return {a.name: given[a.name] for a in self.arguments}

    def given(self, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Return the C type and the value of each argument, none of which may depend on the numbers of a run.

        Raises
        ------
        BackendError
            If the arguments are not exactly the declared ones, or an array is of another type or not contiguous.
        """
        if len(values) != len(self.arguments):
            raise BackendError(f"kernel {self.name}: takes {[a.name for a in self.arguments]}, got {sorted(values)}")
        for a in self.arguments:
            value = values[a.name]
            if a.array and not (value.dtype == _FIXED[a.ctype] and value.flags.c_contiguous):
                raise BackendError(
                    f"kernel {self.name}: argument '{a.name}' must be contiguous {_FIXED[a.ctype]}, got {value.dtype}"
                )
        return [(a.ctype, values[a.name]) for a in self.arguments]

    def check(self, values: dict[str, object], numbers: Numbers) -> None:
        """Refuse a launch whose arguments are not exactly the declared ones.

        Raises
        ------
        BackendError
            If a name, type or memory order differs from the declaration.
        """
        names = [a.name for a in self.arguments]
        if sorted(values) != sorted(names):
            raise BackendError(f"kernel {self.name}: takes {names}, got {sorted(values)}")
        for a in self.arguments:
            value, want = values[a.name], a.dtype(numbers)
            have = getattr(value, "dtype", None)
            if have != want:
                raise BackendError(f"kernel {self.name}: argument '{a.name}' must be {want}, got {have or type(value)}")
            if a.array != (getattr(value, "ndim", 0) > 0):
                raise BackendError(
                    f"kernel {self.name}: argument '{a.name}' must be {'an array' if a.array else 'a number'}"
                )
            if a.record and value.size % len(a.record._fields):  # type: ignore[attr-defined]
                raise BackendError(
                    f"kernel {self.name}: argument '{a.name}' has {value.size} elements, "  # type: ignore[attr-defined]
                    f"not rows of {a.ctype} with the {len(a.record._fields)} fields {', '.join(a.record._fields)}"
                )
            if a.array and not value.flags.c_contiguous:  # type: ignore[attr-defined]
                raise BackendError(f"kernel {self.name}: argument '{a.name}' must be contiguous")


def _declare(file: str, name: str, unit: str, text: str) -> KernelSpec:
    """Return the declaration of a kernel.

    Each word of `text` is an argument: `name:ctype` is an array that the kernel reads, `+name:ctype` is one that it
    writes, and `=name:ctype` is a number.
    """
    arguments = []
    for word in text.split():
        bare, ctype = word.lstrip("+=").split(":")
        arguments.append(Argument(bare, ctype, not word.startswith("="), "inout" if word.startswith("+") else "in"))
    return KernelSpec(name, file, unit, tuple(arguments))


_SPIKES = """+spike_total:int64 +spike_id:int +spike_events:int +event_step:int64 +event_count:int =spike_mask:int64
    =remembers:int"""
_SYNAPSES = """sets:SynapseSet =n_sets:int blocks:SynapseBlock row_begin:int64 address:uint32 weights:real +gates:real
    history:uint32 coef:real +synaptic:real clock:Clock waves:real =n_waves:int V:real rest:real"""

KERNELS: dict[str, KernelSpec] = {
    spec.name: spec
    for spec in (
        _declare(
            "advance_neurons.cu",
            "advance_neurons",
            "block",
            f"""+clock:Clock chunks:Chunk =n_chunks:int =n:int64 +V:real +refractory:int +membrane:real +gates:real
            synaptic:real coef:real =n_rows:int64 current:real current_wave:int clamp_wave:int waves:real
            =n_waves:int bath:Bath bath_kinetics:real =bath_width:int +ring:acc rings:Ring drives:PoissonDrive
            drive_limits:uint32 drive_weight:acc {_SPIKES} probes:Probe +trace:real +fault:int64""",
        ),
        _declare(
            "find_limits.cu",
            "find_limits",
            "thread",
            "clock:Clock sets:LimitSet =n_sets:int means:double =n_means:int +drive_limits:uint32",
        ),
        _declare(
            "gather_currents.cu",
            "gather_currents",
            "block",
            """clock:Clock chunks:Chunk =n_chunks:int =n:int64 =n_currents:int64 current:real noises:NoiseCurrent
            =n_noises:int noise_coef:real +noise:real =coupled:int junction_begin:int64 junction_other:int
            junction_conductance:real potential:real +gathered:real""",
        ),
        _declare(
            "gather_potentials.cu",
            "gather_potentials",
            "block",
            "chunks:Chunk =n_chunks:int V:real rest:real +potential:real",
        ),
        _declare(
            "advance_sources.cu",
            "advance_poisson",
            "block",
            f"""+clock:Clock chunks:SourceChunk =n_chunks:int drives:PoissonDrive drive_limits:uint32 {_SPIKES}""",
        ),
        _declare(
            "advance_sources.cu",
            "advance_lists",
            "thread",
            f"+clock:Clock listed_begin:int64 listed_id:int listed_events:int {_SPIKES}",
        ),
        _declare(
            "advance_renewals.cu",
            "advance_renewals",
            "block",
            f"""+clock:Clock chunks:SourceChunk =n_chunks:int renewals:Renewal advances:double intervals:double
            +waiting:double {_SPIKES}""",
        ),
        _declare(
            "deliver_changes.cu",
            "deliver_changes",
            "warp",
            """clock:Clock +gate_total:int64 gate_id:int source_population:int route_begin:int =most_units:int
            routes:Route =n_routes:int segment_begin:uint32 segment_sizes:uint64 targets:uint16 late:uint8
            weights:weight_t payload:real +ring:acc""",
        ),
        _declare(
            "deliver_spikes.cu",
            "deliver_spikes",
            "warp",
            """+clock:Clock spike_total:int64 +spike_begin:int64 =step_mask:int64 spike_id:int spike_events:int
            =spike_mask:int64 spike_release:real =slots:int source_population:int route_begin:int =most_units:int
            routes:Route ages:int =n_ages:int segment_begin:uint32 segment_sizes:uint64 targets:uint16 late:uint8
            weights:weight_t +ring:acc shared:Shared =n_shared:int histories:History =n_histories:int event_step:int64
            event_count:int +release_step:int64 +history:uint32""",
        ),
        _declare(
            "deliver_procedural.cu",
            "deliver_procedural",
            "block",
            """clock:Clock spike_total:int64 spike_begin:int64 =step_mask:int64 spike_id:int spike_events:int
            =spike_mask:int64 gate_total:int64 gate_id:int payload:real +ring:acc sets:DrawnSet =n_sets:int
            parts:DrawnPart outputs:DrawnOutput ids:int row_first:int64 laws:double +seen:uint32 =seen_step:int64
            +chosen:int =chosen_step:int64 =drawers:int""",
        ),
        _declare(
            "deliver_releases.cu",
            "begin_releases",
            "thread",
            """clock:Clock spike_total:int64 spike_begin:int64 =step_mask:int64 spike_id:int spike_events:int
            =spike_mask:int64 sets:ReleasingSet =n_sets:int coef:real +last_use:int64 +used:real +rested:real""",
        ),
        _declare(
            "deliver_releases.cu",
            "deliver_releases",
            "warp",
            """clock:Clock spike_total:int64 spike_begin:int64 =step_mask:int64 spike_id:int spike_events:int
            =spike_mask:int64 source_population:int route_begin:int =most_units:int routes:Route releases:SynapseRelease
            receptors:ReleaseSums segment_begin:uint32 segment_sizes:uint64 targets:uint16 late:uint8
            weights:weight_t rested:real coef:real keys:int64 number:uint32 own:real +u:real +x:real +y:real +full:uint8
            +ring:acc""",
        ),
        _declare(
            "advance_gates.cu",
            "advance_gates",
            "block",
            """+clock:Clock sets:SourceGateSet =n_sets:int coef:real +gates:real +payload:real +release_step:int64
            event_step:int64 event_count:int +gate_total:int64 +gate_id:int""",
        ),
        _declare(
            "advance_releases.cu",
            "advance_releases",
            "thread",
            """clock:Clock spike_total:int64 spike_begin:int64 =step_mask:int64 spike_id:int spike_events:int
            +spike_release:real =spike_mask:int64 =slots:int source_population:int set_begin:int sets:ReleaseSet
            coef:real +u:real +x:real +y:real +last_step:int64""",
        ),
        _declare(
            "remember_spikes.cu",
            "remember_spikes",
            "thread",
            """clock:Clock spike_total:int64 spike_begin:int64 =step_mask:int64 spike_id:int spike_events:int
            =spike_mask:int64 source_population:int train_begin:int trains:TrainSet traces:TraceDecay decays:real
            +train_step:int64 +train_value:real +train_count:int64 +sweep:int64 =settle_mask:int64""",
        ),
        _declare(
            "advance_modulators.cu",
            "advance_modulators",
            "thread",
            """clock:Clock spike_total:int64 spike_begin:int64 =step_mask:int64 spike_id:int spike_events:int
            =spike_mask:int64 modulators:Modulator =n_modulators:int modulator_parts:ModulatorPart coef:real
            traces:TraceDecay decays:real waves:real =n_waves:int +modulation:real +gains:real""",
        ),
        _declare(
            "learn_weights.cu",
            "learn_weights",
            "warp",
            """clock:Clock spike_total:int64 spike_begin:int64 =step_mask:int64 spike_id:int spike_events:int
            =spike_mask:int64 source_population:int route_begin:int =most_units:int routes:Route =n_routes:int
            learnings:Learning ages:int =n_ages:int segment_begin:uint32 segment_sizes:uint64 targets:uint16
            late:uint8 +weights:weight_t trains:TrainSet traces:TraceDecay decays:real train_step:int64
            train_value:real train_count:int64 coef:real sweep:int64 settled:int64 modulators:Modulator gains:real
            +eligibility:real +excess:weight_t number:uint32 keys:int64""",
        ),
        _declare(
            "remember_gates.cu",
            "remember_gates",
            "thread",
            """clock:Clock sets:SpineGateSet =n_sets:int coef:real +gates:real +release_step:int64 event_step:int64
            event_count:int +gate_means:real""",
        ),
        _declare(
            "find_influx.cu",
            "find_influx",
            "thread",
            """clock:Clock sets:InfluxSet =n_sets:int V:real rest:real coef:real =n_rows:int64
            waves:real =n_waves:int bath:Bath trains:TrainSet traces:TraceDecay decays:real train_step:int64
            train_value:real train_count:int64 influx_coef:real +V_before:real +influx:real""",
        ),
        _declare(
            "advance_spines.cu",
            "advance_spines",
            "warp",
            """clock:Clock routes:Route =n_routes:int spines:Spine segment_begin:uint32 segment_sizes:uint64
            targets:uint16 late:uint8 +weights:weight_t gate_means:real influx:real coef:real +Ca:real +rest_of:real""",
        ),
        _declare(
            "scale_weights.cu",
            "scale_weights",
            "warp",
            """clock:Clock routes:Route =n_routes:int scaling_of:int scalings:Scaling =n_scalings:int
            segment_begin:uint32 segment_sizes:uint64 targets:uint16 +weights:weight_t trains:TrainSet
            traces:TraceDecay decays:real train_step:int64 train_value:real train_count:int64 coef:real +growth:real
            +sweep:int64 +settled:int64""",
        ),
        *(_declare("advance_synapses.cu", gate.KERNEL, "warp", _SYNAPSES) for gate in SYNAPSE_GATES.values()),
    )
}

_DRAW, _ROWS = "draw_synapses.cu", "build_rows.cu"

#: The kernels that build rows of synapses, before a program runs.
BUILD_KERNELS: dict[str, KernelSpec] = {
    spec.name: spec
    for spec in (
        _declare(
            _DRAW,
            "draw_pairs",
            "block",
            """+pre:int +post:int own:int =has_own:int =n:int64 =first:int64 =key:int64 =n_pre:int64 =n_post:int64""",
        ),
        _declare(
            _DRAW,
            "draw_degrees",
            "block",
            """+rows:int +columns:int own:int =has_own:int =n_rows:int64 =first_row:int64 =k:int64 =key:int64
            =n_columns:int64""",
        ),
        _declare(
            _DRAW,
            "draw_distinct",
            "block",
            """+rows:int +columns:int +seen:uint32 own:int =has_own:int =n_rows:int64 =first_row:int64 =k:int64
            =key:int64 =n_columns:int64""",
        ),
        _declare(
            _DRAW,
            "draw_rows",
            "block",
            """+rows:int +columns:int +count:int64 begin:int64 =writes:int own:int =has_own:int =n_rows:int64
            =first_row:int64 =key:int64 =n_columns:int64 =log_q:double =fine:int =calls:int""",
        ),
        _declare(
            _DRAW,
            "draw_within",
            "block",
            """+rows:int +columns:int +reached:int +left:int +before:int +count:int +total:int begin:int64 =writes:int
            own:int =has_own:int =n_rows:int64 =first_row:int64 =key:int64 =n_columns:int64 =log_q:double =fine:int
            =calls:int =low:int =high:int =ends:int""",
        ),
        _declare(
            _DRAW,
            "keep_own",
            "block",
            """+kept_pre:int +kept_post:int +number:int64 +count:int64 begin:int64 =writes:int pre:int post:int
            mask:uint8 =has_mask:int =low:int =size:int =n:int64 =first:int64""",
        ),
        _declare(
            _DRAW,
            "draw_values",
            "block",
            """+values:double =n:int64 =first:int64 =key:int64 =kind:int =a:double =b:double =most:double =low:double
            =high:double +fault:int64""",
        ),
        _declare(
            _DRAW,
            "draw_listed",
            "block",
            """+values:double elements:int64 =n:int64 =key:int64 =kind:int =a:double =b:double =most:double =low:double
            =high:double +fault:int64""",
        ),
        _declare(_DRAW, "round_delays", "block", "+delay:int values:double =n:int64 =dt:double"),
        _declare(
            _DRAW,
            "round_weights",
            "block",
            """+stored:int64 values:double pathway:uint16 =n:int64 =number:int =scale:double =least:double
            =largest:double +lost:int64 +refused:int64""",
        ),
        _declare(
            _ROWS,
            "find_segments",
            "block",
            """+segment:uint32 +pathway:uint16 +target:uint16 +late:uint8 pre:int post:int delay:int =n:int64
            =number:int pre_ids:int post_ids:int
            =listed:int =pre_begin:int =pre_size:int =pre_shift:int =post_begin:int =post_size:int =post_shift:int
            =slices:int =first_slice:int =slice_size:int =first:int =width:int =blocks:int
            =same_delay:int""",
        ),
        _declare(_ROWS, "count_synapses", "thread", "+count:uint32 segment:uint32 =n:int64 =segments:int64"),
        _declare(_ROWS, "count_targets", "thread", "+degree:int post:int =n:int64 =n_post:int64"),
        _declare(_ROWS, "find_places", "thread", "+place:uint32 +next:uint32 segment:uint32 =n:int64 =segments:int64"),
        _declare(
            _ROWS,
            "put_targets",
            "thread",
            """+targets:uint16 +lates:uint8 +created:uint32 place:uint32 segment:uint32 target:uint16 late:uint8
            =n:int64 =is_late:int =is_numbered:int =first:int64""",
        ),
        _declare(
            _ROWS,
            "put_weights",
            "thread",
            "+weights:uint8 place:uint32 segment:uint32 stored:int64 =n:int64 =bytes:int",
        ),
        _declare(
            _ROWS,
            "arrange_rows",
            "warp",
            """+created:uint32 +targets:uint16 +lates:uint8 +weights:uint8 begin:uint32 =segments:int64 =is_late:int
            =columns:int =step:int64 =bytes:int""",
        ),
    )
}
