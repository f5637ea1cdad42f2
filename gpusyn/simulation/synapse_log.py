"""The sampled variables of the synapses of one recorder, which the host reads between two chunks of steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.recorded import dtypes_of
from gpusyn.io.file_layout import RecorderLayout
from gpusyn.network.projections import weight_variable
from gpusyn.network.recorder import SynapseRecorder
from gpusyn.results import SynapseData
from gpusyn.simulation.logs import ENDLESS, SampleLog
from gpusyn.simulation.weight_access import ChosenWeights
from gpusyn.utils.typing import Array, Floats


class SynapseLog(SampleLog):
    """The sampled variables of the synapses of one recorder.

    Their order is found once, so that a sample of a few synapses takes no longer than they do.

    Raises
    ------
    ParameterError
        If a synapse is wanted that there is not.
    """

    recorder: SynapseRecorder

    def __init__(self, recorder: SynapseRecorder, compiled: Compiled, session: Session) -> None:
        super().__init__(recorder, compiled.layout.dt)
        self.units, self.dtypes = recorder.source.variables, dtypes_of(recorder, compiled.layout)
        weights, where = recorder.source.weights, f"Recorder '{recorder.name}'.synapses"
        receptors = {weight_variable(weights, receptor): receptor for receptor in weights}
        self._weights = {
            variable: ChosenWeights(compiled, session, recorder.source, receptor, recorder.synapses, where)
            for variable, receptor in receptors.items()
            if variable in recorder.variables
        }
        one = next(iter(self._weights.values()))  # the synapses onto all receptors are the same
        self.synapses, self.pairs, self.columns = one.synapses, (one.pre, one.post), len(one.synapses)

    def steps_to_next(self, step: int) -> int:
        """Return the number of steps from a step to the next sample."""
        number = max(step // self.every + 1, self.wanted.start)
        return number * self.every - step if number < self.wanted.stop else ENDLESS

    def select(self, start: int, steps: int) -> dict[str, Array]:
        """Return the sample that a chunk of steps ends with, by variable; nothing if it ends with none."""
        if not self.due(start, steps):
            return {}
        return {v: self._read(v).astype(self.dtypes[v])[np.newaxis] for v in self.rows}

    def _read(self, variable: str) -> Array:
        """Return the present values of a variable."""
        return self._weights[variable].read()

    def _made(self, values: dict[str, Array], t: Floats, every: float) -> SynapseData:
        return SynapseData(self.recorder.source.name, self.synapses, *self.pairs, values, t, self.units, every)

    def file_layout(self) -> RecorderLayout:
        """Return the description of the recorder for a file."""
        populations = [(self.recorder.source.name, self.columns, self.synapses)]
        return replace(super().file_layout(), populations=populations, pairs=self.pairs)

    @property
    def recorded(self) -> str:
        """What is recorded, in words."""
        return f"{self.columns} synapses of {self.recorder.source.name}"
