"""The report of a run: documents, edits, quarantine, checks and partitions.

`Summary` collects counts and examples batch by batch, `report_data` combines them with the run's tables into one
JSON-able value, and `page`, `index` and `write_site` render it as HTML that needs no network.
"""

from copydesk.report.pages import index, page, write_site
from copydesk.report.report_data import SCHEMA_VERSION, Partition, report_data
from copydesk.report.summary import Summary

__all__ = ["SCHEMA_VERSION", "Partition", "Summary", "index", "page", "report_data", "write_site"]
