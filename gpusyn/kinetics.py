"""How the gate of a receptor answers one presynaptic spike.

Weights are peak conductances (or currents) of one event for `Exponential`, `Alpha` and `DualExponential`, and
the conductance of all channels open for `FirstOrder`. Times are in ms, concentrations in mM.

References
----------
Destexhe, Mainen & Sejnowski (1994), An efficient method for computing synaptic conductances based on a
kinetic model of receptor binding, Neural Computation 6:14-18. Destexhe, Mainen & Sejnowski (1998), Kinetic
models of synaptic transmission, in Koch & Segev (eds), Methods in Neuronal Modeling, 2nd ed., pp. 1-25; rates
as in the authors' NEURON mechanisms (ModelDB 18198 and 18500).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from gpusyn.checks import public, real
from gpusyn.errors import ParameterError

__all__ = ["Alpha", "DualExponential", "Exponential", "FirstOrder", "Kinetics"]


class Kinetics:
    """Base class of all kinetics.

    Attributes
    ----------
    kind : str
        Short name of the scheme.
    linear : bool
        Whether the answer to many spikes is the sum of the answers to each.
    """

    kind: ClassVar[str]
    linear: ClassVar[bool] = True
    units: ClassVar[dict[str, str]] = {}

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            where = f"kinetics.{type(self).__name__}.{field.name}"
            value = real(getattr(self, field.name), where, unit=self.units.get(field.name, "ms"), above=0)
            object.__setattr__(self, field.name, value)


@public
@dataclass(frozen=True)
class Exponential(Kinetics):
    """A jump of w at the spike, then exp(-t/tau).

    Parameters
    ----------
    tau : float
        Decay time constant (ms), > 0.

    Examples
    --------
    >>> Exponential(5)
    Exponential(tau=5.0)
    """

    tau: float
    kind: ClassVar[str] = "exponential"


@public
@dataclass(frozen=True)
class Alpha(Kinetics):
    """The alpha function w (t/tau) exp(1 - t/tau), which peaks with w at t = tau (Rall 1967).

    Parameters
    ----------
    tau : float
        Time of the peak (ms), > 0.
    """

    tau: float
    kind: ClassVar[str] = "alpha"


@public
@dataclass(frozen=True)
class DualExponential(Kinetics):
    """The difference of two exponentials, normalised to peak with w.

    Parameters
    ----------
    tau_rise, tau_decay : float
        Time constants (ms), 0 < tau_rise <= tau_decay; with both equal it is the alpha function.

    Raises
    ------
    ParameterError
        If ``tau_rise > tau_decay``.
    """

    tau_rise: float
    tau_decay: float
    kind: ClassVar[str] = "dual"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tau_rise > self.tau_decay:
            raise ParameterError(
                f"kinetics.DualExponential.tau_rise: must be at most tau_decay = {self.tau_decay:g} ms "
                f"(got {self.tau_rise:g}); exchange the two"
            )


@public
@dataclass(frozen=True)
class FirstOrder(Kinetics):
    """Two-state channels under a pulse of transmitter (Destexhe, Mainen & Sejnowski 1994).

    dr/dt = alpha [T] (1 - r) - beta r, with [T] = `T_max` for `T_dur` after each spike and 0 otherwise. A
    spike during a pulse moves its end and does not double it; the gate saturates. The conductance is w r.

    Parameters
    ----------
    alpha : float
        Binding rate (1/(mM ms)), > 0.
    beta : float
        Unbinding rate (1/ms), > 0.
    T_max : float
        Concentration during the pulse (mM), > 0.
    T_dur : float
        Duration of the pulse (ms), a multiple of dt.

    Examples
    --------
    >>> FirstOrder.AMPA()
    FirstOrder(alpha=1.1, beta=0.19, T_max=1.0, T_dur=1.0)
    """

    alpha: float
    beta: float
    T_max: float = 1.0
    T_dur: float = 1.0
    kind: ClassVar[str] = "first_order"
    linear: ClassVar[bool] = False
    units: ClassVar[dict[str, str]] = {"alpha": "1/(mM*ms)", "beta": "1/ms", "T_max": "mM"}

    @classmethod
    @public
    def AMPA(cls) -> FirstOrder:
        """AMPA as fitted by Destexhe, Mainen & Sejnowski 1998: 1.1 /(mM ms), 0.19 /ms; 1 mM for 1 ms."""
        return cls(alpha=1.1, beta=0.19)

    @classmethod
    @public
    def NMDA(cls) -> FirstOrder:
        """NMDA as fitted by Destexhe, Mainen & Sejnowski 1998: 0.072 /(mM ms), 0.0066 /ms; 1 mM for 1 ms."""
        return cls(alpha=0.072, beta=0.0066)

    @classmethod
    @public
    def GABA_A(cls) -> FirstOrder:
        """GABA_A as fitted by Destexhe, Mainen & Sejnowski 1998: 5 /(mM ms), 0.18 /ms; 1 mM for 1 ms."""
        return cls(alpha=5.0, beta=0.18)
