"""The stand-in for CuPy: captured graphs, streams that wait, events."""

import gc

import numpy as np
import pytest

from tests.emulation import StrictError, cupy, using
from tests.emulation.add_kernel import arrays

# ---- capture ----


def captured(work):
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        stream.begin_capture()
        assert stream.is_capturing()
        try:
            work()
        finally:
            graph = stream.end_capture()
    return graph, stream


@pytest.mark.usefixtures("needs_compiler")
def test_a_graph_replays_what_was_captured(add):
    y, x = arrays()

    def work():
        add((1,), (32,), (y, x, np.float32(1), np.int32(4)))
        y[0] = 5

    graph, stream = captured(work)
    assert y.get().tolist() == [0, 0, 0, 0]  # nothing ran yet
    graph.upload(stream)
    for _ in range(3):
        graph.launch(stream)
    stream.synchronize()
    assert y.get().tolist() == [5, 3, 6, 9]


@pytest.mark.parametrize(
    "work",
    [
        lambda: cupy.zeros(3),
        lambda: KEPT.get(),
        lambda: KEPT.set(np.zeros(2)),
        lambda: KEPT.item(),
        lambda: float(KEPT[0]),
        lambda: cupy.cuda.get_current_stream().synchronize(),
        lambda: cupy.cuda.Device().synchronize(),
        lambda: cupy.cuda.runtime.deviceSynchronize(),
        lambda: cupy.cuda.Event().synchronize(),
    ],
    ids=["allocate", "get", "set", "item", "float", "stream", "device", "runtime", "event"],
)
def test_capture_refuses_what_a_gpu_cannot_capture(work):
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        stream.begin_capture()
        with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match="cudaErrorStreamCaptureUnsupported"):
            work()
        with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match="cudaErrorStreamCaptureInvalidated"):
            stream.end_capture()
    assert not stream.is_capturing()
    assert KEPT.get().tolist() == [0, 0]


KEPT = cupy.zeros(2)


def test_capture_is_refused_in_the_wrong_place():
    with pytest.raises(RuntimeError, match="default"):
        cupy.cuda.Stream.null.begin_capture()
    with pytest.raises(RuntimeError, match="not capturing"):
        cupy.cuda.Stream().end_capture()
    with pytest.raises(RuntimeError, match="end_capture"):
        cupy.cuda.Graph()
    stream = cupy.cuda.Stream()
    with stream:
        stream.begin_capture()
        with cupy.cuda.Stream.null, pytest.raises(RuntimeError, match="cudaErrorStreamCaptureImplicit"):
            KEPT.fill(1)
        with pytest.raises(RuntimeError, match="cudaErrorStreamCaptureInvalidated"):
            stream.end_capture()


@pytest.mark.usefixtures("needs_compiler")
def test_a_graph_must_not_outlive_its_arrays(add):
    arguments = [*arrays(), np.float32(1), np.int32(4)]
    graph, stream = captured(lambda: add((1,), (32,), arguments))
    graph.launch(stream)
    arguments.clear()
    gc.collect()
    with pytest.raises(StrictError, match="an array that has been freed"):
        graph.launch(stream)


# ---- streams ----


def test_lazy_streams_show_missing_synchronisation():
    a = cupy.zeros(2, np.int32)
    with using(lazy=True):
        one, two = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
        with one:
            a.fill(7)
        with two:
            assert a.get().tolist() == [0, 0]  # nobody waited for `one`
        event = one.record()
        assert not event.done
        with two:
            two.wait_event(event)
            assert a.get().tolist() == [7, 7]
        assert event.done
        with one:
            a.fill(8)
            assert a.get().tolist() == [8, 8]
        with one:
            a.fill(9)
        cupy.cuda.Device().synchronize()
        assert a.get().tolist() == [9, 9]


def test_lazy_blocking_streams_keep_order_with_the_null_stream():
    a = cupy.zeros(1, np.int32)
    with using(lazy=True):
        stream = cupy.cuda.Stream()
        with stream:
            a.fill(1)
        a.fill(2)  # in the null stream, after the fill above
        assert a.get().tolist() == [2]
        a.fill(3)
        with stream:
            assert a.get().tolist() == [3]


def test_unwaited_reads_and_timing():
    a = cupy.zeros(1, np.int32)
    out = np.full(1, -5, np.int32)
    with using(lazy=True):
        a.fill(4)
        a.get(out=out, blocking=False)
        assert out[0] == -5
        cupy.cuda.get_current_stream().synchronize()
        assert out[0] == 4
    with pytest.raises(StrictError, match="not there yet"):
        a.get(blocking=False)
    start, end = cupy.cuda.Event(), cupy.cuda.Event()
    start.record()
    end.record()
    assert cupy.cuda.get_elapsed_time(start, end) >= 0
    with pytest.raises(RuntimeError, match="cudaErrorInvalidValue"):
        cupy.cuda.get_elapsed_time(start, cupy.cuda.Event(disable_timing=True))
