"""Current-based synapses."""

from __future__ import annotations

from typing import ClassVar

from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.kinetics import Kinetics
from gpusyn.parameters.scalars import public
from gpusyn.parameters.table import Parameter
from gpusyn.receptors.base import COMMON_PARAMETERS, GIVEN_NAME, Receptor, choose_kinetics


class CurrentReceptor(Receptor):
    """Synaptic current that does not depend on the voltage; weights are in pA and may have any sign.

    A positive weight depolarises. The recorded current is positive outward, as for every receptor.

    Parameters
    ----------
    name : str
        Name within the population.
    tau : float
        Decay time constant (ms) of an exponential current, > 0.
    tau_rise : float, optional
        Rise time constant (ms), > 0 and at most `tau`; it makes the current a normalised dual exponential.
    tau_decay : float, optional
        Another name of `tau`.
    kinetics : Kinetics, optional
        `Exponential`, `Alpha` or `DualExponential`; replaces the time constants.
    gating : {"auto", "per-synapse"}
        ``"auto"`` chooses the cheapest exact method; ``"per-synapse"`` gives every synapse a gate of its own.

    Raises
    ------
    ArgumentError
        If neither a time constant nor `kinetics` is given, both are, or an argument has the wrong type.
    ParameterError
        If the kinetics are not linear, or a number is out of range.
    UnknownNameError
        If `gating` is unknown.

    Examples
    --------
    >>> CurrentReceptor("exc", tau=5.0)
    CurrentReceptor(name='exc', kinetics=Exponential(tau=5.0))
    """

    weight_unit: ClassVar[str] = "pA"
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = (
        Parameter("tau", None, "ms", "decay time constant; tau_decay is the same"),
        Parameter("tau_rise", None, "ms", "rise time constant; None: instantaneous"),
    )
    COMMON: ClassVar[tuple[Parameter, ...]] = (*COMMON_PARAMETERS[:-1], GIVEN_NAME)

    @public
    def __init__(
        self,
        name: str,
        *,
        tau: float | None = None,
        tau_rise: float | None = None,
        tau_decay: float | None = None,
        kinetics: Kinetics | None = None,
        gating: str = "auto",
    ) -> None:
        where = "CurrentReceptor"
        if tau is not None and tau_decay is not None:
            raise ArgumentError(f"{where}: tau= and tau_decay= are the same parameter (got both); give one of them")
        if tau is None and tau_decay is None and kinetics is None:
            raise ArgumentError(f"{where}: needs tau= (ms) or kinetics= (got neither); write tau=5.0, for example")
        decay_name = "tau" if tau is not None else "tau_decay"
        decay = tau if tau is not None else tau_decay
        chosen = choose_kinetics(where, kinetics, tau_rise, decay, default_decay=5.0, decay_name=decay_name)
        if not chosen.linear:
            raise ParameterError(
                f"{where}.kinetics: must be linear, such as Exponential, Alpha or DualExponential (got {chosen!r}); "
                f"for another gate use a receptor with a conductance, such as gs.AMPA"
            )
        self._describe(name, chosen, gating)
