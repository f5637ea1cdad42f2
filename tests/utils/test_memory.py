"""The memory that a process may take: the computer's, limits of containers, limits of the address space."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from gpusyn.errors import PlanMemoryError
from gpusyn.utils import memory

MIB = 1 << 20
HEAP = 33 * 4096  # bytes by which the C library's heap grows
V1 = "sys/fs/cgroup/memory"


def write(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


GROUPS = {
    "no control groups": ({}, []),
    "version 2": (
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": f"{500 * MIB}\n",
            "sys/fs/cgroup/memory.current": f"{200 * MIB}\n",
        },
        [300],
    ),
    "cached files are given back": (
        {
            "proc/self/cgroup": "0::/job\n",
            "sys/fs/cgroup/job/memory.max": f"{500 * MIB}\n",
            "sys/fs/cgroup/job/memory.current": f"{200 * MIB}\n",
            "sys/fs/cgroup/job/memory.stat": f"anon 1\ninactive_file {50 * MIB}\nactive_file {20 * MIB}\n",
        },
        [350],
    ),
    "no limit": (
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": "max\n",
            "sys/fs/cgroup/memory.current": "5\n",
        },
        [],
    ),
    "limits above its own group": (
        {
            "proc/self/cgroup": "0::/user.slice/my job/run\n",
            "sys/fs/cgroup/user.slice/my job/run/memory.max": "max\n",
            "sys/fs/cgroup/user.slice/my job/run/memory.current": f"{30 * MIB}\n",
            "sys/fs/cgroup/user.slice/my job/memory.max": f"{100 * MIB}\n",
            "sys/fs/cgroup/user.slice/my job/memory.current": f"{40 * MIB}\n",
            "sys/fs/cgroup/user.slice/memory.max": f"{2000 * MIB}\n",
            "sys/fs/cgroup/user.slice/memory.current": f"{1950 * MIB}\n",
        },
        [60, 50],
    ),
    "version 1": (
        {
            "proc/self/cgroup": "5:memory:/docker/0\n4:cpu,cpuacct:/docker/0\n1:name=systemd:/docker/0\n",
            f"{V1}/memory.limit_in_bytes": f"{700 * MIB}\n",
            f"{V1}/memory.usage_in_bytes": f"{600 * MIB}\n",
            f"{V1}/memory.stat": f"inactive_file 1\ntotal_inactive_file {100 * MIB}\n",
        },
        [200],
    ),
    "full": (
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": f"{5 * MIB}",
            "sys/fs/cgroup/memory.current": f"{6 * MIB}",
        },
        [0],
    ),
    "nonsense": (
        {
            "proc/self/cgroup": "\nwhat is this\n0::/\n4:memory\n",
            "sys/fs/cgroup/memory.max": "many\n",
            "sys/fs/cgroup/memory.current": "1",
        },
        [],
    ),
}


@pytest.mark.parametrize("name", GROUPS)
def test_what_a_container_leaves_is_found(name, tmp_path):
    files, expected = GROUPS[name]
    write(tmp_path, files)
    assert [left / MIB for left in memory.left_of_groups(tmp_path)] == expected


@pytest.mark.parametrize(("available", "expected"), [(4096, 50), (30, 30)])
def test_the_smallest_limit_counts(available, expected, tmp_path):
    write(tmp_path, GROUPS["limits above its own group"][0])
    write(tmp_path, {"proc/meminfo": f"MemTotal:   9999999 kB\nMemAvailable:  {available * 1024} kB\n"})
    assert memory.free_memory(tmp_path) == expected * MIB


def test_a_limit_of_the_address_space_counts(tmp_path, monkeypatch):
    write(tmp_path, {"proc/meminfo": f"MemAvailable: {900 * 1024} kB\n", "proc/self/statm": "25600 1 1 1 0 1 0\n"})
    limits = SimpleNamespace(
        RLIMIT_AS=9, RLIM_INFINITY=-1, getpagesize=lambda: 4096, getrlimit=lambda _: (300 * MIB, -1)
    )
    monkeypatch.setattr(memory, "resource", limits)
    assert memory.free_memory(tmp_path) == 200 * MIB
    limits.getrlimit = lambda _: (-1, -1)
    assert memory.free_memory(tmp_path) == 900 * MIB


def test_a_memory_error_tells_what_was_wanted_and_what_helps(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 5 * 10**9)
    told = (
        r"^making it ran out of memory: an array of 8\.00 PB could not be allocated, and 5\.00 GB are free; take less$"
    )
    with pytest.raises(PlanMemoryError, match=told), memory.memory_errors("making it", "take less"):
        np.empty(10**15)
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    told = r"memory: an array could not be allocated; take less$"
    with pytest.raises(PlanMemoryError, match=told), memory.memory_errors("making it", "take less"):
        raise MemoryError
    with pytest.raises(PlanMemoryError, match=r"^as it is$"), memory.memory_errors("making it", "take less"):
        raise PlanMemoryError("as it is")


LIMITED = """
import resource, sys
import gpusyn as gs
from gpusyn.utils.memory import free_memory

def network(n):
    net = gs.Network()
    cells = net.population("cells", n, gs.LIF(), receptors=gs.AMPA())
    net.connect(cells, cells, gs.FixedTotalNumber(1000 * n), receptor="AMPA", weight=gs.LogNormal(1.0, 0.5))
    return net

backend, planned = sys.argv[1], sys.argv[2] == "planned"
gs.Simulator(network(10), backend=backend, threads=1).close()
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 200_000_000, -1))
assert free_memory() <= 200_000_000
if not planned:
    gs.builder.plan.Plan.require_fit = lambda plan: None
for n in (10, 60_000):
    try:
        gs.Simulator(network(n), backend=backend, threads=1).close()
        print("built")
    except gs.GpusynError as error:
        print(type(error).__name__, error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited on Linux alone")
@pytest.mark.parametrize("planned", ["planned", "building"])
@pytest.mark.parametrize("backend", ["numpy", "cpu"])
def test_a_network_beyond_the_address_space_is_an_error_and_no_crash(backend, planned):
    """60 million synapses in 200 MB: refused by the plan; without the plan's refusal, by the first array too large."""
    done = subprocess.run([sys.executable, "-c", LIMITED, backend, planned], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    small, large = done.stdout.split("\n", 1)
    assert small == "built"
    told = "this network needs" if planned == "planned" else "building the network ran out of memory: an array of"
    assert large.startswith(f"PlanMemoryError {'' if planned == 'planned' else 'Simulator: '}{told}"), large


MEASURED = """
import resource
import gpusyn as gs

pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 300_000_000, -1))
net = gs.Network()
net.population("cells", 100, gs.LIF())
planned = gs.plan(net, backend="numpy")
with gs.Simulator(net, backend="numpy") as sim:
    print(planned.free - sim.plan.free, planned.total + planned.scratch - sim.plan.total - sim.plan.scratch)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited on Linux alone")
def test_a_plan_and_a_simulator_find_the_same_memory():
    """Up to an arena, and a step of the heap, which are allocated now and then: a simulation loads what a plan does."""
    done = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    free, needed = map(int, done.stdout.split())
    assert free in (0, HEAP, MIB, MIB + HEAP)
    assert needed == 0
