"""Small random networks for tests that compare backends, drawn at random."""

from __future__ import annotations

import copy
import dataclasses
import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse

import gpusyn as gs
from gpusyn.builder.gating.forms import form_of
from gpusyn.builder.gating.strategy import SYNAPSE, choose_strategies
from gpusyn.equations.effects import EFFECTS
from gpusyn.network.procedural import refusal
from tests.helpers.choices import Choices, Seeded
from tests.helpers.drafts import KINETICS, MODELS, TIMED, Draft
from tests.helpers.stars import part_of

RULES = (
    "OneToOne",
    "AllToAll",
    "FixedProbability",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedTotalNumber",
    "DistanceDependent",
    "FromArrays",
    "FromSparse",
)
VALUES = ("number", "array", "Distribution")
DELAYS = (*VALUES, "DistanceDelay")
#: Everything that the drawn networks must have hit, as tags of a case.
EVERYTHING = frozenset(
    [f"rule {r}" for r in RULES]
    + [f"kinetics {k}" for k in KINETICS]
    + [f"per-synapse {k}" for k in KINETICS]
    + [f"model {m}" for m in MODELS]
    + [f"{what} {kind}" for what in ("weight", "drive weight") for kind in VALUES]
    + [f"delay {kind}" for kind in DELAYS]
    + [f"{what} {kind}" for what in ("PoissonSource", "drive", "inject") for kind in TIMED]
    + [f"{what} columns" for what in ("PoissonSource", "drive", "inject", "clamp")]
    + ["noise WhiteNoise", "noise OrnsteinUhlenbeck", "noise of each"]
    + ["clamp number", "clamp Waveform", "SpikeSource shared", "SpikeSource each", "weight Ratio"]
    + [f"block {kind}" for kind in ("default", "Mel", "own", "HillTononi", "own slow")]
    + ["calcium default", "calcium own", "infuse antagonist", "infuse modulator", "infuse blocker"]
    + ["autapses", "multapses", "parallel projections", "slice", "union", "w_max", "extreme weights", "window"]
    + [
        "no synapses",
        "procedural",
        "TsodyksMarkram",
        "TsodyksMarkram of each synapse",
        "TsodyksMarkram with tau_psc",
        "QuantalRelease",
        "TsodyksMarkram and QuantalRelease",
        "STDP",
        "STDP with powers",
        "STDP of nearest spikes",
        "TripletSTDP",
        "InhibitorySTDP",
        "NMDAPlasticity",
        "HomeostaticScaling",
        "CalciumSTDP",
        "Rewiring",
        "gap junctions",
        "axonal",
        "several events per step",
        "GammaSource",
        "dead_time",
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


def keep(net: gs.Network, projection: gs.Projection) -> None:
    """Put a projection in the place of another one of its name."""
    net._objects["projection"][projection.name] = projection


def stored(net: gs.Network) -> gs.Network:
    """The same network with all synapses stored."""
    twin = copy.copy(net)
    for projection in net.projections.values():
        if projection.procedural:  # recorders hold on to the others
            keep(twin, dataclasses.replace(projection, storage="stored"))
    return twin


class Wiring(Draft):
    """A network with everything between and into its populations."""

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
        if kind == "DistanceDependent":
            profile = self.pick("gaussian", "exponential", "step")
            rule = gs.DistanceDependent(0.9, sigma=self.number(0.1, 1.0), profile=profile, autapses=both["autapses"])
            return rule, pre, post, None
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

    def weight(self, receptor: Any, count: int | None) -> tuple[Any, float]:
        """A weight, and a size that none of its values exceeds."""
        scale, signed = self.pick(0.01, 1.0, 10.0) * (40.0 if receptor.is_current else 1.0), receptor.signed
        if self.chance(8):
            self.tags.add("extreme weights")
            scale = self.pick(1e-5, 1e6)
        kind = self.pick(*(VALUES if count is not None else ("number", "Distribution")))
        self.tags.add(f"weight {kind}")
        sign = -1.0 if signed and self.chance(30) else 1.0
        if kind == "number":
            return sign * scale, scale
        if kind == "array":
            relative = self.numbers(0.0, 2.0, count)
            relative[:1] = 1.0  # if all are tiny, they look like siemens
            return sign * scale * relative, 2 * scale
        if signed:
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
        kind = self.pick(*(DELAYS if count is not None else [d for d in DELAYS if d != "array"]))
        self.tags.add(f"delay {kind}")
        if kind == "DistanceDelay":
            return gs.DistanceDelay(velocity=self.number(0.1, 2.0), offset=self.steps(0, 5))
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
            weights[receptor.name], limits[receptor.name] = self.weight(receptor, count)
        if len(receptors) > 1 and receptors[0].weight_unit == receptors[1].weight_unit and self.chance(60):
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

    def draw_again(self) -> None:
        """Make some of the projections procedural that can be, which depends on everything else that there is."""
        for name, projection in self.net.projections.items():
            if refusal(projection) is None and not self.gated(projection) and self.chance(60):
                self.tags.add("procedural")
                self.lines.append(f"# {name} is procedural")
                keep(self.net, dataclasses.replace(projection, storage="procedural"))

    def make_plastic(self) -> None:
        """Give short-term plasticity or random release to some of the projections that can have it."""
        for name, projection in self.net.projections.items():
            receptors = [r for p in projection.post.populations for r in p.receptors if r.name in projection.weights]
            linear = all(r.kinetics.linear and r.gating == "auto" for r in receptors)
            if projection.procedural or not linear or self.gated(projection) or not self.chance(30):
                continue
            kind, plasticity = self.pick("shared", "each", "release", "both", "both"), []
            if kind != "release":
                tau_facil = self.pick(0.0, self.number(1.0, 50.0))
                numbers = self.pick(0.0, 0.04, 0.6, 0.6, 0.9, 0.9, 1.0, 1.0), self.number(1.0, 100.0), tau_facil
                drawn = gs.Uniform(0.0, 1.0), gs.Gamma(2.0, 9.0, low=0.1), gs.Uniform(0.0, 9.0)
                own = {self.pick(0, 1, 2), self.pick(0, 1, 2)} if kind == "each" or self.chance(40) else set()
                own = set() if kind == "shared" else own
                plasticity = [gs.TsodyksMarkram(*(drawn[k] if k in own else numbers[k] for k in range(3)))]
                self.tags |= {"TsodyksMarkram"} if plasticity[0].shared else {"TsodyksMarkram of each synapse"}
            if kind in ("release", "both"):
                p = {"p": self.pick(0.0, 0.3, 0.9, 0.9, 1.0, 1.0)} if kind == "release" else {}
                plasticity.append(gs.QuantalRelease(self.pick(1, 3, 4, 9), cv=self.pick(0.0, 0.0, 0.4), **p))
                self.tags.add("QuantalRelease" if kind == "release" else "TsodyksMarkram and QuantalRelease")
            self.lines.append(f"# {name} has {plasticity}")
            keep(self.net, dataclasses.replace(projection, plasticity=tuple(plasticity)))

    def keep_active(self, own: np.random.Generator) -> None:
        """Let what is released be active for a time in some of the projections where it can, by another generator."""
        for name, projection in self.net.projections.items():
            short_term = next((one for one in projection.plasticity if isinstance(one, gs.TsodyksMarkram)), None)
            random = any(isinstance(one, gs.QuantalRelease) for one in projection.plasticity)
            tau_psc = (2.0, 30.0, getattr(short_term, "tau_rec", 1.0), gs.Uniform(1.0, 9.0))[int(own.integers(4))]
            if short_term is None or random or own.random() < 0.5:
                continue
            if short_term.shared and isinstance(tau_psc, gs.Uniform):
                tau_psc = 4.0  # rules of learning were chosen for synapses that have no state of their own
            active = dataclasses.replace(short_term, tau_psc=tau_psc)
            plasticity = tuple(active if one is short_term else one for one in projection.plasticity)
            self.tags.add("TsodyksMarkram with tau_psc")
            self.lines.append(f"# {name} has {active}")
            keep(self.net, dataclasses.replace(projection, plasticity=plasticity))

    def make_learn(self) -> None:
        """Let weights of some of the projections learn that can."""
        for name, projection in self.net.projections.items():
            learns = self.pick(*projection.weights)
            weight, receptors = projection.weights[learns], [p.receptors for p in projection.post.populations]
            own = [r for r in itertools.chain(*receptors) if r.name == learns]
            sums = all(r.kinetics.linear for r in own)
            fit = all(r.kinetics.linear or form_of(r.kinetics).sends_at_events for r in own)
            fit &= all(r.gating == "auto" for r in own) and not self.gated(projection)
            if projection.procedural or not fit or isinstance(weight, gs.Ratio) or not self.chance(40):
                continue
            if not (high := self.largest(weight)):
                continue
            rule = self.learning_rule(learns)
            axonal = self.pick(0.0, 0.0, 0.3, 1.0) if sums and not self.one_by_one(projection) else 0.0
            self.tags |= {"axonal"} if axonal else set()
            limits = dict(projection.w_max or {}) | {learns: high * self.pick(1.0, 1.0, 1.7)}
            self.lines.append(f"# {name} has {rule}, {axonal=}, w_max {limits}")
            plasticity = (*projection.plasticity, rule)
            keep(self.net, dataclasses.replace(projection, plasticity=plasticity, axonal=axonal, w_max=limits))

    def recorded(self) -> set[str]:
        """Return the names of projections whose synapses are recorded, which are no others from then on."""
        return {getattr(recorder.source, "name", "") for recorder in self.net.recorders.values()}

    def make_rewired(self) -> None:
        """Rewire some of the projections that learn and can be rewired."""
        recorded = self.recorded()
        for name, projection in self.net.projections.items():
            learns, limits = projection.learned or self.pick(*projection.weights), projection.w_max or {}
            receptors = [r for p in projection.post.populations for r in p.receptors if r.name in projection.weights]
            fit = all(r.kinetics.linear or form_of(r.kinetics).sends_at_events for r in receptors)
            fit &= projection.rule.rewires and max(len(projection.pre.parts), len(projection.post.parts)) == 1
            given = [projection.delay, *(w for key, w in projection.weights.items() if key != learns)]
            fit &= not any(isinstance(one, np.ndarray) for one in given)
            fit &= not any(getattr(one, "shared", True) is False for one in projection.plasticity)
            fit &= not any(
                isinstance(one, gs.QuantalRelease) or getattr(one, "sigma", 0.0) for one in projection.plasticity
            )
            weight = projection.weights[learns]
            fit &= learns in limits and not isinstance(weight, gs.Ratio) and not projection.procedural
            fit = fit and (weight.bounds()[0] if hasattr(weight, "bounds") else np.min(weight, initial=0.0)) >= 0
            if not fit or self.gated(projection) or name in recorded or not self.chance(80):
                continue
            every, largest = self.pick(1, 3, 10) * self.dt, limits[learns]
            rewiring = gs.Rewiring(
                every, prune_below=largest * self.pick(0.1, 0.5, 1.0), weight=gs.Uniform(0.0, largest), learns=learns
            )
            self.tags.add("Rewiring")
            self.lines.append(f"# {name} has {rewiring}")
            keep(self.net, dataclasses.replace(projection, plasticity=(*projection.plasticity, rewiring)))

    def make_renewals(self) -> None:
        """Give gamma intervals or a dead time to some of the Poisson sources, drawn by a generator of its own."""
        own = np.random.default_rng((self.rng.bit_generator.seed_seq.entropy, 1))  # type: ignore[attr-defined]
        for population in self.sources:
            model, kind = population.model, own.choice(["gamma", "each", "dead", "Poisson"])
            if not isinstance(model, gs.PoissonSource) or kind == "Poisson" or not model.rate_bound:
                continue
            if kind == "dead":
                dead = round(float(own.choice([0.1, 0.6, 0.99])) * 1e3 / model.rate_bound, 9)
                made: Any = gs.PoissonSource(model.rate, dead_time=dead, max_events=model.max_events)
            else:
                shapes = own.choice([0.1, 0.7, 1.0, 4.0, 900.0], population.size)
                shape = shapes if kind == "each" else float(shapes[0])
                made = gs.GammaSource(model.rate, shape, max_events=model.max_events)
            self.tags.add("dead_time" if kind == "dead" else "GammaSource")
            self.lines.append(f"# {population.name} is a {made}")
            population._set(model=made)

    def one_by_one(self, projection: Any) -> bool:
        """Whether each synapse of a projection releases by itself."""
        return any(not getattr(one, "shared", False) for one in projection.plasticity)

    def make_calcium(self) -> None:
        """Let synapses of some of the other projections learn from the calcium that enters through a receptor."""
        for name, projection in self.net.projections.items():
            learns, calcium = self.pick(*projection.weights), self.pick(*projection.weights)
            own = [r for p in projection.post.populations for r in p.receptors]
            channels = [r for r in own if r.name == calcium]
            fit = all(r.kinetics.linear for r in own if r.name == learns) and not self.gated(projection)
            fit &= all(not r.signed and not EFFECTS[r.effect].STATES and not self.slowed(r) for r in channels)
            if projection.procedural or projection.plasticity or not fit or not self.chance(70):
                continue
            if not (high := self.largest(projection.weights[learns])):
                continue
            rule = gs.NMDAPlasticity(
                calcium, learns, speed=self.pick(1.0, 100.0), G=self.pick(1e-3, 0.1),
                bap_delay=self.pick(0.0, 4 * self.dt), V_Ca=self.pick(130.0, -50.0), bap=self.pick(100.0, 0.0),
            )  # fmt: skip
            limits = dict(projection.w_max or {}) | {learns: 1.5 * high}
            self.tags.add("NMDAPlasticity")
            self.lines.append(f"# {name} has {rule}, w_max {limits}")
            keep(self.net, dataclasses.replace(projection, plasticity=(rule,), w_max=limits))
            if self.chance(50):
                self.add("record", self.net.projections[name], "Ca", every=self.dt)

    def make_scaled(self) -> None:
        """Scale weights of some projections by the rates of their targets, where they learn and where they do not."""
        for name, projection in self.net.projections.items():
            learns = projection.learned or self.pick(*projection.weights)
            own = [r for p in projection.post.populations for r in p.receptors if r.name == learns]
            fit = all(r.kinetics.linear and r.gating == "auto" for r in own) and not self.gated(projection)
            fit &= not any(isinstance(one, gs.CalciumSTDP) for one in projection.plasticity)
            if projection.procedural or not fit or name in self.recorded() or not self.chance(30):
                continue
            if not (high := self.largest(projection.weights[learns])):
                continue
            every = self.dt * self.pick(2, 5, 11)
            rates = self.number(1.0, 500.0), every * self.pick(1.0, 10.0), self.number(0.5, 30.0)
            scaling = gs.HomeostaticScaling(*rates, every, learns)
            limits = {learns: 2.0 * high} | dict(projection.w_max or {})
            self.tags.add("HomeostaticScaling")
            self.lines.append(f"# {name} has {scaling}, w_max {limits}")
            plasticity = (*projection.plasticity, scaling)
            keep(self.net, dataclasses.replace(projection, plasticity=plasticity, w_max=limits))

    def largest(self, weight: Any) -> float:
        """The largest weight if weights can learn, else 0."""
        if isinstance(weight, gs.Ratio):
            return 0.0
        low, high = (
            weight.bounds() if hasattr(weight, "bounds") else (np.min(weight, initial=0), np.max(weight, initial=0))
        )
        return float(high) if low >= 0 and 0 < high < 1e4 else 0.0

    def slowed(self, receptor: Any) -> bool:
        """Whether a drug changes the kinetics of a receptor."""
        actions = (action for infusion in self.net.infusions.values() for action in infusion.drug.actions)
        return any(a.receptor == receptor.kind and isinstance(a, gs.drugs.DecayModulator) for a in actions)

    def learning_rule(self, learns: str) -> Any:
        """A rule of any kind, whose changes are large enough to see."""
        A, tau = [self.pick(0.0, self.number(0.01, 0.5)) for _ in range(4)], [self.number(0.5, 30.0) for _ in range(4)]
        kinds = "STDP", "STDP with powers", "STDP of nearest spikes", "TripletSTDP", "InhibitorySTDP", "CalciumSTDP"
        kind = self.pick(*kinds)
        self.tags.add(kind)
        if kind == "TripletSTDP":
            return gs.TripletSTDP(*A, *tau, learns=learns)
        if kind == "InhibitorySTDP":
            return gs.InhibitorySTDP(self.number(0.001, 0.5), tau[0], self.number(0.0, 200.0), learns=learns)
        if kind == "CalciumSTDP":
            sigma, D = self.pick(0.0, self.number(1.0, 50.0)), self.pick(0.0, self.number(0.1, 5.0))
            return gs.CalciumSTDP(tau[0], *tau[1:3], D, sigma=sigma, tau=self.number(50.0, 5000.0), learns=learns)
        mu = [self.pick(0.0, 0.4, 1.0) for _ in range(2)] if kind == "STDP with powers" else [0.0, 0.0]
        pairing = "nearest" if kind == "STDP of nearest spikes" else "all"
        return gs.STDP(*A[:2], *tau[:2], *mu, pairing, learns)

    def gated(self, projection: Any) -> bool:
        """Whether synapses of a projection own gates."""
        everything = self.net.projections.values(), self.net.infusions
        return any(
            strategy.owner == SYNAPSE and receptor.name in projection.weights
            for population in projection.post.populations
            for strategy, receptor in zip(choose_strategies(population, *everything), population.receptors, strict=True)
        )

    # ---- gap junctions ----
    def couple(self, rng: np.random.Generator) -> None:
        """Couple neurons of some populations, by numbers of their own, so far as a step can follow."""
        if rng.random() > 0.3:
            return
        self.tags.add("gap junctions")
        every = sum(self.cells[1:], self.cells[0])
        cells = [every, self.cells[0], every[int(rng.integers(every.size)) :]]
        C_m = min(np.min(getattr(v, "low", None) or v) for v in (p.model.values["C_m"] for p in self.cells))
        most = 0.2 * float(C_m) / self.dt / every.size
        for k in range(int(rng.integers(1, 3))):
            A, B = (cells[int(rng.integers(len(cells)))] for _ in "AB")
            rule = (gs.FixedProbability(0.3), gs.AllToAll())[int(rng.integers(2))]
            g = (most, gs.Uniform(0.0, most))[int(rng.integers(2))]
            self.add("couple", A, B, rule, g, name=f"g{k}")

    # ---- inputs ----
    def drive(self, index: int) -> None:
        cell = self.pick(*self.cells)
        linear = [r for r in cell.receptors if r.kinetics.linear and r.kind not in self.blocked]
        receptor, target = self.pick(*linear), self.some_of(cell)
        self.tags |= {"drive of a dendrite"} if "." in receptor.name else set()
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

    def infuse(self) -> None:
        """A drug, where models are those whose modules are compiled with a bath."""
        models = {tag for tag in self.tags if tag.startswith("model ")}
        if not models <= {"model lumped", "model gated"}:
            return
        can_slow = "model gated" not in models
        kind = self.pick(*("modulator", "modulator", "antagonist", "blocker")[0 if can_slow else 2 :])
        self.tags.add(f"infuse {kind}")
        drug = {
            "antagonist": self.pick("NBQX", "CNQX", "D-AP5", "picrotoxin"),
            "modulator": self.pick("benzodiazepine", "barbiturate"),
            "blocker": self.pick("MK-801", "memantine"),
        }[kind]
        if kind == "blocker":
            self.blocked.add("NMDA")
        wash = {"wash_in": self.pick(0.0, 0.7)} | ({"wash_out": 0.5} if "stop" in (when := self.window()) else {})
        self.add("infuse", drug, self.pick(0.3, 20.0, 5000.0), **when, **wash)

    def inject(self, index: int) -> None:
        target = self.some_of(self.pick(*self.cells))
        current = self.timed("inject", -300.0, 900.0, target.size)
        self.add("inject", target, current, name=f"i{index}", **part_of(self, target, "inject into"), **self.window())

    def fluctuate(self) -> None:
        """Noise into some compartments; it has a generator of its own, so that other choices stay as they are."""
        own = np.random.default_rng([len(self.lines), *map(len, self.lines)])
        for k in range(int(own.integers(0, 3))):
            cell = self.cells[int(own.integers(len(self.cells)))]
            target = (cell, cell[:: int(own.integers(1, 4))], cell[cell.size // 2 :])[int(own.integers(3))]
            each = own.random() < 0.3
            std = np.round(own.uniform(0.0, 300.0, target.size), 3) if each else float(own.integers(0, 300))
            mean = float(own.integers(-50, 50))
            kind = ("WhiteNoise", "OrnsteinUhlenbeck")[int(own.integers(2))]
            self.tags |= {f"noise {kind}"} | ({"noise of each"} if each else set())
            if kind == "WhiteNoise":
                noise: Any = gs.WhiteNoise(mean, std=std, dt=int(own.integers(1, 9)) * self.dt)
            else:
                noise = gs.OrnsteinUhlenbeck(mean, std=std, tau=float(own.integers(1, 90)) / 10.0)
            start = int(own.integers(0, 9)) * self.dt
            when = {"start": start, "stop": start + 20 * self.dt} if own.random() < 0.4 else {}
            names = [compartment.name for compartment in cell.compartments]
            place = {"compartment": names[int(own.integers(len(names)))]} if len(names) > 1 else {}
            self.add("inject", target, noise, name=f"noise{k}", **place, **when)

    def clamp(self) -> None:
        cell = self.pick(*self.cells)
        target = cell[int(self.rng.integers(cell.size)) :]
        V = self.timed("clamp", -90.0, 40.0, target.size, ("number", "Waveform"))
        if isinstance(V, float) and abs(V) < 1.0:
            V = 0.0  # what is closer looks like volts
        self.add("clamp", target, V, **part_of(self, target, "clamp of"))

    def record(self) -> None:
        every = self.pick(None, self.dt, 3 * self.dt, 7 * self.dt)
        for p in self.cells:
            self.add("record", self.some_of(p) if p.size < 100 else p[120:], list(p.variables), every=every)
        order = [*self.sources, *self.cells]
        self.add("record", sum(order[1:], order[0]), "spikes", name="spikes")


def draw_case(
    choices: Choices,
    steps: tuple[int, int],
    *,
    dendrites: bool = False,
    deltas: bool = False,
    thresholds: bool = False,
) -> Case:
    """A network that most often spikes, run for a number of steps between two bounds.

    Some cells may have dendrites, V of some may jump, and the threshold of some may change.
    """
    draft = Wiring(choices, choices.one_of([0.1, 0.25]))
    mood = choices.one_of(["lively"] * 8 + ["quiet", "all fire"])
    draft.tags.add(mood)
    for k in range(choices.whole(1, 3)):
        draft.neurons(f"n{k}", mood)
    for k in range(choices.whole(1, 2) if dendrites else 0):
        draft.neurons(f"star{k}", mood, dendrites=True)
    for k in range(choices.whole(1, 2) if deltas else 0):
        draft.neurons(f"jumper{k}", mood, deltas=True)
    for k in range(choices.whole(1, 2) if thresholds else 0):
        draft.neurons(f"adapting{k}", mood, thresholds=True)
    for k in range(choices.whole(0, 2)):
        draft.source(f"s{k}")
    for k in range(choices.whole(0, 4)):
        draft.connect(k)
    if draft.chance(75):
        draft.infuse()
    for k in range(choices.whole(0, 2)):
        draft.drive(k)
    for k in range(choices.whole(0, 2)):
        draft.inject(k)
    if draft.chance(25):
        draft.clamp()
    draft.fluctuate()
    draft.draw_again()
    draft.record()
    precision = choices.one_of(["single", "single", "double"])
    draft.tags.add(precision)
    seed = choices.one_of([0, 1, 2**64 + 1]) + int(draft.rng.integers(1000))
    n_steps = choices.whole(*steps)
    draft.make_plastic()
    draft.make_learn()
    draft.make_calcium()
    draft.make_scaled()
    draft.make_rewired()
    draft.couple(np.random.default_rng([seed % 1000, 15]))
    draft.make_renewals()
    draft.keep_active(np.random.default_rng([seed % 1000, 16]))
    return Case(draft.net, draft.dt, seed, precision, n_steps, draft.tags, draft.lines)


def seeded_case(seed: int, steps: tuple[int, int] = (20, 80), *, dendrites: bool = False) -> Case:
    """The network of a seed, the same on every machine and with every version of hypothesis."""
    return draw_case(Seeded(seed), steps, dendrites=dendrites)
