"""gpusyn: a synaptic simulator whose results have the same bits on numpy, on compiled CPU code and on a GPU.

Units are ms, mV, nS, pA, pF, Hz, mM and uM; all numbers are plain floats in these units.

>>> import gpusyn as gs
>>> net = gs.Network()
>>> cells = net.population("cells", 10, gs.LIF(), receptors=[gs.AMPA()])
>>> background = net.drive(cells, "AMPA", rate=1000.0, weight=2.0)
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from gpusyn import drugs, kinetics
from gpusyn.builder.plan import Plan
from gpusyn.connectivity import (
    AllToAll,
    Annulus,
    DistanceDelay,
    DistanceDependent,
    DistanceWeight,
    Ellipse,
    FixedInDegree,
    FixedOutDegree,
    FixedProbability,
    FixedTotalNumber,
    FromArrays,
    FromSparse,
    FromTable,
    OneToOne,
    Rectangle,
    Rule,
)
from gpusyn.drugs import Drug, Infusion
from gpusyn.errors import (
    ArgumentError,
    BackendError,
    FileError,
    GpusynError,
    ImmutableError,
    MissingDependencyError,
    ParameterError,
    PlanMemoryError,
    SimulationError,
    SweepError,
    UnknownNameError,
)
from gpusyn.network.coupling import Coupling
from gpusyn.network.network import Network
from gpusyn.network.populations import Population, Selection
from gpusyn.network.projections import Projection, Ratio
from gpusyn.network.recorder import Recorder, RecorderPair, SpikeRecorder, SynapseRecorder, TraceRecorder
from gpusyn.network.stimulus import Clamp, Drive, Injection
from gpusyn.neurons import (
    GLIF,
    LIF,
    AdEx,
    GammaSource,
    HodgkinHuxley,
    Izhikevich,
    NeuronModel,
    PoissonSource,
    SpikeSource,
)
from gpusyn.neurons.compartments import Compartments, Dendrite
from gpusyn.parameters.distributions import Distribution, Exponential, Gamma, LogNormal, Normal, Uniform
from gpusyn.parameters.noise import OrnsteinUhlenbeck, WhiteNoise
from gpusyn.parameters.waveform import Waveform
from gpusyn.plasticity import (
    STDP,
    CalciumSTDP,
    DopamineSTDP,
    HomeostaticScaling,
    InhibitorySTDP,
    LearningRule,
    NMDAPlasticity,
    Plasticity,
    QuantalRelease,
    Rewiring,
    TripletSTDP,
    TsodyksMarkram,
)
from gpusyn.receptors import (
    AMPA,
    GABA_A,
    GABA_B,
    NMDA,
    CurrentReceptor,
    DeltaReceptor,
    GlycineSite,
    MgBlock,
    Receptor,
    SlowUnblock,
)
from gpusyn.receptors.calcium import Calcium
from gpusyn.simulation.planning import plan
from gpusyn.utils.calls import no_attribute
from gpusyn.utils.version import __version__ as __version__

if TYPE_CHECKING:
    from gpusyn import measure as measure
    from gpusyn import models as models
    from gpusyn import plot as plot
    from gpusyn.io.results_file import Results as Results
    from gpusyn.io.results_file import open_results as open_results
    from gpusyn.results.spike_data import SpikeData as SpikeData
    from gpusyn.results.synapse_data import SynapseData as SynapseData
    from gpusyn.results.trace_data import TraceData as TraceData
    from gpusyn.simulation.simulator import Simulator as Simulator
    from gpusyn.simulation.sweeps import sweep as sweep

# Loaded on first use: public name -> its module.
_LAZY = {
    "Results": "gpusyn.io.results_file",
    "Simulator": "gpusyn.simulation.simulator",
    "SpikeData": "gpusyn.results.spike_data",
    "SynapseData": "gpusyn.results.synapse_data",
    "TraceData": "gpusyn.results.trace_data",
    "measure": "gpusyn.measure",
    "models": "gpusyn.models",
    "open_results": "gpusyn.io.results_file",
    "plot": "gpusyn.plot",
    "sweep": "gpusyn.simulation.sweeps",
}

__all__ = [
    "AMPA",
    "GABA_A",
    "GABA_B",
    "GLIF",
    "LIF",
    "NMDA",
    "STDP",
    "AdEx",
    "AllToAll",
    "Annulus",
    "ArgumentError",
    "BackendError",
    "Calcium",
    "CalciumSTDP",
    "Clamp",
    "Compartments",
    "Coupling",
    "CurrentReceptor",
    "DeltaReceptor",
    "Dendrite",
    "DistanceDelay",
    "DistanceDependent",
    "DistanceWeight",
    "Distribution",
    "DopamineSTDP",
    "Drive",
    "Drug",
    "Ellipse",
    "Exponential",
    "FileError",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "FromArrays",
    "FromSparse",
    "FromTable",
    "Gamma",
    "GammaSource",
    "GlycineSite",
    "GpusynError",
    "HodgkinHuxley",
    "HomeostaticScaling",
    "ImmutableError",
    "Infusion",
    "InhibitorySTDP",
    "Injection",
    "Izhikevich",
    "LearningRule",
    "LogNormal",
    "MgBlock",
    "MissingDependencyError",
    "NMDAPlasticity",
    "Network",
    "NeuronModel",
    "Normal",
    "OneToOne",
    "OrnsteinUhlenbeck",
    "ParameterError",
    "Plan",
    "PlanMemoryError",
    "Plasticity",
    "PoissonSource",
    "Population",
    "Projection",
    "QuantalRelease",
    "Ratio",
    "Receptor",
    "Recorder",
    "RecorderPair",
    "Rectangle",
    "Results",
    "Rewiring",
    "Rule",
    "Selection",
    "SimulationError",
    "Simulator",
    "SlowUnblock",
    "SpikeData",
    "SpikeRecorder",
    "SpikeSource",
    "SweepError",
    "SynapseData",
    "SynapseRecorder",
    "TraceData",
    "TraceRecorder",
    "TripletSTDP",
    "TsodyksMarkram",
    "Uniform",
    "UnknownNameError",
    "Waveform",
    "WhiteNoise",
    "drugs",
    "kinetics",
    "measure",
    "models",
    "open_results",
    "plan",
    "plot",
    "sweep",
]


if not TYPE_CHECKING:  # hidden from type checkers, which would take any name for one that is loaded on first use

    def __getattr__(name: str) -> Any:
        if name not in _LAZY:
            raise no_attribute(sys.modules[__name__], name, __all__)
        module = importlib.import_module(_LAZY[name])
        found = globals()[name] = getattr(module, name, module)
        return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
