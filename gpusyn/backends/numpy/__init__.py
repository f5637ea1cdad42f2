"""The `numpy` backend: the reference that the other backends equal bit for bit."""
