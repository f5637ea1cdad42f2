"""What the model of a GPU says, as text for plans and for `gpusyn bench --model`."""

from __future__ import annotations

from gpusyn.builder.gpu.model import GpuModel, LaunchModel
from gpusyn.utils.memory import size_text
from gpusyn.utils.tables import text_table

LABEL = "model, not measured"
_HEAD = (
    "launch", "blocks", "resident", "registers", "occupancy", "read", "written", "from memory", "atomics", "at least",
    "expected", "binds",
)  # fmt: skip


def time_text(seconds: float) -> str:
    """Return a short time as text.

    >>> time_text(2.4e-6), time_text(0.0123)
    ('2.40 us', '12.3 ms')
    """
    for factor, unit in ((1e6, "us"), (1e3, "ms")):
        if seconds * factor < 1000:
            return f"{seconds * factor:.3g} {unit}" if seconds * factor >= 10 else f"{seconds * factor:.2f} {unit}"
    return f"{seconds:.3g} s"


def rates_text(model: GpuModel) -> str:
    """Return the rates that a model assumes; of many populations, the smallest and the largest."""
    rates = sorted(model.rates.values()) or [0.0]
    return " to ".join(f"{rate:.3g}" for rate in dict.fromkeys((rates[0], rates[-1]))) + " Hz"


def step_text(model: GpuModel) -> str:
    """Return in one line what a step takes."""
    most = max(model.launches, key=lambda launch: launch.expected)
    return (
        f"{time_text(model.expected)} per step (at least {time_text(model.least)}) at {rates_text(model)}, "
        f"{model.real_time_factor:.3g} s for each second of model time; {len(model.launches)} launches, each of which "
        f"waits for the one before; {most.label} takes the most, what binds it: {most.binds}"
    )


def table_lines(model: GpuModel) -> list[str]:
    """Return a table of the launches of a step, and their sum."""
    rows = [_row(launch) for launch in model.launches]
    total = ["step", *[""] * (len(_HEAD) - 4), time_text(model.least), time_text(model.expected), ""]
    return text_table(_HEAD, [*rows, total]).splitlines()


def _row(launch: LaunchModel) -> list[str]:
    moved = (size_text(n) for n in (launch.read, launch.written, launch.from_memory))
    times = (time_text(launch.least), time_text(launch.expected))
    sizes = (f"{launch.blocks}", f"{launch.resident}", f"{launch.registers}", f"{launch.occupancy:.0%}")
    return [launch.label, *sizes, *moved, f"{launch.atomics:.3g}", *times, launch.binds]
