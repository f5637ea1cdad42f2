"""The objects of a network by name, and the check that an object belongs to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import count
from types import MappingProxyType
from typing import Any, Literal, TypeVar
from weakref import WeakSet

from gpusyn.drugs.infusion import Infusion
from gpusyn.errors import ParameterError, SimulationError
from gpusyn.network.coupling import Coupling
from gpusyn.network.description import as_html, as_text, tables_of
from gpusyn.network.populations import Population, Selection
from gpusyn.network.projections import Projection
from gpusyn.network.recorder import Recorder
from gpusyn.network.stimulus import Clamp, Drive, Injection
from gpusyn.parameters.scalars import instance, object_name, one_of, public
from gpusyn.utils.calls import Hinting

Anything = TypeVar("Anything")
Kind = Literal["population", "projection", "coupling", "drive", "injection", "clamp", "infusion", "recorder"]

_METHODS: dict[Kind, str] = {
    "population": "population",
    "projection": "connect",
    "coupling": "couple",
    "drive": "drive",
    "injection": "inject",
    "clamp": "clamp",
    "infusion": "infuse",
    "recorder": "record",
}


class NetworkObjects(Hinting):
    """The objects that were added to a network, by kind and name; names are unique among all kinds."""

    @public
    def __init__(self) -> None:
        self._objects: dict[Kind, dict[str, Any]] = {kind: {} for kind in _METHODS}
        # Simulators of this network that are not closed; one that nobody refers to any more is not among them.
        self._users: WeakSet[object] = WeakSet()

    def __getstate__(self) -> dict[Kind, dict[str, Any]]:
        """Return what a copy has: the same objects in mappings of its own, and no simulator."""
        return {kind: dict(found) for kind, found in self._objects.items()}

    def __setstate__(self, objects: dict[Kind, dict[str, Any]]) -> None:
        self._objects, self._users = objects, WeakSet()

    @property
    def populations(self) -> Mapping[str, Population]:
        """Populations by name, in order of creation."""
        return MappingProxyType(self._objects["population"])

    @property
    def projections(self) -> Mapping[str, Projection]:
        """Projections by name, in order of creation."""
        return MappingProxyType(self._objects["projection"])

    @property
    def couplings(self) -> Mapping[str, Coupling]:
        """Gap junctions by name, in order of creation."""
        return MappingProxyType(self._objects["coupling"])

    @property
    def drives(self) -> Mapping[str, Drive]:
        """Poisson drives by name, in order of creation."""
        return MappingProxyType(self._objects["drive"])

    @property
    def injections(self) -> Mapping[str, Injection]:
        """Injected currents by name, in order of creation."""
        return MappingProxyType(self._objects["injection"])

    @property
    def clamps(self) -> Mapping[str, Clamp]:
        """Voltage clamps by name, in order of creation."""
        return MappingProxyType(self._objects["clamp"])

    @property
    def infusions(self) -> Mapping[str, Infusion]:
        """Drugs in the bath by name, in order of creation."""
        return MappingProxyType(self._objects["infusion"])

    @property
    def recorders(self) -> Mapping[str, Recorder]:
        """Recorders by name, in order of creation."""
        return MappingProxyType(self._objects["recorder"])

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(found)} {kind}{'s' * (len(found) != 1)}" for kind, found in self._objects.items())
        return f"Network({counts})"

    def _repr_html_(self) -> str:
        return as_html(tables_of(self._objects))

    @public
    def describe(self) -> str:
        """Return the network as the tables of a publication: populations, models, connectivity, input, measurements.

        Returns
        -------
        str
            Tables after Nordlie, Gewaltig & Plesser (2009), PLoS Comput Biol 5: e1000456. A notebook shows a network as
            the same tables.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> noise = net.population("noise", 1000, gs.PoissonSource(rate=20.0))
        >>> print(net.describe())
        Model summary
        <BLANKLINE>
        item           description
        -------------  -------------
        populations    noise
        neuron models  PoissonSource
        <BLANKLINE>
        Populations
        <BLANKLINE>
        name   elements       size   initial V
        -----  -------------  -----  ---------
        noise  PoissonSource  1,000  -
        <BLANKLINE>
        Neuron models
        <BLANKLINE>
        populations  model          parameters
        -----------  -------------  ------------
        noise        PoissonSource  rate = 20 Hz
        """
        return as_text(tables_of(self._objects))

    def _add(self, kind: Kind, made: Anything) -> Anything:
        self._objects[kind][made.name] = made  # type: ignore[attr-defined]
        return made

    def _free_name(self, kind: Kind, name: Any, default: str) -> str:
        """Return the name of a new object: the default one, numbered if it is taken, or the given one.

        Names key the random streams, so the name of an object must not depend on those that are added after it.
        """
        self._check_unused(f"Network.{_METHODS[kind]}()")
        if name is None and default:
            return self._unused_name(default)
        where = f"Network.{_METHODS[kind]}().name"
        chosen = object_name(name, where)
        taken = self._kind_of(chosen)
        if taken is not None:
            article = "an" if taken[0] in "aeiou" else "a"
            raise ParameterError(
                f"{where}: {chosen!r} is already the name of {article} {taken} of this network, "
                "and names are the keys of the random streams; choose another"
            )
        return chosen

    def _kind_of(self, name: str) -> Kind | None:
        """Return the kind of the object that has a name."""
        return next((kind for kind, found in self._objects.items() if name in found), None)

    def _unused_name(self, wanted: str, reserved: Collection[str] = ()) -> str:
        """Return a name that no object has and that is not reserved: the wanted one, or ``wanted #2`` and so on."""
        numbered = (wanted if number == 1 else f"{wanted} #{number}" for number in count(1))
        return next(name for name in numbered if self._kind_of(name) is None and name not in reserved)

    def _use(self, simulator: object) -> None:
        """Close the network to changes, until `_release` is called or the simulator is gone."""
        self._users.add(simulator)

    def _release(self, simulator: object) -> None:
        """Open the network to changes, unless another simulator uses it."""
        self._users.discard(simulator)

    def _check_unused(self, here: str) -> None:
        if self._users:
            many = "a Simulator" if len(self._users) == 1 else f"{len(self._users)} Simulators"
            raise SimulationError(
                f"{here}: the network is in use by {many}, which would not notice the change; change it before, "
                "or use sim.set(...) for inputs and parameters; close the simulator with sim.close(), "
                "or take copy.copy(net), to change the network for another one"
            )

    def _own(self, selection: Any, where: str) -> Selection:
        """Return one of this network's populations, given itself or by name, or a selection of them."""
        if isinstance(selection, str):
            return self.populations[one_of(selection, self.populations, where)]
        found: Selection = instance(
            selection, Selection, where, "a population or its name, or a selection such as E[:10] or E + I"
        )
        for population in found.populations:
            if self.populations.get(population.name) is not population:
                raise ParameterError(
                    f"{where}: population {population.name!r} belongs to another network; "
                    "use one that this network's population() returned"
                )
        return found

    def _own_neurons(self, target: Any, here: str, argument: str = "target") -> Selection:
        """Return a selection of this network's neurons, as `_own` does; refuse spike sources."""
        found = self._own(target, f"{here}.{argument}")
        for population in found.populations:
            if population.is_source:
                raise ParameterError(
                    f"{here}.{argument}: {population.name!r} is a {population.model.kind}, which has no membrane; "
                    "give neurons, such as gs.LIF"
                )
        return found
