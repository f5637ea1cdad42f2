"""Rules of three factors: what spikes leave behind becomes a change of the weight when a modulator comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from gpusyn.equations.plasticity.eligibility import EligibilityCoefficients
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.parameters.scalars import instance, public, show
from gpusyn.parameters.waveform import Waveform, check_columns
from gpusyn.plasticity.base import LearningRule, TracePair
from gpusyn.plasticity.stdp import STDP
from gpusyn.utils.calls import attribute

__all__ = ["DopamineSTDP"]


@public
@dataclass(frozen=True)
class DopamineSTDP(LearningRule):
    """Pairs of spikes leave an eligibility, from which dopamine makes a change of the weight (Izhikevich 2007).

    The changes of `stdp` add to the eligibility c of the synapse (in units of w_max), not to its weight:
    c' = -c/tau_eligibility, and w' = w_max c d. Dopamine follows its modulator: d' = (m - d)/tau_dopamine, where m is
    the rate of the modulator (Hz): the spikes of all neurons of a population, or a Waveform. A spike therefore adds
    1/tau_dopamine to d, and while c hardly changes it adds c w_max to the weight in the end. Weights stay in
    [0, w_max].

    Parameters
    ----------
    stdp : STDP
        Pair rule whose changes the eligibility takes up; with powers mu of 0, because they do not change w.
    tau_eligibility : float
        Time constant of the eligibility (ms), > 0.
    tau_dopamine : float
        Time constant of dopamine (ms), > 0.
    modulator : Selection, str or Waveform
        Neurons or spike sources, the name of a population, or a rate in the course of time (Hz, may be negative).

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If a time constant is out of range, or the changes of `stdp` depend on the weight.

    Examples
    --------
    >>> import gpusyn as gs
    >>> rule = DopamineSTDP(gs.STDP(), 1000.0, 200.0, modulator=gs.Waveform([0.0, 500.0], [0.0, 5.0]))
    >>> rule.tau_eligibility
    1000.0
    """

    stdp: STDP
    tau_eligibility: float
    tau_dopamine: float
    modulator: Any
    struct = "EligibilityRule"
    RECEPTORS: ClassVar[tuple[str, ...]] = ()  # those of `stdp`

    def __post_init__(self) -> None:
        instance(self.stdp, STDP, self._where("stdp"), "a gs.STDP")
        for name in ("mu_plus", "mu_minus"):
            if power := getattr(self.stdp, name):
                raise ParameterError(
                    f"{self._where('stdp')}: its changes add to the eligibility and not to the weight, so they cannot "
                    f"depend on the weight (got {name}={power:g}); leave {name} at 0"
                )
        self._check_numbers("ms", "tau_eligibility", "tau_dopamine", above=0.0)
        given = self.modulator
        if not isinstance(given, (str, Waveform)) and attribute(given, "parts") is None:
            raise ArgumentError(
                f"{self._where('modulator')}: must be a population, a selection, the name of a population or a "
                f"gs.Waveform (got {show(given)})"
            )
        if isinstance(given, Waveform):
            check_columns(given, 0, self._where("modulator"))

    @property
    def learns(self) -> str | None:  # type: ignore[override]
        """Receptor whose weight changes, as `stdp` has it."""
        return self.stdp.learns

    @property
    def axonal(self) -> float:  # type: ignore[override]
        """Part of the delay before the synapse, as `stdp` has it."""
        return self.stdp.axonal

    @property
    def traces(self) -> TracePair:
        """The traces of `stdp`."""
        return self.stdp.traces

    def coefficients(self, w_max: float) -> EligibilityCoefficients:
        """Return the amplitudes of `stdp`."""
        return EligibilityCoefficients(self.stdp.A_plus, self.stdp.A_minus)
