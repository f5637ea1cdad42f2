"""The tables of `docs/gpu_model.md`, and what other forms of delivery would take; a model, nothing is measured.

``python -m benchmarks.gpu_model`` prints the tables; ``--write`` puts them into ``docs/gpu_model.md``.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from gpusyn.builder.gpu.activity import Activity
from gpusyn.builder.gpu.devices import DEVICES, FIELD_SOURCES, AbsentGpu, GpuFigures
from gpusyn.builder.gpu.launches import works_of
from gpusyn.builder.gpu.model import GpuModel, gpu_model, model_of_works
from gpusyn.builder.gpu.work import Work
from gpusyn.builder.layout import Layout
from gpusyn.builder.rows.event_driven import ages
from gpusyn.commands.bench_cases import CASES, Rates
from gpusyn.commands.bench_model import STANDARD, Modelled, modelled
from gpusyn.kernels.occupancy import BLOCK, WARP
from gpusyn.kernels.program import ArraySpec

DOCUMENT = Path(__file__).parent.parent / "docs" / "gpu_model.md"
BEGIN, END = "<!-- {}: python -m benchmarks.gpu_model --write -->\n", "<!-- end -->\n"
MORE_REGISTERS = 128  # of a thread, which the text took with changes of gates in the same kernel
BARRIER = 0.8e-6  # s, of all blocks of a cooperative kernel; estimated

_UNITS = {
    "memory": ("GB", 1e9), "bandwidth": ("GB/s", 1e9), "clock": ("GHz", 1e9), "l2": ("MB", 1 << 20),
    "shared": ("kB", 1024), "l1": ("kB", 1024), "l2_latency": ("ns", 1e-9), "memory_latency": ("ns", 1e-9),
    "gap": ("us", 1e-6), "context": ("GB", 1e9),
}  # fmt: skip


def figures_table() -> str:
    """Return the table of GPUs in Markdown, with the source of each figure; what is estimated is marked."""
    names = list(DEVICES)
    lines = [f"| | {' | '.join(names)} | source |", f"| --- |{' --: |' * len(names)} --- |"]
    for field in GpuFigures._fields[1:]:
        unit, factor = _UNITS.get(field, ("", 1))
        values = (getattr(device, field) for device in DEVICES.values())
        cells = (value if isinstance(value, str) else f"{value / factor:g}" for value in values)
        name = field.replace("_", " ") + (f" ({unit})" if unit else "")
        source = FIELD_SOURCES.get(field, "")
        lines.append(f"| {name} | {' | '.join(cells)} | {'*estimated*' if source == 'estimated' else source} |")
    return "\n".join(lines) + "\n"


@functools.cache
def standard(name: str, size: int, fan_out: int | None) -> Modelled:
    """Return a standard case with its plan."""
    return modelled(DEVICES["H200"], name, size, fan_out)


def cases_table() -> str:
    """Return the times of the standard cases on each GPU in Markdown."""
    head = "| case | GPU | at least (us) | expected (us) | s for each s | takes the most | bound by |"
    lines = [head, "| --- | --- | --: | --: | --: | --- | --- |"]
    for name, size, fan_out in STANDARD:
        one = standard(name, size, fan_out)
        title, plan = f"{name} {size:,}{f' x {one.fan_out}' if one.fan_out else ''}", one.plan
        for device in DEVICES.values():
            if plan.peak_on_device > AbsentGpu(device).free_memory():
                lines.append(f"| {title} | {device.name} | does not fit | | | | |")
                continue
            model = gpu_model(plan.layout, plan.specs, device, CASES[name].rates(one.fan_out))
            most = max(model.launches, key=lambda launch: launch.expected)
            times = f"{model.least * 1e6:.1f} | {model.expected * 1e6:.1f} | {model.real_time_factor:.3f}"
            lines.append(f"| {title} | {device.name} | {times} | `{most.label}` | {most.binds} |")
    return "\n".join(lines) + "\n"


class Form(NamedTuple):
    """A form of delivery that is not built: what it is, and the work and the GPU that it would have."""

    what: str
    work: Callable[[Work, Layout, Activity], Work]
    registers: int | None = None
    gap: float | None = None


def _as_it_is(work: Work, layout: Layout, activity: Activity) -> Work:
    return work


def _one_age_after_another(work: Work, layout: Layout, activity: Activity) -> Work:
    """Return the work if a launch went through the ages of spikes in a loop."""
    first, *others = work.phases
    delivered = len(ages(layout.bundles))
    looped = [
        phase._replace(units=phase.units / delivered, near=phase.near + near, times=delivered)
        for phase, near in zip(others[:2], (1, 0), strict=True)  # the bounds of an age come first
    ]
    return work._replace(phases=(first, *looped, *others[2:]))


FORMS = (
    Form("as it is", _as_it_is),
    Form("spikes of one age after another", _one_age_after_another),
    Form(f"as it is, {MORE_REGISTERS} registers", _as_it_is, MORE_REGISTERS),
    Form("as it is, in one cooperative kernel", _as_it_is, None, BARRIER),
)


def formed(form: Form, device: GpuFigures, layout: Layout, specs: Mapping[str, ArraySpec], rates: Rates) -> GpuModel:
    """Return the model of a network with a form of delivery."""
    activity = Activity(layout, rates)
    works = [
        form.work(work, layout, activity) if work.kernel == "deliver_spikes" else work
        for work in works_of(layout, activity)
    ]
    given = {} if form.registers is None else {"deliver_spikes": form.registers}
    gpu = device if form.gap is None else device._replace(gap=form.gap)
    return model_of_works(works, layout, specs, gpu, activity.rates, given)


def forms_table() -> str:
    """Return in Markdown what forms of delivery would take on an H200."""
    head = "| case | delivery | deliver_spikes: warps | us | step (us) | s for each s | bound by |"
    lines = [head, "| --- | --- | --: | --: | --: | --: | --- |"]
    for name, size, fan_out in STANDARD[:3]:
        one = standard(name, size, fan_out)
        rates = CASES[name].rates(one.fan_out)
        for form in FORMS:
            model = formed(form, DEVICES["H200"], one.plan.layout, one.plan.specs, rates)
            deliver = model.launches[-1]
            times = f"{deliver.expected * 1e6:.1f} | {model.expected * 1e6:.1f} | {model.real_time_factor:.3f}"
            warps = deliver.blocks * BLOCK // WARP
            lines.append(f"| {name} {size:,} | {form.what} | {warps:,} | {times} | {deliver.binds} |")
    return "\n".join(lines) + "\n"


#: Other values of what is estimated, each alone and all together.
WRONG: dict[str, dict[str, float]] = {
    "as estimated": {},
    "launches take twice as long": {"gap": 2.0},
    "loads take half as long again": {"l2_latency": 1.5, "memory_latency": 1.5},
    "atomic additions at half the rate": {"atomics": 0.5},
    "all three": {"gap": 2.0, "l2_latency": 1.5, "memory_latency": 1.5, "atomics": 0.5},
}


def estimates_table() -> str:
    """Return in Markdown what the microcircuit would take on an H200 if estimates are wrong."""
    forms = [form for form in FORMS if form.gap is None]
    lines = [f"| estimates | {' | '.join(form.what for form in forms)} |", f"| --- |{' --: |' * len(forms)}"]
    one, h200 = standard(*STANDARD[0]), DEVICES["H200"]
    for what, factors in WRONG.items():
        device = h200._replace(**{name: getattr(h200, name) * factor for name, factor in factors.items()})
        rates = CASES[one.case].rates(one.fan_out)
        models = (formed(form, device, one.plan.layout, one.plan.specs, rates) for form in forms)
        lines.append(f"| {what} | {' | '.join(f'{model.real_time_factor:.3f}' for model in models)} |")
    return "\n".join(lines) + "\n"


PARTS: dict[str, Callable[[], str]] = {
    "figures": figures_table, "cases": cases_table, "forms": forms_table, "estimates": estimates_table,
}  # fmt: skip


def renewed(text: str) -> str:
    """Return a page with its tables made again."""
    for name, table in PARTS.items():
        begin = BEGIN.format(name)
        before, rest = text.split(begin)
        after = rest.split(END, 1)[1]
        text = before + begin + "\n" + table() + "\n" + END + after
    return text


def main() -> int:
    """Print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update docs/gpu_model.md")
    if parser.parse_args().write:
        DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print("\n".join(table() for table in PARTS.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
