"""Plasticity: what sources and synapses keep of the spikes that came before, and how weights learn from them."""
