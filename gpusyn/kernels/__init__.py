"""The contract with the kernels: signatures, arguments, rows, modules, programs."""
