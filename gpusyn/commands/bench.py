"""`gpusyn bench`: time scaling cases, and report the properties of the machine on which the numbers depend."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import gpusyn as gs
from gpusyn.backends.base import Backend
from gpusyn.backends.select import choose
from gpusyn.commands.bench_cases import CASES, case_network
from gpusyn.commands.bench_profile import profile_lines, profiled, require_profile
from gpusyn.commands.bench_ranks import Counting, of_all, rank_lines, rank_numbers
from gpusyn.distributed.communicators import as_ranks, mpi_world
from gpusyn.distributed.ranks import Ranks
from gpusyn.errors import ArgumentError, FileError
from gpusyn.io.atomic import replacing
from gpusyn.parameters.scalars import one_of, real, whole_steps
from gpusyn.utils.cores import available_cores
from gpusyn.utils.memory import free_memory, size_text
from gpusyn.utils.messages import warnings_only
from gpusyn.utils.paths import as_path

DT = 0.1
SEED = 1
_COPIED = 1 << 25  # bytes; larger than the caches of most processors


def run_bench(
    cases: Sequence[str] = ("coba",),
    size: int | None = None,
    fan_out: int | None = None,
    duration: float | None = None,
    backend: str = "auto",
    *,
    precision: str = "single",
    threads: int | None = None,
    json_file: str | os.PathLike[str] | None = None,
    profile: bool = False,
    mpi: bool = False,
) -> dict[str, Any]:
    """Time cases, print the numbers, and write them to a JSON file if one is named.

    Parameters
    ----------
    cases : sequence of str
        Names of cases: coba, cuba, microcircuit, per-synapse, source-gates, empty, build.
    size, fan_out : int, optional
        Number of neurons, and of synapses that leave each neuron; by default those of the case.
    duration : float, optional
        Model time that is timed (ms).
    backend : {"auto", "cuda", "cpu", "numpy"}
        Backend that computes.
    precision : {"single", "double"}
        Precision of the state.
    threads : int, optional
        Worker threads of the `cpu` backend.
    json_file : path, optional
        File to which the same numbers are written.
    profile : bool
        If True, run each case for the same time again, and tell where a step's time goes.
    mpi : bool
        If True, all processes of MPI simulate each case together, and the first of them prints.

    Returns
    -------
    dict
        ``machine``, ``versions``, ``backend`` and ``results``, a list with one entry per case; in other processes of
        MPI than the first without ``machine``.

    Raises
    ------
    GpusynError
        If an argument is wrong or the file cannot be written; it is raised before anything is timed.
    """
    names = [one_of(name, CASES, "--case") for name in cases]
    if duration is not None:
        whole_steps(real(duration, "--duration", unit="ms", above=0.0), DT, "--duration")
    for name in names:
        case_network(name, size, fan_out)
    target = json_target(json_file)
    if mpi and profile:
        raise ArgumentError("--profile: tells of one process; leave out --mpi")
    ranks = as_ranks(mpi_world()) if mpi else None
    speaks = ranks is None or ranks.rank == 0
    choice = choose(backend, threads)
    if profile:
        require_profile(choice.backend)
    report: dict[str, Any] = {
        "machine": machine() if speaks else {},
        "versions": {"gpusyn": gs.__version__, "python": platform.python_version(), "numpy": np.__version__},
        "backend": {"name": choice.backend.name, "device": choice.backend.describe(), "threads": threads},
        "results": [],
    }
    if speaks:
        print("\n".join([*_machine_lines(report), *choice.lines()]), flush=True)
    for name in names:
        result = measure(name, size, fan_out, duration, choice.backend, precision, threads, profile, ranks)
        report["results"].append(result)
        if speaks:
            print("\n".join(result_lines(result)), flush=True)
    if speaks:
        write_json(report, target)
    return report


def measure(
    name: str,
    size: int | None,
    fan_out: int | None,
    duration: float | None,
    backend: Backend,
    precision: str = "single",
    threads: int | None = None,
    profile: bool = False,
    ranks: Ranks | None = None,
) -> dict[str, Any]:
    """Build and run one case, and return the numbers; on several ranks, those of this one beside those of all."""
    case = CASES[name]
    net, n, k = case_network(name, size, fan_out)
    small = case.network(10, min(case.fan_out, 10))
    begin = time.perf_counter()
    with _simulator(small, backend, precision, threads, ranks) as sim:  # kernels depend on the models and not on sizes
        sim.step(1)
    compile_s = time.perf_counter() - begin

    begin = time.perf_counter()
    sim = _simulator(net, backend, precision, threads, ranks)
    build_s = time.perf_counter() - begin
    result: dict[str, Any] = {
        "case": name, "what": case.what, "size": n, "fan_out": k, "precision": precision, "dt_ms": DT,
        "first_use_s": compile_s, "build_s": build_s, "synapses": sim.plan.synapses,
        "bytes_per_synapse": sim.plan.bytes_per_synapse, "bytes": sim.plan.total, "launches": sim.plan.launches,
    }  # fmt: skip
    with sim:
        length = case.duration if duration is None else duration
        if length:
            result |= _run(sim, net, case.warm_up, length, name == "per-synapse", ranks)
            if profile:
                result["profile"] = profiled(sim, round(length / DT), _delivered)
    result["peak_process_bytes"] = _peak_memory()
    if ranks is not None:
        result |= {"ranks": ranks.size, "synapses": sum(ranks.objects(result["synapses"]))}
    return result


def _simulator(
    net: gs.Network, backend: Backend, precision: str, threads: int | None, ranks: Ranks | None = None
) -> gs.Simulator:
    with warnings_only():  # the note on rounded delays is of no interest here
        return gs.Simulator(net, dt=DT, seed=SEED, backend=backend, precision=precision, threads=threads, comm=ranks)


def _run(
    sim: gs.Simulator, net: gs.Network, warm_up: float, duration: float, gated: bool, ranks: Ranks | None
) -> dict[str, Any]:
    sim.run(warm_up)
    counting = Counting(sim) if ranks else None
    begin = time.perf_counter()
    with counting or contextlib.nullcontext():
        sim.run(duration)
    wall = time.perf_counter() - begin
    fired = of_all(ranks, _fired(sim, warm_up))
    delivered = sum(fired.get(name, 0) * fan for name, fan in _fan_out(net).items())
    neurons = {p.name: p.size for p in net.populations.values()}
    seconds, steps = duration / 1000.0, round(duration / DT)
    return {
        "duration_ms": duration,
        "wall_s": wall,
        "wall_s_per_model_s": wall / seconds,
        "us_per_step": wall / steps * 1e6,
        "rates_hz": {name: fired.get(name, 0) / size / seconds for name, size in neurons.items()},
        "spikes": sum(fired.values()),
        "deliveries": round(delivered),
        "deliveries_per_s": delivered / wall,
        **({"gate_updates_per_s": sim.plan.synapses * steps / wall} if gated else {}),
        **({"of_ranks": rank_numbers(sim, ranks, counting, fired)} if ranks and counting else {}),
    }


def _fired(sim: gs.Simulator, since: float) -> dict[str, int]:
    """Return the number of spikes of each population that fired after a time (ms)."""
    spikes = sim.data["spikes"]
    names, counts = np.unique(spikes.population[spikes.times > since], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _delivered(sim: gs.Simulator, since: float) -> float:
    """Return the mean number of synapses that the spikes after a time (ms) reach."""
    fired = _fired(sim, since)
    return sum(fired.get(name, 0) * fan for name, fan in _fan_out(sim.net).items())


def _fan_out(net: gs.Network) -> dict[str, float]:
    """Return the mean number of synapses that leave each neuron, by population."""
    fans = dict.fromkeys(net.populations, 0.0)
    for projection in net.projections.values():
        synapses = projection.rule.expected(projection.pre.size, projection.post.size)
        for population in projection.pre.populations:
            fans[population.name] += synapses / projection.pre.size
    return fans


def machine() -> dict[str, Any]:
    """Return the properties of this machine on which a timing depends."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "cores_usable": available_cores(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "free_bytes": free_memory(),
        "copy_bytes_per_s": _copy_speed(),
        "system": platform.platform(),
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _copy_speed() -> float:
    """Return the bytes read and written per second in the fastest of a few large copies, on one thread."""
    source = np.ones(_COPIED // 8)
    target = np.empty_like(source)
    best = 0.0
    for _ in range(5):
        begin = time.perf_counter()
        np.copyto(target, source)
        best = max(best, 2 * _COPIED / (time.perf_counter() - begin))
    return best


def _peak_memory() -> int | None:
    """Return the peak memory of this process (bytes), None if the system does not report it."""
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def json_target(file: str | os.PathLike[str] | None) -> Path | None:
    """Return the path of the JSON file, if one is asked for and can be written.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    if file is None:
        return None
    path = as_path(file, "--json")
    if (path.exists() and not path.is_file()) or not path.parent.is_dir():  # a folder, or a device such as /dev/null
        raise FileError(f"--json {path}: must name a file in an existing directory")
    if not os.access(path.parent, os.W_OK):
        raise FileError(f"--json {path}: the directory {path.parent} cannot be written; choose another")
    return path


def write_json(report: dict[str, Any], target: Path | None) -> None:
    """Write a report to a JSON file, if there is one to write."""
    if target is not None:
        with replacing([target]) as (temporary,):
            temporary.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        print(f"wrote {target}")


def _machine_lines(report: dict[str, Any]) -> list[str]:
    m, versions = report["machine"], report["versions"]
    load = "unknown" if m["load"] is None else f"{m['load']:.1f}"
    free = "unknown" if m["free_bytes"] is None else size_text(m["free_bytes"])
    return [
        f"machine: {m['processor']}, {m['cores_usable']} of {m['cores']} cores usable, load {load}, {free} free, "
        f"copies {size_text(m['copy_bytes_per_s'])}/s on one thread; {m['system']}",
        "versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()),
    ]


def result_lines(r: dict[str, Any]) -> list[str]:
    """Return the numbers of one case as lines of text."""
    each, total = r["bytes_per_synapse"], size_text(r["bytes"])
    arrays = "arrays of rank 0" if "ranks" in r else "all arrays"
    pace = f", {r['synapses'] / r['build_s']:.3g} synapses/s" if r["synapses"] else ""
    rows = [
        ("synapses", f"{r['synapses']:,.0f}, {each:.2f} bytes each; {arrays} {total}"),
        ("first use", f"{r['first_use_s']:.2f} s for a tiny network of these models: compiling, or finding compiled"),
        ("build", f"{r['build_s']:.2f} s{pace}"),
    ]
    if "wall_s" in r:
        rows += [
            ("1 s of model time", f"{r['wall_s_per_model_s']:.3f} s of wall time (timed over {r['duration_ms']:g} ms)"),
            ("one step", f"{r['us_per_step']:.2f} us, {r['launches']} launches"),
            ("rates", ", ".join(f"{name} {rate:.1f} Hz" for name, rate in r["rates_hz"].items())),
        ]
    if r.get("deliveries"):
        rows.append(("deliveries", f"{r['deliveries_per_s']:.3g} /s (spikes x mean fan-out: {r['deliveries']:,})"))
    if "of_ranks" in r:
        rows += rank_lines(r["of_ranks"], round(r["duration_ms"] / DT))
    if "gate_updates_per_s" in r:
        rows.append(("gate updates", f"{r['gate_updates_per_s']:.3g} /s"))
    if r["peak_process_bytes"]:
        rows.append(("memory of the process", f"{size_text(r['peak_process_bytes'])} at its peak"))
    more = [f"  {line}" for line in profile_lines(r["profile"])] if "profile" in r else []
    fan = f" x {r['fan_out']}" if r["fan_out"] else ""
    return (
        ["", f"{r['case']} {r['size']:,}{fan}, {r['precision']} precision: {r['what']}"]
        + [f"  {name:22}{text}" for name, text in rows]
        + more
    )
