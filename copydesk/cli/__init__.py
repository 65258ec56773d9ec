"""The command line.

Exit code 0: published, or nothing to do; 1: the quality gate held back a date or the run, nothing that came could be
published, or `run --fail-on warning` found something; 2: an error that the user can fix (usage, configuration, a
source, the warehouse); 3: an internal error; 141: nobody reads the output any more.
"""

from __future__ import annotations

import click

from copydesk import __version__
from copydesk.cli import hand_check, protect
from copydesk.cli.clusters import clusters
from copydesk.cli.edits import edits
from copydesk.cli.nightly import replay, run, serve
from copydesk.cli.quarantine import quarantine
from copydesk.cli.shared import EPILOG
from copydesk.cli.show import show
from copydesk.cli.sites import sites
from copydesk.cli.sql import sql
from copydesk.cli.unread import Commands
from copydesk.cli.upkeep import check, compact, learn, migrate, report
from copydesk.cli.versions import history, restore
from copydesk.cli.why import why


@click.group(
    cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="copydesk")
def main() -> None:
    """Clean scraped news.

    Reads raw articles, repairs encodings and layout, corrects typos, validates the result and publishes it as Parquet.
    Every change is recorded with a confidence and can be undone.
    """
    from copydesk import own_process

    own_process.settle()


for command in (
    *(run, replay, show, why, edits, quarantine, clusters, history, restore, sites),
    *(sql, report, check, migrate, compact, learn, serve),
):
    main.add_command(command)
for command in (
    *(hand_check.sample, hand_check.check, hand_check.precision),
    *(protect.protect, protect.unprotect, protect.protected),
):
    edits.add_command(command)
