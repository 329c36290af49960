"""The data files, and what each of their columns means.

Nothing here interprets them.
"""

import json
import re
from pathlib import Path

import pandas as pd

from qrlab.checks import one_of

# Environment variables: the folder that figures are saved to; pictures in place of live widgets, if set.
FIGURES = "QRLAB_FIGURES"
STILL = "QRLAB_STILL"


def data_file(name: str) -> Path:
    """Where a data file is: in data/ of a checkout, or within the package once it is installed."""
    inside = Path(__file__).with_name("data")
    return (inside if inside.is_dir() else Path(__file__).parent.with_name("data")) / name


def _dictionary() -> dict[str, str]:
    """What data/README.md says of each file, by the file's name without its ending."""
    text = data_file("README.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (\S+)\n", text, flags=re.MULTILINE)
    sections = {name: section.strip() for name, section in zip(parts[1::2], parts[2::2])}
    return {name.removesuffix(".csv"): text for name, text in sections.items() if name.endswith(".csv")}


_DICTIONARY = _dictionary()


def load(name: str) -> pd.DataFrame:
    """A data file as a data frame; name: without its ending.

    Raises ValueError for a name that is none of those below.  What each file holds:
    """
    one_of("name", name, _DICTIONARY)
    return pd.read_csv(data_file(f"{name}.csv"))


load.__doc__ = "\n\n".join([f"{load.__doc__}", *(f"{name}\n\n{text}" for name, text in _DICTIONARY.items())])


def records(table: pd.DataFrame, digits: int = 10) -> list[dict]:
    """The rows of a table as JSON has them, rounded to so many decimals: None for what is missing."""
    return json.loads(table.to_json(orient="records", double_precision=digits))


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all: what was there stays until all of the new one is."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
