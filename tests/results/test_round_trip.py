"""What other packages get of a saved result is what they get of the simulation itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gpusyn as gs


@pytest.fixture(scope="module", params=["single", "double"])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[tuple]:
    """Data of a simulation beside those of its files: spikes, traces and weights, from a file and from a directory."""
    net = gs.Network()
    E = net.population("E", 6, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA()])
    I = net.population("I", 3, gs.LIF(I_e=300.0), receptors=gs.AMPA())
    net.drive(E, "AMPA", rate=3000.0, weight=4.0)
    stdp = gs.STDP(A_plus=0.01, A_minus=0.01, tau_plus=20.0, tau_minus=20.0)
    contacts = net.connect(E, I, gs.AllToAll(), receptor="AMPA", weight=1.0, w_max=5.0, plasticity=stdp)
    net.record(I[[0, 2]] + E[2:], "spikes", start=20.0)
    net.record(E[[1, 4]] + I, ["V", "g_AMPA"], every=0.5)
    net.record(contacts, "weight", every=10.0)
    folder = tmp_path_factory.mktemp("saved")
    with gs.Simulator(net, backend="numpy", seed=3, trial=2, precision=request.param) as sim:
        sim.run(80.0)
        sim.save(folder / "run.h5")
        sim.save(folder / "run")
        files = [gs.open_results(folder / name) for name in ("run.h5", "run")]
        found = [(sim.data[recorder], results[recorder]) for results in files for recorder in sim.data]
    assert len(found) == 6
    assert all(len(data) for data, _ in found)
    return found


def test_tables_of_pandas(recorded: list[tuple]) -> None:
    pandas = pytest.importorskip("pandas")
    for data, again in recorded:
        if isinstance(data, gs.SpikeData):
            pandas.testing.assert_frame_equal(again.to_pandas(), data.to_pandas(), check_exact=True)


def test_spikes_of_a_table_of_pandas_again(recorded: list[tuple]) -> None:
    pytest.importorskip("pandas")
    spikes = recorded[0][1]
    table = spikes.to_pandas()
    assert gs.SpikeData(spikes.populations, table["time"], table["id"], spikes.duration, spikes.start) == spikes
    populations = dict(zip(["I", "E"], [[0, 2], [2, 3, 4, 5]], strict=True))
    for name, ids in populations.items():
        assert set(table["local_id"][table["population"] == name]) <= set(ids)


def test_datasets_of_xarray(recorded: list[tuple], tmp_path: Path) -> None:
    pytest.importorskip("xarray")
    for data, again in recorded:
        if isinstance(data, gs.TraceData):
            dataset = again.to_xarray()
            assert dataset.identical(data.to_xarray())
            for name in data.variables:
                assert dataset[name].dtype == data[name].dtype
                assert dataset[name].values.tobytes() == data[name].tobytes()


def test_blocks_of_neo(recorded: list[tuple]) -> None:
    pytest.importorskip("neo")
    for data, again in recorded:
        block, other = data.to_neo(), again.to_neo()
        assert (block.name, block.description) == (other.name, other.description)
        (one,), (two,) = block.segments, other.segments
        ours, theirs = ([*segment.spiketrains, *segment.analogsignals] for segment in (one, two))
        assert ours
        for left, right in zip(ours, theirs, strict=True):
            assert left.name == right.name
            assert np.array_equal(left.magnitude, right.magnitude)
            assert (left.units, left.t_start, left.annotations) == (right.units, right.t_start, right.annotations)
            for key, values in getattr(left, "array_annotations", {}).items():
                assert np.array_equal(values, right.array_annotations[key])
