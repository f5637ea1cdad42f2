"""The cores that a process may use: affinity, quotas of containers, worker processes."""

import multiprocessing
import os

import pytest

from gpusyn.utils import cores


def write(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


V1 = "sys/fs/cgroup/cpu,cpuacct"
GROUPS = {
    "no control groups": ({}, []),
    "version 2": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, [1.5]),
    "version 2 without a limit": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, []),
    "limits above its own group": (
        {
            "proc/self/cgroup": "0::/user.slice/my job/run\n",
            "sys/fs/cgroup/user.slice/my job/run/cpu.max": "max 100000\n",
            "sys/fs/cgroup/user.slice/my job/cpu.max": "300000 100000\n",
            "sys/fs/cgroup/user.slice/cpu.max": "1000000 200000\n",
        },
        [3.0, 5.0],
    ),
    "a group whose path is that of the host": (
        {"proc/self/cgroup": "0::/docker/0123\n", "sys/fs/cgroup/cpu.max": "25000 50000\n"},
        [0.5],
    ),
    "version 1": (
        {
            "proc/self/cgroup": "5:memory:/docker/0\n4:cpu,cpuacct:/docker/0\n1:name=systemd:/docker/0\n",
            f"{V1}/cpu.cfs_quota_us": "400000\n",
            f"{V1}/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/cpu.max": "1 1\n",
        },
        [4.0],
    ),
    "version 1 without a limit": (
        {
            "proc/self/cgroup": "4:cpu,cpuacct:/\n",
            f"{V1}/cpu.cfs_quota_us": "-1\n",
            f"{V1}/cpu.cfs_period_us": "100000",
        },
        [],
    ),
    "both": (
        {
            "proc/self/cgroup": "1:cpu:/a\n0::/\n",
            "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "200000",
            "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/cpu.max": "max",
        },
        [2.0],
    ),
    "nonsense": (
        {"proc/self/cgroup": "\nwhat is this\n0::/\n4:cpu\n", "sys/fs/cgroup/cpu.max": "many 100000\n"},
        [],
    ),
    "no period": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "100000 0\n"}, []),
}


@pytest.mark.parametrize("name", GROUPS)
def test_the_quotas_of_a_container_are_found(name, tmp_path):
    files, expected = GROUPS[name]
    write(tmp_path, files)
    assert list(cores.cpu_quotas(tmp_path)) == expected


@pytest.mark.parametrize(
    ("quotas", "expected"), [([], 8), ([1.5], 2), ([1.4], 1), ([0.1], 1), ([3.0, 5.0], 3), ([64.0], 8)]
)
def test_the_smallest_limit_counts(quotas, expected, monkeypatch, share_of_the_cores):
    monkeypatch.setattr(os, "process_cpu_count", lambda: 8, raising=False)
    monkeypatch.setattr(cores, "cpu_quotas", lambda: iter(quotas))
    assert share_of_the_cores() == expected


def test_cores_that_the_process_may_not_use_do_not_count(monkeypatch, share_of_the_cores):
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system knows no affinity")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 5, 7})
    monkeypatch.setattr(cores, "cpu_quotas", lambda: iter([]))
    assert share_of_the_cores() == 3


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_worker_process_has_one_thread(method):
    assert not cores.is_worker_process()
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(cores.is_worker_process)
        assert pool.apply(cores.default_threads) == 1


def test_another_process_has_as_many_as_there_are_cores(monkeypatch):
    monkeypatch.setattr(cores, "available_cores", lambda: 5)
    assert cores.default_threads() == 5
