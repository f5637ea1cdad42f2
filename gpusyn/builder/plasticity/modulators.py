"""The modulators of rules with three factors: their sources, courses and coefficients."""

from __future__ import annotations

from functools import partial

import numpy as np

from gpusyn.builder.inputs.courses import Column, at_middle, step_mean
from gpusyn.builder.layout import Layout
from gpusyn.builder.pathways import Bundle
from gpusyn.builder.plasticity.trains import TrainTables, is_taught, rule_of
from gpusyn.equations.plasticity.eligibility import DopamineCoefficients
from gpusyn.errors import ParameterError
from gpusyn.kernels.arrays import Extents, Owner, array_name
from gpusyn.kernels.records import Modulator, ModulatorPart, write_rows
from gpusyn.network.populations import Part
from gpusyn.numerics.propagators import expm1
from gpusyn.parameters.waveform import Waveform
from gpusyn.plasticity import DopamineSTDP
from gpusyn.utils.typing import Array

KERNEL = "advance_modulators"
MOST_STEPS = 1024  # after which all synapses are settled, so that the sums of gains stay accurate
RARELY = 2**29 - 1  # the mask of what needs no settling but that kernels count steps since then in 32 bits


class ModulatorTables:
    """The modulators of a layout, which follow from it alone; rules that are one object have one."""

    def __init__(self, layout: Layout, trains: TrainTables, columns: int = 0) -> None:
        """Place the modulators; the columns of the waves of those that are waveforms begin at `columns`."""
        self._layout = layout
        self.numbers: dict[int, int] = {}  # number of the modulator of each rule, by the rule's identity
        self._rows: list[Modulator] = []
        self._parts: list[ModulatorPart] = []
        self._coef: list[float] = []
        self._column, self._gains = columns, 0
        for rule in modulated_rules(layout):
            self.numbers[id(rule)] = len(self._rows)
            self._rows.append(self._row(rule, trains))

    def _row(self, rule: DopamineSTDP, trains: TrainTables) -> Modulator:
        parts = _sources(rule, self._layout)
        steps, is_course = _settled_every(rule, self._layout.dt), isinstance(rule.modulator, Waveform)
        row = Modulator(
            part=len(self._parts), part_end=len(self._parts) + len(parts), column=self._column if is_course else 0,
            coef=len(self._coef), decay=trains.decaying(rule.tau_eligibility),
            growth=trains.growing(rule.tau_eligibility, steps), mask=steps - 1, gains=self._gains,
        )  # fmt: skip
        self._parts += parts
        self._coef += coefficients(rule, self._layout.dt)
        self._column += is_course
        self._gains += steps + 1
        return row

    @property
    def mask(self) -> int:
        """All synapses are settled in the steps that are a multiple of this number + 1."""
        return min((row.mask for row in self._rows), default=RARELY)

    def extents(self) -> dict[Owner, Extents]:
        """Return the extents of the arrays of modulators: of the program, and of their kernel."""
        program: dict[Owner, Extents] = {(None, None): {"modulators": len(self._rows), "gains": self._gains}}
        if not self._rows:
            return program
        own = {"modulators": len(self._rows), "modulator parts": len(self._parts), "coefficients": len(self._coef)}
        return program | {(KERNEL, None): own}

    def arrays(self) -> dict[str, Array]:
        """Return the tables by name; none if there is no modulator."""
        if not self._rows:
            return {}
        parts, coef = (array_name(name, kernel=KERNEL) for name in ("modulator_parts", "coef"))
        return {
            "modulators": write_rows(self._rows, Modulator),
            parts: write_rows(self._parts, ModulatorPart),
            coef: np.array(self._coef).astype(self._layout.numbers.real_dtype),
        }


def modulated_rules(layout: Layout) -> list[DopamineSTDP]:
    """Return the rules with a modulator, each once."""
    rules = [rule_of(bundle) for bundle in layout.bundles if is_taught(bundle)]
    return list({id(rule): rule for rule in rules if isinstance(rule, DopamineSTDP)}.values())


def modulator_columns(layout: Layout) -> list[Column]:
    """Return the columns of the waves that are courses of modulators, in the order of the rules (Hz)."""
    courses = [rule.modulator for rule in modulated_rules(layout) if isinstance(rule.modulator, Waveform)]
    return [at_middle(partial(step_mean, course, layout.dt)) for course in courses]


def is_modulated(bundle: Bundle) -> bool:
    """Return whether a modulator makes changes of the weights of a bundle."""
    return is_taught(bundle) and isinstance(rule_of(bundle), DopamineSTDP)


def check_modulated(bundle: Bundle, layout: Layout) -> None:
    """Refuse delays that have no dendritic part: spikes would change eligibilities in a step that has not come.

    Raises
    ------
    ParameterError
        If some spikes reach the synapse in the step in which they are due.
    """
    if is_modulated(bundle) and any(way.early for way in bundle.timing.ways):
        projection = bundle.pathways[0].projection
        raise ParameterError(
            f"Projection '{projection.name}'.axonal: with DopamineSTDP at least one step of each delay must be "
            f"dendritic, but with axonal={projection.axonal:g} the delay of {bundle.timing.first * layout.dt:g} ms is "
            "axonal altogether; give a smaller axonal= or longer delays"
        )


def coefficients(rule: DopamineSTDP, dt: float) -> DopamineCoefficients:
    """Return what a step does to a modulator, and to the weight of a synapse with an eligibility of 1."""
    tau_c, tau_d = rule.tau_eligibility, rule.tau_dopamine
    both = tau_c * tau_d / (tau_c + tau_d)
    decay = 1.0 + float(expm1(-dt / tau_d))
    own, steady = (float(-tau * expm1(-dt / tau)) for tau in (both, tau_c))
    return DopamineCoefficients(decay=decay, jump=1.0 / tau_d, rate=1e-3, own=own, steady=steady)


def _settled_every(rule: DopamineSTDP, dt: float) -> int:
    """Return after how many steps all synapses are settled, a power of 2: about two time constants at most."""
    return min(1 << max(int(2.0 * rule.tau_eligibility / dt), 1).bit_length() - 1, MOST_STEPS)


def modulating_parts(rule: DopamineSTDP, layout: Layout) -> tuple[Part, ...]:
    """Return the parts of populations whose spikes modulate; none if a course does."""
    given = rule.modulator
    if isinstance(given, Waveform):
        return ()
    return (layout.net.populations[given] if isinstance(given, str) else given).parts


def _sources(rule: DopamineSTDP, layout: Layout) -> list[ModulatorPart]:
    """Return the consecutive sources whose spikes modulate."""
    found = []
    for part in modulating_parts(rule, layout):
        place = layout.populations[part.population.name]
        for run in np.split(part.ids, np.flatnonzero(np.diff(part.ids) != 1) + 1):
            if run.size:
                found.append(ModulatorPart(place.sender(int(run[0])), place.sender(int(run[-1]) + 1)))
    return found
