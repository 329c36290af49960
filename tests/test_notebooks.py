"""The committed notebooks: as committed, and executed afresh with few trials."""

import re
from pathlib import Path

import cv2
import nbformat
import pandas as pd
import pytest
from planted import DETAILS, SECRET, leaks

import qrlab as qr
from qrlab.report import WIDGET, report

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


def code_cells(path: Path) -> list:
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_committed_executed_in_order_with_outputs(path):
    cells = code_cells(path)
    assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert outputs
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert not [o for o in outputs if WIDGET in o.get("data", {})], "progress bars"
    assert path.stat().st_size < 1_500_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_house_style(path):
    notebook = nbformat.read(path, as_version=4)
    assert re.match(r"# .+\n\n\*\*.+\?\*\*", notebook.cells[0].source), "opens with a bold question"
    sources = "\n".join(c.source for c in code_cells(path))
    assert not re.search(r"sys\.path|%run|pip install", sources)
    assert "qr.versions()" in code_cells(path)[-1].source
    assert 15 <= len(notebook.cells) <= 40
    assert max(len(c.source.splitlines()) for c in code_cells(path)) <= 15
    tags = [tag for c in code_cells(path) for tag in c.metadata.get("tags", [])]
    assert tags == ["parameters", "answer"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_figure_has_an_alternative_text(path):
    for cell in code_cells(path):
        shown = {kind for output in cell.outputs for kind in output.get("data", {})}
        if shown & {"image/svg+xml", "image/png"}:
            assert len(cell.metadata.get("alt", "")) > 40, cell.source


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> Path:
    """Every committed notebook, executed live with ten trials, coarsely, and a planted resource."""
    out = tmp_path_factory.mktemp("reports")
    resource = tmp_path_factory.mktemp("resource") / "badge.json"
    resource.write_text(DETAILS.to_json())
    parameters = ["trials=10", "contents=6", "points=5", f"resource={resource}"]
    report(NOTEBOOKS[0].parent, out, None, parameters, jobs=2)
    return out


def test_every_notebook_becomes_a_page(reports):
    pages = {path.name for path in reports.glob("*.html")}
    assert pages == {"index.html"} | {f"{path.stem}.html" for path in NOTEBOOKS}


def test_charts_are_saved_for_slides_and_tables_as_csv(reports):
    saved = {path.name for path in (reports / "figures").iterdir()}
    assert {"06_decision.svg", "06_decision.png", "06_sensitivity.svg", "06_levels.csv"} <= saved
    assert len(pd.read_csv(reports / "figures" / "06_levels.csv")) == 4


def test_a_credential_is_audited_and_not_in_any_file_of_the_report(reports):
    page = (reports / "07_audit_a_graph_qr_code.html").read_text()
    assert "of your own code, the audit finds" in page
    assert f"{len(SECRET)} bytes" in page
    for file in filter(Path.is_file, reports.rglob("*")):
        if file.suffix == ".png":
            assert qr.decode(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)).content != SECRET
        else:
            assert leaks(file.read_text()) == [], file.name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_pages_stand_alone(path, reports):
    page = (reports / f"{path.stem}.html").read_text()
    assert "<script" not in page
    assert not re.findall(r"(?:src|href)=\"(?!data:|#|\d\d_\w+\.html|index\.html)[^\"]*\"", page)
    assert "@import" not in page
    assert "url(" not in page


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_pages_have_contents_folded_code_alternative_texts_and_trials(path, reports):
    page = (reports / f"{path.stem}.html").read_text()
    linked = re.findall(r'<li><a href="#([^"]+)">', page)
    assert len(linked) >= 4
    assert all(f'<h2 id="{anchor}">' in page for anchor in linked)
    assert '<details class="code">' in page
    assert '<details class="code" open' not in page
    images = re.findall(r"<img\b[^>]*>", page)
    assert all(re.search(r'\balt="[^"]{40,}"', image) for image in images)
    simulated = any("trials = " in c.source for c in code_cells(path))
    assert (
        re.search(
            r"\b10 trials (behind every simulated point|at each level, at most|of a condition, or as said)\.",
            page,
        )
        or not simulated
    )
    assert ("Nothing simulated" in page) != simulated


def test_pages_show_quick_results_and_the_committed_notebooks_full_size_ones(reports):
    both = [path for path in NOTEBOOKS if code_cells(path)[0].source.startswith("full = True  #")]
    assert [path.stem[:2] for path in both] == ["02", "03", "04", "05"]
    for path in both:
        page, committed = (reports / f"{path.stem}.html").read_text(), path.read_text()
        assert re.search(r"Quick results: \d+ trials of each condition, computed here; <code>data/", page)
        assert "Quick results" not in committed
        assert "Full-size results: " in committed
        assert "Full-size results: " not in page


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_tables_have_header_cells_that_say_what_they_head(path, reports):
    tables = re.findall(r"<table\b.*?</table>", (reports / f"{path.stem}.html").read_text(), re.DOTALL)
    assert tables
    for table in tables:
        heads = re.findall(r"<th\b[^>]*>", table)
        assert heads
        assert all(re.search(r'\bscope="(col|row|colgroup)"', head) for head in heads)
        assert not re.search(r"<th\b[^>]*>\s*(&nbsp;)?\s*</th>", table)


def test_the_first_notebook_leads_to_all_others():
    first = "\n".join(c.source for c in nbformat.read(NOTEBOOKS[0], as_version=4).cells)
    for path in NOTEBOOKS[1:]:
        question = re.search(r"\*\*(.+?)\*\*", nbformat.read(path, as_version=4).cells[0].source)[1]
        assert re.search(rf"\({path.name}\) \| {re.escape(question)} \|", first), path.name


def test_the_explorer_is_a_picture_on_its_page(reports):
    page = (reports / "00_start_here.html").read_text()
    assert "data:image/png;base64," in page
    assert "widget" not in page


def test_the_index_has_each_question_and_its_answer(reports):
    index = (reports / "index.html").read_text()
    for path in NOTEBOOKS:
        question = re.search(r"\*\*(.+?)\*\*", nbformat.read(path, as_version=4).cells[0].source)[1]
        assert question.replace("`", "") in index
        assert f'href="{path.stem}.html"' in index
    assert "10 trials" in index
