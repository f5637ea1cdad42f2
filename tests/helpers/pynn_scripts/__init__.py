"""Small programs in PyNN's language. Each is a function of a back end's module, and returns what it saw.

`python -m tests.helpers.pynn_scripts.run BACKEND FILE` runs all of them on one back end, in one process.
"""
