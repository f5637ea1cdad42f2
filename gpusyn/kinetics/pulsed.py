"""Channels that pulses of transmitter open: two-state channels, and the G-protein cascade behind GABA_B."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gpusyn.kinetics.base import Kinetics
from gpusyn.parameters.scalars import integer, public


@public
@dataclass(frozen=True)
class FirstOrder(Kinetics):
    """Two-state channels under a pulse of transmitter (Destexhe, Mainen & Sejnowski 1994).

    dr/dt = alpha [T] (1 - r) - beta r, with [T] = `T_max` for `T_dur` after each spike and 0 otherwise. A spike during
    a pulse prolongs the pulse and does not add to it; with `deadtime` it is ignored. The gate saturates. The
    conductance is w r.

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
    deadtime : float, optional
        Time after the end of a pulse (ms, a multiple of dt) during which spikes are ignored, as during the pulse; 1 ms
        in the authors' NEURON mechanism. By default no spike is ignored.

    Raises
    ------
    ArgumentError
        If a parameter is not a number.
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> FirstOrder.AMPA()
    FirstOrder(alpha=1.1, beta=0.19, T_max=1.0, T_dur=1.0, deadtime=None)
    """

    alpha: float
    beta: float
    T_max: float = 1.0
    T_dur: float = 1.0
    deadtime: float | None = None
    kind: ClassVar[str] = "first_order"
    linear: ClassVar[bool] = False
    units: ClassVar[dict[str, str]] = {"alpha": "1/(mM*ms)", "beta": "1/ms", "T_max": "mM"}
    rate_names: ClassVar[tuple[str, ...]] = ("alpha", "beta")

    @classmethod
    @public
    def AMPA(cls) -> FirstOrder:
        """Return AMPA as fitted by Destexhe, Mainen & Sejnowski 1998: 1.1 /(mM ms), 0.19 /ms; 1 mM for 1 ms."""
        return cls(alpha=1.1, beta=0.19)

    @classmethod
    @public
    def NMDA(cls) -> FirstOrder:
        """Return NMDA as fitted by Destexhe, Mainen & Sejnowski 1998: 0.072 /(mM ms), 0.0066 /ms; 1 mM for 1 ms."""
        return cls(alpha=0.072, beta=0.0066)

    @classmethod
    @public
    def GABA_A(cls) -> FirstOrder:
        """Return GABA_A as fitted by Destexhe, Mainen & Sejnowski 1998: 5 /(mM ms), 0.18 /ms; 1 mM for 1 ms."""
        return cls(alpha=5.0, beta=0.18)


@public
@dataclass(frozen=True)
class GProtein(Kinetics):
    """Potassium channels that a receptor opens through G proteins: GABA_B (Destexhe & Sejnowski 1995).

    R' = K1 [T] (1 - R) - K2 R for the activated receptors, G' = K3 R - K4 G for the G protein (uM), and n G proteins
    open a channel: s = G^n / (G^n + K_d). The conductance is w s; the power applies to each synapse, never to a sum of
    G.

    The defaults are those of Destexhe, Mainen & Sejnowski 1998: the four rates as on a course's page about that
    chapter; `K_d` and the pulse as remembered.

    Parameters
    ----------
    K1 : float
        Binding rate (1/(mM ms)), > 0.
    K2 : float
        Unbinding rate (1/ms), > 0.
    K3 : float
        Production of G protein (uM/ms), > 0.
    K4 : float
        Removal of G protein (1/ms), > 0.
    n : int
        Binding sites, 1 to 8.
    K_d : float
        Dissociation constant of all n sites together (uM^n), > 0; it is already the n-th power.
    T_max : float
        Concentration during the pulse (mM), > 0.
    T_dur : float
        Duration of the pulse (ms), a multiple of dt.
    deadtime : float, optional
        Time after the end of a pulse (ms, a multiple of dt) during which spikes are ignored, as during the pulse; by
        default no spike is ignored.

    Raises
    ------
    ArgumentError
        If a parameter is not a number.
    ParameterError
        If a parameter is out of range.
    """

    K1: float = 0.09
    K2: float = 0.0012
    K3: float = 0.18
    K4: float = 0.034
    n: int = 4
    K_d: float = 100.0
    T_max: float = 1.0
    T_dur: float = 1.0
    deadtime: float | None = None
    kind: ClassVar[str] = "g_protein"
    linear: ClassVar[bool] = False
    units: ClassVar[dict[str, str]] = {
        "K1": "1/(mM*ms)", "K2": "1/ms", "K3": "uM/ms", "K4": "1/ms", "K_d": "uM^n", "T_max": "mM"
    }  # fmt: skip
    rate_names: ClassVar[tuple[str, ...]] = ("K1", "K2", "K3", "K4")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "n", integer(self.n, self._where("n"), low=1, high=8))

    @classmethod
    @public
    def ModelDB(cls) -> GProtein:
        """Return the rates of the authors' NEURON mechanism (ModelDB 18198 and 18500), fitted to a pulse of 5 ms.

        0.52 /(mM ms), 0.0013 /ms, 0.098 uM/ms, 0.033 /ms; there the transmitter is 0.5 mM for 0.3 ms.
        """
        return cls(K1=0.52, K2=0.0013, K3=0.098, K4=0.033, T_max=0.5, T_dur=0.3)
