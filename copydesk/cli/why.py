"""The command `why`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from copydesk.cli.quarantine import quarantined
from copydesk.cli.shared import amount, cut, errors_in_words, fail, load, of_document, of_warehouse, opened

if TYPE_CHECKING:
    from copydesk.edits import Edit
    from copydesk.records import Article
    from copydesk.warehouse import Warehouse

#: Edits and characters of the text that are printed.
_EDITS, _SHOWN = 20, 400


@click.command(short_help="Say where a document is and what happened to it.")
@of_document
@of_warehouse
def why(uri: str, warehouse: str | None, as_json: bool, config: str | None) -> None:
    """Say where a document is, in which run it came, with its reasons, edits, decisions and raw text.

    \b
    copydesk why https://news.example/harbour
    """
    with errors_in_words():
        store = opened(load(config, {"warehouse.path": warehouse}))
        found = _found(store, uri)
        if not (found["published"] or found["quarantined"] or found["decisions"]):
            fail(f"nothing is known of {uri!r}; uris are those of the sources, the tables and the report")
    if as_json:
        click.echo(json.dumps(found, default=str, ensure_ascii=False, indent=1))
        return
    for row in found["published"]:
        click.echo("\n".join(_article(row, found["cluster"])))
    for row in found["quarantined"]:
        click.echo(quarantined(row))
    if found["decisions"] and (found["published"] or found["quarantined"]):
        click.echo()
    for row in found["decisions"]:
        click.echo(f"decided  {row['decided_at']:%Y-%m-%d %H:%M}  {row['who']}: {row['action']}" + _about(row))
    if not found["published"] and not found["quarantined"]:
        click.echo(f"{uri} is neither published nor in quarantine.")


def _found(store: Warehouse, uri: str) -> dict[str, Any]:
    from copydesk.edits import rebuild
    from copydesk.records import article_id
    from copydesk.warehouse import decisions
    from copydesk.warehouse.published import article_of
    from copydesk.warehouse.quarantined import documents

    published = store.published(store.history(), [article_id(uri)]).to_pylist()
    own: list[tuple[Article, Edit]] = []
    for row in published:
        article, edits = article_of(row)
        own += [(article, edit) for edit in edits]
        row["source_text"] = rebuild(article.headline, article.body, edits)
    held = list(documents(store.store, {uri}, whole=True))
    for row in held:
        row["content"] = row["content"].decode("utf-8", "replace")
    made = decisions.read(store.store)
    about = {choice.number for choice in decisions.choices(made) if any(choice.fits(*one) for one in own)}
    concerned = [one._asdict() for one in made if one.uri == uri or one.number in about]
    cluster = _cluster(store, uri) if published else None
    return {"published": published, "quarantined": held, "decisions": concerned, "cluster": cluster}


def _cluster(store: Warehouse, uri: str) -> dict[str, Any]:
    """What an article is a copy of. `similarity` is that to the article `alike`, which may not be the canonical one."""
    from copydesk.warehouse.clusters import of_article

    rows = of_article(store.store, uri)
    own = next(row for row in rows if row["uri"] == uri)
    uris = {row["article_id"]: row["uri"] for row in rows}
    return {
        "articles": len(rows),
        "copy_of": uris.get(own["duplicate_of"]),
        "alike": uris.get(own["other_id"]),
        **{name: own[name] for name in ("kind", "similarity", "syndicated_from")},
    }


def _copy(cluster: dict[str, Any]) -> Iterator[str]:
    """What an article is a copy of, in lines."""
    articles, copy_of = cluster["articles"], cluster["copy_of"]
    if copy_of is not None:
        alike = f", similarity {cluster['similarity']:.2f}" if cluster["similarity"] is not None else ""
        to = f" to {cluster['alike']}" if alike and cluster["alike"] not in (None, copy_of) else ""
        yield f"  a copy of {copy_of} ({cluster['kind'] or 'linked by other copies'}{alike}{to})"
    if articles > 1:
        role = "one of" if copy_of is not None else "the canonical one of"
        yield f"  {role} {articles:,} articles of its cluster: copydesk clusters show URI"
    if cluster["syndicated_from"]:
        yield f"  taken over from {cluster['syndicated_from']}"


def _article(row: dict[str, Any], cluster: dict[str, Any]) -> list[str]:
    date = row["published_date"].isoformat() if row["published_date"] else "no date"
    first, last = (f"{row[name]:%Y-%m-%d %H:%M}" for name in ("first_seen_at", "last_changed_at"))
    lines = [
        f"{row['uri']}: published under {date}, version {row['version']}, validation {row['validation']}",
        f"  first seen {first}, last changed {last} by {row['run_id']} (copydesk {row['pipeline_version']})",
        f"  headline  {cut(row['headline'], 100)}",
        *_copy(cluster),
        f"  {amount(row['word_count'], 'word')}, language {row['language']}, encoding {row['encoding']}",
        f"  {amount(row['edit_count'], 'edit')}, {amount(row['suggestion_count'], 'suggestion')}",
    ]
    for edit in row["edits"][:_EDITS]:
        change = f"{cut(edit['before'], 40)!r} → {cut(edit['after'], 40)!r}"
        lines.append(f"    {edit['sequence']:>3}  {edit['status']:9}  {edit['rule']:20}  {change}")
    if len(row["edits"]) > _EDITS:
        lines.append(f"    and {len(row['edits']) - _EDITS} more: copydesk edits show URI")
    text = row["source_text"]
    return [*lines, "", "  text as it came:", "", cut(text, _SHOWN)]


def _about(row: dict[str, Any]) -> str:
    about = _change(row["before"], row["after"]) if row["before"] is not None else ""
    verdict = f" {row['verdict']}" if row["verdict"] else ""
    version = f" version {row['version']}" if row["version"] else ""
    rule = f" {row['rule']}" if row["rule"] and row["before"] is None else ""
    where = "" if row["uri"] is not None else f" on {row['site']}" if row["site"] else " on all sites"
    return verdict + rule + about + version + where + (f" because {row['why']}" if row["why"] else "")


def _change(before: str, after: str | None) -> str:
    """A change, or a word that is protected."""
    return f" {cut(before, 40)!r}" + (f" → {cut(after, 40)!r}" if after is not None else "")
