"""How many synapses per second each connection rule builds, and how much memory that takes.

Run ``python -m benchmarks.building`` from a checkout; `--synapses` sets the size, `--threads` the threads, `--rules`
some of the rules. Each rule runs in a process of its own, alone on `--backend`; times are those of the processor.
With `--ranks` the network is spread on so many ranks, of which the first one's part is built.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import gpusyn as gs
from gpusyn.backends.select import make_backend
from gpusyn.builder.compile import Compiled
from gpusyn.builder.ownership import Spread
from gpusyn.builder.placement import lay_out

NEURONS = 20_000
DRAWN = {"weight": gs.Normal(2.0, 0.5, low=0.0), "delay": gs.Normal(1.5, 0.75, low=0.1)}
CONSTANT = {"weight": 2.0, "delay": 1.5}
SAME = ("synapses", "backend", "threads", "repeats", "ranks", "owners")  # options that each process gets


def _arrays(n: int) -> gs.FromArrays:
    random = np.random.default_rng(1)
    return gs.FromArrays(*(random.integers(0, NEURONS, n, dtype=np.int32) for _ in range(2)))


def _line(p: float) -> gs.DistanceDependent:
    places = np.arange(float(NEURONS))[:, None]
    sigma = p * NEURONS / 2
    return gs.DistanceDependent(0.5, sigma=2 * sigma, profile="step", positions=(places, places))


RULES = {
    "FixedProbability, constants": (lambda n: gs.FixedProbability(n / NEURONS**2), CONSTANT),
    "FixedProbability, drawn": (lambda n: gs.FixedProbability(n / NEURONS**2), DRAWN),
    "FixedTotalNumber, drawn": (gs.FixedTotalNumber, DRAWN),
    "FixedInDegree, drawn": (lambda n: gs.FixedInDegree(n // NEURONS), DRAWN),
    "FixedInDegree, constants": (lambda n: gs.FixedInDegree(n // NEURONS), CONSTANT),
    "FixedOutDegree, constants": (lambda n: gs.FixedOutDegree(n // NEURONS), CONSTANT),
    "FixedInDegree without multapses, constants": (
        lambda n: gs.FixedInDegree(n // NEURONS, multapses=False),
        CONSTANT,
    ),
    "FromArrays, constants": (_arrays, CONSTANT),
    "FromArrays, drawn": (_arrays, DRAWN),
    "DistanceDependent, constants": (lambda n: _line(n / NEURONS**2), CONSTANT),
}


def network(rule: str, synapses: int) -> gs.Network:
    """Return two populations that a rule connects."""
    make, values = RULES[rule]
    net = gs.Network()
    pre = net.population("pre", NEURONS, gs.LIF())
    post = net.population("post", NEURONS, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(pre, post, make(synapses), receptor="AMPA", **values)
    return net


def measure(rule: str, synapses: int, backend: str, threads: int, repeats: int, ranks: int, owners: str) -> str:
    """Return a row of the table."""
    spread = Spread(0, ranks, owners) if ranks > 1 else None
    layout = lay_out(network(rule, synapses), 0.1, "single", threads, spread=spread)
    used = make_backend(backend, threads)
    used.launcher()  # compile now
    before, seconds = _resident(), []
    for _ in range(repeats):
        begin = time.process_time()
        program = Compiled(layout, seed=1, launcher=used.launcher).program
        seconds.append(time.process_time() - begin)
        count = program.specs["targets"].size
        size = sum(array.nbytes for array in program.initial.values() if any(array.strides))
        del program
    taken = statistics.median(seconds)
    rate = f"{taken:.2f} s | {count / taken / 1e6:.1f} M/s"
    return f"| {rule} | {ranks} | {count / 1e6:.1f} M | {rate} | {(_peak() - before) / size:.2f} |"


def _peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _resident() -> int:
    return 4096 * int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])


def main() -> None:
    """Measure the rules."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.building", description=__doc__)
    parser.add_argument("--synapses", type=int, default=20_000_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--backend", default="cpu")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--owners", default="contiguous")
    parser.add_argument("--rules", nargs="*", default=list(RULES))
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        print(measure(given.rules[0], *(getattr(given, name) for name in SAME)), flush=True)
        return
    print("| rule | ranks | synapses | time of the processor | built per second | most memory, of that of the arrays |")
    print("|---|---|---|---|---|---|", flush=True)
    same = [f"--{name}={getattr(given, name)}" for name in SAME]
    for rule in given.rules:
        subprocess.run([sys.executable, "-m", "benchmarks.building", "--alone", *same, "--rules", rule], check=True)


if __name__ == "__main__":
    main()
