"""What is settled once every line was looked at: the date, the headline, and whether there is a story at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from copydesk.records import CRITICAL, INFO, WARNING, Problem
from copydesk.text import dates
from copydesk.text.structure import headline
from copydesk.text.structure.date_reader import ReadDate
from copydesk.text.structure.decisions import Decision, Known, Mark, Page
from copydesk.text.structure.furniture import is_notice
from copydesk.text.structure.head import BEHIND
from copydesk.text.structure.lines import Line
from copydesk.text.structure.names import is_known_agency
from copydesk.text.structure.sentences import has_letters
from copydesk.text.structure.tail import BOTTOM

#: More paragraphs than this are no notice of the site.
_MOST_NOTICES = 20
#: A page that has such lines, and no body, is no story.
_NO_STORY = frozenset(
    f"{kind}-line" for kind in ("share", "subscribe", "related", "comments", "page", "notice", "player")
)
#: So many forms of a headline are compared with each other.
_MOST_FORMS = 50


# --- the date ---------------------------------------------------------------------------------------------------------


def publication_date(page: Page, known: Known) -> Sequence[Decision]:
    """The date that the source gave, else the one that the page says it was published on, else any that it shows."""
    made: list[Decision] = []
    date = None
    if page.date and page.date.strip():
        date = page.reader.parse(page.date)
        if date is None and dates.is_placeholder(page.date):
            made.append(_note("date-placeholder", page.date))
        elif date is None and not page.reader.leaves_open(page.date, is_field=True):
            made.append(_note("date-unreadable", page.date, WARNING))
    if date is None and known.columns.dates:
        date = min(known.columns.dates, key=lambda each: (each.found.label == "updated", each.found.label == ""))
    if date is None and page.path_date:
        date = page.reader.parse(page.path_date)
    if date is not None:
        made += [Decision(Mark.PUBLISHED, -1, date), *_doubts(page, date)]
    elif (left_open := _left_open(page, known)) is not None:
        made += [Decision(Mark.ORDER_OPEN, -1), _note("date-order-open", left_open)]
    elif relative := sorted(number for number, decision in known.gone.items() if decision.rule == "relative-date"):
        made.append(_note("relative-date", page.lines[relative[0]].text))
    return made


def modification(page: Page, known: Known) -> datetime | None:
    """When the article was changed: as the source says, else by the latest date that the page says it was updated on.

    A change before the publication is none.
    """
    if not (page.modified or known.columns.dates):
        return None
    stated = page.reader.parse(page.modified) if page.modified else None
    found = [stated] if stated else [date for date in known.columns.dates if date.found.label == "updated"]
    latest = max((date.found.moment for date in found), default=None)
    if latest is None or known.published is None or latest <= known.published.found.moment:
        return None
    return latest


def _doubts(page: Page, date: ReadDate) -> Iterator[Decision]:
    if date.found.uncertain:
        yield _note("date-hijri-alone", date.written)
    if date.found.contradicted:
        yield _note("date-weekday", date.written, WARNING)
    if date.found.open_order:
        yield Decision(Mark.ORDER_OPEN, -1)
        yield _note("date-order-open", date.written)
    elif date.from_site:
        site = page.site
        where = f"{site.numeric_order}, as on {site.name[:200] or 'other pages'}"
        yield _note("date-order-from-site", f"{date.written[:200]}: {where}", longest=1000)


def _left_open(page: Page, known: Known) -> str | None:
    """The first date around the story, else the one that the source gave, that is not read as its order is open."""
    if not page.reader.skips_open:
        return None
    around = (*page.lines[: max(known.body, BEHIND) + 1], *page.lines[-BOTTOM:])
    texts = (*(line.text for line in around), *([page.date] if page.date else ()))
    return next((text for text in texts if page.reader.leaves_open(text, is_field=text is page.date)), None)


def _note(rule: str, observed: str, severity: str = INFO, longest: int = 200) -> Decision:
    return Decision(rule, -1, Problem("clean", rule, "published_date", severity, observed[:longest]))


# --- the headline -----------------------------------------------------------------------------------------------------


def best_headline(page: Page, known: Known) -> Sequence[Decision]:
    """Of the forms of the headline the best stays; all others go, and one from the title is put in front."""
    forms = [page.lines[number] for number in sorted(known.headlines)]
    if page.title is not None:
        forms.insert(0, page.title)
    if not forms:
        return ()
    by_text: dict[str, Line] = {}
    for form in forms:
        by_text.setdefault(form.text, form)
    distinct = list(by_text.values())[:_MOST_FORMS]
    best = _best(page, known, forms, distinct)
    made = [
        Decision(headline.likeness(form, best) or "headline-near", form.number)
        for form in forms
        if form.number not in (-1, best.number)
    ]
    start, end = _without_site(page, known, best, distinct)
    chosen = best.text[start:end]
    made.append(Decision(Mark.CHOSEN, best.number, chosen))
    if best.number >= 0:
        around = ((best.start, best.start + start), (best.start + end, best.end))
        return made + [Decision("site-name", best.number, cut=cut) for cut in around if cut[0] < cut[1]]
    more = any(known.is_open(line.number) for line in page.lines)
    return [*made, Decision("headline-from-title", -1, cut=(0, 0), after=chosen + "\n\n" * more)]


def _best(page: Page, known: Known, forms: Sequence[Line], distinct: Sequence[Line]) -> Line:
    # Of two forms that are as good, the page's own headline is right, and not its title above the menu.
    best = next((form for form in forms if form.number == known.shown), forms[0])
    if len(distinct) > 1:
        best = min(forms, key=lambda form: (headline.quality(form, distinct), form.number != known.shown))
    if best is page.title:
        best = next((form for form in forms[1:] if form.text == best.text), best)
    body = next((line.number for line in page.lines if known.is_open(line.number)), None)
    if body is not None and body < best.number:
        return page.title or forms[0]
    return best


def _without_site(page: Page, known: Known, best: Line, forms: Sequence[Line]) -> tuple[int, int]:
    """Where the headline begins and ends without a site's name: one that is known, or that another form is without."""
    if end := headline.site_suffix(best.text, lambda name: is_known_agency(name) or known.is_site(page, name)):
        return 0, end
    parts = (headline.plain_part(best.text, form) for form in forms if form.text != best.text)
    return next(filter(None, parts), (0, len(best.text)))


# --- the story --------------------------------------------------------------------------------------------------------


def no_story(page: Page, known: Known) -> Sequence[Decision]:
    """Note where the text is no story: notices of its site and buttons, and nothing else, or no words."""
    body = list(islice((line for line in page.lines if known.is_open(line.number)), _MOST_NOTICES))
    if len(body) < _MOST_NOTICES and all(is_notice(line.text) or line.furniture for line in body):
        if not body and not any(decision.rule in _NO_STORY for decision in known.gone.values()):
            return ()
        rule, observed = "no-story", (body[0].text if body else page.text)[:200]
    elif not any(has_letters(line.text) for line in page.lines if known.is_open(line.number)):
        rule, observed = "no-words", body[0].text[:80]
    else:
        return ()
    return (Decision(rule, -1, Problem("clean", rule, "body", CRITICAL, observed)),)
