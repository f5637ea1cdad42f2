"""Cells with dendrites in drawn networks: any soma, one or two dendrites, and receptors of every kind on each.

Few sets of receptors are drawn, so that few kernel modules are compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gpusyn as gs
from tests.helpers.neuron_models import RECORDS

if TYPE_CHECKING:
    from tests.helpers.drafts import Draft

SOMATA = ("LIF", *RECORDS)
#: Everything that drawn networks of such cells must have hit, as tags of a case.
OF_STARS = frozenset(
    [f"soma {model}" for model in SOMATA]
    + [f"dendrite of {kind} gates" for kind in ("source", "synapse")]
    + ["one dendrite", "inject into a dendrite", "clamp of a dendrite", "drive of a dendrite"]
    + ["NMDAPlasticity", "Rewiring", "STDP", "infuse antagonist", "infuse blocker", "calcium of a dendrite"]
)


def star(draft: Draft, soma: Any, size: int) -> gs.Compartments:
    """A soma with one or two dendrites."""
    names = draft.pick(("apical",), ("apical", "basal"), ("apical", "basal"))
    draft.tags |= {"one dendrite"} if len(names) == 1 else set()
    dendrites = {}
    for name in names:
        g_c = draft.pick(draft.number(3.0, 30.0), draft.numbers(3.0, 30.0, size), gs.Uniform(3.0, 30.0))
        C_m, E_L = draft.number(30.0, 150.0), draft.pick(-70.0, draft.number(-75.0, -60.0))
        dendrites[name] = gs.Dendrite(C_m=C_m, g_L=draft.pick(5.0, 0.0), E_L=E_L, g_c=g_c)
    return gs.Compartments(soma=soma, dendrites=dendrites)


def star_options(draft: Draft, cell: gs.Compartments, start: Any) -> dict[str, Any]:
    """Receptors, initial potentials and calcium of a population of such cells."""
    one = draft.kinetics
    receptors = {
        "soma": [gs.AMPA(kinetics=one("Exponential")), gs.GABA_A(kinetics=one("Exponential"))],
        "apical": [
            gs.AMPA(kinetics=one("Exponential")),
            gs.NMDA(kinetics=one("DualExponential"), block=draft.block(), Pf=draft.pick(0.1, 1.0)),
        ],
    }
    if "basal" in cell.dendrites:
        owner = draft.pick("source", "synapse")
        draft.tags.add(f"dendrite of {owner} gates")
        if owner == "source":
            own = gs.AMPA(kinetics=one("FirstOrder"))
        else:
            own = gs.AMPA(kinetics=one("Exponential", gated=True), gating="per-synapse")
        receptors["basal"] = [own, gs.CurrentReceptor("fast", kinetics=one("Alpha"))]
    V = {"apical": gs.Uniform(-70.0, -60.0)} | ({} if start is None else {"soma": start})
    calcium = draft.calcium()
    if calcium is not None:
        draft.tags.add("calcium of a dendrite")
        calcium = {"apical": calcium}
    return {"receptors": receptors, "V": V, "calcium": calcium}


def part_of(draft: Draft, target: Any, what: str) -> dict[str, str]:
    """The compartment that an input reaches, where there are several; what is done to a dendrite is noted."""
    names = [compartment.name for compartment in target.parts[0].population.compartments]
    if len(names) < 2:
        return {}
    chosen = draft.pick(*names)
    if chosen != "soma":
        draft.tags.add(f"{what} a dendrite")
    return {"compartment": chosen}
