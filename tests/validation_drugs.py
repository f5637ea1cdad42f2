"""Rows of group J, and D21, that are equations of pharmacology and of ions, as users call them."""

from __future__ import annotations

from validation_lab import row

import gpusyn as gs


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


@row("J10")
def j10(lab):
    return gs.kinetics.Exponential(100.0).at(35.0, reference=22.0, Q10=3.0).tau
