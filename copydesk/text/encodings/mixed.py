"""UTF-8 with pieces in other encodings: finds the start and end of each piece.

Bytes in a legacy encoding are sometimes valid UTF-8 by chance, in Chinese often two or three in a row, so validity
alone is not enough. The cheapest explanation of the whole is chosen: a UTF-8 character inside a foreign piece costs the
negative log probability of that chance; a change of encoding costs least at a line end and most inside a word (Viterbi
algorithm, two states, linear time).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_CONTINUED = rb"[\x80-\xbf]"
# Well-formed byte sequences (Unicode Standard, table 3-7), by length.
_CHARACTER = (
    rb"[\xc2-\xdf]" + _CONTINUED,
    rb"(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef]" + _CONTINUED + rb"|\xed[\x80-\x9f])" + _CONTINUED,
    rb"(?:\xf0[\x90-\xbf]|[\xf1-\xf3]" + _CONTINUED + rb"|\xf4[\x80-\x8f])" + _CONTINUED + rb"{2}",
)
_ANY = rb"(?:" + rb"|".join(_CHARACTER) + rb")"
#: A run of UTF-8 characters, or of other non-ASCII bytes.
_UNITS = re.compile(rb"(?P<valid>" + _ANY + rb"+)|(?:(?!" + _ANY + rb")[\x80-\xff])+")
_CHARACTERS = re.compile(_ANY)
_SPACE = re.compile(rb"[\x00-\x20]")


def _chances() -> bytes:
    """By code point: the cost, in tenths of nats, that bytes in another encoding are this character by chance.

    Set by hand. Characters of scripts that pages rarely use prove nothing: chance makes them as often as others. The
    bytes of common punctuation make no sense in a legacy encoding.
    """
    costs = bytearray(0x110000)
    for start, end, cost in (
        (0xA0, 0x17F, 20),
        (0x386, 0x3CE, 20),
        (0x401, 0x4FF, 20),
        (0x5D0, 0x5EA, 20),
        (0x60C, 0x6FF, 20),
        (0x900, 0xDFF, 5),
        (0xE01, 0xE5B, 35),
        (0x10D0, 0x17FF, 5),
        (0x1EA0, 0x1EF9, 35),
        (0x2010, 0x203F, 60),
        (0x20AC, 0x20AC, 60),
        (0x2122, 0x2122, 35),
        (0x3001, 0x30FF, 35),
        (0x4E00, 0x9FFF, 35),
        (0xAC00, 0xD7A3, 35),
        (0xFF01, 0xFF5E, 35),
        (0x1F300, 0x1FAFF, 60),
        (0x20000, 0x2FA1F, 20),
    ):
        costs[start : end + 1] = bytes([cost]) * (end + 1 - start)
    return bytes(costs)


_CHANCE = _chances()
# In nats, set by hand.
#: Cost of a change of encoding inside a word, between words, at a line end.
_INSIDE, _BETWEEN_WORDS, _BETWEEN_LINES = 5.0, 2.5, 0.5
#: Minimum evidence for UTF-8: in total, and for each byte that is not UTF-8.
_PROOF, _PROOF_PER_BYTE = 6.0, 0.1


class Piece(NamedTuple):
    start: int
    end: int
    foreign: bool


class Unit(NamedTuple):
    """A run of non-ASCII bytes, either UTF-8 characters or not; the cost that they are UTF-8 by chance, and the cost of
    a change of encoding before them.
    """

    start: int
    end: int
    valid: bool
    chance: float
    change: float


def units(content: bytes) -> list[Unit]:
    """All non-ASCII bytes of `content`, in order; empty if none of them is UTF-8."""
    if not _CHARACTERS.search(content):
        return []
    found: list[Unit] = []
    at = 0
    for match in _UNITS.finditer(content):
        start, end = match.span()
        valid = match["valid"] is not None
        cost = chance(content[start:end]) if valid else 0.0
        found.append(Unit(start, end, valid, cost, _change(content, at, start) if at else 0.0))
        at = end
    return found


def pieces(content: bytes, among: list[Unit], chinese: Callable[[], bool], scale: float = 1.0) -> list[Piece] | None:
    """The pieces of `content` in order, foreign ones and those in UTF-8; None if nothing proves that it is UTF-8.

    `among` are its units. `chinese` says whether the whole is valid in an encoding of two-byte characters, which is
    often UTF-8 by chance; `scale` is how much less often that holds for the foreign pieces.
    """
    foreign = _foreign(among, scale)
    invalid = sum(unit.end - unit.start for unit in among if not unit.valid)
    proof = sum(unit.chance for unit, is_foreign in zip(among, foreign, strict=True) if not is_foreign)
    if proof < _PROOF + _PROOF_PER_BYTE * invalid or (proof < invalid and chinese()):
        return None
    return _joined(content, among, foreign)


def chance(characters: bytes) -> float:
    """The cost that `characters` are UTF-8 by chance, in nats."""
    return sum(map(_CHANCE.__getitem__, map(ord, characters.decode("utf-8", "ignore")))) / 10


def _foreign(among: list[Unit], scale: float) -> list[bool]:
    """For each unit, whether it is in another encoding than UTF-8 in the cheapest explanation of all."""
    ours = theirs = 0.0  # the cost so far if the unit before was UTF-8, and if it was foreign
    before: list[
        tuple[bool, bool]
    ] = []  # whether the unit before was foreign, if this one is UTF-8 and if it is foreign
    for _, _, valid, cost, change in among:
        before.append((theirs + change < ours, theirs <= ours + change))
        ours, theirs = (
            min(ours, theirs + change) if valid else float("inf"),
            min(theirs, ours + change) + scale * cost,
        )
    foreign = [False] * len(among)
    state = theirs < ours
    for number in range(len(among) - 1, -1, -1):
        foreign[number] = state
        state = before[number][state]
    return foreign


def _change(content: bytes, start: int, end: int) -> float:
    if content.find(b"\n", start, end) >= 0:
        return _BETWEEN_LINES
    return _BETWEEN_WORDS if _SPACE.search(content, start, end) else _INSIDE


def _joined(content: bytes, among: list[Unit], foreign: list[bool]) -> list[Piece]:
    """Pieces that cover all bytes: foreign units and the bytes between them on a line are one piece."""
    found: list[Piece] = []
    at, number = 0, 0
    while number < len(among):
        if not foreign[number]:
            number += 1
            continue
        start, end = among[number][:2]
        while number + 1 < len(among) and foreign[number + 1] and content.find(b"\n", end, among[number + 1].start) < 0:
            number += 1
            end = among[number].end
        number += 1
        limit = among[number].start if number < len(among) else len(content)
        # The second byte of a two-byte character may be ASCII, from "0" on.
        while end < limit and 0x30 <= content[end] < 0x7F:
            end += 1
        found += [Piece(at, start, False)] * (start > at) + [Piece(start, end, True)]
        at = end
    return found + [Piece(at, len(content), False)] * (at < len(content))
