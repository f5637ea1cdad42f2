"""Kinetics: the response of a receptor's gate to presynaptic spikes.

For `Exponential`, `Alpha` and `DualExponential` a weight is the peak conductance (or current) of one event. The gates
of the others saturate, and a weight is the conductance with all channels open. Times are in ms, concentrations in mM.

References
----------
Destexhe, Mainen & Sejnowski (1994), An efficient method for computing synaptic conductances based on a
kinetic model of receptor binding, Neural Computation 6:14-18. Destexhe, Mainen & Sejnowski (1998), Kinetic
models of synaptic transmission, in Koch & Segev (eds), Methods in Neuronal Modeling, 2nd ed., pp. 1-25; rates
as in the authors' NEURON mechanisms (ModelDB 18198 and 18500). Wang (1999), Synaptic basis of cortical persistent
activity, J Neurosci 19:9587-9603. Brunel & Wang (2001), Effects of neuromodulation in a cortical network model of
object working memory dominated by recurrent inhibition, J Comput Neurosci 11:63-85.
"""

from typing import TYPE_CHECKING

from gpusyn.kinetics.base import Kinetics
from gpusyn.kinetics.linear import Alpha, DualExponential, Exponential
from gpusyn.kinetics.markov import Markov
from gpusyn.kinetics.pulsed import FirstOrder, GProtein
from gpusyn.kinetics.saturating import Saturating
from gpusyn.utils.calls import getattr_of

__all__ = ["Alpha", "DualExponential", "Exponential", "FirstOrder", "GProtein", "Kinetics", "Markov", "Saturating"]

if not TYPE_CHECKING:  # hidden from type checkers, which would take any name for an attribute
    __getattr__ = getattr_of(__name__, __all__)
