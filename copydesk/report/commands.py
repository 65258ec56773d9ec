"""The commands that the report and `copydesk show` print, for a person to paste."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from copydesk.edits import SUGGESTED, Edit
from copydesk.records import Article
from copydesk.report.escape import visible
from copydesk.reviewed import ACCEPT, REJECT, Choice, Choices, review

#: Code points kept of a uri; with one that was cut there is no command.
LONGEST_URI = 300


def decide(entry: Mapping[str, Any], warehouse: str = "") -> str:
    """The command that decides otherwise about an edit; empty if that is not possible for it alone, or if its uri is
    cut, or cannot be pasted as it is shown.
    """
    if not entry.get("decidable", True):
        return ""
    action = "accept" if entry["status"] == SUGGESTED else "reject"
    return of_uri(entry["uri"], f"copydesk edits {action}", warehouse, f" {entry['sequence']}")


def accepting(uri: str, edit: Edit, warehouse: str = "") -> str:
    """The command that makes a suggestion in the published document at `uri`; empty if it cannot be pasted as shown.

    It names the suggestion by its texts: its number may be another one in a run, which knows more of the site.
    """
    if any(visible(text, every=True) != text for text in (edit.before, edit.after)):
        return ""
    texts = f" --before {shlex.quote(edit.before)} --after {shlex.quote(edit.after)}"
    return of_uri(uri, "copydesk edits accept", warehouse, option=texts)


def decidable(article: Article, edits: Sequence[Edit], edit: Edit) -> bool:
    """Whether a person can decide otherwise about an edit alone: no later edit changes what it made.

    `edits` are those of the article, ordered by `sequence`.
    """
    action = ACCEPT if edit.status == SUGGESTED else REJECT
    choice = Choice(action, 1, article.uri, None, edit.rule, edit.before, edit.after)
    return not review(article, edits, Choices.of([choice]))[2]


def verdict_of(entry: Mapping[str, Any], verdict: str, warehouse: str = "") -> str:
    """The command that records the `verdict` on an edit of the hand check, `right` or `wrong`."""
    return of_uri(entry["uri"], "copydesk edits check", warehouse, f" {entry['sequence']}", f" --{verdict}")


def of_uri(uri: str, command: str, warehouse: str = "", after: str = "", option: str = "") -> str:
    """`command` for the document at `uri`, with the arguments `after` it and an option; empty if the uri is cut, or
    cannot be pasted as it is shown.
    """
    if len(uri) >= LONGEST_URI or visible(uri, every=True) != uri:
        return ""
    if uri.startswith("-"):
        return f"{in_warehouse(command + option, warehouse)} -- {shlex.quote(uri)}{after}"
    return in_warehouse(f"{command} {shlex.quote(uri)}{after}{option}", warehouse)


def in_warehouse(command: str, warehouse: str) -> str:
    """`command` with the warehouse that it is about, if it does not name one."""
    if not command or not warehouse or "--warehouse" in command or not command.startswith("copydesk "):
        return command
    return f"{command} --warehouse {shlex.quote(warehouse)}"
