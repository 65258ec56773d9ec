"""The commands for copies: `clusters list`, `clusters show` and `clusters compare`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from copydesk.cli.shared import Whole, errors_in_words, fail, load, now, of_document, of_warehouse, opened

#: Characters of a headline that are printed.
_SHOWN = 80


@click.group(short_help="Look through clusters of copies.")
def clusters() -> None:
    """Look through clusters of copies: syndicated stories, updates, excerpts, and articles that were scraped twice.

    \b
    copydesk clusters list
    copydesk clusters show https://news.example/harbour
    """


@clusters.command("list")
@click.option("--agency", metavar="NAME", help="Clusters with an article that was taken over from this agency: AP.")
@click.option("--limit", type=Whole(1), default=20, show_default=True, help="Maximum clusters to print.")
@of_warehouse
def list_(agency: str | None, limit: int, warehouse: str | None, as_json: bool, config: str | None) -> None:
    """List the clusters, largest first, and what differs between their articles.

    \b
    copydesk clusters list --agency Reuters --limit 50
    """
    with errors_in_words():
        store = opened(load(config, {"warehouse.path": warehouse})).store
        from copydesk.warehouse.clusters import largest, members

        chosen, total = largest(store, limit, agency)
        found = members(store, {key for key, _ in chosen})
    if as_json:
        rows = [_as_json(key, found[key]) for key, _ in chosen]
        click.echo(json.dumps({"clusters": rows, "total": total}, default=str, ensure_ascii=False, indent=1))
        return
    for key, size in chosen:
        first = found[key][0]
        click.echo(f"{size:>5}  {first['uri']}\n       {first['headline'][:_SHOWN]}\n       {_differences(found[key])}")
    click.echo(f"{total:,} cluster{'s' * (total != 1)}.")


@clusters.command()
@of_document
@of_warehouse
def show(uri: str, warehouse: str | None, as_json: bool, config: str | None) -> None:
    """Show the cluster of an article: its members, of which kind each copy is, and what differs.

    URI is that of the table articles. The canonical article comes first: the earliest by date, then the one with the
    most words. The similarity is the Jaccard similarity of the five-word shingles of a copy and the article that it
    was found to be a copy of.

    \b
    copydesk clusters show https://news.example/harbour --warehouse /data/warehouse
    """
    with errors_in_words():
        store = opened(load(config, {"warehouse.path": warehouse})).store
        from copydesk.warehouse.clusters import of_article

        rows = of_article(store, uri)
    if as_json:
        click.echo(json.dumps(_as_json(rows[0]["cluster_id"], rows), default=str, ensure_ascii=False, indent=1))
        return
    for row in rows:
        alike = "" if row["similarity"] is None else f"{row['similarity']:.2f}"
        kind = row["kind"] or ("canonical" if row["duplicate_of"] is None else "linked")
        agency = f"  from {row['syndicated_from']}" if row["syndicated_from"] else ""
        date = row["published_date"].isoformat() if row["published_date"] else "no date"
        words = f"{row['word_count']:,} words"
        click.echo(f"{kind:9}  {alike:4}  {date:10}  {words:>12}  {row['uri']}{agency}")
        click.echo(f"           {row['headline'][:_SHOWN]}")
    click.echo(f"{len(rows):,} article{'s' * (len(rows) != 1)}: {_differences(rows)}." if rows[1:] else "No copies.")


@clusters.command()
@of_warehouse
def compare(warehouse: str | None, as_json: bool, config: str | None) -> None:
    """Compare all articles with each other again, and write which are copies.

    Runs do this by themselves for what they add, and for everything when the settings of [duplicates] change or a
    warehouse was not compared yet. It takes about a minute for 200,000 articles.

    \b
    copydesk clusters compare --warehouse /data/warehouse
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        store = opened(settings)
        from copydesk.run.copies import settings_of

        chosen = settings_of(settings)
        if chosen is None:
            fail("duplicates.enabled is false; set it to true to compare articles")
        with store.writing(settings.warehouse.lock_wait_seconds):
            made = store.compare_all(chosen, now()).clusters
    articles, copies = len(made.order), made.copied
    if as_json:
        click.echo(json.dumps({"articles": articles, "copies": copies, "pairs": len(made.copies)}))
    else:
        click.echo(f"Compared {articles:,} articles: {copies:,} are copies of others.")


def _differences(rows: Sequence[dict[str, Any]]) -> str:
    from copydesk.run.copies import differences

    return differences(rows)


def _as_json(cluster_id: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A cluster as a program reads it."""
    return {"cluster_id": cluster_id, "articles": len(rows), "differs": _differences(rows), "members": list(rows)}
