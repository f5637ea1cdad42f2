"""What was set between runs, and is in force: parameters of neurons, inputs, and how often values were drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpusyn.builder.inputs.spike_lists import ListedSpikes
from gpusyn.builder.layout import Description
from gpusyn.parameters.noise import Noise
from gpusyn.parameters.waveform import Waveform
from gpusyn.simulation.access import Access
from gpusyn.simulation.targets import here
from gpusyn.utils.typing import Array, Floats

Times = Any  # Floats, or a tuple of them


def inputs_in_force(access: Access) -> dict[str, Any]:
    """Return everything that is no longer as the network describes it."""
    compiled = access.compiled
    now, first = compiled.inputs, compiled.described
    models: dict[str, Any] = {name: model for name, model in now.models.items() if model is not first.models[name]}
    return {
        "parameters": {
            name: {key: _saved(value) for key, value in access.in_force(access.net.populations[name]).items()}
            for tables in compiled.neurons
            for name, p in tables.parameters.items()
            if p is not tables.described[name]
        },
        "injections": {
            name: _saved(one.current)
            for name, one in now.injections.given.items()
            if one is not first.injections.given[name]
        },
        "clamps": {
            name: _saved(one.V) for name, one in now.clamps.given.items() if one is not first.clamps.given[name]
        },
        "couplings": {
            name: _saved(one.conductance)
            for name, one in compiled.junctions.couplings.items()
            if one is not compiled.layout.net.couplings[name]
        },
        "drives": {name: _changed_drive(one, first.drives[name]) for name, one in now.drives.items()},
        "rates": {name: _saved(model.rate) for name, model in models.items() if "rate" in model.values},
        "times": {
            name: _saved_times(model.times) | now.spike_lists.found[name]._asdict()
            for name, model in models.items()
            if "times" in model.values
        },
        "draws": access.drawn.counts,
    }


def _changed_drive(now: Any, first: Any) -> dict[str, Any]:
    names = [name for name in ("rate", "weight") if getattr(now, name) is not getattr(first, name)]
    return {name: _saved(getattr(now, name)) for name in names}


def put_inputs(access: Access, net: Description, found: dict[str, Any], step: int) -> None:
    """Put what was saved in force at step `step`."""
    for name, values in found["parameters"].items():
        access.parameters.put(net.populations[name], {key: _loaded(value) for key, value in values.items()})
    for name, value in found["injections"].items():
        injection = net.injections[name]
        access.inputs.set_injection(injection, _loaded(value), here(injection, "current"))
    for name, value in found["clamps"].items():
        access.inputs.set_clamp(net.clamps[name], _loaded(value), here(net.clamps[name], "V"))
    for name, value in found.get("couplings", {}).items():  # older checkpoints have none
        access.junctions.put(net.couplings[name], _loaded(value))
    for name, values in found["drives"].items():
        if values:
            access.inputs.set_drive(net.drives[name], {key: _loaded(value) for key, value in values.items()})
    for name, value in found["rates"].items():
        access.inputs.set_rates(net.populations[name], _loaded(value), here(net.populations[name], "rate"))
    for name, lists in found["times"].items():
        spikes = ListedSpikes(*(lists[field] for field in ListedSpikes._fields))
        access.inputs.put_times(name, _loaded_times(lists), spikes, step)
    access.drawn.counts.update(found["draws"])


def _saved(value: Any) -> Any:
    """Return a number, an array, a waveform or noise as a tree."""
    if isinstance(value, Noise):
        return {"noise": value.kind} | {name: _saved(one) for name, one in value.values.items()}
    if isinstance(value, Waveform):
        return {"times": value.times, "values": value.values, "interpolation": value.interpolation}
    return np.asarray(value) if isinstance(value, np.ndarray) else float(value)


def _loaded(value: Any) -> float | Floats | Waveform | Noise:
    if isinstance(value, dict) and "noise" in value:
        kind = next(kind for kind in Noise.__subclasses__() if kind.__name__ == value["noise"])
        return kind(**{name: value[name] for name in kind.PARAMETERS})
    if isinstance(value, dict):
        return Waveform(value["times"], value["values"], value["interpolation"])
    loaded: float | Floats = value
    return loaded


def _saved_times(times: Times) -> dict[str, Array]:
    """Return listed times as arrays: one list for all sources, or the length of the list of each."""
    if not isinstance(times, tuple):
        return {"list": times}
    return {"lengths": np.array([len(one) for one in times]), "list": np.concatenate([np.zeros(0), *times])}


def _loaded_times(found: dict[str, Array]) -> Times:
    if "lengths" not in found:
        return found["list"]
    return tuple(np.split(found["list"], np.cumsum(found["lengths"])[:-1]))
