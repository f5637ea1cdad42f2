"""Setting up, running and ending."""

from __future__ import annotations

import logging
from typing import Any

from pyNN import common
from pyNN.common.control import DEFAULT_MAX_DELAY, DEFAULT_MIN_DELAY, DEFAULT_TIMESTEP
from pyNN.recording import get_io

from gpusyn.pynn import state as simulator
from gpusyn.pynn.state import state
from gpusyn.utils.messages import LOGGER

OF_SIMULATOR = frozenset({"backend", "threads", "seed", "precision", "weights", "chunk_steps", "progress"})
OPTIONS = frozenset({"max_delay", "max_rate", "max_weight", "changing_weights", "changing_cells"}) | OF_SIMULATOR
PRECISIONS = "on_grid", "off_grid"
logger = logging.getLogger("PyNN")


def setup(timestep: float = DEFAULT_TIMESTEP, min_delay: float | str = DEFAULT_MIN_DELAY, **extra_params: Any) -> int:
    """Start anew: forget what was described and simulated.

    Parameters
    ----------
    timestep : float
        Time step (ms).
    min_delay : float or "auto"
        Smallest delay (ms), which synapses without a delay have; ``"auto"``: a time step.
    **extra_params
        `max_delay`, and options of gs.Simulator: `backend`, `threads`, `seed`, `precision` (by default ``"double"``).
        `max_rate` (Hz) and `max_weight` (PyNN's unit) are the largest values to which rates and weights will be set
        while time runs, by default ten times the largest that is described. With ``changing_weights=False``, weights
        that are alike are stored once and stay; with ``changing_cells=False``, parameters that all cells of a
        population share are stored once, and change for all of them alone. NEST's `rng_seed` is a seed as well, and its
        `spike_precision` can be ``"on_grid"``, or ``"off_grid"`` which warns that spikes are on the grid;
        other options of other simulators are left out.

    Returns
    -------
    int
        0, the number of this process.

    Raises
    ------
    ValueError
        If `spike_precision` is another one.
    """
    if (asked := extra_params.get("spike_precision", "on_grid")) not in PRECISIONS:
        raise ValueError(f"setup: spike_precision must be one of {', '.join(PRECISIONS)} (got {asked!r})")
    if asked == "off_grid":
        LOGGER.warning(
            "setup(spike_precision='off_grid'): gpusyn has no spikes between steps, and rounds all times to steps of "
            f"{timestep} ms; take a smaller timestep if this is too coarse"
        )
    common.setup(timestep, min_delay, **extra_params)
    options = {"precision": "double", "max_delay": DEFAULT_MAX_DELAY}
    options |= {name: value for name, value in extra_params.items() if name in OPTIONS}
    if "seed" not in options and extra_params.get("rng_seed") is not None:
        options["seed"] = extra_params["rng_seed"]
    others = sorted(extra_params.keys() - OPTIONS - {"rng_seed", "spike_precision"})
    if others:
        logger.info("pyNN.gpusyn.setup(): %s left out; it takes %s", ", ".join(others), ", ".join(sorted(OPTIONS)))
    state.set_up(dt=timestep, min_delay=min_delay, **options)
    return 0


def end(compatible_output: bool = True) -> None:
    """Write what was to be written at the end; recorded data stay readable."""
    for population, variables, filename in state.write_on_end:
        population.write_data(get_io(filename), variables)
    state.write_on_end = []


run, run_until = common.build_run(simulator)
run_for = run
reset = common.build_reset(simulator)
initialize = common.initialize
get_current_time, get_time_step, get_min_delay, get_max_delay, num_processes, rank = common.build_state_queries(
    simulator
)
