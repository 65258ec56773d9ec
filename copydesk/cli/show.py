"""The command `show`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from copydesk.cli.shared import Whole, as_uri, errors_in_words, fail, load, now

if TYPE_CHECKING:
    from copydesk.config import Config
    from copydesk.records import Cleaned
    from copydesk.text.site import Site


@click.command(short_help="Show one document before and after, each edit explained.")
@click.argument("file", metavar="FILE")
@click.option(
    "--number",
    type=Whole(1, sys.maxsize),
    default=1,
    show_default=True,
    help="Which document, if FILE holds several.",
)
@click.option(
    "--uri", type=as_uri, metavar="URI", help="The uri of the document, as in articles; replaces that of FILE."
)
@click.option("--full", is_flag=True, help="Print long unchanged passages too.")
@click.option("--json", "as_json", is_flag=True, help="Print the article, its edits and problems as JSON.")
@click.option("--warehouse", metavar="DIR-OR-URL", help="Use its evidence on the document's site.")
@click.option("--config", metavar="FILE", help="Read settings from FILE instead of ./copydesk.toml.")
def show(
    file: str, number: int, full: bool, as_json: bool, uri: str | None, warehouse: str | None, config: str | None
) -> None:
    """Show one document before and after, each edit coloured and explained. Nothing is written.

    Its problems are those that a run today would find, also by the suites in use; a critical one is the reason why the
    run would not publish it. Only a run compares it with a version that is published.

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
        cleaned = _judged(clean_documents([document], settings, sites)[0], settings)
    if as_json:
        click.echo(json.dumps(to_json(cleaned), ensure_ascii=False, indent=1))
    else:
        from rich.console import Console

        print_article(cleaned, Console(), full, warehouse or "")


def _judged(cleaned: Cleaned, settings: Config) -> Cleaned:
    """With the problems that the suites find, the most severe first."""
    from copydesk.checks.document import problems_of
    from copydesk.warehouse.rows import by_severity

    folder = Path(settings.expectations) if settings.expectations else None
    found = problems_of(cleaned, folder, now().date())
    return replace(cleaned, problems=tuple(by_severity([*cleaned.problems, *found])))


def _sites(warehouse: str, uri: str, settings: Config) -> dict[str, Site]:
    from copydesk.sites.evidence import Sites
    from copydesk.text.site import site_of
    from copydesk.warehouse import Warehouse

    store = Warehouse.open(warehouse)
    if not store.exists():
        fail(f"there is no warehouse at {warehouse}; give one with --warehouse, or leave it out")
    return Sites.read(store, settings.sites).known([site_of(uri)], settled=True)
