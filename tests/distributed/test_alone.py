"""Commands that several processes run, each by itself, say so once."""

import logging

import pytest

from gpusyn.distributed.communicators import tell_if_alone


@pytest.mark.parametrize("kind", ["PMI", "OMPI_COMM_WORLD"])
@pytest.mark.parametrize(("size", "rank", "told"), [("4", "0", True), ("4", "1", False), ("1", "0", False)])
def test_the_first_of_several_processes_tells(kind, size, rank, told, caplog):
    with caplog.at_level(logging.WARNING, "gpusyn"):
        tell_if_alone({f"{kind}_SIZE": size, f"{kind}_RANK": rank})
    said = "4 processes were started, and each does all of this by itself; share it with --mpi"
    assert [record.message for record in caplog.records] == [said] * told


@pytest.mark.parametrize("environment", [{}, {"PMI_SIZE": "many", "PMI_RANK": "0"}, {"PMI_SIZE": "4"}])
def test_one_process_is_silent(environment, caplog):
    tell_if_alone(environment)
    assert not caplog.records
