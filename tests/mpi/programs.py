"""Programs of several ranks, each chosen by its name: ``mpiexec -n 2 python -m tests.mpi.programs NAME``."""

import os
import signal
import sys
import time
from contextlib import suppress

import numpy as np
from mpi4py import MPI

from gpusyn.distributed import transport
from gpusyn.distributed.communicators import as_ranks
from gpusyn.errors import ArgumentError, ParameterError, SimulationError
from tests.distributed.test_ranks import check_turns, drawn

WORLD = MPI.COMM_WORLD
WHERE = "Simulator.run()"


def exchange():
    """All operations, on all ranks and on every second, among messages of the user."""
    ranks = as_ranks(WORLD)
    assert as_ranks(WORLD) is ranks
    others = WORLD.irecv(source=MPI.ANY_SOURCE, tag=MPI.ANY_TAG)
    for seed in range(2):
        check_turns(ranks.size, seed, [ranks.arrays(drawn(seed, ranks.rank, turn)) for turn in range(60)])
    in_rounds(ranks)
    gathered(ranks)
    part = WORLD.Split(ranks.rank % 2)
    assert as_ranks(part).objects(ranks.rank) == list(range(ranks.rank % 2, ranks.size, 2))
    part.Free()
    handled_errors(ranks)
    with suppress(ArgumentError):
        raise AssertionError(as_ranks(MPI.COMM_NULL))
    WORLD.send("from a user", (ranks.rank + 1) % ranks.size)
    assert others.wait() == "from a user"


def in_rounds(ranks):
    """More bytes than MPI takes at once."""
    whole, transport.MOST_BYTES = transport.MOST_BYTES, 1000 * ranks.size
    check_turns(ranks.size, 5, [ranks.arrays(drawn(5, ranks.rank, turn)) for turn in range(30)])
    gathered(ranks)
    transport.MOST_BYTES = whole


def gathered(ranks):
    """Arrays for rank 0."""
    received = [ranks.gathered(drawn(6, ranks.rank, turn)) for turn in range(30)]
    if ranks.rank:
        assert received == [None] * 30
    else:
        check_turns(ranks.size, 6, received)


def handled_errors(ranks):
    """Ranks fail in turn, with a message under way; all go on afterwards."""
    for failing in range(ranks.size):
        told = SimulationError()
        try:
            with ranks.together(WHERE):
                ranks.begin_arrays(np.zeros(5000))
                if ranks.rank == failing:
                    raise ParameterError("wrong")
                ranks.objects("text")
        except ParameterError:
            told.rank = ranks.rank
        except SimulationError as error:
            told = error
        assert told.rank == failing
    assert ranks.objects(ranks.rank) == list(range(ranks.size))


def wait_for_rank_1(end):
    """Let rank 1 end in some way, while the others wait for it in a collective method."""
    ranks = as_ranks(WORLD)
    with ranks.together(WHERE):
        ranks.arrays(np.arange(10))
        if ranks.rank == 1:
            end()
        for _ in range(3):
            ranks.arrays(np.arange(10))


def error():
    def end():
        raise ParameterError("wrong")

    wait_for_rank_1(end)


def error_outside():
    ranks = as_ranks(WORLD)
    if ranks.rank == 1:
        print(1 // 0)
    ranks.objects("text")


def error_everywhere():
    with as_ranks(WORLD).together(WHERE):
        raise ParameterError("wrong")


def interrupted():
    wait_for_rank_1(lambda: os.kill(os.getpid(), signal.SIGINT))


def killed():
    wait_for_rank_1(lambda: os.kill(os.getpid(), signal.SIGKILL))


def killed_in_computing():
    ranks = as_ranks(WORLD)
    if ranks.rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(50)


def left():
    wait_for_rank_1(lambda: sys.exit(0))


def left_outside():
    ranks = as_ranks(WORLD)
    if ranks.rank == 1:
        sys.exit(0)
    with ranks.together(WHERE):
        ranks.arrays(np.arange(10))


def different():
    """Each rank calls another method, and all of them go on."""
    ranks = as_ranks(WORLD)
    try:
        with ranks.together(f"method {ranks.rank}"):
            ranks.objects(0)
    except SimulationError as error:
        sys.stdout.write(f"{error}\n")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    globals()[sys.argv[1]]()
