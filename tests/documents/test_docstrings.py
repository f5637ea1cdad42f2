"""Docstrings of the public names: complete as numpydoc asks, and with a Raises section where input can be refused."""

import ast
import inspect
import textwrap

import pytest

import gpusyn as gs
from gpusyn.equations.neurons import Neuron
from gpusyn.neurons import NeuronModel
from gpusyn.parameters.scalars import real

validation = pytest.importorskip("numpydoc.validate")
get_doc_object = pytest.importorskip("numpydoc.docscrape").get_doc_object

#: Codes of numpydoc.validate: sections in order, a summary that is a sentence, every parameter with a type and a
#: description that is a sentence, and what is returned or yielded.
CODES = {"GL06", "GL07", "GL08", "PR01", "PR02", "PR03", "PR04", "PR06", "PR07", "PR08", "PR09"}
CODES |= {"RT01", "SS01", "SS02", "SS03", "SS04", "SS05", "YD01"}


def members(kind):
    """Yield the public methods and properties of a class, each from the base class that describes it.

    The protocol of neuron models describes their equations.
    """
    protocols = [Neuron] if issubclass(kind, NeuronModel) else []
    for name in dir(kind):
        owner = [base for base in (*kind.__mro__, *protocols) if name in vars(base)][-1]
        member = vars(owner)[name]
        described = inspect.isfunction(member) or isinstance(member, (property, classmethod, staticmethod))
        if described and not name.startswith("_") and owner.__module__.startswith("gpusyn"):
            yield owner, name


def public_objects():
    """Return (owner, name) of each public class, function, method and property; owners are modules or classes."""
    found = {}
    for name in gs.__all__:
        thing = getattr(gs, name)
        for owner, part in [(thing, part) for part in thing.__all__] if inspect.ismodule(thing) else [(gs, name)]:
            made = getattr(owner, part)
            if inspect.isclass(made) or inspect.isfunction(made):
                found[owner, part] = None
            if inspect.isclass(made):
                found |= dict.fromkeys(members(made))
    return list(found)


def full_name(owner, name):
    return f"{owner.__name__}.{name}" if inspect.ismodule(owner) else f"{owner.__module__}.{owner.__qualname__}.{name}"


OBJECTS = {full_name(*found): found for found in public_objects()}


def problems(name, made):
    """Return the errors that numpydoc finds; a class that a method makes may describe attributes, not parameters."""
    wrong = [f"{code} {text}" for code, text in validation.validate(name)["errors"] if code in CODES]
    if not inspect.isclass(made) or not any(line.startswith("PR01") for line in wrong):
        return wrong
    attributes = {part for entry in get_doc_object(made)["Attributes"] for part in entry.name.split(", ")}
    complete = set(inspect.signature(made).parameters) <= attributes
    return [line for line in wrong if not (complete and line.startswith("PR01"))]


def calls(function, owner):
    """Yield the functions that a function calls by name or as methods of self, each with its class.

    Functions of `gpusyn.numerics` are left out: they refuse only wrong types of internal arrays.
    """
    function = inspect.unwrap(function)
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if not isinstance(node, ast.Call):
            continue
        called, kind = None, None
        if isinstance(node.func, ast.Name):
            called = function.__globals__.get(node.func.id)
        elif isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") in ("self", "cls") and owner:
            called, kind = inspect.getattr_static(owner, node.func.attr, None), owner
        called = getattr(called, "__func__", called)
        if inspect.isclass(called):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if all(isinstance(value, ast.Constant) for value in given):
                continue  # nothing that a user gave
            called, kind = constructor(called), called
        module = getattr(called, "__module__", "")
        if inspect.isfunction(called) and module.startswith(("gpusyn", __name__)) and "numerics" not in module:
            yield called, kind


def constructor(kind):
    return getattr(kind, "__post_init__", kind.__init__)


def refuses(function, owner, seen=()):
    """Return True if a function raises an error of gpusyn, or calls a function that does."""
    function = inspect.unwrap(function)
    if function in seen or not inspect.isfunction(function) or function.__code__.co_filename == "<string>":
        return False  # "<string>": made by dataclass
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            error = function.__globals__.get(getattr(node.exc.func, "id", ""))
            if inspect.isclass(error) and issubclass(error, gs.GpusynError):
                return True
    return any(refuses(called, kind, (*seen, function)) for called, kind in calls(function, owner))


def undescribed(owner, name):
    """Return True if an object can refuse input but its docstring has no section Raises."""
    made, raw = getattr(owner, name), inspect.getattr_static(owner, name)
    if isinstance(raw, property):
        return False
    function = constructor(made) if inspect.isclass(made) else getattr(made, "__func__", made)
    kind = made if inspect.isclass(made) else owner if inspect.isclass(owner) else None
    return refuses(function, kind) and not get_doc_object(made)["Raises"]


@pytest.mark.parametrize("name", OBJECTS)
def test_docstring_is_complete(name):
    assert problems(name, getattr(*OBJECTS[name])) == []


@pytest.mark.parametrize("name", OBJECTS)
def test_refusals_are_described(name):
    assert not undescribed(*OBJECTS[name]), "it can refuse input: add a section Raises"


class Bad:
    """describes itself badly"""

    def rate(self, times, width=1.0):
        """Returns a rate.

        Parameters
        ----------
        time : float
        """
        return self._checked(times) / width

    def _checked(self, times):
        return real(times, "times")


def test_bad_docstrings_are_found():
    found = {line.split()[0] for line in problems(f"{__name__}.Bad.rate", Bad.rate)}
    assert found == {"PR01", "PR02", "PR07", "RT01", "SS05"}
    assert {line.split()[0] for line in problems(f"{__name__}.Bad", Bad)} == {"SS02", "SS03"}
    assert undescribed(Bad, "rate")
