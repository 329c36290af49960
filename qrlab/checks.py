"""Checks of arguments: one clear error that names the parameter, what is allowed and what came."""

import operator
from collections.abc import Callable

import numpy as np


def integer(name: str, value: object, low: int, high: int) -> int:
    """`value` as an int from `low` to `high`; ValueError that names the parameter otherwise."""
    try:
        number = None if isinstance(value, bool | np.bool_) else operator.index(value)
    except TypeError:
        number = None
    if number is None or not low <= number <= high:
        raise ValueError(f"{name} must be an integer from {low} to {high}, not {value!r}")
    return number


def number(name: str, value: object, low: float, high: float = np.inf) -> float:
    """`value` as a float from `low` to `high`; ValueError that names the parameter otherwise."""
    plain = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not plain or not low <= value <= high or value == np.inf:
        allowed = f"from {low:g} to {high:g}" if np.isfinite(high) else f"of {low:g} or more"
        raise ValueError(f"{name} must be a number {allowed}, not {value!r}")
    return float(value)


def one_of(name: str, value: object, allowed) -> None:
    """ValueError that names the parameter unless `value` is one of `allowed`."""
    if value not in list(allowed):  # a list: what came may not be hashable
        raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}, not {value!r}")


def named(family: str, call: Callable, *values, **settings):
    """call(…); its errors, which begin with the setting's name, name their family too."""
    try:
        return call(*values, **settings)
    except ValueError as problem:
        raise ValueError(f"{family}{problem}") from None
