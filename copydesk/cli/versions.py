"""The commands for the versions of an article: `history` and `restore`."""

from __future__ import annotations

import json
from typing import Any

import click

from copydesk.cli.shared import (
    Whole,
    amount,
    cut,
    decided,
    deciding,
    errors_in_words,
    load,
    now,
    of_document,
    of_warehouse,
    opened,
)


@click.command(short_help="List the versions of an article.")
@of_document
@of_warehouse
def history(uri: str, warehouse: str | None, as_json: bool, config: str | None) -> None:
    """List the versions of an article: those that were replaced, and the published one.

    URI is that of the table articles.

    \b
    copydesk history https://news.example/harbour --warehouse /data/warehouse
    """
    with errors_in_words():
        store = opened(load(config, {"warehouse.path": warehouse}))
        from copydesk.warehouse.versions import versions

        rows = versions(store, uri)
    if as_json:
        click.echo(json.dumps(rows, default=str, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(_line(row))


def _line(row: dict[str, Any]) -> str:
    state = f"replaced {row['replaced_at']:%Y-%m-%d} by {row['replaced_by']}" if row["replaced_by"] else "published"
    date = row["published_date"].isoformat() if row["published_date"] else "no date"
    words, edits = amount(row["word_count"], "word"), amount(row["edit_count"], "edit")
    return f"{row['version']:>4}  {date:10}  {words:>13}  {edits:>9}  {state}\n      {cut(row['headline'], 90)}"


@click.command(short_help="Publish an earlier version of an article again.")
@of_document
@click.argument("version", type=Whole(1, 2**31 - 1), metavar="VERSION")
@deciding
@of_warehouse
def restore(
    uri: str, version: int, who: str | None, why: str | None, warehouse: str | None, as_json: bool, config: str | None
) -> None:
    """Publish an earlier version of an article again, as a new version.

    VERSION is a number that `copydesk history URI` lists. The version that is published now is kept, and its content is
    not published again when it comes in the next night; other content is.

    \b
    copydesk restore https://news.example/harbour 1 --because "the new text is a teaser"
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        store = opened(settings)
        from copydesk.run.publish import keep
        from copydesk.warehouse.versions import restore as publish_again

        with store.writing(settings.warehouse.lock_wait_seconds):
            row = publish_again(store, uri, version, decided(who, why), now(), keep(settings))
    if as_json:
        click.echo(json.dumps({"uri": uri, "version": version, "headline": row["headline"]}, ensure_ascii=False))
    else:
        click.echo(f"Restored version {version} of {uri}: {cut(row['headline'], 90)}")
