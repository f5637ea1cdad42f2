"""`gpusyn demo --model NAME`: run a published network, print its numbers beside published ones, and draw it."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gpusyn as gs
from gpusyn.backends.select import choose
from gpusyn.commands.demo_output import CHUNK, Files, introduce, report_speed, say
from gpusyn.errors import ParameterError
from gpusyn.models.catalogue import demonstration
from gpusyn.models.demonstration import Demonstration, Populations, Published, Run
from gpusyn.parameters.scalars import integer, real, whole_steps
from gpusyn.plot.overview_figure import SIGNED
from gpusyn.utils.messages import warnings_only


def run_demo_model(
    name: str,
    scale: float | None = None,
    duration: float | None = None,
    backend: str = "auto",
    out: str | os.PathLike[str] = ".",
    *,
    seed: int = 42,
    threads: int | None = None,
) -> dict[str, float]:
    """Run all variants of a model; print each stage, and write ``NAME.h5`` and ``NAME.png``.

    With several variants, each has its own ``NAME_VARIANT.h5``.

    Parameters
    ----------
    name : str
        Name of a function of `gpusyn.models`.
    scale : float, optional
        Share of the published number of neurons, for models that take it.
    duration : float, optional
        Model time (ms), a multiple of the time step.
    backend : {"auto", "cuda", "cpu", "numpy"}
        Backend that computes.
    out : path
        Directory of the files; it is created if it does not exist.
    seed, threads
        As for :class:`gpusyn.Simulator`.

    Returns
    -------
    dict of str to float
        The numbers that are measured.

    Raises
    ------
    GpusynError
        If there is no model of this name, a value is out of range, the backend cannot be used, or the directory cannot
        be written; it is raised before anything is computed.
    """
    shown = demonstration(name, "--model")
    duration = real(shown.duration if duration is None else duration, "--duration", unit="ms", above=0.0)
    whole_steps(duration, shown.dt, "--duration")
    integer(seed, "--seed", low=0)
    built = {variant: _build(shown, variant, scale) for variant in shown.variants}
    choice = choose(backend, threads)
    results = {variant: f"{shown.name}{'_' * bool(variant)}{variant}.h5" for variant in built}
    files = Files.prepare(out, list(results.values()), f"{shown.name}.png")
    introduce(f"gpusyn {gs.__version__} demo: {shown.title}, {duration:g} ms at dt = {shown.dt:g} ms", choice)
    files.tell_missing()
    runs = {}
    for variant, (net, populations) in built.items():
        if variant:
            say(f"{variant}: {_call(shown, variant, scale)}")
        with warnings_only():  # the lines above and the plan tell the rest
            sim = gs.Simulator(
                net, dt=shown.dt, seed=seed, backend=backend, threads=threads, chunk_steps=CHUNK, progress=True
            )
        with sim:
            say(sim.plan.describe(), "")
            begin = time.perf_counter()
            sim.run(duration)
            report_speed(time.perf_counter() - begin, duration)
            data = _data(sim)
            files.save(sim, results[variant])
        others = []
        if shown.trials > 1:
            say(f"{shown.trials - 1} more trials, each with another seed", "")
        for k in range(1, shown.trials):
            net, _ = _build(shown, variant, scale, k)
            with warnings_only():
                sim = gs.Simulator(net, dt=shown.dt, seed=seed + k, backend=backend, threads=threads)
            with sim:
                sim.run(duration)
                others.append(_data(sim))
        runs[variant] = Run(populations, data, min(shown.start, duration / 2), tuple(others))
    numbers = shown.measure(runs)
    say("", *_beside(numbers, shown.published), "")
    files.draw(lambda path: _draw(shown, runs, path), "figure of the model")
    return numbers


def _data(sim: gs.Simulator) -> dict[str, Any]:
    """Return what was recorded, by name of the recorder."""
    return {recorder.name: sim.data[recorder] for recorder in sim.net.recorders.values()}


def _arguments(shown: Demonstration, variant: str, scale: float | None, trial: int = 0) -> dict[str, Any]:
    arguments = {**shown.variants[variant], **shown.trial(trial)}
    return arguments if scale is None else {**arguments, "scale": scale}


def _build(shown: Demonstration, variant: str, scale: float | None, trial: int = 0) -> tuple[gs.Network, Populations]:
    """Return the network of a variant, with its recorders, and its populations."""
    if scale is not None and "scale" not in inspect.signature(shown.build).parameters:
        raise ParameterError(f"--scale: model '{shown.name}' has one size; leave it out")
    net, populations = shown.build(**_arguments(shown, variant, scale, trial))
    shown.record(net, populations)
    return net, populations


def _call(shown: Demonstration, variant: str, scale: float | None) -> str:
    """Return the call that makes the network of a variant."""
    given = ", ".join(f"{name}={value!r}" for name, value in _arguments(shown, variant, scale).items())
    return f"gs.models.{shown.name}({given})"


def _beside(numbers: Mapping[str, float], published: Mapping[str, Published]) -> list[str]:
    """Return a line for each number, with what is published of it."""
    width = max(map(len, numbers), default=0)
    lines = []
    for name, value in numbers.items():
        known = published.get(name)
        lines.append(
            f"{name:<{width}}  {value:.4g}" + (f"  (published: {known.value:g}, {known.source})" if known else "")
        )
    return lines


def _draw(shown: Demonstration, runs: Mapping[str, Run], path: Path) -> None:
    shown.figure(runs).savefig(path, dpi=150, metadata=SIGNED)
