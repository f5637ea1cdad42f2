"""The table of bytes in docs/plasticity.md, made from plans.

``python -m tests.helpers.plasticity_table`` writes it there.
"""

from __future__ import annotations

import dataclasses

import gpusyn as gs
from tests.helpers.paths import ROOT
from tests.helpers.receptor_tables import rows, with_tables

PAGE = ROOT / "docs" / "plasticity.md"

DRAWN = gs.TsodyksMarkram(U=gs.Uniform(0.1, 0.5), tau_rec=gs.Uniform(100.0, 500.0), tau_facil=gs.Uniform(10.0, 500.0))
SHARED = gs.TsodyksMarkram(U=0.5, tau_rec=800.0)
KINDS = {
    "no plasticity": None,
    "`TsodyksMarkram` with numbers": SHARED,
    "`TsodyksMarkram` with three distributions": DRAWN,
    "the same with a `tau_psc`": dataclasses.replace(DRAWN, tau_psc=3.0),
    "`QuantalRelease`": gs.QuantalRelease(n=5, p=0.5),
    "`QuantalRelease` and `TsodyksMarkram` with numbers": [gs.QuantalRelease(n=5), SHARED],
    "`STDP`": gs.STDP(),
    "`TripletSTDP`": gs.TripletSTDP(),
    "`InhibitorySTDP`": gs.InhibitorySTDP(),
    "`CalciumSTDP` without noise": gs.CalciumSTDP(sigma=0.0),
    "`CalciumSTDP`": gs.CalciumSTDP(),
    "`DopamineSTDP`": gs.DopamineSTDP(gs.STDP(), 1000.0, 200.0, modulator=gs.Waveform([0.0], [0.0])),
    "`STDP` and `TsodyksMarkram` with numbers": [SHARED, gs.STDP()],
    "`NMDAPlasticity`": gs.NMDAPlasticity(calcium="AMPA"),
    "`HomeostaticScaling`": gs.HomeostaticScaling(5.0, 100_000.0),
    "`STDP` and `HomeostaticScaling`": [gs.STDP(), gs.HomeostaticScaling(5.0, 100_000.0)],
}


def planned(plasticity: object, precision: str) -> float:
    """Return the bytes per synapse of a projection whose synapses have weights of their own."""
    net = gs.Network()
    cells = net.population("cells", 10_000, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(
        cells,
        cells,
        gs.FixedProbability(0.1),
        receptor="AMPA",
        weight=gs.Uniform(0.5, 1.0),
        w_max=2.0,
        plasticity=plasticity,
    )
    return gs.plan(net, precision=precision).bytes_per_synapse


def table() -> str:
    """Return the table of bytes, one row a kind of plasticity."""
    lines = [[name, *(f"{planned(kind, p):.0f}" for p in ("single", "double"))] for name, kind in KINDS.items()]
    return rows("`plasticity=` | single | double", lines)


TABLES = {"bytes": table}


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), TABLES), encoding="utf-8")
