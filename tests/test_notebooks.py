"""The committed notebooks: as committed, and executed afresh with few trials."""

import re
from pathlib import Path

import cv2
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
def test_every_figure_has_an_alternative_text(path):
    for cell in code_cells(path):
        shown = {kind for output in cell.outputs for kind in output.get("data", {})}
        if shown & {"image/svg+xml", "image/png"}:
            assert len(cell.metadata.get("alt", "")) > 40, cell.source


def test_the_picture_in_the_readme_holds_the_numbers_of_the_exact_model():
    picture = (NOTEBOOKS[0].parent.parent / "data" / "what_the_percentages_mean.svg").read_text()
    table = qr.load("exact_model").query("counted == 'area' and damage in ['blot', 'tear', 'logo']")
    for _, rows in table.groupby(["damage", "level"]):
        assert f"<!-- {rows.median_pct.min():.1f}–{rows.median_pct.max():.1f} -->" in picture


def test_the_first_notebook_leads_to_all_others():
    first = "\n".join(c.source for c in nbformat.read(NOTEBOOKS[0], as_version=4).cells)
    for path in NOTEBOOKS[1:]:
        assert re.search(rf"\({path.name}\) \| {re.escape(question(path))} \|", first), path.name


def question(path: Path) -> str:
    return re.search(r"\*\*(.+?)\*\*", nbformat.read(path, as_version=4).cells[0].source)[1]


@pytest.mark.proof
@each_notebook
def test_a_notebook_executed_live_becomes_a_page(path, tmp_path):
    """With ten trials, coarsely, and of a planted resource; once, and all that is to be said of the page."""
    resource, out = tmp_path / "badge.json", tmp_path / "out"
    resource.write_text(DETAILS.to_json())
    wanted = {"trials": 10, "contents": 6, "points": 5, "resource": resource}
    own = re.findall(r"^(\w+) = ", code_cells(path)[0].source, re.MULTILINE)
    parameters = [f"{name}={value}" for name, value in wanted.items() if name in own]
    index = report(path.parent, out, [path.stem[:2]], parameters).read_text()
    assert {file.name for file in out.glob("*.html")} == {"index.html", f"{path.stem}.html"}
    assert question(path).replace("`", "") in index
    assert f'href="{path.stem}.html"' in index
    page = (out / f"{path.stem}.html").read_text()
    assert ("10 trials" in index) == ("10 trials" in page) == ("trials" in own)
    check_it_stands_alone(page)
    check_contents_folded_code_and_alternative_texts(page)
    check_what_stands_behind(page, path, own)
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


def check_what_stands_behind(page: str, path: Path, own: list[str]) -> None:
    """The trials; quick results where the committed notebook shows full-size ones."""
    said = r"\b10 trials (behind every simulated point|at each level, at most|of a condition, or as said)\."
    assert bool(re.search(said, page)) == ("trials" in own)
    assert ("Nothing simulated" in page) != ("trials" in own)
    assert ("full" in own) == (path.stem[:2] in ("02", "03", "04", "05"))
    if "full" in own:
        assert re.search(r"Quick results: \d+ trials of each condition, computed here; <code>data/", page)
        assert "Full-size results: " not in page
        assert "Full-size results: " in path.read_text()
        assert "Quick results" not in path.read_text()


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
    assert {"06_decision.svg", "06_decision.png", "06_sensitivity.svg", "06_levels.csv"} <= saved
    assert len(pd.read_csv(out / "figures" / "06_levels.csv")) == 4


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
    "06": check_charts_are_saved_for_slides_and_tables_as_csv,
    "07": check_a_credential_is_audited_and_not_in_any_file,
}
