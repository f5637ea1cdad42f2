"""The sampled variables of the synapses of one recorder, which the host reads between two chunks of steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gpusyn.backends.base import Session
from gpusyn.builder.compile import Compiled
from gpusyn.builder.plasticity.releases import shared_short_term
from gpusyn.builder.recorded import dtypes_of
from gpusyn.io.file_layout import RecorderLayout
from gpusyn.network.projections import weight_variable
from gpusyn.network.recorder import SynapseRecorder
from gpusyn.results import SynapseData
from gpusyn.simulation.logs import ENDLESS, SampleLog
from gpusyn.simulation.release_access import release_at, release_places
from gpusyn.simulation.spine_access import calcium_of
from gpusyn.simulation.synapse_release_access import release_of
from gpusyn.simulation.weight_access import ChosenSynapses
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
        self.units, self.dtypes = recorder.source.variables, dtypes_of(recorder, compiled.layout)
        self._compiled, self._session = compiled, session
        projection, where = recorder.source, f"Recorder '{recorder.name}'.synapses"
        first, weights = next(iter(projection.weights)), projection.weights
        receptors = {weight_variable(weights, receptor): receptor for receptor in weights}
        self._receptors = {variable: receptors.get(variable, first) for variable in recorder.variables}
        self._chosen = {
            receptor: ChosenSynapses(compiled, session, projection, receptor, recorder.synapses, where)
            for receptor in set(self._receptors.values())
        }
        one = next(iter(self._chosen.values()))  # the synapses onto all receptors are the same
        self.synapses, self.pairs, self.columns = one.synapses, (one.pre, one.post), len(one.synapses)
        self._read = {variable: self._reader(variable, variable in receptors) for variable in recorder.variables}

    def steps_to_next(self, step: int) -> int:
        """Return the number of steps from a step to the next sample."""
        number = max(step // self.every + 1, self.wanted.start)
        return number * self.every - step if number < self.wanted.stop else ENDLESS

    def select(self, start: int, steps: int) -> dict[str, Array]:
        """Return the sample that a chunk of steps ends with, by variable; nothing if it ends with none."""
        if not self.due(start, steps):
            return {}
        return {v: read(start + steps).astype(self.dtypes[v])[np.newaxis] for v, read in self._read.items()}

    def _reader(self, variable: str, is_weight: bool) -> Callable[[int], Array]:
        """Return a function that reads a variable after the number of steps that it is given."""
        compiled, session, projection = self._compiled, self._session, self.recorder.source
        chosen = self._chosen[self._receptors[variable]]
        if is_weight:
            return lambda step: chosen.weights(compiled, session)
        if variable == "Ca":
            return lambda step: calcium_of(compiled, session, chosen)
        if shared_short_term(projection) is not None:
            places = release_places(compiled, projection, chosen.pre)
            return lambda step: release_at(compiled, session, projection, variable, places, step)
        return lambda step: release_of(compiled, session, chosen, variable, step)

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
