"""Arrays are what their declarations say: types, shapes, who writes them, what a checkpoint and a reset need."""

from __future__ import annotations

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder.placement import lay_out
from gpusyn.builder.specs import extents
from gpusyn.kernels.arrays import ARRAYS, CHUNKED, EXPECTED, EXTENTS, SCOPES, arguments_of, bindings, kind_of
from gpusyn.kernels.program import PARAMETER, RECORD, ROLES, SCRATCH, STATE, WEIGHT, ArraySpec
from gpusyn.kernels.spec import KERNELS
from tests.helpers.runs import differences, outcome
from tests.helpers.sanitized_network import describe

DT, SEED = 0.1, 3
ids = [f"{kind.scope}: {kind.name}" for kind in ARRAYS]


def simulator(**options: object) -> gs.Simulator:
    return gs.Simulator(describe(), dt=DT, seed=SEED, backend="numpy", **options)


@pytest.fixture(scope="module")
def program():
    """The program of a network that needs every kernel."""
    with simulator() as sim:
        yield sim._compiled.program


# ---- declarations ----


@pytest.mark.parametrize("kind", ARRAYS, ids=ids)
def test_declaration_is_complete(kind):
    arguments = arguments_of(kind)
    assert arguments, "no kernel gets this array"
    assert len({argument.ctype for argument in arguments.values()}) == 1
    assert kind.role in ROLES
    assert kind.scope in SCOPES
    assert kind.doc.endswith(".")
    assert all(extent in EXTENTS or isinstance(extent, int) for extent in kind.extents)


@pytest.mark.parametrize("kind", ARRAYS, ids=ids)
def test_kernels_write_what_may_change(kind):
    written = any(argument.intent != "in" for argument in arguments_of(kind).values())
    by_host = STATE if kind.name == "settled" else WEIGHT
    computed = PARAMETER if kind.name == "drive_limits" else STATE  # from the rates, those that change by a kernel
    assert kind.role in ((STATE, WEIGHT, SCRATCH, RECORD, computed) if written else (PARAMETER, by_host, SCRATCH))


def test_every_extent_and_role_is_used():
    assert {e for kind in ARRAYS for e in kind.extents if isinstance(e, str)} == set(EXTENTS)
    assert {kind.role for kind in ARRAYS} == set(ROLES)
    assert set(EXTENTS) >= EXPECTED


def test_arguments_get_the_array_of_the_narrowest_scope():
    found = bindings("advance_markov", 2)
    assert found["sets"] == "advance_markov.g2.sets"
    assert found["gates"] == "advance_markov.gates"  # not the group's
    assert found["V"] == "g2.V"
    assert found["clock"] == "clock"
    assert bindings("advance_neurons", 0)["gates"] == "g0.gates"
    assert bindings("advance_poisson")["chunks"] == "advance_poisson.chunks"


# ---- programs ----


def test_a_network_with_everything_has_every_array(program):
    assert {launch.kernel for launch in program.launches} == set(KERNELS)
    docs = [spec.doc for spec in program.specs.values()]
    assert [kind.name for kind in ARRAYS if kind.doc not in docs] == []
    for launch in program.launches:
        for argument, name in launch.arrays.items():
            if launch.kernel == "advance_neurons" and name.endswith(".gathered"):
                argument, kernel = "gathered", "gather_currents"  # takes the place of the current that users gave
            else:
                kernel = launch.kernel
            assert program.specs[name].doc == kind_of(kernel, argument).doc


def test_initial_values_are_those_that_are_described(program):
    assert program.initial.keys() == program.specs.keys()
    for name, spec in program.specs.items():
        assert spec.name == name
        assert (program.initial[name].dtype, program.initial[name].shape) == (spec.dtype, spec.shape)
        live = program.live(name)
        assert live.flags.c_contiguous
        assert live.flags.writeable
        assert live.nbytes == spec.nbytes
        assert (live is program.initial[name]) <= (spec.role != STATE)


def undrawn(spec: ArraySpec) -> list[int]:
    return [n for n, extent in zip(spec.shape, spec.extents, strict=True) if extent not in EXPECTED]


@pytest.mark.parametrize("precision", ["single", "double"])
def test_a_plan_describes_the_arrays_that_are_built(precision):
    with simulator(precision=precision) as sim:
        planned, built = sim.plan.specs, sim._compiled.program.specs
        assert list(planned) == list(built)
        for name, spec in built.items():
            assert planned[name]._replace(shape=()) == spec._replace(shape=())
            assert undrawn(planned[name]) == undrawn(spec)
        assert sim.plan.total == pytest.approx(sim._compiled.program.nbytes, rel=0.05)
        assert sim.plan.launches == len(sim._compiled.program.launches)


def test_extents_that_depend_on_chunks_are_named():
    layout = lay_out(describe(), DT, "single")
    short, long = extents(layout, 20), extents(layout, 200)
    assert {e for owner, found in short.items() for e, n in found.items() if n != long[owner][e]} == CHUNKED


# ---- roles ----


def test_reset_restores_states_and_replaced_weights():
    with simulator() as sim:
        program, session = sim._compiled.program, sim._session
        saved = {spec.name: session.read(spec.name) for role in (STATE, WEIGHT) for spec in program.of_role(role)}
        sim.step(9)
        for name in ("to S", "to G") * 2:  # event-driven and on the synapses, each twice
            sim.set_weights(name, 0.5 * sim.weights(name, "markov").weight, "markov")
        sim.step(1)
        changed = {name for name, values in saved.items() if session.read(name).tobytes() != values.tobytes()}
        assert {"weights", "advance_markov.weights", "g0.V", "ring", "advance_gates.gates"} <= changed
        sim.reset()
        assert [name for name, values in saved.items() if session.read(name).tobytes() != values.tobytes()] == []


@pytest.mark.fuzz
def test_states_and_weights_are_all_that_a_checkpoint_needs():
    """A fresh simulator that gets them goes on as the first one would, whatever is in scratch and records."""
    with simulator() as first, simulator() as second:
        first.step(16)
        program = first._compiled.program
        for role in (STATE, WEIGHT):
            for spec in program.of_role(role):
                second._session.write(spec.name, first._session.read(spec.name))
        for role in (SCRATCH, RECORD):
            for spec in program.of_role(role):
                if spec.name != "spike_begin":  # its first element is always 0
                    second._session.write(spec.name, np.full(spec.shape, 77, spec.dtype))
        second._running.access.step = 16
        first._running.recordings.restart(first._running.recordings.provenance)
        for sim in (first, second):
            sim.step(12)
        assert differences(outcome(first), outcome(second)) == []
