"""Reference: a page for every public module and every public name, made from `__all__` and the docstrings."""

from __future__ import annotations

import importlib
import inspect
import pydoc
import re
from functools import cache
from typing import Any

import docutils.nodes
from generated import title, write_pages
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import gpusyn

#: Packages whose names have groups of their own on the page of `gpusyn`, in this order; others follow.
GROUPS = {
    "network": "Networks",
    "simulation": "Simulation",
    "neurons": "Neurons and sources",
    "receptors": "Receptors",
    "drugs": "Drugs",
    "connectivity": "Connections",
    "plasticity": "Synapses that change",
    "parameters": "Values",
    "results": "Results",
    "errors": "Errors",
}
SAME = {"builder": "simulation", "io": "results"}
#: Public modules that `import gpusyn` does not import. `gpusyn.pynn` has PyNN's interface, which PyNN describes.
APART = ("gpusyn.sonata",)


@cache
def modules() -> dict[str, Any]:
    """Return the public modules: gpusyn, those in its `__all__`, and those apart."""
    found = {"gpusyn": gpusyn}
    found |= {f"gpusyn.{n}": getattr(gpusyn, n) for n in gpusyn.__all__ if inspect.ismodule(getattr(gpusyn, n))}
    return found | {name: importlib.import_module(name) for name in APART}


@cache
def public() -> dict[str, Any]:
    """Return every public name and its object; an object of two modules has the first one's name."""
    found: dict[str, Any] = {}
    for name, module in modules().items():
        for part in module.__all__:
            made = getattr(module, part)
            if not inspect.ismodule(made) and not any(made is known for known in found.values()):
                found[f"{name}.{part}"] = made
    return found


def name_of(made: object) -> str | None:
    """Return the public name of an object."""
    return next((name for name, known in public().items() if known is made), None)


@cache
def short_names() -> dict[str, str]:
    """Return the public name behind each name without its module; those of `gpusyn` go before the others."""
    return {name.rpartition(".")[2]: name for name in reversed(public())}


def directive(made: object) -> str:
    if inspect.isclass(made):
        return "autoexception" if issubclass(made, BaseException) else "autoclass"
    return "autofunction" if callable(made) else "autodata"


def members(kind: type) -> list[str]:
    """Return the public methods and properties of a class that gpusyn defines, inherited ones too."""
    owners = [owner for owner in kind.__mro__ if owner.__module__.startswith("gpusyn")]
    described = (property, classmethod, staticmethod)
    return sorted(
        {
            name
            for owner in owners
            for name, made in vars(owner).items()
            if not name.startswith("_") and (inspect.isfunction(made) or isinstance(made, described))
        }
    )


def page(name: str) -> str:
    """Return the page of one name."""
    made = public()[name]
    kind = directive(made)
    module = name.rpartition(".")[0]
    text = ":orphan:\n\n" + title(name)  # it is in the table of its module; the contents would be long
    text += f":doc:`Reference <index>` › :doc:`{module} <{module}.module>`\n\n.. {kind}:: {name}\n"
    if kind == "autoclass" and members(made):
        text += f"   :members: {', '.join(members(made))}\n"
    if kind == "autodata":
        text += f"   :no-value:\n\nA {type(made).__name__}: " + ", ".join(f"``{key}``" for key in made) + "\n"
    return text


def summary(names: list[str]) -> str:
    return ".. autosummary::\n   :nosignatures:\n\n" + "".join(f"   ~{name}\n" for name in names) + "\n"


def group_of(made: Any) -> str:
    """Return the package of gpusyn that an object comes from."""
    package = made.__module__.split(".")[1]
    return SAME.get(package, package)


def module_page(name: str) -> str:
    """Return the page of a module: its docstring, and a table of its names."""
    module = modules()[name]
    names = [found for part in sorted(module.__all__, key=str.casefold) if (found := name_of(getattr(module, part)))]
    text = title(name) + f".. automodule:: {name}\n   :no-members:\n\n.. currentmodule:: None\n\n"
    if name == "gpusyn":
        groups: dict[str, list[str]] = {group: [] for group in GROUPS}
        for found in names:
            groups.setdefault(group_of(public()[found]), []).append(found)
        for group, members in groups.items():
            text += title(GROUPS.get(group, group.capitalize()), "-") + summary(members) if members else ""
    else:
        text += summary(names)
    return text


def index() -> str:
    """Return the page with all modules and what each says first of itself."""
    text = title("Reference")
    for name, module in modules().items():
        first, *_ = (module.__doc__ or "").splitlines()
        text += f":doc:`{name} <{name}.module>`\n   {first}\n\n"
    text += ":doc:`Command line </docs/commands/index>`\n   What each command of `gpusyn` says of itself.\n\n"
    pages = "".join(f"   {name} <{name}.module>\n" for name in modules())
    return text + f".. toctree::\n   :hidden:\n\n{pages}   Command line </docs/commands/index>\n"


def write(app: Sphinx, config: Any) -> None:
    pages = {f"{name}.module.rst": module_page(name) for name in modules()}
    pages |= {f"{name}.rst": page(name) for name in public()}
    write_pages("reference", pages | {"index.rst": index()})


def link_types(app: Sphinx) -> None:
    """Let public names among the types of parameters become links, and no others."""
    app.config.numpydoc_xref_aliases_complete = short_names()


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: docutils.nodes.Element
) -> docutils.nodes.Element | None:
    """Find what is named by the module that defines it; leave what has no page of its own as it is written."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    owner, _, attribute = target.rpartition(".")
    for path, rest in ((target, ""), (owner, f".{attribute}")):
        known = name_of(pydoc.locate(path)) if path.startswith("gpusyn.") else short_names().get(path)
        if known and known + rest != target:
            domain = env.get_domain("py")
            return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", known + rest, node, contnode)
    return contnode if node["reftype"] == "obj" else None


def leave_parameters(app: Sphinx, doctree: docutils.nodes.document) -> None:
    """Leave small names in backticks as they are: they are parameters, not the modules of the same name."""
    for node in list(doctree.findall(pending_xref)):
        if node["reftype"] == "obj" and node["reftarget"].islower() and "." not in node["reftarget"]:
            node.replace_self(node.children)


def link_code(app: Sphinx, doctree: docutils.nodes.document) -> None:
    """Let `gs.NAME`, with or without what follows it, lead to the page of the name, unless it stands in a link."""
    for literal in list(doctree.findall(docutils.nodes.literal)):
        named = re.match(r"gs\.((?:\w+\.)?\w+)", literal.astext())
        name = f"gpusyn.{named[1]}" if named else ""
        known = public().keys() | modules().keys()
        name = name if name in known else name.rpartition(".")[0]
        if name in known - {"gpusyn"} and not isinstance(
            literal.parent, (docutils.nodes.title, docutils.nodes.reference, pending_xref)
        ):
            link = pending_xref(
                "",
                literal.deepcopy(),
                refdoc=app.env.docname,
                refdomain="py",
                reftype="obj",
                reftarget=name,
                refexplicit=True,
            )
            literal.replace_self(link)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", write)
    app.connect("builder-inited", link_types, priority=900)  # after numpydoc
    app.connect("doctree-read", leave_parameters)
    app.connect("doctree-read", link_code)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True}
