"""Each kinetics is one record; its structs, their twins and the names of their coefficients agree in both languages."""

import re
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.builder.gating.forms import FORMS, GateForm, GateStep, enter, form_of, shape_of
from gpusyn.equations.coefficients import Matrix, Number, Rest, Vector, count, flat, read
from gpusyn.equations.kinetics import LUMPED, SOURCE_GATES, SYNAPSE_GATES
from gpusyn.equations.kinetics.base import MOST_COMPONENTS, Gate, SynapseGate, synapse_gate
from gpusyn.kernels.modules import common_module, gate_file, neuron_module, synapse_module
from gpusyn.kernels.signature import Numbers, ReceptorSignature, Signature, coefficient_struct
from gpusyn.kernels.source import kernel_names, read_kernel
from gpusyn.kinetics import Alpha, DualExponential, Exponential, FirstOrder, GProtein, Kinetics, Markov, Saturating
from tests.helpers.paths import ROOT

EVERY = [Exponential(5.0), Alpha(3.0), DualExponential(2.0, 9.0), FirstOrder.AMPA(), Markov.NMDA(), GProtein(),
         Saturating(), Saturating(jump=True)]  # fmt: skip
NO_GATE = gs.DeltaReceptor("delta").kinetics
STEP = GateStep(0.1, "float64", 1, "here")
STRUCT = re.compile(r"^(?:template <int M> )?struct (\w+)([^{;]*) \{\n(.*?)^\};", re.M | re.S)
KEEPERS = {**LUMPED, **SOURCE_GATES, **SYNAPSE_GATES}


def structs() -> dict[str, tuple[str, str, str]]:
    """Return file, bases and body of each struct of kernels/kinetics/ that has a twin or should have one."""
    found = {}
    for file in (name for name in kernel_names() if name.startswith("kinetics/")):
        for m in STRUCT.finditer(read_kernel(file)):
            if "DEVICE" in m[3] and m[1] not in ("SourceGate", "SynapseGate"):
                found[m[1]] = file, m[2], m[3]
    return found


STRUCTS = structs()


def number(name: str, text: str, m: int) -> int:
    """Return an enumerator of a struct for M components."""
    found = re.search(rf"\b{name} = ([^,}}]+)", text)
    assert found, name
    return int(eval(found[1], {"M": m}))


def test_every_struct_has_a_twin_and_every_twin_a_struct_in_the_file_of_its_module():
    named = {name.partition("<")[0]: gate for name, gate in KEEPERS.items()}
    assert {name: gate.kernel_file for name, gate in named.items()} == {k: v[0] for k, v in STRUCTS.items()}


@pytest.mark.parametrize("name", KEEPERS)
def test_sizes_of_a_struct_are_those_of_its_twin(name):
    gate, (_, bases, body) = KEEPERS[name], STRUCTS[name.partition("<")[0]]
    if name in LUMPED:
        assert (number("STATES", body, gate.m), number("INPUTS", body, gate.m)) == (gate.STATES, gate.INPUTS)
        assert "COEFS = COUNT" in body or "COEFS = PulsedCoefficients(M).COUNT" in body
    else:
        assert number("PULSES", body, 1) == gate.PULSES
    assert gate.C.__name__ in bases + body


@pytest.mark.parametrize("kinetics", EVERY, ids=lambda k: k.kind)
def test_coefficients_are_as_many_as_the_structs_read(kinetics):
    form = form_of(kinetics)
    m = form.components(kinetics)
    lumped, synapse = LUMPED[form.lumped.format(m=m)], form.synapse_gate
    assert isinstance(form.target(kinetics, 0.1, 1.0), lumped.C)
    assert len(flat(form.target(kinetics, 0.1, 1.0))) == lumped.COEFS == count(lumped.C, m)
    assert isinstance(form.each(kinetics, STEP), synapse.C)
    assert synapse.components(np.array(flat(form.each(kinetics, STEP)))) == m
    if form.source is not None:
        assert isinstance(form.own(kinetics, STEP), form.source_gate.C)
    assert (form.source is None) == kinetics.linear
    assert (form.into_v is not None) == kinetics.linear


def test_every_kinetics_has_a_record():
    assert set(FORMS) == {kinetics.kind for kinetics in (*EVERY, NO_GATE)}
    assert {type(kinetics).__name__ for kinetics in EVERY} == set(gs.kinetics.__all__) - {"Kinetics"}
    assert {form.lumped.format(m=1) for form in FORMS.values()} | {"Unlumped"} == set(LUMPED) - {
        f"Pulsed<{m}>" for m in range(2, MOST_COMPONENTS + 1)
    }
    assert {form.source for form in FORMS.values()} - {None} == set(SOURCE_GATES)
    assert {form.synapse for form in FORMS.values()} - {None} == set(SYNAPSE_GATES)
    assert form_of(NO_GATE).synapse is form_of(NO_GATE).source is None


def test_no_code_asks_for_the_kind_of_a_kinetics():
    for path in (ROOT / "gpusyn").rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert "kinetics.kind ==" not in line, path
            assert "kinetics.kind in" not in line, path
            assert not re.search(r"isinstance\(kinetics, (?!Kinetics)", line), path


def test_a_module_holds_the_files_of_its_gates_alone():
    numbers = Numbers()
    cell = neuron_module(Signature("LIF", (ReceptorSignature("Exponential", "Conductance"),), numbers)).text
    assert "kernels/kinetics/linear.cuh" in cell
    assert "kernels/kinetics/pulsed.cuh" not in cell
    assert "kernels/kinetics/linear.cuh" not in synapse_module("advance_markov", numbers).text
    assert all(f"X({k}, {name})" in common_module(numbers).text for k, name in enumerate(SOURCE_GATES))


# --- coefficients by name ------------------------------------------------------------------------------------------


class ToyCoefficients(NamedTuple):
    size: Number
    on: Matrix
    drive: Vector
    jump: Number
    tail: Rest


def test_coefficients_are_read_by_name_where_they_were_written():
    c = ToyCoefficients(size=2.0, on=[[1.0, 2.0], [3.0, 4.0]], drive=[5.0, 6.0], jump=7.0, tail=[8.0])
    assert flat(c) == [2.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    assert count(ToyCoefficients, 2) == 8
    again = read(ToyCoefficients, np.array(flat(c)), 2)
    assert (again.size, again.jump, again.on[1][0], again.drive[1], again.tail[0]) == (2.0, 7.0, 3.0, 6.0, 8.0)
    columns = read(ToyCoefficients, np.array(flat(c))[:, None] * np.ones(3), 2)  # of three neurons
    assert columns.on[1][0].tolist() == [3.0] * 3
    assert columns.jump.tolist() == [7.0] * 3


def test_offsets_in_the_kernel_text_are_those_in_python():
    text = coefficient_struct(ToyCoefficients)
    members = dict(re.findall(r"(\w+)\(([^()]*)\)", text.partition(") : ")[2]))
    for m in range(1, 5):
        places = {"M": m}
        for name, offset in members.items():
            places[name] = eval(offset, places)
        flat_index = read(ToyCoefficients, np.arange(30), m)
        assert [places[name] for name in ("size", "on", "drive", "jump")] == [
            flat_index.size, flat_index.on[0][0], flat_index.drive[0], flat_index.jump
        ]  # fmt: skip


# --- mistakes on the way -------------------------------------------------------------------------------------------


def refused(match):
    return pytest.raises(gs.GpusynError, match=match)


def test_kinetics_without_a_record_say_where_to_enter_one():
    class Unheard(Kinetics):
        kind = "unheard"

    with refused(
        r"gate form of kinetics 'unheard': no class of this name .*\(known: .*exponential.*adding_a_kinetics\.md"
    ):
        form_of(Unheard())


@pytest.mark.parametrize("missing", ["lumped", "synapse", "source"])
def test_a_record_whose_struct_no_file_holds_is_refused(missing):
    names = {"lumped": "Exponential", "synapse": "ExponentialGate", "source": None, missing: "Nowhere"}
    with refused(r"gate 'Nowhere': no class of this name .*; write its twin in gpusyn/equations/kinetics/"):
        enter(GateForm("lost", target=lambda *_: (), each=lambda *_: (), reason="", **names))
    assert "lost" not in FORMS


def test_a_twin_without_a_file_or_a_struct_is_refused():
    class Stray(Gate):
        pass

    with refused(r"gate 'Stray': there is no file kinetics/test_gate_forms\.cuh in .*; write struct Stray in it"):
        gate_file(Stray())
    Stray.__module__ = "gpusyn.equations.kinetics.linear"
    with refused(r"gate 'Stray': there is no struct Stray in kinetics/linear\.cuh of .*, or use backend='numpy'"):
        gate_file(Stray())


def test_a_twin_must_have_its_parts_and_a_name_of_its_own():
    class Half(SynapseGate):
        C = ToyCoefficients
        KERNEL = "advance_half"

    with refused(r"@synapse_gate: Half has no step; write a subclass of .*SynapseGate with C, KERNEL, step"):
        synapse_gate(Half)
    Twice = type("RisingGate", (type(SYNAPSE_GATES["RisingGate"]),), {})
    with refused(r"@synapse_gate: gpusyn\.equations\.kinetics\.linear has a gate 'RisingGate' already"):
        synapse_gate(Twice)
    with refused(r"GateForm: kinetics of the kind 'alpha' have a form already; choose another kind="):
        enter(FORMS["alpha"])


def test_linear_kinetics_have_no_gate_on_the_source():
    with refused(r"kinetics 'alpha': its form has no gate of a source; give it source="):
        shape_of(Alpha(2.0))


def test_the_registries_are_the_same_whichever_module_comes_first():
    probe = "import gpusyn.equations.kinetics.saturating\nfrom gpusyn.equations.kinetics import SOURCE_GATES\n"
    probe += "print(*SOURCE_GATES)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == list(SOURCE_GATES)


def test_a_kind_belongs_to_one_class():
    with pytest.raises(gs.ArgumentError, match=r"Other\.kind: 'alpha' is the kind of Alpha.*choose another name"):
        type("Other", (Kinetics,), {"kind": "alpha"})
    assert form_of(type("Quick", (Alpha,), {"kind": "alpha"})(2.0)) is FORMS["alpha"]
    for _ in range(2):  # as a cell of a notebook that is run again
        type("Again", (Kinetics,), {"kind": "test_a_kind_belongs_to_one_class"})
