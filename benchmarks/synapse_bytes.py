"""Bytes per synapse in each form of storage, as `plan()` counts them."""

from __future__ import annotations

import gpusyn as gs

HEADING = """
## Bytes per synapse

The table lists the bytes that `plan()` counts for 1,000 sources and 1,000 targets with 500 synapses each, including the
bounds of rows. A test compares them with the arrays that are allocated.

| form | shared weight, single | own weights, single | own weights, double |
| --- | --: | --: | --: |
"""
FORMS = {
    "event-driven, gate on the target": gs.AMPA(),
    "event-driven, two receptors of one contact": None,
    "first-order gate on the source": gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA()),
    "per-synapse first-order gate": gs.AMPA(kinetics=gs.kinetics.FirstOrder.AMPA(), gating="per-synapse"),
    "per-synapse exponential gate": gs.AMPA(gating="per-synapse"),
    "per-synapse dual-exponential gate": gs.NMDA(gating="per-synapse"),
}
SIZE, FAN_IN = 1000, 500


def network(receptor: gs.Receptor | None, own_weights: bool) -> gs.Network:
    """Return a network with half a million synapses onto one receptor, or onto AMPA and NMDA if it is None."""
    receptors = [gs.AMPA(), gs.NMDA()] if receptor is None else [receptor]
    net = gs.Network()
    pre = net.population("pre", SIZE, gs.LIF())
    post = net.population("post", SIZE, gs.LIF(), receptors=receptors)
    weight = gs.Uniform(0.5, 1.0) if own_weights else 1.0
    net.connect(
        pre, post, gs.FixedInDegree(FAN_IN), weight={r.name: weight for r in receptors}, delay=gs.Uniform(0.1, 3.0)
    )
    return net


def planned(receptor: gs.Receptor | None, own_weights: bool, precision: str) -> float:
    """Return the bytes per synapse in the plan."""
    return gs.plan(network(receptor, own_weights), dt=0.1, precision=precision).bytes_per_synapse


COLUMNS = ((False, "single"), (True, "single"), (True, "double"))  # own weights, and precision, of each column


def counted() -> dict[str, list[float]]:
    """Return the bytes per synapse of each form in each column, as the table has them."""
    return {
        name: [round(planned(receptor, own, precision), 2) for own, precision in COLUMNS]
        for name, receptor in FORMS.items()
    }


def section(rows: dict[str, list[float]]) -> str:
    """Return the section in Markdown."""
    return HEADING + "".join(f"| {name} | {' | '.join(f'{x:.2f}' for x in row)} |\n" for name, row in rows.items())
