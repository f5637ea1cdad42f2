"""Neurons whose threshold and reset change in time, in drawn networks: adaptive LIF neurons, GLIF of each level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gpusyn as gs

if TYPE_CHECKING:
    from tests.helpers.drafts import Draft

#: Everything that drawn networks of such neurons must have hit, as tags of a case.
OF_THRESHOLDS = frozenset(
    [
        "adaptive LIF",
        *(f"GLIF {level}" for level in range(1, 6)),
        "threshold of a soma",
        "t_ref between two steps",
        "threshold with currents",
        "threshold with lumped",
    ]
)


def threshold_cell(draft: Draft, given: dict[str, Any], rest: float, size: int) -> Any:
    """A LIF neuron with a threshold that adapts, or a GLIF neuron."""
    one, each = draft.number, draft.numbers
    given = given | {"V_th": rest + 10, "V_reset": rest - 5}
    level = draft.pick(0, 1, 2, 3, 4, 5)
    draft.tags.add(f"GLIF {level}" if level else "adaptive LIF")
    if not level:
        jump = draft.pick(0.0, one(0.0, 5.0), each(0.0, 5.0, size))
        tau = draft.pick(0.01, one(1.0, 99.0), gs.Uniform(1.0, 99.0))
        return gs.LIF(**given, theta_jump=jump, tau_theta=tau)
    if draft.chance(30):
        draft.tags.add("t_ref between two steps")
        given["t_ref"] = given["t_ref"] + 0.03
    rate, fraction = draft.pick(one(0.001, 0.1), gs.Uniform(0.001, 0.1)), draft.pick(0.0, one(0.0, 0.9))
    return gs.GLIF(
        level=level,
        **given,
        th_spike_add=draft.pick(0.0, one(0.0, 3.0)),
        th_spike_decay=rate,
        voltage_reset_fraction=fraction,
        voltage_reset_add=one(-5.0, 0.5),
        asc_decay=(one(0.001, 1.0), draft.pick(100.0, each(0.001, 1.0, size))),
        asc_amps=(one(-100.0, 100.0), draft.pick(0.0, gs.Normal(0.0, 50.0))),
        asc_r=(one(0.0, 1.0), draft.pick(0.0, 1.0)),
        th_voltage_index=one(-0.05, 0.05),
        th_voltage_decay=draft.pick(one(0.01, 1.0), each(0.01, 1.0, size)),
    )
