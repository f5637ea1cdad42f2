"""The tables of synapses that change."""
