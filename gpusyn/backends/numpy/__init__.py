"""The `numpy` backend: the reference whose results all other backends reproduce bit for bit."""
