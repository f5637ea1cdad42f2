"""Several ranks whose spikes compiled code exchanges: ``mpiexec -n 3 python -m tests.mpi.compiled_program``."""

import functools
import sys

import numpy as np
from mpi4py import MPI

import gpusyn as gs
from gpusyn.commands.bench_ranks import Counting

WORLD = MPI.COMM_WORLD
DT, STEPS = 0.1, 300
CUTS = 1, 4, STEPS // 3, STEPS - STEPS // 3 - 5


def bursts(steps=1):
    """Neurons that fire together, so that messages are now empty and now longer than there is room for.

    The shortest delay is of so many steps.
    """
    net = gs.Network()
    cells = net.population("cells", 300, gs.LIF(), receptors=[gs.AMPA()], V=np.repeat([-70.0, -60.0, -50.0], 100))
    net.inject(cells, np.repeat([600.0, 900.0], 150))
    net.connect(cells, cells, gs.FixedInDegree(20), receptor="AMPA", weight=0.05, delay=steps * DT)
    net.connect(cells[:50], cells, gs.FixedInDegree(5), receptor="AMPA", weight=0.05, delay=gs.Uniform(2.0, 3.0))
    net.record(cells, "spikes", name="spikes")
    net.record(cells[::7], "V", name="V")
    return net


def repeated():
    """Sources with several events in one step, and gates that remember the last events of all sources."""
    net = gs.Network()
    receptors = [gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA(), gating="per-synapse"), gs.GABA_A()]
    cells = net.population("cells", 60, gs.LIF(), receptors=receptors)
    noise = net.population("noise", 90, gs.PoissonSource(4000.0))
    net.connect(noise, cells, gs.FixedInDegree(8), receptor="AMPA", weight=0.4, delay=gs.Uniform(0.2, 1.0))
    net.connect(cells, cells, gs.FixedInDegree(8), receptor="GABA_A", weight=0.4, delay=0.3)
    net.record(cells + noise, "spikes", name="spikes")
    net.record(cells[::7], "V", name="V")
    return net


def neighbours(steps=1):
    """Given synapses onto neighbours, so that a rank knows few sources of the others by numbers that are not ids."""
    net = gs.Network()
    cells = net.population("cells", 200, gs.LIF(), receptors=[gs.AMPA()], V=np.linspace(-70.0, -50.0, 200))
    noise = net.population("noise", 200, gs.PoissonSource(4000.0))
    net.inject(cells, np.repeat([600.0, 900.0], 100))
    some = np.arange(200)
    to = np.concatenate([some + 1, some + 3]) % 200
    net.connect(cells, cells, gs.FromArrays(np.tile(some, 2), to), receptor="AMPA", weight=0.5, delay=steps * DT)
    net.connect(noise, cells, gs.OneToOne(), receptor="AMPA", weight=0.4, delay=(steps + 2) * DT)
    net.record(cells + noise, "spikes", name="spikes")
    net.record(cells[::7], "V", name="V")
    return net


def late(steps):
    """Sources with several events in one step, whose spikes have an effect after so many steps."""
    net = gs.Network()
    cells = net.population("cells", 60, gs.LIF(), receptors=[gs.AMPA()])
    noise = net.population("noise", 90, gs.PoissonSource(4000.0))
    net.connect(cells + noise, cells, gs.FixedInDegree(8), receptor="AMPA", weight=0.1, delay=steps * DT)
    net.record(cells + noise, "spikes", name="spikes")
    net.record(cells[::7], "V", name="V")
    return net


def run(net, comm, compiled, threads=1):
    """Return what was recorded, on rank 0, and what was exchanged."""
    with gs.Simulator(net, dt=DT, seed=3, backend="cpu", threads=threads, comm=comm) as sim:
        if comm is None:
            sim.step(STEPS)
            return [sim.data["spikes"], sim.data["V"]], (0, 0)
        assert sim._session.compiled is not None
        if not compiled:
            sim._session.compiled.close()
            sim._session.compiled = None
        with Counting(sim) as counting:
            for steps in CUTS:
                sim.step(steps)
        return [sim.gather("spikes"), sim.gather("V")], (counting.exchanges, counting.received)


def check(make, every, compiled_every=None):
    """Compare compiled code with Python, and with one process; each exchanges spikes every so many steps."""
    one, two = (run(make(), WORLD, compiled) for compiled in (True, False))
    threads = run(make(), WORLD, compiled=True, threads=2)
    assert one[1] == threads[1], (one[1], threads[1])
    assert one[1][1] == two[1][1], (one[1], two[1])
    for (_, (exchanges, _)), steps in ((one, compiled_every or every), (two, every)):
        assert STEPS // steps <= exchanges <= STEPS // steps + len(CUTS), (exchanges, steps)
    if WORLD.rank == 0:
        alone = run(make(), None, compiled=False)
        assert len(alone[0][0].times) > 100
        for found in (one, two, threads):
            for mine, other in zip(found[0], alone[0], strict=True):
                assert mine == other, make


def main():
    """Compare networks that exchange spikes in every step, and others in which these have an effect later."""
    for make in (bursts, repeated, neighbours):
        check(make, 1)
    if WORLD.rank == 0:
        sys.stdout.write("in every step: the same\n")
    for steps in (2, 3, 5):
        check(functools.partial(late, steps), steps)
        check(functools.partial(neighbours, steps), steps)
    if WORLD.rank == 0:
        sys.stdout.write("after several steps: the same\n")
    for steps, every in ((8, 4), (9, 5), (13, 7)):
        for make in (bursts, late, neighbours):
            check(functools.partial(make, steps), steps, every)
    if WORLD.rank == 0:
        sys.stdout.write("while steps are computed: the same\n")


def fails():
    """One rank fails when the others are about to run steps, in which they would wait for it."""
    with gs.Simulator(bursts(), dt=DT, seed=3, backend="cpu", threads=1, comm=WORLD) as sim:
        sim.step(5)
        if WORLD.rank == 1:
            sim._session.compiled._point = lambda: 1 / 0
        sim.step(5)


if __name__ == "__main__":
    fails() if sys.argv[1:] == ["fails"] else main()
