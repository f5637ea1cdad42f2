"""Every public callable refuses junk of every kind with one of gpusyn's errors: a sample, and with `-m fuzz` all of it.

A finding prints the command line that repeats it.
"""

import contextlib
import itertools
import random
import warnings

import pytest

import gpusyn as gs
from tests.fuzz import command_line
from tests.fuzz import sweep as sweeping
from tests.fuzz.arguments import EXEMPT
from tests.fuzz.calls import CALLS, FAMILIES, Call, family, methods, public_names
from tests.fuzz.sweep import Case, Sweep, parsed, perform, random_pairs, single_cases

SLOW = ("measure.iv_curve", "plot.overview", "sonata.run_config")  # run, or draw into a file
SAMPLE = 300
SHARES, PAIRS = 8, 1200  # parts of the long check; pairs of changes in each


@pytest.fixture
def sweep(tmp_path):
    pytest.importorskip("matplotlib").use("Agg")
    return Sweep(tmp_path)


def listed(found):
    return "\n".join(f"python -m tests.fuzz {case}\n    {wrong}" for case, wrong in found.items())


def test_a_sample_of_junk_is_refused(sweep):
    draw = random.Random(1)
    quick = [case for case in single_cases(sweep.world()) if case.call not in SLOW]
    pairs = (case for case in random_pairs(sweep.world(), seed=1) if case.call not in SLOW)
    found = sweep.run([*draw.sample(quick, SAMPLE * 4 // 5), *itertools.islice(pairs, SAMPLE // 5)])
    assert not found, listed(found)


@pytest.mark.fuzz
@pytest.mark.parametrize("share", range(SHARES))
def test_all_junk_is_refused(sweep, share):
    singles = itertools.islice(single_cases(sweep.world()), share, None, SHARES)
    pairs = itertools.islice(random_pairs(sweep.world(), seed=100 + share), PAIRS)
    found = sweep.run(itertools.chain(singles, pairs))
    assert not found, listed(found)


@pytest.mark.fuzz
def test_the_command_line_refuses_junk(sweep):
    def prepared(line):
        command_line.prepare(sweep.scratch)
        return command_line.finding(line)

    found = sweep.judged(command_line.lines(sweep.files), prepared)
    assert not found, "\n".join(f"{line}\n    {wrong}" for line, wrong in found.items())


def test_there_are_as_many_calls_as_promised(sweep):
    assert len(list(single_cases(sweep.world()))) + SHARES * PAIRS > 36_000


def test_the_calls_take_their_arguments(sweep, monkeypatch, capsys):
    """A call that is refused as it is would hide what junk does to it."""
    monkeypatch.chdir(sweep.scratch)
    for name in CALLS:
        with contextlib.suppress(gs.MissingDependencyError):  # pandas, xarray and neo are no requirement of the tests
            perform(Case(name, ()), sweep.world())
        sweep.tidy()


def test_what_is_left_out_exists():
    known = {name.rpartition(".")[2]: made for name, made in public_names()}
    places = {f"{family(kind)}.{name}" for kind in known.values() if isinstance(kind, type) for name in methods(kind)}
    places |= {f"{kind.__name__}.{name}" for kind in known.values() if isinstance(kind, type) for name in methods(kind)}
    assert set().union(*EXEMPT.values()) <= known.keys() | places
    assert {kind.__name__ for kind in FAMILIES} <= {family(kind) for kind in known.values() if isinstance(kind, type)}


def test_a_command_line_names_its_case():
    case = Case("Population getitem", (("other", "nan"),))
    assert parsed(str(case).split()) == case


def bare(value):
    raise TypeError("unsupported operand")


def placeless(value):
    raise gs.ParameterError("wrong")


def endless(value):
    while True:
        pass


@pytest.mark.parametrize(
    ("function", "wrong"),
    [
        (bare, "TypeError at the call: unsupported operand"),
        (placeless, "ParameterError names no place: 'wrong'"),
        (endless, "takes more than 0.05 s"),
        (lambda value: warnings.warn("overflow", RuntimeWarning, stacklevel=1), "RuntimeWarning at the call: overflow"),
        (lambda value: gs.LIF(C_m=value), ""),
        (lambda value: value, ""),
    ],
)
def test_the_verdict(sweep, monkeypatch, function, wrong):
    monkeypatch.setitem(CALLS, "planted", Call(lambda w: function, lambda w: {"value": 1}))
    monkeypatch.setattr(sweeping, "LIMIT", 0.05)
    found = sweep.run([Case("planted", (("value", "nan"),))])
    assert found == ({"planted value=nan": wrong} if wrong else {})
