"""The command line: `gpusyn info | demo | run | circuit | bench | check | repair`.

A wrong input gives one line on stderr and exit status 2. An interruption gives status 130 and leaves no partly written
file.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from gpusyn import __version__
from gpusyn.backends.select import names
from gpusyn.commands.bench_cases import CASES
from gpusyn.errors import GpusynError, ParameterError
from gpusyn.models.catalogue import DEMONSTRATIONS
from gpusyn.utils.calls import nearest
from gpusyn.utils.messages import say
from gpusyn.utils.paths import as_path

USAGE, INTERRUPTED = 2, 130


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, without the usage text before it."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Add what is probably meant to the error of a wrong choice."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            hint = nearest(str(value), map(str, action.choices or ()))
            raise argparse.ArgumentError(action, f"{error.message}{hint}") from None

    def error(self, message: str) -> NoReturn:
        say(f"{self.prog}: error: {' '.join(message.split())}; see {self.prog} --help")
        self.exit(USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments after `gpusyn` on the command line; by default those of this process.

    Returns
    -------
    int
        Exit status: 0 for success; 1 if `check` found a difference or nothing to compare, or if `run --check` or
        `circuit` found a problem; 2 for a wrong input; 130 for an interruption.

    Examples
    --------
    >>> main(["--version"])
    gpusyn ...
    0
    """
    parser = _parser()
    try:
        given = parser.parse_args(arguments)
        if given.command is None:
            say(parser.format_help().rstrip())
            return USAGE
        status = given.action(given)
        if sys.stdout is not None:  # None under pythonw and in some services
            sys.stdout.flush()
        return int(status or 0)
    except SystemExit as stop:  # argparse: help, version, a wrong argument
        return stop.code if isinstance(stop.code, int) else 0
    except GpusynError as error:
        if given.speaks:
            say(f"gpusyn {given.command}: error: {error}")
        return USAGE
    except KeyboardInterrupt:
        say("\ngpusyn: interrupted; files under their own names are complete or untouched")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="gpusyn",
        description="Synaptic simulator: the same bits on numpy, compiled CPU code and NVIDIA GPUs.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gpusyn {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=_Parser)
    for name, (action, text, arguments) in _COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False)
        for flags, options in arguments:
            command.add_argument(*flags.split(), **options)
        command.set_defaults(action=action, speaks=True)  # of several processes of MPI, one speaks
    return parser


def _info(given: argparse.Namespace) -> None:
    from gpusyn.commands.info import report

    print(report())


def _demo(given: argparse.Namespace) -> None:
    if given.model is not None:
        from gpusyn.commands.demo_model import run_demo_model

        if given.size is not None:
            raise ParameterError("--size: is of the demo's own network; for a model give --scale")
        run_demo_model(
            given.model, given.scale, given.duration, given.backend, given.out, seed=given.seed, threads=given.threads
        )
        return
    from gpusyn.commands.demo import run_demo

    if given.scale is not None:
        raise ParameterError("--scale: is of a model; give --model NAME, or --size")
    size, duration = (
        (4000 if given.size is None else given.size),
        (1000.0 if given.duration is None else given.duration),
    )
    run_demo(size, duration, given.backend, given.out, seed=given.seed, threads=given.threads)


def _run(given: argparse.Namespace) -> int:
    if given.check:
        from gpusyn.sonata.check import check_config

        found = check_config(given.config, given.out)
        print("\n".join(found.lines()))
        return 1 if found.problems else 0
    from gpusyn.distributed.communicators import mpi_world, tell_if_alone
    from gpusyn.sonata.run import run_config

    comm = mpi_world() if given.mpi else None
    if not given.mpi:
        tell_if_alone()
    if comm is not None:
        given.speaks = comm.Get_rank() == 0
    run_config(
        given.config, given.backend, given.duration, given.out,
        seed=given.seed, precision=given.precision, threads=given.threads, progress=given.speaks, comm=comm,
    )  # fmt: skip
    return 0


def _circuit(given: argparse.Namespace) -> int:
    from gpusyn.sonata.check import check_config
    from gpusyn.sonata.csv_circuit import write_circuit

    spikes = None if given.spikes is None else as_path(given.spikes, "--spikes")
    tables = [as_path(one, "EDGES.csv") for one in given.edges]
    config, said = write_circuit(
        as_path(given.cells, "CELLS.csv"), tables, as_path(given.out, "--out"), spikes, given.duration, given.dt
    )
    found = check_config(config)
    print("\n".join([f"{config}: {said}", *(f"problem: {one}" for one in found.problems)]))
    command = f"gpusyn run {shlex.quote(str(config))}"
    print(f"to run it, mend that first; then: {command}" if found.problems else f"to run it: {command}")
    return 1 if found.problems else 0


def _bench(given: argparse.Namespace) -> None:
    if given.model is not None:
        from gpusyn.commands.bench_model import run_model

        idle = {"--duration": None, "--backend": "auto", "--threads": None, "--profile": False, "--mpi": False}
        running = [option for option, unset in idle.items() if getattr(given, option[2:]) != unset]
        run_model(
            given.model, given.case, given.size, given.fan_out,
            precision=given.precision, json_file=given.json, running=running,
        )  # fmt: skip
        return
    from gpusyn.commands.bench import run_bench
    from gpusyn.distributed.communicators import tell_if_alone

    if not given.mpi:
        tell_if_alone()
    run_bench(
        list(CASES) if given.case == "all" else [given.case or "coba"],
        given.size, given.fan_out, given.duration, given.backend,
        precision=given.precision, threads=given.threads, json_file=given.json,
        profile=given.profile, mpi=given.mpi,
    )  # fmt: skip


def _check(given: argparse.Namespace) -> int:
    from gpusyn.commands.check import run_check

    return run_check()


def _repair(given: argparse.Namespace) -> None:
    from gpusyn.io.repair import repair

    print(repair(given.file))


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number (got {text!r})") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number (got {text!r})") from None


Argument = tuple[str, dict[str, Any]]

_BACKEND: Argument = ("--backend", {
    "choices": names(), "default": "auto",
    "help": f"where to compute; auto: the first of {', '.join(names()[1:])} that works",
})  # fmt: skip
_THREADS: Argument = ("--threads", {
    "type": _whole, "metavar": "N", "help": "threads of the cpu backend (default: one or all cores, by what is faster)",
})  # fmt: skip
_MPI: Argument = ("--mpi", {
    "action": "store_true", "help": "on all processes that mpiexec has started (mpiexec -n 4 gpusyn ...)",
})  # fmt: skip
_SINGLE: Argument = ("--precision", {
    "choices": ("single", "double"), "default": "single", "help": "of the state (default: single)",
})  # fmt: skip
_DOUBLE: Argument = ("--precision", {
    "choices": ("single", "double"), "default": "double", "help": "of the state (default: double)",
})  # fmt: skip


def _size(default: int | None, text: str) -> Argument:
    return "--size", {"type": _whole, "default": default, "metavar": "N", "help": text}


def _duration(default: float | None, text: str) -> Argument:
    return "--duration", {"type": _number, "default": default, "metavar": "MS", "help": f"model time in ms ({text})"}


def _seed(default: int) -> Argument:
    text = f"of all randomness (default: {default})"
    return "--seed", {"type": _whole, "default": default, "metavar": "N", "help": text}


def _out(default: str | None, text: str) -> Argument:
    return "--out", {"default": default, "metavar": "DIR", "help": f"directory of what is written (default: {text})"}


_COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int | None], str, list[Argument]]] = {
    "info": (_info, "versions, devices, backends, and whether the GPU can be used", []),
    "demo": (_demo, "a network of spiking neurons: plan, run, rates, a recording and a figure", [
        ("--model", {
            "metavar": "NAME",
            "help": f"a published network, drawn with what it is famous for: {', '.join(DEMONSTRATIONS)}",
        }),
        _BACKEND, _size(None, "number of neurons, without --model (default: 4000)"),
        ("--scale", {
            "type": _number, "metavar": "X", "help": "share of the published neurons of a model (default: its own)",
        }),
        _duration(None, "default: 1000, or the model's own"), _out(".", "this one"), _seed(42), _THREADS,
    ]),
    "run": (_run, "a SONATA simulation configuration", [
        ("config", {"metavar": "CONFIG.json", "help": "the configuration"}),
        _BACKEND, _duration(None, "default: that of the configuration"), _out(None, "that of the configuration"),
        _seed(0), _DOUBLE, _THREADS,
        ("--check", {"action": "store_true", "help": "run nothing; list all that is in the way of a run"}),
        _MPI,
    ]),
    "circuit": (_circuit, "make a SONATA circuit, which `gpusyn run` takes, of CSV tables of cells and edges", [
        ("cells", {
            "metavar": "CELLS.csv",
            "help": "columns population, size, model_template (gpusyn:LIF, nest:iaf_psc_exp, virtual, ...), and any "
                    "parameters",
        }),
        ("edges", {
            "metavar": "EDGES.csv", "nargs": "+",
            "help": "columns pre, post, and, where needed, weight, delay (ms), model_template (gpusyn:AMPA, "
                    "static_synapse, ...), pre_population, post_population",
        }),
        ("--spikes", {
            "metavar": "FILE", "help": "spikes of virtual cells: columns timestamps (ms), node_ids, population",
        }),
        ("--out", {"metavar": "DIR", "required": True, "help": "folder of the circuit, new or empty"}),
        _duration(1000.0, "default: 1000"),
        ("--dt", {"type": _number, "default": 0.1, "metavar": "MS", "help": "time step in ms (default: 0.1)"}),
    ]),
    "bench": (_bench, "time one scaling case, machine facts included", [
        ("--case", {
            "choices": (*CASES, "all"),
            "help": "Vogels-Abbott, Potjans-Diesmann, gates on synapses or sources, an empty step, building (coba)",
        }),
        _size(None, "number of neurons (default: the case's own)"),
        ("--fan-out", {"type": _whole, "metavar": "K", "help": "synapses that leave each neuron"}),
        _duration(None, "default: the case's own"), _BACKEND, _SINGLE, _THREADS,
        ("--json", {"metavar": "FILE", "help": "write the numbers here too"}),
        ("--profile", {"action": "store_true", "help": "tell where a step's time goes (cpu backend)"}),
        ("--mpi", {"action": "store_true", "help": "on all processes of MPI: mpiexec -n 4 gpusyn bench --mpi"}),
        ("--model", {
            "metavar": "GPU",
            "help": "run nothing; tell what a model expects of T4, RTX4090, A100, H100 or H200",
        }),
    ]),
    "check": (_check, "compare every backend of this machine with numpy, bit for bit", []),
    "repair": (_repair, "make a recording that a killed run left readable by everyone", [
        ("file", {"metavar": "FILE", "help": "the HDF5 file"}),
    ]),
}  # fmt: skip
