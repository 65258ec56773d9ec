"""What stands around a story on its page, as blocks: its head with the path to it, lists of links below and within.

Functions take the paragraphs of a text and give numbers of paragraphs; none of them changes anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from copydesk.text.structure import credit_lines, headline
from copydesk.text.structure.furniture import find_furniture, heads_labels, heads_links

#: A headline stands among so many of the first paragraphs of a page.
HEAD = 60
_ENDS_SENTENCE = re.compile(r"[.!?…。؟۔।][\"'”’»)\]]*$")
# Shorter paragraphs that end a sentence may be teasers, longer ones are a story's.
_TEASER, _STORY = 60, 160
#: Of other paragraphs, menus run into one line among them, longer ones are a story's.
_LONGEST_MENU = 220
_LONGEST_LABEL = 40
_SPEECH = re.compile(r"[\"“”„«]|\b(?:said|says|told|asked|wrote|added)\b")
#: What stands below a story sooner than in it.
_BUTTONS = frozenset({"share-line", "comments-line", "subscribe-line", "notice-line"})
#: So many labels in a row are the menu of a page.
_MENU = 4

_HOME = r"(?:home(?:page)?|you are here|startseite|inicio|accueil|ana ?sayfa|главная|начало|الرئيسية)"
_STEP = r"[\w&'’ .,-]{2,30}?"
_PATH = re.compile(
    rf"{_HOME}\s*:?\s*(?:[»›>→]\s*(?:{_STEP}\s*[»›>→]\s*){{0,5}}|[/|]\s*(?:{_STEP}\s*[/|]\s*){{1,5}})", re.IGNORECASE
)
_STEPS = re.compile(r"[^»›>→]{2,40}[»›>→](?!>)\s*[^»›>→]{2,40}[»›>→]")
_ADDRESS = re.compile(r"https?://\S+$")


def path_before(line: str) -> int:
    """How much of a line is the path to the page, `Home » News » `; 0 where it holds none, or nothing else."""
    found = _PATH.match(line)
    return found.end() if found and found.end() < len(line) else 0


def is_path(line: str) -> bool:
    """Whether a line is the path to a page, with or without the headline at its end: `Levant Post > News > Harbour`."""
    return len(line) <= 250 and (_STEPS.match(line) is not None or (len(line) <= 120 and _PATH.match(line) is not None))


def is_only_path(line: str) -> bool:
    """Whether a line is the path to a page without the headline: steps of a few words, the first the site's front."""
    if len(line) > 120 or not (found := _PATH.match(line)):
        return False
    return len(line[found.end() :].split()) <= 3 and line[-1] not in _MARKS


def is_label(line: str) -> bool:
    """Whether a line is a few words that name something: a section, a button, a place in the page's path."""
    if _is_certain(line):
        return True
    most = 4 if line[0].isupper() else 3 if line[0].islower() else 0
    return len(line) <= _LONGEST_LABEL and len(line.split()) <= most and line[-1] not in _MARKS


def _names(line: str) -> bool:
    """Whether a label is written as a name, as sections are: `Energy & Environment`, but not `We sang all day`."""
    return not any(word[0].islower() and len(word) > 3 for word in line.split())


def _is_certain(line: str) -> bool:
    """Whether a label can be no line of a story: furniture, a path, an address."""
    return find_furniture(line) is not None or is_path(line) or _ADDRESS.match(line) is not None


_MARKS = ".!?…:,;。؟۔।\"'”’»)]"


#: What sets the name of a site off; a colon sets off who speaks as well.
_BAR = re.compile(r"\s[|»·•–—-]+\s|\s?[|»]")


class Head(NamedTuple):
    """The head of a page: the paragraphs that are its headline in one form or another, and what stands between."""

    headlines: tuple[int, ...]
    between: tuple[int, ...]
    #: Whether buttons or sections stand between, as on a page, and not only a date or a byline.
    labelled: bool = False
    #: Whether the first form is the page's title, which says the same in other words.
    retold: bool = False


def find_head(
    lines: Sequence[str], title: str | None, site: Collection[str], is_column: Callable[[str], bool]
) -> Head | None:
    """The head of a page whose first line is its title (or whose `title` is known), and whose headline follows.

    Between them stand sections, buttons, credits and dates, no prose; where anything else does, there is no such head.
    `site` are names of the site, as `lead.plain` writes them; `is_column` knows lines of bylines and dates.
    """
    start = 0
    while title is None and start < len(lines) and find_furniture(lines[start]):
        start += 1
    if start >= len(lines) or len(known := title or lines[start]) > headline.MAX_CHARACTERS:
        return None
    if len(headline.tokens(known)) < 3:
        return None
    refrain = is_refrain(known, lines[start:HEAD] if title else lines[start + 1 : HEAD], is_column)
    forms: list[int] = [] if title else [start]
    between = [*range(start)]
    labels = 0  # lines above the last form that are labels, and nothing else
    certain = False  # whether one of them can be nothing else
    told = False  # whether one of them ends a sentence, above any menu
    other = 0  # and those that could be anything, but prose
    head: Head | None = None
    retold: Head | None = None
    for index in range(start if title else start + 1, min(len(lines), HEAD)):
        line = lines[index]
        if not is_path(line) and (same := headline.likeness(line, known)):
            titled = same.rule == "headline-with-site" and any(map(_BAR.search, (known, line)))
            section = headline.tokens(line) == headline.tokens(known) and all(_names(lines[i]) for i in between)
            menu = titled or (labels >= _MENU and not told)
            if between[start:] and (
                refrain
                or not (menu or (not told and (certain or section)))
                or not (menu or headline.is_repeat(line, known))
            ):
                break  # lines of a song are as short as the labels of a page
            forms.append(index)
            # Above the headline of a page stands no story: its title names the site, or a menu says what it is.
            if not other or labels >= _MENU or same.rule == "headline-with-site":
                head = Head(tuple(forms), tuple(between), labels > 0)
        elif is_column(line) or is_label(line):
            sure = _is_certain(line) or is_column(line)
            told = told or (not sure and labels < _MENU and _ENDS_SENTENCE.search(line) is not None)
            certain = certain or sure
            labels += not (_ADDRESS.match(line) or is_column(line))
            between.append(index)
        elif len(line) > _LONGEST_MENU or (len(line) >= 2 * _TEASER and _ENDS_SENTENCE.search(line)):
            break
        else:
            told = told or (labels < _MENU and _ENDS_SENTENCE.search(line) is not None)
            if (
                title is None
                and retold is None
                and not other
                and _is_headline_of(lines, index, known, labels, site, is_column)
            ):
                retold = Head((start, index), tuple(between), labelled=True, retold=True)
            other += 1
            between.append(index)
    return head or retold


def is_refrain(known: str, below: Sequence[str], is_column: Callable[[str], bool]) -> bool:
    """Whether the headline `known` comes back twice and more `below` itself, with nothing but verses between."""
    said, least, most = headline.tokens(known), len(known) / 3, 2 * len(known)
    at = [i for i, line in enumerate(below) if least < len(line) < most and headline.tokens(line) == said]
    if len(at) < 2 or at[-1] - at[-2] < 2:
        return False
    between = below[at[-2] + 1 : at[-1]]
    return not any(len(line) > 2 * _TEASER or _is_certain(line) or is_column(line) for line in between)


def _is_headline_of(
    lines: Sequence[str], index: int, known: str, labels: int, site: Collection[str], is_column: Callable[[str], bool]
) -> bool:
    """Whether the line at `index` is the headline of a page whose title `known` says the same in other words.

    Search engines are given other titles. Its words tell, or its place: behind a menu, with the byline or date below.
    """
    line = lines[index]
    if not _could_be_headline(line):
        return False
    titled = headline.site_suffix(known, set(site)) > 0
    if labels >= _MENU or (titled and labels):
        if any(map(is_column, lines[index + 1 : index + 4])):
            return True
    elif not labels and not titled:
        return False  # a deck shares words with the headline above it too
    mine, theirs = ({word for word in headline.tokens(text) if len(word) > 3} for text in (line, known))
    return len(mine & theirs) >= max(3, 0.5 * min(len(mine), len(theirs)))


def _could_be_headline(line: str) -> bool:
    words = len(line.split())
    ended = _ENDS_SENTENCE.search(line) and line[-1] not in "?!"
    return len(line) <= headline.MAX_CHARACTERS and 4 <= words <= headline.MAX_WORDS and not ended


# --- within and below the story --------------------------------------------------------------------------------------


def furniture(lines: Sequence[str], start: int, taken: Collection[int]) -> dict[int, str]:
    """Furniture among the paragraphs from `start` on, each with its rule.

    What may be a story's word too (`Share`, `Facebook`) counts where it stands beside what cannot be; below a line that
    ends in a colon it is an item of a list.
    """
    found: dict[int, str] = {}
    run: list[tuple[int, str]] = []
    sure = listed = False
    for index in range(start, len(lines) + 1):
        if index in taken:
            continue
        piece = find_furniture(lines[index]) if index < len(lines) else None
        if piece is None:
            if sure and not listed:
                found.update(run)
            run, sure = [], False
            listed = index < len(lines) and lines[index].endswith(":")
            continue
        if piece.anywhere:
            found[index] = piece.rule
            sure = True
        run.append((index, piece.rule))
    return found


def links_within(lines: Sequence[str], start: int, taken: Collection[int]) -> list[int]:
    """A heading such as `Related` with the one headline under it, between two paragraphs of the story."""
    found = []
    for index in range(start, len(lines) - 2):
        if index in taken or index + 1 in taken or not heads_links(lines[index]):
            continue
        link, behind = lines[index + 1], lines[index + 2]
        if (
            5 <= len(link.split()) <= 25
            and not _ENDS_SENTENCE.search(link)
            and link[0] not in "\"'“‘"
            and _is_prose(behind)
        ):
            found += [index, index + 1]
    return found


def _is_prose(line: str) -> bool:
    return len(line) >= 2 * _TEASER and _ENDS_SENTENCE.search(line) is not None


def links_below(lines: Sequence[str], start: int, taken: Collection[int]) -> int | None:
    """Where what stands below a story begins, with no prose from there on.

    It begins at a heading of links such as `Most Popular`, at a heading of labels such as `Tags:`, or at the first of
    two buttons or more. A teaser of a sentence may stand under each headline; a sentence behind a sentence is prose.
    None where nothing of the kind ends the text, or where less of a story stands above it than a paragraph or two.
    """
    first = None
    teasers = buttons = authors = 0
    below = ""  # the line behind, where it is one that ends a sentence
    short = True  # whether all lines down to the next heading are labels of a few words
    for index in range(len(lines) - 1, start, -1):
        line = lines[index]
        piece = find_furniture(line)
        heads = heads_links(line) or (heads_labels(line) and short)
        is_button = piece is not None and piece.anywhere and piece.rule in _BUTTONS
        buttons += is_button
        if heads or is_button:
            if index + 1 < len(lines) and (teasers == 0 or teasers >= 3) and (heads or buttons >= 2):
                first = index
            below, short = "", True
        elif piece is None:
            # Headlines ask questions; what else ends a sentence is a teaser or the story's.
            sentence = len(line) >= _TEASER and line[-1] != "?" and _ENDS_SENTENCE.search(line) is not None
            if authors < 2 and _tells_of_author(lines[index - 1], line):
                authors += 1
                continue
            if len(line) > (_STORY if sentence else _LONGEST_MENU) or (sentence and (below or _SPEECH.search(line))):
                break
            teasers += sentence
            below = line if sentence else ""
            short = short and len(line.split()) <= 5
    if first is None:
        return None
    above = sum(len(lines[i]) for i in range(start, first) if i not in taken and _is_prose(lines[i]))
    return first if above >= 300 else None


_WRITES = re.compile(
    r"\b(?:writer|editor|reporter|journalist|correspondent|columnist|contributor|producer|freelance|covers|writes)\b"
)


def _tells_of_author(name: str, line: str) -> bool:
    """Whether a line tells who wrote the story, whose name stands alone above it: `Jane Doe is a reporter at …`."""
    return (
        credit_lines.is_name(name)
        and line.startswith(name.split(maxsplit=1)[0])
        and _WRITES.search(line, 0, 200) is not None
    )


def is_deck(lines: Sequence[str], start: int, is_byline: Callable[[str], bool]) -> bool:
    """Whether the paragraph at `start` is a deck: a summary of a line or two, right above the byline or the buttons."""
    if start + 2 >= len(lines) or len(lines[start]) > 300:
        return False
    below, second = (find_furniture(line) for line in lines[start + 1 : start + 3])
    return is_byline(lines[start + 1]) or (below is not None and (below.anywhere or second is not None))
