"""docs/adding_a_learning_rule.md, followed to the letter in a folder of a user's own; and what is said of mistakes."""

import importlib
import re
import sys

import pytest

import gpusyn as gs
from gpusyn.equations.plasticity import LEARNING_RULES
from gpusyn.kernels.modules import learning_module
from gpusyn.kernels.signature import Numbers
from tests.helpers.runs import cpu, emulated
from tests.helpers.tutorial import Page

pytestmark = pytest.mark.fuzz  # half a minute

PAGE = Page("adding_a_learning_rule.md")
TWIN, KERNEL = "log_stdp.py", "log_stdp.cuh"
FILES = dict(PAGE.files)


@pytest.fixture
def own(tmp_path):
    return PAGE.write(tmp_path)


def test_the_page_has_one_python_file_and_one_kernel_file():
    assert [name for name, _ in PAGE.files] == [TWIN, KERNEL]


def test_the_new_rule_is_that_of_a_plain_loop_with_the_same_bits_on_every_backend(own):
    cpu(), emulated()  # skips where there is no compiler
    own.play(PAGE.example, emulated=True)


def test_the_example_finds_a_struct_that_differs_from_its_twin(own):
    cpu()
    right = FILES[KERNEL]
    assert right.count("1 + c[alpha]") == 1
    (own.folder / KERNEL).write_text(right.replace("1 + c[alpha]", "2 + c[alpha]"), encoding="utf-8")
    done = own.attempt("-c", PAGE.example)
    assert done.stderr.splitlines()[-1] == "AssertionError: the equations of cpu differ from those in numpy"


def test_the_new_file_is_typed(own):
    pytest.importorskip("mypy")
    own.run("-m", "mypy", "--strict", TWIN)


# ---- a rule in scripts ----

NETWORK = """
import gpusyn as gs

def network(rule):
    net = gs.Network()
    pre = net.population("pre", 2, gs.SpikeSource([[2.0, 9.0], [2.0]]))
    kick = net.population("kick", 1, gs.SpikeSource([[5.0]]))
    cell = net.population("cell", 1, gs.LIF(), receptors=[gs.AMPA()])
    net.connect(kick, cell, gs.AllToAll(), receptor="AMPA", weight=100.0, delay=0.1)
    net.connect(pre, cell, gs.AllToAll(), receptor="AMPA", weight=1.0, w_max=4.0, plasticity=rule, name="taught")
    return net

def weights(rule, backend):
    with gs.Simulator(network(rule), backend=backend) as sim:
        sim.run(20.0)
        return sim.weights("taught").weight.tolist()
"""


@pytest.mark.parametrize("place", ["file", "script"])
def test_workers_of_a_sweep_import_the_rule(own, place):
    """The values are pickled rules. Workers import the script under another name."""
    cpu()
    first = "from log_stdp import LogSTDP\n" if place == "file" else FILES[TWIN]
    end = """
def on_cpu(rule):
    return weights(rule, "cpu")

if __name__ == "__main__":
    rules = [LogSTDP(1.0, 0.2, 0.3), LogSTDP(1.0, 0.1, 0.3)]
    alone = [weights(rule, "numpy") for rule in rules]
    assert gs.sweep(on_cpu, rules, processes=2) == alone
    assert alone[0] != alone[1]
"""
    (own.folder / "run.py").write_text(first + NETWORK + end, encoding="utf-8")
    if place == "script":
        (own.folder / KERNEL).rename(own.folder / "run.cuh")
    own.run("run.py")


def test_a_rule_in_no_file_runs_with_numpy(own):
    cpu()
    end = """
print(weights(LogSTDP(1.0, 0.2, 0.3), "numpy") != [1.0, 1.0])
weights(LogSTDP(1.0, 0.2, 0.3), "cpu")
"""
    done = own.attempt("-c", FILES[TWIN].replace("from __future__ import annotations", "") * 2 + NETWORK + end)
    assert done.stdout == "True\n", done.stderr
    assert done.stderr.splitlines()[-1].endswith(
        "BackendError: rule of learning 'LogRule': is defined in no file (as in a notebook), beside which its struct "
        "could be; write it into a .py file (docs/adding_a_learning_rule.md), or use backend='numpy', which needs none"
    )


def test_rules_of_one_name_with_different_texts_are_two_modules(own):
    """A simulator keeps the rule with which it was made; the next one takes the edited file, and the reloaded class."""
    cpu()
    own.run("-c", NETWORK + """
import importlib, pathlib
import log_stdp

def start(backend):
    sim = gs.Simulator(network(log_stdp.LogSTDP(1.0, 0.2, 0.0)), backend=backend)
    sim.run(4.0)
    return sim

def end(sim):
    sim.run(16.0)
    return sim.weights("taught").weight.tolist()

before = [start(backend) for backend in ("numpy", "cpu")]
for suffix, old, new in ((".py", "c.up * exp", "-c.up * exp"), (".cuh", "c[up] * p", "-c[up] * p")):
    file = pathlib.Path(log_stdp.__file__).with_suffix(suffix)
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
importlib.reload(log_stdp)
after = [start(backend) for backend in ("numpy", "cpu")]
more, same, less, also_less = (end(sim) for sim in (*before, *after))
assert more == same and min(more) > 1.0 > max(less) and less == also_less, (more, same, less, also_less)
""")  # fmt: skip


# ---- mistakes ----


@pytest.fixture
def load(own, monkeypatch):
    """Import the file of the page, after changes of it, as a new module."""
    monkeypatch.syspath_prepend(own.folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = dict(LEARNING_RULES)

    def module(**changes):
        for file, (old, new) in changes.items():
            path = own.folder / file.replace("__", ".")
            text = path.read_text(encoding="utf-8")
            assert text.count(old) == 1, (file, old)
            path.write_text(text.replace(old, new), encoding="utf-8")
        sys.modules.pop("log_stdp", None)
        importlib.invalidate_caches()
        return importlib.import_module("log_stdp")

    yield module
    sys.modules.pop("log_stdp", None)
    LEARNING_RULES.clear()
    LEARNING_RULES.update(before)


def functions():
    """Return the functions of the script."""
    scope = {}
    exec(NETWORK, scope)
    return scope


def start(module, backend="numpy"):
    """Run a short network of the rule."""
    return functions()["weights"](module.LogSTDP(1.0, 0.2, 0.3), backend)


IN_PYTHON = {
    "no decorator": (
        "@learning_rule\n", "", gs.UnknownNameError,
        "rule of learning 'LogRule': no class of this name is known (known: {known}); "
        "write @learning_rule above its twin, and its struct in a .cuh file of the same name "
        "(docs/adding_a_learning_rule.md)",
    ),
    "no equation": (
        "def at_pre(", "def at_prespike(", gs.ArgumentError, "@learning_rule: LogRule has no at_pre; write a subclass",
    ),
    "a name that is taken": (
        "class LogRule(", "class PairRule(", gs.ArgumentError,
        "@learning_rule: gpusyn.equations.plasticity.pair has a rule of learning 'PairRule' already; choose another",
    ),
    "coefficients without names": (
        "C = LogCoefficients", "C = tuple", gs.ArgumentError,
        "@learning_rule: LogRule.C must be a NamedTuple of at least one coefficient, with a name that ends in",
    ),
    "no trace": (
        "PRE, POST = 1, 1", "PRE, POST = 1, 0", gs.ParameterError,
        "@learning_rule: LogRule.POST: must be a whole number >= 1 (got 0)",
    ),
    "other traces": (
        "PRE, POST = 1, 1", "PRE, POST = 1, 2", gs.ArgumentError,
        "LogSTDP.traces: must be 1 presynaptic and 2 postsynaptic ones, as LogRule takes them (got 1 and 1); see docs/",
    ),
    "no trace but a number": (
        "(Trace(self.tau_minus),)", "(self.tau_minus,)", gs.ArgumentError,
        "LogSTDP.traces.post[0]: must be a gpusyn.plasticity.Trace (got 34.0)",
    ),
    "no name of the equations": (
        '    struct = "LogRule"\n', "", gs.ArgumentError,
        "LogSTDP: has no struct, as every rule of learning must; write it (docs/adding_a_learning_rule.md)",
    ),
    "coefficients of another name": (
        "up=self.A_plus", "upwards=self.A_plus", gs.ArgumentError,
        "LogSTDP.coefficients(): must return LogCoefficients(up=..., down=..., scale=..., alpha=..., beta=...) (",
    ),
    "a coefficient that is no number": (
        "alpha=self.alpha", "alpha=None", gs.ArgumentError,
        "LogSTDP.coefficients().alpha: must be a finite number (got None)",
    ),
    "numbers of another type": (
        "-(c.down * f * post[0])", "-(c.down * f * post[0] * np.float64(2.0))", gs.ArgumentError,
        "LogRule.at_pre: must return one float32 for each of 2 weights of this type (got float64 of shape (2,)); comp",
    ),
    "one number": (
        "-(c.down * f * post[0])", "0.0", gs.ArgumentError,
        "LogRule.at_pre: must return one float32 for each of 2 weights of this type (got float); compute it from w,",
    ),
    "an eligibility": (
        "PRE, POST = 1, 1", "PRE, POST, ELIGIBLE = 1, 1, True", gs.ArgumentError,
        "LogSTDP.struct: LogRule changes an eligibility, which only gs.DopamineSTDP has; drop ELIGIBLE and change",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", IN_PYTHON)
def test_a_mistake_in_the_python_file_says_what_to_do_next(load, mistake):
    old, new, error, said = IN_PYTHON[mistake]
    with pytest.raises(error, match=re.escape(said.replace("{known}", ", ".join(LEARNING_RULES)))):
        start(load(log_stdp__py=(old, new)))


def test_names_of_others_are_refused(load, own):
    cpu()
    text = FILES[TWIN].replace("LogCoefficients", "PairCoefficients")
    (own.folder / TWIN).write_text(text, encoding="utf-8")
    said = r"@learning_rule: gpusyn\.equations\.plasticity\.pair has coefficients 'PairCoefficients' already; choose"
    with pytest.raises(gs.ArgumentError, match=said):
        load()
    for name, text in FILES.items():
        (own.folder / name).write_text(text.replace("LogRule", "Trains"), encoding="utf-8")
    with pytest.raises(gs.BackendError, match=r"'Trains': gpusyn's kernels have a struct of this name; choose another"):
        start(load(), "cpu")


def test_a_rule_of_a_class_that_was_defined_again_is_made_again(load):
    rule = load().LogSTDP(1.0)
    load()
    said = (
        r"LogSTDP\.coefficients\(\): must .* returned one of another definition; if the class was defined again, make"
    )
    with pytest.raises(gs.ArgumentError, match=said):
        functions()["weights"](rule, "numpy")


def test_a_plan_needs_no_struct_and_rules_compile_no_struct_of_others(load, own):
    """The module of gpusyn's rules is the same whether or not a user's own are known."""
    before = learning_module.__wrapped__(Numbers())
    module = load()
    (own.folder / KERNEL).unlink()
    net = functions()["network"](module.LogSTDP(1.0))
    assert "LogSTDP" in str(gs.plan(net))
    assert "us" in str(gs.plan(net, device="H100"))
    assert learning_module.__wrapped__(Numbers()) == before


IN_THE_STRUCT = {
    "no struct": (
        "struct LogRule ", "struct Log ",
        "rule of learning 'LogRule': there is no struct LogRule in log_stdp.cuh of {folder}; write it (docs/adding_a_",
    ),
    "other counts": ("PRE = 1", "PRE = 2", "LogRule must have PRE 1, POST 1, ELIGIBLE 0, as its Python class"),
    "a coefficient that Python does not name": ("c[up]", "c[upwards]", "log_stdp.cuh:9"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", IN_THE_STRUCT)
def test_a_mistake_in_the_struct_says_what_to_do_next(load, own, mistake):
    cpu()
    old, new, said = IN_THE_STRUCT[mistake]
    with pytest.raises(gs.BackendError, match=re.escape(said.format(folder=own.folder))):
        start(load(log_stdp__cuh=(old, new)), "cpu")


def test_a_missing_struct_does_not_keep_other_rules_from_running(load, own):
    cpu()
    module = load()
    assert start(module, "cpu") == start(module)
    (own.folder / KERNEL).unlink()
    said = f"rule of learning 'LogRule': there is no file log_stdp.cuh in {own.folder}; write struct LogRule in it ("
    with pytest.raises(gs.BackendError, match=re.escape(said)):
        start(module, "cpu")
    (own.folder / KERNEL).write_bytes(b"\xff")
    with pytest.raises(gs.BackendError, match=r"log_stdp\.cuh cannot be read \('utf-8'.*make it a text in UTF-8"):
        start(module, "cpu")
    module.LogSTDP = lambda *numbers: gs.STDP()
    assert start(module, "cpu") == start(module)


def test_a_rule_without_traces_is_refused():
    class Bare(gs.LearningRule):
        struct = "PairRule"

    with pytest.raises(gs.ArgumentError, match=r"Bare: has no traces, as every rule of learning must; write it \(docs"):
        functions()["weights"](Bare(), "numpy")
