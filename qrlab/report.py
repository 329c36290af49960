"""Notebooks, which compute all results, to a report: self-contained HTML pages and an index."""

import ast
import os
import re
import tempfile
from base64 import b64encode
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import joblib
import nbconvert
import nbformat
import papermill
from jinja2 import Environment, FileSystemLoader
from pygments.formatters import HtmlFormatter
from traitlets.config import Config

from qrlab import __version__
from qrlab.checks import one_of
from qrlab.explorer import SHADES, exported
from qrlab.files import FIGURES, FRESH, STILL, write_whole
from qrlab.progress import progress

TEMPLATES = Path(__file__).parent / "page"


def report(
    folder: Path, out: Path, only: Sequence[str] = (), parameters: Sequence[str] = (), fresh: bool = False
) -> Path:
    """Execute the notebooks of `folder`; write a page for each and an index, whose path it returns, to `out`.
    only: numbers of notebooks, "01", none: all; parameters: "name=value" strings, each for every notebook
    that has it; fresh: all is computed, nothing taken from data/.  What they save (plots.save) goes to
    `out`/figures.  ValueError for bad input and a notebook that fails: then no page is written.  OSError for
    an `out` that can't be made."""
    found = {path.name[:2]: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    if not found:
        raise ValueError(f"notebooks must be a folder with notebooks such as 01_….ipynb, not {folder}")
    chosen = sorted({one_of("only", number, found) for number in only or found})
    known = {found[number]: _parameters(found[number]) for number in chosen}
    defaults = {name: value for its in known.values() for name, value in its.items()}
    given: dict[str, Any] = {}
    for parameter in parameters:
        name, equals, text = parameter.partition("=")
        if name not in defaults or not equals:
            allowed = f"NAME=VALUE with one of {', '.join(defaults)}"
            raise ValueError(f"parameter must be {allowed}, not {parameter}")
        kind = type(defaults[name])
        try:
            given[name] = {"True": True, "False": False}[text] if kind is bool else kind(text)
            if kind is str and text and Path(text).exists():  # the notebook runs in a folder of its own
                given[name] = str(Path(text).absolute())
        except (KeyError, ValueError):
            like = f"of type {kind.__name__}, like {defaults[name]}"
            raise ValueError(f"{name} must be {like}, not {text}") from None
    out.mkdir(parents=True, exist_ok=True)
    pages: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch, progress(len(known), "notebooks", "notebook") as bar:
        own = [(path, {name: given[name] for name in its if name in given}) for path, its in known.items()]
        each = joblib.Parallel(n_jobs=-1, return_as="generator")  # processes: papermill changes the folder
        work = joblib.delayed(execute)
        for notebook in each(work(*its, scratch, out.absolute() / "figures", fresh) for its in own):
            bar.update()
            pages.append(_page(own[len(pages)][0].stem, notebook))
    for page in pages:
        write_whole(out / page["file"], _render("page.html.j2", page=page, pages=pages))
    write_whole(out / "explorer.html", _render("explore.html.j2", symbols=exported(), shades=SHADES))
    drawn = out / "figures" / "the_answer.svg"  # which notebook 00 saves, an earlier one perhaps
    chart = b64encode(drawn.read_bytes()).decode() if "00" in chosen and drawn.is_file() else ""
    write_whole(out / "index.html", _render("contents.html.j2", pages=pages, chart=chart))
    return out / "index.html"


def _parameters(path: Path) -> dict[str, Any]:
    """The notebook's parameters and their defaults, from its cell tagged "parameters"."""
    try:
        said = papermill.inspect_notebook(str(path))
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError):
        raise ValueError(f"{path} must be a notebook, and is not one") from None
    return {name: ast.literal_eval(about["default"]) for name, about in said.items()}


def execute(
    path: Path, parameters: dict[str, Any], scratch: str, figures: Path, fresh: bool
) -> nbformat.NotebookNode:
    """The notebook at `path`, executed in a fresh kernel with `parameters`; what it saves goes to `figures`.
    ValueError with the failing cell's error."""
    # Environment variables, of the kernel alone: progress bars and widgets are of no use on a page.
    own = {FIGURES: str(figures), STILL: "1", "TQDM_DISABLE": "1", FRESH: "1" if fresh else ""}
    first = f"--IPKernelApp.exec_lines=__import__('os').environ.update({own})"
    # A port that was free may be taken before it is used; a socket in a folder of our own can't.
    channel = {"transport": "ipc", "ip": f"{scratch}/{path.stem}"} if os.name == "posix" else {}
    try:
        return papermill.execute_notebook(
            str(path),
            f"{scratch}/{path.name}",
            parameters,
            kernel_name="python3",
            cwd=str(path.parent),
            extra_arguments=["--IPKernelApp.log_level=50", first],
            config=Config(KernelManager=channel),
            progress_bar=False,
        )
    except papermill.exceptions.PapermillExecutionError as problem:
        raise ValueError(f"{path.name} failed: {problem.ename}: {problem.evalue}") from None


def _page(stem: str, notebook: nbformat.NotebookNode) -> dict[str, Any]:
    """What the templates show of an executed notebook."""
    stand = f"Page made on {date.today()} in {notebook.metadata.papermill.duration:.0f} s."
    exporter = nbconvert.HTMLExporter(template_name="page", extra_template_basedirs=[str(TEMPLATES.parent)])
    body, _ = exporter.from_notebook_node(notebook, {"stand": stand, "code": []})
    # Header cells say what they head: nothing, if empty, columns within a table's head, rows elsewhere.
    body = re.sub(r"<th\b([^>]*)>\s*(&nbsp;|)\s*</th>", r"<td\1></td>", body)
    body = re.sub(r"(?s)<thead>.*?</thead>", lambda head: re.sub(r"<th\b", '<th scope="col"', head[0]), body)
    body = re.sub(r"<th\b(?! scope)", '<th scope="row"', body)
    answers = [c for c in notebook.cells if "answer" in c.metadata.get("tags", [])]
    answer = answers[0].outputs[0].data["text/markdown"] if answers else ""
    return {
        "title": stem[3:].replace("_", " "),
        **notebook.metadata,  # may have another title
        "file": f"{stem}.html",
        "question": re.findall(r"\*\*(.+?)\*\*", notebook.cells[0].source)[0].replace("`", ""),
        "answer": answer and nbconvert.filters.markdown2html(answer.split("\n\n")[0].replace("**", "")),
        "stand": stand,
        "contents": re.findall(r'<h2 id="([^"]+)">(.+?)<a class="anchor-link"', body),
        "body": body,
    }


def _render(template: str, **values: Any) -> str:
    """A page of the report; links to notebooks lead to their pages."""
    templates = Environment(loader=FileSystemLoader(TEMPLATES), trim_blocks=True, lstrip_blocks=True)
    css = (TEMPLATES / "style.css").read_text() + HtmlFormatter(style="default").get_style_defs(".highlight")
    page = templates.get_template(template).render(css=css, today=date.today(), version=__version__, **values)
    return re.sub(r'href="(\d\d_\w+)\.ipynb"', r'href="\1.html"', page)
