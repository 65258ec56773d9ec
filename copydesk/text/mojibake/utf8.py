"""UTF-8 that was misread: which misreading explains a document, and what its characters were.

A misreading proves itself: hardly anything but UTF-8 is well-formed UTF-8 all the way through. A line of which it
explains every character outside ASCII is proof, for that line and for the whole document. Elsewhere a stretch is
repaired where it reads better by enough bits; with proof from the rest of the document, or of its site, fewer bits are
enough.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from copydesk.text import letters
from copydesk.text.mojibake import telling
from copydesk.text.mojibake.lossy import LOST_MARKS, Lossy
from copydesk.text.mojibake.misreadings import NAMES, Misreading, Run, misreading
from copydesk.text.mojibake.telling import Told

#: Characters looked at to tell which misreading explains a text best.
SAMPLE = 800
#: A line is looked at in pieces of about this length.
LONGEST = 2000
#: Characters of lines that are read at a time.
TOGETHER = 20_000
#: A line is proof from so many misread characters on, where no more than one in twenty characters is unexplained.
#: A sign or two that come again and again are none: √π.
_PROOF, _UNEXPLAINED, _DIFFERENT = 4, 0.05, 2
#: Bits by which a stretch must read better to be repaired: alone, and in a document with proof. From `_LIKELY` bits on
#: it is suggested.
_CERTAIN, _SUPPORTED, _LIKELY = 14.0, 7.0, 8.0
#: Bits of a whole document that are proof.
_DOCUMENT = 40.0
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
#: Signs that clean text has beside what is misread: quotation marks and dashes may have come through in one piece.
_MAY_BE_SOUND = re.compile("[‘’“”–—…«»\u00a0]")


class Repair(NamedTuple):
    """A stretch of the text and what it was; `certain` says whether to change it or only to suggest so."""

    start: int
    end: int
    after: str
    certain: bool = True


class Found(NamedTuple):
    """What one misreading explains in a text.

    `proven` says that some line is proof by itself, `supported` that at least all lines together are; `gain` is by how
    many bits those read better that are none.
    """

    name: str
    repairs: list[Repair]
    proven: bool
    supported: bool
    gain: float


#: Misreadings that explain nearly as much as the best one are compared by how well they make the text read, at so many
#: bits for each character that they leave.
_NEARLY, _UNDONE = 0.9, 10.0
#: Bits against each misreading in the order of `NAMES`, which is that of how often they are met.
_RARER = 0.4
#: What no pair tells is repaired only where it costs so many bits a character as it stands.
_UNREADABLE = 7.0
#: Signs that stand in front of numbers.
_BEFORE_NUMBERS = frozenset("©£€¥§±")
#: What costs so many bits in the language of a document is foreign to it.
_FOREIGN = 14.0


def find(text: str, known: Collection[str] = ()) -> Found | None:
    """The misreading that explains most of `text`, with what to repair; None where there is none.

    What was misread twice takes two calls. `known` names misreadings that are proven elsewhere on the site.
    """
    if text.isascii():
        return None
    told = telling.told(text)
    for name in known:
        if name not in told and name in NAMES and misreading(name).sequences.search(text):
            told[name] = Told([])
    best: Found | None = None
    for name in _ranked(text, told)[:4]:
        found = _explain(misreading(name), text, told[name], name in known)
        if any(repair.certain for repair in found.repairs):
            return found
        best = best or (found if found.repairs else None)
    return best


def _ranked(text: str, told: dict[str, Told]) -> list[str]:
    """Names of misreadings, the one first that explains most of a sample; among equals the one that reads best."""
    if len(told) < 2:
        return list(told)
    most = max(len(where.places) for where in told.values())
    likely = {name: where for name, where in told.items() if 2 * len(where.places) >= most}
    explained: dict[str, tuple[int, str]] = {}
    for name, where in likely.items():
        one = misreading(name)
        start = max(0, (where.places[0] if where.places else 0) - SAMPLE // 4)
        sample = text[start : start + SAMPLE]
        runs = [run for run in one.runs(sample) if where.within(start + run.start, start + run.end)]
        covered = sum(run.end - run.start for run in runs)
        explained[name] = covered, _repaired(sample, runs)
    ranked = sorted(likely, key=lambda name: -explained[name][0])
    most = explained[ranked[0]][0]
    near = [name for name in ranked if explained[name][0] >= _NEARLY * most]
    if len({explained[name][1] for name in near}) > 1:
        cost = {
            name: letters.cost(explained[name][1]) + _UNDONE * (most - explained[name][0]) + _RARER * NAMES.index(name)
            for name in near
        }
        ranked = sorted(near, key=lambda name: cost[name]) + ranked[len(near) :]
    return ranked + [name for name in told if name not in likely]


class _Line(NamedTuple):
    """A piece of a line with its misread stretches, and whether each holds a telling pair."""

    start: int
    text: str
    runs: list[Run]
    told: list[bool]

    @property
    def repaired(self) -> str:
        return _repaired(self.text, self.runs)


def _repaired(text: str, runs: Sequence[Run]) -> str:
    parts: list[str] = []
    here = 0
    for run in runs:
        parts += (text[here : run.start], run.after)
        here = run.end
    return "".join([*parts, text[here:]])


def _lines(one: Misreading, text: str, told: Told) -> Iterator[_Line]:
    here = 0
    while match := one.sequences.search(text, here):
        start = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.end())
        here = end if end >= 0 else len(text)
        for begin, piece in _pieces(text, start, here):
            runs = one.runs(piece)
            yield _Line(begin, piece, runs, [told.within(begin + r.start, begin + r.end) for r in runs])


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """A line in pieces of bounded length, cut at spaces."""
    while end - start > 2 * LONGEST:
        cut = text.find(" ", start + LONGEST, start + 2 * LONGEST)
        cut = cut if cut >= 0 else start + 2 * LONGEST
        yield start, text[start:cut]
        start = cut
    yield start, text[start:end]


def _explain(one: Misreading, text: str, told: Told, known: bool) -> Found:
    lossy = Lossy(one)
    repairs: list[Repair] = []
    weak: list[_Line] = []
    sound: list[str] = []
    for line in _lines(one, text, told):
        tokens = _proven(lossy, line)
        if tokens is None:
            weak.append(line)
        else:
            sound.append(line.repaired)
            repairs += _as_repairs(line, lossy.solve(tokens, line.text))
    proven, gain = bool(sound), 0.0
    if weak:
        weak = [line for line in weak if any(line.told) or proven or known]
    if weak:
        language = _language_of([*sound, *(line.repaired for line in weak if any(line.told))], text)
        found, gain = _weak(one, lossy, weak, language, proven or known)
        repairs = sorted([*repairs, *found])
    return Found(one.name, repairs, proven, proven or gain >= _DOCUMENT, gain)


def _proven(lossy: Lossy, line: _Line) -> list[Run] | None:
    """The misread characters of a line that is proof, those that lost a byte among them; else None."""
    inside = sum(len(run.after) for run in line.runs)
    if inside < _PROOF or 2 * sum(line.told) < len(line.runs):
        return None
    if len({char for run in line.runs for char in run.after}) < _DIFFERENT:
        return None
    if letters.Reading("".join(run.after for run in line.runs)[:200]).legible() < 0.9:
        return None
    if len(_NOT_ASCII.findall(line.text)) == sum(run.end - run.start for run in line.runs):
        return line.runs
    tokens = lossy.tokens(line.text)
    lost = [line.text[token.start : token.end] for token in tokens if not token.after]
    guessed = sum(seen[-1] not in LOST_MARKS for seen in lost)
    left = _repaired(line.text, [token._replace(after="") for token in tokens])
    unexplained = len(_NOT_ASCII.findall(_MAY_BE_SOUND.sub("", left)))
    if unexplained > _UNEXPLAINED * len(_NOT_ASCII.findall(line.text)):
        return None
    return None if len(lost) > inside or 2 * guessed > inside else tokens


def _as_repairs(line: _Line, runs: Sequence[Run]) -> Iterator[Repair]:
    """A line that is mostly misread is one repair, since that says it better than one for each word."""
    changed = sum(run.end - run.start for run in runs)
    if len(runs) > 8 and 2 * changed > len(line.text):
        first, last = runs[0].start, runs[-1].end
        whole = _repaired(line.text[:last], runs)[first:]
        yield Repair(line.start + first, line.start + last, whole)
        return
    for run in runs:
        yield Repair(line.start + run.start, line.start + run.end, run.after)


def _language_of(repaired: Iterable[str], text: str) -> str:
    sample = "\n".join(repaired)[:1500]
    if len(sample) < 400:
        sample += "\n" + "\n".join(line for line in text[:800].split("\n") if line.isascii())
    sample = sample if sample.strip() else text[:1500]
    # A few letters, which may be wrong themselves, name no language.
    return letters.Reading(sample).language() or "en" if sum(map(str.isalpha, sample)) >= 8 else "en"


def _weak(
    one: Misreading, lossy: Lossy, lines: Sequence[_Line], language: str, proof: bool
) -> tuple[list[Repair], float]:
    """Repairs of lines that are no proof by themselves, and by how many bits they read better."""
    judged = list(_judge(lines, language))
    gains = [one.gain for _, found in judged for one in found.runs if one.told and one.stands]
    foreign = sum(found.foreign for _, found in judged)
    total = sum(gains) if len(gains) > 1 and foreign <= 2 * len(gains) else 0.0
    supported = proof or total >= _DOCUMENT
    various = len({one.run.after for _, found in judged for one in found.runs if one.told and one.stands}) > 2
    repairs: list[Repair] = []
    for line, verdicts in judged:
        stand = sum(verdict.stands for verdict in verdicts.runs)
        for run, told, gain, cost, stands in verdicts.runs:
            if not stands or not (told or (supported and cost > _UNREADABLE)):
                continue
            if not supported and verdicts.foreign > 2 * stand:
                continue
            certain = gain >= (_SUPPORTED if supported else _CERTAIN) and (
                proof or (supported and various) or _is_within_word(line.text, run, supported)
            )
            if certain or (told and gain >= _LIKELY):
                start, end = line.start + run.start, line.start + run.end
                repairs.append(Repair(start, end, run.after, certain))
        if supported:
            repairs += (
                Repair(line.start + run.start, line.start + run.end, run.after)
                for run in lossy.marked(line.text, language)
            )
    return repairs, total


class _Verdict(NamedTuple):
    """A stretch: whether what stands in it tells, by how many bits it reads better repaired, what a character of it
    costs as it stands, and whether what it was can stand in the text.
    """

    run: Run
    told: bool
    gain: float
    cost: float
    stands: bool


class _Verdicts(NamedTuple):
    """The stretches of a line, and how many foreign characters it has beside them."""

    runs: list[_Verdict]
    foreign: int


def _judge(lines: Sequence[_Line], language: str) -> Iterator[tuple[_Line, _Verdicts]]:
    """Lines with what is to be said of their stretches; many are read at a time, since each reading has its price."""
    together: list[_Line] = []
    size = 0
    for line in lines:
        together.append(line)
        size += len(line.text)
        if size > TOGETHER:
            yield from _judge_together(together, language)
            together, size = [], 0
    if together:
        yield from _judge_together(together, language)


def _judge_together(lines: Sequence[_Line], language: str) -> Iterator[tuple[_Line, _Verdicts]]:
    meant = [[_meant(run.after, language) for run in line.runs] for line in lines]
    final = [
        [run if text is None else run._replace(after=text) for run, text in zip(line.runs, texts, strict=True)]
        for line, texts in zip(lines, meant, strict=True)
    ]
    repaired = [_repaired(line.text, runs) for line, runs in zip(lines, final, strict=True)]
    before, _ = _summed("\n".join(line.text for line in lines), language)
    after, strange = _summed("\n".join(repaired), language)
    old = new = 0
    for line, runs, texts, text in zip(lines, final, meant, repaired, strict=True):
        verdicts: list[_Verdict] = []
        foreign = strange[new + len(text)] - strange[new]
        shift = new - old
        for run, told, done, reading in zip(line.runs, line.told, runs, texts, strict=True):
            start, end = old + run.start, old + run.end
            then = end + shift + len(done.after) - (run.end - run.start)
            cost = before[end] - before[start]
            gain = cost + (before[end + 1] - before[end]) - (after[then + 1] - after[start + shift])
            stands = reading is not None or (gain > 2 * _CERTAIN and _is_accent(line.text, run))
            if stands:
                foreign -= strange[then] - strange[start + shift]
            else:
                foreign += 1
            sign = _is_foreign_sign(line.text, run, language)
            told = sign or (told and not _could_be_words(line.text[run.start : run.end], language))
            verdicts.append(_Verdict(run, told, gain, cost / (end - start), stands))
            shift += len(done.after) - (run.end - run.start)
        yield line, _Verdicts(verdicts, foreign)
        old, new = old + len(line.text) + 1, new + len(text) + 1


def _summed(text: str, language: str) -> tuple[list[float], list[int]]:
    """What the characters before each place cost together, and how many are foreign; with one place more at the end."""
    bits = letters.Reading(text).bits(language)
    zero = np.zeros(1, np.float64)
    costs = np.cumsum(np.concatenate([zero, bits, zero]))
    foreign = np.cumsum(np.concatenate([zero, bits > _FOREIGN, zero]), dtype=np.int64)
    return costs.tolist(), foreign.tolist()


def _is_accent(line: str, run: Run) -> bool:
    """Whether a stretch was an accent by itself, as `Tom´s` has one for an apostrophe."""
    before, behind = line[run.start - 1 : run.start], line[run.end : run.end + 1]
    return run.after in ("´", "¨", "¸") and before.isalpha() and behind.isalpha()


@lru_cache(maxsize=1 << 14)
def _meant(after: str, language: str, layers: int = 3) -> str | None:
    """What a stretch was, if that can stand in a text: letters of the language's script, a word of another, or signs.

    What looks misread itself is put right first. None where it comes to nothing that can stand.
    """
    if all(letters.is_usual(char) for char in after):
        foreign = sum(not letters.is_of_script(char, language) for char in after)
        if foreign == 0 or foreign >= 3:
            return _deeper(after, language, layers, told=True) or after
    return _deeper(after, language, layers, told=False)


def _deeper(after: str, language: str, layers: int, told: bool) -> str | None:
    """What is behind `after` when that is misread in turn; with `told` only where a pair in it tells so."""
    for name in NAMES[:10] if layers else ():
        one = misreading(name)
        if len(after) > 1 and one.sequences.fullmatch(after) and (not told or name in telling.told(after)):
            text = _meant(one.decode(after), language, layers - 1)
            if text is not None:
                return text
    return None


def _is_foreign_sign(line: str, run: Run, language: str) -> bool:
    """Whether a stretch begins with a letter of another script that stands alone, and was a sign or a space."""
    if any(letters.kind(char) <= letters.UPPER for char in run.after):
        return False
    lead = line[run.start]
    return not letters.is_of_script(lead, language) and not any(
        char.isalpha() and not letters.is_of_script(char, language)
        for char in (line[run.start - 1 : run.start], line[run.end : run.end + 1])
        if char
    )


def _could_be_words(seen: str, language: str) -> bool:
    """Whether a stretch is letters of the document's language and quotation marks and dashes: `«РЁВ»`."""
    return all(
        letters.kind(char) == letters.TYPOGRAPHIC
        or (letters.kind(char) <= letters.UPPER and letters.writes(language, char))
        for char in seen
    )


def _is_within_word(line: str, run: Run, supported: bool) -> bool:
    """Whether a stretch stands where what it was can stand: a letter in a word, a sign beside a word or a number.

    In a text that is `supported` by others, a letter may be a word.
    """
    before, behind = line[run.start - 1 : run.start], line[run.end : run.end + 1]
    lead, last = line[run.start], line[run.end - 1]
    if last in "™®©²³" and before.isupper() and not behind.isalpha():
        return False  # NICIODATĂ™
    if run.after[-1].isalpha() and behind.isdigit():
        return False  # 2.1 Å±0.1
    if run.after in _BEFORE_NUMBERS and line[run.end : run.end + 2].strip()[:1].isdigit():
        return True  # © 2018, £3.4 million
    of_kind = letters.kind(lead)
    is_odd = of_kind == letters.SYMBOL or (of_kind <= letters.UPPER and not letters.is_of_script(lead, "en"))
    if is_odd and run.end - run.start == 2 and not (supported and of_kind <= letters.UPPER):
        return before.isalpha() or behind.isalpha()  # √π, Γ½
    if supported:
        return True
    if run.end - run.start > 2 or (run.after.isalpha() and any(map(str.isalpha, line[run.start : run.end]))):
        return True
    return any(char.isalnum() or char in "'’-" for char in (before, behind) if char)
