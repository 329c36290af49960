"""The frame: environments in step, data against its dictionary, commands that exist, and what is small."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pandas as pd
import pytest
import yaml
from packaging.specifiers import SpecifierSet

import qrlab as qr
from qrlab import study
from qrlab.model import sizes, tolerable_rate

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONDA_NAMES = {"matplotlib": "matplotlib-base", "nbconvert": "nbconvert-core"}  # pip's name: conda's


def bounds(requirements) -> dict[str, str]:
    """name -> lower bound of "name>=bound" requirements; anything else fails."""
    return dict(re.fullmatch(r"([\w.-]+)>=([\d.]+)", r).groups() for r in requirements)


def declared() -> dict[str, str]:
    project = PYPROJECT["project"]
    extras = [r for extra in project["optional-dependencies"].values() for r in extra]
    return bounds(project["dependencies"] + extras)


def test_environment_yml_has_the_same_packages_and_bounds_as_pyproject():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (from_pip,) = (entry["pip"] for entry in listed if isinstance(entry, dict))
    assert from_pip[-1] == "-e ."
    conda = bounds(entry for entry in listed if isinstance(entry, str) and entry != "pip")
    assert conda.pop("zbar")  # a system library, which pyproject.toml can't name
    assert conda.pop("python") == PYPROJECT["project"]["requires-python"].removeprefix(">=")
    assert conda | bounds(from_pip[:-1]) == {
        name if name in bounds(from_pip[:-1]) else CONDA_NAMES.get(name, name): bound
        for name, bound in declared().items()
    }


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))


def test_constraints_pin_every_package_at_or_above_its_bound():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(re.fullmatch(r"([A-Za-z0-9_.-]+)==([\w.+!-]+)", line).groups() for line in lines)
    pinned = {name.lower().replace("_", "-"): at for name, at in pinned.items()}
    assert set(declared()) <= set(pinned)
    for name, bound in declared().items():
        assert version(pinned[name]) >= version(bound), name


def test_what_is_pinned_installs_on_the_oldest_python_that_pyproject_allows():
    installed = {f"{d.name}=={d.version}": d.metadata.get("Requires-Python") or "" for d in distributions()}
    oldest = PYPROJECT["project"]["requires-python"].removeprefix(">=") + ".0"
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line in installed:
            assert oldest in SpecifierSet(installed[line]), line


def sections() -> dict[str, str]:
    parts = re.split(r"^## (\S+)\n", (ROOT / "data/README.md").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def data_files() -> set[str]:
    return {path.name for path in (ROOT / "data").iterdir()} - {"README.md"}


def test_every_data_file_is_in_the_dictionary_and_nothing_else():
    assert set(sections()) == data_files() != set()


KINDS = {"text": "str", "integer": "int64", "number": "float64", "yes/no": "bool"}


@pytest.mark.parametrize("name", sorted(name for name in data_files() if name.endswith(".csv")))
def test_a_data_file_is_what_its_dictionary_says(name):
    text = sections()[name]
    table = pd.read_csv(ROOT / "data" / name)
    assert "|---|---|---|---|\n| " in text, "else it is no table"
    columns = re.findall(r"^\| (\w+) \| ([\w/, ]+) \| ([^|]*)\| ([^|]+) \|$", text, re.MULTILINE)
    columns = [column for column in columns if column[0] != "column"]
    assert [column for column, *_ in columns] == list(table.columns)
    for column, kind, unit, _ in columns:
        kind, may_be_empty, _ = kind.partition(", may be empty")
        assert str(table[column].dtype) == KINDS[kind], column
        assert table[column].isna().any() == bool(may_be_empty), column
        assert not (column.endswith("_pct") ^ (unit.strip() == "percent")), column
    assert f"- Rows: {len(table):,}\n" in text
    (made_by,) = re.findall(r"^- Made by: (.*)", text, re.MULTILINE)
    stem = name.removesuffix(".csv")
    commands = dict.fromkeys([*study.DESIGNS, "exact_model", "scenario_rates"], "data`, seed 1, ")
    commands |= dict.fromkeys(["sheet_photographs", "sheet_readings"], "reality`, seed 8")
    commands |= {"photographs": "photographs`, from the", "photograph_readings": "reality`, from the"}
    computed = stem in commands
    assert made_by.startswith(f"`make {commands[stem]}" if computed else "hand, from the ")
    assert (
        bool(re.search(r"^- Versions: .*qrlab .+, numpy [\d.]+.*; \d{4}-\d\d-\d\d$", text, re.MULTILINE))
        == computed
    )


def test_the_dictionary_states_the_trials_of_the_study():
    for name, parts in study.DESIGNS.items():
        (made_by,) = re.findall(r"^- Made by: (.*)", sections()[f"{name}.csv"], re.MULTILINE)
        assert set(re.findall(r"(\d+) trials", made_by)) == {str(trials) for trials, _ in parts}
    exact = f"seed {study.SEED}, {study.EXACT['trials']} trials and {study.EXACT['contents']} contents"
    assert exact in sections()["exact_model.csv"]
    most, *few = study.PRINTS.values()
    prints = f"seed {study.SEED}, {most} prints at most for the default panel, {few[0]} for the others"
    assert prints in sections()["scenario_rates.csv"]


def test_documented_levels_are_those_of_the_package():
    table = pd.read_csv(ROOT / "data/documented_levels.csv").set_index("level")
    assert table.documented_recovery_pct.to_dict() == {x.value: round(100 * x.documented) for x in qr.Level}


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_command_in_the_readme_exists():
    commands = set(re.findall(r"\bmake ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert {"report", "test", "proofs", "lab", "lint", "bench", "notebooks", "help"} <= commands <= targets()


def test_ci_calls_the_readmes_test_command():
    called = re.findall(r"^make ([a-z-]+)$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert called == ["lint", "test", "proofs", "test-browser"]


# --- small, and in a line ---

# A module imports only from its left; then come pictures, graph and sheets, commands.
LINE = [
    "checks", "progress", "files", "symbols", "damage", "model", "optics", "imaging",
    "readers", "scene", "design", "scenario", "cache", "workers", "runner", "stats", "plots",
    "breaking", "choice", "explorer", "study", "report",
]  # fmt: skip
MODULES = sorted((ROOT / "qrlab").glob("*.py"))
READERS = sorted((ROOT / "qrlab" / "readers").glob("*.py"))
PICTURES = sorted((ROOT / "qrlab" / "pictures").glob("*.py"))
GRAPH = sorted((ROOT / "qrlab" / "graph").glob("*.py"))
SHEETS = sorted((ROOT / "qrlab" / "sheets").glob("*.py"))
COMMANDS = sorted((ROOT / "qrlab" / "commands").glob("*.py"))


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def imported(path: Path) -> Iterator[str]:
    """Modules of the package that a module imports, wherever in it; the package itself is ""."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [name.name for name in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom) and node.module == "qrlab":
            names = [f"qrlab.{name}" for name in names if name != "__version__"]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        yield from (f"{name}.".split(".")[1] for name in names if name.split(".")[0] == "qrlab")


@pytest.mark.parametrize(
    "path",
    [*MODULES, *READERS, *PICTURES, *GRAPH, *SHEETS, *COMMANDS],
    ids=lambda path: f"{path.parent.name}.{path.stem}",
)
def test_a_module_imports_only_from_its_left(path):
    if path in PICTURES:
        assert set(imported(path)) <= {*LINE, "pictures"}
    elif path in GRAPH:
        assert set(imported(path)) <= {*LINE, "pictures", "graph"}
    elif path in SHEETS:
        assert set(imported(path)) <= {*LINE, "pictures", "sheets"}
    elif path in COMMANDS:
        assert set(imported(path)) <= {*LINE, "pictures", "graph", "sheets", "commands"}
    elif path in READERS:
        assert set(imported(path)) <= set(LINE[: LINE.index("readers") + 1])
    elif path.stem not in ("__init__", "__main__"):
        assert set(imported(path)) <= set(LINE[: LINE.index(path.stem)])


@pytest.mark.parametrize(
    "path",
    [*MODULES, *READERS, *PICTURES, *GRAPH, *SHEETS, *COMMANDS],
    ids=lambda path: f"{path.parent.name}.{path.stem}",
)
def test_a_module_and_its_functions_are_small(path):
    assert lines(path) <= 330
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            said = node.body[0] if ast.get_docstring(node) else None
            docstring = 0 if said is None else said.end_lineno - said.lineno + 1
            assert node.end_lineno - node.lineno + 1 - docstring <= 40, node.name


def test_the_package_is_small():
    assert sum(map(lines, MODULES)) <= 3600
    assert sum(map(lines, READERS)) <= 600
    assert sum(map(lines, PICTURES)) <= 785
    assert sum(map(lines, GRAPH)) <= 1400  # with badges and batches
    assert sum(map(lines, SHEETS)) <= 1175
    assert sum(map(lines, COMMANDS)) <= 440


def test_types_are_shipped():
    assert (ROOT / "qrlab" / "py.typed").exists()
    assert PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["qrlab"]


BARE = """
import inspect, sys
extra = ["ipykernel", "IPython", "ipywidgets", "jupyter", "nbconvert", "nbformat", "papermill", "traitlets"]
sys.modules |= dict.fromkeys(extra)
import qrlab
from qrlab import *
names = {name for name, _ in inspect.getmembers(qrlab)}
assert names >= set(qrlab.__all__), set(qrlab.__all__) - names
assert set(qrlab.__all__) <= set(globals())
"""


def test_all_public_names_are_there_without_what_only_notebooks_need():
    subprocess.run([sys.executable, "-c", BARE], check=True)


def test_the_citation_is_that_of_the_package():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(cited)  # what the format requires
    assert cited["cff-version"] == "1.2.0"
    assert cited["title"].startswith(PYPROJECT["project"]["name"])
    assert cited["version"] == qr.__version__
    assert cited["authors"] == PYPROJECT["project"]["authors"]
    assert cited["license"] == PYPROJECT["project"]["license"]


def test_the_readme_names_every_notebook_and_module():
    text = (ROOT / "README.md").read_text()
    for path in [*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "qrlab").glob("[a-z]*.py")]:
        assert path.name in text, path.name
    for package in (ROOT / "qrlab").glob("*/__init__.py"):
        assert f"{package.parent.name}/ " in text
    assert len(text.splitlines()) < 120


def test_the_readmes_numbers_are_those_that_the_package_computes():
    text = re.sub(r"\s+", " ", (ROOT / "README.md").read_text())
    high = qr.capability().query("level == 'H'")
    flipped = [100 * tolerable_rate(version, "H") for version in high.version]
    areas = sizes(range(1, 1274)).pivot(index="length", columns="level", values="modules") ** 2
    assert f"{high.capability_pct.min():.1f} to {high.capability_pct.max():.1f} % of the *codewords*" in text
    assert f"{min(flipped):.1f} to {max(flipped):.1f} % of the *modules*" in text
    assert f"at H a code takes {(areas.H / areas.L).median():.1f} times the area of L (median" in text
    table = qr.load("readers_by_damage").query("severity == 0.06 and damage == 'blot' and payload == 60")
    share = (100 * table.outcomes.str.count("o") / table.trials).groupby([table.reader, table.level]).first()
    alone, read = share["model"], share.drop(["model", "zxing-pure"]).unstack()
    assert f"(n = {table.trials.unique().item()} each)" in text
    assert len(read) == 10
    low, high = (f"{read[x].min():.0f} to {read[x].max():.0f} % at {x}" for x in "LH")
    assert f"ten open readers read {low} and {high}" in text
    assert f"alone would restore {alone.L:.0f} and {alone.H:.0f} %" in text
