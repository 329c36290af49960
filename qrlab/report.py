"""Notebooks to a report: execute them, write self-contained HTML pages and an index.

Results are computed in the notebooks, never here.
"""

import os
import re
import shutil
import sys
import tempfile
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import joblib

from qrlab import __version__
from qrlab.plots import FIGURES

PAGE = Path(__file__).parent / "page"
WIDGET = "application/vnd.jupyter.widget-view+json"
STILL = "QRLAB_STILL"  # the environment variable that asks for pictures in place of live widgets


class UnusableError(ValueError):
    """What a user asked for can't be done: one line, exit status 2."""


def report(
    folder: Path, out: Path, only: list[str] | None = None, parameters: list[str] = (), jobs: int = 1
) -> Path:
    """Execute the notebooks of `folder` and write a page for each and an index to `out`.

    only: numbers of notebooks, "01"; parameters: "name=value" strings, each for every notebook that has
    it; full, where a notebook has it, is False unless given: quick results, computed.  jobs: how many
    notebooks at a time, which makes the times that they measure longer.  Figures and tables that they save
    (plots.save) go to `out`/figures.  Returns the index's path.  Nothing is written unless every notebook
    ran; raises UnusableError.
    """
    chosen = _choose(folder, only)
    values = _check_parameters(chosen, parameters)
    there = next(place for place in (out.absolute(), *out.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):  # said before the long work
        raise UnusableError(f"out must be a folder that can be written, or none yet, not {out}")
    values = {"full": False} | values  # computed, and not what data/ has
    own = [{k: v for k, v in values.items() if k in _parameters(path)} for path in chosen]
    with tempfile.TemporaryDirectory() as scratch:
        run = joblib.Parallel(n_jobs=jobs)
        notebooks = run(joblib.delayed(execute)(path, mine, scratch) for path, mine in zip(chosen, own))
        pages = [_page(path.stem, notebook) for path, notebook in zip(chosen, notebooks)]
        out.mkdir(parents=True, exist_ok=True)
        if any(Path(scratch).iterdir()):
            shutil.copytree(scratch, out / "figures", dirs_exist_ok=True)
    for page in pages:
        _write(out / page["file"], _render("page.html.j2", page=page, pages=pages))
    _write(out / "index.html", _render("contents.html.j2", pages=pages))
    return out / "index.html"


def _choose(folder: Path, only: list[str] | None) -> list[Path]:
    found = {path.name[:2]: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    if not found:
        raise UnusableError(f"notebooks must be a folder with notebooks such as 01_….ipynb, not {folder}")
    for number in only or []:
        if number not in found:
            raise UnusableError(f"only must be one of {', '.join(found)}, not {number}")
    return [path for number, path in found.items() if not only or number in only]


def _parameters(path: Path) -> dict[str, str]:
    """The notebook's parameters, name -> default as written, from its cell tagged "parameters"."""
    import nbformat

    try:
        cells = nbformat.read(path, as_version=4).cells
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError):
        raise UnusableError(f"{path} must be a notebook, and is not one") from None
    source = "\n".join(c.source for c in cells if "parameters" in c.metadata.get("tags", []))
    return dict(re.findall(r"^(\w+) = ([^#\n]*\S)", source, re.MULTILINE))


def _check_parameters(paths: list[Path], parameters: list[str]) -> dict[str, object]:
    """name=value strings to values of the defaults' types."""
    import ast

    known = {name: ast.literal_eval(text) for path in paths for name, text in _parameters(path).items()}
    values = {}
    for parameter in parameters:
        name, equals, text = parameter.partition("=")
        if name not in known or not equals:
            raise UnusableError(
                f"parameter must be NAME=VALUE with one of {', '.join(known)}, not {parameter}"
            )
        kind = type(known[name])
        try:
            values[name] = {"True": True, "False": False}[text] if kind is bool else kind(text)
        except (KeyError, ValueError):
            raise UnusableError(
                f"{name} must be of type {kind.__name__}, like {known[name]}, not {text}"
            ) from None
    return values


def execute(path: Path, parameters: dict[str, object], figures: str):
    """The notebook at `path`, executed in a fresh kernel with `parameters`, as a notebook node.

    figures: the folder for what it saves.  Shows progress, a step a cell.  Raises UnusableError with the
    failing cell's error.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    with tempfile.TemporaryDirectory() as scratch, _environment(**{FIGURES: figures, STILL: "1"}):
        # A port that was free may be taken before it is used; a socket in a folder of our own can't.
        channel = {"transport": "ipc", "ip": str(Path(scratch) / "kernel")} if os.name == "posix" else {}
        try:
            notebook = papermill.execute_notebook(
                str(path),
                str(Path(scratch) / path.name),
                parameters,
                kernel_name="python3",
                language="python",
                cwd=str(path.parent),
                extra_arguments=["--IPKernelApp.log_level=40"],
                config=Config(KernelManager=channel),
                progress_bar={"desc": path.stem[:32].ljust(32), "file": sys.stderr},
            )
        except PapermillExecutionError as problem:
            raise UnusableError(f"{path.name} failed: {problem.ename}: {problem.evalue}") from None
    for cell in notebook.cells:
        if cell.cell_type == "code":  # progress bars are widgets, of no use on a page
            cell.outputs = [o for o in cell.outputs if WIDGET not in o.get("data", {})]
    return notebook


@contextmanager
def _environment(**values: str):
    """Environment variables, for the kernels that start meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({} if value is None else {name: value})


def _page(stem: str, notebook) -> dict:
    """What the templates show of an executed notebook."""
    from nbconvert import HTMLExporter
    from nbconvert.filters import markdown2html

    stand = _stand(notebook)
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
    return {
        "file": f"{stem}.html",
        "number": stem[:2],
        "title": notebook.metadata.get("title", stem[3:].replace("_", " ")),
        "question": re.search(r"\*\*(.+?)\*\*", notebook.cells[0].source)[1].replace("`", ""),
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


def _merged(cells):
    """The cells, a code cell without output joined to the code cell after it: one fold for both."""
    source = ""
    for cell, after in zip(cells, [*cells[1:], None]):
        if cell.cell_type == "code" and not cell.outputs and after and after.cell_type == "code":
            source += cell.source + "\n\n"
        else:
            cell.source, source = source + cell.source, ""
            yield cell


def _stand(notebook) -> str:
    """What stands behind a page: the trials of a simulated point, and whether they were made for it."""
    trials, full = _parameter(notebook, "trials"), _parameter(notebook, "full")
    behind = notebook.metadata.get("trials", "behind every simulated point")
    behind = f"{int(trials):,} trials {behind}." if trials else "Nothing simulated: no trials."
    if full:
        behind = (
            "Quick results: " if full == "False" else "Full-size results from data/; elsewhere "
        ) + behind
    seconds = notebook.metadata.papermill.duration
    made = "Page made" if full == "True" else "Computed live"
    return f"{behind} {made} on {date.today().isoformat()} in {seconds:.0f} s."


def _parameter(notebook, name: str) -> str | None:
    """A parameter of an executed notebook as written, the injected one before its own; None: it has none."""
    cells = [
        c for c in notebook.cells if {"parameters", "injected-parameters"} & set(c.metadata.get("tags", []))
    ]
    said = re.findall(rf"^{name} = (\w+)", "\n".join(c.source for c in cells), re.MULTILINE)
    return said[-1] if said else None


def _render(template: str, **values) -> str:
    from jinja2 import Environment, FileSystemLoader
    from pygments.formatters import HtmlFormatter

    environment = Environment(loader=FileSystemLoader(PAGE), trim_blocks=True, lstrip_blocks=True)
    css = (PAGE / "style.css").read_text() + HtmlFormatter(style="default").get_style_defs(".highlight")
    shared = {"css": css, "today": date.today().isoformat(), "version": __version__}
    return environment.get_template(template).render(**shared, **values)


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
