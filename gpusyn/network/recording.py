"""The method of a network that adds recorders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy.typing as npt

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.network.populations import Selection
from gpusyn.network.projections import Projection
from gpusyn.network.recorder import (
    Recorder,
    RecorderPair,
    SpikeRecorder,
    SynapseRecorder,
    TraceName,
    TraceRecorder,
    checked_file,
    checked_overwrite,
    checked_synapses,
    checked_variables,
)
from gpusyn.network.registry import NetworkObjects
from gpusyn.parameters.scalars import one_of, public, real, show
from gpusyn.parameters.waveform import time_window
from gpusyn.utils.typing import Integers


class NetworkRecording(NetworkObjects):
    """Method of :class:`gpusyn.Network` that adds recorders."""

    @overload
    def record(
        self,
        source: Projection,
        variables: str | Sequence[str],
        *,
        every: float | None = None,
        synapses: npt.ArrayLike | None = None,
        start: float = 0.0,
        stop: float | None = None,
        file: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        name: str | None = None,
    ) -> SynapseRecorder: ...
    @overload  # "spikes" in a variable of type str counts as traces
    def record(  # type: ignore[overload-overlap]
        self,
        source: Selection | str,
        variables: Literal["spikes"] | list[Literal["spikes"]] | tuple[Literal["spikes"]],
        *,
        start: float = 0.0,
        stop: float | None = None,
        file: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        name: str | None = None,
    ) -> SpikeRecorder: ...
    @overload
    def record(  # type: ignore[overload-overlap]
        self,
        source: Selection | str,
        variables: str | list[TraceName] | tuple[TraceName, ...],
        *,
        every: float | None = None,
        start: float = 0.0,
        stop: float | None = None,
        file: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        name: str | None = None,
    ) -> TraceRecorder: ...
    @overload
    def record(
        self,
        source: Selection | str,
        variables: list[Literal["spikes"] | TraceName]
        | tuple[Literal["spikes"] | TraceName, ...]
        | tuple[Literal["spikes"], str, *tuple[str, ...]],
        *,
        every: float | None = None,
        start: float = 0.0,
        stop: float | None = None,
        file: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        name: str | None = None,
    ) -> RecorderPair: ...
    @overload  # of other lists, type checkers do not know whether "spikes" is among them
    def record(
        self,
        source: Selection | str,
        variables: Sequence[str],
        *,
        every: float | None = None,
        start: float = 0.0,
        stop: float | None = None,
        file: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        name: str | None = None,
    ) -> Any: ...
    @public
    def record(
        self,
        source: Selection | Projection | str,
        variables: str | Sequence[str],
        *,
        every: float | None = None,
        synapses: npt.ArrayLike | None = None,
        start: float = 0.0,
        stop: float | None = None,
        file: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        name: str | None = None,
    ) -> Recorder | RecorderPair:
        """Record spikes, traces or both; or the synapses of a projection.

        Parameters
        ----------
        source : Selection, Projection or str
            Recorded neurons or projection of this network, or the name of a population or a projection.
        variables : str or sequence of str
            Of neurons, ``"spikes"``, variables that all recorded populations have (see ``Population.variables``), or
            both:
            ``"V"`` (mV), of the soma if there are dendrites, and ``"V_<dendrite>"``;
            ``"g_<receptor>"`` (nS), ``"I_<receptor>"`` (pA) and, of kinetics with a rise, ``"h_<receptor>"`` (nS/ms, or
            pA/ms of a CurrentReceptor); of a DeltaReceptor V shows all;
            ``"B_<receptor>"``, the open fraction of a magnesium block;
            ``"Ca"`` and ``"Ca_<dendrite>"``, the calcium (uM) that enters through receptors with ``Pf``;
            ``"w"`` (pA) of an AdEx, ``"u"`` (mV/ms) of an Izhikevich, ``"m"``, ``"h"`` and ``"n"`` of a HodgkinHuxley
            neuron, ``"theta"`` (mV) of a LIF neuron whose threshold adapts, and ``"theta_spike"``, ``"theta_voltage"``
            (mV), ``"asc_1"`` and ``"asc_2"`` (pA) of a GLIF neuron whose level has them.
            Of a projection, its ``Projection.variables``: ``"weight"`` (nS, pA of a CurrentReceptor or mV of a
            DeltaReceptor), or of one that reaches several receptors ``"weight_<receptor>"``; with a TsodyksMarkram
            ``"u"`` and ``"x"`` (``"y"`` with tau_psc), as they are by then; with NMDAPlasticity ``"Ca"`` (uM), with
            CalciumSTDP ``"Ca"`` (1).
        every : float, optional
            Sampling interval of traces (ms), a multiple of dt; by default every step is sampled. Samples are taken at
            its multiples, whatever `start` is. Synapses are read by the host between two steps, which takes longer than
            a step: give an interval of many steps.
        synapses : array_like of int, optional
            Recorded synapses of a projection, as positions in the order of ``sim.weights(projection)``, that is, sorted
            by (pre, post, creation); all of them by default.
        start, stop : float, optional
            Interval (start, stop] (ms), multiples of dt, open at its start as in NEST; by default all is recorded.
        file : path, optional
            HDF5 file to which the data are streamed; several recorders may share one. A relative path starts at the
            present working directory. ``{trial}`` in it stands for the number of the trial. Of a network that is
            spread on several ranks, each writes a file beside it, ``run.rank0.h5`` of rank 0 and ``run.h5``.
        overwrite : bool
            If True, a Simulator replaces a result that is in the file already; otherwise it refuses to.
        name : str, optional
            Unique name; by default ``source:variables``, numbered if it is taken. If both spikes and traces are
            recorded, ``name:spikes`` and ``name:variables`` are the names of the two.

        Returns
        -------
        Recorder or RecorderPair
            The key of the data: ``sim.data[recorder]`` is a SpikeData or a TraceData, and a SynapseData, which is a
            TraceData with the arrays `pre` and `post`, if synapses are recorded. If both are recorded, a pair of
            recorders, ``spikes, traces = net.record(cells, ["spikes", "V"])``; with the pair itself as key, the data
            are a pair as well: ``sim.data[pair].spikes`` and ``sim.data[pair].traces``.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type, `every` is given for spikes, or `synapses` for neurons.
        FileError
            If the file is relative and the working directory is gone.
        ParameterError
            If a variable is named twice, the interval is not positive, `stop` is not later than `start`, the source
            belongs to another network, the name is taken, or recorders of one file differ in `overwrite`; if a
            synapse is out of range or not in its order, or the projection is procedural.
        UnknownNameError
            If a recorded population, or the projection, has no such variable.
        SimulationError
            If a simulator uses the network.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> cells = net.population("cells", 5, gs.LIF(I_e=200.0), receptors=gs.AMPA())
        >>> spikes, traces = net.record(cells, "spikes"), net.record(cells[:2], ["V", "I_AMPA"], every=0.5)
        >>> with gs.Simulator(net, backend="numpy") as sim:
        ...     sim.run(100.0)
        ...     len(sim.data[spikes]), sim.data[traces]["V"].shape
        (15, (200, 2))
        """
        here = "Network.record()"
        chosen = self._recorded(source, f"{here}.source")
        kept = checked_variables(variables, chosen, f"{here}.variables")
        if isinstance(chosen, Projection):
            at = checked_synapses(synapses, chosen, f"{here}.synapses")
            made: Recorder = self._recorder(chosen, kept, every, start, stop, file, overwrite, name, at)
            return self._add("recorder", made)
        if synapses is not None:
            raise ArgumentError(
                f"{here}.synapses: is for a projection, of which it names some synapses (got {show(synapses)}); "
                f"some neurons are a selection, such as {chosen.name}[:10]"
            )
        traces = tuple(variable for variable in kept if variable != "spikes")
        if len(traces) == len(kept) or not traces:
            made = self._recorder(chosen, kept, every, start, stop, file, overwrite, name)
            return self._add("recorder", made)
        names = [None if name is None else f"{name}:{part}" for part in ("spikes", "+".join(traces))]
        spikes = self._recorder(chosen, ("spikes",), None, start, stop, file, overwrite, names[0])
        sampled = self._recorder(chosen, traces, every, start, stop, file, overwrite, names[1])
        return RecorderPair(self._add("recorder", spikes), self._add("recorder", sampled))

    def _recorded(self, source: Any, where: str) -> Selection | Projection:
        """Return a selection or a projection of this network, given itself or by name."""
        if isinstance(source, str):
            known = {**self.populations, **self.projections}
            source = known[one_of(source, known, where)]
        if not isinstance(source, Projection):
            return self._own(source, where)
        if self.projections.get(source.name) is not source:
            raise ParameterError(
                f"{where}: projection {source.name!r} belongs to another network; "
                "use one that this network's connect() returned"
            )
        if source.procedural:
            raise ParameterError(
                f"{where}: the synapses of {source.name!r} are drawn again at each spike and have no state that could "
                "be recorded; sim.weights() lists them, or connect with storage='stored'"
            )
        return source

    def _recorder(
        self,
        source: Selection | Projection,
        variables: tuple[str, ...],
        every: Any,
        start: Any,
        stop: Any,
        file: Any,
        overwrite: Any,
        name: Any,
        synapses: Integers | None = None,
    ) -> Any:
        """Return a recorder of spikes, of traces or of synapses, with checked arguments."""
        name = self._free_name("recorder", name, f"{source.name}:{'+'.join(variables)}")
        where = f"Recorder {name!r}"
        if every is not None:
            if variables == ("spikes",):
                raise ArgumentError(f"{where}.every: is for traces; every spike is recorded (got {show(every)})")
            every = real(every, f"{where}.every", unit="ms", above=0.0)
        window = time_window(start, stop, where)
        path = checked_file(file, f"{where}.file")
        replace = checked_overwrite(overwrite, path, self.recorders.values(), f"{where}.overwrite")
        if isinstance(source, Projection):
            return SynapseRecorder(name, source, variables, every, path, replace, *window, synapses)
        kind = SpikeRecorder if variables == ("spikes",) else TraceRecorder
        return kind(name, source, variables, every, path, replace, *window)
