"""Every code block of every page runs, or says why it does not (CONTRIBUTING.md, "Pages")."""

import pytest

from tests.helpers.pages import OWN, PATHS, Page, fenced, unrun
from tests.helpers.paths import ROOT

PAGES = {page.name: page for page in map(Page, PATHS)}
RUN_HERE = [page for page in PAGES.values() if page.to_run and page.name not in OWN]


@pytest.mark.parametrize(
    "page", [pytest.param(page, id=page.name, marks=[pytest.mark.manual] * page.long) for page in RUN_HERE]
)
@pytest.mark.filterwarnings("ignore:The 'copy' argument in Quantity is deprecated")  # Elephant's
@pytest.mark.usefixtures("long_runs")
def test_blocks_run(page, tmp_path, monkeypatch):
    for module in page.needs:
        pytest.importorskip(module)
    if not page.long:
        monkeypatch.setenv("GPUSYN_BACKEND", "numpy")  # compiles nothing
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    page.play(tmp_path)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_block_is_run_or_says_why_not(page):
    assert unrun(page) == []


@pytest.mark.parametrize("name", OWN)
def test_a_page_with_a_test_of_its_own_is_named_there(name):
    test = ROOT / "tests" / "documents" / OWN[name][0]
    assert name.removeprefix("docs/") in test.read_text(encoding="utf-8")


PAGE = """# A page
<!-- needs: scipy -->

```python
x = 1
print(x + 1)
```

```text
2
```

```pycon
>>> x
1
```

<!-- file: script.py -->
```python
print("from a file", 3)
```

```console
$ python script.py
from ... 3
$ python -c "print(x)"  # no output is asked for
```

<!-- not run: installs -->
```console
$ pip install x
```

````{note}
```python
y = x
```
````
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    def written(text):
        monkeypatch.setattr("tests.helpers.pages.ROOT", tmp_path)
        (tmp_path / "page.md").write_text(text, encoding="utf-8")
        return Page(tmp_path / "page.md")

    return written


def test_blocks_are_found_with_their_comments(page):
    found = [(b.line, b.language, b.file, b.not_run, b.printed) for b in page(PAGE).blocks]
    assert found == [
        (4, "python", "", "", "2\n"), (9, "text", "", "", None), (13, "pycon", "", "", None),
        (19, "python", "script.py", "", None), (23, "console", "", "", None), (30, "console", "", "installs", None),
        (35, "python", "", "", None),
    ]  # fmt: skip


def test_a_page_plays(page, tmp_path):
    with pytest.raises(AssertionError, match=r"page\.md:23: python -c"):
        page(PAGE).play(tmp_path)  # a command does not know the names of the blocks
    page(PAGE.replace('"print(x)"', '"print(3)"')).play(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("```text\n2", "```text\n3", r"page\.md:4: printed\n2\n\nbut the page says\n3"),
        (">>> x\n1", ">>> x\n2", r"Expected:\s+2\s+Got:\s+1"),
        ("from ... 3", "from ... 4", r"page\.md:23: python script\.py: printed"),
        ("<!-- not run: installs -->\n", "", r"page\.md:28: pip is neither gpusyn nor python"),
        ("y = x", "assert x == 2", None),
    ],
)
def test_a_wrong_page_is_found(page, tmp_path, old, new, said):
    text = PAGE.replace('$ python -c "print(x)"  # no output is asked for\n', "")
    assert text.count(old) == 1
    with pytest.raises(AssertionError, match=said):
        page(text.replace(old, new)).play(tmp_path)


@pytest.mark.parametrize("language", ["bash", "py", "{code-cell}"])
def test_a_block_under_another_name_is_found(page, language):
    assert len(unrun(page(f"```{language}\nx\n```\n"))) == 1


def test_a_page_that_ci_would_always_skip_is_found(page):
    assert unrun(page("<!-- needs: h5py, nest -->\n")) == ["page.md: the extra `test` has no nest: add <!-- long -->"]
    assert unrun(page("<!-- needs: h5py, nest -->\n<!-- long -->\n")) == []


def test_a_block_more_than_a_test_of_its_own_knows_is_found(page, monkeypatch):
    monkeypatch.setitem(OWN, "page.md", ("test_pages.py", 4))
    assert unrun(page(PAGE)) == ["page.md: 5 blocks; test_pages.py answers for 4"]


def test_a_block_that_is_not_closed_ends_with_the_page():
    assert [block.text for block in fenced("```python\nx = 1")] == ["x = 1\n"]
