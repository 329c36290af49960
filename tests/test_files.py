"""The data files as data frames, from a checkout and from what a wheel installs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import qrlab as qr

ROOT = Path(__file__).parent.parent
NAMES = sorted(path.stem for path in (ROOT / "data").glob("*.csv"))


@pytest.mark.parametrize("name", NAMES)
def test_a_data_file_is_loaded_as_it_stands(name):
    pd.testing.assert_frame_equal(qr.load(name), pd.read_csv(ROOT / "data" / f"{name}.csv"))


@pytest.mark.parametrize("name", NAMES)
def test_the_docstring_says_what_each_column_means(name):
    part = re.split(rf"^{name}\n", qr.load.__doc__, flags=re.MULTILINE)[1]
    for column in qr.load(name):
        assert re.search(rf"^\| {column} \|", part, re.MULTILINE), column


@pytest.mark.parametrize(
    "name", ["nonsense", "README", "scenarios.csv", "../data/scenarios", "", None, 3, []]
)
def test_an_unknown_name_is_refused_with_what_is_allowed(name):
    with pytest.raises(
        ValueError, match=r"^name must be one of documented_levels, .*scenarios.*, not "
    ) as said:
        qr.load(name)
    assert str(said.value).endswith(f"not {name!r}")


def test_changing_what_was_loaded_changes_nothing_for_the_next():
    mine = qr.load("documented_levels")
    mine["level"] = "X"
    assert qr.load("documented_levels").level.tolist() == list("LMQH")


def test_data_files_are_found_where_a_wheel_puts_them(tmp_path):
    shutil.copytree(ROOT / "qrlab", tmp_path / "qrlab", ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copytree(ROOT / "data", tmp_path / "qrlab" / "data")
    code = "from qrlab import files; t = files.load('scenarios'); print(files.__file__, len(t), files.load.__doc__)"
    run = [sys.executable, "-c", code]
    said = subprocess.run(run, env=os.environ | {"PYTHONPATH": str(tmp_path)}, cwd=tmp_path, text=True,
                          capture_output=True, check=True).stdout  # fmt: skip
    assert said.startswith(f"{tmp_path / 'qrlab' / 'data.py'} {len(qr.load('scenarios'))} A data file")
    assert "KIND_share" in said


def test_what_wilson_counted_adds_up_to_what_he_published():
    published = qr.load("published_figures").query("quantity == 'successful scans of 3200'")
    scans = qr.load("wilson_2021_scans_by_damage").groupby("level").successful_scans.sum()
    assert scans.to_dict() == published.set_index("level").value.to_dict()


def test_wilsons_fields_of_view_are_one_for_each_of_the_160_symbols():
    table = qr.load("wilson_2021_field_of_view")
    assert set(zip(table.version, table.level)) == {(v, x) for v in range(1, 41) for x in "LMQH"}
    assert len(table) == 160


def test_documented_recovery_is_the_same_in_both_files_that_have_it():
    figures = qr.load("published_figures").query("quantity == 'documented recovery'")
    levels = qr.load("documented_levels").set_index("level").documented_recovery_pct
    assert figures.set_index("level").value.to_dict() == levels.to_dict()
