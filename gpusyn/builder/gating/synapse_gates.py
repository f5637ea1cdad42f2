"""The gates that synapses own, by kinetics: the kernel that streams them, their states, their coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.builder.gating import linear as coefficients
from gpusyn.builder.gating.saturating import growth
from gpusyn.builder.gating.strategy import components
from gpusyn.builder.source_gates import scheme_of
from gpusyn.kinetics import Exponential, FirstOrder, GProtein, Kinetics, Markov, Saturating
from gpusyn.receptors import Receptor

SYNAPSE_KERNELS = {
    "exponential": "advance_exponential",
    "alpha": "advance_rising",
    "dual": "advance_rising",
    "first_order": "advance_first_order",
    "markov": "advance_markov",
    "saturating": "advance_saturating",
    "jump": "advance_jump",
    "g_protein": "advance_g_protein",
}


def synapse_kernel(receptor: Receptor) -> str:
    """The kernel that streams the gates of this receptor's synapses."""
    return SYNAPSE_KERNELS[receptor.kinetics.kind]


def synapse_states(kinetics: Kinetics) -> int:
    """States of one synapse's gate."""
    if kinetics.kind in ("alpha", "dual", "saturating", "g_protein"):
        return 2
    return components(kinetics)


def synapse_coefficients(kinetics: Kinetics, dt: float, real: str, most_events: int, where: str) -> list[Any]:
    """Coefficients in the order of the gate's struct in kernels/advance_synapses.cu.

    Parameters
    ----------
    kinetics : Kinetics
        Kinetics of the receptor.
    dt : float
        Step (ms).
    real : {"float32", "float64"}
        Number type of the gates.
    most_events : int
        Events of one source in one step, at most.
    where : str
        Place of the kinetics, for messages.
    """
    if isinstance(kinetics, FirstOrder):
        return coefficients.first_order(kinetics, dt)
    if isinstance(kinetics, GProtein):
        on, off = coefficients.cascade(kinetics, dt, on=True), coefficients.cascade(kinetics, dt, on=False)
        return [*on, *off, float(kinetics.n), kinetics.K_d]
    if isinstance(kinetics, Markov):
        s = scheme_of(kinetics, dt)
        propagators = np.concatenate([s.on.reshape(-1), s.off.reshape(-1), s.drive])
        return [float(s.size), *propagators, *s.mean_on, *s.mean_off, s.mean_drive]
    if isinstance(kinetics, Saturating):
        mean = coefficients.lumped(Exponential(kinetics.tau_decay), dt, 1.0)[1]
        if kinetics.jump:
            return [mean, *coefficients.jump(kinetics, dt)]
        return [mean, *growth(kinetics, dt, real, most_events, where).coefficients()]
    return coefficients.lumped(kinetics, dt, 1.0)
