"""Checks of arguments: one clear error that names the parameter, what is allowed and what came."""

import math
import numbers
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import fields
from typing import Any, TypeVar, get_args

T = TypeVar("T")


def integer(name: str, value: object, low: int, high: int) -> int:
    """`value` as an int from `low` to `high`; ValueError that names the parameter otherwise."""
    if isinstance(value, numbers.Integral) and not isinstance(value, bool) and low <= int(value) <= high:
        return int(value)
    raise ValueError(f"{name} must be an integer from {low} to {high}, not {value!r}")


def number(name: str, value: object, low: float, high: float = math.inf) -> float:
    """`value` as a finite float from `low` to `high`; ValueError that names the parameter otherwise."""
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        with suppress(OverflowError):
            if low <= float(value) <= high and math.isfinite(float(value)):
                return float(value)
    allowed = f"of {low:.15g} or more" if high == math.inf else f"from {low:.15g} to {high:.15g}"
    raise ValueError(f"{name} must be a number {allowed}, not {value!r}")


def in_ranges(settings: Any) -> None:
    """Fields of a dataclass annotated with the least and the most that they may be, unless left at their
    default: as a float or an int within; ValueError that names the field otherwise."""
    for setting in fields(settings):
        value, declared = getattr(settings, setting.name), get_args(setting.type)
        if value is not setting.default and hasattr(setting.type, "__metadata__"):
            check = integer if declared[0] in (int, int | None) else number
            object.__setattr__(settings, setting.name, check(setting.name, value, *declared[1]))


def of_type(name: str, value: object, kind: type[T]) -> T:
    """`value`, a `kind`; ValueError that names the parameter otherwise."""
    if not isinstance(value, kind):
        raise ValueError(f"{name} must be a {kind.__name__}, not {type(value).__name__}")
    return value


def one_of(name: str, value: T, allowed: Collection[object]) -> T:
    """`value`, one of `allowed`; ValueError that names the parameter otherwise."""
    if value not in list(allowed):  # a list: what came may not be hashable
        raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}, not {value!r}")
    return value


def named(family: str, call: Callable[..., T], *values: object, **settings: object) -> T:
    """call(…); its errors, which begin with the setting's name, name their family too."""
    try:
        return call(*values, **settings)
    except ValueError as problem:
        raise ValueError(f"{family}{problem}") from None
