"""The command `why`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from copydesk.cli.quarantine import quarantined
from copydesk.cli.shared import amount, cut, errors_in_words, fail, load, of_warehouse, opened

if TYPE_CHECKING:
    from copydesk.warehouse import Warehouse

#: Edits and characters of the text that are printed.
_EDITS, _SHOWN = 20, 400


@click.command(short_help="Say where a document is and what happened to it.")
@click.argument("uri", metavar="URI")
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
        click.echo("\n".join(_article(row)))
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
    for row in published:
        article, edits = article_of(row)
        row["source_text"] = rebuild(article.headline, article.body, edits)
    held = list(documents(store.store, {uri}, whole=True))
    for row in held:
        row["content"] = row["content"].decode("utf-8", "replace")
    made = [one._asdict() for one in decisions.read(store.store) if one.uri == uri]
    return {"published": published, "quarantined": held, "decisions": made}


def _article(row: dict[str, Any]) -> list[str]:
    date = row["published_date"].isoformat() if row["published_date"] else "no date"
    first, last = (f"{row[name]:%Y-%m-%d %H:%M}" for name in ("first_seen_at", "last_changed_at"))
    lines = [
        f"{row['uri']}: published under {date}, version {row['version']}, validation {row['validation']}",
        f"  first seen {first}, last changed {last} by {row['run_id']} (copydesk {row['pipeline_version']})",
        f"  headline  {cut(row['headline'], 100)}",
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
    return verdict + about + version + (f" because {row['why']}" if row["why"] else "")


def _change(before: str, after: str | None) -> str:
    """A change, or a word that is protected."""
    return f" {cut(before, 40)!r}" + (f" → {cut(after, 40)!r}" if after is not None else "")
