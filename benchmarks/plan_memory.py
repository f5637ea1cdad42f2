"""What a process takes while it builds and runs a network, beside what `plan` says, for every connection rule.

``python -m benchmarks.plan_memory [--backend cpu] [--synapses N] [--rules ...] [--forms ...]``

Each network has a process of its own (Linux). The plan is compared with the largest resident size beyond that before
the plan was made: while the network was built, and while it ran after all arrays had been written to, as a long run
does. ``pytest -m memory`` demands that the larger of the two is 0.8 to 1.0 of the plan.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import gpusyn as gs
from gpusyn.utils.memory import give_back_memory

SYNAPSES = 16_000_000
FAN_IN = 1000
PIECE = 1 << 17  # elements of an array that are written at a time


def _pairs(n: int, synapses: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.integers(0, n, synapses), rng.integers(0, n, synapses)


#: Rules of so many neurons and synapses.
RULES: dict[str, Callable[[int, int], Any]] = {
    "FixedProbability": lambda n, m: gs.FixedProbability(m / n**2, autapses=False),
    "FixedInDegree": lambda n, m: gs.FixedInDegree(m // n),
    "FixedInDegree distinct": lambda n, m: gs.FixedInDegree(m // n, autapses=False, multapses=False),
    "FixedOutDegree": lambda n, m: gs.FixedOutDegree(m // n),
    "FixedTotalNumber": lambda n, m: gs.FixedTotalNumber(m),
    "FixedTotalNumber distinct": lambda n, m: gs.FixedTotalNumber(m, autapses=False, multapses=False),
    "AllToAll": lambda n, m: gs.AllToAll(),
    "OneToOne": lambda n, m: gs.OneToOne(),
    "DistanceDependent": lambda n, m: gs.DistanceDependent(min(1.0, 2 * m / n**2), sigma=0.25),
    "FromArrays": lambda n, m: gs.FromArrays(*_pairs(n, m)),
    "FromTable": lambda n, m: gs.FromTable(dict(zip(("pre", "post"), _pairs(n, m), strict=True))),
}
#: Weights and delays of so many synapses, and the way in which weights are stored.
FORMS: dict[str, Callable[[int], tuple[Any, Any, str]]] = {
    "constants": lambda m: (1.0, 1.5, "exact"),
    "weights": lambda m: (gs.LogNormal(1.0, 0.5), 1.5, "exact"),
    "delays": lambda m: (1.0, gs.Uniform(0.5, 5.0), "exact"),
    "both": lambda m: (gs.LogNormal(1.0, 0.5), gs.Uniform(0.5, 5.0), "exact"),
    "compact": lambda m: (gs.LogNormal(1.0, 0.5), gs.Uniform(0.5, 5.0), "compact"),
    "arrays": lambda m: (np.linspace(0.5, 1.5, m), np.round(np.linspace(0.5, 5.0, m), 1), "exact"),
}
#: Rules whose number of synapses is known before they are drawn, which arrays of weights need.
WITH_ARRAYS = ("FixedInDegree", "FixedTotalNumber", "FromArrays", "FromTable", "OneToOne")


def network(rule: str, form: str, synapses: int) -> tuple[gs.Network, str]:
    """Return a network whose neurons are connected to each other by a rule, and the way to store weights."""
    n = {"AllToAll": round(synapses**0.5), "OneToOne": synapses}.get(rule, max(synapses // FAN_IN, 50))
    weight, delay, weights = FORMS[form](n * (synapses // n))
    net = gs.Network()
    positions = np.random.default_rng(0).random((n, 2)) if rule == "DistanceDependent" else None
    cells = net.population("cells", n, gs.LIF(), receptors=gs.AMPA(), positions=positions)
    made = RULES[rule](n, n * (synapses // n))
    net.connect(cells, cells, made, receptor="AMPA", weight=weight, delay=delay)
    return net, weights


def _resident(which: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(which))


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def one(rule: str, form: str, synapses: int, backend: str) -> dict[str, float]:
    """Build and run a network in this process; return the plan, and the largest sizes beyond the start (bytes)."""
    net, weights = network(rule, form, 1000)
    with gs.Simulator(net, weights=weights, backend=backend, threads=1) as small:
        small.step(20)  # compiles kernels and loads libraries
    net, weights = network(rule, form, synapses)
    gc.collect()
    give_back_memory()
    _forget_peak()
    start = _resident("VmRSS")
    with gs.Simulator(net, seed=1, weights=weights, backend=backend, threads=1) as sim:
        built = _resident("VmHWM") - start
        _write_all(sim)
        _forget_peak()
        sim.step(20)
        ran = _resident("VmHWM") - start
        planned = sim.plan.total + sim.plan.scratch
        return {"synapses": sim.plan.synapses, "total": sim.plan.total, "plan": planned, "built": built, "ran": ran}


def _write_all(sim: gs.Simulator) -> None:
    """Write to all arrays of a simulator: the system gives memory to an array when it is first written."""
    session = sim._session
    for spec in sim._compiled.program.specs.values():
        for start in range(0, spec.size, PIECE):
            session.write(spec.name, session.read(spec.name, start, min(start + PIECE, spec.size)), start)


def measured(rule: str, form: str, synapses: int, backend: str) -> dict[str, float]:
    """Return the result of `one` in a process of its own."""
    code = (
        f"import json; from benchmarks.plan_memory import one; print(json.dumps(one{(rule, form, synapses, backend)}))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="cpu")
    parser.add_argument("--synapses", type=int, default=SYNAPSES)
    parser.add_argument("--rules", nargs="+", choices=list(RULES), default=list(RULES))
    parser.add_argument("--forms", nargs="+", choices=list(FORMS), default=list(FORMS))
    given = parser.parse_args()
    print(f"{'bytes per synapse':36}   arrays     plan    built      ran   of the plan")
    for rule in given.rules:
        for form in given.forms:
            if form == "arrays" and rule not in WITH_ARRAYS:
                continue
            r = measured(rule, form, given.synapses, given.backend)
            columns = "".join(f"{r[key] / r['synapses']:9.1f}" for key in ("total", "plan", "built", "ran"))
            print(f"{rule:26}{form:10}{columns}   {max(r['built'], r['ran']) / r['plan']:.2f}", flush=True)


if __name__ == "__main__":
    main()
