"""Streams, events and captured graphs.

Work reaches a stream as a callable. In the usual mode it runs at once; with ``settings.lazy`` it waits until
something synchronises with its stream, so that a missing synchronisation shows in the results. While a stream
captures, work becomes a node of the graph instead.
"""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable

from .device import CUDARuntimeError, StrictError, calls, check_device, current_device, machine
from .settings import settings

__all__ = [
    "Event",
    "Graph",
    "Stream",
    "capturing",
    "current_stream",
    "elapsed_time",
    "host_read",
    "no_capture",
]

Work = Callable[[], None]
_all_streams: list[Stream] = []


class _OfThread(threading.local):
    """What each thread has for itself: a capture is none of the others' business (CuPy's mode is `relaxed`)."""

    stream: Stream | None = None
    capturing: Stream | None = None


_thread = _OfThread()


def capturing() -> bool:
    """Whether some stream captures now."""
    return _thread.capturing is not None


def no_capture() -> None:
    """Refuse an operation that must not happen during a capture; the capture is lost, as on a GPU."""
    if _thread.capturing is not None:
        _thread.capturing._spoiled = True
        raise CUDARuntimeError(900)


class Graph:
    """A recorded sequence of work; made by ``Stream.end_capture`` only."""

    _nodes: list[Work]

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise RuntimeError("use Stream.end_capture() to make a graph")

    def launch(self, stream: Stream | None = None) -> None:
        no_capture()
        check_device()
        calls["graph launches"] += 1
        stream = stream or current_stream()
        stream._check_here("launching a graph")
        for work in self._nodes:
            stream._put(work)

    def upload(self, stream: Stream | None = None) -> None:
        no_capture()


class Event:
    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False) -> None:
        check_device()
        self._timed = not disable_timing
        self._stream: Stream | None = None
        self._target = 0
        self._time = 0.0

    def record(self, stream: Stream | None = None) -> None:
        stream = stream or current_stream()
        if stream is _thread.capturing:
            raise StrictError("events in a captured stream are not modelled")
        check_device()
        stream._check_here("recording an event")
        self._stream = stream
        stream._put(self._stamp)
        self._target = stream._accepted

    def _stamp(self) -> None:
        self._time = time.perf_counter()

    @property
    def done(self) -> bool:
        return self._stream is None or self._stream._finished >= self._target

    def synchronize(self) -> None:
        no_capture()
        check_device()
        calls["synchronisations"] += 1
        if self._stream is not None:
            self._stream._drain(self._target)
        check_device()


class Stream:
    """A queue of work; ``Stream.null`` is the default one."""

    null: Stream

    def __init__(
        self, null: bool = False, non_blocking: bool = False, ptds: bool = False, priority: int | None = None
    ) -> None:
        if not null:
            check_device()
        self._device = None if null else current_device()
        self.ptr = 0 if null else id(self)
        self.is_non_blocking = non_blocking
        self._accepted = self._finished = 0
        self._spoiled = False
        self._queue: collections.deque[Work] = collections.deque()
        self._nodes: list[Work] = []
        self._outer: list[Stream] = []
        _all_streams.append(self)

    @property
    def device_id(self) -> int:
        return current_device() if self._device is None else self._device

    def _check_here(self, what: str) -> None:
        if self.device_id != current_device():
            raise StrictError(
                f"{what}: a stream of GPU {self.device_id} is used while GPU {current_device()} is current"
            )

    def _put(self, work: Work) -> None:
        """Run, queue or record one piece of work."""
        if _thread.capturing is self:
            self._nodes.append(work)
            return
        if _thread.capturing is not None:
            _thread.capturing._spoiled = True
            raise CUDARuntimeError(906 if self.ptr == 0 else 900)
        if not (settings.lazy or self._queue):
            self._accepted += 1
            self._finished += 1
            work()
            return
        self._order_with_null_stream()
        self._queue.append(work)
        self._accepted += 1

    def _order_with_null_stream(self) -> None:
        """Work in the null stream follows all earlier work of blocking streams, and the other way round."""
        if self.ptr == 0:
            for other in _all_streams:
                if other is not self and not other.is_non_blocking and other.device_id == self.device_id:
                    other._drain()
        elif not self.is_non_blocking:
            Stream.null._drain()

    def _drain(self, target: int | None = None) -> None:
        """Run the queued work, all or up to a mark."""
        while self._queue and (target is None or self._finished < target):
            work = self._queue.popleft()
            self._finished += 1
            work()

    def synchronize(self) -> None:
        no_capture()
        check_device()
        calls["synchronisations"] += 1
        if self.ptr == 0:
            self._order_with_null_stream()
        self._drain()
        check_device()

    @property
    def done(self) -> bool:
        return not self._queue

    def record(self, event: Event | None = None) -> Event:
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        if event._stream is not None and event._stream is not self:
            stream, target = event._stream, event._target
            self._put(lambda: stream._drain(target))

    def use(self) -> Stream:
        self._check_here("making a stream the current one")
        _thread.stream = self
        return self

    def __enter__(self) -> Stream:
        self._outer.append(current_stream())
        return self.use()

    def __exit__(self, *exception: object) -> None:
        self._outer.pop().use()

    def begin_capture(self, mode: int | None = None) -> None:
        if self.ptr == 0:
            raise RuntimeError("cannot capture on the default (legacy) stream")
        no_capture()
        self._nodes, self._spoiled = [], False
        _thread.capturing = self

    def end_capture(self) -> Graph:
        if _thread.capturing is not self:
            raise RuntimeError("this stream is not capturing")
        _thread.capturing = None
        if self._spoiled or machine.capture_error:
            raise CUDARuntimeError(901 if self._spoiled else machine.capture_error)
        graph = object.__new__(Graph)
        graph._nodes = self._nodes
        return graph

    def is_capturing(self) -> bool:
        return _thread.capturing is self


Stream.null = Stream(null=True)


def current_stream(device_id: int = -1) -> Stream:
    """The stream that launches and copies go to in this thread."""
    return _thread.stream or Stream.null


def host_read(stream: Stream | None = None) -> None:
    """The host waits for a stream before it reads what that stream computes."""
    no_capture()
    stream = stream or current_stream()
    stream._order_with_null_stream()  # the copy is work in that stream, too
    stream.synchronize()


def elapsed_time(start_event: Event, end_event: Event) -> float:
    """Milliseconds between two recorded events."""
    for event in (start_event, end_event):
        if event._stream is None or not event._timed or not event.done:
            raise CUDARuntimeError(1)
    return (end_event._time - start_event._time) * 1e3


def synchronize_all() -> None:
    """``Device.synchronize``."""
    no_capture()
    for stream in _all_streams:
        if stream.device_id == current_device():
            stream._drain()
