"""Rows of group J, of glycine and D21: drugs in the bath, and the equations of pharmacology as users call them."""

from __future__ import annotations

import functools

import gpusyn as gs
from tests.helpers.validation.lab import START, Bench, area, peak, row


@row("D21")
def d21(lab):
    return gs.measure.nernst(outside=125.0, inside=7.55, valence=-1, temperature=37.0)


@row("J2")
def j2(lab):
    return gs.drugs.gaddum(10.0, 50.0, EC50=2.3, K_b=1.4, n=1.5)


@row("J3")
def j3(lab):
    return gs.drugs.dose_ratio(50.0, K_b=1.4)


@row("J4")
def j4(lab):
    return gs.drugs.cheng_prusoff(1.4, agonist=2.3, EC50=2.3)


@row("J6")
def j6(lab):
    return gs.drugs.woodhull(0.8, -20.0, V0=-70.0, z_delta=0.8)


def part_left(lab, receptor, drug=None, dose=1.0):
    """Conductance of an open receptor, as a fraction of what it is without drug and with all the glycine it can use."""
    bench = Bench(lab, [receptor])
    if drug is not None:
        bench.net.infuse(drug, dose)
    bench.event(receptor.name, START, 1.0)
    control = Bench(lab, [type(receptor)()])
    control.event(receptor.name, START, 1.0)
    variable = f"g_{receptor.name}"
    return float(bench.run(5.0, variable).at(variable, 4.0)[0] / control.run(5.0, variable).at(variable, 4.0)[0])


@row("J1")
def j1(lab):
    return part_left(lab, gs.AMPA(), "NBQX", 10.0)


@row("J5")
def j5(lab):
    return part_left(lab, gs.NMDA(), "D-AP5", 50.0)


@row("C22")
def c22(lab):
    return part_left(lab, gs.NMDA(glycine=0.1))


@row("C23")
def c23(lab):
    return part_left(lab, gs.NMDA(glycine=1.0))


@row("C24")
def c24(lab):
    return part_left(lab, gs.NMDA(glycine=10.0))


@functools.cache
def inhibition(lab, slower):
    """An IPSC of 3 nS and its IPSP; the drug, at the EC50 of a growth by 80 %, makes the decay 40 % longer."""
    bench = Bench(lab, [gs.GABA_A(tau_rise=0.5, tau_decay=5.0)])
    if slower:
        bench.net.infuse(gs.Drug("modulator", gs.drugs.DecayModulator("GABA_A", extra=0.8, EC50=1.0)), 1.0)
    bench.event("GABA_A", START, 3.0)
    return bench.run(150.0, "V", "g_GABA_A")


@row("J8", steps=1500)
def j8(lab):
    with_drug, without = (area(inhibition(lab, slower).after("g_GABA_A", START), 0.1) for slower in (True, False))
    return with_drug / without


@row("J9", steps=1500)
def j9(lab):
    troughs = []
    for slower in (True, False):
        trace = inhibition(lab, slower)
        troughs.append(peak(trace.t, -70.0 - trace["V"])[1])
    return troughs[0] / troughs[1]


@row("J7", steps=20000)
def j7(lab):
    """What one EPSC leaves unblocked, seen at its end."""
    drug = gs.Drug("blocker", gs.drugs.OpenChannelBlocker("NMDA", k_on=0.025, k_off=0.0, P_open=0.3))
    g = []
    for dose in (5.0, 1e-9):
        bench = Bench(lab, [gs.NMDA()])
        bench.net.infuse(drug, dose)
        bench.event("NMDA", START, 1.0)
        g.append(bench.run(2000.0, "g_NMDA")["g_NMDA"][-1, 0])
    return g[0] / g[1]
