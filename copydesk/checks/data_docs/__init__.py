"""Data Docs: the pages of Great Expectations on the suites and results of a run, complete without a network.

`build` writes a folder with the pages, and in it `gx/`, a project that `great_expectations.get_context` opens. The
pages are rendered by Great Expectations itself; only their frame is copydesk's (`templates/`), since that of Great
Expectations loads styles, scripts, icons and its logo from public networks. `static/` has them instead.
"""

from __future__ import annotations

from pathlib import Path

from copydesk.checks import imports
from copydesk.checks.engine import quiet
from copydesk.checks.record import Record


def build(record: Record, folder: Path) -> None:
    """Write the Data Docs of a run to the empty or missing `folder`. Nothing is sent or loaded."""
    with quiet():
        imports.whole()
        from copydesk.checks.data_docs.project import project
        from copydesk.checks.data_docs.site import write_site

        write_site(project(record, folder), folder)
