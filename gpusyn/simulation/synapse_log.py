"""The sampled variables of the synapses of one recorder, which the host reads between two chunks of steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.io.file_layout import RecorderLayout
from gpusyn.network.recorder import SynapseRecorder
from gpusyn.results import SynapseData
from gpusyn.simulation.logs import ENDLESS, SampleLog
from gpusyn.simulation.synapse_variables import SynapseVariables
from gpusyn.utils.typing import Array, Floats


class SynapseLog(SampleLog):
    """The sampled variables of the synapses of one recorder.

    Their order is found once, and not at each sample.

    Raises
    ------
    ParameterError
        If a synapse is wanted that there is not.
    """

    recorder: SynapseRecorder

    def __init__(self, recorder: SynapseRecorder, compiled: Compiled, session: Session) -> None:
        super().__init__(recorder, compiled.layout.dt)
        projection, where = recorder.source, f"Recorder '{recorder.name}'.synapses"
        names, chosen = recorder.variables, recorder.synapses
        self._variables = SynapseVariables(compiled, session, projection, names, chosen, where)
        self.units, self.dtypes = projection.variables, self._variables.dtypes
        self.synapses, self.pairs = self._variables.synapses, (self._variables.pre, self._variables.post)
        self.columns = len(self.synapses)
        #: All synapses that are recorded, and the places of those that are here among them.
        self.all_wanted, self.chosen = self._variables.wanted, self._variables.columns

    def steps_to_next(self, step: int) -> int:
        """Return the number of steps from a step to the next sample."""
        number = max(step // self.every + 1, self.wanted.start)
        return number * self.every - step if number < self.wanted.stop else ENDLESS

    def select(self, start: int, steps: int) -> dict[str, Array]:
        """Return the sample that a chunk of steps ends with, by variable; nothing if it ends with none."""
        if not self.due(start, steps):
            return {}
        return {v: self._variables.read(v, start + steps)[np.newaxis] for v in self.recorder.variables}

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
