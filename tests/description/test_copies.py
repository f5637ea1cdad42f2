"""Every description and every result can be pickled and copied; a copy is equal in every part, and simulates alike."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import gpusyn as gs
from tests.helpers.small_network import describe, simulator

WAYS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
    "deepcopy": copy.deepcopy,
}
#: Base classes, of which there is no object.
BASES = {"GpusynError", "Rule", "Distribution", "NeuronModel", "Receptor", "Kinetics", "Action", "Plasticity"}
BASES |= {"LearningRule"}


def public_classes() -> set[type]:
    """Return every class that users can name."""
    modules = [gs, *(part for name in gs.__all__ if inspect.ismodule(part := getattr(gs, name)))]
    named = [(name, getattr(module, name)) for module in modules for name in module.__all__]
    return {kind for name, kind in named if inspect.isclass(kind) and name not in BASES}


def objects(folder: Any) -> list[Any]:
    """Return an object of every public class; a class that is made without arguments needs no line here."""
    net = describe(before=True, after=True)
    cells = net.populations["E"]
    places = net.population("places", 4, gs.LIF(), receptors=[gs.GABA_B(), gs.NMDA()], positions=np.eye(4)[:, :3])
    listed = net.population("listed", 2, gs.SpikeSource([[1.0], [2.0, 3.0]]))
    net.connect(listed, places, gs.FromArrays([0, 1], [2, 3]), receptor="NMDA", weight=[1.0, 2.0])
    net.record("E->E:AMPA+NMDA", "weight_AMPA", every=1.0, synapses=[0, 2], name="synapses")
    star = gs.Compartments(soma=gs.AdEx(), dendrites={"apical": gs.Dendrite(g_c=gs.Uniform(5.0, 9.0))})
    both = {"soma": [gs.GABA_A()], "apical": [gs.AMPA(), gs.NMDA()]}
    net.population("star", 3, star, receptors=both, V={"apical": -60.0}, calcium={"apical": gs.Calcium(30.0)})
    net.inject("star", 50.0, compartment="apical")
    net.couple(cells, places, gs.FixedInDegree(2), gs.Uniform(0.1, 0.2))
    infusion, pair = net.infuse("ketamine", 10.0), net.record(cells, ["spikes", "V"], name="pair")
    made = [net, cells, cells[:3], places, listed, infusion, pair, *net.projections.values(), *net.recorders.values()]
    made += [part for each in net.populations.values() for part in (each.model, *each.receptors)]
    made += [*net.couplings.values(), *net.drives.values(), *net.injections.values(), *net.clamps.values()]
    made += [
        gs.Uniform(0.0, 1.0), gs.Normal(0.0, 1.0), gs.LogNormal(1.0, 0.5), gs.Exponential(1.0), gs.Gamma(2.0, 1.0),
        gs.FixedProbability(0.1), gs.FixedInDegree(1), gs.FixedOutDegree(1), gs.FixedTotalNumber(1), gs.OneToOne(),
        gs.AllToAll(), gs.FromArrays([0], [1]), gs.FromSparse(sparse.eye_array(3)),
        gs.FromTable({"pre": [0], "post": [1], "w": [0.5], "kind": ["x"]}),
        gs.DistanceDependent(0.5, sigma=1.0), gs.DistanceDelay(1.0, offset=2.0), gs.DistanceWeight(np.sqrt, high=9.0),
        gs.DistanceDependent(0.5, kernel=np.cos, mask=gs.Ellipse(2.0, 1.0, azimuth_angle=30.0)),
        gs.Rectangle((-1.0, 0.0), (1.0, 2.0)), gs.Annulus(1.0, 2.0, anchor=(0.0, 1.0)), gs.Ellipse(2.0, 1.0),
        gs.kinetics.Exponential(2.0), gs.kinetics.Alpha(2.0), gs.kinetics.DualExponential(1.0, 2.0),
        gs.kinetics.FirstOrder.AMPA(), gs.kinetics.Markov.AMPA(), gs.CurrentReceptor("fast", tau=2.0),
        gs.DeltaReceptor("delta", refractory="keep"), gs.GLIF(level=3), gs.LIF(theta_jump=1.0, tau_theta=[5.0, 9.0]),
        gs.QuantalRelease(n=5, p=0.5, cv=0.3),
        gs.TsodyksMarkram(U=[0.5, 0.2], tau_rec=gs.Uniform(100.0, 800.0), tau_psc=[3.0, 4.0]),
        gs.DopamineSTDP(gs.STDP(learns=gs.NMDA()), 1000.0, 200.0, modulator=listed),
        gs.CalciumSTDP.published("cortical slices", learns=gs.NMDA()), gs.HomeostaticScaling(5.0, 1e5),
        gs.Rewiring(every=500.0, prune_below=0.1, weight=gs.Uniform(0.2, 0.3)),
        gs.Ratio("AMPA", 0.1), gs.Waveform([0.0, 1.0], [1.0, 2.0]),
        gs.WhiteNoise(std=[1.0, 2.0]), gs.OrnsteinUhlenbeck(std=1.0, tau=2.0), gs.PoissonSource(rate=5.0),
        gs.GammaSource(5.0, [1.0, 2.0]),
    ]  # fmt: skip
    with simulator("numpy", net) as sim:
        sim.run(5.0)
        sim.save(folder / "run.h5")
        made += [*sim.data.values(), sim.weights("E->E:AMPA+NMDA"), sim.plan]
    drugs = gs.drugs.LIBRARY.values()
    return [*made, gs.open_results(folder / "run.h5"), *drugs, *(action for drug in drugs for action in drug.actions)]


def parts(thing: Any, seen: dict[int, int]) -> Any:
    """Return an object as nested tuples of plain values, arrays as bytes; what was met before is its number."""
    if callable(thing):
        return getattr(thing, "__qualname__", "")
    if isinstance(thing, (int, float, complex, str, bytes, Path, type(None))):
        return repr(thing)
    if id(thing) in seen:
        return "again", seen[id(thing)]
    seen[id(thing)] = len(seen)
    if isinstance(thing, np.ndarray) and thing.dtype != object:
        return thing.dtype.str, thing.shape, thing.tobytes()
    if isinstance(thing, dict):
        return type(thing), [(parts(k, seen), parts(v, seen)) for k, v in thing.items()]
    if isinstance(thing, (list, tuple, np.ndarray)):
        return type(thing), [parts(item, seen) for item in thing]
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ()) if hasattr(thing, name)]
    own = {**getattr(thing, "__dict__", {}), **{name: getattr(thing, name) for name in slots}}
    return type(thing), [(name, parts(value, seen)) for name, value in sorted(own.items())]


def without_arguments(kind: type) -> Any:
    """Return an object of a class that asks for nothing, of an error, or of a measure."""
    if issubclass(kind, Exception):
        return kind("place: what")
    measured = kind.__module__.startswith("gpusyn.measure")
    return kind(*map(float, range(len(dataclasses.fields(kind))))) if measured else kind()


def test_an_object_of_every_public_class_is_copied_in_every_way(tmp_path) -> None:
    things = objects(tmp_path)
    made = {type(thing) for thing in things}
    things += [without_arguments(kind) for kind in public_classes() - made - {gs.Simulator, gs.Recorder}]
    for thing in things:
        for way, copied in WAYS.items():
            same = parts(copied(thing), {}) == parts(thing, {})
            assert same, f"{way} of {thing!r}"


def test_a_copied_network_simulates_alike() -> None:
    net = describe()
    with simulator("numpy", net) as sim:
        sim.run(20.0)
        data = dict(sim.data)
    for copied in WAYS.values():
        again = copied(net)
        with simulator("numpy", again) as sim:
            sim.run(20.0)
            assert sim.data == data
            assert sim.data[again.recorders["spikes"]] == data["spikes"]


def test_a_simulator_is_not_copied_but_its_data_are() -> None:
    net = describe()
    with simulator("numpy", net) as sim:
        sim.run(5.0)
        for copied in (*WAYS.values(), copy.copy):
            with pytest.raises(gs.SimulationError, match=r"a Simulator cannot be copied.*sim.data\[recorder\]"):
                copied(sim)
            data = copied(sim.data)
            assert data == sim.data
            assert data[net.recorders["spikes"]] == data["spikes"] == sim.data["spikes"]
        before = len(data["traces"])
        sim.run(5.0)
        assert len(data["traces"]) == before < len(sim.data["traces"])
