"""Linear kinetics: one sum on the target neuron is exact for all its synapses.

Each linear gate here, alone or followed by the membrane, is a chain whose propagator
:func:`~gpusyn.numerics.propagators.chain_propagator` computes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from gpusyn.builder.gating.forms import Coefficients, GateForm, GateStep, enter
from gpusyn.equations.kinetics.linear import ExponentialCoefficients, RisingCoefficients
from gpusyn.kinetics import Alpha, DualExponential, Exponential
from gpusyn.numerics import portable_math
from gpusyn.numerics.propagators import chain_propagator, exp
from gpusyn.utils.typing import Floats

Matrix: TypeAlias = "list[list[Floats]]"
REASON = "exact, the kinetics is linear"


class Chain(NamedTuple):
    """A linear gate as a chain: rates (1/ms) from g to the variable that events increase, links, jump per weight."""

    rates: tuple[Any, ...]
    links: tuple[float, ...]
    jump: Any


def peak_jump(rise: float, decay: Any) -> Any:
    """Return the jump of h for which g peaks with 1: exp(t_peak/rise)/decay, without 0/0 at equal time constants."""
    delta = np.asarray(1 - rise / decay, dtype=np.float64)
    near = np.abs(delta) < 1e-2
    series = np.zeros_like(delta)
    for k in range(12, 0, -1):  # -ln(1 - delta)/delta = 1 + delta/2 + delta^2/3 + ...
        series = series * delta + 1 / k
    apart = np.where(near, 0.5, delta)
    series = np.where(near, series, -portable_math.log(1 - apart) / apart)
    return exp(series) / decay


# The chain of a kinetics whose events peak with the weight (Rall 1967; Roth and van Rossum 2009). Its decay is
# multiplied by `slower` (a number, or an array of several cases); its peak stays.


def exponential_chain(kinetics: Exponential, slower: Any = 1.0) -> Chain:
    """Return the chain of one decay."""
    return Chain((1 / (kinetics.tau * slower),), (), 1.0)


def alpha_chain(kinetics: Alpha, slower: Any = 1.0) -> Chain:
    """Return the chain of equal rise and decay."""
    return _rising_chain(kinetics.tau, kinetics.tau * slower)


def dual_chain(kinetics: DualExponential, slower: Any = 1.0) -> Chain:
    """Return the chain of rise and decay."""
    return _rising_chain(kinetics.tau_rise, kinetics.tau_decay * slower)


def _rising_chain(rise: float, decay: Any) -> Chain:
    return Chain((1 / decay, 1 / rise), (1.0,), peak_jump(rise, decay))


def exponential(chain: Chain, whole: Matrix, means: list[Floats], quantum: float) -> ExponentialCoefficients:
    """Return the coefficients of a chain of one decay."""
    return ExponentialCoefficients(decay=whole[1][1], mean=means[0], jump=np.asarray(chain.jump * quantum))


def rising(chain: Chain, whole: Matrix, means: list[Floats], quantum: float) -> RisingCoefficients:
    """Return the coefficients of a chain of rise and decay."""
    return RisingCoefficients(
        g_g=whole[1][1],
        g_h=whole[1][2],
        h_h=whole[2][2],
        mean_g=means[0],
        mean_h=means[1],
        jump=np.asarray(chain.jump * quantum),
    )


def linear_form(
    kind: str, lumped: str, synapse: str, chain_of: Callable[..., Chain], named: Callable[..., Coefficients]
) -> GateForm:
    """Return the record of a chain.

    Parameters
    ----------
    kind : str
        The `kind` of the kinetics.
    lumped, synapse : str
        Structs of the target's sum and of a synapse's gate, which have the same coefficients.
    chain_of : callable
        Function of the kinetics and a factor of its decay that returns the chain.
    named : callable
        Function that returns the coefficients, from the chain, its propagator after one more variable, the means (or
        the contributions to V), and the quantum.
    """

    def target(kinetics: Any, dt: float, quantum: float, slower: Any = 1.0) -> Coefficients:
        chain = chain_of(kinetics, slower)
        whole = chain_propagator((0.0, *chain.rates), (1.0, *chain.links), dt)  # one more link: the integral of g
        means = [whole[0][1 + j] / dt for j in range(len(chain.rates))]
        return named(chain, whole, means, quantum)

    def into_v(kinetics: Any, dt: float, quantum: float, tau_m: Any, C_m: Any) -> Coefficients:
        chain = chain_of(kinetics)
        whole = chain_propagator((1 / np.asarray(tau_m), *chain.rates), (1 / np.asarray(C_m), *chain.links), dt)
        return named(chain, whole, whole[0][1:], quantum)  # contributions of g to V (mV/pA) instead of means

    def each(kinetics: Any, step: GateStep) -> Coefficients:
        return target(kinetics, step.dt, 1.0)

    return GateForm(kind, lumped, target, synapse, each, REASON, into_v=into_v)


enter(linear_form("exponential", "Exponential", "ExponentialGate", exponential_chain, exponential))
enter(linear_form("alpha", "Rising", "RisingGate", alpha_chain, rising))
enter(linear_form("dual", "Rising", "RisingGate", dual_chain, rising))


def decay_of(tau: Any, dt: float) -> ExponentialCoefficients:
    """Return the coefficients of a decay by `tau` (ms, a number or an array of several cases), with a jump of 1."""
    chain = Chain((1 / tau,), (), 1.0)
    whole = chain_propagator((0.0, *chain.rates), (1.0,), dt)
    return exponential(chain, whole, [whole[0][1] / dt], 1.0)
