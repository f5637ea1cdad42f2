"""Synapses: they are drawn, sorted, and written as the rows that kernels read."""
