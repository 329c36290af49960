"""The Java machine in which readers written in Java run: one a process, begun when one is first asked."""

import importlib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np

GET = "install Java 11 or later, and: pip install jpype1 pyboof zxing"
_OPTIONS = ("-Xrs", "-XX:+UseSerialGC", "-XX:+SuppressFatalErrorMessage")  # signals are Python's; no files


def library(package: str, file: str) -> Path:
    """The jar that a Python package brings; an error where it, Java or JPype is missing."""
    jpype: Any = importlib.import_module("jpype")
    try:
        jpype.getDefaultJVMPath()
    except jpype.JVMNotFoundException:
        raise ImportError("there is no java") from None
    return Path(str(distribution(package).locate_file(file)))


def machine(jar: Path) -> Any:
    """JPype, with its machine running and a library in reach."""
    jpype: Any = importlib.import_module("jpype")
    jpype.addClassPath(jar)
    if not jpype.isJVMStarted():
        jpype.startJVM(*_OPTIONS, convertStrings=False, interrupt=False)
    return jpype


def pixels(jpype: Any, image: np.ndarray) -> Any:
    """A picture as Java's byte[], many times as quickly as JPype's own way."""
    array = jpype.JArray(jpype.JByte)(image.size)
    jpype.nio.convertToDirectBuffer(image.reshape(-1).data).get(array)
    return array
