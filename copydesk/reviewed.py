"""Applies what people decided to an article and its edits.

A decision makes an edit that was suggested, or takes one back that was made. The edits after it keep what they change,
and their offsets move. The result depends on what copydesk proposed and on the last decision about each edit, not on
the order of the decisions: so a decision gives the same rows at once and in a later run.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from copydesk.edits import (
    APPLIED,
    REJECTED,
    SUGGESTED,
    TEXT,
    TITLE,
    Edit,
    EditMismatch,
    apply,
    published_text,
    undo_all,
)
from copydesk.records import Article

ACCEPT, REJECT, REVERT = "accept", "reject", "revert"


class Conflict(ValueError):
    """The decisions about an edit cannot be carried out: another edit changes the same text."""


class Choice(NamedTuple):
    """A decision about edits. What is None fits every article, or every edit. Of several the highest `number` counts.

    `action` is `accept`, `reject` or `revert`, which leaves it to copydesk. With a `word`, it is about the corrections
    of typos in texts that have this word, in any case.
    """

    action: str
    number: int
    uri: str | None = None
    site: str | None = None
    rule: str | None = None
    before: str | None = None
    after: str | None = None
    word: str | None = None

    def fits(self, article: Article, edit: Edit) -> bool:
        """Whether it is about this edit."""
        if self.word is not None and (edit.step != "typos" or self.word not in edit.before.casefold().split()):
            return False
        return (
            (self.before is None or self.before == edit.before)
            and (self.after is None or self.after == edit.after)
            and (self.rule is None or self.rule == edit.rule)
            and (self.uri is None or self.uri == article.uri)
            and (self.site is None or self.site == article.site)
        )


@dataclass(frozen=True)
class Choices:
    """Decisions about edits, by the documents that they are about; those in `general` are about several.

    `released` are documents that are published whatever the checks say, `withdrawn` those whose release was taken back,
    each as its uri and the SHA-256 of its content.
    """

    by_uri: Mapping[str, Sequence[Choice]] = field(default_factory=dict)
    by_text: Mapping[str, Sequence[Choice]] = field(default_factory=dict)
    general: Sequence[Choice] = ()
    released: frozenset[tuple[str, str]] = frozenset()
    withdrawn: frozenset[tuple[str, str]] = frozenset()

    @staticmethod
    def of(choices: Iterable[Choice]) -> Choices:
        by_uri: dict[str, list[Choice]] = {}
        by_text: dict[str, list[Choice]] = {}
        general: list[Choice] = []
        for choice in choices:
            if choice.uri is not None:
                by_uri.setdefault(choice.uri, []).append(choice)
            elif choice.before is not None:
                by_text.setdefault(choice.before, []).append(choice)
            else:
                general.append(choice)
        return Choices(by_uri, by_text, general)

    def about(self, uris: Iterable[str]) -> Choices:
        """Those that may be about the documents at `uris`."""
        uris = frozenset(uris)
        released, withdrawn = (
            frozenset(pair for pair in pairs if pair[0] in uris) for pairs in (self.released, self.withdrawn)
        )
        by_uri = {uri: self.by_uri[uri] for uri in uris if uri in self.by_uri}
        return replace(self, by_uri=by_uri, released=released, withdrawn=withdrawn)

    def last(self, article: Article, edit: Edit) -> Choice | None:
        """The one that counts for an edit."""
        last: Choice | None = None
        for some in (self.by_uri.get(article.uri, ()), self.by_text.get(edit.before, ()), self.general):
            for one in some:
                if one.fits(article, edit) and (last is None or one.number > last.number):
                    last = one
        return last

    def __bool__(self) -> bool:
        return bool(self.by_uri or self.by_text or self.general)


NO_CHOICES = Choices()


def review(article: Article, edits: Sequence[Edit], choices: Choices) -> tuple[Article, list[Edit], list[Edit]]:
    """The article and its edits as people decided, and those edits whose decision cannot be carried out.

    `edits` are ordered by `sequence`; they may have been reviewed before, with other decisions.
    """
    wanted = [_wanted(edit, choices.last(article, edit)) for edit in edits]
    if wanted == list(edits):
        return article, wanted, []
    try:
        return *_turned(article, edits, wanted), []
    except Conflict:
        pass
    # From what copydesk proposed, one kind of edit after the other, as far as that is possible.
    done = [_wanted(edit, None) for edit in edits]
    if done != list(edits):
        try:
            article, done = _turned(article, edits, done)
        except Conflict:
            return article, list(edits), [new for edit, new in zip(edits, wanted, strict=True) if edit != new]
    conflicts: list[Edit] = []
    pairs = zip(done, wanted, strict=True)
    for kind in dict.fromkeys(_kind(old) for old, new in pairs if _state(old) != _state(new)):
        some = [new if _kind(new) == kind else old for old, new in zip(done, wanted, strict=True)]
        some = [
            edit._replace(start=old.start, end=old.end, positions=old.positions)
            for edit, old in zip(some, done, strict=True)
        ]
        try:
            article, done = _turned(article, done, some)
        except Conflict:
            conflicts += [new for old, new in zip(done, some, strict=True) if old != new]
    return article, done, conflicts


def counted(article: Article, edits: Sequence[Edit]) -> Article:
    """`article` with the numbers of its words, edits and suggestions."""
    return replace(
        article,
        word_count=len(article.headline.split()) + len(article.body.split()),
        edit_count=sum(edit.status == APPLIED for edit in edits),
        suggestion_count=sum(edit.status == SUGGESTED for edit in edits),
    )


def _kind(edit: Edit) -> tuple[str, str, str]:
    """Edits of one kind are turned together: a correction in the headline is one of the title, too."""
    return edit.rule, edit.before, edit.after


def _state(edit: Edit) -> tuple[str, str | None]:
    return edit.status, edit.proposed


def _wanted(edit: Edit, choice: Choice | None) -> Edit:
    """`edit` with the status that `choice` gives it."""
    if choice is None and edit.proposed is None:
        return edit
    proposed = edit.proposed or edit.status
    if choice is None or choice.action == REVERT:
        return edit._replace(status=proposed, proposed=None)
    return edit._replace(status=APPLIED if choice.action == ACCEPT else REJECTED, proposed=proposed)


def _turned(article: Article, edits: Sequence[Edit], wanted: Sequence[Edit]) -> tuple[Article, list[Edit]]:
    """The article and its edits with the status of `wanted`. Raises `Conflict`, also if there were no way back: where
    the headline ends, for one, may not be told any more once an edit that made it is gone.
    """
    turned, done = _turned_once(article, edits, wanted)
    back = [edit._replace(status=old.status, proposed=old.proposed) for edit, old in zip(done, edits, strict=True)]
    again, before = _turned_once(turned, done, back)
    if (again.headline, again.body, before) != (article.headline, article.body, list(edits)):
        raise Conflict("the decision could not be undone")
    return turned, done


def _turned_once(article: Article, edits: Sequence[Edit], wanted: Sequence[Edit]) -> tuple[Article, list[Edit]]:
    done = list(wanted)
    headline, body = article.headline, article.body
    fields: dict[str, tuple[str, int]] = {}
    try:
        for name, text in ((TEXT, published_text(headline, body)), (TITLE, headline)):
            own = [index for index, edit in enumerate(edits) if edit.field == name]
            if own:
                own = own[_first_turned([edits[i] for i in own], [wanted[i] for i in own]) :]
                source = undo_all(text, [edits[index] for index in own], name)
                moved, regions = _moved([edits[i] for i in own], [wanted[i] for i in own])
                for index, edit in zip(own, moved, strict=True):
                    done[index] = edit
                    source = apply(source, edit)
                fields[name] = source, _end_of(headline, regions, source)
    except EditMismatch as error:
        raise Conflict(str(error)) from error
    if TEXT in fields:
        text, end = fields[TEXT]
        headline, body = text[:end], text[end:]
        if headline and body:
            if not body.startswith("\n\n") or "\n\n" in headline:
                raise Conflict("the headline would no longer be told from the body")
            body = body.removeprefix("\n\n")
        if published_text(headline, body) != text:
            raise Conflict("the text would no longer be a headline and a body")
    if TITLE in fields and fields[TITLE][0] != headline:
        raise Conflict("the headline would no longer be the given title")
    return counted(replace(article, headline=headline, body=body), done), done


def _first_turned(edits: Sequence[Edit], wanted: Sequence[Edit]) -> int:
    """The place of the first edit whose status changes: the text up to there stays as it is."""
    pairs = enumerate(zip(edits, wanted, strict=True))
    return next((place for place, (edit, new) in pairs if edit.status != new.status), len(edits))


class _Region(NamedTuple):
    """A part of the text that differs: `start` and `width` in the present text, `length` in the wanted one."""

    start: int
    width: int
    length: int


def _moved(edits: Sequence[Edit], wanted: Sequence[Edit]) -> tuple[list[Edit], list[_Region]]:
    """`wanted` with the offsets that they have once all edits before them have their wanted status, and the regions in
    which the texts after all edits differ. Raises `Conflict` if an edit changes a part of such a region.
    """
    regions: list[_Region] = []
    done: list[Edit] = []
    for edit, new in zip(edits, wanted, strict=True):
        if not regions and edit.status == new.status:
            done.append(new)
            continue
        width, growth = len(edit.before), len(edit.after) - len(edit.before)
        starts = [region.start for region in regions]
        shift = [0]
        for region in regions:
            shift.append(shift[-1] + region.length - region.width)
        places = []
        for place in edit.places:
            index = bisect_right(starts, place)
            while index and regions[index - 1].start == place and regions[index - 1].width:
                index -= 1
            if index and regions[index - 1].start + regions[index - 1].width > place:
                raise Conflict(f"{edit.rule} changes text that another edit changed")
            if index < len(regions) and regions[index].start < place + width:
                raise Conflict(f"{edit.rule} changes text that another edit changed")
            places.append(place + shift[index])
        done.append(_at(new, places))
        was, will = edit.status == APPLIED, new.status == APPLIED
        if was and growth:
            old = edit.places
            regions = [r._replace(start=r.start + growth * bisect_left(old, r.start + bool(r.width))) for r in regions]
        if was != will:
            before, after = (len(edit.after), width) if was else (width, len(edit.after))
            step = growth if was else 0
            regions += [_Region(place + step * number, before, after) for number, place in enumerate(edit.places)]
            regions.sort()
    return done, regions


def _at(edit: Edit, places: Sequence[int]) -> Edit:
    if tuple(places) == edit.places:
        return edit
    end = places[0] + len(edit.before)
    return edit._replace(
        start=places[0], end=end, positions=tuple(places) if edit.positions is not None else edit.positions
    )


def _end_of(headline: str, regions: Sequence[_Region], text: str) -> int:
    """Where the headline ends in the wanted `text`. What comes back behind it is part of it unless it begins a line."""
    if not headline:
        return 0
    end = len(headline)
    for region in regions:
        if region.start < end < region.start + region.width:
            raise Conflict("an edit changed headline and body at once")
        begins = region.start + end - len(headline)
        if region.start < len(headline) or (
            region.start == len(headline) and not region.width and not text.startswith("\n", begins)
        ):
            end += region.length - region.width
    return end
