"""The report of a run: sites, findings, documents, edits, quarantine and partitions, as pages that need no network.

`Summary` collects counts and examples batch by batch, `report_data` combines them with the run's tables into one
JSON-able value, and `page`, `index` and `write_site` render it as HTML.
"""

from copydesk.report.nights import Around, Night, night_of
from copydesk.report.pages import index, page, write_site
from copydesk.report.report_data import SCHEMA_VERSION, Partition, report_data
from copydesk.report.summary import Summary
from copydesk.report.upgrade import read_data

__all__ = [
    "SCHEMA_VERSION", "Around", "Night", "Partition", "Summary", "index", "night_of", "page", "read_data",
    "report_data", "write_site",
]  # fmt: skip
