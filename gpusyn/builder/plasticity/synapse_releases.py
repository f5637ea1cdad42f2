"""Synapses that release one by one: what is kept of each, beside its row (kernels/deliver_releases.cu).

Release is random, or parameters of short-term plasticity differ between the synapses of a source. What such synapses
have in common stays on the source: the time since its last event, and u unless it depends on a parameter that differs.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.bundles import stored_form
from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Bundle
from gpusyn.builder.plasticity.releases import KERNEL as SHARED
from gpusyn.builder.plasticity.releases import release_signature
from gpusyn.builder.rows.event_driven import StoredReleases, index_of, sums_of
from gpusyn.builder.rows.routes import in_units
from gpusyn.builder.rows.stored import Pool
from gpusyn.equations.release import MOST_EVENTS, SynapseReleaseCoefficients
from gpusyn.equations.short_term import AT_ONCE, active_coefficients
from gpusyn.errors import ParameterError
from gpusyn.kernels.arrays import Extents, Owner, array_name
from gpusyn.kernels.records import ReleaseSums, ReleasingSet, Route, SynapseRelease, write_rows
from gpusyn.kernels.signature import ReleaseSignature
from gpusyn.network.plasticity import release_of, short_term_of
from gpusyn.network.projections import Projection
from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.values import check_drawn
from gpusyn.utils.typing import Array, Floats

BEGIN, DELIVER = "begin_releases", "deliver_releases"
_PARAMETERS = ("U", "tau_facil", "tau_rec", "tau_psc")  # of TsodyksMarkram
_LIMITS: dict[str, dict[str, Any]] = {
    "U": {"low": 0.0, "high": 1.0}, "tau_facil": {"unit": "ms", "low": 0.0}, "tau_rec": {"unit": "ms", "above": 0.0},
    "tau_psc": {"unit": "ms", "above": 0.0},
}  # fmt: skip
_DRAWN = 1 << 18  # synapses whose parameters are drawn together


class ReleaseForm(NamedTuple):
    """What is kept of each synapse of a projection: its own parameters, u, x and y or full sites, and its number."""

    own: tuple[str, ...]
    sites: int
    u: bool
    x: bool
    y: bool
    full: bool

    @property
    def numbered(self) -> bool:
        """True if random words are drawn for each synapse."""
        return self.sites > 0

    def sizes(self, n: int) -> Extents:
        """Return the extents of the arrays of `n` synapses."""
        return {
            "numbered synapses": n * self.numbered,
            "used synapses": n * self.u,
            "resting synapses": n * self.x,
            "active synapses": n * self.y,
            "depleted synapses": n * self.full,
            "own parameters": n * len(self.own),
        }


def release_form(projection: Projection) -> ReleaseForm:
    """Return what is kept of each synapse of a projection whose synapses release one by one."""
    short_term, release = short_term_of(projection.plasticity), release_of(projection.plasticity)
    own = tuple(name for name in _PARAMETERS if not isinstance(getattr(short_term, name, None), float | None))
    active = short_term is not None and short_term.active
    sites = 0 if release is None else int(release.n)
    depletes = release is not None and short_term is not None
    return ReleaseForm(own, sites, u="U" in own or "tau_facil" in own, x=release is None, y=active, full=depletes)


def most_of_weight(projection: Projection, events: int) -> int:
    """Return how many weights a synapse can release at most at some events of one step.

    Quanta of different sizes have at most twice the mean size. What is empty does not recover within a step.
    """
    release = release_of(projection.plasticity)
    times = 1 if short_term_of(projection.plasticity) is not None else events
    return 2 * times if release is not None and release.cv > 0 else times


def usual_part(projection: Projection) -> float:
    """Return the part of a weight that an event releases after a long rest, on average; 1 if that is nothing."""
    short_term, release = short_term_of(projection.plasticity), release_of(projection.plasticity)
    U: Any = release.p if short_term is None and release is not None else getattr(short_term, "U", None)
    return float(U.mean_value() if isinstance(U, Distribution) else np.mean(U)) or 1.0


def releasing(layout: Layout) -> list[Bundle]:
    """Return the bundles whose synapses release one by one."""
    return [bundle for bundle in layout.bundles if bundle.one_by_one]


def signature_of(layout: Layout, kernel: str) -> ReleaseSignature | None:
    """Return what a kernel of short-term plasticity knows beside u and x; None if that is nothing."""
    if kernel == SHARED:
        return release_signature(layout)
    if kernel != DELIVER:
        return None
    forms = (release_form(bundle.pathways[0].projection) for bundle in releasing(layout))
    return ReleaseSignature(active=True) if any(form.y for form in forms) else None


def check_events(projection: Projection, most_events: int) -> None:
    """Refuse more events of one source in a step than have random words of their own.

    Raises
    ------
    ParameterError
        If there may be more.
    """
    if release_of(projection.plasticity) is not None and most_events > MOST_EVENTS:
        raise ParameterError(
            f"Projection '{projection.name}'.plasticity: a source may have {most_events} events in one step, but "
            f"QuantalRelease draws random numbers for at most {MOST_EVENTS}; use a smaller dt, a lower rate, or "
            "several sources"
        )


# ---- extents ----
def synapse_extents(bundle: Bundle) -> Extents:
    """Return the contribution of one bundle to the extents of what is kept of each synapse."""
    synapses = sum(round(pathway.expected) for pathway in bundle.pathways)
    return release_form(bundle.pathways[0].projection).sizes(synapses)


def release_extents(layout: Layout) -> dict[Owner, Extents]:
    """Return the extents of the arrays of synapses that release one by one; none if there are no such projections."""
    bundles = releasing(layout)
    if not bundles:
        return {}
    found = Counter(ReleaseForm((), 0, u=False, x=False, y=False, full=False).sizes(0))
    for bundle in bundles:
        found.update(synapse_extents(bundle))
    receptors, each = sum(len(bundle.receptors) for bundle in bundles), len(SynapseReleaseCoefficients._fields)
    more = {
        "routes": sum(bundle.timing.blocks for bundle in bundles),
        "route bounds": len(layout.populations) + len(layout.gates) + 1,
        "releasing receptors": receptors,
        "releasing rows": len(bundles),
        "coefficients": each * len(bundles) + receptors,
    }
    begin = {"sets": len(bundles), "coefficients": each * len(bundles)}
    return {(BEGIN, None): begin, (DELIVER, None): dict(found) | more}


def rested_sources(layout: Layout) -> int:
    """Return the number of sources whose synapses release one by one, in each set of rows."""
    return sum(bundle.rows for bundle in releasing(layout))


# ---- tables ----
class KeptReleases(NamedTuple):
    """The places of what is kept of the synapses of one bundle, and of its sources."""

    bundle: Bundle
    release: SynapseRelease
    coef: SynapseReleaseCoefficients


class ReleaseTables:
    """The tables of a layout's synapses that release one by one.

    Attributes
    ----------
    kept : list of KeptReleases
        What is kept of the synapses of each bundle.
    """

    def __init__(self, layout: Layout, seed: int, trial: int) -> None:
        self.layout, self.kept = layout, list[KeptReleases]()
        self._seed, self._trial = seed, trial
        self._sources = 0
        self._routes: list[tuple[int, tuple[Route, SynapseRelease]]] = []
        self._sets: list[ReleasingSet] = []
        self._receptors: list[ReleaseSums] = []
        self._coef: list[float] = []
        real = layout.numbers.real_dtype
        self._number, self._own = Pool(np.uint32), Pool(real)
        self._sizes = Counter[str]()
        self._full: list[Array] = []

    def add(self, stored: StoredReleases) -> None:
        """Add a bundle, whose synapses are stored."""
        bundle, routes, weights, number = stored
        projection, n = bundle.pathways[0].projection, len(number)
        form, coef = release_form(projection), self._shared(projection)
        place, first = len(self._coef), len(self._receptors)
        self._coef += coef
        self._receptors += [self._sums(bundle, name, weights[name]) for name in bundle.receptors]
        own = {name: self._add_own(projection, name, number) for name in form.own}
        release = SynapseRelease(
            place=self._sources, coef=place, sites=form.sites, keys=2 * len(self.kept),
            number=self._number.add(number) if form.numbered else -1,
            u=self._reserve("used synapses", n, form.u), x=self._reserve("resting synapses", n, form.x),
            y=self._reserve("active synapses", n, form.y),
            full=self._reserve("depleted synapses", n, form.full),
            own_U=own.get("U", -1), own_facil=own.get("tau_facil", -1), own_rec=own.get("tau_rec", -1),
            own_psc=own.get("tau_psc", -1),
            receptor=first, receptor_end=len(self._receptors),
        )  # fmt: skip
        if form.full:
            self._full.append(np.full(n, form.sites, np.uint8))
        self._routes += [(sender, (route, release)) for sender, route in routes]
        source = routes[0][1].source
        self._sets.append(ReleasingSet(source, source + bundle.rows, self._sources, len(self.kept) * len(coef)))
        self._sources += bundle.rows
        self.kept.append(KeptReleases(bundle, release, coef))

    def _shared(self, projection: Projection) -> SynapseReleaseCoefficients:
        """Return the coefficients of the parameters that are numbers."""
        short_term, release = short_term_of(projection.plasticity), release_of(projection.plasticity)
        cv = release.cv if release is not None else 0.0
        if short_term is None:
            assert release is not None
            assert release.p is not None
            return SynapseReleaseCoefficients(release.p, AT_ONCE, AT_ONCE, cv, psc=0.0)
        numbers = {name: given for name in _PARAMETERS if isinstance(given := getattr(short_term, name), float)}
        U, tau_rec, tau_facil = (numbers.get(name, 1.0) for name in ("U", "tau_rec", "tau_facil"))
        c: Any = active_coefficients(U, tau_rec, tau_facil, numbers.get("tau_psc"), self.layout.dt)
        return SynapseReleaseCoefficients(c.U, c.facil, c.rec, cv, c.psc)

    def _sums(self, bundle: Bundle, receptor: str, weights: int) -> ReleaseSums:
        pathway = bundle.pathways[0]
        k = index_of(pathway, receptor)
        form, sums = stored_form(pathway, k, self.layout), sums_of(bundle, pathway, k)
        self._coef.append(math.ldexp(1.0, form.shift))
        return ReleaseSums(sums.ring, sums.mask, weights, form.weight or 0, len(self._coef) - 1)

    def _reserve(self, extent: str, n: int, kept: bool) -> int:
        """Return the place of a state of `n` synapses; -1 if it is not kept."""
        place = self._sizes[extent]
        self._sizes[extent] += n * kept
        return place if kept else -1

    def _add_own(self, projection: Projection, name: str, number: Array) -> int:
        """Add a parameter of each synapse, drawn or given by its number."""
        place = self._own.reserve(len(number))
        for start in range(0, len(number), _DRAWN):
            some = number[start : start + _DRAWN].astype(np.int64)
            values = own_parameter(projection, name, some, self._seed)
            self._own.part(place + start, len(some))[:] = values if name == "U" else _exponents(values, self.layout.dt)
        return place

    def keys(self, trial: int) -> Array:
        """Return the random keys of each bundle in a trial."""
        purposes = StreamPurpose.RELEASE, StreamPurpose.QUANTUM
        names = [one.bundle.pathways[0].projection.name for one in self.kept]
        found = [[stream_key(self._seed, purpose, name, trial) for purpose in purposes] for name in names]
        return np.array(found, np.uint64).view(np.int64)

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name, none if no synapses release one by one."""
        if not self.kept:
            return {}
        real = self.layout.numbers.real_dtype
        ordered = sorted(self._routes, key=lambda one: one[0])
        routes = in_units([(sender, route) for sender, (route, _) in ordered])
        counts = np.bincount([sender for sender, _ in routes], minlength=self._senders)
        size, one = self._sizes, real.type(1)
        found = {
            "routes": write_rows([route for _, route in routes], Route),
            "route_begin": np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
            "releases": write_rows([release for _, (_, release) in ordered], SynapseRelease),
            "receptors": write_rows(self._receptors, ReleaseSums),
            "coef": np.array(self._coef).astype(real),
            "keys": self.keys(self._trial),
            "number": self._number.join(),
            "own": self._own.join(),
            "u": np.broadcast_to(0 * one, max(size["used synapses"], 1)),
            "x": np.broadcast_to(one, max(size["resting synapses"], 1)),
            "y": np.broadcast_to(0 * one, max(size["active synapses"], 1)),
            "full": np.concatenate([*self._full, *([] if self._full else [np.zeros(1, np.uint8)])]),
        }
        shared = np.array([one.coef for one in self.kept]).astype(real).reshape(-1)
        begin = {"sets": write_rows(self._sets, ReleasingSet), "coef": shared}
        return {array_name(name, kernel=DELIVER): array for name, array in found.items()} | {
            array_name(name, kernel=BEGIN): array for name, array in begin.items()
        }

    @property
    def _senders(self) -> int:
        return len(self.layout.populations) + len(self.layout.gates)


def own_parameter(projection: Projection, name: str, number: Array, seed: int) -> Floats:
    """Return a parameter of short-term plasticity of the synapses of some numbers.

    Raises
    ------
    ParameterError
        If a value that is drawn is out of range.
    """
    given = getattr(short_term_of(projection.plasticity), name)
    if not isinstance(given, Distribution):
        return np.asarray(given[number], np.float64)
    stream = Stream(stream_key(seed, StreamPurpose.PLASTICITY, f"{projection.name}\0TsodyksMarkram.{name}"))
    values = given.checked_draw(stream, number)
    check_drawn(values, f"Projection '{projection.name}'.plasticity: TsodyksMarkram.{name}", **_LIMITS[name])
    return values


def _exponents(tau: Floats, dt: float) -> Floats:
    """Return the exponents of the decay in one step with some time constants."""
    with np.errstate(divide="ignore"):
        exponents: Floats = np.maximum(-dt / tau, AT_ONCE)
    return exponents


# ---- what the plan says ----
def release_reason(projection: Projection) -> str:
    """Return why the synapses of a projection release one by one, and what is kept of each."""
    form = release_form(projection)
    differ = f"{' and '.join(form.own)} differ{'s' * (len(form.own) == 1)} from synapse to synapse"
    why = " and ".join(["release is random"] * form.numbered + [differ] * bool(form.own))
    states = {"a number": form.numbered, "u": form.u, "x": form.x, "y": form.y, "full sites": form.full}
    kept = ", ".join([*(name for name, is_kept in states.items() if is_kept), *form.own])
    source = "" if form.u or short_term_of(projection.plasticity) is None else ", and u of its source"
    return f"each synapse releases by itself, at the spikes of its source, because {why}: it has {kept}{source}"
