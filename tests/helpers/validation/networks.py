"""Rows of group I: numbers of the networks of gs.models, and the rate of neurons in one of them."""

from __future__ import annotations

import functools

import gpusyn as gs
from tests.helpers.validation.lab import ROWS, row

CELLS, SETTLE, COUNTED = 400, 100.0, 1000.0  # ms


@row("I1")
def i1(lab):
    (outside,) = gs.models.brunel(nu_ext=1.0)[0].drives.values()
    return outside.rate / 1000


@row("I6")
def i6(lab):
    """Of neurons with independent inputs, at the rates that they have if all of the network fires as expected."""
    net, populations = gs.models.brunel("AI", V_reset=0.0)
    E, others = populations["E"], ROWS["I6"]["value"]
    alone = gs.Network()
    cells = alone.population("cells", CELLS, E.model, receptors=E.receptors, V=gs.Uniform(0.0, 20.0))
    (outside,) = net.drives.values()
    for projection in net.projections.values():
        weight, rate = projection.weights["delta"], projection.rule.k * others
        alone.drive(cells, "delta", rate=rate + outside.rate * (weight > 0), weight=weight)
    recorder = alone.record(cells, "spikes", start=SETTLE)
    with lab.open(alone) as sim:
        sim.run(SETTLE + COUNTED)
        return sim.data[recorder].rate()


@functools.cache
def column(**arguments):
    """The full microcircuit."""
    return gs.models.microcircuit(**arguments)


def synapses(name):
    return column()[0].projections[name].rule.n


row("I7")(lambda lab: sum(population.size for population in column()[1].values()))
row("I8")(lambda lab: sum(map(synapses, column()[0].projections)))
row("I9")(lambda lab: synapses("L23E->L23E:synapse") / column()[1]["L23E"].size)
row("I10")(lambda lab: synapses("L4I->L4E:synapse") / column()[1]["L4E"].size)
row("I13")(lambda lab: column(background="dc")[1]["L23E"].model.I_e)


def w_minus(build):
    """Weight from one group of excitatory cells to another, over that from a group to the cells without one."""
    between, other = (build()[0].projections[f"E1->{post}:AMPA+NMDA"].weights["AMPA"] for post in ("E2", "E0"))
    return between / other


row("I14")(lambda lab: w_minus(gs.models.decision))
row("I15")(lambda lab: w_minus(gs.models.working_memory))
row("I17")(lambda lab: gs.models.vogels_abbott("CUBA")[0].projections["E->E+I:ex"].weights["ex"])
row("I18")(lambda lab: gs.models.vogels_abbott("CUBA")[0].projections["I->E+I:in"].weights["in"])
