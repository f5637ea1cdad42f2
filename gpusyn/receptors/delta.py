"""Synapses that make V jump."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from gpusyn.equations.effects import Real, effect
from gpusyn.kinetics.instantaneous import Instantaneous
from gpusyn.numerics.portable_math import flush
from gpusyn.parameters.scalars import one_of, public
from gpusyn.parameters.table import Parameter
from gpusyn.receptors.base import GIVEN_NAME, Receptor
from gpusyn.utils.typing import Array, Bools, Floats

REFRACTORY = ("ignore", "keep")


class JumpCoefficients(NamedTuple):
    """Coefficients of `Jump`: none."""


class WaitingJumpCoefficients(NamedTuple):
    """Coefficients of `WaitingJump`: none."""


class NoCurrent:
    """What effects that make V jump have in common: they add nothing to the conductance and drive of the membrane."""

    JUMPS: ClassVar[bool] = True

    @staticmethod
    def block(x: Sequence[Array], v: Real, c: Any, Mg: Real) -> Real:
        """Return 1, because nothing blocks the channels."""
        return v.dtype.type(1)

    @staticmethod
    def add(gate: Real, x: Sequence[Array], v: Real, c: Any, Mg: Real, G: Real, D: Real) -> tuple[Real, Real]:
        """Return G and D as they are."""
        return G, D

    @staticmethod
    def current(gate: Real, x: Sequence[Array], v: Real, c: Any, Mg: Real) -> Real:
        """Return 0."""
        return v.dtype.type(0)

    @staticmethod
    def follow(x: Sequence[Array], v: Real, c: Any, Mg: Real) -> None:
        """Leave the states as they are: `jump` changes them."""


@effect
class Jump(NoCurrent):
    """V jumps by what arrives; what arrives while V is held is lost."""

    COEFFICIENTS: ClassVar[type[NamedTuple]] = JumpCoefficients
    STATES: ClassVar[int] = 0

    @staticmethod
    def jump(arrived: Array, held: Bools, x: Sequence[Array]) -> Array:
        """Return by how much v jumps."""
        return np.where(held, arrived.dtype.type(0), arrived)


@effect
class WaitingJump(NoCurrent):
    """V jumps by what arrives; what arrives while V is held waits in x until the first step in which V is free."""

    COEFFICIENTS: ClassVar[type[NamedTuple]] = WaitingJumpCoefficients
    STATES: ClassVar[int] = 1

    @staticmethod
    def jump(arrived: Array, held: Bools, x: Sequence[Array]) -> Array:
        """Return by how much v jumps, and keep what waits."""
        none = arrived.dtype.type(0)
        total = x[0] + arrived
        x[0][:] = flush(np.where(held, total, none))
        return np.where(held, none, total)


class DeltaReceptor(Receptor):
    """Synapses that make V jump by their weight when a spike arrives; weights are in mV and may have any sign.

    V jumps at the end of the step in which the spike arrives: after the membrane has decayed to that time, and before
    V is compared with the threshold. Events of one step add up. It has no current and no conductance, so V is what can
    be recorded of it. In a LIF neuron, V is exact: it decays exactly between the jumps.

    On a dendrite of Compartments, V of the dendrite jumps. A clamped V does not. States that follow V, such as w of an
    AdEx neuron, see V of the step before it jumps.

    Parameters
    ----------
    name : str
        Name within the population.
    refractory : {"ignore", "keep"}
        What becomes of events that arrive while V is held after a spike: with ``"ignore"`` they are lost, as in NEST's
        iaf_psc_delta; with ``"keep"`` they wait, and V jumps by their sum, undecayed, at the end of the first step
        after the refractory time, together with what arrives then. A HodgkinHuxley neuron and dendrites are never held.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    UnknownNameError
        If `refractory` is unknown.

    Examples
    --------
    >>> DeltaReceptor("delta")
    DeltaReceptor(name='delta', refractory='ignore')
    >>> import gpusyn as gs
    >>> net = gs.Network()
    >>> cells = net.population("cells", 2, gs.LIF(), receptors=gs.DeltaReceptor("delta"))
    >>> spikes = net.population("spikes", 1, gs.SpikeSource([1.0]))
    >>> projection = net.connect(spikes, cells, gs.AllToAll(), receptor="delta", weight=[5.0, 20.0])
    >>> recorder = net.record(cells, "spikes")
    >>> with gs.Simulator(net, backend="numpy") as sim:
    ...     sim.run(2.0)
    ...     sim.data[recorder].times.tolist(), sim.data[recorder].ids.tolist()
    ([2.0], [1])
    """

    weight_unit: ClassVar[str] = "mV"
    refractory: str
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("refractory", "ignore", "", "'ignore' loses, 'keep' delays what arrives while V is held"),
    )
    COMMON: ClassVar[tuple[Parameter, ...]] = (GIVEN_NAME,)

    @public
    def __init__(self, name: str, *, refractory: str = "ignore") -> None:
        self._set(refractory=one_of(refractory, REFRACTORY, "DeltaReceptor.refractory"))
        self._describe(name, Instantaneous(), "auto")

    @property
    def effect(self) -> str:
        """Name of the effect of an event, which depends on `refractory`."""
        return "Jump" if self.refractory == "ignore" else "WaitingJump"

    def effect_coefficients(self, dt: float, E_L: Floats) -> Any:
        """Return the coefficients of the effect: none."""
        return JumpCoefficients() if self.refractory == "ignore" else WaitingJumpCoefficients()

    def effect_states(self, V: Floats) -> list[Floats]:
        """Return the initial states of the effect: nothing waits."""
        return [] if self.refractory == "ignore" else [np.zeros_like(V)]

    def __repr__(self) -> str:
        return f"{self.kind}(name={self.name!r}, refractory={self.refractory!r})"
