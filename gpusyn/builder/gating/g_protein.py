"""The G-protein cascade (Destexhe and Sejnowski 1995): the nonlinearity of each source, then sums on the target."""

from __future__ import annotations

from gpusyn.builder.gating.forms import GateForm, GateStep, enter
from gpusyn.equations.kinetics.g_protein import CascadeCoefficients, CascadeSourceCoefficients, FollowedCoefficients
from gpusyn.kinetics import GProtein
from gpusyn.numerics.propagators import chain_propagator

# A gate smaller than this counts as closed, so that a source with closed channels sends nothing.
LEAST_GATE = {"float32": 2.0**-40, "float64": 2.0**-60}


def cascade(kinetics: GProtein, dt: float) -> dict[str, float]:
    """Return one exact step of R and G, with transmitter and without, by the names of the coefficients."""
    found: dict[str, float] = {}
    for pulse, binding in (("on", kinetics.K1 * kinetics.T_max), ("off", 0.0)):
        step = chain_propagator((kinetics.K4, kinetics.K2 + binding, 0.0), (kinetics.K3, binding), dt)
        order = {"G": 0, "R": 1, "1": 2}
        for name in ("R_R", "R_1", "G_R", "G_G", "G_1"):
            to, since = name.split("_")
            found[f"{name}_{pulse}"] = float(step[order[to]][order[since]])
    return found


def _each(kinetics: GProtein, step: GateStep) -> CascadeCoefficients:
    return CascadeCoefficients(**cascade(kinetics, step.dt), n=float(kinetics.n), K_d=kinetics.K_d)


def _own(kinetics: GProtein, step: GateStep) -> CascadeSourceCoefficients:
    return CascadeSourceCoefficients(**_each(kinetics, step)._asdict(), least=LEAST_GATE[step.real])


enter(
    GateForm(
        "g_protein",
        lumped="Followed",
        target=lambda kinetics, dt, quantum: FollowedCoefficients(jump=quantum),
        synapse="CascadeGate",
        each=_each,
        reason="summed on the target after the nonlinearity: one delivery per step while the gate changes, exact",
        source="CascadeSource",
        own=_own,
    )
)
