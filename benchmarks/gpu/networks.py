"""Networks on the device: their bits beside the digests of the CPU, their speed, and the time of each launch."""

from __future__ import annotations

import statistics
import time
from typing import NamedTuple

import gpusyn as gs
from benchmarks import cases
from benchmarks.gpu import launch_times
from benchmarks.gpu.calibration import Device, figures_of
from benchmarks.gpu.setups import FULL, SEED, TINY, Setup, digest_of, stored
from benchmarks.gpu.task import LeftOutError, PartFailedError, Task
from gpusyn.backends.cuda.backend import CudaBackend
from gpusyn.builder.gpu.model import GpuModel, gpu_model
from gpusyn.utils.memory import size_text

PROFILED = 320  # steps


def microcircuit(task: Task) -> None:
    """Run the microcircuit, which is built before its turn."""
    _run(task, ["microcircuit"], early=True)


def coba(task: Task) -> None:
    """Run networks after Vogels and Abbott, up to a million neurons."""
    _run(task, ["coba small", "coba large", "coba million"])


def gated(task: Task) -> None:
    """Run a network with a gate on every synapse."""
    _run(task, ["gated"])


def large(task: Task) -> None:
    """Run a network with more synapses than 32 bits count."""
    _run(task, ["large"])


def _run(task: Task, names: list[str], early: bool = False) -> None:
    """Run networks one by one; afterwards, fail if the bits of one differ."""
    known, different = stored()["networks"], []
    for name in names:
        setup, key = (TINY[name], f"{name}, tiny") if task.tiny else (FULL[name], name)
        with Prepared.make(setup) as run:
            if early:
                task.wait_for_turn()
            if not run.measure(task, known.get(key)):
                different.append(name if key in known else f"{name} (whose digest is not stored)")
    if different:
        raise PartFailedError(f"other bits than on the CPU: {', '.join(different)}")


class Prepared(NamedTuple):
    """A network that has been built on the device."""

    setup: Setup
    sim: gs.Simulator
    recorder: gs.Recorder
    build_s: float

    @classmethod
    def make(cls, setup: Setup) -> Prepared:
        """Build a network, if it fits into the memory of the device."""
        net, begin_state = setup.network()
        recorder = cases.record_all(net)
        backend = CudaBackend()
        plan = gs.plan(net, dt=cases.DT, backend=backend)
        if not plan.fits:
            free = "" if plan.free is None else f" of {size_text(plan.free)}"
            raise LeftOutError(f"{setup.title} needs {size_text(plan.total)}{free}")
        begin = time.perf_counter()
        sim = gs.Simulator(net, dt=cases.DT, seed=SEED, backend=backend, progress=False)
        begin_state(sim)
        return cls(setup, sim, recorder, time.perf_counter() - begin)

    def __enter__(self) -> Prepared:
        return self

    def __exit__(self, *exception: object) -> None:
        self.sim.close()

    def measure(self, task: Task, known: str | None) -> bool:
        """Run the network and report all of it; return True if its bits are those of the digest."""
        setup, sim = self.setup, self.sim
        sim.run(setup.short)
        same = digest_of(sim, self.recorder) == known
        task.report(**{f"bits of {setup.title}": "equal" if same else "DIFFERENT"})
        sim.run(setup.warm_up)
        walls, since = [], sim.time
        for _ in range(3):
            begin = time.perf_counter()
            sim.run(setup.timed)
            walls.append(time.perf_counter() - begin)
        task.report(**{f"seconds of {setup.title}": walls})
        wall, rates = statistics.median(walls), self._rates(since)
        device = Device()
        listed = figures_of(device.product)
        model = None if listed is None else gpu_model(sim.plan.layout, sim.plan.specs, listed, rates)
        sizes = {name: population.size for name, population in sim.net.populations.items()}
        row = {
            "network": setup.title,
            "neurons": sum(sizes.values()),
            "synapses": round(sim.plan.synapses),
            "rate (Hz)": sum(rates[name] * size for name, size in sizes.items()) / sum(sizes.values()),
            "build (s)": self.build_s,
            "us per step": 1e6 * wall * sim.dt / setup.timed,
            "real-time factor": 1e3 * wall / setup.timed,
            "by the model": model and model.real_time_factor,
            "bits": "equal" if same else "DIFFERENT",
        }
        task.row("networks", row)
        self._launches(task, device, model)
        return same

    def _rates(self, since: float) -> dict[str, float]:
        """Return the mean rate of each population after a time (Hz)."""
        sim, spikes = self.sim, self.sim.data[self.recorder]
        late = spikes.population[spikes.times > since]
        seconds = (sim.time - since) * 1e-3
        return {name: int((late == name).sum()) / p.size / seconds for name, p in sim.net.populations.items()}

    def _launches(self, task: Task, device: Device, model: GpuModel | None) -> None:
        """Report the time of each launch by itself, beside what the calibration allows and the model expects."""
        sim, known = self.sim, task.earlier("calibration").get("figures", {})
        since = sim.time
        seconds = launch_times.times(sim, device, launch_times.STEPS if task.tiny else PROFILED)
        works = launch_times.works(sim.plan, self._rates(since))
        expected = {} if model is None else {launch.label: launch for launch in model.launches}
        for (label, took), work in zip(seconds.items(), works, strict=True):
            least, modelled = work.least_seconds(known), expected.get(label)
            row = {
                "network": self.setup.title,
                "launch": label,
                "us": 1e6 * took,
                "bytes": work.bytes,
                "atomics": work.atomics,
                "share": None if least is None else least / took,
                "by the model (us)": modelled and 1e6 * modelled.expected,
                "binds there": modelled and modelled.binds,
            }
            task.row("launches", row)
