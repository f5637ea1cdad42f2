"""What the pages say of models in a script of the user's own: the classes of the pages, without a changed package."""

import re

import pytest

import gpusyn as gs
from gpusyn.backends import select
from gpusyn.equations.neurons import NEURONS
from gpusyn.receptors import RECEPTORS
from tests.helpers.paths import ROOT
from tests.helpers.runs import cpu
from tests.helpers.tutorial import Page

KAINATE = "adding_a_receptor.md"


def own(page, file, name):
    """Return a class of a page, as a script would define it."""
    script = {"__name__": "script"}
    exec(dict(Page(page).files)[file], script)
    return script[name]


@pytest.fixture
def registered(monkeypatch):
    """Execute the line of the page; it is undone after the test."""
    monkeypatch.setitem(RECEPTORS, "Kainate", None)
    text = (ROOT / "docs" / KAINATE).read_text(encoding="utf-8")
    (line,) = re.findall(r"^gs\.receptors\.RECEPTORS.*", text, re.MULTILINE)
    kind = own(KAINATE, "gpusyn/receptors/kainate.py", "Kainate")
    exec(line, {"gs": gs, "Kainate": kind})
    return kind


def peak(kind, backend, drug=None):
    """Return the largest inward current of one spike (pA)."""
    net = gs.Network()
    source, cell = net.population("s", 1, gs.SpikeSource([1.0])), net.population("c", 1, gs.LIF(), receptors=[kind()])
    net.connect(source, cell, gs.OneToOne(), receptor="Kainate", weight=1.0)
    if drug is not None:
        net.infuse(drug, 1.5)
    current = net.record(cell, "I_Kainate")
    with gs.Simulator(net, backend=backend) as sim:
        sim.run(20.0)
        return float(sim.data[current]["I_Kainate"].min())


@pytest.mark.parametrize("backend", ["numpy", "cpu"])
def test_a_receptor_runs_without_a_line_in_the_package(backend):
    cpu()  # skips where there is no compiler
    kind = own(KAINATE, "gpusyn/receptors/kainate.py", "Kainate")
    assert "Kainate" not in RECEPTORS
    assert peak(kind, backend) == peak(kind, "numpy")
    assert peak(kind, backend) == pytest.approx(-70.0, rel=0.05)  # 1 nS at E_rev 0; V rises a little


def test_drugs_say_how_a_receptor_of_a_script_is_registered():
    with pytest.raises(gs.UnknownNameError, match=r"'Kainate'; .*needs gs\.receptors\.RECEPTORS\[name\] = its class"):
        gs.drugs.CompetitiveAntagonist("Kainate", K=1.5)


def test_drugs_act_on_a_receptor_of_a_script(registered):
    """At a concentration of K, an antagonist leaves half of the current."""
    _, drug, _ = Page(KAINATE).examples
    made = {"gs": gs}
    exec(drug, made)
    assert peak(registered, "numpy", made["CNQX"]) == pytest.approx(0.5 * peak(registered, "numpy"), rel=0.05)


@pytest.mark.parametrize("dendrites", [{}, {"apical": gs.Dendrite()}])
def test_a_neuron_model_runs_with_numpy(dendrites, caplog, monkeypatch):
    monkeypatch.setitem(NEURONS, "QIF", None)  # what the page enters is taken out after the test
    del NEURONS["QIF"]
    kind = own("adding_a_neuron.md", "gpusyn/neurons/qif.py", "QIF")
    net = gs.Network()
    model = kind(I_e=600.0)
    model = gs.Compartments(soma=model, dendrites=dendrites) if dendrites else model
    spikes = net.record(net.population("cells", 10, model), "spikes")
    with gs.Simulator(net, backend="numpy") as sim:
        sim.run(100.0)
        assert len(sim.data[spikes]) > 0
    cpu()
    with pytest.raises(gs.BackendError, match=r"QIF.*use backend='numpy', which needs none"):
        gs.Simulator(net, backend="cpu")
    caplog.set_level("WARNING", "gpusyn")
    monkeypatch.delenv("GPUSYN_BACKEND", raising=False)
    monkeypatch.setattr(select, "said", set())
    with gs.Simulator(net) as sim:  # `auto` goes on to numpy, and says why
        assert sim.backend == "numpy"
    assert "neuron model 'QIF': there is no file neurons/" in caplog.text


def test_a_drug_says_that_a_subclass_is_a_class_of_its_own(caplog):
    for kind, told in ((type("Quisqualate", (gs.AMPA,), {}), True), (gs.GABA_A, False)):
        caplog.clear()
        net = gs.Network()
        net.population("E", 1, gs.LIF(), receptors=[kind()])
        net.infuse("CNQX", 10.0)
        gs.plan(net)
        (line,) = caplog.messages
        assert "has no effect, because no population has a receptor of class AMPA, NMDA" in line
        assert ("its subclass Quisqualate is a class of its own" in line) is told
