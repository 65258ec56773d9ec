"""Misread UTF-8: the misreading that explains a document, and the original characters.

Well-formed UTF-8 rarely occurs by chance. If a misreading explains all non-ASCII characters of a line, that is proof
for the line and for the document. Elsewhere a run is repaired if that lowers the cost of the text
(`copydesk.text.letters`) by enough bits; with proof from the rest of the document, or from its site, fewer bits are
needed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from copydesk.text import letters
from copydesk.text.mojibake.indicators import Indicators, Seen, indicators
from copydesk.text.mojibake.lossy import LOST_MARKS, Lossy
from copydesk.text.mojibake.misreadings import NAMES, Misreading, Run, misreading

#: Characters of the sample by which misreadings are ranked.
SAMPLE = 800
#: Approximate length of the pieces into which a long line is split.
LONGEST = 2000
#: Characters whose cost is computed at a time.
TOGETHER = 20_000
#: A line is proof if it has at least this many misread characters, at most this share of its non-ASCII characters is
#: unexplained, and at least this many characters differ: repeated signs such as √π are not proof.
_PROOF, _UNEXPLAINED, _DIFFERENT = 4, 0.05, 2
#: Minimum gain in bits to repair a run without proof and with it, and to suggest a repair.
_CERTAIN, _SUPPORTED, _LIKELY = 14.0, 7.0, 8.0
#: Minimum gain in bits of a whole document to count as proof.
_DOCUMENT = 40.0
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
#: Characters that may be undamaged among misread ones: quotation marks, dashes, no-break spaces.
_MAY_BE_SOUND = re.compile("[‘’“”–—…«»\u00a0]")


class Repair(NamedTuple):
    """A span of the text and its original text; applied if `certain`, else suggested."""

    start: int
    end: int
    after: str
    certain: bool = True


class Explanation(NamedTuple):
    """The result for one misreading of a text.

    `proven` says that a line is proof by itself, `supported` that a line or all lines together are; `gain` is the gain
    in bits of the lines that are not proof.
    """

    name: str
    repairs: list[Repair]
    proven: bool
    supported: bool
    gain: float


#: Misreadings that explain at least this share of what the best one does are compared by the cost of the repaired text,
#: plus this many bits for each unexplained character.
_NEARLY, _UNDONE = 0.9, 10.0
#: Penalty in bits by position in `NAMES`, which is ordered by frequency.
_RARER = 0.4
#: Minimum cost in bits per character to repair a run without an indicator pair.
_UNREADABLE = 7.0
#: Signs used before numbers.
_BEFORE_NUMBERS = frozenset("©£€¥§±")
#: Minimum cost in bits of a character foreign to the language of the document.
_FOREIGN = 14.0


def find(seen: Seen, known: Collection[str] = ()) -> Explanation | None:
    """The misreading that explains most of a text, with its repairs; None if there is none.

    Text that was misread twice needs two calls. `known` names misreadings proven elsewhere on the site.
    """
    text, indicated = seen.text, {**seen.indicated}
    for name in known:
        if name not in indicated and name in NAMES and misreading(name).sequences.search(text):
            indicated[name] = Indicators([])
    best: Explanation | None = None
    for name in _ranked(text, indicated)[:4]:
        found = _explain(misreading(name), text, indicated[name], name in known)
        if any(repair.certain for repair in found.repairs):
            return found
        best = best or (found if found.repairs else None)
    return best


def _ranked(text: str, indicated: dict[str, Indicators]) -> list[str]:
    """The names of misreadings, sorted by how much of a sample they explain, then by the cost of the repaired text."""
    if len(indicated) < 2:
        return list(indicated)
    most = max(len(where.places) for where in indicated.values())
    likely = {name: where for name, where in indicated.items() if 2 * len(where.places) >= most}
    explained: dict[str, tuple[int, str]] = {}
    for name, where in likely.items():
        one = misreading(name)
        start = max(0, (where.places[0] if where.places else 0) - SAMPLE // 4)
        sample = text[start : start + SAMPLE]
        found = _runs_near(one, sample, start, where)
        runs = [run for run in found if where.within(start + run.start, start + run.end)]
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
    return ranked + [name for name in indicated if name not in likely]


def _runs_near(one: Misreading, sample: str, start: int, where: Indicators) -> Iterator[Run]:
    """The misread runs of `sample`, which is at `start` in the text, among characters that adjoin an indicator pair."""
    here = 0
    for place in where.between(start, start + len(sample)):
        if place < start + here:
            continue
        begin = end = place - start + (sample[place - start] not in one.all)
        while begin > here and sample[begin - 1] in one.all:
            begin -= 1
        while end < len(sample) and sample[end] in one.all:
            end += 1
        here = end
        yield from one.runs(sample, begin, end)


class _Line(NamedTuple):
    """A piece of a line with its misread runs, and whether each has an indicator pair."""

    start: int
    text: str
    runs: list[Run]
    indicated: list[bool]

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


class _Lines:
    """The lines of a text that have runs of misread characters, in pieces."""

    def __init__(self, one: Misreading, text: str, indicated: Indicators) -> None:
        self._one, self._text, self._indicated = one, text, indicated

    def indicated(self) -> Iterator[_Line]:
        """The pieces with an indicator pair."""
        here = -1
        for place in self._indicated.places:
            if place >= here:
                start, here = self._around(place, place)
                if self._one.sequences.search(self._text, start, here):
                    yield from self._pieces(start, here, True)

    def others(self) -> Iterator[_Line]:
        here = 0
        while match := self._one.sequences.search(self._text, here):
            start, here = self._around(*match.span())
            yield from self._pieces(start, here, False)

    def _around(self, start: int, end: int) -> tuple[int, int]:
        behind = self._text.find("\n", end)
        return self._text.rfind("\n", 0, start) + 1, behind if behind >= 0 else len(self._text)

    def _pieces(self, start: int, end: int, indicated: bool) -> Iterator[_Line]:
        for begin, piece in _pieces(self._text, start, end):
            if self._indicated.within(begin, begin + len(piece)) != indicated:
                continue
            runs = self._one.runs(piece)
            within = [self._indicated.within(begin + run.start, begin + run.end) for run in runs]
            yield _Line(begin, piece, runs, within)


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """A line split into pieces of bounded length, at spaces."""
    while end - start > 2 * LONGEST:
        cut = text.find(" ", start + LONGEST, start + 2 * LONGEST)
        cut = cut if cut >= 0 else start + 2 * LONGEST
        yield start, text[start:cut]
        start = cut
    yield start, text[start:end]


def _explain(one: Misreading, text: str, indicated: Indicators, known: bool) -> Explanation:
    lossy = Lossy(one)
    repairs: list[Repair] = []
    weak: list[_Line] = []
    sound: list[str] = []
    lines = _Lines(one, text, indicated)
    for line in lines.indicated():
        tokens = _proven(lossy, line)
        if tokens is None:
            weak.append(line)
        else:
            sound.append(line.repaired)
            repairs += _as_repairs(line, lossy.solve(tokens, line.text))
    proven, gain = bool(sound), 0.0
    if proven or known:  # a run without an indicator pair counts only beside proof
        weak = sorted([*weak, *lines.others()], key=lambda line: line.start)
    else:
        weak = [line for line in weak if any(line.indicated)]
    if weak:
        language = _language_of([*sound, *(line.repaired for line in weak if any(line.indicated))], text)
        found, gain = _weak(one, lossy, weak, language, proven or known)
        repairs = sorted([*repairs, *found])
    return Explanation(one.name, repairs, proven, proven or gain >= _DOCUMENT, gain)


def _proven(lossy: Lossy, line: _Line) -> list[Run] | None:
    """The misread characters of a line that is proof, including those that lost a byte; else None."""
    inside = sum(len(run.after) for run in line.runs)
    if inside < _PROOF or 2 * sum(line.indicated) < len(line.runs):
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
    """The repairs of a line; one for the whole if it is mostly misread, which is clearer than one for each word."""
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
    # A few letters, which may be wrong themselves, are not enough to identify a language.
    return letters.Reading(sample).language() or "en" if sum(map(str.isalpha, sample)) >= 8 else "en"


def _weak(
    one: Misreading, lossy: Lossy, lines: Sequence[_Line], language: str, proof: bool
) -> tuple[list[Repair], float]:
    """The repairs of lines that are not proof by themselves, and their gain in bits."""
    judged = list(_judge(lines, language))
    gains = [one.gain for _, found in judged for one in found.runs if one.indicated and one.stands]
    foreign = sum(found.foreign for _, found in judged)
    total = sum(gains) if len(gains) > 1 and foreign <= 2 * len(gains) else 0.0
    supported = proof or total >= _DOCUMENT
    various = len({one.run.after for _, found in judged for one in found.runs if one.indicated and one.stands}) > 2
    repairs: list[Repair] = []
    for line, verdicts in judged:
        stand = sum(verdict.stands for verdict in verdicts.runs)
        for run, indicated, gain, cost, stands in verdicts.runs:
            if not stands or not (indicated or (supported and cost > _UNREADABLE)):
                continue
            if not supported and verdicts.foreign > 2 * stand:
                continue
            certain = gain >= (_SUPPORTED if supported else _CERTAIN) and (
                proof or (supported and various) or _is_within_word(line.text, run, supported)
            )
            if certain or (indicated and gain >= _LIKELY):
                start, end = line.start + run.start, line.start + run.end
                repairs.append(Repair(start, end, run.after, certain))
        if supported:
            repairs += (
                Repair(line.start + run.start, line.start + run.end, run.after)
                for run in lossy.marked(line.text, language)
            )
    return repairs, total


class _Verdict(NamedTuple):
    """The evidence for one run: whether it has an indicator pair, the gain of its repair in bits, its present cost in
    bits per character, and whether its original text is plausible.
    """

    run: Run
    indicated: bool
    gain: float
    cost: float
    stands: bool


class _Verdicts(NamedTuple):
    """The evidence for the runs of a line, and the number of its foreign characters outside of them."""

    runs: list[_Verdict]
    foreign: int


def _judge(lines: Sequence[_Line], language: str) -> Iterator[tuple[_Line, _Verdicts]]:
    """Lines with the evidence for their runs; many lines are evaluated together, since each evaluation has overhead."""
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
        for run, indicated, done, reading in zip(line.runs, line.indicated, runs, texts, strict=True):
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
            indicated = sign or (indicated and not _could_be_words(line.text[run.start : run.end], language))
            verdicts.append(_Verdict(run, indicated, gain, cost / (end - start), stands))
            shift += len(done.after) - (run.end - run.start)
        yield line, _Verdicts(verdicts, foreign)
        old, new = old + len(line.text) + 1, new + len(text) + 1


def _summed(text: str, language: str) -> tuple[list[float], list[int]]:
    """The cumulative cost and number of foreign characters before each place, with one extra place at the end."""
    bits = letters.Reading(text).bits(language)
    zero = np.zeros(1, np.float64)
    costs = np.cumsum(np.concatenate([zero, bits, zero]))
    foreign = np.cumsum(np.concatenate([zero, bits > _FOREIGN, zero]), dtype=np.int64)
    return costs.tolist(), foreign.tolist()


def _is_accent(line: str, run: Run) -> bool:
    """Whether a run was a spacing accent, used as an apostrophe as in `Tom´s`."""
    before, behind = line[run.start - 1 : run.start], line[run.end : run.end + 1]
    return run.after in ("´", "¨", "¸") and before.isalpha() and behind.isalpha()


@lru_cache(maxsize=1 << 14)
def _meant(after: str, language: str, layers: int = 3) -> str | None:
    """The original text of a run if it is plausible: letters of the language's script, a word of another, or signs.

    If it looks misread itself, it is repaired first. None if it is not plausible.
    """
    if all(letters.is_usual(char) for char in after):
        foreign = sum(not letters.is_of_script(char, language) for char in after)
        if foreign == 0 or foreign >= 3:
            return _deeper(after, language, layers, indicated=True) or after
    return _deeper(after, language, layers, indicated=False)


def _deeper(after: str, language: str, layers: int, indicated: bool) -> str | None:
    """The original text of `after` if that is misread too; with `indicated`, only if it has an indicator pair."""
    for name in NAMES[:10] if layers else ():
        one = misreading(name)
        if len(after) > 1 and one.sequences.fullmatch(after) and (not indicated or name in indicators(after)):
            text = _meant(one.decode(after), language, layers - 1)
            if text is not None:
                return text
    return None


def _is_foreign_sign(line: str, run: Run, language: str) -> bool:
    """Whether a run starts with an isolated letter of another script, and was a sign or a space."""
    if any(letters.kind(char) <= letters.UPPER for char in run.after):
        return False
    lead = line[run.start]
    return not letters.is_of_script(lead, language) and not any(
        char.isalpha() and not letters.is_of_script(char, language)
        for char in (line[run.start - 1 : run.start], line[run.end : run.end + 1])
        if char
    )


def _could_be_words(seen: str, language: str) -> bool:
    """Whether a run is letters of the document's language with quotation marks and dashes: `«РЁВ»`."""
    return all(
        letters.kind(char) == letters.TYPOGRAPHIC
        or (letters.kind(char) <= letters.UPPER and letters.writes(language, char))
        for char in seen
    )


def _is_within_word(line: str, run: Run, supported: bool) -> bool:
    """Whether the original text fits its place: a letter in a word, a sign next to a word or a number.

    In a text `supported` by proof, a letter may be a word.
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
