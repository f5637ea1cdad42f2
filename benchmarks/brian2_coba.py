"""Brian2's part of coba.py, run by the python that has Brian2: it makes a C++ standalone program of one case.

The script reads a case as JSON, writes the program to a folder, compiles it there, and prints one line of JSON with the
versions and the times of code generation and compilation (s). coba.py then runs the program several times.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import brian2 as b2
import numpy as np

EQUATIONS = """
dv/dt = (g_L*(E_L - v) + g_e*(E_e - v) + g_i*(E_i - v) + I_e)/C_m : volt (unless refractory)
dg_e/dt = -g_e/tau_e : siemens
dg_i/dt = -g_i/tau_i : siemens
"""


def main() -> None:
    """Generate and compile the program."""
    case = json.loads(sys.argv[1])
    b2.set_device("cpp_standalone", directory=case["folder"], build_on_run=False)
    b2.seed(case["seed"])  # after set_device, which resets the seed
    b2.defaultclock.dt = case["dt"] * b2.ms
    start = time.perf_counter()
    n, n_e = case["neurons"], case["neurons"] * 4 // 5
    constants = {
        "C_m": 200 * b2.pF,
        "g_L": 10 * b2.nS,
        "E_L": -60 * b2.mV,
        "V_th": -50 * b2.mV,
        "E_e": 0 * b2.mV,
        "E_i": -80 * b2.mV,
        "tau_e": 5 * b2.ms,
        "tau_i": 10 * b2.ms,
        "I_e": case["current"] * b2.pA,
        "w_e": case["excitatory"] * b2.nS,
        "w_i": case["inhibitory"] * b2.nS,
        "most_e": case["start_excitation"] * b2.nS,
        "most_i": case["start_inhibition"] * b2.nS,
    }
    cells = b2.NeuronGroup(
        n,
        EQUATIONS,
        threshold="v >= V_th",
        reset="v = E_L",
        refractory=5 * b2.ms,
        method="exponential_euler",
        namespace=constants,
    )
    cells.v = "E_L + rand()*(V_th - E_L)"
    cells.g_e = "rand()*most_e"
    cells.g_i = "rand()*most_i"
    delay = case["dt"] * b2.ms
    excitatory = b2.Synapses(cells[:n_e], cells, on_pre="g_e += w_e", delay=delay, namespace=constants)
    inhibitory = b2.Synapses(cells[n_e:], cells, on_pre="g_i += w_i", delay=delay, namespace=constants)
    for synapses in (excitatory, inhibitory):
        synapses.connect(p=case["synapses"] / n)
    spikes = b2.SpikeMonitor(cells)
    net = b2.Network(cells, excitatory, inhibitory, spikes)
    net.run(case["duration"] * b2.ms)
    b2.device.build(directory=case["folder"], compile=False, run=False)
    generated = time.perf_counter()
    compile_program(case["folder"])
    print(
        json.dumps(
            {
                "version": b2.__version__,
                "numpy": np.__version__,
                "generate": generated - start,
                "compile": time.perf_counter() - generated,
                "spikes": Path(b2.device.get_array_filename(spikes.variables["N"])).name,
            }
        )
    )


def compile_program(folder: str) -> None:
    """Compile with Brian2's own makefile on all cores."""
    subprocess.run(["make", "-j"], cwd=folder, check=True, capture_output=True)


if __name__ == "__main__":
    main()
