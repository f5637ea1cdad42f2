"""The `cuda` backend: the kernel text, compiled by NVRTC and launched through CuPy."""
