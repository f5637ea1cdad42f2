"""Stored digests of what a set of networks does: no change of the code may change a bit of it."""
