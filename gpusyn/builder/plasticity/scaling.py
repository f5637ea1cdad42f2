"""Homeostatic scaling: intervals, rates, and the rows of weights that are multiplied (kernels/scale_weights.cu)."""

from __future__ import annotations

import numpy as np

from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Bundle
from gpusyn.builder.plasticity.trains import TrainTables, rate_key, scaling_of
from gpusyn.equations.coefficients import count
from gpusyn.equations.plasticity.scaling import ScalingCoefficients
from gpusyn.errors import ParameterError
from gpusyn.kernels.arrays import Extents, Owner, array_name
from gpusyn.kernels.records import Route, Scaling, write_rows
from gpusyn.network.plasticity import homeostasis_of
from gpusyn.network.projections import Projection
from gpusyn.parameters.scalars import whole_steps
from gpusyn.plasticity import HomeostaticScaling
from gpusyn.utils.typing import Array

KERNEL = "scale_weights"
LEAST_STEPS = 2  # between two scalings: factors are found in the step before


class ScalingTables:
    """The scalings of a layout, with the routes to the weights that are multiplied."""

    def __init__(self, layout: Layout, trains: TrainTables) -> None:
        self._layout, self._trains = layout, trains
        self._rows: list[Scaling] = []
        self._routes: list[Route] = []
        self._of: list[int] = []
        self._coef: list[float] = []
        self._targets = 0

    def add(self, bundle: Bundle, routes: list[Route], w_max: int, settled: int) -> None:
        """Add the routes to the receptor of a bundle whose weights are scaled; `settled` is -1 if no spikes teach."""
        rule, pathway = scaling_of(bundle), bundle.pathways[0]
        assert rule is not None
        row = Scaling(
            every=scaled_every(bundle, self._layout), train=self._trains.numbers[rate_key(bundle)],
            coef=len(self._coef), growth=self._targets, offset=pathway.post.trained, w_max=w_max, settled=settled,
        )  # fmt: skip
        self._of += [len(self._rows)] * len(routes)
        self._rows.append(row)
        self._coef += coefficients(rule, row.every * self._layout.dt)
        self._targets += pathway.post.sources
        first, end = (pathway.pre.source + place for place in bundle.pre_range)
        self._routes += [route._replace(source=first, source_end=end, late=-1, late_bits=0) for route in routes]

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name; none if nothing is scaled."""
        if not self._rows:
            return {}
        own = {
            "routes": write_rows(self._routes, Route),
            "scaling_of": np.array(self._of, np.int32),
            "scalings": write_rows(self._rows, Scaling),
            "coef": np.array(self._coef).astype(self._layout.numbers.real_dtype),
            "growth": np.zeros(self._targets, self._layout.numbers.real_dtype),
        }
        return {array_name(name, kernel=KERNEL): array for name, array in own.items()}


def coefficients(rule: HomeostaticScaling, every: float) -> ScalingCoefficients:
    """Return what a spike adds to the rate in units of the wanted one, and the interval (ms) over the time constant."""
    return ScalingCoefficients(share=1e3 / (rule.rate * rule.tau_rate), gain=every / rule.tau)


# ---- from a layout alone ----
def scaled_bundles(layout: Layout) -> list[Bundle]:
    """Return the bundles whose weights are scaled."""
    return [bundle for bundle in layout.bundles if scaling_of(bundle) is not None]


def scaled_every(bundle: Bundle, layout: Layout) -> int:
    """Return after how many steps the weights of a bundle are scaled, 0 if never."""
    rule = scaling_of(bundle)
    return 0 if rule is None else steps_of(rule, layout.dt, bundle.pathways[0].projection)


def steps_of(rule: HomeostaticScaling, dt: float, projection: Projection) -> int:
    """Return the steps from one scaling to the next.

    Raises
    ------
    ParameterError
        If the interval is given but off the grid, or shorter than two steps, or these are longer than `tau`.
    """
    where = f"Projection '{projection.name}'.plasticity: HomeostaticScaling"
    if rule.tau < LEAST_STEPS * dt:
        raise ParameterError(
            f"{where}.tau: must be at least {LEAST_STEPS} steps, {LEAST_STEPS * dt:g} ms (got {rule.tau:g}); use a "
            "longer one, of seconds or more"
        )
    if rule.every is None:
        return max(int(rule.interval / dt + 1e-9), LEAST_STEPS)
    return whole_steps(rule.every, dt, f"{where}.every", low=LEAST_STEPS)


def scaling_extents(layout: Layout) -> dict[Owner, Extents]:
    """Return the extents of the arrays of the kernel of scaling; none if nothing is scaled."""
    bundles = scaled_bundles(layout)
    if not bundles:
        return {}
    own = {
        "routes": sum(bundle.timing.blocks for bundle in bundles),
        "scalings": len(bundles),
        "scaled targets": sum(bundle.pathways[0].post.sources for bundle in bundles),
        "coefficients": len(bundles) * count(ScalingCoefficients),
    }
    return {(KERNEL, None): own}


def check_scaling(layout: Layout) -> None:
    """Refuse intervals that are no whole steps, or too few.

    Raises
    ------
    ParameterError
        If an interval does not fit the time step.
    """
    for projection in layout.net.projections.values():
        rule = homeostasis_of(projection.plasticity)
        if rule is not None:
            steps_of(rule, layout.dt, projection)
