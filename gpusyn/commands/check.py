"""`gpusyn check`: compare every backend of this machine with the numpy reference, bit for bit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

import gpusyn as gs
from gpusyn.backends.base import Backend
from gpusyn.backends.numpy.backend import NumpyBackend
from gpusyn.backends.select import make_backend, usable
from gpusyn.commands.check_cases import CASES, Case
from gpusyn.errors import GpusynError
from gpusyn.results import SpikeData, TraceData
from gpusyn.utils.messages import say, warnings_only

SEED = 20051107
CHUNK = 300  # steps: the runs below cross a few chunks

Results = Mapping[str, Any]


class Variant(NamedTuple):
    """A backend with the options to compare, such as the `cpu` backend with one thread."""

    name: str
    backend: Backend


# Options that must not change any bit are varied too; a backend that is not listed is compared without options.
OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "cuda": {"128 threads per block": {"block": 128}, "256 threads per block": {"block": 256}},
    "cpu": {
        "1 thread": {"threads": 1},
        "2 threads": {"threads": 2},
        "flush to zero": {"threads": 1, "flush_to_zero": True},
    },
}


def variants(found: Mapping[str, Backend]) -> list[Variant]:
    """Return the ways in which the usable backends are compared with numpy."""
    result = []
    for name, backend in found.items():
        if name in OPTIONS:
            result += [Variant(f"{name}, {how}", make_backend(name, **given)) for how, given in OPTIONS[name].items()]
        elif name != "numpy":
            result.append(Variant(name, backend))
    return result


def run_case(case: Case, backend: Backend) -> Results:
    """Return all data of the recorders of a case on a backend."""
    net = case.network()
    with warnings_only():  # the note on rounded delays is of no interest here
        sim = gs.Simulator(
            net,
            dt=0.1,
            seed=SEED,
            backend=backend,
            precision=case.precision,
            weights=case.weights,
            chunk_steps=CHUNK,
        )
    with sim:
        sim.run(case.duration)
        return {name: sim.data[recorder] for name, recorder in net.recorders.items()}


def difference(expected: Results, got: Results) -> str:
    """Return a description of the first difference of two results, "" if there is none.

    Parameters
    ----------
    expected, got : mapping of str to (SpikeData or TraceData)
        Data by the name of the recorder.

    Examples
    --------
    >>> one = SpikeData([("E", 4, None)], [2.0, 3.0], [1, 2], duration=10.0)
    >>> other = SpikeData([("E", 4, None)], [2.0, 3.1], [1, 2], duration=10.0)
    >>> difference({"spikes": one}, {"spikes": other})
    'spikes: number 1 is of neuron 2 at 3 ms, not of 2 at 3.1 ms'
    """
    if expected.keys() != got.keys():
        return f"recorders: {', '.join(expected)}, not {', '.join(got)}"
    for name, reference in expected.items():
        if reference == got[name]:
            continue
        compare = _spikes_differ if isinstance(reference, SpikeData) else _traces_differ
        return f"{name}: {compare(reference, got[name])}"
    return ""


def _spikes_differ(a: SpikeData, b: SpikeData) -> str:
    n = min(len(a), len(b))
    wrong = np.flatnonzero((a.times[:n] != b.times[:n]) | (a.ids[:n] != b.ids[:n]))
    if not wrong.size:
        return f"{len(a)} spikes, not {len(b)}"
    k = int(wrong[0])
    return f"number {k} is of neuron {a.ids[k]} at {a.times[k]:g} ms, not of {b.ids[k]} at {b.times[k]:g} ms"


def _traces_differ(a: TraceData, b: TraceData) -> str:
    for name in a:
        x, y = a[name], b[name]
        if x.dtype != y.dtype or x.shape != y.shape:
            return f"{name} is {x.dtype} {x.shape}, not {y.dtype} {y.shape}"
        wrong = np.argwhere(x.view(f"u{x.itemsize}") != y.view(f"u{y.itemsize}"))
        if len(wrong):
            k, i = (int(w) for w in wrong[0])
            first = f"first at {a.t[k]:g} ms in neuron {i}: {x[k, i]!r}, not {y[k, i]!r}"
            return f"{name} differs in {len(wrong)} of {x.size} samples, {first}"
    return "the descriptions differ, such as the names of neurons and units"


def amount(results: Results) -> str:
    """Return a description of the amount of data that is compared."""
    spikes = sum(len(data) for data in results.values() if isinstance(data, SpikeData))
    samples = sum(v.size for d in results.values() if isinstance(d, TraceData) for v in d.values.values())
    return f"{spikes:,} spikes, {samples:,} samples"


def run_check(cases: Iterable[Case] | None = None, compared: list[Variant] | None = None) -> int:
    """Compare, and print one line per backend and case.

    Parameters
    ----------
    cases : iterable of Case, optional
        Cases to run; by default `CASES`.
    compared : list of Variant, optional
        Variants to compare with numpy; by default all that work on this machine.

    Returns
    -------
    int
        0 if everything is the same; 1 if anything differs or fails, or if nothing can be compared.
    """
    reasons: dict[str, str] = {}
    if compared is None:
        found, reasons = usable()
        compared = variants(found)
    for name, reason in reasons.items():
        print(f"not compared: {name}: {reason}")
    if not compared:
        say("gpusyn check: nothing compared: only numpy works here")
        return 1
    width = max(len(v.name) for v in compared)
    bad = count = 0
    for case in CASES if cases is None else cases:
        reference = run_case(case, NumpyBackend())
        for variant in compared:
            same, verdict = _compare(case, variant, reference)
            count, bad = count + 1, bad + (not same)
            print(f"{variant.name.ljust(width)}  {case.name.ljust(30)}  {verdict}", flush=True)
    if not count:
        say("gpusyn check: nothing compared: no case was given")
        return 1
    print(f"{count} comparisons with numpy, bit for bit: {f'{bad} DIFFER' if bad else 'all the same'}")
    return int(bad > 0)


def _compare(case: Case, variant: Variant, reference: Results) -> tuple[bool, str]:
    try:
        different = difference(reference, run_case(case, variant.backend))
    except GpusynError as error:
        return False, f"FAILED: {error}"
    return not different, f"DIFFERENT: {different}" if different else f"same ({amount(reference)})"
