"""Results to write into files, and a process that streams a file until it is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from gpusyn.results import SpikeData, SynapseData, TraceData, sample_times

PARTS = [("E", 4, [1, 3, 4, 8]), ("I", 2, None)]


def some_spikes(parts: list = PARTS, seed: int = 0, duration: float = 50.0) -> SpikeData:
    rng = np.random.default_rng(seed)
    size = sum(part[1] for part in parts)
    times = rng.integers(1, 500, 60) * 0.1
    return SpikeData(parts, times, rng.integers(0, size, 60), duration)


def some_traces(parts: list = PARTS, every: float = 0.1, variables: tuple = ("V", "g_AMPA"), frames: int = 30):
    rng = np.random.default_rng(1)
    size = sum(part[1] for part in parts)
    values = {name: rng.normal(size=(frames, size)).astype(np.float32) for name in variables}
    units = {"V": "mV", "g_AMPA": "nS", "I_AMPA": "pA"}
    return TraceData(parts, values, sample_times(every, every, frames), units, every)


def some_synapses(frames: int = 6) -> SynapseData:
    weight = np.random.default_rng(2).uniform(size=(frames, 4))
    pre, post, t = [0, 0, 2, 3], [1, 3, 3, 0], sample_times(5.0, 5.0, frames)
    return SynapseData("E->I:AMPA", [1, 4, 5, 9], pre, post, {"weight": weight}, t, {"weight": "nS"}, 5.0)


WRITER = """
import resource, sys, time
import numpy as np
from gpusyn.errors import FileError
from gpusyn.io import RecorderLayout, StreamFile

parts = [("E", 4, [1, 3, 4, 8]), ("I", 2, None)]
stream = StreamFile.create(sys.argv[1], [
    RecorderLayout("s", parts),
    RecorderLayout("t", parts, ("V", "g_AMPA"), {"V": "mV", "g_AMPA": "nS"}, start=0.1, every=0.1),
], overwrite=True)
print("open", flush=True)
step = 0
while True:
    # Neuron `step % 6` fires in every step; V counts steps: a reader can tell what must be there.
    steps = np.arange(step + 1, step + 8)
    stream.append_spikes("s", steps * 0.1, steps % 6)
    if sys.argv[2] == "torn" and step > 70:  # on its way, in one place only, when the kill comes
        (name, block), = stream._state.backlog
        stream._recorders[name].write(block, stream._state.counts[name])
        stream._file.flush()
        print("torn", flush=True)
        time.sleep(60)
    V = np.repeat(steps[:, None], 6, axis=1).astype(np.float32)
    stream.append_frames("t", {"V": V, "g_AMPA": -V})
    if sys.argv[2] == "full" and step > 70:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))
        try:
            stream.flush(time=step * 0.1 + 0.7)
        except FileError:
            print("full", flush=True)
            time.sleep(60)
    step += 7
    stream.flush(time=step * 0.1, planned=1000.0)
    print(step, flush=True)
"""


def start_writer(path: Path, mode: str = "") -> subprocess.Popen:
    command = [sys.executable, "-c", WRITER, str(path), mode]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def kill(process: subprocess.Popen) -> list[str]:
    process.send_signal(signal.SIGKILL)
    left = process.stdout.read().split()
    process.wait()
    process.stdout.close()
    return left
