"""Voltage-clamp experiment that gives a current-voltage relation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpusyn.connectivity import AllToAll
from gpusyn.errors import ParameterError
from gpusyn.measure.current_voltage import negative_slope, reversal_potential, slope_conductance
from gpusyn.measure.sampled_trace import summit
from gpusyn.network.network import Network
from gpusyn.neurons import LIF, SpikeSource
from gpusyn.parameters.limits import Limits
from gpusyn.parameters.scalars import frozen, integer, public, real
from gpusyn.parameters.units import as_floats
from gpusyn.parameters.waveform import Waveform
from gpusyn.receptors import Receptor
from gpusyn.simulation.simulator import Simulator
from gpusyn.utils.typing import Floats

HOLDING = -70.0  # mV, before the step to the command potential


@public
@dataclass(frozen=True, eq=False, repr=False)
class IVCurve:
    """Current-voltage relation; the result of :func:`iv_curve`.

    Attributes
    ----------
    V : ndarray of float64, shape (n,)
        Command potentials in increasing order (mV).
    peak : ndarray of float64, shape (n,)
        Largest current at each potential (pA); inward is negative.
    at : float or None
        Time after the onset at which `current` was taken (ms); ``None``: at the peak.
    current : ndarray of float64, shape (n,)
        Current at that time (pA); the attributes and methods below refer to it.
    slope_conductance : ndarray of float64, shape (n,)
        dI/dV (nS).
    negative_slope : (float, float) or None
        Bounds of the region where the current decreases with V (mV). A bound at the first or last potential means that
        the region may extend beyond it.
    """

    V: Floats
    peak: Floats
    at: float | None
    current: Floats
    slope_conductance: Floats
    negative_slope: tuple[float, float] | None

    @public
    def reversal_potential(self, method: str = "interpolate") -> float:
        """Return the potential at which the current is zero (mV); see :func:`reversal_potential`.

        Parameters
        ----------
        method : {"interpolate", "line"}
            As for :func:`reversal_potential`.

        Returns
        -------
        float
            Reversal potential (mV).

        Raises
        ------
        ParameterError
            If the current does not change its sign exactly once, or the line is flat.
        UnknownNameError
            If the method is unknown.
        """
        return reversal_potential(self.V, self.current, method=method)

    def __repr__(self) -> str:
        when = "at the peak" if self.at is None else f"{self.at:g} ms after the onset"
        falls = self.negative_slope
        region = "none" if falls is None else f"{falls[0]:.6g} to {falls[1]:.6g} mV"
        return (
            f"IVCurve({len(self.V)} potentials, {self.V[0]:g} to {self.V[-1]:g} mV; current {when}: "
            f"{self.current.min():.6g} to {self.current.max():.6g} pA; negative slope: {region})"
        )


@public
def iv_curve(
    receptors: Receptor | Sequence[Receptor],
    V: Any,
    *,
    weight: float | Mapping[str, float] = 1.0,
    at: float | None = None,
    duration: float = 50.0,
    dt: float = 0.1,
    backend: str = "auto",
    precision: str = "double",
) -> IVCurve:
    """Run a voltage-clamp experiment and return its current-voltage relation.

    Each command potential has a cell of its own. The cell is stepped from -70 mV to the command potential, one synaptic
    event follows, and the current of all receptors is recorded.

    Parameters
    ----------
    receptors : Receptor or sequence of Receptor
        Receptors that the event opens.
    V : array_like, shape (n,)
        Command potentials (mV), at least three, in any order.
    weight : float or dict of str to float
        Weight of the event (nS, or pA for a CurrentReceptor), one for all receptors or by receptor name.
    at : float, optional
        Time after the event at which to take the current (ms); the peak by default.
    duration : float
        Length of the recording after the event (ms); it must contain the peak.
    dt : float
        Time step (ms).
    backend, precision : str
        As for :class:`~gpusyn.Simulator`.

    Returns
    -------
    IVCurve

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If the peak is not within `duration`, or a number is out of range.

    Examples
    --------
    >>> import gpusyn as gs
    >>> curve = iv_curve(gs.NMDA(), range(-80, 45, 5), duration=15.0, backend="numpy")
    >>> f"{curve.peak.min():.2f} pA", "from {:.0f} to {:.1f} mV".format(*curve.negative_slope)
    ('-10.78 pA', 'from -80 to -27.0 mV')
    """
    where = "measure.iv_curve()"
    potentials = _potentials(V, where)
    dt = real(dt, f"{where}.dt", unit="ms", above=0.0)
    steps = integer(round(real(duration, f"{where}.duration", unit="ms", above=0.0) / dt), f"{where}: steps", low=3)
    t, I = _clamped(receptors, potentials, weight, steps, dt, backend, precision)
    peak = frozen([_peak(t, I[:, k], where) for k in range(len(potentials))])
    current = peak
    if at is not None:
        at = real(at, f"{where}.at", unit="ms", low=0.0, high=float(t[-1]))
        current = frozen([float(np.interp(at, t, I[:, k])) for k in range(len(potentials))])
    slope = frozen(slope_conductance(potentials, current))
    return IVCurve(potentials, peak, at, current, slope, negative_slope(potentials, current))


def _potentials(V: Any, where: str) -> Floats:
    """Return command potentials in increasing order, rounded so that a zero with a rounding error becomes 0."""
    array = np.atleast_1d(as_floats(V, f"{where}.V", "mV", "must be potentials in mV"))
    if array.ndim != 1 or len(array) < 3:
        raise ParameterError(f"{where}.V: must be at least three potentials (got shape {array.shape})")
    Limits("mV", potential=True).check(array, f"{where}.V")
    ordered = np.sort(np.round(array, 9)) + 0.0
    if (np.diff(ordered) <= 0).any():
        raise ParameterError(f"{where}.V: a potential occurs twice; give each potential once")
    return frozen(ordered)


def _clamped(
    receptors: Any, potentials: Floats, weight: Any, steps: int, dt: float, backend: str, precision: str
) -> tuple[Floats, Floats]:
    """Return the times from the event on, and the current at each potential, shape (steps + 1, n)."""
    net = Network()
    cells = net.population("cells", len(potentials), LIF(), receptors=receptors)
    for k, V in enumerate(potentials):
        net.clamp(cells[k : k + 1], Waveform([0.0, dt], [HOLDING, V]), name=f"command {k}")
    for receptor in cells.receptors:
        if not receptor.kinetics.lasts:
            raise ParameterError(
                f"measure.iv_curve().receptors: {receptor!r} makes V jump and has no current; give a receptor that "
                "has one, such as gs.AMPA()"
            )
    names = [receptor.name for receptor in cells.receptors]
    event = net.population("event", 1, SpikeSource([2 * dt]))
    weights = weight if isinstance(weight, Mapping) else dict.fromkeys(names, weight)
    net.connect(event, cells, AllToAll(), weight=weights, delay=dt)
    recorder = net.record(cells, [f"I_{name}" for name in names])
    with Simulator(net, dt=dt, backend=backend, precision=precision) as sim:
        sim.step(3 + steps)
        data = sim.data[recorder]
    total = sum(np.asarray(data[name], np.float64) for name in data.variables)
    return np.asarray(np.arange(steps + 1) * dt, np.float64), np.asarray(total)[2:]


def _peak(t: Floats, I: Floats, where: str) -> float:
    """Return the signed peak of one current; 0 at the reversal potential."""
    top = int(np.argmax(np.abs(I)))
    if I[top] == 0.0:
        return 0.0
    if top == len(I) - 1:
        raise ParameterError(
            f"{where}.duration: the current is largest at the end of the recording, {t[-1]:g} ms after the event; "
            "record longer"
        )
    sign = float(np.sign(I[top]))
    return sign * summit(t, sign * I, top)[1]
