"""The contract with the kernel text: signatures, arguments, rows, modules, programs."""
