"""The report of a run: what came in, what was changed, what was held back and why.

`Summary` watches the batches go by, `report_data` makes one JSON-able value of it and of what the run knows, and
`page`, `index` and `write_site` lay that value out as HTML that needs no network.
"""

from copydesk.report.pages import index, page, write_site
from copydesk.report.report_data import SCHEMA_VERSION, Partition, report_data
from copydesk.report.summary import Summary

__all__ = ["SCHEMA_VERSION", "Partition", "Summary", "index", "page", "report_data", "write_site"]
