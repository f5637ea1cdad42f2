"""Base class of all receptors: a name, kinetics, a reversal potential and the place of the gates."""

from __future__ import annotations

import copy
from typing import Any, ClassVar, Self

from gpusyn.equations.effects import ConductanceCoefficients, CurrentCoefficients
from gpusyn.errors import ArgumentError, ParameterError
from gpusyn.kinetics import DualExponential, Exponential, Kinetics
from gpusyn.parameters.scalars import instance, object_name, one_of, public, real
from gpusyn.parameters.table import Parameter, ParameterTable
from gpusyn.parameters.waveform import Waveform
from gpusyn.receptors.glycine import GlycineSite
from gpusyn.receptors.magnesium_block import MgBlock
from gpusyn.utils.calls import Hinting
from gpusyn.utils.immutable import Immutable
from gpusyn.utils.typing import Floats

GATING = ("auto", "per-synapse")

NAME = Parameter("name", "class name", "", "name within the population")
GIVEN_NAME = Parameter("name", None, "", "name within the population, which must be given")
COMMON_PARAMETERS = (
    Parameter("kinetics", None, "", "gs.kinetics.*, which replaces the time constants"),
    Parameter("gating", "auto", "", "'auto': cheapest exact method; 'per-synapse': a gate on every synapse"),
    NAME,
)


class Receptor(Immutable, Hinting):
    """Base class of all receptors; use a subclass such as :class:`~gpusyn.AMPA`.

    Attributes
    ----------
    name : str
        Name within the population.
    kinetics : Kinetics
        Response of the gate to a spike.
    E_rev : float or None
        Reversal potential (mV); ``None`` for a current.
    Mg : float, Waveform or None
        Extracellular magnesium (mM); ``None`` if the receptor has no magnesium block.
    block : MgBlock
        Form of the magnesium block.
    glycine : float, Waveform or None
        Extracellular glycine (uM); ``None`` if glycine saturates the receptor or the receptor does not need it.
    glycine_site : GlycineSite
        Affinity of the glycine site.
    Pf : float
        Fraction of the current that calcium carries.
    gating : {"auto", "per-synapse"}
        Place of the gates: ``"auto"`` is the cheapest exact one, ``"per-synapse"`` is always on the synapses.
    weight_unit : {"nS", "pA", "mV"}
        Unit of the weights: of conductances, of currents, or of jumps of V.
    is_current : bool
        True if weights are currents.
    signed : bool
        True if weights may have any sign, because they are no conductances.
    kind : str
        Name of the class.
    """

    name: str
    kinetics: Kinetics
    E_rev: float | None
    Mg: float | Waveform | None
    block: MgBlock
    glycine: float | Waveform | None
    glycine_site: GlycineSite
    Pf: float
    gating: str
    kind: str
    weight_unit: ClassVar[str] = "nS"
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = ()
    COMMON: ClassVar[tuple[Parameter, ...]] = COMMON_PARAMETERS

    def _describe(
        self,
        name: Any,
        kinetics: Kinetics,
        gating: Any,
        *,
        E_rev: Any = None,
        Mg: float | Waveform | None = None,
        block: MgBlock | None = None,
        glycine: float | Waveform | None = None,
        glycine_site: GlycineSite | None = None,
        Pf: Any = 0.0,
    ) -> None:
        """Check and keep the parameters that all receptors have in common."""
        kind = type(self).__name__
        self._set(
            kind=kind,
            name=object_name(kind if name is None else name, f"{kind}.name"),
            kinetics=kinetics,
            gating=one_of(gating, GATING, f"{kind}.gating"),
            E_rev=None if self.signed else real(E_rev, f"{kind}.E_rev", unit="mV", potential=True),
            Mg=Mg,
            block=MgBlock() if block is None else instance(block, MgBlock, f"{kind}.block", "gs.MgBlock(...)"),
            glycine=glycine,
            glycine_site=GlycineSite()
            if glycine_site is None
            else instance(glycine_site, GlycineSite, f"{kind}.glycine_site", "gs.GlycineSite(...)"),
            Pf=real(Pf, f"{kind}.Pf", low=0.0, high=1.0),
        )

    @property
    def effect(self) -> str:
        """Name of the effect of an open gate, in `gpusyn.equations.effects` and in ``kernels/receptors``."""
        if self.is_current:
            return "Current"
        if self.Mg is None:
            return "Conductance"
        return "MagnesiumBlocked" if self.block.unblock is None else "SlowlyUnblocked"

    def effect_coefficients(self, dt: float, E_L: Floats) -> Any:
        """Return the coefficients of the effect for potentials relative to E_L.

        Parameters
        ----------
        dt : float
            Time step (ms).
        E_L : ndarray of float64
            Resting potential (mV), one number or one per neuron.

        Returns
        -------
        COEFFICIENTS of the effect
            Coefficients by name, each a number or an array of one value per neuron.
        """
        if self.E_rev is None:
            return CurrentCoefficients()
        e = self.E_rev - E_L
        if self.Mg is None:
            return ConductanceCoefficients(e=e)
        Mg = 1.0 if isinstance(self.Mg, Waveform) else self.Mg
        return self.block.coefficients(e, Mg, dt, E_L)

    def effect_states(self, V: Floats) -> list[Floats]:
        """Return the initial states of the effect, in the steady state at given potentials.

        Parameters
        ----------
        V : ndarray of float64, shape (n,)
            Potentials (mV), one per neuron.

        Returns
        -------
        list of ndarray
            One array of shape (n,) for each state of the effect.
        """
        if self.Mg is None or self.block.unblock is None:
            return []
        Mg = float(self.Mg.values[0]) if isinstance(self.Mg, Waveform) else self.Mg
        return [self.block.open_fraction(V, Mg)] * 2

    def renamed(self, name: str) -> Self:
        """Return the receptor with another name.

        Parameters
        ----------
        name : str
            Name within the population.

        Returns
        -------
        Receptor
        """
        changed = copy.copy(self)
        changed._set(name=name)
        return changed

    @property
    def is_current(self) -> bool:
        """True if weights are currents."""
        return self.weight_unit == "pA"

    @property
    def signed(self) -> bool:
        """True if weights may have any sign, because they are no conductances."""
        return self.weight_unit != "nS"

    @property
    def variables(self) -> dict[str, str]:
        """Names of what can be recorded of it, such as ``"g_AMPA"``, with their units; currents lack g, jumps all."""
        if not self.kinetics.lasts:  # V alone shows it
            return {}
        found = {} if self.is_current else {f"g_{self.name}": "nS"}
        found[f"I_{self.name}"] = "pA"
        if self.effect not in ("Conductance", "Current"):
            found[f"B_{self.name}"] = "1"
        if self.kinetics.rises:
            found[f"h_{self.name}"] = f"{self.weight_unit}/ms"
        return found

    @classmethod
    @public
    def parameters(cls) -> ParameterTable:
        """Return the parameters of this class with default, unit and meaning.

        Returns
        -------
        ParameterTable
            Sequence of parameters; it prints as a table.
        """
        return ParameterTable(cls.PARAMETERS + cls.COMMON)

    def __repr__(self) -> str:
        parts = [f"kinetics={self.kinetics!r}"]
        numbers = (("E_rev", self.E_rev), ("Mg", self.Mg), ("glycine", self.glycine))
        parts += [
            f"{key}={value!r}" if isinstance(value, Waveform) else f"{key}={value:g}"
            for key, value in numbers
            if value is not None
        ]
        if self.gating != "auto":
            parts.append(f"gating={self.gating!r}")
        return f"{self.kind}(name={self.name!r}, {', '.join(parts)})"


def choose_kinetics(
    where: str,
    kinetics: Any,
    rise: Any,
    decay: Any,
    *,
    default_rise: float | None = None,
    default_decay: float,
    decay_name: str = "tau_decay",
) -> Kinetics:
    """Return the kinetics given as `kinetics=`, or those of the given time constants.

    Parameters
    ----------
    where : str
        Name of the receptor class.
    kinetics : Kinetics or None
        Value of ``kinetics=``; replaces the time constants.
    rise, decay : float or None
        Time constants (ms); ``None`` if not given.
    default_rise, default_decay : float
        Default time constants (ms); a rise of ``None`` makes a single exponential.
    decay_name : str
        Name of the argument that holds the decay time constant.

    Raises
    ------
    ArgumentError
        If both `kinetics` and a time constant are given, or `kinetics` is not a Kinetics.
    ParameterError
        If a time constant is out of range, or `kinetics` has no gate.
    """
    given = [name for name, value in ((decay_name, decay), ("tau_rise", rise)) if value is not None]
    if kinetics is not None:
        if given:
            raise ArgumentError(
                f"{where}: kinetics= replaces {given[0]}= (got both); give one of them, "
                "or put the time constant into kinetics=gs.kinetics.DualExponential(tau_rise, tau_decay)"
            )
        allowed = "an object such as gs.kinetics.Exponential(2.0)"
        kept: Kinetics = instance(kinetics, Kinetics, f"{where}.kinetics", allowed)
        if not kept.lasts:
            raise ParameterError(f"{where}.kinetics: {kept!r} is no gate; use a gs.DeltaReceptor, or give {allowed}")
        return kept
    decay = real(default_decay if decay is None else decay, f"{where}.{decay_name}", unit="ms", above=0)
    if rise is None and default_rise is None:
        return Exponential(decay)
    rise = real(default_rise if rise is None else rise, f"{where}.tau_rise", unit="ms", above=0, high=decay)
    return DualExponential(rise, decay)
