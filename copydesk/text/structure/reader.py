"""Structure: from a normalized text to headline, body, and the columns that stood on lines around them.

Lines are read from the top until the story begins and from the end until it ends; what belongs to a column is taken
out of the text as an edit. What cannot be told stays in the body, and its column stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import NamedTuple

from copydesk.config import DatesConfig
from copydesk.edits import TITLE, Edit, Span, replace
from copydesk.records import CRITICAL, INFO, WARNING, Problem
from copydesk.text import dates
from copydesk.text.site import NO_SITE, Site, site_of
from copydesk.text.structure import credit_lines, datelines, headline, lead, page
from copydesk.text.structure.column_lines import LineReader
from copydesk.text.structure.furniture import credit_before, find_furniture, is_credit, is_notice
from copydesk.text.structure.paragraphs import Paragraph, ends_sentence, removals, split, staying

STEP = "structure"

_CUT_OFF = re.compile(r"(?P<marker>\s*\[\+\s?\d+ chars\])$|(?:…|\.\.\.|\[…\]|\[\.\.\.\])[\])\"'”’»]*$")
#: A Chinese dateline ends in its reporter: （记者 李明）.
_BRACKETS = re.compile(r"[(（][^()（）]{2,30}[)）]")
_LETTER = re.compile(r"[^\W\d_]")
#: More paragraphs than this are no notice of the site.
_MOST_NOTICES = 20
_NO_STORY = frozenset(
    f"{kind}-line" for kind in ("share", "subscribe", "related", "comments", "page", "notice", "player")
)

#: So many lines may stand above a story, and below it.
TOP, BOTTOM = 14, 8


class Given(NamedTuple):
    """What stood beside the text: its title and date as the source gave them, where it came from, and what the other
    documents of its site prove."""

    title: str | None = None
    date: str | None = None
    uri: str = ""
    site: Site = NO_SITE


@dataclass
class Layout:
    """What the structure step found. `headline` and `body` are parts of the new text, in this order."""

    headline: str = ""
    body: str = ""
    published_at: datetime | None = None
    published_date: date | None = None
    date_text: str | None = None
    dateline: str | None = None
    agency: str | None = None
    byline: tuple[str, ...] = ()
    attribution: str | None = None
    view_count: int | None = None
    problems: list[Problem] = field(default_factory=list)
    #: Whether nothing in the document tells day and month of its date apart.
    date_order_open: bool = False


#: A paragraph of at least so many characters that ends as a sentence does is part of a story.
_PROSE = 80
_STORY_START = re.compile(r"[\"'“(]?[A-ZÀ-ÞİŞĞ\u0400-\u042f\u0600-\u06ff\u3041-\u30ff\u4e00-\u9fff]")
# Without a mark behind it, a date that goes on like this begins a sentence: `21 мая 2019 года Совет решил`.
_IN_A_SENTENCE = re.compile(r"\d\s?[^\W\d_]+\.?$(?<!:\d\d\s[ap]m)", re.IGNORECASE)
_UNCASED = re.compile(r"[\"'“(]?[\u0600-\u06ff]")
_HEADLINE_START = re.compile(r"[\"'“(]?[A-ZÀ-ÞİŞĞ\d]")
_AFTER_DATE = re.compile(r"\s*[.:|–—-]?\s+")


def structure(text: str, given: Given, config: DatesConfig, off: Collection[str] = ()) -> tuple[Layout, list[Edit]]:
    """Find the structure of a text in paragraphs with one empty line between.

    `given.title` is repaired and normalized already. Returns the layout and the edits that lead from `text` to
    `copydesk.edits.published_text(layout.headline, layout.body)`, and from the title to the headline. Edits of the
    rules that are `off` are not made: the text stays, and columns are read all the same.
    """
    reader = _Reader(text, given, config, off)
    reader.read_first_line()
    reader.read_head()
    reader.read_top()
    reader.take_boilerplate()
    reader.take_furniture()
    reader.read_bottom()
    reader.read_cut()
    reader.read_lead()
    return reader.finish()


class _Reader:
    def __init__(self, text: str, given: Given, config: DatesConfig, off: Collection[str]) -> None:
        self.text = text
        self.off = off
        self.given = given
        self.layout = Layout()
        self.paragraphs = split(text)
        self.removed: dict[int, tuple[str, float]] = {}
        self.inner: list[Span] = []  # removals within a paragraph that stays
        self.title = given.title or None
        self.headlines: list[int] = []  # paragraphs that are the headline, in one form or another
        self.split: Span | None = None  # between a headline and the story on its line
        self.page_headline = -1
        self.story_from: int | None = None  # where a deck stands above the story
        self.body_from = 0
        self._refrain: bool | None = None
        self.dates: list[tuple[dates.FoundDate, str]] = []
        self.lines = LineReader(text, config, given.site.numeric_order, given.uri)

    # --- lines above the story

    def read_first_line(self) -> None:
        """What else stands on the line of the headline: the path to the page, a caption, the date, the story itself."""
        if not self.paragraphs:
            return
        first = self.paragraphs[0]
        if not page.is_only_path(first.text) and (path := page.path_before(first.text)):
            first = self.paragraphs[0] = first.without(path, "page-head")
        if credit := credit_before(first.text[:400]):
            first = self.paragraphs[0] = first.without(credit, "photo-credit")
        if self.title is not None or not (length := self._date_prefix(first.text, _HEADLINE_START)):
            return
        found = headline.before_story(first.text[length:])
        if found is None:
            self.dates.pop()
            return
        line, rest = found
        first = first.without(length, "date-prefix")
        self.split = Span(first.at + line, first.at + rest, "\n\n", "headline-line", 0.95)
        self.paragraphs[:1] = [
            first._replace(end=self.split.start, text=first.text[:line]),
            Paragraph(self.split.end, first.end, first.text[rest:]),
        ]

    def read_head(self) -> None:
        """The head of a web page: its title, the path to it, buttons, and the headline behind them."""
        lines = [paragraph.text for paragraph in self.paragraphs[: page.HEAD]]
        site = _site_names(self.given.uri, self.layout)
        head = page.find_head(lines, self.title, site, lambda line: self.lines.read(line, top=True) is not None)
        if head is None:
            return
        self.headlines = [*head.headlines[head.retold :]]
        if self.title is None and head.labelled:
            self.page_headline = head.headlines[-1]
        if head.retold:
            self.removed[head.headlines[0]] = ("headline-near", 0.9)
        for index in head.between:
            rule = self._take_line(lines[index], top=True)
            piece = find_furniture(lines[index])
            self.removed[index] = (rule or (piece.rule if piece else "page-head"), 0.96)

    def read_top(self) -> None:
        for index, paragraph in enumerate(self.paragraphs[: page.HEAD]):
            self.body_from = index
            line = paragraph.text
            if index in self.removed or index in self.headlines:
                continue
            if self._is_headline(index, line):
                self.headlines.append(index)
            elif rule := self._take_line(line, top=True):
                self.removed[index] = (rule, 0.99)
            elif self._labels_a_date(index):
                self.removed[index] = ("date-line", 0.97)
            elif index + 1 < len(self.paragraphs) and not ends_sentence(line) and self._take_recurring(index):
                continue
            elif index + 1 < len(self.paragraphs) and (piece := find_furniture(line)):
                self.removed[index] = (piece.rule, 0.97)
            elif index + 1 < len(self.paragraphs) and page.is_only_path(line):
                self.removed[index] = ("page-head", 0.97)
            else:
                self._read_below_deck(index)
                return
        self.body_from = min(len(self.paragraphs), page.HEAD)

    def _read_below_deck(self, deck: int) -> None:
        """The lines between a deck and the story, where the paragraph at `deck` is one; it stays in the body."""
        lines = [paragraph.text for paragraph in self.paragraphs[deck : deck + page.HEAD]]
        if not self._known_headline or not page.is_deck(lines, 0, self._is_byline):
            return
        for index, line in enumerate(lines[1:-1], deck + 1):
            piece = find_furniture(line)
            rule = self._take_line(line, top=True) or (piece.rule if piece else None)
            if rule is None and self._labels_a_date(index):
                rule = "date-line"
            if rule is None:
                self.story_from = index
                return
            self.removed[index] = (rule, 0.96)

    def _is_byline(self, line: str) -> bool:
        held = self.lines.read(line, top=True)
        return held is not None and held.rule == "byline"

    def _labels_a_date(self, index: int) -> bool:
        """Whether a line is a label such as `Published:`, and the date stands on the line behind it."""
        line, behind = self.paragraphs[index].text, self.paragraphs[index + 1 : index + 2]
        return dates.is_label(line) and bool(behind) and self.lines.holds_date(behind[0].text)

    def _is_headline(self, index: int, line: str) -> bool:
        if self.title is not None:
            return headline.likeness(line, self.title) is not None
        if self.headlines:
            return headline.likeness(line, self.paragraphs[self.headlines[0]].text) is not None
        if len(line) > headline.MAX_CHARACTERS or self._is_no_story(line):
            return False
        rest = [p.text for p in self.paragraphs[index + 1 : index + 1 + TOP]]
        if not rest:
            return index == 0 and _is_lone_headline(line)
        story = list(islice((p for p in rest if not self._is_no_story(p)), 10))
        if not story:
            return index == 0 and _is_lone_headline(line)
        again = headline.likeness(story[0], line)
        if again and again.rule != "headline-near" and len(headline.tokens(line)) >= 2:
            return True
        return headline.looks_like_headline(line, story)

    def _is_no_story(self, line: str) -> bool:
        return (
            self.lines.read(line, top=True) is not None or find_furniture(line) is not None or page.is_only_path(line)
        )

    def _take_line(self, line: str, top: bool) -> str | None:
        """Fill the columns that a line holds and name the rule; None where the line belongs to the story."""
        held = self.lines.read(line, top)
        if held is None:
            return None
        layout = self.layout
        if held.source:
            if layout.attribution:
                return None
            layout.attribution = held.source
        if held.counter:
            # A bare number may be a year or the number of a page, unless it stands where counters stand.
            doubtful = held.counter.bare and (
                held.counter.views < 10 or (len(line) == 4 and 1900 <= held.counter.views <= 2100)
            )
            if layout.view_count is not None or (doubtful and not layout.attribution):
                return None
            layout.view_count = held.counter.views
        if held.byline:
            layout.byline = layout.byline or held.byline.names
            layout.agency = layout.agency or held.byline.agency
        if held.date:
            self.dates.append((held.date, line[held.date.start : held.date.end]))
        layout.dateline = layout.dateline or held.place
        return held.rule

    # --- lines that recur across the site

    def take_boilerplate(self) -> None:
        """Take out what recurs across the site: below the story, and short lines between two of its paragraphs.

        The paragraph that the story begins with stays, whatever it says.
        """
        if not self.given.site.boilerplate:
            return
        last = len(self.paragraphs) - 1
        while last > self.body_from:
            # What a column may be filled from is not lost: it is left to `read_bottom`.
            if not self.lines.read(self.paragraphs[last].text, top=False) and not self._take_recurring(last):
                break
            last -= 1
        for index in range(self.body_from + 1, last):
            known = self.given.site.boilerplate.get(self.paragraphs[index].text)
            if known and known.between and self._is_prose(index - 1) and self._is_prose(index + 1):
                self._take_recurring(index)

    def _take_recurring(self, index: int) -> bool:
        known = self.given.site.boilerplate.get(self.paragraphs[index].text)
        if known:
            self.removed[index] = ("site-boilerplate", known.confidence)
        return known is not None

    def _is_prose(self, index: int) -> bool:
        text = self.paragraphs[index].text
        return len(text) >= _PROSE and ends_sentence(text)

    # --- lines of the page, wherever they stand

    def take_furniture(self) -> None:
        """Buttons, newsletters, notices, credits of pictures, and lists of links to other stories."""
        lines = [paragraph.text for paragraph in self.paragraphs]
        taken = {*self.removed, *self.headlines}
        for index, rule in page.furniture(lines, self.body_from, taken).items():
            self.removed[index] = (rule, 0.97)
        for index in page.links_within(lines, self.body_from + 1, self.removed):
            self.removed[index] = ("related-line", 0.93)
        below = page.links_below(lines, self.body_from, self.removed)
        for index in range(len(lines) if below is None else below, len(lines)):
            if index not in self.removed:
                source = self._take_line(lines[index], top=False) if credit_lines.find_source(lines[index]) else None
                self.removed[index] = (source or "related-block", 0.95)
        # Where a caption is all there is, it is what the document has to say.
        story = range(self.body_from, len(lines))
        if all(index in self.removed or index in self.headlines for index in story):
            for index in story:
                if index not in taken and self.removed[index][0] == "photo-credit" and not is_credit(lines[index]):
                    del self.removed[index]
                    break

    # --- lines below the story

    def read_bottom(self) -> None:
        end = max((i for i in range(self.body_from, len(self.paragraphs)) if i not in self.removed), default=0)
        for index in range(end, max(self.body_from, end - BOTTOM), -1):
            line = self.paragraphs[index].text
            if rule := self._take_line(line, top=False):
                self.removed[index] = (rule, 0.98)
            elif self.layout.attribution is None and self._is_labelled_source(index):
                self.layout.attribution = line
                self.removed[index] = self.removed[index - 1] = ("source-line", 0.97)
            elif index in self.removed:
                continue
            elif self._repeats_headline(line):
                self.headlines.append(index)
            elif piece := find_furniture(line):
                self.removed[index] = (piece.rule, 0.97)
            else:
                break
        last = max((i for i in range(self.body_from, len(self.paragraphs)) if i not in self.removed), default=None)
        if last is not None and self.layout.attribution is None and last not in self.headlines:
            paragraph = self.paragraphs[last]
            if behind := credit_lines.source_behind(paragraph.text):
                self.layout.attribution = behind[1]
                self.inner.append(Span(paragraph.at + behind[0], paragraph.end, "", "source-line", 0.97))
            elif signed := credit_lines.agency_behind(paragraph.text):
                self.layout.agency = self.layout.agency or signed[1]
                self.inner.append(Span(paragraph.at + signed[0], paragraph.end, "", "agency-behind", 0.97))

    def _is_labelled_source(self, index: int) -> bool:
        """Whether a short line stands behind one that is only `Source:`."""
        line, label = self.paragraphs[index].text, self.paragraphs[index - 1].text
        return index - 1 > self.body_from and credit_lines.is_source_label(label) and len(line.split()) <= 6

    @property
    def _known_headline(self) -> str | None:
        return self.title or (self.paragraphs[self.headlines[0]].text if self.headlines else None)

    def _repeats_headline(self, line: str, near_top: bool = False) -> bool:
        """Whether a line is the headline once more: word for word, or near the top with the name of the site."""
        known = self._known_headline
        if known is None or not len(known) / 3 < len(line) < 2 * len(known) or len(headline.tokens(line)) < 4:
            return False
        if not headline.is_repeat(line, known) or self._is_refrain(known):
            return False
        if not near_top:
            return headline.tokens(line) == headline.tokens(known)
        same = headline.likeness(line, known)
        return same is not None and same.rule in ("headline-repeat", "headline-variant", "headline-with-site")

    def _is_refrain(self, known: str) -> bool:
        """Whether the headline comes back twice and more below itself, as the refrain of a song does."""
        if self._refrain is None:
            below = [paragraph.text for paragraph in self.paragraphs[self.body_from :]]
            self._refrain = page.is_refrain(known, below, lambda line: self.lines.read(line, top=True) is not None)
        return self._refrain

    def _find_late_headlines(self) -> None:
        """Repeats of the headline between the paragraphs of the story."""
        known = self._known_headline
        if known is None:
            return
        least, most = len(known) / 3, 2 * len(known)
        for index in range(self.body_from + 1, len(self.paragraphs)):
            line = self.paragraphs[index].text
            if not least < len(line) < most or index in self.removed or index in self.headlines:
                continue
            if self._repeats_headline(line, near_top=index < self.body_from + TOP):
                self.headlines.append(index)

    # --- the end of the story

    def read_cut(self) -> None:
        """Note that the story is cut off, and take out the marker that counts what is missing."""
        paragraphs = self.paragraphs
        body = (i for i in reversed(range(len(paragraphs))) if i not in self.removed and i not in self.headlines)
        last = next(body, None)
        if last is None or not (cut := _CUT_OFF.search(paragraphs[last].text[-40:])):
            return
        paragraph = paragraphs[last]
        if (marker := cut["marker"]) == paragraph.text:
            self.removed[last] = ("cut-marker", 0.99)
        elif marker:
            self.inner.append(Span(paragraph.end - len(marker), paragraph.end, "", "cut-marker", 0.99))
        self.layout.problems.append(Problem("clean", "cut-off", "body", INFO, paragraph.text[-80:]))

    # --- the beginning of the story

    def read_lead(self) -> None:
        self._find_late_headlines()
        if self.body_from >= len(self.paragraphs):
            return
        if self._is_lone_lead():
            self.body_from += 1
            return
        index = self.story_from or self.body_from
        if index in self.removed:
            return
        paragraph = self.paragraphs[index]
        # What goes at the end of the paragraph is no story that could stand behind a prefix.
        behind = min((span.start for span in self.inner if paragraph.at <= span.start < paragraph.end), default=None)
        if behind is not None:
            paragraph = paragraph._replace(text=self.text[paragraph.at : behind].rstrip())
        here = self._take_prefix(paragraph, 0, self._date_prefix, "date-prefix", 0.97)
        here = self._take_prefix(paragraph, here, self._headline_prefix, "headline-prefix", 0.97)
        here = self._take_prefix(paragraph, here, self._date_prefix, "date-prefix", 0.97)
        self._take_prefix(paragraph, here, self._lead_prefix, "dateline", 0.98)

    def _take_prefix(
        self, paragraph: Paragraph, here: int, find: Callable[[str], int], rule: str, confidence: float
    ) -> int:
        length = find(paragraph.text[here:])
        if length:
            if rule == "dateline" and self.layout.dateline is None:
                rule = "agency-prefix"
            self.inner.append(Span(paragraph.at + here, paragraph.at + here + length, "", rule, confidence))
        return here + length

    def _date_prefix(self, story: str, start: re.Pattern[str] = _STORY_START) -> int:
        found = self.lines.find_date(story[:100])
        if not found or self.dates:
            return 0
        label, written = story[: found.start].strip(), story[found.start : found.end]
        if label and not (len(label) < 30 and dates.is_label(label)):
            return 0
        between = _AFTER_DATE.match(story, found.end)
        if not between or not start.match(story, between.end()):
            return 0
        begins_sentence = _IN_A_SENTENCE.search(written) or _UNCASED.match(story, between.end())
        if between[0].isspace() and len(label) < 5 and (label or begins_sentence):  # on, le, от; but: Published
            return 0
        self.dates.append((found, story[found.start : found.end]))
        return between.end()

    def _headline_prefix(self, story: str) -> int:
        known = self.title or (self.paragraphs[self.headlines[0]].text if self.headlines else None)
        return headline.leading_headline(story, known) if known else 0

    def _is_lone_lead(self) -> bool:
        """Whether the first paragraph is nothing but a dateline, `DENVER, March 2 -`; then it is taken."""
        here = self.paragraphs[self.body_from : self.body_from + 2]
        line = here[0].text
        if len(here) < 2 or len(line) > lead.LONGEST or not line.endswith(("-", "—", "–")):
            return False
        if self._lead_prefix(f"{line} {here[1].text[:100]}") != len(line) + 1:
            return False
        self.removed[self.body_from] = ("dateline" if self.layout.dateline else "agency-prefix", 0.98)
        return True

    def _lead_prefix(self, story: str) -> int:
        names = _site_names(self.given.uri, self.layout)
        found = _find_lead(story, names)
        if not found or found.end >= len(story):
            return 0
        if found.place is None and (place := _find_lead(story[found.end :])) and not place.agency:
            found = lead.Lead(place.place, found.agency, found.end + place.end, min(found.confidence, place.confidence))
        self.layout.dateline = self.layout.dateline or found.place
        self.layout.agency = found.agency or self.layout.agency
        named = _BRACKETS.search(story, 0, found.end)
        if named and (byline := credit_lines.find_byline(named[0])):
            self.layout.byline = tuple(dict.fromkeys((*self.layout.byline, *byline.names)))
        if not self.dates and (day := self.lines.find_date(story[: found.end])):
            self.dates.append((day, story[day.start : day.end]))
        return found.end

    # --- dates

    def _settle_date(self) -> None:
        layout, given = self.layout, self.given.date
        chosen: tuple[dates.FoundDate, str] | None = None
        if given and given.strip():
            found = self.lines.parse_date(given)
            if found:
                chosen = (found, given)
            elif given not in self.lines.left_open:
                layout.problems.append(Problem("clean", "date-unreadable", "published_date", WARNING, given[:200]))
        if chosen is None and self.dates:
            chosen = min(self.dates, key=lambda item: (item[0].label == "updated", item[0].label != "published"))
        if chosen:
            found, layout.date_text = chosen
            layout.published_date, layout.published_at = found.day, found.moment
            if found.uncertain:
                self._note("date-hijri-alone", layout.date_text[:200])
            if found.open_order:
                layout.date_order_open = True
                self._note("date-order-open", layout.date_text[:200])
            elif found in self.lines.from_site:
                site = self.given.site
                observed = f"{layout.date_text[:200]}: {site.numeric_order}, as on {site.name[:200] or 'other pages'}"
                self._note("date-order-from-site", observed)
        elif self.lines.left_open:
            layout.date_order_open = True
            self._note("date-order-open", self.lines.left_open[0][:200])
        else:
            for index in sorted(index for index, (rule, _) in self.removed.items() if rule == "relative-date")[:1]:
                self._note("relative-date", self.paragraphs[index].text[:200])

    def _note(self, rule: str, observed: str) -> None:
        self.layout.problems.append(Problem("clean", rule, "published_date", INFO, observed))

    # --- putting it together

    def finish(self) -> tuple[Layout, list[Edit]]:
        self._settle_date()
        self._let_stay()
        title_edits = self._choose_headline()
        self._let_stay()
        kept = [i for i in range(len(self.paragraphs)) if i not in self.removed]
        self._judge(kept)
        for index in kept:
            if skip := self.paragraphs[index].skip:
                start = self.paragraphs[index].start
                self.inner.append(Span(start, start + skip, "", self.paragraphs[index].cut, 0.96))
        if self.split and 0 in kept and kept[-1] > 0:
            self.inner.append(self.split)
        gone = removals(self.paragraphs, self.removed, kept)
        text, edits = replace(self.text, [*gone, *staying(self.paragraphs, self.inner, kept)], STEP, off=self.off)
        layout = self.layout
        forms = (layout.headline, *(self.paragraphs[i].text for i in self.headlines))
        layout.headline = next((form for form in forms if f"{text}\n\n".startswith(f"{form}\n\n")), "")
        layout.body = text[len(layout.headline) :].removeprefix("\n\n") if layout.headline else text
        return layout, edits + title_edits

    def _let_stay(self) -> None:
        """Paragraphs that would go by a rule that is off stay."""
        self.removed = {index: why for index, why in self.removed.items() if why[0] not in self.off}

    def _judge(self, kept: list[int]) -> None:
        """Note where the text is no story, or not all of it. `kept` are the paragraphs that stay, in order."""
        body = [self.paragraphs[i] for i in kept if i not in self.headlines]
        problems = self.layout.problems
        if all(is_notice(p.text) or find_furniture(p.text) for p in body[:_MOST_NOTICES]) and len(body) < _MOST_NOTICES:
            if body or any(rule in _NO_STORY for rule, _ in self.removed.values()):
                observed = (body[0].text if body else self.text)[:200]
                problems.append(Problem("clean", "no-story", "body", CRITICAL, observed))
        elif not any(_LETTER.search(p.text) for p in body):
            problems.append(Problem("clean", "no-words", "body", CRITICAL, body[0].text[:80]))

    def _choose_headline(self) -> list[Edit]:
        """Settle which form of the headline stays; all others go, and one from the title is put in front."""
        forms = [(i, self.paragraphs[i].text) for i in sorted(self.headlines)]
        if self.title is not None:
            forms.insert(0, (-1, self.title))
        if not forms:
            return []
        texts = list(dict.fromkeys(text for _, text in forms))[:50]
        # Of two forms that are as good, the page's own headline is right, and not its title above the menu.
        best, chosen = forms[0]
        if len(forms) > 1:
            best, chosen = min(
                forms, key=lambda form: (headline.quality(form[1], texts), form[0] != self.page_headline)
            )
        if best == -1:
            best = next((i for i, text in forms if i >= 0 and text == chosen), -1)
        first = next(
            (i for i in range(len(self.paragraphs)) if i not in self.removed and i not in self.headlines), None
        )
        if best >= 0 and first is not None and first < best:
            best = -1 if self.title is not None else min(self.headlines)
            chosen = self.title if best == -1 and self.title is not None else self.paragraphs[best].text
        for index, text in forms:
            if index >= 0 and index != best:
                same = headline.likeness(text, chosen)
                self.removed[index] = same or ("headline-near", 0.9)
        chosen = self._without_site(chosen, best, texts)
        self.layout.headline = chosen
        if best == -1:
            more = any(i not in self.removed for i in range(len(self.paragraphs)))
            self.inner.append(Span(0, 0, chosen + ("\n\n" if more else ""), "headline-from-title"))
        if self.title is not None and self.title != chosen:
            span = Span(0, len(self.title), chosen, "headline-variant", 0.98)
            return replace(self.title, [span], STEP, TITLE, self.off)[1]
        return []

    def _without_site(self, chosen: str, index: int, forms: list[str]) -> str:
        """Take the site's name off the headline: a name that is known, or one that another form is without."""
        start, end = 0, len(chosen)
        names = {*lead.AGENCIES, *_site_names(self.given.uri, self.layout)}
        if cut := headline.site_suffix(chosen, names):
            end = cut
        elif part := next(filter(None, (headline.plain_part(chosen, form) for form in forms if form != chosen)), None):
            start, end = part
        if index >= 0:
            at = self.paragraphs[index].at
            self.inner += [
                Span(at + i, at + j, "", "site-name", 0.97) for i, j in ((0, start), (end, len(chosen))) if i < j
            ]
        return chosen[start:end]


def _find_lead(story: str, names: frozenset[str] = frozenset()) -> lead.Lead | None:
    """The dateline or agency in front of a story, as English agencies write it or those of other languages."""
    return lead.find_lead(story[:200], names) or datelines.find_dateline(story)


def _is_lone_headline(line: str) -> bool:
    """A document of one short line that is no sentence is a headline without a story."""
    if not _LETTER.search(line):
        return False
    return len(line) <= 120 and len(line.split()) <= 18 and line[-1:] not in ".!?…。؟۔।\"'”’)"


def _site_names(uri: str, layout: Layout) -> frozenset[str]:
    """Names of the site, as the address and the document's own credits give them, without spaces and punctuation."""
    host = site_of(uri.partition("#")[0])  # the name of a file of records names no site
    labels = host.split(".")
    names = {"".join(labels), *labels[: max(1, len(labels) - 1)], *filter(None, (layout.agency, layout.attribution))}
    return frozenset(lead.plain(name) for name in names if len(name) > 2)
