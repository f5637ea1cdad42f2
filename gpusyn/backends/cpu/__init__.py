"""The `cpu` backend: the kernels, compiled by the C++ compiler of the machine."""
