"""Recorded data: spikes and sampled variables as numpy arrays, with the neurons to which they belong.

Both number the neurons by *position in the recorded selection*: 0 is the first neuron of the first part of a union such
as ``E + I[:10]``. The population and the local id, by which SONATA identifies a neuron, follow from the position.
Synapses are traces of a projection instead of a population.
"""

from gpusyn.results.recorded_neurons import recorded_time, sample_times
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.synapse_data import SynapseData
from gpusyn.results.trace_data import TraceData

__all__ = ["SpikeData", "SynapseData", "TraceData", "recorded_time", "sample_times"]
