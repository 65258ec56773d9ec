"""Decisions about edits as CSV, for those who decide in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from copydesk.edits import Edit
from copydesk.hand_check import RIGHT, WRONG
from copydesk.records import Article, article_id
from copydesk.reviewed import ACCEPT, REJECT, REVERT, Choices
from copydesk.sources.csvs import STATED, separator
from copydesk.text.encodings import Undecodable, decode
from copydesk.warehouse import Warehouse, decisions
from copydesk.warehouse.decisions import CHECK, Decision
from copydesk.warehouse.published import article_of
from copydesk.warehouse.store import WarehouseError

#: The columns; `decision` and `why` are filled in by a person. `known` is the number of the newest decision then.
COLUMNS = ("uri", "sequence", "rule", "before", "after", "status", "confidence", "context", "known", "decision", "why")
_DECISIONS = (ACCEPT, REJECT, REVERT, RIGHT, WRONG)


class Row(NamedTuple):
    """One row with a decision: its line in the file, and what it says."""

    line: int
    uri: str
    sequence: int
    rule: str
    before: str
    after: str
    known: int
    decision: str
    why: str | None

    @property
    def is_check(self) -> bool:
        """Whether it is a verdict of the hand check."""
        return self.decision in (RIGHT, WRONG)

    @property
    def about(self) -> tuple[str | bool, ...]:
        """What it is about: two rows about the same must say the same."""
        return self.uri, self.rule, self.before, self.after, self.is_check


def write(path: Path, rows: Iterable[Mapping[str, Any]], known: int) -> int:
    """Write edits, each with its `uri`; returns their number. `known` is the number of the newest decision."""
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # spreadsheets need the mark to read UTF-8
        table = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        table.writeheader()
        for row in rows:
            texts = {name: _plain(row[name]) for name in ("uri", "rule", "before", "after", "context")}
            table.writerow({**row, **texts, "known": known, "decision": "", "why": ""})
            count += 1
    return count


def _plain(text: str | None) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text and text[0] in _FORMULA else text or ""


def _as_written(text: str | None) -> str:
    return (text or "")[1:] if text and text[0] == "'" and text[1:2] in _FORMULA and text[1:] else text or ""


# A quotation mark makes a cell text, so one of the text itself needs another.
_FORMULA = "=+-@\t\r'"


def read(path: Path) -> list[Row]:
    """The rows with a decision. Raises `WarehouseError` with the line for a file that cannot be used."""
    try:
        file = StringIO(decode(path.read_bytes()).text, newline="")
        header = file.readline()
        stated = STATED.match(header.encode())
        header = file.readline() if stated else header
        mark = stated[1].decode() if stated else separator(header.strip(), lambda names: "uri" in names)
        table = csv.DictReader(chain([header], file), delimiter=mark)
        missing = [name for name in COLUMNS if name not in (table.fieldnames or ()) and name not in _OPTIONAL]
        if missing:
            raise WarehouseError(f"{path} has no column {missing[0]!r}; write one with `copydesk edits export`")
        return [
            _row(path, table.line_num + bool(stated), row, decision)
            for row in table
            if (decision := (row["decision"] or "").strip().lower())
        ]
    except Undecodable as error:
        raise WarehouseError(f"{path} cannot be read: {error}; save it as CSV in UTF-8") from error
    except (OSError, csv.Error) as error:
        raise WarehouseError(f"{path} cannot be read: {error}") from error


_OPTIONAL = ("status", "confidence", "context", "why")


def _row(path: Path, line: int, row: Mapping[str, str | None], decision: str) -> Row:
    if decision not in _DECISIONS:
        raise WarehouseError(f"{path}, line {line}: the decision is {decision!r}; allowed are {', '.join(_DECISIONS)}")
    try:
        sequence, known = int(row["sequence"] or ""), int(row["known"] or "")
    except ValueError:
        raise WarehouseError(f"{path}, line {line}: `sequence` and `known` must be whole numbers") from None
    uri, rule, before, after = (_as_written(row[name]) for name in ("uri", "rule", "before", "after"))
    return Row(line, uri, sequence, rule, before, after, known, decision, row.get("why") or None)


def settle(warehouse: Warehouse, rows: Sequence[Row], by: Decision) -> tuple[list[Decision], list[str]]:
    """The decisions of `rows` made by a person, and conflicts in words: those rows are left out.

    A row conflicts with another row on the same edit that says otherwise, with an edit that has changed, and with a
    decision that was made since the file was written.
    """
    made, conflicts = [], []
    known = decisions.read(warehouse.store)
    choices = Choices.of(decisions.choices(known))
    checked = {(one.uri, one.rule, one.before, one.after): one for one in decisions.checks(known)}
    said: dict[tuple[str | bool, ...], set[str]] = {}
    for row in rows:
        said.setdefault(row.about, set()).add(row.decision)
    articles = {
        article.uri: (article, edits)
        for article, edits in map(
            article_of, warehouse.published(warehouse.history(), {article_id(row.uri) for row in rows}).to_pylist()
        )
    }
    for row in rows:
        article, edits = articles.get(row.uri, (None, []))
        edit = edits[row.sequence] if 0 <= row.sequence < len(edits) else None
        last = _last(row, choices, article, edit, checked)
        if len(said[row.about]) > 1:
            problem = "another line decides otherwise about the same edit"
        elif article is None:
            problem = "the document is not published"
        elif edit is None or (edit.rule, edit.before, edit.after) != (row.rule, row.before, row.after):
            problem = f"edit {row.sequence} is another one now"
        elif last and last[0] > row.known and last[1] != row.decision:
            who = next(one.who for one in known if one.number == last[0])
            problem = f"{who} decided {last[1]!r} since the file was written"
        else:
            one = by._replace(action=row.decision, why=row.why or by.why, uri=row.uri)
            one = one._replace(action=CHECK, verdict=row.decision) if row.is_check else one
            made.append(one._replace(rule=row.rule, before=row.before, after=row.after))
            continue
        conflicts.append(f"line {row.line}: {row.uri}, edit {row.sequence}: {problem}")
    return list(dict.fromkeys(made)), conflicts


def _last(
    row: Row, choices: Choices, article: Article | None, edit: Edit | None, checked: Mapping[tuple[Any, ...], Decision]
) -> tuple[int, str | None] | None:
    """The number of the last decision, or check, about the edit of a row, and what it says."""
    if row.is_check:
        check = checked.get((row.uri, row.rule, row.before, row.after))
        return (check.number, check.verdict) if check else None
    choice = choices.last(article, edit) if article and edit else None
    return (choice.number, choice.action) if choice else None
