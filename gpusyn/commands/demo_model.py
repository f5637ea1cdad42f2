"""`gpusyn demo --model NAME`: run a published network, print its numbers beside published ones, and draw it."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Mapping
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
    built = build_variants(shown, {} if scale is None else {"scale": scale})
    choice = choose(backend, threads)
    results = {variant: f"{shown.name}{'_' * bool(variant)}{variant}.h5" for variant in built}
    files = Files.prepare(out, list(results.values()), f"{shown.name}.png")
    introduce(f"gpusyn {gs.__version__} demo: {shown.title}, {duration:g} ms at dt = {shown.dt:g} ms", choice)
    files.tell_missing()
    runs = {}
    for variant, each in built.items():
        say(_call(shown, each))
        with simulator(shown, each, backend, seed, threads) as sim:
            say(sim.plan.describe(), "")
            begin = time.perf_counter()
            sim.run(duration)
            report_speed(time.perf_counter() - begin, duration)
            data = recorded(sim)
            files.save(sim, results[variant])
        if shown.trials > 1:
            say("", f"{shown.trials - 1} more trials, with other seeds")
        others = further_trials(shown, each, shown.trials, duration, backend, seed, threads)
        runs[variant] = Run(each.populations, data, min(shown.start, duration / 2), others)
        say("")
    numbers = shown.measure(runs)
    say(*_beside(shown, numbers), "")
    files.draw(lambda path: _draw(shown, runs, path), "figure of the model")
    return numbers


class Variant(NamedTuple):
    """A variant of a model that can be run, with recorders: arguments, network and populations of the first trial."""

    arguments: Mapping[str, Any]
    net: gs.Network
    populations: Populations


def recorded(sim: gs.Simulator) -> dict[str, Any]:
    """Return what a simulator has recorded, by name of the recorder."""
    return {recorder.name: sim.data[recorder] for recorder in sim.net.recorders.values()}


def build_variants(shown: Demonstration, arguments: Mapping[str, Any]) -> dict[str, Variant]:
    """Return the variants of a model, some of whose arguments are replaced.

    Raises
    ------
    ParameterError
        If `arguments` has a scale, which the model does not take.
    """
    if "scale" in arguments and "scale" not in inspect.signature(shown.build).parameters:
        raise ParameterError(f"--scale: model '{shown.name}' has one size; leave it out")
    variants = {}
    for variant, own in shown.variants.items():
        given = {**own, **arguments}
        variants[variant] = Variant(given, *_build(shown, given, 0))
    return variants


def further_trials(
    shown: Demonstration,
    variant: Variant,
    trials: int,
    duration: float,
    backend: str,
    seed: int,
    threads: int | None,
) -> tuple[dict[str, Any], ...]:
    """Run the trials of a variant after the first; return what each has recorded."""
    found = []
    for k in range(1, trials):
        net, _ = _build(shown, variant.arguments, k)
        with warnings_only():
            sim = gs.Simulator(net, dt=shown.dt, seed=seed + k, backend=backend, threads=threads)
        with sim:
            sim.run(duration)
            found.append(recorded(sim))
    return tuple(found)


def _build(shown: Demonstration, arguments: Mapping[str, Any], trial: int) -> tuple[gs.Network, Populations]:
    """Return the network of a trial, with its recorders, and its populations."""
    net, populations = shown.build(**{**shown.trial(trial), **arguments})
    shown.record(net, populations)
    return net, populations


def _call(shown: Demonstration, variant: Variant) -> str:
    """Return the call that makes the network of a variant."""
    given = {**shown.trial(0), **variant.arguments}
    return f"gs.models.{shown.name}({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def simulator(shown: Demonstration, variant: Variant, backend: str, seed: int, threads: int | None) -> gs.Simulator:
    """Return a simulator that shows its progress and says nothing but warnings."""
    with warnings_only():  # what is printed, the plan included, tells the rest
        return gs.Simulator(
            variant.net, dt=shown.dt, seed=seed, backend=backend, threads=threads, chunk_steps=CHUNK, progress=True
        )


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
