"""The same bits: drawn networks on numpy, on compiled CPU code and on emulated CUDA kernels.

For any thread count, block size, schedule and chunk length, cut into several runs, after a reset, in single and
double precision, and with the processor's flush-to-zero on. The default suite compares some networks;
`fuzz` compares two batches, and networks of others that have something new, `compilers` one, compiled as for users.
Where there is a real GPU, the default suite compares these four with it.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn import connectivity
from gpusyn.network.inputs import NetworkInputs
from gpusyn.neurons import NEURONS
from tests.emulation import ORDERS, check_guards, pretend, using
from tests.helpers.drafts import OF_DELTAS
from tests.helpers.networks import EVERYTHING, KINETICS, MODELS, RULES, Case, stored
from tests.helpers.runs import Outcome, backend_named, cpu, cuda, differences, emulated, play
from tests.helpers.stars import OF_STARS
from tests.helpers.strategies import cases
from tests.helpers.thresholds import OF_THRESHOLDS

BATCHES, NETWORKS, SOME = 8, 40, 1  # networks in each batch, and in the part of one that the default suite compares
# Networks of the default suite in which some cells have dendrites, V of some jumps, or the threshold of some changes.
STARS, DELTAS, THRESHOLDS = 1, 1, 1
OPTIMISED, FURTHER, FIRST = 0, (1, 3), 2  # batches of the long checks, and that of the default suite
BLOCKS = (32, 64, 96, 128, 256)
WAYS = {f"block {b}" for b in BLOCKS} | {f"order {o}" for o in ORDERS} | {"flush True", "flush False"}
PROFILE = settings(
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)

how_to_cut = st.fixed_dictionaries(
    {
        "chunk_steps": st.sampled_from([None, 1, 7, 33]),
        "cuts": st.lists(st.integers(0, 20), max_size=3),
        "reset_at": st.sampled_from([0, 0, 5, 19]),
    }
)
launches = st.fixed_dictionaries(
    {
        "order": st.sampled_from(sorted(ORDERS)),
        "flush": st.booleans(),
        "lazy": st.booleans(),
        "multiprocessors": st.sampled_from([1, 4]),
    }
)


def spikes_of_neurons(case: Case, found: Outcome) -> int:
    """Spikes that are not a source's."""
    sources = sum(p.size for p in case.net.populations.values() if p.is_source)
    return int((found["spikes ids"] >= sources).sum())


def on_emulated_cuda(case: Case, block: int, launch: dict, cut: dict) -> Outcome:
    """A run on an emulated grid; the ends of all arrays are checked after every launch."""
    launch = dict(launch)
    with pretend(multiprocessors=launch.pop("multiprocessors")):
        with using(order=ORDERS[launch.pop("order")], **launch):
            found = play(case, emulated(block), **cut)
        check_guards()
    return found


class Play(NamedTuple):
    """A drawn network, and how it is played on each backend."""

    case: Case
    workers: int
    cpu_cut: dict
    block: int
    launch: dict
    cuda_cut: dict

    @property
    def tags(self) -> set[str]:
        """What the network has and the ways in which the emulated kernels run."""
        ways = {f"block {self.block}", f"order {self.launch['order']}", f"flush {self.launch['flush']}"}
        return self.case.tags | ways


def plays(**more: bool) -> st.SearchStrategy[Play]:
    """Drawn networks, some cells of which may have dendrites or a V that jumps, and how to play them."""
    workers, blocks = st.sampled_from([1, 2, 3, 7]), st.sampled_from(BLOCKS)
    return st.builds(Play, cases(**more), workers, how_to_cut, blocks, launches, how_to_cut)


def compare(play_: Play) -> bool:
    """Play a network on every backend; whether neurons spiked."""
    case, cut = play_.case, play_.cpu_cut
    reference = play(case, backend_named("numpy"))
    if "procedural" in case.tags:
        case_with_rows = dataclasses.replace(case, net=stored(case.net))
        assert differences(reference, play(case_with_rows, cpu(1))) == [], "stored instead of procedural"
    assert differences(reference, play(case, cpu(play_.workers), **cut)) == [], ("cpu", play_.workers, cut)
    assert differences(reference, play(case, cpu(1, flush_to_zero=True))) == [], "cpu, flush-to-zero on"
    block, launch, cut = play_.block, play_.launch, play_.cuda_cut
    found = on_emulated_cuda(case, block, launch, cut)
    assert differences(reference, found) == [], ("emulated cuda", block, launch, cut)
    return spikes_of_neurons(case, reference) > 0


def for_each(batch: int, use: Callable[[Play], object], networks: int = NETWORKS, **more: bool) -> None:
    """Draw the networks of a batch, the same in every run, and use each."""

    @seed(batch)
    @settings(PROFILE, max_examples=networks)
    @given(plays(**more))
    def draw(drawn):
        use(drawn)

    draw()


def test_everything_that_there_is_is_drawn():
    assert set(connectivity.RULES) == {*RULES, "FromTable"}  # which yields its synapses as FromArrays does
    assert set(gs.kinetics.__all__) - {"Kinetics"} == set(KINETICS)
    inputs = {name for name in vars(NetworkInputs) if not name.startswith("_")}
    assert inputs == {"drive", "inject", "clamp", "infuse"}
    others = {"LIF", "GLIF", "PoissonSource", "GammaSource", "SpikeSource"}  # GLIF: tests/helpers/thresholds.py
    assert set(NEURONS) - set(MODELS) == others, "see tests/helpers/neuron_models.py"


def check_batch(batch: int, networks: int = NETWORKS) -> None:
    """Compare the networks of a batch; most of them spike."""
    cpu(), emulated()  # skips where there is no compiler
    spiking: list[bool] = []
    for_each(batch, lambda drawn: spiking.append(compare(drawn)), networks)
    assert len(spiking) >= networks
    assert sum(spiking) >= 0.8 * len(spiking)


def test_drawn_networks():
    check_batch(FIRST, SOME)


@pytest.mark.fuzz
@pytest.mark.parametrize("batch", FURTHER)
def test_further_drawn_networks(batch):
    check_batch(batch)


def test_drawn_cells_with_dendrites():
    cpu(), emulated()
    for_each(FIRST, compare, STARS, dendrites=True)


def test_drawn_cells_whose_v_jumps():
    cpu(), emulated()
    for_each(FIRST, compare, DELTAS, deltas=True)


def test_drawn_cells_whose_threshold_changes():
    cpu(), emulated()
    for_each(FIRST, compare, THRESHOLDS, thresholds=True)


OF_KINDS = {"dendrites": OF_STARS, "deltas": OF_DELTAS, "thresholds": OF_THRESHOLDS}


@pytest.mark.fuzz
@pytest.mark.parametrize(("kind", "everything"), OF_KINDS.items())
def test_drawn_cells_of_a_kind_have_everything(kind, everything):
    """Networks are compared as long as they have something that is new."""
    cpu(), emulated()
    seen: set[str] = set()

    def use_what_is_new(drawn):
        if not drawn.tags & everything <= seen:
            compare(drawn)
            seen.update(drawn.tags)

    for batch in range(BATCHES):
        if seen >= everything:
            break
        for_each(batch, use_what_is_new, **{kind: True})
    assert not everything - seen


@pytest.mark.compilers
@pytest.mark.usefixtures("optimised")
def test_drawn_networks_on_kernels_compiled_as_for_users():
    check_batch(OPTIMISED)


@pytest.mark.parametrize("batch", [OPTIMISED, *FURTHER, FIRST])
def test_drawn_networks_on_a_real_gpu(batch):
    cuda()  # skips, with the reason, where there is none
    for_each(batch, compare_on_a_gpu)


def compare_on_a_gpu(play_: Play) -> None:
    """Play a network on numpy and on the GPU of this machine."""
    case, block, cut = play_.case, play_.block, play_.cuda_cut
    found = play(case, cuda(block), **cut)
    assert differences(play(case, backend_named("numpy")), found) == [], ("cuda", block, cut)


@pytest.mark.fuzz
def test_the_drawn_networks_have_everything():
    """Networks of other batches are compared if they have something that those of the tests above have not."""
    seen: set[str] = set()
    for_each(FIRST, lambda drawn: seen.update(drawn.tags), SOME)
    for batch in FURTHER:
        for_each(batch, lambda drawn: seen.update(drawn.tags))

    def use_what_is_new(drawn):
        if not drawn.tags <= seen:
            compare(drawn)
            seen.update(drawn.tags)

    for batch in range(BATCHES):
        if seen >= EVERYTHING | WAYS:
            break
        for_each(batch, use_what_is_new)
    assert not (EVERYTHING | WAYS) - seen
