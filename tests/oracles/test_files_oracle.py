"""Result files are read by libsonata, an independent reader."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from gpusyn.io import open_results, repair, save
from tests.helpers.result_files import kill, some_spikes, some_traces, start_writer


@pytest.mark.oracle
def test_libsonata_reads_the_directory(tmp_path: Path) -> None:
    libsonata = pytest.importorskip("libsonata")
    parts = [("E", 4, [8, 1, 4, 3]), ("I", 2, None)]
    spikes, traces = some_spikes(parts), some_traces(parts, every=0.5)
    save(tmp_path, {"s": spikes}, {"t": traces})
    reader = libsonata.SpikeReader(str(tmp_path / "spikes.h5"))
    assert set(reader.get_population_names()) == {"E", "I"}
    for name in ("E", "I"):
        population = reader[name]
        assert population.sorting == "by_time"
        assert population.time_units == "ms"
        pairs = [(node, time) for node, time in population.get()]
        mine = spikes[name]
        assert sorted(pairs) == sorted(zip(mine.local_ids.tolist(), mine.times.tolist(), strict=True))
    for variable in ("V", "g_AMPA"):
        report = libsonata.SomaReportReader(str(tmp_path / f"{variable}.h5"))
        for name in ("E", "I"):
            population = report[name]
            frames = population.get()
            mine = traces.select(name)
            order = np.argsort(mine.local_ids)
            assert population.times == pytest.approx((0.5, 15.5, 0.5))
            assert population.time_units == "ms"
            assert population.data_units == traces.units[variable]
            assert np.asarray(frames.ids).ravel().tolist() == mine.local_ids[order].tolist()
            assert frames.data.tobytes() == np.ascontiguousarray(mine[variable][:, order]).tobytes()
            assert list(frames.times) == pytest.approx(mine.t.tolist())


@pytest.mark.oracle
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL and file locks of POSIX")
def test_libsonata_reads_a_repaired_file(tmp_path: Path) -> None:
    libsonata = pytest.importorskip("libsonata")
    path = tmp_path / "run.h5"
    writer = start_writer(path)
    for _ in range(10):
        writer.stdout.readline()
    kill(writer)
    repair(path)
    spikes = open_results(path).spikes
    population = libsonata.SpikeReader(str(path))["I"]
    assert [time for _, time in population.get()] == spikes["I"].times.tolist()


@pytest.mark.oracle
def test_bmtk_reads_reports_and_spikes(tmp_path: Path) -> None:
    pytest.importorskip("bmtk")
    from bmtk.utils.reports import CompartmentReport, SpikeTrains

    parts = [("E", 4, [8, 1, 4, 3]), ("I", 2, None)]
    spikes, traces = some_spikes(parts), some_traces(parts, every=0.1, frames=19)
    save(tmp_path, {"s": spikes}, {"t": traces})
    trains = SpikeTrains.load(str(tmp_path / "spikes.h5"))
    assert set(trains.populations) == {"E", "I"}
    report = CompartmentReport(str(tmp_path / "V.h5"), mode="r")
    assert set(report.populations) == {"E", "I"}
    for name in ("E", "I"):
        mine, fired = traces.select(name), spikes[name]
        for column, node in enumerate(mine.local_ids.tolist()):
            found = report.data(node_id=node, population=name)
            assert found[:, 0].tolist() == mine["V"][:, column].tolist()
            assert report.element_pos(node_id=node, population=name).tolist() == [0.0]
            train = trains.get_times(node_id=node, population=name)
            assert sorted(train) == fired.times[fired.local_ids == node].tolist()
        assert report.units(population=name) == "mV"
        assert report.dt(population=name) == 0.1
