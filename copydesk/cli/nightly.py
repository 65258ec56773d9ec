"""The commands that run nights: `run` and `serve`."""

from __future__ import annotations

import json
import sys

import click

from copydesk.cli.shared import EPILOG, FAILED, day_of, errors_in_words, load, now, progress_of


@click.command(epilog=EPILOG)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--warehouse", metavar="DIR-OR-URL", help="Where the tables are written.  [default: warehouse]")
@click.option("--date", "day", metavar="YYYY-MM-DD", help="The date that the run is for.  [default: today, UTC]")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
@click.option("--workers", type=int, metavar="N", help="Processes that clean articles.  [default: one per core]")
@click.option("--again", is_flag=True, help="Process quarantined documents again, after a rule has changed.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts of the run as JSON.")
@click.option("--verbose", is_flag=True, help="Log each stage.")
def run(
    sources: tuple[str, ...],
    warehouse: str | None,
    day: str | None,
    config: str | None,
    workers: int | None,
    again: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Do one nightly run now; no server is needed.

    SOURCE is a file, a folder, or an object-store URL such as s3://bucket/prefix: .txt, .html, .json, .jsonl, .csv,
    .parquet, each also .gz or .zst. JSON and tables need a field `text`, `content` or `body`, or another that
    [sources.fields] names; title, date, authors and url are optional. Only new or changed documents are processed.

    A document is identified by its uri: the `uri` or `url` of a record, else the path below SOURCE. If each day has a
    folder, give the folder above them: otherwise the same path on another day replaces the earlier document.

    \b
    copydesk run articles/
    copydesk run s3://scrapes/ --warehouse s3://news/warehouse --date 2019-05-21
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse, "run.workers": workers})
        from copydesk.run import nightly
        from copydesk.run.job import Job

        job = Job(sources, settings.warehouse.path, day_of(day), settings, again, None if day else now())
        with progress_of(verbose) as progress:
            outcome = nightly.run(job, progress)
    if as_json:
        click.echo(json.dumps({"sentence": outcome.sentence, "run": outcome.row, "report": outcome.report}, indent=1))
    else:
        click.echo(outcome.sentence)
        if outcome.report:
            click.echo(f"  report   {outcome.report}\n  tables   {outcome.tables}")
    if outcome.held:
        sys.exit(FAILED)


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--cron", default="0 2 * * *", show_default=True, help="The times: minute, hour, day, month, weekday.")
@click.option("--timezone", metavar="NAME", help="The time zone of the schedule, an IANA name.  [default: UTC]")
@click.option("--warehouse", metavar="DIR-OR-URL", help="Where the tables are written.  [default: warehouse]")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
def serve(sources: tuple[str, ...], cron: str, timezone: str | None, warehouse: str | None, config: str | None) -> None:
    """Run every night, on a Prefect server.

    Uses the server at PREFECT_API_URL, or starts one on this machine if the variable is not set. Runs until it is
    stopped. A run is for the date it was scheduled for, even if it starts late. No telemetry is sent.

    \b
    copydesk serve /data/scraped --warehouse /data/warehouse --cron "0 2 * * *"
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        from copydesk.run import schedule

        schedule.serve(sources, settings, cron, timezone or "UTC", config)
