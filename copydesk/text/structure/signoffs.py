"""Rules for what a site or an agency writes at the end of a story: who edited it, where the post appeared first, what
to click on; and for paragraphs that stand there twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from copydesk.data.lists import lines
from copydesk.records import INFO, Problem
from copydesk.text.fold import any_as_written
from copydesk.text.lazy import later
from copydesk.text.structure import credit_lines
from copydesk.text.structure.columns import Column
from copydesk.text.structure.decisions import Decision, Known, Page
from copydesk.text.structure.lines import Line

#: Lines of a page below which no sign-off is looked for.
_BOTTOM = 12
#: Characters of a line's end that a sign-off takes at most.
_LONGEST = 600

_FOOTERS = [tuple(line.split("…", 1)) for line in lines("post_footers.txt")]
#: Characters of a title in a footer, and of the name of a site behind it, at most.
_LONGEST_TITLE, _LONGEST_NAME = 250, 100
_SAID = re.compile(any_as_written({f"{said} " for _, said in _FOOTERS}))
_LONGEST_SAID = max(len(said) + 1 for _, said in _FOOTERS)
_STANDARDS = re.compile(r"\s*Our Standards: ?The Thomson Reuters Trust Principles\.?(?:,? opens new tab)?\s*$")
_WORK = r"(?:[Rr]eporting|[Ww]riting|[Ee]diting)"
_CREDIT = rf"(?:[Aa]dditional )?{_WORK}(?:(?:,| and|, and) {_WORK})* by (?=[A-Z])"
# In brackets, or behind the last sentence with an editor, as agencies write it.
_CREDITS = later(
    rf"(?:^|(?<=[.!?…\"'”’)]))\s*(?:\({_CREDIT}[^()]{{2,400}}\)|{_CREDIT}[^.!?()]{{2,120}}?"
    rf"(?:(?:[;,.]| -)? {_CREDIT}[^.!?()]{{2,120}})+|[Ee]diting by (?=[A-Z])[^.!?()]{{2,120}})\.?\s*$"
)
_LABEL = re.compile(rf"(?:[Aa]dditional )?{_WORK}(?:(?:,| and|, and) {_WORK})* by ")
#: `Writing by Jane Roe, editing by John Doe, music by the Ashby Players.`
_OF_A_FILM = re.compile(r"(?i:^\s*\(?(?:writing|editing)\b.*\b(?!reporting|writing|editing|compiled)\w+ by )")
#: `Editing by Ada Finch made it better.`
_SAYS = re.compile(
    r"(?<![\w'’-])(?!(?:additional|reporting|writing|editing|graphics|compiled|desk|newsroom|bureau|staff|team|with|from)\b)"
    r"[a-z]{4,}\b"
)
_MORE = re.compile(
    rf"(?:…|\.\.\.|\[…\]|\[\.\.\.\])(?P<more>\s*(?:{'|'.join(lines('read_more.txt'))})[\s»>→….:]*)$", re.IGNORECASE
)
_MARKS = re.compile(r"[»>→:]|\.\.\.|…")

#: Minimum characters of a paragraph that does not stand twice in a row for a reason, as verses do.
_PARAGRAPH = 80


def at_the_end(page: Page, known: Known) -> Sequence[Decision]:
    """Footers and credits of agencies: whole lines, and what stands behind the last sentence of a line."""
    made: list[Decision] = []
    last = (line for line in reversed(page.lines[known.body :]) if known.is_open(line.number))
    stays = [*islice(last, _BOTTOM)][::-1]
    for line in stays:
        made += _of_line(known, line, alone=len(stays) == 1)
    noted = any(problem.rule == "cut-off" for problem in known.problems)
    if made and made[-1].rule == "read-more" and made[-1].line == stays[-1].number and not noted:
        said = page.text[stays[-1].start : made[-1].cut[0] if made[-1].cut else stays[-1].end]
        made.append(Decision("cut-off", made[-1].line, Problem("clean", "cut-off", "body", INFO, said[-80:])))
    return made


def _of_line(known: Known, line: Line, alone: bool) -> list[Decision]:
    """Of the end of one line; several may stand there, one behind the other."""
    made: list[Decision] = []
    end = len(line.text)
    if not _may_sign_off(line.text):
        return made
    while end:
        tail_from = max(0, end - _LONGEST)
        tail = line.text[tail_from:end]
        footer = _footer(tail)
        credit = _CREDITS.search(tail) if footer is None and "ing by " in tail else None
        if credit and (_OF_A_FILM.search(credit[0]) or (credit[0].lstrip()[:1] != "(" and _SAYS.search(credit[0]))):
            credit = None
        found = footer if footer is not None else credit.start() if credit else None
        if found is None or (alone and tail_from + found == 0):
            break
        rule = "agency-credits" if credit else "post-footer"
        start = tail_from + found
        value = _byline(known, credit[0]) if credit else None
        if start == 0 and end == len(line.text):
            return [Decision(rule, line.number, value)]
        made.append(Decision(rule, line.number, value, (line.start + start, line.start + end)))
        end = start
    if end == 0 and made:
        return [Decision(made[0].rule, line.number, next((one.value for one in made if one.value), None))]
    if not made and (more := _more(line.text)) and _MARKS.search(more["more"]):
        made.append(Decision("read-more", line.number, cut=(line.start + more.start("more"), line.end)))
    return made


def _may_sign_off(text: str) -> bool:
    """Whether a line may end in any of these: most paragraphs have none of the words at their end."""
    end = text[-_LONGEST_NAME - _LONGEST_SAID :]
    if text.find("ing by ", -_LONGEST) >= 0 or "Trust Principles" in end:
        return True
    return "…" in end or "..." in end or _SAID.search(end) is not None


def _footer(tail: str) -> int | None:
    """Where a footer begins that a text ends in, with the white space before it."""
    if "Trust Principles" in tail and (standards := _STANDARDS.search(tail)):
        return standards.start()
    for first, said in _FOOTERS:
        middle = tail.rfind(f"{said} ")
        if middle < 0 or len(tail) - middle - len(said) > _LONGEST_NAME:
            continue
        start = tail.rfind(first, 0, middle) if first else 0
        if start < 0 or middle - start > _LONGEST_TITLE or not (start == 0 or tail[start - 1].isspace()):
            continue
        title, name = tail[start + len(first) : middle].lstrip(), tail[middle + len(said) :].strip(" .")
        if not title[:1].islower() and not (name[:1].islower() and " " in name):
            return len(tail[:start].rstrip())
    return None


def _more(text: str) -> re.Match[str] | None:
    start = max(0, len(text) - 80)
    return _MORE.search(text, start) if "…" in text[start:] or "..." in text[start:] else None


def _byline(known: Known, text: str) -> Column | None:
    """The reporters, where the article names no author."""
    first = _LABEL.search(text)
    if known.columns.byline or first is None or "eporting" not in first[0] or first[0].startswith(("A", "a")):
        return None
    names = re.split(
        r"[;)]|\. | [-–] |(?:[Aa]dditional |\b)(?:[Ww]riting|[Ee]diting|reporting)\b", text[first.end() :]
    )[0]
    byline = credit_lines.find_byline(f"By {names.strip(' ,.')}")
    return Column("agency-credits", byline=byline) if byline and byline.names else None


def paragraphs_twice(page: Page, known: Known) -> Sequence[Decision]:
    """A paragraph that repeats the one before it, letter for letter."""
    made: list[Decision] = []
    above: Line | None = None
    verses = 0
    for line in page.lines[known.body :]:
        if not known.is_open(line.number):
            continue
        if above is not None and len(line.text) >= _PARAGRAPH and line.text == above.text and line.states:
            made.append(Decision("paragraph-repeat", line.number))
        else:
            verses += above is not None and line.text == above.text and len(line.text.split()) > 2
            above = line
    prose = not verses or any(line.is_prose for line in page.lines[known.body :] if known.is_open(line.number))
    return made if prose else ()
