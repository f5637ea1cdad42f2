"""The manual as a site: built without a warning, a page for every public name, and no dead link inside."""

import importlib
import inspect
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

import gpusyn as gs
from tests.helpers.pages import PATHS
from tests.helpers.paths import ROOT

INDEX = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_page_is_in_the_contents(path):
    if path.name != "index.md":
        name = path.relative_to(ROOT).with_suffix("").as_posix()
        entry = name.removeprefix("docs/") if name.startswith("docs/") else f"../{name}"
        folder = entry.rpartition("/")[0]
        lines = [line.partition("<")[2].rstrip(">") or line for line in INDEX.splitlines()]
        assert entry in lines or f"{folder}/*" in lines or name == "examples/README", (
            "add it to a toctree of docs/index.md"
        )
        assert lines.count(entry) <= 1


def public_names():
    """Yield every public name: what is in `__all__` of gpusyn and of its public modules, and methods of the classes."""
    modules = [gs, *(m for m in (getattr(gs, name) for name in gs.__all__) if inspect.ismodule(m))]
    for module in [*modules, importlib.import_module("gpusyn.sonata")]:
        for name in module.__all__:
            made = getattr(module, name)
            if not inspect.ismodule(made):
                yield f"{module.__name__}.{name}", made


class Links(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, page):
        super().__init__()
        self.links, self.anchors = set(), {""}
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        for key, value in attrs:
            if key in ("href", "src") and value and not (tag == "link" and value.startswith("#")):
                self.links.add(value)
            elif key in ("id", "name") and value:
                self.anchors.add(value)


def dead_links(site):
    """Return the links of all pages of a site that lead to no file or to no anchor."""
    links_of = cache(Links)
    dead = []
    for page in site.rglob("*.html"):
        for link in links_of(page).links:
            target = urlsplit(link)
            if target.scheme or target.netloc:
                continue
            file = (page.parent / unquote(target.path)).resolve() if target.path else page
            anchored = file.suffix != ".html" or not file.exists() or unquote(target.fragment) in links_of(file).anchors
            if not file.exists() or not anchored:
                dead.append(f"{page.relative_to(site)}: {link}")
    return sorted(dead)


def test_dead_links_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html#x"><a href="b.html#y"><a href="c.html"><img src="d.png"><p id="q">'
    )
    (tmp_path / "b.html").write_text('<p id="x"><a href="#x"><a href="a.html#q"><a href="https://none.example/#z">')
    assert dead_links(tmp_path) == ["a.html: b.html#y", "a.html: c.html", "a.html: d.png"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the manual as CONTRIBUTING.md says, into a folder of its own."""
    for module in ("furo", "myst_nb", "numpydoc", "sphinx", "sphinx_copybutton"):
        pytest.importorskip(module, reason="pip install -e '.[docs]'")
    (line,) = (
        line for line in (ROOT / "CONTRIBUTING.md").read_text().splitlines() if line.startswith("python -m sphinx -W")
    )
    folder = tmp_path_factory.mktemp("manual")
    command = [
        sys.executable,
        *line.split()[1:-1],
        "-q",
        "-j",
        "auto",
        "-d",
        str(folder / "doctrees"),
        str(folder / "site"),
    ]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return folder / "site"


@pytest.mark.manual
def test_no_link_inside_is_dead(site):
    assert len(list(site.rglob("*.html"))) > 200
    assert dead_links(site) == []


@pytest.mark.manual
def test_every_public_name_has_its_entry(site):
    inventory = pytest.importorskip("sphinx.util.inventory").InventoryFile
    entries = inventory.loads((site / "objects.inv").read_bytes(), uri="").data
    described = {name for kind, found in entries.items() if kind.startswith("py:") for name in found}
    objects = dict(public_names())
    missing = {name for name in objects if name not in described}
    elsewhere = {
        name for name in missing if any(objects[name] is objects[other] for other in described & objects.keys())
    }
    assert missing == elsewhere
    for name, made in objects.items():
        if inspect.isclass(made) and name in described and not issubclass(made, BaseException):
            own = [part for part in vars(made) if not part.startswith("_") and inspect.isfunction(vars(made)[part])]
            assert [part for part in own if f"{name}.{part}" not in described] == [], name


@pytest.mark.manual
def test_every_command_has_its_help(site):
    page = (site / "docs" / "commands" / "index.html").read_text(encoding="utf-8")
    for name in ("info", "demo", "run", "circuit", "bench", "check", "repair"):
        assert f'id="gpusyn-{name}"' in page


@pytest.mark.manual
def test_notebooks_show_what_their_cells_print(site):
    notebooks = list((ROOT / "docs" / "notebooks").glob("*.ipynb"))
    assert notebooks
    for notebook in notebooks:
        page = (site / "docs" / "notebooks" / notebook.with_suffix(".html").name).read_text(encoding="utf-8")
        assert page.count("cell_output") >= page.count("cell_input") / 2
        assert "_images/" in page
