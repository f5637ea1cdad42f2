"""The `cuda` backend: the kernels, compiled by NVRTC and launched through CuPy."""
