"""The parts of gpu_check.py in their order: the most telling ones come first, in case the time runs out."""

from __future__ import annotations

from typing import NamedTuple


class Part(NamedTuple):
    """One part, which runs in a process of its own.

    Attributes
    ----------
    name, what : str
        Name on the command line, and what the part shows, for the summary.
    work : str
        Module of this package and function in it, such as "parity:drawn"; the function takes a `Task`.
    limit : float
        Most seconds that the part may take, counted from its turn.
    early : bool
        True if it starts with the script and prepares itself in the background until its turn.
    """

    name: str
    what: str
    work: str
    limit: float
    early: bool = False


PARTS = (
    Part("info", "a GPU that can be used", "device:report", 30.0),
    Part("calibration", "copies, atomics, graph nodes and launches", "calibration:measure", 45.0),
    Part("kernels", "every kernel, neuron model and number type: the digests of numpy", "parity:kernels", 120.0),
    Part("microcircuit", "speed and bits of the cortical microcircuit", "networks:microcircuit", 120.0, early=True),
    Part("coba", "speed and bits of COBA networks", "networks:coba", 90.0),
    Part("gated", "speed and bits with a gate on every synapse", "networks:gated", 60.0),
    Part("drawn", "bits of drawn networks", "parity:drawn", 120.0),
    Part("devices", "bits of drawn networks on several GPUs together", "parity:devices", 120.0),
    Part("large", "bits of a network beyond 2^31 synapses", "networks:large", 150.0),
    Part("check", "gpusyn check", "parity:check", 90.0),
    Part("sanitizer", "compute-sanitizer on a network that launches every kernel", "programs:sanitizer", 120.0),
    Part("suite", "tests that need a GPU", "programs:suite", 300.0),
)
