"""The encodings that UTF-8 is misread in, and how its characters then look.

The tables come from the code pages. Bytes that a code page leaves undefined become the control characters of the same
number (WHATWG Encoding Standard, "single-byte decoder", and most software).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property, lru_cache
from typing import NamedTuple

#: Encodings that UTF-8 is misread in, most common first. `western` is both cp1252 and ISO 8859-1, which differ only in
#: the bytes that ISO 8859-1 assigns to control characters.
NAMES = (
    "western", "cp1254", "cp1250", "iso8859-2", "cp1251", "mac_roman", "cp437", "cp850", "koi8-r", "cp866", "cp1253",
    "cp1256", "cp1257", "cp1255", "koi8-u", "iso8859-5", "iso8859-15", "mac_cyrillic", "cp852", "iso8859-7", "cp874",
    "cp1258",
)  # fmt: skip

#: The lead bytes of UTF-8 characters and the bytes that may follow each (Unicode Standard, table 3-7).
_WELL_FORMED = (
    ((0xC2, 0xDF), ((0x80, 0xBF),)),
    ((0xE0, 0xE0), ((0xA0, 0xBF), (0x80, 0xBF))),
    ((0xE1, 0xEC), ((0x80, 0xBF), (0x80, 0xBF))),
    ((0xED, 0xED), ((0x80, 0x9F), (0x80, 0xBF))),
    ((0xEE, 0xEF), ((0x80, 0xBF), (0x80, 0xBF))),
    ((0xF0, 0xF0), ((0x90, 0xBF), (0x80, 0xBF), (0x80, 0xBF))),
    ((0xF1, 0xF3), ((0x80, 0xBF), (0x80, 0xBF), (0x80, 0xBF))),
    ((0xF4, 0xF4), ((0x80, 0x8F), (0x80, 0xBF), (0x80, 0xBF))),
    # CESU-8 (Unicode Technical Report 26): a surrogate pair, three bytes each.
    ((0xED, 0xED), ((0xA0, 0xAF), (0x80, 0xBF), (0xED, 0xED), (0xB0, 0xBF), (0x80, 0xBF))),
)


class Run(NamedTuple):
    """A run of misread characters: its span and the original text."""

    start: int
    end: int
    after: str


class Misreading:
    """One encoding that UTF-8 is misread in. `chars` is the character of each of the 256 bytes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.chars = _decoded("cp1252" if name == "western" else name)
        self._to_byte = {ord(char): byte for byte, char in enumerate(self.chars) if byte > 0x7F}
        if name == "western":
            self._to_byte |= {byte: byte for byte in range(0x80, 0xA0)}
        self.leads = frozenset(self.looks(0xC2, 0xF4))
        self.conts = frozenset(self.looks(0x80, 0xBF))
        #: All characters of misread UTF-8 beyond ASCII.
        self.all = self.leads | self.conts
        #: Bytes that become control characters, which are easily lost.
        self.undefined = tuple(byte for byte in range(0x80, 0xA0) if self.chars[byte] == chr(byte))

    def looks(self, first: int, last: int) -> Iterator[str]:
        """The characters of the bytes from `first` to `last`."""
        yield from (chr(code) for code, byte in self._to_byte.items() if first <= byte <= last)

    def _set(self, first: int, last: int) -> str:
        return one_of(self.looks(first, last))

    @cached_property
    def sequences(self) -> re.Pattern[str]:
        """A pattern for a run of misread well-formed UTF-8."""
        forms = (
            f"(?<={self._set(*lead)}){''.join(self._set(*continued) for continued in behind)}"
            for lead, behind in _WELL_FORMED
        )
        # It begins with a class, for which a text is searched several times faster than for alternatives.
        char = f"{one_of(self.leads)}(?:{'|'.join(forms)})"
        return re.compile(f"{char}(?:{char})*")

    def to_bytes(self, text: str) -> bytes:
        """The bytes that were misread as `text`. Raises `UnicodeEncodeError` if it has other characters."""
        return text.translate(self._to_byte).encode("latin-1")

    def runs(self, text: str, start: int = 0, end: int | None = None) -> list[Run]:
        """All runs of `text`, or a part of it, that are well-formed UTF-8 misread in this encoding."""
        found = self.sequences.finditer(text, start, len(text) if end is None else end)
        return [Run(m.start(), m.end(), self.decode(m[0])) for m in found]

    def decode(self, seen: str) -> str:
        """The original text of `seen`, a run of misread well-formed UTF-8."""
        return _short_run(self.name, seen) if len(seen) <= _SHORT else self.decode_once(seen)

    def decode_once(self, seen: str) -> str:
        content = self.to_bytes(seen)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:  # CESU-8
            return content.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16")


#: The same quotation mark or accented letter is misread a hundred times in a text.
_SHORT = 12


@lru_cache(maxsize=1 << 13)
def _short_run(name: str, seen: str) -> str:
    return misreading(name).decode_once(seen)


def _decoded(encoding: str) -> str:
    chars = []
    for byte in range(256):
        try:
            chars.append(bytes([byte]).decode(encoding))
        except UnicodeDecodeError:
            chars.append(chr(byte))
    return "".join(chars)


def one_of(chars: Iterable[str]) -> str:
    """A pattern for one of `chars`."""
    return f"[{re.escape(''.join(sorted(chars)))}]"


@cache
def misreading(name: str) -> Misreading:
    return Misreading(name)
