"""The copy desk for scraped news: raw articles in, Parquet that can be trusted out, every change on record."""

__version__ = "0.1.0"

from copydesk.pipeline import clean

__all__ = ["__version__", "clean"]
