"""The command line.

Exit code 0: published, or nothing to do; 1: the quality gate held back a partition or the run; 2: an error that the
user can fix (usage, configuration, a source, the warehouse); 3: an internal error.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from copydesk import __version__

if TYPE_CHECKING:
    from copydesk.config import Config
    from copydesk.text.site import Site

FAILED, USAGE, INTERNAL = 1, 2, 3

#: Minimum address space in bytes; with less, a library that a run loads aborts the process or fails to import.
ADDRESS_SPACE = 5 * 2**29

_EPILOG = """\b
Exit code: 0 published, or nothing to do; 1 the quality gate held back a partition or the run, see the report;
2 wrong usage or configuration, or a source or warehouse that cannot be used; 3 an internal error.

Settings come from copydesk.toml in the working folder, environment variables (COPYDESK_WAREHOUSE__PATH=...) and
flags; flags override environment variables, which override the file."""


@click.group(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="copydesk")
def main() -> None:
    """Clean scraped news.

    Reads raw articles, repairs encodings and layout, corrects typos, validates the result and publishes it as Parquet.
    Every change is recorded with a confidence and can be undone.
    """


@main.command(epilog=_EPILOG)
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

        job = Job(sources, settings.warehouse.path, _day(day), settings, again, None if day else _now())
        with _progress(verbose) as progress:
            outcome = nightly.run(job, progress)
    if as_json:
        click.echo(json.dumps({"sentence": outcome.sentence, "run": outcome.row, "report": outcome.report}, indent=1))
    else:
        click.echo(outcome.sentence)
        if outcome.report:
            click.echo(f"  report   {outcome.report}\n  tables   {outcome.tables}")
    if outcome.held:
        sys.exit(FAILED)


@main.command(short_help="Show one document before and after, each edit explained.")
@click.argument("file", metavar="FILE")
@click.option(
    "--number",
    type=click.IntRange(1, sys.maxsize),
    default=1,
    show_default=True,
    help="Which document, if FILE holds several.",
)
@click.option("--uri", metavar="URI", help="The uri of the document, as in the table articles; replaces that of FILE.")
@click.option("--full", is_flag=True, help="Print long unchanged passages too.")
@click.option("--json", "as_json", is_flag=True, help="Print the article, its edits and problems as JSON.")
@click.option("--warehouse", metavar="DIR-OR-URL", help="Use its evidence on the document's site.")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
def show(
    file: str, number: int, full: bool, as_json: bool, uri: str | None, warehouse: str | None, config: str | None
) -> None:
    """Show one document before and after, each edit coloured and explained. Nothing is written.

    \b
    copydesk show examples/raw/01-headline-twice.txt
    copydesk show articles.jsonl --number 12 --json
    """
    with errors_in_words():
        settings = load(config)
        from copydesk import sources
        from copydesk.pipeline import NO_SITES, clean_documents
        from copydesk.report.terminal import as_json as to_json
        from copydesk.report.terminal import show as print_article

        if Path(file).is_dir():
            fail(f"{file} is a folder; give one of its files")
        document = next(islice(sources.read(file, settings.sources), number - 1, None), None)
        if document is None:
            fail(f"{file} holds fewer than {number} document{'s' * (number > 1)}")
        if uri:
            document = replace(document, uri=uri)
        sites = _sites(warehouse, document.uri, settings) if warehouse else NO_SITES
        cleaned = clean_documents([document], settings, sites)[0]
    if as_json:
        click.echo(json.dumps(to_json(cleaned), ensure_ascii=False, indent=1))
    else:
        from rich.console import Console

        print_article(cleaned, Console(), full)


def _sites(warehouse: str, uri: str, settings: Config) -> dict[str, Site]:
    from copydesk.sites.evidence import Sites
    from copydesk.text.site import site_of
    from copydesk.warehouse import Warehouse

    store = Warehouse.open(warehouse)
    if not store.exists():
        fail(f"there is no warehouse at {warehouse}; give one with --warehouse, or leave it out")
    return Sites.read(store, settings.sites).known([site_of(uri)], settled=True)


@main.command(short_help="Write the report site again and print its address.")
@click.option("--warehouse", metavar="DIR-OR-URL", help="The warehouse of the reports.  [default: warehouse]")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
def report(warehouse: str | None, config: str | None) -> None:
    """Write the report site again from the data of all runs, and print its address."""
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        from copydesk.run.publish import rewrite_reports
        from copydesk.warehouse import Warehouse

        where = rewrite_reports(Warehouse.open(settings.warehouse.path), settings.warehouse.lock_wait_seconds)
    if where is None:
        fail(f"no run has been published to {settings.warehouse.path} yet; start with: copydesk run SOURCE")
    click.echo(where)


_CHECK_EPILOG = """\b
Exit code: 0 no problems; 1 problems found and listed; 2 wrong usage, or a warehouse that cannot be opened; 3 an
internal error."""


@main.command(short_help="Verify a whole warehouse and optionally repair it.", epilog=_CHECK_EPILOG)
@click.option("--warehouse", metavar="DIR-OR-URL", help="The warehouse to verify.  [default: warehouse]")
@click.option("--repair", is_flag=True, help="Repair unambiguous problems; removed files are moved to _damaged/.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
def check(warehouse: str | None, repair: bool, as_json: bool, config: str | None) -> None:
    """Verify that a warehouse holds what its runs wrote and that its guarantees hold.

    Every file is compared with the SHA-256 and the row count in its commit record. The edits of every article must
    rebuild its source text. Every document must occur once. Without --repair nothing is changed.

    --repair completes or discards an interrupted commit, removes duplicate rows (the newest stays) and edits without an
    article, and moves unreadable files to _damaged/; the next run over the same sources publishes their documents
    again. Problems that need a backup stay listed.

    \b
    copydesk check --warehouse /data/warehouse
    copydesk check --warehouse s3://news/warehouse --repair --json
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        from copydesk.warehouse import Warehouse

        store = Warehouse.open(settings.warehouse.path)
        if not store.exists():
            fail(f"there is no warehouse at {settings.warehouse.path}; give one with --warehouse")
        wait = settings.warehouse.lock_wait_seconds
        done: list[str] = []
        with store.reading(wait) if not repair else store.writing(wait) as mended:
            with _files() as tell:
                found = store.audit(tell)
            if repair:
                done = [*mended, *store.repair(found)]
                with _files() as tell:
                    found = store.audit(tell) if done else found
    if as_json:
        click.echo(json.dumps(found.as_json() | {"repaired": done}, ensure_ascii=False, indent=1))
    else:
        for sentence in done:
            click.echo(f"repaired  {sentence}")
        for finding in found.findings:
            click.echo(f"{finding.kind:9} {finding.path}: {finding.what}")
        click.echo(found.sentence())
    if found.findings:
        sys.exit(FAILED)


@contextmanager
def _files() -> Iterator[Callable[[int, int], None]]:
    """Progress in files on standard error: a bar on a terminal, otherwise a line for every 1,000 files."""
    if not sys.stderr.isatty():

        def tell(done: int, total: int) -> None:
            if done % 1000 == 0:
                click.echo(f"copydesk: {done:,} of {total:,} files", err=True)

        yield tell
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("files", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@main.command(short_help="Bring the warehouse of an older version to the present format.")
@click.option("--warehouse", metavar="DIR-OR-URL", help="The warehouse to migrate.  [default: warehouse]")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
def migrate(warehouse: str | None, as_json: bool, config: str | None) -> None:
    """Bring a warehouse that an older copydesk wrote to the present format.

    Articles and edits are written again with the columns that are new, in one commit: interrupted, it leaves the
    warehouse as it was, or the next command completes it. Back the warehouse up first; an older copydesk cannot read
    it afterwards.

    \b
    copydesk migrate --warehouse /data/warehouse
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        from copydesk.warehouse import Warehouse
        from copydesk.warehouse.schemas import FORMAT

        store = Warehouse.open(settings.warehouse.path, older=True)
        if not store.exists():
            fail(f"there is no warehouse at {settings.warehouse.path}; give one with --warehouse")
        with store.writing(settings.warehouse.lock_wait_seconds):
            before = store.format
            with _files() as tell:
                files = store.migrate(tell)
    if as_json:
        click.echo(json.dumps({"from": before, "to": FORMAT, "files": files}))
    elif files:
        click.echo(f"Migrated {settings.warehouse.path} from format {before} to {FORMAT}: {files:,} files written.")
    else:
        click.echo(f"Nothing to do: {settings.warehouse.path} has format {FORMAT}.")


@main.command(short_help="Learn words and phrases from the warehouse's own articles.")
@click.option("--warehouse", metavar="DIR-OR-URL", help="The warehouse of the articles.  [default: warehouse]")
@click.option("--out", default="learned", show_default=True, metavar="DIR", help="The folder to write to.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
def learn(warehouse: str | None, out: str, as_json: bool, config: str | None) -> None:
    """Learn words and phrases from the warehouse's own articles.

    Names and terms that several articles spell alike count as known words and are not corrected. Articles in which a
    typo was corrected or suggested are skipped. Runs use the result once `copydesk.toml` names the folder:
    typos.learned = "learned". The same warehouse gives the same files.

    \b
    copydesk learn --warehouse /data/warehouse --out /data/learned
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        from copydesk import languages
        from copydesk.languages.learn import learn as count
        from copydesk.warehouse import Warehouse

        store = Warehouse.open(settings.warehouse.path)
        if not store.exists():
            fail(f"there is no warehouse at {settings.warehouse.path}; give one with --warehouse")
        with _progress(False) as progress:
            read = [0]

            def tell(articles: int) -> None:
                progress(articles - read[0], 0)
                read[0] = articles

            found = {
                language: count(store, Path(out), language, settings.typos.suggest_from, tell)
                for language in languages.available()
            }
    if as_json:
        click.echo(
            json.dumps({language: one.as_json() for language, one in found.items()}, ensure_ascii=False, indent=1)
        )
        return
    for language, one in found.items():
        click.echo(
            f"{language}: {one.articles:,} articles read, {one.left_out:,} with typos left out;"
            f" {len(one.words):,} words and {one.ngrams:,} phrases learned"
        )
        if one.words:
            click.echo("  words    " + ", ".join(f"{word} ({n})" for word, n in one.words[:12]))
        fewer, more = len(one.dropped), len(one.added)
        click.echo(f"  changes  in {one.tried:,} articles: {fewer} corrections or suggestions fewer, {more} more")
        for sign, examples in (("-", one.dropped), ("+", one.added)):
            for example in examples[:5]:
                click.echo(f"           {sign} {example}")
    click.echo(f'  use      set typos.learned = "{out}" in copydesk.toml')


@main.command()
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


def load(path: str | None, flags: Mapping[str, Any] | None = None) -> Config:
    """The settings of a command. Pydantic is imported here, so that `--help` does without it."""
    from copydesk.config.load import load as read

    settings = read(path, flags)
    if settings.lists.folder is not None:
        from copydesk.config.user_lists import could_install

        could_install(settings.lists.folder)  # before anything reads the shipped lists
    return settings


def fail(message: str) -> NoReturn:
    """Print a message and exit with the code of usage errors."""
    click.echo(f"copydesk: {message}", err=True)
    sys.exit(USAGE)


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Report errors that the user can fix as a sentence instead of a traceback."""
    _ask_for_address_space()
    try:
        yield
    except KeyboardInterrupt:
        fail("stopped; the next run discards or completes what was begun")
    except Exception as error:  # noqa: BLE001  # internal errors need their own exit code
        from copydesk.config.load import ConfigError

        if isinstance(error, ConfigError):
            fail(str(error))
        from copydesk.checks.suites import SuiteError
        from copydesk.languages import LanguageError
        from copydesk.languages.protected import ProtectedError
        from copydesk.run.workers import WorkerDied
        from copydesk.sources import SourceError
        from copydesk.warehouse import WarehouseError

        if isinstance(error, LanguageError | ProtectedError | SourceError | SuiteError | WarehouseError | WorkerDied):
            fail(str(error))
        if isinstance(error, MemoryError):
            fail("not enough memory; give this process more, or use fewer --workers")
        traceback.print_exception(error)
        click.echo(
            f"copydesk: internal error ({type(error).__name__}); readers see no partial result."
            " Please report it with the lines above",
            err=True,
        )
        sys.exit(INTERNAL)


def _ask_for_address_space() -> None:
    """Exit if `ulimit -v` is too low: the libraries reserve much more address space than they use."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < ADDRESS_SPACE:
        fail(
            f"the address space is limited to {limit / 2**30:.1f} GiB, and {ADDRESS_SPACE / 2**30:.1f} are needed;"
            " raise the limit (ulimit -v), and limit memory with a cgroup instead"
        )


def _amount(documents: int, size: int) -> str:
    bulk = f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"
    return f"{documents:,} document{'s' * (documents != 1)}, {bulk}"


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _day(text: str | None) -> date:
    if text is None:
        return _now().date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"--date {text!r}: expected YYYY-MM-DD, such as 2019-05-21")


@contextmanager
def _progress(verbose: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, plain lines elsewhere, both on standard error."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("copydesk").setLevel(logging.INFO if verbose else logging.WARNING)
    if not sys.stderr.isatty():
        total: dict[str, Any] = {"documents": 0, "bytes": 0}

        def tell(documents: int, size: int) -> None:
            total["documents"] += documents
            total["bytes"] += size
            click.echo(f"copydesk: {_amount(total['documents'], total['bytes'])}", err=True)

        yield tell
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading")
        seen = [0, 0]

        def advance(documents: int, size: int) -> None:
            seen[0] += documents
            seen[1] += size
            bar.update(task, description=_amount(*seen))

        yield advance


if __name__ == "__main__":
    main()
