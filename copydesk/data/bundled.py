"""Finds the files that ship with the package outside of it: suites and flows."""

from __future__ import annotations

from pathlib import Path


def bundled(name: str) -> Path:
    """The folder or file `name` (`expectations`, `flows`): in the installed package, else in the checkout.

    Raises `FileNotFoundError` if neither has it.
    """
    here = Path(__file__).parent.parent
    for place in (here / "_bundled" / name, here.parent / name):
        if place.exists():
            return place
    raise FileNotFoundError(
        f"copydesk was installed without its {name}; looked in {here / '_bundled'} and {here.parent}"
    )
