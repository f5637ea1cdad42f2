"""The work of each launch of a step.

There is one function for each kernel, which follows the kernel's text; a test compares the arguments that it counts
with those that are declared. Numbers of instructions are counts by hand of the text, good to a factor of about two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gpusyn.builder.gpu.activity import Activity
from gpusyn.builder.gpu.currents import gathered, potentials
from gpusyn.builder.gpu.delivery import changes, delivery
from gpusyn.builder.gpu.gates import source_gates, synapse_gates
from gpusyn.builder.gpu.learning import learning, modulating, remembered, scaling
from gpusyn.builder.gpu.neurons import found_limits, listed_sources, neurons, poisson_sources, renewal_sources
from gpusyn.builder.gpu.procedural import procedural
from gpusyn.builder.gpu.releases import releases
from gpusyn.builder.gpu.spines import advanced_spines, found_influx, remembered_gates
from gpusyn.builder.gpu.synapse_releases import begun_releases, synapse_releases
from gpusyn.builder.gpu.work import Given, Work
from gpusyn.builder.layout import Layout
from gpusyn.builder.specs import chunk_steps, counts_of, extents, items_of, launched
from gpusyn.kernels.arrays import SYNAPSE_KERNELS

KERNEL_WORK: dict[str, Callable[[Given], Work]] = {
    "advance_neurons": neurons,
    "find_limits": found_limits,
    "gather_potentials": potentials,
    "gather_currents": gathered,
    "advance_poisson": poisson_sources,
    "advance_lists": listed_sources,
    "advance_renewals": renewal_sources,
    "deliver_changes": changes,
    "deliver_spikes": delivery,
    "deliver_procedural": procedural,
    "advance_gates": source_gates,
    "advance_releases": releases,
    "remember_spikes": remembered,
    "advance_modulators": modulating,
    "learn_weights": learning,
    "scale_weights": scaling,
    "remember_gates": remembered_gates,
    "find_influx": found_influx,
    "advance_spines": advanced_spines,
    "begin_releases": begun_releases,
    "deliver_releases": synapse_releases,
    **dict.fromkeys(SYNAPSE_KERNELS, synapse_gates),
}


def works_of(layout: Layout, activity: Activity) -> Iterator[Work]:
    """Yield the work of each launch of a step, in order."""
    sizes = extents(layout, chunk_steps(layout))
    for kernel, group in launched(layout):
        counts = counts_of(kernel, group, sizes)
        given = Given(layout, activity, group, kernel, counts, items_of(layout, kernel, group, counts))
        yield KERNEL_WORK[kernel](given)
