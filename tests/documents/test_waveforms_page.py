"""The page on inputs that change in time does what it says."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder.specs import SAMPLES_HELD
from tests.helpers.pages import python_blocks
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "waveforms.md").read_text(encoding="utf-8")
RAMPS, PHASES = python_blocks(PAGE)


def printed(code, capsys):
    names = {}
    exec(compile(code, "waveforms.md", "exec"), names)
    return names, capsys.readouterr().out.splitlines()


def test_steeper_ramps_fire_earlier(capsys):
    names, _ = printed(RAMPS, capsys)
    first = np.array([train[0] for train in names["sim"].data[names["spikes"]].trains()])
    assert np.all(np.diff(first) < 0)
    for slope, t in zip(names["slopes"], first, strict=True):  # V = (a / g) (t - tau (1 - exp(-t / tau))) reaches 15 mV
        assert slope / 10.0 * (t - 20.0 * (1.0 - np.exp(-t / 20.0))) == pytest.approx(15.0, abs=slope / 10.0 * 0.1)


def test_sources_follow_the_rhythm_in_their_phases(capsys):
    _, (rate, modulation) = printed(PHASES, capsys)
    assert float(rate) == pytest.approx(40.0, abs=2.0)
    assert float(modulation) == pytest.approx(0.5, abs=0.05)


def test_samples_take_as_much_as_the_page_says():
    assert SAMPLES_HELD * 4 == 64 * 2**20
    assert "at most 64 MB in single precision" in PAGE


def test_what_has_no_columns_is_refused():
    columns = gs.Waveform([0.0], [[1.0, 2.0]])
    for make in (
        lambda: gs.NMDA(Mg=columns),
        lambda: gs.NMDA(glycine=columns),
        lambda: gs.DopamineSTDP(gs.STDP(), 1000.0, 200.0, modulator=columns),
    ):
        with pytest.raises(gs.ParameterError, match=r"must be one course for all.*with a column for each"):
            make()
