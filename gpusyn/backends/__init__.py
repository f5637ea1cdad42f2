"""Backends: `numpy` (the reference), `cpu` (compiled kernels), `cuda` (kernels launched through CuPy)."""
