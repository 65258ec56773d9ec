"""Text that can be looked at safely: characters that hide, reorder or steer are shown as symbols.

Scraped text may hold escape sequences that steer a terminal and bidirectional overrides that make a page say something
else than its characters do (https://trojansource.codes). What is merely invisible, and needed in the spelling of
Persian or Hindi, stays as it is unless every character is to be seen: in a change, the invisible is the point.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_SHORT_NAMES = {
    "\t": "⇥",
    "\n": "⏎",
    "\x7f": "⟨DEL⟩",
    "\xa0": "⍽",
    "\xad": "⟨SHY⟩",
    "\u061c": "⟨ALM⟩",
    "\u200b": "⟨ZWSP⟩",
    "\u200c": "⟨ZWNJ⟩",
    "\u200d": "⟨ZWJ⟩",
    "\u200e": "⟨LRM⟩",
    "\u200f": "⟨RLM⟩",
    "\u2028": "⟨LS⟩",
    "\u2029": "⟨PS⟩",
    "\u202a": "⟨LRE⟩",
    "\u202b": "⟨RLE⟩",
    "\u202c": "⟨PDF⟩",
    "\u202d": "⟨LRO⟩",
    "\u202e": "⟨RLO⟩",
    "\u2060": "⟨WJ⟩",
    "\u2066": "⟨LRI⟩",
    "\u2067": "⟨RLI⟩",
    "\u2068": "⟨FSI⟩",
    "\u2069": "⟨PDI⟩",
    "\ufeff": "⟨BOM⟩",
}

#: The control characters U+0000 to U+001F, by the abbreviations of ISO/IEC 6429.
_C0 = (
    "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI "
    "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US"
).split()

#: Controls (but tab and line feed), line separators, bidirectional embeddings, overrides and isolates, lone
#: surrogates, annotations, noncharacters and tags: never harmless.
_STEERING = (
    "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u206f\\ud800-\\udfff\\ufff9-\\ufffb\\ufffe\\uffff"
    "\\U000e0000-\\U000e007f"
)
_INVISIBLE = "\\t\\n\\xa0\\xad\\u061c\\u180e\\u2000-\\u200f\\u202f\\u205f-\\u2065\\u3000\\ufeff"

_HARMFUL_RE = re.compile(f"[{_STEERING}]")
#: Spaces are shown where they would be overlooked: at either end, and side by side.
_EVERY_RE = re.compile(f"[{_STEERING}{_INVISIBLE}]|^ | $|(?<= ) | (?= )")


def symbol(character: str) -> str:
    """The symbol of one invisible character: `⟨ESC⟩`, `⟨RLO⟩`, `⟨U+0085⟩`; a space becomes `·`."""
    if character == " ":
        return "·"
    if character in _SHORT_NAMES:
        return _SHORT_NAMES[character]
    code = ord(character)
    return f"⟨{_C0[code]}⟩" if code < 0x20 else f"⟨U+{code:04X}⟩"


def pieces(text: str, every: bool = False) -> Iterator[tuple[str, str]]:
    """`text` as (what to show, its name): plain stretches with the name "", symbols with the name of the character.

    With `every`, all that is invisible becomes a symbol, white space and joiners included; otherwise only what could
    do harm.
    """
    here = 0
    for match in (_EVERY_RE if every else _HARMFUL_RE).finditer(text):
        if match.start() > here:
            yield text[here : match.start()], ""
        character = match.group()
        name = unicodedata.name(character, "")
        yield symbol(character), f"U+{ord(character):04X} {name}".rstrip()
        here = match.end()
    if here < len(text):
        yield text[here:], ""


def visible(text: str, every: bool = False) -> str:
    """`text` with symbols in the place of characters that do harm, or with `every` of all invisible ones."""
    return "".join(shown for shown, _ in pieces(text, every))
