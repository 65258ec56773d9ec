"""The commands that run nights: `run` and `serve`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from copydesk.cli.shared import (
    EPILOG,
    FAILED,
    Whole,
    as_uri,
    day_of,
    errors_in_words,
    fail,
    load,
    now,
    of_warehouse,
    opened,
    progress_of,
)

if TYPE_CHECKING:
    from copydesk.run.job import Job

#: Changed articles that are printed.
_CHANGES = 50
#: Findings about sites that are printed.
_SITES = 12


@click.command(epilog=EPILOG)
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("--warehouse", metavar="DIR-OR-URL", help="Where the tables are written.  [default: warehouse]")
@click.option("--date", "day", metavar="YYYY-MM-DD", help="The date that the run is for.  [default: today, UTC]")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
@click.option("--workers", type=int, metavar="N", help="Processes that clean articles.  [default: one per core]")
@click.option("--engine", metavar="NAME", help="What cleans articles: processes, or dask.  [default: processes]")
@click.option("--address", metavar="URL", help="With --engine dask: the scheduler, such as tcp://10.0.0.5:8786.")
@click.option("--again", is_flag=True, help="Process quarantined documents again, after a rule has changed.")
@click.option("--reprocess", is_flag=True, help="Process published articles again, instead of a SOURCE.")
@click.option("--site", metavar="SITE", help="With --reprocess: the articles of this site.")
@click.option(
    "--uri", "uris", type=as_uri, multiple=True, metavar="URI", help="With --reprocess: this one; can be repeated."
)
@click.option("--rule", metavar="RULE", help="With --reprocess: the articles with an edit of this rule.")
@click.option("--since", metavar="YYYY-MM-DD", help="With --reprocess: articles changed on this date or later.")
@click.option("--dry-run", is_flag=True, help="With --reprocess: print what would change, and write nothing.")
@click.option(
    "--fail-on",
    type=click.Choice(["warning", "critical", "never"]),
    default="critical",
    show_default=True,
    help="Exit with 1 for findings about a date, a site or the run, of this severity or worse.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts of the run as JSON.")
@click.option("--verbose", is_flag=True, help="Log each stage.")
def run(
    sources: tuple[str, ...],
    warehouse: str | None,
    day: str | None,
    config: str | None,
    workers: int | None,
    engine: str | None,
    address: str | None,
    again: bool,
    reprocess: bool,
    site: str | None,
    uris: tuple[str, ...],
    rule: str | None,
    since: str | None,
    dry_run: bool,
    fail_on: str,
    as_json: bool,
    verbose: bool,
) -> None:
    """Do one nightly run now; no server is needed.

    SOURCE is a file, a folder, or an object-store URL such as s3://bucket/prefix: .txt, .html, .json, .jsonl, .csv,
    .parquet, each also .gz or .zst. JSON and tables need a field `text`, `content` or `body`, or another that
    [sources.fields] names; title, date, authors and url are optional. Only new or changed documents are processed.

    A document is identified by its uri: the `uri` or `url` of a record, else the path below SOURCE. If each day has a
    folder, give the folder above them: otherwise the same path on another day replaces the earlier document.

    With --reprocess, published articles go through today's code and lists once more, from their kept raw documents.
    Those that come out worse than they are published stay as they are. Start with --dry-run.

    What the gate holds back is critical, and so is a run that could publish nothing of what came. With --fail-on
    warning, the run also exits with 1 if the sources hold no documents, if a site or the run as a whole differs from
    its usual night and nobody has acknowledged it, and for a warning of partitions.json or run.json. With never, only
    errors fail.

    \b
    copydesk run articles/
    copydesk run --reprocess --site news.example --dry-run
    copydesk run s3://scrapes/ --warehouse s3://news/warehouse --date 2019-05-21
    """
    chosen = site or uris or rule or since or dry_run
    if reprocess and sources:
        fail("--reprocess takes published articles instead of a SOURCE; leave the SOURCE out (--site, --uri, --rule and"
             " --since choose articles), or leave --reprocess out")  # fmt: skip
    if not (reprocess or sources):
        fail("give a SOURCE, or --reprocess")
    if chosen and not reprocess:
        fail("--site, --uri, --rule, --since and --dry-run choose published articles; they need --reprocess")
    with errors_in_words():
        flags = {"run.workers": workers, "run.engine": engine, "run.address": address}
        settings = load(config, {"warehouse.path": warehouse, **flags})
        if address is not None and settings.run.engine != "dask":
            fail("--address is that of a Dask cluster, and articles are cleaned on this machine; add --engine dask, or"
                 " leave --address out")  # fmt: skip
        from copydesk.config.load import file_of
        from copydesk.run.job import REPROCESS, Job, Stored

        stored = Stored(REPROCESS, uris, site, rule, day_of(since, "--since") if since else None, dry_run=dry_run)
        at = None if day else now()
        job = Job(sources, settings.warehouse.path, day_of(day), settings, again, at, stored if reprocess else None,
                  file_of(config))  # fmt: skip
        _run(job, as_json, verbose, fail_on)


@click.command(short_help="Process quarantined documents again.")
@click.option("--rule", metavar="RULE", help="Documents with this reason.")
@click.option("--site", metavar="SITE", help="Documents of this site.")
@click.option("--since", metavar="YYYY-MM-DD", help="Quarantined on this date or later.")
@click.option("--dry-run", is_flag=True, help="Print what would be published, and write nothing.")
@of_warehouse
def replay(
    rule: str | None, site: str | None, since: str | None, dry_run: bool, warehouse: str | None, as_json: bool,
    config: str | None,
) -> None:  # fmt: skip
    """Process quarantined documents again, with today's code, checks and lists.

    Each one that passes now is published; the quality gate does not judge them together. Those that fail for the same
    reasons stay as they are.

    \b
    copydesk replay --rule leftover-mojibake --since 2026-11-01
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        from copydesk.config.load import file_of
        from copydesk.run.job import REPLAY, Job, Stored

        opened(settings)
        stored = Stored(REPLAY, (), site, rule, day_of(since, "--since") if since else None, dry_run=dry_run)
        job = Job((), settings.warehouse.path, now().date(), settings, False, now(), stored, file_of(config))
        _run(job, as_json)


def _run(job: Job, as_json: bool, verbose: bool = False, fail_on: str = "critical") -> None:
    """Do a run and print its outcome; exits with 1 if something of the severity `fail_on` was found."""
    from copydesk.run import nightly

    with progress_of(verbose) as progress:
        outcome = nightly.run(job, progress)
    if as_json:
        told: dict[str, Any] = {"sentence": outcome.sentence, "run": outcome.row, "report": outcome.report}
        if job.stored:
            told["changes"] = [change._asdict() for change in outcome.changes]
        told |= {"severity": outcome.severity, "sites": [_without_history(one) for one in outcome.sites]}
        click.echo(json.dumps(told, indent=1))
    else:
        for change in outcome.changes[:_CHANGES]:
            click.echo(f"{change.uri}: {', '.join(change.columns)}")
        click.echo(outcome.sentence)
        _print_sites(outcome.sites)
        if outcome.report:
            click.echo(f"  report   {outcome.report}\n  tables   {outcome.tables}")
    is_found = outcome.held or outcome.severity == "critical" or (fail_on == "warning" and outcome.severity)
    if is_found and fail_on != "never" and job.stored is None:
        sys.exit(FAILED)


def _without_history(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "history"}


def _print_sites(entries: Sequence[Mapping[str, Any]]) -> None:
    """Print which sites differ from their usual night."""
    from copydesk.report.sites import lines, sentence

    if said := sentence(entries):
        click.echo(said)
    for line in lines(entries, _SITES):
        click.echo(f"  {line}")


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--cron", default="0 2 * * *", show_default=True, help="The times: minute, hour, day, month, weekday.")
@click.option("--timezone", metavar="NAME", help="The time zone of the schedule, an IANA name.  [default: UTC]")
@click.option("--warehouse", metavar="DIR-OR-URL", help="Where the tables are written.  [default: warehouse]")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
@click.option(
    "--port",
    type=Whole(0, 65534),
    metavar="N",
    help="The port of the server that is started; 0 means any free one.  [default: 4200]",
)
@click.option(
    "--database",
    metavar="URL",
    help="The database of the server that is started, PostgreSQL or SQLite.  [default: SQLite in PREFECT_HOME]",
)
def serve(
    sources: tuple[str, ...], cron: str, timezone: str | None, warehouse: str | None, config: str | None,
    port: int | None, database: str | None,
) -> None:  # fmt: skip
    """Run every night, on a Prefect server.

    Uses the server at PREFECT_API_URL, or starts one on this machine if the variable is not set, and the reports at the
    port after it. Runs until it is stopped. A run is for the date it was scheduled for, even if it starts late. Missed
    nights are treated as [schedule] says, and [alerts] says who is told. No telemetry is sent.

    \b
    copydesk serve /data/scraped --warehouse /data/warehouse --cron "0 2 * * *"
    copydesk serve /data/scraped --port 4300 --database postgresql://copydesk@db.example/prefect
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        from copydesk.schedule.service import Service, serve

        serve(Service(sources, settings, cron, timezone or "UTC", config, port, database))
