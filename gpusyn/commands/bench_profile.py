"""Where the time of a step goes: `gpusyn bench --profile`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gpusyn as gs
from gpusyn.backends.base import Backend
from gpusyn.errors import BackendError
from gpusyn.kernels.arrays import SYNAPSE_KERNELS
from gpusyn.kernels.program import Launch

HOST = "host"  # what no launch took


def require_profile(backend: Backend) -> None:
    """Check that the sessions of a backend time their launches.

    Raises
    ------
    BackendError
        If they do not.
    """
    if backend.name != "cpu":
        raise BackendError(
            f"--profile: the {backend.name} backend does not time its launches; give --backend cpu, or leave it out"
        )


def launch_seconds(
    sim: gs.Simulator, steps: int, profile: Callable[[int], Mapping[str, float]] | None = None
) -> dict[str, float]:
    """Advance a simulator, and return the time of each launch (s) by its label, in order.

    Parameters
    ----------
    sim : Simulator
        A simulator, on the `cpu` backend if no `profile` is given.
    steps : int
        Number of steps.
    profile : callable, optional
        Function that runs a number of steps and returns the time of each launch in them.
    """
    session: Any = sim._session
    timed = session.profile if profile is None else profile
    total = Counter[str]()
    session.run = lambda k: total.update(timed(k))
    try:
        sim.step(steps)
    finally:
        del session.run  # the method of its class is back
    return dict(total)


def profiled(sim: gs.Simulator, steps: int, delivered: Callable[[gs.Simulator, float], float]) -> dict[str, Any]:
    """Advance a simulator, and return where the time went.

    Parameters
    ----------
    sim : Simulator
        A simulator on the `cpu` backend.
    steps : int
        Number of steps.
    delivered : callable
        Function of the simulator and a time (ms) that returns how many synapses the spikes after it have reached.

    Returns
    -------
    dict
        ``steps``, ``wall_s``, and ``parts``: a list with ``part`` (label of a launch, or "host"), ``seconds``,
        ``share`` of the wall time, and ``ns`` for one of a ``unit``, None where there is no unit of work.
    """
    since = sim.time
    begin = time.perf_counter()
    seconds = launch_seconds(sim, steps)
    wall = time.perf_counter() - begin
    launches = {launch.label: launch for launch in sim._compiled.program.launches}
    parts = []
    for label, took in [*seconds.items(), (HOST, wall - sum(seconds.values()))]:
        unit, count = _work(sim, launches.get(label), steps, lambda: delivered(sim, since))
        each = 1e9 * took / count if count else None
        parts.append({"part": label, "seconds": took, "share": took / wall, "unit": unit, "ns": each})
    return {"steps": steps, "wall_s": wall, "parts": parts}


def _work(
    sim: gs.Simulator, launch: Launch | None, steps: int, delivered: Callable[[], float]
) -> tuple[str | None, float]:
    """Return the unit of work of a launch and the number of units in all steps; None and 0 where it has none."""
    kernel = None if launch is None else launch.kernel
    if launch is not None and kernel == "advance_neurons":
        return "neuron", launch.scalars["n"] * steps
    if kernel in SYNAPSE_KERNELS:
        return "gate", sim.plan.synapses * steps
    if kernel is not None and (sources := sim._compiled.layout.sources(kernel)):
        return "source", sum(placed.population.size for placed in sources) * steps
    if kernel == "deliver_spikes" and not sim._compiled.layout.procedural:  # which would have a part of them
        return "delivery", delivered()
    return None, 0.0


def profile_lines(profile: dict[str, Any]) -> Sequence[str]:
    """Return a profile as lines of text, the largest part first."""
    parts = sorted(profile["parts"], key=lambda part: -part["seconds"])
    lines = [f"where the time goes, over {profile['steps']:,} steps in {profile['wall_s']:.3f} s"]
    for part in parts:
        each = "" if part["ns"] is None else f"{part['ns']:9.2f} ns for each {part['unit']}"
        per_step = 1e6 * part["seconds"] / profile["steps"]
        lines.append(f"  {part['part']:26}{100 * part['share']:5.1f} %{per_step:10.2f} us a step{each}".rstrip())
    return lines
