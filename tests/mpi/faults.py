"""Scripts of users in which something goes wrong on rank 1: ``mpiexec -n 3 python -m tests.mpi.faults NAME``."""

import os
import resource
import signal
import sys
import threading
from pathlib import Path

from mpi4py import MPI

import gpusyn as gs
from gpusyn.io import creation

WORLD = MPI.COMM_WORLD
FAULTY = WORLD.Get_rank() == 1


def network(file=None, cells=40):
    net = gs.Network()
    group = net.population("cells", cells, gs.LIF(I_e=300.0), receptors=[gs.AMPA()])
    net.connect(group, group, gs.FixedProbability(0.2), receptor="AMPA", weight=0.5, delay=gs.Uniform(0.5, 2.0))
    net.record(group, "V", name="potentials", file=file)
    return net


def simulator(net=None, **how):
    how = {"backend": "numpy", "comm": WORLD} | how
    return gs.Simulator(network() if net is None else net, **how)


def between_calls():
    """A mistake in the script, of one rank alone."""
    with simulator() as sim:
        sim.run(5.0)
        if FAULTY:
            print({}["my mistake"])
        sim.run(5.0)


def before_the_simulator():
    """A mistake before there is anything that the ranks have in common."""
    if FAULTY:
        gs.Simulator(network(), comm="world")
    simulator().close()


def exits():
    """One rank ends its program."""
    with simulator() as sim:
        sim.run(5.0)
        if FAULTY:
            sys.exit(0)
        sim.run(5.0)


def killed():
    """One rank is killed while all compute."""
    with simulator() as sim:
        sim.run(5.0)
        if FAULTY:
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGKILL)).start()
        sim.run(1e6)


def full_disk(path):
    """The files of one rank cannot grow."""
    creation.FRAME_CHUNK = 2**8
    with simulator(network(Path(path))) as sim:
        sim.run(5.0)
        if FAULTY:
            own = Path(path).with_name("run.rank1.h5").stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (own + 40_000, resource.RLIM_INFINITY))
        sim.run(500.0)


def other_seed():
    """Another seed on one rank: all say so."""
    differ(seed=1 + FAULTY)


def other_network():
    """Another network on one rank: all say so."""
    differ(network(cells=41 if FAULTY else 40))


def differ(*given, **how):
    try:
        simulator(*given, **how)
    except gs.ParameterError as error:
        sys.stdout.write(f"{error}\n")


def once():
    """A whole session, with everything that is told."""
    with simulator(backend="auto", progress=True) as sim:
        sim.run(5.0)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
