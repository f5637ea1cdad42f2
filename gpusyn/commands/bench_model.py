"""`gpusyn bench --model`: what the model of a GPU says of scaling cases; nothing is run, and nothing is measured."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import gpusyn as gs
from gpusyn.builder.gpu.devices import SOURCES, GpuFigures, device_named
from gpusyn.builder.gpu.model import GpuModel, gpu_model
from gpusyn.builder.gpu.text import LABEL, step_text, table_lines
from gpusyn.commands.bench import DT, json_target, write_json
from gpusyn.commands.bench_cases import CASES, case_network
from gpusyn.errors import ArgumentError
from gpusyn.utils.memory import size_text
from gpusyn.utils.messages import warnings_only


class Modelled(NamedTuple):
    """A case in one size, with its plan and its model."""

    case: str
    size: int
    fan_out: int
    plan: gs.Plan
    model: GpuModel


#: The sizes that are modelled if no case is named: the microcircuit, COBA small and large, 40 million gates.
STANDARD: tuple[tuple[str, int, int | None], ...] = (
    ("microcircuit", 77_169, None),
    ("coba", 4000, 80),
    ("coba", 1_000_000, 1000),
    ("per-synapse", 40_000, 200),
    ("source-gates", 40_000, 200),
)


def modelled(
    device: GpuFigures, name: str, size: int | None, fan_out: int | None, precision: str = "single"
) -> Modelled:
    """Return a case with its plan and its model on a GPU."""
    net, n, k = case_network(name, size, fan_out)
    with warnings_only():
        plan = gs.plan(net, dt=DT, precision=precision, device=device.name)
    return Modelled(name, n, k, plan, gpu_model(plan.layout, plan.specs, device, CASES[name].rates(k)))


def run_model(
    device: str,
    case: str | None = None,
    size: int | None = None,
    fan_out: int | None = None,
    *,
    precision: str = "single",
    json_file: str | os.PathLike[str] | None = None,
    running: Sequence[str] = (),
) -> list[Modelled]:
    """Model cases on a GPU that need not be there, and print what it says.

    Parameters
    ----------
    device : str
        Name of a GPU of the table.
    case : str, optional
        Name of a case, or "all" for all in their own sizes; by default the sizes of `STANDARD`.
    size, fan_out : int, optional
        Number of neurons, and of synapses that leave each neuron; by default those of the case.
    precision : {"single", "double"}
        Precision of the state.
    json_file : path, optional
        File to which the same numbers are written.
    running : sequence of str
        Options that were given although they matter only where something runs; they are refused.

    Raises
    ------
    GpusynError
        If an argument is wrong or the file cannot be written; it is raised before anything is modelled.
    """
    if running:
        raise ArgumentError(f"--model runs nothing: leave out {', '.join(running)}, or leave out --model")
    figures = device_named(device, "--model")
    target = json_target(json_file)
    asked: Sequence[tuple[str, int | None, int | None]] = STANDARD
    if case is not None or size is not None or fan_out is not None:
        asked = [(name, size, fan_out) for name in (CASES if case == "all" else [case or "coba"])]
    print(
        f"{figures.full_name}: {LABEL}; docs/gpu_model.md has the equations and their limits\n"
        f"figures: {SOURCES[figures.name]}; caches, latencies, atomics and gaps between launches are estimated"
    )
    found = []
    for one in asked:
        found.append(modelled(figures, *one, precision))
        print("\n".join(["", *model_lines(found[-1])]), flush=True)
    write_json({"results": [as_json(one) for one in found]}, target)
    return found


def model_lines(one: Modelled) -> list[str]:
    """Return what the model says of a case as lines of text."""
    fan = f" x {one.fan_out}" if one.fan_out else ""
    fits = "fits" if one.plan.fits else "DOES NOT FIT"
    return [
        f"{one.case} {one.size:,}{fan}, {one.plan.precision} precision: {CASES[one.case].what}",
        f"  memory: {fits}, {size_text(one.plan.peak_on_device)} of {size_text(one.plan.free or 0)}; "
        f"{one.plan.synapses:,.0f} synapses",
        f"  time ({LABEL}): {step_text(one.model)}",
        *(f"  {line}" for line in table_lines(one.model)),
    ]


def as_json(one: Modelled) -> dict[str, Any]:
    """Return what the model says of a case, for a JSON file."""
    return {
        "case": one.case, "size": one.size, "fan_out": one.fan_out, "device": one.model.device.name, "label": LABEL,
        "rates_hz": dict(one.model.rates), "fits": one.plan.fits, "bytes": one.plan.on_device,
        "least_s": one.model.least, "expected_s": one.model.expected,
        "real_time_factor": one.model.real_time_factor,
        "launches": [launch._asdict() for launch in one.model.launches],
    }  # fmt: skip
