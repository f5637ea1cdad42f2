"""The `numpy` backend: the reference. Plain, vectorised over neurons, sources and synapses, one thread.

Each kernel has a twin: a function of the kernel's arrays (by argument name) and of a plan, which holds what
follows from the constant tables. Twins work in place on the session's arrays, with the kernels' operations
in the kernels' order, so every other backend must give the same bits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.backends.numpy import advance_gates as numpy_gates
from gpusyn.backends.numpy import advance_neurons as numpy_neurons
from gpusyn.backends.numpy import advance_synapses as numpy_synapses
from gpusyn.backends.numpy import spikes as numpy_events
from gpusyn.equations.kinetics import SYNAPSE_GATES
from gpusyn.errors import BackendError
from gpusyn.kernels.program import Launch, Program
from gpusyn.kernels.signature import Numbers, Signature
from gpusyn.kernels.spec import KERNELS


class Twin(NamedTuple):
    """A kernel in numpy: what to prepare from which tables, and the step."""

    prepare: Callable[[SimpleNamespace, Signature | None], Any]
    step: Callable[[SimpleNamespace, Any], None]
    tables: tuple[str, ...]


def _nothing(a: SimpleNamespace, signature: Signature | None) -> None:
    """Prepare nothing."""


TWINS: dict[str, Twin] = {
    "advance_neurons": Twin(numpy_neurons.prepare_neurons, numpy_neurons.advance_neurons, numpy_neurons.TABLES),
    "advance_poisson": Twin(numpy_events.prepare_poisson, numpy_events.advance_poisson, numpy_events.POISSON_TABLES),
    "advance_lists": Twin(_nothing, numpy_events.advance_lists, ()),
    "deliver_spikes": Twin(numpy_events.prepare_delivery, numpy_events.deliver_spikes, numpy_events.DELIVERY_TABLES),
    "advance_gates": Twin(numpy_gates.prepare_gates, numpy_gates.advance_gates, numpy_gates.TABLES),
    **{
        gate.KERNEL: Twin(
            functools.partial(numpy_synapses.prepare_synapses, gate),
            functools.partial(numpy_synapses.advance_synapses, gate),
            numpy_synapses.TABLES,
        )
        for gate in SYNAPSE_GATES.values()
    },
}


class NumpyBackend:
    """The reference backend; needs nothing but numpy.

    >>> NumpyBackend().describe()
    'numpy ..., one thread'
    """

    name = "numpy"

    def describe(self) -> str:
        """One phrase: version and threads."""
        return f"numpy {np.__version__}, one thread"

    def start(self, program: Program) -> NumpySession:
        """Check the launches and return a session that works on the program's arrays."""
        return NumpySession(program)


class _Call:
    """One launch: a twin with its arguments, and its plan once it is made."""

    def __init__(self, launch: Launch, arrays: dict[str, NDArray[np.generic]], numbers: Numbers) -> None:
        spec = KERNELS[launch.kernel]
        types = {a.name: a.dtype(numbers).type for a in spec.arguments}
        values: dict[str, Any] = {argument: arrays[name] for argument, name in launch.arrays.items()}
        values |= {name: types.get(name, np.int64)(number) for name, number in launch.scalars.items()}
        spec.check(values, numbers)
        flat = {a.name: values[a.name].reshape(-1) if a.array else values[a.name] for a in spec.arguments}
        self.twin = TWINS[launch.kernel]
        self.arguments = SimpleNamespace(**flat)
        self.signature = launch.signature
        self.tables = {launch.arrays[argument] for argument in self.twin.tables}
        self.ready = False
        self.plan: Any = None

    def __call__(self) -> None:
        if not self.ready:
            self.plan = self.twin.prepare(self.arguments, self.signature)
            self.ready = True
        self.twin.step(self.arguments, self.plan)


class NumpySession:
    """A program that runs in numpy; see `gpusyn.backends.base.Session`."""

    def __init__(self, program: Program) -> None:
        self._arrays = {
            name: array if array.flags.writeable else array.copy() for name, array in program.arrays.items()
        }
        self._calls = [_Call(launch, self._arrays, program.numbers) for launch in program.launches]

    def run(self, steps: int) -> None:
        """Run the launch list `steps` times."""
        with np.errstate(all="ignore"):  # a fault in the state is reported by the kernels' own test
            for _ in range(steps):
                for call in self._calls:
                    call()

    def read(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[np.generic]:
        """Copy of an array, or of the part [start, stop) of its flattened form."""
        array = self._array(name)
        return array.copy() if start == 0 and stop is None else array.reshape(-1)[start:stop].copy()

    def write(self, name: str, values: NDArray[np.generic], start: int = 0) -> None:
        """Replace the part of the flattened array that begins at `start`.

        Raises
        ------
        BackendError
            There is no such array, or the values are of another type or reach beyond its end.
        """
        flat = self._array(name).reshape(-1)
        if values.dtype != flat.dtype or not 0 <= start <= flat.size - values.size:
            raise BackendError(
                f"numpy backend: cannot write {values.size} {values.dtype} values at {start} "
                f"of array '{name}', which holds {flat.size} {flat.dtype}"
            )
        flat[start : start + values.size] = values.reshape(-1)
        for call in self._calls:
            if name in call.tables:
                call.ready = False

    def close(self) -> None:
        """Forget the arrays."""
        self._arrays, self._calls = {}, []

    def _array(self, name: str) -> NDArray[np.generic]:
        if name not in self._arrays:
            raise BackendError(f"numpy backend: no array '{name}' in this session; there are {sorted(self._arrays)}")
        return self._arrays[name]
