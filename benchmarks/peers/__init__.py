"""gpusyn and its peers side by side: the same equations at the same rates, run in turns.

``python -m benchmarks.peers`` measures, ``python -m benchmarks.peers.page --write`` makes docs/benchmarks.md of it. The
peers are programs of their own, in environments of their own: nothing of them is needed to import this package.
"""
