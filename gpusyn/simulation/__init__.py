"""Simulation of a network: one clock, one order of operations per step, and access to the state."""
