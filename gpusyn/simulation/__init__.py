"""Running a network: one clock, one step order, and access to its state."""
