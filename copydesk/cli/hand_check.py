"""The commands of the week's hand check: `edits sample`, `edits check`, `edits precision`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from copydesk.cli.edits import carried_out, of_article
from copydesk.cli.shared import (
    Whole,
    amount,
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


@click.command()
@click.option("--site", metavar="SITE", help="Edits of articles of this site.")
@click.option("--rule", metavar="RULE", help="Edits of this rule.")
@click.option("--per-rule", type=Whole(1), default=3, show_default=True, help="Edits of each rule.")
@click.option("--since", metavar="YYYY-MM-DD", help="Edits of articles that changed on this date or later.")
@click.option("--csv", "file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="Write them to a CSV file instead, to check in a spreadsheet.")  # fmt: skip
@of_warehouse
def sample(
    site: str | None, rule: str | None, per_rule: int, since: str | None, file: Path | None, warehouse: str | None,
    as_json: bool, config: str | None,
) -> None:  # fmt: skip
    """Draw a random sample of the applied edits of each rule, for the week's hand check.

    It is the same for a whole week. What was checked is not drawn again. Read each edit in its context and say whether
    a human editor would have made it: `copydesk edits check`, or --csv and `copydesk edits import`.

    \b
    copydesk edits sample --per-rule 5
    copydesk edits sample --rule typo-letter --site news.example --csv check.csv
    """
    with errors_in_words():
        store = opened(load(config, {"warehouse.path": warehouse}))
        from copydesk.run.hand_check import sample as draw

        today = now().date()
        found = draw(store, today, per_rule, site, rule, day_of(since, "--since") if since else None)
        if file is not None:
            _write(file, found.entries, store)
    if as_json:
        told = {"week": found.week, "checked": found.checked, "edits": found.entries}
        click.echo(json.dumps(told, default=str, ensure_ascii=False, indent=1))
        return
    for entry in found.entries if file is None else ():
        click.echo("\n".join(_entry(entry, warehouse)))
    where = f", written to {file}" if file else ""
    drawn = f"{amount(len(found.entries), 'edit')} to check in {found.week}{where}"
    click.echo(f"{drawn}; {found.checked:,} checked this week.")


def _write(file: Path, entries: Sequence[dict[str, Any]], store: Any) -> None:
    from copydesk.run import spreadsheet
    from copydesk.warehouse import decisions

    rows = [{**entry, "context": _marked(entry["context"])} for entry in entries]
    known = max((one.number for one in decisions.read(store.store)), default=0)
    try:
        spreadsheet.write(file, rows, known)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")


def _entry(entry: dict[str, Any], warehouse: str | None) -> list[str]:
    """An edit in lines, with the commands that check it."""
    beside = f" × {entry['places']}" if entry["places"] > 1 else ""
    check = f"      copydesk edits check {_place(entry['uri'], [entry['sequence']], warehouse)}"
    return [f"{entry['rule']}{beside}: {_marked(entry['context'])}", f"{check} --right", f"{check} --wrong"]


def _place(uri: str, sequences: Sequence[int], warehouse: str | None) -> str:
    """Arguments of a command about edits of an article."""
    where = ["--warehouse", warehouse] if warehouse else []
    return shlex.join([uri, *map(str, sequences), *where])


def _marked(context: Sequence[Sequence[str]]) -> str:
    """The context in one line, with changes in the brackets of wdiff: [-removed-]{+inserted+}."""
    from copydesk.report.escape import visible

    marks = {"removed": "[-{}-]", "inserted": "{{+{}+}}"}
    parts = []
    for kind, text in context:
        if kind == "cut":
            parts.append(f" … {int(text):,} characters … " if text else "…")
        else:
            shown = visible(text, every=kind in marks)
            parts.append(marks.get(kind, "{}").format(shown).replace("\n", " "))
    return "".join(parts)


@click.command()
@of_document
@click.argument("sequences", nargs=-1, type=Whole(0), required=True, metavar="SEQUENCE...")
@click.option("--right/--wrong", "is_right", default=None, help="The verdict; one of the two.")
@deciding
@of_warehouse
def check(
    uri: str, sequences: Sequence[int], is_right: bool | None, who: str | None, why: str | None,
    warehouse: str | None, as_json: bool, config: str | None,
) -> None:  # fmt: skip
    """Record whether edits are right: whether a human editor would have made them.

    URI and SEQUENCE are those that `copydesk edits sample` prints. A verdict changes no article; it measures the rule.
    Of two verdicts on an edit the later one counts.

    \b
    copydesk edits check https://news.example/harbour 4 --right
    copydesk edits check https://news.example/harbour 7 --wrong --because "a family name"
    """
    if is_right is None:
        fail("give --right or --wrong")
    from copydesk.hand_check import RIGHT, WRONG
    from copydesk.warehouse.decisions import CHECK

    verdict = RIGHT if is_right else WRONG
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        store = opened(settings)
        made = of_article(store, uri, sequences, decided(who, why, CHECK)._replace(verdict=verdict))
        carried_out(store, made, settings, False)
    if as_json:
        click.echo(json.dumps({"uri": uri, "checked": len(made), "verdict": verdict}, ensure_ascii=False))
        return
    click.echo(f"{amount(len(made), 'edit')} recorded as {verdict}.")
    if not is_right:
        place = _place(uri, sequences, warehouse)
        click.echo(f"The article stays as it is; to take it back: copydesk edits reject {place}")


@click.command()
@of_warehouse
def precision(warehouse: str | None, as_json: bool, config: str | None) -> None:
    """Print the precision of each rule as the hand checks of all weeks measured it, with its 95 % interval (Wilson).

    \b
    copydesk edits precision --json
    """
    with errors_in_words():
        store = opened(load(config, {"warehouse.path": warehouse}))
        from copydesk.run.hand_check import measured
        from copydesk.warehouse import decisions

        rules = measured(decisions.read(store.store))
    if as_json:
        click.echo(json.dumps({"rules": rules}, indent=1))
        return
    for row in rules:
        share = f"{row['right'] / row['checked']:.3f}  ({row['low']:.3f} to {row['high']:.3f})"
        click.echo(f"{row['rule']:24} right {row['right']:,} of {row['checked']:,}: {share}")
        for week in row["weeks"] if len(row["weeks"]) > 1 else ():
            click.echo(f"      {week['week']}  right {week['right']:,} of {week['checked']:,}")
    if not rules:
        click.echo("No edit was checked yet; copydesk edits sample draws some.")
