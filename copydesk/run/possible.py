"""Which decisions about edits can be carried out: those about one document are kept as far as they can be."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from copydesk.edits import APPLIED, Edit
from copydesk.records import Article
from copydesk.reviewed import ACCEPT, REJECT, Choice, Choices, Refused, kind_of, review
from copydesk.warehouse import decisions
from copydesk.warehouse.decisions import Decision


class Refusal(NamedTuple):
    """A decision about an edit of the article at `uri` that cannot be carried out, and the actions on edits, in their
    order, that would carry it out; none if there are none.
    """

    uri: str
    refused: Refused
    instead: Sequence[tuple[str, Edit]] = ()


@dataclass(frozen=True)
class Outcome:
    """An article and its edits as decided, what is kept of the decisions about it alone, and what is not."""

    article: Article
    edits: list[Edit]
    kept: list[Decision]
    refused: list[tuple[str, Refused]]

    def refusals(self, choices: Choices, most: int) -> list[Refusal]:
        """What is not kept, at most `most` of it. `choices` are all decisions without those about this article."""
        choices = choices.plus(list(decisions.choices(self.kept)))
        found: dict[tuple[str, str, str], Sequence[tuple[str, Edit]]] = {}
        for action, one in self.refused[:most]:
            if kind_of(one.edit) not in found:
                found[kind_of(one.edit)] = companions(self.article, self.edits, choices, one, action)
        return [Refusal(self.article.uri, one, found[kind_of(one.edit)]) for _, one in self.refused[:most]]


def possible(
    article: Article, edits: Sequence[Edit], known: Choices, choices: Choices, own: Sequence[Decision]
) -> Outcome:
    """What becomes of an article. `known` are the decisions so far, `choices` these and new ones about several
    articles, `own` the new ones about this one. A conflict that was there before is not told again.
    """
    standing: set[tuple[str, str, str]] | None = None
    refused: list[tuple[str, Refused]] = []
    while True:
        done, turned, conflicts = review(article, edits, choices.plus(list(decisions.choices(own))))
        if conflicts and standing is None:
            standing = {kind_of(one.edit) for one in review(article, edits, known)[2]}
        fresh = [one for one in conflicts if kind_of(one.edit) not in (standing or ())]
        out = _of_these(article, edits, fresh, own) if fresh else []
        if not out:
            others = [(ACCEPT if one.edit.status == APPLIED else REJECT, one) for one in fresh]
            return Outcome(done, turned, list(own), refused + others)
        refused += out
        own = [part for one in own for part in _without(article, edits, one, {kind_of(r.edit) for _, r in out})]


def _of_these(
    article: Article, edits: Sequence[Edit], conflicts: Sequence[Refused], own: Sequence[Decision]
) -> list[tuple[str, Refused]]:
    """The conflicts as those of the decisions `own`: about the edit, or the one in its way, or else all of them."""
    turned = [Refused(one.by, one.edit, one.why) for one in conflicts if one.by]
    whole = [Refused(edit, None, conflicts[0].why) for edit in edits]
    for some in (conflicts, turned, whole):
        found = [(one.action, refused) for refused in some for one in own if _fits(one, article, refused.edit)]
        if found:
            break
    return list({refused.edit.sequence: (action, refused) for action, refused in found}.values())


def _fits(decision: Decision, article: Article, edit: Edit) -> bool:
    return any(choice.fits(article, edit) for choice in decisions.choices([decision]))


def _without(
    article: Article, edits: Sequence[Edit], decision: Decision, kinds: Iterable[tuple[str, str, str]]
) -> list[Decision]:
    """What is left of a decision without edits of these kinds: itself, or one for each other kind."""
    own = dict.fromkeys(kind_of(edit) for edit in edits if _fits(decision, article, edit))
    if not own.keys() & set(kinds):
        return [decision]
    left = own.keys() - set(kinds)
    return [decision._replace(rule=kind[0], before=kind[1], after=kind[2]) for kind in own if kind in left]


def companions(
    article: Article, edits: Sequence[Edit], choices: Choices, refused: Refused, action: str
) -> list[tuple[str, Edit]]:
    """The actions on edits that carry out `action` on the edit that was `refused`, in their order; empty if none do."""
    standing = {kind_of(one.edit) for one in review(article, edits, choices)[2]}
    for other in dict.fromkeys((action, REJECT)):
        chosen = {kind_of(refused.edit): (action, refused.edit)}
        by = refused.by
        while by is not None and kind_of(by) not in chosen:
            chosen[kind_of(by)] = other, by
            made = [Choice(does, sys.maxsize, article.uri, None, *kind) for kind, (does, _) in chosen.items()]
            conflicts = review(article, edits, choices.plus(made))[2]
            fresh = [one for one in conflicts if kind_of(one.edit) not in standing]
            if not fresh:
                return sorted(chosen.values(), key=lambda one: (one[0] == action, one[1].sequence))
            by = next((one.by for one in fresh if one.by and kind_of(one.by) not in chosen), None)
    return []
