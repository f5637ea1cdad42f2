"""The `cpu` backend: the kernel text, compiled by the machine's C++ compiler."""
