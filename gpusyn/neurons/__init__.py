"""Neuron models and spike sources by name, one module each.

To add a model: a file here, a line below, and a file of the same name in ``kernels/neurons`` (docs/adding_a_neuron.md).
"""

from gpusyn.neurons.adex import AdEx
from gpusyn.neurons.base import Membrane, NeuronModel
from gpusyn.neurons.glif import GLIF
from gpusyn.neurons.hodgkin_huxley import HodgkinHuxley
from gpusyn.neurons.izhikevich import Izhikevich
from gpusyn.neurons.lif import LIF
from gpusyn.neurons.sources import GammaSource, PoissonSource, SpikeSource

__all__ = [
    "GLIF",
    "LIF",
    "NEURONS",
    "AdEx",
    "GammaSource",
    "HodgkinHuxley",
    "Izhikevich",
    "Membrane",
    "NeuronModel",
    "PoissonSource",
    "SpikeSource",
]

#: Every neuron model and source by the name of its class.
NEURONS: dict[str, type[NeuronModel]] = {
    name: kind
    for name, kind in globals().copy().items()
    if isinstance(kind, type) and issubclass(kind, NeuronModel) and kind not in (NeuronModel, Membrane)
}
