"""The data files, which nothing here interprets; tables as JSON; files written whole."""

import json
from pathlib import Path

import pandas as pd

from qrlab.checks import one_of

# Environment variables: where figures are saved; if set, pictures in place of widgets; nothing from data/.
FIGURES, STILL, FRESH = "QRLAB_FIGURES", "QRLAB_STILL", "QRLAB_FRESH"


def data_file(name: str) -> Path:
    """Where a data file is: in data/ of a checkout, or within the package once it is installed."""
    inside = Path(__file__).with_name("data")
    return (inside if inside.is_dir() else Path(__file__).parent.with_name("data")) / name


def load(name: str) -> pd.DataFrame:
    """A data file, named without its ending, as a data frame; data/README.md says what is in each column.
    ValueError for a name that there is not."""
    one_of("name", name, sorted(path.stem for path in data_file("").glob("*.csv")))
    return pd.read_csv(data_file(f"{name}.csv"))


def records(table: pd.DataFrame, digits: int = 10) -> list[dict]:
    """The rows of a table as JSON has them, rounded to so many decimals: None for what is missing."""
    return json.loads(table.to_json(orient="records", double_precision=digits))


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all: what was there stays until all of the new one is."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
