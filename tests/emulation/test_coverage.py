"""Every line and every outcome of a condition of the kernels runs under emulation, but for those that are listed."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks.kernel_coverage import STORED, Exempt, section
from tests.emulation.coverage import (
    KERNELS,
    Line,
    Place,
    complaints,
    counted,
    exempt,
    measure,
    missing_tool,
    table,
)
from tests.emulation.unrolled import unrolled
from tests.helpers.paths import ROOT

FILE = "spikes.cuh"
TEXT = "DEVICE Step step_of(const Clock *clock) { return {clock->next, clock->next - clock->start}; }"


def place():
    """The place of a line of a kernel."""
    return next(p for p in (Place(FILE, number) for number in range(1, 40)) if p.text == TEXT)


def said(line, *listed):
    """Complaints about a module that has one line."""
    return complaints({place(): line}, [Exempt(FILE, text, "because", never) for text, never in listed])


def test_lines_and_outcomes_that_do_not_run_are_named():
    assert said(Line(3, {2: [1, 2]})) == []
    (never,) = said(Line())
    assert never.startswith(f"{FILE}:")
    assert never.endswith(f"{TEXT}: never runs")
    (one,) = said(Line(3, {2: [0, 3]}))
    assert "1 outcomes are never taken, none are listed" in one
    (of_a_form,) = said(Line(5, {2: [1, 2], 4: [1, 1, 0, 0]}))  # a condition that some signatures decide
    assert "2 outcomes are never taken" in of_a_form


def test_a_list_must_be_true():
    assert said(Line(), (TEXT, 0)) == []
    assert said(Line(3, {2: [0, 3]}), (TEXT, 1)) == []
    (runs,) = said(Line(1), (TEXT, 0))
    assert runs.endswith("listed as never run, but it runs")
    (taken,) = said(Line(3, {2: [1, 2]}), (TEXT, 1))
    assert "0 outcomes are never taken, 1 are listed" in taken
    (absent,) = said(Line(1), ("no such text", 0))
    assert absent == f"{FILE}: no such text: listed, but there is no such line"


def test_a_list_says_how_many_lines_have_a_text():
    listed = Exempt("lessons.cuh", "FOR_HELD_EVENLY(j, n)", "because", never=1, lines=2)
    places = [p for p in (Place(listed.file, number) for number in range(1, 250)) if p.text == listed.text]
    counts = {place: Line(3, {2: [3, 0]}) for place in places}
    assert len(counts) == 2
    assert complaints(counts, [listed]) == []
    found = complaints(counts, [listed._replace(lines=1)])
    assert len(found) == 2
    assert found[0].endswith("1 lines of this text are listed, but there are 2")


def test_lines_are_added_up_over_modules():
    line = Line()
    line.add(2, [2, 0])
    line.add(0, [])
    line.add(3, [0, 3])
    assert (line.runs, line.outcomes, line.never) == (5, {2: [2, 3]}, 0)


def test_macros_are_written_out_where_they_are_used():
    text = """#line 1 "kernels/some.cu"
#define GATES(X) X(0, Pulsed<1>) X(1, Jump)
#define FOR_EACH(j, n) for (int j = 0; j < n; j++)
#define SEND(number, Form) \\
    if (kind == number) \\
        Form::send(number);
    FOR_EACH(once, 1)
    GATES(SEND)
#undef SEND
#line 1 "kernels/other.cu"
last;
"""
    lines = unrolled(text)
    assert [(line.number, line.text.strip()) for line in lines[5:]] == [
        (6, "FOR_EACH(once, 1)"),
        (3, ""), (4, "if (kind == 0)"), (5, "Pulsed<1>::send(0);"),
        (3, ""), (4, "if (kind == 1)"), (5, "Jump::send(1);"),
        (8, "#undef SEND"),
        (1, "last;"),
    ]  # fmt: skip
    assert {line.file for line in lines[:-1]} == {"kernels/some.cu"}
    assert lines[-1].file == "kernels/other.cu"


def test_the_page_shows_every_file_and_every_listed_line():
    shown = section()
    files = json.loads(STORED.read_text(encoding="utf-8"))["files"]
    assert set(KERNELS) - set(files) == {"records.cuh"}  # which holds no code
    assert all(f"| `{file}` | {lines} |" in shown for file, (lines, _) in files.items())
    assert all(e.reason in shown for e in exempt())


PROGRAM = """
import numpy as np
from gpusyn.kernels.source import read_kernel
from tests.emulation import cupy

text = '#line 1 "kernels/common.cuh"\\n' + read_kernel("common.cuh") + '''
#line 1 "some.cu"
KERNEL(some, int *y, int64 n) { FOR_ITEMS(i, n) add_to(y + i, 1); }
'''
kernel = cupy.RawModule(code=text, options=("--fmad=false",)).get_function("some")
kernel((1,), (32,), (cupy.zeros(5, np.int32), np.int64(5)))
"""


@pytest.mark.coverage
@pytest.mark.skipif(bool(missing_tool()), reason=missing_tool())
def test_lines_of_one_kernel_are_counted(tmp_path):
    environment = os.environ | {"GPUSYN_EMULATE_COVERAGE": "1", "GPUSYN_EMULATE_CACHE": str(tmp_path)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, check=True)
    runs = {place.text: line.runs for place, line in counted(tmp_path).items() if place.file == "common.cuh"}
    assert runs["DEVICE void add_to(int *p, int v) { atomicAdd(p, v); }"] == 10
    assert runs["DEVICE void add_to(int64 *p, int64 v) { atomicAdd((uint64 *)p, (uint64)v); }"] == 0
    assert runs["template <class T> DEVICE T lane_sum(T s)"] == 0  # a template that nothing uses


@pytest.mark.coverage
@pytest.mark.skipif(bool(missing_tool()), reason=missing_tool())
def test_every_line_of_the_kernels_runs_but_those_listed():
    lines, listed = measure(), exempt()
    assert complaints(lines, listed) == []
    renew = "the page is of another kernel text: python -m tests.emulation.coverage --write"
    assert table(lines, listed) == json.loads(STORED.read_text(encoding="utf-8")), renew
