"""The memory in which rows of synapses are built: that of the host, or of a device."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from gpusyn.utils.typing import Array


class Memory(Protocol):
    """Makes arrays in one memory, and moves values between it and the host.

    An array of a device has the attributes `dtype`, `shape`, `size` and `flags` of one of numpy, and is cut by slices;
    only kernels compute with it.
    """

    def empty(self, shape: Any, dtype: Any) -> Any:
        """Return an array whose values are undefined."""

    def zeros(self, shape: Any, dtype: Any) -> Any:
        """Return an array of zeros."""

    def grown(self, array: Any, size: int) -> Any:
        """Return an array of `size` elements that begins with those of another one, which may no longer be used."""

    def write(self, array: Any, values: Array) -> None:
        """Set the values of an array to those of an array of the host."""

    def moved(self, array: Any) -> Any:
        """Return an array with the values of one of the host: itself if this is the host's memory."""

    def host(self, array: Any) -> Any:
        """Return the values of an array, or a number, on the host: itself if it is there."""


class HostMemory:
    """The memory of the host; see `Memory`."""

    def empty(self, shape: Any, dtype: Any) -> Array:
        """Return an array whose values are undefined."""
        return np.empty(shape, dtype)

    def zeros(self, shape: Any, dtype: Any) -> Array:
        """Return an array of zeros."""
        return np.zeros(shape, dtype)

    def grown(self, array: Array, size: int) -> Array:
        """Return the array with more elements; for a large one, the system moves no memory."""
        array.resize(size, refcheck=False)
        return array

    def write(self, array: Array, values: Array) -> None:
        """Set the values of an array."""
        if values is not array:
            array[...] = values

    def moved(self, array: Any) -> Any:
        """Return the array itself."""
        return array

    def host(self, array: Any) -> Any:
        """Return the array itself."""
        return array


HOST = HostMemory()
