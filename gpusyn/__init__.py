"""gpusyn: a synaptic simulator with the same bits on numpy, compiled CPU and GPU.

Units are ms, mV, nS, pA, pF, Hz, mM and uM; all numbers are plain floats in these units.

>>> import gpusyn as gs
>>> net = gs.Network()
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Public name -> the module that has it (a module's own name stands for the module itself).
_HOME = {
    "ArgumentError": "errors",
    "BackendError": "errors",
    "FileError": "errors",
    "GpusynError": "errors",
    "MissingDependencyError": "errors",
    "ParameterError": "errors",
    "PlanMemoryError": "errors",
    "SimulationError": "errors",
    "UnknownNameError": "errors",
    "Network": "network",
    "Population": "populations",
    "Selection": "populations",
    "Projection": "projections",
    "Drive": "projections",
    "Injection": "projections",
    "Clamp": "projections",
    "Recorder": "projections",
    "Ratio": "projections",
    "Waveform": "waveform",
    "LIF": "neurons",
    "PoissonSource": "neurons",
    "SpikeSource": "neurons",
    "AMPA": "receptors",
    "NMDA": "receptors",
    "GABA_A": "receptors",
    "CurrentReceptor": "receptors",
    "Uniform": "distributions",
    "Normal": "distributions",
    "LogNormal": "distributions",
    "Exponential": "distributions",
    "Gamma": "distributions",
    "OneToOne": "connectivity.rules",
    "AllToAll": "connectivity.rules",
    "FixedProbability": "connectivity.rules",
    "FixedInDegree": "connectivity.rules",
    "FixedOutDegree": "connectivity.rules",
    "FixedTotalNumber": "connectivity.rules",
    "FromArrays": "connectivity.rules",
    "FromSparse": "connectivity.rules",
    "kinetics": "kinetics",
    "plan": "plan",
    "Simulator": "simulator",
    "open_results": "io.results_file",
    "plot": "plot",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'gpusyn' has no attribute {name!r}")
    module = importlib.import_module(f"gpusyn.{_HOME[name]}")
    return getattr(module, name, module)
