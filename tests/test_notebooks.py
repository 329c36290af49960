"""The committed notebooks: as committed, and executed afresh with few trials."""

import ast
import re
from pathlib import Path

import cv2
import jupytext
import nbformat
import pandas as pd
import pytest
from planted import DETAILS, SECRET, leaks

import qrlab as qr
from qrlab.report import report

WIDGET = "application/vnd.jupyter.widget-view+json"
NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def code_cells(path: Path) -> list:
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


@each_notebook
def test_a_notebook_is_what_its_source_says(path):
    """NAME.py beside it, which can be compared line by line; `make notebooks` brings them in step."""

    def said(notebook) -> list:
        tags = [{k: v for k, v in c.metadata.items() if k in ("tags", "alt")} for c in notebook.cells]
        return [(c.cell_type, c.source, tag) for c, tag in zip(notebook.cells, tags)]

    source = jupytext.read(path.with_suffix(".py"), fmt="py:percent")
    executed = nbformat.read(path, as_version=4)
    assert said(source) == said(executed)
    assert source.metadata.title == executed.metadata.title


def test_every_source_has_its_notebook():
    folder = NOTEBOOKS[0].parent
    assert [path.stem for path in sorted(folder.glob("*.py"))] == [path.stem for path in NOTEBOOKS]
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{k:02}" for k in range(len(NOTEBOOKS))]


@each_notebook
def test_committed_executed_in_order_with_outputs(path):
    cells = code_cells(path)
    assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert outputs
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert not [o for o in outputs if WIDGET in o.get("data", {})], "progress bars"


@each_notebook
def test_house_style(path):
    assert re.match(r"# .+\n\n\*\*.+\?\*\*", nbformat.read(path, as_version=4).cells[0].source), "a question"
    sources = "\n".join(c.source for c in code_cells(path))
    assert not re.search(r"sys\.path|%run|pip install", sources)
    assert re.findall(r"^.*\bqrlab\b.*import.*|^.*import.*\bqrlab\b.*", sources, re.MULTILINE) == [
        "import qrlab as qr"
    ]
    assert "qr.versions()" in code_cells(path)[-1].source
    tags = [tag for c in code_cells(path) for tag in c.metadata.get("tags", [])]
    assert tags == ["parameters", "answer"]


@each_notebook
def test_cells_are_short_and_the_answer_comes_first(path):
    cells = code_cells(path)
    lines = [len([line for line in c.source.splitlines() if line.strip()]) for c in cells]
    assert max(len(c.source.splitlines()) for c in cells) <= 12
    (answer,) = [k for k, c in enumerate(cells) if "answer" in c.metadata.get("tags", [])]
    assert sum(lines[:answer]) <= 20, "lines before the answer"
    assert path.stat().st_size <= 400_000


@each_notebook
def test_prose_is_prose(path):
    """Code that makes sentences is at most 15 % of a notebook's code."""
    sources = [c.source for c in code_cells(path)]
    made = [
        ast.get_source_segment(source, node)
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Markdown"
    ]
    assert sum(map(len, made)) <= 0.15 * sum(map(len, sources))


@each_notebook
def test_every_figure_has_an_alternative_text(path):
    for cell in code_cells(path):
        shown = {kind for output in cell.outputs for kind in output.get("data", {})}
        if shown & {"image/svg+xml", "image/png"}:
            assert len(cell.metadata.get("alt", "")) > 40, cell.source


def test_the_first_notebook_leads_to_all_others():
    first = "\n".join(c.source for c in nbformat.read(NOTEBOOKS[0], as_version=4).cells)
    for path in NOTEBOOKS[1:]:
        assert re.search(rf"\({path.name}\) \| {re.escape(question(path))} \|", first), path.name


def question(path: Path) -> str:
    return re.search(r"\*\*(.+?)\*\*", nbformat.read(path, as_version=4).cells[0].source)[1]


@pytest.mark.proof
@each_notebook
def test_a_notebook_executed_live_becomes_a_page(path, tmp_path):
    """All of it computed, and of a planted resource; once, and all that is to be said of the page."""
    resource, out = tmp_path / "badge.json", tmp_path / "out"
    resource.write_text(DETAILS.to_json())
    wanted = {"trials": 20, "resource": resource}
    own = re.findall(r"^(\w+) = ", code_cells(path)[0].source, re.MULTILINE)
    parameters = [f"{name}={value}" for name, value in wanted.items() if name in own]
    index = report(path.parent, out, [path.stem[:2]], parameters, fresh=True).read_text()
    assert {file.name for file in out.glob("*.html")} == {"explorer.html", "index.html", f"{path.stem}.html"}
    assert question(path).replace("`", "") in index
    assert f'href="{path.stem}.html"' in index
    page = (out / f"{path.stem}.html").read_text()
    check_it_stands_alone(page)
    check_contents_folded_code_and_alternative_texts(page)
    check_what_stands_behind(page, path)
    check_header_cells(page)
    if path.stem[:2] in MORE:
        MORE[path.stem[:2]](out, page)


def check_it_stands_alone(page: str) -> None:
    assert "<script" not in page
    assert not re.findall(r"(?:src|href)=\"(?!data:|#|\d\d_\w+\.html|index\.html)[^\"]*\"", page)
    assert "@import" not in page
    assert "url(" not in page


def check_contents_folded_code_and_alternative_texts(page: str) -> None:
    linked = re.findall(r'<li><a href="#([^"]+)">', page)
    assert len(linked) >= 4
    assert all(f'<h2 id="{anchor}">' in page for anchor in linked)
    assert '<details class="code">' in page
    assert '<details class="code" open' not in page
    assert all(re.search(r'\balt="[^"]{40,}"', image) for image in re.findall(r"<img\b[^>]*>", page))


def check_what_stands_behind(page: str, path: Path) -> None:
    """Committed notebooks load what data/ holds; asked for a fresh one, a page loads nothing of it."""
    assert re.search(r"Page made on \d{4}-\d\d-\d\d in \d+ s\.", page)
    loaded = re.compile(r"n = [\d, to]+ (for each condition|a symbol), from data/")
    assert not loaded.search(page)
    if path.stem[:2] in ("02", "03", "04"):
        assert loaded.search(path.read_text(encoding="utf-8"))
        assert re.search(r"n = [\d, to]+ (for each condition|a symbol), computed here", page)


def check_header_cells(page: str) -> None:
    """They say what they head."""
    tables = re.findall(r"<table\b.*?</table>", page, re.DOTALL)
    assert tables
    for table in tables:
        heads = re.findall(r"<th\b[^>]*>", table)
        assert heads
        assert all(re.search(r'\bscope="(col|row|colgroup)"', head) for head in heads)
        assert not re.search(r"<th\b[^>]*>\s*(&nbsp;)?\s*</th>", table)


def check_the_explorer_is_a_picture(out: Path, page: str) -> None:
    assert "data:image/png;base64," in page
    assert "widget" not in page


def check_charts_are_saved_for_slides_and_tables_as_csv(out: Path, page: str) -> None:
    saved = {path.name for path in (out / "figures").iterdir()}
    assert {"05_decision.svg", "05_decision.png", "05_sensitivity.svg", "05_levels.csv"} <= saved
    assert len(pd.read_csv(out / "figures" / "05_levels.csv")) == 4


def check_a_credential_is_audited_and_not_in_any_file(out: Path, page: str) -> None:
    assert "of your own code, the audit finds" in page
    assert f"{len(SECRET)} bytes" in page
    for file in filter(Path.is_file, out.rglob("*")):
        if file.suffix == ".png":
            assert qr.decode(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)).content != SECRET
        else:
            assert leaks(file.read_text()) == [], file.name


MORE = {
    "00": check_the_explorer_is_a_picture,
    "05": check_charts_are_saved_for_slides_and_tables_as_csv,
    "06": check_a_credential_is_audited_and_not_in_any_file,
}
