"""The commands for quarantined documents: list, show, release, drop."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from copydesk.cli.shared import (
    Whole,
    amount,
    as_uri,
    cut,
    day_of,
    decided,
    deciding,
    errors_in_words,
    fail,
    load,
    now,
    of_document,
    of_warehouse,
    opened,
)

if TYPE_CHECKING:
    from copydesk.warehouse import Warehouse

#: Characters of a quarantined text that are printed.
_SHOWN = 600
#: Rules and sites that are named where no document fits.
_NAMED = 20

#: Why a document cannot be released, and whether that is so of those that share their uri.
_WHY_IT_STAYS = {
    "only a document with a text can be released; mend it at its source, or drop it": False,
    "a uri has one article; let this document come without the other one, or under a uri of its own": True,
}


@click.group(short_help="Look through the quarantine, and release or drop documents.")
def quarantine() -> None:
    """Look through the quarantine, and release or drop documents.

    \b
    copydesk quarantine list --since 2026-11-01
    copydesk quarantine release https://news.example/harbour --because "it is as short as it should be"
    """


@quarantine.command("list")
@click.option("--rule", metavar="RULE", help="Documents with this reason.")
@click.option("--site", metavar="SITE", help="Documents of this site.")
@click.option("--since", metavar="YYYY-MM-DD", help="Quarantined on this date or later.")
@click.option("--limit", type=Whole(1), default=50, show_default=True, help="Maximum documents to print.")
@of_warehouse
def list_(
    rule: str | None, site: str | None, since: str | None, limit: int, warehouse: str | None, as_json: bool,
    config: str | None,
) -> None:  # fmt: skip
    """List quarantined documents with their decisive reason, and count the reasons.

    \b
    copydesk quarantine list --rule worse-than-published --since 2026-11-01
    """
    with errors_in_words():
        store = opened(load(config, {"warehouse.path": warehouse}))
        from copydesk.text.site import site_of
        from copydesk.warehouse.quarantined import documents

        day = day_of(since, "--since") if since else None
        held = list(documents(store.store))
        found = [
            row
            for row in held
            if (rule is None or any(reason["rule"] == rule for reason in row["reasons"]))
            and (site is None or site_of(row["uri"]) == site)
            and (day is None or row["run_date"] >= day)
        ]
    if as_json:
        rows = {"documents": found[:limit], "total": len(found)}
        click.echo(json.dumps(rows, default=str, ensure_ascii=False, indent=1))
        return
    for row in found[:limit]:
        click.echo(_line(row))
    for name, count in Counter(row["reasons"][0]["rule"] for row in found).most_common():
        click.echo(f"{count:>6}  {name}")
    click.echo(_counted(found, held))


def _line(row: Mapping[str, Any]) -> str:
    first = row["reasons"][0]
    return f"{row['run_date']}  {row['uri']}\n      {first['rule']}: {cut(first['observed'], 160)}"


def _counted(found: Sequence[Mapping[str, Any]], held: Sequence[Mapping[str, Any]]) -> str:
    """How many documents are listed of all that are in quarantine."""
    if len(found) == len(held):
        return f"{amount(len(held), 'document')} in quarantine."
    if found:
        return f"{len(found):,} of {amount(len(held), 'document')} in quarantine."
    from copydesk.text.site import site_of

    reasons = sorted({reason["rule"] for row in held for reason in row["reasons"]})
    sites = sorted({site_of(row["uri"]) or "" for row in held} - {""})
    return "\n".join(
        [
            f"None of {amount(len(held), 'document')} in quarantine.",
            *(f"  {name}: {', '.join(some[:_NAMED])}" for name, some in (("rules", reasons), ("sites", sites)) if some),
        ]
    )


@quarantine.command()
@of_document
@of_warehouse
def show(uri: str, warehouse: str | None, as_json: bool, config: str | None) -> None:
    """Show a quarantined document: its reasons and the beginning of its text.

    \b
    copydesk quarantine show https://news.example/harbour
    """
    with errors_in_words():
        store = opened(load(config, {"warehouse.path": warehouse}))
        from copydesk.warehouse.quarantined import documents, there

        rows = list(documents(store.store, {uri}, whole=True))
        there([uri], rows)
    for row in rows:
        row["content"] = row["content"].decode("utf-8", "replace")
    if as_json:
        click.echo(json.dumps(rows, default=str, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(quarantined(row))


def quarantined(row: dict[str, Any]) -> str:
    """A row of the quarantine, in lines."""
    content = row["content"].decode("utf-8", "replace") if isinstance(row["content"], bytes) else row["content"]
    text = row["text"] or content
    lines = [f"{row['uri']}: quarantined {row['run_date']} by {row['run_id']}"]
    lines += [f"  {reason['severity']:8}  {reason['rule']}: {reason['observed']}" for reason in row["reasons"]]
    heading = "  text:" if row["text"] else "  content as it came:"
    return "\n".join([*lines, "", heading, "", cut(text, _SHOWN)])


@quarantine.command()
@click.argument("uris", type=as_uri, nargs=-1, required=True, metavar="URI...")
@click.option("--undo", is_flag=True, help="Put released documents back into the quarantine.")
@deciding
@of_warehouse
def release(
    uris: tuple[str, ...], undo: bool, who: str | None, why: str | None, warehouse: str | None, as_json: bool,
    config: str | None,
) -> None:  # fmt: skip
    """Publish quarantined documents whatever the checks say, with validation = warn.

    The decision is about their present content. --undo takes it back: the version of the article that was published
    before, if there was one, is published again, and no run publishes that content until it is released once more.

    \b
    copydesk quarantine release https://news.example/harbour --because "it is as short as it should be"
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        store = opened(settings)
        decision = decided(who, why)
        if undo:
            from copydesk.run.publish import keep
            from copydesk.run.release import withdraw

            with store.writing(settings.warehouse.lock_wait_seconds):
                withdraw(store, uris, decision, now(), keep(settings))
            published, held = 0, len(uris)
        else:
            from copydesk.config.load import file_of
            from copydesk.run import nightly
            from copydesk.run.job import RELEASE, Job, Stored

            stored = Stored(RELEASE, uris, decision=decision)
            job = Job((), settings.warehouse.path, now().date(), settings, False, now(), stored, file_of(config))
            row = nightly.run(job).row
            published = row["published"] if row else 0
            held = len(set(uris)) - published
    if as_json:
        click.echo(json.dumps({"published": published, "quarantined": held}))
    else:
        from copydesk.warehouse.quarantined import documents

        there = sum(1 for _ in documents(store.store))
        left = f", {held:,} not" if held else ""
        done = f"{held:,} put back" if undo else f"{published:,} published{left}"
        click.echo(f"{done}; {amount(there, 'document')} in quarantine.")
    if held and not undo:
        fail(_stays(store, uris))


def _stays(store: Warehouse, uris: tuple[str, ...]) -> str:
    """Why documents could not be released."""
    from copydesk.warehouse.known import DUPLICATE_URI
    from copydesk.warehouse.quarantined import documents

    rows = {row["uri"]: row["reasons"][0] for row in documents(store.store, set(uris))}
    found = "; ".join(f"{uri}: {cut(reason['observed'], 160)}" for uri, reason in rows.items())
    shared = {reason["rule"] == DUPLICATE_URI for reason in rows.values()}
    said = "; ".join(words for words, is_shared in _WHY_IT_STAYS.items() if is_shared in shared)
    return f"{said}. In quarantine: {found}"


@quarantine.command(short_help="Remove documents from the quarantine for good.")
@click.argument("uris", type=as_uri, nargs=-1, required=True, metavar="URI...")
@click.option("--dry-run", is_flag=True, help="Print what would be dropped, and write nothing.")
@deciding
@of_warehouse
def drop(
    uris: tuple[str, ...], dry_run: bool, who: str | None, why: str | None, warehouse: str | None, as_json: bool,
    config: str | None,
) -> None:  # fmt: skip
    """Remove documents from the quarantine for good: this cannot be undone.

    Their present content is not taken up again when it comes back; changed content is.

    \b
    copydesk quarantine drop spam.html --because "an advertisement"
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        store = opened(settings)
        from copydesk.run.publish import keep
        from copydesk.warehouse.quarantined import drop as remove

        with store.writing(settings.warehouse.lock_wait_seconds):
            rows = remove(store.store, uris, decided(who, why), now(), keep(settings), dry_run)
    if as_json:
        click.echo(json.dumps({"dropped": len(rows), "dry_run": dry_run}))
        return
    for row in rows if dry_run else ():
        click.echo(_line(row))
    click.echo(f"{'Would drop' if dry_run else 'Dropped'} {amount(len(rows), 'document')}.")
