"""The description of a network: populations, projections, stimuli and recorders."""
