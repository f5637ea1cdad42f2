"""A small network with something of everything, and runs of it."""

import gpusyn as gs
from tests.helpers.runs import outcome

DT = 0.1
CELL = {"E_L": -60.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 1.0}


def describe(size=24, *, before=False, after=False, file=None, overwrite=False):
    """Neurons that drive each other, with every kind of input; some more objects before and after it, if asked."""
    net = gs.Network()
    extra = [gs.AMPA()]
    if before:
        other = net.population("before", 5, gs.LIF(**CELL, I_e=300.0), receptors=extra, V=gs.Uniform(-60.0, -50.0))
        net.connect(other, other, gs.FixedProbability(0.5), receptor="AMPA", weight=gs.LogNormal(3.0, 1.0))
        net.drive(other, "AMPA", rate=500.0, weight=1.0)
    receptors = [gs.AMPA(), gs.NMDA(), gs.GABA_A(kinetics=gs.kinetics.FirstOrder.GABA_A(), E_rev=-80.0)]
    cells = net.population(
        "E", size, gs.LIF(**CELL, C_m=gs.Uniform(150.0, 250.0)), receptors=receptors, V=gs.Uniform(-60.0, -49.0)
    )
    noise = net.population("noise", 10, gs.PoissonSource(rate=400.0))
    net.connect(noise, cells, gs.FixedProbability(0.5), receptor="AMPA", weight=gs.LogNormal(3.0, 1.0))
    contact = {"AMPA": gs.Uniform(1.0, 4.0), "NMDA": gs.Ratio("AMPA", 0.1)}
    net.connect(cells, cells, gs.FixedInDegree(5), weight=contact, delay=gs.Uniform(0.1, 3.0), w_max={"AMPA": 8.0})
    net.connect(cells, cells, gs.FixedProbability(0.2), receptor="GABA_A", weight=5.0, delay=0.8)
    net.drive(cells, "AMPA", rate=gs.Waveform([0.0, 5.0], [500.0, 3000.0]), weight=0.5)
    net.inject(cells[:5], gs.Waveform([0.0, 10.0], [0.0, 300.0], interpolation="linear"))
    net.clamp(cells[-1], gs.Waveform([0.0, 4.0], [-70.0, -30.0]))
    if after:
        other = net.population("after", 5, gs.LIF(**CELL, I_e=300.0), receptors=extra, V=gs.Uniform(-60.0, -50.0))
        net.connect(cells, other, gs.FixedProbability(0.5), receptor="AMPA", weight=gs.LogNormal(3.0, 1.0))
    net.record(cells, "spikes", name="spikes", file=file, overwrite=overwrite)
    net.record(cells[::2], ["V", "g_AMPA", "I_NMDA"], name="traces", file=file, overwrite=overwrite)
    net.record(cells[:3], ["g_GABA_A", "h_NMDA"], name="thirds", every=0.3, file=file, overwrite=overwrite)
    return net


def simulator(backend, net=None, **options):
    return gs.Simulator(net or describe(), **{"dt": DT, "seed": 5, "backend": backend} | options)


def steps_of(net, backend, *parts, **options):
    with simulator(backend, net, **options) as sim:
        for part in parts:
            sim.step(part)
        return outcome(sim)
