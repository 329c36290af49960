"""Long work shows that it goes on."""

import os

from tqdm.auto import tqdm


def progress(total: int, description: str, unit: str) -> tqdm:
    """A bar that is gone when its work is done, in a notebook or a terminal; silenced by TQDM_DISABLE=1."""
    quiet = os.environ.get("TQDM_DISABLE") == "1"  # tqdm's bar for notebooks doesn't ask
    options = {"unit_scale": True, "leave": False, "disable": quiet or None}  # None: none in a pipe
    return tqdm(total=total, desc=description, unit=unit, **options)
