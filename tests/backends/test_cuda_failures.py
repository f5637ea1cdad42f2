"""Errors of the driver, of NVRTC and of CuPy, raised by the stand-in as CuPy raises them, become sentences."""

import gc

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.backends.cuda.backend import CudaBackend
from gpusyn.backends.cuda.failures import cuda_errors, error_text, meaning_of
from gpusyn.errors import BackendError
from tests.emulation import cupy, device, pretend, using
from tests.emulation.compile import Kernel
from tests.helpers.hand_made import SINGLE, make
from tests.helpers.runs import emulated


@pytest.fixture
def session(monkeypatch):
    monkeypatch.setattr(Kernel, "launch", lambda *arguments: "")
    started = emulated().start(make(numbers=SINGLE, n=4).program())
    started.run(1)
    return started


ENDING = {
    700: ("a kernel used memory that is not its own", "cudaErrorIllegalAddress: an illegal memory access"),
    702: ("a kernel took longer than the system allows", "cudaErrorLaunchTimeout: the launch timed out"),
    709: ("the GPU was reset", "cudaErrorContextIsDestroyed: context is destroyed"),
    710: ("a kernel failed", "cudaErrorAssert: device-side assert triggered"),
    715: ("a kernel failed", "cudaErrorIllegalInstruction: an illegal instruction"),
    719: ("a kernel failed", "cudaErrorLaunchFailure: unspecified launch failure"),
    999: ("the driver has lost the GPU", "cudaErrorUnknown: unknown error"),
}


@pytest.mark.parametrize("status", ENDING)
def test_an_error_in_a_kernel_is_told_and_ends_the_session(session, status):
    reason, words = ENDING[status]
    with using(lazy=True), pretend(kernel_error=status):
        session.run(1)  # nothing is known yet: kernels run by themselves
        with pytest.raises(BackendError, match=f"cuda backend: reading array 'V' failed: {reason}.*{words}"):
            session.read("V")
        for refused in (
            lambda: session.read("V"),
            lambda: session.run(1),
            lambda: session.write("V", np.zeros(1, np.float32)),
            lambda: session.rebind(make(numbers=SINGLE, n=4).program(), {}),
        ):
            with pytest.raises(BackendError, match=f"not possible any more, since this session has ended: .*{reason}"):
                refused()
        session.close()  # says nothing more
        with pytest.raises(BackendError, match=f"{reason}.*fix: .*"):
            CudaBackend(importer=lambda: cupy)  # no other session can begin in this process


def test_what_was_read_before_the_session_ended_stays_readable(monkeypatch):
    net = gs.Network()
    spikes = net.record(net.population("cells", 3, gs.LIF(I_e=900.0)), "spikes")
    with gs.Simulator(net, backend=emulated()) as sim:
        sim.run(30.0)
        seen = sim.data[spikes].times.tolist()
        with pretend(kernel_error=700):
            with pytest.raises(BackendError, match="a kernel used memory that is not its own"):
                sim.run(10.0)
            with pytest.raises(gs.SimulationError, match=r"the state was lost.*a kernel used memory"):
                sim.run(10.0)
            with pytest.raises(BackendError, match="this session has ended"):
                sim.reset()
            assert sim.data[spikes].times.tolist() == seen
            sim.close()
    assert len(seen) > 3


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (3, "the process was forked from one that had used the GPU.*'spawn'"),
        (46, "another program has the GPU for itself.*nvidia-smi"),
        (100, "the GPU is not there any more.*cudaErrorNoDevice"),
        (214, "has a fault.*reset the GPU"),
        (304, "the system refuses what the driver needs.*docker run --gpus all"),
        (802, "not ready.*nvidia-fabricmanager"),
        (803, "the driver's parts do not fit together.*restart the machine"),
    ],
)
def test_what_the_driver_answers_is_told(session, status, said):
    with pretend(answer=status), pytest.raises(BackendError, match=said):
        session.read("V")
    if status != 100:
        with pretend(answer=status), pytest.raises(BackendError, match=said):
            CudaBackend(importer=lambda: cupy)


def test_memory_that_runs_out_later_leaves_the_session_as_it_was(session):
    larger = {"spike_id": np.zeros(1 << 22, np.int32)}
    program = make(numbers=SINGLE, n=4).program()
    with (
        pretend(free_memory=device.used_bytes() + 1000),
        pytest.raises(gs.PlanMemoryError, match=r"ran out of memory during making room for larger inputs.*Out of mem"),
    ):
        session.rebind(program, larger)
    assert session.read("spike_id").size < larger["spike_id"].size
    session.run(40)


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ({"nvrtc": False}, r"CUDA's compiler library \(nvrtc\) was not found.*DynamicLibNotFoundError.*pip install"),
        ({"load_error": 209}, "the driver does not accept the compiled kernels.*CUDA_ERROR_NO_BINARY.*update the driv"),
        ({"load_error": 222}, "the driver does not accept the compiled kernels.*CUDA_ERROR_UNSUPPORTED_PTX_VERSION"),
        ({"cache_error": PermissionError(13, "Permission denied", "/root/.cupy")},
         r"CuPy cannot write its cache.*Permission denied: '/root/\.cupy'.*set CUPY_CACHE_DIR"),
    ],
)  # fmt: skip
def test_kernels_that_cannot_be_compiled_or_loaded(machine, said):
    backend = emulated()
    gc.collect()  # what earlier tests left is not counted
    backend.gpu.free_pools()
    with pretend(**machine), pytest.raises(BackendError, match=said):
        backend.start(make(numbers=SINGLE, n=4).program())
    with pretend(**machine), pytest.raises(BackendError, match=said.partition(".*")[0]):
        CudaBackend(importer=lambda: cupy)
    gc.collect()
    assert device.pooled_bytes() == 0  # what had been allocated is free for others


def test_the_table_of_errors_has_cupys_numbers():
    for status, text in (device._RUNTIME | device._DRIVER).items():
        if status in (1, 9, 500, 900, 901, 906):  # mistakes of a program, which tests find
            continue
        raised = [device.CUDARuntimeError] * (status in device._RUNTIME) + [device.CUDADriverError] * (
            status in device._DRIVER
        )
        for kind in raised:
            assert meaning_of(kind(status)) is not None, text


def test_other_errors_pass():
    assert meaning_of(ValueError("x")) is None
    assert error_text(ValueError()) == "ValueError: no message"
    said = r"cuda backend: thinking failed \(ValueError: x\); see what gpusyn info"
    with pytest.raises(BackendError, match=said), cuda_errors("thinking"):
        raise ValueError("x")
    with pytest.raises(MemoryError) as error, cuda_errors("thinking"):
        raise MemoryError("the host")
    assert type(error.value) is MemoryError
    with pytest.raises(gs.ParameterError), cuda_errors("thinking"):
        raise gs.ParameterError("x")
