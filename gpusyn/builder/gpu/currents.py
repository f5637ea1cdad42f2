"""The work of `gather_potentials` and `gather_currents` in one step."""

from __future__ import annotations

from gpusyn.builder.gpu.neurons import PHILOX
from gpusyn.builder.gpu.work import WAITS, Elements, Given, Phase, Work
from gpusyn.builder.inputs.noise import check_noise, reaches
from gpusyn.kernels.occupancy import WARP

_COPY, _ADD, _NORMAL = 6, 25, 60  # instructions of a current, of a noise, and of a normal number
_JUNCTION = 14  # of a junction; its other neuron is known before the potential of that is loaded


def potentials(given: Given) -> Work:
    """Return the work of `gather_potentials`."""
    chunks, n = given.counts["chunks"], given.counts["neurons"]
    elements: Elements = {"chunks": (chunks, 0), "V": (n, 0), "rest": (n, 0), "potential": (0, n)}
    return given.work(elements, [Phase(chunks, near=2)], _COPY * n / WARP)


def gathered(given: Given) -> Work:
    """Return the work of `gather_currents`."""
    layout, counts = given.layout, given.counts
    chunks, currents = counts["chunks"], counts["compartments"]
    noises = [r for r in reaches(layout, layout.net.injections) if r.place.group == given.group]
    noisy = sum(reach.size for reach in noises)
    fresh = sum(reach.size / check_noise(reach.noise, layout.dt, reach.injection.name) for reach in noises)
    junctions, bounds = counts["junctions"], counts["junction bounds"]
    each = junctions / max(bounds - 1, 1)  # one thread adds up those of a neuron
    instructions = _COPY * currents + _ADD * noisy + (PHILOX / 4 + _NORMAL) * fresh + _JUNCTION * junctions
    elements: Elements = {
        "clock": (1, 0),
        "chunks": (chunks, 0),
        "current": (currents, 0),
        "noises": (chunks * len(noises), 0),
        "noise_coef": (counts["noise coefficients"], 0),
        "noise": (noisy, fresh),
        "junction_begin": (bounds, 0),
        "junction_other": (junctions, 0),
        "junction_conductance": (junctions, 0),
        "potential": (max(bounds - 1, 0), 0),
        "gathered": (noisy + max(bounds - 1, 0), currents + noisy + max(bounds - 1, 0)),
    }
    near = 2 + 2 * len(noises) + 2 * each + 2 * bool(bounds)
    phase = Phase(chunks, near=near, cycles=WAITS * ((PHILOX + _NORMAL) * bool(fresh) + _JUNCTION * each))
    where = "potential" if junctions else ""
    return given.work(elements, [phase], instructions / WARP, scattered=junctions, gathered=where)
