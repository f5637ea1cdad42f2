"""Small random networks for tests that compare backends, drawn by hypothesis.

Hypothesis draws what there is; numbers come from a generator that it seeds. Models are few, so that few kernel
modules are compiled.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse
from hypothesis import strategies as st

import gpusyn as gs

MODELS = ("lumped", "gated", "currents", "mixed")
RULES = (
    "OneToOne",
    "AllToAll",
    "FixedProbability",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedTotalNumber",
    "FromArrays",
    "FromSparse",
)
KINETICS = ("Exponential", "Alpha", "DualExponential", "FirstOrder")
VALUES = ("number", "array", "Distribution")
TIMED = ("number", "array", "Waveform")
#: Everything that the drawn networks must have hit, as tags of a case.
EVERYTHING = frozenset(
    [f"rule {r}" for r in RULES]
    + [f"kinetics {k}" for k in KINETICS]
    + [f"per-synapse {k}" for k in KINETICS]
    + [f"model {m}" for m in MODELS]
    + [f"{what} {kind}" for what in ("weight", "delay", "drive weight") for kind in VALUES]
    + [f"{what} {kind}" for what in ("PoissonSource", "drive", "inject") for kind in TIMED]
    + ["clamp number", "clamp Waveform", "SpikeSource shared", "SpikeSource each", "weight Ratio"]
    + ["autapses", "multapses", "parallel projections", "slice", "union", "w_max", "extreme weights", "window"]
    + [
        "no synapses",
        "several events a step",
        "max_events",
        "single",
        "double",
        "quiet",
        "all fire",
        "more than a chunk",
    ]
)


@dataclass
class Case:
    """A network with how to run it; `lines` are the calls that made it."""

    net: gs.Network
    dt: float
    seed: int
    precision: str
    steps: int
    tags: set[str]
    lines: list[str] = field(default_factory=list)

    def share(self, percent: int) -> bool:
        """Whether the case belongs to a fixed share of all, chosen by its text."""
        return zlib.crc32("\n".join(self.lines).encode()) % 100 < percent


class Draft:
    """A network under construction."""

    def __init__(self, draw: Any, dt: float) -> None:
        self.draw, self.dt = draw, dt
        self.rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.net, self.tags, self.lines = gs.Network(), set(), []
        self.cells: list[Any] = []
        self.sources: list[Any] = []
        self.clamped: set[str] = set()

    # ---- choices ----
    def pick(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def chance(self, percent: int) -> bool:
        return self.draw(st.integers(0, 99)) >= 100 - percent

    def number(self, low: float, high: float) -> float:
        return round(float(self.rng.uniform(low, high)), 3)

    def numbers(self, low: float, high: float, n: int) -> Any:
        return np.round(self.rng.uniform(low, high, n), 3)

    def steps(self, low: int, high: int) -> float:
        return int(self.rng.integers(low, high + 1)) * self.dt

    def add(self, method: str, *args: Any, **options: Any) -> Any:
        words = [getattr(a, "name", None) or repr(a) for a in args]
        words += [f"{k}={v.tolist() if isinstance(v, np.ndarray) else v!r}" for k, v in options.items()]
        self.lines.append(f"net.{method}({', '.join(words)})")
        return getattr(self.net, method)(*args, **options)

    def timed(self, what: str, low: float, high: float, n: int, kinds: tuple[str, ...] = TIMED) -> Any:
        """A number, an array or a waveform, noted under `what`."""
        kind = self.pick(*kinds)
        self.tags.add(f"{what} {kind}")
        if kind == "number":
            return self.number(low, high)
        if kind == "array":
            return self.numbers(low, high, n)
        times = np.cumsum(self.rng.integers(0, 20, 3) + np.array([0, 1, 1])) * self.dt
        return gs.Waveform(times, self.numbers(low, high, 3), interpolation=self.pick("step", "linear"))

    def window(self) -> dict[str, float]:
        """Start and stop of an input, or none."""
        if not self.chance(30):
            return {}
        self.tags.add("window")
        start = self.steps(0, 20)
        return {"start": start} if self.chance(30) else {"start": start, "stop": start + self.steps(1, 40)}

    def some_of(self, selection: Any) -> Any:
        """A population whole, a slice of it, or single neurons."""
        if selection.size < 2 or self.chance(60):
            return selection
        self.tags.add("slice")
        if self.chance(50):
            return selection[int(self.rng.integers(0, selection.size)) :]
        mask = self.rng.random(selection.size) < 0.5
        mask[int(self.rng.integers(selection.size))] = True
        return selection[mask]

    # ---- populations ----
    def kinetics(self, *kinds: str, gated: bool = False) -> Any:
        kind = self.pick(*kinds)
        self.tags.add(f"per-synapse {kind}" if gated or kind == "FirstOrder" else f"kinetics {kind}")
        if kind == "FirstOrder":
            self.tags.add("kinetics FirstOrder")
            given = self.number(0.05, 5.0), self.number(0.005, 0.5), self.number(0.1, 2.0)
            return gs.kinetics.FirstOrder(*given, T_dur=self.steps(1, 12))
        if kind == "DualExponential":
            rise = self.pick(0.001, 2.0, self.number(0.2, 5.0))
            return gs.kinetics.DualExponential(rise, rise * self.pick(1.0, 1.001, 30.0))
        tau = self.pick(0.001, 1e5, self.number(0.5, 20.0), self.number(0.5, 20.0))
        return getattr(gs.kinetics, kind)(tau)

    def receptors(self, model: str) -> list[Any]:
        reversal = self.pick(-80.0, self.number(-90.0, -60.0))
        magnesium = self.pick(0.0, 1.0, self.number(0.1, 3.0))
        if model == "lumped":
            rising = self.kinetics("Alpha", "DualExponential")
            return [
                gs.AMPA(kinetics=self.kinetics("Exponential")),
                gs.NMDA(kinetics=rising, Mg=magnesium),
                gs.GABA_A(kinetics=self.kinetics("Exponential"), E_rev=reversal),
            ]
        if model == "gated":
            rising = self.kinetics("Alpha", "DualExponential", gated=True)
            exponential = self.kinetics("Exponential", gated=True)
            return [
                gs.AMPA(kinetics=self.kinetics("FirstOrder")),
                gs.NMDA(kinetics=rising, gating="per-synapse", Mg=magnesium),
                gs.GABA_A(kinetics=exponential, gating="per-synapse", E_rev=reversal),
            ]
        if model == "currents":
            slow = self.kinetics("Alpha", "DualExponential")
            fast = self.kinetics("Exponential")
            return [gs.CurrentReceptor("fast", kinetics=fast), gs.CurrentReceptor("slow", kinetics=slow)]
        gated = self.kinetics("Exponential", gated=True)
        return [
            gs.AMPA(kinetics=self.kinetics("Alpha", "DualExponential")),
            gs.CurrentReceptor("fast", kinetics=gated, gating="per-synapse"),
            gs.NMDA(kinetics=self.kinetics("FirstOrder"), Mg=magnesium),
        ]

    def neurons(self, name: str, mood: str) -> None:
        model = self.pick(*MODELS)
        self.tags.add(f"model {model}")
        size = 140 if self.chance(6) else self.pick(1, 3, 8, 20, 33)
        if size > 128:
            self.tags.add("more than a chunk")
        rest, given = self.number(-75.0, -65.0), {}
        current = {"lively": self.number(600.0, 3000.0), "quiet": 0.0, "all fire": 3e5}[mood]
        for key, low, high in (("C_m", 100.0, 300.0), ("g_L", 5.0, 15.0), ("E_L", rest - 5, rest)):
            given[key] = self.pick(
                self.number(low, high), self.number(low, high), self.numbers(low, high, size), gs.Uniform(low, high)
            )
        if self.chance(30):
            current = current * self.numbers(0.7, 1.3, size)
        pause = 0.0 if mood == "all fire" else self.pick(0.0, self.dt, self.steps(1, 30))
        cell = gs.LIF(**given, V_th=rest + 10, V_reset=rest - 5, t_ref=pause, I_e=current)
        start = gs.Uniform(rest - 5, rest + 13) if mood == "lively" else None
        self.cells.append(self.add("population", name, size, cell, receptors=self.receptors(model), V=start))

    def source(self, name: str) -> None:
        size = self.pick(1, 5, 12)
        if self.chance(50):
            high = self.pick(300.0, 3000.0, 1e6)
            most = 3 if self.chance(40) else None
            if most:
                self.tags.add("max_events")
            model: Any = gs.PoissonSource(self.timed("PoissonSource", 0.0, high, size), max_events=most)
            if high > 1e4:
                self.tags.add("several events a step")
        else:
            shared = self.chance(40)
            lists = [np.sort(self.rng.integers(0, 60, self.rng.integers(0, 9))) * self.dt for _ in range(size)]
            lists[0] = np.array([0.0, 3.0, 3.0, 3.0]) * self.dt
            self.tags |= {"several events a step", f"SpikeSource {'shared' if shared else 'each'}"}
            model = gs.SpikeSource(lists[0] if shared else lists)
        self.sources.append(self.add("population", name, size, model))

    # ---- connections ----
    def rule(self, pre: Any, post: Any) -> tuple[Any, Any, Any, int | None]:
        """A rule, the selections it fits, and the number of synapses if arrays may follow it."""
        n, m, kind = pre.size, post.size, self.pick(*RULES)
        self.tags.add(f"rule {kind}")
        both = {"autapses": self.chance(50) or min(n, m) < 4, "multapses": self.chance(50)}
        if kind == "OneToOne":
            return gs.OneToOne(), pre[: min(n, m)], post[: min(n, m)], min(n, m)
        if kind == "AllToAll":
            return gs.AllToAll(autapses=both["autapses"]), pre, post, n * m if both["autapses"] else None
        if kind == "FixedProbability":
            p = self.pick(0.0, 0.05, 0.5, 1.0)
            if p == 0:
                self.tags.add("no synapses")
            return gs.FixedProbability(p, autapses=both["autapses"]), pre, post, None
        if kind == "FixedTotalNumber":
            k = self.pick(0, 1, n * m // 3)
            return gs.FixedTotalNumber(k, **both), pre, post, k
        if kind in ("FixedInDegree", "FixedOutDegree"):
            partners, rows = (n, m) if kind == "FixedInDegree" else (m, n)
            k = self.pick(0, 1, partners // 2)
            if both["multapses"] and k > 1:
                self.tags.add("multapses")
            return getattr(gs, kind)(k, **both), pre, post, k * rows
        count = self.pick(0, 1, 40)
        pairs = self.rng.integers(0, n, count), self.rng.integers(0, m, count)
        if kind == "FromArrays":
            if len(np.unique(pairs[0] * m + pairs[1])) < count:
                self.tags.add("multapses")
            return gs.FromArrays(*pairs), pre, post, count
        matrix = scipy.sparse.coo_array((np.ones(count), pairs), shape=(n, m))
        return gs.FromSparse(matrix), pre, post, count

    def weight(self, current: bool, count: int | None) -> tuple[Any, float]:
        """A weight, and a size that none of its values exceeds."""
        scale = self.pick(0.01, 1.0, 10.0) * (40.0 if current else 1.0)
        if self.chance(8):
            self.tags.add("extreme weights")
            scale = self.pick(1e-5, 1e6)
        kind = self.pick(*(VALUES if count is not None else ("number", "Distribution")))
        self.tags.add(f"weight {kind}")
        sign = -1.0 if current and self.chance(30) else 1.0
        if kind == "number":
            return sign * scale, scale
        if kind == "array":
            return sign * scale * self.numbers(0.0, 2.0, count), 2 * scale
        if current:
            return self.pick(gs.Normal(0.0, scale), gs.Uniform(-scale, scale)), 9 * scale
        drawn = self.pick(
            gs.Uniform(0.0, scale),
            gs.LogNormal(scale, scale),
            gs.Exponential(scale),
            gs.Gamma(2.0, scale),
            gs.Normal(scale, scale, low=0.0),
        )
        return drawn, drawn.bounds()[1]

    def delay(self, count: int | None) -> Any:
        kind = self.pick(*(VALUES if count is not None else ("number", "Distribution")))
        self.tags.add(f"delay {kind}")
        if kind == "array":
            return self.rng.integers(1, self.pick(2, 40), count) * self.dt
        if kind == "number":
            return self.pick(1, 1, 2, 7, 8, 31, 32, 33) * self.dt
        return self.pick(gs.Uniform(0.01, self.steps(1, 20)), gs.Exponential(self.dt * 9, high=self.steps(64, 70)))

    def connect(self, index: int) -> None:
        pre = self.some_of(self.pick(*self.cells, *self.sources))
        target = self.pick(*self.cells)
        if index and self.chance(30):  # beside the last one
            last = list(self.net.projections.values())[-1]
            pre, target = last.pre, last.post.parts[0].population
            self.tags.add("parallel projections")
        elif self.chance(25):
            other = self.pick(*self.cells, *self.sources)
            if other.name not in {part.population.name for part in pre.parts}:
                pre = pre + other
                self.tags.add("union")
        post, receptors = self.targets(target)
        rule, pre, post, count = self.rule(pre, post)
        names = [p.population.name for p in pre.parts]
        if any(p.population.name in names for p in post.parts):
            self.tags.add("autapses")
        weights, limits = {}, {}
        for receptor in receptors:
            weights[receptor.name], limits[receptor.name] = self.weight(receptor.is_current, count)
        if len(receptors) > 1 and receptors[0].is_current == receptors[1].is_current and self.chance(60):
            factor = self.pick(0.0, 0.08, 2.0)
            weights[receptors[1].name] = gs.Ratio(receptors[0].name, factor)
            limits[receptors[1].name] = max(factor * limits[receptors[0].name], 1e-3)
            self.tags.add("weight Ratio")
        if self.chance(25):
            self.tags.add("w_max")
        else:
            limits = {}
        delay = self.delay(count)
        options = {"w_max": limits} if limits else {}
        self.add("connect", pre, post, rule, weight=weights, delay=delay, name=f"c{index}", **options)

    def targets(self, target: Any) -> tuple[Any, list[Any]]:
        """Target neurons of one or two populations, and one or two receptors that they have."""
        post = self.some_of(target)
        other = self.pick(*self.cells)
        both = {r.name for r in target.receptors} & {r.name for r in other.receptors}
        if other is not target and both and self.chance(50):
            self.tags.add("union")
            post = post + self.some_of(other)
        known = [r for r in target.receptors if r.name in both or len(post.parts) == 1]
        first = self.pick(*known)
        rest = [r for r in known if r is not first]
        return post, [first, self.pick(*rest)] if rest and self.chance(35) else [first]

    # ---- inputs ----
    def drive(self, index: int) -> None:
        cell = self.pick(*self.cells)
        linear = [r for r in cell.receptors if r.kinetics.linear]
        receptor, target = self.pick(*linear), self.some_of(cell)
        rate = self.timed("drive", 0.0, self.pick(500.0, 5000.0, 2e5), target.size)
        scale = 30.0 if receptor.is_current else 1.0
        kind = self.pick(*VALUES)
        self.tags.add(f"drive weight {kind}")
        weight = {
            "number": self.number(0.1, scale),
            "array": self.numbers(0.0, scale, target.size),
            "Distribution": gs.Uniform(0.0, scale),
        }[kind]
        self.add("drive", target, receptor.name, rate=rate, weight=weight, name=f"d{index}", **self.window())

    def inject(self, index: int) -> None:
        target = self.some_of(self.pick(*self.cells))
        current = self.timed("inject", -300.0, 900.0, target.size)
        self.add("inject", target, current, name=f"i{index}", **self.window())

    def clamp(self) -> None:
        cell = self.pick(*self.cells)
        target = cell[int(self.rng.integers(cell.size)) :]
        self.add("clamp", target, self.timed("clamp", -90.0, 40.0, 1, ("number", "Waveform")))

    def record(self) -> None:
        every = self.pick(None, self.dt, 3 * self.dt, 7 * self.dt)
        for p in self.cells:
            self.add("record", self.some_of(p) if p.size < 100 else p[120:], list(p.variables), every=every)
        order = [*self.sources, *self.cells]
        self.add("record", sum(order[1:], order[0]), "spikes", name="spikes")


@st.composite
def cases(draw: Any, steps: tuple[int, int] = (20, 80)) -> Case:
    """A network that most often spikes."""
    draft = Draft(draw, draw(st.sampled_from([0.1, 0.25])))
    moods = draw(st.sampled_from(["lively"] * 8 + ["quiet", "all fire"]))
    draft.tags.add(moods)
    for k in range(draw(st.integers(1, 3))):
        draft.neurons(f"n{k}", moods)
    for k in range(draw(st.integers(0, 2))):
        draft.source(f"s{k}")
    for k in range(draw(st.integers(0, 4))):
        draft.connect(k)
    for k in range(draw(st.integers(0, 2))):
        draft.drive(k)
    for k in range(draw(st.integers(0, 2))):
        draft.inject(k)
    if draft.chance(25):
        draft.clamp()
    draft.record()
    precision = draw(st.sampled_from(["single", "single", "double"]))
    draft.tags.add(precision)
    seed = draw(st.sampled_from([0, 1, 2**64 + 1])) + int(draft.rng.integers(1000))
    return Case(draft.net, draft.dt, seed, precision, draw(st.integers(*steps)), draft.tags, draft.lines)
