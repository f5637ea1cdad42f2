"""`gpusyn demo --model NAME`: run a published network, print its numbers beside published ones, and draw it."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import gpusyn as gs
from gpusyn.backends.select import choose
from gpusyn.commands.demo_output import CHUNK, Files, introduce, report_speed, say
from gpusyn.errors import ParameterError
from gpusyn.models.catalogue import demonstration
from gpusyn.models.demonstration import Demonstration, Populations, Run
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
    arguments = {} if scale is None else {"scale": scale}
    calls = {variant: build(shown, variant, arguments).call for variant in shown.variants}
    choice = choose(backend, threads)
    results = {variant: f"{shown.name}{'_' * bool(variant)}{variant}.h5" for variant in calls}
    files = Files.prepare(out, list(results.values()), f"{shown.name}.png")
    introduce(f"gpusyn {gs.__version__} demo: {shown.title}, {duration:g} ms at dt = {shown.dt:g} ms", choice)
    files.tell_missing()
    runs = {}
    for variant, call in calls.items():
        say(call)

        def first(sim: gs.Simulator, name: str = results[variant], like: str = next(iter(results.values()))) -> None:
            if name == like:  # the plans of other variants say the same of other numbers
                say(sim.plan.describe(), "")
            begin = time.perf_counter()
            sim.run(duration)
            report_speed(time.perf_counter() - begin, duration)
            files.save(sim, name)
            say(*[f"{shown.trials - 1} more trials, each with another seed"] * (shown.trials > 1), "")

        settings = Settings(duration, seed, shown.trials, backend, threads)
        runs[variant] = run_variant(shown, variant, arguments, settings, first)
    numbers = shown.measure(runs)
    say(*_beside(shown, numbers), "")
    files.draw(lambda path: _draw(shown, runs, path), "figure of the model")
    return numbers


class Variant(NamedTuple):
    """A variant of a model with its recorders: the call that makes it, network and populations."""

    call: str
    net: gs.Network
    populations: Populations


class Settings(NamedTuple):
    """How variants are run: model time (ms), seed of the first trial, number of trials, backend and its threads."""

    duration: float
    seed: int
    trials: int
    backend: str = "auto"
    threads: int | None = None


def build(shown: Demonstration, variant: str, arguments: Mapping[str, Any], trial: int = 0) -> Variant:
    """Return a variant of a model, some of whose arguments are replaced.

    Raises
    ------
    ParameterError
        If `arguments` has a scale, which the model does not take.
    """
    if "scale" in arguments and "scale" not in inspect.signature(shown.build).parameters:
        raise ParameterError(f"--scale: model '{shown.name}' has one size; leave it out")
    given = {**shown.variants[variant], **shown.trial(trial), **arguments}
    net, populations = shown.build(**given)
    shown.record(net, populations)
    call = f"gs.models.{shown.name}({', '.join(f'{name}={value!r}' for name, value in given.items())})"
    return Variant(call, net, populations)


def run_variant(
    shown: Demonstration,
    variant: str,
    arguments: Mapping[str, Any],
    settings: Settings,
    first: Callable[[gs.Simulator], object] | None = None,
) -> Run:
    """Return what all trials of a variant give; `first` runs the first one, if it is more than running."""
    data = []
    for trial in range(settings.trials):
        made = build(shown, variant, arguments, trial)
        with warnings_only():  # what is printed, the plan included, tells the rest
            sim = gs.Simulator(
                made.net,
                dt=shown.dt,
                seed=settings.seed + trial,
                backend=settings.backend,
                threads=settings.threads,
                chunk_steps=CHUNK,
                progress=trial == 0,
            )
        with sim:
            if trial == 0 and first is not None:
                first(sim)
            else:
                sim.run(settings.duration)
            data.append({recorder.name: sim.data[recorder] for recorder in made.net.recorders.values()})
    return Run(made.populations, data[0], min(shown.start, settings.duration / 2), tuple(data[1:]))


def _beside(shown: Demonstration, numbers: Mapping[str, float]) -> list[str]:
    """Return a line for each number, with what is published of it."""
    width = max(map(len, numbers), default=0)
    lines = []
    for name, value in numbers.items():
        known = "; ".join(f"{each.value:g}, {each.source}" for each in shown.publications(name))
        lines.append(f"{name:<{width}}  {value:.4g}" + (f"  (published: {known})" if known else ""))
    return lines


def _draw(shown: Demonstration, runs: Mapping[str, Run], path: Path) -> None:
    shown.figure(runs).savefig(path, dpi=150, metadata=SIGNED)
