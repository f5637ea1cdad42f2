"""A network on several ranks with emulated GPUs: ``mpiexec -n 3 python -m tests.mpi.gpu_program DEVICES FILE``."""

import sys

import numpy as np
from mpi4py import MPI

from tests.emulation import install, machine
from tests.helpers.runs import outcome
from tests.helpers.small_network import simulator

STEPS = 25


def main(devices, file):
    """Run on so many GPUs; each rank says which one it has, and rank 0 writes what came out."""
    install()
    machine.devices = int(devices)
    with simulator("cuda", comm=MPI.COMM_WORLD) as sim:
        sim.step(STEPS)
        found = outcome(sim)
        number = sim._session._session._gpu.device.number
    sys.stdout.write(f"rank {MPI.COMM_WORLD.rank} had GPU {number}\n")
    if MPI.COMM_WORLD.rank == 0:
        np.savez(file, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
