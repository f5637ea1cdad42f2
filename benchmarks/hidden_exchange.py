"""Exchanges of spikes that are hidden behind computing, beside those for which the ranks wait.

``mpiexec -n 2 python -m benchmarks.hidden_exchange [--windows 4 8 15] [--rounds 200]``

For each shortest delay (steps), a random network runs on all ranks twice: compiled code exchanges spikes once in each
window of so many steps and waits, or twice and computes meanwhile. Both simulators run chunks of 240 steps in random
order; rank 0 prints the median time of a step, that of the exchanges in it, and the median ratio of pairs. With more
ranks than cores, set ``MPIR_CVAR_ENABLE_HEAVY_YIELD=1``.
"""

from __future__ import annotations

import argparse
import statistics
from functools import partial
from typing import Any

import numpy as np

import gpusyn as gs
from benchmarks import measure
from gpusyn.distributed import compiled_exchange
from gpusyn.distributed.communicators import mpi_world

NEURONS, STEPS, WARM_UP, DT = 4000, 240, 2000, 0.1
FORMS = {"waiting": 1 << 30, "hidden": 2}  # the shortest window that is hidden


def network(window: int) -> gs.Network:
    """Return a random network whose spikes have an effect after so many steps."""
    net = gs.Network()
    cells = net.population("cells", NEURONS, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()], V=gs.Uniform(-70.0, -50.0))
    net.inject(cells, np.linspace(250.0, 500.0, NEURONS))
    E = cells[: NEURONS * 4 // 5]
    I = cells[NEURONS * 4 // 5 :]
    net.connect(E, cells, gs.FixedInDegree(80), receptor="AMPA", weight=0.02, delay=window * DT)
    net.connect(I, cells, gs.FixedInDegree(20), receptor="GABA_A", weight=0.2, delay=window * DT)
    return net


def simulator(window: int, form: str, comm: Any) -> gs.Simulator:
    """Return a simulator that exchanges spikes in one of the forms, after its first steps."""
    usual = compiled_exchange.HIDDEN_FROM
    compiled_exchange.HIDDEN_FROM = FORMS[form]
    try:
        sim = gs.Simulator(network(window), dt=DT, seed=3, backend="cpu", threads=1, comm=comm, progress=False)
    finally:
        compiled_exchange.HIDDEN_FROM = usual
    sim.step(WARM_UP)
    return sim


def paired(window: int, rounds: int, comm: Any) -> dict[str, list[tuple[float, float]]]:
    """Return the time of a step and of the exchanges in it (us) in each chunk, by form."""
    sims = {form: simulator(window, form, comm) for form in FORMS}
    times: dict[str, list[tuple[float, float]]] = {form: [] for form in FORMS}
    for number in range(rounds):
        for form in np.random.default_rng(number).permutation(list(FORMS)).tolist():
            counted: Any = sims[form]._session.compiled  # type: ignore[attr-defined]
            before = counted.seconds
            comm.Barrier()
            took = measure.seconds(partial(sims[form].step, STEPS))
            times[form].append((took / STEPS * 1e6, (counted.seconds - before) / STEPS * 1e6))
    for sim in sims.values():
        sim.close()
    return times


def main() -> None:
    """Run the benchmark; rank 0 prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, nargs="+", default=[2, 4, 8, 15])
    parser.add_argument("--rounds", type=int, default=200)
    given = parser.parse_args()
    comm = mpi_world()
    heads = " | ".join(f"{form}: step, exchanges (us)" for form in FORMS)
    lines = [*measure.facts(), "", f"| window (steps) | {heads} | ratio |", "|---:|---:|---:|---:|"]
    for window in given.windows:
        times = paired(window, given.rounds, comm)
        cells = [", ".join(f"{statistics.median(us):.1f}" for us in zip(*times[form], strict=True)) for form in FORMS]
        ratios = [hidden[0] / waiting[0] for hidden, waiting in zip(times["hidden"], times["waiting"], strict=True)]
        lines.append(f"| {window} | {' | '.join(cells)} | {statistics.median(ratios):.2f} |")
    if comm.rank == 0:
        print(f"{comm.size} ranks", *lines, sep="\n")


if __name__ == "__main__":
    main()
