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
        say(each.call)
        with simulator(shown, each, backend, seed, threads) as sim:
            say(sim.plan.describe(), "")
            begin = time.perf_counter()
            sim.run(duration)
            report_speed(time.perf_counter() - begin, duration)
            runs[variant] = each.run(sim, min(shown.start, duration / 2))
            files.save(sim, results[variant])
        say("")
    numbers = shown.measure(runs)
    say(*_beside(shown, numbers), "")
    files.draw(lambda path: _draw(shown, runs, path), "figure of the model")
    return numbers


class Variant(NamedTuple):
    """A variant of a model that can be run, with recorders: the call that makes it, network and populations."""

    call: str
    net: gs.Network
    populations: Populations

    def run(self, sim: gs.Simulator, start: float) -> Run:
        """Return what a simulator has recorded, of which numbers count from `start` (ms) on."""
        return Run(
            self.populations, {recorder.name: sim.data[recorder] for recorder in self.net.recorders.values()}, start
        )


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
        net, populations = shown.build(**given)
        shown.record(net, populations)
        call = f"gs.models.{shown.name}({', '.join(f'{name}={value!r}' for name, value in given.items())})"
        variants[variant] = Variant(call, net, populations)
    return variants


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
