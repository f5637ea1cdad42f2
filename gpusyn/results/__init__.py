"""What a recorder has seen: spikes and sampled variables as numpy arrays, with the neurons they belong to.

Both kinds count neurons by their *position in the recorded selection*: 0 is the first neuron of the first
part of a union such as ``E + I[:10]``. Population and local id, SONATA's pair, are derived from it.
"""

from gpusyn.results.recorded_neurons import sample_times
from gpusyn.results.spike_data import SpikeData
from gpusyn.results.trace_data import TraceData

__all__ = ["SpikeData", "TraceData", "sample_times"]
