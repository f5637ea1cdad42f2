"""Methods of a network that add input from outside: drive, inject, clamp and infuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy.typing as npt

from gpusyn.drugs import LIBRARY, Drug, Infusion
from gpusyn.errors import ParameterError
from gpusyn.network.compartment_names import checked_compartment
from gpusyn.network.populations import Selection
from gpusyn.network.projections import receptor_at, weight_value
from gpusyn.network.registry import NetworkObjects
from gpusyn.network.stimulus import Clamp, Drive, Injection
from gpusyn.neurons.compartments import SOMA
from gpusyn.parameters.noise import Noise, injected
from gpusyn.parameters.scalars import instance, one_of, public, real
from gpusyn.parameters.waveform import HIGHEST_RATE, Waveform, number_array_or_waveform, rate_limit, time_window

if TYPE_CHECKING:
    from gpusyn.parameters.distributions import Distribution
    from gpusyn.receptors import Receptor

Values = float | npt.ArrayLike


class NetworkInputs(NetworkObjects):
    """Methods of :class:`gpusyn.Network` that add input from outside the network."""

    @public
    def drive(
        self,
        target: Selection | str,
        receptor: Receptor | str,
        *,
        rate: Values | Waveform,
        weight: Values | Distribution,
        rate_max: float | None = None,
        start: float = 0.0,
        stop: float | None = None,
        name: str | None = None,
    ) -> Drive:
        """Give each neuron of `target` its own, independent Poisson input.

        Parameters
        ----------
        target : Selection or str
            Neurons of this network, or the name of a population; spike sources are not allowed.
        receptor : Receptor or str
            Receptor at which the input arrives, or its name; its kinetics must be linear.
        rate : float, array_like, shape (target.size,), or Waveform
            Rate of the input to each neuron (Hz), 0 to 1e6; a Waveform has values for all, or a column for each neuron.
        weight : float, array_like, shape (target.size,), or Distribution
            Weight of each event, one per neuron (nS and >= 0; pA of a CurrentReceptor and mV of a DeltaReceptor, of any
            sign).
        rate_max : float, optional
            Largest rate (Hz) to which `Simulator.set` may change the rate; by default the largest rate given. The
            integer sums of the receptor are planned for it.
        start : float
            Time at which the input begins (ms), >= 0.
        stop : float, optional
            Time at which the input ends (ms); by default it never ends.
        name : str, optional
            Unique name; by default ``drive->target:receptor``, numbered if it is taken.

        Returns
        -------
        Drive

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If a value is out of range, an array or a Waveform has the wrong number of values, the target has spike
            sources or belongs to another network or has another receptor of the same name, the receptor saturates at
            each synapse, or the name is taken.
        UnknownNameError
            If a population of the target has no such receptor.
        SimulationError
            If a simulator uses the network.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> cells = net.population("cells", 10, gs.LIF(), receptors=gs.AMPA())
        >>> net.drive(cells, "AMPA", rate=1000.0, weight=2.0).name
        'drive->cells:AMPA'
        """
        here = "Network.drive()"
        target = self._own(target, f"{here}.target")
        kind = receptor_at(target, receptor, here)
        for population in target.populations:
            own = population.receptor(kind.name)
            if own is not None and not own.kinetics.linear:
                raise ParameterError(
                    f"{here}: receptor {kind.name!r} of {population.name!r} has {own.kinetics!r}, "
                    "which saturates at each synapse separately; "
                    f"connect a gs.PoissonSource population of {target.size} neurons with gs.OneToOne()"
                )
        name = self._free_name("drive", name, f"drive->{target.name}:{kind.name}")
        where = f"Drive {name!r}"
        rates = number_array_or_waveform(rate, target.size, f"{where}.rate", unit="Hz", low=0.0, high=HIGHEST_RATE)
        weights = weight_value(weight, kind, target.size, f"{where}.weight", per="neuron")
        bound = rate_limit(rates, rate_max, f"{where}.rate_max")
        window = time_window(start, stop, where)
        return self._add("drive", Drive(name, target, kind.name, rates, weights, *window, bound))

    @public
    def inject(
        self,
        target: Selection | str,
        current: Values | Waveform | Noise,
        *,
        start: float = 0.0,
        stop: float | None = None,
        compartment: str = SOMA,
        name: str | None = None,
    ) -> Injection:
        """Inject a current into every neuron of `target`.

        Parameters
        ----------
        target : Selection or str
            Neurons of this network, or the name of a population; spike sources are not allowed.
        current : float, array_like, shape (target.size,), Waveform, WhiteNoise or OrnsteinUhlenbeck
            Current into each neuron (pA); positive is inward (depolarising). A Waveform has values for all, or a column
            for each neuron. Noise is independent for each neuron.
        start : float
            Time at which the current begins (ms), >= 0.
        stop : float, optional
            Time at which the current ends (ms); by default it never ends.
        compartment : str
            Compartment into which it flows: the soma, or a dendrite of Compartments by its name.
        name : str, optional
            Unique name; by default ``inject->target``, or ``inject->target.apical`` for a dendrite, numbered if it is
            taken.

        Returns
        -------
        Injection

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If a value is out of range, an array or a Waveform has the wrong number of values, the target has spike
            sources or belongs to another network, or the name is taken.
        UnknownNameError
            If a population of the target has no such compartment.
        SimulationError
            If a simulator uses the network.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> cell = net.population("cell", 1, gs.LIF())
        >>> net.inject(cell, 200.0, start=10.0, stop=60.0).stop
        60.0
        """
        target = self._own_neurons(target, "Network.inject()")
        where = checked_compartment(target, compartment, "Network.inject().compartment")
        name = self._free_name("injection", name, f"inject->{_place(target, where)}")
        here = f"Injection {name!r}"
        kept = injected(current, target.size, f"{here}.current")
        return self._add("injection", Injection(name, target, kept, *time_window(start, stop, here), where))

    @public
    def clamp(
        self, target: Selection | str, V: Values | Waveform, *, compartment: str = SOMA, name: str | None = None
    ) -> Clamp:
        """Hold every neuron of `target` at a command potential.

        Parameters
        ----------
        target : Selection or str
            Neurons of this network, or the name of a population; spike sources are not allowed, and no neuron may
            already be clamped.
        V : float, array_like, shape (target.size,), or Waveform
            Command potential of each neuron (mV); a Waveform has values for all, or a column for each neuron.
        compartment : str
            Compartment that is clamped: the soma, or a dendrite of Compartments by its name.
        name : str, optional
            Unique name; by default ``clamp->target``, or ``clamp->target.apical`` for a dendrite, numbered if it is
            taken.

        Returns
        -------
        Clamp

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If a potential is out of range, an array or a Waveform has the wrong number of values, the target has spike
            sources, clamped neurons or neurons of another network, or the name is taken.
        UnknownNameError
            If a population of the target has no such compartment.
        SimulationError
            If a simulator uses the network.

        Examples
        --------
        >>> import gpusyn as gs
        >>> net = gs.Network()
        >>> cell = net.population("cell", 1, gs.LIF())
        >>> net.clamp(cell, gs.Waveform([0.0, 100.0], [-70.0, 40.0])).name
        'clamp->cell'
        """
        target = self._own_neurons(target, "Network.clamp()")
        where = checked_compartment(target, compartment, "Network.clamp().compartment")
        for other in self.clamps.values():
            if other.compartment == where and other.target.key_spans.common(target.key_spans):
                raise ParameterError(
                    f"Network.clamp().target: {target.name} has neurons that {other.name!r} already clamps; "
                    "a compartment of a neuron can have one clamp: change its V over time with a gs.Waveform"
                )
        name = self._free_name("clamp", name, f"clamp->{_place(target, where)}")
        kept = number_array_or_waveform(V, target.size, f"Clamp {name!r}.V", potential=True, unit="mV")
        return self._add("clamp", Clamp(name, target, kept, where))

    @public
    def infuse(
        self,
        drug: str | Drug,
        concentration: float,
        start: float = 0.0,
        stop: float | None = None,
        *,
        wash_in: float = 0.0,
        wash_out: float = 0.0,
        name: str | None = None,
    ) -> Infusion:
        """Put a drug into the bath of the whole network.

        Parameters
        ----------
        drug : str or Drug
            Name of a drug in ``gs.drugs.LIBRARY``, or a drug of your own.
        concentration : float
            Final concentration (uM), > 0. The concentrations of several infusions of one drug add up.
        start : float
            Time at which the infusion begins (ms), >= 0.
        stop : float, optional
            Time at which the infusion ends (ms); by default it never ends.
        wash_in, wash_out : float
            Time constants of the rise after `start` and of the decay after `stop` (ms), >= 0; 0 makes the change
            instantaneous. `wash_out` needs `stop`.
        name : str, optional
            Unique name; by default ``infuse->drug``, numbered if it is taken.

        Returns
        -------
        Infusion

        Raises
        ------
        ArgumentError
            If an argument has the wrong type.
        ParameterError
            If a value is out of range, `wash_out` is given without `stop`, or the name is taken.
        UnknownNameError
            If the library has no drug of this name.
        SimulationError
            If a simulator uses the network.

        Examples
        --------
        >>> import gpusyn as gs
        >>> bath = gs.Network().infuse("CNQX", 10.0, start=100.0, wash_in=50.0)
        >>> bath.sample([100.0, 150.0, 1000.0]).round(2)
        array([ 0.  ,  6.32, 10.  ])
        """
        here = "Network.infuse().drug"
        if isinstance(drug, str):
            drug = LIBRARY[one_of(drug, LIBRARY, here)]
        instance(drug, Drug, here, f"a gs.Drug, or one of the names {', '.join(LIBRARY)}")
        name = self._free_name("infusion", name, f"infuse->{drug.name}")
        where = f"Infusion {name!r}"
        dose = real(concentration, f"{where}.concentration", unit="uM", above=0.0)
        window = time_window(start, stop, where)
        taus = [
            real(tau, f"{where}.{end}", unit="ms", low=0.0)
            for end, tau in (("wash_in", wash_in), ("wash_out", wash_out))
        ]
        if stop is None and taus[1]:
            raise ParameterError(
                f"{where}.wash_out: needs a stop= from which the drug is washed out (got {taus[1]:g}); give stop= too"
            )
        return self._add("infusion", Infusion(name, drug, dose, *window, *taus))


def _place(target: Selection, compartment: str) -> str:
    """Return the name of a selection, with that of a dendrite if one is meant."""
    return target.name if compartment == SOMA else f"{target.name}.{compartment}"
