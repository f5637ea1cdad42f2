"""Plasticity: synapses whose effect depends on the spikes that came before.

A projection takes at most one of each: short-term plasticity, random release, a rule of learning, homeostatic scaling,
and rewiring.

References
----------
Tsodyks & Markram (1997), The neural code between neocortical pyramidal neurons depends on neurotransmitter release
probability, PNAS 94:719-723. Markram, Wang & Tsodyks (1998), Differential signaling via the same axon of neocortical
pyramidal neurons, PNAS 95:5323-5328. Fuhrmann, Segev, Markram & Tsodyks (2002), Coding of temporal information by
activity-dependent synapses, J Neurophysiol 87:140-148. Song, Miller & Abbott (2000), Competitive Hebbian learning
through spike-timing-dependent synaptic plasticity, Nat Neurosci 3:919-926. Gutig, Aharonov, Rotter & Sompolinsky
(2003), Learning input correlations through nonlinear temporally asymmetric Hebbian plasticity, J Neurosci 23:3697-3714.
Pfister & Gerstner (2006), Triplets of spikes in a model of spike timing-dependent plasticity, J Neurosci 26:9673-9682.
Graupner & Brunel (2012), Calcium-based plasticity model explains sensitivity of synaptic changes to spike pattern,
rate, and dendritic location, PNAS 109:3991-3996. Izhikevich (2007), Solving the distal reward problem through linkage
of STDP and dopamine signaling, Cereb Cortex 17:2443-2452. Turrigiano, Leslie, Desai, Rutherford & Nelson (1998),
Activity-dependent scaling of quantal amplitude in neocortical neurons, Nature 391:892-896. Vogels, Sprekeler, Zenke,
Clopath & Gerstner (2011), Inhibitory plasticity balances excitation and inhibition in sensory pathways and memory
networks, Science 334:1569-1573. Shouval, Bear & Cooper (2002), A unified model of NMDA receptor-dependent bidirectional
synaptic plasticity, PNAS 99:10831-10836. Butz & van Ooyen (2013), A simple rule for dendritic spine and axonal bouton
formation can account for cortical reorganization after focal retinal lesions, PLoS Comput Biol 9:e1003259.
"""

from gpusyn.plasticity.base import LearningRule, Plasticity, Trace, TracePair, WeightRule
from gpusyn.plasticity.calcium import CalciumSTDP
from gpusyn.plasticity.dopamine import DopamineSTDP
from gpusyn.plasticity.nmda import NMDAPlasticity
from gpusyn.plasticity.rewiring import Rewiring
from gpusyn.plasticity.scaling import HomeostaticScaling
from gpusyn.plasticity.short_term import QuantalRelease, TsodyksMarkram
from gpusyn.plasticity.stdp import STDP, InhibitorySTDP
from gpusyn.plasticity.triplet import TripletSTDP

__all__ = [
    "STDP",
    "CalciumSTDP",
    "DopamineSTDP",
    "HomeostaticScaling",
    "InhibitorySTDP",
    "LearningRule",
    "NMDAPlasticity",
    "Plasticity",
    "QuantalRelease",
    "Rewiring",
    "Trace",
    "TracePair",
    "TripletSTDP",
    "TsodyksMarkram",
    "WeightRule",
]
