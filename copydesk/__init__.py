"""Cleans scraped news: raw articles in, validated Parquet out, every change recorded."""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from copydesk.api import clean
    from copydesk.config import Config
    from copydesk.edits import Edit, rebuild
    from copydesk.records import Article, Cleaned, Document
    from copydesk.tables import open  # noqa: A004  # it is called copydesk.open
    from copydesk.tables.clean import CLEANED, clean_batches, clean_table
else:
    # Word lists and libraries cost half a second of CPU: they are read when a name is first used (PEP 562).
    # Type checkers read the branch above; to them a misspelt name stays an error.
    _HOMES = {
        "Article": "copydesk.records",
        "CLEANED": "copydesk.tables.clean",
        "Cleaned": "copydesk.records",
        "Config": "copydesk.config",
        "Document": "copydesk.records",
        "Edit": "copydesk.edits",
        "clean": "copydesk.api",
        "clean_batches": "copydesk.tables.clean",
        "clean_table": "copydesk.tables.clean",
        "open": "copydesk.tables",
        "rebuild": "copydesk.edits",
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        from importlib import import_module

        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
    "CLEANED",
    "Article",
    "Cleaned",
    "Config",
    "Document",
    "Edit",
    "__version__",
    "clean",
    "clean_batches",
    "clean_table",
    "open",
    "rebuild",
]
