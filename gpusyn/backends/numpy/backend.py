"""The `numpy` backend: the reference, vectorised over neurons, sources and synapses, in one thread.

Each kernel has a twin: a function of the kernel's arrays (by argument name) and of what is prepared once from the
constant tables. Twins work in place on the session's arrays, with the operations of the kernels in the
same order, so every other backend must give the same bits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.backends.base import part_to_read, part_to_write
from gpusyn.backends.numpy import advance_gates as gates
from gpusyn.backends.numpy import advance_modulators as modulators
from gpusyn.backends.numpy import advance_neurons as neurons
from gpusyn.backends.numpy import advance_releases as releases
from gpusyn.backends.numpy import advance_renewals as renewals
from gpusyn.backends.numpy import advance_sources as sources
from gpusyn.backends.numpy import advance_spines as spines
from gpusyn.backends.numpy import advance_synapses as synapses
from gpusyn.backends.numpy import deliver_procedural as procedural
from gpusyn.backends.numpy import deliver_releases as one_by_one
from gpusyn.backends.numpy import deliver_spikes as delivery
from gpusyn.backends.numpy import find_influx as influx
from gpusyn.backends.numpy import find_limits as limits
from gpusyn.backends.numpy import gather_currents as currents
from gpusyn.backends.numpy import junctions
from gpusyn.backends.numpy import learn_weights as learning
from gpusyn.backends.numpy import remember_gates as spine_gates
from gpusyn.backends.numpy import remember_spikes as trains
from gpusyn.backends.numpy import scale_weights as scaling
from gpusyn.equations.kinetics import SYNAPSE_GATES
from gpusyn.kernels.program import Launch, Program
from gpusyn.kernels.signature import Numbers, Signature
from gpusyn.kernels.spec import KERNELS
from gpusyn.utils.memory import free_memory


class Twin(NamedTuple):
    """A kernel in numpy: the function that prepares its tables, and the function of a step."""

    prepare: Callable[[SimpleNamespace, Any], Any]  # takes the signature of the launch
    step: Callable[[SimpleNamespace, Any], None]


def _nothing(a: SimpleNamespace, signature: Signature | None) -> None:
    """Prepare nothing."""


TWINS: dict[str, Twin] = {
    "advance_neurons": Twin(neurons.prepare_neurons, neurons.advance_neurons),
    "find_limits": Twin(limits.prepare_limits, limits.find_limits),
    "gather_potentials": Twin(junctions.prepare_potentials, junctions.gather_potentials),
    "gather_currents": Twin(currents.prepare_currents, currents.gather_currents),
    "advance_poisson": Twin(sources.prepare_poisson, sources.advance_poisson),
    "advance_lists": Twin(_nothing, sources.advance_lists),
    "advance_renewals": Twin(renewals.prepare_renewals, renewals.advance_renewals),
    "deliver_changes": Twin(delivery.prepare_routes, delivery.deliver_changes),
    "deliver_spikes": Twin(delivery.prepare_delivery, delivery.deliver_spikes),
    "deliver_procedural": Twin(procedural.prepare_procedural, procedural.deliver_procedural),
    "begin_releases": Twin(one_by_one.prepare_sets, one_by_one.begin_releases),
    "deliver_releases": Twin(one_by_one.prepare_releases, one_by_one.deliver_releases),
    "advance_gates": Twin(gates.prepare_gates, gates.advance_gates),
    "remember_spikes": Twin(trains.prepare_trains, trains.remember_spikes),
    "advance_modulators": Twin(modulators.prepare_modulators, modulators.advance_modulators),
    "remember_gates": Twin(spine_gates.prepare_spine_gates, spine_gates.remember_gates),
    "find_influx": Twin(influx.prepare_influx, influx.find_influx),
    "advance_spines": Twin(spines.prepare_spines, spines.advance_spines),
    "learn_weights": Twin(learning.prepare_learning, learning.learn_weights),
    "scale_weights": Twin(scaling.prepare_scalings, scaling.scale_weights),
    "advance_releases": Twin(releases.prepare_releases, releases.advance_releases),
    **{
        gate.KERNEL: Twin(
            functools.partial(synapses.prepare_synapses, gate), functools.partial(synapses.advance_synapses, gate)
        )
        for gate in SYNAPSE_GATES.values()
    },
}


class NumpyBackend:
    """The reference backend, which needs only numpy.

    >>> NumpyBackend().describe()
    'numpy ..., one thread'
    """

    name = "numpy"
    workers = 1

    def __init__(self, threads: int | None = None) -> None:
        """Ignore `threads`, which every backend accepts; one thread computes."""

    def free_memory(self) -> int | None:
        """Return the free bytes of main memory, None if the system does not report them."""
        return free_memory()

    def describe(self) -> str:
        """Return one phrase that names the version and the number of threads."""
        return f"numpy {np.__version__}, one thread"

    def launcher(self) -> None:
        """Return None: numpy builds networks."""

    def start(self, program: Program) -> NumpySession:
        """Check the launches and return a session that works on the program's arrays."""
        return NumpySession(program)


class _Call:
    """One launch: a twin with its arguments, and what it prepares at the first call."""

    def __init__(self, launch: Launch, arrays: dict[str, NDArray[np.generic]], numbers: Numbers) -> None:
        spec = KERNELS[launch.kernel]
        values = spec.bind(launch.arrays, arrays, launch.scalars, numbers)
        flat = {a.name: values[a.name].reshape(-1) if a.array else values[a.name] for a in spec.arguments}
        self.twin = TWINS[launch.kernel]
        self.arguments = SimpleNamespace(**flat)
        self.signature = launch.signature
        self.tables = {launch.arrays[argument] for argument in spec.tables}
        self.ready = False
        self.prepared: Any = None

    def __call__(self) -> None:
        if not self.ready:
            self.prepared = self.twin.prepare(self.arguments, self.signature)
            self.ready = True
        self.twin.step(self.arguments, self.prepared)


class NumpySession:
    """A program that runs in numpy; see `gpusyn.backends.base.Session`."""

    def __init__(self, program: Program) -> None:
        self._arrays: dict[str, NDArray[np.generic]] = {}
        self.rebind(program, {name: program.live(name) for name in program.specs})

    def run(self, steps: int, first: int = 0, end: int | None = None) -> None:
        """Run the launch list, or a part of it, `steps` times."""
        calls = self._calls[first:end]
        with np.errstate(all="ignore"):  # the kernels themselves detect and report a fault in the state
            for _ in range(steps):
                for call in calls:
                    call()

    def read(self, name: str, start: int = 0, stop: int | None = None, after: object = None) -> NDArray[np.generic]:
        """Return a copy of an array, or of the part [start, stop) of its flattened form."""
        part: NDArray[np.generic] = part_to_read("numpy", self._arrays, name, start, stop)
        return part.copy()

    def write(self, name: str, values: NDArray[np.generic], start: int = 0) -> None:
        """Replace the part of the flattened array that begins at `start`."""
        part, flat = part_to_write("numpy", self._arrays, name, values, start)
        part[:] = flat
        for call in self._calls:
            if name in call.tables:
                call.ready = False

    def rebind(self, program: Program, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace arrays by larger ones, and take the launches of `program`."""
        bound = {**self._arrays, **arrays}
        self._calls = [_Call(launch, bound, program.numbers) for launch in program.launches]
        self._arrays = bound

    def close(self) -> None:
        """Release the arrays."""
        self._arrays, self._calls = {}, []
