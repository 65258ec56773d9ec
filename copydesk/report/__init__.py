"""The report of a run: sites, findings, documents, edits, quarantine and partitions, on pages that need no network.

`summary.Summary` collects counts and examples batch by batch, `report_data.report_data` combines them with the run's
tables into one JSON-able value, and `pages.page`, `pages.index` and `pages.write_site` render it as HTML.
Nothing is imported here: `terminal`, which prints one article, does without tables and templates.
"""
