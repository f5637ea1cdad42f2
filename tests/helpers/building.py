"""Launches of the kernels that build rows, on emulated CUDA blocks; and drawn networks of every kind of projection."""

import ctypes
import functools

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.cpu.backend import CpuBackend
from gpusyn.backends.cuda.backend import CudaBackend
from gpusyn.errors import BackendError
from gpusyn.kernels.memory import HOST
from gpusyn.kernels.modules import build_module
from gpusyn.kernels.spec import BUILD_KERNELS
from tests.emulation import compiler, cupy, load

_NUMBERS = {"int": np.int32, "int64": np.int64, "double": np.float64}


@functools.cache
def _emulated():
    return load(build_module().text, ("--fmad=false",))


class EmulatedLauncher:
    """The launcher of a GPU whose blocks and warps run one after the other.

    Synapses come in any order, unless there is a single thread.
    """

    workers = 1
    memory = HOST

    def __init__(self, grid=3, block=64):
        self.grid = self.blocks = grid
        self.block = block
        self.in_order = grid * block == 1

    def launch(self, kernel, **arguments):
        slots = []
        for ctype, value in BUILD_KERNELS[kernel].given(arguments):
            if isinstance(value, np.ndarray):
                slots.append(value.ctypes.data)
            else:
                number = np.array([value & (2**64 - 1)], np.uint64) if ctype == "int64" else _NUMBERS[ctype](value)
                slots.append(int.from_bytes(number.tobytes(), "little"))
        error = _emulated()[kernel].launch((ctypes.c_uint64 * len(slots))(*slots), self.grid, self.block)
        assert not error, f"{kernel}: {error}"

    def close(self):
        pass


@functools.cache
def _backend(threads):
    try:
        return CpuBackend(threads=threads)
    except BackendError as error:
        pytest.skip(str(error))


def launcher(kind):
    """Make a launcher; skip where it cannot compile."""
    if kind in ("emulated", "cuda"):
        if compiler() is None:
            pytest.skip("the emulator needs g++, which is not on PATH")
        return EmulatedLauncher() if kind == "emulated" else CudaBackend(importer=lambda: cupy).launcher()
    return _backend(kind).launcher()


RECEPTORS = (gs.AMPA(), gs.GABA_A(), gs.CurrentReceptor("I", tau=2.0), gs.NMDA())
RULES = (
    lambda r: gs.FixedProbability(float(r.choice([0.0, 0.0004, 0.02, 0.3, 1.0])), autapses=bool(r.integers(2))),
    lambda r: gs.AllToAll(autapses=bool(r.integers(2))),
    lambda r: gs.FixedInDegree(int(r.integers(30)), autapses=bool(r.integers(2))),
    lambda r: gs.FixedInDegree(int(r.integers(5)), multapses=False),
    lambda r: gs.FixedOutDegree(int(r.integers(30)), autapses=bool(r.integers(2))),
    lambda r: gs.FixedTotalNumber(int(r.integers(5000)), autapses=bool(r.integers(2))),
)
WEIGHTS = (2.5, gs.Uniform(0.5, 2.0), gs.Normal(3.0, 1.0, low=0.0), gs.LogNormal(2.0, 1.0), gs.Gamma(2.0, 1.0),
           gs.Exponential(2.0, high=9.0))  # fmt: skip
DELAYS = (1.5, gs.Uniform(0.5, 2.0), gs.Normal(1.5, 0.75, low=0.1), gs.LogNormal(2.0, 1.0, high=40.0),
          gs.Exponential(2.0, low=0.1, high=60.0), gs.Uniform(0.1, 40.0))  # fmt: skip


def drawn_network(seed, most=400):
    """Return a network of random projections between populations, parts of them and several of them."""
    r = np.random.default_rng(seed)
    net = gs.Network()
    cells = [net.population(f"p{i}", int(r.integers(1, most)), gs.LIF(), receptors=RECEPTORS) for i in range(4)]

    def selection():
        one, other = (cells[i] for i in r.integers(4, size=2))
        some = np.sort(r.choice(one.size, r.integers(1, one.size + 1), replace=False))
        return (one, one[r.integers(one.size) :], one[some], one if one is other else one + other)[r.integers(4)]

    for _ in range(6):
        receptor = ("AMPA", "GABA_A", "I")[r.integers(3)]
        weight = {receptor: WEIGHTS[r.integers(len(WEIGHTS))]}
        if receptor != "I" and r.integers(3) == 0:
            weight["NMDA"] = gs.Ratio(receptor, 0.1)
        w_max = {receptor: 1000.0} if r.integers(4) == 0 else None
        rule, delay = RULES[r.integers(len(RULES))](r), DELAYS[r.integers(len(DELAYS))]
        try:
            net.connect(selection(), selection(), rule, weight=weight, delay=delay, w_max=w_max)
        except gs.ParameterError:  # a rule that such small populations cannot satisfy
            continue
    return net
