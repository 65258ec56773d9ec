"""Misread characters that lost a byte.

Some programs drop bytes that an encoding leaves undefined, others replace them by `?` or U+FFFD; a no-break space
becomes a space, a soft hyphen disappears. The lost byte is inferred from the few possible ones and the letters around
it; if it stays ambiguous, the character becomes U+FFFD.
"""

from __future__ import annotations

import re
from functools import cached_property

from copydesk.text import letters
from copydesk.text.mojibake.indicators import indicators
from copydesk.text.mojibake.misreadings import Misreading, Run, one_of

LOST = "\ufffd"
#: Minimum probability of the best candidate for a lost byte.
_CERTAIN = 0.98
#: If more than one character in this many lost a byte, the context is too unreliable to choose among candidates.
_SEVERAL = 5
#: A lead with a lower cost in bits belongs to the text.
_FOREIGN = 10.0
#: What programs put in place of an undecodable byte.
LOST_MARKS = "\ufffd?"
_JOINED_TO_GRAVE = re.compile(r"s(?=\s)|quel[ea]|quilo")


class Lossy:
    """The characters of one misreading with a byte missing."""

    def __init__(self, one: Misreading) -> None:
        self.one = one

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        one = self.one
        # A quotation mark or a dash may be undamaged.
        leads = [c for c in one.leads if letters.kind(c) != letters.TYPOGRAPHIC]
        two = one_of(c for c in leads if one.to_bytes(c)[0] < 0xE0)
        three = one_of(c for c in leads if 0xE0 <= one.to_bytes(c)[0] < 0xF0)
        cont = one_of(one.conts)
        return re.compile(
            f"(?P<whole>{one.sequences.pattern})|{two}[{LOST_MARKS} ]?"
            f"|{three}(?:{cont}[{LOST_MARKS} ]?|[{LOST_MARKS}]{cont}|[{LOST_MARKS}]{{2}})"
        )

    def tokens(self, line: str) -> list[Run]:
        """The misread runs of a line, and the characters that lost a byte between them, which have no `after` yet."""
        found = []
        for match in self._pattern.finditer(line):
            after = self.one.decode(match[0]) if match["whole"] else ""
            found.append(Run(match.start(), match.end(), after))
        return found

    def solve(self, tokens: list[Run], line: str) -> list[Run]:
        """`tokens` with the `after` of every character that lost a byte."""
        if all(token.after for token in tokens):
            return tokens
        parts = "".join(token.after for token in tokens)
        if indicators(parts):  # misread twice: what seems to have lost a byte is part of the layer below
            return [token for token in tokens if token.after]
        return self._solved(tokens, line, letters.Reading(parts[:1500]).best()[0] or "en")

    def marked(self, line: str, language: str) -> list[Run]:
        """Characters foreign to `language` that are misread, as a lost byte or a space in its place shows."""
        if LOST not in line and "?" not in line and not self._spaced.search(line):
            return []
        tokens = self.tokens(line)
        bits = letters.Reading(line).bits(language)
        sure = []
        for token in self._solved(tokens, line, language):
            seen = line[token.start : token.end]
            if bits[token.start] < _FOREIGN or letters.kind(seen[0]) == letters.SYMBOL:
                continue
            no_break_space = seen[-1] == " " and len(seen) == 2 and letters.is_of_script(token.after[0], language)
            if LOST in seen or (LOST not in token.after and (no_break_space or (seen[-1] == "?" and len(seen) == 3))):
                sure.append(token)
        return sure

    @cached_property
    def _spaced(self) -> re.Pattern[str]:
        return re.compile(f"{one_of(c for c in self.one.leads if letters.kind(c) != letters.TYPOGRAPHIC)} ")

    def _solved(self, tokens: list[Run], line: str, language: str) -> list[Run]:
        # Programs that drop bytes leave bare leads; if there are none, a space after a lead was a no-break space.
        lost = sum(not token.after for token in tokens)
        guesses = _SEVERAL * lost <= sum(len(token.after) for token in tokens)
        drops = any(not t.after and line[t.end - 1] not in " \ufffd?" for t in tokens)
        solved: list[Run] = []
        for i, token in enumerate(tokens):
            if token.after:
                solved.append(token)
                continue
            before = _edge(solved[-1] if solved else None, token, line)
            behind = tokens[i + 1] if i + 1 < len(tokens) else None
            adjoins = behind is not None and behind.start == token.end
            # A lost neighbour is no evidence.
            following = (behind.after[:1] or LOST) if behind and adjoins else line[token.end : token.end + 1] or " "
            seen = line[token.start : token.end]
            after = self._with_grave(seen, line, token.end) or self._choose(seen, before, following, language, drops)
            if not guesses and after != LOST and len(self._options(seen, drops)) > 1:
                after = LOST + " " * seen.endswith(" ")
            solved.append(token._replace(after=after))
        return solved

    def _with_grave(self, seen: str, line: str, at: int) -> str | None:
        """`à` lost its no-break space, or the space after it: it is a word, except in `às` and `àquele`."""
        if len(seen) != 2 or seen[1] != " " or self.one.to_bytes(seen[0]) != b"\xc3":
            return None
        return "à" if _JOINED_TO_GRAVE.match(line, at) else "à "

    def _choose(self, seen: str, before: str, behind: str, language: str, drops: bool) -> str:
        options = self._options(seen, drops)
        if not options:
            return LOST
        if len(options) == 1:
            return options[0]
        if LOST in (before, behind):
            return LOST
        costs = [
            letters.pair(language, before, option[0]) + letters.pair(language, option[-1], behind) for option in options
        ]
        least = min(costs)
        share = 1 / sum(2.0 ** (least - cost) for cost in costs)
        tail = " " if seen.endswith(" ") else ""
        return options[costs.index(least)] if share >= _CERTAIN else LOST + tail

    def _options(self, seen: str, drops: bool) -> list[str]:
        """The characters that `seen` can be the rest of."""
        one = self.one
        # A mark replaces an undecodable byte; a soft hyphen is decoded, and may be dropped later.
        lost = [*one.undefined] if any(mark in seen for mark in LOST_MARKS) else [*one.undefined, 0xAD]
        space = seen.endswith(" ")
        known = [None if c in LOST_MARKS else one.to_bytes(c)[0] for c in seen.removesuffix(" ")]
        length = 2 if (known[0] or 0) < 0xE0 else 3
        found = []
        if space:
            found += self._filled([*known, 0xA0], length, lost)
        if drops or not space:
            found += [text + (" " if space else "") for text in self._filled(known, length, lost)]
        return list(dict.fromkeys(found))

    def _filled(self, known: list[int | None], length: int, lost: list[int]) -> list[str]:
        if len(known) > length:
            return []
        known = known + [None] * (length - len(known))
        done: list[list[int]] = [[]]
        for byte in known:
            done = [[*head, b] for head in done for b in ([byte] if byte is not None else lost)]
        texts = []
        for content in done:
            try:
                texts.append(bytes(content).decode("utf-8"))
            except UnicodeDecodeError:
                continue
        return [text for text in texts if letters.is_usual(text)]


def _edge(last: Run | None, token: Run, line: str) -> str:
    """The character before a token, as repaired so far."""
    if last is not None and last.end == token.start:
        return last.after[-1:]
    return line[token.start - 1 : token.start] or " "
