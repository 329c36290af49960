"""The notebooks in JupyterLab in a real browser: run top to bottom, and the explorer moved by keyboard.

`make test-browser` runs this; without Chromium or Playwright it is skipped, with the reason.
"""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from qrlab import report
from qrlab.explorer import CONTENTS, KINDS, SHADES, View, exported

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed; make test-browser installs it"
)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = "there is no Chromium; on Debian or Ubuntu: apt-get install chromium"
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason=MISSING)]

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
FEW = {"trials": 10, "contents": 6, "points": 5, "resource": ""}
# What JupyterLab's own console says and what is none of ours; anything else that is an error fails a test.
NOISE = []
NOTEBOOK = "window.jupyterapp?.shell?.currentWidget"  # not there until the page has started


def short(path: Path, folder: Path) -> None:
    """A copy of a notebook without outputs, its parameters set to few trials."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if "parameters" in cell.metadata.get("tags", []):
            for name, value in FEW.items():
                cell.source = re.sub(rf"(?m)^{name} = [^#\n]*", f"{name} = {value!r}  ", cell.source)
    nbformat.write(notebook, folder / path.name)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on copies of the notebooks, on a free port, with nothing of the user's: its address."""
    folder, own = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("jupyter")
    for path in NOTEBOOKS:
        short(path, folder)
    settings = own / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += [f"--IdentityProvider.token={token}", "--ServerApp.port_retries=0", "--ip=127.0.0.1"]
    command += ["--LabApp.expose_app_in_browser=True", f"--LabApp.workspaces_dir={own / 'workspaces'}"]
    command += [f"--LabApp.user_settings_dir={own / 'settings'}", "--LabApp.extension_manager=readonly"]
    places = {f"JUPYTER_{kind}_DIR": str(own / kind.lower()) for kind in ("CONFIG", "RUNTIME", "DATA")}
    environment = os.environ | places | {"IPYTHONDIR": str(own / "ipython")}
    environment.pop("QRLAB_STILL", None)
    log = own / "log"
    with log.open("w") as out:
        server = subprocess.Popen(
            [*command, str(folder)], env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    yield f"http://127.0.0.1:{port}", token, server, log
    server.terminate()
    server.wait(30)


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Opened:
    """A notebook in JupyterLab, all its cells set running; its page keeps a list of what goes wrong."""

    def __init__(self, browser, lab, path: Path) -> None:
        address, token, *_ = lab
        self.errors, self.abroad = [], []
        self.page = browser.new_page(viewport={"width": 1400, "height": 1000})
        self.page.set_default_timeout(240_000)
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda problem: self.errors.append(str(problem)))
        self.page.on("request", lambda request: self.abroad.append(request.url))
        self._go(f"{address}/lab/workspaces/{path.stem}/tree/{path.name}?token={token}", lab)
        kernel = f"{NOTEBOOK}?.sessionContext?.session?.kernel?.connectionStatus"
        self.page.wait_for_function(f"{NOTEBOOK}?.context?.isReady && {kernel} === 'connected'")
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_text("Run All Cells", exact=True).click()

    def _go(self, address: str, lab) -> None:
        """Load the page; the server may still be starting, and if it ended, say what it said."""
        *_, server, log = lab
        for _ in range(120):
            try:
                self.page.goto(address)
                return
            except sync_api.Error as problem:
                if "ERR_CONNECTION_REFUSED" not in str(problem) or server.poll() is not None:
                    break
                self.page.wait_for_timeout(500)
        pytest.fail(f"JupyterLab did not start: {log.read_text()[-2000:]}")

    def ran(self) -> None:
        """Wait until every cell has run, and look for errors among the outputs."""
        self.page.wait_for_function(
            f"""() => {{
                const cells = {NOTEBOOK}.content.model.toJSON().cells.filter(c => c.cell_type === 'code');
                const failed = cells.some(c => c.outputs.some(o => o.output_type === 'error'));
                return failed || cells.every(c => c.execution_count !== null);
            }}"""
        )
        cells = self.page.evaluate(f"{NOTEBOOK}.content.model.toJSON().cells")
        cells = [cell for cell in cells if cell["cell_type"] == "code"]
        outputs = [output for cell in cells for output in cell["outputs"]]
        assert [o["evalue"] for o in outputs if o["output_type"] == "error"] == []
        assert [o["text"] for o in outputs if o.get("name") == "stderr"] == []
        assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
        assert any({"image/svg+xml", "image/png"} & set(output.get("data", {})) for output in outputs)

    def close(self) -> None:
        """End its kernel, and look at what the console said."""
        self.page.evaluate(f"{NOTEBOOK}.sessionContext.shutdown()")
        self.page.close()
        known = [error for error in self.errors if any(re.search(pattern, error) for pattern in NOISE)]
        assert [error for error in self.errors if error not in known] == []
        here = re.compile(r"(http|ws)://127\.0\.0\.1:|data:|blob:")
        assert [address for address in self.abroad if not here.match(address)] == []


@pytest.fixture(scope="module")
def opened(browser, lab):
    """A function that opens a notebook, and sets the next one running beside it."""
    running = {}

    def at(path: Path) -> Opened:
        for each in NOTEBOOKS[NOTEBOOKS.index(path) :][:2]:
            if each not in running:
                running[each] = Opened(browser, lab, each)
        return running[path]

    return at


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs_top_to_bottom_and_the_explorer_moves(opened, path):
    notebook = opened(path)
    notebook.ran()
    if path == NOTEBOOKS[0]:
        move(notebook.page)
    notebook.close()


def pressed(page, key: str) -> None:
    """Press a key, and wait for the explorer's picture to become another one."""
    source = "document.querySelector('.qrlab-explorer img').src"
    before = page.evaluate(source)
    page.keyboard.press(key)
    page.wait_for_function(f"before => {source} !== before", arg=before)


def move(page) -> None:
    """Turn the explorer's controls, mostly by keyboard, and see that it follows."""
    explorer, expect = page.locator(".qrlab-explorer"), sync_api.expect
    explorer.scroll_into_view_if_needed()
    readers, slider = explorer.get_by_text("Readers, of"), explorer.get_by_role("slider").first
    expect(explorer).to_contain_text("At 10.0%, ")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(explorer).to_contain_text("At 10.1%, ")
    pressed(page, "PageUp")
    pressed(page, "PageDown")
    pressed(page, "End")
    expect(explorer).to_contain_text("At 100.0%, ")
    expect(readers).not_to_contain_text("ok")
    pressed(page, "Home")
    expect(readers).to_contain_text("zxing ok")

    explorer.get_by_role("button", name="go to it").click()
    expect(explorer).to_contain_text("1 of 1 blocks lost")
    slider.focus()
    pressed(page, "ArrowLeft")
    expect(explorer).to_contain_text("the fullest block has 13 of the 13 it corrects")

    content = explorer.get_by_role("textbox").first
    content.fill("")
    expect(explorer.get_by_role("alert")).to_contain_text(re.compile("content must be .* not empty"))
    content.fill("HELLO")
    expect(explorer).to_contain_text("5 bytes, version 1-M: 21 × 21 modules")


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """The report's page that explores symbols without a server."""
    file = tmp_path_factory.mktemp("report") / "explorer.html"
    made = report._render("explore.html.j2", symbols=exported(), shades=SHADES)
    file.write_text(made, encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    yield page
    page.close()


@pytest.mark.parametrize("kind", KINDS)
def test_the_reports_explorer_says_what_the_package_says(page, kind):
    for content in CONTENTS:
        page.get_by_label("content", exact=True).select_option(content)
        page.get_by_label("damage", exact=True).select_option(kind)
        for level, area in (("L", 0), ("M", 35), ("Q", 110), ("H", 400), ("M", 111)):
            page.get_by_label("level", exact=True).select_option(level)
            page.get_by_label("area reached", exact=True).fill(str(area))
            view = View(content, level, damage=kind, severity=area / 1000, seed=1)
            point, found, _ = view.sentences()
            found = re.sub(r"[\d,]+ modules and ", "", found)
            said = page.locator("#said").inner_text()
            assert said == f"Version {view.symbol.version}-{level}. {point} {found}"


def test_the_reports_explorer_goes_to_the_breaking_point_and_answers_at_once(page):
    page.get_by_label("level", exact=True).select_option("H")
    page.get_by_label("damage", exact=True).select_option("blot")
    page.get_by_role("button").click()
    assert re.search(r": \d+ of \d+ blocks lost", page.locator("#said").inner_text())
    area = page.get_by_label("area reached", exact=True)
    area.press("ArrowLeft")
    assert "blocks lost" not in page.locator("#said").inner_text()
    moved = "() => { const from = performance.now(); show(); return performance.now() - from; }"
    taken = page.evaluate(moved)
    assert taken < 100, "milliseconds"
