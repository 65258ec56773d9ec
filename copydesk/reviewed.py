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
    """The decisions about an edit cannot be carried out; `edit` is the one that changes the same text, if one does."""

    def __init__(self, why: str, edit: Edit | None = None) -> None:
        super().__init__(why)
        self.edit = edit


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

    def plus(self, made: Sequence[Choice]) -> Choices:
        """For the document that `made` are about: these and `made`."""
        if not made:
            return self
        uri = made[0].uri
        assert uri is not None
        return replace(self, by_uri={uri: [*self.by_uri.get(uri, ()), *made]})

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


class Refused(NamedTuple):
    """An edit whose decision cannot be carried out: the edit of another kind that stands in the way, and why."""

    edit: Edit
    by: Edit | None
    why: str


def review(article: Article, edits: Sequence[Edit], choices: Choices) -> tuple[Article, list[Edit], list[Refused]]:
    """The article and its edits as people decided, and those edits whose decision cannot be carried out.

    `edits` are ordered by `sequence`; they may have been reviewed before, with other decisions.
    """
    wanted = [_wanted(edit, choices.last(article, edit)) for edit in edits]
    if wanted == list(edits):
        return article, wanted, []
    # From what copydesk proposed, so that the way there makes no difference.
    done = [_wanted(edit, None) for edit in edits]
    try:
        proposed = _turned_once(article, edits, done) if done != list(edits) else (article, done)
    except Conflict as conflict:
        pairs = zip(edits, wanted, strict=True)
        return article, list(edits), [Refused(new, None, str(conflict)) for old, new in pairs if old != new]
    wanted = [o._replace(status=new.status, proposed=new.proposed) for o, new in zip(proposed[1], wanted, strict=True)]
    try:
        return *_turned(*proposed, wanted), []
    except Conflict:
        return _as_far_as_possible(*proposed, wanted)


def _as_far_as_possible(
    article: Article, edits: Sequence[Edit], wanted: Sequence[Edit]
) -> tuple[Article, list[Edit], list[Refused]]:
    """One kind of edit after the other takes the status of `wanted`, the last ones first: others build on the first."""
    result = article, list(edits)
    done = list(edits)
    refused: list[Refused] = []
    pairs = zip(reversed(edits), reversed(wanted), strict=True)
    for kind in dict.fromkeys(kind_of(old) for old, new in pairs if old != new):
        some = [new if kind_of(new) == kind else old for old, new in zip(done, wanted, strict=True)]
        try:
            result = _turned(article, edits, some)
            done = some
        except Conflict as conflict:
            by = conflict.edit if conflict.edit and kind_of(conflict.edit) != kind else None
            own = [new for old, new in zip(done, some, strict=True) if old != new]
            refused[:0] = [Refused(edit, by, str(conflict)) for edit in own]
    return *result, refused


def counted(article: Article, edits: Sequence[Edit]) -> Article:
    """`article` with the numbers of its words, edits and suggestions."""
    return replace(
        article,
        word_count=len(article.headline.split()) + len(article.body.split()),
        edit_count=sum(edit.status == APPLIED for edit in edits),
        suggestion_count=sum(edit.status == SUGGESTED for edit in edits),
    )


def kind_of(edit: Edit) -> tuple[str, str, str]:
    """Edits of one kind are decided together: a correction in the headline is one of the title, too."""
    return edit.rule, edit.before, edit.after


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
                    source = _applied(source, edit)
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


def _applied(text: str, edit: Edit) -> str:
    try:
        return apply(text, edit)
    except EditMismatch:
        raise _same_text(edit) from None


def _same_text(edit: Edit) -> Conflict:
    return Conflict("another edit changes the same text", edit)


class _Region(NamedTuple):
    """A part of the text that differs: where it starts and ends in the present text, and in the wanted one."""

    start: int
    end: int
    new_start: int
    new_end: int

    def mirrored(self) -> _Region:
        return _Region(self.new_start, self.new_end, self.start, self.end)


def _moved(edits: Sequence[Edit], wanted: Sequence[Edit]) -> tuple[list[Edit], list[_Region]]:
    """`wanted` with the offsets that they have once all edits before them have their wanted status, and the regions in
    which the texts after all edits differ. Raises `Conflict` if an edit that stays changes a part of such a region.

    A rejected edit of text that is not there stands as far behind the start of the region as it did before.
    """
    regions: list[_Region] = []
    done: list[Edit] = []
    for edit, new in zip(edits, wanted, strict=True):
        if not regions and edit.status == new.status:
            done.append(new)
            continue
        places = _new_places(edit, regions)
        was, will = edit.status == APPLIED, new.status == APPLIED
        if edit.status == new.status != REJECTED and _are_in(regions, edit):
            raise _same_text(edit)
        if was and will:
            regions = _shifted(regions, edit)
        elif was:
            regions = _changed(regions, edit, edit.places, places)
        elif will:
            regions = _mirrored(_changed(_mirrored(regions), edit, places, edit.places))
        done.append(_at(new, places))
    return done, regions


def _new_places(edit: Edit, regions: Sequence[_Region]) -> list[int]:
    """The places of `edit` in the wanted text."""
    bounds = [(region.start, region.end) for region in regions]
    places = []
    for place in edit.places:
        index = bisect_right(bounds, (place, place))
        last = regions[index - 1] if index else _Region(0, 0, 0, 0)
        inside = place < last.end
        new = last.new_start + place - last.start if inside else last.new_end + place - last.end
        if inside and new >= last.new_end:
            raise _same_text(edit)
        places.append(new)
    return places


def _are_in(regions: Sequence[_Region], edit: Edit) -> bool:
    """Whether `edit` changes a part of one of `regions`."""
    starts = [region.start for region in regions]
    lasts = ((place, bisect_left(starts, place + len(edit.before)) - 1) for place in edit.places)
    return any(last >= 0 and regions[last].end > place for place, last in lasts)


def _shifted(regions: Sequence[_Region], edit: Edit) -> list[_Region]:
    """`regions` after an edit of both texts elsewhere."""
    growth = len(edit.after) - len(edit.before)
    shifts = (growth * bisect_left(edit.places, r.start + (r.end > r.start)) for r in regions)
    return [_Region(*(offset + shift for offset in r)) for r, shift in zip(regions, shifts, strict=True)]


def _mirrored(regions: Sequence[_Region]) -> list[_Region]:
    return [region.mirrored() for region in regions]


def _changed(regions: Sequence[_Region], edit: Edit, places: Sequence[int], others: Sequence[int]) -> list[_Region]:
    """`regions` after an edit of the present text only, at `places`, which are at `others` in the wanted text. A region
    that the edit changes a part of grows by what else the edit changes.
    """
    width, growth = len(edit.before), len(edit.after) - len(edit.before)
    waiting = list(reversed(regions))
    done: list[_Region] = []
    for number, (place, other) in enumerate(zip(places, others, strict=True)):
        shift = growth * number
        while waiting and waiting[-1].end <= place:
            done.append(_later(waiting.pop(), shift))
        start, end = place + shift, place + shift + width
        hit = [done.pop()] if done and done[-1].end > start else []
        while waiting and waiting[-1].start < place + width:
            hit.append(_later(waiting.pop(), shift))
        if not hit:
            hit = [_Region(start, end, other, other + width)]
        first, last = hit[0], hit[-1]
        before, behind = max(0, first.start - start), max(0, end - last.end)
        done.append(
            _Region(first.start - before, last.end + behind + growth, first.new_start - before, last.new_end + behind)
        )
    return done + [_later(region, growth * len(places)) for region in reversed(waiting)]


def _later(region: _Region, shift: int) -> _Region:
    return region._replace(start=region.start + shift, end=region.end + shift)


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
        if region.start < len(headline) < region.end:
            raise Conflict("an edit changed headline and body at once")
        behind = region.start == region.end == len(headline) and not text.startswith("\n", region.new_start)
        if region.start < len(headline) or behind:
            end += region.new_end - region.new_start - (region.end - region.start)
    return end
