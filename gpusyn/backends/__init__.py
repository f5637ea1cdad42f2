"""Places to compute: `numpy` (the reference), `cpu` (compiled kernels), `cuda` (CuPy)."""
