"""The report of a run: what came in, what was changed, what was held back and why.

`Digest` watches the batches go by, `facts` makes one JSON-able value of it and of what the run knows, and `page`,
`index` and `write_site` lay that value out as HTML that needs no network.
"""

from copydesk.report.pages import index, page, write_site
from copydesk.report.report_data import SCHEMA_VERSION, Partition, facts
from copydesk.report.summary import Digest

__all__ = ["SCHEMA_VERSION", "Digest", "Partition", "facts", "index", "page", "write_site"]
