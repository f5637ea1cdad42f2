"""The tests, in folders named after those of `gpusyn/`; what several share is in `helpers/`."""
