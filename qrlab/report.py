"""Notebooks to a report: execute them, write self-contained HTML pages and an index.

Results are computed in the notebooks, never here.
"""

import ast
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qrlab import __version__
from qrlab.checks import one_of

if TYPE_CHECKING:
    from nbformat import NotebookNode

PAGE = Path(__file__).parent / "page"
WIDGET = "application/vnd.jupyter.widget-view+json"


def report(
    folder: Path, out: Path, only: Sequence[str] | None = None, parameters: Sequence[str] = (), jobs: int = 1
) -> Path:
    """Execute the notebooks of `folder` and write a page for each and an index to `out`.

    only: numbers of notebooks, "01"; parameters: "name=value" strings, each for every notebook that has
    it; full, where a notebook has it, is False unless given: quick results, computed.  jobs: how many
    notebooks at a time, which makes the times that they measure longer.  Figures and tables that they save
    (plots.save) go to `out`/figures.  Returns the index's path.  Nothing is written unless every notebook
    ran; raises ValueError.
    """
    import joblib  # slow to load, as what follows is

    from qrlab.files import write_whole

    known = {path: _parameters(path) for path in _chosen(folder, only or ())}
    given = {"full": False} | _given(parameters, known)  # computed, and not what data/ has
    there = next(place for place in (out.absolute(), *out.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):  # said before the long work
        raise ValueError(f"out must be a folder that can be written, or none yet, not {out}")
    with tempfile.TemporaryDirectory() as saved:
        own = [{name: given[name] for name in defaults if name in given} for defaults in known.values()]
        work = (joblib.delayed(execute)(path, mine, saved) for path, mine in zip(known, own))
        notebooks = joblib.Parallel(n_jobs=jobs)(work)
        made = zip(known, notebooks, own)
        pages = [_page(path.stem, notebook, known[path] | mine) for path, notebook, mine in made]
        out.mkdir(parents=True, exist_ok=True)
        if any(Path(saved).iterdir()):
            shutil.copytree(saved, out / "figures", dirs_exist_ok=True)
    for page in pages:
        write_whole(out / page["file"], _render("page.html.j2", page=page, pages=pages))
    write_whole(out / "index.html", _render("contents.html.j2", pages=pages))
    return out / "index.html"


def _chosen(folder: Path, only: Sequence[str]) -> list[Path]:
    found = {path.name[:2]: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    if not found:
        raise ValueError(f"notebooks must be a folder with notebooks such as 01_….ipynb, not {folder}")
    for number in only:
        one_of("only", number, found)
    return [path for number, path in found.items() if number in (only or found)]


def _parameters(path: Path) -> dict[str, Any]:
    """The notebook's parameters and their defaults, from its cell tagged "parameters"."""
    import nbformat
    import papermill

    try:
        said = papermill.inspect_notebook(str(path))
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError):
        raise ValueError(f"{path} must be a notebook, and is not one") from None
    return {name: ast.literal_eval(about["default"]) for name, about in said.items()}


def _given(parameters: Sequence[str], known: dict[Path, dict[str, Any]]) -> dict[str, Any]:
    """name=value strings to values of the defaults' types."""
    defaults = {name: value for each in known.values() for name, value in each.items()}
    values = {}
    for parameter in parameters:
        name, equals, text = parameter.partition("=")
        if name not in defaults or not equals:
            raise ValueError(
                f"parameter must be NAME=VALUE with one of {', '.join(defaults)}, not {parameter}"
            )
        kind, like = type(defaults[name]), defaults[name]
        try:
            values[name] = {"True": True, "False": False}[text] if kind is bool else kind(text)
        except (KeyError, ValueError):
            raise ValueError(f"{name} must be of type {kind.__name__}, like {like}, not {text}") from None
    return values


def execute(path: Path, parameters: dict[str, Any], figures: str) -> "NotebookNode":
    """The notebook at `path`, executed in a fresh kernel with `parameters`.

    figures: the folder for what it saves.  Shows progress, a step a cell.  Raises ValueError with the
    failing cell's error.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    from qrlab.files import FIGURES, STILL

    own = {FIGURES: figures, STILL: "1"}  # environment variables, of the kernel alone
    first = f"--IPKernelApp.exec_lines=__import__('os').environ.update({own})"
    with tempfile.TemporaryDirectory() as scratch:
        # A port that was free may be taken before it is used; a socket in a folder of our own can't.
        channel = {"transport": "ipc", "ip": f"{scratch}/kernel"} if os.name == "posix" else {}
        try:
            notebook = papermill.execute_notebook(
                str(path),
                f"{scratch}/{path.name}",
                parameters,
                kernel_name="python3",
                language="python",
                cwd=str(path.parent),
                extra_arguments=["--IPKernelApp.log_level=40", first],
                config=Config(KernelManager=channel),
                progress_bar={"desc": path.stem[:32].ljust(32), "file": sys.stderr},
            )
        except PapermillExecutionError as problem:
            raise ValueError(f"{path.name} failed: {problem.ename}: {problem.evalue}") from None
    for cell in notebook.cells:
        if cell.cell_type == "code":  # progress bars are widgets, of no use on a page
            cell.outputs = [o for o in cell.outputs if WIDGET not in o.get("data", {})]
    return notebook


def _page(stem: str, notebook: "NotebookNode", parameters: dict[str, Any]) -> dict[str, Any]:
    """What the templates show of an executed notebook."""
    from nbconvert import HTMLExporter
    from nbconvert.filters import markdown2html

    stand = _stand(notebook, parameters)
    notebook.cells = list(_merged(notebook.cells))
    for cell in notebook.cells:
        cell.source = _to_pages(cell.source)
        for output in cell.get("outputs", []):
            if "text/markdown" in output.get("data", {}):
                output.data["text/markdown"] = _to_pages(output.data["text/markdown"])
    exporter = HTMLExporter(template_name="page", extra_template_basedirs=[str(PAGE.parent)])
    body, _ = exporter.from_notebook_node(notebook, {"stand": stand})
    body = _with_scopes(body)
    answers = [c for c in notebook.cells if "answer" in c.metadata.get("tags", [])]
    answer = answers[0].outputs[0].data["text/markdown"] if answers else ""
    questions = re.findall(r"\*\*(.+?)\*\*", notebook.cells[0].source)
    return {
        "file": f"{stem}.html",
        "number": stem[:2],
        "title": notebook.metadata.get("title", stem[3:].replace("_", " ")),
        "question": questions[0].replace("`", ""),
        "answer": answer and markdown2html(answer.split("\n\n")[0].replace("**", "")),
        "stand": stand,
        "compact": notebook.metadata.get("compact", False),
        "contents": re.findall(r'<h2 id="([^"]+)">(.+?)<a class="anchor-link"', body),
        "body": body,
    }


def _to_pages(markdown: str) -> str:
    """Links to notebooks, as links to their pages."""
    return re.sub(r"\((\d\d_\w+)\.ipynb\)", r"(\1.html)", markdown)


def _with_scopes(body: str) -> str:
    """Header cells that say what they head: columns within a table's head, rows elsewhere.

    A head's empty cells head nothing.  pandas and Markdown write neither.
    """
    heads = re.split(r"(<thead>.*?</thead>)", body, flags=re.DOTALL)
    for k, part in enumerate(heads):
        scope = ("row", "col")[k % 2]
        part = re.sub(r"<th\b([^>]*)>\s*(&nbsp;|)\s*</th>", r"<td\1></td>", part) if k % 2 else part
        part = re.sub(r"<th\b(?=[^>]*colspan)", '<th scope="colgroup"', part)
        heads[k] = re.sub(r"<th\b(?![^>]*scope)", f'<th scope="{scope}"', part)
    return "".join(heads)


def _merged(cells: list["NotebookNode"]) -> Iterator["NotebookNode"]:
    """The cells, a code cell without output joined to the code cell after it: one fold for both."""
    source = ""
    for cell, after in zip(cells, [*cells[1:], None]):
        if cell.cell_type == "code" and not cell.outputs and after and after.cell_type == "code":
            source += cell.source + "\n\n"
        else:
            cell.source, source = source + cell.source, ""
            yield cell


def _stand(notebook: "NotebookNode", parameters: dict[str, Any]) -> str:
    """What stands behind a page: the trials of a simulated point, and whether they were made for it."""
    behind = "Nothing simulated: no trials."
    if "trials" in parameters:
        each = notebook.metadata.get("trials", "behind every simulated point")
        behind = f"{parameters['trials']:,} trials {each}."
    full = parameters.get("full")
    kind = {None: "", False: "Quick results: ", True: "Full-size results from data/; elsewhere "}[full]
    made = "Page made" if full else "Computed live"
    seconds = notebook.metadata.papermill.duration
    return f"{kind}{behind} {made} on {date.today().isoformat()} in {seconds:.0f} s."


def _render(template: str, **values: Any) -> str:
    from jinja2 import Environment, FileSystemLoader
    from pygments.formatters import HtmlFormatter

    environment = Environment(loader=FileSystemLoader(PAGE), trim_blocks=True, lstrip_blocks=True)
    css = (PAGE / "style.css").read_text() + HtmlFormatter(style="default").get_style_defs(".highlight")
    shared = {"css": css, "today": date.today().isoformat(), "version": __version__}
    return environment.get_template(template).render(**shared, **values)
