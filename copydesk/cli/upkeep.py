"""The commands for a whole warehouse: `report`, `check`, `migrate`, `compact` and `learn`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from copydesk.cli.shared import FAILED, errors_in_words, fail, files_done, load, now, opened, progress_of

if TYPE_CHECKING:
    from copydesk.warehouse.layout import By


@click.command(short_help="Write the report site, or Data Docs, again and print their address.")
@click.option("--warehouse", metavar="DIR-OR-URL", help="The warehouse of the reports.  [default: warehouse]")
@click.option("--data-docs", is_flag=True, help="Write the Data Docs of Great Expectations instead of the report.")
@click.option("--run", "run_id", metavar="RUN", help="The run that the Data Docs show.  [default: the last night]")
@click.option(
    "--out", metavar="DIR", help="Where to write the Data Docs.  [default: _reports/data-docs in the warehouse]"
)
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
def report(warehouse: str | None, data_docs: bool, run_id: str | None, out: str | None, config: str | None) -> None:
    """Write the report site again from the data of all runs, and print its address.

    With --data-docs, write the Data Docs of Great Expectations on the suites and results of one run: pages that need
    no network, and beside them gx/, a project that great_expectations.get_context opens.

    \b
    copydesk report --warehouse /data/warehouse
    copydesk report --data-docs --out data-docs
    """
    if (run_id or out) and not data_docs:
        fail("--run and --out belong to --data-docs; the report shows all runs")
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        from copydesk.run.data_docs import write_data_docs
        from copydesk.run.reports import rewrite_reports
        from copydesk.warehouse import Warehouse

        store = Warehouse.open(settings.warehouse.path)
        if data_docs:
            where = write_data_docs(store, settings, run_id, Path(out) if out else None)
        else:
            where = rewrite_reports(store, settings.warehouse.lock_wait_seconds)
    if where is None:
        fail(f"no run has been published to {settings.warehouse.path} yet; start with: copydesk run SOURCE")
    click.echo(where)


_CHECK_EPILOG = """\b
Exit code: 0 no problems; 1 problems found and listed; 2 wrong usage, or a warehouse that cannot be opened; 3 an
internal error."""


@click.command(short_help="Verify a whole warehouse and optionally repair it.", epilog=_CHECK_EPILOG)
@click.option("--warehouse", metavar="DIR-OR-URL", help="The warehouse to verify.  [default: warehouse]")
@click.option("--repair", is_flag=True, help="Repair unambiguous problems; removed files are moved to _damaged/.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
def check(warehouse: str | None, repair: bool, as_json: bool, config: str | None) -> None:
    """Verify that a warehouse holds what its runs wrote and that its guarantees hold.

    Every file is compared with the SHA-256 and the row count in its commit record. The edits of every article must
    rebuild its source text. Every document must occur once. Without --repair nothing is changed.

    --repair completes or discards an interrupted commit, removes duplicate rows (the newest stays) and edits without an
    article, moves unreadable files to _damaged/, and replaces these, and missing files of articles, edits and
    duplicates, by files without rows. Their articles are gone until the next run over the same sources publishes them
    again, so restore a missing file first if there is a backup. Problems that need one stay listed.

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
            with files_done() as tell:
                found = store.audit(tell)
            if repair:
                done = [*mended, *store.repair(found)]
                with files_done() as tell:
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


@click.command(short_help="Bring the warehouse of an older version to the present format.")
@click.option("--warehouse", metavar="DIR-OR-URL", help="The warehouse to migrate.  [default: warehouse]")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
def migrate(warehouse: str | None, as_json: bool, config: str | None) -> None:
    """Bring a warehouse that an older copydesk wrote to the present format.

    Files that lack a column are written again, in one commit: interrupted, it leaves the warehouse as it was, or the
    next command completes it. Then, if that was never done, all articles are compared to find copies, about a minute
    for 200,000.
    Back the warehouse up first; an older copydesk cannot read it afterwards.

    \b
    copydesk migrate --warehouse /data/warehouse
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        from copydesk.run.copies import settings_of
        from copydesk.warehouse import Warehouse
        from copydesk.warehouse.migrate import COMPARED
        from copydesk.warehouse.schemas import FORMAT

        store = Warehouse.open(settings.warehouse.path, older=True)
        if not store.exists():
            fail(f"there is no warehouse at {settings.warehouse.path}; give one with --warehouse")
        with store.writing(settings.warehouse.lock_wait_seconds):
            before = store.format
            with files_done() as tell:
                files = store.migrate(tell)
            if files and before < COMPARED and (chosen := settings_of(settings)):
                store.format = FORMAT
                store.compare_all(chosen, now())
    if as_json:
        click.echo(json.dumps({"from": before, "to": FORMAT, "files": files}))
    elif files:
        click.echo(f"Migrated {settings.warehouse.path} from format {before} to {FORMAT}: {files:,} files written.")
    else:
        click.echo(f"Nothing to do: {settings.warehouse.path} has format {FORMAT}.")


@click.command(short_help="Change the partitions from days to months, or back.")
@click.option(
    "--partitions",
    type=click.Choice(["day", "month"]),
    help="What a file of articles, edits or duplicates holds.  [default: warehouse.partitions if copydesk.toml says so,"
    " else as it is]",
)
@click.option("--warehouse", metavar="DIR-OR-URL", help="The warehouse to change.  [default: warehouse]")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
def compact(partitions: By | None, warehouse: str | None, as_json: bool, config: str | None) -> None:
    """Give a warehouse files of articles, edits and duplicates for each month instead of each day, or back.

    A month or day has one file, or several if it has more than warehouse.file_bytes; where the partitions stay the
    same, those whose files are too large or too many are written again. Few large files are read several times as fast
    as many small ones, and take less space. All is one commit, after which the old files are removed: interrupted, it
    leaves the warehouse as it was, or the next command completes it. Let readers wait; if the partitions change,
    `copydesk sql` and `copydesk.open` can read meanwhile. Later runs keep the partitions. The path of the files is
    another one then: see the contract for readers.

    \b
    copydesk compact --partitions month --warehouse /data/warehouse
    """
    with errors_in_words():
        said = load(config).warehouse
        stated = said.partitions if "partitions" in said.model_fields_set else None
        settings = load(config, {"warehouse.path": warehouse})
        from copydesk.warehouse.layout import Partitions

        store = opened(settings)
        with store.writing(settings.warehouse.lock_wait_seconds), files_done() as tell:
            had, where = store.store.partitions.by, settings.warehouse.path
            by = partitions or stated or had
            before, after = store.compact(Partitions(by, settings.warehouse.file_bytes), tell)
    if as_json:
        click.echo(json.dumps({"from": had, "to": by, "files_before": before, "files_after": after}))
    elif had == by and before == after:
        click.echo(f"Nothing to do: {where} has {before:,} files, one or more for each {by} and table.")
    else:
        click.echo(f"Changed {where} from {before:,} files to {after:,}, one or more for each {by} and table.")
    if not as_json and stated and by != stated:
        click.echo(
            f'Now set it in copydesk.toml, below [warehouse]: partitions = "{by}". Else the next `copydesk compact`'
            f" without --partitions makes it one for each {stated} again."
        )


@click.command(short_help="Learn words and phrases from the warehouse's own articles.")
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
        with progress_of(False) as progress:
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
