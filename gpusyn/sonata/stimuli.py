"""Currents and voltage clamps of a configuration, as gpusyn's injections and clamps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gpusyn.errors import FileError
from gpusyn.network.network import Network
from gpusyn.network.populations import Population, Selection
from gpusyn.parameters.waveform import Waveform
from gpusyn.sonata.circuit import Circuit
from gpusyn.sonata.configured_inputs import ClampInput, CurrentInput
from gpusyn.sonata.drafts import Draft, membranes
from gpusyn.sonata.findings import Findings
from gpusyn.sonata.grid import check_grid
from gpusyn.utils.typing import Integers

__all__ = ["Stimulus", "add_stimulus", "chosen", "stimulus"]

Places = list[tuple[Draft, Integers]]


@dataclass(frozen=True)
class Stimulus:
    """A current or a clamp, and the neurons that it reaches."""

    spec: CurrentInput | ClampInput
    places: Places


def stimulus(
    spec: CurrentInput | ClampInput,
    circuit: Circuit,
    drafts: Mapping[str, Sequence[Draft]],
    dt: float,
    duration: float,
    findings: Findings,
) -> Stimulus | None:
    """Return a stimulus, or ``None`` if its node set contains no node.

    Raises
    ------
    FileError
        If all nodes are virtual, some take spikes only, or a clamp does not last for the whole run.
    ParameterError
        If a step of a clamp is not a multiple of `dt`.
    """
    where = f"{spec.where}.node_set"
    if isinstance(spec, ClampInput):
        with findings.step():
            if spec.times[0] > 0 or spec.stop < duration:
                raise FileError(
                    f"{spec.where}: clamps from {spec.times[0]:g} to {spec.stop:g} ms, but gpusyn clamps for the whole "
                    f"run (0 to {duration:g} ms); give another duration, or the run that of the clamp"
                )
        with findings.step():
            check_grid(spec.times, dt, f"{spec.where}.durations", low=0)
    wanted = circuit.select(spec.node_set, where, findings)
    if not wanted:
        return None
    places = membranes(drafts, wanted, where, findings)
    for one, _ in places:
        if one.cell and not one.cell.membrane:
            raise FileError(f"{where}: nodes of {one.template} take spikes, no currents or clamps; leave them out")
    return Stimulus(spec, places) if places else None


def chosen(places: Places, populations: Mapping[Draft, Population]) -> Selection:
    """Return the selection of some neurons."""
    first, *others = (populations[draft][inside] for draft, inside in places)
    for other in others:
        first = first + other
    return first


def add_stimulus(net: Network, one: Stimulus, populations: Mapping[Draft, Population]) -> None:
    """Add the injection or the clamp."""
    spec, target = one.spec, chosen(one.places, populations)
    constant = bool(np.ptp(spec.values) == 0)
    if isinstance(spec, ClampInput):
        V = float(spec.values[0]) if constant else Waveform(spec.times, spec.values)
        net.clamp(target, V, name=net._unused_name(spec.name))
    else:
        wave = Waveform(spec.times, spec.values, interpolation=spec.interpolation)
        net.inject(target, wave, stop=spec.stop, name=net._unused_name(spec.name))
