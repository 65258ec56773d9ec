"""The commands for edits: list, show, accept, reject, revert, export, import."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from copydesk.cli.shared import (
    FAILED,
    Whole,
    amount,
    as_uri,
    cut,
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
    from copydesk.run.decide import Decided
    from copydesk.run.possible import Refusal
    from copydesk.warehouse import Warehouse
    from copydesk.warehouse.decisions import Decision

_STATUS = click.Choice(["applied", "suggested", "rejected"])
_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group(short_help="Look through edits, and accept or reject them.")
def edits() -> None:
    """Look through edits, and accept or reject them.

    A decision changes the published article at once and is honoured by every later run: a rejected edit is not made
    again in that article, an accepted suggestion is made. Decisions are rows of the table decisions.
    """


def _filters(command: _Command) -> _Command:
    for option in (
        click.option("--after", metavar="TEXT", help="Edits that put this text, exactly."),
        click.option("--before", metavar="TEXT", help="Edits of this text, exactly."),
        click.option("--rule", metavar="RULE", help="Edits of this rule."),
        click.option("--site", metavar="SITE", help="Edits of articles of this site."),
    ):
        command = option(command)
    return command


@edits.command("list")
@_filters
@click.option("--status", type=_STATUS, help="Edits with this status.")
@click.option("--limit", type=Whole(1), default=50, show_default=True, help="Maximum edits to print.")
@of_warehouse
def list_(
    site: str | None, rule: str | None, before: str | None, after: str | None, status: str | None, limit: int,
    warehouse: str | None, as_json: bool, config: str | None,
) -> None:  # fmt: skip
    """List edits, with the uri and the sequence by which the other commands know them.

    \b
    copydesk edits list --status suggested --site news.example
    copydesk edits list --rule typo-letter --before recieve
    """
    wanted = {"site": site, "rule": rule, "before": before, "after": after, "status": status}
    with errors_in_words():
        store = opened(load(config, {"warehouse.path": warehouse}))
        rows, total = _listed(store, wanted, limit)
        hints = [] if total else _unknown(store, site, rule)
    if as_json:
        click.echo(json.dumps({"edits": rows, "total": total}, default=str, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(_line(row["uri"], row))
    more = f", {len(rows):,} of them listed; --limit lists more" if len(rows) < total else ""
    click.echo(f"{amount(total, 'edit')}{more}.")
    for hint in hints:
        click.echo(f"copydesk: {hint}", err=True)


def _listed(store: Warehouse, wanted: dict[str, str | None], limit: int) -> tuple[list[dict[str, Any]], int]:
    from copydesk.run.decide import listed

    given = {name: value for name, value in wanted.items() if value is not None}
    return listed(store, lambda row: all(row[name] == value for name, value in given.items()), limit)


def _unknown(store: Warehouse, site: str | None, rule: str | None) -> list[str]:
    """What is not known of the filters that nothing fits."""
    from copydesk.data.rules import find, similar
    from copydesk.run.decide import without_articles

    hints = [f"{rule!r} is not a rule{similar(rule)}"] if rule is not None and find(rule) is None else []
    return [*hints, *filter(None, [without_articles(store, site) if site is not None else ""])]


def _line(uri: str, row: dict[str, Any]) -> str:
    places = f" × {len(row['positions'])}" if row["positions"] else ""
    sure = f"{row['confidence']:.3f}"
    around = f"\n      … {' '.join(row['context'].split())} …" if row.get("context") else ""
    change = f"{cut(row['before'], 60)!r} → {cut(row['after'], 60)!r}"
    return f"{uri} {row['sequence']}  {row['status']}  {row['rule']}  {sure}\n      {change}{places}{around}"


@edits.command()
@of_document
@of_warehouse
def show(uri: str, warehouse: str | None, as_json: bool, config: str | None) -> None:
    """Show all edits of one article, in order.

    \b
    copydesk edits show https://news.example/harbour
    """
    with errors_in_words():
        store = opened(load(config, {"warehouse.path": warehouse}))
        row = _published(store, uri)
    if as_json:
        click.echo(json.dumps(row["edits"], default=str, ensure_ascii=False, indent=1))
        return
    for edit in row["edits"]:
        click.echo(_line(uri, edit))


def _published(store: Warehouse, uri: str) -> dict[str, Any]:
    from copydesk.records import article_id

    rows: list[dict[str, Any]] = store.published(store.history(), [article_id(uri)]).to_pylist()
    if not rows:
        fail(f"{uri!r} is not published; uris are those of the table articles (copydesk why URI says where it is)")
    return rows[0]


def _decision(action: str, does: str, example: str) -> None:
    """Add the command of one action."""

    @edits.command(action, short_help=f"{does}.")
    @click.argument("uri", type=as_uri, metavar="[URI]", required=False)
    @click.argument("sequences", nargs=-1, type=Whole(0), metavar="[SEQUENCE]...")
    @_filters
    @click.option("--dry-run", is_flag=True, help="Print what would change, and write nothing.")
    @deciding
    @of_warehouse
    def command(
        uri: str | None, sequences: Sequence[int], site: str | None, rule: str | None, before: str | None,
        after: str | None, dry_run: bool, who: str | None, why: str | None, warehouse: str | None, as_json: bool,
        config: str | None,
    ) -> None:  # fmt: skip
        one = decided(who, why, action)
        with errors_in_words():
            settings = load(config, {"warehouse.path": warehouse})
            store = opened(settings)
            if uri is not None:
                if site:
                    fail("give a URI or --site, not both")
                made = of_article(store, uri, sequences, one._replace(rule=rule, before=before, after=after))
            else:
                if rule is None and before is None and after is None:
                    fail("give a URI and the numbers of its edits, or --before, --after or --rule")
                made = [one._replace(site=site, rule=rule, before=before, after=after)]
            done = carried_out(store, made, settings, dry_run)
        tell(done, as_json, dry_run, warehouse=warehouse)

    command.help = f"""{does}.

    URI and SEQUENCE are those that `copydesk edits list` prints. The decision is about this change wherever the article
    has it. --before, --after and --rule name the edits of the URI instead of SEQUENCE, as `copydesk show` prints it.
    Without a URI they are about all articles, or those of --site, the published ones and those that are still to come.

    \b
    {example}
    """


_decision("accept", "Make suggested edits", "copydesk edits accept https://news.example/harbour 4 7")
_decision("reject", "Take edits back", 'copydesk edits reject --before Idlib --after "Id lib" --because "a town"')
_decision("revert", "Leave edits to copydesk again", "copydesk edits revert https://news.example/harbour 4")


def of_article(store: Warehouse, uri: str, sequences: Sequence[int], one: Decision) -> list[Decision]:
    """The decisions about edits of one article, by number, or by what they are."""
    row = _published(store, uri)
    numbers = {edit["sequence"]: edit for edit in row["edits"]}
    if unknown := [number for number in sequences if number not in numbers]:
        fail(f"{uri} has no edit {unknown[0]}; it has {amount(len(numbers), 'edit')}, from 0")
    if sequences:
        chosen = [numbers[number] for number in sequences]
        made = [one._replace(uri=uri, **{k: edit[k] for k in ("rule", "before", "after")}) for edit in chosen]
        return list(dict.fromkeys(made))
    if one.rule is None and one.before is None and one.after is None:
        fail("give the numbers of the edits, or --before, --after or --rule")
    return [one._replace(uri=uri)]


def _in_words(refusal: Refusal, warehouse: str) -> str:
    """A decision that cannot be carried out, what stands in its way, and the commands that carry it out."""
    from copydesk.report.commands import of_uri

    refused = refusal.refused
    by = refused.by
    why = f"edit {by.sequence} ({by.rule}) changes the same text" if by else refused.why
    actions = list(dict.fromkeys(action for action, _ in refusal.instead))
    commands = []
    for action in actions:
        numbers = "".join(f" {edit.sequence}" for does, edit in refusal.instead if does == action)
        commands.append(of_uri(refusal.uri, f"copydesk edits {action}", warehouse, numbers))
    to_do = f"; together: {' && '.join(commands)}" if all(commands) and commands else ""
    return f"{refusal.uri}, edit {refused.edit.sequence} ({refused.edit.rule}): {why}{to_do}"


def carried_out(store: Warehouse, made: Sequence[Decision], settings: Any, dry_run: bool) -> Decided:
    from copydesk.run.decide import decide
    from copydesk.run.job import suites
    from copydesk.run.publish import keep

    with store.writing(settings.warehouse.lock_wait_seconds):
        return decide(store, made, now(), keep(settings), dry_run, suites(settings))


def tell(
    done: Decided, as_json: bool, dry_run: bool, conflicts: Sequence[str] = (), words: Mapping[str, str] | None = None,
    warehouse: str | None = None,
) -> None:  # fmt: skip
    """Print what decisions did, a status in other `words` if given; exits with 1 if something could not be done.

    Commands name the `warehouse`, if the user did.
    """
    said = [*conflicts, *(_in_words(one, warehouse or "") for one in done.conflicts)]
    if as_json:
        changed = [{"uri": uri, "sequence": e.sequence, "rule": e.rule, "before": e.before, "after": e.after,
                    "status": e.status} for uri, e in done.changed]  # fmt: skip
        counts = {"articles": done.articles, "edits": done.edits, "dry_run": dry_run}
        click.echo(json.dumps({**counts, "changed": changed, "conflicts": said}, ensure_ascii=False, indent=1))
    else:
        for uri, edit in done.changed[:50]:
            status = (words or {}).get(edit.status, edit.status)
            click.echo(f"{status:10}  {uri} {edit.sequence}  {cut(edit.before, 60)!r} → {cut(edit.after, 60)!r}")
        for conflict in said:
            click.echo(f"conflict    {conflict}")
        would = "would change" if dry_run else "changed"
        same = "" if done.edits or said else _unchanged(done)
        click.echo(f"{amount(done.edits, 'edit')} of {amount(done.articles, 'published article')} {would}{same}.")
    if said:
        sys.exit(FAILED)


def _unchanged(done: Decided) -> str:
    """Why a decision changed no edit; articles change with it where only the decision about an edit is another one."""
    if done.articles:
        return "; what you decide is as it is already"
    return "; what you decide is as it is already, or nothing published is like it"


@edits.command("export")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@_filters
@click.option("--status", type=_STATUS, default="suggested", show_default=True, help="Edits with this status.")
@of_warehouse
def export(
    file: Path, site: str | None, rule: str | None, before: str | None, after: str | None, status: str,
    warehouse: str | None, as_json: bool, config: str | None,
) -> None:  # fmt: skip
    """Write edits to a CSV file, to decide in a spreadsheet.

    Fill in the column decision (accept, reject or revert; right or wrong for a hand check) and, if you like, why; leave
    the other columns as they are.

    \b
    copydesk edits export suggestions.csv --site news.example
    """
    wanted = {"site": site, "rule": rule, "before": before, "after": after, "status": status}
    with errors_in_words():
        store = opened(load(config, {"warehouse.path": warehouse}))
        from copydesk.run import spreadsheet
        from copydesk.warehouse import decisions

        rows, _ = _listed(store, wanted, sys.maxsize)
        known = max((one.number for one in decisions.read(store.store)), default=0)
        try:
            count = spreadsheet.write(file, rows, known)
        except OSError as error:
            fail(f"{file} cannot be written: {error.strerror}")
    click.echo(
        json.dumps({"file": str(file), "edits": count}) if as_json else f"{amount(count, 'edit')} written to {file}."
    )


@edits.command("import")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print what would change, and write nothing.")
@deciding
@of_warehouse
def import_(
    file: Path, dry_run: bool, who: str | None, why: str | None, warehouse: str | None, as_json: bool,
    config: str | None,
) -> None:  # fmt: skip
    """Carry out the decisions in a CSV file that `copydesk edits export` wrote.

    Rows without a decision are left alone. Rows that conflict (with each other, with an edit that has changed, or with
    a newer decision) are listed and left out, and the exit code is 1; all others are carried out.

    \b
    copydesk edits import suggestions.csv --who "Ada Lovelace"
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        store = opened(settings)
        from copydesk.run import spreadsheet
        from copydesk.run.decide import Decided, decide
        from copydesk.run.job import suites
        from copydesk.run.publish import keep

        rows = spreadsheet.read(file)
        with store.writing(settings.warehouse.lock_wait_seconds):
            made, conflicts = spreadsheet.settle(store, rows, decided(who, why))
            done = decide(store, made, now(), keep(settings), dry_run, suites(settings)) if made else Decided()
    tell(done, as_json, dry_run, conflicts, warehouse=warehouse)
