"""Device arrays: no silent conversion to numpy, no mixing with it, no arithmetic behind the scenes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .device import Block, StrictError, calls, check_device
from .settings import settings
from .streams import Stream, current_stream, host_read, no_capture

__all__ = ["MemoryPointer", "array", "asarray", "asnumpy", "empty", "full", "ndarray", "ones", "zeros"]


class MemoryPointer:
    """A place in device memory; adding bytes gives another place in the same allocation."""

    def __init__(self, mem: Block, offset: int) -> None:
        self.mem, self.offset = mem, offset

    @property
    def ptr(self) -> int:
        return self.mem.ptr + self.offset

    def __add__(self, offset: int) -> MemoryPointer:
        return MemoryPointer(self.mem, self.offset + offset)


class _Flags:
    def __init__(self, host: np.ndarray) -> None:
        self.c_contiguous = host.flags.c_contiguous
        self.f_contiguous = host.flags.f_contiguous
        self.owndata = host.base is None


class ndarray:
    """The part of ``cupy.ndarray`` that moves memory about; computing is left to kernels."""

    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, shape: Any, dtype: Any = float, memptr: MemoryPointer | None = None) -> None:
        shape = (int(shape),) if np.ndim(shape) == 0 else tuple(int(n) for n in shape)
        dtype = np.dtype(dtype)
        size = math.prod(shape) * dtype.itemsize
        if memptr is None:
            check_device()
            no_capture()
            memptr = MemoryPointer(Block(size), 0)
        if memptr.offset % dtype.itemsize or memptr.offset + size > memptr.mem.size:
            raise StrictError(
                f"an array of {size} bytes does not fit at offset {memptr.offset} of {memptr.mem.size} bytes"
            )
        self._block = memptr.mem
        self._ptr = memptr.ptr
        self._host = memptr.mem.bytes[memptr.offset : memptr.offset + size].view(dtype).reshape(shape)

    def _like(self, host: np.ndarray) -> ndarray:
        view = object.__new__(ndarray)
        view._block, view._host, view._ptr = self._block, host, host.ctypes.data
        return view

    # ---- facts ----
    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    size = property(lambda self: self._host.size)
    ndim = property(lambda self: self._host.ndim)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    strides = property(lambda self: self._host.strides)
    flags = property(lambda self: _Flags(self._host))

    @property
    def data(self) -> MemoryPointer:
        return MemoryPointer(self._block, self._ptr - self._block.ptr)

    def __len__(self) -> int:
        return len(self._host)

    def __repr__(self) -> str:
        return f"<pretended device array, {self.dtype}, shape {self.shape}>"

    # ---- views ----
    def __getitem__(self, slices: Any) -> ndarray:
        for part in slices if isinstance(slices, tuple) else (slices,):
            if not (isinstance(part, (int, np.integer, slice)) or part is None or part is Ellipsis):
                raise StrictError(f"indexing a device array by {type(part).__name__} would run a kernel of CuPy's own")
        if not isinstance(slices, tuple):
            slices = (slices,)
        return self._like(self._host[slices if any(part is Ellipsis for part in slices) else (*slices, Ellipsis)])

    def view(self, dtype: Any = None, type: Any = None) -> ndarray:
        return self._like(self._host.view(dtype or self.dtype))

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> ndarray:
        made = self._host.reshape(*shape)
        if not np.shares_memory(made, self._host) and made.size:
            raise StrictError("this reshape would copy")
        return self._like(made)

    def ravel(self, order: str = "C") -> ndarray:
        return self.reshape(-1)

    # ---- memory ----
    def get(
        self,
        stream: Stream | None = None,
        order: str = "C",
        out: np.ndarray | None = None,
        blocking: bool = True,
    ) -> np.ndarray:
        if out is not None and (out.dtype != self.dtype or out.shape != self.shape):
            raise ValueError("out has another dtype or shape")
        host: np.ndarray = self._host
        self._check_here("a copy to the host", stream)
        calls["copies"] += 1
        if not blocking:
            if out is None:
                raise StrictError("get(blocking=False) without out= returns values that are not there yet")
            (stream or current_stream())._put(lambda: np.copyto(out, host))
            return out
        host_read(stream)
        if out is None:
            return host.copy()
        np.copyto(out, host)
        return out

    def set(self, arr: np.ndarray, stream: Stream | None = None) -> None:
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
        if arr.shape != self.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        if not self._host.flags.c_contiguous:
            raise RuntimeError("Cannot set to non-contiguous array")
        no_capture()
        check_device()
        self._check_here("a copy to the GPU", stream)
        calls["copies"] += 1
        staged, host = arr if settings.lazy else arr.copy(), self._host  # late, as where a GPU reads pageable memory
        (stream or current_stream())._put(lambda: np.copyto(host, staged))

    def _check_here(self, what: str, stream: Stream | None = None) -> None:
        """Refuse what CUDA may do across devices, or does with an error: nobody here wants to."""
        self._block.check_here(what, (stream or current_stream()).device_id)

    def _put(self, value: Any) -> None:
        self._check_here("writing to an array")
        if isinstance(value, ndarray):
            value._check_here("reading from an array")
        host = self._host
        source = value._host if isinstance(value, ndarray) else value
        current_stream()._put(lambda: np.copyto(host, source))

    def __setitem__(self, slices: Any, value: Any) -> None:
        if (isinstance(value, np.ndarray) and value.ndim) or isinstance(value, (list, tuple)):
            raise TypeError(f"Unsupported type {type(value)}")
        self[slices]._put(value)

    def fill(self, value: Any) -> None:
        self._put(value)

    def copy(self, order: str = "C") -> ndarray:
        made = ndarray(self.shape, self.dtype)
        made._put(self)
        return made

    def item(self) -> Any:
        return self.get().item()

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __int__(self) -> int:
        return int(self.get())

    def __float__(self) -> float:
        return float(self.get())

    def __bool__(self) -> bool:
        return bool(self.get())

    def __iter__(self) -> Any:
        raise StrictError("iterating over a device array copies its elements one by one")

    def __eq__(self, other: object) -> Any:
        raise StrictError("comparing device arrays would run a kernel of CuPy's own; compare .get()")


# ---- functions of the module ----


def empty(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    return ndarray(shape, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C") -> ndarray:
    made = ndarray(shape, np.asarray(fill_value).dtype if dtype is None else dtype)
    made._put(fill_value)
    return made


def zeros(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    return full(shape, 1, dtype)


def empty_like(
    prototype: ndarray, dtype: Any = None, order: str = "K", subok: None = None, shape: Any = None
) -> ndarray:
    return ndarray(prototype.shape if shape is None else shape, dtype or prototype.dtype)


def zeros_like(a: ndarray, dtype: Any = None, order: str = "K", subok: None = None, shape: Any = None) -> ndarray:
    return zeros(a.shape if shape is None else shape, dtype or a.dtype)


def array(
    obj: Any, dtype: Any = None, copy: bool = True, order: str = "K", subok: bool = False, ndmin: int = 0, *,
    blocking: bool = False,
) -> ndarray:  # fmt: skip
    if isinstance(obj, ndarray):
        if dtype not in (None, obj.dtype):
            raise StrictError("changing the type of a device array would run a kernel of CuPy's own")
        return obj.copy() if copy else obj
    source = np.array(obj, dtype, ndmin=ndmin, order="C")
    made = ndarray(source.shape, source.dtype)
    made.set(source)
    return made


def asarray(
    a: Any, dtype: Any = None, order: str | None = None, *, copy: bool | None = None, blocking: bool = False
) -> ndarray:
    return array(a, dtype, copy=bool(copy), blocking=blocking)


def asnumpy(
    a: Any,
    stream: Stream | None = None,
    order: str = "C",
    out: np.ndarray | None = None,
    *,
    blocking: bool = True,
) -> np.ndarray:
    if isinstance(a, ndarray):
        return a.get(stream=stream, order=order, out=out, blocking=blocking)
    return np.asarray(a)
