"""The same bits: drawn networks on numpy, on compiled CPU code and on emulated CUDA kernels.

For any thread count, block size, schedule and chunk length, cut into several runs, after a reset, in single and
double precision, and with the processor's flush-to-zero on.
"""

import collections

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from networks import EVERYTHING, KINETICS, MODELS, RULES, Case, cases
from runs import Outcome, backend_named, cpu, differences, emulated, play

import gpusyn as gs
from gpusyn import connectivity
from gpusyn.network.inputs import NetworkInputs
from gpusyn.neurons import NEURONS
from tests.emulation import ORDERS, check_guards, pretend, using

NETWORKS, MORE, BATCHES = 220, 40, 8
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


def compare(case: Case, data: st.DataObject, seen: collections.Counter[str]) -> None:
    """Play a case on every backend; count what it has."""
    reference = play(case, backend_named("numpy"))
    workers, cut = data.draw(st.sampled_from([1, 2, 3, 7])), data.draw(how_to_cut)
    assert differences(reference, play(case, cpu(workers), **cut)) == [], ("cpu", workers, cut)
    assert differences(reference, play(case, cpu(1, flush_to_zero=True))) == [], "cpu, flush-to-zero on"
    block, launch, cut = data.draw(st.sampled_from(BLOCKS)), data.draw(launches), data.draw(how_to_cut)
    found = on_emulated_cuda(case, block, launch, cut)
    assert differences(reference, found) == [], ("emulated cuda", block, launch, cut)
    seen.update(case.tags | {"networks", f"block {block}", f"order {launch['order']}", f"flush {launch['flush']}"})
    seen["spiking"] += spikes_of_neurons(case, reference) > 0


def test_everything_that_there_is_is_drawn():
    assert set(connectivity.RULES) == set(RULES)
    assert set(gs.kinetics.__all__) - {"Kinetics"} == set(KINETICS)
    inputs = {name for name in vars(NetworkInputs) if not name.startswith("_")}
    assert inputs == {"drive", "inject", "clamp", "infuse"}
    assert set(NEURONS) - set(MODELS) == {"LIF", "PoissonSource", "SpikeSource"}


def test_drawn_networks():
    cpu(), emulated()  # skips where there is no compiler
    seen: collections.Counter[str] = collections.Counter()
    for batch in range(BATCHES):
        if batch and set(seen) >= (EVERYTHING | WAYS):
            break

        @seed(batch)  # fixed: every run of this test draws the same networks
        @settings(PROFILE, max_examples=MORE if batch else NETWORKS)
        @given(cases(), st.data())
        def check(case, data):
            compare(case, data, seen)

        check()
    assert not (EVERYTHING | WAYS) - set(seen)
    assert seen["networks"] >= 200
    assert seen["spiking"] >= 0.8 * seen["networks"]
