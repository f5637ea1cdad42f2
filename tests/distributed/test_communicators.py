"""What users give as ``comm=``, and what they read where MPI is missing."""

import importlib
import re

import pytest

from gpusyn.distributed.communicators import as_ranks, mpi_world
from gpusyn.distributed.ranks import Ranks
from gpusyn.distributed.transport import thread_transports
from gpusyn.errors import ArgumentError, MissingDependencyError


def test_ranks_are_taken_as_they_are():
    ranks = Ranks(thread_transports(3)[1])
    assert as_ranks(ranks) is ranks
    assert repr(ranks) == "<Ranks: rank 1 of 3>"


@pytest.mark.parametrize("wrong", [True, 4, "world", None, [0, 1], pytest])
def test_what_is_no_communicator_is_refused(wrong):
    message = re.escape("comm: must be a communicator of mpi4py, such as mpi4py.MPI.COMM_WORLD (got ")
    with pytest.raises(ArgumentError, match=message):
        as_ranks(wrong)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ModuleNotFoundError("no", name="mpi4py"),
            "running on several processes of MPI needs mpi4py, which is not installed; install it with: pip install "
            '"mpi4py" "mpich"',
        ),
        (
            RuntimeError("cannot load MPI library\nlibmpi.so: not found"),
            "running on several processes of MPI needs a library of MPI, and mpi4py finds none "
            '(cannot load MPI library); load the module of your cluster, or install one with: pip install "mpich"',
        ),
    ],
)
def test_what_is_missing_is_named_with_the_line_that_installs_it(monkeypatch, error, message):
    def refuse(name):
        assert name == "mpi4py.MPI"
        raise error

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(MissingDependencyError) as caught:
        mpi_world()
    assert str(caught.value) == message
