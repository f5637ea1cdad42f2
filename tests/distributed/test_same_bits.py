"""What one process computes, ranks compute with the same bits: drawn networks of every feature."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.distributed import exchange
from gpusyn.distributed.exchanged_potentials import ExchangedPotentials
from tests.helpers.choices import Seeded
from tests.helpers.networks import EVERYTHING, Case, draw_case
from tests.helpers.on_ranks import everything, play_on_ranks, with_recorders
from tests.helpers.runs import Outcome, backend_named, differences, play

STEPS = (12, 30)
COVER = (105, 123, 258, 133, 163, 208, 99, 177, 34, 92, 19)  # seeds whose networks have everything together
CUT = {"cuts": (3, 11), "reset_at": 7, "chunk_steps": 4}


@pytest.fixture(autouse=True)
def _small_blocks(small_blocks: None) -> None:
    """Every rank has some neurons."""


def drawn(seed: int, **kinds: bool) -> Case:
    """A drawn network with recorders of its synapses."""
    return with_recorders(draw_case(Seeded(seed), STEPS, **kinds))


def check(
    make: Callable[[], Case], backend: str, spreads: list[tuple[int, str]], how: dict[str, Any], **options: Any
) -> None:
    """Compare what some numbers of ranks find with what one process finds."""
    name = functools.partial(backend_named, backend, **options)
    how = {"look": everything, **how}
    one = play(make(), name(), **how)
    for size, owners in spreads:
        found = differences(one, play_on_ranks(make, name, size, owners, **how))
        assert not found, f"{size} ranks, {owners}: {found}\n" + "\n".join(make().lines)


# ---- drawn networks ----
@pytest.mark.parametrize(
    ("seed", "size", "owners"), [(123, 3, "dealt"), (133, 2, "contiguous"), (258, 4, "contiguous")]
)
def test_ranks_on_numpy_have_the_bits_of_one_process(seed: int, size: int, owners: str) -> None:
    check(lambda: drawn(seed), "numpy", [(size, owners)], {})


@pytest.mark.parametrize(
    ("seed", "size", "owners", "threads", "how"),
    [
        (105, 3, "contiguous", 1, {}),
        pytest.param(163, 2, "dealt", 2, CUT, marks=pytest.mark.fuzz),
        pytest.param(99, 5, "contiguous", 1, {}, marks=pytest.mark.fuzz),
    ],
)
def test_ranks_on_the_cpu_have_the_bits_of_one_process(
    seed: int, size: int, owners: str, threads: int, how: dict[str, Any]
) -> None:
    check(lambda: drawn(seed), "cpu", [(size, owners)], how, threads=threads)


def test_ranks_on_an_emulated_gpu_have_the_bits_of_one_process() -> None:
    check(coupled, "cuda-emulated", [(2, "dealt")], {})


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", COVER)
def test_any_number_of_ranks_has_the_bits_of_one_process(seed: int) -> None:
    spreads = [(size, owners) for size in (1, 2, 3, 4, 5) for owners in ("contiguous", "dealt")]
    check(lambda: drawn(seed), "cpu", spreads, CUT if seed % 2 else {}, threads=1 + seed % 2)


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", ["", "dendrites", "deltas", "thresholds"])
@pytest.mark.parametrize("first", [300])
def test_more_drawn_networks_have_the_same_bits_on_ranks(kind: str, first: int) -> None:
    kinds = {kind: True} if kind else {}
    for seed in (first, first + 1):
        check(
            lambda seed=seed: drawn(seed, **kinds), "cpu", [(2 + seed % 4, "contiguous"), (5 - seed % 4, "dealt")], {},
            threads=1,
        )  # fmt: skip


def test_the_long_checks_have_everything() -> None:
    tags = set().union(*(draw_case(Seeded(seed), STEPS).tags for seed in COVER))
    assert tags >= EVERYTHING


# ---- spikes that have an effect after several steps ----
def delayed(steps: int, events: bool = False) -> Case:
    """Neurons whose spikes have an effect after so many steps and later, and sources of one or more events a step."""
    net = gs.Network()
    cells = net.population("cells", 24, gs.LIF(I_e=np.linspace(900.0, 9000.0, 24)), receptors=[gs.AMPA()])
    noise = net.population("noise", 24, gs.PoissonSource(9000.0 if events else 500.0))
    for pre, delay in ((cells, 0.1 * steps), (noise, gs.Uniform(0.1 * steps, 0.1 * steps + 1.0))):
        net.connect(pre, cells, gs.FixedInDegree(6), weight=gs.Uniform(1.0, 4.0), delay=delay, receptor="AMPA")
    net.record(cells + noise, ["spikes"], name="spikes")
    net.record(cells, ["V"], name="V")
    return Case(net, 0.1, 5, "single", 60, set())


@pytest.mark.parametrize("cuts", [(), (1, 10, 11, 13, 30)])
@pytest.mark.parametrize("steps", [2, 3, 4, 5])
def test_spikes_that_ranks_need_later_have_the_same_bits_on_ranks(steps: int, cuts: tuple[int, ...]) -> None:
    how: dict[str, Any] = {"cuts": cuts, "reset_at": 7, "chunk_steps": 4} if cuts else {}
    check(lambda: delayed(steps), "numpy", [(2, "contiguous"), (3, "dealt")], how)


def test_several_events_in_a_step_are_exchanged_later() -> None:
    check(lambda: delayed(4, events=True), "numpy", [(3, "dealt")], {"cuts": (5,)})


# ---- that a fault would be seen ----
def coupled(delay: float = 0.5) -> Case:
    """Neurons that spike, reach one another after 5 steps or others, and are coupled."""
    net = gs.Network()
    cells = net.population("cells", 24, gs.LIF(I_e=np.linspace(900.0, 9000.0, 24)), receptors=[gs.AMPA()])
    net.connect(cells, cells, gs.FixedInDegree(6), weight=gs.Uniform(1.0, 4.0), delay=delay, receptor="AMPA")
    net.couple(cells[:12], cells[12:], gs.OneToOne(), 1.0)
    net.record(cells, ["spikes"], name="spikes")
    net.record(cells, ["V"], name="V")
    return Case(net, 0.1, 5, "single", 120, set())


def test_coupled_neurons_that_spike_have_the_same_bits_on_ranks() -> None:
    assert len(play(coupled(), backend_named("numpy"))["spikes times"]) > 20
    check(coupled, "numpy", [(2, "contiguous"), (3, "dealt")], {})


def test_lists_of_spikes_that_grow_have_room_for_those_of_other_ranks() -> None:
    """Many spikes wait for long, and others of the last steps are not known yet."""

    def looked_at(sim: gs.Simulator) -> Outcome:
        assert sim._running.compiled.program.specs["spike_id"].size > 64  # it began with 64
        return everything(sim)

    check(lambda: coupled(6.0), "numpy", [(3, "dealt")], {"chunk_steps": 1, "look": looked_at})


@pytest.mark.parametrize("steps", [3, 5])
def test_an_exchange_that_comes_too_late_is_noticed(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    window = exchange.window_steps
    monkeypatch.setattr(exchange, "window_steps", lambda layout: window(layout) + 1)
    with pytest.raises(AssertionError, match="2 ranks, contiguous"):
        check(lambda: delayed(steps), "numpy", [(2, "contiguous")], {})


def test_potentials_that_do_not_travel_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExchangedPotentials, "exchange", lambda self, step: None)
    with pytest.raises(AssertionError, match="2 ranks, contiguous"):
        check(coupled, "numpy", [(2, "contiguous")], {})
