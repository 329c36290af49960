"""The report command: bad input is one line and exit status 2, and nothing is half written."""

import re

import nbformat
import pytest

from qrlab.__main__ import main


def write_notebook(folder, name, *cells):
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    head = nbformat.v4.new_markdown_cell("# A title\n\n**A question?**")
    parameters = nbformat.v4.new_code_cell("trials = 5  # how many\nname = 'a'\nsay = True")
    parameters.metadata["tags"] = ["parameters"]
    notebook.cells = [head, parameters, *(nbformat.v4.new_code_cell(cell) for cell in cells)]
    nbformat.write(notebook, folder / name)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "notebooks").mkdir()
    write_notebook(tmp_path / "notebooks", "01_good.ipynb", "print('trials are', trials, name)")
    return tmp_path / "notebooks"


def run(folder, *more):
    return main(["report", "--notebooks", str(folder), "--out", str(folder.parent / "out"), *more])


def test_parameters_reach_the_notebook(folder, capsys):
    assert run(folder, "-p", "trials=7", "-p", "name=b c") == 0
    page = (folder.parent / "out" / "01_good.html").read_text()
    assert "trials are 7 b c" in page
    assert re.search(r"Page made on \d{4}-\d\d-\d\d in \d+ s\.", page)
    assert "index.html" in capsys.readouterr().out


@pytest.mark.parametrize(("asked", "fresh"), [((), "''"), (("--fresh",), "'1'")])
def test_a_notebook_is_told_whether_to_compute_everything(folder, asked, fresh):
    write_notebook(folder, "02_says.ipynb", "import os", "print('FRESH is', repr(os.environ['QRLAB_FRESH']))")
    assert run(folder, *asked) == 0
    said = re.sub("<[^>]+>", "", (folder.parent / "out" / "02_says.html").read_text())
    assert f"FRESH is {fresh}" in said.replace("&#39;", "'")


def test_pages_are_in_order_whichever_notebook_ends_first(folder):
    write_notebook(folder, "00_slow.ipynb", "import time", "time.sleep(1.5)")
    assert run(folder) == 0
    index = (folder.parent / "out" / "index.html").read_text()
    assert re.findall(r'<h2><a href="(\d\d)_', index) == ["00", "01"]
    assert "<img" not in index


def test_the_index_opens_with_the_chart(folder):
    write_notebook(folder, "00_chart.ipynb", SAVES.replace("01_figure", "the_answer"))
    assert run(folder) == 0
    index = (folder.parent / "out" / "index.html").read_text()
    assert re.search(r'<img class="chart" alt="[^"]{40,}" src="data:image/svg\+xml;base64,\w', index)
    assert run(folder, "--only", "01") == 0, "the chart of an earlier report is none of this one"
    assert "<img" not in (folder.parent / "out" / "index.html").read_text()


@pytest.mark.parametrize(
    ("asked", "name", "allowed", "given"),
    [
        (("--only", "09"), "only", "one of 01", "'09'"),
        (("-p", "trails=7"), "parameter", "NAME=VALUE with one of trials, name, say", "trails=7"),
        (("-p", "trials"), "parameter", "NAME=VALUE with one of trials, name, say", "trials"),
        (("-p", "trials=many"), "trials", "of type int, like 5", "many"),
        (("-p", "say=no"), "say", "of type bool, like True", "no"),
        (("--notebooks", "nowhere"), "notebooks", "01_….ipynb", "nowhere"),
    ],
)
def test_bad_input_is_one_line_and_status_2(folder, capsys, asked, name, allowed, given):
    assert run(folder, *asked) == 2
    error = capsys.readouterr().err
    assert re.search(rf"\b{name} must be .*{allowed}.*, not {given}$", error.strip())
    assert len(error.splitlines()) == 1
    assert not (folder.parent / "out").exists()


def test_the_index_shows_a_question_without_its_marks(folder):
    write_notebook(folder, "01_good.ipynb")
    notebook = nbformat.read(folder / "01_good.ipynb", as_version=4)
    notebook.cells[0].source = "# A title\n\n**Does a `name` tell?**"
    nbformat.write(notebook, folder / "01_good.ipynb")
    assert run(folder) == 0
    assert "Does a name tell?" in (folder.parent / "out" / "index.html").read_text()


def test_links_to_notebooks_lead_to_their_pages_in_text_and_in_computed_sentences(folder):
    link = "see [another](02_another.ipynb)"
    write_notebook(folder, "02_another.ipynb", f"from IPython.display import Markdown\nMarkdown('{link}')")
    notebook = nbformat.read(folder / "02_another.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell(link))
    nbformat.write(notebook, folder / "02_another.ipynb")
    assert run(folder) == 0
    page = (folder.parent / "out" / "02_another.html").read_text()
    assert page.count('<a href="02_another.html">another</a>') == 2


def test_a_failing_notebook_leaves_the_old_report_alone(folder, capsys):
    assert run(folder) == 0
    before = {p.name: p.read_text() for p in (folder.parent / "out").iterdir()}
    write_notebook(folder, "02_bad.ipynb", "1 / 0")
    capsys.readouterr()
    assert run(folder) == 2
    assert "02_bad.ipynb failed: ZeroDivisionError: division by zero" in capsys.readouterr().err
    assert {p.name: p.read_text() for p in (folder.parent / "out").iterdir()} == before


def test_a_file_where_the_folder_should_be(folder, capsys):
    (folder.parent / "out").write_text("mine")
    assert run(folder) == 2
    assert re.search("^qrlab report: .*File exists: .*/out'$", capsys.readouterr().err.strip())
    assert (folder.parent / "out").read_text() == "mine"


def test_what_is_no_notebook_is_named(folder, capsys):
    (folder / "03_broken.ipynb").write_text("not json")
    assert run(folder) == 2
    assert "03_broken.ipynb must be a notebook, and is not one" in capsys.readouterr().err


def test_only_chooses_one(folder):
    write_notebook(folder, "02_other.ipynb", "print(2)")
    assert run(folder, "--only", "02") == 0
    assert {p.name for p in (folder.parent / "out").iterdir()} == {
        "02_other.html",
        "explorer.html",
        "index.html",
    }


SAVES = """import pandas as pd
import matplotlib.pyplot as plt
import qrlab as qr
qr.plots.save(pd.DataFrame({'a': [1, 2]}), '01_table')
fig, ax = plt.subplots()
qr.plots.save(fig, '01_figure')"""


def test_what_notebooks_save_goes_to_figures_beside_the_pages(folder):
    write_notebook(folder, "01_good.ipynb", SAVES)
    assert run(folder) == 0
    figures = folder.parent / "out" / "figures"
    assert {path.name for path in figures.iterdir()} == {"01_table.csv", "01_figure.svg", "01_figure.png"}
    assert (figures / "01_table.csv").read_text() == "a\n1\n2\n"
    assert (figures / "01_figure.svg").read_text().startswith("<?xml")
    assert not (folder.parent / "reports").exists()
