"""The stories in examples/ run as they stand, find what they say, and draw it."""

from __future__ import annotations

import importlib
import math
import re
import sys
from pathlib import Path

import pytest

import gpusyn as gs
from tests.helpers.paths import ROOT
from tests.plasticity.calcium_loop import change_of_strength, occupancy

pytest.importorskip("matplotlib")

EXAMPLES = ROOT / "examples"
HELPERS = {"telling", "branched", "pairing"}
PNG = b"\x89PNG\r\n\x1a\n"


def near(value, rel=1e-3):
    return pytest.approx(value, rel=rel, abs=1e-9)


def sixty_pairs(name, lag):
    """Return the strength by the authors' formula, near which 400 synapses are; it leaves out the cubic."""
    rule = gs.CalciumSTDP.published(name)
    return pytest.approx(change_of_strength(rule, occupancy(rule, lag), 60e3), abs=0.07)


# What each story must find at small size; a key that it does not print is an error.
FINDS = {
    "epsc_ipsc": {
        "EPSC at -60 mV (pA)": near(-60.0),
        "IPSC at -60 mV (pA)": near(15.0),  # Cl- goes in, the current is outward
        "IPSC at -90 mV (pA)": near(-15.0),
        "charge of the EPSC (fC)": near(-135.68, 3e-3),  # -60 mV times A4c
        "reversal of the EPSC (mV)": near(0.0),
        "reversal of the IPSC (mV)": near(-75.0),
    },
    "single_epsp": {
        "EPSP of 0.93 nS (mV)": near(0.5),
        "EPSP of 1.86 nS (mV)": near(1.0),
        "synapses of 0.5 mV to fire": 35,
        "synapses of 1 mV to fire": 18,
    },
    "summation": {
        "20 synapses at once (mV)": near(9.260),
        "5 EPSPs at 100 Hz (mV)": near(2.5105),
        "5 EPSPs at 10 Hz (mV)": near(1.0074),
    },
    "shunting": {
        "IPSP alone (mV)": 0.0,
        "EPSP 3 ms after an IPSC, relative": near(0.86479, 2e-3),
        "EPSP 20 ms before an IPSC, relative": 1.0,
    },
    "ipsc_timing": {
        "spikes, no IPSC": 1,
        "spikes, IPSC 3 ms before": 0,
        "spikes, IPSC with the volley": 0,
        "spikes, IPSC 1 ms after": 0,
        "spikes, IPSC 10 ms after": 1,
        "time of that spike (ms after)": pytest.approx(2.44, abs=0.1),
    },
    "somatic_veto": {  # voltages and the smallest IPSC as by SciPy's integration of the five equations
        "spikes, no IPSC": 1,
        "spikes, IPSC on dendrite a": 1,
        "spikes, IPSC at the soma": 0,
        "time of the spike, no IPSC (ms)": pytest.approx(2.3, abs=0.1),
        "time of the spike, IPSC on dendrite a (ms)": pytest.approx(2.75, abs=0.1),
        "highest V of the soma, IPSC at the soma (mV)": near(-56.682269, 1e-4),
        "smallest IPSC at the soma that vetoes (nS)": near(60.38, 5e-3),  # between two sizes of the scan
        "IPSCs on dendrite a that veto": 0,
        "highest V of the soma, 10 uS on dendrite a (mV)": near(-53.649183, 1e-4),
    },
    "on_path": {  # as by SciPy's integration of the five equations
        "EPSP of dendrite a at the soma (mV)": near(2.9673796),
        "IPSC on the same dendrite: 30 nS leave": near(0.55217063),
        "IPSC on the same dendrite: 10 uS leave": near(0.0033927310),
        "IPSC at the soma: 30 nS leave": near(0.76501207),
        "IPSC at the soma: 10 uS leave": near(0.0086483112),
        "IPSC on another dendrite: 30 nS leave": near(0.96012873),
        "IPSC on another dendrite: 10 uS leave": near(0.88728103),
        "IPSC behind an excited soma: 30 nS leave": near(0.99133426),
        "IPSC behind an excited soma: 10 uS leave": near(0.96345402),
    },
    "mg_block": {
        "largest inward current in 1 mM Mg (pA)": near(-10.826, 2e-3),
        "negative slope ends at (mV)": pytest.approx(-26.955, abs=0.02),
        "unblocked at -70 mV": near(0.044471),
        "unblocked at -40 mV": near(0.230155),
        "regions of negative slope without Mg": 0,
    },
    "campbell": {
        "exponential: mean, simulated (nS)": near(12.5, 5e-3),
        "exponential: variance, simulated (nS²)": near(3.125, 3e-2),
        "dual: mean, simulated (nS)": near(16.144, 5e-3),
        "dual: variance, simulated (nS²)": near(4.7389, 3e-2),
        "alpha: mean, simulated (nS)": near(13.591, 5e-3),
        "alpha: variance, simulated (nS²)": near(4.6182, 3e-2),
    },
    "glycine": {
        "AMPA with glycine (pA)": near(-40.0),
        "AMPA without (pA)": near(-40.0, 1e-12),
        "NMDA without (pA)": 0.0,
        "NMDA with glycine (pA)": near(-40.0 * 0.230155 * 0.961714 * 1.0190, 1e-3),  # 1.9 % is left of the EPSCs before
    },
    "dissection": {
        "peak, control (pA)": near(-60.0),
        "peak, CNQX (pA)": near(-21.44, 2e-3),
        "peak, CNQX + D-AP5 (pA)": near(-60.0 / (1 + 10.0 / 0.3), 2e-3),  # AMPA alone at the first instant
        "peak, wash (pA)": near(-60.0, 5e-3),
        "half-width, CNQX (ms)": pytest.approx(77.2, abs=0.5),
    },
    "mk801": {
        "used: first EPSC in MK-801, relative": near(0.9528),
        "used: second": near(0.4229, 2e-3),
        "used: last": pytest.approx(0.0, abs=1e-3),
        "rested for 6 s: first EPSC in MK-801": near(0.9528),
    },
    "short_term": {
        "pyramidal: 1st EPSC, u x": near(0.5, 1e-6),
        "pyramidal: paired-pulse ratio at 50 ms": near(0.53029347, 1e-4),  # F2
        "pyramidal: 10th EPSC over the 1st": near(0.115237, 1e-4),
        "pyramidal: 500 ms later, over the 1st": near(0.4955797, 1e-4),
        "pyramidal: stationary at 20 Hz, u x": near(0.5 * 0.11425171, 1e-4),  # F3
        "interneuron: paired-pulse ratio at 50 ms": near(1.844228, 1e-4),
        "interneuron: 5th EPSC, u x": near(0.10427856, 1e-5),  # F5
        "interneuron: 500 ms later, over the 1st": near(3.26762, 1e-4),
        "interneuron: stationary at 20 Hz, u x": near(
            0.165482, 1e-3
        ),  # with u of F4; after 3 s it is not quite reached
        "interneuron: rate of the largest stationary EPSC (Hz)": pytest.approx(20.8, abs=0.5),
    },
    "stdp_window": {
        "pre 10 ms before post, change / w_max": near(0.0030326533, 1e-5),  # G1
        "pre 10 ms after post": near(-0.003184286, 1e-5),  # G2
        "at the same time": 0.0,
        "largest error, of A+": pytest.approx(0.0, abs=1e-5),
        "soma 5 ms after the axon, all 10 ms dendritic": near(0.005 * math.exp(-15 / 20), 1e-5),
        "soma 5 ms after the axon, all 10 ms axonal": near(-0.00525 * math.exp(-5 / 20), 1e-5),
        "soma 5 ms before the axon, all 10 ms dendritic": near(0.005 * math.exp(-5 / 20), 1e-5),
    },
    "pairing_frequency": {  # G3
        "triplets, pre before post, 10 Hz": near(0.1186413, 1e-4),
        "triplets, pre before post, 20 Hz": near(0.22779517, 1e-4),
        "triplets, pre before post, 40 Hz": near(0.53211193, 1e-4),
        "triplets, pre before post, 50 Hz": near(0.76273057, 1e-4),
        "triplets, post before pre, 10 Hz": near(-0.33221317, 1e-4),
        "triplets, post before pre, 20 Hz": near(-0.34173458, 1e-4),
        "triplets, post before pre, 40 Hz": near(0.17371479, 1e-4),
        "triplets, post before pre, 50 Hz": near(0.74917658, 1e-4),
        "pairs, pre before post, 50 Hz": near(-0.374313, 1e-3),
        "pairs, post before pre, 50 Hz": near(-0.391247, 1e-3),
    },
    "calcium_window": {
        "DP, lag 20 ms: above theta_d (ms)": near(20.084485),  # G4, G5
        "DP, lag 20 ms: above theta_p (ms)": near(14.8372),
        "DP, lag -20 ms: above theta_d (ms)": near(20.17213),
        "DP, lag -20 ms: above theta_p (ms)": near(9.6775597),
        "DP, lag 20 ms: strength": sixty_pairs("DP", 20.0),
        "DP, lag -20 ms: strength": sixty_pairs("DP", -20.0),
        "DPD, lag 5 ms: strength": sixty_pairs("DPD", 5.0),
        "DPD, lag -10 ms: strength": sixty_pairs("DPD", -10.0),
        "DPD, lag 60 ms: strength": 1.0,  # calcium stays below both thresholds
        "P, lag 0 ms: strength": sixty_pairs("P", 0.0),
        "P, lag 60 ms: strength": sixty_pairs("P", 60.0),
        "D, lag 0 ms: strength": sixty_pairs("D", 0.0),
        "D, lag 60 ms: strength": 1.0,
        "largest distance from the formula": pytest.approx(0.0, abs=0.07),
    },
    "ltp": {
        "paired": near(0.5402, 1e-2),
        "axon alone": near(0.25, 1e-3),
        "paired, D-AP5": near(0.25, 1e-4),  # moves by less than 1 % of what it does without the drug
        "paired, no glycine": near(0.25, 1e-4),
        "low Mg, alone": near(0.8437, 1e-2),
        "held at -30 mV, alone": near(0.7785, 1e-2),
        "axons alone, 1 Hz": near(0.1981, 1e-2),
        "axons alone, 5 Hz": near(0.1065, 1e-2),
        "axons alone, 100 Hz": near(0.5593, 1e-2),
        "in D-AP5, 1 Hz": near(0.25, 1e-4),
        "in D-AP5, 5 Hz": near(0.25, 1e-4),
        "in D-AP5, 100 Hz": near(0.25, 1e-4),
    },
    "moving_synapses": {
        "correlated inputs: synapses with the first inputs, before (%)": pytest.approx(20.0, abs=2.0),
        "correlated inputs: after (%)": pytest.approx(44.0, abs=6.0),  # 94 after the full run
        "correlated inputs: their mean weight (w_max)": pytest.approx(0.87, abs=0.05),
        "correlated inputs: synapses that moved": pytest.approx(1288, abs=250),
        "correlated inputs: rate of a cell at the end (Hz)": pytest.approx(20.0, abs=6.0),
        "fewest synapses of a cell": 50,
        "most": 50,
        "no correlation: after (%)": pytest.approx(20.0, abs=3.0),
        "no correlation: their mean weight (w_max)": pytest.approx(0.52, abs=0.05),
        "no rewiring: after (%)": pytest.approx(20.7, abs=1e-9),  # as before
        "no rewiring: their mean weight (w_max)": pytest.approx(0.98, abs=0.02),
        "no rewiring: synapses that moved": 0,
    },
    "bimodal_weights": {
        "from w_max: rate at first (Hz)": pytest.approx(124.0, abs=15.0),
        "from w_max: rate at the end (Hz)": pytest.approx(11.0, abs=5.0),
        "from w_max / 2: rate at the end (Hz)": pytest.approx(8.0, abs=5.0),
        "CV of the intervals at first": pytest.approx(0.17, abs=0.1),
        "CV of the intervals at the end": pytest.approx(0.75, abs=0.15),
        "weights below 0.2 w_max": pytest.approx(0.19, abs=0.05),
        "weights from 0.4 to 0.6 w_max": pytest.approx(0.19, abs=0.05),  # 0.14 and 0.39 after a full run
        "weights above 0.8 w_max": pytest.approx(0.27, abs=0.05),
        "mean weight / w_max": pytest.approx(0.54, abs=0.03),
    },
    "inhibitory_balance": {
        "rate at first (Hz)": pytest.approx(40.0, abs=12.0),
        "rate before the change (Hz)": pytest.approx(4.3, abs=0.8),
        "rate after the change, at first (Hz)": pytest.approx(13.0, abs=6.0),
        "rate at the end (Hz)": pytest.approx(4.5, abs=0.8),
        "correlation of weights before the change": pytest.approx(0.98, abs=0.02),
        "correlation at the end": pytest.approx(0.98, abs=0.02),
        "inhibition of the changed signal, end over before": pytest.approx(3.1, abs=0.7),
        "inhibition of the others, end over before": pytest.approx(1.1, abs=0.15),
    },
    "reward": {
        "rewarded stimulus: weight / w_max": pytest.approx(0.78, abs=0.1),
        "others: largest": pytest.approx(0.5, abs=0.15),
        "others: mean": pytest.approx(0.24, abs=0.05),
        "spikes of a cell after the stimulus, first quarter": pytest.approx(0.6, abs=0.12),
        "last quarter": pytest.approx(0.9, abs=0.12),
        "rewards at random times: rewarded stimulus": pytest.approx(0.25, abs=0.12),
        "rewards at random times: largest": pytest.approx(0.45, abs=0.15),
    },
    "working_memory": {
        "cued group, before the cue (Hz)": pytest.approx(3.0, abs=2.0),
        "cued group, in the delay (Hz)": pytest.approx(27.0, abs=10.0),
        "other groups, before (Hz)": pytest.approx(3.0, abs=2.0),
        "other groups, in the delay (Hz)": pytest.approx(2.0, abs=2.0),
        "inhibitory, before (Hz)": pytest.approx(9.0, abs=3.0),
    },
    "decision": {
        "correct at 51.2 % coherence": 1.0,
        "winner at the end (Hz)": pytest.approx(30.0, abs=12.0),
        "loser at the end (Hz)": pytest.approx(2.0, abs=2.0),
    },
}


#: The longest, which are left to `fuzz`.
LONG = (
    "bimodal_weights", "calcium_window", "campbell", "decision", "inhibitory_balance", "ltp", "somatic_veto",
    "stdp_window", "working_memory",
)  # fmt: skip


@pytest.fixture
def story(monkeypatch):
    """Import a script as Python does when it is run: with its folder first on the path."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "").parent == EXAMPLES:
            del sys.modules[name]


def scripts():
    return {path.stem for path in EXAMPLES.glob("*.py")} - HELPERS


@pytest.mark.usefixtures("long_runs")
@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.fuzz] * (name in LONG)) for name in FINDS])
def test_story(name, story, tmp_path, capsys):
    module = story(name)
    numbers, figure = module.tell(module.story, ["--small", "--out", str(tmp_path / "figures")])
    for key, expected in FINDS[name].items():
        assert numbers[key] == expected, key

    printed = capsys.readouterr().out
    assert all(key in printed for key in numbers)
    assert figure.get_suptitle()
    for ax in figure.axes:
        assert ax.get_ylabel()
        assert ax.get_xlabel() or ax.get_shared_x_axes().joined(ax, figure.axes[-1])
    picture = (tmp_path / "figures" / f"{name}.png").read_bytes()
    assert picture.startswith(PNG)
    assert len(picture) > 10_000


def test_every_story_is_tested_and_listed():
    listed = re.findall(r"^\| \[(\w+)\]\(\1\.py\)", (EXAMPLES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(scripts())
    assert set(FINDS) == scripts()


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "figures").glob("*.png")), ids=lambda p: p.name)
def test_committed_figures_are_of_stories_or_models_and_small(path):
    models = {f"model_{name}" for name in gs.models.__all__}
    assert path.stem in scripts() | models
    assert path.stat().st_size < (200_000 if path.stem in models else 150_000)
