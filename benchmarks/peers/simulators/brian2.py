"""Brian2's program: C++ standalone mode, with OpenMP where there are several threads.

Preparing generates and compiles a C++ program; a run starts it, and it prints its clocks before and after each of its
two parts. The seed comes from the environment, so that one program serves all runs.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.networks import DT, LEARNED
from benchmarks.peers.simulators.protocol import Clocks, Task, answer, largest_resident, learned, now, ran, rates_of

FACTS = "facts.json"
SEED = """if (const char *seed = std::getenv("PEERS_SEED"))
    for (int i = 0; i < {threads}; i++) brian::_random_generators[i].seed(std::atol(seed) + i);
"""
CLOCKS = """{
    timespec wall, cpu;
    clock_gettime(CLOCK_MONOTONIC, &wall);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    std::cout.precision(17);
    std::cout << "CLOCKS " << wall.tv_sec + 1e-9*wall.tv_nsec << " " << cpu.tv_sec + 1e-9*cpu.tv_nsec << std::endl;
}"""
MEMORY = """{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmHWM", 0) == 0) std::cout << line << std::endl;
}"""


def prepare(task: Task) -> dict[str, Any]:
    """Generate and compile the program."""
    import brian2 as b2

    start = now()
    network, numbers = task.described()
    shutil.rmtree(task.folder, ignore_errors=True)
    b2.set_device("cpp_standalone", directory=task.folder, build_on_run=False)
    b2.prefs.devices.cpp_standalone.openmp_threads = task.threads if task.threads > 1 else 0
    b2.defaultclock.dt = DT * b2.ms
    b2.device.insert_code("main", SEED.format(threads=task.threads))
    objects, groups = network.brian2(b2, numbers)
    monitors = [b2.SpikeMonitor(group) for group in groups]
    for slot in ("before_network_run", "after_network_run"):
        b2.device.insert_code(slot, CLOCKS)
    b2.device.insert_code("before_end", MEMORY)
    simulation = b2.Network(*objects, *monitors)
    simulation.run(task.warm_up * b2.ms)
    simulation.run(task.duration * b2.ms)
    b2.device.build(directory=task.folder, compile=False, run=False)
    generated = now()
    subprocess.run(["make", "-j", str(os.cpu_count())], cwd=task.folder, check=True, stdout=subprocess.DEVNULL)

    def file_of(variable: Any) -> str:
        return Path(b2.device.get_array_filename(variable)).name

    facts = {
        "sizes": [len(group) for group in groups],
        "files": [[file_of(monitor.variables[name]) for name in ("i", "t")] for monitor in monitors],
        "learned": [file_of(synapses.variables["w"]) for synapses in objects if synapses.name == LEARNED],
    }
    (Path(task.folder) / FACTS).write_text(json.dumps(facts), encoding="utf-8")
    return {
        "prepare_s": now().wall - start.wall,
        "generate_s": generated.wall - start.wall,
        "version": b2.__version__,
        "versions": {"Python": platform.python_version(), "numpy": np.__version__},
    }


def run(task: Task) -> dict[str, Any]:
    """Run the program once."""
    _, numbers = task.described()
    folder = Path(task.folder)
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    start = now()
    environment = {**os.environ, "PEERS_SEED": str(task.seed), "OMP_NUM_THREADS": str(task.threads)}
    done = subprocess.run(["./main"], cwd=folder, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    clocks = [Clocks(float(wall), float(cpu)) for wall, cpu in re.findall(r"CLOCKS (\S+) (\S+)", done.stdout)]
    first, _, begin, end = clocks
    ids, offset = [], 0
    for size, (i, t) in zip(facts["sizes"], facts["files"], strict=True):
        late = np.fromfile(folder / "results" / t, np.float64) > task.warm_up * 1e-3 - DT * 0.5e-3
        ids.append(np.fromfile(folder / "results" / i, np.int32)[late] + offset)
        offset += size
    rates = rates_of(np.concatenate(ids), numbers.populations, task.duration)
    build = first.wall - start.wall  # both are the system's monotonic clock
    weights = [np.fromfile(folder / "results" / name) for name in facts["learned"]]
    return ran(build, begin, end, rates, largest_resident(done.stdout), **learned(weights))


if __name__ == "__main__":
    answer(lambda task: prepare(task) if task.prepare else run(task))
