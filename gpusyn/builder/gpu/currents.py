"""The work of `gather_currents` in one step."""

from __future__ import annotations

from gpusyn.builder.gpu.neurons import PHILOX
from gpusyn.builder.gpu.work import WAITS, Elements, Given, Phase, Work
from gpusyn.builder.inputs.noise import check_noise, reaches
from gpusyn.kernels.occupancy import WARP

_COPY, _ADD, _NORMAL = 6, 25, 60  # instructions of a current, of a noise, and of a normal number


def gathered(given: Given) -> Work:
    """Return the work of `gather_currents`."""
    layout, counts = given.layout, given.counts
    chunks, currents = counts["chunks"], counts["compartments"]
    noises = [r for r in reaches(layout, layout.net.injections) if r.place.group == given.group]
    noisy = sum(reach.size for reach in noises)
    fresh = sum(reach.size / check_noise(reach.noise, layout.dt, reach.injection.name) for reach in noises)
    instructions = _COPY * currents + _ADD * noisy + (PHILOX / 4 + _NORMAL) * fresh
    elements: Elements = {
        "clock": (1, 0),
        "chunks": (chunks, 0),
        "current": (currents, 0),
        "noises": (chunks * len(noises), 0),
        "noise_coef": (counts["noise coefficients"], 0),
        "noise": (noisy, fresh),
        "gathered": (noisy, currents + noisy),
    }
    phase = Phase(chunks, near=2 + 2 * len(noises), cycles=WAITS * (PHILOX + _NORMAL) * bool(fresh))
    return given.work(elements, [phase], instructions / WARP)
