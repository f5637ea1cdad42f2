"""A network that runs: its parts, and its steps in chunks, between which the host does what is due."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gpusyn.backends.base import Backend, Session, start_session
from gpusyn.backends.select import use_backend
from gpusyn.builder.compile import Compiled
from gpusyn.builder.notes import tell
from gpusyn.builder.plan import TO_FIT, Asked, Plan, plan
from gpusyn.distributed.exchange import SpreadSession
from gpusyn.distributed.gathering import gathering_of
from gpusyn.distributed.ranks import Ranks
from gpusyn.errors import BackendError, SimulationError
from gpusyn.io.provenance import Provenance
from gpusyn.kernels.arrays import NO_FAULT
from gpusyn.kernels.records import Clock
from gpusyn.network.network import Network
from gpusyn.parameters.scalars import flag, integer
from gpusyn.simulation.access import Access
from gpusyn.simulation.agreement import same_start
from gpusyn.simulation.devices import tell_devices
from gpusyn.simulation.file_streams import check_resumed_files
from gpusyn.simulation.in_flight import InFlight
from gpusyn.simulation.initial_values import InitialValues
from gpusyn.simulation.learned_weights import redraw_weights
from gpusyn.simulation.recordings import Recordings
from gpusyn.simulation.rewiring import Rewirer
from gpusyn.simulation.sent_ids import fault_of_ids
from gpusyn.simulation.spike_list import SpikeList
from gpusyn.simulation.spread_streams import check_spread_files
from gpusyn.utils.held_signals import held_signals
from gpusyn.utils.memory import give_back_memory, memory_errors
from gpusyn.utils.progress import progress_bar
from gpusyn.utils.typing import Whole

# A chunk of steps takes about this long (s), so that Ctrl-C is answered soon; no result depends on it.
CHUNK_SECONDS = 0.2

RESOURCES = (BackendError, MemoryError, OSError)  # errors that one rank may have, and others not
_BUILDING = "Simulator: building the network"
_MUCH = 1e7  # bytes of a network from which on planning or building it leaves much free memory


class Running:
    """A network that runs on a backend, built at time 0.

    Parameters
    ----------
    net : Network
        The network.
    asked : Asked
        Step of time, precision, form of weights and threads.
    seed, trial : int
        Seed and trial of the random numbers.
    backend : str or Backend
        Backend that computes.
    chunk_steps : int, optional
        Upper limit on the steps of a chunk.
    progress : bool, optional
        If True, show progress bars; if False, none; by default where something takes long.
    start : str, optional
        Date on which a simulation began that goes on; its state is put into the network afterwards.
    ranks : Ranks, optional
        The ranks on which the network is spread, of which this is one.

    Attributes
    ----------
    net, progress
        As they were given.
    lost : str
        Reason why the state is not that of any step: the error that a backend raised in the middle of one.
    closed : bool
        True after `close`.
    """

    def __init__(
        self,
        net: Network,
        asked: Asked,
        seed: int,
        trial: int,
        backend: object,
        chunk_steps: Whole | None,
        progress: bool | None,
        start: str | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        self.net, self.ranks, begins = net, ranks, start is None
        if chunk_steps is not None:
            chunk_steps = integer(chunk_steps, "Simulator.chunk_steps", low=1)
        self.progress = None if progress is None else flag(progress, "Simulator.progress")

        if ranks is not None:
            same_start(ranks, net, asked, seed, trial)

        def started(used: Backend) -> tuple[Plan, Compiled, Session]:
            planned = plan(net, asked, used)
            planned.require_fit()
            _give_back(planned)
            if begins:
                check_spread_files(net.recorders.values(), trial, ranks)
            else:
                check_resumed_files(net.recorders.values(), trial)
            bar = progress_bar(planned.synapses, 1.0, self.progress, "synapses", "building")
            with memory_errors(_BUILDING, TO_FIT), bar as show:

                def advanced(synapses: float) -> None:
                    if ranks is not None and ranks.stopping:
                        raise KeyboardInterrupt
                    show(synapses)

                compiled = Compiled(planned.layout, seed, chunk_steps, trial, advanced, used.launcher)
                session = start_session(used, compiled.program)
                return planned, compiled, session if ranks is None else SpreadSession(session, compiled, ranks)

        place = None if ranks is None else ranks.on_machine()[0]
        chosen, (planned, self.compiled, self.session) = use_backend(
            backend, asked.threads, "Simulator", started, place
        )
        if ranks is not None:
            tell_devices(ranks, chosen)
        _give_back(planned)
        self.plan: Plan = planned.built(self.compiled.rounded_to_zero)
        facts = Provenance(seed, trial, planned.dt, self.plan.precision, self.plan.weights, chosen.name)
        with memory_errors(_BUILDING, TO_FIT):
            self.initial = InitialValues(self.compiled.program, self.session)
            self.access = Access(self.compiled, self.session, seed, trial)
            self.spikes = SpikeList(self.compiled, self.session)
            if isinstance(self.session, SpreadSession) and self.spikes.grows:
                self.session.reserve_by(self.spikes.reserve)
            self.in_flight = InFlight(planned.layout, self.session, self.spikes)
            self.rewirer = Rewirer(self.compiled, self.session, self.initial)
            facts = facts if start is None else replace(facts, start=start)
            self.recordings = Recordings(self.compiled, self.session, self.spikes, facts, net.recorders, begins)
        self.lost, self.closed = "", False
        self._chunk = 1  # steps of the next chunk
        self._mark: object = None  # of the end of the last chunk, if it may still run
        tell(planned.layout.notes)
        if ranks is not None:
            ranks.tell_warnings()

    def half_done(self, error: BaseException) -> None:
        """Note that an error has ended a change of the state that another rank may have done, or not have done."""
        if self.ranks is not None and (getattr(error, "rank", None) is not None or isinstance(error, RESOURCES)):
            self.lost = f"{type(error).__name__}: {error}"

    @property
    def step(self) -> int:
        """Step that the network has reached."""
        return self.access.step

    def run_to(self, end: int, planned: int | None, advanced: Callable[[float], object]) -> None:
        """Run up to step `end`, as the first part of a run that is `planned` up to a step, or as a later part."""
        while planned is not None or self.step < end:
            self._rewire()
            k = self.in_flight.room(self.step, min(end - self.step, self._chunk, self.compiled.steps))
            k = self.recordings.room(self.step, self.rewirer.room(self.step, k))
            k = self.spikes.room(self.step, k, self.step - self.recordings.end, self._unknown)
            with held_signals():
                if planned is not None:
                    self.recordings.begin(planned)
                if self.ranks is not None:  # all run the same chunks: an exception between two leaves all in one step
                    k = self.ranks.fewest(k)
                self._run_chunk(k)
            planned = None
            advanced(k)
        self.finish()
        self.catch_up()
        self._rewire()

    def catch_up(self) -> None:
        """Take over the spikes of other ranks that are still to come, as after a run that an exception has ended.

        All ranks call it, in the same step.
        """
        if isinstance(self.session, SpreadSession):
            with held_signals():
                self.session.finish(self.step)

    @property
    def _unknown(self) -> int:
        """Number of the last steps of which the spikes of other ranks are still to come."""
        return self.session.unknown(self.step) if isinstance(self.session, SpreadSession) else 0

    def _rewire(self) -> None:
        """Rewire what is due; what an exception has prevented is done by the next run."""
        with held_signals():
            try:
                self.rewirer.rewire(self.step)
            except (BackendError, SimulationError) as error:
                self.lost = f"{type(error).__name__}: {error}"
                raise

    def _run_chunk(self, k: int) -> None:
        """Run `k` steps and take over their records; signals wait until both are done.

        The first chunk of a run may have no step. Where steps go on by themselves, the records of the chunk before are
        taken over meanwhile.
        """
        began, before = time.perf_counter(), self._mark
        with held_signals():
            if k:
                self._mark = self._compute(k)
                self.recordings.collect(self.step - k, k, self._mark)
        if self._mark is None or before is not None:
            self._check_fault(before)
        took = time.perf_counter() - began
        if k == self._chunk and took < CHUNK_SECONDS / 2:
            self._chunk = min(2 * k, self.compiled.steps)
        elif took > CHUNK_SECONDS:
            self._chunk = max(1, k // 2)

    def finish(self) -> None:
        """Wait for the last chunk of a run, and take it over."""
        if self._mark is not None:
            with held_signals():
                self._mark = None
                self.recordings.finish()
            self._check_fault()

    def _compute(self, k: int) -> object:
        """Start or run the next `k` steps; return what `Session.run` does."""
        session, start = self.session, self.step
        session.write("clock", np.array(Clock(start, start, start), np.int64))
        for write in self.compiled.inputs.writes(start, k):
            session.write(*write)
        self.in_flight.apply(start)
        try:
            mark = session.run(k)
        except BaseException as error:
            self.lost = f"{type(error).__name__}: {error}"
            raise
        self.access.step = start + k
        return mark

    def _check_fault(self, after: object = None) -> None:
        """Refuse to go on after the first fault of any neuron; all ranks raise the same error."""
        layout = self.compiled.layout
        found = fault_of_ids(self.session.read("fault", after=after)[:1], layout)
        fault = int(gathering_of(self.session).joined(found).min())
        if fault != NO_FAULT:
            step, source = fault >> 31, fault & (2**31 - 1)
            for name, place in layout.populations.items():
                if place.id <= source < place.id + place.size:
                    raise SimulationError(
                        f"Population '{name}', neuron {source - place.id}: "
                        f"V became NaN or infinite at t = {(step + 1) * self.plan.dt:g} ms; "
                        "look for extreme weights or currents, or use a smaller dt"
                    )

    def restart(self, trial: int | None) -> None:
        """Return to time 0, in another trial if one is given.

        Raises
        ------
        FileError
            If a file of a recorder must not be replaced, or cannot be written; nothing was changed.
        """
        self.session.read("clock")  # a session that has ended says so before anything is discarded
        facts = self.recordings.provenance
        trial = facts.trial if trial is None else trial
        anew = Provenance(facts.seed, trial, facts.dt, facts.precision, facts.weights, facts.backend)
        self.recordings.restart(anew)
        self.access.restore(trial)
        self.initial.restore()
        self.rewirer.restart()
        redraw_weights(self.compiled, self.session)
        self.in_flight.clear()
        if isinstance(self.session, SpreadSession):
            self.session.restart(0)
        self._mark = None
        self.lost = ""

    def close(self) -> None:
        """Release the memory, and close the files."""
        self.closed = True
        try:
            self.recordings.close()
        finally:
            self.session.close()


def _give_back(planned: Plan) -> None:
    """Give free memory back to the system, if planning or building a network may have left much of it."""
    if planned.total + planned.scratch > _MUCH:
        give_back_memory()
