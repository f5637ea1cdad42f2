"""Arguments that every public callable takes, the objects that only the library makes, and what is left out."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

import gpusyn as gs
from gpusyn import drugs, kinetics, measure, models, plot, sonata
from gpusyn.results import SpikeData, SynapseData, TraceData
from tests.fuzz.world import COURSE, T, World

io = importlib.import_module("gpusyn.io")
RATES = [[0.0, 0.2], [0.0, 0.0]]
SURPLUS = "*"  # the name under which arguments without a name are listed
IV = {"V": [-80.0, -40.0, 0.0, 40.0], "I": [-8.0, -4.0, 1.0, 5.0]}


def sparse() -> Any:
    scipy = importlib.import_module("scipy.sparse")
    return scipy.coo_array(([1.0, 2.0], ([0, 1], [1, 2])), shape=(3, 3))


#: Arguments of the functions and constructors whose defaults do not do.
ARGUMENTS: dict[Any, Callable[[World], dict[str, Any]]] = {
    gs.DopamineSTDP: lambda w: {
        "stdp": gs.STDP(),
        "tau_eligibility": 1000.0,
        "tau_dopamine": 200.0,
        "modulator": w.bg,
    },
    gs.HomeostaticScaling: lambda w: {"rate": 5.0, "tau": 10_000.0},
    gs.QuantalRelease: lambda w: {"n": 5, "p": 0.5, "cv": 0.3},
    gs.Compartments: lambda w: {"soma": gs.LIF(), "dendrites": {"apical": gs.Dendrite(), "basal": gs.Dendrite()}},
    gs.CurrentReceptor: lambda w: {"name": "x", "tau": 5.0},
    gs.DeltaReceptor: lambda w: {"name": "x", "refractory": "keep"},
    gs.DistanceDelay: lambda w: {"velocity": 1.0, "offset": 0.5},
    gs.Annulus: lambda w: {"inner_radius": 1.0, "outer_radius": 2.0, "anchor": (0.5, 0.0)},
    gs.DistanceDependent: lambda w: {"p": 0.5, "sigma": 1.0, "kernel": None, "extent": None, "positions": None},
    gs.DistanceWeight: lambda w: {"function": np.sqrt, "low": 0.0, "high": 9.0},
    gs.Drug: lambda w: {SURPLUS: ("x", drugs.GlycineSiteAntagonist(1.0))},
    gs.Ellipse: lambda w: {"major_axis": 2.0, "minor_axis": 1.0, "azimuth_angle": 30.0, "anchor": (0.5, 0.0)},
    gs.Exponential: lambda w: {"mean": 2.0, "low": 0.5, "high": 9.0},
    gs.FixedInDegree: lambda w: {"k": 2},
    gs.FixedOutDegree: lambda w: {"k": 2},
    gs.FixedProbability: lambda w: {"p": 0.5},
    gs.FixedTotalNumber: lambda w: {"n": 5},
    gs.FromArrays: lambda w: {"pre": [0, 1], "post": [1, 2]},
    gs.FromSparse: lambda w: {"matrix": sparse()},
    gs.FromTable: lambda w: {"frame": {"pre": [0, 1], "post": [1, 2], "w": [1.0, 2.0]}, "pre": "pre", "post": "post"},
    gs.Gamma: lambda w: {"shape": 2.0, "scale": 1.0},
    gs.LogNormal: lambda w: {"mean": 2.0, "std": 1.0},
    gs.WhiteNoise: lambda w: {"mean": 10.0, "std": 20.0, "dt": 0.5},
    gs.OrnsteinUhlenbeck: lambda w: {"mean": 10.0, "std": 20.0, "tau": 5.0},
    gs.Normal: lambda w: {"mean": 2.0, "std": 1.0},
    gs.Ratio: lambda w: {"receptor": "AMPA", "factor": 0.5},
    gs.Simulator: lambda w: {"net": w.other, "backend": "numpy"},
    gs.Rectangle: lambda w: {"lower_left": (-1.0, 0.0), "upper_right": (1.0, 2.0)},
    gs.Rewiring: lambda w: {"every": 10.0, "prune_below": 0.1, "weight": 0.5},
    gs.SpikeSource: lambda w: {"times": [[1.0, 2.0], [3.0]]},
    gs.Uniform: lambda w: {"low": 0.5, "high": 1.0},
    gs.Waveform: lambda w: {"times": [0.0, 1.0], "values": [1.0, 2.0]},
    gs.plan: lambda w: {"net": w.net},
    gs.sweep: lambda w: {"function": len, "values": ["a", "b"], "processes": 1},
    gs.open_results: lambda w: {"path": w.files.results},
    drugs.CompetitiveAntagonist: lambda w: {"receptor": "AMPA", "K": 1.0},
    drugs.DecayModulator: lambda w: {"receptor": "GABA_A", "extra": 0.5, "EC50": 1.0},
    drugs.GlycineSiteAntagonist: lambda w: {"K": 1.0},
    drugs.NonCompetitiveAntagonist: lambda w: {"receptor": "GABA_A", "IC50": 1.0},
    drugs.OpenChannelBlocker: lambda w: {"receptor": "NMDA", "k_on": 1e-3, "k_off": 1e-3},
    drugs.cheng_prusoff: lambda w: {"K_b": 1.0, "agonist": [1.0, 2.0], "EC50": 2.0},
    drugs.dose_ratio: lambda w: {"concentration": [1.0, 2.0], "K_b": 2.0},
    drugs.gaddum: lambda w: {"agonist": [1.0, 2.0], "antagonist": 3.0, "EC50": 2.0, "K_b": 1.0},
    drugs.hill: lambda w: {"concentration": [1.0, 2.0], "EC50": 2.0},
    drugs.remaining: lambda w: {"concentration": [1.0, 2.0], "K": 2.0},
    drugs.woodhull: lambda w: {"K": 1.0, "V": [-70.0, 40.0], "z_delta": 0.8},
    kinetics.Alpha: lambda w: {"tau": 2.0},
    kinetics.DualExponential: lambda w: {"tau_rise": 1.0, "tau_decay": 2.0},
    kinetics.Exponential: lambda w: {"tau": 2.0},
    kinetics.FirstOrder: lambda w: {"alpha": 1.0, "beta": 1.0},
    kinetics.Markov: lambda w: {"rates": RATES, "binding": [[0.0, 0.0], [1.1, 0.0]], "open": 1},
    measure.iv_curve: lambda w: {"receptors": gs.AMPA(), "V": [-60.0, 20.0, 40.0], "duration": 2.0, "backend": "numpy"},
    measure.negative_slope: lambda w: IV,
    measure.nernst: lambda w: {"outside": 140.0, "inside": 10.0},
    measure.nmda_ampa_ratio: lambda w: {
        "t": T,
        "at_minus_70": COURSE,
        "at_plus_40": -COURSE,
        "onset": 10.0,
        "late": 9.0,
    },
    measure.paired_pulse_ratio: lambda w: {"t": T, "current": COURSE + np.roll(COURSE, 200), "onsets": [10.0, 30.0]},
    measure.psc: lambda w: {"t": T, "current": COURSE, "onset": 10.0, "fit": False},
    measure.psp: lambda w: {"t": w.traces, "V": "V", "neuron": 0, "fit": False},
    measure.reversal_potential: lambda w: IV,
    measure.slope_conductance: lambda w: IV,
    models.brunel: lambda w: {
        **{"state": "AI", "g": 5.0, "nu_ext": 2.0, "J": 2.5, "C_E": 40},
        **{"delay": 1.5, "V_reset": 10.0, "scale": 0.02},
    },
    models.decision: lambda w: {"coherence": 0.1, "scale": 0.02, "seed": 1, "stimulus": (5.0, 100.0)},
    models.microcircuit: lambda w: {"scale": 0.001, "background": "dc", "initial": "original", "thalamus": 5.0},
    models.stdp: lambda w: {"scale": 0.02, "eta": 0.1, "rate": 5.0},
    models.vogels_abbott: lambda w: {
        "kind": "COBAHH",
        "scale": 0.02,
        "synapses": 10.0,
        "I_e": gs.Uniform(0.0, 9.0),
        "stimulation": 5.0,
    },
    models.working_memory: lambda w: {"scale": 0.02, "cue": (5.0, 10.0), "cue_rate": 100.0},
    plot.distributions: lambda w: {"spikes": w.spikes},
    plot.overview: lambda w: {"spikes": w.spikes, "traces": w.traces, "path": "x.png"},
    plot.raster: lambda w: {"spikes": w.spikes},
    plot.rates: lambda w: {"spikes": w.spikes},
    plot.traces: lambda w: {"data": w.traces},
    SpikeData: lambda w: {"populations": [("E", 2, None)], "times": [1.0], "ids": [0], "duration": 2.0},
    TraceData: lambda w: {
        "populations": [("E", 1, [3])],
        "variables": {"V": [[1.0], [2.0]]},
        "t": [1.0, 2.0],
        "units": {"V": "mV"},
    },
    SynapseData: lambda w: {
        **{"projection": "E->E:AMPA", "synapses": [3], "pre": [0], "post": [1]},
        **{"variables": {"weight": [[1.0], [2.0]]}, "t": [1.0, 2.0], "units": {"weight": "nS"}},
    },
    io.repair: lambda w: {"path": w.files.results},
    io.save: lambda w: {"path": "x.h5", "spikes": {"s": w.spikes}, "traces": {"t": w.traces}},
    sonata.build: lambda w: {"config": w.config},
    sonata.check_config: lambda w: {"path": w.files.config, "out": "out"},
    sonata.read_config: lambda w: {"path": w.files.config},
    sonata.run_config: lambda w: {
        "path": w.files.config,
        "backend": "numpy",
        "duration": 1.0,
        "out": "out",
        "echo": str,
    },
}

#: Arguments of methods, by class and name of the method; a method that needs none is not here.
METHOD_ARGUMENTS: dict[str, Callable[[World], dict[str, Any]]] = {
    "CalciumSTDP.published": lambda w: {"name": "DP"},
    "Network.population": lambda w: {"name": "new", "size": 2, "model": gs.LIF(), "receptors": [gs.AMPA()]},
    "Network.connect": lambda w: {
        **{"pre": w.bg, "post": w.E, "rule": gs.AllToAll()},
        **{"receptor": "AMPA", "weight": 1.0, "storage": "stored"},
    },
    "Network.couple": lambda w: {"A": w.E, "B": w.I, "rule": gs.AllToAll(), "conductance": 0.5},
    "Network.drive": lambda w: {"target": w.I, "receptor": "AMPA", "rate": 100.0, "weight": 1.0},
    "Network.inject": lambda w: {"target": w.E, "current": 100.0},
    "Network.clamp": lambda w: {"target": w.E, "V": -60.0},
    "Network.infuse": lambda w: {"drug": "NBQX", "concentration": 10.0, "stop": 5.0},
    "Network.record": lambda w: {"source": w.bg, "variables": "spikes"},
    "Population.receptor": lambda w: {"name": "AMPA"},
    "Simulator.run": lambda w: {"duration": 0.2},
    "Simulator.step": lambda w: {"n": 2},
    "Simulator.reset": lambda w: {"trial": 3},
    "Simulator.get": lambda w: {"target": w.E, "variable": "V"},
    "Simulator.set": lambda w: {"target": w.E, "variable": "V", "values": -60.0},
    "Simulator.weights": lambda w: {"projection": w.projection},
    "Simulator.gather": lambda w: {"recorder": w.spike_recorder},
    "Simulator.rewirings": lambda w: {"projection": w.rewired},
    "Simulator.set_weights": lambda w: {"projection": w.projection, "values": 0.5},
    "Simulator.save": lambda w: {"path": "x.h5"},
    "Simulator.save_checkpoint": lambda w: {"path": "state.h5"},
    "Simulator.load_checkpoint": lambda w: {"net": w.other, "path": w.files.checkpoint, "backend": "numpy"},
    "NMDAPlasticity.omega": lambda w: {"Ca": [0.1, 0.5]},
    "NMDAPlasticity.eta": lambda w: {"Ca": [0.1, 0.5]},
    "Waveform.sample": lambda w: {"t": [0.5, 1.0]},
    "Infusion.sample": lambda w: {"t": [0.5, 1.0]},
    "MgBlock.open_fraction": lambda w: {"V": [-70.0, 0.0], "Mg": 1.0},
    "Kinetics.at": lambda w: {"temperature": 35.0, "reference": 22.0},
    "SpikeData.counts": lambda w: {"population": "E"},
    "SpikeData.rate": lambda w: {"population": "E"},
    "SpikeData.binned_rate": lambda w: {"bin": 5.0},
    "SpikeData.fano": lambda w: {"window": 5.0},
    "Results.get": lambda w: {"key": "E:spikes"},
    "SynapseData.select": lambda w: {"synapses": [0]},
    "TraceData.select": lambda w: {"population": "E"},
    "SonataModel.part": lambda w: {"population": "cells"},
}

#: Further arguments of methods that do several things, by a name of their own.
VARIANTS: dict[str, tuple[str, Callable[[World], dict[str, Any]]]] = {
    "Simulator.get of a drive": ("sim.get", lambda w: {"target": w.drive, "variable": "weight"}),
    "Simulator.get of synapses": ("sim.get", lambda w: {"target": w.projection, "variable": "weight"}),
    "Simulator.set of a parameter": ("sim.set", lambda w: {"target": "E", "variable": "I_e", "values": 250.0}),
    "Simulator.set of an injection": ("sim.set", lambda w: {"target": w.injection, "variable": 300.0}),
    "Simulator.set of a drive": ("sim.set", lambda w: {"target": w.drive, "rate": 50.0, "weight": 0.5}),
    "Simulator.set of a clamp": ("sim.set", lambda w: {"target": w.clamp, "variable": -40.0}),
    "Simulator.set of a coupling": ("sim.set", lambda w: {"target": w.coupling, "variable": 0.5}),
    "Simulator.set of a source": ("sim.set", lambda w: {"target": w.bg, "rate": 5.0}),
    "Network.population of compartments": (
        "net.population",
        lambda w: {
            "name": "cells",
            "size": 2,
            "model": gs.Compartments(soma=gs.LIF(), dendrites={"apical": gs.Dendrite()}),
            "receptors": {"soma": [gs.GABA_A()], "apical": [gs.AMPA()]},
            "V": {"soma": -65.0, "apical": gs.Uniform(-70.0, -60.0)},
            "calcium": {"apical": gs.Calcium()},
        },
    ),
    "Simulator.set of a list": ("sim.set", lambda w: {"target": w.list, "times": [5.0, 6.0]}),
    "Simulator.run with checkpoints": (
        "sim.run",
        lambda w: {"duration": 0.2, "checkpoint": "state.h5", "checkpoint_every": 0.1},
    ),
    "Network.record of a projection": (
        "net.record",
        lambda w: {"source": w.projection, "variables": "weight", "every": 0.5, "synapses": [0, 3]},
    ),
}

#: Objects that only the library makes, for their methods and operators.
MADE: dict[type, Callable[[World], Any]] = {
    gs.Network: lambda w: w.net,
    gs.Population: lambda w: w.E,
    gs.Selection: lambda w: w.E[:3] + w.I,
    gs.Projection: lambda w: w.projection,
    gs.Coupling: lambda w: w.coupling,
    gs.Drive: lambda w: w.drive,
    gs.Injection: lambda w: w.injection,
    gs.Clamp: lambda w: w.clamp,
    gs.Infusion: lambda w: w.infusion,
    gs.Recorder: lambda w: w.spike_recorder,
    gs.Simulator: lambda w: w.sim,
    gs.Plan: lambda w: w.sim.plan,
    SpikeData: lambda w: w.spikes,
    SynapseData: lambda w: w.sim.data[w.synapse_recorder],
    TraceData: lambda w: w.traces,
    io.Results: lambda w: w.results,
    measure.IVCurve: lambda w: w.curve,
    sonata.Config: lambda w: w.config,
    sonata.SonataModel: lambda w: sonata.build(w.config),
}

#: Public names that are called by the library itself, with what it has checked, or that users write themselves.
EXEMPT = {
    "abstract; users write subclasses": {
        *("NeuronModel", "Receptor", "Action", "Kinetics", "Rule", "Distribution", "Plasticity", "LearningRule"),
    },
    "made by the library only": {
        *("Clamp", "Coupling", "Drive", "Infusion", "Injection", "Population", "Projection", "Recorder", "Selection"),
        *("Plan", "Plan.built", "RecorderPair", "SpikeRecorder", "SynapseRecorder", "TraceRecorder"),
        *("IVCurve", "NmdaAmpaRatio", "PSC", "PSP", "Results", "RecorderLayout", "StreamFile"),
        *("recorded_time", "sample_times"),
        *("CheckResult", "Config", "RunResult", "SonataModel", "SonataModel.start", "TypeRate"),
    },
    "Python's own methods of a mapping": {"Results.items", "Results.keys", "Results.values"},
    "entries of the table of SONATA templates": {"Cell", "Initial", "Parameter", "Synapse", "Template", "Variable"},
    "what a connection rule offers to the builder": {
        f"Rule.{name}"
        for name in ("bind", "blocks", "check", "checked_blocks", "column", "draw", "drawing_bytes", "expected")
    }
    | {f"Rule.{name}" for name in ("blocks_onto", "checked_rewire", "max_in_degree", "rewire")}
    | {f"Rule.{name}" for name in ("rewired_in_degree", "share")}
    | {f"DistanceDelay.{name}" for name in ("bind", "between", "bounds")}
    | {"DistanceDependent.between", "DistanceWeight.bind"}
    | {f"{mask}.{name}" for mask in ("Annulus", "Ellipse", "Rectangle") for name in ("box", "check", "contains")},
    "what a distribution offers to the builder": {
        *(
            "Distribution.draw",
            "Distribution.checked_draw",
            "Distribution.in_unit",
            "Distribution.law",
            "LogNormal.of_logarithm",
            "Waveform.in_unit",
            "Waveform.part",
        ),
    },
    "what a neuron model offers to the builder": {
        *("NeuronModel.advance", "NeuronModel.check_drawn", "NeuronModel.check_size", "NeuronModel.coefficients"),
        *("NeuronModel.drive", "NeuronModel.equations", "NeuronModel.follow", "NeuronModel.leak"),
        *("NeuronModel.adapt", "NeuronModel.reaches", "NeuronModel.restart", "NeuronModel.check_drawn_reset"),
        *("NeuronModel.most_events", "NeuronModel.rates", "NeuronModel.steady", "NeuronModel.check_reset"),
    },
    "what a rule of learning offers to the builder": {"LearningRule.coefficients"},
    "what a receptor offers to the builder": {
        *(
            "Receptor.effect_coefficients",
            "Receptor.effect_states",
            "Receptor.renamed",
            "MgBlock.coefficients",
            "Calcium.coefficients",
        )
    },
}
