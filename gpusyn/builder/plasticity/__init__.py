"""From descriptions of plasticity to the tables that kernels read."""
