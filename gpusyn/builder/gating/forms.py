"""One record per kinetics: the structs of its gates, their coefficients, and the reason that the plan prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from gpusyn.equations.coefficients import flat
from gpusyn.equations.kinetics import LUMPED, SOURCE_GATES, SYNAPSE_GATES
from gpusyn.equations.kinetics.base import PAGE, Lumped, SourceGate, SynapseGate
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.kinetics import Kinetics
from gpusyn.parameters.scalars import show, whole_steps
from gpusyn.utils.registry import Registry

Coefficients = tuple[Any, ...]  # a NamedTuple of gpusyn/equations/kinetics/


class GateStep(NamedTuple):
    """The data, beside its kinetics, on which the coefficients of a source's or a synapse's gate may depend.

    Attributes
    ----------
    dt : float
        Step (ms).
    real : {"float32", "float64"}
        Number type of the gates.
    most_events : int
        Upper limit on the events of one source per step.
    where : str
        Place of the kinetics, for messages.
    """

    dt: float
    real: str
    most_events: int
    where: str


@dataclass(frozen=True)
class GateForm:
    """The structs and coefficients of the gates of one kinetics.

    Attributes
    ----------
    kind : str
        The `kind` of the kinetics.
    lumped : str
        Struct that a target neuron keeps; ``{m}`` in it is replaced by the number of components.
    target : callable
        Function of (kinetics, dt, quantum), and for linear kinetics of a factor of the decay, that returns its
        coefficients.
    synapse : str or None
        Struct that each synapse keeps under per-synapse gating; kinetics without a gate have none.
    each : callable or None
        Function of (kinetics, step) that returns its coefficients.
    reason : str
        Reason for the place of the gates, as the plan prints it.
    source : str, optional
        Struct that a source keeps; a linear kinetics has none.
    own : callable, optional
        Function of (kinetics, step) that returns its coefficients.
    into_v : callable, optional
        For a linear kinetics: function of (kinetics, dt, quantum, tau_m, C_m) that returns the coefficients of `target`
        with the contributions of a current's variables to V over the step instead of their means. Without it, a
        current enters V by its mean over the step.
    components : callable
        Function of the kinetics that returns the number of components of the scheme.
    weights_may_change : bool
        True if a gate on the source stays exact when weights change while it is open.
    sends_at_events : bool
        True if a gate on the source sends in the steps of its events alone.
    """

    kind: str
    lumped: str
    target: Callable[..., Coefficients]
    synapse: str | None
    each: Callable[[Any, GateStep], Coefficients] | None
    reason: str
    source: str | None = None
    own: Callable[[Any, GateStep], Coefficients] | None = None
    into_v: Callable[..., Coefficients] | None = None
    components: Callable[[Any], int] = lambda kinetics: 1
    weights_may_change: bool = False
    sends_at_events: bool = False

    @property
    def source_gate(self) -> SourceGate:
        """Gate of the source.

        Raises
        ------
        ParameterError
            If the form has none, as for linear kinetics.
        """
        if self.source is None:
            raise ParameterError(
                f"kinetics {self.kind!r}: its form has no gate of a source; give it source= and own=, or make the "
                f"kinetics linear ({PAGE})"
            )
        return SOURCE_GATES[self.source]

    @property
    def synapse_gate(self) -> SynapseGate:
        """Gate of the synapse; a receptor whose synapses could own a gate has kinetics with one."""
        assert self.synapse is not None
        return SYNAPSE_GATES[self.synapse]


FORMS: Registry[GateForm] = Registry(
    "gate form of kinetics",
    f"enter a GateForm of this kind in a file of gpusyn/builder/gating/ ({PAGE})",
)


def enter(form: GateForm) -> GateForm:
    """Register the record of a kinetics, whose structs must exist.

    Raises
    ------
    UnknownNameError
        If a struct has no twin in ``gpusyn/equations/kinetics/``.
    ArgumentError
        If another kinetics has this kind.
    """
    if form.kind in FORMS:
        raise ArgumentError(f"GateForm: kinetics of the kind {form.kind!r} have a form already; choose another kind=")
    LUMPED[form.lumped.format(m=1)]
    if form.synapse is not None:
        SYNAPSE_GATES[form.synapse]
    if form.source is not None:
        SOURCE_GATES[form.source]
    FORMS[form.kind] = form
    return form


def form_of(kinetics: Kinetics) -> GateForm:
    """Return the record of a kinetics.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    return FORMS[getattr(kinetics, "kind", type(kinetics).__name__)]


def lumped_form(kinetics: Kinetics, *, on_synapses: bool) -> str:
    """Return the name of the struct that a target neuron keeps for this kinetics."""
    form = form_of(kinetics)
    if on_synapses and not kinetics.linear:
        return "Unlumped"
    return form.lumped.format(m=form.components(kinetics))


def target_coefficients(kinetics: Kinetics, dt: float, quantum: float, **more: Any) -> list[Any]:
    """Return the coefficients of the part that a target neuron keeps, in the order of its struct.

    Parameters
    ----------
    kinetics : Kinetics
        Kinetics of the receptor.
    dt : float
        Time step (ms).
    quantum : float
        Weight of one unit of the integer sums (nS, pA or mV).
    **more
        ``slower=``, a factor of the decay of a linear kinetics.
    """
    form = form_of(kinetics)
    return _flat(form, "target", form.target(kinetics, dt, quantum, **more), _lumped(kinetics).C)


def into_v_coefficients(kinetics: Kinetics, dt: float, quantum: float, tau_m: Any, C_m: Any) -> list[Any]:
    """Return the coefficients of a current that enters V exactly, in the order of its struct."""
    form = form_of(kinetics)
    assert form.into_v is not None
    return _flat(form, "into_v", form.into_v(kinetics, dt, quantum, tau_m, C_m), _lumped(kinetics).C)


def source_coefficients(kinetics: Kinetics, step: GateStep) -> list[float]:
    """Return the coefficients of a source's gate, in the order of its struct."""
    form = form_of(kinetics)
    assert form.own is not None
    return [float(x) for x in _flat(form, "own", form.own(kinetics, step), form.source_gate.C)]


def synapse_coefficients(kinetics: Kinetics, step: GateStep) -> list[float]:
    """Return the coefficients of a synapse's gate, in the order of its struct."""
    form = form_of(kinetics)
    assert form.each is not None
    return [float(x) for x in _flat(form, "each", form.each(kinetics, step), form.synapse_gate.C)]


def _lumped(kinetics: Kinetics) -> Lumped:
    return LUMPED[lumped_form(kinetics, on_synapses=False)]


def _flat(form: GateForm, part: str, given: Any, wanted: type[Coefficients]) -> list[Any]:
    """Return the coefficients that a function of a form computed, in the order of their struct.

    Raises
    ------
    ArgumentError
        If they are not those of the struct.
    """
    if not isinstance(given, wanted):
        raise ArgumentError(
            f"GateForm of kinetics {form.kind!r}: {part}= must return a {wanted.__name__} (got {show(given)}); return "
            f"the coefficients that its struct names as C ({PAGE})"
        )
    return flat(given)


class Shape(NamedTuple):
    """Number of states of one source's gate, and of the channels on which it sends."""

    states: int
    channels: int


def shape_of(kinetics: Kinetics) -> Shape:
    """Return the shape of a source's gate."""
    form = form_of(kinetics)
    gate, m = form.source_gate, form.components(kinetics)
    return Shape(gate.states(m), gate.channels(m))


def synapse_kernel(kinetics: Kinetics) -> str:
    """Return the name of the kernel that streams the gates of synapses."""
    return form_of(kinetics).synapse_gate.KERNEL


def synapse_states(kinetics: Kinetics) -> int:
    """Return the number of states of one synapse's gate."""
    form = form_of(kinetics)
    return form.synapse_gate.states(form.components(kinetics))


def pulse_steps(kinetics: Any, dt: float, where: str) -> tuple[int, int]:
    """Return the steps of a pulse of transmitter, and the steps after it in which events are ignored (-1: none).

    A kinetics whose gates follow pulses of transmitter has `T_dur` and `deadtime`; for the others return (0, -1).
    """
    if not form_of(kinetics).synapse_gate.PULSES:
        return 0, -1
    for name in ("T_dur", "deadtime"):
        if not hasattr(kinetics, name):
            raise ArgumentError(
                f"{where}: has no {name!r}, which gates with PULSES = True need; give {type(kinetics).__name__} this "
                f"attribute, or drop PULSES ({PAGE})"
            )
    dead = kinetics.deadtime
    pulse = whole_steps(kinetics.T_dur, dt, f"{where}.T_dur")
    return pulse, -1 if dead is None else whole_steps(dead, dt, f"{where}.deadtime", low=0)
