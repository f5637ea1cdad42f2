"""`GPUSYN_THREADS` is the number of threads where none is given."""

import pytest

import gpusyn as gs
from gpusyn.backends import select


@pytest.fixture
def threads_of(monkeypatch):
    """Return the number of threads with which a backend is made."""
    made = []
    monkeypatch.setattr(select, "make_backend", lambda name, threads=None: made.append(threads))

    def chosen(text, threads=None):
        monkeypatch.setenv("GPUSYN_THREADS", text)
        select.choose("cpu", threads)
        return made.pop()

    return chosen


def test_the_environment_says_how_many_threads_where_none_are_given(threads_of):
    assert (threads_of("3"), threads_of("")) == (3, None)
    assert threads_of("3", threads=2) == 2


@pytest.mark.parametrize("text", ["0", "two", "-1", "1.5"])
def test_a_wrong_number_of_threads_in_the_environment_is_refused(threads_of, text):
    with pytest.raises(gs.GpusynError, match=rf"variable GPUSYN_THREADS: must be a whole number >= 1.*{text}"):
        threads_of(text)
