"""Short-term plasticity: how much of a weight a spike releases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gpusyn.errors import ParameterError
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.scalars import integer, public, real, show
from gpusyn.parameters.values import values
from gpusyn.plasticity.base import Plasticity
from gpusyn.utils.typing import Floats, Whole

__all__ = ["QuantalRelease", "TsodyksMarkram"]

MOST_SITES = 255


@public
@dataclass(frozen=True, eq=False)
class TsodyksMarkram(Plasticity):
    """Short-term depression and facilitation (Tsodyks & Markram 1997; Markram, Wang & Tsodyks 1998).

    Between spikes, u' = -u/tau_facil and x' = (1 - x)/tau_rec, from u = 0 and x = 1 on. At a spike u increases by
    U (1 - u), the spike delivers u x of the weight, and x decreases by u x. The first spike delivers U w. An array of a
    parameter has the order of an array for the `weight` of ``net.connect``.

    With `tau_psc`, what is released is active before it recovers (Tsodyks, Uziel & Markram 2000): a spike adds u x to
    y, y' = -y/tau_psc, and x' = (1 - x - y)/tau_rec.

    Parameters
    ----------
    U : float, array_like, shape (n_synapses,), or Distribution
        Utilization of a spike after a long rest, 0 to 1.
    tau_rec : float, array_like, shape (n_synapses,), or Distribution
        Time constant with which x recovers (ms), > 0.
    tau_facil : float, array_like, shape (n_synapses,), or Distribution
        Time constant of facilitation (ms), >= 0. With 0, u is U at each spike: depression alone.
    tau_psc : float, array_like, shape (n_synapses,), or Distribution, optional
        Time constant with which y, what is active, becomes inactive (ms), > 0: that of the postsynaptic current in the
        paper. Without it, what is released begins to recover at once.

    Raises
    ------
    ArgumentError
        If a parameter is neither a number, an array nor a distribution.
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> TsodyksMarkram(U=0.5, tau_rec=800.0)
    TsodyksMarkram(U=0.5, tau_rec=800.0, tau_facil=0.0, tau_psc=None)
    """

    U: float | Floats | Distribution = 0.5
    tau_rec: float | Floats | Distribution = 800.0
    tau_facil: float | Floats | Distribution = 0.0
    tau_psc: float | Floats | Distribution | None = None
    role: ClassVar[str] = "short-term plasticity"

    def __post_init__(self) -> None:
        self._check("U", low=0.0, high=1.0)
        self._check("tau_rec", unit="ms", above=0.0)
        self._check("tau_facil", unit="ms", low=0.0)
        if self.tau_psc is not None:
            self._check("tau_psc", unit="ms", above=0.0)

    def _check(self, name: str, **limits: object) -> None:
        given = values(getattr(self, name), None, self._where(name), per="synapse", **limits)  # type: ignore[arg-type]
        object.__setattr__(self, name, given)

    @property
    def variables(self) -> Mapping[str, str]:  # type: ignore[override]
        """Variables of a synapse that can be recorded, with their units: u, x, and y with `tau_psc`."""
        return dict.fromkeys("uxy" if self.active else "ux", "1")

    @property
    def active(self) -> bool:
        """True if what is released is active for a time before it recovers."""
        return self.tau_psc is not None

    @property
    def shared(self) -> bool:
        """True if all synapses have the same parameters, so that those of a source have the same state."""
        given = self.U, self.tau_rec, self.tau_facil, self.tau_psc
        return all(one is None or isinstance(one, float) for one in given)


@public
@dataclass(frozen=True)
class QuantalRelease(Plasticity):
    """Random release of transmitter at `n` sites, each of which releases a quantum with probability `p` (Katz 1969).

    The weight is that of `n` quanta of mean size, so a spike delivers `p` times the weight on average. Sizes are normal
    with the coefficient of variation `cv`, and drawn again if they are outside 0 to 2 mean quanta. With
    :class:`TsodyksMarkram`, u is the probability; a site that has released is empty, and recovers with the rate
    1/tau_rec by itself (Fuhrmann, Segev, Markram & Tsodyks 2002).

    Parameters
    ----------
    n : int
        Number of sites of release, 1 to 255.
    p : float, optional
        Probability of release, 0 to 1; left out beside a TsodyksMarkram, which gives it.
    cv : float
        Coefficient of variation of the size of a quantum, 0 to 1.

    Raises
    ------
    ArgumentError
        If a parameter is not a number.
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> QuantalRelease(n=5, p=0.5, cv=0.3)
    QuantalRelease(n=5, p=0.5, cv=0.3)
    """

    n: Whole
    p: float | None = None
    cv: float = 0.0
    role: ClassVar[str] = "random release"

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", integer(self.n, self._where("n"), low=1, high=MOST_SITES))
        if self.p is not None:
            object.__setattr__(self, "p", real(self.p, self._where("p"), low=0.0, high=1.0))
        object.__setattr__(self, "cv", real(self.cv, self._where("cv"), low=0.0, high=1.0))


def check_release(short_term: TsodyksMarkram | None, release: QuantalRelease | None, where: str) -> None:
    """Refuse a release without a probability, or with two.

    Raises
    ------
    ParameterError
        If the probability is missing beside no TsodyksMarkram, or given beside one, or sites would be active.
    """
    if release is None:
        return
    if short_term is None and release.p is None:
        raise ParameterError(f"{where}: QuantalRelease needs p=, the probability of release, without a TsodyksMarkram")
    if short_term is not None and release.p is not None:
        raise ParameterError(
            f"{where}: beside a TsodyksMarkram, whose u is the probability of release, QuantalRelease takes no p "
            f"(got {release.p:g}); leave it out"
        )
    if short_term is not None and short_term.active:
        raise ParameterError(
            f"{where}: a site of QuantalRelease is full or empty, and TsodyksMarkram.tau_psc would make it active in "
            f"between (got {show(short_term.tau_psc)}); leave tau_psc out, or QuantalRelease"
        )
