"""The page on scaling has the tables that its command makes; those of runs have counts that can be."""

import re

import pytest

from benchmarks import scaling as page


def test_the_tables_that_are_worked_out_are_those_of_the_page():
    text = page.DOCUMENT.read_text(encoding="utf-8")
    assert page.renewed(text) == text, "run python -m benchmarks.scaling --write"


def test_a_page_without_a_place_for_a_table_is_refused():
    with pytest.raises(SystemExit, match="no place for the table 'memory'"):
        page.renewed("# Another page\n")


def test_where_the_exchange_binds():
    """At the crossing both take the same time: events a rank / events in a second = bytes / bytes in a second."""
    ranks = page.crossing()
    delivering = page.NEURONS * page.DEGREE * page.RATE / ranks / page.EVENTS
    assert delivering == pytest.approx(page.ID * page.NEURONS * page.RATE / page.NETWORK, rel=1e-3)
    rows = [line.split(" | ") for line in page.binding_table().splitlines()[2:]]
    kinds = [row[-1].strip(" |") for row in rows]
    assert kinds == sorted(kinds, reverse=True)
    assert set(kinds) == {"delivering", "all-gather"}


def test_the_work_of_a_rank_stays_as_it_is_but_for_what_it_receives():
    """Counts of the page, as they were written."""
    text = page.DOCUMENT.read_text(encoding="utf-8")
    table = text.partition(page.BEGIN.format("weak"))[2].partition(page.END)[0]
    rows = [[float(n.replace(",", "")) for n in re.findall(r"[\d,.]+", line)] for line in table.splitlines()[3:-1]]
    assert [row[0] for row in rows] == list(page.WEAK_RANKS)
    assert {row[2] for row in rows} == {page.WEAK}
    synapses = [row[3] for row in rows]
    assert max(synapses) < 1.02 * min(synapses)
    received = [row[5] for row in rows]
    assert received == sorted(received)
    assert received[0] == 0.0
