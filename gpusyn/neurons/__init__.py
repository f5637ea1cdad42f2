"""Neuron models and spike sources, one a module."""

from gpusyn.neurons.adex import AdEx
from gpusyn.neurons.base import Membrane, NeuronModel
from gpusyn.neurons.hodgkin_huxley import HodgkinHuxley
from gpusyn.neurons.izhikevich import Izhikevich
from gpusyn.neurons.lif import LIF
from gpusyn.neurons.sources import PoissonSource, SpikeSource

__all__ = [
    "LIF",
    "NEURONS",
    "AdEx",
    "HodgkinHuxley",
    "Izhikevich",
    "Membrane",
    "NeuronModel",
    "PoissonSource",
    "SpikeSource",
]

#: Every neuron model and source by the name of its class.
NEURONS: dict[str, type[NeuronModel]] = {
    model.__name__: model for model in (LIF, AdEx, Izhikevich, HodgkinHuxley, PoissonSource, SpikeSource)
}
