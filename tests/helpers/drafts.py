"""A random network under construction: the choices that make it, its populations and its sources.

`Choices` say what there is; numbers come from a generator that they seed. Models are few, so that few kernel modules
are compiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import gpusyn as gs
from tests.helpers.choices import Choices
from tests.helpers.neuron_models import RECORDS
from tests.helpers.stars import SOMATA, star, star_options
from tests.helpers.thresholds import threshold_cell

MODELS = ("lumped", "gated", "currents", "mixed", *RECORDS)  # LIF with four sets of receptors, and all others
DRUGGED = ("lumped", "lumped", "gated")  # those whose modules are compiled with a bath
SATURATING = ("FirstOrder", "Markov", "Saturating", "GProtein")
KINETICS = ("Exponential", "Alpha", "DualExponential", *SATURATING)
TIMED = ("number", "array", "Waveform")
#: Everything that drawn networks of cells whose V jumps must have hit, as tags of a case.
OF_DELTAS = frozenset(
    [f"jumping {model}" for model in SOMATA]
    + [f"jumps {kind}" for kind in ("alone", "beside a current", "beside a conductance")]
    + ["STDP", "TsodyksMarkram", "QuantalRelease", "Rewiring", "HomeostaticScaling", "procedural", "extreme weights"]
)


class Draft:
    """A network with populations; `tags` say what it has, `lines` are the calls that made it."""

    def __init__(self, choices: Choices, dt: float) -> None:
        self.choices, self.dt = choices, dt
        self.models = choices.one_of([MODELS] * 3 + [DRUGGED])
        self.rng = np.random.default_rng(choices.whole(0, 2**32 - 1))
        self.net, self.tags, self.lines = gs.Network(), set(), []
        self.cells: list[Any] = []
        self.sources: list[Any] = []
        self.clamped: set[str] = set()
        self.blocked: set[str] = set()  # classes of receptors that a drug blocks by their use

    # ---- choices ----
    def pick(self, *options: Any) -> Any:
        return self.choices.one_of(options)

    def chance(self, percent: int) -> bool:
        return self.choices.whole(0, 99) >= 100 - percent

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
        steps = np.cumsum(self.rng.integers(0, 20, 3) + np.array([0, 1, 1]))
        values, interpolation = self.numbers(low, high, 3), self.pick("step", "linear")
        if steps[0] % 2:  # columns that are alike change no bit
            self.tags.add(f"{what} columns")
            values = np.tile(values[:, np.newaxis], n)
        return gs.Waveform(steps * self.dt, values, interpolation=interpolation)

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
    def populate(self, name: str, size: int, model: Any, **options: Any) -> Any:
        """A population on a square of side 1."""
        positions = np.round(self.rng.random((size, 2)), 3)
        return self.add("population", name, size, model, positions=positions, **options)

    def kinetics(self, *kinds: str, gated: bool = False) -> Any:
        kind = self.pick(*kinds)
        self.tags.add(f"per-synapse {kind}" if gated else f"kinetics {kind}")
        if kind in SATURATING:
            return getattr(self, kind)(gated)
        if kind == "DualExponential":
            rise = self.pick(0.001, 2.0, self.number(0.2, 5.0))
            return gs.kinetics.DualExponential(rise, rise * self.pick(1.0, 1.001, 30.0))
        tau = self.pick(0.001, 1e5, self.number(0.5, 20.0), self.number(0.5, 20.0))
        return getattr(gs.kinetics, kind)(tau)

    def pulse(self) -> dict[str, Any]:
        """Transmitter after a spike."""
        return {
            "T_max": self.number(0.1, 2.0),
            "T_dur": self.steps(1, 12),
            "deadtime": self.steps(0, 9) if self.chance(40) else None,
        }

    def FirstOrder(self, gated: bool) -> Any:
        return gs.kinetics.FirstOrder(self.number(0.05, 5.0), self.number(0.005, 0.5), **self.pulse())

    def Markov(self, gated: bool) -> Any:
        """Two states where targets sum the gates, so that few kernel modules are compiled; else two to eight."""
        n = int(self.rng.integers(2, 9)) if gated else 2
        rates, binding = np.zeros((n, n)), np.zeros((n, n))
        for k in range(n - 1):
            rates[k, k + 1], binding[k + 1, k] = self.number(0.01, 5.0), self.number(0.1, 20.0)
        return gs.kinetics.Markov(rates, binding, [n - 1, n // 2] if n > 2 else 1, **self.pulse())

    def Saturating(self, gated: bool) -> Any:
        rise = self.number(0.2, 5.0)
        alpha = self.number(0.01, 0.06) / rise  # no more, for sources with hundreds of events a step
        return gs.kinetics.Saturating(alpha, rise, rise * self.number(1.1, 50.0), jump=gated and self.chance(50))

    def GProtein(self, gated: bool) -> Any:
        rates = self.number(0.05, 1.0), self.number(0.001, 0.1), self.number(0.1, 20.0), self.number(0.01, 0.1)
        return gs.kinetics.GProtein(*rates, n=self.pick(1, 3, 4), K_d=self.number(1.0, 100.0), **self.pulse())

    def receptors(self, model: str) -> list[Any]:
        kind = RECORDS[model].receptors if model in RECORDS else model
        reversal = self.pick(-80.0, self.number(-90.0, -60.0))
        magnesium = self.pick(0.0, 1.0, self.number(0.1, 3.0))
        if kind == "lumped":
            rising = self.kinetics("Alpha", "DualExponential")
            return [
                gs.AMPA(kinetics=self.kinetics("Exponential")),
                gs.NMDA(kinetics=rising, Mg=magnesium, block=self.block(), Pf=self.pick(0.1, 0.0, 1.0)),
                gs.GABA_A(kinetics=self.kinetics("Exponential"), E_rev=reversal),
            ]
        if kind == "gated":
            rising = self.kinetics("Alpha", "DualExponential", gated=True)
            exponential = self.kinetics("Exponential", gated=True)
            saturating = self.kinetics(*SATURATING, gated=True)
            return [
                gs.AMPA(kinetics=saturating, gating="per-synapse"),
                gs.NMDA(kinetics=rising, gating="per-synapse", Mg=magnesium),
                gs.GABA_A(kinetics=exponential, gating="per-synapse", E_rev=reversal),
            ]
        if kind == "currents":
            slow = self.kinetics("Alpha", "DualExponential")
            fast = self.kinetics("Exponential")
            return [gs.CurrentReceptor("fast", kinetics=fast), gs.CurrentReceptor("slow", kinetics=slow)]
        gated = self.kinetics("Exponential", gated=True)
        return [
            gs.AMPA(kinetics=self.kinetics("Alpha", "DualExponential")),
            gs.CurrentReceptor("fast", kinetics=gated, gating="per-synapse"),
            gs.NMDA(kinetics=self.kinetics(*SATURATING), Mg=magnesium, block=self.slow_block()),
        ]

    def block(self) -> Any:
        """A form of the magnesium block that is there at once."""
        kind = self.pick("default", "Mel", "own")
        self.tags.add(f"block {kind}")
        return {"default": None, "Mel": gs.MgBlock.Mel(), "own": gs.MgBlock(self.number(0.01, 1.0), 0.09)}[kind]

    def slow_block(self) -> Any:
        """A form with a slow unblock."""
        kind = self.pick("HillTononi", "own slow")
        self.tags.add(f"block {kind}")
        slow = gs.SlowUnblock(self.pick(0.001, 1.0), self.number(5.0, 50.0), slope=self.pick(0.0, -0.0028))
        return gs.MgBlock.HillTononi() if kind == "HillTononi" else gs.MgBlock(unblock=slow)

    def calcium(self) -> Any:
        kind = self.pick("default", "own")
        self.tags.add(f"calcium {kind}")
        return None if kind == "default" else gs.Calcium(self.pick(0.001, 1e4, 20.0), self.number(1e-3, 1.0))

    def deltas(self) -> list[Any]:
        """Receptors that make V jump, alone or beside a current or a conductance."""
        kind = self.pick("alone", "beside a current", "beside a conductance")
        self.tags.add(f"jumps {kind}")
        beside = {"alone": [], "beside a current": [gs.CurrentReceptor("fast", tau=3.0)]}.get(kind, [gs.AMPA()])
        return [gs.DeltaReceptor("lost"), *beside, gs.DeltaReceptor("kept", refractory="keep")]

    def neurons(
        self, name: str, mood: str, *, dendrites: bool = False, deltas: bool = False, thresholds: bool = False
    ) -> None:
        model = self.pick(*(SOMATA if dendrites or deltas else ("lumped", "currents") if thresholds else self.models))
        kind = "soma" if dendrites else "jumping" if deltas else "threshold with" if thresholds else "model"
        self.tags.add(f"{kind} {model}")
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
        given |= {"t_ref": pause, "I_e": current}
        cell = threshold_cell(self, given, rest, size) if thresholds else self.cell(model, rest, given, size)
        start = gs.Uniform(rest - 5, rest + 13) if mood == "lively" else None
        if thresholds and self.chance(30):
            self.tags.add("threshold of a soma")
            dendrites = True
        if dendrites:
            cell = star(self, cell, size)
            options = star_options(self, cell, start)
        elif deltas:
            options = {"receptors": self.deltas(), "V": start}
        else:
            options = {"receptors": self.receptors(model), "V": start, "calcium": self.calcium()}
        self.cells.append(self.populate(name, size, cell, **options))

    def cell(self, model: str, rest: float, given: dict[str, Any], size: int) -> Any:
        """A LIF, unless the model is named for another."""
        if model in RECORDS:
            return RECORDS[model].draw(self, given, rest, size)
        return gs.LIF(**given, V_th=rest + 10, V_reset=rest - 5)

    def source(self, name: str) -> None:
        size = self.pick(1, 5, 12)
        if self.chance(50):
            high = self.pick(300.0, 3000.0, 1e6)
            most = 3 if self.chance(40) else None
            if most:
                self.tags.add("max_events")
            model: Any = gs.PoissonSource(self.timed("PoissonSource", 0.0, high, size), max_events=most)
            if high > 1e4:
                self.tags.add("several events per step")
        else:
            shared = self.chance(40)
            lists = [np.sort(self.rng.integers(0, 60, self.rng.integers(0, 9))) * self.dt for _ in range(size)]
            lists[0] = np.array([0.0, 3.0, 3.0, 3.0]) * self.dt
            self.tags |= {"several events per step", f"SpikeSource {'shared' if shared else 'each'}"}
            model = gs.SpikeSource(lists[0] if shared else lists)
        self.sources.append(self.populate(name, size, model))
