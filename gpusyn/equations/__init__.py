"""The reference equations in numpy, each the twin of a struct in `kernels/`."""
