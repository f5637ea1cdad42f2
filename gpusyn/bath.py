"""What the bath makes of a receptor in the course of time: drugs, magnesium, glycine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gpusyn.drugs import CompetitiveAntagonist, DecayModulator, NonCompetitiveAntagonist, OpenChannelBlocker
from gpusyn.drugs.bath import actions_on, blockers, decay_factor, gate_scale, sampled
from gpusyn.drugs.infusion import Infusion, concentrations
from gpusyn.errors import ParameterError
from gpusyn.receptors import Receptor
from gpusyn.waveform import Waveform

Floats = NDArray[np.float64]
Course = Callable[[Floats], Floats]  # times (ms) -> values


class ReceptorBath(NamedTuple):
    """Courses in time of what changes; None: nothing.

    Attributes
    ----------
    scale : factor of the gate: free receptors, glycine
    magnesium : [Mg] (mM)
    decay : factor of the decay's time constant
    """

    scale: Course | None
    magnesium: Course | None
    decay: Course | None

    def __bool__(self) -> bool:
        return any(course is not None for course in self)


def receptor_bath(receptor: Receptor, infusions: Iterable[Infusion]) -> ReceptorBath:
    """The bath of a receptor, from its own parameters and the infusions of its network."""
    given = list(infusions)
    present = {infusion.drug: 0.0 for infusion in given}
    antagonists = (CompetitiveAntagonist, NonCompetitiveAntagonist)
    scaled = receptor.glycine is not None or any(any(actions_on(receptor.kind, present, a)) for a in antagonists)
    slowed = any(actions_on(receptor.kind, present, DecayModulator))
    return ReceptorBath(
        (lambda t: _full(gate_scale(receptor, concentrations(given, t), t), t)) if scaled else None,
        (lambda t: _full(sampled(receptor.Mg, t), t)) if isinstance(receptor.Mg, Waveform) else None,
        (lambda t: _full(decay_factor(receptor.kind, concentrations(given, t)), t)) if slowed else None,
    )


def _full(values: Any, t: Floats) -> Floats:
    return np.broadcast_to(np.asarray(values, dtype=np.float64), t.shape)


def blocker_of(receptor: Receptor, infusions: Mapping[str, Infusion]) -> OpenChannelBlocker | None:
    """The drug that blocks this receptor's channels while they are open.

    Raises
    ------
    ParameterError
        There are two.
    """
    by_drug = {infusion.drug: name for name, infusion in infusions.items()}
    found = [action for action, _ in blockers(receptor.kind, by_drug)]
    if len(found) > 1:
        names = [name for drug, name in by_drug.items() if any(action in found for action in drug.actions)]
        raise ParameterError(
            f"Infusion {names[1]!r}: receptor {receptor.name!r} has the open-channel blocker of {names[0]!r} already, "
            "and two would compete for its channels, which is not modelled; infuse one of them"
        )
    return found[0] if found else None


def blocker_dose(blocker: OpenChannelBlocker, infusions: Iterable[Infusion], dt: float) -> Course:
    """P_open k_on [drug] dt of a blocker in time."""
    given = [infusion for infusion in infusions if blocker in infusion.drug.actions]

    def course(t: Floats) -> Floats:
        total = np.zeros(t.shape)
        for dose in concentrations(given, t).values():
            total = total + dose
        return blocker.P_open * blocker.k_on * dt * total

    return course
