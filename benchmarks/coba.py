"""Event-driven networks: the `cpu` backend against Brian2's C++ standalone mode, with one thread each, run in turns.

``python -m benchmarks.coba --brian2-python PATH [--case small|large] [--duration MS] [--pairs N]``

Brian2 needs an environment of its own, because it requires an older numpy: name its python by the option or in the
environment variable BRIAN2_PYTHON. Both sides simulate the same model, start from the same distribution with their own
random numbers, and record all spikes. The result is the processor time of the run itself, as Brian2's program reports
it (`std::clock`) and as `time.process_time` measures it for `Simulator.run`. Both are single-threaded, so the processor
time equals the wall time on an idle machine and is still comparable on a busy one. Code generation, compilation and
building are reported separately.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import gpusyn as gs
from benchmarks import cases, measure


class Brian2:
    """Brian2's compiled standalone program of one case."""

    def __init__(self, python: str, case: cases.Coba, duration: float, seed: int, folder: str) -> None:
        given = case._asdict() | {
            "duration": duration,
            "seed": seed,
            "folder": folder,
            "dt": cases.DT,
            "start_excitation": cases.START_EXCITATION,
            "start_inhibition": cases.START_INHIBITION,
        }
        script = Path(__file__).with_name("brian2_coba.py")
        done = subprocess.run([python, str(script), json.dumps(given)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"Brian2 could not build its program:\n{done.stderr[-2000:]}")
        self.facts = json.loads(done.stdout.splitlines()[-1])
        self.folder, self.scale = Path(folder), 1e3 / duration
        self.total = 0.0

    def run(self) -> float:
        """Return the processor time of one run (s), without loading and creating synapses."""
        self.total = measure.seconds(
            lambda: subprocess.run(["./main"], cwd=self.folder, check=True, capture_output=True)
        )
        return float((self.folder / "results" / "last_run_info.txt").read_text().split()[0])

    def rate(self, neurons: int) -> float:
        """Return the mean rate of the last run (Hz)."""
        spikes = np.fromfile(self.folder / "results" / self.facts["spikes"], np.int32)[0]
        return float(spikes) / neurons * self.scale


class Gpusyn:
    """The same case on the `cpu` backend."""

    def __init__(self, case: cases.Coba, duration: float, seed: int) -> None:
        self.duration = duration
        net, self.recorder = cases.coba(case)
        self.kicked = case.current == 0
        start = time.perf_counter()
        self.sim = gs.Simulator(net, dt=cases.DT, seed=seed, backend="cpu", threads=1)
        self.build = time.perf_counter() - start

    def run(self) -> float:
        """Return the processor time of one run from time 0 (s)."""
        self.sim.reset()
        if self.kicked:
            cases.kick(self.sim)
        return measure.seconds(lambda: self.sim.run(self.duration), time.process_time)

    def rate(self) -> float:
        """Return the mean rate of the last run (Hz)."""
        return float(self.sim.data[self.recorder].rate())


def compare(case: cases.Coba, python: str, duration: float, pairs: int, seed: int, say: Callable[[str], None]) -> float:
    """Run one case, print its numbers, and return how many times faster gpusyn is."""
    say(f"{case.name} synapses ({case.why}), {duration:g} ms")
    ours = Gpusyn(case, duration, seed)
    with tempfile.TemporaryDirectory() as folder:
        theirs = Brian2(python, case, duration, seed, folder)
        result = measure.paired(ours.run, theirs.run, pairs)
        rates = ours.rate(), theirs.rate(case.neurons)
    loading = max(0.0, theirs.total - result.theirs[-1])
    per_second = [statistics.median(t) * 1e3 / duration for t in result]
    f = theirs.facts
    say(f"  gpusyn   {per_second[0]:.3f} s per simulated second, {rates[0]:.1f} Hz; build {ours.build:.1f} s")
    say(
        f"  Brian2   {per_second[1]:.3f} s per simulated second, {rates[1]:.1f} Hz; generate {f['generate']:.1f} s, "
        f"compile {f['compile']:.1f} s, load and create synapses {loading:.1f} s (wall time)"
    )
    say(f"  ratio    {result.ratio:.2f} ({result.spread()}); Brian2 {f['version']}, its numpy {f['numpy']}")
    if not all(5.0 < rate < 40.0 for rate in rates):
        sys.exit("the work differs, because one network fell silent or fired without limit; choose another --seed")
    return result.ratio


def main() -> None:
    """Run the benchmark and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brian2-python", default=os.environ.get("BRIAN2_PYTHON"), metavar="PATH")
    parser.add_argument("--case", choices=list(cases.COBA), action="append", help="default: all")
    parser.add_argument("--duration", type=float, default=1000.0, help="simulated time of each run (ms)")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if not given.brian2_python:
        parser.error("give the python of an environment with Brian2 by --brian2-python or in BRIAN2_PYTHON")
    print(*measure.facts(), sep="\n")
    for name in given.case or cases.COBA:
        compare(cases.COBA[name], given.brian2_python, given.duration, given.pairs, given.seed, print)


if __name__ == "__main__":
    main()
