"""The base class of all kinetics: checked parameters, and rates at another temperature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, ClassVar, TypeVar

import numpy as np

from gpusyn.errors import ArgumentError
from gpusyn.numerics import portable_math
from gpusyn.parameters.scalars import one_of, public, real

Self = TypeVar("Self", bound="Kinetics")
_KINDS: dict[str, type[Kinetics]] = {}  # the class of each kind: it finds the record of the gates


class Kinetics:
    """Base class of all kinetics.

    Attributes
    ----------
    kind : str
        Short name of the scheme.
    linear : bool
        True if the response to several spikes is the sum of the responses to each.
    rises : bool
        True if spikes increase a variable h that drives the gate and that can be recorded.
    lasts : bool
        True if a gate stays open after an event.

    Raises
    ------
    ArgumentError
        If a parameter is not a number.
    ParameterError
        If a parameter is out of range.
    """

    kind: ClassVar[str]
    linear: ClassVar[bool] = True
    rises: ClassVar[bool] = False
    lasts: ClassVar[bool] = True
    units: ClassVar[dict[str, str]] = {}
    rate_names: ClassVar[tuple[str, ...]] = ()  # parameters that increase with temperature
    time_names: ClassVar[tuple[str, ...]] = ()  # parameters that decrease by the same factor

    def __init_subclass__(cls) -> None:
        kind = vars(cls).get("kind")
        if not isinstance(kind, str):  # inherited, or a property that chooses among several
            return
        other = _KINDS.setdefault(kind, cls)
        same = (other.__module__, other.__qualname__) == (
            cls.__module__,
            cls.__qualname__,
        )  # defined again in a notebook
        if not same and not issubclass(cls, other):
            raise ArgumentError(
                f"{cls.__name__}.kind: {kind!r} is the kind of {other.__name__}, whose gates it would get; "
                "choose another name and enter a GateForm of that kind (docs/adding_a_kinetics.md)"
            )

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            if field.init and field.type in ("float", "float | None"):
                self._check_number(field.name, optional=field.default is None)

    def _check_number(self, name: str, *, optional: bool) -> None:
        value = getattr(self, name)
        if optional and value is None:
            return
        low, above = (0.0, None) if name == "deadtime" else (None, 0.0)
        number = real(value, self._where(name), unit=self.units.get(name, "ms"), low=low, above=above)
        object.__setattr__(self, name, number)

    def _where(self, name: str) -> str:
        return f"kinetics.{type(self).__name__}.{name}"

    @public
    def at(self: Self, temperature: float, *, reference: float, Q10: float | Mapping[str, float] = 3.0) -> Self:
        """Return the kinetics at another temperature: every rate is multiplied by Q10^((temperature - reference)/10).

        Time constants are divided by the same factor. Conductances and the pulse of transmitter do not change.

        Parameters
        ----------
        temperature : float
            Temperature of the result (degrees Celsius).
        reference : float
            Temperature at which the rates were measured (degrees Celsius).
        Q10 : float or mapping of str to float
            Factor of all rates per 10 degrees, or factors by the name of a parameter; parameters that the mapping omits
            do not change.

        Returns
        -------
        Kinetics
            Kinetics of the same class.

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If a number is out of range.
        UnknownNameError
            If the mapping names a parameter that is neither a rate nor a time constant.

        Examples
        --------
        >>> from gpusyn.kinetics import Exponential
        >>> round(Exponential(100.0).at(35, reference=22).tau, 4)
        23.9741
        """
        where = f"{type(self).__name__}.at()"
        warm, cool = (
            real(value, f"{where}.{name}", low=-100.0, high=200.0)
            for name, value in (("temperature", temperature), ("reference", reference))
        )
        names = self.rate_names + self.time_names
        given = dict(Q10) if isinstance(Q10, Mapping) else dict.fromkeys(names, Q10)
        changed: dict[str, Any] = {}
        for name, value in given.items():
            one_of(name, names, f"{where}.Q10")
            power = (warm - cool) / 10 * float(portable_math.log(np.float64(real(value, f"{where}.Q10", above=0.0))))
            factor = portable_math.exp(np.float64(power if name in self.rate_names else -power))
            changed[name] = np.asarray(getattr(self, name)) * factor
        return replace(self, **changed)  # type: ignore[type-var]  # every subclass is a dataclass
